//! The practitioner's interrupt: calls in flight are told to end, later ones run as usual.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The token of the calls that run now.
#[derive(Debug)]
pub(super) struct Stop {
    /// Cancelled once, at the end of the process, and with it all that came from it.
    shutdown: CancellationToken,
    current: Mutex<CancellationToken>,
}

impl Stop {
    /// Calls are also stopped by `shutdown`.
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self { current: Mutex::new(shutdown.child_token()), shutdown }
    }

    /// The token for a call that starts now.
    pub(super) fn token(&self) -> CancellationToken {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).child_token()
    }

    /// Stops all calls that have started.
    pub(super) fn stop(&self) {
        let next = self.shutdown.child_token();
        let stopped =
            std::mem::replace(&mut *self.current.lock().unwrap_or_else(PoisonError::into_inner), next);
        stopped.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_what_runs_and_spares_what_comes() {
        let shutdown = CancellationToken::new();
        let stop = Stop::new(shutdown.clone());
        let (first, second) = (stop.token(), stop.token());
        stop.stop();
        assert!(first.is_cancelled() && second.is_cancelled());
        let later = stop.token();
        assert!(!later.is_cancelled());
        shutdown.cancel();
        assert!(later.is_cancelled());
    }
}
