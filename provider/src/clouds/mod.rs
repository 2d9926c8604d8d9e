//! The clouds' clients of this process: one for each place of a cloud, made when it is first needed. Here attributes of the
//! provider block become the settings of `kubeblocks_cloud`, and nowhere else.

pub mod alibaba;
pub mod aws;
pub mod azure;
pub mod gcp;

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures::future::BoxFuture;
use kubeblocks_cloud::alibaba::Ack;
use kubeblocks_cloud::aws::Eks;
use kubeblocks_cloud::azure::Aks;
use kubeblocks_cloud::gcp::Gke;
use kubeblocks_cloud::{ClusterId, Credentials, Error, ManagedKubernetes as _};
use tfplugin::typed::Value;
use tokio::sync::OnceCell;

use self::alibaba::AlibabaSettings;
use self::aws::AwsSettings;
use self::azure::AzureSettings;
use self::gcp::GcpSettings;
use crate::kubernetes::minted::Minter;
use crate::kubernetes::{CloudLogin, CloudMethod};

/// What the provider block says of the clouds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Of AWS.
    pub aws: Value<AwsSettings>,
    /// Of Google Cloud.
    pub gcp: Value<GcpSettings>,
    /// Of Azure.
    pub azure: Value<AzureSettings>,
    /// Of Alibaba Cloud.
    pub alibaba: Value<AlibabaSettings>,
}

/// The clients.
#[derive(Debug, Default)]
pub struct Clouds {
    current: ArcSwap<Current>,
}

/// Settings, with the clients that were made of them.
#[derive(Debug, Default)]
struct Current {
    settings: Settings,
    eks: Connected<Eks>,
    gke: Connected<Gke>,
    aks: Connected<Aks>,
    ack: Connected<Ack>,
}

impl Clouds {
    /// Takes what the provider block says. Clients of other settings are forgotten.
    pub fn configure(&self, settings: Settings) {
        if self.current.load().settings != settings {
            self.current.store(Arc::new(Current { settings, ..Current::default() }));
        }
    }

    /// The client of EKS in a region; without one, that of the provider block or of the environment.
    pub async fn eks(&self, region: Option<&str>) -> Result<Arc<Eks>, Error> {
        let current = self.current.load_full();
        let config = aws::config(&current.settings.aws, region)?;
        // A client of AWS carries tables of its service about while it is made.
        current.eks.get(region, Box::pin(async move { Eks::connect(&config).await })).await
    }

    /// The client of GKE in a project; without one, that of the provider block or of the environment.
    pub async fn gke(&self, project: Option<&str>) -> Result<Arc<Gke>, Error> {
        let current = self.current.load_full();
        let config = gcp::config(&current.settings.gcp, project, None)?;
        current.gke.get(project, Box::pin(async move { kubeblocks_cloud::gcp::connect(&config).await })).await
    }

    /// A client of GKE that knows a location, for what differs by place.
    pub async fn gke_at(&self, location: Option<&str>) -> Result<Gke, Error> {
        let current = self.current.load_full();
        kubeblocks_cloud::gcp::connect(&gcp::config(&current.settings.gcp, None, location)?).await
    }

    /// The client of AKS in a subscription; without one, that of the provider block or of the environment.
    pub async fn aks(&self, subscription: Option<&str>) -> Result<Arc<Aks>, Error> {
        let current = self.current.load_full();
        let config = azure::config(&current.settings.azure, subscription, None)?;
        current.aks.get(subscription, async move { kubeblocks_cloud::azure::connect(&config).await }).await
    }

    /// A client of AKS that knows a location, for what differs by place.
    pub async fn aks_at(&self, location: Option<&str>) -> Result<Aks, Error> {
        let current = self.current.load_full();
        kubeblocks_cloud::azure::connect(&azure::config(&current.settings.azure, None, location)?).await
    }

    /// The client of ACK in a region; without one, that of the provider block or of the environment.
    pub async fn ack(&self, region: Option<&str>) -> Result<Arc<Ack>, Error> {
        let current = self.current.load_full();
        let config = alibaba::config(&current.settings.alibaba, region)?;
        current.ack.get(region, async move { kubeblocks_cloud::alibaba::connect(&config).await }).await
    }
}

impl Minter for Clouds {
    fn mint<'a>(&'a self, login: &'a CloudLogin) -> BoxFuture<'a, Result<Credentials, Error>> {
        let id = ClusterId(login.cluster.clone());
        let region = login.region.as_deref();
        Box::pin(async move {
            match login.method {
                CloudMethod::Eks => self.eks(region).await?.credentials(&id).await,
                CloudMethod::Gke => self.gke(gcp::project_of(&id.0)).await?.credentials(&id).await,
                CloudMethod::Aks => self.aks(azure::subscription_of(&id.0)).await?.credentials(&id).await,
                CloudMethod::Ack => self.ack(region).await?.credentials(&id).await,
            }
        })
    }
}

/// A client that is made when it is first asked for.
type Cell<C> = Arc<OnceCell<Arc<C>>>;

/// Clients of one cloud by their place: a region, a project, a subscription; none is the one that is usual.
struct Connected<C> {
    clients: Mutex<HashMap<Option<String>, Cell<C>>>,
}

impl<C> Default for Connected<C> {
    fn default() -> Self {
        Self { clients: Mutex::default() }
    }
}

impl<C> Debug for Connected<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connected").finish_non_exhaustive()
    }
}

impl<C> Connected<C> {
    /// The client for a place; one that could not be made is tried again.
    async fn get(
        &self,
        place: Option<&str>,
        connect: impl Future<Output = Result<C, Error>>,
    ) -> Result<Arc<C>, Error> {
        let cell = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clients.entry(place.map(str::to_owned)).or_default())
        };
        cell.get_or_try_init(|| async { connect.await.map(Arc::new) }).await.cloned()
    }
}

/// What is said while a part of the provider block is not known.
fn unknown(block: &str) -> Error {
    Error::Unauthenticated {
        message: format!(
            "a part of `{block}` in the provider block is known only at apply; create first what it comes from (`terraform apply -target=...`)"
        ),
    }
}

/// What is written of a cloud; an error while a part of it is unknown.
fn written<S: Clone + Default>(
    settings: &Value<S>,
    block: &str,
    has_unknown: impl FnOnce(&S) -> bool,
) -> Result<S, Error> {
    match settings {
        Value::Null => Ok(S::default()),
        Value::Known(written) if !has_unknown(written) => Ok(written.clone()),
        Value::Known(_) | Value::Unknown => Err(unknown(block)),
    }
}
