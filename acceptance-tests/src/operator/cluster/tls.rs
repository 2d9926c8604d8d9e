//! The certificates of a component that asks for TLS: one self-made certificate that is its own authority.

use k8s_openapi::api::core::v1::Secret;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use super::workload::owned_meta;
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming;

/// Builds the Secret with a fresh certificate.
pub(super) fn certificates(component: &Component<'_>) -> Result<Secret, Error> {
    let cluster = component.cluster_name();
    let failed = |source| Error::Certificate { cluster: cluster.to_owned(), source };
    let names = vec![
        "localhost".to_owned(),
        format!("*.{}.{}.svc.cluster.local", naming::headless(&component.workload()), component.namespace()),
        format!("{}.{}.svc", component.workload(), component.namespace()),
    ];
    let mut parameters = CertificateParams::new(names).map_err(failed)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, component.workload());
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = parameters.self_signed(&key).map_err(failed)?.pem();
    let data = [("ca.crt", certificate.clone()), ("tls.crt", certificate), ("tls.key", key.serialize_pem())];
    Ok(Secret {
        metadata: owned_meta(
            component,
            naming::certificates(cluster, component.name()),
            component.common_labels(),
        ),
        string_data: Some(data.map(|(key, value)| (key.to_owned(), value)).into()),
        ..Secret::default()
    })
}
