//! What is said about a backup to the practitioner. Pure.

use serde_json::Value as Json;
use tfplugin::prelude::*;

use crate::kubernetes::diagnostic::diagnostic;
use crate::resources::object::messages::in_words;
use crate::resources::object::remote::NotThere;

/// Why the backup is not complete. `place` is `namespace/name`.
pub(super) fn not_complete(summary: &str, place: &str, why: &NotThere) -> Diagnostic {
    let detail = match why {
        NotThere::TimedOut { object: seen, waited, .. } => format!(
            "Backup {place} is not complete after {}. {}\n\nIt goes on; the next apply waits for it again. Raise `timeouts.create` if it only needs more time.",
            in_words(*waited),
            seen.as_ref().map_or_else(|| "The API server did not tell its status.".to_owned(), status),
        ),
        NotThere::Lost { object: seen } => format!(
            "Backup {place} has failed, which is for good. {}\n\nPut the cause right; the next apply takes another backup in its place. The Job and its pod, if they are still there: `kubectl get jobs,pods -n {} -l dataprotection.kubeblocks.io/backup-name={}`.",
            status(seen),
            place.split('/').next().unwrap_or_default(),
            place.rsplit('/').next().unwrap_or_default(),
        ),
        NotThere::Gone => format!("Somebody deleted Backup {place} before it was complete."),
        NotThere::Interrupted => {
            format!(
                "Interrupted before Backup {place} was complete. It goes on; the next apply waits for it."
            )
        }
        NotThere::Api(error) => {
            let Diagnostic { detail, .. } = diagnostic(summary, error);
            format!("Backup {place} was asked for, but cannot be waited for. {detail}")
        }
    };
    Diagnostic::error(summary, detail)
}

fn status(object: &Json) -> String {
    let status = &object["status"];
    let text = |field: &str| status[field].as_str().filter(|text| !text.is_empty());
    match (text("phase"), text("failureReason")) {
        (_, Some(reason)) => format!("The operator says: {reason}"),
        (Some(phase), None) => format!("Its phase is \"{phase}\"."),
        (None, None) => {
            "It has no phase yet: the operator's part `dataprotection` has not said anything of it. Does it run?"
                .to_owned()
        }
    }
}

/// That a backup stays where it is.
pub(super) fn retained(place: &str, repo: Option<&str>) -> Diagnostic {
    let repo = repo.map_or_else(String::new, |repo| format!(" in BackupRepo {repo}"));
    Diagnostic::warning(
        "Backup is left where it is",
        format!(
            "`deletion_policy` is `Retain`: Backup {place} stays{repo}, and Terraform forgets it. Import it to have it back. To delete it: `kubectl patch backups.dataprotection.kubeblocks.io {} -n {} --type merge -p '{{\"spec\":{{\"deletionPolicy\":\"Delete\"}}}}'`, then `kubectl delete` it.",
            place.rsplit('/').next().unwrap_or_default(),
            place.split('/').next().unwrap_or_default(),
        ),
    )
}
