//! EKS as a [`ManagedKubernetes`].

use std::time::SystemTime;

use super::client::{Eks, wait_while_busy};
use super::observe::observed_pool;
use super::spec::{ClusterSpec, NodeGroupSpec};
use super::{shown, token};
use crate::{
    ClusterId, Credentials, Error, Made, ManagedKubernetes, Observed, ObservedPool, OfferedVersion, Page,
    PageRequest, PoolId, Progress,
};

impl ManagedKubernetes for Eks {
    type Spec = ClusterSpec;
    type PoolSpec = NodeGroupSpec;
    /// The client's region is all that it reaches.
    type Place = ();

    async fn list(&self, (): &(), page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        self.list_clusters(page).await
    }

    async fn list_pools(&self, cluster: &ClusterId, page: &PageRequest) -> Result<Page<PoolId>, Error> {
        Box::pin(self.list_node_groups(cluster, page)).await
    }

    async fn observe(&self, id: &ClusterId) -> Result<Option<Observed<ClusterSpec, NodeGroupSpec>>, Error> {
        Box::pin(self.observe_cluster(&id.0)).await
    }

    async fn create(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.make_cluster(spec, made)).await)
    }

    async fn update(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.bring_cluster(spec, made)).await)
    }

    async fn delete(&self, id: &ClusterId, owner: &str, made: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.remove_cluster(&id.0, owner, made)).await)
    }

    async fn observe_pool(&self, id: &PoolId) -> Result<Option<ObservedPool<NodeGroupSpec>>, Error> {
        let found = self.find_node_group(&id.cluster.0, &id.pool).await?;
        Ok(found.map(|group| observed_pool(&group, shown::node_group(&group))))
    }

    async fn create_pool(&self, spec: &NodeGroupSpec, made: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.make_pool(spec, made)).await)
    }

    async fn update_pool(&self, spec: &NodeGroupSpec, _: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.change_pool(spec)).await)
    }

    async fn delete_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        wait_while_busy(Box::pin(self.remove_pool(id, made)).await)
    }

    async fn credentials(&self, id: &ClusterId) -> Result<Credentials, Error> {
        let credentials = self.query.identity.credentials().await?;
        token::mint(&credentials, self.region(), self.sts_endpoint(), &id.0, SystemTime::now())
    }

    async fn versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        self.offered_versions().await
    }
}
