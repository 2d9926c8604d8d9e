//! Credentials that are made in this process when they are needed: tokens and client certificates of managed Kubernetes
//! clusters. They are renewed at 80 % of their life and when a server refuses them, and stand nowhere else.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use kubeblocks_cloud::client::cache::Cache;
use kubeblocks_cloud::{Credentials, Error as CloudError, Proof};
use tower::BoxError;
use tower::filter::AsyncPredicate;

use super::configuration::Error;
use super::connection::CloudLogin;

/// Who makes the credentials of a managed Kubernetes cluster: the clients of the clouds, behind a wall.
pub trait Minter: Debug + Send + Sync {
    /// A credential, valid from now on.
    fn mint<'a>(&'a self, login: &'a CloudLogin) -> BoxFuture<'a, Result<Credentials, CloudError>>;
}

/// A minter for clients of which none belongs to a cloud.
#[derive(Clone, Copy, Debug)]
pub struct NoMinter;

impl Minter for NoMinter {
    fn mint<'a>(&'a self, login: &'a CloudLogin) -> BoxFuture<'a, Result<Credentials, CloudError>> {
        let message = format!("there is no client for {}", login.method.text());
        Box::pin(std::future::ready(Err(CloudError::Unauthenticated { message })))
    }
}

/// The credentials of one managed Kubernetes cluster. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Mint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    minter: Arc<dyn Minter>,
    login: CloudLogin,
    kept: Cache<Credentials>,
}

impl Mint {
    pub(super) fn new(minter: Arc<dyn Minter>, login: CloudLogin) -> Self {
        Self(Arc::new(Inner { minter, login, kept: Cache::default() }))
    }

    /// A credential that is good for a while.
    pub(super) async fn current(&self) -> Result<Credentials, Error> {
        let make = async || {
            let made = self.0.minter.mint(&self.0.login).await?;
            let expires_at = made.expires_at;
            Ok((made, expires_at))
        };
        self.0.kept.get(make).await.map_err(|error| Error::Minting {
            service: self.0.login.method.service(),
            cluster: self.0.login.cluster.clone(),
            cause: error.to_string(),
        })
    }

    /// Forgets the credential, as a server refused it.
    pub(super) async fn forget(&self) {
        self.0.kept.forget().await;
    }

    /// The `Authorization` header of a request sent now; none where a certificate proves who asks.
    pub(super) async fn header(&self) -> Result<Option<HeaderValue>, Error> {
        let Proof::Token(token) = self.current().await?.proof else { return Ok(None) };
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
            Error::Credentials { cause: "the token holds characters that cannot be sent".to_owned() }
        })?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}

impl<B: Send + 'static> AsyncPredicate<Request<B>> for Mint {
    type Future = BoxFuture<'static, Result<Request<B>, BoxError>>;
    type Request = Request<B>;

    fn check(&mut self, mut request: Request<B>) -> Self::Future {
        let mint = self.clone();
        Box::pin(async move {
            if let Some(header) = mint.header().await? {
                request.headers_mut().insert(AUTHORIZATION, header);
            }
            Ok(request)
        })
    }
}

/// When a connection with this client certificate is to be made anew: at 80 % of what is left of its life.
pub(super) fn renew_at(credentials: &Credentials, now: SystemTime) -> Option<SystemTime> {
    matches!(credentials.proof, Proof::Certificate { .. }).then(|| {
        let left = credentials.expires_at.duration_since(now).unwrap_or_default();
        now + left.mul_f64(0.8)
    })
}
