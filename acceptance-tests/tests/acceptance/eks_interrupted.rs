//! Ctrl-C and a kill in every wait of an EKS cluster and a node group: the next run goes on, and nothing is made twice.

use acceptance_tests::clouds::Cloud;
use rustix::process::Signal;

use crate::cloud_world::World;
use crate::eks::{cluster, node_group};
use crate::terraform::Cli;

#[tokio::test]
async fn a_cluster_survives_the_end_of_terraform_in_every_wait() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    let at = |version: &str| cluster(&format!("  kubernetes_version = \"{version}\""));
    workspace.write("main.tf", at("1.33"));

    let update = [("kubeblocks_eks_cluster.this".to_owned(), vec!["update".to_owned()])];
    // Each run goes on where the one before it was cut off: in the network and the control plane, where an interrupt waits
    // for what was asked already, among the nodes, and among the add-ons.
    for (operation, signal) in
        [("CreateNatGateway", Signal::INT), ("CreateNodegroup", Signal::KILL), ("DescribeAddon", Signal::INT)]
    {
        world.cut_off(&workspace, "apply", operation, signal).await;
        // Not tainted: a run that comes to its end would else begin anew. Nor does the plan say that anything was lost.
        let planned = workspace.planned_actions().await;
        assert_eq!(planned, update, "{operation}");
        let text = workspace.plan().await.succeeded().text();
        assert!(!text.contains("not there any more"), "{operation}: {text}");
    }
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    for operation in ["CreateVpc", "CreateNatGateway", "CreateCluster", "CreateNodegroup"] {
        assert_eq!(world.count(operation).await, 1, "{operation}");
    }

    workspace.write("main.tf", at("1.34"));
    world.cut_off(&workspace, "apply", "UpdateClusterVersion", Signal::KILL).await;
    // The control plane comes to its end without anybody, and is as it is written then; the nodes are not.
    world.settle().await;
    assert_eq!(workspace.planned_actions().await, update);
    let text = workspace.plan().await.succeeded().text();
    assert!(
        text.contains("Nodes are behind the control plane") && text.contains("rolling_restart"),
        "{text}"
    );
    world.cut_off(&workspace, "apply", "UpdateNodegroupVersion", Signal::INT).await;
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    for operation in ["UpdateClusterVersion", "UpdateNodegroupVersion"] {
        assert_eq!(world.count(operation).await, 1, "{operation}");
    }

    // Each of these takes the cloud some time; what comes after the last of them does not, and is over before a signal comes.
    for (operation, signal) in
        [("DeleteNodegroup", Signal::INT), ("DeleteCluster", Signal::KILL), ("DeleteNatGateway", Signal::INT)]
    {
        world.cut_off(&workspace, "destroy", operation, signal).await;
    }
    world.is_destroyed_without_a_trace(&workspace).await;
}

#[tokio::test]
async fn a_killed_create_whose_state_is_lost_is_found_again() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    workspace.write("main.tf", cluster(""));
    world.cut_off(&workspace, "apply", "CreateCluster", Signal::KILL).await;
    assert_eq!(workspace.managed().await, Vec::<String>::new());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    for operation in ["CreateVpc", "CreateCluster"] {
        assert_eq!(world.count(operation).await, 1, "{operation}");
    }

    // So is a node group, from the create to the destroy.
    workspace.write("main.tf", cluster("") + &node_group("  size = 1"));
    let made = world.accepted("CreateNodegroup").await;
    world.cut_off(&workspace, "apply", "CreateNodegroup", Signal::KILL).await;
    assert_eq!(workspace.managed().await, ["kubeblocks_eks_cluster.this"]);
    world.cut_off(&workspace, "apply", "DescribeNodegroup", Signal::INT).await;
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(world.accepted("CreateNodegroup").await, made + 1);
    workspace.write("main.tf", cluster("") + &node_group("  size = 2"));
    world.cut_off(&workspace, "apply", "UpdateNodegroupConfig", Signal::INT).await;
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", cluster(""));
    world.cut_off(&workspace, "apply", "DeleteNodegroup", Signal::KILL).await;
    workspace.apply().await.succeeded();
    world.is_destroyed_without_a_trace(&workspace).await;
}
