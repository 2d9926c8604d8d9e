//! The contract that all clouds keep.

use std::collections::BTreeMap;

use kubeblocks_cloud::contract::{self, Subject};
use kubeblocks_cloud::gcp::{AuthorizedNetwork, ClusterSpec, Gke, NodePoolSpec};
use kubeblocks_cloud::{ClusterId, Made, ManagedKubernetes as _, PageRequest, Progress, Taint};

use super::{OWNER, Project, REGION, ZONE, cluster, plain, pool};
use crate::same::same;

fn taint(effect: &str) -> Taint {
    Taint { key: "db".to_owned(), value: "yes".to_owned(), effect: effect.to_owned() }
}

/// A cluster that leaves little to the cloud.
fn explicit(name: &str) -> ClusterSpec {
    let mut spec = cluster(name, REGION, 3);
    spec.zones = ["a", "b", "c"].map(|letter| format!("{REGION}-{letter}")).to_vec();
    let block = |cidr: &str, name: &str| AuthorizedNetwork { cidr: cidr.to_owned(), name: name.to_owned() };
    spec.authorized_networks = Some(vec![block("198.51.100.0/24", "vpn"), block("192.0.2.0/24", "home")]);
    spec.system_pool.zones.clone_from(&spec.zones);
    spec.system_pool.nodes.autoscaling = Some((3, 9));
    spec.system_pool.nodes.taints = vec![taint("PreferNoSchedule")];
    spec.system_pool.labels = BTreeMap::from([("cost".to_owned(), "16".to_owned())]);
    spec
}

impl Subject for Project {
    type Cloud = Gke;

    fn cloud(&self) -> &Gke {
        &self.cloud
    }

    fn wish(&self) -> (ClusterSpec, String) {
        (explicit("orders"), OWNER.to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = self.wish().0;
        spec.version = Some("1.34".to_owned());
        spec.labels = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        spec.authorized_networks =
            Some(vec![AuthorizedNetwork { cidr: "192.0.2.0/24".to_owned(), name: "office".to_owned() }]);
        spec.system_pool.nodes.size = Some(6);
        spec.system_pool.nodes.autoscaling = None;
        spec.system_pool.nodes.taints.clear();
        spec.system_pool.nodes.labels = BTreeMap::from([("role".to_owned(), "system".to_owned())]);
        spec
    }

    fn absent(&self) -> ClusterSpec {
        cluster("absent", REGION, 3)
    }

    fn missing(&self) -> ClusterId {
        self.cloud.cluster_id(REGION, "missing")
    }

    /// Somebody else's cluster of the name that `taken` wants.
    async fn occupy(&self) -> ClusterId {
        self.create(&ClusterSpec { owner: "the-other".to_owned(), ..plain("taken") }).await.unwrap().0
    }

    fn is_paged(&self) -> bool {
        false
    }

    fn taken(&self) -> ClusterSpec {
        ClusterSpec { owner: "somebody-else".to_owned(), ..plain("taken") }
    }

    fn pool(&self, id: &ClusterId) -> [NodePoolSpec; 2] {
        let mut first = pool(id, "databases", 3);
        first.nodes.labels = BTreeMap::from([("role".to_owned(), "db".to_owned())]);
        first.nodes.taints = vec![taint("NoSchedule")];
        first.nodes.spot = true;
        first.nodes.disk_size_gib = Some(60);
        first.zones = vec![ZONE.to_owned()];
        first.disk_type = Some("pd-ssd".to_owned());
        first.image_type = Some("COS_CONTAINERD".to_owned());
        first.service_account = Some("nodes@stand-in-project.iam.gserviceaccount.com".to_owned());
        first.labels = BTreeMap::from([("cost".to_owned(), "17".to_owned())]);
        let mut second = first.clone();
        second.labels.clear();
        second.nodes.size = Some(6);
        [first, second]
    }

    fn compare(&self, wished: &ClusterSpec, shown: &ClusterSpec) -> Result<(), String> {
        let mut expected = wished.clone();
        expected.version = expected.version.or_else(|| shown.version.clone());
        if expected.zones.is_empty() {
            expected.zones.clone_from(&shown.zones);
        }
        expected.system_pool = filled(&wished.system_pool, &shown.system_pool);
        // These two are not looked at in a wish.
        expected.system_pool.cluster = shown.system_pool.cluster.clone();
        expected.system_pool.owner.clone_from(&shown.system_pool.owner);
        same(&expected, shown)
    }

    fn compare_pools(&self, wished: &NodePoolSpec, shown: &NodePoolSpec) -> Result<(), String> {
        same(&filled(wished, shown), shown)
    }

    async fn settle(&self) {
        Self::settle(self).await;
    }
}

/// The wish with what it leaves to the cloud as the cloud chose it.
fn filled(wished: &NodePoolSpec, shown: &NodePoolSpec) -> NodePoolSpec {
    let mut pool = wished.clone();
    if pool.zones.is_empty() {
        pool.zones.clone_from(&shown.zones);
    }
    pool.disk_type = pool.disk_type.or_else(|| shown.disk_type.clone());
    pool.image_type = pool.image_type.or_else(|| shown.image_type.clone());
    pool.service_account = pool.service_account.or_else(|| shown.service_account.clone());
    pool.version = pool.version.or_else(|| shown.version.clone());
    pool.nodes.disk_size_gib = pool.nodes.disk_size_gib.or(shown.nodes.disk_size_gib);
    pool
}

#[tokio::test]
async fn a_cluster_in_a_network_of_others_is_shown_as_it_was_wished() {
    let project = Project::start().await;
    let spec = plain("plain");
    let (id, _) = project.create(&spec).await.unwrap();
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    project.compare(&spec, &observed.wish).unwrap();
    let seen = project.seen().await;
    let done = project.cloud.update(&observed.wish, &mut Made::default()).await.unwrap();
    assert_eq!(done, Progress::Done);
    assert_eq!(project.requests(seen).await.len(), 1);
}

#[tokio::test]
async fn gke_keeps_the_contract() {
    let project = Project::start().await;
    assert_eq!(project.cloud.location(), Some(super::REGION));
    contract::run(&project).await.unwrap();
    assert_eq!(plain("taken").location, ZONE);
}

#[tokio::test]
async fn a_list_is_of_one_place_when_one_is_given() {
    let project = Project::start().await;
    let (here, _) = project.create(&plain("here")).await.unwrap();
    let system_pool = pool(&ClusterId(String::new()), "system", 3);
    let regional = ClusterSpec { location: REGION.to_owned(), system_pool, ..plain("there") };
    let (there, _) = project.create(&regional).await.unwrap();
    let names = async |place: Option<&str>| {
        let place = place.map(str::to_owned);
        let page = project.cloud.list(&place, &PageRequest::default()).await.unwrap();
        let mut found: Vec<ClusterId> = page.found.into_iter().map(|listed| listed.id).collect();
        found.sort();
        found
    };
    assert_eq!(names(Some(ZONE)).await, std::slice::from_ref(&here));
    assert_eq!(names(Some(REGION)).await, std::slice::from_ref(&there));
    assert_eq!(names(Some("us-central1")).await, []);
    assert_eq!(names(None).await, [here, there]);
}
