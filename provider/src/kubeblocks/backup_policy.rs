//! Which of a database's `BackupPolicies` a backup is made by. Pure.

use kube::core::ApiResource;
use kubeblocks_schemas::v1alpha1::BackupPolicy;

/// Annotation of the policy that is used when none is named.
pub const DEFAULT_POLICY: &str = "dataprotection.kubeblocks.io/is-default-policy";

/// Why there is no policy to make a backup by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPolicy {
    /// There is none at all.
    None,
    /// There is none of that name.
    Unknown,
    /// There are several, and not exactly one of them is the default.
    Several,
}

/// The policy that is named; else the only one, or the default one.
pub fn choose<'a>(policies: &'a [BackupPolicy], wanted: Option<&str>) -> Result<&'a BackupPolicy, NoPolicy> {
    if policies.is_empty() {
        return Err(NoPolicy::None);
    }
    if let Some(wanted) = wanted {
        return policies.iter().find(|policy| name(policy) == wanted).ok_or(NoPolicy::Unknown);
    }
    let is_default = |policy: &&BackupPolicy| {
        let annotations = policy.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(DEFAULT_POLICY)).is_some_and(|value| value == "true")
    };
    let mut defaults = policies.iter().filter(is_default);
    match (policies, defaults.next(), defaults.next()) {
        ([only], ..) | (_, Some(only), None) => Ok(only),
        _ => Err(NoPolicy::Several),
    }
}

/// Name of a policy.
pub fn name(policy: &BackupPolicy) -> &str {
    policy.metadata.name.as_deref().unwrap_or_default()
}

/// Names of policies, for texts.
pub fn names(policies: &[BackupPolicy]) -> String {
    policies.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The kind of the scripts of methods, which has no type of its own.
pub fn action_sets() -> ApiResource {
    ApiResource {
        group: "dataprotection.kubeblocks.io".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "dataprotection.kubeblocks.io/v1alpha1".to_owned(),
        kind: "ActionSet".to_owned(),
        plural: "actionsets".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policies(all: &[(&str, bool)]) -> Vec<BackupPolicy> {
        let object = |(name, is_default): &(&str, bool)| {
            serde_json::from_value(json!({
                "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "BackupPolicy",
                "metadata": {"name": name, "annotations": {DEFAULT_POLICY: is_default.to_string()}},
                "spec": {"backupMethods": [], "target": {}},
            }))
            .unwrap()
        };
        all.iter().map(object).collect()
    }

    #[test]
    fn the_named_policy_is_taken_or_the_default_one() {
        for (there, wanted, expected) in [
            (&[("a", false), ("b", true)][..], None, Ok("b")),
            (&[("a", false), ("b", true)], Some("a"), Ok("a")),
            (&[("a", false)], None, Ok("a")),
            (&[("a", false), ("b", false)], None, Err(NoPolicy::Several)),
            (&[("a", true), ("b", true)], None, Err(NoPolicy::Several)),
            (&[("a", true)], Some("c"), Err(NoPolicy::Unknown)),
            (&[], None, Err(NoPolicy::None)),
            (&[], Some("c"), Err(NoPolicy::None)),
        ] {
            assert_eq!(choose(&policies(there), wanted).map(name), expected, "{there:?} {wanted:?}");
        }
        assert_eq!(names(&policies(&[("a", true), ("b", false)])), "a, b");
    }
}
