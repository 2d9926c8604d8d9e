//! Which pod is asked: the one that takes writes, once it is ready.

use k8s_openapi::api::core::v1::Pod;
use kubeblocks_schemas::v1alpha1::{Cluster, ComponentPhase};

use crate::kubeblocks::operation::roles::{Leading, pods_of};
use crate::kubernetes::exec::Container;
use crate::kubernetes::{Client, Error};

/// Name of the port that lorry listens on; the number differs where the engine uses it itself.
const PORT: &str = "lorry-http-port";

/// Where lorry listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its container.
    pub container: Container,
    /// Its port.
    pub port: i32,
}

/// Whether a component can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Here.
    Ready(Instance),
    /// Not yet, because of this.
    Later(String),
    /// Not as it is, because of this.
    Never(String),
}

/// Looks for the instance.
pub async fn find(client: &Client, cluster: &Cluster, component: &str) -> Result<Standing, Error> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let (namespace, name) = (part(&cluster.metadata.namespace), part(&cluster.metadata.name));
    let leading = Leading::find(client, &namespace, &name, component).await?;
    let pods = client.list::<Pod>(Some(&namespace), Some(&pods_of(&name, component))).await?;
    Ok(judge(cluster, component, &leading, &pods))
}

fn judge(cluster: &Cluster, component: &str, leading: &Leading, pods: &[Pod]) -> Standing {
    let status = cluster.status.as_ref();
    let phase = status
        .and_then(|status| status.components.get(component)?.phase.clone())
        .or_else(|| status.and_then(|status| status.phase.clone()));
    let wanted = cluster.spec.component_specs.iter().find(|spec| spec.name == component);
    if cluster.metadata.deletion_timestamp.is_some() {
        return Standing::Never("it is being deleted".to_owned());
    }
    if wanted.is_some_and(|spec| spec.replicas == Some(0))
        || matches!(phase, Some(ComponentPhase::Stopping | ComponentPhase::Stopped))
    {
        return Standing::Never("it is stopped".to_owned());
    }
    let phase = phase.map_or_else(|| "without a phase".to_owned(), |phase| phase.to_string());
    let Some(leader) = leading.leader(pods) else {
        return Standing::Later(format!("component {component:?} is {phase}, and no pod of it leads"));
    };
    let pod = leader.metadata.name.clone().unwrap_or_default();
    if leader.metadata.deletion_timestamp.is_some() || !is_ready(leader) {
        return Standing::Later(format!(
            "component {component:?} is {phase}, and pod {pod}, which leads, is not ready"
        ));
    }
    let mut containers = leader.spec.iter().flat_map(|spec| &spec.containers);
    let listening = containers.find_map(|container| {
        let mut ports = container.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref() == Some(PORT))?;
        Some((container.name.clone(), port.container_port))
    });
    let Some((name, port)) = listening else {
        return Standing::Never(format!("pod {pod} has no container with a port {PORT:?}"));
    };
    let namespace = leader.metadata.namespace.clone().unwrap_or_default();
    Standing::Ready(Instance { container: Container { namespace, pod, name }, port })
}

fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cluster(phase: &str, replicas: i32) -> Cluster {
        serde_json::from_value(json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {"clusterDefinitionRef": "postgresql", "terminationPolicy": "Delete",
                "componentSpecs": [{"name": "db", "componentDefRef": "postgresql", "replicas": replicas}]},
            "status": {"phase": "Abnormal", "components": {"db": {"phase": phase}}},
        }))
        .unwrap()
    }

    fn pod(number: u8, role: &str, ready: &str, containers: &Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": format!("orders-db-{number}"), "namespace": "shop", "labels": {"kubeblocks.io/role": role}},
            "spec": {"containers": containers},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap()
    }

    #[test]
    fn the_pod_that_leads_is_asked_at_the_port_of_its_helper() {
        let both = json!([
            {"name": "db", "ports": [{"name": "tcp", "containerPort": 3501}]},
            {"name": "kb-checkrole", "ports": [{"name": "lorry-http-port", "containerPort": 3502}]},
        ]);
        let pods = |roles: [&str; 2], ready: &str| {
            vec![pod(0, roles[0], ready, &both), pod(1, roles[1], ready, &both)]
        };
        let alone = vec![pod(0, "primary", "True", &json!([{"name": "db"}]))];
        let led = pods(["secondary", "primary"], "True");
        for (cluster, pods, expected) in [
            (cluster("Running", 2), led.clone(), Ok("orders-db-1")),
            (cluster("Updating", 2), led.clone(), Ok("orders-db-1")),
            (cluster("Stopped", 2), led.clone(), Err((true, "is stopped"))),
            (cluster("Stopping", 2), led.clone(), Err((true, "is stopped"))),
            (cluster("Running", 0), led, Err((true, "is stopped"))),
            (
                cluster("Creating", 2),
                pods(["", ""], "True"),
                Err((false, "is Creating, and no pod of it leads")),
            ),
            (
                cluster("Failed", 2),
                pods(["primary", ""], "False"),
                Err((false, "orders-db-0, which leads, is not ready")),
            ),
            (cluster("Running", 2), alone, Err((true, "no container with a port"))),
        ] {
            match (judge(&cluster, "db", &Leading::default(), &pods), expected) {
                (Standing::Ready(found), Ok(pod)) => {
                    let container = Container {
                        namespace: "shop".to_owned(),
                        pod: pod.to_owned(),
                        name: "kb-checkrole".to_owned(),
                    };
                    assert_eq!(found, Instance { container, port: 3502 });
                }
                (Standing::Never(why), Err((true, part))) | (Standing::Later(why), Err((false, part))) => {
                    assert!(why.contains(part), "{why}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
