//! `kubeblocks_backup_schedule`: made, changed, refused, failed, interrupted, gone; and the `CronJob`s that come of it.

use serde_json::Value;

use crate::cluster_interrupted::kill_provider_of;
use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::Cli;

const GROUP: &str = "dataprotection.kubeblocks.io";
const KIND: (&str, &str, &str) = (GROUP, "BackupSchedule", "backupschedules");
const ADDRESS: &str = "kubeblocks_backup_schedule.this";
const CLUSTER: &str = "cluster = kubeblocks_cluster.cache.name";

/// A redis, and a schedule with these lines and entries.
fn stack(namespace: &Namespace, lines: &str, schedules: &str) -> String {
    let redis = Redis::new(&namespace.name, "cache").replicas(1);
    format!(
        r#"
{redis}
resource "kubeblocks_backup_schedule" "this" {{
  namespace = "{}"
  {lines}
  schedules = {{ {schedules} }}
}}
"#,
        namespace.name
    )
}

async fn object(namespace: &Namespace, name: &str) -> Option<Value> {
    namespace.object(KIND.0, KIND.1, KIND.2, name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_schedule_lives_its_whole_life() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("sched").await;
    let workspace = playground.workspace(Cli::Terraform);
    let lines = format!("name = \"nightly\"\n  {CLUSTER}\n  starting_deadline_minutes = 30");
    let nightly = "datafile = { cron = \"0 3 * * *\" }";
    workspace.write("main.tf", stack(&namespace, &lines, nightly));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let attributes = workspace.attributes(ADDRESS).await;
    assert_eq!(
        (&attributes["phase"], &attributes["policy"], &attributes["schedules"]["datafile"]["retention"]),
        (&"Available".into(), &"cache-redis-backup-policy".into(), &"7d".into())
    );
    let made = object(&namespace, "nightly").await.expect("it is there");
    assert!(made["metadata"]["annotations"]["terraform.kubeblocks.io/unfinished"].is_null(), "{made:#}");
    let job = |method: &str| format!("nightly-{}-{method}", namespace.name);
    let jobs = namespace.cron_jobs().await;
    assert_eq!(jobs.keys().collect::<Vec<_>>(), [&job("datafile")]);
    assert_eq!(jobs[&job("datafile")]["spec"]["schedule"], "0 3 * * *");
    assert_eq!(jobs[&job("datafile")]["spec"]["startingDeadlineSeconds"], 1800);

    workspace.run(["state", "rm", ADDRESS]).await.succeeded();
    let id = format!("{}/nightly", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    workspace.plan_is_empty().await;
    // By its policy alone it is the same schedule.
    let by_policy = lines.replace(CLUSTER, "policy = \"cache-redis-backup-policy\"");
    workspace.write("main.tf", stack(&namespace, &by_policy, nightly));
    workspace.plan_is_empty().await;

    // What others change is shown, and set back.
    let change = serde_json::json!({"spec": {"schedules": [
        {"backupMethod": "datafile", "cronExpression": "0 5 * * *", "enabled": false, "retentionPeriod": "1w"}]}});
    namespace.merge_object(KIND, "nightly", change).await;
    let plan = workspace.plan_json().await;
    let all = plan["resource_changes"].as_array().expect("changes");
    let change = &all.iter().find(|one| one["address"] == ADDRESS).expect("the schedule")["change"];
    assert_eq!(change["before"]["schedules"]["datafile"]["cron"], "0 5 * * *");
    assert_eq!(change["before"]["schedules"]["datafile"]["enabled"], false);
    assert_eq!(change["actions"], serde_json::json!(["update"]));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.cron_jobs().await[&job("datafile")]["spec"]["schedule"], "0 3 * * *");

    // In place: another method in the place of the first one, whose CronJob does not stay.
    let hourly = "\"volume-snapshot\" = { cron = \"0 * * * *\", retention = \"1d\" }";
    workspace.write("main.tf", stack(&namespace, &lines, hourly));
    assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.cron_jobs().await.keys().collect::<Vec<_>>(), [&job("volume-snapshot")]);
    let entries = object(&namespace, "nightly").await.expect("it is there")["spec"]["schedules"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(1), "{entries:#}");

    let off = hourly.replace("\"1d\"", "\"1d\", enabled = false");
    workspace.write("main.tf", stack(&namespace, &lines, &off));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert!(namespace.cron_jobs().await.is_empty());

    // Everything at once: the schedule goes before its database, and leaves no CronJob.
    workspace.write("main.tf", stack(&namespace, &lines, nightly));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    assert!(object(&namespace, "nightly").await.is_none());
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_and_what_fails_says_why() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("badsched").await;
    let workspace = playground.workspace(Cli::OpenTofu);
    let nightly = "datafile = { cron = \"0 3 * * *\" }";
    let lines = format!("name = \"nightly\"\n  {CLUSTER}");
    workspace.write("main.tf", stack(&namespace, &lines, nightly));
    workspace.apply().await.succeeded();

    // While planning: what is wrong in itself, and what the policy does not have.
    for (lines, schedules, expected) in [
        ("name = \"nightly\"", nightly, &["Neither a database nor a policy"][..]),
        (&lines, "datafile = { cron = \"0 25 * * *\" }", &["\"25\" is no hour"]),
        (&lines, "datafile = { cron = \"0 3 * * *\", retention = \"week\" }", &["retention"]),
        (&lines, "datafil = { cron = \"0 3 * * *\" }", &["has no method", "Did you mean \"datafile\""]),
        (&lines, "", &["Missing schedules"]),
    ] {
        workspace.write("main.tf", stack(&namespace, lines, schedules));
        workspace.plan().await.failed().says(expected);
    }

    // Before it is written: what is somebody's, and what could not be made.
    let far = format!("{}-in-the-place-of-the-others", namespace.name);
    let mine = workspace.run(["state", "rm", ADDRESS]).await;
    mine.succeeded();
    for (name, lines, expected) in [
        ("nightly", CLUSTER, &["There is a BackupSchedule", "terraform import"][..]),
        ("cache-redis-backup-schedule", CLUSTER, &["the operator has made it", "`kubeblocks_cluster`"]),
        ("other", "policy = \"cache-redis-backup-polic\"", &["Did you mean \"cache-redis-backup-policy\""]),
    ] {
        workspace.write("main.tf", stack(&namespace, &format!("name = \"{name}\"\n  {lines}"), nightly));
        workspace.apply().await.failed().says(expected);
    }
    let id = format!("{}/nightly", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    let operators = format!("{}/cache-redis-backup-schedule", namespace.name);
    let two = format!("{}\n{}", stack(&namespace, &lines, nightly), second(&namespace, &far, nightly));
    workspace.write("main.tf", &two);
    let other = "kubeblocks_backup_schedule.second";
    workspace
        .run(["import", "-no-color", "-input=false", other, &operators])
        .await
        .failed()
        .says(&["is the operator's"]);
    workspace.apply().await.succeeded();
    // Thirty characters count: a third one that begins like the second has no name left for its CronJob.
    let third = second(&namespace, &format!("{far}-too"), nightly).replace("\"second\"", "\"third\"");
    workspace.write("main.tf", format!("{two}\n{third}"));
    workspace.apply().await.failed().says(&["The CronJob of \"datafile\" would be", &far]);
    workspace.write("main.tf", &two);

    // The operator's own reason, at once: somebody has a CronJob of that name.
    let foreign = format!("nightly-{}-volume-snapshot", namespace.name);
    namespace.create_cron_job(&foreign).await;
    let both = format!("{nightly}, \"volume-snapshot\" = {{ cron = \"0 * * * *\" }}");
    workspace.write("main.tf", stack(&namespace, &lines, &both));
    workspace.apply().await.failed().says(&["does not become available", &foreign, "already exists"]);
    assert_eq!(workspace.attributes(ADDRESS).await["phase"], "Failed");
    namespace.delete_cron_job(&foreign).await;
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(workspace.attributes(ADDRESS).await["phase"], "Available");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

fn second(namespace: &Namespace, name: &str, schedules: &str) -> String {
    format!(
        "resource \"kubeblocks_backup_schedule\" \"second\" {{\n  namespace = \"{}\"\n  name = \"{name}\"\n  {CLUSTER}\n  schedules = {{ {schedules} }}\n}}\n",
        namespace.name
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_whose_apply_is_killed_is_gone_on_with() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killsched").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", Redis::new(&namespace.name, "cache").replicas(1).to_string());
    workspace.apply().await.succeeded();
    let lines = format!("name = \"nightly\"\n  {CLUSTER}");
    workspace.write("main.tf", stack(&namespace, &lines, "datafile = { cron = \"0 3 * * *\" }"));
    namespace.pause_operator("nightly", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.object_exists(KIND.0, KIND.1, KIND.2, "nightly").await;
    kill_provider_of(child, &workspace).await;
    namespace.pause_operator("nightly", false);
    assert!(!workspace.managed().await.contains(&ADDRESS.to_owned()));
    let uid = object(&namespace, "nightly").await.expect("it is there")["metadata"]["uid"].clone();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let made = object(&namespace, "nightly").await.expect("it is there");
    assert_eq!(made["metadata"]["uid"], uid, "the same one");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
