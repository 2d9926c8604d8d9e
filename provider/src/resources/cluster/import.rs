//! The id of an import. Pure; what it names is read like any other object.

use tfplugin::prelude::*;

use super::schema::ClusterIdentity;

/// Reads `namespace/name`.
pub fn parse_id(id: &str) -> Result<ClusterIdentity, Diagnostics> {
    match id.split('/').collect::<Vec<_>>()[..] {
        [namespace, name] if is_name(namespace) && is_name(name) => Ok(ClusterIdentity {
            namespace: Value::Known(namespace.to_owned()),
            name: Value::Known(name.to_owned()),
        }),
        _ => Err(wrong_form(&format!("{id:?} is not the id of a KubeBlocks cluster."))),
    }
}

/// Checks the identity of an import block.
pub fn check_identity(identity: ClusterIdentity) -> Result<ClusterIdentity, Diagnostics> {
    for (attribute, value) in [("namespace", &identity.namespace), ("name", &identity.name)] {
        let text = value.known().map_or("", String::as_str);
        if !is_name(text) {
            return Err(wrong_form(&format!("The identity has the {attribute} {text:?}.")));
        }
    }
    Ok(identity)
}

fn wrong_form(what: &str) -> Diagnostics {
    let detail = format!(
        "{what} Write the Kubernetes namespace and the name with a slash between them, such as \"shop/orders\", or in an import block `identity = {{ namespace = \"shop\", name = \"orders\" }}`."
    );
    Diagnostic::error("Import id of the wrong form", detail).into()
}

fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_namespace_and_name() {
        let identity = parse_id("shop/orders").unwrap();
        assert_eq!(identity.namespace, Value::Known("shop".to_owned()));
        assert_eq!(identity.name, Value::Known("orders".to_owned()));
    }

    #[test]
    fn another_form_is_refused_with_the_right_one_and_an_example() {
        for id in
            ["", "orders", "/orders", "shop/", "a/b/c", "Shop/orders", "shop orders", "shop/or ders", "../x"]
        {
            let diagnostics = parse_id(id).unwrap_err();
            let found = diagnostics.iter().next().unwrap();
            assert!(
                found.detail.contains("\"shop/orders\"") && found.detail.contains(&format!("{id:?}")),
                "{id}"
            );
        }
    }

    #[test]
    fn an_identity_is_checked_as_well() {
        let identity = |namespace: &str| ClusterIdentity {
            namespace: Value::Known(namespace.to_owned()),
            name: Value::Known("orders".to_owned()),
        };
        assert!(check_identity(identity("shop")).is_ok());
        assert!(check_identity(identity("../shop")).is_err());
        assert!(check_identity(ClusterIdentity { namespace: Value::Null, ..identity("shop") }).is_err());
    }
}
