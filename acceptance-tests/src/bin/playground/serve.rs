//! Runs the playground in this process, until a signal or a failure.
//!
//! Order: package the charts, start the control plane, the node of the add-ons' Jobs and the chart repository, tell; the
//! operator is played as soon as somebody installs it. Says what it does through a function; knows no terminal and no
//! background.

use std::path::PathBuf;

use acceptance_tests::addon_jobs::{self, AddonJobs};
use acceptance_tests::charts::{self, Charts, HttpRepository};
use acceptance_tests::clouds::{Cloud, ManagedWorld, WorldError, WorldOptions};
use acceptance_tests::control_plane::{self, ControlPlane, Options};
use acceptance_tests::operator;
use tokio::signal::unix::{SignalKind, signal};

use crate::Setup;
use crate::folder::{self, Claim, CloudFacts, Facts};

/// What is said when everything runs. Nothing is said after it.
pub(crate) const READY: &str = "ready";

/// Why the playground does not run, or no longer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder cannot be used.
    #[error("unable to use the folder of the playground")]
    Folder { source: folder::Error },
    /// There is no asynchronous runtime.
    #[error("unable to start the runtime")]
    Runtime { source: std::io::Error },
    /// The control plane does not start.
    #[error("unable to start Kubernetes")]
    ControlPlane { source: control_plane::Error },
    /// There are no charts, or they cannot be served.
    #[error("unable to provide the charts")]
    Charts { source: charts::Error },
    /// There is no node for the Jobs of add-ons.
    #[error("unable to start the node that runs the Jobs of add-ons")]
    Jobs { source: addon_jobs::Error },
    /// The node for the Jobs of add-ons has ended.
    #[error("the node that runs the Jobs of add-ons has ended; the logs are in {logs}")]
    JobsEnded { logs: PathBuf, source: addon_jobs::Error },
    /// The cloud does not start.
    #[error("unable to start the cloud")]
    Cloud { source: WorldError },
    /// The cloud has ended.
    #[error("the cloud has ended; the logs are in {logs}")]
    CloudEnded { logs: PathBuf, source: WorldError },
    /// Kubernetes has ended.
    #[error("Kubernetes has ended; the logs are in {logs}")]
    Ended { logs: PathBuf },
    /// The operator has ended.
    #[error("the operator has ended; the logs are in {logs}")]
    Operator { logs: PathBuf, source: operator::Error },
}

/// Sends what the operator logs to standard error.
pub(crate) fn log_from(level: tracing::Level) {
    // Only the first call of a process counts, and there is one.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

/// Runs the playground of a folder and returns when it was told to stop.
pub(crate) fn serve(claim: &Claim, setup: Setup, say: &dyn Fn(&str)) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Runtime { source })?;
    runtime.block_on(run(claim, setup, say))
}

async fn run(claim: &Claim, setup: Setup, say: &dyn Fn(&str)) -> Result<(), Error> {
    // From the first moment, so that a signal during the start is obeyed at the next await.
    let mut terminate = signal(SignalKind::terminate()).map_err(|source| Error::Runtime { source })?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|source| Error::Runtime { source })?;
    let play = async {
        match setup.cloud {
            None => play(claim, setup.nodes, say).await,
            Some(cloud) => play_cloud(claim, cloud, setup, say).await,
        }
    };
    tokio::select! {
        result = play => result,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// The playground itself; dropping the future stops everything.
async fn play(claim: &Claim, nodes: u32, say: &dyn Fn(&str)) -> Result<(), Error> {
    let folder = claim.folder();
    say("starting Kubernetes");
    let log = Some(folder.path().join("control-plane.log"));
    let options = Options { nodes, log, ..Options::default() };
    let plane = ControlPlane::start(options).await.map_err(|source| Error::ControlPlane { source })?;
    let client = plane.client().await.map_err(|source| Error::ControlPlane { source })?;

    let charts = tokio::task::spawn_blocking(Charts::packaged)
        .await
        .map_err(|source| Error::Runtime { source: source.into() })?
        .map_err(|source| Error::Charts { source })?;
    let repository = HttpRepository::start(charts).await.map_err(|source| Error::Charts { source })?;
    let jobs = addon_jobs::Options::new(plane.kubeconfig(), &charts.addon_archives())
        .map_err(|source| Error::Jobs { source })?;
    let helm = jobs.helm.clone();
    let mut node = AddonJobs::start(client.clone(), jobs).await.map_err(|source| Error::Jobs { source })?;
    let facts = Facts {
        endpoint: plane.endpoint().to_owned(),
        kubeconfig: plane.kubeconfig().to_owned(),
        control_plane_process: plane.process_id(),
        control_plane_folder: plane.folder().to_owned(),
        chart_repository: repository.url(),
        helm,
        cloud: None,
    };
    claim.publish(&facts).map_err(|source| Error::Folder { source })?;
    say(READY);
    let logs = folder.path().to_owned();
    tokio::select! {
        result = operator::run_when_installed(client, operator::Options::default()) => {
            result.map_err(|source| Error::Operator { logs, source })
        }
        source = node.ended() => Err(Error::JobsEnded { logs, source }),
        () = plane.ended() => Err(Error::Ended { logs }),
    }
}

/// The same with a cloud instead of a Kubernetes cluster.
async fn play_cloud(claim: &Claim, cloud: Cloud, setup: Setup, say: &dyn Fn(&str)) -> Result<(), Error> {
    let logs = claim.folder().path().to_owned();
    say("starting the cloud, and Kubernetes for what is made in it");
    let options = WorldOptions {
        control_planes: usize::from(setup.clusters),
        speed: setup.speed,
        logs: Some(logs.clone()),
        ..WorldOptions::new(cloud)
    };
    let world = ManagedWorld::start(options).await.map_err(|source| Error::Cloud { source })?;
    // The first that is used; its kubeconfig is for looking around.
    if let Some(plane) = world.control_planes().first() {
        let facts = Facts {
            endpoint: plane.endpoint().to_owned(),
            kubeconfig: plane.kubeconfig().to_owned(),
            control_plane_process: plane.process_id(),
            control_plane_folder: plane.folder().to_owned(),
            chart_repository: world.chart_repository().to_owned(),
            helm: world.helm().to_owned(),
            cloud: Some(CloudFacts {
                name: cloud.name().to_owned(),
                endpoint: world.stand_in().endpoint().to_owned(),
                environment: world.environment(),
            }),
        };
        claim.publish(&facts).map_err(|source| Error::Folder { source })?;
    }
    say(READY);
    Err(Error::CloudEnded { logs, source: world.ended().await })
}
