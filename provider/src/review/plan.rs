//! The parts of `terraform show -json` that a review needs, from Terraform 1.5 and OpenTofu 1.6 on. All else is skipped
//! while reading, so that a large plan stays small in memory. Judges nothing.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde_json::Value;

use super::attributes::Attributes;

/// A plan. What a version of Terraform does not write is empty or absent.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Plan {
    #[serde(deserialize_with = "or_default")]
    pub(super) format_version: String,
    pub(super) terraform_version: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) resource_changes: Vec<ResourceChange>,
    #[serde(deserialize_with = "or_default")]
    pub(super) resource_drift: Vec<ResourceChange>,
    #[serde(deserialize_with = "or_default")]
    pub(super) deferred_changes: Vec<DeferredChange>,
    #[serde(deserialize_with = "or_default")]
    pub(super) action_invocations: Vec<ActionInvocation>,
    #[serde(deserialize_with = "or_default")]
    pub(super) deferred_action_invocations: Vec<DeferredAction>,
    #[serde(deserialize_with = "or_default")]
    pub(super) output_changes: BTreeMap<String, OutputChange>,
    #[serde(deserialize_with = "or_default")]
    pub(super) checks: Vec<Check>,
    /// Since Terraform 1.8.
    pub(super) complete: Option<bool>,
    pub(super) errored: Option<bool>,
}

/// One object, and what is to happen to it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ResourceChange {
    pub(super) address: String,
    pub(super) previous_address: Option<String>,
    pub(super) mode: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) provider_name: String,
    /// The key of an object that an earlier replacement left over.
    pub(super) deposed: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) change: Change,
    pub(super) action_reason: Option<String>,
}

/// Before, after, and what is done in between.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Change {
    #[serde(deserialize_with = "or_default")]
    pub(super) actions: Vec<String>,
    pub(super) before: Attributes,
    pub(super) after: Attributes,
    pub(super) after_unknown: Attributes,
    pub(super) before_sensitive: Attributes,
    pub(super) after_sensitive: Attributes,
    #[serde(deserialize_with = "or_default")]
    pub(super) replace_paths: Vec<Value>,
    /// Present when the object is imported; by which id is of no interest.
    pub(super) importing: Option<IgnoredAny>,
}

/// A change that is left to a later plan.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct DeferredChange {
    pub(super) reason: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) resource_change: ResourceChange,
}

/// An action that the apply will run; since Terraform 1.14.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ActionInvocation {
    pub(super) address: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) provider_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) lifecycle_action_trigger: Trigger,
}

/// What makes an action run.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Trigger {
    pub(super) triggering_resource_address: String,
    pub(super) action_trigger_event: String,
}

/// An action that is left to a later plan.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct DeferredAction {
    pub(super) reason: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) action_invocation: ActionInvocation,
}

/// An output of the root module; its values are not read.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct OutputChange {
    #[serde(deserialize_with = "or_default")]
    pub(super) actions: Vec<String>,
}

/// A condition of the configuration, and how it came out.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Check {
    #[serde(deserialize_with = "or_default")]
    pub(super) address: CheckAddress,
    pub(super) status: String,
}

/// The name of a check.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct CheckAddress {
    pub(super) to_display: String,
}

/// `null` is the same as absent.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_null_or_new_does_not_matter() {
        for text in [
            "{}",
            r#"{"resource_changes": null, "checks": null, "output_changes": null, "format_version": null}"#,
            r#"{"a_new_field": {"deep": [1, 2.5e3, {"x": null}]}, "planned_values": {"root_module": {}}}"#,
        ] {
            let plan: Plan = serde_json::from_str(text).unwrap();
            assert!(plan.resource_changes.is_empty() && plan.complete.is_none(), "{text}");
        }
        let text = r#"{"resource_changes": [{"address": "a.b", "index": 3, "change": null, "new": 1}]}"#;
        let plan: Plan = serde_json::from_str(text).unwrap();
        assert_eq!(plan.resource_changes[0].address, "a.b");
        assert!(plan.resource_changes[0].change.actions.is_empty());
    }

    #[test]
    fn an_import_is_seen_whatever_it_is_by() {
        for (importing, expected) in [("null", false), ("{}", true), (r#"{"id": "x"}"#, true)] {
            let text = format!(r#"{{"actions": ["no-op"], "importing": {importing}}}"#);
            let change: Change = serde_json::from_str(&text).unwrap();
            assert_eq!(change.importing.is_some(), expected, "{importing}");
        }
    }
}
