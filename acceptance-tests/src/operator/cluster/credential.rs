//! The Secret with a cluster's credentials, made once and never changed.
//!
//! Pure but for randomness. Values come from the definition's `connectionCredential`, with its variables filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::ObjectMeta;

use super::Pass;
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming::{
    self, ANNOTATION_RESTORE, CLUSTER_FINALIZER, LABEL_CLUSTER_TYPE, LABEL_INSTANCE, LABEL_MANAGED_BY,
    LABEL_NAME, MANAGED_BY,
};
use crate::operator::random;
use crate::operator::store::controlled_by;

/// Length of a generated password.
const PASSWORD_LENGTH: usize = 8;

/// Builds the Secret, or nothing when no component of the cluster has a Service.
pub(super) fn build(pass: &Pass<'_>) -> Result<Option<Secret>, Error> {
    let with_service = pass
        .definition
        .spec
        .component_defs
        .iter()
        .filter(|definition| definition.service.is_some())
        .find_map(|definition| {
            pass.components().find(|component| {
                component.as_ref().is_ok_and(|component| component.spec.component_def_ref == definition.name)
            })
        });
    let Some(component) = with_service.transpose()? else { return Ok(None) };
    let cluster = component.cluster_name();
    let mut labels = naming::labels([
        (LABEL_INSTANCE, cluster),
        (LABEL_MANAGED_BY, MANAGED_BY),
        (LABEL_NAME, &pass.definition.name_any()),
    ]);
    if !pass.definition.spec.type_.is_empty() {
        labels.insert(LABEL_CLUSTER_TYPE.to_owned(), pass.definition.spec.type_.clone());
    }
    let restored = super::restore::password(pass.cluster, component.name());
    let password = restored.unwrap_or_else(|| random::password(component.namespace(), PASSWORD_LENGTH));
    // A cluster that starts from a backup gets its Secret before anything is marked as the cluster's own.
    let is_own =
        pass.cluster.annotation(ANNOTATION_RESTORE).is_none() || pass.cluster.observed_generation() != 0;
    let data = fill(&pass.definition.spec.connection_credential, &variables(&component, password));
    Ok(Some(Secret {
        metadata: ObjectMeta {
            name: Some(naming::credential(cluster)),
            namespace: Some(component.namespace().to_owned()),
            labels: Some(labels),
            finalizers: is_own.then(|| vec![CLUSTER_FINALIZER.to_owned()]),
            owner_references: is_own.then(|| vec![controlled_by(pass.cluster)]),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        string_data: Some(data),
        ..Secret::default()
    }))
}

fn variables(component: &Component<'_>, password: String) -> BTreeMap<String, String> {
    let bytes = random::bytes::<16>();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let dashed = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
        .iter()
        .filter_map(|(from, to)| hex.get(*from..*to))
        .collect::<Vec<_>>()
        .join("-");
    let service = format!("{}.{}.svc", component.workload(), component.namespace());
    let headless = format!("{}.{}.svc", naming::headless(&component.workload()), component.namespace());
    let mut variables = BTreeMap::from([
        ("$(RANDOM_PASSWD)".to_owned(), password),
        ("$(UUID)".to_owned(), dashed),
        ("$(UUID_B64)".to_owned(), STANDARD_NO_PAD.encode(bytes)),
        ("$(UUID_STR_B64)".to_owned(), STANDARD_NO_PAD.encode(&hex)),
        ("$(UUID_HEX)".to_owned(), hex),
        ("$(SVC_FQDN)".to_owned(), service),
        ("$(HEADLESS_SVC_FQDN)".to_owned(), headless),
        ("$(KB_CLUSTER_COMP_NAME)".to_owned(), component.workload()),
    ]);
    for port in component.definition.service.iter().flat_map(|service| &service.ports) {
        let name = port.name.as_deref().unwrap_or_default();
        variables.insert(format!("$(SVC_PORT_{name})"), port.port.to_string());
    }
    variables
}

/// Fills variables in, then the references from one key to another.
fn fill(
    template: &BTreeMap<String, String>,
    variables: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let replace = |text: &str, variables: &BTreeMap<String, String>| {
        variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let first: BTreeMap<String, String> =
        template.iter().map(|(key, value)| (replace(key, variables), replace(value, variables))).collect();
    let own = first.iter().map(|(key, value)| (format!("$(CONN_CREDENTIAL).{key}"), value.clone())).collect();
    first.iter().map(|(key, value)| (key.clone(), replace(value, &own))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_references_to_other_keys_are_filled_in() {
        let template = BTreeMap::from(
            [
                ("user", "root"),
                ("password", "$(RANDOM_PASSWD)"),
                ("uri", "$(CONN_CREDENTIAL).user@$(SVC_FQDN)"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let variables = BTreeMap::from(
            [("$(RANDOM_PASSWD)", "abc"), ("$(SVC_FQDN)", "db.shop.svc")]
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let filled = fill(&template, &variables);
        assert_eq!(filled["password"], "abc");
        assert_eq!(filled["uri"], "root@db.shop.svc");
    }
}
