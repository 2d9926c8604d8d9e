//! The contract of all clouds, for AKS.

use kubeblocks_cloud::azure::{Aks, ClusterSpec, NodePoolSpec};
use kubeblocks_cloud::contract::{self, Subject};
use kubeblocks_cloud::{ClusterId, Taint};

use super::{Azure, plain, pool, spec};
use crate::same::same;

impl Subject for Azure {
    type Cloud = Aks;

    fn cloud(&self) -> &Aks {
        &self.cloud
    }

    fn wish(&self) -> (ClusterSpec, String) {
        (explicit("orders"), "orders-7f3a".to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let group = self.standin.environment()["STANDIN_ENTRA_GROUP_ID"].clone();
        let mut changed = explicit("orders");
        changed.version = Some("1.35".to_owned());
        changed.tags.insert("stage".to_owned(), "test".to_owned());
        changed.sku_tier = Some("Premium".to_owned());
        changed.authorized_ip_ranges = vec!["198.51.100.0/24".to_owned(), "203.0.113.7/32".to_owned()];
        changed.admin_group_object_ids = vec![group];
        changed.disable_local_accounts = true;
        changed.system_pool.nodes.size = Some(4);
        changed.system_pool.nodes.taints.clear();
        changed
    }

    fn absent(&self) -> ClusterSpec {
        spec("absent")
    }

    fn missing(&self) -> ClusterId {
        self.cloud.cluster_id(&self.absent())
    }

    async fn occupy(&self) -> ClusterId {
        self.make(&plain("taken")).await.0
    }

    /// However many are asked for, the Resource Manager chooses.
    fn is_paged(&self) -> bool {
        true
    }

    fn taken(&self) -> ClusterSpec {
        ClusterSpec { owner: "somebody".to_owned(), ..plain("taken") }
    }

    fn pool(&self, id: &ClusterId) -> [NodePoolSpec; 2] {
        let mut first = pool(id, "data", "data-1c9e");
        first.nodes.disk_size_gib = Some(256);
        first.nodes.taints = vec![taint("only", "db")];
        first.nodes.spot = true;
        first.tags.insert("cost".to_owned(), "42".to_owned());
        let mut second = first.clone();
        second.nodes.size = Some(2);
        second.nodes.autoscaling = Some((2, 4));
        second.nodes.labels = [("tier".to_owned(), "db".to_owned())].into();
        second.tags.insert("stage".to_owned(), "test".to_owned());
        [first, second]
    }

    fn compare(&self, wished: &ClusterSpec, shown: &ClusterSpec) -> Result<(), String> {
        let mut expected = wished.clone();
        expected.version = wished.version.clone().or_else(|| shown.version.clone());
        expected.system_pool = filled(&wished.system_pool, &shown.system_pool);
        same(&expected, shown)
    }

    fn compare_pools(&self, wished: &NodePoolSpec, shown: &NodePoolSpec) -> Result<(), String> {
        same(&filled(wished, shown), shown)
    }

    async fn settle(&self) {
        self.standin.settle().await.unwrap();
    }
}

/// One of which all is said that AKS would choose or leave out otherwise.
fn explicit(name: &str) -> ClusterSpec {
    let mut spec = spec(name);
    let system = &mut spec.system_pool;
    system.zones = vec!["1".to_owned(), "3".to_owned()];
    system.nodes.disk_size_gib = Some(96);
    system.nodes.labels = [("tier".to_owned(), "system".to_owned())].into();
    system.nodes.taints = vec![taint("CriticalAddonsOnly", "true")];
    system.tags = [("cost".to_owned(), "17".to_owned())].into();
    spec
}

fn taint(key: &str, value: &str) -> Taint {
    Taint { key: key.to_owned(), value: value.to_owned(), effect: "NoSchedule".to_owned() }
}

/// The wish with what it leaves to the cloud as the cloud chose it.
fn filled(wished: &NodePoolSpec, shown: &NodePoolSpec) -> NodePoolSpec {
    let mut pool = wished.clone();
    if pool.cluster.0.is_empty() {
        pool.cluster = shown.cluster.clone();
    }
    if pool.zones.is_empty() {
        pool.zones.clone_from(&shown.zones);
    }
    pool.subnet_id = pool.subnet_id.or_else(|| shown.subnet_id.clone());
    pool.version = pool.version.or_else(|| shown.version.clone());
    pool.nodes.disk_size_gib = pool.nodes.disk_size_gib.or(shown.nodes.disk_size_gib);
    pool
}

#[tokio::test]
async fn aks_keeps_the_contract() {
    let azure = Azure::start().await;
    contract::run(&azure).await.unwrap();
    assert_eq!(azure.count("ResourceGroups_Delete").await, 1);
}
