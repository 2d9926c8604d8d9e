//! The attributes that the node pools of all clouds have, under the same names.

use kubeblocks_cloud::Nodes;
use tfplugin::TerraformSchema;
use tfplugin::Timeouts;
use tfplugin::typed::{Set, Value};

use super::open::Open;
use super::schema::{Autoscaling, Map, NodeTaint, SystemNodePool};
use super::state::nodes;
use crate::impact::PlannedImpact;

/// The attributes of every node pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommonPool {
    /// The cloud's identifier of the cluster.
    pub kubernetes_cluster_id: Value<String>,
    /// Its name.
    pub name: Value<String>,
    /// Types of machines.
    pub machine_types: Value<Vec<Value<String>>>,
    /// Number of nodes.
    pub size: Value<i64>,
    /// The least and the most nodes.
    pub autoscaling: Value<Autoscaling>,
    /// Size of each node's disk.
    pub disk_size_gib: Value<i64>,
    /// Kubernetes labels.
    pub labels: Value<Map<String>>,
    /// Kubernetes taints.
    pub taints: Value<Vec<Value<NodeTaint>>>,
    /// Whether the cloud may take the nodes away.
    pub spot: Value<bool>,
    /// Version of Kubernetes.
    pub kubernetes_version: Value<String>,
    /// Tags.
    pub tags: Value<Map<String>>,
    /// How long to wait.
    pub timeouts: Value<Timeouts>,
    /// The cloud's identifier.
    pub id: Value<String>,
    /// Which changes may happen although the guard holds them back.
    pub accept_impact: Value<Set<String>>,
    /// What the last change did.
    pub planned_impact: Value<PlannedImpact>,
}

impl CommonPool {
    /// What its nodes are to be. `machine_types` are those of the cloud when none is written.
    pub(crate) fn nodes(&self, machine_types: &[&str]) -> Nodes {
        nodes(&Value::Known(self.as_nodes()), machine_types)
    }

    /// What of it describes nodes, as the first nodes of a cluster are described.
    pub(crate) fn as_nodes(&self) -> SystemNodePool {
        SystemNodePool {
            machine_types: self.machine_types.clone(),
            size: self.size,
            autoscaling: self.autoscaling.clone(),
            disk_size_gib: self.disk_size_gib,
            labels: self.labels.clone(),
            taints: self.taints.clone(),
            spot: self.spot,
        }
    }

    /// What is the cloud's to choose.
    pub(crate) fn open_values(&mut self) -> Vec<&mut dyn Open> {
        vec![
            &mut self.id,
            &mut self.kubernetes_version,
            &mut self.machine_types,
            &mut self.disk_size_gib,
            &mut self.size,
        ]
    }

    /// Puts that back.
    pub(crate) fn set_nodes(&mut self, nodes: SystemNodePool) {
        // Without `..`: what is added there must be put back, too.
        let SystemNodePool { machine_types, size, autoscaling, disk_size_gib, labels, taints, spot } = nodes;
        self.machine_types = machine_types;
        self.size = size;
        self.autoscaling = autoscaling;
        self.disk_size_gib = disk_size_gib;
        self.labels = labels;
        self.taints = taints;
        self.spot = spot;
    }
}

/// A state that has them.
pub trait PoolState: TerraformSchema + PartialEq {
    /// A copy of the common attributes.
    fn common(&self) -> CommonPool;
    /// Puts them back.
    fn set_common(&mut self, common: CommonPool);
}

/// Declares the state of a cloud's node pools: the common attributes, and the cloud's own after them.
macro_rules! pool_state {
    ($(#[$meta:meta])* pub struct $state:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, tfplugin::TerraformSchema)]
        pub struct $state {
            /// The Kubernetes cluster: its `id`. Changing it makes a new pool.
            #[tf(required, requires_replace)]
            pub kubernetes_cluster_id: tfplugin::typed::Value<String>,
            /// Name of the pool, unique in the cluster. Changing it makes a new pool.
            #[tf(required, requires_replace)]
            pub name: tfplugin::typed::Value<String>,
            /// Types of machines that will do, the best first. Only EKS and ACK take more than one. Left out, a type with
            /// four CPUs and 16 GiB. Changing it makes a new pool.
            #[tf(optional, computed, requires_replace)]
            pub machine_types: tfplugin::typed::Value<Vec<tfplugin::typed::Value<String>>>,
            /// Number of nodes, over all zones. Left out, 3 when the pool is made. With `autoscaling` the number to begin
            /// with; later it is the autoscaler's and never shown as a difference.
            #[tf(optional, computed, validate = $crate::resources::managed::schema::not_negative, effect = ["in_place", "rolling_restart"])]
            pub size: tfplugin::typed::Value<i64>,
            /// Lets the cloud's autoscaler choose the number of nodes.
            #[tf(optional, effect = "in_place")]
            pub autoscaling: tfplugin::typed::Value<$crate::resources::managed::schema::Autoscaling>,
            /// Size of each node's disk in GiB. Left out, the cloud's default. Changing it makes a new pool.
            #[tf(optional, computed, requires_replace, validate = $crate::resources::managed::schema::disk_size)]
            pub disk_size_gib: tfplugin::typed::Value<i64>,
            /// Kubernetes labels of the nodes.
            #[tf(optional, effect = "in_place")]
            pub labels: tfplugin::typed::Value<$crate::resources::managed::schema::Map<String>>,
            /// Kubernetes taints of the nodes.
            #[tf(optional, effect = ["in_place", "rolling_restart"])]
            pub taints: tfplugin::typed::Value<Vec<tfplugin::typed::Value<$crate::resources::managed::schema::NodeTaint>>>,
            /// Whether the nodes are cheaper ones that the cloud may take away at any time. Default false. Changing it makes
            /// a new pool.
            #[tf(optional, requires_replace, default = false)]
            pub spot: tfplugin::typed::Value<bool>,
            /// Minor version of Kubernetes of the nodes, such as `1.34`. Left out, the cluster's when the pool is made; later
            /// it stays what it is. It goes up in place, node by node, and never above the cluster's.
            #[tf(optional, computed, validate = $crate::resources::managed::schema::minor_version, effect = ["rolling_restart", "refused"])]
            pub kubernetes_version: tfplugin::typed::Value<String>,
            /// Tags of the pool.
            #[tf(optional, effect = "in_place")]
            pub tags: tfplugin::typed::Value<$crate::resources::managed::schema::Map<String>>,
            /// How long to wait. Defaults: 60m each.
            #[tf(optional, effect = "in_place")]
            pub timeouts: tfplugin::typed::Value<tfplugin::Timeouts>,
            /// Which changes may happen although the provider's `guard` holds them back, such as `["rolling_restart"]`. A
            /// level includes those below it.
            #[tf(optional, effect = "in_place")]
            pub accept_impact: tfplugin::typed::Value<tfplugin::typed::Set<String>>,
            /// Identifier within the cluster.
            #[tf(computed)]
            pub id: tfplugin::typed::Value<String>,
            /// What the change does, at worst, to the databases on the nodes: known in the plan, and kept until the next
            /// change. What a destroy or a replacement takes away is not in it.
            #[tf(computed)]
            pub planned_impact: tfplugin::typed::Value<$crate::impact::PlannedImpact>,
            $($own)*
        }

        impl $crate::resources::managed::pool_schema::PoolState for $state {
            fn common(&self) -> $crate::resources::managed::pool_schema::CommonPool {
                $crate::resources::managed::pool_schema::CommonPool {
                    kubernetes_cluster_id: self.kubernetes_cluster_id.clone(),
                    name: self.name.clone(),
                    machine_types: self.machine_types.clone(),
                    size: self.size.clone(),
                    autoscaling: self.autoscaling.clone(),
                    disk_size_gib: self.disk_size_gib.clone(),
                    labels: self.labels.clone(),
                    taints: self.taints.clone(),
                    spot: self.spot.clone(),
                    kubernetes_version: self.kubernetes_version.clone(),
                    tags: self.tags.clone(),
                    timeouts: self.timeouts.clone(),
                    id: self.id.clone(),
                    accept_impact: self.accept_impact.clone(),
                    planned_impact: self.planned_impact.clone(),
                }
            }

            fn set_common(&mut self, common: $crate::resources::managed::pool_schema::CommonPool) {
                let $crate::resources::managed::pool_schema::CommonPool {
                    kubernetes_cluster_id,
                    name,
                    machine_types,
                    size,
                    autoscaling,
                    disk_size_gib,
                    labels,
                    taints,
                    spot,
                    kubernetes_version,
                    tags,
                    timeouts,
                    id,
                    accept_impact,
                    planned_impact,
                } = common;
                self.kubernetes_cluster_id = kubernetes_cluster_id;
                self.name = name;
                self.machine_types = machine_types;
                self.size = size;
                self.autoscaling = autoscaling;
                self.disk_size_gib = disk_size_gib;
                self.labels = labels;
                self.taints = taints;
                self.spot = spot;
                self.kubernetes_version = kubernetes_version;
                self.tags = tags;
                self.timeouts = timeouts;
                self.id = id;
                self.accept_impact = accept_impact;
                self.planned_impact = planned_impact;
            }
        }
    };
}
pub(crate) use pool_state;
