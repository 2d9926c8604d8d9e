//! One run of the helm executable: its private folder, its streams, its end. Knows what a process is, and neither what
//! the arguments mean nor what helm says.
//!
//! ```text
//! provider -- lifeline (orders; its end means "the provider is gone") --> guard -- signals --> helm
//!          -- standard input: the values --------------------------------------------------> helm
//!          <- standard output and error, through the guard, which outlives the provider ---- helm
//! ```
//!
//! Guard and helm are in a process group of their own: a Ctrl-C at the terminal reaches the provider alone, which then
//! decides. An interrupt or a deadline is SIGINT first, on which helm marks the release as failed, and SIGKILL later.

mod environment;
pub(crate) mod folder;
#[cfg(unix)]
pub mod guard;
#[cfg(unix)]
pub(crate) mod lifeline;
mod output;
#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use folder::PrivateFolder;

use super::redact::Redaction;
use crate::wait::Limits;

/// What is to be run.
pub(super) struct Run<'a> {
    /// The helm executable.
    pub(super) helm: &'a Path,
    /// This provider's own executable, for the guard.
    pub(super) program: &'a Path,
    /// Helm's arguments. Every user of the machine can read them.
    pub(super) arguments: Vec<OsString>,
    /// Helm's standard input.
    pub(super) input: Vec<u8>,
    /// The private folder of this run.
    pub(super) folder: &'a PrivateFolder,
    /// The kubeconfig, in a folder that goes with it; without one helm knows no Kubernetes cluster.
    pub(super) kubeconfig: Option<&'a Path>,
    /// What no text may show.
    pub(super) redaction: &'a Redaction,
}

/// How helm ended, and what it said until then.
#[derive(Debug)]
pub(super) struct Finished {
    /// How it ended.
    pub(super) ending: Ending,
    /// Its standard output; absent when there was too much of it.
    pub(super) stdout: Option<Vec<u8>>,
    /// The end of its standard error, without secrets.
    pub(super) stderr: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself. Also when it was asked to end but was done already.
    Exited(i32),
    /// By a signal that this provider did not send.
    Killed(i32),
    /// Because the practitioner interrupted.
    Interrupted,
    /// Because it took too long.
    TimedOut(Duration),
}

/// Why helm could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket for the guard cannot be made.
    #[error("failed to create a socket in {}", folder.display())]
    Socket {
        /// The private folder.
        folder: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The provider's own program cannot be started as guard.
    #[error("failed to start {}", program.display())]
    Guard {
        /// The program.
        program: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The guard cannot be waited for.
    #[error("failed to wait for helm")]
    Wait {
        /// The operating system's answer.
        source: io::Error,
    },
    /// The guard could not start helm.
    #[error("failed to run helm: {message}")]
    Start {
        /// What the guard said.
        message: String,
    },
    /// This provider cannot run helm on this operating system.
    #[error("helm cannot be run on {}", std::env::consts::OS)]
    NotSupported,
}

/// Runs helm to its end, to the deadline, or to the interrupt. When this future is dropped, helm is ended as if this
/// process had been killed.
#[cfg(unix)]
pub(super) async fn run(run: Run<'_>, limits: &Limits) -> Result<Finished, Error> {
    unix::run(run, limits).await
}

/// Needs process groups, signals and unix sockets.
#[cfg(not(unix))]
pub(super) async fn run(_run: Run<'_>, _limits: &Limits) -> Result<Finished, Error> {
    Err(Error::NotSupported)
}
