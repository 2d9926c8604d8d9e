//! `service_references` of a `kubeblocks_cluster`, with the definitions of the add-ons that have them.

use acceptance_tests::charts::Charts;
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::terraform::Cli;

const CLUSTER: (&str, &str, &str) = ("apps.kubeblocks.io", "Cluster", "clusters");

/// An etcd, and an orioledb with these lines in its component.
fn stack(lines: &str) -> String {
    format!(
        r#"
resource "kubeblocks_addon" "orioledb" {{
  name = "orioledb"
}}

resource "kubeblocks_cluster" "etcd" {{
  namespace          = "default"
  name               = "refs-etcd"
  definition         = "etcd"
  version            = "etcd-v3.5.6"
  termination_policy = "WipeOut"
  components         = {{ etcd = {{ volumes = {{ data = {{ size = "1Gi" }} }} }} }}
}}

resource "kubeblocks_service_descriptor" "outside" {{
  namespace = "default"
  name      = "refs-outside"
  kind      = "etcd"
  version   = "v3.5.9"
  endpoint  = {{ value = "etcd.example.com:2379" }}
  port      = {{ value = "2379" }}
}}

resource "kubeblocks_cluster" "db" {{
  namespace          = "default"
  name               = "refs-db"
  definition         = "orioledb"
  version            = "orioledb-beta1"
  termination_policy = "WipeOut"
  components = {{
    orioledb = {{
      volumes = {{ data = {{ size = "1Gi" }} }}
      {lines}
    }}
  }}
  depends_on = [kubeblocks_addon.orioledb]
}}
"#
    )
}

async fn references(platform: &Platform) -> Value {
    let (group, kind, plural) = CLUSTER;
    let cluster = platform.get(group, kind, plural, Some("default"), "refs-db").await;
    cluster.expect("it is there")["spec"]["componentSpecs"][0]["serviceRefs"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_uses_the_services_that_its_engine_declares() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    // The operator brings no add-on of etcd.
    let chart = Charts::packaged().expect("charts").addon_folder("etcd").display().to_string();
    platform.helm(&["upgrade", "--install", "etcd", &chart, "-n", "kb-system"]).await.succeeded();

    let by_cluster = "service_references = { etcdService = { cluster = kubeblocks_cluster.etcd.name } }";
    workspace.write("main.tf", stack(by_cluster));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(references(platform).await, json!([{"name": "etcdService", "cluster": "refs-etcd"}]));

    let address = "kubeblocks_cluster.db";
    workspace.run(["state", "rm", address]).await.succeeded();
    workspace.run(["import", "-no-color", "-input=false", address, "default/refs-db"]).await.succeeded();
    workspace.plan_is_empty().await;

    // While planning, against the installed definition.
    for (lines, expected) in [
        (by_cluster.replace("etcdService", "etcdServic"), &["Did you mean \"etcdService\""][..]),
        (String::new(), &["which nothing gives it", "etcdService"]),
        (by_cluster.replace("kubeblocks_cluster.etcd.name", "\"refs-db\""), &["cannot refer to itself"]),
        (by_cluster.replace("cluster =", "namespace ="), &["either `cluster`"]),
    ] {
        workspace.write("main.tf", stack(&lines));
        workspace.plan().await.failed().says(expected);
    }
    // Before it is written: what is not there, which the operator would wait for.
    workspace.write("main.tf", stack(&by_cluster.replace("kubeblocks_cluster.etcd.name", "\"nothing\"")));
    workspace.apply().await.failed().says(&["The database \"nothing\" does not exist"]);

    let outside = "service_references = { etcdService = { service_descriptor = kubeblocks_service_descriptor.outside.name } }";
    workspace.write("main.tf", stack(outside));
    assert_eq!(workspace.planned_actions().await, [(address.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(
        references(platform).await,
        json!([{"name": "etcdService", "serviceDescriptor": "refs-outside"}])
    );
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    platform.helm(&["uninstall", "etcd", "-n", "kb-system"]).await.succeeded();
}
