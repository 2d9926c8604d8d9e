//! Whether a switchover can be made. What the operator cannot do it tries again for ever, with the database locked.

use k8s_openapi::api::core::v1::Pod;
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterDefinition, ComponentSpec};

use super::build::ANY;
use super::checks::{definition, definition_of};
use super::error::{About, OperationError, Refusal};
use super::lock::display;
use super::roles::{Leading, name, pods_of, role};
use crate::kubernetes::Client;

/// Whether the engine can.
pub(super) async fn possible(
    client: &Client,
    cluster: &Cluster,
    component: &ComponentSpec,
    instance: Option<&str>,
) -> Result<(), OperationError> {
    let Some(definition) = definition(client, cluster).await? else { return Ok(()) };
    Ok(engine(&definition, component, instance.filter(|instance| *instance != ANY))?)
}

/// Whether somebody can take over now. Returns the pod that leads.
pub(super) async fn check(
    client: &Client,
    cluster: &Cluster,
    component: &ComponentSpec,
    instance: Option<&str>,
) -> Result<String, OperationError> {
    let instance = instance.filter(|instance| *instance != ANY);
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let (namespace, cluster_name) = (part(&cluster.metadata.namespace), part(&cluster.metadata.name));
    let leading = Leading::of(client, &namespace, &cluster_name, &component.name).await?;
    let labels = pods_of(&cluster_name, &component.name);
    let pods = client.list::<Pod>(Some(&namespace), Some(&labels)).await.map_err(OperationError::api)?;
    Ok(candidates(cluster, component, &pods, &leading, instance)?)
}

fn engine(
    definition: &ClusterDefinition,
    component: &ComponentSpec,
    instance: Option<&str>,
) -> Result<(), Refusal> {
    let engine = definition.metadata.name.as_deref().unwrap_or_default();
    let known = definition_of(definition, component);
    let spec = known.and_then(|known| known.switchover_spec.as_ref());
    let can = spec.is_some_and(|spec| match instance {
        Some(_) => spec.with_candidate.is_some(),
        None => spec.without_candidate.is_some(),
    });
    let refuse = |reason: String| Err(Refusal::for_good(About::Component(0), reason));
    if spec.is_none() {
        let able: Vec<&str> = definition
            .spec
            .component_defs
            .iter()
            .filter(|known| known.switchover_spec.is_some())
            .map(|known| known.name.as_str())
            .collect();
        let hint = if able.is_empty() {
            format!("No component of the engine {engine} has one.")
        } else {
            format!("In the engine {engine} these have one: {}.", able.join(", "))
        };
        return refuse(format!(
            "Component {:?} (definition {}) has no switchover. {hint} KubeBlocks would try for ever.",
            component.name, component.component_def_ref
        ));
    }
    if !can {
        let (cannot, instead) = if instance.is_some() {
            ("to a pod of your choice", "leave `instance` out")
        } else {
            ("to any pod", "name the pod in `instance`")
        };
        return refuse(format!(
            "Component {:?} of the engine {engine} has no switchover {cannot}; {instead}.",
            component.name
        ));
    }
    if component.name != component.component_def_ref {
        return refuse(format!(
            "Component {:?} is not named like its definition {:?}. KubeBlocks 0.7 looks the definition of a switchover up by the name of the component, so it would try for ever. Only a component that is named like its definition can have a switchover; a component cannot be renamed.",
            component.name, component.component_def_ref
        ));
    }
    Ok(())
}

/// Whether there is somebody to take over. Returns who leads now.
fn candidates(
    cluster: &Cluster,
    component: &ComponentSpec,
    pods: &[Pod],
    leading: &Leading,
    instance: Option<&str>,
) -> Result<String, Refusal> {
    let refuse = |about: About, reason: String| Err(Refusal::new(about, reason));
    let whose = format!("component {:?} of {}", component.name, display(cluster));
    let Some(leader) = leading.leader(pods).map(name) else {
        return refuse(
            About::Component(0),
            format!(
                "No pod of {whose} leads at the moment, so there is no role to move. Wait until it is healthy."
            ),
        );
    };
    let listed = || {
        let line = |pod: &Pod| format!("{} ({})", name(pod), role(pod).unwrap_or("without a role"));
        pods.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    match instance {
        Some(wanted) => {
            let Some(pod) = pods.iter().find(|pod| name(pod) == wanted) else {
                return refuse(
                    About::Instance,
                    format!("Pod {wanted:?} does not belong to {whose}; it has {}.", listed()),
                );
            };
            if wanted == leader {
                return refuse(
                    About::Instance,
                    format!("Pod {wanted:?} leads {whose} already. Name another one: {}.", listed()),
                );
            }
            if role(pod).is_none() {
                return refuse(
                    About::Instance,
                    format!(
                        "Pod {wanted:?} of {whose} has no role, so it cannot take over. Wait until it is healthy."
                    ),
                );
            }
        }
        None if !pods.iter().any(|pod| name(pod) != leader && role(pod).is_some()) => {
            return refuse(
                About::Component(0),
                format!(
                    "No other pod of {whose} could take over: it has {}. It needs two instances or more.",
                    listed()
                ),
            );
        }
        None => {}
    }
    Ok(leader.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubeblocks::operation::test_support::{cluster, pod, typed};

    #[test]
    fn an_engine_without_it_and_a_component_of_another_name_are_refused() {
        let both = json!({"withCandidate": {}, "withoutCandidate": {}});
        for (spec, component, instance, expected) in [
            (both.clone(), ("redis", "redis"), None, None),
            (both.clone(), ("redis", "redis"), Some("orders-redis-1"), None),
            (both, ("db", "redis"), None, Some("not named like")),
            (json!(null), ("redis", "redis"), None, Some("has no switchover")),
            (json!({"withCandidate": {}}), ("redis", "redis"), None, Some("name the pod")),
            (
                json!({"withoutCandidate": {}}),
                ("redis", "redis"),
                Some("orders-redis-1"),
                Some("leave `instance` out"),
            ),
        ] {
            let definition: ClusterDefinition = typed(&json!({
                "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterDefinition",
                "metadata": {"name": "redis"},
                "spec": {"componentDefs": [{"name": "redis", "workloadType": "Replication", "switchoverSpec": spec}]},
            }));
            let component = ComponentSpec {
                name: component.0.to_owned(),
                component_def_ref: component.1.to_owned(),
                ..ComponentSpec::default()
            };
            let found = engine(&definition, &component, instance).err().map(|refusal| refusal.reason);
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }

    #[test]
    fn somebody_must_lead_and_somebody_else_be_able_to() {
        for (roles, instance, expected) in [
            (["primary", "secondary"], None, None),
            (["primary", "secondary"], Some("orders-redis-1"), None),
            (["primary", "secondary"], Some("orders-redis-0"), Some((About::Instance, "leads"))),
            (["primary", "secondary"], Some("orders-redis-7"), Some((About::Instance, "does not belong"))),
            (["primary", ""], Some("orders-redis-1"), Some((About::Instance, "no role"))),
            (["primary", ""], None, Some((About::Component(0), "could take over"))),
            (["secondary", "secondary"], None, Some((About::Component(0), "leads at the moment"))),
        ] {
            let pods: Vec<Pod> =
                roles.into_iter().enumerate().map(|(number, role)| typed(&pod(number, role))).collect();
            let cluster: Cluster = typed(&cluster("Running"));
            let component = &cluster.spec.component_specs[0];
            let leading = Leading::default();
            let found = candidates(&cluster, component, &pods, &leading, instance);
            match (found, expected) {
                (Ok(leader), None) => assert_eq!(leader, "orders-redis-0"),
                (Err(refusal), Some((about, text))) => {
                    assert_eq!(refusal.about, about);
                    assert!(refusal.reason.contains(text), "{}", refusal.reason);
                }
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }
}
