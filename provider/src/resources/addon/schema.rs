//! The schema of `kubeblocks_addon`: what a practitioner writes, what a plan shows, what state holds. Doc comments are
//! the documentation. Declares only; decides nothing.

use tfplugin::raw::RawValue;
use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use super::values::same_values;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::cluster::equality::{same_quantities, same_quantity};
pub use crate::resources::cluster::schema::{Map, Toleration};

/// A list of names.
pub type Names = Vec<Value<String>>;

/// An add-on of the KubeBlocks operator: a database engine, or a tool such as a monitoring stack, whose Helm chart the
/// operator installs.
///
/// Creating it enables the add-on and waits until its chart is installed and every `ClusterDefinition` and
/// `ClusterVersion` that came with it can be used. It takes over an add-on that the operator has enabled by itself. An
/// installation that failed earlier is tried again, once in each apply.
///
/// Only what is written here is set; what is left out stays as the operator's defaults have it. Disabling and
/// destroying are refused while databases use what the add-on has installed. A destroy leaves the add-on of the operator
/// disabled, and so keeps one that the operator would enable by itself from coming back.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AddonState {
    /// The Kubernetes cluster that the operator runs in. Left out, the one of the provider block; it then stays null
    /// here. Take it from the resource that makes the Kubernetes cluster, and both can be created by the same apply.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Name of the add-on, such as `redis`, `postgresql` or `apecloud-mysql`: the name of an `Addon` object of the
    /// operator, or, with `chart`, a name of your choice. Changing it disables the one and enables the other.
    #[tf(required, requires_replace)]
    pub name: Value<String>,
    /// Whether the add-on is installed. Default true. Setting it to false uninstalls its chart.
    #[tf(optional, default = true, effect = "in_place")]
    pub enabled: Value<bool>,
    /// Number of instances of what the chart runs. Engines run nothing themselves and ignore it.
    #[tf(optional, effect = "in_place")]
    pub replicas: Value<i64>,
    /// Storage class of the volumes of what the chart runs. `-` takes the default class of the Kubernetes cluster.
    #[tf(optional, effect = "in_place")]
    pub storage_class: Value<String>,
    /// CPU, memory and storage of what the chart runs.
    #[tf(optional, effect = "in_place")]
    pub resources: Value<Resources>,
    /// Taints of nodes that what the chart runs accepts.
    #[tf(optional, effect = "in_place")]
    pub tolerations: Value<Vec<Value<Toleration>>>,
    /// Whether what the chart runs keeps its data on volumes.
    #[tf(optional, effect = "in_place")]
    pub persistent: Value<bool>,
    /// The same for further parts of the chart, under the names that the add-on gives them, such as `alertmanager` of
    /// `prometheus`.
    #[tf(optional, effect = "in_place")]
    pub extras: Value<Map<Settings>>,
    /// More values for the chart, as an object in the shape of the chart's own values. They go before the values that
    /// the add-on brings, are merged with them key by key, and null takes a default of the chart away. They become
    /// options of the operator's `helm` command, which everybody can read who may read pods: do not write secrets here.
    #[tf(optional, semantic_equal = same_values, effect = "in_place")]
    pub values: Value<RawValue>,
    /// A chart of your own, or one that the operator has no add-on for, such as those of `etcd`, `openldap` and
    /// `official-postgresql`. The add-on is then made by this resource, and removed by its destroy.
    #[tf(optional, effect = ["in_place", "replace"])]
    pub chart: Value<Chart>,
    /// How long to wait. Defaults: `create` 15m, `update` 15m, `delete` 10m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Names of the `ClusterDefinition`s that the add-on has installed, sorted: what `definition` of a
    /// `kubeblocks_cluster` can be.
    #[tf(computed)]
    pub cluster_definitions: Value<Names>,
    /// Names of the `ClusterVersion`s that the add-on has installed, sorted.
    #[tf(computed)]
    pub cluster_versions: Value<Names>,
}

/// Settings of one part of a chart.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Settings {
    /// Number of instances.
    #[tf(optional)]
    pub replicas: Value<i64>,
    /// Storage class of the volumes. `-` takes the default class of the Kubernetes cluster.
    #[tf(optional)]
    pub storage_class: Value<String>,
    /// CPU, memory and storage.
    #[tf(optional)]
    pub resources: Value<Resources>,
    /// Taints of nodes that the instances accept.
    #[tf(optional)]
    pub tolerations: Value<Vec<Value<Toleration>>>,
    /// Whether the data is kept on volumes.
    #[tf(optional)]
    pub persistent: Value<bool>,
}

/// CPU, memory and storage: either `cpu` and `memory`, or `requests` and `limits`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Resources {
    /// CPU that is reserved and also the most that is used, such as `"1"` or `"500m"`.
    #[tf(optional, semantic_equal = same_quantity)]
    pub cpu: Value<String>,
    /// Memory that is reserved and also the most that is used, such as `"2Gi"`.
    #[tf(optional, semantic_equal = same_quantity)]
    pub memory: Value<String>,
    /// What is reserved: `cpu` and `memory` as quantities, and the size of the volumes as `storage`. CPU and memory that
    /// are only limited are reserved up to their limit.
    #[tf(optional, semantic_equal = same_quantities)]
    pub requests: Value<Map<String>>,
    /// The most that is used: `cpu` and `memory` as quantities.
    #[tf(optional, semantic_equal = same_quantities)]
    pub limits: Value<Map<String>>,
}

/// Where a chart is.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Chart {
    /// `oci://registry/path/chart`, `https://host/path/chart-1.2.3.tgz`, or `file://chart-1.2.3.tgz` for a file in
    /// `image`. The operator gets it, not this provider.
    #[tf(required, effect = "in_place")]
    pub url: Value<String>,
    /// Version of the chart, with `oci://`. Left out, the newest one at the time of the installation.
    #[tf(optional, effect = "in_place")]
    pub version: Value<String>,
    /// Image that holds the charts, with `file://`, such as `docker.io/apecloud/kubeblocks-charts:0.7.5`.
    #[tf(optional, effect = "in_place")]
    pub image: Value<String>,
    /// Folder of the charts in `image`. Left out, `/charts`.
    #[tf(optional, effect = "in_place")]
    pub path_in_image: Value<String>,
}

/// What tells one add-on from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AddonIdentity {
    /// Name of the add-on.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl AddonState {
    /// The settings of the chart's main part.
    pub fn settings(&self) -> Settings {
        Settings {
            replicas: self.replicas,
            storage_class: self.storage_class.clone(),
            resources: self.resources.clone(),
            tolerations: self.tolerations.clone(),
            persistent: self.persistent,
        }
    }

    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// Whether it is to be installed; an unknown counts as yes.
    pub fn is_enabled(&self) -> bool {
        self.enabled != Value::Known(false)
    }
}
