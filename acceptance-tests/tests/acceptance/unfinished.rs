//! The last request of a create, which takes the mark of an unfinished one off the object: what others do meanwhile is
//! theirs, and the next plan shows it.

use acceptance_tests::api_faults::{ApiFaults, Fault, Matching};
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::platform::api_of;
use crate::playground::{CERTAIN, Playground};
use crate::terraform::{Cli, Workspace};

const APPS: &str = "apps.kubeblocks.io";
const BACKUPS: &str = "dataprotection.kubeblocks.io";
const MARK: &str = "terraform.kubeblocks.io/unfinished";

/// A resource, and what somebody changes in its object.
struct Case {
    address: &'static str,
    configuration: String,
    kind: (&'static str, &'static str, &'static str),
    namespace: Option<String>,
    name: String,
    change: Value,
}

fn cases(namespace: &str) -> Vec<Case> {
    let here = || Some(namespace.to_owned());
    // The change of a Cluster would be left to whoever made it.
    let lines = format!(
        "force_conflicts = true\n  backup = {{ repo = \"{namespace}\", method = \"datafile\", enabled = false }}"
    );
    vec![
        Case {
            address: "kubeblocks_object.this",
            configuration: format!(
                r#"
resource "kubeblocks_object" "this" {{
  yaml = yamlencode({{
    apiVersion = "{APPS}/v1alpha1"
    kind       = "ConfigConstraint"
    metadata   = {{ name = "{namespace}" }}
    spec       = {{ formatterConfig = {{ format = "properties" }}, dynamicParameters = ["timeout"] }}
  }})
}}
"#
            ),
            kind: (APPS, "ConfigConstraint", "configconstraints"),
            namespace: None,
            name: namespace.to_owned(),
            change: json!({ "spec": { "dynamicParameters": ["maxmemory"] } }),
        },
        Case {
            address: "kubeblocks_service_descriptor.this",
            configuration: format!(
                r#"
resource "kubeblocks_service_descriptor" "this" {{
  namespace = "{namespace}"
  name      = "etcd"
  kind      = "etcd"
  version   = "v3.5.6"
  endpoint  = {{ value = "etcd.example.com:2379" }}
}}
"#
            ),
            kind: (APPS, "ServiceDescriptor", "servicedescriptors"),
            namespace: here(),
            name: "etcd".to_owned(),
            change: json!({ "spec": { "serviceVersion": "v3.4.0" } }),
        },
        Case {
            address: "kubeblocks_backup_repo.this",
            configuration: format!(
                r#"
resource "kubeblocks_backup_repo" "this" {{
  name             = "{namespace}"
  storage_provider = "pvc"
  access_method    = "Mount"
}}
"#
            ),
            kind: (BACKUPS, "BackupRepo", "backuprepos"),
            namespace: None,
            name: namespace.to_owned(),
            change: json!({ "spec": { "pvReclaimPolicy": "Delete" } }),
        },
        Case {
            address: "kubeblocks_cluster.cache",
            configuration: Redis::new(namespace, "cache").replicas(1).extra(&lines).to_string(),
            kind: (APPS, "Cluster", "clusters"),
            namespace: here(),
            name: "cache".to_owned(),
            change: json!({ "spec": { "terminationPolicy": "Delete" } }),
        },
        Case {
            address: "kubeblocks_backup_schedule.this",
            configuration: format!(
                r#"
resource "kubeblocks_backup_schedule" "this" {{
  namespace = "{namespace}"
  name      = "nightly"
  cluster   = kubeblocks_cluster.cache.name
  schedules = {{ datafile = {{ cron = "0 3 * * *" }} }}
}}
"#
            ),
            kind: (BACKUPS, "BackupSchedule", "backupschedules"),
            namespace: here(),
            name: "nightly".to_owned(),
            change: json!({ "spec": { "schedules": [
                { "backupMethod": "datafile", "cronExpression": "0 5 * * *", "enabled": true, "retentionPeriod": "7d" }
            ] } }),
        },
        Case {
            address: "kubeblocks_backup.this",
            configuration: backup(namespace, "first"),
            kind: (BACKUPS, "Backup", "backups"),
            namespace: here(),
            name: "first".to_owned(),
            change: json!({ "spec": { "deletionPolicy": "Delete" } }),
        },
    ]
}

/// A backup that KubeBlocks lets nobody delete.
fn backup(namespace: &str, name: &str) -> String {
    format!(
        r#"
resource "kubeblocks_backup" "this" {{
  namespace       = "{namespace}"
  name            = "{name}"
  cluster         = kubeblocks_cluster.cache.name
  method          = "datafile"
  deletion_policy = "Retain"
}}
"#
    )
}

/// Applies, and does something while the second write of the object is on its way.
async fn apply_while(
    workspace: &Workspace,
    api: &ApiFaults,
    (group, _, plural): (&str, &str, &str),
    work: impl Future<Output = ()>,
) {
    api.forget_requests();
    api.inject_at(Matching::kind(&format!("PATCH {plural}.{group}/*")), 1, Fault::Hold);
    let others = async {
        let held = tokio::time::timeout(CERTAIN, api.wait_for_fault()).await;
        held.unwrap_or_else(|_| panic!("{plural}: the mark is not taken off"));
        work.await;
        api.release();
    };
    let (applied, ()) = tokio::join!(workspace.apply(), others);
    applied.succeeded();
}

async fn change(objects: &Api<DynamicObject>, name: &str, change: &Value) {
    let somebody = PatchParams { field_manager: Some("kubectl".to_owned()), ..PatchParams::default() };
    objects.patch(name, &somebody, &Patch::Merge(change)).await.expect("the change is accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_while_a_create_ends_is_shown_by_the_next_plan() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("ending").await;
    let api = playground.faulty_api().await;
    let client = api.client().await.expect("the control plane answers");
    let workspace = Playground::workspace_through(Cli::Terraform, api.kubeconfig());
    for case in cases(&namespace.name) {
        let objects = api_of(&client, case.kind, case.namespace.as_deref());
        workspace.write(&format!("{}.tf", case.kind.2), &case.configuration);
        apply_while(&workspace, &api, case.kind, change(&objects, &case.name, &case.change)).await;
        let made = objects.get(&case.name).await.expect("it is there");
        assert!(made.metadata.annotations.is_none_or(|all| !all.contains_key(MARK)), "{}", case.address);
        let update = [(case.address.to_owned(), vec!["update".to_owned()])];
        assert_eq!(workspace.planned_actions().await, update);
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;
    }

    // One that goes while its create ends is not held up by it.
    let backups = api_of(&client, (BACKUPS, "Backup", "backups"), Some(&namespace.name));
    workspace.write("backups.tf", backup(&namespace.name, "second"));
    apply_while(&workspace, &api, (BACKUPS, "Backup", "backups"), async {
        change(&backups, "second", &json!({ "spec": { "deletionPolicy": "Delete" } })).await;
        backups.delete("second", &DeleteParams::default()).await.expect("it is there");
    })
    .await;
    namespace.object_until((BACKUPS, "Backup", "backups"), "second", |object| object.is_none()).await;
    assert_eq!(
        workspace.planned_actions().await,
        [("kubeblocks_backup.this".to_owned(), vec!["create".to_owned()])]
    );

    // What a destroy leaves because it is to be retained is deleted by hand.
    change(&backups, "first", &json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    namespace.delete_object(BACKUPS, "Backup", "backups", "first").await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
