//! What the calls cost, and in what order they are made.

use kubeblocks_cloud::{Made, ManagedKubernetes as _, PoolId, Progress};

use super::{Project, REGION, cluster, pool};

#[tokio::test]
async fn calls_cost_few_requests() {
    let project = Project::start().await;
    let spec = cluster("cheap", REGION, 3);
    let mut made = Made::default();
    let mut repeated = 0;
    loop {
        if project.cloud.create(&spec, &mut made).await.unwrap() == Progress::Done {
            break;
        }
        // The cloud has gone no further: asking again costs little.
        let seen = project.seen().await;
        let again = project.cloud.create(&spec, &mut made).await.unwrap();
        assert!(matches!(again, Progress::Waiting { .. }));
        let requests = project.requests(seen).await;
        assert!(requests.len() <= 2, "{requests:?}");
        repeated += 1;
        project.settle().await;
    }
    assert!(repeated >= 4, "a network, its parts, a cluster and its labels are waited for, was {repeated}");

    let seen = project.seen().await;
    let id = project.cloud.cluster_id(REGION, "cheap");
    let observed = project.cloud.observe(&id).await.unwrap().unwrap();
    assert!(observed.oidc_issuer.unwrap().ends_with(&id.0));
    assert_eq!(project.requests(seen).await.len(), 1);

    let seen = project.seen().await;
    let pool_id = PoolId { cluster: id.clone(), pool: "system".to_owned() };
    assert!(project.cloud.observe_pool(&pool_id).await.unwrap().is_some());
    assert_eq!(project.cloud.update(&spec, &mut made).await.unwrap(), Progress::Done);
    let wish = pool(&id, "system", 3);
    assert_eq!(project.cloud.update_pool(&wish, &mut Made::default()).await.unwrap(), Progress::Done);
    assert_eq!(project.requests(seen).await.len(), 3);

    let tokens = project.stand_in.journal().await.unwrap();
    assert_eq!(tokens.iter().filter(|request| request.service == "oauth2").count(), 1);
}

#[tokio::test]
async fn a_control_plane_is_upgraded_before_its_nodes_and_one_thing_at_a_time() {
    let project = Project::start().await;
    let spec = cluster("ordered", REGION, 3);
    let (_, mut made) = project.create(&spec).await.unwrap();
    let mut change = spec.clone();
    change.version = Some("1.34".to_owned());
    change.system_pool.nodes.size = Some(6);
    change.system_pool.nodes.autoscaling = None;
    change.labels.insert("more".to_owned(), "yes".to_owned());
    let seen = project.seen().await;
    project.drive(&mut made, async |made| project.cloud.update(&change, made).await).await.unwrap();
    let writes: Vec<String> = project
        .requests(seen)
        .await
        .into_iter()
        .filter(|request| request.method != "GET")
        .map(|request| request.operation)
        .collect();
    assert_eq!(
        writes,
        [
            "clusters.update",
            "clusters.setResourceLabels",
            "clusters.nodePools.update",
            "clusters.nodePools.setSize"
        ]
    );
}
