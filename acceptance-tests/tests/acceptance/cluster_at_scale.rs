//! Several databases at once.

use std::fmt::Write as _;

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn two_clusters_of_one_name_live_in_two_namespaces() {
    let playground = Playground::shared().await;
    let (first, second) = (playground.namespace("first").await, playground.namespace("second").await);
    let workspace = playground.workspace(Cli::Terraform);
    let mut redis = [Redis::new(&first.name, "cache"), Redis::new(&second.name, "cache").replicas(1)];
    for (one, label) in redis.iter_mut().zip(["first", "second"]) {
        label.clone_into(&mut one.label);
    }
    workspace.write("main.tf", redis.iter().map(ToString::to_string).collect::<String>());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(first.pods("cache").await.len(), 2);
    assert_eq!(second.pods("cache").await.len(), 1);

    // One goes, the other stays.
    workspace.write("main.tf", redis[1].to_string());
    workspace.apply().await.succeeded();
    first.is_empty().await;
    assert_eq!(second.pods("cache").await.len(), 1);
    workspace.destroy().await.succeeded();
    second.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_clusters_come_and_go_in_one_run_each() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("twenty").await;
    let workspace = playground.workspace(Cli::Terraform);
    let mut text = String::new();
    for number in 0..20 {
        let redis = Redis::new(&namespace.name, &format!("cache{number}")).replicas(1);
        let _ = write!(text, "{redis}");
    }
    workspace.write("main.tf", text);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(workspace.managed().await.len(), 20);
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
