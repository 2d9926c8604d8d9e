//! Where a chart comes from, and what is in it: `Source -> repository | oci | folder -> archive -> content -> Chart`.
//!
//! helm gets a chart as a local archive, so that what is planned is what is applied, and without `crds/`: definitions
//! are applied by this provider, and in a release they would take most of the megabyte that a Secret can hold.

mod archive;
mod content;
#[cfg(test)]
mod content_tests;
mod error;
mod fetch;
mod folder;
mod ignore;
mod login;
mod oci;
#[cfg(test)]
mod registry_tests;
mod repository;
#[cfg(test)]
mod repository_tests;
#[cfg(test)]
mod test_charts;
#[cfg(test)]
mod test_web;
mod version;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;

pub use error::Error;
pub use ignore::Error as IgnoreError;

/// The largest archive that is read, in bytes.
const LARGEST_ARCHIVE: u64 = 64 * 1024 * 1024;

/// Where a chart comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A chart repository on a web server.
    Repository {
        /// Its URL, such as `https://charts.example.com`.
        url: String,
        /// The name of the chart in it.
        name: String,
    },
    /// A registry.
    Oci {
        /// The chart without a version: `oci://registry.example.com/charts/kubeblocks`.
        reference: String,
    },
    /// A folder, or an archive (`.tgz`).
    Path(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { url, name } => write!(formatter, "{name} of {url}"),
            Self::Oci { reference } => formatter.write_str(reference),
            Self::Path(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// A chart at hand.
#[derive(Clone, PartialEq)]
pub struct Chart {
    /// Name, from `Chart.yaml`, as is the rest.
    pub name: String,
    /// Version.
    pub version: String,
    /// Version of what it installs.
    pub app_version: Option<String>,
    /// The versions of Kubernetes that it is for, as a constraint in helm's language.
    pub kube_version: Option<String>,
    /// `sha256:<hex>` of the archive as it was published; of a folder: of the names and contents of its files.
    pub digest: String,
    /// The archive for helm: without `crds/`, also those of subcharts.
    pub archive: Bytes,
    /// Every `CustomResourceDefinition` of `crds/`: of the chart itself, then of its subcharts, each in the order of
    /// the files' names. Those of subcharts that values switch off are among them.
    pub crds: Vec<Value>,
}

impl fmt::Debug for Chart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Chart")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("digest", &self.digest)
            .field("archive", &self.archive.len())
            .field("crds", &self.crds.len())
            .finish_non_exhaustive()
    }
}

/// The charts of this process: what was read once is not read again, but for paths, where files may change.
#[derive(Debug, Default)]
pub struct Charts {
    fetcher: fetch::Fetcher,
    indexes: Once<String, repository::Index>,
    downloaded: Once<(Source, String), Chart>,
    folders: Mutex<HashMap<PathBuf, Arc<Chart>>>,
    /// Where credentials for registries are; absent: where helm and docker keep them.
    credential_files: Option<Vec<PathBuf>>,
}

impl Charts {
    /// Nothing read yet. Sets the process-wide TLS provider, which the clients need.
    pub fn new() -> Self {
        // Fails only when one was set before, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::default()
    }

    /// The chart that `source` has in `version`: an exact version (with or without `v`), or the newest that is no
    /// pre-release; a path has only one. With `expected_digest`, any other content is an error.
    pub async fn resolve(
        &self,
        source: &Source,
        version: Option<&str>,
        expected_digest: Option<&str>,
    ) -> Result<Arc<Chart>, Error> {
        let version = version.filter(|version| !version.is_empty());
        let chart = match source {
            Source::Repository { url, name } => self.of_repository(source, url, name, version).await?,
            Source::Oci { reference } => self.of_registry(source, reference, version).await?,
            Source::Path(path) => self.of_path(path, version).await?,
        };
        if let Some(expected) = expected_digest.filter(|expected| !expected.is_empty()) {
            check_digest(&source.to_string(), expected, &chart.digest)?;
        }
        Ok(chart)
    }

    async fn of_repository(
        &self,
        source: &Source,
        url: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Arc<Chart>, Error> {
        let repository = repository::Repository::new(url)?;
        let index = self.indexes.get(url.to_owned(), repository.index(&self.fetcher).boxed()).await?;
        let found = repository.find(&index, name, version)?;
        let read = async {
            let what = fetch::shown(&found.location);
            let archive = if found.location.scheme() == "oci" {
                self.of_link(&what, &found.version).await?
            } else {
                self.fetcher.get(&found.location, LARGEST_ARCHIVE).await?
            };
            if let Some(expected) = &found.digest {
                check_digest(&what, expected, &archive::digest(&archive))?;
            }
            packed(what, archive).await
        };
        self.downloaded.get((source.clone(), found.version.clone()), read.boxed()).await
    }

    /// The archive that an index says to lie in a registry, at a URL that ends with the tag.
    async fn of_link(&self, link: &str, version: &str) -> Result<Bytes, Error> {
        let (reference, tag) = match link.rsplit_once(':') {
            Some((reference, tag)) if !tag.contains('/') => (reference, tag),
            _ => (link, version),
        };
        let missing = || Error::Missing { url: link.to_owned(), cause: "it has no such tag".to_owned() };
        self.registry(reference).await?.pull(tag).await?.ok_or_else(missing)
    }

    async fn of_registry(
        &self,
        source: &Source,
        reference: &str,
        version: Option<&str>,
    ) -> Result<Arc<Chart>, Error> {
        let repository = self.registry(reference).await?;
        let read = async {
            if let Some(version) = version
                && let Some(archive) = repository.pull(version).await?
            {
                return packed(repository.shown(), archive).await;
            }
            let versions = match repository.versions().await {
                Err(Error::Missing { .. }) => return Err(no_chart(&repository.shown())),
                versions => versions?,
            };
            let there: Vec<&str> = versions.iter().map(String::as_str).collect();
            let chosen = version::choose(&there, version);
            let archive = match chosen {
                Some(chosen) => repository.pull(chosen).await?,
                None => None,
            };
            let archive = archive.ok_or_else(|| Error::NoSuchVersion {
                chart: repository.shown(),
                version: version.map(str::to_owned),
                versions: version::newest_first(&there),
            })?;
            packed(repository.shown(), archive).await
        };
        // Without a version: the newest of the first time, so that one process speaks of one chart.
        self.downloaded.get((source.clone(), version.unwrap_or_default().to_owned()), read.boxed()).await
    }

    async fn registry(&self, reference: &str) -> Result<oci::Repository, Error> {
        let files = self.credential_files.clone().unwrap_or_else(login::files);
        oci::Repository::open(reference, files).await
    }

    async fn of_path(&self, path: &Path, version: Option<&str>) -> Result<Arc<Chart>, Error> {
        let known = self.folders.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let owned = path.to_owned();
        let chart = blocking(path, move || read_path(&owned, known.as_ref())).await?;
        self.folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), Arc::clone(&chart));
        if version::choose(&[&chart.version], version.or(Some(&chart.version))).is_none() {
            return Err(Error::NoSuchVersion {
                chart: path.display().to_string(),
                version: version.map(str::to_owned),
                versions: vec![chart.version.clone()],
            });
        }
        Ok(chart)
    }
}

/// The chart at `path`, or `known` when that has the same content. Blocks.
fn read_path(path: &Path, known: Option<&Arc<Chart>>) -> Result<Arc<Chart>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let what = path.display().to_string();
    let is_known = |digest: &str| known.filter(|known| known.digest == digest).map(Arc::clone);
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        let files = folder::read(path)?;
        let digest = archive::digest_of_files(&files);
        return is_known(&digest).map_or_else(|| content::read(&what, digest, files).map(Arc::new), Ok);
    }
    if metadata.len() > LARGEST_ARCHIVE {
        return Err(Error::TooLarge { what, limit: LARGEST_ARCHIVE / 1024 / 1024, unit: "MiB" });
    }
    let bytes = fs::read(path).map_err(failed)?;
    let digest = archive::digest(&bytes);
    match is_known(&digest) {
        Some(known) => Ok(known),
        None => content::read(&what, digest, archive::unpack(&what, &bytes)?).map(Arc::new),
    }
}

/// The chart of an archive that was downloaded.
async fn packed(what: String, bytes: Bytes) -> Result<Chart, Error> {
    let place = PathBuf::from(&what);
    blocking(&place, move || content::read(&what, archive::digest(&bytes), archive::unpack(&what, &bytes)?))
        .await
}

async fn blocking<T: Send + 'static>(
    place: &Path,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panicked) => Err(Error::File { path: place.to_owned(), source: std::io::Error::other(panicked) }),
    }
}

/// A registry does not say whether there is no chart, or none that these credentials may see.
fn no_chart(reference: &str) -> Error {
    let (repository, name) = reference.rsplit_once('/').unwrap_or((reference, ""));
    Error::NoSuchChart { repository: repository.to_owned(), name: name.to_owned(), near: Vec::new() }
}

/// Compares digests, with or without `sha256:` before them.
fn check_digest(what: &str, expected: &str, actual: &str) -> Result<(), Error> {
    let bare = |digest: &str| digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
    if bare(expected) == bare(actual) {
        return Ok(());
    }
    Err(Error::DigestDiffers {
        what: what.to_owned(),
        expected: format!("sha256:{}", bare(expected)),
        actual: actual.to_owned(),
    })
}

/// Values that are made once for each key; a failure is forgotten, and made again when asked for again.
#[derive(Debug)]
struct Once<K, V>(Mutex<HashMap<K, Arc<OnceCell<Arc<V>>>>>);

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Once<K, V> {
    async fn get(&self, key: K, make: BoxFuture<'_, Result<V, Error>>) -> Result<Arc<V>, Error> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_try_init(|| async { make.await.map(Arc::new) }).await.cloned()
    }
}
