//! A bearer token that lives in a file and is replaced there from time to time. Adds it to requests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::BoxError;
use tower::filter::AsyncPredicate;

use super::configuration::Error;

/// Kubelet replaces service account tokens at 80 % of their life; a minute is far below what is left then.
const READ_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// A token file with the header made of its content. Clones share it.
#[derive(Clone)]
pub(super) struct TokenFile {
    path: Arc<PathBuf>,
    last: Arc<Mutex<Option<(HeaderValue, Instant)>>>,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path), last: Arc::default() }
    }

    /// `Bearer <token>`, read at most a minute ago. When the file has gone, the token last read goes on serving,
    /// as credentials may be removed once a process has started.
    pub(super) async fn header(&self) -> Result<HeaderValue, Error> {
        let mut last = self.last.lock().await;
        if let Some((header, read)) = last.as_ref()
            && read.elapsed() < READ_AGAIN_AFTER
        {
            return Ok(header.clone());
        }
        match (self.read().await, last.as_ref()) {
            (Ok(header), _) => {
                *last = Some((header.clone(), Instant::now()));
                Ok(header)
            }
            (Err(_), Some((header, _))) => Ok(header.clone()),
            (Err(error), None) => Err(error),
        }
    }

    async fn read(&self) -> Result<HeaderValue, Error> {
        let path = self.path.as_ref();
        let token = tokio::fs::read_to_string(path)
            .await
            .map_err(|source| Error::TokenFile { path: path.clone(), source })?;
        let token = token.trim();
        let invalid = || Error::TokenFileContent { path: path.clone() };
        if token.is_empty() {
            return Err(invalid());
        }
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| invalid())?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl<B: Send + 'static> AsyncPredicate<Request<B>> for TokenFile {
    type Future = BoxFuture<'static, Result<Request<B>, BoxError>>;
    type Request = Request<B>;

    fn check(&mut self, mut request: Request<B>) -> Self::Future {
        let token_file = self.clone();
        Box::pin(async move {
            let header = token_file.header().await?;
            request.headers_mut().insert(AUTHORIZATION, header);
            Ok(request)
        })
    }
}
