//! Taking over a database that exists.

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_imported_by_its_id_and_the_next_plan_is_empty() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("import").await;
    let redis = Redis::new(&namespace.name, "adopted");
    let owner = playground.workspace(Cli::Terraform);
    owner.write("main.tf", redis.to_string());
    owner.apply().await.succeeded();

    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = playground.workspace(cli);
        workspace.write("main.tf", redis.to_string());
        let id = format!("{}/adopted", namespace.name);
        workspace.run(["import", "-no-color", "-input=false", &redis.address(), &id]).await.succeeded();
        workspace.plan_is_empty().await;
        assert_eq!(
            without_null(workspace.attributes(&redis.address()).await),
            without_null(owner.attributes(&redis.address()).await),
            "an imported state equals a created one"
        );
    }

    owner.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_imported_by_its_identity() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("identity").await;
    let redis = Redis::new(&namespace.name, "adopted");
    let owner = playground.workspace(Cli::OpenTofu);
    owner.write("main.tf", redis.to_string());
    owner.apply().await.succeeded();

    let workspace = playground.workspace(Cli::OpenTofu);
    workspace.write(
        "main.tf",
        format!(
            "{redis}\nimport {{\n  to = {}\n  identity = {{ namespace = \"{}\", name = \"adopted\" }}\n}}\n",
            redis.address(),
            namespace.name
        ),
    );
    let applied = workspace.apply().await.succeeded();
    assert!(applied.stdout.contains("1 imported, 0 added, 0 changed, 0 destroyed"), "{}", applied.text());
    workspace.write("main.tf", redis.to_string());
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_made_by_someone_else_is_imported_with_what_differs_from_the_defaults() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("foreign").await;
    namespace.create_foreign_redis("theirs").await;

    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "theirs");
    workspace.write("main.tf", redis.to_string());
    let id = format!("{}/theirs", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", &redis.address(), &id]).await.succeeded();
    workspace.plan_is_empty().await;

    // From now on it is ours: a change in place works although another manager wrote it first.
    workspace.write("main.tf", redis.clone().replicas(3).to_string());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_over_a_cluster_of_someone_else_is_refused_with_the_import_line() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("taken").await;
    namespace.create_foreign_redis("theirs").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "theirs");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.failed().says(&[
        "exists already",
        &format!("terraform import <address of this resource> {}/theirs", namespace.name),
    ]);
    assert!(workspace.managed().await.is_empty(), "the state does not claim it");
    assert!(namespace.cluster("theirs").await.is_some(), "nothing happened to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_id_of_the_wrong_form_or_of_nothing_says_what_is_right() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("badid").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    for (id, expected) in [
        ("cache".to_owned(), "\"shop/orders\""),
        ("a/b/c/d".to_owned(), "\"shop/orders\""),
        (String::from("/cache"), "\"shop/orders\""),
        (format!("{}/nothing", namespace.name), "does not exist in the Kubernetes cluster"),
    ] {
        let output = workspace.run(["import", "-no-color", "-input=false", &redis.address(), &id]).await;
        output.failed().says(&[expected]);
        assert!(workspace.managed().await.is_empty());
    }
}

/// Drops null attributes: after an import Terraform may keep fewer of them than after a create.
fn without_null(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(attributes) => attributes
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_null(value)))
            .collect(),
        other => other,
    }
}
