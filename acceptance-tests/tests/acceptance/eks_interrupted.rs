//! Ctrl-C and a kill while an EKS cluster is made: the next run goes on, and nothing is made twice.

use acceptance_tests::clouds::Cloud;
use rustix::process::Signal;

use crate::cloud_world::World;
use crate::eks::cluster;
use crate::terraform::Cli;

#[tokio::test]
async fn a_create_that_is_interrupted_or_killed_is_gone_on_with() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    workspace.write("main.tf", cluster(""));

    // Ctrl-C while the control plane is made: the state knows the cluster, which is not tainted.
    world.cut_off(&workspace, "apply", "CreateCluster", Signal::INT).await;
    assert_eq!(workspace.managed().await, ["kubeblocks_eks_cluster.this"]);
    let planned = workspace.planned_actions().await;
    assert_eq!(planned, [("kubeblocks_eks_cluster.this".to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let asked = world.requests().await;
    assert_eq!((asked.get("CreateCluster"), asked.get("CreateVpc")), (Some(&1), Some(&1)), "{asked:?}");
    world.is_destroyed_without_a_trace(&workspace).await;

    // Killed: the state knows nothing, the cloud does.
    world.requests().await;
    world.cut_off(&workspace, "apply", "CreateCluster", Signal::KILL).await;
    std::fs::remove_file(workspace.path("terraform.tfstate")).ok();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let asked = world.requests().await;
    assert_eq!((asked.get("CreateCluster"), asked.get("CreateVpc")), (Some(&1), Some(&1)), "{asked:?}");
    world.is_destroyed_without_a_trace(&workspace).await;
}
