//! What other providers manage moves here (`moved` blocks).

use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::object::{Objects, constraint};
use crate::playground::Playground;
use crate::terraform::{Cli, play_provider};

/// A resource of another provider.
struct Held<'a> {
    provider: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl Held<'_> {
    /// A state that holds it alone.
    fn state(&self, attributes: &Value) -> Value {
        let instance = json!({"schema_version": 1, "attributes": attributes, "sensitive_attributes": []});
        json!({
            "version": 4, "terraform_version": "1.11.4", "serial": 1,
            "lineage": "9f0c6f0a-5f6f-4c3c-9c3e-2f3f5a0f0a01", "outputs": {},
            "resources": [{
                "mode": "managed", "type": self.kind, "name": self.name,
                "provider": format!("provider[\"registry.terraform.io/{}\"]", self.provider),
                "instances": [instance],
            }],
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_move_here_from_the_resources_of_other_providers() {
    let playground = Playground::shared().await;
    let name = playground.namespace("moved").await.name;
    let objects = Objects::constraints(playground).await;
    let theirs = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ConfigConstraint",
        "metadata": {"name": name, "labels": {"team": "shop"}},
        "spec": {"formatterConfig": {"format": "properties"}, "dynamicParameters": ["ttl"]},
    });
    objects.apply(&name, "Terraform", &theirs).await;
    let workspace = playground.workspace(Cli::Terraform);
    play_provider(&workspace, "hashicorp/kubernetes");
    let attributes = json!({"manifest": {"type": "dynamic", "value": theirs}, "object": {"type": "dynamic", "value": theirs}});
    let held = Held { provider: "hashicorp/kubernetes", kind: "kubernetes_manifest", name: "constraint" };
    workspace.write("terraform.tfstate", held.state(&typed(attributes)).to_string());
    let moved =
        "\nmoved {\n  from = kubernetes_manifest.constraint\n  to   = kubeblocks_object.constraint\n}\n";
    workspace.write("main.tf", constraint(&name, "\"ttl\"", "") + moved);
    let applied = workspace.apply().await.succeeded();
    assert!(applied.stdout.contains("0 added, 0 changed, 0 destroyed"), "{}", applied.text());
    workspace.plan_is_empty().await;
    workspace.write("main.tf", constraint(&name, "\"ttl\", \"size\"", "") + moved);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    assert_eq!(objects.get(&name).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_moves_here_from_the_resources_of_other_providers() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("movedb").await;
    let yaml = |name: &str| {
        format!(
            "apiVersion: apps.kubeblocks.io/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec: {{}}\n"
        )
    };
    let manifest = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
        "metadata": {"namespace": namespace.name, "name": "one"}, "spec": {"clusterDefinitionRef": "redis"},
    });
    let typed = typed(json!({"manifest": {"type": "dynamic", "value": manifest}}));
    for (provider, kind, database, attributes) in [
        ("hashicorp/kubernetes", "kubernetes_manifest", "one", typed),
        (
            "gavinbunney/kubectl",
            "kubectl_manifest",
            "two",
            json!({"yaml_body": yaml("two"), "namespace": namespace.name}),
        ),
        (
            "alekc/kubectl",
            "kubectl_manifest",
            "three",
            json!({"yaml_body": yaml("three"), "namespace": namespace.name}),
        ),
    ] {
        namespace.create_foreign_redis(database).await;
        let workspace = playground.workspace(Cli::Terraform);
        play_provider(&workspace, provider);
        let held = Held { provider, kind, name: "theirs" };
        workspace.write("terraform.tfstate", held.state(&attributes).to_string());
        let redis = Redis::new(&namespace.name, database);
        let moved = format!("\nmoved {{\n  from = {kind}.theirs\n  to   = {}\n}}\n", redis.address());
        workspace.write("main.tf", format!("{redis}{moved}"));
        // Nobody has looked at it, so it is not known what it is.
        let blind = workspace.run(["plan", "-no-color", "-input=false", "-refresh=false"]).await;
        blind.failed().says(&["What was moved here has not been looked at"]);
        let applied = workspace.apply().await.succeeded();
        assert!(applied.stdout.contains("0 added, 0 changed, 0 destroyed"), "{}", applied.text());
        workspace.plan_is_empty().await;

        // As a resource of another kind it is refused.
        workspace.write("terraform.tfstate", held.state(&attributes).to_string());
        let other = format!("\nmoved {{\n  from = {kind}.theirs\n  to   = kubeblocks_backup_repo.main\n}}\n");
        let repo = "resource \"kubeblocks_backup_repo\" \"main\" {\n  name             = \"main\"\n  storage_provider = \"pvc\"\n  access_method    = \"Mount\"\n}\n";
        workspace.write("main.tf", format!("{repo}{other}"));
        workspace
            .plan()
            .await
            .failed()
            .says(&["is a Cluster, and kubeblocks_backup_repo is for a BackupRepo"]);

        workspace.write("terraform.tfstate", held.state(&attributes).to_string());
        workspace.write("main.tf", format!("{redis}{moved}"));
        workspace.apply().await.succeeded();
        workspace.destroy().await.succeeded();
    }
    namespace.is_empty().await;
}

/// Values of any type as Terraform stores them, with their types.
fn typed(mut attributes: Value) -> Value {
    for held in attributes.as_object_mut().expect("attributes").values_mut() {
        held["type"] = kind_of(&held["value"]);
    }
    attributes
}

fn kind_of(value: &Value) -> Value {
    match value {
        Value::Object(parts) => {
            let kinds: serde_json::Map<String, Value> =
                parts.iter().map(|(name, part)| (name.clone(), kind_of(part))).collect();
            json!(["object", kinds])
        }
        Value::Array(elements) => json!(["tuple", elements.iter().map(kind_of).collect::<Vec<_>>()]),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("bool"),
        Value::String(_) | Value::Null => json!("string"),
    }
}
