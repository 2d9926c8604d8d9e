//! `kubeblocks_eks_cluster` and `kubeblocks_eks_node_group` through terraform: from nothing to databases and back.

use acceptance_tests::clouds::{Cloud, Fault};
use serde_json::json;

use crate::cloud_world::World;
use crate::terraform::Cli;

/// A cluster with a network of its own, which may be destroyed.
pub(crate) fn cluster(more: &str) -> String {
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
pub(crate) fn node_group(more: &str) -> String {
    format!(
        r#"resource "kubeblocks_eks_node_group" "databases" {{
  kubernetes_cluster_id = kubeblocks_eks_cluster.this.id
  name                  = "databases"
{more}
}}
"#
    )
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
    workspace.apply().await.succeeded().says(&["Rolling restart", "makes the nodes of the"]);
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

    // Import by the natural ids: what was left out, and what only the create knew, is no difference.
    let protected = upgraded.replace("deletion_protection = false", "deletion_protection = true");
    let group = node_group("  size = 2\n  machine_types = [\"r6i.xlarge\"]");
    workspace.write("main.tf", protected + &group);
    workspace.apply().await.succeeded();
    for (address, id) in
        [("kubeblocks_eks_cluster.this", "shop"), ("kubeblocks_eks_node_group.databases", "shop/databases")]
    {
        workspace.run(["state", "rm", address]).await.succeeded();
        workspace.run(["import", "-no-color", "-input=false", address, id]).await.succeeded();
    }
    workspace.plan_is_empty().await;
    workspace.write("main.tf", upgraded + &group);
    workspace.apply().await.succeeded();

    world.is_destroyed_without_a_trace(&workspace).await;
    crate::permissions::clouds::are_exact(Cloud::Aws, &world).await;
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
    other.apply().await.failed().says(&[
        "exists already and is not managed here",
        "terraform import kubeblocks_eks_cluster.NAME shop",
    ]);
    assert_eq!(other.managed().await, Vec::<String>::new());
    workspace.plan_is_empty().await;

    workspace.write("main.tf", cluster(""));
    workspace.apply().await.succeeded();
    world.is_destroyed_without_a_trace(&workspace).await;
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
    world.is_destroyed_without_a_trace(&workspace).await;
}
