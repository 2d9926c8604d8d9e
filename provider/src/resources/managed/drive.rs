//! Calls a cloud again and again until it is done. The only loop over a cloud's steps; it sleeps through `wait`.

use std::time::Duration;

use kubeblocks_cloud::{Error, Progress};
use tokio_util::sync::CancellationToken;

use crate::wait::{Limits, pause};

/// Variable with the first rest between two looks, as `250ms`: for tests, whose clouds have a clock that runs fast.
const PACE: &str = "KUBEBLOCKS_CLOUD_POLL_INTERVAL";
const FIRST_REST: Duration = Duration::from_secs(5);
/// Rests grow by half, up to so many times the first.
const LONGEST: u32 = 6;
/// How long an interrupt waits for the answer to what was asked already, so that what it made is known.
const GRACE: Duration = Duration::from_secs(10);

/// Why a cloud was not driven to the end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The practitioner interrupted.
    Interrupted {
        /// What was waited for.
        what: String,
    },
    /// It took too long.
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
    },
    /// The cloud refused or failed.
    Failed(Error),
}

/// One step of a cloud. A trait rather than a closure, since the futures of asynchronous closures that borrow cannot be
/// known to be `Send`.
pub(crate) trait Call: Send {
    /// Takes the step.
    fn call(&mut self) -> impl Future<Output = Result<Progress, Error>> + Send;
}

/// Repeats `call` until it is done. Conflicts and throttling that outlast the client's own patience are waited out, too.
pub(crate) async fn drive(limits: &Limits, call: &mut impl Call) -> Result<(), Stopped> {
    let mut rests = Rests::new();
    let mut what = "the cloud's first answer".to_owned();
    loop {
        if limits.stop.is_cancelled() {
            return Err(Stopped::Interrupted { what });
        }
        let Some(progress) = answer(call, &limits.stop).await else {
            return Err(Stopped::Interrupted { what });
        };
        match progress {
            Ok(Progress::Done) => return Ok(()),
            Ok(Progress::Waiting { what: now }) => {
                if now != what {
                    tracing::info!("waiting for {now}");
                    // Something has moved, so the next step may be near.
                    rests = Rests::new();
                    what = now;
                }
            }
            Err(Error::Conflict { what: object, message }) => {
                what = format!("{object}, which is busy: {message}");
            }
            Err(Error::Throttled { .. }) => "the cloud, which asks for fewer calls".clone_into(&mut what),
            Err(error) => return Err(Stopped::Failed(error)),
        }
        let rest = rests.next();
        let left = limits.deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Err(Stopped::TimedOut { what, waited: limits.waited() });
        }
        if pause(rest.min(left), &limits.stop).await.is_err() {
            return Err(Stopped::Interrupted { what });
        }
    }
}

/// The answer to one step, or none if it does not come soon after an interrupt.
async fn answer(call: &mut impl Call, stop: &CancellationToken) -> Option<Result<Progress, Error>> {
    let asked = call.call();
    tokio::pin!(asked);
    tokio::select! {
        biased;
        progress = &mut asked => Some(progress),
        // A step that is cut off all the same may have been heard: what it made is found again by its mark.
        () = stop.cancelled() => tokio::time::timeout(GRACE, asked).await.ok(),
    }
}

/// Rests that grow.
struct Rests {
    next: Duration,
    longest: Duration,
}

impl Rests {
    fn new() -> Self {
        let first = std::env::var(PACE)
            .ok()
            .and_then(|text| tfplugin::timeouts::parse_duration(&text).ok())
            .filter(|rest| !rest.is_zero())
            .unwrap_or(FIRST_REST);
        Self { next: first, longest: first * LONGEST }
    }

    fn next(&mut self) -> Duration {
        let rest = self.next;
        self.next = (rest * 3 / 2).min(self.longest);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<F: FnMut() -> Result<Progress, Error> + Send> Call for F {
        async fn call(&mut self) -> Result<Progress, Error> {
            self()
        }
    }

    #[allow(clippy::unnecessary_wraps)] // an answer of a cloud
    fn waiting(what: &str) -> Result<Progress, Error> {
        Ok(Progress::Waiting { what: what.to_owned() })
    }

    #[tokio::test(start_paused = true)]
    async fn rests_grow_while_nothing_moves_and_begin_anew_when_something_does() {
        let begun = tokio::time::Instant::now();
        let mut times = Vec::new();
        let limits = Limits::new(Duration::from_hours(1), &CancellationToken::new());
        let mut step = || {
            times.push(begun.elapsed().as_millis() / 10);
            match times.len() {
                1..=7 => waiting("a"),
                8 => Err(Error::Conflict { what: "it".to_owned(), message: "busy".to_owned() }),
                9 => waiting("b"),
                _ => Ok(Progress::Done),
            }
        };
        assert!(drive(&limits, &mut step).await.is_ok());
        let rests: Vec<u128> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(rests, [500, 750, 1_125, 1_687, 2_531, 3_000, 3_000, 3_000, 500]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_deadline_an_interrupt_or_a_failure() {
        let stop = CancellationToken::new();
        let limits = Limits::new(Duration::from_mins(1), &stop);
        match drive(&limits, &mut || waiting("the moon")).await {
            Err(Stopped::TimedOut { what, waited }) => {
                assert_eq!((what.as_str(), waited.as_secs()), ("the moon", 60));
            }
            other => panic!("{other:?}"),
        }
        let failed = drive(&limits, &mut || Err(Error::QuotaExceeded { message: "ips".to_owned() })).await;
        assert!(matches!(failed, Err(Stopped::Failed(Error::QuotaExceeded { .. }))), "{failed:?}");
        let limits = Limits::new(Duration::from_mins(1), &stop);
        let mut interrupts = || {
            stop.cancel();
            waiting("it")
        };
        assert!(
            matches!(drive(&limits, &mut interrupts).await, Err(Stopped::Interrupted { what }) if what == "it")
        );
    }
    /// A step that takes a while, and notes that it came to its end.
    struct Slow<'a> {
        takes: Duration,
        stop: &'a CancellationToken,
        has_ended: bool,
    }

    impl Call for Slow<'_> {
        async fn call(&mut self) -> Result<Progress, Error> {
            self.stop.cancel();
            tokio::time::sleep(self.takes).await;
            self.has_ended = true;
            waiting("it")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_waits_a_moment_for_what_was_asked_already() {
        for (takes, is_awaited) in [(GRACE / 2, true), (GRACE * 2, false)] {
            let stop = CancellationToken::new();
            let limits = Limits::new(Duration::from_hours(1), &stop);
            let mut slow = Slow { takes, stop: &stop, has_ended: false };
            let begun = tokio::time::Instant::now();
            assert!(matches!(drive(&limits, &mut slow).await, Err(Stopped::Interrupted { .. })));
            assert_eq!((slow.has_ended, begun.elapsed()), (is_awaited, takes.min(GRACE)));
        }
    }
}
