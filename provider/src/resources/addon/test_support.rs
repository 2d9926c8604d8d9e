//! Configurations and objects for tests. Every field has a value of its own, so that a swap is caught.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use kubeblocks_schemas::v1alpha1::Addon;
use serde_json::{Value as Json, json};
use tfplugin::typed::Value;

use super::schema::{AddonState, Resources, Settings, Toleration};
use super::values::from_json;
use crate::kubernetes::ownership::Ownership;
pub(crate) use crate::resources::cluster::test_support::{entries, text, texts};

/// An add-on as the schema's defaults leave one.
pub(crate) fn redis() -> AddonState {
    AddonState { name: text("redis"), enabled: Value::Known(true), ..AddonState::default() }
}

/// The same with everything written.
pub(crate) fn written() -> AddonState {
    let toleration = Toleration { key: text("kb"), operator: text("Exists"), ..Toleration::default() };
    AddonState {
        replicas: Value::Known(2),
        storage_class: text("fast"),
        persistent: Value::Known(true),
        resources: Value::Known(Resources { cpu: text("1"), memory: text("2Gi"), ..Resources::default() }),
        tolerations: Value::Known(vec![Value::Known(toleration)]),
        extras: entries([(
            "alertmanager",
            Settings {
                replicas: Value::Known(3),
                resources: Value::Known(Resources {
                    requests: texts([("storage", "10Gi")]),
                    limits: texts([("memory", "1Gi")]),
                    ..Resources::default()
                }),
                ..Settings::default()
            },
        )]),
        values: values(&json!({"image": {"tag": "7"}})),
        ..redis()
    }
}

/// Known values.
pub(crate) fn values(json: &Json) -> Value<tfplugin::raw::RawValue> {
    Value::Known(from_json(json).into_dynamic())
}

/// The object of an add-on with these fields in its `spec`.
pub(crate) fn live(spec: Json) -> Addon {
    let mut object = json!({
        "apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon",
        "metadata": {"name": "redis"},
        "spec": {"type": "Helm", "helm": {"chartLocationURL": "file://redis-0.7.5.tgz"}, "defaultInstallValues": [{"enabled": true}]},
    });
    let Json::Object(fields) = spec else { panic!("no object") };
    object["spec"].as_object_mut().unwrap().extend(fields);
    serde_json::from_value(object).unwrap()
}

/// What an apply of ours owns.
pub(crate) fn owning(fields: &Json) -> Ownership {
    Ownership::ours(&owned(fields)).unwrap()
}

/// Metadata of an object of which an apply of ours owns these fields.
pub(crate) fn owned(fields: &Json) -> ObjectMeta {
    ObjectMeta {
        name: Some("redis".to_owned()),
        managed_fields: Some(vec![ManagedFieldsEntry {
            manager: Some(crate::kubernetes::FIELD_MANAGER.to_owned()),
            operation: Some("Apply".to_owned()),
            fields_v1: Some(FieldsV1(fields.clone())),
            ..ManagedFieldsEntry::default()
        }]),
        ..ObjectMeta::default()
    }
}
