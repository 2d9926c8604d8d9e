//! When the process ends: on the controller's word (see `services`), on SIGTERM, or when its parent is gone. Never
//! on SIGINT, which reaches the whole process group when the user presses Ctrl-C: Terraform then says by `StopProvider`
//! what is to be done.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How often the parent is looked for. A death signal from the kernel would be quicker, but it is sent when the
/// parent's *thread* ends, and Go ends threads while its process lives on.
#[cfg(unix)]
const PARENT_CHECK: Duration = Duration::from_millis(500);

/// Watches for the end of a process that Terraform started.
#[cfg(unix)]
pub(super) fn watch_as_child(shutdown: &CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let parent = rustix::process::getppid();
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut check = tokio::time::interval(PARENT_CHECK);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupts.recv() => tracing::trace!("ignored an interrupt"),
                _ = terminations.recv() => break,
                _ = check.tick() => {
                    if rustix::process::getppid() != parent {
                        tracing::warn!("the process that started this provider is gone; ending");
                        break;
                    }
                }
                () = shutdown.cancelled() => break,
            }
        }
        shutdown.cancel();
        // Signal handlers stay installed for ever, so a second SIGINT does not kill either.
    });
    Ok(())
}

/// Watches for the end of a process that a developer started: either signal ends it.
#[cfg(unix)]
pub(super) fn watch_as_debugged(shutdown: &CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}

/// Watches for the end of a process that Terraform started. There are no parents to ask for here: a Terraform that is
/// killed takes its job's processes with it.
#[cfg(not(unix))]
pub(super) fn watch_as_child(shutdown: &CancellationToken) -> io::Result<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            tracing::trace!("ignored an interrupt");
        }
        drop(shutdown);
    });
    Ok(())
}

/// Watches for the end of a process that a developer started.
#[cfg(not(unix))]
pub(super) fn watch_as_debugged(shutdown: &CancellationToken) -> io::Result<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
    });
    Ok(())
}
