//! What a program that this process starts needs to make requests of its own: where the API server is, and a fresh
//! proof of who asks. Credentials are made by the very parts that the client's own requests use. Nothing is written
//! anywhere here, and no `Debug` shows a credential.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Uri;
use kube::client::AuthError;
use kubeblocks_cloud::Proof;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tower::BoxError;

use super::client::Client;
use super::configuration::{Error as ConfigurationError, Resolved};
use super::error::Error;
use super::token_file::TokenFile;
use super::transport::{AUTHENTICATION_TIMEOUT, Credentials, authentication_failed};
use crate::wait;

/// Where an API server is, and how it is trusted. Holds no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// URL of the server.
    pub server: String,
    /// PEM of the certificate authorities; absent: those of the operating system.
    pub certificate_authorities: Option<String>,
    /// The name that the server's certificate must have, when it is not that of the URL.
    pub tls_server_name: Option<String>,
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// The proxy on the way.
    pub proxy: Option<Proxy>,
    /// Who the requests act as, in the words of a kubeconfig's user (`as`, `as-groups`, `as-uid`, `as-user-extra`).
    pub impersonation: Map<String, Value>,
}

/// A proxy between this machine and the API server.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its URL, which may hold a password.
    pub url: String,
    /// Whether the URL holds a user.
    pub has_user: bool,
    /// Whether it comes from `HTTPS_PROXY` and its like, which other programs read as well.
    pub of_environment: bool,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxy").field("of_environment", &self.of_environment).finish_non_exhaustive()
    }
}

/// A proof of who asks, good for a request sent now. An anonymous user has neither part.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credential {
    /// A bearer token. It lasts for a minute at least, or as long as what issued it says without saying how long.
    pub token: Option<String>,
    /// A client certificate.
    pub certificate: Option<ClientCertificate>,
}

/// A client certificate with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM of the certificate, with its chain.
    pub certificate: String,
    /// PEM of the private key.
    pub key: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credential")
            .field("token", &self.token.is_some())
            .field("certificate", &self.certificate.is_some())
            .finish()
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// What stands behind a client's requests. Clones share it.
#[derive(Clone)]
pub(super) struct Identity(Arc<Behind>);

enum Behind {
    Settings {
        resolved: Arc<Resolved>,
        credentials: Credentials,
    },
    /// A client over another way of sending requests: nothing but the URL is known.
    Endpoint(String),
}

impl Client {
    /// Where the API server is, for another program. Reads the file with the certificate authorities, if there is one.
    pub async fn address(&self) -> Result<Address, Error> {
        self.identity().address().await.map_err(|source| Error::Configuration { source })
    }

    /// Whether the API server's certificate is not checked.
    pub fn is_insecure(&self) -> bool {
        self.identity().is_insecure()
    }

    /// A proof of who asks, made now. May run a command or read a file.
    pub async fn credential(&self) -> Result<Credential, Error> {
        self.identity().credential().await.map_err(|source| Error::Configuration { source })
    }
}

impl Identity {
    pub(super) fn new(resolved: Arc<Resolved>, credentials: Credentials) -> Self {
        Self(Arc::new(Behind::Settings { resolved, credentials }))
    }

    pub(super) fn unknown(endpoint: &str) -> Self {
        Self(Arc::new(Behind::Endpoint(endpoint.to_owned())))
    }

    /// Whether whoever answers is taken for the API server.
    fn is_insecure(&self) -> bool {
        match self.0.as_ref() {
            Behind::Settings { resolved, .. } => resolved.config.accept_invalid_certs,
            Behind::Endpoint(_) => false,
        }
    }

    async fn address(&self) -> Result<Address, ConfigurationError> {
        let resolved = match self.0.as_ref() {
            Behind::Settings { resolved, .. } => resolved,
            Behind::Endpoint(endpoint) => return Ok(Address::of(endpoint)),
        };
        let config = &resolved.config;
        let proxy = resolved.proxy.as_ref().map(|proxy| Proxy {
            url: proxy.to_string(),
            has_user: has_user(proxy),
            of_environment: resolved.proxy_of_environment,
        });
        Ok(Address {
            certificate_authorities: certificate_authorities(config).await?,
            tls_server_name: config.tls_server_name.clone(),
            insecure: config.accept_invalid_certs,
            proxy,
            impersonation: impersonation(config),
            ..Address::of(config.cluster_url.to_string().trim_end_matches('/'))
        })
    }

    async fn credential(&self) -> Result<Credential, ConfigurationError> {
        let (resolved, credentials) = match self.0.as_ref() {
            Behind::Settings { resolved, credentials } => (resolved, credentials),
            Behind::Endpoint(_) => return Ok(Credential::default()),
        };
        // The client may go on with a token that it read a minute ago; another program starts with the newest.
        if let Some(path) = &resolved.token_file
            && let Ok(header) = TokenFile::new(path.clone()).header().await
        {
            return Ok(Credential { token: bearer(header.as_bytes())?, certificate: None });
        }
        let command = resolved.exec_command.as_deref();
        let header = match wait::at_most(AUTHENTICATION_TIMEOUT, credentials.authorization()).await {
            Some(header) => header.map_err(|error| minting_failed(error, command))?,
            None => {
                return Err(ConfigurationError::Exec {
                    command: command.unwrap_or_default().to_owned(),
                    cause: format!("it did not end within {} seconds", AUTHENTICATION_TIMEOUT.as_secs()),
                });
            }
        };
        let token = header.map(|header| bearer(header.as_bytes())).transpose()?.flatten();
        // The connection may go on with a certificate that has been renewed since; another program gets the newest.
        if let Some(mint) = &resolved.mint
            && let Proof::Certificate { certificate, key } = mint.current().await?.proof
        {
            return Ok(Credential { token: None, certificate: Some(ClientCertificate { certificate, key }) });
        }
        let certificate = client_certificate(&resolved.config).await?;
        if token.is_none() && certificate.is_none() && resolved.exec_command.is_some() {
            return Err(ConfigurationError::Credentials {
                cause: "the command that authenticates gives a client certificate, which cannot be handed to another \
                        program; a command that gives a token can"
                    .to_owned(),
            });
        }
        Ok(Credential { token, certificate })
    }
}

impl Address {
    fn of(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            certificate_authorities: None,
            tls_server_name: None,
            insecure: false,
            proxy: None,
            impersonation: Map::new(),
        }
    }
}

fn has_user(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

/// The token of an `Authorization` header.
fn bearer(header: &[u8]) -> Result<Option<String>, ConfigurationError> {
    let unusable = |cause: &str| ConfigurationError::Credentials { cause: cause.to_owned() };
    let text = std::str::from_utf8(header).map_err(|_| unusable("the token is not text"))?;
    match text.split_once(' ') {
        Some(("Bearer", token)) => Ok(Some(token.to_owned())),
        Some(("Basic", _)) => Err(unusable(
            "the kubeconfig has a user name and a password, which cannot be handed to another program; use a token, a \
             client certificate or a command",
        )),
        _ => Err(unusable("the credential is not a bearer token")),
    }
}

/// The cause without what a command printed, as that may be a credential.
fn minting_failed(error: BoxError, command: Option<&str>) -> ConfigurationError {
    if let Some(error) = error.downcast_ref::<AuthError>() {
        return authentication_failed(error, command);
    }
    match error.downcast::<ConfigurationError>() {
        Ok(error) => *error,
        Err(_) => ConfigurationError::Credentials { cause: "no token could be made".to_owned() },
    }
}

async fn certificate_authorities(config: &kube::Config) -> Result<Option<String>, ConfigurationError> {
    if let Some(path) = &config.root_cert_file {
        let read = tokio::fs::read_to_string(path).await;
        return read.map(Some).map_err(|source| ConfigurationError::Tls {
            cause: format!("the certificate authorities {} cannot be read: {source}", path.display()),
        });
    }
    Ok(config.root_cert.as_ref().map(|certificates| certificates.iter().map(|der| pem(der)).collect()))
}

/// A certificate as PEM.
fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

async fn client_certificate(config: &kube::Config) -> Result<Option<ClientCertificate>, ConfigurationError> {
    let user = &config.auth_info;
    let key = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    let certificate = part(
        "client certificate",
        user.client_certificate_data.as_deref(),
        user.client_certificate.as_deref(),
    )
    .await?;
    let key = part("client key", key, user.client_key.as_deref()).await?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(ClientCertificate { certificate, key })),
        _ => Ok(None),
    }
}

/// PEM from base64 or, without that, from a file.
async fn part(
    what: &str,
    base64: Option<&str>,
    file: Option<&str>,
) -> Result<Option<String>, ConfigurationError> {
    let unusable = |cause: String| ConfigurationError::Tls { cause: format!("the {what} {cause}") };
    match (base64, file) {
        (Some(base64), _) => {
            let bytes = BASE64.decode(base64.trim()).map_err(|_| unusable("is not base64".to_owned()))?;
            String::from_utf8(bytes).map(Some).map_err(|_| unusable("is not PEM".to_owned()))
        }
        (None, Some(file)) => {
            let read = tokio::fs::read_to_string(Path::new(file)).await;
            read.map(Some).map_err(|source| unusable(format!("{file} cannot be read: {source}")))
        }
        (None, None) => Ok(None),
    }
}

fn impersonation(config: &kube::Config) -> Map<String, Value> {
    let user = &config.auth_info;
    let parts = [
        ("as", user.impersonate.clone().map(Value::from)),
        ("as-uid", user.impersonate_uid.clone().map(Value::from)),
        ("as-groups", user.impersonate_groups.clone().map(Value::from)),
        (
            "as-user-extra",
            user.impersonate_user_extra.clone().map(|extra| {
                extra
                    .into_iter()
                    .map(|(name, values)| (name, Value::from(values)))
                    .collect::<Map<_, _>>()
                    .into()
            }),
        ),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::connection::{Auth, Connection};
    use crate::kubernetes::{Kubernetes, diagnostic};

    async fn client_of(text: &str, folder: &Path) -> Client {
        let path = folder.join("config");
        std::fs::write(&path, text).unwrap();
        let auth = Auth::Kubeconfig { path: Some(path), context: None };
        Kubernetes::new().client(&Connection { auth, ..Connection::default() }).await.unwrap()
    }

    fn kubeconfig(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster: {{server: \
             \"http://127.0.0.1:1/prefix\"{cluster}}}\ncontexts:\n- name: c\n  context: {{cluster: c, user: c}}\nusers:\n\
             - name: c\n  user: {{{user}}}\n"
        )
    }

    #[tokio::test]
    async fn the_credential_is_that_of_the_clients_own_requests() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "of-a-file\n").unwrap();
        let token_file = format!("tokenFile: {:?}", folder.path().join("token"));
        let command = r#"exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: echo, args: ['{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"of-a-command"}}']}"#;
        let cases = [
            ("", None),
            ("token: inline", Some("inline")),
            (token_file.as_str(), Some("of-a-file")),
            (command, Some("of-a-command")),
        ];
        for (user, expected) in cases {
            let client = client_of(&kubeconfig("", user), folder.path()).await;
            let credential = client.credential().await.unwrap();
            assert_eq!(credential.token.as_deref(), expected, "{user}");
            assert_eq!(credential.certificate, None);
        }
    }

    #[tokio::test]
    async fn a_token_file_that_was_replaced_gives_the_new_token_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first").unwrap();
        let client =
            client_of(&kubeconfig("", &format!("tokenFile: {}", path.display())), folder.path()).await;
        assert_eq!(client.credential().await.unwrap().token.as_deref(), Some("first"));
        std::fs::write(&path, "second").unwrap();
        assert_eq!(client.credential().await.unwrap().token.as_deref(), Some("second"));
    }

    #[tokio::test]
    async fn a_client_certificate_comes_from_the_kubeconfig_or_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let generated = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
        let (certificate, key) = (generated.cert.pem(), generated.signing_key.serialize_pem());
        std::fs::write(folder.path().join("crt"), &certificate).unwrap();
        std::fs::write(folder.path().join("key"), &key).unwrap();
        let inline = format!(
            "client-certificate-data: {}, client-key-data: {}",
            BASE64.encode(&certificate),
            BASE64.encode(&key)
        );
        let files = format!(
            "client-certificate: {}, client-key: {}",
            folder.path().join("crt").display(),
            folder.path().join("key").display()
        );
        for user in [inline, files] {
            let client = client_of(&kubeconfig("", &user), folder.path()).await;
            let credential = client.credential().await.unwrap();
            assert_eq!(credential.token, None);
            let expected = ClientCertificate { certificate: certificate.clone(), key: key.clone() };
            assert!(credential.certificate == Some(expected), "{user}");
            assert!(!format!("{credential:?}").contains("BEGIN"));
        }
    }

    #[tokio::test]
    async fn a_password_is_refused_with_what_to_use_instead() {
        let folder = tempfile::tempdir().unwrap();
        let client = client_of(&kubeconfig("", "username: jane, password: hunter2"), folder.path()).await;
        let text = diagnostic::detail(&client.credential().await.unwrap_err());
        assert!(text.contains("use a token"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[tokio::test]
    async fn the_address_carries_over_what_the_kubeconfig_says_of_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let authority = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap().cert.pem();
        let cluster = format!(
            ", tls-server-name: api.internal, certificate-authority-data: {}, proxy-url: \"http://jane:secret@proxy:3128\"",
            BASE64.encode(&authority)
        );
        let user = "token: t, as: root, as-groups: [admins]";
        let client = client_of(&kubeconfig(&cluster, user), folder.path()).await;
        let address = client.address().await.unwrap();
        assert_eq!(address.server, "http://127.0.0.1:1/prefix");
        let normal = |pem: &str| pem.split_whitespace().collect::<String>();
        assert_eq!(normal(address.certificate_authorities.as_deref().unwrap()), normal(&authority));
        assert_eq!(address.tls_server_name.as_deref(), Some("api.internal"));
        assert!(!address.insecure);
        assert!(!format!("{address:?}").contains("secret"));
        let proxy = address.proxy.unwrap();
        assert!(proxy.has_user && !proxy.of_environment);
        assert_eq!(
            Value::Object(address.impersonation),
            serde_json::json!({ "as": "root", "as-groups": ["admins"] })
        );
    }
}
