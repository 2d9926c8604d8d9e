//! The contract that all clouds keep.

use std::collections::BTreeMap;

use kubeblocks_cloud::contract::{self, Subject};
use kubeblocks_cloud::gcp::{AuthorizedNetwork, ClusterSpec, Gke, NodePoolSpec};
use kubeblocks_cloud::{ClusterId, Taint};

use super::{OWNER, Project, REGION, ZONE, cluster, plain, pool};

impl Subject for Project {
    type Cloud = Gke;

    fn cloud(&self) -> &Gke {
        &self.cloud
    }

    fn wish(&self) -> (ClusterSpec, String) {
        (cluster("orders", REGION, 3), OWNER.to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = self.wish().0;
        spec.version = Some("1.34".to_owned());
        spec.labels = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        spec.authorized_networks =
            Some(vec![AuthorizedNetwork { cidr: "192.0.2.0/24".to_owned(), name: "office".to_owned() }]);
        spec.system_pool.nodes.size = Some(6);
        spec.system_pool.nodes.labels = BTreeMap::from([("role".to_owned(), "system".to_owned())]);
        spec
    }

    fn absent(&self) -> ClusterSpec {
        cluster("absent", REGION, 3)
    }

    fn missing(&self) -> ClusterId {
        self.cloud.cluster_id(REGION, "missing")
    }

    fn taken(&self) -> ClusterSpec {
        ClusterSpec { owner: "somebody-else".to_owned(), ..plain("taken") }
    }

    fn pool(&self, id: &ClusterId) -> [NodePoolSpec; 2] {
        let mut first = pool(id, "databases", 3);
        first.nodes.labels = BTreeMap::from([("role".to_owned(), "db".to_owned())]);
        first.nodes.taints =
            vec![Taint { key: "db".to_owned(), value: "yes".to_owned(), effect: "NoSchedule".to_owned() }];
        let mut second = first.clone();
        second.nodes.size = Some(6);
        [first, second]
    }

    async fn settle(&self) {
        Self::settle(self).await;
    }
}

#[tokio::test]
async fn gke_keeps_the_contract() {
    let project = Project::start().await;
    // Somebody else's cluster of the name that `taken` wants.
    project.create(&ClusterSpec { owner: "the-other".to_owned(), ..plain("taken") }).await.unwrap();
    assert_eq!(project.cloud.location(), Some(super::REGION));
    contract::run(&project).await.unwrap();
    assert_eq!(plain("taken").location, ZONE);
}
