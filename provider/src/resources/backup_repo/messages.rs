//! What is said about a repository to the practitioner. Pure.

use kubeblocks_schemas::catalogue::did_you_mean;
use serde_json::Value as Json;
use tfplugin::prelude::*;

use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::diagnostic;
use crate::resources::addon::operator::OPERATOR_LABEL;
use crate::resources::object::messages::in_words;
use crate::resources::object::remote::NotThere;

/// How many backups are named.
const NAMED: usize = 10;

/// Why the repository is not ready. `timeout` is the attribute that says how long is waited.
pub(super) fn not_ready(summary: &str, name: &str, why: &NotThere, timeout: &str) -> Diagnostic {
    let detail = match why {
        NotThere::TimedOut { object: seen, waited, .. } => format!(
            "BackupRepo {name} was written, but is not ready after {}. {}\n\nThe operator goes on trying: when the cause is put right, the next apply finds it ready. Raise `{timeout}` if it only needs more time.",
            in_words(*waited),
            seen.as_ref().map_or_else(|| "The API server did not tell its status.".to_owned(), status),
        ),
        NotThere::Lost { object: seen } => {
            format!("BackupRepo {name} was written, but does not become ready. {}", status(seen))
        }
        NotThere::Gone => {
            format!("BackupRepo {name} was written, but somebody deleted it before it was ready.")
        }
        NotThere::Interrupted => format!(
            "BackupRepo {name} was written. Interrupted before it was ready; the next apply goes on waiting for it."
        ),
        NotThere::Api(error) => {
            let Diagnostic { detail, .. } = diagnostic(summary, error);
            format!("BackupRepo {name} was written, but cannot be waited for. {detail}")
        }
    };
    Diagnostic::error(summary, detail)
}

/// The phase, and the conditions that fail, in the operator's words.
fn status(object: &Json) -> String {
    let status = &object["status"];
    let phase = match status["phase"].as_str() {
        Some(phase) if !phase.is_empty() => format!("Its phase is \"{phase}\"."),
        _ => {
            return "It has no phase yet: the operator (its part `dataprotection`) has not said anything of it. Does it run?".to_owned();
        }
    };
    let text = |condition: &Json, name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    let failing: Vec<String> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|condition| condition["status"] != "True")
        .map(|condition| {
            let words = [text(condition, "reason"), text(condition, "message")];
            let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
            format!("- {}: {}", text(condition, "type"), words.join(": "))
        })
        .collect();
    if failing.is_empty() {
        return phase;
    }
    let hint = if object["spec"]["accessMethod"] == "Mount" {
        "\n\nA storage that is mounted needs its CSI driver: for object stores the add-on `csi-s3` brings it, and `access_method = \"Tool\"` needs none."
    } else {
        ""
    };
    format!("{phase} The operator says:\n\n{}{hint}", failing.join("\n"))
}

/// That there is no such storage provider.
pub(super) fn no_provider(summary: &str, name: &str, there: &[String]) -> Diagnostic {
    let mut there: Vec<&str> = there.iter().map(String::as_str).collect();
    there.sort_unstable();
    let hint = did_you_mean(name, there.iter().copied());
    let known = if there.is_empty() {
        "None are, which the chart of the operator should have brought.".to_owned()
    } else {
        format!("Installed are {}.", there.join(", "))
    };
    let detail =
        format!("The StorageProvider \"{name}\" is not installed in the Kubernetes cluster. {known}{hint}");
    Diagnostic::error(summary, detail).at(Path::attribute("storage_provider"))
}

/// That others are the default one already.
pub(super) fn two_defaults(summary: &str, others: &[String]) -> Option<Diagnostic> {
    let other = others.first()?;
    let detail = format!(
        "BackupRepo {} is the default one already. With two of them, every backup that names no repository fails. Set `is_default = false` here or there: `kubectl annotate backuprepo {other} dataprotection.kubeblocks.io/is-default-repo=false --overwrite`, or the same in the configuration that manages it.",
        others.join(", ")
    );
    Some(Diagnostic::error(summary, detail).at(Path::attribute("is_default")))
}

/// That nothing was deleted, as there are backups.
pub(super) fn in_use(summary: &str, name: &str, backups: &[String]) -> Diagnostic {
    let count = if backups.len() == 1 { "a backup".to_owned() } else { format!("{} backups", backups.len()) };
    let detail = format!(
        "There {} {count} in BackupRepo {name}:\n{}\n\nThe operator would not let it go, and it could not be used any more. Nothing was deleted. Delete the backups first (`kubectl delete backup`), which deletes what is stored of them; or forget the repository with `terraform state rm`.",
        if backups.len() == 1 { "is" } else { "are" },
        listed(backups)
    );
    Diagnostic::error(summary, detail)
}

/// The first names, in lines.
pub(crate) fn listed(names: &[String]) -> String {
    let mut lines: Vec<String> = names.iter().take(NAMED).map(|name| format!("- {name}")).collect();
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        lines.push(format!("- and {more} more"));
    }
    lines.join("\n")
}

/// That there is no operator whose namespace could hold the keys.
pub(super) fn no_operator(summary: &str, endpoint: &str) -> Diagnostic {
    Diagnostic::error(
        summary,
        format!(
            "The KubeBlocks operator is not installed in the Kubernetes cluster {endpoint}: there is no Deployment with the label {OPERATOR_LABEL}. The keys of the repository are kept in its namespace.\n\nInstall it with a `kubeblocks_operator`, and take `kubernetes` of this repository from it so that it comes first."
        ),
    )
}

/// A refused field at its attribute.
pub(super) fn refused(summary: &str, error: &Error) -> Diagnostic {
    let found = diagnostic(summary, error);
    let Error::Invalid { causes, .. } = error else { return found };
    let attribute = causes.iter().find_map(|cause| {
        let field = cause.field.trim_start_matches('.').strip_prefix("spec.")?;
        let name = field.split(['.', '[']).next().unwrap_or_default();
        Some(match name {
            "storageProviderRef" => "storage_provider",
            "accessMethod" => "access_method",
            "pvReclaimPolicy" => "pv_reclaim_policy",
            "volumeCapacity" => "volume_capacity",
            "config" => "config",
            "credential" => "credentials_wo",
            _ => return None,
        })
    });
    match attribute {
        Some(attribute) => found.at(Path::attribute(attribute)),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::kubernetes::error::{InvalidField, ObjectName};
    use crate::resources::object::readiness::Verdict;

    fn timed_out(object: Json) -> NotThere {
        NotThere::TimedOut {
            object: Some(object),
            verdict: Verdict::Waiting,
            waited: Duration::from_mins(10),
        }
    }

    #[test]
    fn only_failing_conditions_are_told_and_in_the_operators_words() {
        let object = json!({
            "spec": {"accessMethod": "Mount"},
            "status": {"phase": "Failed", "conditions": [
                {"type": "ParametersChecked", "status": "True", "reason": "Fine"},
                {"type": "StorageProviderReady", "status": "False", "reason": "NotReady", "message": "no driver"},
            ]}
        });
        let detail = not_ready("Summary", "main", &timed_out(object), "timeouts.create").detail;
        for part in [
            "10 minutes",
            "\"Failed\"",
            "- StorageProviderReady: NotReady: no driver",
            "csi-s3",
            "timeouts.create",
        ] {
            assert!(detail.contains(part), "{part} in {detail}");
        }
        assert!(!detail.contains("ParametersChecked"), "{detail}");
        let silent = not_ready("Summary", "main", &timed_out(json!({})), "timeouts.create").detail;
        assert!(silent.contains("no phase yet"), "{silent}");
    }

    #[test]
    fn others_are_named() {
        let other = two_defaults("Summary", &["old".to_owned()]).unwrap();
        assert!(other.detail.contains("BackupRepo old is the default one"), "{}", other.detail);
        assert_eq!(two_defaults("Summary", &[]), None);
        let many: Vec<String> = (0..12).map(|number| format!("shop/b{number}")).collect();
        let detail = in_use("Summary", "main", &many).detail;
        assert!(detail.contains("12 backups") && detail.contains("- and 2 more"), "{detail}");
        let detail = no_provider("Summary", "s4", &["s3".to_owned(), "oss".to_owned()]).detail;
        assert!(detail.contains("Installed are oss, s3."), "{detail}");
    }

    #[test]
    fn a_refused_field_is_said_at_its_attribute() {
        for (field, expected) in [
            ("spec.storageProviderRef", "storage_provider"),
            ("spec.volumeCapacity", "volume_capacity"),
            ("metadata.name", ""),
        ] {
            let object = ObjectName { kind: "BackupRepo".into(), namespace: None, name: "main".into() };
            let causes = vec![InvalidField { field: field.to_owned(), message: "no".to_owned() }];
            let error = Error::Invalid { object, causes, message: String::new() };
            let path = refused("Summary", &error).path;
            assert_eq!(path.map(|path| path.to_string()).unwrap_or_default(), expected);
        }
    }
}
