//! What goes wrong at Azure, and what becomes of it.

use acceptance_tests::clouds::Fault;
use kubeblocks_cloud::azure::{ClusterSpec, ResourceGroup};
use kubeblocks_cloud::contract::{CLUSTER, POOL};
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes, PageRequest, Phase, PoolId, Progress};
use serde_json::json;

use super::{Azure, fault, plain, pool, refusal, spec};

/// Refusals of the request that makes a cluster: status, code, message, and what is told.
const REFUSALS: [(u16, &str, &str, &str); 6] = [
    (400, "QuotaExceeded", "cores", "a quota is used up: QuotaExceeded: cores"),
    (
        400,
        "ErrCode_InsufficientVCPUQuota",
        "left 0",
        "a quota is used up: ErrCode_InsufficientVCPUQuota: left 0",
    ),
    (400, "SkuNotAvailable", "not here", "refused: SkuNotAvailable: not here"),
    (
        403,
        "AuthorizationFailed",
        "no authorization to perform action 'Microsoft.ContainerService/managedClusters/write' over scope",
        "not allowed to Microsoft.ContainerService/managedClusters/write",
    ),
    (409, "MissingSubscriptionRegistration", "not registered", "az provider register"),
    (404, "ResourceGroupNotFound", "no group", "refused: ResourceGroupNotFound"),
];

fn is_waiting(progress: Result<Progress, Error>, text: &str) -> bool {
    match progress {
        Ok(Progress::Waiting { what }) => what.contains(text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn throttling_outages_and_broken_connections_are_got_over() {
    let azure = Azure::start().await;
    let (id, _) = azure.make(&plain("orders")).await;
    let throttle = Fault {
        headers: [("Retry-After".to_owned(), "1".to_owned())].into(),
        ..fault("ManagedClusters_Get", 1, 429)
    };
    let reset = Fault { kind: "reset".to_owned(), ..fault("ManagedClusters_Get", 1, 500) };
    for played in [throttle, fault("ManagedClusters_Get", 2, 503), reset] {
        let kind = format!("{played:?}");
        azure.standin.play(&[played]).await.unwrap();
        assert!(azure.cloud.observe(&id).await.unwrap().is_some(), "{kind}");
    }
    // Entra is no other.
    azure.standin.play(&[fault("Token", 1, 503)]).await.unwrap();
    assert!(azure.another().await.observe(&id).await.unwrap().is_some());
    // A cloud that wants to be left alone for long is not waited for here.
    let long = Fault {
        headers: [("Retry-After".to_owned(), "3600".to_owned())].into(),
        ..fault("ManagedClusters_Get", 1, 429)
    };
    azure.standin.play(&[long]).await.unwrap();
    assert!(matches!(azure.cloud.observe(&id).await, Err(Error::Throttled { retry_after: Some(_) })));
}

#[tokio::test]
async fn refusals_keep_their_meaning_and_the_cloud_s_words() {
    let azure = Azure::start().await;
    for (status, code, message, expected) in REFUSALS {
        azure.play("ManagedClusters_CreateOrUpdate", 1, status, refusal(code, message)).await;
        let error = azure.cloud.create(&plain("orders"), &mut Made::default()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    // The quota of the stand-in itself.
    let mut greedy = plain("greedy");
    greedy.system_pool.nodes.size = Some(90);
    let error = azure.cloud.create(&greedy, &mut Made::default()).await.unwrap_err();
    assert!(matches!(error, Error::QuotaExceeded { .. }), "{error}");
}

#[tokio::test]
async fn one_operation_at_a_time_is_waited_for() {
    let azure = Azure::start().await;
    let wish = plain("orders");
    let (id, mut made) = azure.make(&wish).await;
    let mut change = wish.clone();
    change.tags.clear();
    for (status, code) in [(409, "OperationNotAllowed"), (412, "EtagMismatch")] {
        azure.play("ManagedClusters_CreateOrUpdate", 1, status, refusal(code, "in progress")).await;
        assert!(is_waiting(azure.cloud.update(&change, &mut made).await, code));
    }
    // Somebody else's operation: a process that knows nothing of it waits all the same.
    assert!(is_waiting(azure.cloud.update(&change, &mut made).await, "Updating"));
    let other = azure.another().await;
    assert!(is_waiting(other.update(&wish, &mut Made::default()).await, "Updating"));
    assert!(is_waiting(
        other.create_pool(&pool(&id, "data", "d"), &mut Made::default()).await,
        "in progress"
    ));
    assert!(is_waiting(other.delete(&id, &wish.owner, &mut Made::default()).await, "in progress"));
}

#[tokio::test]
async fn a_late_failure_is_told_in_the_cloud_s_words_and_repaired_by_a_second_try() {
    let azure = Azure::start().await;
    let mut wish = plain("orders");
    wish.system_pool.nodes.machine_types = vec!["Standard_NC40ads_H100_v5".to_owned()];
    wish.system_pool.nodes.size = Some(1);
    let mut made = Made::default();
    let error = azure.drive(&mut made, async |made| azure.cloud.create(&wish, made).await).await.unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error}");
    assert!(
        error.to_string().contains("AllocationFailed") && error.to_string().contains("capacity"),
        "{error}"
    );
    // A process that did not begin the operation reads it from the cluster.
    let id = ClusterId(made.id(CLUSTER).unwrap().to_owned());
    let seen = azure.another().await.observe(&id).await.unwrap().unwrap();
    match seen.phase {
        Phase::Failed(message) => assert!(message.contains("AllocationFailed"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(seen.is_unfinished && seen.endpoint.is_none());
    // A second run asks again and fails again, instead of waiting for ever.
    let other = azure.another().await;
    let again = azure.drive(&mut Made::default(), async |made| other.create(&wish, made).await).await;
    assert!(matches!(again, Err(Error::Failed { .. })), "{again:?}");
    assert_eq!(azure.count("ManagedClusters_CreateOrUpdate").await, 2);
    azure.drive(&mut made, async |made| azure.cloud.delete(&id, &wish.owner, made).await).await.unwrap();
}

#[tokio::test]
async fn an_operation_that_is_canceled_is_a_failure() {
    let azure = Azure::start().await;
    let mut made = Made::default();
    let wish = plain("orders");
    assert!(is_waiting(azure.cloud.create(&wish, &mut made).await, "Creating"));
    azure.play("Operations_Get", 1, 200, json!({"name": "x", "status": "Canceled"})).await;
    let error = azure.cloud.create(&wish, &mut made).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "AKS cluster \"orders\" failed: the operation on AKS cluster \"orders\" is Canceled"
    );
}

#[tokio::test]
async fn a_pool_that_fails_late_tells_why() {
    let azure = Azure::start().await;
    let (id, _) = azure.make(&plain("orders")).await;
    let mut wish = pool(&id, "gpu", "gpu-1");
    wish.nodes.machine_types = vec!["Standard_NC40ads_H100_v5".to_owned()];
    let mut made = Made::default();
    let error =
        azure.drive(&mut made, async |made| azure.cloud.create_pool(&wish, made).await).await.unwrap_err();
    assert!(error.to_string().contains("AllocationFailed"), "{error}");
    let pool_id = PoolId { cluster: id, pool: "gpu".to_owned() };
    azure.drive(&mut made, async |made| azure.cloud.delete_pool(&pool_id, made).await).await.unwrap();
    assert!(made.objects().is_empty());
}

#[tokio::test]
async fn what_azure_does_not_know_yet_is_waited_for() {
    let azure = Azure::start().await;
    let wish = spec("orders");
    let mut made = Made::default();
    assert!(is_waiting(azure.cloud.create(&wish, &mut made).await, "virtual network"));
    azure.standin.settle().await.unwrap();
    azure.play("RoleAssignments_Create", 2, 400, refusal("PrincipalNotFound", "not in the directory")).await;
    for _ in 0..2 {
        assert!(is_waiting(azure.cloud.create(&wish, &mut made).await, "PrincipalNotFound"));
    }
    assert_eq!(azure.count("UserAssignedIdentities_CreateOrUpdate").await, 1);
    assert!(is_waiting(azure.cloud.create(&wish, &mut made).await, "Creating"));
    // The operation is forgotten, and the cluster is not found yet.
    let not_found = refusal("ResourceNotFound", "not yet");
    let faults = [
        Fault { body: not_found.clone(), ..fault("Operations_Get", 1, 404) },
        Fault { body: not_found, ..fault("ManagedClusters_Get", 1, 404) },
    ];
    azure.standin.play(&faults).await.unwrap();
    assert!(is_waiting(azure.cloud.create(&wish, &mut made).await, "Creating"));
    azure.make_on(&wish, made).await;
    // It was asked for once; the second request took the mark away.
    assert_eq!(azure.count("ManagedClusters_CreateOrUpdate").await, 2);
}

#[tokio::test]
async fn what_holds_a_network_or_a_group_is_waited_for() {
    let azure = Azure::start().await;
    let wish = spec("orders");
    let (id, mut made) = azure.make(&wish).await;
    azure
        .play(
            "VirtualNetworks_Delete",
            3,
            400,
            refusal("InUseSubnetCannotBeDeleted", "subnet nodes is in use by nic"),
        )
        .await;
    let mut waited = Vec::new();
    for _ in 0..30 {
        match azure.cloud.delete(&id, &wish.owner, &mut made).await.unwrap() {
            Progress::Done => break,
            Progress::Waiting { what } => waited.push(what),
        }
        azure.standin.settle().await.unwrap();
    }
    let held = waited.iter().filter(|what| what.contains("in use by nic")).count();
    assert_eq!((held, made.objects().len()), (3, 0), "{waited:?}");

    // Somebody else's object in our group is not taken along.
    let (id, mut made) = azure.make(&plain("shop")).await;
    let guest = ClusterSpec {
        resource_group: ResourceGroup::Existing { name: "kubeblocks-shop".to_owned() },
        ..plain("guest")
    };
    let (guest_id, _) = azure.make(&guest).await;
    let owner = plain("shop").owner;
    for _ in 0..4 {
        let progress = azure.cloud.delete(&id, &owner, &mut made).await;
        assert!(matches!(progress, Ok(Progress::Waiting { .. })), "{progress:?}");
        azure.standin.settle().await.unwrap();
    }
    assert!(is_waiting(
        azure.cloud.delete(&id, &owner, &mut made).await,
        "still holds AKS cluster \"guest\""
    ));
    assert!(azure.cloud.observe(&guest_id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_nothing_twice() {
    let azure = Azure::start().await;
    let wish = spec("orders");
    let lost =
        ["ResourceGroups_CreateOrUpdate", "VirtualNetworks_CreateOrUpdate", "ManagedClusters_CreateOrUpdate"];
    let faults: Vec<Fault> =
        lost.map(|operation| Fault { kind: "lost".to_owned(), ..fault(operation, 1, 200) }).into();
    azure.standin.play(&faults).await.unwrap();
    let (id, _) = azure.make(&wish).await;
    assert!(azure.cloud.observe(&id).await.unwrap().is_some());
    let journal = azure.standin.journal().await.unwrap();
    let made: Vec<_> = journal.iter().filter(|request| request.status == Some(201)).collect();
    // Network and cluster were made by the requests whose replies were lost; identity and assignment by theirs.
    assert_eq!(made.len(), 2, "{made:?}");

    let mut wish = pool(&id, "data", "d");
    wish.version = Some("1.33".to_owned());
    let lost = Fault { kind: "lost".to_owned(), ..fault("AgentPools_CreateOrUpdate", 1, 200) };
    azure.standin.play(&[lost]).await.unwrap();
    let mut made = Made::default();
    azure.drive(&mut made, async |made| azure.cloud.create_pool(&wish, made).await).await.unwrap();
    assert_eq!(made.id(POOL), Some("data"));
}

#[tokio::test]
async fn what_others_did_is_seen() {
    let azure = Azure::start().await;
    let wish = plain("orders");
    let (id, mut made) = azure.make(&wish).await;
    let other = azure.another().await;
    let mut change = wish.clone();
    change.version = Some("1.34".to_owned());
    change.system_pool.nodes.size = Some(5);
    azure.drive(&mut Made::default(), async |made| other.update(&change, made).await).await.unwrap();
    let observed = azure.cloud.observe(&id).await.unwrap().unwrap();
    assert_eq!((observed.version.as_str(), observed.system_pool.unwrap().nodes.size), ("1.34", Some(5)));
    azure.drive(&mut Made::default(), async |made| other.delete(&id, &wish.owner, made).await).await.unwrap();
    assert!(azure.cloud.observe(&id).await.unwrap().is_none());
    assert!(matches!(azure.cloud.update(&wish, &mut made).await, Err(Error::NotFound { .. })));
    assert_eq!(azure.cloud.delete(&id, &wish.owner, &mut made).await.unwrap(), Progress::Done);
    assert!(made.objects().is_empty());
}

#[tokio::test]
async fn lists_wait_throttling_out_on_every_page_and_say_what_is_denied() {
    let azure = Azure::start().await;
    azure.make(&plain("orders")).await;
    azure.make(&plain("invoices")).await;
    let read = async |group: Option<&str>| {
        let (mut names, mut request) = (Vec::new(), PageRequest::default());
        loop {
            let page = azure.cloud.list(&group.map(str::to_owned), &request).await?;
            names.extend(page.found.into_iter().map(|listed| listed.name));
            request.after = page.next;
            if request.after.is_none() {
                return Ok::<_, Error>(names);
            }
        }
    };
    let throttle = |after: u32| Fault {
        headers: [("Retry-After".to_owned(), "1".to_owned())].into(),
        after,
        ..fault("ManagedClusters_List", 1, 429)
    };
    azure.standin.play(&[throttle(0)]).await.unwrap();
    assert_eq!(read(None).await.unwrap(), ["orders", "invoices"]);
    azure.standin.play(&[throttle(1)]).await.unwrap();
    assert_eq!(read(None).await.unwrap(), ["orders", "invoices"]);
    assert_eq!(read(Some("KUBEBLOCKS-invoices")).await.unwrap(), ["invoices"]);
    let words =
        "no authorization to perform action 'Microsoft.ContainerService/managedClusters/read' over scope";
    azure.play("ManagedClusters_List", 1, 403, refusal("AuthorizationFailed", words)).await;
    match read(None).await {
        Err(Error::PermissionDenied { action, .. }) => {
            assert_eq!(action, "Microsoft.ContainerService/managedClusters/read");
        }
        other => panic!("{other:?}"),
    }
    let missing = read(Some("nowhere")).await.unwrap_err();
    assert_eq!(missing.to_string(), "resource group \"nowhere\" does not exist");
    // What nobody marked is found, and told so; in Azure's own spelling of the id.
    let id = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ContainerService/ManagedClusters/foreign";
    let page = json!({ "value": [{ "id": id, "tags": { "a": "b" } }, { "id": id }] });
    azure.play("ManagedClusters_List", 1, 200, page).await;
    let found = azure.cloud.list(&None, &PageRequest::default()).await.unwrap().found;
    assert_eq!(found.iter().map(|one| one.is_marked).collect::<Vec<_>>(), [Some(false), Some(false)]);
    assert!(found[0].id.0.contains("/resourceGroups/g/") && found[0].id.0.contains("/managedClusters/"));
    // A token goes to nobody but the Resource Manager.
    let page = json!({ "value": [], "nextLink": "https://elsewhere.example/next" });
    azure.play("ManagedClusters_List", 1, 200, page).await;
    let elsewhere = read(None).await.unwrap_err();
    assert!(elsewhere.to_string().contains("the next page is elsewhere"), "{elsewhere}");
}
