//! The schema of `kubeblocks_operator`: what a practitioner writes, what a plan shows, what state holds. Doc comments are
//! the documentation. Declares only; decides nothing.

use tfplugin::raw::RawValue;
use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use super::validate::{
    at_least_one, digest_text, known_provider, label_name, not_empty, release_name, repository_url,
    version_text,
};
use super::values::same_values;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::cluster::schema::Toleration;

/// The KubeBlocks operator: installs, upgrades and removes it, as a Helm release that `helm list` shows like any other.
///
/// The `helm` program (3.14 or later, or 4) must be on the machine; see `helm_path` of the provider. Custom resource
/// definitions are applied by the provider itself before each install and upgrade, since Helm never upgrades them.
/// Databases and add-ons that are to run on it should refer to it (`depends_on`), so that they are destroyed before it.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct OperatorState {
    /// The Kubernetes cluster to install into. Left out, the one of the provider block; it then stays null here, so that
    /// what takes its `kubernetes` from this resource falls back to the provider block as well. Another `endpoint` replaces
    /// the operator, unless the same release is found there.
    #[tf(optional, effect = ["in_place", "replace"])]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace of the operator. Default `kb-system`. Changing it installs anew.
    #[tf(optional, requires_replace, default = "kb-system", validate = label_name)]
    pub namespace: Value<String>,
    /// Name of the Helm release. Default `kubeblocks`. Changing it installs anew.
    #[tf(optional, requires_replace, default = "kubeblocks", validate = release_name)]
    pub name: Value<String>,
    /// Version of the chart, such as `0.7.5`. Left out, the one of the folder or archive that `chart.path` names, else
    /// `0.7.5`; later it stays what it is. A minor version cannot be skipped.
    #[tf(optional, computed, validate = version_text, effect = ["in_place", "refused"])]
    pub version: Value<String>,
    /// Where the chart comes from. Left out, `https://apecloud.github.io/helm-charts`.
    #[tf(optional, effect = "in_place")]
    pub chart: Value<ChartSource>,
    /// Digest of the chart's archive, `sha256:` and 64 hexadecimal digits. Written, the chart must have it. Left out, it
    /// is that of the chart that was found; of a folder it changes with every file that belongs to the chart.
    #[tf(optional, computed, validate = digest_text, effect = ["in_place", "refused"])]
    pub chart_digest: Value<String>,
    /// Registry of all images of KubeBlocks, such as `docker.io` or that of an air gap. Left out, the chart's own, which
    /// is in China. It becomes the values `image.registry`, `dataProtection.image.registry` and
    /// `addonChartsImage.registry`; images of other add-ons follow it where the chart lets them.
    #[tf(optional, validate = not_empty, effect = "in_place")]
    pub image_registry: Value<String>,
    /// Values of the chart, as an object. Paths that an attribute of its own sets cannot stand here as well.
    #[tf(optional, semantic_equal = same_values, effect = "in_place")]
    pub values: Value<RawValue>,
    /// Values of the chart that are secret. Never stored: neither in state nor in plans. Needs Terraform 1.11, OpenTofu
    /// 1.11, or later. Helm keeps them in its release Secrets in the Kubernetes cluster, as it does with all values.
    #[tf(optional, write_only, sensitive, effect = "in_place")]
    pub sensitive_values: Value<RawValue>,
    /// Any number; changing it applies `sensitive_values` again, as Terraform cannot see that they changed. Required with
    /// them.
    #[tf(optional, effect = "in_place")]
    pub sensitive_values_revision: Value<i64>,
    /// The cloud. Left out, it follows from a `kubernetes` of a managed cluster of this provider, with what the chart then
    /// need not make (`storageClass.create` and `snapshot-controller.enabled` are false); else the chart tells it from the
    /// Kubernetes version where it can (on EKS, GKE, ACK and TKE, not on
    /// AKS): `aws`, `gcp`, `aliyun`, `tencentCloud`, `huaweiCloud` or `azure`. It becomes the value `provider`.
    #[tf(optional, validate = known_provider, effect = "in_place")]
    pub cloud_provider: Value<String>,
    /// The storage class that the chart makes in a cloud.
    #[tf(optional, effect = "in_place")]
    pub storage_class: Value<StorageClass>,
    /// Whether the operator installs the add-on `snapshot-controller`. Left out, it does, except in clouds that bring
    /// their own. It becomes the value `snapshot-controller.enabled`.
    #[tf(optional, effect = "in_place")]
    pub snapshot_controller: Value<bool>,
    /// Taints of nodes that the operator's pods accept, in place of those that the chart lists.
    #[tf(optional, effect = "in_place")]
    pub tolerations: Value<Vec<Value<Toleration>>>,
    /// Whether to create the namespace when it is missing. Default true. A namespace that was created so is removed by a
    /// destroy, if no pods, volume claims or other Helm releases are left in it.
    #[tf(optional, default = true, effect = "in_place")]
    pub create_namespace: Value<bool>,
    /// How many revisions of the release Helm keeps. Default 5, at least 1.
    #[tf(optional, default = 5, validate = at_least_one, effect = "in_place")]
    pub max_history: Value<i64>,
    /// Whether a destroy also deletes the custom resource definitions of KubeBlocks, and with them whatever objects are
    /// left of these kinds. Default false. It is refused while there are such objects, unless `force_destroy` is set.
    #[tf(optional, default = false, effect = "in_place")]
    pub delete_crds: Value<bool>,
    /// Whether a destroy goes on when the operator does not run, removes add-ons that are marked to be kept, and removes
    /// finalizers that nobody else will remove. Default false. It never goes on while there are databases, backups or
    /// backup repositories.
    #[tf(optional, default = false, effect = "in_place")]
    pub force_destroy: Value<bool>,
    /// How long to wait. Defaults: `create` 20m, `update` 20m, `delete` 20m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Version of KubeBlocks that the chart installs.
    #[tf(computed)]
    pub app_version: Value<String>,
    /// Digest of the custom resource definitions as they are in the Kubernetes cluster. It is shown as a change when one
    /// of them is missing or was changed by somebody; the apply then puts it back.
    #[tf(computed)]
    pub crds_digest: Value<String>,
    /// What the last change of the release adds, changes and removes in the Kubernetes cluster. Known in the plan when
    /// the Kubernetes cluster can be asked and all values are known.
    #[tf(computed)]
    pub planned_changes: Value<PlannedChanges>,
}

/// Where a chart comes from: a repository and a name, or a path.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ChartSource {
    /// URL of a chart repository (`https://...`), or of the place in an OCI registry that holds the chart
    /// (`oci://registry.example.com/charts`). Without a user name; credentials for a registry come from the login of
    /// Docker or Helm.
    #[tf(optional, validate = repository_url)]
    pub repository: Value<String>,
    /// Name of the chart. Default `kubeblocks`.
    #[tf(optional, validate = not_empty)]
    pub name: Value<String>,
    /// A folder, or a `.tgz` archive, on the machine that runs Terraform. Excludes `repository` and `name`.
    #[tf(optional, validate = not_empty)]
    pub path: Value<String>,
}

/// The storage class that the chart makes in a cloud.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct StorageClass {
    /// Name. Left out, `kb-default-sc` where the cloud is known. It becomes the value `storageClass.name`.
    #[tf(optional, validate = not_empty)]
    pub name: Value<String>,
    /// Whether the chart makes it. Left out, it does. It becomes the value `storageClass.create`.
    #[tf(optional)]
    pub create: Value<bool>,
}

/// Objects by what a change does to them, each such as `Deployment kb-system/kubeblocks`, sorted.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct PlannedChanges {
    /// Objects that are new.
    #[tf(computed)]
    pub added: Value<Vec<Value<String>>>,
    /// Objects whose content is another one.
    #[tf(computed)]
    pub changed: Value<Vec<Value<String>>>,
    /// Objects that are no longer there. Add-ons among them are kept.
    #[tf(computed)]
    pub removed: Value<Vec<Value<String>>>,
}

/// What tells one operator from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct OperatorIdentity {
    /// Kubernetes namespace.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the Helm release.
    #[tf(required_for_import)]
    pub name: Value<String>,
}
