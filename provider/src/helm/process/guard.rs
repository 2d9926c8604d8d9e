//! The helper process between the provider and helm (`helm-guard`): it runs helm, hands its streams and its end through,
//! and outlives the provider by as long as helm needs to end in order. A provider that is killed leaves no helm running,
//! and no folder.
//!
//! Helm writes what it does to its standard output while it ends, and would die of a broken pipe in the middle of it if
//! the provider were the only reader; so the guard reads, and throws away what nobody takes.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Incoming, SignalKind, signal};
use tokio::time::Instant;

use super::lifeline::Order;
use crate::wait;

/// Exit code when helm could not be started at all. Helm's own are 0, 1 and those of its plugins, which never run here.
pub(super) const NOT_STARTED: u8 = 127;
/// Added to the number of the signal that ended helm, as shells do.
pub(super) const SIGNALLED: i32 = 128;
/// How long helm may take to end in order once the provider has gone.
const ORPHAN_GRACE: Duration = Duration::from_secs(20);
/// Children of helm may hold its streams for a moment after it.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// What the provider says to its guard.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Socket of the provider.
    #[arg(long)]
    lifeline: PathBuf,
    /// Folder to remove when the provider has gone.
    #[arg(long)]
    remove: Vec<PathBuf>,
    /// The helm executable and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs helm and returns the exit code of this process.
pub async fn run(arguments: Arguments) -> u8 {
    let guarded = match Guarded::start(&arguments).await {
        Ok(guarded) => guarded,
        Err(text) => {
            // Read by the provider, if it is still there.
            let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
            return NOT_STARTED;
        }
    };
    let (status, orphaned) = guarded.until_ended().await;
    if orphaned {
        for folder in &arguments.remove {
            // Another guard of the same provider may have been faster.
            let _ = tokio::fs::remove_dir_all(folder).await;
        }
    }
    exit_code(status)
}

fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// A helm process, and what can end it.
struct Guarded {
    helm: Child,
    provider: tokio::io::Lines<BufReader<UnixStream>>,
    /// Sent by whoever stops all processes of a machine or a container.
    terminate: Incoming,
    interrupt: Incoming,
}

impl Guarded {
    async fn start(arguments: &Arguments) -> Result<Self, String> {
        // Before helm is started, so that no helm runs that nobody can end.
        let provider = UnixStream::connect(&arguments.lifeline)
            .await
            .map_err(|error| format!("helm-guard: the provider has gone: {error}"))?;
        let signals = |error| format!("helm-guard: failed to listen to signals: {error}");
        let terminate = signal(SignalKind::terminate()).map_err(signals)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
        let (helm, rest) =
            arguments.command.split_first().ok_or_else(|| "helm-guard: nothing to run".to_owned())?;
        let helm = Command::new(helm)
            .args(rest)
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("helm-guard: failed to start {}: {error}", helm.display()))?;
        Ok(Self { helm, provider: BufReader::new(provider).lines(), terminate, interrupt })
    }

    /// Waits for the end of helm. Also whether the provider had gone before.
    async fn until_ended(mut self) -> (ExitStatus, bool) {
        let streams = tokio::spawn(hand_through(self.helm.stdout.take(), self.helm.stderr.take()));
        let mut orphaned = false;
        let mut deadline: Option<Instant> = None;
        let status = loop {
            let late = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            tokio::select! {
                status = self.helm.wait() => break status.unwrap_or_default(),
                line = self.provider.next_line(), if !orphaned => {
                    if let Ok(Some(line)) = line {
                        self.obey(&line);
                    } else {
                        orphaned = true;
                        deadline = Some(Instant::now() + ORPHAN_GRACE);
                        self.send(Signal::INT);
                    }
                }
                _ = self.terminate.recv() => self.send(Signal::INT),
                _ = self.interrupt.recv() => self.send(Signal::INT),
                _ = wait::at_most(late.unwrap_or_default(), std::future::pending::<()>()), if late.is_some() => {
                    deadline = None;
                    self.send(Signal::KILL);
                }
            }
        };
        let _ = wait::at_most(DRAIN_LIMIT, streams).await;
        (status, orphaned)
    }

    fn obey(&self, line: &str) {
        match Order::of_line(line) {
            Some(Order::Interrupt) => self.send(Signal::INT),
            Some(Order::Kill) => self.send(Signal::KILL),
            // Of another version of the provider, which cannot be.
            None => {}
        }
    }

    fn send(&self, signal: Signal) {
        // There is no id once helm has ended and was waited for, so no other process is ever meant.
        let id = self.helm.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended a moment ago.
            let _ = kill_process(id, signal);
        }
    }
}

async fn hand_through(
    stdout: Option<tokio::process::ChildStdout>,
    stderr: Option<tokio::process::ChildStderr>,
) {
    let out = async {
        if let Some(from) = stdout {
            copy(from, tokio::io::stdout()).await;
        }
    };
    let err = async {
        if let Some(from) = stderr {
            copy(from, tokio::io::stderr()).await;
        }
    };
    tokio::join!(out, err);
}

/// Copies to the end of the source, even when the target has gone.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let mut buffer = vec![0; 64 << 10];
    let mut taken = true;
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let read = buffer.get(..count).unwrap_or_default();
        taken = taken && to.write_all(read).await.is_ok() && to.flush().await.is_ok();
    }
}
