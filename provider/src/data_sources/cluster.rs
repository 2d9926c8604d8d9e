//! The data source `kubeblocks_cluster`: a database that is there, whoever made it. Reads; decides and writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::cluster::ComponentStatus;
use kubeblocks_schemas::v1alpha1::common::RsmMember;
use kubeblocks_schemas::v1alpha1::{Cluster, ComponentSpec, ReplicatedStateMachine};
use tfplugin::prelude::*;

use crate::kubeblocks::facts::PodFacts;
use crate::kubeblocks::naming;
use crate::kubeblocks::operation::{Leading, role};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Error, readable};
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
    /// The instances of all components, by the names of their pods, as they are now: a failover shows at once. Null where
    /// pods may not be read.
    #[tf(computed)]
    pub instances: Value<Map<InstanceData>>,
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
    /// Its instances (pods) that have a role, by name, as the operator has noted them last.
    #[tf(computed)]
    pub instances: Value<Map<MemberData>>,
}

/// An instance of a database cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct InstanceData {
    /// Name of its component.
    #[tf(computed)]
    pub component: Value<String>,
    /// Role, such as `primary` or `follower`. Null where the engine has no roles, and while it is not known.
    #[tf(computed)]
    pub role: Value<String>,
    /// Whether it leads its component: takes the writes, where the engine has roles.
    #[tf(computed)]
    pub leader: Value<bool>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Whether it serves.
    #[tf(computed)]
    pub ready: Value<bool>,
    /// The node that it runs on. Null while it has none.
    #[tf(computed)]
    pub node: Value<String>,
    /// The zone of that node. Null where the node has none, and where nodes may not be read.
    #[tf(computed)]
    pub zone: Value<String>,
}

/// An instance of a component, as the operator notes it.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct MemberData {
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
        let instances = instances(&client, &namespace, &selector).await.map_err(failed)?;
        Ok(ClusterData { instances, ..show(config, &object, &services) })
    }
}

/// Label of a node with its zone.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

async fn instances(
    client: &Client,
    namespace: &str,
    selector: &str,
) -> Result<Value<Map<InstanceData>>, Error> {
    let Some(pods) = readable(client.list::<Pod>(Some(namespace), Some(selector)).await)? else {
        return Ok(Value::Null);
    };
    let workloads = client.list::<ReplicatedStateMachine>(Some(namespace), Some(selector)).await;
    let workloads = readable(workloads)?.unwrap_or_default();
    let mut zones = BTreeMap::new();
    for node in pods.iter().filter_map(node) {
        if zones.contains_key(node) {
            continue;
        }
        let Some(found) = readable(client.get_opt::<Node>(None, node).await)? else { break };
        let zone = found.and_then(|node| node.labels().get(ZONE_LABEL).cloned());
        zones.insert(node.to_owned(), zone);
    }
    Ok(Value::Known(show_instances(&pods, &workloads, &zones)))
}

fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|node| !node.is_empty())
}

fn show_instances(
    pods: &[Pod],
    workloads: &[ReplicatedStateMachine],
    zones: &BTreeMap<String, Option<String>>,
) -> Map<InstanceData> {
    let component = |labels: &BTreeMap<String, String>| labels.get(naming::COMPONENT_LABEL).cloned();
    // Pods of Jobs belong to the database and to no workload.
    let instances = pods.iter().filter(|pod| pod.labels().contains_key(naming::COMPONENT_LABEL)).map(|pod| {
        let own = component(pod.labels());
        let workload = workloads.iter().find(|workload| component(workload.labels()) == own);
        let facts = PodFacts::from(pod);
        let data = InstanceData {
            component: own.into(),
            role: role(pod).map(str::to_owned).into(),
            leader: Value::Known(Leading::declared(workload).is_leader(pod)),
            phase: Some(facts.phase).filter(|phase| !phase.is_empty()).into(),
            ready: Value::Known(facts.ready),
            node: node(pod).map(str::to_owned).into(),
            zone: node(pod).and_then(|node| zones.get(node)?.clone()).into(),
        };
        (facts.name, Value::Known(data))
    });
    instances.collect()
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
            status.into_iter().flat_map(|status| &status.members_status).filter_map(member).collect(),
        ),
    }
}

fn member(member: &RsmMember) -> Option<(String, Value<MemberData>)> {
    let role = member.role.as_ref();
    let data = MemberData {
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
        assert_eq!(shown.instances, Value::Null);
        assert_eq!(shown.endpoints.known().unwrap()["db"].known().unwrap().port, Value::Known(5432));
        assert_eq!(
            shown.credentials_secret.known().unwrap().name,
            Value::Known("orders-conn-credential".into())
        );
    }

    #[test]
    fn instances_are_shown_with_their_places_and_the_role_that_their_pods_have_now() {
        let pod =
            |name: &str, component: Option<&str>, role: Option<&str>, node: Option<&str>, ready: bool| {
                let labels =
                    json!({"apps.kubeblocks.io/component-name": component, "kubeblocks.io/role": role});
                let labels: BTreeMap<String, Option<String>> = serde_json::from_value(labels).unwrap();
                let labels: BTreeMap<String, String> =
                    labels.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                let ready = if ready { "True" } else { "False" };
                serde_json::from_value::<Pod>(json!({
                    "metadata": {"name": name, "labels": labels},
                    "spec": {"nodeName": node, "containers": []},
                    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
                }))
                .unwrap()
            };
        let workload: ReplicatedStateMachine = serde_json::from_value(json!({
            "metadata": {"name": "orders-db", "labels": {"apps.kubeblocks.io/component-name": "db"}},
            "spec": {"selector": {}, "template": {}, "roles": [{"name": "captain", "isLeader": true}, {"name": "sailor"}]},
        }))
        .unwrap();
        let pods = [
            pod("orders-db-0", Some("db"), Some("sailor"), Some("n1"), true),
            pod("orders-db-1", Some("db"), Some("captain"), Some("n2"), false),
            pod("orders-proxy-0", Some("proxy"), None, None, true),
            pod("backup-job", None, None, Some("n1"), false),
        ];
        let zones = BTreeMap::from([("n1".to_owned(), Some("z1".to_owned())), ("n2".to_owned(), None)]);
        let shown = show_instances(&pods, &[workload], &zones);
        let row = |name: &str| {
            let one = shown[name].known().unwrap();
            let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
            let flag = |value: &Value<bool>| value.known().copied().unwrap();
            let words = [&one.component, &one.role, &one.node, &one.zone].map(text).join(" ");
            (words, flag(&one.leader), flag(&one.ready))
        };
        assert_eq!(shown.len(), 3);
        assert_eq!(row("orders-db-0"), ("db sailor n1 z1".to_owned(), false, true));
        assert_eq!(row("orders-db-1"), ("db captain n2 ".to_owned(), true, false));
        assert_eq!(row("orders-proxy-0"), ("proxy   ".to_owned(), false, true));
    }
}
