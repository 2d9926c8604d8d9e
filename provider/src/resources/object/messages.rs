//! What is said about an object to the practitioner. Pure.

use std::time::Duration;

use serde_json::Value as Json;
use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;

use super::manifest::{Manifest, Written};
use super::paths;
use super::readiness::{Goal, describe_status};
use super::remote::NotThere;
use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::{conflict_diagnostics, diagnostic};

/// Each conflict and each refused field at its place in the configuration.
pub(super) fn refused(summary: &str, error: &Error, written: Option<&Written>) -> Diagnostics {
    let place = |diagnostic: Diagnostic, field: &str| match written {
        Some(written) => diagnostic.at(paths::place(written.form, &written.value, field)),
        None => diagnostic,
    };
    if let Error::FieldConflict { .. } = error {
        return conflict_diagnostics(summary, error)
            .into_iter()
            .map(|(field, diagnostic)| place(diagnostic, &field))
            .collect();
    }
    if let Error::NamespaceMissing { .. } = error {
        return place(diagnostic(summary, error), "metadata.namespace").into();
    }
    let fields = paths::refused_fields(error);
    let object = match error {
        Error::Invalid { object, .. } | Error::Refused { object, .. } if !fields.is_empty() => object,
        _ => return diagnostic(summary, error).into(),
    };
    fields
        .iter()
        .map(|cause| {
            let field = cause.field.trim_start_matches('.');
            let subject = if field.is_empty() { String::new() } else { format!("{field}: ") };
            let hint = if cause.message.contains("immutable") {
                "\n\nThis field cannot change. To delete the object and make it anew: `terraform apply -replace=<address of this resource>`."
            } else {
                ""
            };
            let detail = format!(
                "The Kubernetes API server does not accept {object}:\n{subject}{}{hint}",
                cause.message
            );
            place(Diagnostic::error(summary, detail), field)
        })
        .collect()
}

/// Why the object is not what was waited for.
pub(super) fn not_ready(
    summary: &str,
    manifest: &Manifest,
    goal: &Goal,
    why: &NotThere,
    timeout: &str,
) -> Diagnostic {
    let object = manifest.display();
    let wanted = goal.describe();
    let detail = match why {
        NotThere::TimedOut { object: seen, waited, .. } => {
            let status = seen
                .as_ref()
                .map_or_else(|| "The API server did not tell its status.".to_owned(), describe_status);
            format!(
                "{object} was written, but has not come to {wanted} within {}.\n\n{status}\n\n`kubectl describe` shows its events. Raise `timeouts.{timeout}` if it only needs more time; `wait_for = {{}}` waits for nothing.",
                in_words(*waited)
            )
        }
        NotThere::Lost { object: seen } => format!(
            "{object} was written, but does not come to {wanted} any more.\n\n{}\n\nChange the object and apply again.",
            describe_status(seen)
        ),
        NotThere::Gone => {
            format!("{object} was written, but somebody deleted it before it came to {wanted}.")
        }
        NotThere::Interrupted => format!(
            "{object} was written. Interrupted before it came to {wanted}; the next apply goes on waiting for it."
        ),
        NotThere::Api(error) => {
            let Diagnostic { detail, .. } = diagnostic(summary, error);
            format!("{object} was written, but cannot be waited for. {detail}")
        }
    };
    Diagnostic::error(summary, detail)
}

/// The same as a warning.
pub(crate) fn as_warning(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.severity = Severity::Warning;
    diagnostic
}

/// Why the object is still there.
pub(crate) fn not_deleted(summary: &str, object: &str, why: &NotThere, used_by: &[String]) -> Diagnostic {
    let detail = match why {
        NotThere::TimedOut { object: seen, waited, .. } => {
            let finalizers = seen.as_ref().map(finalizers).unwrap_or_default();
            let holders = match (finalizers.is_empty(), used_by.is_empty()) {
                (_, false) => {
                    format!("It is used by {}. Delete them first.", used_by.join(", "))
                }
                (false, true) => format!(
                    "It is held by the finalizers {}: their controllers have something left to do for it, or do not run.",
                    finalizers.join(", ")
                ),
                (true, true) => "The API server did not tell what holds it.".to_owned(),
            };
            format!(
                "{object} is being deleted and still there after {}. {holders}\n\nRun the command again to go on waiting; `timeouts.delete` says how long.",
                in_words(*waited)
            )
        }
        NotThere::Interrupted => {
            format!(
                "{object} is being deleted. Interrupted before it was gone; run the command again to go on waiting."
            )
        }
        NotThere::Api(error) => {
            let Diagnostic { detail, .. } = diagnostic(summary, error);
            format!("{object} is being deleted, but cannot be waited for. {detail}")
        }
        NotThere::Lost { .. } | NotThere::Gone => format!("{object} is gone."),
    };
    Diagnostic::error(summary, detail)
}

fn finalizers(object: &Json) -> Vec<String> {
    let all = object["metadata"]["finalizers"].as_array();
    all.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

pub(crate) fn in_words(time: Duration) -> String {
    match (time.as_secs(), time.as_secs() % 60) {
        (seconds, 0) if seconds >= 120 => format!("{} minutes", seconds / 60),
        (seconds, _) => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::error::{FieldConflict, InvalidField, ObjectName};
    use crate::resources::object::readiness::Verdict;
    use crate::resources::object::test_support::{definition, in_hcl};

    #[test]
    fn each_refused_field_and_each_conflict_is_said_at_its_place() {
        let name = || ObjectName { kind: "ClusterDefinition".into(), namespace: None, name: "redis".into() };
        let cause =
            |field: &str, message: &str| InvalidField { field: field.into(), message: message.into() };
        let invalid = Error::Invalid {
            object: name(),
            causes: vec![
                cause("spec.componentDefs[0].workloadType", "unsupported"),
                cause("spec.type", "field is immutable"),
            ],
            message: String::new(),
        };
        let conflict = Error::FieldConflict {
            object: name(),
            conflicts: vec![FieldConflict {
                field: r#".spec.componentDefs[name="memo"].characterType"#.into(),
                manager: "kubectl".into(),
            }],
        };
        let undeclared = Error::Invalid {
            object: name(),
            causes: Vec::new(),
            message: "failed to create typed patch object (/redis; a/v1, Kind=X): .spec.typ: field not declared in schema".into(),
        };
        let refused_by_policy =
            Error::Refused { verb: "patch", object: name(), code: 403, message: "no".into() };
        let written = Written::of(&in_hcl(&definition("redis"))).unwrap();
        for (error, expected) in [
            (
                invalid,
                vec![
                    ("manifest.spec.componentDefs[0].workloadType", "unsupported"),
                    ("manifest.spec.type", "-replace="),
                ],
            ),
            (conflict, vec![("manifest.spec.componentDefs[0].characterType", "\"kubectl\"")]),
            (undeclared, vec![("manifest.spec", "spec.typ: field not declared")]),
            (Error::NamespaceMissing { namespace: "shop".into() }, vec![("manifest.metadata", "\"shop\"")]),
            (refused_by_policy, vec![("", "no")]),
        ] {
            let found: Vec<Diagnostic> = refused("Summary", &error, Some(&written)).into_iter().collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, (path, part)) in found.iter().zip(expected) {
                assert_eq!(found.path.as_ref().map(ToString::to_string).unwrap_or_default(), path);
                assert!(found.detail.contains(part), "{part} in {}", found.detail);
            }
        }
    }

    #[test]
    fn an_object_that_stays_is_said_with_what_holds_it() {
        let held = || NotThere::TimedOut {
            object: Some(json!({"metadata": {"finalizers": ["a.kubeblocks.io/finalizer"]}})),
            verdict: Verdict::Waiting,
            waited: Duration::from_mins(10),
        };
        for (databases, expected) in [
            (vec![], "finalizers a.kubeblocks.io/finalizer"),
            (vec!["Cluster shop/orders".to_owned()], "used by Cluster shop/orders"),
        ] {
            let detail = not_deleted("Summary", "ClusterDefinition redis", &held(), &databases).detail;
            assert!(detail.contains(expected) && detail.contains("10 minutes"), "{detail}");
        }
    }
}
