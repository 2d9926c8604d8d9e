//! Who leads a component, as the labels of its pods say. Pure but for the reads that bring them.

use k8s_openapi::api::core::v1::Pod;
use kubeblocks_schemas::v1alpha1::ReplicatedStateMachine;

use super::error::OperationError;
use crate::kubeblocks::naming::{CLUSTER_LABEL, COMPONENT_LABEL, ROLE_LABEL, workload};
use crate::kubernetes::{Client, Error};

/// Names of leading roles in the engines that KubeBlocks ships, for who may not read the workload.
const LEADING: [&str; 3] = ["leader", "primary", "master"];

/// Selector of the pods of a component.
pub(crate) fn pods_of(cluster: &str, component: &str) -> String {
    format!("{CLUSTER_LABEL}={cluster},{COMPONENT_LABEL}={component}")
}

/// The role of a pod.
pub(crate) fn role(pod: &Pod) -> Option<&str> {
    let role = pod.metadata.labels.as_ref()?.get(ROLE_LABEL)?;
    Some(role.as_str()).filter(|role| !role.is_empty())
}

/// The name of a pod.
pub(super) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// Names of the roles that lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leading(Vec<String>);

/// Those of the engines that KubeBlocks ships.
impl Default for Leading {
    fn default() -> Self {
        Self(LEADING.map(str::to_owned).to_vec())
    }
}

impl Leading {
    /// Those of a component.
    pub(super) async fn of(
        client: &Client,
        namespace: &str,
        cluster: &str,
        component: &str,
    ) -> Result<Self, OperationError> {
        Self::find(client, namespace, cluster, component).await.map_err(OperationError::api)
    }

    /// The same, for who asks for no operation.
    pub(crate) async fn find(
        client: &Client,
        namespace: &str,
        cluster: &str,
        component: &str,
    ) -> Result<Self, Error> {
        let name = workload(cluster, component);
        match client.get_opt::<ReplicatedStateMachine>(Some(namespace), &name).await {
            Ok(found) => Ok(Self::declared(found.as_ref())),
            Err(Error::Forbidden { .. }) => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Those that a workload declares.
    pub(crate) fn declared(workload: Option<&ReplicatedStateMachine>) -> Self {
        let roles = workload.map(|workload| workload.spec.roles.as_slice()).unwrap_or_default();
        let leading: Vec<String> = roles
            .iter()
            .filter(|role| role.is_leader == Some(true))
            .filter_map(|role| role.name.clone())
            .collect();
        if leading.is_empty() { Self::default() } else { Self(leading) }
    }

    /// The pod that leads.
    pub(crate) fn leader<'a>(&self, pods: &'a [Pod]) -> Option<&'a Pod> {
        pods.iter().find(|pod| self.is_leader(pod))
    }

    /// Whether a pod has a role that leads.
    pub(crate) fn is_leader(&self, pod: &Pod) -> bool {
        role(pod).is_some_and(|role| self.0.iter().any(|one| one == role))
    }
}

/// What the roles are to be after a switchover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) leading: Leading,
    /// Who is to lead; anybody but `before` when absent.
    pub(super) wanted: Option<String>,
    /// Who led.
    pub(super) before: Option<String>,
}

impl Goal {
    /// Who leads, if that is what was wanted and every pod has found its role.
    pub(super) fn reached<'a>(&self, pods: &'a [Pod]) -> Option<&'a str> {
        let leader = name(self.leading.leader(pods)?);
        let is_wanted = match (&self.wanted, &self.before) {
            (Some(wanted), _) => wanted == leader,
            (None, Some(before)) => before != leader,
            // Nobody knows who led, so nobody knows whether another one does.
            (None, None) => false,
        };
        let all = pods
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none())
            .all(|pod| role(pod).is_some());
        (is_wanted && all).then_some(leader)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubeblocks::operation::test_support::{pod, typed};

    fn pods(roles: [&str; 2]) -> Vec<Pod> {
        roles.into_iter().enumerate().map(|(number, role)| typed(&pod(number, role))).collect()
    }

    fn goal(wanted: Option<&str>, before: Option<&str>) -> Goal {
        Goal {
            leading: Leading(vec!["primary".to_owned()]),
            wanted: wanted.map(str::to_owned),
            before: before.map(str::to_owned),
        }
    }

    #[test]
    fn a_switchover_is_done_when_the_wanted_pod_leads_and_the_others_have_found_their_roles() {
        for (wanted, before, roles, expected) in [
            (Some("orders-redis-1"), None, ["secondary", "primary"], Some("orders-redis-1")),
            (Some("orders-redis-1"), None, ["primary", "secondary"], None),
            (Some("orders-redis-1"), None, ["", "primary"], None),
            (None, Some("orders-redis-0"), ["secondary", "primary"], Some("orders-redis-1")),
            (None, Some("orders-redis-0"), ["primary", "secondary"], None),
            (None, Some("orders-redis-0"), ["secondary", "secondary"], None),
            (None, None, ["secondary", "primary"], None),
        ] {
            assert_eq!(
                goal(wanted, before).reached(&pods(roles)),
                expected,
                "{wanted:?} {before:?} {roles:?}"
            );
        }
    }

    #[test]
    fn the_leading_role_is_what_the_workload_declares() {
        let workload: ReplicatedStateMachine = typed(&json!({
            "apiVersion": "workloads.kubeblocks.io/v1alpha1", "kind": "ReplicatedStateMachine",
            "metadata": {"name": "orders-redis"},
            "spec": {"selector": {}, "template": {}, "roles": [{"name": "captain", "isLeader": true}, {"name": "sailor"}]},
        }));
        let declared = Leading::declared(Some(&workload));
        assert!(declared.leader(&pods(["captain", "sailor"])).is_some());
        assert!(declared.leader(&pods(["primary", "sailor"])).is_none());
        assert!(Leading::declared(None).leader(&pods(["primary", "secondary"])).is_some());
    }
}
