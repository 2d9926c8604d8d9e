//! Configurations for tests. Every field has a value of its own, so that a swap is caught.

use tfplugin::typed::Value;

use super::schema::{KeyReference, ServiceDescriptorState, ServiceValue, ValueFrom};
pub(crate) use crate::resources::cluster::test_support::text;

/// A text as it is.
pub(crate) fn plain(value: &str) -> Value<ServiceValue> {
    Value::Known(ServiceValue { value: text(value), value_from: Value::Null })
}

/// A key of a Secret.
pub(crate) fn from_secret(name: &str, key: &str) -> Value<ServiceValue> {
    let secret = Value::Known(KeyReference { name: text(name), key: text(key) });
    let from = ValueFrom { secret, config_map: Value::Null };
    Value::Known(ServiceValue { value: Value::Null, value_from: Value::Known(from) })
}

/// An etcd without a password.
pub(crate) fn etcd() -> ServiceDescriptorState {
    ServiceDescriptorState {
        namespace: text("shop"),
        name: text("etcd"),
        kind: text("etcd"),
        version: text("v3.5.6"),
        endpoint: plain("etcd.example.com:2379"),
        port: plain("2379"),
        username: plain("root"),
        ..ServiceDescriptorState::default()
    }
}

/// The same with a password that we keep.
pub(crate) fn own_password() -> ServiceDescriptorState {
    ServiceDescriptorState { password_wo: text("geheim"), password_wo_version: Value::Known(4), ..etcd() }
}
