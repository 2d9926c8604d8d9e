//! The end of a cluster: node groups, then the cluster, then its roles and its network.

use aws_sdk_eks::types::ClusterStatus;

use super::client::{Eks, cluster, found};
use super::pool::SYSTEM_GROUP;
use crate::contract::CLUSTER;
use crate::{Error, Made, Progress};

/// Step after which the cluster needs no further look.
const GONE: &str = "cluster gone";
/// Step after which there are no node groups.
const EMPTY: &str = "node groups gone";
/// Step after which EKS has the wish to remove the cluster.
const ASKED: &str = "cluster to be removed";

impl Eks {
    pub(super) async fn remove_cluster(
        &self,
        name: &str,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        if !made.is_settled(GONE) {
            if let waiting @ Progress::Waiting { .. } = self.remove_control_plane(name, owner, made).await? {
                return Ok(waiting);
            }
            made.settle(GONE);
            made.forget(SYSTEM_GROUP);
            made.forget(CLUSTER);
        }
        self.remove_roles(name, owner, made).await?;
        self.remove_network(name, owner, made).await
    }

    async fn remove_control_plane(
        &self,
        name: &str,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = cluster(name);
        if !made.is_settled(EMPTY) {
            // EKS lists no groups of a cluster that does not exist.
            let groups = self.node_group_names(name).await?;
            let mut waiting = Vec::new();
            for group in groups {
                match self.remove_group(name, &group, made).await {
                    Ok(Progress::Done) => {}
                    Ok(Progress::Waiting { what }) => waiting.push(what),
                    Err(Error::Conflict { what, message }) => waiting.push(format!("{what} ({message})")),
                    Err(error) => return Err(error),
                }
            }
            if !waiting.is_empty() {
                return Ok(Progress::Waiting { what: waiting.join(", ") });
            }
            made.settle(EMPTY);
        }
        let Some(known) = self.find_cluster(name).await? else { return Ok(Progress::Done) };
        if known.status != Some(ClusterStatus::Deleting) && !made.is_settled(ASKED) {
            let request = self.api.delete_cluster().name(name);
            match found(self.call("DeleteCluster", &what, || request.clone().send()).await) {
                Ok(None) => return Ok(Progress::Done),
                Ok(Some(_)) => made.settle(ASKED),
                Err(Error::Conflict { message, .. }) => {
                    return Ok(Progress::Waiting { what: format!("{what} to be free ({message})") });
                }
                Err(error) => return Err(error),
            }
        }
        // Nothing in it needs the way out any more, and its end takes as long as the cluster's.
        self.search_network(owner, made).await?;
        self.remove_nat(made).await?;
        Ok(Progress::Waiting { what: format!("{what} to be gone") })
    }
}
