//! The one place that waits. A wait is a stream of observations, a pure decision about each, a deadline and a stop
//! token. It never polls: it wakes for a new observation, for the moment that the last decision named, for the
//! deadline, or for the stop. Knows neither Kubernetes nor Terraform.

use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a plan looks at a Kubernetes cluster before it is made without.
pub const PLAN_LOOK: Duration = Duration::from_secs(10);

/// What ends a wait that its decision does not end.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Cancelled when the practitioner interrupts.
    pub stop: CancellationToken,
    /// When to give up.
    pub deadline: Instant,
    started: Instant,
}

impl Limits {
    /// Limits that end `timeout` from now.
    pub fn new(timeout: Duration, stop: &CancellationToken) -> Self {
        let started = Instant::now();
        // A timeout too large for the clock means "for ever"; a year is that for an apply.
        let deadline = started.checked_add(timeout).unwrap_or(started + Duration::from_hours(365 * 24));
        Self { stop: stop.clone(), deadline, started }
    }

    /// Time since these limits were made.
    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }
}

/// What a decision says about an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T, F> {
    /// What was waited for is here.
    Done(T),
    /// It cannot come any more.
    Failed(F),
    /// Not yet. With a moment, the same observation is judged again then, as time alone can change the answer.
    Wait(Option<Instant>),
}

/// Why a wait ended without its result. `last` is the newest observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitError<S, F> {
    /// The deadline passed.
    TimedOut {
        /// The newest observation, when there was one.
        last: Option<S>,
        /// How long was waited.
        waited: Duration,
    },
    /// The practitioner interrupted.
    Interrupted {
        /// The newest observation, when there was one.
        last: Option<S>,
    },
    /// The decision said that it cannot come any more.
    Failed {
        /// What the decision said.
        failure: F,
        /// The observation it was said of.
        last: S,
    },
}

/// Waits until `decide` ends it, or `limits` do. A stream that ends is taken as one that has nothing new to say.
pub async fn until<S, T, F>(
    limits: &Limits,
    observations: &mut (impl Stream<Item = S> + Unpin),
    mut decide: impl FnMut(&S, Instant) -> Step<T, F>,
) -> Result<T, WaitError<S, F>> {
    let mut last: Option<S> = None;
    let mut judge_again: Option<Instant> = None;
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            () = limits.stop.cancelled() => return Err(WaitError::Interrupted { last }),
            // Before the observations, as these may come faster than they are judged.
            () = tokio::time::sleep_until(limits.deadline) => {
                return Err(WaitError::TimedOut { last, waited: limits.waited() });
            }
            next = observations.next(), if !ended => match next {
                Some(observation) => last = Some(observation),
                None => ended = true,
            },
            () = tokio::time::sleep_until(judge_again.unwrap_or(limits.deadline)), if judge_again.is_some() => {}
        }
        let Some(observation) = last.take() else { continue };
        match decide(&observation, Instant::now()) {
            Step::Done(result) => return Ok(result),
            Step::Failed(failure) => return Err(WaitError::Failed { failure, last: observation }),
            Step::Wait(moment) => {
                judge_again = moment;
                last = Some(observation);
            }
        }
    }
}

/// The practitioner interrupted a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Lets `duration` pass, unless the practitioner interrupts.
pub async fn pause(duration: Duration, stop: &CancellationToken) -> Result<(), Interrupted> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Interrupted),
        () = tokio::time::sleep(duration) => Ok(()),
    }
}

/// `work`, or nothing when it takes longer than `limit`.
pub async fn at_most<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn limits(seconds: u64) -> Limits {
        Limits::new(Duration::from_secs(seconds), &CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_observation_that_satisfies_ends_the_wait() {
        let mut numbers = stream::iter([1, 2, 3, 4]);
        let limits = limits(1);
        let result = until(&limits, &mut numbers, |number, _| {
            if *number == 3 { Step::<_, ()>::Done(*number) } else { Step::Wait(None) }
        });
        assert_eq!(result.await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_ends_the_wait_at_once_and_carries_what_was_seen() {
        let mut numbers = stream::iter([1, 2]).chain(stream::pending());
        let result: Result<(), _> = until(&limits(60), &mut numbers, |number, _| {
            if *number == 2 { Step::Failed("two") } else { Step::Wait(None) }
        })
        .await;
        assert_eq!(result, Err(WaitError::Failed { failure: "two", last: 2 }));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_wait_whose_stream_is_silent_or_has_ended() {
        for ended in [false, true] {
            let numbers = stream::iter([7]);
            let mut numbers =
                if ended { numbers.left_stream() } else { numbers.chain(stream::pending()).right_stream() };
            let result: Result<(), _> =
                until(&limits(30), &mut numbers, |_, _| Step::<(), ()>::Wait(None)).await;
            assert_eq!(
                result,
                Err(WaitError::TimedOut { last: Some(7), waited: Duration::from_secs(30) }),
                "ended: {ended}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_named_moment_judges_the_same_observation_again_without_a_new_one() {
        let start = Instant::now();
        let due = start + Duration::from_secs(5);
        let mut numbers = stream::iter([1]).chain(stream::pending());
        let limits = limits(60);
        let result = until(&limits, &mut numbers, |number, now| {
            if now >= due { Step::<_, ()>::Done(*number) } else { Step::Wait(Some(due)) }
        });
        assert_eq!(result.await, Ok(1));
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_after_the_deadline_does_not_prolong_the_wait() {
        let start = Instant::now();
        let mut numbers = stream::iter([1]).chain(stream::pending());
        let late = start + Duration::from_secs(100);
        let result: Result<(), _> =
            until(&limits(10), &mut numbers, |_, _| Step::<(), ()>::Wait(Some(late))).await;
        assert!(matches!(result, Err(WaitError::TimedOut { .. })));
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_ends_a_wait_and_a_pause_at_once() {
        let limits = limits(600);
        limits.stop.cancel();
        let mut silent = stream::pending::<()>();
        let result: Result<(), _> = until(&limits, &mut silent, |(), _| Step::<(), ()>::Wait(None)).await;
        assert_eq!(result, Err(WaitError::Interrupted { last: None }));
        assert_eq!(pause(Duration::from_mins(10), &limits.stop).await, Err(Interrupted));
        assert_eq!(limits.waited(), Duration::ZERO);
    }
}
