//! Reading from HTTP servers: proxies, timeouts, limits, and the retries of charts and indexes. Only reads, so that
//! everything may be asked for twice.

use std::sync::OnceLock;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::{Bytes, BytesMut};
use reqwest::{Client, NoProxy, Proxy, StatusCode, Url, redirect};
use tokio_util::sync::CancellationToken;

use super::error::Error;
use crate::wait;

/// Address resolution, TCP and TLS together.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long nothing may come while an answer is read.
pub(super) const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// What servers see.
pub(super) const USER_AGENT: &str = concat!("terraform-provider-kubeblocks/", env!("CARGO_PKG_VERSION"));
/// Servers that this machine runs itself are asked directly, also where a proxy is set; helm does the same.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";
/// The first attempt and two more: a registry that restarts is back in a second, one that is away is away.
const ATTEMPTS: usize = 3;
const MOST_REDIRECTS: usize = 10;

/// The proxies that the environment asks for, by the rules of helm.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    pub(super) https: Option<String>,
    pub(super) http: Option<String>,
    /// Hosts that are asked directly.
    pub(super) except: String,
}

impl Proxies {
    pub(super) fn of_environment() -> Self {
        let variable = |names: [&str; 2]| {
            names.into_iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
        };
        let except = variable(["NO_PROXY", "no_proxy"]);
        Self {
            https: variable(["HTTPS_PROXY", "https_proxy"]),
            http: variable(["HTTP_PROXY", "http_proxy"]),
            except: except.map_or(NEVER_PROXIED.to_owned(), |except| format!("{except},{NEVER_PROXIED}")),
        }
    }
}

/// Reads from HTTP servers. Its client is made at the first use.
#[derive(Debug, Default)]
pub(super) struct Fetcher(OnceLock<Result<Client, String>>);

impl Fetcher {
    /// What `url` answers, of at most `limit` bytes.
    pub(super) async fn get(&self, url: &Url, limit: u64) -> Result<Bytes, Error> {
        let client = self
            .0
            .get_or_init(|| client(&Proxies::of_environment()).map_err(|error| innermost(&error)))
            .as_ref()
            .map_err(|cause| Error::Away { url: shown(url), cause: cause.clone() })?;
        retried(|| attempt(client, url, limit)).await
    }
}

/// Tries until the outcome is another than [`Error::Away`], a few times.
pub(super) async fn retried<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(ATTEMPTS - 1)
        .with_jitter()
        .build();
    loop {
        let error = match attempt().await {
            Err(error) if error.is_away() => error,
            outcome => return outcome,
        };
        let Some(delay) = delays.next() else { return Err(error) };
        tracing::debug!(?delay, %error, "retrying");
        // Who reads a chart is dropped on an interrupt, and the pause with it.
        let _ = wait::pause(delay, &CancellationToken::new()).await;
    }
}

fn client(proxies: &Proxies) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(SILENCE_TIMEOUT)
        .redirect(redirect::Policy::custom(follow));
    let except = || NoProxy::from_string(&proxies.except);
    if let Some(proxy) = &proxies.https {
        builder = builder.proxy(Proxy::https(proxy.as_str())?.no_proxy(except()));
    }
    if let Some(proxy) = &proxies.http {
        builder = builder.proxy(Proxy::http(proxy.as_str())?.no_proxy(except()));
    }
    builder.build()
}

fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error("it redirects without end");
    }
    let was_safe = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if was_safe && attempt.url().scheme() != "https" {
        return attempt.error("it redirects from https to a connection that is not encrypted");
    }
    attempt.follow()
}

async fn attempt(client: &Client, url: &Url, limit: u64) -> Result<Bytes, Error> {
    let mut response = client.get(url.clone()).send().await.map_err(|error| broken(url, &error))?;
    if !response.status().is_success() {
        return Err(refused(&shown(url), response.status(), None));
    }
    let too_large = || Error::TooLarge { what: shown(url), limit: limit / 1024 / 1024, unit: "MiB" };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, &error))? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(url: &Url, error: &reqwest::Error) -> Error {
    let (url, cause) = (shown(url), innermost(error));
    if error.is_redirect() { Error::Missing { url, cause } } else { Error::Away { url, cause } }
}

/// The error of an answer that is none; `message` is the server's own, when it has one.
pub(super) fn refused(url: &str, status: StatusCode, message: Option<&str>) -> Error {
    let cause = match message {
        Some(message) => format!("{status}: {message}"),
        None => status.to_string(),
    };
    let url = url.to_owned();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            Error::Refused { url, cause }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Error::Away { url, cause },
        status if status.is_server_error() => Error::Away { url, cause },
        _ => Error::Missing { url, cause },
    }
}

/// A URL as it may stand in a message: without credentials, and without a query, which can be one.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fails for URLs that have no host, which have no credentials either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// The text of the cause that has none itself: `connection refused`, `invalid peer certificate`.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    match error.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "no answer in time".to_owned(),
        // Its own text repeats the URL, with its query.
        Some(_) => "the answer broke off".to_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_web::{Request, Web, ok};
    use super::*;

    #[tokio::test]
    async fn a_proxy_is_used_but_not_for_this_machine_and_what_is_excepted() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let direct = Web::start(|_: &Request| ok("direct")).await;
        let proxy = Web::start(|_: &Request| ok("by proxy")).await;
        let proxies = Proxies {
            http: Some(proxy.url()),
            https: None,
            except: format!("excepted.test,{NEVER_PROXIED}"),
        };
        let client = client(&proxies).unwrap();
        let get = async |url: String| attempt(&client, &Url::parse(&url).unwrap(), 100).await;
        assert_eq!(get("http://charts.test/index.yaml".to_owned()).await.unwrap(), "by proxy");
        assert_eq!(get(format!("{}/index.yaml", direct.url())).await.unwrap(), "direct");
        assert_eq!(proxy.paths(), ["http://charts.test/index.yaml"]);
        // Names under .test do not resolve, and the proxy is not asked.
        assert!(get("http://excepted.test/".to_owned()).await.unwrap_err().is_away());
        assert_eq!(proxy.paths().len(), 1);
    }

    #[test]
    fn urls_are_shown_without_what_could_be_a_secret() {
        let url = Url::parse("https://user:hunter2@charts.example.com/a/b?token=hunter2#hunter2").unwrap();
        assert_eq!(shown(&url), "https://charts.example.com/a/b");
    }
}
