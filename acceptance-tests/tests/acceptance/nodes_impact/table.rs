//! The changes, and what their plans have to announce.

use acceptance_tests::clouds::Cloud;

/// A cloud's words.
pub(super) struct Words {
    cloud: Cloud,
    cluster: &'static str,
    pool: &'static str,
    /// Attributes of the cluster that only this cloud has.
    place: &'static str,
    /// What changes of the cluster's own attributes, with no harm.
    harmless: &'static str,
    /// What makes another pool.
    replacing: &'static str,
}

/// Lines of the two resources; no lines of the pool when there is none.
#[derive(Clone)]
pub(super) struct Configuration {
    version: &'static str,
    cluster: String,
    first: String,
    pool: Option<String>,
    /// Another place than the cloud's words say.
    place: Option<String>,
}

/// What a plan says of one resource.
#[derive(Clone, Copy)]
pub(super) enum Announced {
    /// It does not change.
    Nothing,
    /// It changes in place, with this level and so many nodes made anew.
    Update { level: &'static str, recreated: usize },
    /// The same, but that the level is what may happen to a node that stays, and does not happen here.
    InPlace { level: &'static str, recreated: usize },
    /// It is removed and made anew.
    Replacement,
    /// It is removed.
    Removal,
}

/// A change.
pub(super) struct Row {
    pub(super) case: &'static str,
    pub(super) configuration: Configuration,
    pub(super) cluster: Announced,
    pub(super) pool: Announced,
    /// Words of the warnings; none for a plan without any.
    pub(super) says: &'static [&'static str],
}

use Announced::{Nothing, Removal, Replacement};

const FEWER: &str = "3 nodes fewer: every instance on a node that goes restarts on another one";
const HARMLESS: Announced = Announced::Update { level: "none", recreated: 0 };
const ROLLING: Announced = Announced::Update { level: "rolling_restart", recreated: 0 };
const ANEW: Announced = Announced::Update { level: "rolling_restart", recreated: 3 };

impl Row {
    /// The worst of what it announces.
    pub(super) fn level(&self) -> &'static str {
        let of = |announced| match announced {
            Nothing => "none",
            Announced::Update { level, .. } | Announced::InPlace { level, .. } => level,
            Replacement | Removal => "rolling_restart",
        };
        [of(self.cluster), of(self.pool)].into_iter().find(|level| *level != "none").unwrap_or("none")
    }
}

impl Configuration {
    /// Three nodes of each.
    pub(super) fn new() -> Self {
        Self {
            version: "1.33",
            cluster: String::new(),
            first: "size = 3".to_owned(),
            pool: Some("size = 3".to_owned()),
            place: None,
        }
    }

    fn cluster(&self, lines: &str) -> Self {
        Self { cluster: lines.to_owned(), ..self.clone() }
    }

    fn first(&self, lines: &str) -> Self {
        Self { first: lines.to_owned(), ..self.clone() }
    }

    fn pool(&self, lines: &str) -> Self {
        Self { pool: Some(lines.to_owned()), ..self.clone() }
    }
}

impl Words {
    pub(super) fn of(cloud: Cloud) -> Self {
        let (cluster, pool, place, harmless, replacing) = match cloud {
            Cloud::Aws => (
                "kubeblocks_eks_cluster",
                "kubeblocks_eks_node_group",
                r#"network = { cidr = "10.0.0.0/16", zones = ["eu-central-1a", "eu-central-1b"] }"#,
                r#"log_types = ["audit"]
  public_access_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]"#,
                "machine_types = [\"r6i.xlarge\"]\n  disk_size_gib = 100",
            ),
            Cloud::Gcp => (
                "kubeblocks_gke_cluster",
                "kubeblocks_gke_node_pool",
                r#"network = { cidr = "10.0.0.0/16" }"#,
                r#"release_channel = "RAPID"
  public_access_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]"#,
                "disk_type = \"pd-ssd\"\n  image_type = \"UBUNTU_CONTAINERD\"",
            ),
            Cloud::Azure => (
                "kubeblocks_aks_cluster",
                "kubeblocks_aks_node_pool",
                "location = \"westeurope\"\n  network  = { cidr = \"10.0.0.0/16\" }",
                "sku_tier = \"Standard\"\n  public_access_cidrs = [\"0.0.0.0/1\", \"128.0.0.0/1\"]",
                "machine_types = [\"Standard_E4s_v5\"]\n  disk_size_gib = 200",
            ),
            Cloud::Alibaba => (
                "kubeblocks_ack_cluster",
                "kubeblocks_ack_node_pool",
                r#"network = { cidr = "10.0.0.0/16" }"#,
                "",
                "system_disk_category = \"cloud_essd\"\n  disk_size_gib = 200",
            ),
        };
        Self { cloud, cluster, pool, place, harmless, replacing }
    }

    pub(super) fn cluster_address(&self) -> String {
        format!("{}.this", self.cluster)
    }

    pub(super) fn pool_address(&self) -> String {
        format!("{}.databases", self.pool)
    }

    pub(super) fn text(&self, configuration: &Configuration) -> String {
        let Configuration { version, cluster: lines, first, pool, place } = configuration;
        let cluster = format!(
            r#"resource "{}" "this" {{
  name                = "shop"
  kubernetes_version  = "{version}"
  deletion_protection = false
  system_node_pool    = {{ {first} }}
  {}
  {lines}
}}
"#,
            self.cluster,
            place.as_deref().unwrap_or(self.place)
        );
        let pool = pool.as_ref().map(|lines| {
            format!(
                r#"
resource "{}" "databases" {{
  kubernetes_cluster_id = {}.this.id
  name                  = "databases"
  {lines}
}}
"#,
                self.pool, self.cluster
            )
        });
        cluster + &pool.unwrap_or_default()
    }
}

/// The changes, one after the other.
pub(super) fn rows(words: &Words, start: &Configuration) -> Vec<Row> {
    let mut rows = in_place(words, start);
    let last = rows.last().expect("there are some").configuration.clone();
    rows.extend(versions(words, &last));
    let last = rows.last().expect("there are some").configuration.clone();
    rows.extend(scaling(words, &last));
    rows.extend(ends(words, &last));
    rows
}

/// Lines of the pool, with what all rows after the first one have.
fn tagged(lines: &str) -> String {
    format!("{lines}\n  tags = {{ team = \"shop\" }}")
}

/// Lines of the first nodes after the first row.
fn first(size: u32) -> String {
    format!("size = {size}, labels = {{ tier = \"system\" }}")
}

/// Changes that are not made in place, and what their plans say instead.
pub(super) fn refusals(
    configuration: &Configuration,
    words: &Words,
) -> [(Configuration, &'static [&'static str]); 2] {
    let disk = format!("{}, disk_size_gib = 300", configuration.first);
    let place = words.place.replace("10.0.0.0/16", "10.1.0.0/16");
    [
        (configuration.first(&disk), &["First nodes cannot be changed so", "add a node pool with the new"]),
        (
            Configuration { place: Some(place), ..configuration.clone() },
            &["Change is held back by the guard", "is removed with every database in it"],
        ),
    ]
}

fn in_place(words: &Words, start: &Configuration) -> Vec<Row> {
    let taint = |effect: &str| {
        let taint = format!(r#"taints = [{{ key = "only", value = "db", effect = "{effect}" }}]"#);
        tagged(&format!("size = 3\n  {taint}"))
    };
    let quiet = start
        .cluster(&format!("{}\n  tags = {{ team = \"shop\" }}", words.harmless))
        .pool(&tagged("size = 3\n  labels = { workload = \"databases\" }"));
    let quiet = quiet.first(&first(3));
    let larger = quiet.first(&first(6));
    vec![
        Row {
            case: "tags, labels, logs, access",
            configuration: quiet.clone(),
            cluster: HARMLESS,
            pool: HARMLESS,
            says: &[],
        },
        Row {
            case: "a taint that keeps away, and more first nodes",
            configuration: larger.pool(&taint("NoSchedule")),
            cluster: HARMLESS,
            pool: HARMLESS,
            says: &[],
        },
        Row {
            case: "a taint that evicts",
            configuration: larger.pool(&taint("NoExecute")),
            cluster: Nothing,
            pool: ROLLING,
            says: &["Rolling restart", "drives away every instance that does not tolerate it"],
        },
        Row {
            case: "no taint, and more nodes",
            configuration: larger.pool(&tagged("size = 6")),
            cluster: Nothing,
            pool: HARMLESS,
            says: &[],
        },
        Row {
            case: "fewer nodes",
            configuration: quiet.pool(&tagged("size = 3")),
            cluster: ROLLING,
            pool: ROLLING,
            says: &["Rolling restart", FEWER],
        },
    ]
}

fn versions(words: &Words, before: &Configuration) -> Vec<Row> {
    let upgraded = Configuration { version: "1.34", ..before.clone() };
    let followed = upgraded.pool(&tagged("size = 3\n  kubernetes_version = \"1.34\""));
    let mut rows = vec![Row {
        case: "the cluster's version",
        configuration: upgraded,
        cluster: ANEW,
        pool: Nothing,
        says: &[
            "from Kubernetes 1.33 to 1.34 makes the nodes of the cluster's first node pool anew",
            "restarts",
        ],
    }];
    // There all nodes go with the control plane, and stay what they are.
    if words.cloud == Cloud::Alibaba {
        rows[0].cluster = Announced::InPlace { level: "rolling_restart", recreated: 0 };
        rows[0].says = &[
            "upgrades all nodes of the Kubernetes cluster where they are",
            "an instance may restart together with the kubelet of its node",
        ];
        return rows;
    }
    rows.push(Row {
        case: "the pool's version",
        configuration: followed,
        cluster: Nothing,
        pool: ANEW,
        says: &[
            "from Kubernetes 1.33 to 1.34 makes the nodes of the node",
            "every instance on them restarts",
        ],
    });
    rows
}

/// What an autoscaler may do: the number of nodes is brought between its limits, but for GKE, which leaves that to the
/// autoscaler.
fn scaling(words: &Words, before: &Configuration) -> Vec<Row> {
    let lines = before.pool.clone().unwrap_or_default();
    let between = |min: u32, max: u32| {
        let range = format!("autoscaling = {{ min = {min}, max = {max} }}");
        before.pool(&lines.replace("size = 3", &range))
    };
    let is_brought = words.cloud != Cloud::Gcp;
    let (pool, says): (_, &[_]) =
        if is_brought { (ROLLING, &["Rolling restart", FEWER]) } else { (HARMLESS, &[]) };
    vec![
        Row {
            case: "an autoscaler with more nodes",
            configuration: between(6, 9),
            cluster: Nothing,
            pool: HARMLESS,
            says: &[],
        },
        Row {
            case: "an autoscaler with fewer nodes",
            configuration: between(3, 3),
            cluster: Nothing,
            pool,
            says,
        },
        Row {
            case: "an autoscaler with more nodes again",
            configuration: between(6, 9),
            cluster: Nothing,
            pool: HARMLESS,
            says: &[],
        },
        Row { case: "no autoscaler", configuration: before.clone(), cluster: Nothing, pool, says },
    ]
}

fn ends(words: &Words, before: &Configuration) -> Vec<Row> {
    let lines = before.pool.clone().unwrap_or_default();
    let other = before.pool(&format!("{lines}\n  {}", words.replacing));
    vec![
        Row {
            case: "another kind of node",
            configuration: other.clone(),
            cluster: Nothing,
            pool: Replacement,
            says: &["is removed and made anew: instances on its 3 nodes restart on others"],
        },
        Row {
            case: "no pool",
            configuration: Configuration { pool: None, ..other },
            cluster: Nothing,
            pool: Removal,
            says: &[],
        },
    ]
}
