//! The id of an import. Pure; what it names is read like any other release.

use tfplugin::prelude::*;

use super::schema::{OperatorIdentity, OperatorState};
use super::validate::is_name;

/// Reads `namespace/name`.
pub fn parse_id(id: &str) -> Result<OperatorState, Diagnostics> {
    match id.split('/').collect::<Vec<_>>()[..] {
        [namespace, name] if is_name(namespace, 63) && is_name(name, 53) => Ok(stub(namespace, name)),
        _ => Err(wrong_form(&format!("{id:?} is not the id of an operator."))),
    }
}

/// Checks the identity of an import block.
pub fn check_identity(identity: &OperatorIdentity) -> Result<OperatorState, Diagnostics> {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let (namespace, name) = (text(&identity.namespace), text(&identity.name));
    if is_name(&namespace, 63) && is_name(&name, 53) {
        return Ok(stub(&namespace, &name));
    }
    Err(wrong_form(&format!("The identity has the namespace {namespace:?} and the name {name:?}.")))
}

/// A state that names the release; attributes that exist only here have their defaults.
fn stub(namespace: &str, name: &str) -> OperatorState {
    OperatorState {
        namespace: Value::Known(namespace.to_owned()),
        name: Value::Known(name.to_owned()),
        create_namespace: Value::Known(true),
        max_history: Value::Known(5),
        delete_crds: Value::Known(false),
        force_destroy: Value::Known(false),
        ..OperatorState::default()
    }
}

fn wrong_form(what: &str) -> Diagnostics {
    let detail = format!(
        "{what} Write the namespace and the name of the Helm release with a slash between them, such as \"kb-system/kubeblocks\", or in an import block `identity = {{ namespace = \"kb-system\", name = \"kubeblocks\" }}`. `helm list --all-namespaces` shows them."
    );
    Diagnostic::error("Import id of the wrong form", detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_namespace_and_name_of_the_release() {
        let state = parse_id("kb-system/kubeblocks").unwrap();
        assert_eq!(state.namespace, Value::Known("kb-system".to_owned()));
        assert_eq!(state.name, Value::Known("kubeblocks".to_owned()));
        let identity = OperatorIdentity { namespace: state.namespace.clone(), name: state.name.clone() };
        assert_eq!(check_identity(&identity).unwrap(), state);
    }

    #[test]
    fn another_form_is_refused_with_the_right_one() {
        for id in ["", "kubeblocks", "/kubeblocks", "kb-system/", "a/b/c", "A/b", "../x", "a/b c"] {
            let found = parse_id(id).unwrap_err();
            let detail = &found.iter().next().unwrap().detail;
            assert!(
                detail.contains("\"kb-system/kubeblocks\"") && detail.contains(&format!("{id:?}")),
                "{id}"
            );
        }
        assert!(check_identity(&OperatorIdentity::default()).is_err());
    }
}
