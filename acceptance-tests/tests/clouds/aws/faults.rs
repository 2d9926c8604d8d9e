//! What goes wrong with AWS, row by row: each fault has its meaning, and the work goes on afterwards.

use std::collections::BTreeMap;

use acceptance_tests::clouds::{Fault, Request};
use kubeblocks_cloud::{ClusterId, Error, Listed, Made, ManagedKubernetes, PageRequest, PoolId, Progress};

use super::{OWNER, World, group, spec};

/// A refusal of EKS.
fn eks(operation: &str, times: u32, status: u16, code: &str, message: &str) -> Fault {
    Fault {
        operation: operation.to_owned(),
        times,
        status,
        headers: BTreeMap::from([("x-amzn-errortype".to_owned(), code.to_owned())]),
        body: serde_json::json!({ "message": message }),
        ..Fault::default()
    }
}

/// A refusal of EC2.
fn ec2(operation: &str, times: u32, status: u16, code: &str, message: &str) -> Fault {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = format!("<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>");
    Fault { operation: operation.to_owned(), times, status, body: body.into(), ..Fault::default() }
}

/// A refusal of IAM.
fn iam(operation: &str, times: u32, status: u16, code: &str, message: &str) -> Fault {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = format!("<ErrorResponse>{error}</ErrorResponse>");
    Fault { operation: operation.to_owned(), times, status, body: body.into(), ..Fault::default() }
}

/// An operation that AWS begins, and that fails in the end.
fn late(operation: &str, code: &str, message: &str) -> Fault {
    Fault {
        operation: format!("{operation}/late"),
        times: 1,
        status: 500,
        body: serde_json::json!({ "code": code, "message": message }),
        ..Fault::default()
    }
}

/// A connection that breaks.
fn broken(operation: &str, kind: &str, times: u32) -> Fault {
    Fault { operation: operation.to_owned(), times, kind: kind.to_owned(), ..Fault::default() }
}

fn count(journal: &[Request], operation: &str) -> usize {
    journal.iter().filter(|request| request.operation == operation).count()
}

impl World {
    async fn play(&self, faults: &[Fault]) {
        self.standin.play(faults).await.unwrap();
    }

    /// Creates until it is done or fails.
    async fn try_create(&self, name: &str) -> Result<Made, Error> {
        let mut made = Made::default();
        for _ in 0..60 {
            match self.cloud.create(&spec(name, OWNER), &mut made).await? {
                Progress::Done => return Ok(made),
                Progress::Waiting { .. } => self.standin.settle().await.unwrap(),
            }
        }
        panic!("{name} is still being made: {made:?}");
    }

    async fn delete(&self, name: &str, owner: &str) {
        let mut made = Made::default();
        let mut last = String::new();
        for _ in 0..60 {
            match self.cloud.delete(&ClusterId(name.to_owned()), owner, &mut made).await.unwrap() {
                Progress::Done => return assert!(made.objects().is_empty(), "{made:?}"),
                Progress::Waiting { what } => last = what,
            }
            self.standin.settle().await.unwrap();
        }
        panic!("{name} is still being removed: {last}: {made:?}");
    }
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let world = World::start().await;
    world
        .play(&[
            eks("DescribeCluster", 1, 429, "TooManyRequestsException", "slow down"),
            eks("CreateCluster", 1, 400, "ThrottlingException", "Rate exceeded"),
            ec2("CreateVpc", 1, 503, "RequestLimitExceeded", "Request limit exceeded."),
            iam("CreateRole", 1, 400, "Throttling", "Rate exceeded"),
        ])
        .await;
    world.try_create("orders").await.unwrap();
    let journal = world.standin.journal().await.unwrap();
    assert_eq!(count(&journal, "CreateVpc"), 2);
}

#[tokio::test]
async fn another_operation_is_waited_for() {
    let world = World::start().await;
    let mut made = world.try_create("orders").await.unwrap();
    let busy = "Cluster has an update in progress";
    world
        .play(&[
            eks("UpdateClusterConfig", 1, 409, "ResourceInUseException", busy),
            eks("DeleteNodegroup", 1, 409, "ResourceInUseException", busy),
            eks("DeleteCluster", 1, 409, "ResourceInUseException", busy),
        ])
        .await;
    let mut wish = spec("orders", OWNER);
    wish.public_access_cidrs = vec!["203.0.113.0/24".to_owned()];
    match world.cloud.update(&wish, &mut made).await.unwrap() {
        Progress::Waiting { what } => assert!(what.contains(busy), "{what}"),
        Progress::Done => panic!("a busy cluster must be waited for"),
    }
    world.delete("orders", OWNER).await;
}

#[tokio::test]
async fn what_fails_late_tells_all_its_reasons() {
    for (operation, code) in [
        ("CreateCluster", "InternalFailure"),
        ("CreateNodegroup", "AsgInstanceLaunchFailures"),
        ("CreateAddon", "ConfigurationConflict"),
    ] {
        let world = World::start().await;
        world.play(&[late(operation, code, "marker of the cloud")]).await;
        match world.try_create("orders").await {
            Err(Error::Failed { message, .. }) => {
                assert!(message.contains(code) && message.contains("marker of the cloud"), "{message}");
            }
            other => panic!("{operation}: {other:?}"),
        }
        // It stays possible to remove what is left of it.
        world.delete("orders", OWNER).await;
    }
}

#[tokio::test]
async fn an_update_that_fails_late_tells_its_reasons() {
    let world = World::start().await;
    let mut made = world.try_create("orders").await.unwrap();
    world
        .play(&[
            late("UpdateClusterVersion", "EniLimitReached", "no more interfaces"),
            late("UpdateNodegroupVersion", "PodEvictionFailure", "a pod does not go"),
        ])
        .await;
    let mut wish = spec("orders", OWNER);
    wish.version = Some("1.35".to_owned());
    let mut told = Vec::new();
    for _ in 0..60 {
        match world.cloud.update(&wish, &mut made).await {
            Ok(Progress::Done) => break,
            Ok(Progress::Waiting { .. }) => world.standin.settle().await.unwrap(),
            Err(Error::Failed { what, message }) => told.push(format!("{what}: {message}")),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("EniLimitReached") && told[0].contains("no more interfaces"), "{told:?}");
    assert!(told[1].contains("PodEvictionFailure") && told[1].contains("system"), "{told:?}");
    let after = world.cloud.observe(&ClusterId("orders".to_owned())).await.unwrap().unwrap();
    assert_eq!(
        (after.version.as_str(), after.system_pool.unwrap().version.as_deref()),
        ("1.35", Some("1.35"))
    );
}

#[tokio::test]
async fn what_is_just_made_may_be_unknown_for_a_while() {
    let world = World::start().await;
    let role = "Role with arn: x, could not be assumed because it does not exist or is not correct";
    let none = "No cluster found for name: orders.";
    let unseen = |after, code: &str, status| Fault { after, ..eks("DescribeCluster", 1, status, code, none) };
    world
        .play(&[
            eks("CreateCluster", 2, 400, "InvalidParameterException", role),
            // Before these it is looked for thrice, once for each try to create it.
            unseen(3, "ClientException", 400),
            unseen(0, "ResourceNotFoundException", 404),
            eks(
                "DescribeNodegroup",
                2,
                404,
                "ResourceNotFoundException",
                "No node group found for name: system.",
            ),
            ec2("CreateSubnet", 1, 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
        ])
        .await;
    world.try_create("orders").await.unwrap();
    let journal = world.standin.journal().await.unwrap();
    let made = journal.iter().filter(|request| request.operation == "CreateCluster");
    assert_eq!(made.filter(|request| request.status == Some(200)).count(), 1);
    assert_eq!(count(&journal, "CreateNodegroup"), 1);
}

#[tokio::test]
async fn limits_and_denials_are_told_by_their_meaning() {
    let world = World::start().await;
    let denied =
        "User: arn:aws:iam::123456789012:user/a is not authorized to perform: iam:PassRole on resource: b";
    world.play(&[ec2("AllocateAddress", 1, 400, "AddressLimitExceeded", "Too many addresses")]).await;
    match world.try_create("orders").await {
        Err(Error::QuotaExceeded { message }) => assert!(message.contains("Too many addresses"), "{message}"),
        other => panic!("{other:?}"),
    }
    world.play(&[eks("CreateCluster", 1, 400, "ResourceLimitExceededException", "Cluster limit")]).await;
    match world.try_create("orders").await {
        Err(Error::QuotaExceeded { message }) => assert!(message.contains("Cluster limit"), "{message}"),
        other => panic!("{other:?}"),
    }
    world.play(&[eks("CreateCluster", 1, 403, "AccessDeniedException", denied)]).await;
    match world.try_create("orders").await {
        Err(Error::PermissionDenied { action, .. }) => assert_eq!(action, "iam:PassRole"),
        other => panic!("{other:?}"),
    }
    world.play(&[ec2("DescribeVpcs", 1, 403, "UnauthorizedOperation", "You are not authorized.")]).await;
    match world.try_create("orders").await {
        Err(Error::PermissionDenied { action, .. }) => assert_eq!(action, "ec2:DescribeVpcs"),
        other => panic!("{other:?}"),
    }
    // The same call goes on when the reason is gone.
    world.try_create("orders").await.unwrap();
    let journal = world.standin.journal().await.unwrap();
    assert_eq!(count(&journal, "CreateVpc"), 1);
}

#[tokio::test]
async fn what_depends_on_the_network_is_waited_for_and_named() {
    let world = World::start().await;
    world.try_create("orders").await.unwrap();
    let words = "The subnet has dependencies and cannot be deleted.";
    world
        .play(&[
            ec2("DeleteSubnet", 3, 400, "DependencyViolation", words),
            ec2("DeleteVpc", 1, 400, "DependencyViolation", "The vpc has dependencies"),
            iam(
                "DeleteRole",
                1,
                409,
                "DeleteConflict",
                "Cannot delete entity, must detach all policies first.",
            ),
        ])
        .await;
    let (mut made, mut waits) = (Made::default(), Vec::new());
    for _ in 0..60 {
        match world.cloud.delete(&ClusterId("orders".to_owned()), OWNER, &mut made).await.unwrap() {
            Progress::Done => break,
            Progress::Waiting { what } => waits.push(what),
        }
        world.standin.settle().await.unwrap();
    }
    for word in [words, "The vpc has dependencies", "must detach"] {
        assert!(waits.iter().any(|what| what.contains(word)), "{word}: {waits:?}");
    }
    assert!(made.objects().is_empty(), "{made:?}");
}

#[tokio::test]
async fn credentials_that_expire_are_renewed_once() {
    let world = World::start().await;
    let id = ClusterId("orders".to_owned());
    let expired =
        |times| eks("DescribeCluster", times, 403, "ExpiredTokenException", "The security token is expired");
    world.play(&[expired(1)]).await;
    assert!(world.cloud.observe(&id).await.unwrap().is_none());
    world.play(&[expired(2)]).await;
    assert!(matches!(world.cloud.observe(&id).await, Err(Error::Unauthenticated { .. })));
    world.play(&[ec2("DescribeVpcs", 1, 400, "RequestExpired", "Request has expired.")]).await;
    world.try_create("orders").await.unwrap();
    world.play(&[eks("DescribeCluster", 1, 403, "UnrecognizedClientException", "invalid token")]).await;
    assert!(matches!(world.cloud.observe(&id).await, Err(Error::Unauthenticated { .. })));
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_nothing_twice() {
    let world = World::start().await;
    let creations = [
        "CreateVpc",
        "CreateInternetGateway",
        "CreateSubnet",
        "AllocateAddress",
        "CreateRouteTable",
        "CreateCluster",
        "CreateNodegroup",
        "CreateNatGateway",
        "CreateRole",
        "CreateAddon",
    ];
    let mut faults: Vec<Fault> = creations.iter().map(|operation| broken(operation, "lost", 1)).collect();
    faults.push(broken("DescribeCluster", "reset", 1));
    faults.push(eks("DescribeNodegroup", 1, 503, "ServiceUnavailableException", "try again"));
    world.play(&faults).await;
    let made = world.try_create("orders").await.unwrap();
    let subnets = made.objects().iter().filter(|object| object.kind == "subnet").count();
    let journal = world.standin.journal().await.unwrap();
    // These carry no token, and are never sent a second time for the same thing.
    for (operation, most) in [
        ("CreateVpc", 1),
        ("CreateInternetGateway", 1),
        ("CreateSubnet", subnets),
        ("AllocateAddress", 1),
        ("CreateRouteTable", 2),
    ] {
        assert_eq!(count(&journal, operation), most, "{operation}");
    }
    world.delete("orders", OWNER).await;
    let created = |operation: &str| {
        let of = journal.iter().filter(|request| request.operation == operation);
        of.filter(|request| request.status == Some(200) || request.status.is_none()).count()
    };
    // A repetition with the same token is answered with what there is.
    assert_eq!(created("CreateCluster"), 2);
    let after = world.standin.journal().await.unwrap();
    for (make, remove) in [("CreateNatGateway", 1), ("CreateVpc", 1)] {
        assert!(count(&after, make) >= remove);
    }
    assert_eq!(count(&after, "DeleteNatGateway"), 1);
    assert_eq!(count(&after, "DeleteCluster"), 1);
}

#[tokio::test]
async fn what_others_do_is_seen_and_brought_back() {
    let world = World::start().await;
    let mut made = world.try_create("orders").await.unwrap();
    let id = ClusterId("orders".to_owned());
    // Somebody else resizes the nodes and tags the cluster.
    let mut other = spec("orders", OWNER);
    other.system_node_group.nodes.size = Some(5);
    other.tags = BTreeMap::from([("team".to_owned(), "others".to_owned())]);
    for _ in 0..10 {
        if world.cloud.update(&other, &mut Made::default()).await.unwrap() == Progress::Done {
            break;
        }
        world.standin.settle().await.unwrap();
    }
    let drifted = world.cloud.observe(&id).await.unwrap().unwrap();
    assert_eq!((drifted.system_pool.unwrap().nodes.size, drifted.tags["team"].as_str()), (Some(5), "others"));
    for _ in 0..10 {
        if world.cloud.update(&spec("orders", OWNER), &mut made).await.unwrap() == Progress::Done {
            break;
        }
        world.standin.settle().await.unwrap();
    }
    let back = world.cloud.observe(&id).await.unwrap().unwrap();
    assert_eq!((back.system_pool.unwrap().nodes.size, back.tags["team"].as_str()), (Some(3), "databases"));
    // Somebody else removes the node group, and then the cluster.
    let pool = PoolId { cluster: id.clone(), pool: "system".to_owned() };
    while world.cloud.delete_pool(&pool, &mut Made::default()).await.unwrap() != Progress::Done {
        world.standin.settle().await.unwrap();
    }
    assert_eq!(world.cloud.observe(&id).await.unwrap().unwrap().system_pool, None);
    for _ in 0..10 {
        if world.cloud.update(&spec("orders", OWNER), &mut made).await.unwrap() == Progress::Done {
            break;
        }
        world.standin.settle().await.unwrap();
    }
    assert!(world.cloud.observe(&id).await.unwrap().unwrap().system_pool.is_some());
    world.delete("orders", OWNER).await;
    assert_eq!(world.cloud.observe(&id).await.unwrap(), None);
    let gone = world.cloud.update(&spec("orders", OWNER), &mut made).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    let pool = group("orders", "more", OWNER, 1);
    let gone = world.cloud.create_pool(&pool, &mut Made::default()).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn lists_wait_throttling_out_and_say_what_is_denied() {
    let world = World::start().await;
    world.try_create("orders").await.unwrap();
    let (id, page) = (ClusterId("orders".to_owned()), PageRequest::default());
    world
        .play(&[
            eks("ListClusters", 1, 429, "TooManyRequestsException", "slow down"),
            eks("ListNodegroups", 2, 400, "ThrottlingException", "Rate exceeded"),
        ])
        .await;
    let names = |found: Vec<Listed<ClusterId>>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(world.cloud.list(&(), &page).await.unwrap().found), ["orders"]);
    assert!(world.cloud.list_pools(&id, &page).await.unwrap().found.is_empty());
    let words = |action: &str| format!("User: arn:aws:iam::1:user/a is not authorized to perform: {action}");
    world
        .play(&[
            eks("ListClusters", 1, 403, "AccessDeniedException", &words("eks:ListClusters")),
            eks("ListNodegroups", 1, 403, "AccessDeniedException", &words("eks:ListNodegroups")),
        ])
        .await;
    let denied = [
        (world.cloud.list(&(), &page).await.map(|page| page.found.len()), "eks:ListClusters"),
        (world.cloud.list_pools(&id, &page).await.map(|page| page.found.len()), "eks:ListNodegroups"),
    ];
    for (outcome, expected) in denied {
        assert!(
            matches!(&outcome, Err(Error::PermissionDenied { action, .. }) if action == expected),
            "{outcome:?}"
        );
    }
}
