//! Taking over what `kubernetes_manifest` and `kubectl_manifest` manage (`moved` blocks). Pure.

use serde_json::Value as Json;
use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use super::kinds::{group_of, is_kubeblocks_group};
use super::manifest::Written;
use super::schema::ObjectState;
use super::values::{from_json, without_nulls};

/// The state in our form; `None` when it comes from elsewhere.
pub fn state(source: &MoveSource) -> Result<Option<ObjectState>, Diagnostics> {
    // Registries of Terraform and of OpenTofu, and mirrors of them.
    let is_from = |provider: &str| source.provider_address.ends_with(&format!("/{provider}"));
    let state = match source.type_name.as_str() {
        "kubernetes_manifest" if is_from("hashicorp/kubernetes") => {
            // A value of any type is stored with its type.
            let stored = &source.state["manifest"];
            let manifest = if stored["type"].is_null() { stored } else { &stored["value"] };
            if !manifest.is_object() {
                return Err(unusable("`manifest`"));
            }
            let manifest = Value::Known(from_json(&without_nulls(manifest.clone())));
            ObjectState { manifest, ..ObjectState::default() }
        }
        "kubectl_manifest" if is_from("gavinbunney/kubectl") || is_from("alekc/kubectl") => {
            let Some(text) = source.state["yaml_body"].as_str() else { return Err(unusable("`yaml_body`")) };
            ObjectState { yaml: Value::Known(text.to_owned()), ..ObjectState::default() }
        }
        _ => return Ok(None),
    };
    named(state, &source.state).map(Some)
}

fn named(state: ObjectState, source: &Json) -> Result<ObjectState, Diagnostics> {
    let Some(manifest) = Written::of(&state).and_then(|written| written.manifest()) else {
        return Err(unusable("the object"));
    };
    if !is_kubeblocks_group(group_of(&manifest.api_version)) {
        let detail = format!(
            "{} ({}) is no object of KubeBlocks. `kubeblocks_object` is for kinds of KubeBlocks only; leave it where it is.",
            manifest.display(),
            manifest.api_version
        );
        return Err(Diagnostic::error("Cannot take over the object", detail).into());
    }
    // `kubectl_manifest` writes to a default namespace where the text names none.
    let kept = source["namespace"].as_str().filter(|namespace| !namespace.is_empty()).map(str::to_owned);
    Ok(ObjectState {
        api_version: Value::Known(manifest.api_version),
        kind: Value::Known(manifest.kind),
        namespace: manifest.namespace.or(kept).into(),
        name: Value::Known(manifest.name),
        ..state
    })
}

fn unusable(what: &str) -> Diagnostics {
    Diagnostic::error(
        "Cannot take over the object",
        format!("The state of the other resource does not hold {what} in a known form. Import the object instead: remove the `moved` block and add an `import` block."),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::object::import::id_of;
    use crate::resources::object::manifest::Manifest;
    use crate::resources::object::test_support::definition;

    fn source(provider: &str, kind: &str, state: Json) -> MoveSource {
        MoveSource { provider_address: provider.into(), type_name: kind.into(), schema_version: 1, state }
    }

    #[test]
    fn peers_hand_over_what_was_written() {
        let typed = json!({"manifest": {"type": ["object", {}], "value": definition("redis")}, "object": {"type": "dynamic", "value": {}}});
        let text = super::super::values::to_yaml(&definition("redis")).unwrap();
        for (provider, kind, stored) in [
            ("registry.terraform.io/hashicorp/kubernetes", "kubernetes_manifest", typed.clone()),
            ("registry.opentofu.org/hashicorp/kubernetes", "kubernetes_manifest", typed),
            (
                "registry.terraform.io/gavinbunney/kubectl",
                "kubectl_manifest",
                json!({"yaml_body": text, "namespace": null}),
            ),
            ("registry.terraform.io/alekc/kubectl", "kubectl_manifest", json!({"yaml_body": text})),
        ] {
            let moved = state(&source(provider, kind, stored)).unwrap().unwrap();
            assert_eq!(Manifest::of(&moved).unwrap().body, definition("redis"));
            assert_eq!(id_of(&moved), "apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis");
        }
    }

    #[test]
    fn what_is_not_ours_to_take_is_left_or_refused() {
        let deployment = json!({"manifest": {"type": "dynamic", "value": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}}});
        for (provider, kind, stored, is_error) in [
            ("registry.terraform.io/hashicorp/kubernetes", "kubernetes_deployment", json!({}), false),
            ("registry.terraform.io/someone/kubernetes", "kubernetes_manifest", json!({}), false),
            ("registry.terraform.io/hashicorp/kubernetes", "kubernetes_manifest", deployment, true),
            (
                "registry.terraform.io/hashicorp/kubernetes",
                "kubernetes_manifest",
                json!({"manifest": null}),
                true,
            ),
            ("registry.terraform.io/alekc/kubectl", "kubectl_manifest", json!({"yaml_body": "a: ["}), true),
        ] {
            let found = state(&source(provider, kind, stored));
            assert_eq!(found.is_err(), is_error, "{provider} {kind}");
            assert!(is_error || found.unwrap().is_none());
        }
    }
}
