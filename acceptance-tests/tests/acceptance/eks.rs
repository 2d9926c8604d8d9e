//! `kubeblocks_eks_cluster` and `kubeblocks_eks_node_group` through terraform: from nothing to databases and back.

use acceptance_tests::clouds::{Cloud, Fault};
use serde_json::json;

use crate::cloud_world::World;
use crate::terraform::{Cli, Workspace};

/// A cluster with a network of its own, which may be destroyed.
fn cluster(more: &str) -> String {
    format!(
        r#"resource "kubeblocks_eks_cluster" "this" {{
  name                = "shop"
  network             = {{ cidr = "10.0.0.0/16", zones = ["eu-central-1a", "eu-central-1b"] }}
  deletion_protection = false
{more}
}}
"#
    )
}

/// A group of nodes of that cluster.
fn node_group(more: &str) -> String {
    format!(
        r#"resource "kubeblocks_eks_node_group" "databases" {{
  kubernetes_cluster_id = kubeblocks_eks_cluster.this.id
  name                  = "databases"
{more}
}}
"#
    )
}

/// The state without what an import does not find: timeouts, and what a destroy needs only of what it made itself.
async fn destroyed_without_a_trace(world: &World, workspace: &Workspace) {
    workspace.destroy().await.succeeded();
    assert_eq!(workspace.managed().await, Vec::<String>::new());
    let left = world.managed().stand_in().inventory().await.expect("the stand-in answers");
    assert_eq!(left, Vec::<String>::new(), "left in the cloud");
}

#[tokio::test]
async fn the_whole_stack_comes_from_nothing_by_one_apply_and_goes_without_a_trace() {
    let world = World::start(Cloud::Aws, 1).await;
    let mut workspace = world.workspace(Cli::Terraform);
    workspace.remove("provider.tf").remove("versions.tf");
    let stack = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .with_file_name("examples")
        .join("stacks/aws/main.tf");
    workspace.write("main.tf", std::fs::read_to_string(stack).expect("the stack is there"));
    workspace.set("TF_VAR_deletion_protection", "false");

    // With everything unknown, the plan is whole all the same.
    let planned = workspace.planned_actions().await;
    let created: Vec<&str> = planned.iter().map(|(address, _)| address.as_str()).collect();
    assert_eq!(
        created,
        [
            "kubeblocks_addon.this[\"postgresql\"]",
            "kubeblocks_addon.this[\"redis\"]",
            "kubeblocks_cluster.cache",
            "kubeblocks_cluster.orders",
            "kubeblocks_eks_cluster.this",
            "kubeblocks_operator.this",
        ]
    );
    assert!(planned.iter().all(|(_, actions)| actions == &["create"]), "{planned:?}");

    let log = workspace.path("trace.log");
    workspace.set("TF_LOG_PROVIDER", "trace").set("TF_LOG_PATH", log.display());
    let applied = workspace.apply().await.succeeded();
    let log = std::fs::read_to_string(log).expect("the log is written");
    let state = std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
    for (place, text) in [("the output", applied.text()), ("the log", log), ("the state", state)] {
        world.holds_no_secret(place, &text);
    }
    workspace.set("TF_LOG_PROVIDER", "");

    // The databases run on the nodes that the cluster was made with, on volumes of the class that was made.
    let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::namespaced(client.clone(), "default");
    let pods = pods.list(&kube::api::ListParams::default()).await.expect("pods can be listed");
    // Instances, not Jobs.
    let named = |pod: &k8s_openapi::api::core::v1::Pod| {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        ["orders-postgresql-0", "orders-postgresql-1", "cache-redis-0", "cache-redis-1"].contains(&name)
    };
    let nodes: Vec<String> =
        pods.iter().filter_map(|pod| named(pod).then(|| pod.spec.as_ref()?.node_name.clone())?).collect();
    assert_eq!(nodes.len(), 4, "{nodes:?}");
    let claims: kube::Api<k8s_openapi::api::core::v1::PersistentVolumeClaim> =
        kube::Api::namespaced(client, "default");
    for claim in claims.list(&kube::api::ListParams::default()).await.expect("claims can be listed") {
        assert_eq!(claim.spec.and_then(|spec| spec.storage_class_name).as_deref(), Some("gp3"));
    }

    world.requests().await;
    workspace.plan_is_empty().await;
    let asked = world.requests().await;
    assert!(
        asked.values().sum::<usize>() <= 3,
        "a refresh of one cluster takes at most three requests: {asked:?}"
    );

    destroyed_without_a_trace(&world, &workspace).await;
}

#[tokio::test]
async fn a_cluster_and_a_node_group_live_their_lives() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    let pool = "  system_node_pool = { machine_types = [\"m6i.xlarge\"], size = 2 }\n";
    let cluster_at = |version: &str| {
        cluster(&format!("  kubernetes_version = \"{version}\"\n{pool}  tags = {{ team = \"shop\" }}"))
    };
    workspace.write(
        "main.tf",
        cluster_at("1.33") + &node_group("  size = 1\n  labels = { workload = \"databases\" }"),
    );
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let created = workspace.attributes("kubeblocks_eks_cluster.this").await;
    assert_eq!(created["kubernetes_version"], "1.33");
    assert_eq!(created["region"], "eu-central-1");
    assert_eq!(
        created["kubernetes"]["auth"],
        json!({"method": "eks", "cluster": "shop", "region": "eu-central-1"})
    );
    assert!(
        created["created_resources"]
            .as_array()
            .is_some_and(|made| made.iter().any(|one| one["kind"] == "VPC"))
    );

    // In place: version, tags, size. A skipped version, a version back, and other first nodes are refused while planning.
    workspace.write("main.tf", cluster_at("1.35") + &node_group("  size = 1"));
    workspace.plan().await.failed().says(&["more than one above 1.33", "Set \"1.34\""]);
    workspace.write("main.tf", cluster_at("1.32") + &node_group("  size = 1"));
    workspace.plan().await.failed().says(&["do not take Kubernetes back from 1.33 to 1.32"]);
    let spot = cluster_at("1.33").replace("size = 2", "size = 2, spot = true");
    workspace.write("main.tf", spot + &node_group("  size = 1"));
    workspace.plan().await.failed().says(&["First nodes cannot be changed so", "add a node pool"]);

    let upgraded =
        cluster_at("1.34").replace("size = 2", "size = 3").replace("team = \"shop\"", "team = \"data\"");
    workspace
        .write("main.tf", upgraded.clone() + &node_group("  size = 2\n  labels = { workload = \"orders\" }"));
    let planned = workspace.planned_actions().await;
    assert!(planned.iter().all(|(_, actions)| actions == &["update"]) && planned.len() == 2, "{planned:?}");
    workspace.apply().await.succeeded().says(&["Nodes are replaced one after the other"]);
    workspace.plan_is_empty().await;
    assert_eq!(workspace.attributes("kubeblocks_eks_cluster.this").await["kubernetes_version"], "1.34");

    // Other machines make another group, and the cluster stays.
    workspace
        .write("main.tf", upgraded.clone() + &node_group("  size = 2\n  machine_types = [\"r6i.xlarge\"]"));
    let planned = workspace.planned_actions().await;
    assert_eq!(
        planned,
        [("kubeblocks_eks_node_group.databases".to_owned(), vec!["delete".to_owned(), "create".to_owned()])]
    );
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    // Import by the natural ids.
    workspace.run(["state", "rm", "kubeblocks_eks_node_group.databases"]).await.succeeded();
    workspace
        .run(["import", "-no-color", "-input=false", "kubeblocks_eks_node_group.databases", "shop/databases"])
        .await
        .succeeded();
    workspace.plan_is_empty().await;

    destroyed_without_a_trace(&world, &workspace).await;
}

#[tokio::test]
async fn what_is_protected_stays_and_what_is_not_ours_is_told_with_the_import() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    let protected = cluster("").replace("deletion_protection = false", "deletion_protection = true");
    workspace.write("main.tf", &protected);
    workspace.apply().await.succeeded();
    workspace
        .destroy()
        .await
        .failed()
        .says(&["has `deletion_protection`", "set `deletion_protection = false`"]);
    workspace.write("main.tf", protected.replace("10.0.0.0/16", "10.1.0.0/16"));
    workspace.plan().await.failed().says(&["is neither destroyed nor replaced"]);
    workspace.write("main.tf", &protected);

    // The same name from a state that knows nothing of it.
    let other = world.workspace(Cli::Terraform);
    other.write("main.tf", cluster(""));
    other.apply().await.failed().says(&["exists already and is not managed here", "import"]);
    assert_eq!(other.managed().await, Vec::<String>::new());
    workspace.plan_is_empty().await;

    workspace.write("main.tf", cluster(""));
    workspace.apply().await.succeeded();
    destroyed_without_a_trace(&world, &workspace).await;
}

#[tokio::test]
async fn a_create_that_is_interrupted_or_killed_is_gone_on_with() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    workspace.write("main.tf", cluster(""));

    // Ctrl-C while the control plane is made: the state knows the cluster, which is not tainted.
    let running = workspace.spawn(["apply", "-auto-approve", "-no-color", "-input=false"]);
    world.was_asked("CreateCluster", 1).await;
    let group = rustix::process::Pid::from_raw(
        i32::try_from(running.id().expect("it runs")).expect("a small number"),
    );
    rustix::process::kill_process_group(group.expect("a process"), rustix::process::Signal::INT)
        .expect("it can be interrupted");
    running.wait_with_output().await.expect("it ends");
    assert_eq!(workspace.managed().await, ["kubeblocks_eks_cluster.this"]);
    let planned = workspace.planned_actions().await;
    assert_eq!(planned, [("kubeblocks_eks_cluster.this".to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let asked = world.requests().await;
    assert_eq!((asked.get("CreateCluster"), asked.get("CreateVpc")), (Some(&1), Some(&1)), "{asked:?}");
    destroyed_without_a_trace(&world, &workspace).await;

    // Killed: the state knows nothing, the cloud does.
    world.requests().await;
    let mut running = workspace.spawn(["apply", "-auto-approve", "-no-color", "-input=false"]);
    world.was_asked("CreateCluster", 1).await;
    let group = rustix::process::Pid::from_raw(
        i32::try_from(running.id().expect("it runs")).expect("a small number"),
    );
    rustix::process::kill_process_group(group.expect("a process"), rustix::process::Signal::KILL)
        .expect("it can be killed");
    running.wait().await.expect("it ends");
    std::fs::remove_file(workspace.path(".terraform.tfstate.lock.info")).ok();
    std::fs::remove_file(workspace.path("terraform.tfstate")).ok();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let asked = world.requests().await;
    assert_eq!((asked.get("CreateCluster"), asked.get("CreateVpc")), (Some(&1), Some(&1)), "{asked:?}");
    destroyed_without_a_trace(&world, &workspace).await;
}

#[tokio::test]
async fn a_refusal_says_why_and_the_next_apply_goes_on() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    workspace.write("main.tf", cluster(""));
    let quota = Fault {
        operation: "CreateNodegroup".to_owned(),
        times: 1,
        kind: "response".to_owned(),
        status: 400,
        headers: [("x-amzn-errortype".to_owned(), "ResourceLimitExceededException".to_owned())].into(),
        body: json!({"message": "Nodegroup limit exceeded for cluster"}),
        ..Fault::default()
    };
    world.managed().stand_in().play(&[quota]).await.expect("the stand-in answers");
    let failed = workspace.apply().await.failed();
    failed.says(&["A quota is used up", "Nodegroup limit exceeded", "terraform untaint"]);
    workspace.run(["untaint", "kubeblocks_eks_cluster.this"]).await.succeeded();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    destroyed_without_a_trace(&world, &workspace).await;
}
