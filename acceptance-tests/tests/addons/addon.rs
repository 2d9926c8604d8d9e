//! One Addon as the tests look at it.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::playground::{NAMESPACE, until};

/// Objects of one of KubeBlocks' kinds outside namespaces.
pub(crate) fn kind(client: &Client, group: &str, kind: &str) -> Api<DynamicObject> {
    let group = format!("{group}.kubeblocks.io");
    Api::all_with(client.clone(), &ApiResource::from_gvk(&GroupVersionKind::gvk(&group, "v1alpha1", kind)))
}

/// An Addon and what belongs to it.
pub(crate) struct Addon {
    client: Client,
    pub(crate) name: String,
}

impl Addon {
    pub(crate) fn of(client: &Client, name: &str) -> Self {
        Self { client: client.clone(), name: name.to_owned() }
    }

    /// Creates an Addon of this name with a chart of the playground.
    pub(crate) async fn create(client: &Client, name: &str, helm: Value) -> Self {
        let addon = Self::of(client, name);
        let mut chart = json!({ "chartLocationURL": "file:///etcd-0.7.5.tgz",
            "chartsImage": "docker.io/apecloud/kubeblocks-charts:0.7.5" });
        chart.as_object_mut().unwrap().extend(helm.as_object().unwrap().clone());
        let object = json!({
            "apiVersion": "extensions.kubeblocks.io/v1alpha1",
            "kind": "Addon",
            "metadata": { "name": name },
            "spec": {
                "type": "Helm",
                "helm": chart,
                "defaultInstallValues": [{ "replicas": 1 }],
                "install": { "enabled": true },
            },
        });
        let parameters = PatchParams::apply("test");
        addon.api().patch(name, &parameters, &Patch::Apply(&object)).await.unwrap();
        addon
    }

    pub(crate) fn api(&self) -> Api<DynamicObject> {
        kind(&self.client, "extensions", "Addon")
    }

    pub(crate) async fn enable(&self, is_enabled: bool) {
        let patch = json!({ "spec": { "install": { "enabled": is_enabled } } });
        self.api().patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    }

    pub(crate) async fn delete(&self) {
        self.api().delete(&self.name, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) async fn get(&self) -> DynamicObject {
        self.api().get(&self.name).await.unwrap()
    }

    pub(crate) async fn phase(&self) -> String {
        self.get().await.data["status"]["phase"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits for a phase of the present spec.
    #[track_caller]
    pub(crate) fn until_phase(&self, phase: &str) -> impl Future<Output = DynamicObject> {
        let (api, name, phase) = (self.api(), self.name.clone(), phase.to_owned());
        let caller = std::panic::Location::caller();
        async move {
            let is_so = |addon: Option<&DynamicObject>| {
                addon.is_some_and(|addon| {
                    addon.data["status"]["phase"] == *phase
                        && addon.data["status"]["observedGeneration"] == json!(addon.metadata.generation)
                })
            };
            let waiting = until(&api, &name, is_so);
            waiting.await.unwrap_or_else(|| panic!("{caller}: the Addon is gone"))
        }
    }

    pub(crate) async fn until_gone(&self) {
        until(&self.api(), &self.name, |addon: Option<&DynamicObject>| addon.is_none()).await;
    }

    /// Waits for the condition that says why nothing goes on, and gives its message.
    pub(crate) async fn until_reason(&self, reason: &str) -> String {
        let message = |addon: &DynamicObject| {
            let conditions = addon.data["status"]["conditions"].as_array()?;
            let found = conditions.iter().find(|condition| condition["reason"] == *reason)?;
            Some(found["message"].as_str()?.to_owned())
        };
        let api = self.api();
        let is_so = |addon: Option<&DynamicObject>| addon.and_then(message).is_some();
        let addon = until(&api, &self.name, is_so).await.unwrap();
        message(&addon).unwrap()
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    fn release(&self, revision: u32) -> String {
        format!("sh.helm.release.v1.kb-addon-{}.v{revision}", self.name)
    }

    /// Whether helm has the first revision of the add-on's release.
    pub(crate) async fn is_released(&self) -> bool {
        self.secrets().get_opt(&self.release(1)).await.unwrap().is_some()
    }

    pub(crate) async fn until_released(&self) {
        until(&self.secrets(), &self.release(1), |secret: Option<&Secret>| {
            secret.is_some_and(|secret| {
                secret.labels().get("status").is_some_and(|status| status == "deployed")
            })
        })
        .await;
    }

    /// Waits until the operator has tidied up, which it does after it has said that it is done.
    pub(crate) async fn until_tidy(&self) {
        let jobs: Api<Job> = Api::namespaced(self.client.clone(), NAMESPACE);
        for action in ["install", "uninstall"] {
            let name = format!("{action}-{}-addon", self.name);
            until(&jobs, &name, |job: Option<&Job>| job.is_none()).await;
        }
    }

    /// The pods of the add-on's Jobs.
    pub(crate) async fn pods(&self) -> Vec<Pod> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), NAMESPACE);
        let own = ListParams::default().labels(&format!("extensions.kubeblocks.io/addon-name={}", self.name));
        pods.list(&own).await.unwrap().items
    }

    /// A pod of the add-on's Jobs that is as it should be.
    pub(crate) async fn until_pod(&self, is_so: impl Fn(&Pod) -> bool) -> Pod {
        let found = async {
            loop {
                if let Some(pod) = self.pods().await.into_iter().find(|pod| is_so(pod)) {
                    return pod;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let Ok(pod) = tokio::time::timeout(Duration::from_mins(2), found).await else {
            panic!("no pod of {} is so: {:#?}", self.name, self.pods().await)
        };
        pod
    }
}
