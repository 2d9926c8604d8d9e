//! Managed Kubernetes on Alibaba Cloud: ACK, and what it needs of VPC and STS.
//!
//! ACK does not keep names of clusters or pools unique: they are known by their ids, and found again by name and marks.
//! A pool's marks are tags of its instances, as pools have no others.

mod api;
mod body;
mod cluster;
mod error;
mod keys;
mod kubeconfig;
mod list;
mod network;
mod pool;
mod shown;
mod sign;
mod spec;
mod update;
mod view;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use list::Place;
pub use spec::{
    AssumeRole, AssumeRoleWithOidc, ClusterSpec, Config, Endpoints, Network, NodePoolSpec, PodNetwork,
    StaticCredentials,
};

use crate::{
    ClusterId, Credentials, Error, Made, ManagedKubernetes, Observed, ObservedPool, OfferedVersion, Page,
    PageRequest, PoolId, Progress,
};
use api::{Api, Call, path};
use view::Endpoint;

/// How long a credential for the Kubernetes API is good, in minutes; ACK gives 15 to 4320.
const CREDENTIAL_MINUTES: &str = "60";
/// How long one is good at least that was read for something else and is given on.
const HARDLY_USED: std::time::Duration = std::time::Duration::from_mins(48);

/// A cluster as ACK shows it.
type Seen = Observed<ClusterSpec, NodePoolSpec>;
/// A pool as ACK shows it.
type SeenPool = ObservedPool<NodePoolSpec>;

/// ACK in one region, as one user.
pub struct Ack {
    api: Api,
    /// What does not change while a cluster lives.
    known: Mutex<BTreeMap<String, Known>>,
    /// Task of the upgrade that this process began, by the cluster's id.
    upgrades: Mutex<BTreeMap<String, String>>,
}

/// How a cluster's API is reached.
#[derive(Clone)]
struct Known {
    ca_certificate: String,
    is_public: bool,
    /// What came with the authority, for the first who asks for it.
    credentials: Option<Credentials>,
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ack").field("region", &self.api.region()).finish_non_exhaustive()
    }
}

/// ACK as the configuration and the environment say. Nobody is asked yet: keys that are wrong show with the first
/// request. The process must have set its TLS provider.
///
/// [`Error::InvalidSpec`] without a region, [`Error::Unauthenticated`] without any credentials.
#[allow(clippy::unused_async)] // The same as for the other clouds, which do ask.
pub async fn connect(config: &Config) -> Result<Ack, Error> {
    let api = Api::new(config, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    Ok(Ack { api, known: Mutex::default(), upgrades: Mutex::default() })
}

impl Ack {
    /// The region, such as `cn-hangzhou`.
    pub fn region(&self) -> &str {
        self.api.region()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn upgrades(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.upgrades.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// PEM of the authority of a cluster's API; only the kubeconfig tells it. None while there is no kubeconfig.
    async fn authority(&self, id: &str, endpoint: &Endpoint) -> Result<Option<String>, Error> {
        let known = self.known().get(id).cloned();
        if let Some(known) = known.filter(|known| known.is_public == endpoint.is_public) {
            return Ok(Some(known.ca_certificate));
        }
        match self.kubeconfig(id, endpoint.is_public).await {
            Ok(read) => {
                if let Some(known) = self.known().get_mut(id) {
                    known.credentials = Some(read.credentials);
                }
                Ok(Some(read.ca_certificate))
            }
            Err(Error::Conflict { .. } | Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn kubeconfig(&self, id: &str, is_public: bool) -> Result<kubeconfig::Read, Error> {
        let what = cluster::what_id(id);
        let call = Call::cs("DescribeClusterUserKubeconfig", "GET", path(&["k8s", id, "user_config"]), &what)
            .with("TemporaryDurationMinutes", CREDENTIAL_MINUTES)
            .with("PrivateIpAddress", if is_public { "false" } else { "true" });
        let read = kubeconfig::read(&self.api.ask(call).await?)?;
        let known = Known { ca_certificate: read.ca_certificate.clone(), is_public, credentials: None };
        self.known().insert(id.to_owned(), known);
        Ok(read)
    }
}

/// What there is of something that is to be made.
enum Found<T> {
    Absent,
    Ours(Box<T>),
    /// It was made, and not everybody knows it yet; or what stands in its way goes.
    Waiting(String),
}

fn waiting(what: String) -> Progress {
    Progress::Waiting { what }
}

impl ManagedKubernetes for Ack {
    type Spec = ClusterSpec;
    type PoolSpec = NodePoolSpec;
    type Place = Place;

    async fn list(&self, place: &Place, page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        self.list_clusters(*place, page).await
    }

    async fn list_pools(&self, cluster: &ClusterId, _page: &PageRequest) -> Result<Page<PoolId>, Error> {
        self.list_node_pools(cluster).await
    }

    async fn observe(&self, id: &ClusterId) -> Result<Option<Seen>, Error> {
        self.observe_cluster(id).await
    }

    async fn create(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        self.create_cluster(spec, made).await
    }

    async fn update(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        self.update_cluster(spec, made).await
    }

    async fn delete(&self, id: &ClusterId, owner: &str, made: &mut Made) -> Result<Progress, Error> {
        self.delete_cluster(id, owner, made).await
    }

    async fn observe_pool(&self, id: &PoolId) -> Result<Option<SeenPool>, Error> {
        self.observe_one_pool(id).await
    }

    async fn create_pool(&self, spec: &NodePoolSpec, made: &mut Made) -> Result<Progress, Error> {
        self.create_one_pool(spec, made).await
    }

    async fn update_pool(&self, spec: &NodePoolSpec, made: &mut Made) -> Result<Progress, Error> {
        self.update_one_pool(spec, made).await
    }

    async fn delete_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        self.delete_one_pool(id, made).await
    }

    /// Good for an hour.
    async fn credentials(&self, id: &ClusterId) -> Result<Credentials, Error> {
        let known = self.known().get_mut(&id.0).map(|known| (known.is_public, known.credentials.take()));
        let soon = std::time::SystemTime::now() + HARDLY_USED;
        let (known, kept) = known.unzip();
        if let Some(kept) = kept.flatten().filter(|kept| kept.expires_at > soon) {
            return Ok(kept);
        }
        let is_public = match known {
            Some(is_public) => is_public,
            None => self.get_cluster(&id.0).await?.endpoint().is_none_or(|endpoint| endpoint.is_public),
        };
        Ok(self.kubeconfig(&id.0, is_public).await?.credentials)
    }

    /// The newest that a cluster can be made with is the default.
    async fn versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        let mut offered = self.offered(false).await?;
        offered.sort_by_key(|version| view::order(&version.name));
        Ok(offered_versions(&offered, jiff::Timestamp::now()))
    }
}

/// The minor versions of a sorted list.
fn offered_versions(sorted: &[view::Version], now: jiff::Timestamp) -> Vec<OfferedVersion> {
    let default = sorted.iter().rfind(|version| version.creatable).map(|version| view::minor(&version.name));
    let mut all: Vec<OfferedVersion> = Vec::new();
    for version in sorted {
        let minor = view::minor(&version.name);
        let is_standard = version.creatable
            && version.expiration_date.parse().map_or(true, |ends: jiff::Timestamp| ends > now);
        match all.last_mut().filter(|last| last.version == minor) {
            Some(last) => last.is_standard |= is_standard,
            None => all.push(OfferedVersion {
                is_default: Some(&minor) == default.as_ref(),
                is_standard,
                version: minor,
            }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_minor_ones_and_the_newest_that_can_be_made_is_the_default() {
        let version = |text: &str, creatable: bool, ends: Option<&str>| view::Version {
            name: text.to_owned(),
            creatable,
            expiration_date: ends.unwrap_or_default().to_owned(),
            runtimes: Vec::new(),
        };
        let sorted = [
            version("1.32.1-aliyun.1", true, Some("2026-01-01T00:00:00Z")),
            version("1.33.3-aliyun.1", false, None),
            version("1.33.9-aliyun.1", true, None),
            version("1.34.1-aliyun.1", true, Some("2028-01-01T00:00:00Z")),
            version("1.35.0-aliyun.1", false, None),
        ];
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let found = offered_versions(&sorted, now);
        let found: Vec<_> =
            found.iter().map(|found| (found.version.as_str(), found.is_default, found.is_standard)).collect();
        let wanted =
            [("1.32", false, false), ("1.33", false, true), ("1.34", true, true), ("1.35", false, false)];
        assert_eq!(found, wanted);
    }
}
