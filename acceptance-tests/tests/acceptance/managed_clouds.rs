//! Managed Kubernetes on Google Cloud, Azure and Alibaba Cloud through terraform: the same life in the words of each. What
//! is common to all clouds is tested in depth with EKS.

use acceptance_tests::clouds::Cloud;
use rustix::process::Signal;

use crate::cloud_words::{ACK, AKS, CloudWords, GKE};
use crate::cloud_world::World;
use crate::terraform::{Cli, Workspace};

/// A cluster and a pool of one cloud.
struct Life {
    words: CloudWords,
    /// Kinds that are among what was made.
    made: &'static str,
    /// Operations that make the network, the cluster and a pool, upgrade the cluster and remove it.
    waits: [&'static str; 5],
}

impl Life {
    fn configuration(&self, version: &str, team: &str, pool: &str) -> String {
        self.words.cluster_hcl(version, team, 3) + &self.words.pool_hcl("databases", pool)
    }

    /// The whole life: create, change in place, replace a pool, import, destroy.
    async fn live(&self) {
        let CloudWords { cloud, cluster, pool, .. } = self.words;
        let world = World::start(cloud, 1).await;
        let workspace = world.workspace(Cli::Terraform);
        let (cluster, pool) = (format!("{cluster}.this"), format!("{pool}.databases"));
        let [makes_network, makes_cluster, makes_pool, upgrades, removes] = self.waits;
        workspace.write(
            "main.tf",
            self.configuration("1.33", "shop", "  size = 3\n  labels = { workload = \"databases\" }"),
        );
        world.cut_off(&workspace, "apply", makes_network, Signal::INT).await;
        world.cut_off(&workspace, "apply", makes_cluster, Signal::KILL).await;
        world.cut_off(&workspace, "apply", makes_pool, Signal::KILL).await;
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;
        let created = workspace.attributes(&cluster).await;
        assert_eq!(created["kubernetes_version"], "1.33");
        let made = created["created_resources"].as_array().cloned().unwrap_or_default();
        assert!(made.iter().any(|one| one["kind"] == self.made), "{made:?}");
        self.costs_little(&world, &workspace).await;

        // In place: the version, of the control plane and of its first nodes.
        let labels = "  size = 3\n  labels = { workload = \"databases\" }";
        workspace.write("main.tf", self.configuration("1.34", "shop", labels));
        let planned = workspace.planned_actions().await;
        assert!(planned.contains(&(cluster.clone(), vec!["update".to_owned()])), "{planned:?}");
        world.cut_off(&workspace, "apply", upgrades, Signal::KILL).await;
        world.settle().await;
        // ACK takes nodes along; elsewhere they are left behind.
        let planned = workspace.planned_actions().await;
        let goes_on = planned.contains(&(cluster.clone(), vec!["update".to_owned()]));
        assert_eq!(goes_on, cloud != Cloud::Alibaba, "{planned:?}");
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;
        assert_eq!(workspace.attributes(&cluster).await["kubernetes_version"], "1.34");

        // Tags, labels and taints.
        let changed = "  size = 3\n  labels = { workload = \"orders\" }\n  taints = [{ key = \"workload\", value = \"orders\", effect = \"NoSchedule\" }]";
        workspace.write("main.tf", self.configuration("1.34", "data", changed));
        let planned = workspace.planned_actions().await;
        assert!(
            planned.len() == 2 && planned.iter().all(|(_, actions)| actions == &["update"]),
            "{planned:?}"
        );
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;

        // Another disk makes another pool, and the cluster stays.
        workspace.write("main.tf", self.configuration("1.34", "data", "  size = 3\n  disk_size_gib = 200"));
        let planned = workspace.planned_actions().await;
        assert_eq!(planned, [(pool.clone(), vec!["delete".to_owned(), "create".to_owned()])]);
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;

        let last = self.configuration("1.34", "data", "  size = 3\n  disk_size_gib = 200");
        self.is_imported(&workspace, &last, &cluster, &pool).await;

        let state = std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
        world.holds_no_secret("the state", &state);
        world.cut_off(&workspace, "destroy", removes, Signal::INT).await;
        world.is_destroyed_without_a_trace(&workspace).await;
        crate::permissions::clouds::are_exact(cloud, &world).await;
    }

    /// A refresh of a cluster and a pool takes few requests.
    async fn costs_little(&self, world: &World, workspace: &Workspace) {
        world.requests().await;
        workspace.plan_is_empty().await;
        let mut asked = world.requests().await;
        // A token for the cloud, which a process asks for once.
        asked.retain(|operation, _| !operation.to_lowercase().contains("token"));
        assert!(
            asked.values().sum::<usize>() <= 6,
            "a refresh takes at most three requests for each: {asked:?}"
        );
    }

    /// What is imported by the cloud's own ids is what was made: the next plan is empty.
    async fn is_imported(&self, workspace: &Workspace, configuration: &str, cluster: &str, pool: &str) {
        let of_cluster = workspace.attributes(cluster).await["id"].as_str().unwrap_or_default().to_owned();
        let of_pool = workspace.attributes(pool).await["id"].as_str().unwrap_or_default().to_owned();
        let of_pool = match self.words.cloud {
            Cloud::Gcp => format!("{of_cluster}/nodePools/{of_pool}"),
            Cloud::Azure => format!("{of_cluster}/agentPools/{of_pool}"),
            Cloud::Aws | Cloud::Alibaba => format!("{of_cluster}/{of_pool}"),
        };
        // An import protects.
        let protected = configuration.replace("deletion_protection = false", "deletion_protection = true");
        workspace.write("main.tf", protected);
        workspace.apply().await.succeeded();
        for (address, id) in [(cluster, of_cluster), (pool, of_pool)] {
            workspace.run(["state", "rm", address]).await.succeeded();
            workspace.run(["import", "-no-color", "-input=false", address, &id]).await.succeeded();
        }
        workspace.plan_is_empty().await;
        workspace.write("main.tf", configuration);
        workspace.apply().await.succeeded();
    }
}

#[tokio::test]
async fn a_cluster_of_gke_and_a_pool_live_their_lives() {
    Life {
        words: GKE,
        made: "VPC network",
        waits: [
            "networks.insert",
            "clusters.create",
            "clusters.nodePools.create",
            "clusters.update",
            "clusters.delete",
        ],
    }
    .live()
    .await;
}

#[tokio::test]
async fn a_cluster_of_aks_and_a_pool_live_their_lives() {
    Life {
        words: AKS,
        made: "virtual network",
        waits: [
            "VirtualNetworks_CreateOrUpdate",
            "ManagedClusters_CreateOrUpdate",
            "AgentPools_CreateOrUpdate",
            "ManagedClusters_CreateOrUpdate",
            "ManagedClusters_Delete",
        ],
    }
    .live()
    .await;
}

#[tokio::test]
async fn a_cluster_of_ack_and_a_pool_live_their_lives() {
    Life {
        words: ACK,
        made: "VPC",
        waits: ["CreateVSwitch", "CreateCluster", "CreateClusterNodePool", "UpgradeCluster", "DeleteCluster"],
    }
    .live()
    .await;
}
