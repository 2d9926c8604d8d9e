//! Lists of clusters and of node pools.

use super::Ack;
use super::api::{Call, path};
use super::view::{Cluster, Listed as Answer, system_pool};
use crate::{ClusterId, Error, Listed, OWNER_TAG, Page, PageRequest, PoolId};

/// The most clusters that ACK lists at once.
const MOST: u16 = 100;

/// Where clusters of ACK are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In the client's region.
    #[default]
    Region,
    /// In all regions.
    Everywhere,
}

impl Ack {
    pub(super) async fn list_clusters(
        &self,
        place: Place,
        page: &PageRequest,
    ) -> Result<Page<ClusterId>, Error> {
        let (number, size) = (number(page)?, page.size(MOST));
        let filters = [("cluster_type", "ManagedKubernetes"), ("profile", "Default")];
        let (clusters, is_last) = self.cluster_page(place, number, size, &filters).await?;
        let found = clusters.into_iter().filter(|cluster| !cluster.is_gone()).map(|cluster| Listed {
            is_marked: Some(cluster.tag(OWNER_TAG).is_some()),
            region: Some(cluster.region_id).filter(|region| !region.is_empty()),
            id: ClusterId(cluster.id),
            name: cluster.name,
        });
        let next = (!is_last).then(|| (number + 1).to_string());
        Ok(Page { next, ..Page::only(found.collect()) })
    }

    /// The clusters of a page, and whether it is the last one.
    async fn cluster_page(
        &self,
        place: Place,
        number: usize,
        size: u16,
        filters: &[(&str, &str)],
    ) -> Result<(Vec<Cluster>, bool), Error> {
        let call = Call::cs("DescribeClustersV1", "GET", path(&["api", "v1", "clusters"]), "clusters");
        let mut call = call.with("page_size", size.to_string()).with("page_number", number.to_string());
        if place == Place::Region {
            call = call.with("region_id", self.api.region());
        }
        for (name, value) in filters {
            call = call.with(name, *value);
        }
        let Answer { clusters, page_info } = self.api.ask(call).await?;
        let is_last = clusters.is_empty() || number * usize::from(size) >= page_info.total_count;
        Ok((clusters, is_last))
    }

    /// All clusters of the region, or those whose name contains a text.
    pub(super) async fn clusters(&self, name: Option<&str>) -> Result<Vec<Cluster>, Error> {
        let filters: Vec<(&str, &str)> = name.map(|name| ("name", name)).into_iter().collect();
        let mut all = Vec::new();
        for number in 1_usize.. {
            let (clusters, is_last) = self.cluster_page(Place::Region, number, MOST, &filters).await?;
            all.extend(clusters);
            if is_last {
                break;
            }
        }
        all.retain(|cluster| {
            !cluster.is_gone() && (cluster.region_id.is_empty() || cluster.region_id == self.api.region())
        });
        Ok(all)
    }

    /// The node pools of a cluster, which ACK gives all at once.
    pub(super) async fn list_node_pools(&self, id: &ClusterId) -> Result<Page<PoolId>, Error> {
        let pools = self.pools(&id.0).await?.nodepools;
        let system = system_pool(pools.clone()).map(|pool| pool.nodepool_info.nodepool_id);
        let others =
            pools.into_iter().filter(|pool| Some(&pool.nodepool_info.nodepool_id) != system.as_ref());
        let found = others.map(|pool| Listed {
            is_marked: Some(pool.tag(OWNER_TAG).is_some()),
            region: None,
            id: PoolId { cluster: id.clone(), pool: pool.nodepool_info.nodepool_id },
            name: pool.nodepool_info.name,
        });
        Ok(Page::only(found.collect()))
    }
}

/// The number of a page, which is the whole of what one says of the next.
fn number(page: &PageRequest) -> Result<usize, Error> {
    let Some(after) = &page.after else { return Ok(1) };
    after.parse().map_err(|_| Error::InvalidSpec {
        field: Some("after".to_owned()),
        message: format!("{after:?} is no page of a list of clusters"),
    })
}
