//! EKS against the stand-in for AWS.

mod faults;
mod requests;

use std::collections::BTreeMap;

use acceptance_tests::clouds::{Cloud, StandIn};
use kubeblocks_cloud::aws::{ClusterSpec, Config, Eks, Endpoints, Network, NodeGroupSpec, StaticCredentials};
use kubeblocks_cloud::contract::{Subject, run};
use kubeblocks_cloud::{ClusterId, Made, ManagedKubernetes, Nodes, Progress, Taint};

use crate::same::same;

const OWNER: &str = "owner-1";

/// The stand-in, and a client of it.
struct World {
    standin: StandIn,
    cloud: Eks,
}

impl World {
    async fn start() -> Self {
        let standin = StandIn::start(Cloud::Aws, None).await.unwrap();
        let cloud = Eks::connect(&config(&standin)).await.unwrap();
        Self { standin, cloud }
    }

    /// Creates the cluster to its end.
    async fn create(&self, spec: &ClusterSpec) -> Made {
        let mut made = Made::default();
        for _ in 0..60 {
            match self.cloud.create(spec, &mut made).await.unwrap() {
                Progress::Done => return made,
                Progress::Waiting { .. } => self.standin.settle().await.unwrap(),
            }
        }
        panic!("the cluster is still being made: {made:?}");
    }
}

fn config(standin: &StandIn) -> Config {
    let environment = standin.environment();
    let endpoint = || Some(environment["AWS_ENDPOINT_URL"].clone());
    Config {
        region: Some(environment["AWS_REGION"].clone()),
        static_credentials: Some(StaticCredentials {
            access_key_id: environment["AWS_ACCESS_KEY_ID"].clone(),
            secret_access_key: environment["AWS_SECRET_ACCESS_KEY"].clone(),
            session_token: None,
        }),
        endpoints: Endpoints { eks: endpoint(), ec2: endpoint(), iam: endpoint(), sts: endpoint() },
        ..Config::default()
    }
}

fn spec(name: &str, owner: &str) -> ClusterSpec {
    ClusterSpec {
        name: name.to_owned(),
        owner: owner.to_owned(),
        version: Some("1.34".to_owned()),
        network: Network::Made { cidr: "10.0.0.0/16".to_owned(), zones: Vec::new() },
        role_arn: None,
        node_role_arn: None,
        endpoint_public_access: true,
        endpoint_private_access: true,
        public_access_cidrs: Vec::new(),
        log_types: Vec::new(),
        add_ons: BTreeMap::new(),
        system_node_group: group(name, "system", owner, 3),
        tags: BTreeMap::from([("team".to_owned(), "databases".to_owned())]),
    }
}

/// A cluster that leaves little to the cloud.
fn explicit(name: &str, owner: &str) -> ClusterSpec {
    let mut spec = spec(name, owner);
    let zones = ["eu-central-1a", "eu-central-1b"].map(str::to_owned).to_vec();
    spec.network = Network::Made { cidr: "10.1.0.0/20".to_owned(), zones };
    spec.endpoint_private_access = false;
    spec.public_access_cidrs = vec!["198.51.100.0/24".to_owned(), "192.0.2.0/24".to_owned()];
    spec.log_types = vec!["authenticator".to_owned()];
    let group = &mut spec.system_node_group;
    group.nodes.autoscaling = Some((2, 4));
    group.nodes.taints = vec![taint("first", "PreferNoSchedule")];
    group.tags = BTreeMap::from([("cost".to_owned(), "16".to_owned())]);
    spec
}

fn taint(key: &str, effect: &str) -> Taint {
    Taint { key: key.to_owned(), value: "yes".to_owned(), effect: effect.to_owned() }
}

fn group(cluster: &str, name: &str, owner: &str, size: i64) -> NodeGroupSpec {
    NodeGroupSpec {
        cluster: ClusterId(cluster.to_owned()),
        name: name.to_owned(),
        owner: owner.to_owned(),
        nodes: Nodes {
            machine_types: vec!["t3a.large".to_owned()],
            disk_size_gib: Some(40),
            size: Some(size),
            ..Nodes::default()
        },
        ami_type: None,
        subnet_ids: Vec::new(),
        role_arn: None,
        version: None,
        tags: BTreeMap::new(),
    }
}

impl Subject for World {
    type Cloud = Eks;

    fn cloud(&self) -> &Eks {
        &self.cloud
    }

    fn wish(&self) -> (ClusterSpec, String) {
        (explicit("orders", OWNER), OWNER.to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = explicit("orders", OWNER);
        spec.version = Some("1.35".to_owned());
        spec.endpoint_private_access = true;
        spec.public_access_cidrs = vec!["203.0.113.0/24".to_owned()];
        spec.log_types = vec!["api".to_owned(), "audit".to_owned()];
        spec.tags = BTreeMap::from([("team".to_owned(), "orders".to_owned())]);
        spec.system_node_group.nodes.size = Some(4);
        spec.system_node_group.nodes.autoscaling = None;
        spec.system_node_group.nodes.labels = BTreeMap::from([("kind".to_owned(), "system".to_owned())]);
        spec
    }

    fn absent(&self) -> ClusterSpec {
        spec("absent", "owner-3")
    }

    fn missing(&self) -> ClusterId {
        ClusterId("missing".to_owned())
    }

    async fn occupy(&self) -> ClusterId {
        self.create(&spec("taken", "owner-2")).await;
        ClusterId("taken".to_owned())
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn taken(&self) -> ClusterSpec {
        spec("taken", "owner-4")
    }

    fn pool(&self, id: &ClusterId) -> [NodeGroupSpec; 2] {
        let mut first = group(&id.0, "more", "owner-5", 2);
        first.nodes.spot = true;
        first.nodes.labels = BTreeMap::from([("kind".to_owned(), "more".to_owned())]);
        first.nodes.taints = vec![taint("more", "NoExecute")];
        first.tags = BTreeMap::from([("cost".to_owned(), "17".to_owned())]);
        let mut second = first.clone();
        second.nodes.size = Some(5);
        second.nodes.taints = vec![taint("more", "NoSchedule")];
        second.tags.clear();
        [first, second]
    }

    fn compare(&self, wished: &ClusterSpec, shown: &ClusterSpec) -> Result<(), String> {
        let mut expected = wished.clone();
        expected.version = expected.version.or_else(|| shown.version.clone());
        expected.system_node_group = filled(&wished.system_node_group, &shown.system_node_group);
        same(&expected, shown)
    }

    fn compare_pools(&self, wished: &NodeGroupSpec, shown: &NodeGroupSpec) -> Result<(), String> {
        same(&filled(wished, shown), shown)
    }

    async fn settle(&self) {
        self.standin.settle().await.unwrap();
    }
}

/// The wish with what it leaves to the cloud as the cloud chose it.
fn filled(wished: &NodeGroupSpec, shown: &NodeGroupSpec) -> NodeGroupSpec {
    let mut group = wished.clone();
    if group.subnet_ids.is_empty() {
        group.subnet_ids.clone_from(&shown.subnet_ids);
    }
    group.ami_type = group.ami_type.or_else(|| shown.ami_type.clone());
    group.role_arn = group.role_arn.or_else(|| shown.role_arn.clone());
    group.version = group.version.or_else(|| shown.version.clone());
    group.nodes.disk_size_gib = group.nodes.disk_size_gib.or(shown.nodes.disk_size_gib);
    group
}

#[tokio::test]
async fn eks_keeps_the_contract() {
    let world = World::start().await;
    run(&world).await.unwrap();
    let left = world.cloud.observe(&ClusterId("taken".to_owned())).await.unwrap();
    assert_eq!(left.unwrap().owner.as_deref(), Some("owner-2"));
}
