//! Lists of clusters and of node groups. EKS tells nothing but their names.

use super::client::{Eks, cluster};
use crate::{ClusterId, Error, Listed, Page, PageRequest, PoolId};

/// The most that EKS lists at once.
const MOST: u16 = 100;

impl Eks {
    pub(super) async fn list_clusters(&self, page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        let request = self.api.list_clusters().set_next_token(page.after.clone());
        let request = request.max_results(page.size(MOST).into());
        let answer = self.call("ListClusters", "clusters", || request.clone().send()).await?;
        let names = answer.clusters.unwrap_or_default();
        let found = names.into_iter().map(|name| listed(ClusterId(name.clone()), name)).collect();
        Ok(Page { found, next: answer.next_token, missing: Vec::new() })
    }

    pub(super) async fn list_node_groups(
        &self,
        id: &ClusterId,
        page: &PageRequest,
    ) -> Result<Page<PoolId>, Error> {
        let what = cluster(&id.0);
        let holder = self.find_cluster(&id.0).await?.ok_or(Error::NotFound { what: what.clone() })?;
        let system = self.system_node_group(&id.0, &holder).await?;
        let request = self.api.list_nodegroups().cluster_name(&id.0).set_next_token(page.after.clone());
        let request = request.max_results(page.size(MOST).into());
        let answer = self.call("ListNodegroups", &what, || request.clone().send()).await?;
        let names = answer.nodegroups.unwrap_or_default();
        let others = names.into_iter().filter(|name| Some(name) != system.as_ref());
        let found =
            others.map(|name| listed(PoolId { cluster: id.clone(), pool: name.clone() }, name)).collect();
        Ok(Page { found, next: answer.next_token, missing: Vec::new() })
    }
}

fn listed<I>(id: I, name: String) -> Listed<I> {
    Listed { id, name, region: None, is_marked: None }
}
