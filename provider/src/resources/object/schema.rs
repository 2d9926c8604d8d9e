//! The schema of `kubeblocks_object`. Doc comments are the documentation. Declares only; decides nothing.

use tfplugin::raw::RawValue;
use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use super::equality::{same_manifest, same_yaml};
use crate::kubernetes_attribute::KubernetesConnection;

/// Any object of KubeBlocks, from HCL or YAML: what an author of add-ons writes (`ClusterDefinition`, `ClusterVersion`,
/// `ConfigConstraint`, `BackupPolicyTemplate`, `ActionSet`), and every other kind of a group that ends in
/// `kubeblocks.io`.
///
/// The state holds what you write, and nothing else: defaults of the server and fields of others are never shown as a
/// difference. A plan asks the API server, without changing anything, whether it would accept the object. A change is made
/// in place, except of kind, namespace and name. For objects of other groups use the provider `hashicorp/kubernetes`; for
/// a database, `kubeblocks_cluster` knows more.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ObjectState {
    /// The Kubernetes cluster that the object is in. Left out, the one of the provider block. Another `endpoint` replaces
    /// the object, unless the same one is found there.
    #[tf(optional, effect = ["in_place", "replace"])]
    pub kubernetes: Value<KubernetesConnection>,
    /// The object: `apiVersion`, `kind`, `metadata` with `name`, for kinds that live in namespaces `namespace`, and where
    /// needed `labels` and `annotations`; then the fields of the kind, such as `spec`. Either this or `yaml`. Values may
    /// be known only at apply. A field that is null counts as not written. Mark secrets with `sensitive()`: they are
    /// then hidden in plans, but stored in state, so refer to a Secret where the kind can.
    #[tf(optional, semantic_equal = same_manifest, effect = ["in_place", "replace"])]
    pub manifest: Value<RawValue>,
    /// The object as a YAML document, such as `file("constraint.yaml")`. Changes of comments and layout alone are not
    /// applied. For a text of several documents use `for_each` with the function `manifest_decode_multi`. While the text
    /// is not known yet, a plan takes it to be of the same object as before. After an import, and after a change by
    /// somebody else, the state holds a text that was written from the object.
    #[tf(optional, semantic_equal = same_yaml, effect = ["in_place", "replace"])]
    pub yaml: Value<String>,
    /// What to wait for after the object was written. Left out, it depends on the kind: the phase `Available` of
    /// definitions, versions, constraints, policies, schedules and action sets, `Ready` of `BackupRepo` and
    /// `StorageProvider`, `Enabled` of an `Addon` that is to be installed, `Running` of a `Cluster`, `Completed` of
    /// `Backup` and `Restore`, `Succeed` of an `OpsRequest`, and nothing for other kinds. `{}` waits for nothing.
    #[tf(optional, effect = "in_place")]
    pub wait_for: Value<WaitFor>,
    /// Whether to take over fields that another field manager has set to another value. Without it such a conflict is
    /// an error that names fields and manager.
    #[tf(optional, effect = "in_place")]
    pub force_conflicts: Value<bool>,
    /// How long to wait. Defaults: `create` 10m, `update` 10m, `delete` 10m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Group and version, such as `apps.kubeblocks.io/v1alpha1`.
    #[tf(computed)]
    pub api_version: Value<String>,
    /// Kind, such as `ClusterDefinition`.
    #[tf(computed)]
    pub kind: Value<String>,
    /// Namespace; null for kinds that do not live in namespaces.
    #[tf(computed)]
    pub namespace: Value<String>,
    /// Name of the object.
    #[tf(computed)]
    pub name: Value<String>,
    /// Whether what the last apply waited for has come. An apply that was interrupted, or ran out of time while the
    /// object was on its way, leaves `false`; the next one goes on waiting.
    #[tf(computed)]
    pub ready: Value<bool>,
}

/// What to wait for. Of several things, all.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct WaitFor {
    /// A value of `status.phase`, such as `Available`.
    #[tf(optional)]
    pub phase: Value<String>,
    /// A condition of `status.conditions`.
    #[tf(optional)]
    pub condition: Value<WaitCondition>,
}

/// A condition in the status of an object.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct WaitCondition {
    /// Its type, such as `StorageProviderReady`.
    #[tf(required, rename = "type")]
    pub kind: Value<String>,
    /// Its status. Default `True`.
    #[tf(optional, default = "True")]
    pub status: Value<String>,
}

/// What tells one object from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ObjectIdentity {
    /// Group and version, such as `apps.kubeblocks.io/v1alpha1`.
    #[tf(required_for_import)]
    pub api_version: Value<String>,
    /// Kind, such as `ClusterDefinition`.
    #[tf(required_for_import)]
    pub kind: Value<String>,
    /// Namespace, for kinds that live in namespaces.
    #[tf(optional_for_import)]
    pub namespace: Value<String>,
    /// Name of the object.
    #[tf(required_for_import)]
    pub name: Value<String>,
}
