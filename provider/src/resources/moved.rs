//! Taking over what other providers manage (`moved` blocks), for resources of one kind of object. Pure. The state that comes
//! of it names the object, as after an import, and the refresh that follows fills it.

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use super::object::moved::state;

/// The object of another provider's resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MovedObject {
    /// Null for kinds that live in no namespace.
    pub(crate) namespace: Value<String>,
    pub(crate) name: Value<String>,
}

/// The object of a `kubernetes_manifest` or `kubectl_manifest`, which is to be of this kind; `None` when the state comes from
/// elsewhere.
pub(crate) fn object(
    source: &MoveSource,
    resource: &str,
    kind: &str,
) -> Result<Option<MovedObject>, Diagnostics> {
    let Some(found) = state(source)? else { return Ok(None) };
    let its = found.kind.known().map_or("", String::as_str);
    if its != kind {
        let detail = format!(
            "What {} manages is a {its}, and {resource} is for a {kind}. Move it to the resource of its kind, or to `kubeblocks_object`, which is for all.",
            source.type_name
        );
        return Err(Diagnostic::error("Cannot take over the object", detail).into());
    }
    Ok(Some(MovedObject { namespace: found.namespace, name: found.name }))
}

/// That a plan would take what was moved for something new, as nobody has looked at it. A replacement would come of that.
pub(crate) fn never_read() -> Diagnostics {
    Diagnostic::error(
        "What was moved here has not been looked at",
        "The state names the object and does not hold it yet, so the plan would replace it. Plan once without `-refresh=false`, with a provider block that is known.",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(provider: &str, type_name: &str, state: serde_json::Value) -> MoveSource {
        MoveSource {
            provider_address: format!("registry.terraform.io/{provider}"),
            type_name: type_name.to_owned(),
            schema_version: 1,
            state,
        }
    }

    #[test]
    fn an_object_is_taken_over_by_the_resource_of_its_kind_alone() {
        let manifest = json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
            "metadata": {"namespace": "shop", "name": "orders"}, "spec": {},
        });
        let text = "apiVersion: apps.kubeblocks.io/v1alpha1\nkind: Cluster\nmetadata:\n  name: orders\n";
        let orders = MovedObject {
            namespace: Value::Known("shop".to_owned()),
            name: Value::Known("orders".to_owned()),
        };
        for (provider, type_name, state) in [
            ("hashicorp/kubernetes", "kubernetes_manifest", json!({"manifest": manifest})),
            ("gavinbunney/kubectl", "kubectl_manifest", json!({"yaml_body": text, "namespace": "shop"})),
            ("alekc/kubectl", "kubectl_manifest", json!({"yaml_body": text, "namespace": "shop"})),
        ] {
            let source = source(provider, type_name, state);
            assert_eq!(object(&source, "kubeblocks_cluster", "Cluster").unwrap().as_ref(), Some(&orders));
            let refused = object(&source, "kubeblocks_backup", "Backup").unwrap_err();
            let detail = &refused.iter().next().unwrap().detail;
            assert!(detail.contains("is a Cluster") && detail.contains("is for a Backup"), "{detail}");
        }
        let other = source("hashicorp/aws", "aws_instance", json!({"id": "i-1"}));
        assert_eq!(object(&other, "kubeblocks_cluster", "Cluster").unwrap(), None);
    }
}
