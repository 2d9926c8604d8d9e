//! Who we are to Azure: the chain of proofs, and the tokens that Entra gives for them.
//!
//! Entra is asked by Microsoft's own library, over our HTTP client and under our policy of retries. A token is kept
//! here, and a new one is asked for by a fresh credential: the library's own cache would give the old one again.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use http::HeaderValue;

use super::assertion::Certificate;
use super::spec::Config;
use crate::Error;
use crate::client::cache::Cache;
use crate::client::retry::{Failure, Repeatable, Retry};

/// Entra of Azure's public cloud.
const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";

/// The ways to say who one is.
const WAYS: &str = "set client_id and tenant_id with one of client_secret, client_certificate_path and \
                    federated_token_file (AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_SECRET, \
                    AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE), or use_managed_identity \
                    (ARM_USE_MSI=true) on a machine of Azure, or sign in with \"az login\"";

/// A proof of who we are. Its `Debug` does not show what is secret.
#[derive(Clone)]
enum Proof {
    Secret { tenant: String, client: String, secret: String },
    Certificate { tenant: String, client: String, certificate: Certificate },
    Federated { tenant: String, client: String, file: PathBuf },
    ManagedIdentity { client: Option<String> },
    Cli { tenant: Option<String> },
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Secret { .. } => "Secret",
            Self::Certificate { .. } => "Certificate",
            Self::Federated { .. } => "Federated",
            Self::ManagedIdentity { .. } => "ManagedIdentity",
            Self::Cli { .. } => "Cli",
        })
    }
}

/// Variables of the environment, or what stands for them.
pub(super) type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The first of several variables that is there and not empty.
pub(super) fn variable(environment: Environment<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| environment(name)).filter(|value| !value.is_empty())
}

/// The URL of Entra.
pub(super) fn authority(config: &Config, environment: Environment<'_>) -> String {
    let given = config.authority_host.clone();
    let found = given.or_else(|| variable(environment, &["AZURE_AUTHORITY_HOST", "ARM_AUTHORITY_HOST"]));
    found.unwrap_or_else(|| PUBLIC_AUTHORITY.to_owned()).trim_end_matches('/').to_owned()
}

/// The first proof of the chain: what the configuration says, then the environment, each in the order secret,
/// certificate, federated token; then the machine's identity where that is asked for, and at last `az login`.
fn find(config: &Config, environment: Environment<'_>) -> Result<Proof, Error> {
    let tenant =
        config.tenant_id.clone().or_else(|| variable(environment, &["AZURE_TENANT_ID", "ARM_TENANT_ID"]));
    let client =
        config.client_id.clone().or_else(|| variable(environment, &["AZURE_CLIENT_ID", "ARM_CLIENT_ID"]));
    let application = || match (tenant.clone(), client.clone()) {
        (Some(tenant), Some(client)) => Ok((tenant, client)),
        (None, _) => Err(missing("tenant_id (AZURE_TENANT_ID) is missing")),
        (Some(_), None) => Err(missing("client_id (AZURE_CLIENT_ID) is missing")),
    };
    let path = |names: &[&str]| variable(environment, names).map(PathBuf::from);
    let configured = (
        config.client_secret.clone(),
        config.client_certificate_path.clone(),
        config.federated_token_file.clone(),
    );
    let around = || {
        (
            variable(environment, &["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"]),
            path(&["AZURE_CLIENT_CERTIFICATE_PATH"]),
            path(&["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"]),
        )
    };
    let asks_for_machine = config.use_managed_identity.unwrap_or_else(|| {
        variable(environment, &["ARM_USE_MSI"]).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    });
    let is_configured = configured.0.is_some() || configured.1.is_some() || configured.2.is_some();
    // A wish in the configuration goes before what the environment happens to hold.
    if !is_configured && config.use_managed_identity == Some(true) {
        return Ok(Proof::ManagedIdentity { client });
    }
    match if is_configured { configured } else { around() } {
        (Some(secret), _, _) => {
            let (tenant, client) = application()?;
            Ok(Proof::Secret { tenant, client, secret })
        }
        (None, Some(file), _) => {
            let (tenant, client) = application()?;
            let audience = format!("{}/{tenant}/oauth2/v2.0/token", authority(config, environment));
            let certificate = Certificate::read(&file, &client, audience)?;
            Ok(Proof::Certificate { tenant, client, certificate })
        }
        (None, None, Some(file)) => {
            let (tenant, client) = application()?;
            Ok(Proof::Federated { tenant, client, file })
        }
        (None, None, None) if asks_for_machine => Ok(Proof::ManagedIdentity { client }),
        (None, None, None) if config.use_cli != Some(false) => Ok(Proof::Cli { tenant }),
        (None, None, None) => Err(missing("there is nothing that says who we are")),
    }
}

fn missing(what: &str) -> Error {
    Error::Unauthenticated { message: format!("{what}; {WAYS}") }
}

/// A token, with its end.
pub(super) type Token = (String, SystemTime);

/// Tokens of Entra, by their scope.
#[derive(Debug)]
pub(super) struct Tokens {
    proof: Proof,
    authority: String,
    http: reqwest::Client,
    retry: Retry,
    kept: Mutex<HashMap<String, Arc<Cache<Token>>>>,
}

impl Tokens {
    /// Finds out who we are. Asks nobody.
    pub(super) fn new(
        config: &Config,
        environment: Environment<'_>,
        http: reqwest::Client,
        retry: Retry,
    ) -> Result<Self, Error> {
        Ok(Self {
            proof: find(config, environment)?,
            authority: authority(config, environment),
            http,
            retry,
            kept: Mutex::default(),
        })
    }

    /// A token for a scope, such as `https://management.azure.com/.default`.
    pub(super) async fn token(&self, scope: &str) -> Result<Token, Error> {
        let cache = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(kept.entry(scope.to_owned()).or_default())
        };
        let renew = || std::future::ready(());
        let make = async || {
            let token = self.retry.run(Repeatable::Always, renew, || self.ask(scope)).await?;
            let expires_at = token.1;
            Ok((token, expires_at))
        };
        cache.get(make).await
    }

    /// Forgets all tokens, as Azure no longer takes one.
    pub(super) async fn forget(&self) {
        let caches: Vec<_> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.values().map(Arc::clone).collect()
        };
        for cache in caches {
            cache.forget().await;
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, Failure> {
        let credential = self.credential().map_err(|error| meaning(&error))?;
        let token = credential.get_token(&[scope], None).await.map_err(|error| meaning(&error))?;
        Ok((token.token.secret().to_owned(), token.expires_on.into()))
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.authority);
        let client_options = ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(Outages(self.http.clone())))),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        Ok(match self.proof.clone() {
            Proof::Secret { tenant, client, secret } => ClientSecretCredential::new(
                &tenant,
                client,
                secret.into(),
                Some(ClientSecretCredentialOptions { client_options }),
            )?,
            Proof::Certificate { tenant, client, certificate } => ClientAssertionCredential::new(
                tenant,
                client,
                certificate,
                Some(ClientAssertionCredentialOptions { client_options }),
            )?,
            Proof::Federated { tenant, client, file } => {
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options },
                    client_id: Some(client),
                    tenant_id: Some(tenant),
                    token_file_path: Some(file),
                }))?
            }
            Proof::ManagedIdentity { client } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client.map(UserAssignedId::ClientId),
                    client_options,
                }))?
            }
            Proof::Cli { tenant } => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: tenant,
                ..AzureCliCredentialOptions::default()
            }))?,
        })
    }
}

/// Our HTTP client, for the library. Takes an outage for what it is, before the library takes its page for an answer.
#[derive(Debug)]
struct Outages(reqwest::Client);

impl HttpClient for Outages {
    fn execute_request<'a, 'b, 'c>(
        &'a self,
        request: &'b Request,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let answer = self.0.execute_request(request).await?;
            let status = answer.status();
            if !matches!(u16::from(status), 408 | 429 | 500..) {
                return Ok(answer);
            }
            let kind = ErrorKind::HttpResponse { status, error_code: None, raw_response: None };
            Err(azure_core::Error::with_message(kind, format!("status {}", u16::from(status))))
        })
    }
}

/// The header that carries a token, marked so that nothing shows it.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        Error::Unauthenticated { message: "Entra's token is no text for a header".to_owned() }
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a failure to get a token means. The library wraps the cause, whose words are the better ones.
fn meaning(error: &azure_core::Error) -> Failure {
    let mut cause = error;
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<azure_core::Error>() {
            cause = inner;
        }
        source = inner.source();
    }
    let message = cause.to_string();
    let strange = || Error::Unexpected { message: format!("Entra: {message}") };
    match cause.kind() {
        ErrorKind::HttpResponse { status, .. } => match u16::from(*status) {
            429 => Failure::Throttled { retry_after: None, error: Error::Throttled { retry_after: None } },
            408 | 500.. => Failure::Broken { retry_after: None, error: strange() },
            _ => Failure::Final(Error::Unauthenticated { message }),
        },
        ErrorKind::Connection => Failure::NotSent(strange()),
        ErrorKind::Io => Failure::Broken { retry_after: None, error: strange() },
        _ => Failure::Final(missing(&message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &Config, environment: &[(&str, &str)]) -> Result<Proof, String> {
        let pairs: HashMap<&str, &str> = environment.iter().copied().collect();
        find(config, &|name| pairs.get(name).map(|value| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    const WHO: [(&str, &str); 2] = [("AZURE_TENANT_ID", "t"), ("ARM_CLIENT_ID", "c")];

    #[test]
    fn the_chain_takes_the_first_that_there_is() {
        let with = |more: &[(&'static str, &'static str)]| [&WHO[..], more].concat();
        let own = Config { federated_token_file: Some("own".into()), ..Config::default() };
        let machine = Config { use_managed_identity: Some(true), ..Config::default() };
        let all = with(&[("AZURE_CLIENT_SECRET", "s"), ("AZURE_FEDERATED_TOKEN_FILE", "f")]);
        let cases = [
            (&Config::default(), all.clone(), "Secret"),
            (&own, all.clone(), "Federated"),
            (&machine, all, "ManagedIdentity"),
            (&Config::default(), with(&[("ARM_OIDC_TOKEN_FILE_PATH", "f")]), "Federated"),
            (&Config::default(), with(&[("ARM_USE_MSI", "true")]), "ManagedIdentity"),
            (&Config::default(), with(&[("AZURE_CLIENT_SECRET", "")]), "Cli"),
            (&Config::default(), Vec::new(), "Cli"),
        ];
        for (config, environment, expected) in cases {
            let shown = found(config, &environment).map(|proof| format!("{proof:?}"));
            assert_eq!(shown.as_deref(), Ok(expected), "{environment:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_the_ways_to_give_it() {
        let without_cli = Config { use_cli: Some(false), ..Config::default() };
        let cases = [
            (&Config::default(), vec![("AZURE_CLIENT_SECRET", "s")], "tenant_id"),
            (&Config::default(), vec![("AZURE_CLIENT_SECRET", "s"), ("AZURE_TENANT_ID", "t")], "client_id"),
            (&without_cli, Vec::new(), "nothing that says"),
        ];
        for (config, environment, expected) in cases {
            let error = found(config, &environment).unwrap_err();
            assert!(error.contains(expected) && error.contains("az login"), "{error}");
        }
        let file = Config { client_certificate_path: Some("/nowhere.pem".into()), ..Config::default() };
        let error = found(&file, &WHO).unwrap_err();
        assert!(error.contains("/nowhere.pem"), "{error}");
    }

    #[test]
    fn a_secret_is_shown_nowhere() {
        // Fails only when another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config { client_secret: Some("marker".to_owned()), ..Config::default() };
        let tokens =
            Tokens::new(&config, &|_| Some("x".to_owned()), reqwest::Client::new(), Retry::default());
        assert!(!format!("{:?}", tokens.unwrap()).contains("marker"));
        assert!(!format!("{:?}", bearer("marker").unwrap()).contains("marker"));
    }
}
