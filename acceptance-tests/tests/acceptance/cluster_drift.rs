//! What others do to a database between two runs.

use serde_json::json;

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_deleted_outside_is_planned_again_and_made_again() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("deleted").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();

    namespace.delete_cluster("cache").await;
    assert_eq!(workspace.planned_actions().await, [(redis.address(), vec!["create".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_ours_changed_outside_is_shown_and_set_back() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("drift").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();

    // As an OpsRequest of kbcli would: a plain update by another manager, which takes the field's ownership.
    namespace.merge_cluster("cache", "kbcli", json!({"spec": {"terminationPolicy": "Delete"}})).await;
    let plan = workspace.plan_json().await;
    let change = &plan["resource_changes"][0]["change"];
    assert_eq!(change["before"]["termination_policy"], "Delete");
    assert_eq!(change["after"]["termination_policy"], "WipeOut");

    // The other manager holds the field now: the conflict names it and what can be done, and nothing changes.
    let conflict = workspace.apply().await.failed();
    conflict.says(&["kbcli", "termination_policy", "force_conflicts"]);
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["spec"]["terminationPolicy"], "Delete");

    workspace.write("main.tf", redis.clone().extra("force_conflicts = true").to_string());
    workspace.apply().await.succeeded();
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["spec"]["terminationPolicy"], "WipeOut");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_others_own_and_equal_values_are_no_drift() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("nodrift").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").memory("0.5Gi");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    let touched = json!({
        "metadata": {"labels": {"team": "shop"}, "annotations": {"note": "by someone"}},
        "spec": {"backup": {"enabled": false}},
    });
    namespace.merge_cluster("cache", "someone", touched).await;
    workspace.plan_is_empty().await;

    // The same amount in other words is no change either, neither in the cluster nor in the configuration.
    workspace.write("main.tf", redis.clone().memory("512Mi").to_string());
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
