//! Every fault that ACK and the services around it are known for.

use std::time::{Duration, SystemTime};

use acceptance_tests::clouds::Fault;
use kubeblocks_cloud::alibaba::{
    AssumeRole, AssumeRoleWithOidc, ClusterSpec, Config, Network, Place, StaticCredentials, connect,
};
use kubeblocks_cloud::contract::{CLUSTER, POOL};
use kubeblocks_cloud::{
    ClusterId, Error, Made, ManagedKubernetes as _, PageRequest, Phase, PoolId, Progress,
};
use serde_json::json;

use super::{Test, cluster, config, is_waiting, pool};

const ROLE: &str = "acs:ram::1234567890123456:role/deployer";
const SOLD_OUT: &str = "ecs.gn7i-c8g1.2xlarge";

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
    assert_eq!((observed.version.as_str(), observed.system_pool.unwrap().nodes.size), ("1.34", Some(4)));
    assert_eq!(test.cloud.observe_pool(&pool_id).await.unwrap().unwrap().nodes.size, Some(5));
    test.drive(async || test.cloud.update_pool(&extra, &mut pools).await).await.unwrap();
    assert_eq!(test.cloud.observe_pool(&pool_id).await.unwrap().unwrap().nodes.size, Some(2));

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

#[tokio::test]
async fn lists_wait_throttling_out_and_say_what_is_denied() {
    let test = Test::start().await;
    let list = async || test.cloud.list(&Place::Region, &PageRequest::default()).await;
    test.play(&[fault("DescribeClustersV1", 2, 400, "Throttling.User")]).await;
    assert!(list().await.unwrap().found.is_empty());
    test.play(&[fault("DescribeClustersV1", 1, 403, "StatusForbidden")]).await;
    let denied = list().await.unwrap_err();
    assert!(
        matches!(&denied, Error::PermissionDenied { action, .. } if action == "cs:DescribeClustersV1"),
        "{denied}"
    );
    // What nobody marked is found, and told so; what is gone and still shown is not found.
    let shown = |id: &str, state: &str| json!({"cluster_id": id, "name": id, "state": state, "region_id": "cn-hangzhou"});
    let clusters = json!([shown("c1", "running"), shown("c2", "deleted")]);
    let body =
        json!({"clusters": clusters, "page_info": {"total_count": 2, "page_number": 1, "page_size": 100}});
    test.play(&[Fault { body, ..fault("DescribeClustersV1", 1, 200, "") }]).await;
    let found = list().await.unwrap().found;
    let found: Vec<_> = found.iter().map(|one| (one.id.0.as_str(), one.is_marked)).collect();
    assert_eq!(found, [("c1", Some(false))]);
}
