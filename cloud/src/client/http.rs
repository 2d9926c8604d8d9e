//! The HTTP client of the clouds that have no client library of their own transport.

use std::time::Duration;

use super::retry::Failure;
use crate::Error;

/// How long a connection may take.
pub(crate) const CONNECT: Duration = Duration::from_secs(15);
/// How long an answer may take. Clouds answer at once and go on by themselves.
pub(crate) const ANSWER: Duration = Duration::from_mins(1);

/// A client with the operating system's certificate authorities (`SSL_CERT_FILE` adds others) and the proxies of the
/// environment. The process must have set its TLS provider.
pub fn client(user_agent: &str) -> Result<reqwest::Client, Error> {
    builder(user_agent).build().map_err(|error| Error::Unexpected { message: cause(&error) })
}

/// What [`client`] is built from, for those that add to it.
pub fn builder(user_agent: &str) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(reqwest::redirect::Policy::none())
}

/// What a broken exchange means for a repetition.
pub fn failure(error: &reqwest::Error) -> Failure {
    let told = Error::Unexpected { message: cause(error) };
    if error.is_connect() {
        Failure::NotSent(told)
    } else if error.is_builder() {
        Failure::Final(told)
    } else {
        Failure::Broken { retry_after: None, error: told }
    }
}

/// The error with its causes, and without the URL, which may hold a signature.
pub fn cause(error: &reqwest::Error) -> String {
    let mut text = match error.url() {
        Some(url) => format!("the request to {} failed", url.host_str().unwrap_or_default()),
        None => "the request failed".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
