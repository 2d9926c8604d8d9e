//! The control plane that all tests share, and the operator on it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use acceptance_tests::addon_jobs::{self, AddonJobs};
use acceptance_tests::charts::Charts;
use acceptance_tests::control_plane::{self, ControlPlane};
use acceptance_tests::operator::{self, Faults};
use acceptance_tests::tools;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, PostParams};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::process::Command;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::addon::Addon;

/// A limit for everything that the playground does in seconds; wide, because machines of tests are busy.
const LIMIT: Duration = Duration::from_mins(2);

/// Where the operator is.
pub(crate) const NAMESPACE: &str = "kb-system";

/// What the operator installs without being asked.
pub(crate) const AUTOMATIC: [&str; 8] =
    ["apecloud-mysql", "kafka", "mongodb", "mysql", "postgresql", "pulsar", "redis", "snapshot-controller"];

/// A control plane with the node that runs the Jobs of add-ons.
pub(crate) struct Playground {
    plane: ControlPlane,
    pub(crate) faults: Faults,
    /// Whether the operator is installed. Held for writing by tests that need it alone.
    operator: RwLock<bool>,
    /// A Deployment of the operator's program that was there before the kinds: its conditions of availability.
    pub(crate) ready_without_kinds: bool,
}

impl Playground {
    /// The playground of all tests of this process. It ends with the process.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Playground> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let plane = ControlPlane::start(control_plane::Options::default()).await.unwrap();
        let faults = Faults::default();
        let charts = charts().await.addon_archives();
        let kubeconfig = plane.kubeconfig().to_owned();
        let options = tokio::task::spawn_blocking(move || addon_jobs::Options::new(&kubeconfig, &charts));
        let options = addon_jobs::Options { faults: faults.clone(), ..options.await.unwrap().unwrap() };
        run(plane.kubeconfig(), options).await;
        let ready_without_kinds = idle_operator(&plane.client().await.unwrap()).await;
        Self { plane, faults, operator: RwLock::new(false), ready_without_kinds }
    }

    pub(crate) async fn client(&self) -> Client {
        self.plane.client().await.unwrap()
    }

    /// The operator is there as long as the guard.
    pub(crate) async fn installed(&self) -> RwLockReadGuard<'_, bool> {
        loop {
            let is_there = self.operator.read().await;
            if *is_there {
                return is_there;
            }
            drop(is_there);
            let mut is_there = self.operator.write().await;
            self.install(&mut is_there).await;
        }
    }

    /// The operator is there, and no other test relies on it while the guard is held. Whoever removes it says so.
    pub(crate) async fn alone(&self) -> RwLockWriteGuard<'_, bool> {
        let mut is_there = self.operator.write().await;
        self.install(&mut is_there).await;
        is_there
    }

    async fn install(&self, is_there: &mut bool) {
        if *is_there {
            return;
        }
        let chart = charts().await.operator_folder("0.7.5");
        let output = self
            .helm(&[
                "upgrade",
                "--install",
                "kubeblocks",
                chart.to_str().unwrap(),
                "--create-namespace",
                "--wait",
                // Kubernetes' controller of aggregated roles brings some back that helm has just removed.
                "--take-ownership",
            ])
            .await;
        assert!(output.status.success(), "{}", text(&output));
        // What a test does to the operator must not meet what it installs by itself.
        let client = self.client().await;
        for addon in AUTOMATIC {
            Addon::of(&client, addon).until_phase("Enabled").await;
        }
        *is_there = true;
    }

    /// Runs helm as the administrator in the namespace of the operator.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> Output {
        let helm = tokio::task::spawn_blocking(tools::helm).await.unwrap().unwrap();
        let home = tempfile::tempdir().unwrap();
        Command::new(helm)
            .args(arguments)
            .args(["--namespace", NAMESPACE])
            .env("KUBECONFIG", self.plane.kubeconfig())
            .env("HELM_CACHE_HOME", home.path())
            .env("HELM_CONFIG_HOME", home.path())
            .env("HELM_DATA_HOME", home.path())
            .output()
            .await
            .unwrap()
    }

    /// Runs kubectl as the administrator; nothing without one.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Option<Output> {
        let kubectl = tools::kubectl()?;
        Some(
            Command::new(kubectl)
                .args(arguments)
                .args(["--namespace", NAMESPACE])
                .env("KUBECONFIG", self.plane.kubeconfig())
                .output()
                .await
                .unwrap(),
        )
    }
}

async fn charts() -> &'static Charts {
    tokio::task::spawn_blocking(Charts::packaged).await.unwrap().unwrap()
}

/// What a program said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs the node and the stand-in on a runtime of their own: that of the test that came first ends with it.
async fn run(kubeconfig: &Path, options: addon_jobs::Options) {
    let kubeconfig: PathBuf = kubeconfig.to_owned();
    let (started, ready) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let client = control_plane::client(&kubeconfig).await.unwrap();
            let faults = options.faults.clone();
            let mut jobs = AddonJobs::start(client.clone(), options).await.unwrap();
            let _ = started.send(());
            let options = operator::Options { faults, ..operator::Options::default() };
            tokio::select! {
                error = jobs.ended() => panic!("{error}"),
                ended = operator::run_when_installed(client, options) => ended.unwrap(),
            }
        });
    });
    ready.await.unwrap();
}

/// The name of an operator that runs no controller, so that it harms nobody.
pub(crate) const IDLE: &str = "idle-operator";

/// Installs an operator where its kinds are not. Says whether its pods are ready once they have been made to crash.
async fn idle_operator(client: &Client) -> bool {
    let labels = json!({ "app.kubernetes.io/name": "kubeblocks", "app.kubernetes.io/instance": IDLE });
    let object = serde_json::from_value(json!({
        "metadata": { "name": IDLE, "labels": labels },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{
                    "name": "manager",
                    "image": "kubeblocks",
                    "args": ["--apps=false", "--workloads=false", "--storage=false", "--extensions=false"],
                }]},
            },
        },
    }))
    .unwrap();
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "default");
    deployments.create(&PostParams::default(), &object).await.unwrap();
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client.clone(), "default");
    let selector = kube::api::ListParams::default().labels(&format!("app.kubernetes.io/instance={IDLE}"));
    // A pod is ready for a moment, as a container is until it ends.
    let pod = loop {
        if let Some(pod) = pods.list(&selector).await.unwrap().items.first() {
            break pod.name_any();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    until(&pods, &pod, |pod: Option<&k8s_openapi::api::core::v1::Pod>| {
        pod.is_some_and(|pod| {
            pod.annotations().contains_key("playground.kubeblocks.io/fault") && !is_ready(pod)
        })
    })
    .await;
    let pod = pods.get(&pod).await.unwrap();
    is_ready(&pod)
}

fn is_ready(pod: &k8s_openapi::api::core::v1::Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Waits until the object is as it should be, and returns it; `None` if it is gone.
#[track_caller]
pub(crate) fn until<'a, K>(
    api: &'a Api<K>,
    name: &'a str,
    condition: impl Condition<K> + 'a,
) -> impl Future<Output = Option<K>> + 'a
where
    K: Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static + kube::Resource,
{
    let caller = std::panic::Location::caller();
    async move {
        let waiting = Box::pin(await_condition(api.clone(), name, condition));
        let Ok(found) = tokio::time::timeout(LIMIT, waiting).await else {
            panic!("{caller}: still not so: {:#?}", api.get_opt(name).await);
        };
        found.unwrap()
    }
}
