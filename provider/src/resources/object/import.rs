//! The id of an import. Pure.

use tfplugin::prelude::*;

use super::kinds::{group_of, is_kubeblocks_group};
use super::schema::{ObjectIdentity, ObjectState};

/// What an import is written like.
pub const FORM: &str = "Write group and version, kind, namespace and name with slashes between them, such as \"dataprotection.kubeblocks.io/v1alpha1/BackupPolicy/shop/orders\", without a namespace for kinds that do not live in one: \"apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis\". In an import block, `identity = { api_version = \"...\", kind = \"...\", namespace = \"...\", name = \"...\" }` says the same.";

/// Reads `<group>/<version>/<kind>/<namespace>/<name>` or `<group>/<version>/<kind>/<name>`.
pub fn parse_id(id: &str) -> Result<ObjectIdentity, Diagnostics> {
    let parts: Vec<&str> = id.split('/').collect();
    let (group, version, kind, namespace, name) = match parts[..] {
        [group, version, kind, name] => (group, version, kind, None, name),
        [group, version, kind, namespace, name] => (group, version, kind, Some(namespace), name),
        _ => return Err(wrong_form(&format!("{id:?} is not the id of an object of KubeBlocks."))),
    };
    let text = |text: &str| Value::Known(text.to_owned());
    let identity = ObjectIdentity {
        api_version: text(&format!("{group}/{version}")),
        kind: text(kind),
        namespace: namespace.map(str::to_owned).into(),
        name: text(name),
    };
    if is_valid(&identity) {
        Ok(identity)
    } else {
        Err(wrong_form(&format!("{id:?} is not the id of an object of KubeBlocks.")))
    }
}

/// Checks the identity of an import block.
pub fn check_identity(identity: ObjectIdentity) -> Result<ObjectIdentity, Diagnostics> {
    if is_valid(&identity) {
        Ok(identity)
    } else {
        Err(wrong_form("The identity names no object of KubeBlocks."))
    }
}

/// The id of the object of a state or plan.
pub fn id_of(state: &ObjectState) -> String {
    join([&state.api_version, &state.kind, &state.namespace, &state.name])
}

/// The id of what an identity names.
pub fn id_of_identity(identity: &ObjectIdentity) -> String {
    join([&identity.api_version, &identity.kind, &identity.namespace, &identity.name])
}

fn join(parts: [&Value<String>; 4]) -> String {
    parts.into_iter().filter_map(|part| part.known().map(String::as_str)).collect::<Vec<_>>().join("/")
}

fn is_valid(identity: &ObjectIdentity) -> bool {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let api_version = text(&identity.api_version);
    let kind = text(&identity.kind);
    is_kubeblocks_group(group_of(&api_version))
        && api_version.split('/').nth(1).is_some_and(is_name)
        && kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && identity.namespace.known().is_none_or(|namespace| is_name(namespace))
        && is_name(&text(&identity.name))
}

fn is_name(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(is_allowed) && !text.starts_with(['-', '.'])
}

fn wrong_form(what: &str) -> Diagnostics {
    Diagnostic::error("Import id of the wrong form", format!("{what} {FORM}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::object::test_support::{definition, in_hcl};

    #[test]
    fn an_id_leads_to_the_object_and_back() {
        for id in [
            "apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis",
            "dataprotection.kubeblocks.io/v1alpha1/BackupPolicy/shop/orders",
        ] {
            let ObjectIdentity { api_version, kind, namespace, name } = parse_id(id).unwrap();
            let state = ObjectState { api_version, kind, namespace, name, ..ObjectState::default() };
            assert_eq!(id_of(&state), id);
        }
        assert_eq!(
            id_of(&in_hcl(&definition("redis"))),
            "apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis"
        );
    }

    #[test]
    fn another_form_is_refused_with_the_right_one() {
        for id in [
            "",
            "redis",
            "ClusterDefinition/redis",
            "v1alpha1/ClusterDefinition/redis",
            "apps/v1/Deployment/shop/x",
            "apps.kubeblocks.io/v1alpha1/clusterdefinitions/redis",
            "apps.kubeblocks.io/v1alpha1/ClusterDefinition/",
            "apps.kubeblocks.io/v1alpha1/ClusterDefinition/../x",
            "apps.kubeblocks.io//ClusterDefinition/redis",
            "apps.kubeblocks.io/v1alpha1/A/b/c/d",
        ] {
            let found = parse_id(id).unwrap_err();
            assert!(
                found
                    .iter()
                    .all(|one| one.detail.contains("apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis")),
                "{id}"
            );
        }
    }

    #[test]
    fn an_identity_is_checked_as_well() {
        let identity = |kind: &str| ObjectIdentity {
            api_version: Value::Known("apps.kubeblocks.io/v1alpha1".into()),
            kind: Value::Known(kind.into()),
            namespace: Value::Null,
            name: Value::Known("redis".into()),
        };
        assert!(check_identity(identity("ClusterDefinition")).is_ok());
        assert!(check_identity(identity("")).is_err());
    }
}
