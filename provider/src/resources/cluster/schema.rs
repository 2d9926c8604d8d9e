//! The schema of `kubeblocks_cluster`: what a practitioner writes, what a plan shows, what state holds. Doc comments are
//! the documentation. Declares only; decides nothing.

use std::collections::BTreeMap;

use tfplugin::typed::{Set, Value};
use tfplugin::{TerraformSchema, Timeouts};

use super::equality::{same_quantities, same_quantity, same_retention};
use super::service_references::ServiceReference;
use crate::impact::PlannedImpact;
use crate::kubernetes_attribute::KubernetesConnection;

/// A map attribute whose elements may be unknown.
pub type Map<T> = BTreeMap<String, Value<T>>;

/// A database cluster, run by the KubeBlocks operator.
///
/// Creating it waits until every component runs. A change of resources, version, replicas or volume sizes is made in
/// place, instance by instance, and waited for as well. What the operator, or anybody else, sets on the object and is not
/// written here stays theirs and is never shown as a difference.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterState {
    /// The Kubernetes cluster to run in. Left out, the one of the provider block. Take it from the resource that makes
    /// the Kubernetes cluster or installs the operator, and both can be created by the same apply. Another `endpoint`
    /// replaces the database, unless the same one is found there.
    #[tf(optional, effect = ["in_place", "replace"])]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace, which must exist. Changing it creates a new database.
    #[tf(required, requires_replace)]
    pub namespace: Value<String>,
    /// Name of the database, unique in its namespace: at most 15 lower-case letters, digits and `-`. Changing it creates
    /// a new database.
    #[tf(required, requires_replace)]
    pub name: Value<String>,
    /// Which engine: the name of a `ClusterDefinition`, such as `postgresql`, `redis`, `apecloud-mysql` or `kafka`.
    /// Add-ons install them. Changing it creates a new database.
    #[tf(required, requires_replace)]
    pub definition: Value<String>,
    /// Which version of the engine: the name of a `ClusterVersion` of `definition`, such as `postgresql-14.8.0`. Changing
    /// it upgrades in place and restarts every instance.
    #[tf(required, effect = "rolling_restart")]
    pub version: Value<String>,
    /// What a destroy removes. `DoNotTerminate` refuses to be destroyed. `Halt` removes the instances and keeps volumes
    /// and Secrets, from which a cluster of the same name and shape comes back. `Delete` removes the volumes too and keeps
    /// backups. `WipeOut` removes backups as well.
    #[tf(required, effect = "in_place")]
    pub termination_policy: Value<String>,
    /// Whether the database runs. Default true. `false` stops every instance; volumes, Services and `replicas` stay, and
    /// `true` starts them again. A stop or a start by `kbcli` or an action is shown by the next plan, which goes back to
    /// what is written here.
    #[tf(optional, default = true, effect = ["in_place", "downtime"])]
    pub running: Value<bool>,
    /// The components of the database, under names of your choice (at most 22 lower-case letters, digits and `-`). The
    /// name becomes part of the names of pods and Services. A component cannot be removed or renamed later, as the
    /// operator would leave its instances running.
    #[tf(required, effect = ["in_place", "refused"])]
    pub components: Value<Map<Component>>,
    /// Where instances may run. Components may have their own, which then replaces this one.
    #[tf(optional, effect = "rolling_restart")]
    pub affinity: Value<Affinity>,
    /// Taints of nodes that instances accept. Components may have their own, which then replace these.
    #[tf(optional, effect = "rolling_restart")]
    pub tolerations: Value<Vec<Value<Toleration>>>,
    /// Scheduled backups. Left out, none are made; those that were made stay. Taking the block out switches the schedule
    /// off.
    #[tf(optional, effect = "in_place")]
    pub backup: Value<Backup>,
    /// A backup to start from. It is read only when the database is made: later changes of it do nothing.
    #[tf(optional, effect = "only_at_create")]
    pub restore: Value<Restore>,
    /// A backup that is taken, and waited for, before the database is removed by a destroy or a replacement. When it
    /// fails, the database stays. It is named `<name>-final`, or `-final-2` and so on where such a one exists, and
    /// outlives the database whatever its `termination_policy`. A database that never ran is removed without it.
    #[tf(optional, effect = "in_place")]
    pub final_backup: Value<FinalBackup>,
    /// Labels on the Cluster object. Labels that others set stay.
    #[tf(optional, effect = "in_place")]
    pub labels: Value<Map<String>>,
    /// Whether to take over fields that another field manager has set to another value: a person with `kubectl`, or an
    /// `OpsRequest` of `kbcli`. Without it such a conflict fails the apply, and the error names fields and manager.
    #[tf(optional, effect = "in_place")]
    pub force_conflicts: Value<bool>,
    /// Which changes may happen although the provider's `guard` holds them back: `["data_loss"]`, for one. A level
    /// includes those below it. Write it for the one change and take it out again.
    #[tf(optional, effect = "in_place")]
    pub accept_impact: Value<Set<String>>,
    /// How long to wait. Defaults: `create` 30m, `update` 60m, `delete` 20m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Addresses of each component that has a Service, under the component's name.
    #[tf(computed)]
    pub endpoints: Value<Map<Endpoint>>,
    /// The Secret that holds user, password and addresses. Hand it to the ephemeral resource `kubeblocks_credentials`,
    /// which reads it without storing anything in state.
    #[tf(computed)]
    pub credentials_secret: Value<SecretReference>,
    /// What the change does, at worst, to whoever uses the database: it is there in the plan, known before anything
    /// happens, and keeps what the last change did until the next one. Of a new database it tells the size. What a
    /// destroy or a replacement takes away stands in no attribute, since Terraform plans the new half of a replacement
    /// like any new object: the provider's `guard` holds it back, and the command `review` tells it.
    #[tf(computed)]
    pub planned_impact: Value<PlannedImpact>,
}

/// A component of a database cluster: one kind of instance.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Component {
    /// Which component of the engine's definition this is. Left out, it is the key. Changing it creates a new database.
    #[tf(optional, effect = "replace")]
    pub definition: Value<String>,
    /// Number of instances. Default 1. Raising it adds instances; lowering it **deletes the volumes** of the removed
    /// ones; 0 stops the component and keeps its volumes.
    #[tf(optional, default = 1, effect = ["in_place", "downtime", "data_loss"])]
    pub replicas: Value<i64>,
    /// CPU and memory of each instance. Changing them restarts the instances one after the other.
    #[tf(optional, effect = "rolling_restart")]
    pub resources: Value<Resources>,
    /// Volumes of each instance, under the names that the engine's definition gives them (most often `data`). A volume
    /// can grow later, where its storage class allows that, and nothing else about it can change.
    #[tf(optional, effect = "refused")]
    pub volumes: Value<Map<Volume>>,
    /// Services beside the one that the engine brings, under names of your choice (at most 15 characters). Each becomes
    /// the Service `<cluster>-<component>-<name>`.
    #[tf(optional, effect = "in_place")]
    pub services: Value<Map<Service>>,
    /// Services of others that the engine needs, under the names that its definition declares, such as `etcdService` of
    /// `orioledb` and `pulsarZookeeper` of `pulsar`. Each leads to another database, or to a service that a
    /// `kubeblocks_service_descriptor` describes.
    #[tf(optional, effect = "in_place")]
    pub service_references: Value<Map<ServiceReference>>,
    /// Parameters of the engine: under the name of a config spec of its definition, values by name, such as
    /// `{ "postgresql-configuration" = { max_connections = "300" } }`. The data source `kubeblocks_parameters` lists them.
    /// Where a config spec has several files, the key names one: `"<config spec>/<file>"`. A dynamic parameter is reloaded, a
    /// static one restarts the instances one after the other, which the plan says. New parameters are written first; when
    /// KubeBlocks has accepted them, the other changes of the same apply follow at once, so that instances restart once
    /// for all. With another `version`, and for a component that is new, they are written after the database runs. A
    /// parameter that is taken out gets the value that it had before it was first set here; one that was not in the
    /// file before is removed from it by rendering the file anew.
    #[tf(optional, effect = ["in_place", "rolling_restart"])]
    pub parameters: Value<Map<Map<String>>>,
    /// Any text, such as a date. Changing it restarts the instances of the component one after the other, unless another
    /// change of the same apply restarts them anyway. Taking it out restarts nothing, nor does it on a stopped database.
    #[tf(optional, effect = "rolling_restart")]
    pub restart_trigger: Value<String>,
    /// Logs to collect, by the names that the engine's definition gives them, such as `["running"]`.
    #[tf(optional, effect = "in_place")]
    pub logs: Value<Set<String>>,
    /// Whether metrics are collected. Default false.
    #[tf(optional, default = false, effect = "in_place")]
    pub monitor: Value<bool>,
    /// Encrypted connections. Left out, connections are not encrypted.
    #[tf(optional, effect = "rolling_restart")]
    pub tls: Value<Tls>,
    /// Where the instances may run, in place of the cluster's `affinity`.
    #[tf(optional, effect = "rolling_restart")]
    pub affinity: Value<Affinity>,
    /// Taints that the instances accept, in place of the cluster's `tolerations`.
    #[tf(optional, effect = "rolling_restart")]
    pub tolerations: Value<Vec<Value<Toleration>>>,
}

/// CPU and memory of an instance: either `cpu` and `memory`, or `requests` and `limits`, or `class`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Resources {
    /// CPU that is reserved and also the most that is used, such as `"1"` or `"500m"`.
    #[tf(optional, semantic_equal = same_quantity)]
    pub cpu: Value<String>,
    /// Memory that is reserved and also the most that is used, such as `"2Gi"`.
    #[tf(optional, semantic_equal = same_quantity)]
    pub memory: Value<String>,
    /// What is reserved, where it differs from the limit: `cpu`, `memory` and `hugepages-*` as quantities.
    #[tf(optional, semantic_equal = same_quantities)]
    pub requests: Value<Map<String>>,
    /// The most that is used: `cpu`, `memory` and `hugepages-*` as quantities.
    #[tf(optional, semantic_equal = same_quantities)]
    pub limits: Value<Map<String>>,
    /// A named pair of CPU and memory (`ComponentClassDefinition`), such as `general-1c1g`.
    #[tf(optional)]
    pub class: Value<String>,
}

/// A volume of each instance.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Volume {
    /// Size, such as `"20Gi"`. It can be raised in place and never lowered.
    #[tf(required, semantic_equal = same_quantity, effect = ["in_place", "refused"])]
    pub size: Value<String>,
    /// Storage class. Left out, the operator's default. It cannot be changed.
    #[tf(optional)]
    pub storage_class: Value<String>,
    /// Access modes. Left out, `["ReadWriteOnce"]`. They cannot be changed.
    #[tf(optional)]
    pub access_modes: Value<Set<String>>,
}

/// A Service of a component.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Service {
    /// `ClusterIP` (default), `NodePort` or `LoadBalancer`.
    #[tf(optional, rename = "type", default = "ClusterIP")]
    pub kind: Value<String>,
    /// With `LoadBalancer`: `vpc` for an address inside the cloud's network, `internet` for a public one. It sets the
    /// annotations that EKS, GKE, AKS and ACK read. Left out, the cloud decides.
    #[tf(optional)]
    pub exposure: Value<String>,
    /// Further annotations of the Service.
    #[tf(optional)]
    pub annotations: Value<Map<String>>,
}

/// Encrypted connections of a component.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Tls {
    /// Who issues the certificates: `KubeBlocks` (default) makes its own authority, `UserProvided` takes them from
    /// `secret`.
    #[tf(optional, default = "KubeBlocks")]
    pub issuer: Value<String>,
    /// With `UserProvided`: the Secret, in the namespace of the database, that holds the certificates.
    #[tf(optional)]
    pub secret: Value<TlsSecret>,
}

/// A Secret that holds certificates.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct TlsSecret {
    /// Name of the Secret.
    #[tf(required)]
    pub name: Value<String>,
    /// Key of the authority's certificate. Default `ca.crt`.
    #[tf(optional, default = "ca.crt")]
    pub ca: Value<String>,
    /// Key of the certificate. Default `tls.crt`.
    #[tf(optional, default = "tls.crt")]
    pub certificate: Value<String>,
    /// Key of the private key. Default `tls.key`.
    #[tf(optional, default = "tls.key")]
    pub key: Value<String>,
}

/// Where instances may run.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Affinity {
    /// Whether instances of a component must (`Required`) or should (`Preferred`, default) run on different places of
    /// `topology_keys`.
    #[tf(optional, default = "Preferred")]
    pub pod_anti_affinity: Value<String>,
    /// Node labels whose values tell places apart, such as `["kubernetes.io/hostname"]` or
    /// `["topology.kubernetes.io/zone"]`.
    #[tf(optional)]
    pub topology_keys: Value<Set<String>>,
    /// Labels that a node must have. Several values of a label are separated by commas.
    #[tf(optional)]
    pub node_labels: Value<Map<String>>,
    /// `SharedNode` (default), or `DedicatedNode` to have nodes for these instances alone.
    #[tf(optional, default = "SharedNode")]
    pub tenancy: Value<String>,
}

/// A taint of nodes that instances accept.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Toleration {
    /// Key of the taint. Left out, with the operator `Exists`: every taint.
    #[tf(optional)]
    pub key: Value<String>,
    /// `Equal` or `Exists`. Left out, Kubernetes takes `Equal`.
    #[tf(optional)]
    pub operator: Value<String>,
    /// Value of the taint, with the operator `Equal`.
    #[tf(optional)]
    pub value: Value<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`. Left out, all of them.
    #[tf(optional)]
    pub effect: Value<String>,
    /// With `NoExecute`: how many seconds an instance stays on a node that gets the taint.
    #[tf(optional)]
    pub toleration_seconds: Value<i64>,
}

/// Scheduled backups of a database.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Backup {
    /// Where backups go: the name of a `kubeblocks_backup_repo`. Left out, the default one.
    #[tf(optional)]
    pub repo: Value<String>,
    /// How backups are made: a method of the engine, such as `volume-snapshot`, `pg-basebackup`, `xtrabackup` or
    /// `datafile`. Snapshots of volumes stay with the storage of the Kubernetes cluster; the others go to `repo`.
    #[tf(required)]
    pub method: Value<String>,
    /// When, in UTC: minute, hour, day of month, month and day of week, such as `0 3 * * *`. Left out, as the engine's
    /// backup policy says.
    #[tf(optional)]
    pub schedule: Value<String>,
    /// How long a backup is kept, such as `7d` (default), `1mo` or `1y6mo`.
    #[tf(optional, default = "7d", semantic_equal = same_retention)]
    pub retention: Value<String>,
    /// Whether the schedule runs. Default true.
    #[tf(optional, default = true)]
    pub enabled: Value<bool>,
    /// How many minutes late a backup may start, 0 to 1440. One that would be later is left out.
    #[tf(optional)]
    pub starting_deadline_minutes: Value<i64>,
}

/// A backup to start from.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Restore {
    /// Name of a completed `Backup` in the same namespace: of a `kubeblocks_backup`, or of one that a schedule made. The
    /// new database needs the definition, version, components and volumes of the one that was backed up.
    #[tf(required)]
    pub backup: Value<String>,
    /// The component whose data it holds. Left out, the one that the backup names.
    #[tf(optional)]
    pub component: Value<String>,
    /// The moment to go back to, as `2026-01-31T12:00:00Z`, with a backup that tells a time range. KubeBlocks 0.7 makes no
    /// such backups by itself, so it takes a controller of yours that keeps the logs of changes. Left out, the moment of
    /// the backup.
    #[tf(optional)]
    pub time: Value<String>,
    /// Whether the volumes of several instances are restored at the same time (`Parallel`, default) or one after the other
    /// (`Serial`).
    #[tf(optional, default = "Parallel")]
    pub volume_policy: Value<String>,
}

/// A backup that is taken before the database is removed.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct FinalBackup {
    /// How it is made: a method of the engine, as in `backup`.
    #[tf(required)]
    pub method: Value<String>,
    /// Name of the `BackupPolicy`. Left out, the default one of the database.
    #[tf(optional)]
    pub policy: Value<String>,
    /// How long it is kept, such as `30d`. Left out, until somebody deletes it.
    #[tf(optional, semantic_equal = same_retention)]
    pub retention: Value<String>,
}

/// Addresses of a component.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Endpoint {
    /// Name of the component's Service inside the Kubernetes cluster. Where the engine has roles, it leads to the
    /// instance that takes writes.
    #[tf(computed)]
    pub host: Value<String>,
    /// The first port of the Service.
    #[tf(computed)]
    pub port: Value<i64>,
    /// Every port of the Service, by name.
    #[tf(computed)]
    pub ports: Value<Map<i64>>,
    /// The Services of the component's `services`, by name.
    #[tf(computed)]
    pub services: Value<Map<ServiceEndpoint>>,
}

/// Addresses of a Service that `services` asked for.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ServiceEndpoint {
    /// Name inside the Kubernetes cluster.
    #[tf(computed)]
    pub host: Value<String>,
    /// The first port.
    #[tf(computed)]
    pub port: Value<i64>,
    /// Every port, by name.
    #[tf(computed)]
    pub ports: Value<Map<i64>>,
    /// Address or name of the load balancer; null for other types, and while the cloud has not given one yet.
    #[tf(computed)]
    pub external_host: Value<String>,
    /// Port on every node, of the types `NodePort` and `LoadBalancer`: that of the first port.
    #[tf(computed)]
    pub node_port: Value<i64>,
}

/// Where a Secret is. Holds nothing of what is in it.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct SecretReference {
    /// Namespace of the Secret.
    #[tf(computed)]
    pub namespace: Value<String>,
    /// Name of the Secret.
    #[tf(computed)]
    pub name: Value<String>,
}

/// What tells one database from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterIdentity {
    /// Kubernetes namespace.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(required_for_import)]
    pub name: Value<String>,
}
