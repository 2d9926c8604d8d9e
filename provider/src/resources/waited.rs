//! What is said when an object that was written does not come to what is waited for, and how an import names an object of
//! a namespace. Shared by the smaller resources. Pure.

use tfplugin::prelude::*;

use super::object::messages::in_words;
use super::object::readiness::describe_status;
use super::object::remote::NotThere;
use crate::kubernetes::diagnostic::diagnostic;

/// Why `object` (`Kind namespace/name`) is not `wanted`. `timeout` is the attribute that says how long is waited.
pub(crate) fn not_there(
    summary: &str,
    object: &str,
    wanted: &str,
    why: &NotThere,
    timeout: &str,
) -> Diagnostic {
    let detail = match why {
        NotThere::TimedOut { object: seen, waited, .. } => format!(
            "{object} was written, but is not {wanted} after {}.\n\n{}\n\nThe operator goes on trying: when the cause is put right, the next apply finds it {wanted}. Raise `{timeout}` if it only needs more time.",
            in_words(*waited),
            seen.as_ref()
                .map_or_else(|| "The API server did not tell its status.".to_owned(), describe_status),
        ),
        NotThere::Lost { object: seen } => format!(
            "{object} was written, but does not become {wanted}.\n\n{}\n\nPut the cause right and apply again.",
            describe_status(seen)
        ),
        NotThere::Gone => {
            format!("{object} was written, but somebody deleted it before it was {wanted}.")
        }
        NotThere::Interrupted => format!(
            "{object} was written. Interrupted before it was {wanted}; the next apply goes on waiting for it."
        ),
        NotThere::Api(error) => {
            let Diagnostic { detail, .. } = diagnostic(summary, error);
            format!("{object} was written, but cannot be waited for. {detail}")
        }
    };
    Diagnostic::error(summary, detail)
}

/// Namespace and name of an import id. `what` is what is imported, such as `a backup`.
pub(crate) fn import_id(id: &str, what: &str) -> Result<(String, String), Diagnostics> {
    match id.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => {
            let detail = format!("{id:?} is no import id of {what}. Write NAMESPACE/NAME.");
            Err(Diagnostic::error("Import id of the wrong form", detail).into())
        }
    }
}

/// That what is imported is not there. `endpoint` is the Kubernetes cluster that was looked in.
pub(crate) fn nothing_to_import(summary: &str, object: &str, endpoint: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "{object} does not exist in the Kubernetes cluster {endpoint}. An import uses the `kubernetes` of the provider block, or the kubeconfig."
        ),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::resources::object::readiness::Verdict;

    #[test]
    fn the_operators_reason_is_told_however_the_wait_ended() {
        let object = json!({"status": {"phase": "Failed", "failureReason": "no such method"}});
        let late = NotThere::TimedOut {
            object: Some(object.clone()),
            verdict: Verdict::Waiting,
            waited: Duration::from_mins(5),
        };
        for why in [late, NotThere::Lost { object }] {
            let said =
                not_there("Summary", "BackupSchedule shop/x", "available", &why, "timeouts.create").detail;
            assert!(said.contains("BackupSchedule shop/x") && said.contains("no such method"), "{said}");
        }
        let said = not_there("S", "O", "available", &NotThere::Interrupted, "timeouts.create").detail;
        assert!(said.contains("the next apply goes on"), "{said}");
    }

    #[test]
    fn an_import_id_is_a_namespace_and_a_name() {
        assert_eq!(import_id("shop/x", "a backup").unwrap(), ("shop".to_owned(), "x".to_owned()));
        for wrong in ["", "x", "shop/", "/x", "a/b/c"] {
            assert!(import_id(wrong, "a backup").is_err(), "{wrong}");
        }
    }
}
