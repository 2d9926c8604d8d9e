//! Scheduled backups of a `kubeblocks_cluster`: what its block does to the schedule that the operator runs.

use serde_json::Value;

use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::Cli;

const BLOCK: &str = "backup = { repo = \"main\", method = \"datafile\", schedule = \"0 3 * * *\" }";

/// The entry of a method in the schedule of a redis.
async fn scheduled(namespace: &Namespace, method: &str) -> Value {
    let schedule = namespace
        .object(
            "dataprotection.kubeblocks.io",
            "BackupSchedule",
            "backupschedules",
            "cache-redis-backup-schedule",
        )
        .await;
    let entries = schedule.expect("the schedule is there")["spec"]["schedules"].as_array().cloned();
    entries.into_iter().flatten().find(|entry| entry["backupMethod"] == method).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_made_changed_imported_and_switched_off() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("scheduled").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    let address = redis.address();
    workspace.write("main.tf", redis.clone().extra(BLOCK).to_string());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let entry = scheduled(&namespace, "datafile").await;
    assert_eq!(
        (&entry["enabled"], &entry["cronExpression"], &entry["retentionPeriod"]),
        (&true.into(), &"0 3 * * *".into(), &"7d".into())
    );
    let policy = namespace
        .object("dataprotection.kubeblocks.io", "BackupPolicy", "backuppolicies", "cache-redis-backup-policy")
        .await;
    assert_eq!(policy.expect("the policy is there")["spec"]["backupRepoName"], "main");
    let pods = namespace.pods("cache").await;

    workspace.run(["state", "rm", &address]).await.succeeded();
    let id = format!("{}/cache", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", &address, &id]).await.succeeded();
    workspace.plan_is_empty().await;

    let other = BLOCK.replace("0 3 * * *\"", "30 1 * * 0\", retention = \"1mo\"");
    workspace.write("main.tf", redis.clone().extra(&other).to_string());
    assert_eq!(workspace.planned_actions().await, [(address.clone(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let entry = scheduled(&namespace, "datafile").await;
    assert_eq!((&entry["cronExpression"], &entry["retentionPeriod"]), (&"30 1 * * 0".into(), &"1mo".into()));

    // Without the block the operator would go on with it.
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(scheduled(&namespace, "datafile").await["enabled"], false);

    // None of it touched an instance.
    let uids = |pods: &[Value]| pods.iter().map(|pod| pod["metadata"]["uid"].to_string()).collect::<Vec<_>>();
    assert_eq!(uids(&pods), uids(&namespace.pods("cache").await));
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_would_fail_is_refused_at_plan() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("unscheduled").await;
    let workspace = playground.workspace(Cli::Terraform);
    for (block, expected) in [
        (BLOCK.replace("datafile", "datafiel"), &["backup.method", "datafile"][..]),
        (BLOCK.replace("0 3 * * *", "daily"), &["backup.schedule"]),
        (BLOCK.replace(" }", ", retention = \"a week\" }"), &["backup.retention"]),
    ] {
        workspace.write("main.tf", Redis::new(&namespace.name, "cache").extra(&block).to_string());
        workspace.plan().await.failed().says(expected);
    }
    assert!(namespace.cluster("cache").await.is_none());
}
