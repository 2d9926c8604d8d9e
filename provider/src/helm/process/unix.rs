//! The run where there are signals: starts the guard, feeds and reads helm, and ends it when its time is over.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use super::environment::environment;
use super::guard::{NOT_STARTED, SIGNALLED};
use super::lifeline::{Lifeline, Order};
use super::output::{read_stderr, read_stdout};
use super::{Ending, Error, Finished, Run};
use crate::helm::redact::Redaction;
use crate::wait::{self, Limits, Step, WaitError};

/// How long helm may take to end in order. It needs a second; more when the API server is slow to take its last word.
const INTERRUPT_GRACE: Duration = Duration::from_secs(15);
/// How long the kernel may take to end a killed process, and the guard to say so.
const KILL_GRACE: Duration = Duration::from_secs(5);
/// How often is looked whether a helm without a guard has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Name of the helper, an argument of this program.
pub(super) const GUARD: &str = "helm-guard";

/// What the streams and the guard ended with.
struct End {
    stdout: Option<Vec<u8>>,
    stderr: String,
    status: std::io::Result<ExitStatus>,
}

pub(super) async fn run(run: Run<'_>, limits: &Limits) -> Result<Finished, Error> {
    let folder = run.folder.path();
    let socket_error = |source| Error::Socket { folder: folder.to_owned(), source };
    let mut lifeline = Lifeline::open(folder).map_err(socket_error)?;
    let mut guard = command(&run, &lifeline)
        .spawn()
        .map_err(|source| Error::Guard { program: run.program.to_owned(), source })?;
    let group = guard.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);

    let mut end = None;
    let cut = {
        let mut work = Box::pin(stream::once(async {
            end = Some(follow(&mut guard, &run.input, run.redaction).await);
        }));
        let waited = wait::until(limits, &mut work, |(), _| Step::<(), ()>::Done(())).await;
        let cut = match waited {
            Ok(()) | Err(WaitError::Failed { .. }) => None,
            Err(WaitError::Interrupted { .. }) => Some(Ending::Interrupted),
            Err(WaitError::TimedOut { waited, .. }) => Some(Ending::TimedOut(waited)),
        };
        if cut.is_some() {
            end_in_order(&mut lifeline, group, work.as_mut()).await;
        }
        cut
    };
    // Only a guard that does not even end when it is killed has no end; then there is nothing more to learn.
    let Some(End { stdout, stderr, status }) = end else {
        let ending = cut.unwrap_or(Ending::Killed(Signal::KILL.as_raw()));
        return Ok(Finished { ending, stdout: None, stderr: String::new() });
    };
    let status = status.map_err(|source| Error::Wait { source })?;
    if status.code().is_none() {
        end_group(group).await;
    }
    match ending_of(status) {
        Ending::Exited(code) if code == i32::from(NOT_STARTED) => Err(Error::Start { message: stderr }),
        // Done is done, even if it was to be cut short.
        Ending::Exited(0) => Ok(Finished { ending: Ending::Exited(0), stdout, stderr }),
        by_itself => Ok(Finished { ending: cut.unwrap_or(by_itself), stdout, stderr }),
    }
}

fn command(run: &Run<'_>, lifeline: &Lifeline) -> Command {
    let mut command = Command::new(run.program);
    command.arg(GUARD).arg("--lifeline").arg(lifeline.path());
    let of_access = run.kubeconfig.and_then(std::path::Path::parent);
    for folder in [Some(run.folder.path()), of_access].into_iter().flatten() {
        command.arg("--remove").arg(folder);
    }
    command
        .arg("--")
        .arg(run.helm)
        .args(run.arguments.iter().map(AsRef::<OsStr>::as_ref))
        .current_dir(run.folder.path())
        .env_clear()
        .envs(environment(run.folder.path(), run.kubeconfig))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Killing the guard would leave helm alone; the end of the lifeline ends both.
        .kill_on_drop(false)
        .process_group(0);
    command
}

async fn follow(guard: &mut Child, input: &[u8], redaction: &Redaction) -> End {
    let stdin = guard.stdin.take();
    let stdout = guard.stdout.take();
    let stderr = guard.stderr.take();
    let read_stdout = async {
        match stdout {
            Some(pipe) => read_stdout(pipe).await,
            None => Some(Vec::new()),
        }
    };
    let read_stderr = async {
        match stderr {
            Some(pipe) => read_stderr(pipe, redaction).await,
            None => String::new(),
        }
    };
    let ((), stdout, stderr, status) =
        tokio::join!(feed(stdin, input), read_stdout, read_stderr, guard.wait());
    End { stdout, stderr, status }
}

/// Writes the input and closes it. A helm that ends without reading it says why on its standard error.
async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
    }
}

/// Asks helm to end, then makes it.
async fn end_in_order(
    lifeline: &mut Lifeline,
    group: Option<Pid>,
    mut work: Pin<&mut impl Stream<Item = ()>>,
) {
    for (order, grace) in [(Order::Interrupt, INTERRUPT_GRACE), (Order::Kill, KILL_GRACE)] {
        tracing::debug!(order = order.line(), "ending helm before it is done");
        if lifeline.order(order).await && wait::at_most(grace, work.next()).await.is_some() {
            return;
        }
    }
    signal_group(group, Signal::KILL);
    let _ = wait::at_most(KILL_GRACE, work.next()).await;
}

/// Ends a helm whose guard was killed by somebody else.
async fn end_group(group: Option<Pid>) {
    let Some(id) = group else { return };
    signal_group(group, Signal::INT);
    let gone = async {
        while test_kill_process_group(id).is_ok() {
            let _ = wait::pause(LOOK_EVERY, &CancellationToken::new()).await;
        }
    };
    if wait::at_most(INTERRUPT_GRACE, gone).await.is_none() {
        signal_group(group, Signal::KILL);
    }
}

fn signal_group(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // It may have ended by itself.
        let _ = kill_process_group(group, signal);
    }
}

fn ending_of(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) if code > SIGNALLED => Ending::Killed(code - SIGNALLED),
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_from_an_exit_code() {
        for (raw, expected) in [
            (0, Ending::Exited(0)),
            (1 << 8, Ending::Exited(1)),
            ((128 + 9) << 8, Ending::Killed(9)),
            ((128 + 2) << 8, Ending::Killed(2)),
            (9, Ending::Killed(9)),
        ] {
            assert_eq!(ending_of(ExitStatus::from_raw(raw)), expected, "{raw}");
        }
    }
}
