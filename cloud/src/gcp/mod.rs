//! Managed Kubernetes on Google Cloud: GKE, and what it needs of Compute Engine.
//!
//! Clusters and pools go through Google's own client; the few calls of Compute Engine are made by hand with the same
//! token. Operations of GKE have no waiter: those that this process began are remembered here and looked at by the
//! next call.

mod cluster;
mod compute;
mod config;
mod difference;
mod error;
mod list;
mod names;
mod network;
mod observed;
mod operation;
mod pool;
mod shown;
mod spec;
mod token;
mod wish;

use google_cloud_container_v1::client::ClusterManager;
use tokio::task::JoinSet;
use tracing::Instrument as _;

pub use config::{Config, Endpoints, Secret};
pub use spec::{AuthorizedNetwork, ClusterSpec, Network, NodePoolSpec, ReleaseChannel};

use crate::client::http;
use crate::client::retry::{Failure, Repeatable, Retry};
use crate::{
    ClusterId, Credentials, Error, Made, ManagedKubernetes, Observed, ObservedPool, OfferedVersion, Page,
    PageRequest, PoolId, Progress, Proof,
};

/// GKE in one project.
#[derive(Debug)]
pub struct Gke {
    project: String,
    location: Option<String>,
    container: ClusterManager,
    compute: compute::Compute,
    tokens: token::Tokens,
    retry: Retry,
    pending: operation::Pendings,
}

/// Reaches GKE. Makes no request yet, except that credentials of the machine itself are looked for.
pub async fn connect(config: &Config) -> Result<Gke, Error> {
    connect_in(config, &|name| std::env::var(name).ok()).await
}

async fn connect_in(config: &Config, environment: &config::Environment<'_>) -> Result<Gke, Error> {
    let settings = config.settings(environment)?;
    let client = http::client(config::USER_AGENT)?;
    let tokens = token::Tokens::new(settings.source, client.clone(), config.retry.clone())?;
    let mut builder = ClusterManager::builder()
        .with_credentials(tokens.clone())
        .with_attempt_timeout(config::ANSWER)
        .with_retry_policy(google_cloud_gax::retry_policy::NeverRetry);
    if let Some(endpoint) = settings.endpoints.container {
        builder = builder.with_endpoint(endpoint);
    }
    let container = builder
        .build()
        .await
        .map_err(|error| Error::Unexpected { message: format!("unable to reach GKE: {error}") })?;
    Ok(Gke {
        compute: compute::Compute::new(
            client,
            settings.endpoints.compute,
            settings.project.clone(),
            tokens.clone(),
            config.retry.clone(),
        ),
        project: settings.project,
        location: settings.location,
        container,
        tokens,
        retry: config.retry.clone(),
        pending: operation::Pendings::default(),
    })
}

impl Gke {
    /// The project, as configured or found.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The location that is meant when none is given: a zone or a region.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The id of a cluster of this project.
    pub fn cluster_id(&self, location: &str, name: &str) -> ClusterId {
        names::cluster_id(&self.project, location, name)
    }

    /// One request to GKE. All of them can be repeated: names are unique, and an operation that runs is a refusal of
    /// the same one. `what` and `action` are for the errors.
    async fn ask<T, Answer>(
        &self,
        what: &str,
        action: &str,
        request: impl Fn() -> Answer + Send + Sync,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        Answer: Future<Output = google_cloud_container_v1::Result<T>> + Send + 'static,
    {
        let attempt = async || {
            // Asked for here, so that a failure says what it is; the client's own question is then answered at once.
            self.tokens.get().await.map_err(Failure::Final)?;
            alone(request()).await?.map_err(|error| error::of_client(&error, what, action))
        };
        Box::pin(self.retry.run(Repeatable::Always, || self.tokens.forget(), attempt)).await
    }
}

/// Runs a request as a task of its own, on a stack of its own: reading what GKE shows takes half a megabyte of it in a
/// build without optimisation. The task ends when nobody waits for it any more.
async fn alone<T: Send + 'static>(request: impl Future<Output = T> + Send + 'static) -> Result<T, Failure> {
    let mut task = JoinSet::new();
    task.spawn(request.in_current_span());
    match task.join_next().await {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => {
            let message = format!("the request ended by itself: {error}");
            Err(Failure::Final(Error::Unexpected { message }))
        }
        None => Err(Failure::Final(Error::Unexpected { message: "there is no request".to_owned() })),
    }
}

impl ManagedKubernetes for Gke {
    type Spec = ClusterSpec;
    type PoolSpec = NodePoolSpec;
    /// A region or a zone; without it all of the project.
    type Place = Option<String>;

    async fn list(&self, place: &Option<String>, _page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        Box::pin(self.list_clusters(place.as_deref())).await
    }

    async fn list_pools(&self, cluster: &ClusterId, _page: &PageRequest) -> Result<Page<PoolId>, Error> {
        Box::pin(self.list_node_pools(cluster)).await
    }

    async fn observe(&self, id: &ClusterId) -> Result<Option<Observed<ClusterSpec, NodePoolSpec>>, Error> {
        Ok(self.find(id).await?.map(|cluster| observed::cluster(&cluster, id)))
    }

    async fn create(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.create_cluster(spec, made)).await
    }

    async fn update(&self, spec: &ClusterSpec, _made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.update_cluster(spec)).await
    }

    async fn delete(&self, id: &ClusterId, owner: &str, made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.delete_cluster(id, owner, made)).await
    }

    async fn observe_pool(&self, id: &PoolId) -> Result<Option<ObservedPool<NodePoolSpec>>, Error> {
        Ok(self.find_pool(id).await?.map(|pool| observed::pool(&pool, shown::pool(&pool, &id.cluster))))
    }

    async fn create_pool(&self, spec: &NodePoolSpec, made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.create_node_pool(spec, made)).await
    }

    async fn update_pool(&self, spec: &NodePoolSpec, _made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.update_node_pool(spec)).await
    }

    async fn delete_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        Box::pin(self.delete_node_pool(id, made)).await
    }

    /// The access token, which GKE takes for Kubernetes as well. Asks GKE nothing, so a cluster that does not exist is
    /// not told. Where only Google's library knows when the token ends (all but keys of service accounts), the time
    /// is a short one that the library vouches for.
    async fn credentials(&self, _id: &ClusterId) -> Result<Credentials, Error> {
        let token = self.tokens.get().await?;
        Ok(Credentials { proof: Proof::Token(token.value), expires_at: token.expires_at })
    }

    async fn versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        let location = self.location.as_deref().ok_or_else(|| Error::InvalidSpec {
            field: Some("location".to_owned()),
            message: "versions differ by place; give a region or a zone".to_owned(),
        })?;
        let name = format!("projects/{}/locations/{location}", self.project);
        let config = self
            .ask(&name, "container.clusters.list", || {
                self.container.get_server_config().set_name(name.clone()).send()
            })
            .await?;
        Ok(observed::versions(&config))
    }
}

#[cfg(test)]
mod tests;
