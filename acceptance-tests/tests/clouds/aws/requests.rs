//! How much is asked of AWS, and what it is asked for.

use std::process::Command;

use acceptance_tests::clouds::StandIn;
use acceptance_tests::tools;
use kubeblocks_cloud::aws::{AssumeRole, AssumeRoleWithWebIdentity, Config, Eks, Network, WebIdentityToken};
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes, Phase, PoolId, Progress};

use super::{OWNER, World, config, group, spec};

/// Operations since the journal had `from` entries.
async fn since(world: &World, from: usize) -> Vec<String> {
    let journal = world.standin.journal().await.unwrap();
    journal[from..].iter().map(|request| request.operation.clone()).collect()
}

async fn length(world: &World) -> usize {
    world.standin.journal().await.unwrap().len()
}

/// Lets AWS's own library for Python do something that nothing here does.
fn python(standin: &StandIn, script: &str) {
    let script = format!("import boto3\neks = boto3.client('eks')\n{script}");
    let mut command = Command::new(tools::clouds_python().unwrap());
    let output = command.args(["-c", &script]).envs(standin.environment()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_look_and_a_wait_cost_little() {
    let world = World::start().await;
    let (wish, id) = (spec("orders", OWNER), ClusterId("orders".to_owned()));
    let mut made = Made::default();
    loop {
        if world.cloud.create(&wish, &mut made).await.unwrap() == Progress::Done {
            break;
        }
        // What can be done now is done; while nothing happens, nothing is asked but how far it is.
        world.cloud.create(&wish, &mut made).await.unwrap();
        let first = length(&world).await;
        let again = world.cloud.create(&wish, &mut made).await.unwrap();
        let asked = since(&world, first).await;
        let is_waiting = matches!(&again, Progress::Waiting { what } if !what.contains("role"));
        if is_waiting && made.id("cluster").is_some() {
            assert!(asked.len() <= 2, "{again:?}: {asked:?}");
        }
        world.standin.settle().await.unwrap();
    }
    let first = length(&world).await;
    world.cloud.observe(&id).await.unwrap();
    assert_eq!(since(&world, first).await, ["DescribeCluster", "DescribeNodegroup"]);

    let first = length(&world).await;
    let pool = PoolId { cluster: id.clone(), pool: "system".to_owned() };
    world.cloud.observe_pool(&pool).await.unwrap();
    world.cloud.credentials(&id).await.unwrap();
    assert_eq!(since(&world, first).await, ["DescribeNodegroup"]);

    let first = length(&world).await;
    assert_eq!(world.cloud.update(&wish, &mut made).await.unwrap(), Progress::Done);
    assert_eq!(since(&world, first).await, ["DescribeCluster", "DescribeNodegroup", "ListAddons"]);

    let mut change = wish.clone();
    change.version = Some("1.35".to_owned());
    assert_ne!(world.cloud.update(&change, &mut made).await.unwrap(), Progress::Done);
    let first = length(&world).await;
    assert_ne!(world.cloud.update(&change, &mut made).await.unwrap(), Progress::Done);
    assert_eq!(since(&world, first).await, ["DescribeUpdate"]);
}

#[tokio::test]
async fn an_upgrade_goes_from_the_control_plane_over_the_add_ons_to_the_nodes() {
    let world = World::start().await;
    let mut made = world.create(&spec("orders", OWNER)).await;
    let first = length(&world).await;
    let mut change = spec("orders", OWNER);
    change.version = Some("1.35".to_owned());
    while world.cloud.update(&change, &mut made).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
    let mut writes = since(&world, first).await;
    writes.retain(|operation| operation.starts_with("Update"));
    writes.dedup();
    assert_eq!(writes, ["UpdateClusterVersion", "UpdateAddon", "UpdateNodegroupVersion"]);
}

#[tokio::test]
async fn what_is_shown_amid_an_upgrade_of_somebody_else_goes_no_further() {
    let world = World::start().await;
    world.create(&spec("orders", OWNER)).await;
    python(&world.standin, "eks.update_cluster_version(name='orders', version='1.35')");
    world.standin.settle().await.unwrap();
    let shown = world.cloud.observe(&ClusterId("orders".to_owned())).await.unwrap().unwrap().wish;
    let versions = (shown.version.as_deref(), shown.system_node_group.version.as_deref());
    assert_eq!(versions, (Some("1.35"), Some("1.34")));
    let first = length(&world).await;
    assert_eq!(world.cloud.update(&shown, &mut Made::default()).await.unwrap(), Progress::Done);
    assert_eq!(since(&world, first).await, ["DescribeCluster", "DescribeNodegroup", "ListAddons"]);
}

#[tokio::test]
async fn a_cluster_without_marks_is_looked_after_as_well() {
    let world = World::start().await;
    let made = world.create(&spec("orders", OWNER)).await;
    let keys = "['kubeblocks.io/owner', 'kubeblocks.io/system-node-group']";
    python(
        &world.standin,
        &format!(
            "cluster = eks.describe_cluster(name='orders')['cluster']\n\
             eks.untag_resource(resourceArn=cluster['arn'], tagKeys={keys})\n\
             group = eks.describe_nodegroup(clusterName='orders', nodegroupName='system')['nodegroup']\n\
             eks.untag_resource(resourceArn=group['nodegroupArn'], tagKeys={keys})\n"
        ),
    );
    let id = ClusterId("orders".to_owned());
    let first = length(&world).await;
    let observed = world.cloud.observe(&id).await.unwrap().unwrap();
    assert!(since(&world, first).await.len() <= 3);
    assert_eq!((observed.owner, observed.phase), (None, Phase::Active));
    assert_eq!(observed.system_pool.unwrap().name, "system");

    // Without the owner's mark nothing of it was made here.
    let (shown, first) = (observed.wish, length(&world).await);
    assert!(shown.role_arn.is_some() && shown.node_role_arn.is_some(), "{shown:?}");
    assert!(matches!(shown.network, Network::Existing { .. }), "{shown:?}");
    assert_eq!(world.cloud.update(&shown, &mut Made::default()).await.unwrap(), Progress::Done);
    assert_eq!(since(&world, first).await, ["DescribeCluster", "DescribeNodegroup"]);

    let mut wish = spec("orders", OWNER);
    let subnet_ids = observed.network.iter().filter(|id| id.starts_with("subnet-")).cloned().collect();
    wish.network = Network::Existing { subnet_ids, security_group_ids: Vec::new() };
    let mut none = Made::default();
    assert_eq!(world.cloud.update(&wish, &mut none).await.unwrap(), Progress::Done);
    wish.system_node_group.nodes.size = Some(4);
    while world.cloud.update(&wish, &mut none).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
    assert!(matches!(world.cloud.create(&wish, &mut none).await, Err(Error::AlreadyExists { .. })));

    let pool = group("orders", "more", OWNER, 1);
    while world.cloud.create_pool(&pool, &mut none).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
    // Its network is somebody else's: only what is noted here is removed with it.
    let mut none = Made::default();
    while world.cloud.delete(&id, "nobody", &mut none).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
    assert_eq!(world.cloud.observe(&id).await.unwrap(), None);
    let journal = world.standin.journal().await.unwrap();
    assert!(!journal.iter().any(|request| request.operation == "DeleteVpc"));
    let mut made = made;
    while world.cloud.delete(&id, OWNER, &mut made).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
}

#[tokio::test]
async fn roles_are_assumed_with_keys_and_with_the_token_of_another_issuer() {
    let world = World::start().await;
    let environment = world.standin.environment();
    let role_arn = environment["STANDIN_ROLE_ARN"].clone();
    let assuming = Config {
        assume_role: Some(AssumeRole { role_arn, ..AssumeRole::default() }),
        ..config(&world.standin)
    };
    let cloud = Eks::connect(&assuming).await.unwrap();
    assert!(cloud.versions().await.unwrap().len() >= 3);

    let token = WebIdentityToken::File(environment["STANDIN_WEB_IDENTITY_TOKEN_FILE"].clone().into());
    let role_arn = environment["STANDIN_WEB_IDENTITY_ROLE_ARN"].clone();
    let of_issuer = Config {
        static_credentials: None,
        assume_role_with_web_identity: Some(AssumeRoleWithWebIdentity {
            role_arn: role_arn.clone(),
            session_name: None,
            token,
        }),
        ..config(&world.standin)
    };
    let cloud = Eks::connect(&of_issuer).await.unwrap();
    assert!(cloud.versions().await.unwrap().len() >= 3);

    let token = WebIdentityToken::Value("no token".to_owned());
    let of_nobody = Config {
        static_credentials: None,
        assume_role_with_web_identity: Some(AssumeRoleWithWebIdentity {
            role_arn,
            session_name: None,
            token,
        }),
        ..config(&world.standin)
    };
    let refused = Eks::connect(&of_nobody).await;
    assert!(matches!(refused, Err(Error::Unauthenticated { .. })), "{:?}", refused.map(drop));
}

#[tokio::test]
async fn keys_that_are_wrong_are_told_as_such() {
    let world = World::start().await;
    let mut wrong = config(&world.standin);
    if let Some(keys) = &mut wrong.static_credentials {
        keys.secret_access_key.push('x');
    }
    let cloud = Eks::connect(&wrong).await.unwrap();
    let refused = cloud.observe(&ClusterId("orders".to_owned())).await;
    assert!(matches!(refused, Err(Error::Unauthenticated { .. })), "{refused:?}");
    let refused = cloud.create(&spec("orders", OWNER), &mut Made::default()).await;
    assert!(matches!(refused, Err(Error::Unauthenticated { .. })), "{refused:?}");
}
