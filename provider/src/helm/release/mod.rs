//! Releases as helm keeps them: Secrets `sh.helm.release.v1.<name>.v<revision>` in the namespace of the release.
//! Reads them, and annotates them; only helm writes them. Releases of helm 3 and of helm 4 have the same form.

mod stored;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use crate::kubernetes::{self, Client};

pub use stored::decode;

/// The type of the Secrets.
const SECRET_TYPE: &str = "helm.sh/release.v1";

/// A release that cannot be read, or not be annotated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server did not hand the Secrets out.
    #[error("failed to read the releases {namespace}/{name}")]
    Read {
        /// Namespace of the release.
        namespace: String,
        /// Name of the release.
        name: String,
        /// What the server said.
        source: Box<kubernetes::Error>,
    },
    /// The Secret was not annotated.
    #[error("failed to annotate the Secret {namespace}/{secret} of a release")]
    Annotate {
        /// Namespace of the release.
        namespace: String,
        /// Name of the Secret.
        secret: String,
        /// What the server said.
        source: Box<kubernetes::Error>,
    },
    /// The Secret holds something else than a release.
    #[error("the Secret {secret} does not hold a release of helm: {reason}")]
    NotARelease {
        /// Name of the Secret.
        secret: String,
        /// What is wrong with it.
        reason: stored::Flaw,
    },
}

/// How a revision of a release fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is what the objects were made from.
    Deployed,
    /// A later revision took its place.
    Superseded,
    /// Its installation, upgrade or rollback failed.
    Failed,
    /// It was uninstalled with its history kept.
    Uninstalled,
    /// An uninstallation is under way, or was cut off.
    Uninstalling,
    /// A first installation is under way, or was cut off.
    PendingInstall,
    /// An upgrade is under way, or was cut off.
    PendingUpgrade,
    /// A rollback is under way, or was cut off.
    PendingRollback,
    /// One that this provider does not know, in helm's word.
    Other(String),
}

impl Status {
    /// The status by helm's word for it.
    pub fn from_word(word: &str) -> Self {
        match word {
            "deployed" => Self::Deployed,
            "superseded" => Self::Superseded,
            "failed" => Self::Failed,
            "uninstalled" => Self::Uninstalled,
            "uninstalling" => Self::Uninstalling,
            "pending-install" => Self::PendingInstall,
            "pending-upgrade" => Self::PendingUpgrade,
            "pending-rollback" => Self::PendingRollback,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether helm was at work when this was written. helm refuses to touch such a release.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Deployed => "deployed",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalled => "uninstalled",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
            Self::Other(word) => word,
        })
    }
}

/// One revision of a release.
#[derive(Clone, PartialEq)]
pub struct Release {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Its number, from one.
    pub revision: u32,
    /// How it fares.
    pub status: Status,
    /// What helm noted about its last action, such as `Install complete`, or the error.
    pub description: String,
    /// Name of the chart.
    pub chart_name: String,
    /// Version of the chart.
    pub chart_version: String,
    /// Version of what the chart installs.
    pub app_version: Option<String>,
    /// The values that were given beside those of the chart; an object.
    pub config: Value,
    /// What was rendered, without hooks.
    pub manifest: String,
    /// Labels that were given to the release.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Secret.
    pub annotations: BTreeMap<String, String>,
    /// When helm last wrote the Secret; to the second.
    pub modified: Option<Timestamp>,
    /// How much the Secret holds, in bytes; the API server takes 1 MiB.
    pub secret_bytes: usize,
}

/// Without values and manifest, which may hold secrets.
impl std::fmt::Debug for Release {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Release")
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("revision", &self.revision)
            .field("status", &self.status)
            .field("chart_name", &self.chart_name)
            .field("chart_version", &self.chart_version)
            .finish_non_exhaustive()
    }
}

impl Release {
    /// Name of the Secret that holds it.
    pub fn secret_name(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.name, self.revision)
    }
}

/// All revisions that are kept, newest first; none when there is no such release.
pub async fn history(client: &Client, namespace: &str, name: &str) -> Result<Vec<Release>, Error> {
    secrets(client, namespace, name, None).await?.iter().map(decode).collect()
}

/// The newest revision.
pub async fn last(client: &Client, namespace: &str, name: &str) -> Result<Option<Release>, Error> {
    secrets(client, namespace, name, None).await?.first().map(decode).transpose()
}

/// The newest revision that is deployed. When a newer one failed, its objects may be there in part, too.
pub async fn deployed(client: &Client, namespace: &str, name: &str) -> Result<Option<Release>, Error> {
    secrets(client, namespace, name, Some("deployed")).await?.first().map(decode).transpose()
}

/// Sets annotations of the Secret of `release`; others stay. helm drops them all when it writes the Secret again.
pub async fn annotate(
    client: &Client,
    release: &Release,
    annotations: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let secret = release.secret_name();
    client.annotate::<Secret>(Some(&release.namespace), &secret, annotations).await.map_err(|source| {
        Error::Annotate { namespace: release.namespace.clone(), secret, source: Box::new(source) }
    })
}

/// The Secrets of a release, newest revision first.
async fn secrets(
    client: &Client,
    namespace: &str,
    name: &str,
    status: Option<&str>,
) -> Result<Vec<Secret>, Error> {
    let mut labels = format!("owner=helm,name={name}");
    if let Some(status) = status {
        labels.push_str(",status=");
        labels.push_str(status);
    }
    let mut secrets = client.list::<Secret>(Some(namespace), Some(&labels)).await.map_err(|source| {
        Error::Read { namespace: namespace.to_owned(), name: name.to_owned(), source: Box::new(source) }
    })?;
    secrets.retain(|secret| secret.type_.as_deref() == Some(SECRET_TYPE));
    secrets.sort_by_key(|secret| std::cmp::Reverse(stored::revision(secret)));
    Ok(secrets)
}

#[cfg(test)]
mod tests;
