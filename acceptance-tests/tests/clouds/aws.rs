//! EKS against the stand-in for AWS.

mod faults;
mod requests;

use std::collections::BTreeMap;

use acceptance_tests::clouds::{Cloud, StandIn};
use kubeblocks_cloud::aws::{ClusterSpec, Config, Eks, Endpoints, Network, NodeGroupSpec, StaticCredentials};
use kubeblocks_cloud::contract::{Subject, run};
use kubeblocks_cloud::{ClusterId, Made, ManagedKubernetes, Nodes, Progress};

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
        (spec("orders", OWNER), OWNER.to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = spec("orders", OWNER);
        spec.version = Some("1.35".to_owned());
        spec.public_access_cidrs = vec!["203.0.113.0/24".to_owned()];
        spec.log_types = vec!["api".to_owned(), "audit".to_owned()];
        spec.tags = BTreeMap::from([("team".to_owned(), "orders".to_owned())]);
        spec.system_node_group.nodes.size = Some(4);
        spec.system_node_group.nodes.labels = BTreeMap::from([("kind".to_owned(), "system".to_owned())]);
        spec
    }

    fn absent(&self) -> ClusterSpec {
        spec("absent", "owner-3")
    }

    fn missing(&self) -> ClusterId {
        ClusterId("missing".to_owned())
    }

    fn taken(&self) -> ClusterSpec {
        spec("taken", "owner-4")
    }

    fn pool(&self, id: &ClusterId) -> [NodeGroupSpec; 2] {
        [group(&id.0, "more", "owner-5", 2), group(&id.0, "more", "owner-5", 5)]
    }

    async fn settle(&self) {
        self.standin.settle().await.unwrap();
    }
}

#[tokio::test]
async fn eks_keeps_the_contract() {
    let world = World::start().await;
    world.create(&spec("taken", "owner-2")).await;
    run(&world).await.unwrap();
    let left = world.cloud.observe(&ClusterId("taken".to_owned())).await.unwrap();
    assert_eq!(left.unwrap().owner.as_deref(), Some("owner-2"));
}
