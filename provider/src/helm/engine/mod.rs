//! What is asked of helm: render, install or upgrade, roll back, uninstall. Each is one run of the executable with a
//! private folder, the values on its standard input, and an answer by meaning. Resolving charts, reading releases,
//! definitions of kinds and waiting are not helm's part here.
//!
//! Helm is never told to wait or to roll back by itself: the provider waits with better words, and heals with what it
//! knows. Neither plugins nor post-renderers of the user ever run.

mod arguments;
mod classify;
pub mod diagnostic;
mod error;
mod serial;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use error::{Error, Operation};
pub use values::Values;

use self::arguments::Call;
use super::access::{self, Access};
use super::chart::Chart;
use super::executable::Executable;
use super::process::folder::PrivateFolder;
use super::process::{self, Ending, Finished, Run};
use super::redact::Redaction;
use crate::kubernetes::Client;
use crate::wait::Limits;

/// Which release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its namespace, which must exist.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// What is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct Render<'a> {
    /// The release that it would be.
    pub target: Target<'a>,
    /// The chart.
    pub chart: &'a Chart,
    /// The values.
    pub values: &'a Values,
    /// Version of Kubernetes as the API server tells it, such as `v1.34.4-eks-1a2b3c4`. Helm 3 ignores the suffix.
    pub kube_version: &'a str,
    /// What the API server serves: `apps/v1`, `apps/v1/Deployment`.
    pub api_versions: &'a [String],
    /// Whether a release of this name is there already, which charts can ask.
    pub is_upgrade: bool,
}

/// What is to be installed, or what a release is to become.
#[derive(Clone, Copy, Debug)]
pub struct Upgrade<'a> {
    /// The release.
    pub target: Target<'a>,
    /// The chart.
    pub chart: &'a Chart,
    /// The values; those of earlier revisions do not count.
    pub values: &'a Values,
    /// How many revisions are kept.
    pub max_history: u32,
    /// Labels of the release's Secret.
    pub labels: &'a BTreeMap<String, String>,
    /// What `helm history` says of the revision.
    pub description: Option<&'a str>,
}

/// What renders and writes releases. Operations on one release never overlap within this process.
pub trait ReleaseEngine: Send + Sync {
    /// The manifest without hooks, tests and the chart's own definitions of kinds. Asks no Kubernetes cluster.
    fn render(
        &self,
        request: &Render<'_>,
        limits: &Limits,
    ) -> impl Future<Output = Result<String, Error>> + Send;

    /// Installs the release, or upgrades it when there is one. Waits for hooks and for nothing else.
    fn upgrade(
        &self,
        access: &Access,
        request: &Upgrade<'_>,
        limits: &Limits,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Makes the release what it was at `revision`, as a new revision, without running hooks.
    fn rollback(
        &self,
        access: &Access,
        target: Target<'_>,
        revision: u32,
        limits: &Limits,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes the release and its objects, without running hooks. One that is gone is a success.
    fn uninstall(
        &self,
        access: &Access,
        target: Target<'_>,
        limits: &Limits,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The helm executable as engine.
#[derive(Clone, Debug)]
pub struct Engine {
    executable: Executable,
    program: PathBuf,
}

impl Engine {
    /// An engine that runs `executable`. `program` is this provider's own executable, which guards helm and hands
    /// credentials to it.
    pub fn new(executable: Executable, program: PathBuf) -> Self {
        Self { executable, program }
    }

    /// The helm that is run.
    pub fn executable(&self) -> &Executable {
        &self.executable
    }

    /// Opens the way to the Kubernetes cluster of `client`, for any number of operations.
    pub async fn access(&self, client: &Client) -> Result<Access, access::Error> {
        Access::open(client, &self.program).await
    }

    async fn run(&self, call: Call<'_>, access: Option<&Access>, limits: &Limits) -> Result<Finished, Error> {
        let operation = call.operation();
        let setup = |source| Error::Setup { operation, source };
        let folder = PrivateFolder::new().map_err(setup)?;
        let chart =
            call.chart().map(|chart| folder.write("chart.tgz", &chart.archive)).transpose().map_err(setup)?;
        let none = Values::default();
        let values = call.values().unwrap_or(&none);
        let redaction = Redaction::new(&values.secrets);
        let input = if chart.is_some() { values.input() } else { Vec::new() };
        let run = Run {
            helm: &self.executable.path,
            program: &self.program,
            arguments: call.arguments(
                chart.as_deref().unwrap_or(Path::new("")),
                &self.executable.version,
                limits,
            ),
            input,
            folder: &folder,
            kubeconfig: access.map(Access::kubeconfig),
            redaction: &redaction,
        };
        tracing::debug!(arguments = ?run.arguments, "running helm");
        let finished =
            process::run(run, limits).await.map_err(|source| Error::Process { operation, source })?;
        match finished.ending {
            Ending::Exited(0) => Ok(finished),
            Ending::Exited(code) => Err(classify::failure(operation, code, &finished.stderr)),
            Ending::Killed(signal) => Err(Error::Killed { operation, signal }),
            Ending::Interrupted => Err(Error::Interrupted { operation }),
            Ending::TimedOut(waited) => {
                Err(Error::TimedOut { operation, waited, message: classify::message(&finished.stderr) })
            }
        }
    }

    /// Writes to the release, when nobody else of this process does.
    async fn write(&self, access: &Access, call: Call<'_>, limits: &Limits) -> Result<(), Error> {
        let operation = call.operation();
        let _turn = serial::turn(access.server(), call.target(), limits)
            .await
            .map_err(|ended| Error::of_waiting(operation, &ended))?;
        self.run(call, Some(access), limits).await.map(drop)
    }
}

impl ReleaseEngine for Engine {
    async fn render(&self, request: &Render<'_>, limits: &Limits) -> Result<String, Error> {
        let operation = Operation::Render;
        let finished = self.run(Call::Render(*request), None, limits).await?;
        let manifest = finished.stdout.ok_or(Error::TooMuchOutput { operation })?;
        String::from_utf8(manifest)
            .map_err(|_| Error::Template { message: "the rendered manifest is not UTF-8".to_owned() })
    }

    async fn upgrade(&self, access: &Access, request: &Upgrade<'_>, limits: &Limits) -> Result<(), Error> {
        self.write(access, Call::Upgrade(*request), limits).await
    }

    async fn rollback(
        &self,
        access: &Access,
        target: Target<'_>,
        revision: u32,
        limits: &Limits,
    ) -> Result<(), Error> {
        self.write(access, Call::Rollback { target, revision }, limits).await
    }

    async fn uninstall(&self, access: &Access, target: Target<'_>, limits: &Limits) -> Result<(), Error> {
        match self.write(access, Call::Uninstall(target), limits).await {
            Err(Error::ReleaseMissing { .. }) => Ok(()),
            outcome => outcome,
        }
    }
}
