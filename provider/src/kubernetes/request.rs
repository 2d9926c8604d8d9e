//! One request to the API server, with the only retries of in-cluster calls. Every request sent through here may be
//! sent twice without harm: GET, LIST, server-side apply, DELETE with a uid.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::{Request, StatusCode};
use kube::client::Body;
use kube::core::Status;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::classify::{self, Failure};
use super::error::{Action, Error};
use crate::wait;

/// An answer that does not come within this is given up; admission webhooks may take up to 30 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(35);
/// No attempt starts later than this after the first one. An API server that restarts is away for 20 s.
const RETRY_BUDGET: Duration = Duration::from_secs(30);
/// How long an attempt that may change something goes on after an interrupt, so that its outcome is known.
const FINISH_AFTER_STOP: Duration = Duration::from_secs(5);

/// Where requests go, and what ends them early.
pub(super) struct Sender<'a> {
    pub(super) client: &'a kube::Client,
    pub(super) endpoint: &'a str,
    pub(super) exec_command: Option<&'a str>,
    pub(super) stop: &'a CancellationToken,
    pub(super) away: &'a Away,
}

/// Whether the server was just found to be away, so that of many requests only the first ones wait for it to come
/// back.
#[derive(Debug, Default)]
pub(super) struct Away(Mutex<Option<Instant>>);

/// For how long a server that was found to be away is not waited for again.
const AWAY_FOR: Duration = Duration::from_secs(15);

impl Away {
    fn note(&self, away: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = away.then(Instant::now);
    }

    fn budget(&self) -> Duration {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_some_and(|found| found.elapsed() < AWAY_FOR) { Duration::ZERO } else { RETRY_BUDGET }
    }
}

/// A successful answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: bytes::Bytes,
}

impl Sender<'_> {
    /// Sends `request` until it is answered for good.
    pub(super) async fn send(&self, request: &Request<Vec<u8>>, action: &Action) -> Result<Answer, Error> {
        let started = Instant::now();
        let budget = self.away.budget();
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(5))
            .with_jitter()
            .without_max_times()
            .build();
        loop {
            if self.stop.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let failure = match self.attempt(request, action).await {
                Ok(answer) => {
                    self.away.note(false);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let waited = started.elapsed();
            let Some(asked) =
                failure.retry_after().filter(|_| !(failure.is_conflict() && is_conditional(request)))
            else {
                return Err(failure.into_error(self.endpoint, action, waited));
            };
            let delay = asked.max(delays.next().unwrap_or(Duration::from_secs(5)));
            if waited + delay > budget {
                self.away.note(matches!(failure, Failure::Broken { .. }));
                return Err(failure.into_error(self.endpoint, action, waited));
            }
            tracing::debug!(verb = action.verb, resource = %action.resource, ?delay, %failure, "retrying");
            wait::pause(delay, self.stop).await.map_err(|_| Error::Interrupted)?;
        }
    }

    async fn attempt(&self, request: &Request<Vec<u8>>, action: &Action) -> Result<Answer, Failure> {
        let exchange = wait::at_most(ATTEMPT_TIMEOUT, self.exchange(request));
        let answer = if matches!(action.verb, "get" | "list") {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Failure::Interrupted),
                answer = exchange => answer,
            }
        } else {
            let stopped = async {
                self.stop.cancelled().await;
                let _ = wait::pause(FINISH_AFTER_STOP, &CancellationToken::new()).await;
            };
            tokio::select! {
                biased;
                answer = exchange => answer,
                () = stopped => return Err(Failure::Interrupted),
            }
        };
        answer.unwrap_or_else(|| Err(Failure::silent(ATTEMPT_TIMEOUT)))
    }

    async fn exchange(&self, request: &Request<Vec<u8>>) -> Result<Answer, Failure> {
        let request = request.clone().map(Body::from);
        let response =
            self.client.send(request).await.map_err(|error| classify::broken(error, self.exec_command))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        let body = response
            .into_body()
            .collect_bytes()
            .await
            .map_err(|error| classify::broken(error, self.exec_command))?;
        if status.is_success() {
            return Ok(Answer { status, body });
        }
        Err(Failure::Answer { status: parse_status(status, &body), retry_after })
    }
}

/// Whether a request is meant for one version of an object alone.
fn is_conditional(request: &Request<Vec<u8>>) -> bool {
    const VERSION: &[u8] = b"\"resourceVersion\"";
    request.body().windows(VERSION.len()).any(|part| part == VERSION)
}

/// The `Status` of an answer; one made of its text when a proxy or an unknown path answered.
fn parse_status(code: StatusCode, body: &[u8]) -> Box<Status> {
    let mut status = match serde_json::from_slice::<Status>(body) {
        Ok(status) if status.code != 0 || !status.reason.is_empty() => status,
        _ => {
            let text: String = String::from_utf8_lossy(body).trim().chars().take(1000).collect();
            Status::failure(&text, "")
        }
    };
    status.code = code.as_u16();
    status.boxed()
}
