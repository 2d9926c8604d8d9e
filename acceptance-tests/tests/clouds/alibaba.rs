//! ACK against its stand-in: the contract, and the requests that it takes.

mod faults;

use std::time::{Duration, SystemTime};

use acceptance_tests::clouds::{Cloud, StandIn};
use kubeblocks_cloud::alibaba::{
    Ack, ClusterSpec, Config, Endpoints, Network, NodePoolSpec, Place, PodNetwork, StaticCredentials, connect,
};
use kubeblocks_cloud::contract::{self, CLUSTER, POOL, Subject};
use kubeblocks_cloud::{
    ClusterId, Error, Made, ManagedKubernetes, Nodes, PageRequest, Phase, PoolId, Progress, Proof, Taint,
};

use crate::same::same;

struct Test {
    stand_in: StandIn,
    cloud: Ack,
}

impl Test {
    async fn start() -> Self {
        let stand_in = StandIn::start(Cloud::Alibaba, None).await.unwrap();
        let cloud = connect(&config(&stand_in)).await.unwrap();
        Self { stand_in, cloud }
    }

    /// The same cloud for another process, or another person.
    async fn another(&self) -> Ack {
        connect(&config(&self.stand_in)).await.unwrap()
    }

    async fn settle(&self) {
        self.stand_in.settle().await.unwrap();
    }

    async fn play(&self, faults: &[acceptance_tests::clouds::Fault]) {
        self.stand_in.play(faults).await.unwrap();
    }

    /// Calls until it is done.
    async fn drive(&self, mut call: impl AsyncFnMut() -> Result<Progress, Error>) -> Result<(), Error> {
        for _ in 0..30 {
            match call().await? {
                Progress::Done => return Ok(()),
                Progress::Waiting { .. } => self.settle().await,
            }
        }
        panic!("it does not end");
    }

    async fn created(&self, spec: &ClusterSpec) -> (ClusterId, Made) {
        let mut made = Made::default();
        self.drive(async || self.cloud.create(spec, &mut made).await).await.unwrap();
        (ClusterId(made.id(CLUSTER).unwrap().to_owned()), made)
    }

    async fn removed(&self, id: &ClusterId, owner: &str, made: &mut Made) {
        self.drive(async || self.cloud.delete(id, owner, made).await).await.unwrap();
    }

    /// Operations that were asked since the journal had `from` entries.
    async fn operations(&self, from: usize) -> Vec<String> {
        let journal = self.stand_in.journal().await.unwrap();
        journal.into_iter().skip(from).map(|request| request.operation).collect()
    }

    async fn count(&self, operation: &str) -> usize {
        self.operations(0).await.iter().filter(|asked| *asked == operation).count()
    }
}

fn config(stand_in: &StandIn) -> Config {
    let get = |name: &str| stand_in.environment()[name].clone();
    Config {
        region: Some(get("ALIBABA_CLOUD_REGION_ID")),
        static_credentials: Some(StaticCredentials {
            access_key_id: get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
            access_key_secret: get("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
            security_token: None,
        }),
        endpoints: Endpoints {
            cs: Some(get("CS_ENDPOINT")),
            vpc: Some(get("VPC_ENDPOINT")),
            sts: Some(get("STS_ENDPOINT")),
            metadata: Some(stand_in.endpoint().to_owned()),
        },
        ..Config::default()
    }
}

fn pool(cluster: &ClusterId, name: &str, owner: &str) -> NodePoolSpec {
    NodePoolSpec {
        cluster: cluster.clone(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        nodes: Nodes {
            machine_types: vec!["ecs.g7.xlarge".to_owned(), "ecs.g6.xlarge".to_owned()],
            disk_size_gib: Some(100),
            size: Some(2),
            labels: [("tier".to_owned(), name.to_owned())].into(),
            taints: vec![Taint {
                key: "only".to_owned(),
                value: name.to_owned(),
                effect: "NoSchedule".to_owned(),
            }],
            ..Nodes::default()
        },
        vswitch_ids: Vec::new(),
        system_disk_category: Some("cloud_essd".to_owned()),
        version: None,
        image_type: Some("AliyunLinux3".to_owned()),
        key_pair: None,
        tags: [("pool".to_owned(), name.to_owned())].into(),
    }
}

fn cluster(name: &str, owner: &str) -> ClusterSpec {
    let mut system = pool(&ClusterId(String::new()), "system", owner);
    system.nodes.taints.clear();
    ClusterSpec {
        name: name.to_owned(),
        owner: owner.to_owned(),
        version: Some("1.33".to_owned()),
        cluster_spec: "ack.pro.small".to_owned(),
        network: Network::Made { cidr: "10.0.0.0/16".to_owned(), zones: Vec::new() },
        pod_network: PodNetwork::Terway { pod_vswitch_ids: Vec::new() },
        service_cidr: Some("172.21.0.0/20".to_owned()),
        endpoint_public_access: true,
        snat_entry: true,
        system_node_pool: system,
        tags: [("team".to_owned(), "data".to_owned())].into(),
    }
}

/// One of which also the zones and the taints are said.
fn explicit(name: &str, owner: &str) -> ClusterSpec {
    let mut spec = cluster(name, owner);
    let zones = ["cn-hangzhou-h", "cn-hangzhou-i"].map(str::to_owned).to_vec();
    spec.network = Network::Made { cidr: "10.0.0.0/16".to_owned(), zones };
    spec.system_node_pool = pool(&ClusterId(String::new()), "system", owner);
    spec
}

fn is_waiting(progress: &Result<Progress, Error>) -> bool {
    matches!(progress, Ok(Progress::Waiting { .. }))
}

impl Subject for Test {
    type Cloud = Ack;

    fn cloud(&self) -> &Ack {
        &self.cloud
    }

    fn wish(&self) -> (ClusterSpec, String) {
        (explicit("wish", "owner-1"), "owner-1".to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = explicit("wish", "owner-1");
        spec.version = Some("1.34".to_owned());
        "ack.pro.xlarge".clone_into(&mut spec.cluster_spec);
        spec.tags = [("stage".to_owned(), "live".to_owned())].into();
        spec.system_node_pool.nodes.autoscaling = Some((3, 5));
        spec
    }

    fn absent(&self) -> ClusterSpec {
        cluster("absent", "owner-2")
    }

    fn missing(&self) -> ClusterId {
        ClusterId("c00000000000000000000000000000000".to_owned())
    }

    async fn occupy(&self) -> ClusterId {
        self.created(&cluster("taken", "someone-else")).await.0
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn taken(&self) -> ClusterSpec {
        cluster("taken", "owner-3")
    }

    fn pool(&self, id: &ClusterId) -> [NodePoolSpec; 2] {
        let (spec, mut change) = (pool(id, "extra", "owner-4"), pool(id, "extra", "owner-4"));
        change.nodes.size = Some(3);
        change.nodes.labels.clear();
        change.nodes.taints.clear();
        change.tags.clear();
        [spec, change]
    }

    fn compare(&self, wished: &ClusterSpec, shown: &ClusterSpec) -> Result<(), String> {
        let mut expected = wished.clone();
        expected.version = wished.version.clone().or_else(|| shown.version.clone());
        expected.service_cidr = wished.service_cidr.clone().or_else(|| shown.service_cidr.clone());
        expected.system_node_pool = filled(&wished.system_node_pool, &shown.system_node_pool);
        same(&expected, shown)
    }

    fn compare_pools(&self, wished: &NodePoolSpec, shown: &NodePoolSpec) -> Result<(), String> {
        same(&filled(wished, shown), shown)
    }

    async fn settle(&self) {
        Test::settle(self).await;
    }
}

/// The wish with what it leaves to the cloud as the cloud chose it.
fn filled(wished: &NodePoolSpec, shown: &NodePoolSpec) -> NodePoolSpec {
    let mut pool = wished.clone();
    if pool.cluster.0.is_empty() {
        pool.cluster = shown.cluster.clone();
    }
    if pool.vswitch_ids.is_empty() {
        pool.vswitch_ids.clone_from(&shown.vswitch_ids);
    }
    pool.system_disk_category = pool.system_disk_category.or_else(|| shown.system_disk_category.clone());
    pool.image_type = pool.image_type.or_else(|| shown.image_type.clone());
    pool.nodes.disk_size_gib = pool.nodes.disk_size_gib.or(shown.nodes.disk_size_gib);
    // One that scales by itself begins with the least.
    if pool.nodes.autoscaling.is_some() {
        pool.nodes.size = shown.nodes.size;
    }
    pool
}

#[tokio::test]
async fn ack_keeps_the_contract() {
    let test = Test::start().await;
    contract::run(&test).await.unwrap();
}

#[tokio::test]
async fn what_is_asked_is_little_and_what_is_answered_is_seen() {
    let test = Test::start().await;
    let (spec, mut made) = (cluster("one", "me"), Made::default());
    for _ in 0..4 {
        assert!(is_waiting(&test.cloud.create(&spec, &mut made).await));
        if made.id(CLUSTER).is_some() {
            break;
        }
        test.settle().await;
    }
    // While it waits, one look.
    let from = test.operations(0).await.len();
    assert!(is_waiting(&test.cloud.create(&spec, &mut made).await));
    assert_eq!(test.operations(from).await, ["DescribeClusterDetail"]);
    // Another process finds all of it by the marks.
    let mut other = Made::default();
    assert!(is_waiting(&test.another().await.create(&spec, &mut other).await));
    for object in made.objects() {
        assert_eq!(other.id(&object.part), Some(object.id.as_str()), "{object:?}");
    }
    test.drive(async || test.cloud.create(&spec, &mut made).await).await.unwrap();
    assert_eq!((test.count("CreateCluster").await, test.count("CreateVpc").await), (1, 1));
    assert_eq!(test.count("CreateVSwitch").await, 3);

    let id = ClusterId(made.id(CLUSTER).unwrap().to_owned());
    for most in [3, 2] {
        let from = test.operations(0).await.len();
        let observed = test.cloud.observe(&id).await.unwrap().unwrap();
        assert!(test.operations(from).await.len() <= most);
        assert_eq!((observed.phase, observed.version.as_str()), (Phase::Active, "1.33"));
        assert_eq!(observed.platform_version.as_deref(), Some("1.33.3-aliyun.1"));
        assert!(observed.endpoint.unwrap().starts_with("https://"));
        assert!(observed.ca_certificate.unwrap().contains("BEGIN CERTIFICATE"));
        assert!(observed.oidc_issuer.unwrap().starts_with("https://"));
        assert_eq!(observed.tags, spec.tags);
        assert_eq!(observed.network.len(), 4);
        let pool = observed.system_pool.unwrap();
        assert_eq!(
            (pool.name.as_str(), pool.nodes.size, pool.nodes.disk_size_gib),
            ("system", Some(2), Some(100))
        );
        assert_eq!(
            (pool.tags, pool.nodes.labels),
            (spec.system_node_pool.tags.clone(), spec.system_node_pool.nodes.labels.clone())
        );
        assert_eq!(pool.nodes.machine_types, spec.system_node_pool.nodes.machine_types);
    }
    let from = test.operations(0).await.len();
    assert_eq!(test.cloud.update(&spec, &mut made).await.unwrap(), Progress::Done);
    assert_eq!(test.operations(from).await, ["DescribeClusterDetail", "DescribeClusterNodePools"]);

    // A pool costs one look, too, and is found again by a process that knows nothing of it.
    let (extra, mut pools, mut others) = (pool(&id, "extra", "me"), Made::default(), Made::default());
    assert!(is_waiting(&test.cloud.create_pool(&extra, &mut pools).await));
    let from = test.operations(0).await.len();
    assert!(is_waiting(&test.cloud.create_pool(&extra, &mut pools).await));
    assert_eq!(test.operations(from).await, ["DescribeClusterNodePoolDetail"]);
    assert!(is_waiting(&test.another().await.create_pool(&extra, &mut others).await));
    assert_eq!((pools.id(POOL), test.count("CreateClusterNodePool").await), (others.id(POOL), 1));

    // One that was read for the authority is given on, once.
    assert!(test.cloud.observe(&id).await.unwrap().is_some());
    drop(test.cloud.credentials(&id).await.unwrap());
    let from = test.operations(0).await.len();
    let credentials = test.cloud.credentials(&id).await.unwrap();
    assert_eq!(test.operations(from).await, ["DescribeClusterUserKubeconfig"]);
    let life = credentials.expires_at.duration_since(SystemTime::now()).unwrap();
    assert!(life > Duration::from_mins(58) && life <= Duration::from_hours(1), "{life:?}");
    let Proof::Certificate { certificate, key } = credentials.proof else {
        panic!("a certificate is wanted")
    };
    assert!(certificate.contains("BEGIN CERTIFICATE") && key.contains("PRIVATE KEY"));

    let offered = test.cloud.versions().await.unwrap();
    let offered: Vec<_> =
        offered.iter().map(|offered| (offered.version.as_str(), offered.is_default)).collect();
    assert_eq!(offered, [("1.33", false), ("1.34", true), ("1.35", false)]);

    // The network is in use for a while after the cluster is gone.
    assert!(is_waiting(&test.cloud.delete(&id, "me", &mut made).await));
    let protected = test.cloud.delete(&id, "me", &mut made).await.unwrap();
    assert!(matches!(&protected, Progress::Waiting { what } if what.contains("deleting")), "{protected:?}");
    test.stand_in.advance(Duration::from_secs(301)).await.unwrap();
    let held = test.cloud.delete(&id, "me", &mut made).await.unwrap();
    assert!(matches!(&held, Progress::Waiting { what } if what.contains("DependencyViolation")), "{held:?}");
    let from = test.operations(0).await.len();
    assert!(is_waiting(&test.cloud.delete(&id, "me", &mut made).await));
    assert_eq!(test.operations(from).await, ["DescribeVpcs", "DescribeVSwitches", "DeleteVSwitch"]);
    test.removed(&id, "me", &mut made).await;
    assert!(made.objects().is_empty());
}

#[tokio::test]
async fn a_pool_has_the_version_of_its_cluster_and_no_other() {
    let test = Test::start().await;
    let (id, _) = test.created(&cluster("one", "me")).await;
    let of = |version: &str| NodePoolSpec { version: Some(version.to_owned()), ..pool(&id, "extra", "me") };
    let mut made = Made::default();
    let refused = |answer: Result<Progress, Error>| {
        let error = answer.unwrap_err();
        assert!(
            matches!(&error, Error::InvalidSpec { message, .. } if message.contains("have 1.33")),
            "{error}"
        );
    };
    refused(test.cloud.create_pool(&of("1.34"), &mut made).await);
    assert_eq!(test.count("CreateClusterNodePool").await, 0);
    test.drive(async || test.cloud.create_pool(&of("1.33"), &mut made).await).await.unwrap();
    refused(test.cloud.update_pool(&of("1.34"), &mut made).await);

    // The cluster takes it along; what the pool was before is no wish to go back.
    let (spec, mut others) =
        (ClusterSpec { version: Some("1.34".to_owned()), ..cluster("one", "me") }, Made::default());
    test.drive(async || test.cloud.update(&spec, &mut others).await).await.unwrap();
    let seen = PoolId { cluster: id.clone(), pool: made.id(POOL).unwrap().to_owned() };
    assert_eq!(test.cloud.observe_pool(&seen).await.unwrap().unwrap().version.as_deref(), Some("1.34"));
    for version in ["1.33", "1.34"] {
        assert_eq!(
            test.cloud.update_pool(&of(version), &mut made).await.unwrap(),
            Progress::Done,
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_private_cluster_in_a_network_that_is_there_is_reached_privately() {
    let test = Test::start().await;
    let (first, mut made) = test.created(&cluster("one", "me")).await;
    let network = test.cloud.observe(&first).await.unwrap().unwrap().network;
    let mut spec = cluster("two", "you");
    spec.network = Network::Existing { vswitch_ids: network[1..].to_vec() };
    spec.pod_network = PodNetwork::Flannel { pod_cidr: "172.22.0.0/16".to_owned() };
    (spec.endpoint_public_access, spec.snat_entry, spec.version) = (false, false, None);
    spec.system_node_pool.nodes.autoscaling = Some((1, 3));
    spec.system_node_pool.key_pair = Some("mine".to_owned());
    spec.system_node_pool.nodes.spot = true;
    let (second, mut others) = test.created(&spec).await;
    // What was there is not ours to remove.
    assert_eq!(others.objects().len(), 1);
    let observed = test.another().await.observe(&second).await.unwrap().unwrap();
    assert_eq!((observed.version.as_str(), observed.network), ("1.34", network));
    assert!(observed.endpoint.is_some() && observed.ca_certificate.is_some());
    // Whether there is a NAT gateway for it, this ACK does not tell.
    test.compare(&ClusterSpec { snat_entry: true, ..spec.clone() }, &observed.wish).unwrap();
    assert_eq!(observed.system_pool.unwrap().wish, observed.wish.system_node_pool);
    assert!(test.another().await.credentials(&second).await.is_ok());
    let mut nowhere = cluster("three", "me");
    nowhere.network = Network::Existing { vswitch_ids: vec!["vsw-none".to_owned()] };
    let refused = test.cloud.create(&nowhere, &mut Made::default()).await;
    assert!(matches!(refused, Err(Error::InvalidSpec { .. })));
    // Also when nobody knows what was made.
    test.removed(&second, "you", &mut others).await;
    test.removed(&ClusterId(String::new()), "me", &mut Made::default()).await;
    test.removed(&first, "me", &mut made).await;
}

#[tokio::test]
async fn a_list_is_of_the_region_or_of_all() {
    let test = Test::start().await;
    let (id, _) = test.created(&cluster("one", "me")).await;
    let region = Some("cn-beijing".to_owned());
    let elsewhere = connect(&Config { region, ..config(&test.stand_in) }).await.unwrap();
    let page = PageRequest::default();
    assert!(elsewhere.list(&Place::Region, &page).await.unwrap().found.is_empty());
    let found = elsewhere.list(&Place::Everywhere, &page).await.unwrap().found;
    let found: Vec<_> = found.into_iter().map(|one| (one.id, one.name, one.region)).collect();
    assert_eq!(found, [(id, "one".to_owned(), Some("cn-hangzhou".to_owned()))]);
}
