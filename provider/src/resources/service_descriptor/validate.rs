//! Checks of a configuration that need no server, as far as it is known. Pure.
//!
//! KubeBlocks 0.7.5 resolves `endpoint` and `port` for the files of an engine, in this order. It stops at the first one that
//! is a plain text, and it fails, with everything else it does, on one that is not there.

use tfplugin::prelude::*;

use super::schema::{ServiceDescriptorState, ServiceValue, ValueFrom};

/// Adds a finding for each thing that is wrong.
pub fn config(config: &ServiceDescriptorState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    let values = [("endpoint", &config.endpoint), ("port", &config.port), ("username", &config.username)];
    for (name, value) in values {
        if let Some(value) = value.known() {
            one_of_both(value, &Path::attribute(name), diagnostics);
        }
    }
    if let Some(from) = config.password.known().and_then(|password| password.value_from.known()) {
        one_place(from, &Path::attribute("password").then_attribute("value_from"), diagnostics);
    }
    port(config, diagnostics);
    password(config, diagnostics);
}

fn one_of_both(value: &ServiceValue, path: &Path, diagnostics: &mut Diagnostics) {
    let both = [&value.value.as_ref().map(|_| ()), &value.value_from.as_ref().map(|_| ())];
    refuse_unless_one(both, "`value` or `value_from`", path, diagnostics);
    if let Some(from) = value.value_from.known() {
        one_place(from, &path.clone().then_attribute("value_from"), diagnostics);
    }
}

fn one_place(from: &ValueFrom, path: &Path, diagnostics: &mut Diagnostics) {
    let both = [&from.secret.as_ref().map(|_| ()), &from.config_map.as_ref().map(|_| ())];
    refuse_unless_one(both, "`secret` or `config_map`", path, diagnostics);
}

fn refuse_unless_one(both: [&Value<()>; 2], words: &str, path: &Path, diagnostics: &mut Diagnostics) {
    let written = both.iter().filter(|one| !one.is_null()).count();
    if written == 1 {
        return;
    }
    let (summary, detail) = if written == 0 {
        ("Missing attribute", format!("Write {words}."))
    } else {
        ("Conflicting attributes", format!("Write either {words}, not both."))
    };
    diagnostics.push(Diagnostic::error(summary, detail).at(path.clone()));
}

fn port(config: &ServiceDescriptorState, diagnostics: &mut Diagnostics) {
    let Some(endpoint) = config.endpoint.known() else { return };
    let is_plain = endpoint.value.known().is_some();
    let is_read = endpoint.value_from.known().is_some();
    let detail = match &config.port {
        Value::Null if is_read => {
            "KubeBlocks 0.7 cannot read `endpoint` from elsewhere without a `port`: the operator would crash on the first database that refers to this. Write `port`, too."
        }
        Value::Known(port) if is_plain && port.value_from.known().is_some() => {
            "KubeBlocks 0.7 does not read `port` from elsewhere beside an `endpoint` that is a plain text; databases would get an empty port. Write `port.value`, or read `endpoint` from elsewhere, too."
        }
        Value::Null | Value::Unknown | Value::Known(_) => return,
    };
    diagnostics
        .push(Diagnostic::error("Port that KubeBlocks cannot use", detail).at(Path::attribute("port")));
}

fn password(config: &ServiceDescriptorState, diagnostics: &mut Diagnostics) {
    let found = match (&config.password, &config.password_wo, &config.password_wo_version) {
        (password, wo, version) if !(password.is_null() || wo.is_null() && version.is_null()) => (
            "Conflicting attributes",
            "Write either `password`, which says where it is, or `password_wo` with its version.",
            "password_wo",
        ),
        (_, wo, version) if !wo.is_null() && version.is_null() => (
            "Version of the password is missing",
            "Terraform does not store `password_wo` and cannot see when it changes. Set `password_wo_version = 1`, and raise it whenever it is to be written again.",
            "password_wo_version",
        ),
        (_, wo, version) if wo.is_null() && !version.is_null() => (
            "Password is missing",
            "`password_wo_version` is the version of `password_wo`, which is not there. Write it, or leave both out.",
            "password_wo",
        ),
        _ => return,
    };
    let (summary, detail, attribute) = found;
    diagnostics.push(Diagnostic::error(summary, detail).at(Path::attribute(attribute)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::service_descriptor::schema::PasswordSource;
    use crate::resources::service_descriptor::test_support::{etcd, from_secret, own_password, plain, text};

    #[test]
    fn what_is_wrong_is_said_at_its_attribute() {
        let secret = || from_secret("etcd", "key");
        let password =
            || Value::Known(PasswordSource { value_from: secret().known().unwrap().value_from.clone() });
        let both = Value::Known(ServiceValue { value: text("a"), ..secret().into_known().unwrap() });
        let neither = Value::Known(ServiceValue::default());
        let nowhere = Value::Known(ServiceValue {
            value_from: Value::Known(ValueFrom::default()),
            ..ServiceValue::default()
        });
        for (state, expected) in [
            (etcd(), None),
            (own_password(), None),
            (ServiceDescriptorState { password: password(), ..etcd() }, None),
            (ServiceDescriptorState { port: Value::Null, ..etcd() }, None),
            (ServiceDescriptorState { endpoint: secret(), port: secret(), ..etcd() }, None),
            (ServiceDescriptorState { endpoint: secret(), ..etcd() }, None),
            (ServiceDescriptorState { endpoint: secret(), port: Value::Null, ..etcd() }, Some("port")),
            (ServiceDescriptorState { port: secret(), ..etcd() }, Some("port")),
            (ServiceDescriptorState { endpoint: Value::Unknown, port: secret(), ..etcd() }, None),
            (ServiceDescriptorState { username: both, ..etcd() }, Some("username")),
            (ServiceDescriptorState { username: neither, ..etcd() }, Some("username")),
            (ServiceDescriptorState { username: nowhere, ..etcd() }, Some("username.value_from")),
            (ServiceDescriptorState { password: password(), ..own_password() }, Some("password_wo")),
            (
                ServiceDescriptorState { password_wo_version: Value::Null, ..own_password() },
                Some("password_wo_version"),
            ),
            (ServiceDescriptorState { password_wo: Value::Null, ..own_password() }, Some("password_wo")),
            (ServiceDescriptorState { endpoint: plain("x"), port: Value::Unknown, ..etcd() }, None),
        ] {
            let mut found = Diagnostics::new();
            config(&state, &mut found);
            let found: Vec<String> = found
                .iter()
                .map(|one| one.path.as_ref().map(ToString::to_string).unwrap_or_default())
                .collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{state:?}");
        }
    }
}
