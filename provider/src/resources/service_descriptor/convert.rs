//! From a configuration to the objects that are applied (the `ServiceDescriptor`, and the Secret with its password), and
//! from the live descriptor to state. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kubeblocks_schemas::v1alpha1::common::KeySelector;
use kubeblocks_schemas::v1alpha1::service_descriptor::{ConnectionAuth, CredentialValue, ValueSource};
use kubeblocks_schemas::v1alpha1::{ServiceDescriptor, ServiceDescriptorSpec};
use tfplugin::typed::Value;

use super::schema::{KeyReference, PasswordSource, ServiceDescriptorState, ServiceValue, ValueFrom};
use crate::resources::backup_repo::build::VERSION;
use crate::resources::own_secret::{self, SecretPlace};

/// The phase that an apply waits for.
pub const AVAILABLE: &str = "Available";
/// Label of the Secrets that belong to descriptors of ours, with the name of the descriptor.
pub const SECRET_LABEL: &str = "terraform.kubeblocks.io/service-descriptor";
/// Key of the password in such a Secret.
const PASSWORD: &str = "password";

/// The Secret of ours for a descriptor.
pub fn place(namespace: &str, name: &str) -> SecretPlace {
    SecretPlace { namespace: namespace.to_owned(), name: format!("kubeblocks-service-descriptor-{name}") }
}

/// Whether the password is one that we keep.
pub fn keeps_password(state: &ServiceDescriptorState) -> bool {
    !state.password_wo_version.is_null()
}

/// The descriptor.
pub fn build(state: &ServiceDescriptorState) -> ServiceDescriptor {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let username = state.username.known().map(value);
    let password = if keeps_password(state) {
        let own = place(state.namespace(), state.name());
        let key = KeySelector { name: Some(own.name), key: PASSWORD.to_owned(), optional: None };
        let source = ValueSource { secret_key_ref: Some(key), config_map_key_ref: None };
        Some(CredentialValue { value: None, value_from: Some(source) })
    } else {
        let source = state.password.known().and_then(|password| password.value_from.known());
        source.map(|from| CredentialValue { value: None, value_from: Some(self::source(from)) })
    };
    let auth = ConnectionAuth { username, password };
    let mut object = ServiceDescriptor::new(
        state.name(),
        ServiceDescriptorSpec {
            service_kind: text(&state.kind),
            service_version: text(&state.version),
            endpoint: state.endpoint.known().map(value),
            port: state.port.known().map(value),
            auth: Some(auth).filter(|auth| *auth != ConnectionAuth::default()),
        },
    );
    object.metadata.namespace = state.namespace.known().cloned();
    if let Some(version) = state.password_wo_version.known() {
        object.metadata.annotations = Some(BTreeMap::from([(VERSION.to_owned(), version.to_string())]));
    }
    object
}

/// The Secret with the password. `owner` is the descriptor, with which it then goes.
pub fn secret(state: &ServiceDescriptorState, password: &str, owner: Option<&ServiceDescriptor>) -> Secret {
    let content = BTreeMap::from([(PASSWORD.to_owned(), password.to_owned())]);
    own_secret::secret(&place(state.namespace(), state.name()), (SECRET_LABEL, state.name()), content, owner)
}

fn value(value: &ServiceValue) -> CredentialValue {
    CredentialValue { value: value.value.known().cloned(), value_from: value.value_from.known().map(source) }
}

fn source(from: &ValueFrom) -> ValueSource {
    let key = |reference: &Value<KeyReference>| {
        let reference = reference.known()?;
        let key = reference.key.known().cloned().unwrap_or_default();
        Some(KeySelector { name: reference.name.known().cloned(), key, optional: None })
    };
    ValueSource { secret_key_ref: key(&from.secret), config_map_key_ref: key(&from.config_map) }
}

/// What `object` shows, beside `prior`. The password's own Secret is shown by its version alone.
pub fn observe(prior: &ServiceDescriptorState, object: &ServiceDescriptor) -> ServiceDescriptorState {
    let spec = &object.spec;
    let auth = spec.auth.clone().unwrap_or_default();
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let name = object.metadata.name.clone().unwrap_or_default();
    let own = place(&namespace, &name).name;
    let is_own = |value: &CredentialValue| {
        let from = value.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref());
        from.is_some_and(|key| key.name.as_ref() == Some(&own))
    };
    let annotations = object.metadata.annotations.as_ref();
    let version = annotations.and_then(|all| all.get(VERSION)?.parse().ok());
    let version = version.filter(|_| auth.password.as_ref().is_some_and(is_own));
    let password = auth.password.filter(|password| !is_own(password));
    ServiceDescriptorState {
        kubernetes: prior.kubernetes.clone(),
        timeouts: prior.timeouts.clone(),
        namespace: Value::Known(namespace),
        name: Value::Known(name),
        kind: Value::Known(spec.service_kind.clone()),
        version: Value::Known(spec.service_version.clone()),
        endpoint: spec.endpoint.as_ref().map(shown).into(),
        port: spec.port.as_ref().map(shown).into(),
        username: auth.username.as_ref().map(shown).into(),
        password: password
            .map(|password| PasswordSource {
                value_from: password.value_from.as_ref().map(shown_source).into(),
            })
            .into(),
        password_wo: Value::Null,
        password_wo_version: version.into(),
        phase: phase(object).into(),
    }
}

fn shown(value: &CredentialValue) -> ServiceValue {
    ServiceValue {
        value: value.value.clone().filter(|value| !value.is_empty()).into(),
        value_from: value.value_from.as_ref().map(shown_source).into(),
    }
}

fn shown_source(source: &ValueSource) -> ValueFrom {
    let reference = |key: &KeySelector| KeyReference {
        name: key.name.clone().into(),
        key: Value::Known(key.key.clone()),
    };
    ValueFrom {
        secret: source.secret_key_ref.as_ref().map(reference).into(),
        config_map: source.config_map_key_ref.as_ref().map(reference).into(),
    }
}

/// The phase, if it is one of the object as it is now.
fn phase(object: &ServiceDescriptor) -> Option<String> {
    let status = object.status.as_ref()?;
    let is_current = status.observed_generation >= object.metadata.generation;
    let phase = status.phase.as_ref().filter(|_| is_current)?.as_str();
    Some(phase.to_owned()).filter(|phase| !phase.is_empty())
}

/// Whether it was available when it was seen last.
pub fn is_available(state: &ServiceDescriptorState) -> bool {
    state.phase.known().is_some_and(|phase| phase == AVAILABLE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::service_descriptor::test_support::{etcd, from_secret, own_password, plain, text};

    #[test]
    fn what_is_written_is_sent_and_read_back_and_an_import_finds_the_same() {
        let secretly = ServiceDescriptorState {
            endpoint: from_secret("etcd", "endpoint"),
            port: from_secret("etcd", "port"),
            password: Value::Known(PasswordSource {
                value_from: from_secret("etcd", "password").known().unwrap().value_from.clone(),
            }),
            ..etcd()
        };
        for state in [etcd(), secretly, ServiceDescriptorState { username: Value::Null, ..etcd() }] {
            let mut object = build(&state);
            object.metadata.generation = Some(1);
            object.status =
                serde_json::from_value(json!({"phase": "Available", "observedGeneration": 1})).unwrap();
            let expected = ServiceDescriptorState { phase: text("Available"), ..state.clone() };
            assert_eq!(observe(&state, &object), expected);
            assert_eq!(observe(&ServiceDescriptorState::default(), &object), expected);
            object.metadata.generation = Some(2);
            assert_eq!(observe(&state, &object).phase, Value::Null);
        }
        assert_eq!(
            serde_json::to_value(build(&etcd()).spec).unwrap(),
            json!({
                "serviceKind": "etcd", "serviceVersion": "v3.5.6", "endpoint": {"value": "etcd.example.com:2379"},
                "port": {"value": "2379"}, "auth": {"username": {"value": "root"}},
            })
        );
    }

    #[test]
    fn a_password_of_ours_is_never_on_the_descriptor() {
        let state = own_password();
        let object = build(&state);
        let sent = serde_json::to_value(&object).unwrap();
        assert_eq!(
            sent["spec"]["auth"]["password"],
            json!({"valueFrom": {"secretKeyRef": {"name": "kubeblocks-service-descriptor-etcd", "key": "password"}}})
        );
        assert!(!sent.to_string().contains("geheim"), "{sent}");
        let kept = secret(&state, "geheim", Some(&object));
        assert_eq!(kept.data.unwrap()["password"].0, b"geheim");
        let stored = ServiceDescriptorState { password_wo: Value::Null, ..state };
        assert_eq!(observe(&stored, &object), stored);
        // A Secret that somebody else put there instead is shown.
        let mut other = object;
        other.spec.auth.as_mut().unwrap().password = Some(value(plain("x").known().unwrap()));
        let seen = observe(&stored, &other);
        assert_eq!(seen.password_wo_version, Value::Null);
        assert!(seen.password.known().is_some());
    }
}
