//! `kubeblocks_service_descriptor`: made, changed, refused, unavailable, interrupted, gone; and its password, which is
//! nowhere but in its Secret.

use serde_json::{Value, json};

use crate::cluster_interrupted::kill_provider_of;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace, ended};

const KIND: (&str, &str, &str) = ("apps.kubeblocks.io", "ServiceDescriptor", "servicedescriptors");
const ADDRESS: &str = "kubeblocks_service_descriptor.etcd";
const SECRET: &str = "kubeblocks-service-descriptor-etcd";

fn descriptor(namespace: &Namespace, lines: &str) -> String {
    format!(
        r#"
resource "kubeblocks_service_descriptor" "etcd" {{
  namespace = "{}"
  name      = "etcd"
  kind      = "etcd"
  version   = "v3.5.6"
  {lines}
}}
"#,
        namespace.name
    )
}

async fn object(namespace: &Namespace) -> Option<Value> {
    namespace.object(KIND.0, KIND.1, KIND.2, "etcd").await
}

async fn kept(namespace: &Namespace) -> Option<Value> {
    namespace.core_object("Secret", "secrets", SECRET).await
}

/// Nothing of the run holds the text.
async fn is_nowhere(workspace: &Workspace, text: &str) {
    let state = workspace.state().await.to_string();
    let mut plan = workspace.plan_json().await;
    // A plan repeats what is written; who writes it in the clear has it there.
    plan["configuration"] = Value::Null;
    let plan = plan.to_string();
    assert!(!state.contains(text) && !plan.contains(text), "{state}\n{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_descriptor_lives_its_whole_life_with_opentofu() {
    lives_its_whole_life(Cli::OpenTofu).await;
}

async fn lives_its_whole_life(cli: Cli) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("descriptor").await;
    let workspace = playground.workspace(cli);
    let plain = "endpoint = { value = \"etcd.example.com:2379\" }\n  port = { value = \"2379\" }\n  username = { value = \"root\" }";
    let secretly = |password: &str, version: u8| {
        format!("{plain}\n  password_wo = \"{password}\"\n  password_wo_version = {version}")
    };
    workspace.write("main.tf", descriptor(&namespace, &secretly("geheim-eins", 1)));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(workspace.attributes(ADDRESS).await["phase"], "Available");
    let made = object(&namespace).await.expect("it is there");
    assert_eq!(made["spec"]["auth"]["username"]["value"], "root");
    assert_eq!(made["spec"]["auth"]["password"]["valueFrom"]["secretKeyRef"]["name"], SECRET);
    assert!(made["metadata"]["annotations"]["terraform.kubeblocks.io/unfinished"].is_null(), "{made:#}");
    assert_eq!(namespace.secret(SECRET, "password").await, "geheim-eins");
    let owner = kept(&namespace).await.expect("it is there")["metadata"]["ownerReferences"][0].clone();
    assert_eq!(owner["uid"], made["metadata"]["uid"]);
    is_nowhere(&workspace, "geheim").await;
    assert!(!made.to_string().contains("geheim"), "{made:#}");

    workspace.run(["state", "rm", ADDRESS]).await.succeeded();
    let id = format!("{}/etcd", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    workspace.plan_is_empty().await;

    // In place: another password, which only its version shows.
    workspace.write("main.tf", descriptor(&namespace, &secretly("geheim-zwei", 2)));
    assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.secret(SECRET, "password").await, "geheim-zwei");

    // What others do: the address changed, the password gone.
    namespace.merge_object(KIND, "etcd", json!({"spec": {"endpoint": {"value": "elsewhere:1"}}})).await;
    namespace.delete_core("Secret", "secrets", SECRET).await;
    let drift = workspace.plan_json().await;
    let before = &drift["resource_changes"][0]["change"]["before"];
    assert_eq!(before["endpoint"]["value"], "elsewhere:1");
    assert_eq!(before["password_wo_version"], Value::Null);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.secret(SECRET, "password").await, "geheim-zwei");
    assert_eq!(
        object(&namespace).await.expect("it is there")["spec"]["endpoint"]["value"],
        "etcd.example.com:2379"
    );

    // From a Secret of somebody: ours goes. A key that is not there is refused before anything is written.
    namespace
        .create_core("Secret", "secrets", "theirs", json!({"endpoint": "eA==", "port": "MQ==", "pw": "cA=="}))
        .await;
    let read =
        |key: &str| format!("{{ value_from = {{ secret = {{ name = \"theirs\", key = \"{key}\" }} }} }}");
    let from = |password: &str| {
        format!("endpoint = {}\n  port = {}\n  password = {}", read("endpoint"), read("port"), read(password))
    };
    workspace.write("main.tf", descriptor(&namespace, &from("password")));
    workspace.apply().await.failed().says(&["has no key \"password\"", "endpoint, port, pw"]);
    workspace.write("main.tf", descriptor(&namespace, &from("pw")));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert!(kept(&namespace).await.is_none());
    assert!(object(&namespace).await.expect("it is there")["spec"]["auth"]["username"].is_null());

    workspace.write("main.tf", descriptor(&namespace, &secretly("geheim-drei", 1)));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    assert!(object(&namespace).await.is_none());
    assert!(kept(&namespace).await.is_none());
    namespace.delete_core("Secret", "secrets", "theirs").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_could_use_is_refused_and_what_is_used_stays() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("nodescr").await;
    let workspace = playground.workspace(Cli::Terraform);
    let secret = "{ value_from = { secret = { name = \"nothing\", key = \"k\" } } }";
    for (lines, expected) in [
        ("endpoint = {}", &["Write `value` or `value_from`"][..]),
        ("endpoint = { value = \"x\", value_from = {} }", &["not both", "`secret` or `config_map`"]),
        (&format!("endpoint = {secret}"), &["the operator would crash"]),
        (&format!("endpoint = {{ value = \"x\" }}\n  port = {secret}"), &["would get an empty port"]),
        ("endpoint = { value = \"x\" }\n  password_wo = \"geheim\"", &["password_wo_version = 1"]),
    ] {
        workspace.write("main.tf", descriptor(&namespace, lines));
        workspace.plan().await.failed().says(expected);
    }
    workspace.write("main.tf", descriptor(&namespace, &format!("endpoint = {secret}\n  port = {secret}")));
    workspace.apply().await.failed().says(&["Secret", "/nothing does not exist"]);
    assert!(object(&namespace).await.is_none());

    // A Secret that goes before the operator has looked: it says no reason, so the provider finds it.
    namespace.create_core("Secret", "secrets", "nothing", json!({"k": "eA=="})).await;
    namespace.pause_operator("etcd", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.object_exists(KIND.0, KIND.1, KIND.2, "etcd").await;
    namespace.delete_core("Secret", "secrets", "nothing").await;
    namespace.pause_operator("etcd", false);
    ended(child).await.failed().says(&["does not become available", "/nothing does not exist"]);
    assert_eq!(workspace.attributes(ADDRESS).await["phase"], "Unavailable");

    // One that a database refers to is not deleted.
    workspace.write("main.tf", descriptor(&namespace, "endpoint = { value = \"x:1\" }"));
    workspace.apply().await.succeeded();
    let refers = json!({
        "metadata": {"name": "theirs", "namespace": namespace.name},
        "spec": {"clusterDefinitionRef": "nothing", "terminationPolicy": "Delete", "componentSpecs": [
            {"name": "db", "componentDefRef": "db", "replicas": 1,
             "serviceRefs": [{"name": "etcdService", "serviceDescriptor": "etcd"}]}]},
    });
    namespace.create_object("apps.kubeblocks.io", "Cluster", "clusters", refers).await;
    workspace.destroy().await.failed().says(&["Databases refer to ServiceDescriptor", "/theirs"]);
    assert!(object(&namespace).await.is_some());
    namespace.delete_cluster("theirs").await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_descriptor_whose_apply_is_killed_is_gone_on_with() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killdescr").await;
    let workspace = playground.workspace(Cli::Terraform);
    let lines = "endpoint = { value = \"x:1\" }\n  password_wo = \"geheim\"\n  password_wo_version = 1";
    workspace.write("main.tf", descriptor(&namespace, lines));
    namespace.pause_operator("etcd", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.object_exists(KIND.0, KIND.1, KIND.2, "etcd").await;
    kill_provider_of(child, &workspace).await;
    namespace.pause_operator("etcd", false);
    assert!(workspace.managed().await.is_empty());
    let uid = object(&namespace).await.expect("it is there")["metadata"]["uid"].clone();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(object(&namespace).await.expect("it is there")["metadata"]["uid"], uid, "the same one");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
