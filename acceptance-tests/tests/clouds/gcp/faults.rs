//! What goes wrong with GKE, each as GKE says it, and what becomes of it.

use acceptance_tests::clouds::Fault;
use kubeblocks_cloud::gcp::{ClusterSpec, Gke, Network, ReleaseChannel};
use kubeblocks_cloud::{
    ClusterId, Error, Made, ManagedKubernetes as _, Nodes, PageRequest, Phase, PoolId, Progress, Proof,
};
use serde_json::{Value, json};

use super::{OWNER, Project, REGION, ZONE, broken, cluster, nodes, plain, pool, refusal, response};

/// Machines that the stand-in's zones have run out of.
const SOLD_OUT: &str = "a3-highgpu-8g";

fn unavailable(operation: &str) -> Fault {
    refusal(operation, 1, 503, "UNAVAILABLE", "The service is currently unavailable.")
}

async fn delete(project: &Project, id: &ClusterId, made: &mut Made) -> Result<(), Error> {
    project.drive(made, async |made| project.cloud.delete(id, OWNER, made).await).await
}

#[tokio::test]
async fn throttling_is_waited_out_and_told_when_it_does_not_end() {
    let project = Project::start().await;
    let words = "Quota limit for concurrent operations exceeded";
    let spec = plain("throttled");
    project.play(&[refusal("clusters.create", 3, 429, "RESOURCE_EXHAUSTED", words)]).await;
    let (id, _) = project.create(&spec).await.unwrap();
    project.play(&[refusal("clusters.get", 99, 429, "RESOURCE_EXHAUSTED", words)]).await;
    assert!(matches!(project.cloud.observe(&id).await, Err(Error::Throttled { .. })));
}

#[tokio::test]
async fn an_operation_of_somebody_else_is_waited_for() {
    let project = Project::start().await;
    let spec = plain("shared");
    let (id, _) = project.create(&spec).await.unwrap();
    let mut labelled = spec.clone();
    labelled.labels.insert("by".to_owned(), "another".to_owned());
    let begun = project.another().await.update(&labelled, &mut Made::default()).await.unwrap();
    assert!(matches!(begun, Progress::Waiting { .. }));
    // The cluster says so itself; and when it does not yet, the refusal does.
    let mut upgraded = labelled.clone();
    upgraded.version = Some("1.34".to_owned());
    let waits = project.cloud.update(&upgraded, &mut Made::default()).await.unwrap();
    assert!(matches!(waits, Progress::Waiting { .. }), "{waits:?}");
    let refused = project.cloud.create_pool(&pool(&id, "more", 1), &mut Made::default()).await.unwrap();
    assert!(
        matches!(&refused, Progress::Waiting { what } if what.contains("is currently updating")),
        "{refused:?}"
    );
    let gone = project.cloud.delete(&id, OWNER, &mut Made::default()).await.unwrap();
    assert!(matches!(&gone, Progress::Waiting { what } if what.contains("is currently")), "{gone:?}");
    project.settle().await;
    let mut made = Made::default();
    project.drive(&mut made, async |made| project.cloud.update(&upgraded, made).await).await.unwrap();
    assert_eq!(project.cloud.observe(&id).await.unwrap().unwrap().version, "1.34");
}

#[tokio::test]
async fn a_cluster_that_fails_late_tells_why_and_can_be_removed() {
    let project = Project::start().await;
    let mut spec = cluster("late", ZONE, 1);
    spec.system_pool.nodes.machine_types = vec![SOLD_OUT.to_owned()];
    let mut made = Made::default();
    let failed = project.drive(&mut made, async |made| project.cloud.create(&spec, made).await).await;
    assert!(
        matches!(&failed, Err(Error::Failed { message, .. }) if message.contains("GCE_STOCKOUT")),
        "{failed:?}"
    );
    let id = project.cloud.cluster_id(ZONE, "late");
    // A process that was not there when it failed is told the same.
    let again = project.another().await.create(&spec, &mut Made::default()).await;
    assert!(
        matches!(&again, Err(Error::Failed { message, .. }) if message.contains("enough resources")),
        "{again:?}"
    );
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    assert!(matches!(observed.phase, Phase::Failed(words) if words.contains("GCE_STOCKOUT")));
    assert!(observed.is_unfinished);
    delete(&project, &id, &mut made).await.unwrap();
    assert_eq!(made, Made::default());
}

#[tokio::test]
async fn a_pool_and_an_update_that_fail_late_tell_why() {
    let project = Project::start().await;
    let spec = plain("late-parts");
    let (id, _) = project.create(&spec).await.unwrap();
    let mut rare = pool(&id, "rare", 1);
    rare.nodes.machine_types = vec![SOLD_OUT.to_owned()];
    let mut made = Made::default();
    let failed = project.drive(&mut made, async |made| project.cloud.create_pool(&rare, made).await).await;
    assert!(
        matches!(&failed, Err(Error::Failed { message, .. }) if message.contains("GCE_STOCKOUT")),
        "{failed:?}"
    );
    let rare_id = PoolId { cluster: id.clone(), pool: "rare".to_owned() };
    assert!(matches!(project.cloud.observe_pool(&rare_id).await.unwrap().unwrap().phase, Phase::Failed(_)));
    project.drive(&mut made, async |made| project.cloud.delete_pool(&rare_id, made).await).await.unwrap();

    let upgraded = ClusterSpec { version: Some("1.34".to_owned()), ..spec };
    let begun = project.cloud.update(&upgraded, &mut Made::default()).await.unwrap();
    assert!(matches!(begun, Progress::Waiting { .. }));
    let error = json!({ "code": 13, "message": "All masters are unhealthy." });
    let body = json!({ "name": "operation-1", "status": "DONE", "error": error });
    project.play(&[response("operations.get", 1, 200, body)]).await;
    let failed = project.cloud.update(&upgraded, &mut Made::default()).await;
    assert!(
        matches!(&failed, Err(Error::Failed { message, .. }) if message.contains("masters are unhealthy")),
        "{failed:?}"
    );
}

#[tokio::test]
async fn what_is_not_to_be_seen_everywhere_yet_is_waited_for() {
    let project = Project::start().await;
    let spec = cluster("eventual", ZONE, 1);
    let not_found = |operation: &str, after: u32| Fault {
        after,
        ..refusal(operation, 1, 404, "NOT_FOUND", "Not found.")
    };
    // The first look, before anything is made, is true.
    project.play(&[not_found("operations.get", 0), not_found("clusters.get", 1)]).await;
    let (id, mut made) = project.create(&spec).await.unwrap();
    let parts: Vec<&str> = made.objects().iter().map(|object| object.part.as_str()).collect();
    assert_eq!(parts, ["network", "subnetwork", "router", "cluster"]);

    let mut more = Made::default();
    project.play(&[not_found("clusters.nodePools.get", 1)]).await;
    let wish = pool(&id, "more", 1);
    project.drive(&mut more, async |made| project.cloud.create_pool(&wish, made).await).await.unwrap();
    let created = project.requests(0).await;
    for operation in ["clusters.create", "clusters.nodePools.create", "networks.insert"] {
        let count = created.iter().filter(|request| request.operation == operation).count();
        assert_eq!(count, 1, "{operation}");
    }
    delete(&project, &id, &mut made).await.unwrap();
}

#[tokio::test]
async fn a_quota_is_told_as_such() {
    let project = Project::start().await;
    let mut spec = plain("big");
    spec.system_pool.nodes = Nodes { machine_types: vec!["n2-standard-8".to_owned()], ..nodes(100) };
    let refused = project.cloud.create(&spec, &mut Made::default()).await;
    assert!(
        matches!(&refused, Err(Error::QuotaExceeded { message }) if message.contains("CPUS")),
        "{refused:?}"
    );
    // Networks have a quota that only their operation tells.
    let spec = cluster("networks", ZONE, 1);
    let mut made = Made::default();
    let begun = project.cloud.create(&spec, &mut made).await.unwrap();
    assert!(matches!(begun, Progress::Waiting { .. }));
    let reason =
        json!({ "code": "QUOTA_EXCEEDED", "message": "Quota 'NETWORKS' exceeded.  Limit: 5.0 globally." });
    let body = json!({ "name": "operation-1", "status": "DONE", "error": { "errors": [reason] } });
    project.play(&[response("globalOperations.get", 1, 200, body)]).await;
    let refused = project.cloud.create(&spec, &mut made).await;
    assert!(
        matches!(&refused, Err(Error::QuotaExceeded { message }) if message.contains("'NETWORKS'")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_denied_is_told_with_what_it_takes() {
    let project = Project::start().await;
    let words = "Kubernetes Engine API has not been used in project 1 before or it is disabled.";
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": { "service": "container.googleapis.com", "consumer": "projects/stand-in-project" },
    });
    let disabled = json!({ "error": { "code": 403, "message": words, "status": "PERMISSION_DENIED", "details": [info] } });
    project.play(&[response("clusters.get", 1, 403, disabled)]).await;
    let denied = project.cloud.observe(&project.cloud.cluster_id(ZONE, "any")).await.unwrap_err();
    assert!(matches!(&denied, Error::PermissionDenied { action, .. } if action == "container.clusters.get"));
    assert!(denied.to_string().contains("gcloud services enable container.googleapis.com"), "{denied}");

    let plainly = "Required 'compute.networks.create' permission for 'projects/stand-in-project'";
    project.play(&[refusal("networks.insert", 1, 403, "PERMISSION_DENIED", plainly)]).await;
    let denied = project.cloud.create(&cluster("denied", ZONE, 1), &mut Made::default()).await;
    assert!(
        matches!(&denied, Err(Error::PermissionDenied { action, .. }) if action == "compute.networks.create"),
        "{denied:?}"
    );
}

/// A firewall rule in the network of a cluster, as something else leaves it.
async fn put_firewall(project: &Project, id: &ClusterId, made: &Made, name: &str) {
    let Proof::Token(token) = project.cloud.credentials(id).await.unwrap().proof else { panic!("a token") };
    let network = made.id("network").unwrap();
    let body: Value = json!({ "name": name, "network": network, "allowed": [{ "IPProtocol": "tcp" }] });
    let base = &project.stand_in.environment()["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"];
    let url = format!("{base}projects/{}/global/firewalls", project.cloud.project());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(url).bearer_auth(token).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    project.settle().await;
}

#[tokio::test]
async fn what_gke_left_in_the_network_is_removed_and_what_others_made_is_waited_for() {
    let project = Project::start().await;
    let (id, mut made) = project.create(&cluster("left", ZONE, 1)).await.unwrap();
    put_firewall(&project, &id, &made, "k8s-fw-a1").await;
    delete(&project, &id, &mut made).await.unwrap();

    let (id, mut made) = project.create(&cluster("left", ZONE, 1)).await.unwrap();
    put_firewall(&project, &id, &made, "of-somebody").await;
    let mut last = Progress::Done;
    for _ in 0..8 {
        last = project.cloud.delete(&id, OWNER, &mut made).await.unwrap();
        project.settle().await;
    }
    assert!(
        matches!(&last, Progress::Waiting { what } if what.contains("firewalls/of-somebody")),
        "{last:?}"
    );
    let left: Vec<&str> = made.objects().iter().map(|object| object.part.as_str()).collect();
    assert_eq!(left, ["network"]);
}

#[tokio::test]
async fn a_token_that_expires_in_between_is_renewed_and_one_that_never_works_is_told() {
    let project = Project::start().await;
    let (id, _) = project.create(&plain("expiring")).await.unwrap();
    let before = project.cloud.credentials(&id).await.unwrap();
    project.stand_in.advance(std::time::Duration::from_mins(61)).await.unwrap();
    assert!(project.cloud.observe(&id).await.unwrap().is_some());
    let after = project.cloud.credentials(&id).await.unwrap();
    assert!(before.proof != after.proof, "there must be another token");
    let journal = project.stand_in.journal().await.unwrap();
    assert!(journal.iter().any(|request| request.status == Some(401)));

    let fault = refusal("clusters.get", 9, 401, "UNAUTHENTICATED", "Request had invalid credentials.");
    project.play(&[fault]).await;
    assert!(matches!(project.cloud.observe(&id).await, Err(Error::Unauthenticated { .. })));
    let seen = project.seen().await;
    project
        .play(&[response("token", 9, 400, json!({ "error": "invalid_grant", "error_description": "gone" }))])
        .await;
    let client: Gke = project.another().await;
    let refused = client.observe(&id).await;
    assert!(
        matches!(&refused, Err(Error::Unauthenticated { message }) if message.contains("gone")),
        "{refused:?}"
    );
    assert_eq!(project.requests(seen).await, [], "nothing is asked without a token");
}

#[tokio::test]
async fn broken_connections_make_nothing_twice() {
    let project = Project::start().await;
    let mut faults: Vec<Fault> = [
        "networks.insert",
        "subnetworks.insert",
        "routers.insert",
        "clusters.create",
        "clusters.setResourceLabels",
    ]
    .iter()
    .map(|operation| broken(operation, "lost"))
    .collect();
    faults.extend([
        broken("clusters.get", "reset"),
        unavailable("networks.get"),
        broken("operations.get", "lost"),
    ]);
    project.play(&faults).await;
    let (id, mut made) = project.create(&cluster("lost", ZONE, 1)).await.unwrap();
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    assert!(!observed.is_unfinished && observed.phase == Phase::Active, "{observed:?}");

    project
        .play(&[broken("clusters.nodePools.create", "lost"), broken("clusters.nodePools.update", "lost")])
        .await;
    let mut more = Made::default();
    let wish = pool(&id, "more", 1);
    project.drive(&mut more, async |made| project.cloud.create_pool(&wish, made).await).await.unwrap();

    let larger =
        ["clusters.nodePools.setSize", "clusters.nodePools.delete", "clusters.delete", "networks.delete"];
    project.play(&larger.map(|operation| broken(operation, "lost"))).await;
    let mut wish = wish;
    wish.nodes.size = Some(2);
    project.drive(&mut more, async |made| project.cloud.update_pool(&wish, made).await).await.unwrap();
    let pool_id = PoolId { cluster: id.clone(), pool: "more".to_owned() };
    assert_eq!(project.cloud.observe_pool(&pool_id).await.unwrap().unwrap().nodes.size, Some(2));
    project.drive(&mut more, async |made| project.cloud.delete_pool(&pool_id, made).await).await.unwrap();
    delete(&project, &id, &mut made).await.unwrap();
    assert!(made.objects().is_empty());
}

#[tokio::test]
async fn what_happens_out_of_band_is_seen() {
    let project = Project::start().await;
    let spec = plain("drifting");
    let (id, _) = project.create(&spec).await.unwrap();
    let other = project.another().await;
    // An automatic upgrade, and a pool that somebody resized.
    let mut changed = ClusterSpec { version: Some("1.34".to_owned()), ..spec.clone() };
    changed.system_pool.nodes.size = Some(2);
    let mut made = Made::default();
    project.drive(&mut made, async |made| other.update(&changed, made).await).await.unwrap();
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    assert_eq!(observed.version, "1.34");
    assert_eq!(observed.system_pool.unwrap().nodes.size, Some(2));
    let back = project.cloud.update(&spec, &mut made).await;
    assert!(
        matches!(&back, Err(Error::InvalidSpec { field: Some(field), message })
            if field == "version" && message.contains("wish for 1.34")),
        "{back:?}"
    );
    let mut again = ClusterSpec { version: Some("1.34".to_owned()), ..spec };
    again.release_channel = ReleaseChannel::Stable;
    // That channel is not at 1.34.1 yet; GKE says so.
    let refused = project.cloud.update(&again, &mut made).await;
    assert!(matches!(&refused, Err(Error::InvalidSpec { .. })), "{refused:?}");
    again.release_channel = ReleaseChannel::Rapid;
    project.drive(&mut made, async |made| project.cloud.update(&again, made).await).await.unwrap();
    assert_eq!(project.cloud.observe(&id).await.unwrap().unwrap().system_pool.unwrap().nodes.size, Some(1));

    project.drive(&mut made, async |made| other.delete(&id, OWNER, made).await).await.unwrap();
    assert_eq!(project.cloud.observe(&id).await.unwrap(), None);
    assert!(matches!(project.cloud.update(&again, &mut made).await, Err(Error::NotFound { .. })));
}

/// Every step is taken by a process that knows nothing of the earlier ones.
#[tokio::test]
async fn killed_processes_lose_nothing() {
    let project = Project::start().await;
    let spec = cluster("killed", REGION, 3);
    let id = project.cloud.cluster_id(REGION, "killed");
    let seen = project.seen().await;
    for _ in 0..20 {
        let (process, mut made) = (project.another().await, Made::default());
        match process.create(&spec, &mut made).await {
            Ok(Progress::Waiting { .. }) => {}
            // The step before was the last one; who took it had only to wait.
            Err(Error::AlreadyExists { .. }) => break,
            other => panic!("{other:?}"),
        }
        project.settle().await;
    }
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    assert!(observed.phase == Phase::Active && !observed.is_unfinished, "{observed:?}");
    assert_eq!(observed.owner.as_deref(), Some(OWNER));
    for _ in 0..20 {
        let process = project.another().await;
        if process.delete(&id, OWNER, &mut Made::default()).await.unwrap() == Progress::Done {
            break;
        }
        project.settle().await;
    }
    let requests = project.requests(seen).await;
    for operation in [
        "networks.insert",
        "subnetworks.insert",
        "routers.insert",
        "clusters.create",
        "clusters.delete",
        "routers.delete",
        "subnetworks.delete",
        "networks.delete",
    ] {
        let count = requests.iter().filter(|request| request.operation == operation).count();
        assert_eq!(count, 1, "{operation}");
    }
}

#[tokio::test]
async fn another_owner_s_network_and_cluster_are_left_alone() {
    let project = Project::start().await;
    let spec = cluster("mine", ZONE, 1);
    let (id, _) = project.create(&spec).await.unwrap();
    let mut made = Made::default();
    project
        .drive(&mut made, async |made| project.cloud.delete(&id, "somebody-else", made).await)
        .await
        .unwrap();
    assert!(project.cloud.observe(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_made() {
    let project = Project::start().await;
    let mut block = cluster("block", ZONE, 1);
    block.network = Network::Made { cidr: "10.20.0.0/28".to_owned() };
    let mut old = plain("old");
    old.version = Some("1.20".to_owned());
    let mut nowhere = plain("nowhere");
    nowhere.location = "mars-north1-a".to_owned();
    for (wish, words) in [
        (cluster("uneven", REGION, 4), "spread evenly over the zones europe-west4-a, europe-west4-b"),
        (block, "/9 and /20"),
        (old, "unsupported"),
        (nowhere, "does not exist"),
    ] {
        let mut made = Made::default();
        let refused = project.cloud.create(&wish, &mut made).await;
        assert!(
            matches!(&refused, Err(Error::InvalidSpec { message, .. }) if message.contains(words)),
            "{refused:?}"
        );
        assert_eq!(made, Made::default());
    }
}

#[tokio::test]
async fn lists_wait_throttling_out_and_say_what_is_denied_and_what_did_not_answer() {
    let project = Project::start().await;
    let list = async || project.cloud.list(&None, &PageRequest::default()).await;
    project.play(&[refusal("clusters.list", 2, 429, "RESOURCE_EXHAUSTED", "Quota exceeded")]).await;
    assert!(list().await.unwrap().found.is_empty());
    let words = "Required \"container.clusters.list\" permission(s) for \"projects/stand-in-project\".";
    project.play(&[refusal("clusters.list", 1, 403, "PERMISSION_DENIED", words)]).await;
    let denied = list().await.unwrap_err();
    assert!(
        matches!(&denied, Error::PermissionDenied { action, .. } if action == "container.clusters.list"),
        "{denied}"
    );
    project.play(&[response("clusters.list", 1, 200, json!({ "missingZones": ["us-central1-f"] }))]).await;
    assert_eq!(list().await.unwrap().missing, ["us-central1-f"]);
    // What nobody marked is found, and told so.
    let foreign =
        json!({ "clusters": [{ "name": "foreign", "location": ZONE, "resourceLabels": { "a": "b" } }] });
    project.play(&[response("clusters.list", 1, 200, foreign)]).await;
    let found = list().await.unwrap().found;
    assert_eq!((found[0].name.as_str(), found[0].is_marked), ("foreign", Some(false)));
}
