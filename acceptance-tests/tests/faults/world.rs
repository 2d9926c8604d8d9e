//! Where lives go on, seen by an administrator past all faults: what is there, and what somebody else does to it.

use std::path::PathBuf;
use std::time::Duration;

use acceptance_tests::api_faults::ApiFaults;
use acceptance_tests::control_plane;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::platform::{Platform, api_of};
use crate::playground::Playground;
use crate::scenarios::{Names, Place, Scenario, Subject};

/// How long what the playground does by itself may take. Only what is broken reaches it.
const CERTAIN: Duration = Duration::from_secs(100);
/// A note of somebody else's on an object, which is to live on.
pub(crate) const NOTE: &str = "example.com/note";

/// One Kubernetes cluster, and a faulty way to it of one's own.
pub(crate) struct World {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) api: ApiFaults,
    client: kube::Client,
}

/// What is found of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) object: Value,
}

impl World {
    pub(crate) async fn of(place: Place) -> Self {
        let (kubeconfig, api) = match place {
            Place::Playground => {
                let playground = Playground::shared().await;
                (playground.kubeconfig().to_owned(), playground.faulty_api().await)
            }
            Place::Platform => {
                let platform = Platform::with_operator().await;
                (platform.kubeconfig().to_owned(), platform.faulty_api().await)
            }
        };
        let client = control_plane::client(&kubeconfig).await.expect("the control plane answers");
        Self { kubeconfig, api, client }
    }

    fn objects(&self, kind: (&str, &str, &str), namespace: Option<&str>) -> Api<DynamicObject> {
        api_of(&self.client, kind, namespace)
    }

    /// Makes a namespace of this name.
    pub(crate) async fn has_namespace(&self, name: &str) {
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let applied = PatchParams::apply("faults");
        let namespaces = self.objects(("", "Namespace", "namespaces"), None);
        namespaces.patch(name, &applied, &Patch::Apply(object)).await.expect("it is made");
    }

    /// Everything of a life that a resource of the scenario stands for. There should be one, or none.
    pub(crate) async fn find(&self, scenario: &Scenario, names: &Names) -> Vec<Found> {
        let Subject::Object(group, kind, plural, namespaced) = scenario.subject else {
            return self.accounts(names).await;
        };
        let objects = self.objects((group, kind, plural), namespaced.then_some(names.namespace.as_str()));
        let all = objects.list(&ListParams::default()).await.expect("the control plane answers");
        let found = all.into_iter().map(|object| Found {
            name: object.metadata.name.clone().unwrap_or_default(),
            uid: object.metadata.uid.clone().unwrap_or_default(),
            object: serde_json::to_value(object).expect("objects are JSON"),
        });
        // An operation is named by its inputs; no other life has one in this namespace.
        let is_named = kind != "OpsRequest";
        let of_this_life = |found: &Found| !is_named || found.name.starts_with(&names.name);
        found.filter(of_this_life).collect()
    }

    /// Accounts are no objects: the playground's engine keeps them in a `ConfigMap`.
    async fn accounts(&self, names: &Names) -> Vec<Found> {
        let maps = self.objects(("", "ConfigMap", "configmaps"), Some(&names.namespace));
        let map = maps.get_opt("db-redis-playground-accounts").await.expect("the control plane answers");
        let accounts = map.map(|map| map.data["data"].clone()).unwrap_or_default();
        let accounts = accounts.as_object().cloned().unwrap_or_default();
        let found = accounts.into_iter().map(|(name, object)| Found { uid: name.clone(), name, object });
        found.filter(|found| found.name.starts_with(&names.name)).collect()
    }

    /// Whether a Cluster still says that an account is being made.
    pub(crate) async fn account_marks(&self, names: &Names) -> Vec<String> {
        let clusters = self.objects(("apps.kubeblocks.io", "Cluster", "clusters"), Some(&names.namespace));
        let cluster = clusters.get_opt("db").await.expect("the control plane answers");
        let annotations = cluster.and_then(|cluster| cluster.metadata.annotations).unwrap_or_default();
        annotations.into_keys().filter(|key| key.starts_with("terraform.kubeblocks.io/account.")).collect()
    }

    /// Somebody else deletes what there is. Whether there was something.
    pub(crate) async fn delete(&self, scenario: &Scenario, names: &Names) -> bool {
        let found = self.find(scenario, names).await;
        for one in &found {
            if let Subject::Object(group, kind, plural, namespaced) = scenario.subject {
                let namespace = namespaced.then_some(names.namespace.as_str());
                // It may be gone in between, which is just as well.
                let objects = self.objects((group, kind, plural), namespace);
                if kind == "Backup" {
                    // KubeBlocks never lets go of one that is to be retained.
                    let patch = Patch::Merge(json!({ "spec": { "deletionPolicy": "Delete" } }));
                    let _ = objects.patch(&one.name, &PatchParams::default(), &patch).await;
                }
                let _ = objects.delete(&one.name, &DeleteParams::default()).await;
            } else {
                let maps = self.objects(("", "ConfigMap", "configmaps"), Some(&names.namespace));
                let patch = Patch::Merge(json!({ "data": { &one.name: null } }));
                let changed =
                    maps.patch("db-redis-playground-accounts", &PatchParams::default(), &patch).await;
                changed.expect("there are accounts");
            }
        }
        !found.is_empty()
    }

    /// Makes an object that was deleted once more, as it was described.
    pub(crate) async fn create(
        &self,
        scenario: &Scenario,
        names: &Names,
        found: &Found,
    ) -> Result<(), String> {
        let Subject::Object(group, kind, plural, namespaced) = scenario.subject else { return Ok(()) };
        let objects = self.objects((group, kind, plural), namespaced.then_some(names.namespace.as_str()));
        let (metadata, mut spec) = (&found.object["metadata"], found.object["spec"].clone());
        // As it comes with the operator: off.
        if let Some(enabled) = spec.pointer_mut("/install/enabled") {
            *enabled = false.into();
        }
        let object = json!({
            "apiVersion": found.object["apiVersion"],
            "kind": kind,
            "metadata": { "name": found.name, "labels": metadata["labels"], "annotations": metadata["annotations"] },
            "spec": spec,
        });
        let object = serde_json::from_value(object).expect("it was an object");
        match objects.create(&PostParams::default(), &object).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            Err(error) => Err(format!("{} cannot be put back: {error}", found.name)),
        }
    }

    /// Waits until what is being deleted is gone.
    pub(crate) async fn until_gone(&self, scenario: &Scenario, names: &Names) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + CERTAIN;
        loop {
            let found = self.find(scenario, names).await;
            if found.iter().all(|one| one.object["metadata"]["deletionTimestamp"].is_null()) {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                return Err("what somebody deleted does not go".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Somebody else leaves a note on what there is. Whether there was something.
    pub(crate) async fn note(&self, scenario: &Scenario, names: &Names, text: &str) -> bool {
        let Subject::Object(group, kind, plural, namespaced) = scenario.subject else { return false };
        let found = self.find(scenario, names).await;
        let namespace = namespaced.then_some(names.namespace.as_str());
        let objects = self.objects((group, kind, plural), namespace);
        let parameters = PatchParams { field_manager: Some("kubectl".to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { NOTE: text } } }));
        let mut noted = false;
        for one in found {
            noted |= objects.patch(&one.name, &parameters, &patch).await.is_ok();
        }
        noted
    }

    /// What is left of a life, as `Kind/name`. What belongs to something that goes may go a moment later.
    pub(crate) async fn leftovers(&self, names: &Names) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + CERTAIN;
        loop {
            let left = self.left(names).await;
            if left.is_empty() || tokio::time::Instant::now() > deadline {
                return left;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn left(&self, names: &Names) -> Vec<String> {
        let kinds = [
            ("", "Secret", "secrets"),
            ("apps", "StatefulSet", "statefulsets"),
            ("", "Pod", "pods"),
            ("", "PersistentVolumeClaim", "persistentvolumeclaims"),
            ("batch", "CronJob", "cronjobs"),
            ("", "Service", "services"),
        ];
        let mut left = Vec::new();
        for kind in kinds {
            for namespace in [names.namespace.as_str(), "kb-system"] {
                let listed = self.objects(kind, Some(namespace)).list(&ListParams::default()).await;
                let all = listed.expect("the control plane answers");
                let of_this_life = all.into_iter().filter_map(|object| object.metadata.name);
                let of_this_life = of_this_life.filter(|name| name.contains(&names.name));
                left.extend(of_this_life.map(|name| format!("{}/{name}", kind.1)));
            }
            // One kind that is not empty is reason enough to look again.
            if !left.is_empty() {
                return left;
            }
        }
        left
    }
}
