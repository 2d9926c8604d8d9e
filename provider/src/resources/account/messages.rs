//! What is said about an account to the practitioner. Pure. No text here holds a password: those of the engine come without.

use tfplugin::prelude::*;

use super::schema::AccountState;
use super::subject::Refusal;
use crate::kubeblocks::lorry::LorryError;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::exec::ExecError;
use crate::resources::object::messages::in_words;

pub(super) const CANNOT_BE_MADE: &str = "There can be no such account";
pub(super) const CANNOT_CREATE: &str = "Cannot create the account";
pub(super) const CANNOT_UPDATE: &str = "Cannot change the account";
pub(super) const CANNOT_DELETE: &str = "Cannot delete the account";
pub(super) const CANNOT_READ: &str = "Cannot read the account";
pub(super) const CANNOT_IMPORT: &str = "Cannot import the account";

/// The account as it is imported: `namespace/cluster/component/name`.
pub(super) fn place(state: &AccountState) -> String {
    let component = state.component().unwrap_or("?");
    format!("{}/{}/{component}/{}", state.namespace(), state.cluster(), state.name())
}

/// Why the database has no such account.
pub(super) fn refused(summary: &str, refusal: &Refusal) -> Diagnostic {
    Diagnostic::error(summary, refusal.reason.clone()).at(Path::attribute(refusal.attribute))
}

/// That there is no database.
pub(super) fn no_database(summary: &str, state: &AccountState) -> Diagnostic {
    let detail = format!(
        "There is no database {}/{}. Refer to the `kubeblocks_cluster` by `cluster = kubeblocks_cluster.<name>.name`, so that it is made first.",
        state.namespace(),
        state.cluster()
    );
    Diagnostic::error(summary, detail).at(Path::attribute("cluster"))
}

/// That somebody else has made it.
pub(super) fn exists(state: &AccountState) -> Diagnostic {
    let place = place(state);
    let detail = format!(
        "Account {place} exists already, and this configuration did not make it.\n\nTo manage it here, import it:\n\n  terraform import <address of this resource> {place}\n\nElse choose another `name`."
    );
    Diagnostic::error(CANNOT_CREATE, detail).at(Path::attribute("name"))
}

/// That two resources make the same one.
pub(super) fn made_twice(state: &AccountState) -> Diagnostic {
    let detail = format!(
        "Another resource of this run is making account {} of database {}/{} at this moment. Write each account once.",
        state.name(),
        state.namespace(),
        state.cluster()
    );
    Diagnostic::error(CANNOT_CREATE, detail).at(Path::attribute("name"))
}

/// That the engine says to have done it, and shows something else.
pub(super) fn not_as_wanted(summary: &str, state: &AccountState, role: Option<&str>) -> Diagnostic {
    let wanted = state.role.known().map_or("", String::as_str);
    let detail = format!(
        "Account {} was to be {wanted}, and the engine calls it {}. Does somebody else change it?",
        place(state),
        role.unwrap_or("one without rights")
    );
    Diagnostic::error(summary, detail).at(Path::attribute("role"))
}

/// Why the engine could not be asked, or refused.
pub(super) fn failed(
    summary: &'static str,
    state: &AccountState,
    timeout: &str,
    error: &LorryError,
) -> Diagnostic {
    let database = format!("{}/{}", state.namespace(), state.cluster());
    let detail = match error {
        LorryError::Api(error) | LorryError::Exec { source: ExecError::Api(error), .. } => {
            return diagnostic(summary, error);
        }
        LorryError::Never { why } => format!(
            "The database {database} cannot be asked: {why}. Accounts exist in the running engine only.{}",
            if why.contains("stopped") {
                " Start it (`running = true` of its `kubeblocks_cluster`), and run the command again. To forget the account without that: `terraform state rm`."
            } else {
                ""
            }
        ),
        LorryError::TimedOut { why, waited } => format!(
            "The database {database} was not ready to be asked after {}: {why}.\n\nRaise `{timeout}` if it only needs more time. What holds it up: the `kubeblocks_cluster`, or `kubectl get cluster,pods -n {}`.",
            in_words(*waited),
            state.namespace()
        ),
        LorryError::Exec { pod, source } => {
            let why = match source {
                ExecError::TooOld => {
                    "The Kubernetes API server is older than 1.30 and cannot end the standard input of a command. Upgrade it, or manage accounts with `kbcli`.".to_owned()
                }
                other => format!("{other}."),
            };
            format!("The command that asks for accounts in pod {pod} of database {database} failed. {why}")
        }
        LorryError::Curl { pod, code, said } => format!(
            "curl in pod {pod} of database {database} ended with {code}: {said}\n\nDoes the container that listens there run? `kubectl describe pod {pod} -n {}`.",
            state.namespace()
        ),
        LorryError::Refused { operation, message } => {
            format!(
                "The engine of database {database} refused ({operation}): {message}{}",
                remedy(state, message)
            )
        }
        LorryError::NotImplemented { operation } => format!(
            "The helper of KubeBlocks in database {database} has no operation {operation} for its engine. Is another line of KubeBlocks installed?"
        ),
        LorryError::Garbled { cause } => format!(
            "The helper of KubeBlocks in database {database} gave an answer that is not the one of KubeBlocks v0.7: {cause}"
        ),
    };
    Diagnostic::error(summary, detail)
}

/// What to do about the refusals that people meet.
fn remedy(state: &AccountState, message: &str) -> String {
    let name = state.name();
    if message.contains("2BP01") {
        return format!(
            "\n\nObjects belong to it. Give them to another one first, in each database of the engine: `REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name};`. To forget the account without that: `terraform state rm`."
        );
    }
    if message.contains("42704") && message.contains("pg_") {
        return "\n\nThe roles that `readonly` and `readwrite` stand for exist since PostgreSQL 14. With an older version only `superuser` can be given.".to_owned();
    }
    if message.contains("42601") || message.contains("1064 ") {
        return format!(
            "\n\nIs {name:?} a word that the engine keeps for itself? Then choose another `name`."
        );
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_meet_has_a_remedy() {
        let state = AccountState {
            namespace: Value::Known("shop".to_owned()),
            cluster: Value::Known("orders".to_owned()),
            component: Value::Known("db".to_owned()),
            name: Value::Known("app".to_owned()),
            ..AccountState::default()
        };
        let refused =
            |message: &str| LorryError::Refused { operation: "deleteUser", message: message.to_owned() };
        for (error, expected) in [
            (LorryError::Never { why: "it is stopped".to_owned() }, "running = true"),
            (refused("ERROR: role \"app\" cannot be dropped (SQLSTATE 2BP01)"), "REASSIGN OWNED BY app"),
            (
                refused("ERROR: role \"pg_read_all_data\" does not exist (SQLSTATE 42704)"),
                "since PostgreSQL 14",
            ),
            (refused("ERROR: syntax error at or near \"user\" (SQLSTATE 42601)"), "keeps for itself"),
            (
                LorryError::Exec { pod: "orders-db-0".to_owned(), source: ExecError::TooOld },
                "older than 1.30",
            ),
        ] {
            let said = failed(CANNOT_DELETE, &state, "timeouts.delete", &error).detail;
            assert!(said.contains(expected) && said.contains("shop/orders"), "{said}");
        }
        assert!(
            exists(&state).detail.contains("terraform import <address of this resource> shop/orders/db/app")
        );
    }
}
