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
use serde_json::{Value, json};

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
        definition::<v1alpha1::ComponentClassDefinition>()?,
        without_status::<v1alpha1::ComponentResourceConstraint>()?,
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
    assemble(K::crd(), &structural::schema_of::<K::Spec>(), Some(structural::schema_of::<K::Status>()))
}

fn without_status<K>() -> Result<CustomResourceDefinition, Error>
where
    K: CustomResourceExt + HasSpec,
    K::Spec: JsonSchema,
{
    assemble(K::crd(), &structural::schema_of::<K::Spec>(), None)
}

fn assemble(
    mut definition: CustomResourceDefinition,
    spec: &Value,
    status: Option<Value>,
) -> Result<CustomResourceDefinition, Error> {
    let mut schema = json!({
        "type": "object",
        "properties": {
            // The API server checks these three itself.
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
        },
    });
    if let Some(status) = status {
        schema["properties"]["status"] = status;
    }
    let schema: JSONSchemaProps = serde_json::from_value(schema)
        .map_err(|source| Error { kind: definition.spec.names.kind.clone(), source })?;
    for version in &mut definition.spec.versions {
        version.schema = Some(CustomResourceValidation { open_api_v3_schema: Some(schema.clone()) });
    }
    definition.spec.names.list_kind = Some(format!("{}List", definition.spec.names.kind));
    Ok(definition)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::crds;

    /// The schema of `spec` of a kind.
    fn spec(kind: &str) -> Value {
        let definitions = crds().unwrap();
        let definition = definitions.iter().find(|definition| definition.spec.names.kind == kind).unwrap();
        let definition = serde_json::to_value(definition).unwrap();
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
    }

    /// Every schema below, with its path.
    fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
        visit(path, schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            walk(property, &format!("{path}.{name}"), visit);
        }
        for child in ["items", "additionalProperties"] {
            if schema[child].is_object() {
                walk(&schema[child], &format!("{path}[]"), visit);
            }
        }
    }

    #[test]
    fn every_part_of_every_schema_has_a_type_or_takes_anything() {
        for definition in crds().unwrap() {
            let kind = definition.spec.names.kind.clone();
            walk(&spec(&kind), &kind, &mut |path, schema| {
                let open = schema["x-kubernetes-preserve-unknown-fields"] == true;
                let number_or_text = schema["x-kubernetes-int-or-string"] == true;
                assert!(schema["type"].is_string() || open || number_or_text, "{path}: {schema}");
                assert!(schema.get("nullable").is_none() && schema.get("$ref").is_none(), "{path}: {schema}");
                for key in schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten() {
                    let key = key.as_str().unwrap();
                    let item = &schema["items"];
                    let required = item["required"].as_array().into_iter().flatten().any(|name| name == key);
                    let default = !item["properties"][key]["default"].is_null();
                    assert!(required || default, "{path}: key {key} may be missing");
                }
            });
        }
    }

    #[test]
    fn components_merge_by_name_and_what_they_hold_is_sent_as_a_whole() {
        let spec = spec("Cluster");
        let components = &spec["properties"]["componentSpecs"];
        assert_eq!(components["x-kubernetes-list-type"], "map");
        assert_eq!(components["x-kubernetes-list-map-keys"], json!(["name"]));
        let component = &components["items"]["properties"];
        for list in ["volumeClaimTemplates", "services", "tolerations", "serviceRefs"] {
            assert!(component[list].get("x-kubernetes-list-type").is_none(), "{list} is atomic");
        }
        assert_eq!(component["enabledLogs"]["x-kubernetes-list-type"], "set");
    }

    #[test]
    fn the_api_fills_in_what_is_left_out() {
        let cluster = spec("Cluster");
        let component = &cluster["properties"]["componentSpecs"]["items"]["properties"];
        for (schema, default) in [
            (&component["monitor"], json!(false)),
            (&component["noCreatePDB"], json!(false)),
            (&component["replicas"], json!(1)),
            (&component["services"]["items"]["properties"]["serviceType"], json!("ClusterIP")),
            (&cluster["properties"]["affinity"]["properties"]["podAntiAffinity"], json!("Preferred")),
            (&cluster["properties"]["backup"]["properties"]["retentionPeriod"], json!("7d")),
        ] {
            assert_eq!(schema["default"], default, "{schema}");
        }
    }

    #[test]
    fn what_may_not_change_is_refused_by_a_rule() {
        for (kind, field) in [
            ("Cluster", "clusterDefinitionRef"),
            ("OpsRequest", "type"),
            ("OpsRequest", "restart"),
            ("Backup", "backupMethod"),
            ("BackupRepo", "storageProviderRef"),
            ("Configuration", "clusterRef"),
        ] {
            let spec = spec(kind);
            let rules = &spec["properties"][field]["x-kubernetes-validations"];
            assert_eq!(rules[0]["rule"], "self == oldSelf", "{kind} {field}");
        }
    }
}
