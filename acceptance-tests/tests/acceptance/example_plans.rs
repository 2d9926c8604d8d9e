//! Every example is planned, not only validated: databases on the playground, the operator on an empty Kubernetes cluster,
//! clouds offline, as a plan of what is new asks none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use acceptance_tests::clouds::Cloud;
use acceptance_tests::tools;
use futures::StreamExt as _;

use crate::cloud_world::World;
use crate::examples::{copy, folders_with_configuration};
use crate::platform::Platform;
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

/// Runs at a time.
const AT_A_TIME: usize = 3;
/// Where examples of modules say that they come from.
const SOURCE: &str = "github.com/kubeblocks/terraform-provider-kubeblocks//examples/modules/";
/// An address where nobody answers.
const NOBODY: &str = "http://127.0.0.1:1";
/// A plan that could not look at Kubernetes says so.
const BLIND: &str = "Planned without the Kubernetes API";

/// What the examples ask for.
const VARIABLES: [(&str, &str); 9] = [
    ("access_key_id", "id"),
    ("app_password", "secret"),
    ("backup_bucket", "backups"),
    ("backup_keys", r#"{ accessKeyId = "id", secretAccessKey = "key" }"#),
    ("carts_version", "1"),
    ("certificate_fingerprint", "ab:cd"),
    ("chart_repository", NOBODY),
    ("etcd_password", "secret"),
    ("secret_access_key", "key"),
];

/// What has to be there for the examples that look at it.
const EXISTING: &str = r#"
resource "kubeblocks_cluster" "orders" {
  for_each           = { orders = "shop", carts = "shop", billing = "finance", scratch = "test" }
  namespace          = each.value
  name               = each.key
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "WipeOut"
  components         = { postgresql = { replicas = 2, volumes = { data = { size = "20Gi" } } } }
}

resource "kubeblocks_cluster" "cache" {
  namespace          = "shop"
  name               = "cache"
  definition         = "redis"
  version            = "redis-7.0.6"
  termination_policy = "WipeOut"
  components         = { redis = { replicas = 2, volumes = { data = { size = "1Gi" } } } }
}
"#;

/// Where a folder is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// Where KubeBlocks is, and nothing of the example.
    KubeBlocks,
    /// Where KubeBlocks is, and databases.
    Databases,
    /// An empty Kubernetes cluster.
    Empty,
    /// Nowhere: neither a cloud nor Kubernetes is asked.
    Offline,
    /// A cloud.
    Cloud,
}

impl Ground {
    fn of(folder: &Path) -> Self {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind =
            folder.parent().and_then(Path::file_name).and_then(|kind| kind.to_str()).unwrap_or_default();
        match (kind, name) {
            ("data-sources", "kubeblocks_kubernetes_versions") => Self::Cloud,
            ("data-sources", "kubeblocks_cluster" | "kubeblocks_backups" | "kubeblocks_parameters")
            | ("ephemeral-resources", "kubeblocks_credentials")
            | ("functions", "connection_uri") => Self::Databases,
            ("resources", "kubeblocks_operator" | "kubeblocks_backup_repo") | ("stacks", "quickstart") => {
                Self::Empty
            }
            ("stacks", _) | ("ephemeral-resources", "kubeblocks_kubeconfig") => Self::Offline,
            ("resources", name)
                if ["_eks_", "_gke_", "_aks_", "_ack_"].iter().any(|cloud| name.contains(cloud)) =>
            {
                Self::Offline
            }
            _ => Self::KubeBlocks,
        }
    }
}

/// What a folder is planned on.
struct Grounds {
    playground: &'static Playground,
    empty: Platform,
    cloud: World,
}

impl Grounds {
    async fn start() -> Self {
        let (playground, empty, cloud) =
            tokio::join!(Playground::shared(), Platform::bare(), World::start(Cloud::Aws, 0));
        Self { playground, empty, cloud }
    }

    /// An empty configuration there.
    fn workspace(&self, ground: Ground) -> Workspace {
        let mut workspace = match ground {
            Ground::Cloud => self.cloud.workspace(Cli::Terraform),
            _ => Workspace::new(Cli::Terraform),
        };
        for (name, value) in VARIABLES {
            workspace.set(&format!("TF_VAR_{name}"), value);
        }
        workspace.set("KUBEBLOCKS_HELM", tools::helm().expect("helm is built").display());
        // Charts of examples lie on the internet, which no test may need; a plan without them says so.
        workspace.set("HTTPS_PROXY", NOBODY).set("NO_PROXY", "127.0.0.1,localhost");
        match ground {
            Ground::KubeBlocks | Ground::Databases => {
                workspace.set("KUBECONFIG", self.playground.kubeconfig().display());
            }
            Ground::Empty => {
                workspace.set("KUBECONFIG", self.empty.kubeconfig().display());
                workspace.set("TF_VAR_chart_repository", self.empty.repository().url());
            }
            Ground::Offline => {
                workspace.set("KUBECONFIG", "/dev/null").set("AWS_ENDPOINT_URL", NOBODY);
            }
            Ground::Cloud => {}
        }
        workspace
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_planned() {
    let grounds = Arc::new(Grounds::start().await);
    for namespace in ["shop", "finance", "test"] {
        grounds.playground.has_namespace(namespace).await;
    }
    let kinds = ["resources", "data-sources", "ephemeral-resources", "functions", "stacks"];
    let folders: Vec<PathBuf> =
        kinds.iter().flat_map(|kind| folders_with_configuration(&examples().join(kind))).collect();
    assert!(folders.len() >= 35, "the examples are found: {folders:?}");
    let (on_databases, others): (Vec<PathBuf>, Vec<PathBuf>) =
        folders.into_iter().partition(|folder| Ground::of(folder) == Ground::Databases);

    let mut failures = plan_all(&grounds, others).await;
    failures.extend(plan_modules(&grounds).await);
    let existing = grounds.playground.workspace(Cli::Terraform);
    existing.write("main.tf", EXISTING);
    existing.apply().await.succeeded();
    failures.extend(plan_all(&grounds, on_databases).await);
    existing.destroy().await.succeeded();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

async fn plan_all(grounds: &Arc<Grounds>, folders: Vec<PathBuf>) -> Vec<String> {
    let plans = folders.into_iter().map(|folder| {
        let grounds = Arc::clone(grounds);
        async move { plan(&grounds, &folder).await }
    });
    let failures: Vec<Option<String>> =
        futures::stream::iter(plans).buffer_unordered(AT_A_TIME).collect().await;
    failures.into_iter().flatten().collect()
}

/// Plans a folder, and tells what is wrong with the plan.
async fn plan(grounds: &Grounds, folder: &Path) -> Option<String> {
    let ground = Ground::of(folder);
    let workspace = grounds.workspace(ground);
    copy(folder, &workspace);
    let planned = workspace.plan().await;
    let text = planned.text();
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // The example shows what it is the example of.
    let shows = text.contains(&format!("\"{name}\"")) || !folder.parent()?.ends_with("resources");
    // The second operator of its example lives where nobody answers.
    let is_blind = text.contains(BLIND) && name != "kubeblocks_operator";
    (planned.code != 0 || is_blind || !shows).then(|| format!("{ground:?}, {}:\n{text}", folder.display()))
}

/// Plans what the README of each module shows, with the module that lies beside it.
async fn plan_modules(grounds: &Grounds) -> Vec<String> {
    let mut failures = Vec::new();
    let mut count = 0;
    for module in std::fs::read_dir(examples().join("modules")).expect("it can be read").flatten() {
        let folder = module.path().canonicalize().expect("it is there");
        let name = module.file_name().to_string_lossy().into_owned();
        let ground = if name == "data-stack" { Ground::Offline } else { Ground::KubeBlocks };
        let workspace = grounds.workspace(ground);
        let readme = std::fs::read_to_string(folder.join("README.md")).expect("there is a README");
        let usage =
            readme.split("```hcl\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a usage");
        let local = usage.replace(&format!("{SOURCE}{name}"), &folder.display().to_string());
        assert_ne!(local, usage, "{name}: the usage names the module");
        workspace.write("main.tf", local);
        workspace.run(["get", "-no-color"]).await.succeeded();
        let planned = workspace.plan().await;
        let is_made = planned.stdout.contains("kubeblocks_cluster.this");
        if planned.code != 0 || !is_made || planned.text().contains(BLIND) {
            failures.push(format!("module {name}:\n{}", planned.text()));
        }
        count += 1;
    }
    assert_eq!(count, 6, "the modules are found");
    failures
}
