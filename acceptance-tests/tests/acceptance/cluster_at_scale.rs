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

/// How many databases are changed at once. `SCALE=100` is what the documentation speaks of; each costs seconds of the
/// machine, so that a run of all tests takes fewer.
fn scale() -> usize {
    std::env::var("SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clusters_come_change_and_go_in_one_run_each() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("many").await;
    let workspace = playground.workspace(Cli::Terraform);
    let write = |memory: &str| {
        let mut text = String::new();
        for number in 0..scale() {
            let redis = Redis::new(&namespace.name, &format!("cache{number}")).replicas(1).memory(memory);
            let _ = write!(text, "{redis}");
        }
        workspace.write("main.tf", text);
    };
    let all_at_once = ["apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=100"];
    write("128Mi");
    workspace.run(all_at_once).await.succeeded();
    assert_eq!(workspace.managed().await.len(), scale());
    workspace.plan_is_empty().await;

    // Each change is made, and each database rolls once for it: the instance before, and the one after.
    let pods = namespace.all_pods_from_now_on().await;
    write("192Mi");
    workspace.run(all_at_once).await.succeeded();
    for number in 0..scale() {
        let now = namespace.pods(&format!("cache{number}")).await;
        assert_eq!(now[0]["spec"]["containers"][0]["resources"]["limits"]["memory"], "192Mi", "{number}");
    }
    let seen = pods.per_cluster();
    assert_eq!(seen.len(), scale());
    let rolled_otherwise: Vec<_> = seen.iter().filter(|(_, count)| **count != 2).collect();
    assert!(rolled_otherwise.is_empty(), "{rolled_otherwise:?}");
    workspace.plan_is_empty().await;
    workspace
        .run(["destroy", "-auto-approve", "-no-color", "-input=false", "-parallelism=100"])
        .await
        .succeeded();
    namespace.is_empty().await;
}
