//! The values that matter to a resource: where any text will not do, and where several changes do different things.

use std::sync::OnceLock;

use serde_json::{Value as Json, json};
use tfplugin::schema::Effect;

/// A change of one argument.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Which; keys and indexes are left out.
    pub(super) path: String,
    /// What it was; made up where nothing is said.
    pub(super) before: Option<Json>,
    /// What it is changed to, one after the other; another value is made up where nothing is said.
    pub(super) after: Vec<Json>,
    /// Whether it is never taken out.
    pub(super) keep: bool,
}

fn case<const N: usize>(path: &str, before: Json, after: [Json; N]) -> Case {
    Case { path: path.to_owned(), before: Some(before), after: after.into(), keep: false }
}

/// A file that is nowhere: nobody can be asked.
pub(super) const NO_KUBECONFIG: &str = "/nonexistent/kubeconfig";

pub(super) fn cases(resource: &str) -> Vec<Case> {
    let mut all = vec![
        case("kubernetes.auth.method", json!("kubeconfig"), [json!("in_cluster")]),
        case("kubernetes.auth.kubeconfig_path", json!(NO_KUBECONFIG), []),
        case("kubernetes.endpoint", json!("https://127.0.0.1:1"), [json!("https://127.0.0.1:2")]),
        case("accept_impact", json!(["data_loss"]), [json!(["data_loss", "downtime"])]),
        case("deletion_protection", json!(false), []),
    ];
    all.extend(match resource {
        "kubeblocks_cluster" => cluster(),
        "kubeblocks_object" => object(),
        "kubeblocks_operator" => operator(),
        "kubeblocks_addon" => vec![case("values", json!({ "a": 1 }), [])],
        "kubeblocks_backup" => {
            vec![case("phase", json!("Completed"), []), case("retention", json!("7d"), [json!("8d")])]
        }
        "kubeblocks_backup_repo" => {
            vec![case("phase", json!("Ready"), []), case("volume_capacity", json!("10Gi"), [json!("20Gi")])]
        }
        "kubeblocks_backup_schedule" => vec![case("schedules.retention", json!("7d"), [json!("8d")])],
        "kubeblocks_ops_request" => vec![case("phase", json!("Succeed"), [])],
        _ if resource.ends_with("_cluster") => nodes("system_node_pool."),
        _ if resource.ends_with("_node_pool") || resource.ends_with("_node_group") => nodes(""),
        _ => Vec::new(),
    });
    all
}

/// A database of an engine that no catalogue knows, which may hold data that no other instance has.
fn cluster() -> Vec<Case> {
    vec![
        case("running", json!(true), [json!(false)]),
        case("running", json!(false), [json!(true)]),
        case("components.replicas", json!(3), [json!(4), json!(2), json!(0)]),
        case("components.volumes.size", json!("20Gi"), [json!("30Gi"), json!("10Gi")]),
        case("components.resources.cpu", json!("1"), [json!("2")]),
        case("components.resources.memory", json!("1Gi"), [json!("2Gi")]),
        case("components.resources.requests", json!({ "cpu": "1" }), [json!({ "cpu": "2" })]),
        case("components.resources.limits", json!({ "cpu": "1" }), [json!({ "cpu": "2" })]),
        case("components.parameters", json!({ "one": { "a": "1" } }), [json!({ "one": { "a": "2" } })]),
        case("backup.retention", json!("7d"), [json!("8d")]),
        case("final_backup.retention", json!("7d"), [json!("8d")]),
    ]
}

fn object() -> Vec<Case> {
    let object = |name: &str, value: i64| {
        json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1",
            "kind": "ClusterVersion",
            "metadata": { "name": name },
            "spec": { "a": value },
        })
    };
    let yaml = |name: &str, value: i64| json!(object(name, value).to_string());
    vec![
        case("manifest", object("one", 1), [object("one", 2), object("two", 1)]),
        case("yaml", yaml("one", 1), [yaml("one", 2), yaml("two", 1)]),
        case("api_version", json!("apps.kubeblocks.io/v1alpha1"), []),
        case("kind", json!("ClusterVersion"), []),
        case("namespace", json!(null), []),
        case("name", json!("one"), []),
        case("ready", json!(true), []),
    ]
}

fn operator() -> Vec<Case> {
    vec![
        case("version", json!("0.7.5"), [json!("0.9.0")]),
        case("chart.path", json!(chart("0.7.5")), [json!(chart("0.7.6"))]),
        case("chart_digest", json!(null), [json!(format!("sha256:{}", "0".repeat(64)))]),
        case("values", json!({ "a": 1 }), []),
        // Another chart would have to be got from somewhere.
        Case { path: "chart".to_owned(), before: None, after: Vec::new(), keep: true },
    ]
}

/// A folder with an empty chart.
fn chart(version: &str) -> String {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path().join(version);
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!("apiVersion: v2\nname: kubeblocks\nversion: {version}\nappVersion: {version}\n");
    std::fs::write(folder.join("Chart.yaml"), text).unwrap();
    folder.display().to_string()
}

/// The nodes of a cloud, whose attributes begin with `prefix`.
fn nodes(prefix: &str) -> Vec<Case> {
    vec![
        case("kubernetes_version", json!("1.33"), [json!("1.34"), json!("1.32")]),
        case(&format!("{prefix}size"), json!(3), [json!(4), json!(2)]),
        case(&format!("{prefix}autoscaling.min"), json!(1), [json!(2)]),
        case(&format!("{prefix}autoscaling.max"), json!(5), [json!(6), json!(2)]),
        case(&format!("{prefix}taints.effect"), json!("NoSchedule"), [json!("NoExecute")]),
    ]
}

/// Arguments that are left out when this one changes, as they would stand in its way.
pub(super) fn obstacles(resource: &str, path: &str) -> &'static [&'static str] {
    let begins = |prefix: &str| path.starts_with(prefix);
    match resource {
        // A component's own stands in place of the database's.
        "kubeblocks_cluster" if begins("affinity") => &["components.affinity"],
        "kubeblocks_cluster" if begins("tolerations") => &["components.tolerations"],
        "kubeblocks_cluster"
            if begins("components.resources.requests") || begins("components.resources.limits") =>
        {
            &["components.resources.cpu", "components.resources.memory"]
        }
        "kubeblocks_object" if path == "yaml" => &["manifest"],
        "kubeblocks_object" => &["yaml"],
        // A folder's version is its own.
        "kubeblocks_operator" if begins("chart.path") => &["version"],
        _ => match path {
            // The number of nodes is then the autoscaler's.
            "size" => &["autoscaling"],
            "system_node_pool.size" => &["system_node_pool.autoscaling"],
            _ => &[],
        },
    }
}

/// What no plan without a server can tell, and why.
pub(super) fn only_a_server_tells(resource: &str, path: &str, effect: Effect) -> bool {
    const TOLD: [(&str, &str, Effect); 6] = [
        // Which parameters restart an engine stands in its constraints.
        ("kubeblocks_cluster", "components.parameters", Effect::InPlace),
        ("kubeblocks_cluster", "components.parameters", Effect::RollingRestart),
        // A written version or digest has to be that of the chart.
        ("kubeblocks_operator", "version", Effect::InPlace),
        ("kubeblocks_operator", "chart_digest", Effect::InPlace),
        // Above a new limit GKE's autoscaler takes nodes away by itself, once they are hardly used.
        ("kubeblocks_gke_cluster", "system_node_pool.autoscaling.max", Effect::RollingRestart),
        ("kubeblocks_gke_node_pool", "autoscaling.max", Effect::RollingRestart),
    ];
    TOLD.contains(&(resource, path, effect))
}
