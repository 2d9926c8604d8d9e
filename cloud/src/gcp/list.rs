//! Lists of clusters and of node pools. GKE gives all at once.

use super::{Gke, names, shown};
use crate::{ClusterId, Error, Listed, Page, PoolId};

/// All regions and zones.
const EVERYWHERE: &str = "-";

impl Gke {
    /// The clusters of a location, or of the whole project.
    pub(super) async fn list_clusters(&self, location: Option<&str>) -> Result<Page<ClusterId>, Error> {
        let parent = format!("projects/{}/locations/{}", self.project, location.unwrap_or(EVERYWHERE));
        let request = || self.container.list_clusters().set_parent(&parent).send();
        let answer = self.ask(&parent, "container.clusters.list", request).await?;
        let found = answer.clusters.into_iter().map(|cluster| Listed {
            id: self.cluster_id(&cluster.location, &cluster.name),
            is_marked: Some(cluster.resource_labels.contains_key(names::OWNER)),
            name: cluster.name,
            region: None,
        });
        Ok(Page { missing: answer.missing_zones, ..Page::only(found.collect()) })
    }

    /// The node pools of a cluster, which it shows itself.
    pub(super) async fn list_node_pools(&self, id: &ClusterId) -> Result<Page<PoolId>, Error> {
        let what = names::cluster_words(id);
        let cluster = self.find(id).await?.ok_or(Error::NotFound { what })?;
        let system = shown::system_pool(&cluster).map(|pool| pool.name.clone());
        let others = cluster.node_pools.iter().filter(|pool| Some(&pool.name) != system.as_ref());
        let found = others.map(|pool| Listed {
            id: PoolId { cluster: id.clone(), pool: pool.name.clone() },
            name: pool.name.clone(),
            region: None,
            is_marked: pool.config.as_ref().map(|config| config.resource_labels.contains_key(names::OWNER)),
        });
        Ok(Page::only(found.collect()))
    }
}
