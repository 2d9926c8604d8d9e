//! From a configuration to the objects that are applied: the `BackupRepo`, and the Secret with its keys. Pure; the
//! reverse is `observe`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kubeblocks_schemas::quantity::QuantityText;
use kubeblocks_schemas::v1alpha1::backup_repo::{AccessMethod, VolumeReclaimPolicy};
use kubeblocks_schemas::v1alpha1::common::NamespacedReference;
use kubeblocks_schemas::v1alpha1::{BackupRepo, BackupRepoSpec};
use tfplugin::typed::Value;

use super::schema::{BackupRepoState, Map};
use crate::resources::cluster::build::known_entries;
use crate::resources::own_secret;
pub use crate::resources::own_secret::SecretPlace;

/// Annotation by which a repository is the default one.
pub const DEFAULT: &str = "dataprotection.kubeblocks.io/is-default-repo";
/// Annotation with the `credentials_wo_version` that was written last, which an import finds there.
pub const VERSION: &str = "terraform.kubeblocks.io/credentials-version";
/// Label of the Secrets that belong to repositories of ours, with the name of the repository.
pub const SECRET_LABEL: &str = "terraform.kubeblocks.io/backup-repo";

impl SecretPlace {
    /// The Secret of the repository `repo`, in the operator's namespace.
    pub fn of(repo: &str, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: secret_name(repo) }
    }
}

/// Name of the Secret of a repository.
pub fn secret_name(repo: &str) -> String {
    format!("kubeblocks-backup-repo-{repo}")
}

/// The repository. `secret` is where its keys are, if it has any of ours.
pub fn repo(state: &BackupRepoState, secret: Option<&SecretPlace>) -> BackupRepo {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let mut object = BackupRepo::new(
        state.name(),
        BackupRepoSpec {
            storage_provider_ref: text(&state.storage_provider),
            access_method: state.access_method.known().map(|method| AccessMethod::from(method.as_str())),
            volume_capacity: state.volume_capacity.known().cloned().map(QuantityText),
            pv_reclaim_policy: VolumeReclaimPolicy::from(text(&state.pv_reclaim_policy).as_str()),
            config: texts(&state.config),
            credential: secret.map(|place| NamespacedReference {
                name: Some(place.name.clone()),
                namespace: Some(place.namespace.clone()),
            }),
        },
    );
    // Also where it is not the default: an annotation that somebody else has set is then taken over.
    let mut annotations = BTreeMap::from([(DEFAULT.to_owned(), state.is_default().to_string())]);
    if let (Some(version), Some(_)) = (state.credentials_wo_version.known(), secret) {
        annotations.insert(VERSION.to_owned(), version.to_string());
    }
    object.metadata.annotations = Some(annotations);
    object
}

/// The Secret with the keys. `owner` is the repository, with which it then goes.
pub fn secret(
    place: &SecretPlace,
    repo: &str,
    keys: &Value<Map<String>>,
    owner: Option<&BackupRepo>,
) -> Secret {
    own_secret::secret(place, (SECRET_LABEL, repo), texts(keys), owner)
}

/// What is written; null counts as not written.
fn texts(map: &Value<Map<String>>) -> BTreeMap<String, String> {
    known_entries(map).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::backup_repo::test_support::{s3, text, texts};

    #[test]
    fn only_what_is_written_or_has_a_default_is_sent() {
        let place = SecretPlace::of("main", "kb-system");
        assert_eq!(
            serde_json::to_value(repo(&s3(), Some(&place))).unwrap(),
            json!({
                "apiVersion": "dataprotection.kubeblocks.io/v1alpha1",
                "kind": "BackupRepo",
                "metadata": {"name": "main", "annotations": {
                    "dataprotection.kubeblocks.io/is-default-repo": "false",
                    "terraform.kubeblocks.io/credentials-version": "3",
                }},
                "spec": {
                    "storageProviderRef": "s3", "accessMethod": "Tool", "pvReclaimPolicy": "Retain",
                    "config": {"bucket": "backups", "region": "eu-west-1"},
                    "credential": {"name": "kubeblocks-backup-repo-main", "namespace": "kb-system"},
                }
            })
        );
        let mounted = BackupRepoState {
            storage_provider: text("pvc"),
            access_method: text("Mount"),
            pv_reclaim_policy: text("Delete"),
            volume_capacity: text("10Gi"),
            is_default: Value::Known(true),
            config: Value::Null,
            ..s3()
        };
        let sent = serde_json::to_value(repo(&mounted, None)).unwrap();
        assert_eq!(
            sent["spec"],
            json!({"storageProviderRef": "pvc", "accessMethod": "Mount", "pvReclaimPolicy": "Delete", "volumeCapacity": "10Gi"})
        );
        assert_eq!(
            sent["metadata"]["annotations"],
            json!({"dataprotection.kubeblocks.io/is-default-repo": "true"})
        );
    }

    #[test]
    fn the_keys_are_in_a_secret_that_belongs_to_the_repository() {
        let place = SecretPlace::of("main", "kb-system");
        let mut owner = repo(&s3(), Some(&place));
        owner.metadata.uid = Some("u-1".to_owned());
        let sent = serde_json::to_value(secret(&place, "main", &texts([("a", "b")]), Some(&owner))).unwrap();
        assert_eq!(
            sent,
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {
                    "name": "kubeblocks-backup-repo-main", "namespace": "kb-system",
                    "labels": {
                        "app.kubernetes.io/managed-by": "terraform-provider-kubeblocks",
                        "terraform.kubeblocks.io/backup-repo": "main",
                    },
                    "ownerReferences": [{
                        "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "BackupRepo",
                        "name": "main", "uid": "u-1",
                    }],
                },
                "data": {"a": "Yg=="},
            })
        );
        assert_eq!(secret(&place, "main", &Value::Null, None).metadata.owner_references, None);
    }
}
