//! ACK against its stand-in: the contract, the requests that it takes, and every fault that the cloud is known for.

use std::time::{Duration, SystemTime};

use acceptance_tests::clouds::{Cloud, Fault, StandIn};
use kubeblocks_cloud::alibaba::{
    Ack, AssumeRole, AssumeRoleWithOidc, ClusterSpec, Config, Endpoints, Network, NodePoolSpec, PodNetwork,
    StaticCredentials, connect,
};
use kubeblocks_cloud::contract::{self, CLUSTER, POOL, Subject};
use kubeblocks_cloud::{
    ClusterId, Error, Made, ManagedKubernetes, Nodes, Phase, PoolId, Progress, Proof, Taint,
};
use serde_json::json;

const ROLE: &str = "acs:ram::1234567890123456:role/deployer";
const SOLD_OUT: &str = "ecs.gn7i-c8g1.2xlarge";

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

    async fn play(&self, faults: &[Fault]) {
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

fn fault(operation: &str, times: u32, status: u16, code: &str) -> Fault {
    let message = format!("the words of {code}");
    Fault {
        operation: operation.to_owned(),
        times,
        status,
        body: json!({"code": code, "message": message, "Code": code, "Message": message}),
        ..Fault::default()
    }
}

fn broken(operation: &str, kind: &str) -> Fault {
    Fault { operation: operation.to_owned(), times: 1, kind: kind.to_owned(), ..Fault::default() }
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
        (cluster("wish", "owner-1"), "owner-1".to_owned())
    }

    fn change(&self) -> ClusterSpec {
        let mut spec = cluster("wish", "owner-1");
        spec.version = Some("1.34".to_owned());
        spec.cluster_spec = "ack.pro.xlarge".to_owned();
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

    async fn settle(&self) {
        Test::settle(self).await;
    }
}

#[tokio::test]
async fn ack_keeps_the_contract() {
    let test = Test::start().await;
    test.created(&cluster("taken", "someone-else")).await;
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
        assert_eq!((pool.name.as_str(), pool.size, pool.disk_size_gib), ("system", Some(2), Some(100)));
        assert_eq!(
            (pool.tags, pool.labels),
            (spec.system_node_pool.tags.clone(), spec.system_node_pool.nodes.labels.clone())
        );
        assert_eq!(pool.machine_types, spec.system_node_pool.nodes.machine_types);
    }
    let from = test.operations(0).await.len();
    assert_eq!(test.cloud.update(&spec, &mut made).await.unwrap(), Progress::Done);
    assert_eq!(test.operations(from).await, ["DescribeClusterDetail", "DescribeClusterNodePools"]);

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
async fn a_private_cluster_in_a_network_that_is_there_is_reached_privately() {
    let test = Test::start().await;
    let (first, mut made) = test.created(&cluster("one", "me")).await;
    let network = test.cloud.observe(&first).await.unwrap().unwrap().network;
    let mut spec = cluster("two", "you");
    spec.network = Network::Existing { vswitch_ids: network[1..].to_vec() };
    spec.pod_network = PodNetwork::Flannel { pod_cidr: "172.22.0.0/16".to_owned() };
    (spec.endpoint_public_access, spec.snat_entry, spec.version) = (false, false, None);
    spec.system_node_pool.nodes.autoscaling = Some((1, 3));
    let (second, mut others) = test.created(&spec).await;
    // What was there is not ours to remove.
    assert_eq!(others.objects().len(), 1);
    let observed = test.another().await.observe(&second).await.unwrap().unwrap();
    assert_eq!((observed.version.as_str(), observed.network), ("1.34", network));
    assert!(observed.endpoint.is_some() && observed.ca_certificate.is_some());
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
async fn failures_come_late_and_say_why() {
    let test = Test::start().await;
    let mut spec = cluster("small", "me");
    // Its vSwitches are too small for the control plane, which shows late.
    spec.network = Network::Made { cidr: "10.0.0.0/26".to_owned(), zones: vec!["cn-hangzhou-h".to_owned()] };
    let mut made = Made::default();
    let error = test.drive(async || test.cloud.create(&spec, &mut made).await).await.unwrap_err();
    assert!(matches!(&error, Error::Failed { message, .. } if message.contains("IpNotEnough")), "{error}");
    let id = ClusterId(made.id(CLUSTER).unwrap().to_owned());
    let observed = test.cloud.observe(&id).await.unwrap().unwrap();
    assert!(matches!(&observed.phase, Phase::Failed(why) if why.contains("IpNotEnough")), "{observed:?}");
    test.removed(&id, "me", &mut made).await;

    let (id, mut made) = test.created(&cluster("one", "me")).await;
    let mut spec = pool(&id, "gpu", "me");
    spec.nodes.machine_types = vec![SOLD_OUT.to_owned()];
    let mut pools = Made::default();
    let error = test.drive(async || test.cloud.create_pool(&spec, &mut pools).await).await.unwrap_err();
    assert!(matches!(&error, Error::Failed { message, .. } if message.contains("NoStock")), "{error}");
    let pool = PoolId { cluster: id.clone(), pool: pools.id(POOL).unwrap().to_owned() };
    let observed = test.cloud.observe_pool(&pool).await.unwrap().unwrap();
    assert!(
        matches!(&observed.phase, Phase::Failed(why) if why.contains("NoStock")) && observed.is_unfinished
    );
    test.drive(async || test.cloud.delete_pool(&pool, &mut pools).await).await.unwrap();
    assert!(pools.objects().is_empty());

    // An upgrade that began, and of which nothing came.
    let begun = json!({"cluster_id": id.0, "task_id": "T-1"});
    let failed = json!({"task_id": "T-1", "state": "fail", "error": {"code": "Precheck", "message": "an old API is used"}});
    let answer = |operation: &str, body| Fault { status: 200, body, ..fault(operation, 1, 200, "") };
    test.play(&[answer("UpgradeCluster", begun), answer("DescribeTaskInfo", failed)]).await;
    let upgraded = ClusterSpec { version: Some("1.34".to_owned()), ..cluster("one", "me") };
    let error = test.drive(async || test.cloud.update(&upgraded, &mut made).await).await.unwrap_err();
    assert!(
        matches!(&error, Error::Failed { message, .. } if message.contains("an old API is used")),
        "{error}"
    );
    // The next attempt is a new one.
    test.drive(async || test.cloud.update(&upgraded, &mut made).await).await.unwrap();
    assert_eq!(test.cloud.observe(&id).await.unwrap().unwrap().version, "1.34");
    let back = ClusterSpec { version: Some("1.33".to_owned()), ..cluster("one", "me") };
    assert!(matches!(test.cloud.update(&back, &mut made).await, Err(Error::InvalidSpec { .. })));
    let skipped = ClusterSpec { version: Some("1.40".to_owned()), ..cluster("one", "me") };
    assert!(matches!(test.cloud.update(&skipped, &mut made).await, Err(Error::InvalidSpec { .. })));
}

#[tokio::test]
async fn what_is_refused_is_told_by_its_meaning() {
    let test = Test::start().await;
    let spec = cluster("one", "me");
    let mut made = Made::default();
    while made.id("vswitch_0").is_none() {
        assert!(is_waiting(&test.cloud.create(&spec, &mut made).await));
        test.settle().await;
    }
    for (status, code) in [(400, "QuotaExceeded.Cluster"), (400, "InvalidAccountStatus.NotEnoughBalance")] {
        test.play(&[fault("CreateCluster", 1, status, code)]).await;
        let error = test.cloud.create(&spec, &mut made).await.unwrap_err();
        assert!(matches!(&error, Error::QuotaExceeded { message } if message.contains(code)), "{error}");
    }
    test.play(&[fault("CreateCluster", 1, 403, "StatusForbidden")]).await;
    let error = test.cloud.create(&spec, &mut made).await.unwrap_err();
    assert!(
        matches!(&error, Error::PermissionDenied { action, message }
            if action == "cs:CreateCluster" && message.contains("the words of StatusForbidden")),
        "{error}"
    );
    test.play(&[fault("CreateCluster", 1, 400, "OperationDenied.NoStock")]).await;
    assert!(matches!(test.cloud.create(&spec, &mut made).await, Err(Error::InvalidSpec { .. })));
    // Throttling is outwaited, but not for ever.
    let throttled = [
        fault("DescribeClustersV1", 1, 400, "Throttling.User"),
        fault("CreateCluster", 1, 503, "Throttling"),
    ];
    test.play(&throttled).await;
    assert!(is_waiting(&test.cloud.create(&spec, &mut made).await));
    let id = ClusterId(made.id(CLUSTER).unwrap().to_owned());
    let mut long = fault("DescribeClusterDetail", 1, 400, "Throttling.User");
    long.headers = [("x-acs-retry-after".to_owned(), "600".to_owned())].into();
    test.play(&[long]).await;
    let error = test.cloud.observe(&id).await.unwrap_err();
    assert!(matches!(error, Error::Throttled { retry_after: Some(rest) } if rest == Duration::from_mins(10)));

    // Right after it was made, not everybody knows the cluster.
    test.play(&[fault("DescribeClusterDetail", 1, 404, "ErrorClusterNotFound")]).await;
    let mut fresh = Made::default();
    let progress = test.cloud.create(&spec, &mut made).await;
    assert!(is_waiting(&progress), "{progress:?}");
    test.play(&[]).await;
    assert!(is_waiting(&test.cloud.create(&spec, &mut fresh).await));
    assert_eq!(fresh.id(CLUSTER), made.id(CLUSTER));
    test.drive(async || test.cloud.create(&spec, &mut made).await).await.unwrap();

    // One operation at a time.
    let mut change = spec.clone();
    change.version = Some("1.34".to_owned());
    test.play(&[fault("UpgradeCluster", 1, 400, "ErrorClusterState")]).await;
    let progress = test.cloud.update(&change, &mut made).await.unwrap();
    assert!(
        matches!(&progress, Progress::Waiting { what } if what.contains("ErrorClusterState")),
        "{progress:?}"
    );
    test.play(&[]).await;
    assert!(is_waiting(&test.cloud.update(&change, &mut made).await));
    let other = test.another().await;
    assert!(is_waiting(&other.update(&change, &mut made.clone()).await));
    assert!(is_waiting(&other.create_pool(&pool(&id, "two", "me"), &mut Made::default()).await));
    assert!(is_waiting(&other.delete(&id, "me", &mut made.clone()).await));
    test.drive(async || test.cloud.update(&change, &mut made).await).await.unwrap();
    assert_eq!(test.count("UpgradeCluster").await, 2);

    test.play(&[fault("DeleteCluster", 1, 400, "ErrorDeleteProtectedCluster")]).await;
    let error = test.cloud.delete(&id, "me", &mut made).await.unwrap_err();
    assert!(
        matches!(&error, Error::InvalidSpec { field: Some(field), .. } if field == "deletion_protection"),
        "{error}"
    );
    test.play(&[fault("DeleteCluster", 1, 409, "TaskRunning")]).await;
    assert!(is_waiting(&test.cloud.delete(&id, "me", &mut made).await));
    test.removed(&id, "me", &mut made).await;
}

#[tokio::test]
async fn a_broken_connection_makes_nothing_twice() {
    let test = Test::start().await;
    let spec = cluster("one", "me");
    test.play(&[
        broken("CreateVpc", "lost"),
        broken("CreateVSwitch", "lost"),
        broken("CreateCluster", "lost"),
        broken("DescribeClusterDetail", "reset"),
        fault("DescribeClusterNodePools", 1, 502, "BadGateway"),
        broken("UntagResources", "lost"),
    ])
    .await;
    let (id, mut made) = test.created(&spec).await;
    assert_eq!((test.count("CreateVpc").await, test.count("CreateCluster").await), (2, 2));
    let ours = test.cloud.observe(&id).await.unwrap().unwrap();
    assert!(!ours.is_unfinished);
    let journal = test.stand_in.journal().await.unwrap();
    assert_eq!(journal.iter().filter(|request| request.operation == "CreateVSwitch").count(), 4);

    // ACK has no token for pools: after a lost answer it is looked for.
    test.play(&[broken("CreateClusterNodePool", "lost"), broken("ModifyClusterNodePool", "lost")]).await;
    let (extra, mut pools) = (pool(&id, "extra", "me"), Made::default());
    test.drive(async || test.cloud.create_pool(&extra, &mut pools).await).await.unwrap();
    assert_eq!(test.count("CreateClusterNodePool").await, 1);
    let taken = test.cloud.create_pool(&extra, &mut Made::default()).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { .. })));
    test.play(&[broken("CreateClusterNodePool", "reset")]).await;
    let error = test.cloud.create_pool(&pool(&id, "other", "me"), &mut Made::default()).await;
    assert!(matches!(error, Err(Error::Unexpected { .. })), "{error:?}");

    test.play(&[
        broken("DeleteCluster", "lost"),
        broken("DeleteVSwitch", "lost"),
        broken("DeleteVpc", "lost"),
    ])
    .await;
    test.removed(&id, "me", &mut made).await;
    assert!(made.objects().is_empty());
}

#[tokio::test]
async fn what_others_did_is_seen() {
    let test = Test::start().await;
    let spec = cluster("one", "me");
    let (id, mut made) = test.created(&spec).await;
    let (extra, mut pools) = (pool(&id, "extra", "me"), Made::default());
    test.drive(async || test.cloud.create_pool(&extra, &mut pools).await).await.unwrap();
    let pool_id = PoolId { cluster: id.clone(), pool: pools.id(POOL).unwrap().to_owned() };

    let other = test.another().await;
    let mut theirs = spec.clone();
    theirs.version = Some("1.34".to_owned());
    theirs.system_node_pool.nodes.size = Some(4);
    test.drive(async || other.update(&theirs, &mut made.clone()).await).await.unwrap();
    let mut larger = extra.clone();
    larger.nodes.size = Some(5);
    test.drive(async || other.update_pool(&larger, &mut Made::default()).await).await.unwrap();

    let observed = test.cloud.observe(&id).await.unwrap().unwrap();
    assert_eq!((observed.version.as_str(), observed.system_pool.unwrap().size), ("1.34", Some(4)));
    assert_eq!(test.cloud.observe_pool(&pool_id).await.unwrap().unwrap().size, Some(5));
    test.drive(async || test.cloud.update_pool(&extra, &mut pools).await).await.unwrap();
    assert_eq!(test.cloud.observe_pool(&pool_id).await.unwrap().unwrap().size, Some(2));

    test.drive(async || other.delete(&id, "me", &mut Made::default()).await).await.unwrap();
    assert_eq!(test.cloud.observe(&id).await.unwrap(), None);
    assert_eq!(test.cloud.observe_pool(&pool_id).await.unwrap(), None);
    assert!(matches!(test.cloud.update(&spec, &mut made).await, Err(Error::NotFound { .. })));
    assert!(matches!(test.cloud.update_pool(&extra, &mut pools).await, Err(Error::NotFound { .. })));
    assert!(matches!(test.cloud.credentials(&id).await, Err(Error::NotFound { .. })));
    test.removed(&id, "me", &mut made).await;
    // One that was deleted while it was noted as begun is made anew.
    let (again, _) = test.created(&spec).await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn sessions_are_opened_in_all_ways_and_renewed_when_they_end() {
    let test = Test::start().await;
    let base = config(&test.stand_in);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), oidc_token()).unwrap();
    let role = AssumeRole { role_arn: ROLE.to_owned(), ..AssumeRole::default() };
    let oidc = AssumeRoleWithOidc {
        role_arn: ROLE.to_owned(),
        provider_arn: "acs:ram::1234567890123456:oidc-provider/ci".to_owned(),
        token_file: token.path().to_owned(),
        session_name: None,
    };
    let ways = [
        ("AssumeRole", Config { assume_role: Some(role.clone()), ..base.clone() }),
        (
            "AssumeRoleWithOIDC",
            Config { static_credentials: None, assume_role_with_oidc: Some(oidc), ..base.clone() },
        ),
        (
            "SecurityCredentials",
            Config {
                static_credentials: None,
                ecs_ram_role: Some("KubernetesWorkerRole".to_owned()),
                ..base.clone()
            },
        ),
    ];
    for (operation, config) in ways {
        let cloud = connect(&config).await.unwrap();
        cloud.versions().await.unwrap();
        cloud.versions().await.unwrap();
        assert_eq!(test.count(operation).await, 1, "{operation}");
        // By the stand-in's clock the session is over; by ours it is not.
        test.stand_in.advance(Duration::from_hours(13)).await.unwrap();
        cloud.versions().await.unwrap();
        assert_eq!(test.count(operation).await, 2, "{operation}");
    }
    let nobody = AssumeRole { role_arn: ROLE.replace("deployer", "nobody"), ..role };
    let nobody = connect(&Config { assume_role: Some(nobody), ..base.clone() }).await.unwrap();
    let wrong = StaticCredentials {
        access_key_secret: "marker".to_owned(),
        ..base.static_credentials.clone().unwrap()
    };
    let wrong = connect(&Config { static_credentials: Some(wrong), ..base }).await.unwrap();
    for cloud in [nobody, wrong] {
        let error = cloud.versions().await.unwrap_err();
        assert!(
            matches!(error, Error::Unauthenticated { .. }) && !error.to_string().contains("marker"),
            "{error}"
        );
    }
    test.play(&[fault("DescribeKubernetesVersionMetadata", 9, 400, "InvalidSecurityToken.Expired")]).await;
    assert!(matches!(test.cloud.versions().await, Err(Error::Unauthenticated { .. })));
}

/// A token of the issuer that the stand-in knows, good for an hour.
fn oidc_token() -> String {
    use base64::Engine as _;
    let encode =
        |value: serde_json::Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let ends = (SystemTime::now() + Duration::from_hours(1)).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let claims = json!({"iss": "https://issuer.example.com", "sub": "ci", "exp": ends.as_secs()});
    format!("{}.{}.{}", encode(json!({"alg": "RS256"})), encode(claims), encode(json!({})))
}
