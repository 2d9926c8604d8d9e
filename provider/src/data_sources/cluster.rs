//! The data source `kubeblocks_cluster`: a database that is there, whoever made it. Reads; decides and writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use kubeblocks_schemas::v1alpha1::cluster::ComponentStatus;
use kubeblocks_schemas::v1alpha1::common::RsmMember;
use kubeblocks_schemas::v1alpha1::{Cluster, ComponentSpec};
use tfplugin::prelude::*;

use crate::kubeblocks::naming;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::endpoints::endpoints;
use crate::resources::cluster::schema::{Endpoint, Map, SecretReference};

const CANNOT_READ: &str = "Cannot read the KubeBlocks cluster";

/// A database cluster that is there, made by this configuration or by anybody else.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace.
    #[tf(required)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(required)]
    pub name: Value<String>,
    /// Engine: name of the `ClusterDefinition`.
    #[tf(computed)]
    pub definition: Value<String>,
    /// Version: name of the `ClusterVersion`.
    #[tf(computed)]
    pub version: Value<String>,
    /// What a destroy would remove.
    #[tf(computed)]
    pub termination_policy: Value<String>,
    /// `Creating`, `Running`, `Updating`, `Stopping`, `Stopped`, `Deleting`, `Failed` or `Abnormal`. Null while the
    /// operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// The components, by name.
    #[tf(computed)]
    pub components: Value<Map<ComponentData>>,
    /// Addresses of each component that has a Service.
    #[tf(computed)]
    pub endpoints: Value<Map<Endpoint>>,
    /// The Secret that holds user, password and addresses. The ephemeral resource `kubeblocks_credentials` reads it.
    #[tf(computed)]
    pub credentials_secret: Value<SecretReference>,
}

/// A component of a database cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ComponentData {
    /// Which component of the engine's definition it is.
    #[tf(computed)]
    pub definition: Value<String>,
    /// Number of instances that are wanted.
    #[tf(computed)]
    pub replicas: Value<i64>,
    /// Its phase, of the same words as the database's.
    #[tf(computed)]
    pub phase: Value<String>,
    /// What the operator says of objects that hold it back, by object.
    #[tf(computed)]
    pub messages: Value<Map<String>>,
    /// Its instances (pods), by name, with the role of each where the engine has roles.
    #[tf(computed)]
    pub instances: Value<Map<InstanceData>>,
}

/// An instance of a component.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct InstanceData {
    /// Role, such as `primary` or `follower`.
    #[tf(computed)]
    pub role: Value<String>,
    /// What it can be used for: `ReadWrite`, `Readonly` or `None`.
    #[tf(computed)]
    pub access_mode: Value<String>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct ClusterDataSource {
    shared: Arc<Shared>,
}

impl ClusterDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for ClusterDataSource {
    type State = ClusterData;

    const TYPE_NAME: &'static str = "kubeblocks_cluster";

    fn validate(&self, config: &ClusterData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(&self, context: &Context, config: ClusterData) -> Result<ClusterData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        let (namespace, name) = (text(&config.namespace), text(&config.name));
        let failed = |error| Diagnostics::from(diagnostic(CANNOT_READ, &error));
        let object = client.get::<Cluster>(Some(&namespace), &name).await.map_err(failed)?;
        let selector = naming::cluster_selector(&name);
        let services = client.list::<Service>(Some(&namespace), Some(&selector)).await.map_err(failed)?;
        Ok(show(config, &object, &services))
    }
}

fn show(config: ClusterData, object: &Cluster, services: &[Service]) -> ClusterData {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let (namespace, name) = (text(&config.namespace), text(&config.name));
    let further: BTreeMap<&String, Vec<&String>> = object
        .spec
        .component_specs
        .iter()
        .map(|component| (&component.name, component.services.iter().map(|service| &service.name).collect()))
        .collect();
    let status = object.status.as_ref();
    ClusterData {
        definition: Value::Known(object.spec.cluster_definition_ref.clone()),
        version: object.spec.cluster_version_ref.clone().into(),
        termination_policy: Value::Known(object.spec.termination_policy.to_string()),
        phase: status
            .and_then(|status| status.phase.as_ref())
            .map(ToString::to_string)
            .filter(|phase| !phase.is_empty())
            .into(),
        components: Value::Known(
            object
                .spec
                .component_specs
                .iter()
                .map(|spec| {
                    let status = status.and_then(|status| status.components.get(&spec.name));
                    (spec.name.clone(), Value::Known(component(spec, status)))
                })
                .collect(),
        ),
        endpoints: Value::Known(endpoints(&namespace, &name, further, services)),
        credentials_secret: Value::Known(SecretReference {
            namespace: Value::Known(namespace.clone()),
            name: Value::Known(naming::connection_secret(&name)),
        }),
        ..config
    }
}

fn component(spec: &ComponentSpec, status: Option<&ComponentStatus>) -> ComponentData {
    ComponentData {
        definition: Value::Known(spec.component_def_ref.clone()),
        replicas: Value::Known(i64::from(spec.replicas.unwrap_or(1))),
        phase: status.and_then(|status| status.phase.as_ref()).map(ToString::to_string).into(),
        messages: Value::Known(
            status
                .into_iter()
                .flat_map(|status| &status.message)
                .map(|(object, message)| (object.clone(), Value::Known(message.clone())))
                .collect(),
        ),
        instances: Value::Known(
            status.into_iter().flat_map(|status| &status.members_status).filter_map(instance).collect(),
        ),
    }
}

fn instance(member: &RsmMember) -> Option<(String, Value<InstanceData>)> {
    let role = member.role.as_ref();
    let data = InstanceData {
        role: role.and_then(|role| role.name.clone()).into(),
        access_mode: role.and_then(|role| role.access_mode.as_ref()).map(ToString::to_string).into(),
    };
    member.pod_name.clone().map(|pod| (pod, Value::Known(data)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_live_cluster_is_shown_with_its_phases_roles_and_addresses() {
        let object: Cluster = serde_json::from_value(json!({
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {
                "clusterDefinitionRef": "postgresql", "clusterVersionRef": "postgresql-14.8.0", "terminationPolicy": "Halt",
                "componentSpecs": [
                    {"name": "db", "componentDefRef": "postgresql", "replicas": 2, "services": [{"name": "lb"}]},
                    {"name": "idle", "componentDefRef": "other"}
                ]
            },
            "status": {"phase": "Updating", "components": {"db": {
                "phase": "Running", "message": {"Pod/orders-db-1": "pulling"},
                "membersStatus": [{"podName": "orders-db-0", "role": {"name": "primary", "accessMode": "ReadWrite"}}]
            }}}
        }))
        .unwrap();
        let services: Vec<Service> = vec![
            serde_json::from_value(
                json!({"metadata": {"name": "orders-db"}, "spec": {"ports": [{"port": 5432}]}}),
            )
            .unwrap(),
        ];
        let config = ClusterData {
            namespace: Value::Known("shop".into()),
            name: Value::Known("orders".into()),
            ..ClusterData::default()
        };
        let shown = show(config, &object, &services);
        assert_eq!(shown.phase, Value::Known("Updating".into()));
        assert_eq!(shown.termination_policy, Value::Known("Halt".into()));
        let components = shown.components.known().unwrap();
        let db = components["db"].known().unwrap();
        assert_eq!(db.replicas, Value::Known(2));
        assert_eq!(db.messages.known().unwrap()["Pod/orders-db-1"], Value::Known("pulling".into()));
        assert_eq!(
            db.instances.known().unwrap()["orders-db-0"].known().unwrap().role,
            Value::Known("primary".into())
        );
        let idle = components["idle"].known().unwrap();
        assert_eq!((&idle.replicas, &idle.phase), (&Value::Known(1), &Value::Null));
        assert_eq!(shown.endpoints.known().unwrap()["db"].known().unwrap().port, Value::Known(5432));
        assert_eq!(
            shown.credentials_secret.known().unwrap().name,
            Value::Known("orders-conn-credential".into())
        );
    }
}
