//! Managed Kubernetes on Azure: AKS, and what it needs of the Azure Resource Manager.
//!
//! The models are typed by hand, as there is no maintained crate; a PUT replaces the whole object, so each is read
//! first and keeps what is not known here.

mod arm;
mod around;
mod assertion;
mod certificate;
mod clear;
mod cluster;
mod credentials;
mod ids;
mod kubeconfig;
mod list;
mod marks;
mod model;
mod pool;
mod pools;
mod refusal;
mod shown;
mod spec;
mod version;
mod wish;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

pub use marks::{NETWORK_TAG, OWNER_TAG, UNFINISHED_TAG};
pub use spec::{ClusterSpec, Config, Mode, Network, NodePoolSpec, ResourceGroup};

use arm::Arm;
use credentials::{Tokens, variable};
use ids::Place;
use model::{Kubeconfigs, Versions};

use crate::client::http;
use crate::client::retry::Retry;
use crate::{
    ClusterId, Credentials, Error, Made, ManagedKubernetes, Observed, ObservedPool, OfferedVersion, Page,
    PageRequest, PoolId, Progress, Proof,
};

/// Version of the API of AKS.
const AKS: &str = "2026-05-01";
/// What tokens for the Kubernetes APIs of all AKS clusters are for.
const KUBERNETES: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
const USER_AGENT: &str = concat!("terraform-provider-kubeblocks/", env!("CARGO_PKG_VERSION"));

/// By the host of Entra: the Resource Manager of that cloud, which is also what its tokens are for.
const CLOUDS: [(&str, &str); 2] = [
    ("login.microsoftonline.us", "https://management.usgovcloudapi.net"),
    ("login.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
];

/// A cluster as AKS shows it.
type Seen = Observed<ClusterSpec, NodePoolSpec>;
/// A pool as AKS shows it.
type SeenPool = ObservedPool<NodePoolSpec>;

/// AKS of one subscription.
#[derive(Debug)]
pub struct Aks {
    arm: Arm,
    subscription: String,
    location: Option<String>,
    /// Ids in lower case of what this process finished last: the mark that it takes away is an operation of AKS, during
    /// which all is usable.
    finishing: Mutex<BTreeSet<String>>,
}

/// Finds out who we are and where Azure is. Asks nobody yet.
///
/// [`Error::Unauthenticated`] says what is missing, and the ways to give it.
#[expect(clippy::unused_async, reason = "as of every cloud; others ask for their credentials here")]
pub async fn connect(config: &Config) -> Result<Aks, Error> {
    Aks::new(config, &|name| std::env::var(name).ok())
}

impl Aks {
    fn new(config: &Config, environment: credentials::Environment<'_>) -> Result<Self, Error> {
        let subscription = config
            .subscription_id
            .clone()
            .or_else(|| variable(environment, &["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"]));
        let subscription = subscription.ok_or_else(|| Error::Unauthenticated {
            message: "the subscription is missing; set subscription_id, or AZURE_SUBSCRIPTION_ID or \
                      ARM_SUBSCRIPTION_ID in the environment (\"az account show\" tells it)"
                .to_owned(),
        })?;
        let authority = credentials::authority(config, environment);
        let cloud = CLOUDS.iter().find(|(host, _)| authority.ends_with(host));
        let audience = cloud.map_or(arm::PUBLIC_ENDPOINT, |(_, audience)| audience);
        let endpoint = config
            .resource_manager_endpoint
            .clone()
            .or_else(|| variable(environment, &["AZURE_RESOURCE_MANAGER_ENDPOINT", "ARM_ENDPOINT"]))
            .unwrap_or_else(|| audience.to_owned());
        if !endpoint.starts_with("https://") || !authority.starts_with("https://") {
            return Err(Error::InvalidSpec {
                field: Some("resource_manager_endpoint".to_owned()),
                message: "Azure and Entra are reached over https only, as tokens are sent to them".to_owned(),
            });
        }
        let client = client(config)?;
        let retry = Retry::default();
        let tokens = Tokens::new(config, environment, client.clone(), retry.clone())?;
        Ok(Self {
            arm: Arm::new(client, &endpoint, audience, tokens, retry),
            subscription,
            location: config.location.clone(),
            finishing: Mutex::default(),
        })
    }

    /// The id that the cluster of a wish has or will have.
    pub fn cluster_id(&self, spec: &ClusterSpec) -> ClusterId {
        ClusterId(self.place(spec).cluster())
    }

    fn place(&self, spec: &ClusterSpec) -> Place {
        Place {
            subscription: self.subscription.clone(),
            group: spec.resource_group.name().to_owned(),
            name: spec.name.clone(),
        }
    }

    fn finishing(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_finishing(&self, id: &str) {
        self.finishing().insert(id.to_ascii_lowercase());
    }

    fn is_finishing(&self, id: &str) -> bool {
        self.finishing().contains(&id.to_ascii_lowercase())
    }

    fn forget_finishing(&self, id: &str) {
        self.finishing().remove(&id.to_ascii_lowercase());
    }
}

impl ManagedKubernetes for Aks {
    type Spec = ClusterSpec;
    type PoolSpec = NodePoolSpec;
    /// A resource group; without it all of the subscription.
    type Place = Option<String>;

    async fn list(&self, place: &Option<String>, page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        self.list_clusters(place.as_deref(), page).await
    }

    async fn list_pools(&self, cluster: &ClusterId, _page: &PageRequest) -> Result<Page<PoolId>, Error> {
        self.list_agent_pools(cluster).await
    }

    async fn observe(&self, id: &ClusterId) -> Result<Option<Seen>, Error> {
        self.observe_cluster(id).await
    }

    async fn create(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        patient(self.create_cluster(spec, made).await)
    }

    async fn update(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        self.forget_finishing(&self.place(spec).cluster());
        patient(self.update_cluster(spec, made).await)
    }

    async fn delete(&self, id: &ClusterId, owner: &str, made: &mut Made) -> Result<Progress, Error> {
        patient(self.delete_cluster(id, owner, made).await)
    }

    async fn observe_pool(&self, id: &PoolId) -> Result<Option<SeenPool>, Error> {
        self.observe_agent_pool(id).await
    }

    async fn create_pool(&self, spec: &NodePoolSpec, made: &mut Made) -> Result<Progress, Error> {
        patient(self.create_agent_pool(spec, made).await)
    }

    async fn update_pool(&self, spec: &NodePoolSpec, _made: &mut Made) -> Result<Progress, Error> {
        self.forget_finishing(&Place::parse(&spec.cluster)?.pool(&spec.name));
        patient(self.update_agent_pool(spec).await)
    }

    async fn delete_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        patient(self.delete_agent_pool(id, made).await)
    }

    async fn credentials(&self, id: &ClusterId) -> Result<Credentials, Error> {
        let path = Place::parse(id)?.cluster();
        let answer: Kubeconfigs = self.arm.ask(&path, "listClusterUserCredential", AKS).await?;
        if let Some(certificate) = kubeconfig::read(&answer)?.certificate {
            return Ok(certificate);
        }
        let (token, expires_at) = self.arm.tokens().token(KUBERNETES).await?;
        Ok(Credentials { proof: Proof::Token(token), expires_at })
    }

    async fn versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        let location = self.location.as_ref().ok_or_else(|| Error::InvalidSpec {
            field: Some("location".to_owned()),
            message: "what AKS offers depends on the region; set location".to_owned(),
        })?;
        let id = format!(
            "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions",
            self.subscription
        );
        let offered: Versions = self.arm.get(&id, AKS).await?.unwrap_or_default();
        let mut versions: Vec<OfferedVersion> = offered.values.into_iter().map(offer).collect();
        versions.sort_by_key(|offered| version::numbers(&offered.version));
        Ok(versions)
    }
}

fn offer(found: model::Version) -> OfferedVersion {
    let plans = found.capabilities.and_then(|capabilities| capabilities.support_plan);
    let is_supported = plans.is_none_or(|plans| plans.iter().any(|plan| plan == "KubernetesOfficial"));
    OfferedVersion {
        is_default: found.is_default.unwrap_or_default(),
        is_standard: is_supported && !found.is_preview.unwrap_or_default(),
        version: found.minor,
    }
}

/// One operation at a time: what is refused as another one runs is waited for.
fn patient(outcome: Result<Progress, Error>) -> Result<Progress, Error> {
    match outcome {
        Err(Error::Conflict { what, message }) => Ok(waiting(format!("{what} ({message})"))),
        other => other,
    }
}

fn waiting(what: String) -> Progress {
    Progress::Waiting { what }
}

fn client(config: &Config) -> Result<reqwest::Client, Error> {
    let mut builder = http::builder(USER_AGENT);
    if let Some(path) = &config.ca_file {
        let refused = |cause: String| Error::InvalidSpec {
            field: Some("ca_file".to_owned()),
            message: format!("the certificate authorities in {} cannot be used: {cause}", path.display()),
        };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| Error::Unexpected { message: http::cause(&error) })
}

#[cfg(test)]
mod tests;
