//! What there is to see of a change: pods, volumes, files and Secrets, as the API server shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::NAMESPACE;
use super::engine::Engine;
use crate::platform::Platform;

/// Everything of the namespace at one moment.
pub(super) struct Look {
    clusters: Vec<Value>,
    pods: Vec<Value>,
    claims: Vec<Value>,
    secrets: Vec<Value>,
    maps: Vec<Value>,
}

fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["labels"][name].as_str()
}

fn is_of(object: &Value, cluster: &str, component: &str) -> bool {
    label(object, "app.kubernetes.io/instance") == Some(cluster)
        && label(object, "apps.kubeblocks.io/component-name") == Some(component)
}

fn leads(pod: &Value) -> bool {
    matches!(label(pod, "kubeblocks.io/role"), Some("leader" | "primary" | "master"))
}

impl Look {
    pub(super) async fn at(platform: &Platform) -> Self {
        let list = |group: &'static str, kind: &'static str, plural: &'static str| {
            platform.list(group, kind, plural, Some(NAMESPACE))
        };
        Self {
            clusters: list("apps.kubeblocks.io", "Cluster", "clusters").await,
            pods: list("", "Pod", "pods").await,
            claims: list("", "PersistentVolumeClaim", "persistentvolumeclaims").await,
            secrets: list("", "Secret", "secrets").await,
            maps: list("", "ConfigMap", "configmaps").await,
        }
    }

    fn pods(&self, engine: &Engine) -> Vec<&Value> {
        let (cluster, component) = (engine.cluster(), engine.main().name);
        self.pods.iter().filter(|pod| is_of(pod, &cluster, component)).collect()
    }

    fn claims(&self, engine: &Engine) -> Vec<&Value> {
        let (cluster, component) = (engine.cluster(), engine.main().name);
        self.claims.iter().filter(|claim| is_of(claim, &cluster, component)).collect()
    }

    fn spec(&self, engine: &Engine) -> &Value {
        let cluster =
            self.clusters.iter().find(|cluster| cluster["metadata"]["name"] == engine.cluster().as_str());
        let cluster = cluster.unwrap_or_else(|| panic!("{} is not there", engine.name));
        let specs = cluster["spec"]["componentSpecs"].as_array().expect("components");
        specs.iter().find(|spec| spec["name"] == engine.main().name).expect("the main component")
    }

    pub(super) fn collects_logs(&self, engine: &Engine) {
        assert_eq!(self.spec(engine)["enabledLogs"][0], engine.log(), "{}", engine.name);
        assert!(!self.pods(engine).is_empty(), "{}: and it runs", engine.name);
    }

    pub(super) fn is_monitored(&self, engine: &Engine) {
        assert_eq!(self.spec(engine)["monitor"], true, "{}", engine.name);
        assert!(!self.pods(engine).is_empty(), "{}: and it runs", engine.name);
    }

    pub(super) fn has_cpu(&self, engine: &Engine, cpu: &str) {
        for pod in self.pods(engine) {
            let of = &pod["spec"]["containers"][0]["resources"]["requests"]["cpu"];
            assert_eq!(of, cpu, "{}: {}", engine.name, pod["metadata"]["name"]);
        }
    }

    pub(super) fn has_instances(&self, engine: &Engine, count: u32) {
        let pods = self.pods(engine);
        assert_eq!(u32::try_from(pods.len()).ok(), Some(count), "{}", engine.name);
    }

    pub(super) fn has_volumes(&self, engine: &Engine, size: &str) {
        let claims = self.claims(engine);
        assert!(!claims.is_empty(), "{}", engine.name);
        for claim in claims {
            assert_eq!(
                claim["status"]["capacity"]["storage"], size,
                "{}: {}",
                engine.name, claim["metadata"]["name"]
            );
        }
    }

    fn uids(of: &[&Value]) -> BTreeSet<String> {
        of.iter().map(|object| object["metadata"]["uid"].to_string()).collect()
    }

    pub(super) fn are_new_since(&self, before: &Self, engine: &Engine) {
        let (now, then) = (Self::uids(&self.pods(engine)), Self::uids(&before.pods(engine)));
        assert!(!now.is_empty() && now.is_disjoint(&then), "{}", engine.name);
    }

    pub(super) fn keeps_volumes_of(&self, before: &Self, engine: &Engine) {
        let (now, then) = (Self::uids(&self.claims(engine)), Self::uids(&before.claims(engine)));
        assert!(then.is_subset(&now), "{}", engine.name);
    }

    /// Names of the pods, by whether they lead.
    fn by_role(&self, engine: &Engine) -> BTreeMap<bool, Vec<String>> {
        let mut all: BTreeMap<bool, Vec<String>> = BTreeMap::new();
        for pod in self.pods(engine) {
            let name = pod["metadata"]["name"].as_str().expect("a name").to_owned();
            all.entry(leads(pod)).or_default().push(name);
        }
        all
    }

    pub(super) fn leader(&self, engine: &Engine) -> Option<String> {
        self.by_role(engine).remove(&true).and_then(|mut leaders| leaders.pop())
    }

    pub(super) fn uid_of_leader(&self, engine: &Engine) -> String {
        let leader = self.pods(engine).into_iter().find(|pod| leads(pod)).expect("somebody leads");
        leader["metadata"]["uid"].as_str().expect("a uid").to_owned()
    }

    pub(super) fn follower(&self, engine: &Engine) -> String {
        let mut followers = self.by_role(engine).remove(&false).unwrap_or_default();
        followers.sort();
        followers.into_iter().next().unwrap_or_else(|| panic!("{}: nobody follows", engine.name))
    }

    fn map(&self, name: &str) -> Option<&Value> {
        self.maps.iter().find(|map| map["metadata"]["name"] == name)
    }

    /// Whether a file of the instances has the other value of the parameter.
    pub(super) fn has_parameter(&self, engine: &Engine) {
        let (key, value) = engine.parameter();
        let files = self.map(&engine.config_map()).expect("the file exists")["data"].as_object();
        let files = files.expect("files");
        let has = |file: &Value| {
            let mut lines = file.as_str().unwrap_or_default().lines();
            lines.any(|line| line.trim_start().starts_with(key) && line.contains(&value))
        };
        assert!(files.values().any(has), "{}: {key} is not {value} in {files:#?}", engine.name);
    }

    /// Whether the engine has the account, with the rights of a reader, as the playground keeps it.
    pub(super) fn has_reader(&self, engine: &Engine) {
        let name = format!("{}-{}-playground-accounts", engine.cluster(), engine.main().name);
        let account = self.map(&name).map(|map| map["data"]["app"].as_str().unwrap_or_default().to_owned());
        let account: Value = serde_json::from_str(&account.unwrap_or_default()).unwrap_or_default();
        let grants = account["grants"].to_string().to_lowercase();
        let may = |what: &str| grants.contains(what);
        assert!((may("read") || may("select")) && !may("write"), "{}: {account:#}", engine.name);
    }

    pub(super) fn is_copied(&self, engine: &Engine) {
        let copy = format!("{}-copy", engine.cluster());
        let component = engine.main().name;
        assert!(self.pods.iter().any(|pod| is_of(pod, &copy, component)), "{}: the copy runs", engine.name);
        let password = |cluster: &str| {
            let name = format!("{cluster}-conn-credential");
            let secret = self.secrets.iter().find(|secret| secret["metadata"]["name"] == name.as_str());
            secret.map(|secret| secret["data"]["password"].clone())
        };
        let source = password(&engine.cluster());
        assert!(source.is_some() && source == password(&copy), "{}: passwords", engine.name);
    }

    pub(super) fn has_images_of(&self, engine: &Engine, before: &Self) {
        let images = |look: &Self| -> BTreeSet<String> {
            look.pods(engine).iter().map(|pod| pod["spec"]["containers"][0]["image"].to_string()).collect()
        };
        let (now, then) = (images(self), images(before));
        assert!(now.len() == 1 && now.is_disjoint(&then), "{}: {then:?} -> {now:?}", engine.name);
    }
}

/// Waits until another pod leads than the one with that uid.
pub(super) async fn until_another_leads(platform: &Platform, engine: &Engine, old: &str) {
    let selector = format!(
        "app.kubernetes.io/instance={},apps.kubeblocks.io/component-name={}",
        engine.cluster(),
        engine.main().name
    );
    for _ in 0..600 {
        let found = platform.kubectl(&["-n", NAMESPACE, "get", "pods", "-l", &selector, "-o", "json"]).await;
        let pods: Value = serde_json::from_str(&found.succeeded().stdout).expect("JSON");
        let mut pods = pods["items"].as_array().expect("pods").iter();
        if pods.any(|pod| leads(pod) && pod["metadata"]["uid"] != old) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("{}: nobody else leads", engine.name);
}
