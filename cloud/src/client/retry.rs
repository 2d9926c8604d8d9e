//! The one policy of retries for requests to clouds. Nothing else in this crate retries a request or sleeps.

use std::future::Future;
use std::time::Duration;

use rand::RngExt as _;

use crate::Error;

/// What a repetition of a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Nothing that the first one did not: a read, a PUT of a whole object, a delete, a create with a token by which
    /// the cloud knows it again.
    Always,
    /// It may do the same thing twice, unless the cloud says for sure that it has not begun (it was throttled, or the
    /// connection was never made).
    IfNotBegun,
}

/// Why a request failed, as far as a repetition is concerned.
#[derive(Debug)]
pub enum Failure {
    /// The cloud asks for fewer requests; it has not begun.
    Throttled {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// What is told if that is how it ends.
        error: Error,
    },
    /// The connection was not made; nothing was sent.
    NotSent(Error),
    /// The connection broke, or the cloud failed (5xx): it may have begun.
    Broken {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// What is told if that is how it ends.
        error: Error,
    },
    /// The credentials have expired. New ones are asked for, once.
    Expired(Error),
    /// The cloud's answer; the same request will get it again.
    Final(Error),
}

/// How often and how long requests are repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Requests at most, with the first one.
    pub attempts: u32,
    /// The rest before the second request; it doubles from one to the next, and a random half of it is left out, so
    /// that many clients do not come back at the same time.
    pub base: Duration,
    /// The longest rest, unless the cloud asks for more.
    pub longest: Duration,
    /// The longest rest that a cloud may ask for; if it wants more, the request fails.
    pub longest_asked: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 8,
            base: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            longest_asked: Duration::from_mins(2),
        }
    }
}

impl Retry {
    /// Repeats `request` as the policy says. `renew` is called once, when the credentials have expired.
    pub async fn run<T, Request, Renew>(
        &self,
        repeatable: Repeatable,
        renew: impl Fn() -> Renew,
        request: impl Fn() -> Request,
    ) -> Result<T, Error>
    where
        Request: Future<Output = Result<T, Failure>>,
        Renew: Future<Output = ()>,
    {
        let (mut attempt, mut is_renewed) = (1, false);
        loop {
            let failure = match request().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let (asked, error) = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Expired(error) if is_renewed => return Err(error),
                Failure::Expired(_) => {
                    is_renewed = true;
                    renew().await;
                    continue;
                }
                Failure::NotSent(error) => (None, error),
                Failure::Broken { error, .. } if repeatable == Repeatable::IfNotBegun => return Err(error),
                Failure::Throttled { retry_after, error } | Failure::Broken { retry_after, error } => {
                    (retry_after, error)
                }
            };
            if attempt >= self.attempts || asked.is_some_and(|asked| asked > self.longest_asked) {
                return Err(error);
            }
            let rest = self.rest(attempt, asked);
            tracing::debug!(attempt, rest_ms = rest.as_millis(), %error, "a request to the cloud is repeated");
            tokio::time::sleep(rest).await;
            attempt += 1;
        }
    }

    /// The rest after the `attempt`-th request.
    fn rest(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled =
            self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(self.longest);
        let jittered = doubled.mul_f64(rand::rng().random_range(0.5..=1.0));
        asked.map_or(jittered, |asked| asked.max(jittered))
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date.
pub fn retry_after(headers: &http::HeaderMap, now: std::time::SystemTime) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = jiff::Timestamp::try_from(now).ok()?;
    Some(Duration::from_secs(u64::try_from(at.as_second() - now.as_second()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn error() -> Error {
        Error::Unexpected { message: "503".to_owned() }
    }

    fn throttled(seconds: u64) -> Failure {
        Failure::Throttled { retry_after: Some(Duration::from_secs(seconds)), error: error() }
    }

    fn broken() -> Failure {
        Failure::Broken { retry_after: None, error: error() }
    }

    /// Plays the failures one after the other, then success. Gives requests made, renewals, the time it took and
    /// whether it ended well.
    async fn play(repeatable: Repeatable, failures: Vec<Failure>) -> (u32, u32, Duration, bool) {
        let failures = RefCell::new(failures.into_iter());
        let (requests, renewals) = (Cell::new(0), Cell::new(0));
        let start = tokio::time::Instant::now();
        let renew = || {
            renewals.set(renewals.get() + 1);
            std::future::ready(())
        };
        let request = || {
            requests.set(requests.get() + 1);
            std::future::ready(failures.borrow_mut().next().map_or(Ok(()), Err))
        };
        let outcome = Retry::default().run(repeatable, renew, request).await;
        (requests.get(), renewals.get(), start.elapsed(), outcome.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_repetition_cannot_hurt_is_repeated_and_nothing_else() {
        use Repeatable::{Always, IfNotBegun};
        let not_sent = || Failure::NotSent(error());
        let cases = [
            (Always, vec![broken(), broken()], 3, true),
            (IfNotBegun, vec![broken()], 1, false),
            (IfNotBegun, vec![not_sent(), throttled(1)], 3, true),
            (Always, vec![Failure::Final(error())], 1, false),
            (Always, (0..8).map(|_| broken()).collect(), 8, false),
            (Always, (0..7).map(|_| broken()).collect(), 8, true),
            (Always, vec![throttled(121)], 1, false),
        ];
        for (repeatable, failures, requests, is_ok) in cases {
            let label = format!("{repeatable:?} {failures:?}");
            let (made, _, _, ended_well) = play(repeatable, failures).await;
            assert_eq!((made, ended_well), (requests, is_ok), "{label}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_cloud_s_wish_to_wait_is_honoured() {
        let (_, _, took, _) = play(Repeatable::IfNotBegun, vec![throttled(90)]).await;
        assert!(took >= Duration::from_secs(90) && took < Duration::from_secs(91), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_are_renewed_once_and_at_once() {
        let expired = || Failure::Expired(error());
        let (requests, renewals, took, is_ok) = play(Repeatable::IfNotBegun, vec![expired()]).await;
        assert_eq!((requests, renewals, took, is_ok), (2, 1, Duration::ZERO, true));
        let (requests, renewals, _, is_ok) = play(Repeatable::IfNotBegun, vec![expired(), expired()]).await;
        assert_eq!((requests, renewals, is_ok), (2, 1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn rests_grow_and_have_a_limit() {
        let policy = Retry::default();
        for (attempt, least, most) in
            [(1, 250, 500), (2, 500, 1_000), (5, 4_000, 8_000), (40, 10_000, 20_000)]
        {
            let rest = u64::try_from(policy.rest(attempt, None).as_millis()).unwrap();
            assert!((least..=most).contains(&rest), "{attempt}: {rest}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 21 October 2015, 07:20 in UTC.
        let now = std::time::SystemTime::from("2015-10-21T07:20:00Z".parse::<jiff::Timestamp>().unwrap());
        let cases = [
            ("7", Some(7)),
            ("Wed, 21 Oct 2015 07:28:01 GMT", Some(481)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            let mut headers = http::HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
