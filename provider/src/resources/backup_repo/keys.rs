//! The Secret with the keys of a repository: where it is, writing it, removing it. Its content is never read.

use kubeblocks_schemas::v1alpha1::BackupRepo;
use tfplugin::typed::Value;

use super::build::{self, SECRET_LABEL, SecretPlace};
use super::schema::Map;
use crate::kubernetes::{Client, Conflicts, Error};
use crate::resources::own_secret;

/// Where the Secret of ours is that a repository refers to; nothing when it refers to another one.
pub(super) fn of(repo: &BackupRepo) -> Option<SecretPlace> {
    let name = repo.metadata.name.as_deref()?;
    let credential = repo.spec.credential.as_ref()?;
    let place = SecretPlace::of(name, credential.namespace.as_deref()?);
    (credential.name.as_ref() == Some(&place.name)).then_some(place)
}

/// Writes the keys. Returns whether the Secret is new.
pub(super) async fn write(
    client: &Client,
    place: &SecretPlace,
    repo: &str,
    keys: &Value<Map<String>>,
    owner: Option<&BackupRepo>,
) -> Result<bool, Error> {
    let secret = build::secret(place, repo, keys, owner);
    // The name is made for it, so whatever somebody else has put there is not meant.
    Ok(client.server_side_apply(&secret, Conflicts::Force).await?.created)
}

/// Whether the Secret is there. Who may not look takes it to be.
pub(super) async fn exist(client: &Client, place: &SecretPlace) -> Result<bool, Error> {
    own_secret::exists(client, place).await
}

/// Removes the Secret, if it is the one of the repository.
pub(super) async fn remove(client: &Client, place: &SecretPlace, repo: &str) -> Result<(), Error> {
    own_secret::remove(client, place, (SECRET_LABEL, repo)).await
}
