//! Managed Kubernetes changed in an order that nobody thought of: after each change, the nodes that the Kubernetes API
//! shows are those that the configuration describes, the next plan is empty, and nodes of other pools were left alone.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use rand::SeedableRng as _;
use rand::prelude::*;
use rand::rngs::StdRng;

use crate::cloud_words::{ACK, AKS, CloudWords, EKS, GKE};
use crate::cloud_world::World;
use crate::random_changes::seeds;
use crate::terraform::Cli;

/// How many of the twenty changes each apply brings.
const AT_ONCE: [usize; 8] = [1, 2, 3, 4, 1, 2, 3, 4];

/// A change that is still to come; which pool it meets is left to chance.
#[derive(Clone, Copy, Debug)]
enum Card {
    New,
    Gone,
    Team,
    Version,
    Size,
    Workload,
    Tainted,
    Untainted,
    Disk,
}

/// Twenty, of each as many as it takes to see it, whatever the order.
const DECK: [(Card, usize); 9] = [
    (Card::New, 3),
    (Card::Gone, 2),
    (Card::Team, 2),
    (Card::Version, 1),
    (Card::Size, 4),
    (Card::Workload, 3),
    (Card::Tainted, 2),
    (Card::Untainted, 2),
    (Card::Disk, 1),
];

/// A label of ours, by which the nodes of a pool are found.
const POOL: &str = "pool";

/// A Kubernetes cluster and its pools.
#[derive(Clone, Debug)]
struct Model {
    version: &'static str,
    team: u32,
    pools: BTreeMap<String, Pool>,
    made: usize,
}

/// One pool of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pool {
    size: usize,
    workload: u32,
    is_tainted: bool,
    disk_gib: u32,
}

/// The nodes of each pool: by name, with what was configured of them.
type Nodes = BTreeMap<String, BTreeMap<String, (Option<String>, bool)>>;

impl Model {
    fn new() -> Self {
        let mut model = Self { version: "1.33", team: 0, pools: BTreeMap::new(), made: 0 };
        model.add();
        model
    }

    fn add(&mut self) -> String {
        self.made += 1;
        let name = format!("p{}", self.made);
        self.pools.insert(name.clone(), Pool { size: 1, workload: 0, is_tainted: false, disk_gib: 100 });
        name
    }

    /// Changes one thing; says in words what.
    fn change(&mut self, card: Card, random: &mut StdRng) -> String {
        match card {
            Card::New => return format!("{} is new", self.add()),
            Card::Team => {
                self.team += 1;
                return format!("the team is {}", self.team);
            }
            Card::Version => {
                self.version = "1.34";
                return "the version is 1.34".to_owned();
            }
            Card::Gone if self.pools.len() > 1 => {
                let name = self.pools.keys().choose(random).cloned().unwrap_or_default();
                self.pools.remove(&name);
                return format!("{name} goes");
            }
            Card::Gone | Card::Size | Card::Workload | Card::Tainted | Card::Untainted | Card::Disk => {}
        }
        let is_meant = |pool: &Pool| match card {
            Card::Tainted => !pool.is_tainted,
            Card::Untainted => pool.is_tainted,
            _ => true,
        };
        let meant = self.pools.iter().filter(|(_, pool)| is_meant(pool)).map(|(name, _)| name);
        let name = meant.choose(random).or_else(|| self.pools.keys().next()).cloned().unwrap_or_default();
        let Some(pool) = self.pools.get_mut(&name) else { return String::new() };
        format!("{name} {}", pool.change(card))
    }

    fn hcl(&self, words: &CloudWords) -> String {
        let at_once = words.nodes_at_once;
        let cluster = words.cluster_hcl(self.version, &format!("team{}", self.team), at_once);
        let pools = self.pools.iter().map(|(name, pool)| words.pool_hcl(name, &pool.hcl(name, at_once)));
        cluster + &pools.collect::<String>()
    }

    /// What is not as described, or changed without need.
    fn wrong(&self, words: &CloudWords, earlier: &Self, before: &Nodes, now: &Nodes) -> Vec<String> {
        let mut wrong = Vec::new();
        let there: BTreeSet<_> = now.keys().collect();
        let described: BTreeSet<_> = self.pools.keys().collect();
        if there != described {
            wrong.push(format!("there are the pools {there:?}, and described are {described:?}"));
        }
        for (name, pool) in &self.pools {
            let Some(nodes) = now.get(name) else { continue };
            let size = pool.size * words.nodes_at_once;
            if nodes.len() != size {
                wrong.push(format!("{name} has {} nodes, and should have {size}", nodes.len()));
            }
            let should = (Some(format!("w{}", pool.workload)), pool.is_tainted);
            for (node, is) in nodes {
                if *is != should {
                    wrong.push(format!("{node} of {name} is {is:?}, and should be {should:?}"));
                }
            }
            let is_spared = earlier.pools.get(name) == Some(pool) && earlier.version == self.version;
            let names = |nodes: Option<&BTreeMap<_, _>>| -> Vec<String> {
                nodes.into_iter().flat_map(BTreeMap::keys).cloned().collect()
            };
            let (old, new) = (names(before.get(name)), names(Some(nodes)));
            if is_spared && old != new {
                wrong.push(format!("{name} did not change, but its nodes were {old:?} and are {new:?}"));
            }
        }
        wrong
    }
}

impl Pool {
    fn hcl(&self, name: &str, nodes_at_once: usize) -> String {
        let Self { workload, disk_gib, .. } = self;
        let size = self.size * nodes_at_once;
        let taints = if self.is_tainted {
            r#"[{ key = "workload", value = "databases", effect = "NoSchedule" }]"#
        } else {
            "[]"
        };
        format!(
            r#"  size          = {size}
  disk_size_gib = {disk_gib}
  labels        = {{ {POOL} = "{name}", workload = "w{workload}" }}
  taints        = {taints}"#
        )
    }

    fn change(&mut self, card: Card) -> String {
        match card {
            Card::Workload => {
                self.workload += 1;
                format!("is for w{}", self.workload)
            }
            Card::Tainted | Card::Untainted => {
                self.is_tainted = !self.is_tainted;
                format!("is tainted: {}", self.is_tainted)
            }
            Card::Disk => {
                self.disk_gib += 20;
                format!("has disks of {} GiB", self.disk_gib)
            }
            Card::New | Card::Gone | Card::Team | Card::Version | Card::Size => {
                self.size = 1 + self.size % 3;
                format!("has {} times as many nodes as at first", self.size)
            }
        }
    }
}

/// The nodes as the Kubernetes API shows them.
async fn nodes(world: &World) -> Nodes {
    let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
    let found = Api::<Node>::all(client).list(&ListParams::default()).await.expect("nodes can be listed");
    let mut nodes = Nodes::new();
    for node in found {
        let Some(pool) = node.labels().get(POOL).cloned() else { continue };
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
        let is_tainted = taints.is_some_and(|taints| taints.iter().any(|taint| taint.key == "workload"));
        let what = (node.labels().get("workload").cloned(), is_tainted);
        nodes.entry(pool).or_default().insert(node.name_any(), what);
    }
    nodes
}

async fn twenty_changes(words: CloudWords, seed: u64, cli: Cli) {
    let cloud = words.cloud;
    let world = World::start(cloud, 1).await;
    let workspace = world.workspace(cli);
    let mut random = StdRng::seed_from_u64(seed);
    let mut model = Model::new();
    let mut history = Vec::new();
    workspace.write("main.tf", model.hcl(&words));
    workspace.apply().await.succeeded();
    let mut deck: Vec<Card> =
        DECK.iter().flat_map(|&(card, times)| std::iter::repeat_n(card, times)).collect();
    deck.shuffle(&mut random);
    for (step, at_once) in AT_ONCE.into_iter().enumerate() {
        let (earlier, before) = (model.clone(), nodes(&world).await);
        let cards = deck.drain(..at_once).collect::<Vec<_>>();
        let changes: Vec<_> = cards.into_iter().map(|card| model.change(card, &mut random)).collect();
        let change = changes.join(", ");
        eprintln!("{cloud:?}, seed {seed}, step {step}: {change}");
        history.push(change);
        workspace.write("main.tf", model.hcl(&words));
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;
        let wrong = model.wrong(&words, &earlier, &before, &nodes(&world).await);
        assert!(wrong.is_empty(), "{cloud:?}, seed {seed}, {wrong:#?} after {history:#?}");
    }
    world.is_destroyed_without_a_trace(&workspace).await;
}

#[tokio::test]
async fn twenty_random_changes_of_eks() {
    twenty_changes(EKS, seeds(1), Cli::Terraform).await;
}

#[tokio::test]
async fn twenty_random_changes_of_gke() {
    twenty_changes(GKE, seeds(2), Cli::OpenTofu).await;
}

#[tokio::test]
async fn twenty_random_changes_of_aks() {
    twenty_changes(AKS, seeds(3), Cli::Terraform).await;
}

#[tokio::test]
async fn twenty_random_changes_of_ack() {
    twenty_changes(ACK, seeds(4), Cli::OpenTofu).await;
}
