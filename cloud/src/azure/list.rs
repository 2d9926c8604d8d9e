//! Lists of clusters and of node pools.

use super::ids::Place;
use super::model::Clusters;
use super::refusal::described;
use super::{AKS, Aks, marks, wish};
use crate::{ClusterId, Error, Listed, Page, PageRequest, PoolId};

impl Aks {
    /// The clusters of a resource group, or of the whole subscription.
    pub(super) async fn list_clusters(
        &self,
        group: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<ClusterId>, Error> {
        let group = group.map(|name| format!("/resourceGroups/{name}")).unwrap_or_default();
        let holder = format!("/subscriptions/{}{group}", self.subscription);
        let list = format!("{holder}/providers/Microsoft.ContainerService/managedClusters");
        let answer = self.arm.list(&list, AKS, page.after.as_deref()).await;
        let answer: Clusters = answer.map_err(|error| match error {
            // It is not the list that is missing.
            Error::NotFound { .. } => Error::NotFound { what: described(&holder) },
            other => other,
        })?;
        let mut found = Vec::new();
        for cluster in answer.value {
            // Azure spells parts of it in other cases than it was asked for.
            let place = Place::parse(&ClusterId(cluster.id))?;
            found.push(Listed {
                id: ClusterId(place.cluster()),
                name: place.name,
                region: None,
                is_marked: Some(marks::owner(cluster.tags.as_ref()).is_some()),
            });
        }
        Ok(Page { next: answer.next_link.filter(|link| !link.is_empty()), ..Page::only(found) })
    }

    /// The node pools of a cluster, which it shows itself.
    pub(super) async fn list_agent_pools(&self, id: &ClusterId) -> Result<Page<PoolId>, Error> {
        let path = Place::parse(id)?.cluster();
        let cluster = self.arm.get(&path, AKS).await?;
        let cluster = cluster.ok_or_else(|| Error::NotFound { what: described(&path) })?;
        let system = wish::system_pool(&cluster).and_then(|pool| pool.name.clone());
        let pools = cluster.properties.agent_pool_profiles.iter().flatten();
        let found = pools.filter(|pool| pool.name != system).filter_map(|pool| {
            let name = pool.name.clone()?;
            Some(Listed {
                id: PoolId { cluster: id.clone(), pool: name.clone() },
                name,
                region: None,
                is_marked: Some(marks::owner(pool.tags.as_ref()).is_some()),
            })
        });
        Ok(Page::only(found.collect()))
    }
}
