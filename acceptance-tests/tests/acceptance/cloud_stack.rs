//! The stacks of `examples/stacks`, as they are: from nothing to databases on managed Kubernetes by one apply, and back.

use acceptance_tests::clouds::{BACKUP_SECRET, Cloud};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::Api;
use kube::api::ListParams;
use kubeblocks_schemas::v1alpha1::backup_repo::BackupRepoPhase;
use kubeblocks_schemas::v1alpha1::{BackupRepo, BackupSchedule};

use crate::cloud_world::World;
use crate::terraform::{Cli, Workspace};

/// Applies a cloud's stack on an empty state and destroys it. `class` is the `StorageClass` that databases get.
async fn comes_and_goes(cloud: Cloud, folder: &str, cluster: &str, class: &str) {
    let world = World::start(cloud, 1).await;
    let mut workspace = world.workspace(Cli::Terraform);
    workspace.remove("provider.tf").remove("versions.tf");
    let stacks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("examples").join("stacks");
    let stack = std::fs::read_to_string(stacks.join(folder).join("main.tf")).expect("the stack is there");
    workspace.write("main.tf", stack);
    workspace.set("TF_VAR_deletion_protection", "false");

    // With everything unknown, the plan is whole all the same.
    let planned = workspace.planned_actions().await;
    let created: Vec<&str> = planned.iter().map(|(address, _)| address.as_str()).collect();
    let expected = [
        "kubeblocks_addon.this[\"postgresql\"]",
        "kubeblocks_addon.this[\"redis\"]",
        "kubeblocks_backup_repo.this",
        "kubeblocks_cluster.cache",
        "kubeblocks_cluster.orders",
        "kubeblocks_operator.this",
        cluster,
    ];
    assert_eq!(created.len(), expected.len(), "{created:?}");
    assert!(expected.iter().all(|address| created.contains(address)), "{created:?}");
    assert!(planned.iter().all(|(_, actions)| actions == &["create"]), "{planned:?}");

    let log = workspace.path("trace.log");
    workspace.set("TF_LOG_PROVIDER", "trace").set("TF_LOG_PATH", log.display());
    let applied = workspace.apply().await.succeeded();
    let log = std::fs::read_to_string(log).expect("the log is written");
    let state = std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
    for (place, text) in [("the output", applied.text()), ("the log", log), ("the state", state)] {
        world.holds_no_secret(place, &text);
        assert!(!text.contains(BACKUP_SECRET), "the key of the bucket stands in {place}");
    }
    workspace.set("TF_LOG_PROVIDER", "");

    databases_run_on_nodes(&world, class).await;
    backups_are_scheduled(&world).await;
    is_refreshed_cheaply(&world, &workspace).await;
    world.leave_inside(0).await;
    world.is_destroyed_without_a_trace(&workspace).await;
}

/// The instances are on nodes of the cluster, on volumes of the class.
async fn databases_run_on_nodes(world: &World, class: &str) {
    let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let pods = pods.list(&ListParams::default()).await.expect("pods can be listed");
    // Instances, not Jobs.
    let named = |pod: &Pod| {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        ["orders-postgresql-0", "orders-postgresql-1", "cache-redis-0", "cache-redis-1"].contains(&name)
    };
    let nodes: Vec<String> =
        pods.iter().filter_map(|pod| named(pod).then(|| pod.spec.as_ref()?.node_name.clone())?).collect();
    assert_eq!(nodes.len(), 4, "{nodes:?}");
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client, "default");
    for claim in claims.list(&ListParams::default()).await.expect("claims can be listed") {
        assert_eq!(claim.spec.and_then(|spec| spec.storage_class_name).as_deref(), Some(class));
    }
}

/// The repository is ready, and the operator runs a schedule for each database.
async fn backups_are_scheduled(world: &World) {
    let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
    let repo = Api::<BackupRepo>::all(client.clone()).get("backups").await.expect("it is there");
    assert_eq!(repo.status.and_then(|status| status.phase), Some(BackupRepoPhase::Ready));
    let schedules = Api::<BackupSchedule>::namespaced(client, "default");
    for (name, method, time) in [
        ("orders-postgresql-backup-schedule", "pg-basebackup", "0 3 * * *"),
        ("cache-redis-backup-schedule", "datafile", "0 4 * * *"),
    ] {
        let schedule = schedules.get(name).await.expect("it is there");
        let entries = schedule.spec.schedules.iter().filter(|entry| entry.enabled == Some(true));
        let entries: Vec<_> = entries.map(|entry| (&*entry.backup_method, &*entry.cron_expression)).collect();
        assert_eq!(entries, [(method, time)], "{name}");
    }
}

/// A refresh of one cluster takes at most three requests.
async fn is_refreshed_cheaply(world: &World, workspace: &Workspace) {
    world.requests().await;
    workspace.plan_is_empty().await;
    let mut asked = world.requests().await;
    // A token for the cloud, which a process asks for once.
    asked.retain(|operation, _| !operation.to_lowercase().contains("token"));
    // The cluster is looked at once, and a credential for its Kubernetes API may be asked for beside it.
    assert!(asked.values().sum::<usize>() <= 3, "{asked:?}");
}

#[tokio::test]
async fn the_stack_of_aws_comes_from_nothing_and_goes_without_a_trace() {
    comes_and_goes(Cloud::Aws, "aws", "kubeblocks_eks_cluster.this", "gp3").await;
}

#[tokio::test]
async fn the_stack_of_gcp_comes_from_nothing_and_goes_without_a_trace() {
    comes_and_goes(Cloud::Gcp, "gcp", "kubeblocks_gke_cluster.this", "standard-rwo").await;
}

#[tokio::test]
async fn the_stack_of_azure_comes_from_nothing_and_goes_without_a_trace() {
    comes_and_goes(Cloud::Azure, "azure", "kubeblocks_aks_cluster.this", "default").await;
}

#[tokio::test]
async fn the_stack_of_alibaba_comes_from_nothing_and_goes_without_a_trace() {
    comes_and_goes(Cloud::Alibaba, "alibaba", "kubeblocks_ack_cluster.this", "cloud-essd").await;
}
