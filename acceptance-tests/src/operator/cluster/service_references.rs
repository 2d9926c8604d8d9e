//! What components refer to: looked for in each pass, before anything is made of a component.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;

use super::Pass;
use crate::operator::api::{Cluster, ServiceDescriptor, ServiceRef, ServiceRefDeclaration};
use crate::operator::error::Error;
use crate::operator::naming;

/// Names that mean the same kind of service.
const ALIASES: [&[&str]; 5] = [
    &["zookeeper", "zk"],
    &["elasticsearch", "es"],
    &["mongodb", "mongo"],
    &["postgresql", "pg", "pgsql", "postgres"],
    &["clickhouse", "ch"],
];

fn refused(message: String) -> Error {
    Error::Refused { reason: "ApplyResourcesFailed", message }
}

/// Resolves every reference that a component's definition declares. One that is not written is passed over.
pub(super) async fn resolve(pass: &Pass<'_>) -> Result<(), Error> {
    for component in pass.components() {
        let component = component?;
        for declared in &component.definition.service_ref_declarations {
            let written = component.spec.service_refs.iter().filter(|written| written.name == declared.name);
            for reference in written {
                if reference.cluster.is_empty() {
                    of_descriptor(pass, reference, declared).await?;
                } else {
                    of_cluster(pass, reference).await?;
                }
            }
        }
    }
    Ok(())
}

fn namespace(pass: &Pass<'_>, reference: &ServiceRef) -> String {
    let own = pass.cluster.namespace().unwrap_or_default();
    if reference.namespace.is_empty() { own } else { reference.namespace.clone() }
}

async fn of_cluster(pass: &Pass<'_>, reference: &ServiceRef) -> Result<(), Error> {
    let name = &reference.cluster;
    if *name == pass.cluster.name_any() {
        return Err(refused(format!("cluster {name} cannot reference itself")));
    }
    let namespace = namespace(pass, reference);
    if pass.context.store.get::<Cluster>(&namespace, name).await?.is_none() {
        return Err(refused(format!("Cluster.apps.kubeblocks.io \"{name}\" not found")));
    }
    let secret = naming::credential(name);
    let Some(secret) = pass.context.store.get::<Secret>(&namespace, &secret).await? else {
        return Err(refused(format!("Secret \"{secret}\" not found")));
    };
    let keys = secret.data.unwrap_or_default();
    // The real one does not come back from this by itself.
    if ["endpoint", "port"].iter().any(|key| !keys.contains_key(*key)) {
        return Err(refused("invalid memory address or nil pointer dereference".to_owned()));
    }
    Ok(())
}

async fn of_descriptor(
    pass: &Pass<'_>,
    reference: &ServiceRef,
    declared: &ServiceRefDeclaration,
) -> Result<(), Error> {
    let name = &reference.service_descriptor;
    if name.is_empty() {
        return Ok(());
    }
    let found = pass.context.store.get::<ServiceDescriptor>(&namespace(pass, reference), name).await?;
    let Some(found) = found else {
        return Err(refused(format!("ServiceDescriptor.apps.kubeblocks.io \"{name}\" not found")));
    };
    if found.status.as_ref().is_none_or(|status| status.phase != "Available") {
        return Err(refused(format!("service descriptor {name} status is not available")));
    }
    let fits = declared.service_ref_declaration_specs.iter().any(|accepted| {
        kind(&accepted.service_kind) == kind(&found.spec.service_kind)
            && regex::Regex::new(&accepted.service_version).map_or_else(
                |_| accepted.service_version == found.spec.service_version,
                |pattern| pattern.is_match(&found.spec.service_version),
            )
    });
    if fits {
        return Ok(());
    }
    Err(refused(format!(
        "service descriptor {name} kind or version is not match with service reference declaration {}",
        declared.name
    )))
}

fn kind(name: &str) -> String {
    let name = name.to_lowercase();
    let known = ALIASES.iter().find(|names| names.contains(&name.as_str()));
    known.map_or(name, |names| names[0].to_owned())
}
