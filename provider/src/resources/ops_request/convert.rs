//! From what is written to the operation that is meant. Pure; the actions use it as well.

use std::collections::BTreeMap;

use tfplugin::prelude::*;

use super::schema::{BackupNow, KeyReference, LoginSecret, Map, OpsRequestState, Script};
use crate::kubeblocks::operation::{self, About, Login, Operation};

/// The attributes of which one is to be written.
pub const OPERATIONS: [&str; 6] = ["restart", "switchover", "script", "stop", "start", "backup_now"];

/// Which of them are written.
pub fn written(state: &OpsRequestState) -> Vec<&'static str> {
    let OpsRequestState { restart, switchover, script, stop, start, backup_now, .. } = state;
    let is_written = [
        !restart.is_null(),
        !switchover.is_null(),
        !script.is_null(),
        !stop.is_null(),
        !start.is_null(),
        !backup_now.is_null(),
    ];
    OPERATIONS
        .into_iter()
        .zip(is_written)
        .filter_map(|(name, is_written)| is_written.then_some(name))
        .collect()
}

/// The operation, when all of it is known.
pub fn operation(state: &OpsRequestState) -> Option<Operation> {
    if let Some(restart) = state.restart.known() {
        return Some(Operation::Restart { components: texts(&restart.components)? });
    }
    if let Some(switchover) = state.switchover.known() {
        return self::switchover(&switchover.component, &switchover.instance);
    }
    if let Some(script) = state.script.known() {
        return self::script(script);
    }
    if let Some(backup) = state.backup_now.known() {
        return self::backup(backup);
    }
    match (state.stop.known(), state.start.known()) {
        (Some(_), _) => Some(Operation::Stop),
        (None, Some(_)) => Some(Operation::Start),
        (None, None) => None,
    }
}

/// A restart.
pub fn restart(components: &Value<Vec<Value<String>>>) -> Option<Operation> {
    Some(Operation::Restart { components: texts(components)? })
}

/// A switchover.
pub fn switchover(component: &Value<String>, instance: &Value<String>) -> Option<Operation> {
    Some(Operation::Switchover { component: component.known()?.clone(), instance: optional(instance)? })
}

/// A script.
pub fn script(script: &Script) -> Option<Operation> {
    let Script { component, statements, config_map_refs, secret_refs, image, secret, selector } = script;
    Some(Operation::Script(operation::Script {
        component: optional(component)?,
        statements: texts(statements)?,
        config_maps: references(config_map_refs)?,
        secrets: references(secret_refs)?,
        image: optional(image)?,
        login: match secret {
            Value::Known(secret) => Some(login(secret)?),
            Value::Null => None,
            Value::Unknown => return None,
        },
        selector: entries(selector)?,
    }))
}

/// A backup.
pub fn backup(backup: &BackupNow) -> Option<Operation> {
    let BackupNow { method, policy, name, retention, deletion_policy } = backup;
    Some(Operation::Backup(operation::BackupNow {
        method: method.known()?.clone(),
        policy: optional(policy)?,
        name: optional(name)?,
        retention: optional(retention)?,
        deletion_policy: optional(deletion_policy)?,
    }))
}

/// The texts that tell a run from others of the same operation.
pub fn run(triggers: &Value<Map<String>>) -> String {
    entries(triggers).map(|entries| format!("{entries:?}")).unwrap_or_default()
}

/// Checks of several attributes of a script together.
pub fn check_script(script: &Script, path: &Path, diagnostics: &mut Diagnostics) {
    let sources =
        [script.statements.is_null(), script.config_map_refs.is_null(), script.secret_refs.is_null()];
    let is_empty = |known: Option<usize>| known == Some(0);
    let none_written = sources.iter().all(|is_null| *is_null)
        || (is_empty(script.statements.known().map(Vec::len))
            && script.config_map_refs.known().is_none_or(Vec::is_empty)
            && script.secret_refs.known().is_none_or(Vec::is_empty)
            && !script.config_map_refs.is_unknown()
            && !script.secret_refs.is_unknown());
    if none_written {
        diagnostics.push(
            Diagnostic::error(
                "A script without statements",
                "Write `statements`, or name keys of ConfigMaps or Secrets in `config_map_refs` or `secret_refs`.",
            )
            .at(path.clone()),
        );
    }
}

/// Where a refusal stands below the attribute of an operation.
pub fn path_below(root: &Path, about: &About, operation: &Operation) -> Path {
    match (about, operation) {
        (About::Component(place), Operation::Restart { .. }) => {
            root.then_attribute("components").then_index(*place)
        }
        (About::Component(_), _) => root.then_attribute("component"),
        (About::Instance, _) => root.then_attribute("instance"),
        (About::ConfigMap(place), _) => root.then_attribute("config_map_refs").then_index(*place),
        (About::Secret(place), _) => root.then_attribute("secret_refs").then_index(*place),
        (About::Login, _) => root.then_attribute("secret"),
        (About::Selector, _) => root.then_attribute("selector"),
        (About::Method, _) => root.then_attribute("method"),
        (About::Policy, _) => root.then_attribute("policy"),
        (About::BackupName, _) => root.then_attribute("name"),
        (About::Cluster, _) => Path::attribute("cluster"),
        (About::Operation, _) => root.clone(),
    }
}

/// A text that may be left out; nothing while it is not known.
#[allow(clippy::option_option, reason = "not known yet, left out, and written are three answers")]
fn optional(value: &Value<String>) -> Option<Option<String>> {
    match value {
        Value::Known(text) => Some(Some(text.clone())),
        Value::Null => Some(None),
        Value::Unknown => None,
    }
}

fn texts(value: &Value<Vec<Value<String>>>) -> Option<Vec<String>> {
    match value {
        Value::Known(all) => all.iter().map(|one| one.known().cloned()).collect(),
        Value::Null => Some(Vec::new()),
        Value::Unknown => None,
    }
}

fn entries(value: &Value<Map<String>>) -> Option<BTreeMap<String, String>> {
    match value {
        Value::Known(all) => all
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| Some((key.clone(), value.known()?.clone())))
            .collect(),
        Value::Null => Some(BTreeMap::new()),
        Value::Unknown => None,
    }
}

fn references(value: &Value<Vec<Value<KeyReference>>>) -> Option<Vec<operation::KeyReference>> {
    let reference = |one: &Value<KeyReference>| {
        let KeyReference { name, key } = one.known()?;
        Some(operation::KeyReference { name: name.known()?.clone(), key: key.known()?.clone() })
    };
    match value {
        Value::Known(all) => all.iter().map(reference).collect(),
        Value::Null => Some(Vec::new()),
        Value::Unknown => None,
    }
}

fn login(secret: &LoginSecret) -> Option<Login> {
    let LoginSecret { name, username_key, password_key } = secret;
    Some(Login {
        secret: name.known()?.clone(),
        username_key: optional(username_key)?,
        password_key: optional(password_key)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::{text, texts as map};
    use crate::resources::ops_request::schema::{Nothing, Restart, Switchover};

    fn list(all: &[&str]) -> Value<Vec<Value<String>>> {
        Value::Known(all.iter().map(|one| text(one)).collect())
    }

    #[test]
    fn what_is_written_is_the_operation_that_is_meant() {
        let restart = OpsRequestState {
            restart: Value::Known(Restart { components: list(&["redis"]) }),
            ..OpsRequestState::default()
        };
        let switchover = OpsRequestState {
            switchover: Value::Known(Switchover {
                component: text("redis"),
                instance: text("orders-redis-1"),
            }),
            ..OpsRequestState::default()
        };
        let stop = OpsRequestState { stop: Value::Known(Nothing {}), ..OpsRequestState::default() };
        let start = OpsRequestState { start: Value::Known(Nothing {}), ..OpsRequestState::default() };
        for (state, expected) in [
            (restart, Operation::Restart { components: vec!["redis".to_owned()] }),
            (
                switchover,
                Operation::Switchover {
                    component: "redis".to_owned(),
                    instance: Some("orders-redis-1".to_owned()),
                },
            ),
            (stop, Operation::Stop),
            (start, Operation::Start),
        ] {
            assert_eq!(operation(&state), Some(expected));
        }
        assert_eq!(operation(&OpsRequestState::default()), None);
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let unknown = OpsRequestState {
            restart: Value::Known(Restart { components: Value::Known(vec![Value::Unknown]) }),
            ..OpsRequestState::default()
        };
        assert_eq!(operation(&unknown), None);
        let script =
            Script { statements: list(&["SELECT 1"]), selector: Value::Unknown, ..Script::default() };
        assert_eq!(self::script(&script), None);
    }

    #[test]
    fn a_script_and_a_backup_carry_every_argument() {
        let reference = KeyReference { name: text("sql"), key: text("a.sql") };
        let script = Script {
            component: text("redis"),
            statements: list(&["SELECT 1"]),
            config_map_refs: Value::Known(vec![Value::Known(reference.clone())]),
            secret_refs: Value::Known(vec![Value::Known(KeyReference { key: text("b.sql"), ..reference })]),
            image: text("client:1"),
            secret: Value::Known(LoginSecret {
                name: text("admin"),
                username_key: text("user"),
                password_key: Value::Null,
            }),
            selector: map([("a", "b")]),
        };
        let key = |key: &str| operation::KeyReference { name: "sql".to_owned(), key: key.to_owned() };
        assert_eq!(
            self::script(&script),
            Some(Operation::Script(operation::Script {
                component: Some("redis".to_owned()),
                statements: vec!["SELECT 1".to_owned()],
                config_maps: vec![key("a.sql")],
                secrets: vec![key("b.sql")],
                image: Some("client:1".to_owned()),
                login: Some(Login {
                    secret: "admin".to_owned(),
                    username_key: Some("user".to_owned()),
                    password_key: None
                }),
                selector: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            }))
        );
        let written = BackupNow {
            method: text("snapshot"),
            policy: text("policy"),
            name: text("before-upgrade"),
            retention: text("7d"),
            deletion_policy: text("Retain"),
        };
        assert_eq!(
            backup(&written),
            Some(Operation::Backup(operation::BackupNow {
                method: "snapshot".to_owned(),
                policy: Some("policy".to_owned()),
                name: Some("before-upgrade".to_owned()),
                retention: Some("7d".to_owned()),
                deletion_policy: Some("Retain".to_owned()),
            }))
        );
    }

    #[test]
    fn triggers_tell_runs_apart() {
        assert_eq!(run(&Value::Null), run(&map([])));
        assert_ne!(run(&map([("a", "1")])), run(&map([("a", "2")])));
    }

    #[test]
    fn a_script_needs_statements_from_somewhere() {
        let reference = Value::Known(KeyReference { name: text("sql"), key: text("a") });
        for (script, is_fine) in [
            (Script::default(), false),
            (Script { statements: list(&[]), ..Script::default() }, false),
            (Script { statements: list(&["SELECT 1"]), ..Script::default() }, true),
            (Script { statements: Value::Unknown, ..Script::default() }, true),
            (Script { secret_refs: Value::Known(vec![reference.clone()]), ..Script::default() }, true),
            (
                Script {
                    statements: list(&[]),
                    config_map_refs: Value::Known(vec![reference]),
                    ..Script::default()
                },
                true,
            ),
        ] {
            let mut diagnostics = Diagnostics::new();
            check_script(&script, &Path::attribute("script"), &mut diagnostics);
            assert_eq!(!diagnostics.has_errors(), is_fine, "{script:?}");
        }
    }
}
