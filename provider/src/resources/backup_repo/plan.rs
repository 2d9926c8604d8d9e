//! What a plan adds to the schema's rules. Pure and offline, so that the second plan, at apply, comes to the same.

use tfplugin::typed::Value;

use super::schema::BackupRepoState;

/// The phase that an apply waits for.
pub const READY: &str = "Ready";

/// Fills what is known of computed attributes. A repository that is not ready is waited for by the next apply, which
/// shows by its phase.
pub fn plan(prior: Option<&BackupRepoState>, planned: &mut BackupRepoState) {
    planned.id = planned.name.clone();
    planned.phase = match prior {
        Some(prior) if is_ready(prior) => prior.phase.clone(),
        Some(_) | None => Value::Unknown,
    };
}

/// Whether the repository was ready when it was seen last.
pub fn is_ready(state: &BackupRepoState) -> bool {
    state.phase.known().is_some_and(|phase| phase == READY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::backup_repo::test_support::{stored, text};

    #[test]
    fn only_what_is_not_ready_is_waited_for() {
        for (prior, expected) in [
            (None, Value::Unknown),
            (Some(text("Ready")), text("Ready")),
            (Some(text("Failed")), Value::Unknown),
            (Some(Value::Null), Value::Unknown),
        ] {
            let prior = prior.map(|phase| BackupRepoState { phase, ..stored() });
            let mut planned = BackupRepoState { id: Value::Unknown, phase: Value::Unknown, ..stored() };
            plan(prior.as_ref(), &mut planned);
            assert_eq!((planned.phase, planned.id), (expected, text("main")), "{prior:?}");
        }
    }
}
