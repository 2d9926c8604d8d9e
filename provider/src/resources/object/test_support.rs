//! Objects of the tests.

use serde_json::{Value as Json, json};
use tfplugin::typed::Value;

use super::schema::ObjectState;
use super::values::from_json;

/// A small `ClusterDefinition`.
pub(crate) fn definition(name: &str) -> Json {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1",
        "kind": "ClusterDefinition",
        "metadata": {"name": name},
        "spec": {"type": "memo", "componentDefs": [{"name": "memo", "workloadType": "Stateful", "characterType": "memo"}]},
    })
}

fn named(state: ObjectState, object: &Json) -> ObjectState {
    let text = |value: &Json| Value::from(value.as_str().map(str::to_owned));
    ObjectState {
        api_version: text(&object["apiVersion"]),
        kind: text(&object["kind"]),
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
        ..state
    }
}

/// The object written in HCL, with its names filled as a plan fills them.
pub(crate) fn in_hcl(object: &Json) -> ObjectState {
    named(ObjectState { manifest: Value::Known(from_json(object)), ..ObjectState::default() }, object)
}

/// The object written in YAML.
pub(crate) fn in_yaml(text: &str) -> ObjectState {
    let object = super::values::yaml_document(text).unwrap_or_default();
    named(ObjectState { yaml: Value::Known(text.to_owned()), ..ObjectState::default() }, &object)
}
