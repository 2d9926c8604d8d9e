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
        _ => Err(Diagnostic::error(
            "Import id of the wrong form",
            format!("{id:?} is not the id of a KubeBlocks cluster. Write its Kubernetes namespace and its name with a slash between them, such as \"shop/orders\"."),
        )
        .into()),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
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
}
