//! The `CustomResourceDefinition`s of KubeBlocks v0.7, generated from the types in `v1alpha1`. For those who
//! install them where the operator's own are not at hand; never shipped to a cluster that runs the operator.

pub(crate) mod rules;
mod structural;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceValidation, JSONSchemaProps,
};
use kube::core::CustomResourceExt;
use kube::core::object::{HasSpec, HasStatus};
use schemars::JsonSchema;
use serde_json::json;

use crate::v1alpha1;

/// A schema that was generated is not one that Kubernetes knows. This is a bug in the crate.
#[derive(Debug, thiserror::Error)]
#[error("the generated schema of kind {kind} is not a Kubernetes schema")]
pub struct Error {
    /// Kind whose schema was generated.
    pub kind: String,
    /// What does not fit.
    #[source]
    pub source: serde_json::Error,
}

/// All definitions, each ready to be applied.
///
/// # Errors
/// When a generated schema is not a Kubernetes schema, which the tests of this crate rule out.
pub fn crds() -> Result<Vec<CustomResourceDefinition>, Error> {
    Ok(vec![
        definition::<v1alpha1::Addon>()?,
        definition::<v1alpha1::Backup>()?,
        definition::<v1alpha1::BackupPolicy>()?,
        definition::<v1alpha1::BackupPolicyTemplate>()?,
        definition::<v1alpha1::BackupRepo>()?,
        definition::<v1alpha1::BackupSchedule>()?,
        definition::<v1alpha1::Cluster>()?,
        definition::<v1alpha1::ClusterDefinition>()?,
        definition::<v1alpha1::ClusterVersion>()?,
        definition::<v1alpha1::ConfigConstraint>()?,
        definition::<v1alpha1::Configuration>()?,
        definition::<v1alpha1::OpsRequest>()?,
        definition::<v1alpha1::ReplicatedStateMachine>()?,
        definition::<v1alpha1::Restore>()?,
        definition::<v1alpha1::ServiceDescriptor>()?,
    ])
}

fn definition<K>() -> Result<CustomResourceDefinition, Error>
where
    K: CustomResourceExt + HasSpec + HasStatus,
    K::Spec: JsonSchema,
    K::Status: JsonSchema,
{
    let mut definition = K::crd();
    let schema = json!({
        "type": "object",
        "properties": {
            // The API server checks these three itself.
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural::schema_of::<K::Spec>(),
            "status": structural::schema_of::<K::Status>(),
        },
    });
    let schema: JSONSchemaProps = serde_json::from_value(schema)
        .map_err(|source| Error { kind: definition.spec.names.kind.clone(), source })?;
    for version in &mut definition.spec.versions {
        version.schema = Some(CustomResourceValidation { open_api_v3_schema: Some(schema.clone()) });
    }
    definition.spec.names.list_kind = Some(format!("{}List", definition.spec.names.kind));
    Ok(definition)
}
