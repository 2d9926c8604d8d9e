//! Access tokens: one at a time, for GKE, Compute Engine and Kubernetes alike.
//!
//! A service account's key is changed for a real access token here. Google's library would only sign a token of its
//! own with it, which Google's APIs take, and Kubernetes does not.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, Builder, CacheableResource, CredentialsProvider, EntityTag, external_account,
    impersonated, service_account, user_account,
};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_auth::signer::Signer;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::config::{Source, SourceKind};
use super::error;
use crate::Error;
use crate::client::cache::Cache;
use crate::client::http;
use crate::client::retry::{Repeatable, Retry};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Where keys of service accounts are changed for tokens, when they do not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// Life of a signed wish for a token; Google allows an hour.
const WISH: Duration = Duration::from_mins(10);
/// What is vouched for of a token that the library keeps: it renews them four minutes before they end.
const KEPT: Duration = Duration::from_mins(3);

/// An access token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) expires_at: SystemTime,
}

/// Gives tokens that are good now. Clones share one.
#[derive(Clone)]
pub(super) struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    giver: Giver,
    cache: Cache<Token>,
    http: reqwest::Client,
    retry: Retry,
}

enum Giver {
    Given(String),
    Key { signer: Signer, key: Key },
    Library { source: Source, credentials: RwLock<AccessTokenCredentials> },
}

/// What is needed of a service account's key beside the secret part, which only the signer knows.
#[derive(Deserialize)]
struct Key {
    client_email: String,
    private_key_id: String,
    #[serde(default = "token_uri")]
    token_uri: String,
}

fn token_uri() -> String {
    TOKEN_URI.to_owned()
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Makes no request, except that the library may look for the machine's account in the background.
    pub(super) fn new(source: Source, http: reqwest::Client, retry: Retry) -> Result<Self, Error> {
        let giver = match (source.kind, source.impersonate) {
            (SourceKind::Given(token), None) => Giver::Given(token),
            (SourceKind::Given(_), Some(_)) => {
                return Err(Error::Unauthenticated {
                    message: "an access token cannot impersonate a service account; give credentials instead"
                        .to_owned(),
                });
            }
            (SourceKind::Json(json), None) if json["type"] == "service_account" => Giver::Key {
                key: serde_json::from_value(json.clone()).map_err(|_| unusable("it lacks a field"))?,
                signer: service_account::Builder::new(json)
                    .build_signer()
                    .map_err(|_| unusable("its private key cannot be used"))?,
            },
            (kind, impersonate) => {
                let source = Source { kind, impersonate };
                Giver::Library { credentials: RwLock::new(library(&source)?), source }
            }
        };
        Ok(Self { inner: Arc::new(Inner { giver, cache: Cache::default(), http, retry }) })
    }

    /// A token that is good now.
    pub(super) async fn get(&self) -> Result<Token, Error> {
        self.inner
            .cache
            .get(async || {
                let token = self.inner.ask().await?;
                let expires_at = token.expires_at;
                Ok((token, expires_at))
            })
            .await
    }

    /// Forgets the token, as the other side no longer takes it.
    pub(super) async fn forget(&self) {
        if let Giver::Library { source, credentials } = &self.inner.giver {
            // The library keeps its own, and has no other way to let go of it.
            if let Ok(renewed) = library(source) {
                *credentials.write().await = renewed;
            }
        }
        self.inner.cache.forget().await;
    }
}

impl Inner {
    async fn ask(&self) -> Result<Token, Error> {
        match &self.giver {
            Giver::Given(value) => Ok(Token { value: value.clone(), expires_at: SystemTime::now() + KEPT }),
            Giver::Library { credentials, .. } => {
                let token = credentials.read().await.access_token().await.map_err(|error| {
                    Error::Unauthenticated { message: format!("no access token: {}", chain(&error)) }
                })?;
                Ok(Token { value: token.token, expires_at: SystemTime::now() + KEPT })
            }
            Giver::Key { signer, key } => {
                let asked_at = SystemTime::now();
                let assertion = wish(signer, key, asked_at).await?;
                let granted: Granted = self
                    .retry
                    .run(
                        Repeatable::Always,
                        async || {},
                        async || {
                            let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
                            let request = self.http.post(&key.token_uri).form(&form);
                            let answer = request.send().await.map_err(|error| http::failure(&error))?;
                            let (status, headers) = (answer.status(), answer.headers().clone());
                            let body = answer.bytes().await.map_err(|error| http::failure(&error))?;
                            error::read_grant(status, &headers, &body)
                        },
                    )
                    .await?;
                Ok(Token {
                    value: granted.access_token,
                    expires_at: asked_at + Duration::from_secs(granted.expires_in),
                })
            }
        }
    }
}

/// What Google's library makes of the source.
fn library(source: &Source) -> Result<AccessTokenCredentials, Error> {
    let scopes = [SCOPE];
    let built = match &source.kind {
        SourceKind::Found => Builder::default().with_scopes(scopes).build_access_token_credentials(),
        SourceKind::Json(json) => match json["type"].as_str() {
            Some("authorized_user") => {
                user_account::Builder::new(json.clone()).build_access_token_credentials()
            }
            Some("external_account") => external_account::Builder::new(json.clone())
                .with_scopes(scopes)
                .build_access_token_credentials(),
            Some("impersonated_service_account") => {
                impersonated::Builder::new(json.clone()).with_scopes(scopes).build_access_token_credentials()
            }
            Some("service_account") => {
                service_account::Builder::new(json.clone()).build_access_token_credentials()
            }
            _ => return Err(unusable("its type is none that is known")),
        },
        SourceKind::Given(_) => return Err(unusable("a token is no credential")),
    };
    let credentials = built.map_err(|error| unusable(&chain(&error)))?;
    let Some(target) = &source.impersonate else { return Ok(credentials) };
    impersonated::Builder::from_source_credentials(credentials.into())
        .with_target_principal(target.clone())
        .with_scopes(scopes)
        .build_access_token_credentials()
        .map_err(|error| unusable(&chain(&error)))
}

/// A signed wish for a token.
async fn wish(signer: &Signer, key: &Key, now: SystemTime) -> Result<String, Error> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({
        "iss": key.client_email,
        "scope": SCOPE,
        "aud": key.token_uri,
        "iat": seconds,
        "exp": seconds + WISH.as_secs(),
    });
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key.private_key_id });
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let unsigned = format!("{}.{}", encode(&header), encode(&claims));
    let signature = signer.sign(&unsigned).await.map_err(|_| unusable("its private key cannot be used"))?;
    Ok(format!("{unsigned}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

fn unusable(why: &str) -> Error {
    Error::Unauthenticated {
        message: format!(
            "the credentials cannot be used: {why}; give those of a service account, a user, an external account or \
             an impersonated service account"
        ),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

impl CredentialsProvider for Tokens {
    async fn headers(
        &self,
        _: ::http::Extensions,
    ) -> Result<CacheableResource<::http::HeaderMap>, CredentialsError> {
        let token = self.get().await.map_err(|error| CredentialsError::from_source(false, error))?;
        let mut value = ::http::HeaderValue::from_str(&format!("Bearer {}", token.value))
            .map_err(|error| CredentialsError::from_source(false, error))?;
        value.set_sensitive(true);
        let data = [(::http::header::AUTHORIZATION, value)].into_iter().collect();
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
