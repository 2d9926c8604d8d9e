//! Wrong input: each case is a diagnostic with a path, a reason and a remedy; the state stays as it was.

use crate::hcl::{self, Redis};
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_told_offline_is_told_without_a_kubernetes_cluster() {
    let workspace = Workspace::new(Cli::Terraform);
    let good = Redis::new("default", "cache").to_string();
    let table = [
        ("redis-7.0.6", "postgresql-14.8.0", &["version", "redis"][..]),
        ("= \"redis\"", "= \"rediss\"", &["Did you mean \"redis\"?"]),
        ("memory = \"128Mi\"", "memory = \"128 MB\"", &["memory", "128 MB"]),
        ("size = \"1Gi\"", "size = \"-1Gi\"", &["size"]),
        ("    redis = {", "    rediss = {", &["Component \"rediss\"", "Did you mean \"redis\"?"]),
        ("data = {", "date = {", &["volumes", "data"]),
        (
            "name               = \"cache\"",
            "name               = \"Cache_of_the_shop\"",
            &["Cache_of_the_shop", "cache-of-the-sh"],
        ),
        ("\"WipeOut\"", "\"Wipeout\"", &["termination_policy", "WipeOut"]),
        ("replicas  = 2", "replicas  = -1", &["replicas"]),
    ];
    workspace.write("main.tf", &good);
    workspace.validate().await.succeeded();
    for (from, to, expected) in table {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from:?} stands in the configuration");
        workspace.write("main.tf", bad);
        workspace.validate().await.failed().says(expected);
    }

    // Everyone may write add-ons, so names that no catalogue knows are warnings; the API server has the last word.
    let foreign = good.replace("= \"redis\"", "= \"valkey\"").replace("redis-7.0.6", "valkey-8");
    workspace.write("main.tf", foreign);
    let told = ["Warning", "No add-on of KubeBlocks v0.7 brings definition \"valkey\""];
    workspace.validate().await.succeeded().says(&told);
    workspace.write("main.tf", good.replace("redis-7.0.6", "redis-7.0.5"));
    workspace.validate().await.succeeded().says(&["Warning", "version", "redis-7.0.6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_that_is_missing_or_wrong_is_named() {
    let playground = Playground::shared().await;
    let good = std::fs::read_to_string(playground.kubeconfig()).expect("there is a kubeconfig");
    let workspace = Workspace::new(Cli::Terraform);
    let redis = Redis::new("default", "cache");
    let unreachable = workspace.path("unreachable.yaml");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = nobody.local_addr().expect("an address").to_string();
    drop(nobody);
    let server =
        good.lines().find_map(|line| line.trim().strip_prefix("server: ")).expect("a server").to_owned();
    workspace.write("unreachable.yaml", good.replace(&server, &format!("https://{address}")));

    let missing = workspace.path("missing.yaml");
    for (kubeconfig, context, expected) in [
        (&missing, "", vec!["missing.yaml".to_owned()]),
        (&unreachable, "", vec![address.clone()]),
        (&playground.kubeconfig().to_owned(), "stagin", vec!["stagin".to_owned()]),
    ] {
        let mut text = hcl::provider(kubeconfig);
        if !context.is_empty() {
            text = text.replace("method =", &format!("kubeconfig_context = \"{context}\", method ="));
        }
        workspace.write("main.tf", format!("{text}{redis}"));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        workspace.apply().await.failed().says(&expected);
        assert!(workspace.managed().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_and_a_user_without_rights_are_told_apart() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("rights").await;
    let redis = Redis::new(&namespace.name, "cache");
    for (kubeconfig, expected) in [
        (playground.kubeconfig_of_nobody(), &["401"][..]),
        (playground.kubeconfig_without_rights(), &["cannot", "clusters.apps.kubeblocks.io"]),
    ] {
        let workspace = Workspace::new(Cli::Terraform);
        workspace.write("main.tf", format!("{}{redis}", hcl::provider(&kubeconfig)));
        workspace.apply().await.failed().says(expected);
        assert!(workspace.managed().await.is_empty());
    }
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_cluster_without_kubeblocks_asks_for_the_operator() {
    let bare = Playground::bare().await;
    let workspace = bare.workspace(Cli::Terraform);
    workspace.write("main.tf", Redis::new("default", "cache").to_string());
    workspace
        .apply()
        .await
        .failed()
        .says(&["KubeBlocks v0.7 is not installed there", "Install the operator"]);
    assert!(workspace.managed().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_not_installed_is_told_at_plan_and_refused_at_apply() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("notthere").await;
    let workspace = playground.workspace(Cli::Terraform);
    // KubeBlocks ships it, so it is right offline; this Kubernetes cluster does not have its add-on.
    let text = Redis::new(&namespace.name, "cache")
        .to_string()
        .replace("= \"redis\"", "= \"qdrant\"")
        .replace("redis-7.0.6", "qdrant-1.5.0")
        .replace("    redis = {", "    qdrant = {");
    workspace.write("main.tf", text);
    // The same apply might install it, so the plan warns.
    let told =
        ["ClusterDefinition \"qdrant\" is not installed", "\"redis\"", "`kubeblocks_addon` named \"qdrant\""];
    workspace.plan().await.succeeded().says(&told);
    let started = std::time::Instant::now();
    workspace.apply().await.failed().says(&["qdrant"]);
    assert!(started.elapsed().as_secs() < 300, "the default timeout is 30 minutes");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_lose_data_or_never_end_are_refused_at_plan() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("refused").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").size("2Gi");
    let good = redis.to_string();
    workspace.write("main.tf", &good);
    workspace.apply().await.succeeded();
    let table = [
        ("size = \"2Gi\"", "size = \"1Gi\"", &["volumes", "2Gi", "1Gi"][..]),
        ("size = \"2Gi\"", "size = \"2Gi\", storage_class = \"fixed\"", &["storage_class"]),
        ("    redis = {", "    redis2 = {\n      definition = \"redis\"", &["components", "redis"]),
    ];
    for (from, to, expected) in table {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        workspace.write("main.tf", bad);
        workspace.plan().await.failed().says(expected);
    }
    workspace.write("main.tf", &good);
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_resources_of_one_name_do_not_share_a_database() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("twice").await;
    let workspace = playground.workspace(Cli::Terraform);
    let mut redis = [Redis::new(&namespace.name, "cache"), Redis::new(&namespace.name, "cache")];
    for (one, label) in redis.iter_mut().zip(["first", "second"]) {
        label.clone_into(&mut one.label);
    }
    workspace.write("main.tf", redis.iter().map(ToString::to_string).collect::<String>());
    workspace.apply().await.failed().says(&["Cannot create the KubeBlocks cluster", "cache"]);
    assert_eq!(workspace.managed().await.len(), 1, "one of the two has it");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
