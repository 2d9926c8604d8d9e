//! Databases and what belongs to them as a configuration describes them: changed at random, and compared with what is
//! there. The model of what must be true, whatever led to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rand::prelude::*;
use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::playground::Namespace;

/// The configuration file of redis in terms of KubeBlocks.
const FILE: &str = "redis-replication-config";
/// What is in force without a word on it.
const CLIENTS: u32 = 10_000;

/// Everything that one configuration describes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    databases: BTreeMap<String, Database>,
    descriptors: BTreeMap<String, u32>,
    made: usize,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Database {
    replicas: u32,
    mebibytes: u32,
    gibibytes: u32,
    runs: bool,
    restarts: u32,
    clients: Option<u32>,
    /// Role and revision of the password of the account `app`.
    account: Option<(&'static str, u32)>,
}

/// What a step may do to the instances of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touch {
    /// Those that stay are the same as before.
    Spares,
    /// None is the same as before.
    Renews,
}

/// What was there before a step: the instances of each database by name, with their uids.
pub(crate) type Before = BTreeMap<String, BTreeMap<String, String>>;

/// What a step was: in words, and which databases it renews.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    words: Vec<String>,
    touched: BTreeMap<String, Touch>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.words.join(", "))
    }
}

impl Step {
    fn say(&mut self, database: &str, what: &str, touch: Touch) {
        self.words.push(format!("{database} {what}"));
        self.touched.insert(database.to_owned(), touch);
    }
}

impl Inventory {
    /// So many small databases.
    pub(crate) fn of(databases: usize) -> Self {
        let mut inventory = Self::default();
        for _ in 0..databases {
            inventory.add();
        }
        inventory
    }

    fn add(&mut self) -> String {
        self.made += 1;
        let name = format!("db{}", self.made);
        let database = Database {
            replicas: 1,
            mebibytes: 128,
            gibibytes: 1,
            runs: true,
            restarts: 0,
            clients: None,
            account: None,
        };
        self.databases.insert(name.clone(), database);
        name
    }

    /// Changes so many things.
    pub(crate) fn change(&mut self, random: &mut StdRng, times: usize) -> Step {
        let mut step = Step::default();
        for _ in 0..times {
            self.change_one(random, &mut step);
        }
        step
    }

    fn change_one(&mut self, random: &mut StdRng, step: &mut Step) {
        match random.random_range(0..20) {
            0 => {
                let name = self.add();
                step.say(&name, "is new", Touch::Renews);
            }
            1 if self.databases.len() > 1 => {
                let name = self.databases.keys().choose(random).cloned().unwrap_or_default();
                self.databases.remove(&name);
                step.words.push(format!("{name} goes"));
            }
            2 => {
                let port = random.random_range(1..60_000);
                let name = format!("other{}", random.random_range(0..4));
                step.words.push(format!("{name} is at port {port}"));
                self.descriptors.insert(name, port);
            }
            3 => {
                if let Some((name, _)) = self.descriptors.pop_first() {
                    step.words.push(format!("{name} goes"));
                }
            }
            _ => {
                // One change of a database in a step: two could be none in the end.
                let fresh = self.databases.iter_mut().filter(|(name, _)| !step.touched.contains_key(*name));
                if let Some((name, database)) = fresh.choose(random) {
                    database.change(random, |what, touch| step.say(name, &what, touch));
                }
            }
        }
    }

    /// The configuration.
    pub(crate) fn hcl(&self, namespace: &str) -> String {
        let mut text = String::new();
        for (name, database) in &self.databases {
            text += &database.hcl(namespace, name);
        }
        for (name, port) in &self.descriptors {
            let _ = write!(
                text,
                r#"
resource "kubeblocks_service_descriptor" "{name}" {{
  namespace = "{namespace}"
  name      = "{name}"
  kind      = "etcd"
  version   = "v3.5.6"
  endpoint  = {{ value = "{name}.example.com" }}
  port      = {{ value = "{port}" }}
}}
"#
            );
        }
        text
    }

    /// Blocks that import everything.
    pub(crate) fn imports(&self, namespace: &str) -> String {
        let mut text = String::new();
        let mut block = |to: String, id: String| {
            let _ = write!(text, "\nimport {{\n  to = {to}\n  id = \"{namespace}/{id}\"\n}}\n");
        };
        for (name, database) in &self.databases {
            block(format!("kubeblocks_cluster.{name}"), name.clone());
            if database.account.is_some() {
                block(format!("kubeblocks_account.{name}"), format!("{name}/redis/app"));
            }
        }
        for name in self.descriptors.keys() {
            block(format!("kubeblocks_service_descriptor.{name}"), name.clone());
        }
        text
    }

    /// The instances as they are now.
    pub(crate) async fn instances(&self, namespace: &Namespace) -> Before {
        let mut instances = Before::new();
        for name in self.databases.keys() {
            let pods = namespace.pods(name).await;
            let named = pods.iter().filter_map(|pod| {
                let text = |field: &str| pod["metadata"][field].as_str().map(str::to_owned);
                Some((text("name")?, text("uid")?))
            });
            instances.insert(name.clone(), named.collect());
        }
        instances
    }

    /// What is not as described, or was touched without need.
    pub(crate) async fn wrong(&self, namespace: &Namespace, before: &Before, step: &Step) -> Vec<String> {
        let mut wrong = Vec::new();
        let there: BTreeSet<_> = namespace.cluster_names().await.into_iter().collect();
        let described: BTreeSet<_> = self.databases.keys().cloned().collect();
        if there != described {
            wrong.push(format!("there are {there:?}, and described are {described:?}"));
        }
        let now = self.instances(namespace).await;
        for (name, database) in &self.databases {
            wrong.extend(
                database.wrong(namespace, name).await.into_iter().map(|what| format!("{name}: {what}")),
            );
            let (Some(before), Some(now)) = (before.get(name), now.get(name)) else { continue };
            let stayed = |name: &String| before.get(name).is_some_and(|uid| now.get(name) == Some(uid));
            let same: Vec<_> = before.keys().filter(|name| stayed(name)).collect();
            let expected = match step.touched.get(name) {
                Some(Touch::Renews) => 0,
                Some(Touch::Spares) | None => before.keys().filter(|name| now.contains_key(*name)).count(),
            };
            if same.len() != expected {
                wrong.push(format!(
                    "{name}: the same instances as before are {same:?}, which should be {expected}"
                ));
            }
        }
        for (name, port) in &self.descriptors {
            let found =
                namespace.object("apps.kubeblocks.io", "ServiceDescriptor", "servicedescriptors", name).await;
            if found.as_ref().map(|found| &found["spec"]["port"]["value"]) != Some(&json!(port.to_string())) {
                wrong.push(format!("{name} is {found:?}"));
            }
        }
        wrong
    }
}

impl Database {
    fn change(&mut self, random: &mut StdRng, mut say: impl FnMut(String, Touch)) {
        if !self.runs {
            self.runs = true;
            return say("starts".to_owned(), Touch::Renews);
        }
        match random.random_range(0..8) {
            0 => {
                self.replicas = 1 + self.replicas % 3;
                say(format!("has {} instances", self.replicas), Touch::Spares);
            }
            1 => {
                self.mebibytes = if self.mebibytes == 128 { 192 } else { 128 };
                say(format!("has {} MiB", self.mebibytes), Touch::Renews);
            }
            2 if self.gibibytes < 8 => {
                self.gibibytes += 1;
                say(format!("has {} GiB", self.gibibytes), Touch::Spares);
            }
            3 => {
                self.restarts += 1;
                say("restarts".to_owned(), Touch::Renews);
            }
            // Accounts of a database that is stopped cannot be asked for.
            4 if self.account.is_none() => {
                self.runs = false;
                say("stops".to_owned(), Touch::Renews);
            }
            5 if self.account.is_some() => {
                self.account = None;
                say("has no account".to_owned(), Touch::Spares);
            }
            5 | 6 => {
                let (role, revision) = self.account.unwrap_or(("readwrite", 0));
                let role = if role == "readonly" { "readwrite" } else { "readonly" };
                self.account = Some((role, revision + 1));
                say(format!("has an account that is {role}"), Touch::Spares);
            }
            _ => {
                self.clients = match self.clients {
                    Some(_) if random.random_bool(0.3) => None,
                    _ => Some(random.random_range(1000..9000)),
                };
                say(format!("has {:?} clients", self.clients), Touch::Spares);
            }
        }
    }

    fn hcl(&self, namespace: &str, name: &str) -> String {
        let mut component = String::new();
        if let Some(clients) = self.clients {
            let _ =
                writeln!(component, "      parameters = {{ \"{FILE}\" = {{ maxclients = \"{clients}\" }} }}");
        }
        if self.restarts > 0 {
            let _ = writeln!(component, "      restart_trigger = \"{}\"", self.restarts);
        }
        let mut text = Redis::new(namespace, name)
            .replicas(self.replicas)
            .memory(&format!("{}Mi", self.mebibytes))
            .size(&format!("{}Gi", self.gibibytes))
            .component(&component)
            .extra(&format!("running = {}", self.runs))
            .to_string();
        if let Some((role, revision)) = self.account {
            let _ = write!(
                text,
                r#"
resource "kubeblocks_account" "{name}" {{
  namespace         = kubeblocks_cluster.{name}.namespace
  cluster           = kubeblocks_cluster.{name}.name
  name              = "app"
  role              = "{role}"
  password          = "secret{revision}"
  password_revision = {revision}
}}
"#
            );
        }
        text
    }

    async fn wrong(&self, namespace: &Namespace, name: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut differs = |what: &str, is: Value, should: Value| {
            if is != should {
                wrong.push(format!("{what} is {is}, and should be {should}"));
            }
        };
        let pods = namespace.pods(name).await;
        let instances = if self.runs { self.replicas } else { 0 };
        differs("the number of instances", pods.len().into(), instances.into());
        for pod in &pods {
            let memory = pod["spec"]["containers"][0]["resources"]["limits"]["memory"].clone();
            differs("the memory", memory, json!(format!("{}Mi", self.mebibytes)));
        }
        let claims = namespace.claims(name).await;
        let size = format!("{}Gi", self.gibibytes);
        // Claims of instances that are gone may stay as they were.
        let grown =
            claims.iter().filter(|claim| claim["spec"]["resources"]["requests"]["storage"] == size.as_str());
        differs(
            "whether enough claims have the size",
            json!(grown.count() >= instances as usize),
            json!(true),
        );
        if self.runs {
            let clients = namespace.parameter(name, FILE, "maxclients").await;
            differs("maxclients", json!(clients), json!(self.clients.unwrap_or(CLIENTS).to_string()));
        }
        let accounts = namespace.accounts(name, "redis").await;
        differs(
            "whether there is an account",
            accounts.contains_key("app").into(),
            self.account.is_some().into(),
        );
        wrong
    }
}
