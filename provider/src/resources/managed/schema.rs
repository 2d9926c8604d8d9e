//! What all managed Kubernetes clusters and node pools have in common: the attributes under the same names everywhere,
//! and their checks. Declares only.

use tfplugin::TerraformSchema;
use tfplugin::Timeouts;
use tfplugin::typed::{Set, Value};

use super::open::{Open, of_nodes};
use crate::impact::PlannedImpact;
pub use crate::resources::cluster::schema::Map;

/// The way into a managed Kubernetes cluster. It holds no secret: the provider makes tokens and certificates when they
/// are needed.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ManagedConnection {
    /// URL of the Kubernetes API server.
    #[tf(computed)]
    pub endpoint: Value<String>,
    /// Certificate authority of the API server, in PEM.
    #[tf(computed)]
    pub ca_certificate: Value<String>,
    /// How to authenticate.
    #[tf(computed)]
    pub auth: Value<ManagedAuth>,
}

/// How to authenticate to a managed Kubernetes cluster: by its cloud.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ManagedAuth {
    /// The cloud's service: `eks`, `gke`, `aks` or `ack`.
    #[tf(computed)]
    pub method: Value<String>,
    /// The cloud's identifier of the cluster.
    #[tf(computed)]
    pub cluster: Value<String>,
    /// Region, where the identifier does not hold it.
    #[tf(computed)]
    pub region: Value<String>,
}

/// The nodes that a managed Kubernetes cluster is made with. More of them, and other ones, are node pools of their own.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct SystemNodePool {
    /// Types of machines that will do, the best first. Only EKS and ACK take more than one. Left out, a type with four
    /// CPUs and 16 GiB, on which the operator and small databases run. It cannot be changed later: add a node pool.
    #[tf(optional, computed, effect = "refused")]
    pub machine_types: Value<Vec<Value<String>>>,
    /// Number of nodes, over all zones. Left out, 3 when the cluster is made. With `autoscaling` the number to begin with;
    /// later it is the autoscaler's and never shown as a difference.
    #[tf(optional, computed, validate = at_least_one, effect = ["in_place", "rolling_restart"])]
    pub size: Value<i64>,
    /// Lets the cloud's autoscaler choose the number of nodes.
    #[tf(optional, effect = "in_place")]
    pub autoscaling: Value<Autoscaling>,
    /// Size of each node's disk in GiB. Left out, the cloud's default. It cannot be changed later.
    #[tf(optional, computed, validate = disk_size, effect = "refused")]
    pub disk_size_gib: Value<i64>,
    /// Kubernetes labels of the nodes.
    #[tf(optional, effect = "in_place")]
    pub labels: Value<Map<String>>,
    /// Kubernetes taints of the nodes.
    #[tf(optional, effect = ["in_place", "rolling_restart"])]
    pub taints: Value<Vec<Value<NodeTaint>>>,
    /// Whether the nodes are cheaper ones that the cloud may take away at any time. Default false. It cannot be changed
    /// later. Databases on them lose instances without warning.
    #[tf(optional, default = false, effect = "refused")]
    pub spot: Value<bool>,
}

/// The least and the most nodes of a pool.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Autoscaling {
    /// The least number of nodes, over all zones.
    #[tf(required, validate = not_negative)]
    pub min: Value<i64>,
    /// The most nodes, over all zones. Fewer than there are takes nodes away.
    #[tf(required, validate = at_least_one, effect = ["in_place", "rolling_restart"])]
    pub max: Value<i64>,
}

/// A taint of nodes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct NodeTaint {
    /// Its key.
    #[tf(required)]
    pub key: Value<String>,
    /// Its value.
    #[tf(optional)]
    pub value: Value<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    #[tf(required, validate = taint_effect)]
    pub effect: Value<String>,
}

/// An object of the cloud that was made for a Kubernetes cluster, and that a destroy removes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct CreatedResource {
    /// What it is for: `vpc`, `public_subnet_0`, `node_role`.
    #[tf(computed)]
    pub part: Value<String>,
    /// What it is, in the cloud's words.
    #[tf(computed)]
    pub kind: Value<String>,
    /// The cloud's identifier.
    #[tf(computed)]
    pub id: Value<String>,
}

/// The attributes of every managed Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Common {
    /// Its name.
    pub name: Value<String>,
    /// Version of Kubernetes, such as `1.34`.
    pub kubernetes_version: Value<String>,
    /// Its first nodes.
    pub system_node_pool: Value<SystemNodePool>,
    /// Whether a destroy is refused.
    pub deletion_protection: Value<bool>,
    /// Tags, or labels where the cloud calls them so.
    pub tags: Value<Map<String>>,
    /// How long to wait.
    pub timeouts: Value<Timeouts>,
    /// The cloud's identifier.
    pub id: Value<String>,
    /// The way into it.
    pub kubernetes: Value<ManagedConnection>,
    /// The cloud's own version of what it runs.
    pub platform_version: Value<String>,
    /// URL of the issuer of its service accounts' tokens.
    pub oidc_issuer: Value<String>,
    /// What was made in the cloud.
    pub created_resources: Value<Vec<Value<CreatedResource>>>,
    /// Which changes may happen although the guard holds them back.
    pub accept_impact: Value<Set<String>>,
    /// What the last change did.
    pub planned_impact: Value<PlannedImpact>,
}

impl Common {
    /// What is the cloud's to choose.
    pub(crate) fn open_values(&mut self) -> Vec<&mut dyn Open> {
        let mut values: Vec<&mut dyn Open> = vec![
            &mut self.id,
            &mut self.kubernetes,
            &mut self.platform_version,
            &mut self.oidc_issuer,
            &mut self.kubernetes_version,
            &mut self.created_resources,
        ];
        values.extend(of_nodes(&mut self.system_node_pool));
        values
    }
}

/// A state that has them.
pub trait ClusterState: TerraformSchema + PartialEq {
    /// A copy of the common attributes.
    fn common(&self) -> Common;
    /// Puts them back.
    fn set_common(&mut self, common: Common);
}

/// Implements [`ClusterState`] for a struct with fields of these names.
macro_rules! cluster_state {
    ($state:ty) => {
        impl $crate::resources::managed::schema::ClusterState for $state {
            fn common(&self) -> $crate::resources::managed::schema::Common {
                $crate::resources::managed::schema::Common {
                    name: self.name.clone(),
                    kubernetes_version: self.kubernetes_version.clone(),
                    system_node_pool: self.system_node_pool.clone(),
                    deletion_protection: self.deletion_protection.clone(),
                    tags: self.tags.clone(),
                    timeouts: self.timeouts.clone(),
                    id: self.id.clone(),
                    kubernetes: self.kubernetes.clone(),
                    platform_version: self.platform_version.clone(),
                    oidc_issuer: self.oidc_issuer.clone(),
                    created_resources: self.created_resources.clone(),
                    accept_impact: self.accept_impact.clone(),
                    planned_impact: self.planned_impact.clone(),
                }
            }

            fn set_common(&mut self, common: $crate::resources::managed::schema::Common) {
                // Without `..`: an attribute that is added to the common ones must be put back, too.
                let $crate::resources::managed::schema::Common {
                    name,
                    kubernetes_version,
                    system_node_pool,
                    deletion_protection,
                    tags,
                    timeouts,
                    id,
                    kubernetes,
                    platform_version,
                    oidc_issuer,
                    created_resources,
                    accept_impact,
                    planned_impact,
                } = common;
                self.name = name;
                self.kubernetes_version = kubernetes_version;
                self.system_node_pool = system_node_pool;
                self.deletion_protection = deletion_protection;
                self.tags = tags;
                self.timeouts = timeouts;
                self.id = id;
                self.kubernetes = kubernetes;
                self.platform_version = platform_version;
                self.oidc_issuer = oidc_issuer;
                self.created_resources = created_resources;
                self.accept_impact = accept_impact;
                self.planned_impact = planned_impact;
            }
        }
    };
}
pub(crate) use cluster_state;

/// Versions are minor versions: the cloud chooses the patch.
pub(crate) fn minor_version(text: &str) -> Result<(), String> {
    if super::rules::minor(text).is_some() {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a minor version of Kubernetes. Write it such as \"1.34\"; the cloud chooses the patch."
    ))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the schema hands over references
pub(crate) fn at_least_one(number: &i64) -> Result<(), String> {
    if *number >= 1 { Ok(()) } else { Err(format!("{number} is less than 1.")) }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as above
pub(crate) fn not_negative(number: &i64) -> Result<(), String> {
    if *number >= 0 { Ok(()) } else { Err(format!("{number} is less than 0.")) }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as above
/// What a node's system and images need; clouds refuse less in their own ways.
pub(crate) fn disk_size(gib: &i64) -> Result<(), String> {
    if *gib >= 20 {
        return Ok(());
    }
    Err(format!("{gib} GiB is too small for a node's system and images. Use at least 20."))
}

pub(crate) fn taint_effect(text: &str) -> Result<(), String> {
    if ["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&text) {
        return Ok(());
    }
    Err(format!("{text:?} is not an effect. Use \"NoSchedule\", \"PreferNoSchedule\" or \"NoExecute\"."))
}
