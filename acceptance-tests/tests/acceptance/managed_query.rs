//! `terraform query` for managed Kubernetes clusters and their node pools: what runs in a cloud is found, and the
//! configuration that Terraform generates of it imports everything and changes nothing.

use std::collections::BTreeSet;

use acceptance_tests::clouds::{Cloud, Fault};
use serde_json::{Value, json};

use crate::cloud_world::World;
use crate::export::imported;
use crate::query::{found, list, told};
use crate::terraform::{Cli, Workspace};

/// A cloud's words.
struct Words {
    cloud: Cloud,
    cluster: &'static str,
    pool: &'static str,
    /// Attributes of the cluster that only this cloud has.
    place: &'static str,
    /// A place in which there is nothing, as a search says it, if there is one before somebody makes it.
    elsewhere: Option<&'static str>,
}

impl Words {
    /// A cluster that names little, and a pool that names more.
    fn configuration(&self) -> String {
        let Self { cluster, pool, place, .. } = self;
        format!(
            r#"resource "kubeblocks_{cluster}" "this" {{
  name                = "shop"
  deletion_protection = true
  system_node_pool    = {{ size = 3 }}
  tags                = {{ team = "shop" }}
{place}
}}

resource "kubeblocks_{pool}" "databases" {{
  kubernetes_cluster_id = kubeblocks_{cluster}.this.id
  name                  = "databases"
  size                  = 3
  labels                = {{ workload = "databases" }}
  taints                = [{{ key = "workload", value = "databases", effect = "NoSchedule" }}]
}}
"#
        )
    }

    fn pools_of(&self, cluster: &str) -> String {
        list(self.pool, &config(&format!("kubernetes_cluster_id = {cluster:?}")))
    }

    async fn are_found_and_imported(&self) {
        let world = World::start(self.cloud, 1).await;
        let owner = world.workspace(Cli::Terraform);
        owner.write("main.tf", self.configuration());
        owner.apply().await.succeeded();
        let id = owner.attributes(&format!("kubeblocks_{}.this", self.cluster)).await["id"].clone();
        let id = id.as_str().expect("an id");

        let workspace = world.workspace(Cli::Newest);
        if let Some(elsewhere) = self.elsewhere {
            assert_eq!(found(&workspace, &list(self.cluster, &config(elsewhere))).await, BTreeSet::new());
        }
        workspace.write("search.tfquery.hcl", list(self.cluster, "") + &self.pools_of(id));
        self.says_what_is_found(&workspace).await;
        workspace.run(["query", "-no-color", "-generate-config-out=found.tf"]).await.succeeded();
        let generated = std::fs::read_to_string(workspace.path("found.tf")).expect("it was generated");
        for unwanted in
            ["planned_impact", "created_resources", "platform_version", "oidc_issuer", "certificate"]
        {
            assert!(!generated.contains(unwanted), "{unwanted:?} in:\n{generated}");
        }
        world.holds_no_secret("the generated configuration", &generated);

        let fresh = world.workspace(Cli::Newest);
        fresh.write("main.tf", &generated);
        let types: BTreeSet<String> = imported(&fresh.plan_json().await)
            .iter()
            .map(|address| address.split('.').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(types, [self.cluster, self.pool].map(|name| format!("kubeblocks_{name}")).into());
        fresh.apply().await.succeeded();
        fresh.plan_is_empty().await;
    }

    /// One cluster and one pool, and not the pool that the cluster was made with.
    async fn says_what_is_found(&self, workspace: &Workspace) {
        let output = workspace.run(["query", "-json"]).await.succeeded();
        let found: Vec<Value> = told(&output.stdout, "list_resource_found");
        let of = |kind: &str| {
            let kind = format!("kubeblocks_{kind}");
            let of_kind = found.iter().map(|one| &one["list_resource_found"]);
            of_kind.filter(|one| one["resource_type"] == kind).cloned().collect::<Vec<Value>>()
        };
        let (clusters, pools) = (of(self.cluster), of(self.pool));
        assert_eq!((clusters.len(), pools.len()), (1, 1), "{found:#?}");
        for (one, name) in [(&clusters[0], "shop"), (&pools[0], "databases")] {
            let display = one["display_name"].as_str().expect("a name");
            assert!(display.contains(name), "{display}");
            assert_eq!(one["resource_object"]["name"], name, "{one:#}");
        }
    }
}

fn config(attribute: &str) -> String {
    format!("  config {{\n    {attribute}\n  }}\n")
}

const EKS: Words = Words {
    cloud: Cloud::Aws,
    cluster: "eks_cluster",
    pool: "eks_node_group",
    place: "  network = { cidr = \"10.0.0.0/16\" }",
    elsewhere: Some("region = \"us-east-1\""),
};

#[tokio::test]
async fn clusters_of_eks_and_their_node_groups_are_found_and_imported() {
    EKS.are_found_and_imported().await;
}

#[tokio::test]
async fn clusters_of_gke_and_their_node_pools_are_found_and_imported() {
    Words {
        cloud: Cloud::Gcp,
        cluster: "gke_cluster",
        pool: "gke_node_pool",
        place: "  network = { cidr = \"10.0.0.0/16\" }",
        elsewhere: Some("location = \"us-central1\""),
    }
    .are_found_and_imported()
    .await;
}

#[tokio::test]
async fn clusters_of_aks_and_their_node_pools_are_found_and_imported() {
    Words {
        cloud: Cloud::Azure,
        cluster: "aks_cluster",
        pool: "aks_node_pool",
        place: "  location = \"westeurope\"\n  network = { cidr = \"10.0.0.0/16\" }",
        elsewhere: None,
    }
    .are_found_and_imported()
    .await;
}

#[tokio::test]
async fn clusters_of_ack_and_their_node_pools_are_found_and_imported() {
    Words {
        cloud: Cloud::Alibaba,
        cluster: "ack_cluster",
        pool: "ack_node_pool",
        place: "  network = { cidr = \"10.0.0.0/16\" }",
        elsewhere: Some("region = \"cn-beijing\""),
    }
    .are_found_and_imported()
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_with_a_warning_and_a_limit_is_kept() {
    let world = World::start(Cloud::Aws, 2).await;
    let owner = world.workspace(Cli::Terraform);
    let second =
        EKS.configuration().split("\n\n").next().unwrap_or_default().replace("\"this\"", "\"other\"");
    let network = "cidr = \"10.1.0.0/16\"";
    let second = second.replace("\"shop\"", "\"stock\"").replace("cidr = \"10.0.0.0/16\"", network);
    owner.write("main.tf", EKS.configuration() + &second);
    owner.apply().await.succeeded();

    let workspace = world.workspace(Cli::Newest);
    let both = BTreeSet::from(["shop".to_owned(), "stock".to_owned()]);
    assert_eq!(found(&workspace, &list("eks_cluster", "")).await, both);
    world.requests().await;
    let one = found(&workspace, &list("eks_cluster", "  limit = 1\n")).await;
    assert!(one.len() == 1 && one.is_subset(&both), "{one:?}");
    // The second page is not asked for, and the second cluster not read.
    let asked = world.requests().await;
    assert_eq!((asked["ListClusters"], asked["DescribeCluster"]), (1, 1), "{asked:?}");

    let denied = Fault {
        operation: "DescribeCluster".to_owned(),
        times: 1,
        status: 403,
        headers: [("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned())].into(),
        body: json!({"message": "User: me is not authorized to perform: eks:DescribeCluster on this"}),
        ..Fault::default()
    };
    world.managed().stand_in().play(&[denied]).await.expect("the stand-in answers");
    workspace.write("search.tfquery.hcl", list("eks_cluster", ""));
    let output = workspace.run(["query", "-no-color"]).await.succeeded();
    let output = output.says(&["Left out of the list", "is left out", "eks:DescribeCluster"]);
    let listed = ["shop", "stock"].iter().filter(|name| output.stdout.contains(&format!("name={name}")));
    assert_eq!(listed.count(), 1, "{}", output.stdout);

    let missing = EKS.pools_of("nowhere");
    workspace.write("search.tfquery.hcl", missing);
    workspace
        .run(["query", "-no-color"])
        .await
        .failed()
        .says(&["Cannot list the node groups of the EKS cluster", "\"nowhere\" does not exist"]);
}
