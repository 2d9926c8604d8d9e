//! Plays the containers of the operator's Deployments: controllers run while pods of theirs are ready.
//!
//! The pods themselves are simulated. A real container ends when the kinds of `KubeBlocks` are not installed, so the
//! pods are then made to crash by the fault that simulated pods know, and they run again once the kinds are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::Api;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::addon::Surroundings;
use super::error::Error;
use super::naming::{LABEL_NAME, PLAYGROUND_PREFIX};
use super::options::{Options, PodFault};
use super::settings::Settings;
use super::store::Store;
use super::{Context, controllers};

/// How soon a container that has ended is started again. A kubelet takes longer each time, which would only cost time.
const RESTART: Duration = Duration::from_secs(1);

/// What the controllers watch.
const KINDS: [&str; 16] = [
    "actionsets.dataprotection.kubeblocks.io",
    "addons.extensions.kubeblocks.io",
    "backuppolicies.dataprotection.kubeblocks.io",
    "backuppolicytemplates.apps.kubeblocks.io",
    "backuprepos.dataprotection.kubeblocks.io",
    "backups.dataprotection.kubeblocks.io",
    "backupschedules.dataprotection.kubeblocks.io",
    "clusterdefinitions.apps.kubeblocks.io",
    "clusters.apps.kubeblocks.io",
    "clusterversions.apps.kubeblocks.io",
    "configconstraints.apps.kubeblocks.io",
    "configurations.apps.kubeblocks.io",
    "opsrequests.apps.kubeblocks.io",
    "replicatedstatemachines.workloads.kubeblocks.io",
    "restores.dataprotection.kubeblocks.io",
    "storageproviders.storage.kubeblocks.io",
];

/// Follows the Deployments of the operator until the watch ends.
pub(super) async fn run(client: Client, options: Options) -> Result<(), Error> {
    let deployments: Api<Deployment> = Api::all(client.clone());
    let wanted = watcher::Config::default().labels(&format!("{LABEL_NAME}=kubeblocks"));
    let mut events = watcher(deployments, wanted).default_backoff().boxed();
    let mut launcher = Launcher { store: Store::new(client), options, played: BTreeMap::new() };
    let mut restarts = tokio::time::interval(RESTART);
    restarts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Deployments of a list that is being read; those missing in it are gone.
    let mut listed = BTreeSet::new();
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(watcher::Event::Init)) => listed.clear(),
                Some(Ok(watcher::Event::InitApply(deployment))) => {
                    listed.insert(key(&deployment));
                    Box::pin(launcher.look(deployment)).await;
                }
                Some(Ok(watcher::Event::InitDone)) => launcher.mark_deleted(|key| !listed.contains(key)),
                Some(Ok(watcher::Event::Apply(deployment))) => Box::pin(launcher.look(deployment)).await,
                Some(Ok(watcher::Event::Delete(deployment))) => {
                    let deleted = key(&deployment);
                    launcher.mark_deleted(|key| *key == deleted);
                }
                Some(Err(error)) => tracing::debug!(%error, "the watch of the operator's Deployments is restarted"),
                None => return Err(Error::Ended { kind: "Deployment" }),
            },
            _ = restarts.tick() => Box::pin(launcher.tick()).await,
        }
    }
}

/// Namespace and name.
type Key = (String, String);

fn key(deployment: &Deployment) -> Key {
    (deployment.namespace().unwrap_or_default(), deployment.name_any())
}

/// The programs that the operator's images hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Manager,
    DataProtection,
}

impl Program {
    /// The program of a container, which is named after it.
    fn of(container: &Container) -> Option<Self> {
        match container.name.as_str() {
            "manager" => Some(Self::Manager),
            "dataprotection" => Some(Self::DataProtection),
            _ => None,
        }
    }

    /// Whether the program watches a kind.
    fn needs(self, definition: &str) -> bool {
        // The manager makes policies of backups for its clusters, too.
        self == Self::Manager || definition.ends_with(".dataprotection.kubeblocks.io")
    }
}

/// What is played for one Deployment. Dropping it ends the controllers.
struct Played {
    deployment: Deployment,
    running: Option<Running>,
    /// Whether the pods were made to crash.
    is_crashing: bool,
    /// Whether the Deployment is gone; its pods live a moment longer, and with them what is played.
    is_deleted: bool,
}

/// Controllers, and the container that they were made from.
struct Running {
    container: Container,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The container that is played, if the Deployment has one.
fn container(deployment: &Deployment) -> Option<(Program, Container)> {
    let pod = deployment.spec.template.spec.as_ref()?;
    pod.containers.iter().find_map(|container| Some((Program::of(container)?, container.clone())))
}

fn has_ready_pods(deployment: &Deployment) -> bool {
    deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default() > 0
}

fn wants_pods(deployment: &Deployment) -> bool {
    deployment.spec.replicas.unwrap_or(1) > 0
}

struct Launcher {
    store: Store,
    options: Options,
    played: BTreeMap<Key, Played>,
}

impl Launcher {
    /// Brings what is played to what a Deployment says.
    async fn look(&mut self, deployment: Deployment) {
        let Some((program, container)) = container(&deployment) else { return };
        let key = key(&deployment);
        let mut played = self.played.remove(&key).unwrap_or_else(|| Played {
            deployment: deployment.clone(),
            running: None,
            is_crashing: false,
            is_deleted: false,
        });
        played.deployment = deployment;
        played.is_deleted = false;
        if !has_ready_pods(&played.deployment) {
            played.running = None;
            // Pods that crash are not ready; that ends by `restart`, or with the pods.
            played.is_crashing &= wants_pods(&played.deployment);
        } else if played.running.as_ref().is_none_or(|running| running.container != container) {
            played.running = None;
            self.start(&mut played, program, container).await;
        }
        self.played.insert(key, played);
    }

    fn mark_deleted(&mut self, is_deleted: impl Fn(&Key) -> bool) {
        for (_, played) in self.played.iter_mut().filter(|(key, _)| is_deleted(key)) {
            played.is_deleted = true;
        }
    }

    /// Ends what has no pods left, and starts again what has ended by itself.
    async fn tick(&mut self) {
        let mut gone = Vec::new();
        for (key, played) in self.played.iter().filter(|(_, played)| played.is_deleted) {
            let Some((program, _)) = container(&played.deployment) else { continue };
            match self.pods(&played.deployment, program).await {
                Ok(pods) if pods.iter().any(|pod| pod.metadata.deletion_timestamp.is_none()) => {}
                Ok(_) => gone.push(key.clone()),
                Err(error) => tracing::debug!(error = %error.chain(), "the operator's pods cannot be read"),
            }
        }
        self.played.retain(|key, _| !gone.contains(key));
        self.restart().await;
    }

    async fn restart(&mut self) {
        let is_due = |played: &Played| {
            played.is_crashing || played.running.as_ref().is_some_and(|running| running.task.is_finished())
        };
        let due: Vec<Key> =
            self.played.iter().filter(|(_, played)| is_due(played)).map(|(key, _)| key.clone()).collect();
        for key in due {
            let Some(mut played) = self.played.remove(&key) else { continue };
            if let Some((program, container)) = container(&played.deployment) {
                played.running = None;
                self.start(&mut played, program, container).await;
            }
            self.played.insert(key, played);
        }
    }

    /// Starts the controllers, or makes the pods crash. Pods that crashed become ready first.
    async fn start(&self, played: &mut Played, program: Program, container: Container) {
        let name = played.deployment.name_any();
        let prepared = self.prepare(program, &container).await;
        let fault = prepared.is_err().then_some(PodFault::CrashLoop);
        if (played.is_crashing || fault.is_some())
            && let Err(error) = self.set_fault(&played.deployment, program, fault).await
        {
            tracing::warn!(deployment = name, error = %error.chain(), "the operator's pods cannot be changed");
            return;
        }
        let context = match prepared {
            Ok(context) => context,
            Err(error) => {
                tracing::warn!(deployment = name, error = %error.chain(), "the operator ends at its start");
                played.is_crashing = true;
                return;
            }
        };
        if std::mem::take(&mut played.is_crashing) {
            return;
        }
        tracing::info!(deployment = name, "the operator starts");
        let task = tokio::spawn(async move {
            let ended = match program {
                Program::Manager => controllers::run_manager(context).await,
                Program::DataProtection => controllers::run_data_protection(context).await,
            };
            if let Err(error) = ended {
                tracing::warn!(error = %error.chain(), "the operator has ended");
            }
        });
        played.running = Some(Running { container, task });
    }

    /// All that the controllers need, or why the container ends.
    async fn prepare(&self, program: Program, container: &Container) -> Result<Arc<Context>, Error> {
        let settings = Settings::read(container)?;
        self.check_kinds(program).await?;
        let client = self.store.client();
        let version = client.apiserver_version().await.map_err(|source| Error::Api {
            verb: "read",
            object: "the version of the API server".to_owned(),
            source: Box::new(source),
        })?;
        let surroundings = Surroundings {
            git_version: version.git_version,
            version: format!("{}.{}", version.major, version.minor),
            cloud: settings.cloud.clone(),
        };
        Ok(Context::new(client, self.options.clone(), settings, surroundings))
    }

    async fn check_kinds(&self, program: Program) -> Result<(), Error> {
        let served: Vec<CustomResourceDefinition> = self.store.list_global().await?;
        let served: BTreeSet<String> = served
            .iter()
            .filter(|definition| is_crd_established().matches_object(Some(definition)))
            .map(ResourceExt::name_any)
            .collect();
        match KINDS.into_iter().find(|kind| program.needs(kind) && !served.contains(*kind)) {
            Some(kind) => Err(Error::KindMissing { name: kind.to_owned() }),
            None => Ok(()),
        }
    }

    /// Gives all pods of a program a fault, or takes it back where the launcher gave it.
    async fn set_fault(
        &self,
        deployment: &Deployment,
        program: Program,
        fault: Option<PodFault>,
    ) -> Result<(), Error> {
        let (fault_key, own_key) =
            (format!("{PLAYGROUND_PREFIX}fault"), format!("{PLAYGROUND_PREFIX}crashed"));
        let namespace = deployment.namespace().unwrap_or_default();
        for pod in &self.pods(deployment, program).await? {
            let annotations = match fault {
                Some(fault) if !pod.annotations().contains_key(&fault_key) => {
                    json!({ &fault_key: fault.annotation(), &own_key: "true" })
                }
                None if pod.annotations().contains_key(&own_key) => {
                    json!({ &fault_key: Value::Null, &own_key: Value::Null })
                }
                _ => continue,
            };
            let patch = json!({ "metadata": { "annotations": annotations } });
            self.store.merge::<Pod>(&namespace, &pod.name_any(), &patch).await?;
        }
        Ok(())
    }

    /// The pods that a program runs in. The Deployments of both programs select the same labels.
    async fn pods(&self, deployment: &Deployment, program: Program) -> Result<Vec<Pod>, Error> {
        let selector = deployment.spec.selector.match_labels.clone().unwrap_or_default();
        let namespace = deployment.namespace().unwrap_or_default();
        let mut pods: Vec<Pod> = self.store.list(&namespace, &selector).await?;
        pods.retain(|pod| {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            containers.filter_map(Program::of).any(|found| found == program)
        });
        Ok(pods)
    }
}
