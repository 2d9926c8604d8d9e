//! A cloud with room for Kubernetes clusters: a stand-in, and real control planes that stand behind what it makes.
//!
//! The control planes have neither nodes nor storage classes until a cluster of the cloud takes one; their bearer tokens
//! are reviewed by the stand-in. On each runs what the playground runs: the node for the Jobs of add-ons, and the stand-in
//! operator as soon as somebody installs it. All of it lives on a runtime of its own, so that tests can share a world.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::future::{select_all, try_join_all};
use tokio::sync::{oneshot, watch};

use super::{Cloud, StandIn};
use crate::addon_jobs::{self, AddonJobs};
use crate::charts::{self, Charts, HttpRepository};
use crate::control_plane::{self, ControlPlane};
use crate::operator;

/// The secret key of the bucket for backups, which is to be found nowhere but in its Secret.
pub const BACKUP_SECRET: &str = "playground-key-of-the-bucket-for-backups";

/// How long what blocks a thread, such as packaging, may go on after the end.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// What kind of world to start.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// The cloud.
    pub cloud: Cloud,
    /// How many of its Kubernetes clusters are real at a time; more than these nobody can reach.
    pub control_planes: usize,
    /// Seconds of the cloud in a real one, while an operation of the cloud is under way.
    pub speed: f64,
    /// How the operator is played.
    pub operator: operator::Options,
    /// Folder for logs; by default those of failures alone are kept, under the target folder.
    pub logs: Option<PathBuf>,
}

impl WorldOptions {
    /// A cloud with one control plane, on real time.
    pub fn new(cloud: Cloud) -> Self {
        Self { cloud, control_planes: 1, speed: 1.0, operator: operator::Options::default(), logs: None }
    }
}

/// Why a world does not run, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The stand-in does not work.
    #[error("unable to play the cloud")]
    StandIn {
        /// The cause.
        source: super::Error,
    },
    /// A control plane does not start.
    #[error("unable to start a control plane for the cloud")]
    ControlPlane {
        /// The cause.
        source: control_plane::Error,
    },
    /// There are no charts, or they cannot be served.
    #[error("unable to provide the charts")]
    Charts {
        /// The cause.
        source: charts::Error,
    },
    /// There is no node for the Jobs of add-ons.
    #[error("unable to run the Jobs of add-ons")]
    Jobs {
        /// The cause.
        source: addon_jobs::Error,
    },
    /// The operator cannot be played.
    #[error("unable to play the operator")]
    Operator {
        /// The cause.
        source: operator::Error,
    },
    /// There is no folder or no asynchronous runtime.
    #[error("unable to prepare the cloud")]
    Prepare {
        /// The cause.
        source: std::io::Error,
    },
    /// A part has ended.
    #[error("{part} has ended")]
    Ended {
        /// Which.
        part: String,
    },
}

/// A running cloud with its control planes. Dropping it stops everything.
#[derive(Debug)]
pub struct ManagedWorld {
    stand_in: StandIn,
    planes: Vec<ControlPlane>,
    chart_repository: String,
    helm: PathBuf,
    failure: watch::Receiver<Option<String>>,
    /// Serves the charts and plays what runs on the control planes.
    life: Option<Life>,
}

/// A thread, and what ends it when it is dropped.
#[derive(Debug)]
struct Life {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What the thread of a world has, once it runs.
struct Served {
    chart_repository: String,
    helm: PathBuf,
}

impl ManagedWorld {
    /// Starts a world and returns when a Kubernetes cluster could be made in it. Builds what is missing, which takes
    /// minutes.
    pub async fn start(options: WorldOptions) -> Result<Self, WorldError> {
        let log = |name: &str| options.logs.as_ref().map(|folder| folder.join(format!("{name}.log")));
        let stand_in = StandIn::start_with_log(options.cloud, None, log("stand-in"))
            .await
            .map_err(|source| WorldError::StandIn { source })?;
        let names: Vec<String> =
            (1..=options.control_planes).map(|number| format!("control-plane-{number}")).collect();
        let folder = tempfile::tempdir().map_err(|source| WorldError::Prepare { source })?;
        let planes = try_join_all(
            names.iter().map(|name| start_plane(&stand_in, options.cloud, name, folder.path(), log(name))),
        )
        .await?;

        let (started, ready) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (failed, failure) = watch::channel(None);
        let kubeconfigs: Vec<PathBuf> = planes.iter().map(|plane| plane.kubeconfig().to_owned()).collect();
        let operator = options.operator.clone();
        let thread = std::thread::spawn(move || live(&kubeconfigs, &operator, started, ended, &failed));
        let life = Some(Life { end, thread });
        let silent = |_| WorldError::Ended { part: "what serves the charts".to_owned() };
        let Served { chart_repository, helm } = ready.await.map_err(silent)??;

        // Only now, so that the stand-in finds the node of the add-ons' Jobs and leaves it alone when it clears up.
        for (name, plane) in names.iter().zip(&planes) {
            stand_in.add_kubernetes(name, plane).await.map_err(|source| WorldError::StandIn { source })?;
        }
        stand_in.run_clock(options.speed).await.map_err(|source| WorldError::StandIn { source })?;
        Ok(Self { stand_in, planes, chart_repository, helm, failure, life })
    }

    /// The cloud.
    pub fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }

    /// The control planes, in the order in which clusters take them at first.
    pub fn control_planes(&self) -> &[ControlPlane] {
        &self.planes
    }

    /// URL of the repository of all charts.
    pub fn chart_repository(&self) -> &str {
        &self.chart_repository
    }

    /// The helm that built the charts.
    pub fn helm(&self) -> &Path {
        &self.helm
    }

    /// Variables with which the provider and its configurations find everything here.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut all = self.stand_in.environment().clone();
        all.insert("KUBEBLOCKS_HELM".to_owned(), self.helm.display().to_string());
        all.insert("TF_VAR_chart_repository".to_owned(), self.chart_repository.clone());
        // What the stacks ask for. Nobody tries the bucket, as no image of a backup tool runs here.
        all.insert("TF_VAR_backup_bucket".to_owned(), "data-stack-backups".to_owned());
        let keys = format!(r#"{{ accessKeyId = "PLAYGROUNDKEY", secretAccessKey = "{BACKUP_SECRET}" }}"#);
        all.insert("TF_VAR_backup_keys".to_owned(), keys);
        all
    }

    /// Returns when a part of the world cannot go on, with the reason.
    pub async fn ended(&self) -> WorldError {
        let planes = self.planes.iter().map(|plane| Box::pin(plane.ended()));
        let mut failure = self.failure.clone();
        let part = tokio::select! {
            () = self.stand_in.ended() => "the stand-in".to_owned(),
            // Without a control plane there is none that could end.
            () = async { select_all(planes).await; }, if !self.planes.is_empty() => "a control plane".to_owned(),
            told = failure.wait_for(Option::is_some) => {
                told.ok().and_then(|reason| reason.clone()).unwrap_or_else(|| "what serves the charts".to_owned())
            }
        };
        WorldError::Ended { part }
    }
}

impl Drop for ManagedWorld {
    fn drop(&mut self) {
        let Some(Life { end, thread }) = self.life.take() else { return };
        drop(end);
        // So that no program of a container outlives this. A panic there has been told of as the end of the world.
        let _ = thread.join();
    }
}

async fn start_plane(
    stand_in: &StandIn,
    cloud: Cloud,
    name: &str,
    folder: &Path,
    log: Option<PathBuf>,
) -> Result<ControlPlane, WorldError> {
    // Read once, at the start.
    let webhook = folder.join(format!("{name}.kubeconfig"));
    stand_in.token_webhook(name, &webhook).map_err(|source| WorldError::StandIn { source })?;
    let options = control_plane::Options {
        nodes: 0,
        storage_classes: false,
        load_balancers: true,
        token_webhook: Some(webhook),
        version_suffix: cloud.version_suffix().map(str::to_owned),
        log,
        ..control_plane::Options::default()
    };
    ControlPlane::start(options).await.map_err(|source| WorldError::ControlPlane { source })
}

/// Serves the charts and plays what runs on the control planes, until the world is dropped or something fails.
fn live(
    kubeconfigs: &[PathBuf],
    operator: &operator::Options,
    started: oneshot::Sender<Result<Served, WorldError>>,
    end: oneshot::Receiver<()>,
    failed: &watch::Sender<Option<String>>,
) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            // Nobody listens to a world that was dropped while it started.
            let _ = started.send(Err(WorldError::Prepare { source }));
            return;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            error = play(kubeconfigs, operator, started) => {
                failed.send_replace(Some(error.map_or_else(|| "nothing".to_owned(), |error| chain(&error))));
            }
            // Told or dropped, it is the end.
            _ = end => {}
        }
    });
    runtime.shutdown_timeout(SHUTDOWN);
}

/// Returns nothing if it did not start, which `started` was told.
async fn play(
    kubeconfigs: &[PathBuf],
    operator: &operator::Options,
    started: oneshot::Sender<Result<Served, WorldError>>,
) -> Option<WorldError> {
    let prepared = async {
        let charts = tokio::task::spawn_blocking(Charts::packaged)
            .await
            .map_err(|source| WorldError::Prepare { source: source.into() })?
            .map_err(|source| WorldError::Charts { source })?;
        let repository =
            HttpRepository::start(charts).await.map_err(|source| WorldError::Charts { source })?;
        let archives = charts.addon_archives();
        let mut helm = PathBuf::new();
        let mut nodes = Vec::new();
        for kubeconfig in kubeconfigs {
            let client = control_plane::client(kubeconfig)
                .await
                .map_err(|source| WorldError::ControlPlane { source })?;
            let mut jobs = addon_jobs::Options::new(kubeconfig, &archives)
                .map_err(|source| WorldError::Jobs { source })?;
            jobs.faults = operator.faults.clone();
            helm.clone_from(&jobs.helm);
            let node =
                AddonJobs::start(client.clone(), jobs).await.map_err(|source| WorldError::Jobs { source })?;
            nodes.push((client, node));
        }
        Ok((repository, helm, nodes))
    };
    let (repository, helm, nodes) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => {
            let _ = started.send(Err(error));
            return None;
        }
    };
    let served = Served { chart_repository: repository.url(), helm };
    // Nobody listens to a world that was dropped while it started; its end comes at once.
    let _ = started.send(Ok(served));
    if nodes.is_empty() {
        return std::future::pending().await;
    }
    let all = nodes.into_iter().map(|(client, mut node)| {
        let operator = operator.clone();
        Box::pin(async move {
            tokio::select! {
                result = operator::run_when_installed(client, operator) => match result {
                    Ok(()) => WorldError::Ended { part: "the operator".to_owned() },
                    Err(source) => WorldError::Operator { source },
                },
                source = node.ended() => WorldError::Jobs { source },
            }
        })
    });
    Some(select_all(all).await.0)
}

/// An error with its causes, in a line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
