//! Two clouds and three clusters in one configuration, one of them in a network that another one made.

use std::collections::BTreeSet;

use acceptance_tests::clouds::Cloud;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::ListParams;

use crate::cloud_world::World;
use crate::eks::cluster;
use crate::terraform::Cli;

#[tokio::test]
async fn two_clouds_and_two_clusters_of_one_live_in_one_configuration() {
    let aws = World::start(Cloud::Aws, 2).await;
    let gcp = World::start(Cloud::Gcp, 1).await;
    let mut workspace = aws.workspace(Cli::Terraform);
    for (name, value) in gcp.managed().environment() {
        workspace.set(&name, value);
    }
    // The second cluster lies in the network of the first, which nobody knows while planning.
    let more = r#"
resource "kubeblocks_eks_cluster" "beside" {
  name                = "beside"
  deletion_protection = false
  system_node_pool    = { size = 1 }

  network = {
    subnet_ids = [
      for one in kubeblocks_eks_cluster.this.created_resources : one.id if startswith(one.part, "private_subnet")
    ]
  }
}

resource "kubeblocks_gke_cluster" "elsewhere" {
  name                = "elsewhere"
  network             = { cidr = "10.1.0.0/16" }
  deletion_protection = false
}

output "endpoints" {
  value = [
    kubeblocks_eks_cluster.this.kubernetes.endpoint,
    kubeblocks_eks_cluster.beside.kubernetes.endpoint,
    kubeblocks_gke_cluster.elsewhere.kubernetes.endpoint,
  ]
}
"#;
    workspace.write("main.tf", cluster("") + more);
    let planned = workspace.planned_actions().await;
    assert!(planned.len() == 3 && planned.iter().all(|(_, actions)| actions == &["create"]), "{planned:?}");
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    // Each was made fit by credentials of its own: that of another cluster is refused by the real API server.
    let mut endpoints = BTreeSet::new();
    for address in
        ["kubeblocks_eks_cluster.this", "kubeblocks_eks_cluster.beside", "kubeblocks_gke_cluster.elsewhere"]
    {
        let attributes = workspace.attributes(address).await;
        endpoints.insert(attributes["kubernetes"]["endpoint"].to_string());
    }
    assert_eq!(endpoints.len(), 3, "{endpoints:?}");
    for plane in aws.managed().control_planes() {
        let client = plane.client().await.expect("the control plane answers");
        let classes = Api::<StorageClass>::all(client).list(&ListParams::default()).await;
        let classes = classes.expect("classes can be listed");
        assert!(classes.iter().any(|class| class.metadata.name.as_deref() == Some("gp3")));
    }
    let beside = workspace.attributes("kubeblocks_eks_cluster.beside").await;
    let made = beside["created_resources"].as_array().cloned().unwrap_or_default();
    assert!(made.iter().all(|one| one["kind"] != "VPC"), "{made:?}");

    // The network is only gone when both are.
    let destroyed = workspace.destroy().await;
    destroyed.succeeded();
    for world in [&aws, &gcp] {
        let left = world.managed().stand_in().inventory().await.expect("the stand-in answers");
        assert_eq!(left, Vec::<String>::new(), "left in the cloud");
    }
}
