//! From a [`Connection`] to where the API server is and what proves who asks. Reads kubeconfig files and the
//! environment; must not reach the network. Errors never carry a line of a kubeconfig, as it may hold a token.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::{
    AuthInfo, ExecConfig, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError,
};
use kubeblocks_cloud::Proof;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::connection::{Auth, Connection};
use super::minted::Mint;

/// What is wrong with the settings of a connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing says which cluster is meant.
    #[error("no kubeconfig found at {}, and this process does not run in a pod", display_paths(looked_at))]
    NothingFound {
        /// The files that were looked for.
        looked_at: Vec<PathBuf>,
    },
    /// The kubeconfig does not exist or cannot be read.
    #[error("failed to read the kubeconfig {}", path.display())]
    KubeconfigUnreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The kubeconfig is not one.
    #[error("the kubeconfig {} is malformed{}", path.display(), at_line(*line))]
    KubeconfigMalformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, when it is known.
        line: Option<u64>,
    },
    /// The kubeconfig has no current context and none was named.
    #[error("the kubeconfig {} names no current context", display_paths(paths))]
    ContextNotChosen {
        /// The files.
        paths: Vec<PathBuf>,
        /// The contexts to choose from.
        known: Vec<String>,
    },
    /// The kubeconfig has no such context.
    #[error("the kubeconfig {} has no context {context:?}", display_paths(paths))]
    ContextMissing {
        /// The context that was named.
        context: String,
        /// The files.
        paths: Vec<PathBuf>,
        /// The contexts that there are.
        known: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The context names a cluster that the kubeconfig does not have, or one without a server.
    #[error("the context {context:?} of the kubeconfig {} leads to no server", display_paths(paths))]
    ContextIncomplete {
        /// The context.
        context: String,
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A certificate or key that the kubeconfig names cannot be read.
    #[error("failed to load the {what} of the kubeconfig {}: {cause}", display_paths(paths))]
    KubeconfigData {
        /// What it is.
        what: &'static str,
        /// The files.
        paths: Vec<PathBuf>,
        /// The cause, free of content.
        cause: String,
    },
    /// The way to authenticate does not say where the server is, and nothing else does.
    #[error("no endpoint")]
    EndpointMissing,
    /// The endpoint is not an `http(s)://host` URL.
    #[error("the endpoint {endpoint:?} is not an https URL")]
    EndpointInvalid {
        /// The endpoint.
        endpoint: String,
    },
    /// The certificate authorities are not PEM certificates.
    #[error("the CA certificate holds no PEM certificate")]
    CaInvalid,
    /// This process does not run in a pod with a service account.
    #[error("this process does not run in a pod with a service account")]
    NotInCluster {
        /// What is missing.
        source: kube::config::InClusterError,
    },
    /// The file with the token cannot be read.
    #[error("failed to read the token file {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The token file is empty or holds what cannot be sent in a header.
    #[error("the token file {} holds no token", path.display())]
    TokenFileContent {
        /// The file.
        path: PathBuf,
    },
    /// The command that mints tokens failed.
    #[error("the command {command:?} that authenticates failed: {cause}")]
    Exec {
        /// The command.
        command: String,
        /// How it failed: its status and what it said on stderr.
        cause: String,
    },
    /// The client certificate, its key or the trusted certificates cannot be used.
    #[error("failed to set up TLS: {cause}")]
    Tls {
        /// The cause.
        cause: String,
    },
    /// The credentials cannot be used.
    #[error("failed to set up authentication: {cause}")]
    Credentials {
        /// The cause, free of content.
        cause: String,
    },
    /// The cloud gives no credential for its Kubernetes cluster.
    #[error("no credential for the {service} cluster {cluster:?}: {cause}")]
    Minting {
        /// The cloud's service.
        service: &'static str,
        /// The cluster.
        cluster: String,
        /// The cloud's words.
        cause: String,
    },
    /// The proxy cannot be used.
    #[error("the proxy {proxy} is not an http:// or socks5:// URL")]
    Proxy {
        /// Its host and port, without credentials.
        proxy: String,
    },
}

fn at_line(line: Option<u64>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}

fn display_paths(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

/// A connection whose settings are read.
#[derive(Debug)]
pub(super) struct Resolved {
    /// Address, trust and credentials.
    pub(super) config: kube::Config,
    /// A file with a bearer token; the config's credentials are empty then.
    pub(super) token_file: Option<PathBuf>,
    /// The proxy on the way.
    pub(super) proxy: Option<Uri>,
    /// Whether the proxy is that of the environment's variables, not of the kubeconfig.
    pub(super) proxy_of_environment: bool,
    /// The command that mints tokens, for messages.
    pub(super) exec_command: Option<String>,
    /// What makes the credentials in this process; the config's hold at most a client certificate then.
    pub(super) mint: Option<Mint>,
}

impl Resolved {
    fn plain(config: kube::Config) -> Self {
        Self {
            config,
            token_file: None,
            proxy: None,
            proxy_of_environment: false,
            exec_command: None,
            mint: None,
        }
    }
}

/// Reads what `connection` names. `mint` makes the credentials of a managed Kubernetes cluster.
pub(super) async fn resolve(connection: &Connection, mint: Option<&Mint>) -> Result<Resolved, Error> {
    let mut resolved = match &connection.auth {
        Auth::Default => from_surroundings(connection).await?,
        Auth::Kubeconfig { path, context } => {
            let paths = path.clone().map_or_else(kubeconfig_paths, |path| vec![path]);
            from_kubeconfig(&paths, context.as_deref(), connection).await?
        }
        Auth::InCluster => in_cluster()?,
        Auth::Exec { command, arguments, environment } => {
            let environment = environment
                .iter()
                .map(|(name, value)| {
                    HashMap::from([("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())])
                })
                .collect();
            let mut config = kube::Config::new(endpoint_of(connection)?);
            config.auth_info.exec = Some(ExecConfig {
                api_version: Some("client.authentication.k8s.io/v1".to_owned()),
                command: Some(command.clone()),
                args: Some(arguments.clone()),
                env: Some(environment),
                // Nobody sits at the terminal of a plugin; a question would hang for ever.
                interactive_mode: Some(ExecInteractiveMode::Never),
                ..ExecConfig::default()
            });
            Resolved { exec_command: Some(command.clone()), ..Resolved::plain(config) }
        }
        Auth::TokenFile { path } => Resolved {
            token_file: Some(path.clone()),
            ..Resolved::plain(kube::Config::new(endpoint_of(connection)?))
        },
        Auth::Cloud(_) => minted(connection, mint).await?,
    };
    if connection.endpoint.is_some() {
        resolved.config.cluster_url = endpoint_of(connection)?;
    }
    if let Some(pem) = &connection.ca_certificate {
        resolved.config.root_cert = Some(certificates(pem)?);
        resolved.config.root_cert_file = None;
    }
    if resolved.proxy.is_none() {
        resolved.proxy = Matcher::from_env()
            .intercept(&resolved.config.cluster_url)
            .map(|intercept| intercept.uri().clone());
        resolved.proxy_of_environment = resolved.proxy.is_some();
    }
    Ok(resolved)
}

/// A certificate is part of the connection, so it is made before; a token is made for each request.
async fn minted(connection: &Connection, mint: Option<&Mint>) -> Result<Resolved, Error> {
    let mut resolved = Resolved::plain(kube::Config::new(endpoint_of(connection)?));
    let Some(mint) = mint else { return Ok(resolved) };
    if let Proof::Certificate { certificate, key } = mint.current().await?.proof {
        let user = &mut resolved.config.auth_info;
        user.client_certificate_data = Some(BASE64.encode(certificate));
        user.client_key_data = Some(BASE64.encode(key).into());
    }
    resolved.mint = Some(mint.clone());
    Ok(resolved)
}

async fn from_surroundings(connection: &Connection) -> Result<Resolved, Error> {
    let paths = kubeconfig_paths();
    if paths.iter().any(|path| path.exists()) || std::env::var_os("KUBECONFIG").is_some_and(|v| !v.is_empty())
    {
        return from_kubeconfig(&paths, None, connection).await;
    }
    in_cluster().map_err(|_| Error::NothingFound { looked_at: paths })
}

fn in_cluster() -> Result<Resolved, Error> {
    let config = kube::Config::incluster().map_err(|source| Error::NotInCluster { source })?;
    let token_file = config.auth_info.token_file.clone().map(PathBuf::from);
    Ok(Resolved { token_file, ..Resolved::plain(without_credentials(config)) })
}

/// The token file is read by `token_file.rs`, so kube must not read it as well.
fn without_credentials(mut config: kube::Config) -> kube::Config {
    config.auth_info = AuthInfo::default();
    config
}

/// The kubeconfig files that `kubectl` would read.
fn kubeconfig_paths() -> Vec<PathBuf> {
    if let Some(list) = std::env::var_os("KUBECONFIG") {
        let paths: Vec<PathBuf> =
            std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
        if !paths.is_empty() {
            return paths;
        }
    }
    std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

async fn from_kubeconfig(
    paths: &[PathBuf],
    context: Option<&str>,
    connection: &Connection,
) -> Result<Resolved, Error> {
    let mut kubeconfig = read_kubeconfigs(paths)?;
    let context = choose_context(&kubeconfig, paths, context)?;
    let proxy = use_context(&mut kubeconfig, &context, paths, connection)?;
    let options = KubeConfigOptions { context: Some(context.clone()), cluster: None, user: None };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| loading_failed(&error, paths, &context))?;
    let exec_command = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
    let token_file = config.auth_info.token_file.clone().map(PathBuf::from);
    // An inline token wins over the file, as for kubectl.
    if let (Some(token_file), None) = (token_file, &config.auth_info.token) {
        let plain = Resolved::plain(without_token_file(config));
        return Ok(Resolved { token_file: Some(token_file), proxy, exec_command, ..plain });
    }
    Ok(Resolved { proxy, exec_command, ..Resolved::plain(config) })
}

fn without_token_file(mut config: kube::Config) -> kube::Config {
    config.auth_info.token_file = None;
    config
}

/// Reads a kubeconfig up to where a client would be made of it, for the fuzz target.
#[cfg(feature = "fuzzing")]
pub(crate) async fn fuzz(file: PathBuf) {
    let paths = [file];
    match from_kubeconfig(&paths, None, &Connection::default()).await {
        Ok(resolved) => assert!(resolved.config.cluster_url.host().is_some(), "a server without a name"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Merges the files as kubectl does. Of several files, those that do not exist are passed over.
fn read_kubeconfigs(paths: &[PathBuf]) -> Result<Kubeconfig, Error> {
    let existing: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    let read: Vec<&PathBuf> = if existing.is_empty() { paths.iter().collect() } else { existing };
    let mut merged = Kubeconfig::default();
    for path in read {
        if ends_within_a_letter(path) {
            return Err(Error::KubeconfigMalformed { path: path.clone(), line: None });
        }
        let next = Kubeconfig::read_from(path).map_err(|error| reading_failed(error, path))?;
        merged = merged.merge(next).map_err(|error| reading_failed(error, path))?;
    }
    Ok(merged)
}

/// Whether a file is UTF-16, as Windows PowerShell writes it, and cut off within a letter: kube panics there.
fn ends_within_a_letter(path: &Path) -> bool {
    // That a file cannot be read is told by whoever reads it next.
    let bytes = std::fs::read(path).unwrap_or_default();
    matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) && bytes.len() % 2 == 1
}

fn reading_failed(error: KubeconfigError, path: &Path) -> Error {
    match error {
        KubeconfigError::ReadConfig(source, path) => Error::KubeconfigUnreadable { path, source },
        // Only the line: the parser's text quotes the file.
        KubeconfigError::Parse(source) => Error::KubeconfigMalformed {
            path: path.to_owned(),
            line: source.location().map(|location| location.line()),
        },
        _ => Error::KubeconfigMalformed { path: path.to_owned(), line: None },
    }
}

fn choose_context(kubeconfig: &Kubeconfig, paths: &[PathBuf], wanted: Option<&str>) -> Result<String, Error> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let wanted = wanted.or(kubeconfig.current_context.as_deref()).filter(|name| !name.is_empty());
    let Some(context) = wanted else {
        return Err(Error::ContextNotChosen { paths: paths.to_vec(), known });
    };
    if known.iter().any(|name| name == context) {
        return Ok(context.to_owned());
    }
    let suggestion = closest(context, &known);
    Err(Error::ContextMissing { context: context.to_owned(), paths: paths.to_vec(), known, suggestion })
}

/// The known name that `wanted` was probably meant to be.
fn closest(wanted: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.clone())
}

/// Puts the connection's own endpoint in the place of the context's, and takes out its proxy.
fn use_context(
    kubeconfig: &mut Kubeconfig,
    context: &str,
    paths: &[PathBuf],
    connection: &Connection,
) -> Result<Option<Uri>, Error> {
    let incomplete = || Error::ContextIncomplete { context: context.to_owned(), paths: paths.to_vec() };
    let named = kubeconfig.contexts.iter().find(|named| named.name == context).ok_or_else(incomplete)?;
    let name = named.context.as_ref().map(|context| context.cluster.clone()).ok_or_else(incomplete)?;
    let cluster = kubeconfig
        .clusters
        .iter_mut()
        .find(|named| named.name == name)
        .and_then(|named| named.cluster.as_mut())
        .ok_or_else(incomplete)?;
    if let Some(endpoint) = &connection.endpoint {
        cluster.server = Some(endpoint.clone());
    }
    let server = cluster.server.clone().ok_or_else(incomplete)?;
    cluster.server = Some(parse_endpoint(&server)?.to_string());
    let Some(proxy) = cluster.proxy_url.take().filter(|proxy| !proxy.is_empty()) else { return Ok(None) };
    proxy.parse().map(Some).map_err(|_| Error::Proxy { proxy: "proxy-url of the kubeconfig".to_owned() })
}

fn loading_failed(error: &KubeconfigError, paths: &[PathBuf], context: &str) -> Error {
    let paths = paths.to_vec();
    let data = |what, source: &LoadDataError| Error::KubeconfigData {
        what,
        paths: paths.clone(),
        cause: match source {
            LoadDataError::DecodeBase64(_) => "it is not base64".to_owned(),
            LoadDataError::ReadFile(source, path) => format!("{}: {source}", path.display()),
            LoadDataError::NoBase64DataOrFile => "it is empty".to_owned(),
        },
    };
    match error {
        KubeconfigError::LoadCertificateAuthority(source) => data("certificate authority", source),
        KubeconfigError::LoadClientCertificate(source) => data("client certificate", source),
        KubeconfigError::LoadClientKey(source) => data("client key", source),
        KubeconfigError::ParseCertificates(_) => Error::KubeconfigData {
            what: "certificate authority",
            paths,
            cause: "it is not a PEM certificate".to_owned(),
        },
        KubeconfigError::ParseProxyUrl(_) => Error::Proxy { proxy: "HTTPS_PROXY".to_owned() },
        _ => Error::ContextIncomplete { context: context.to_owned(), paths },
    }
}

fn endpoint_of(connection: &Connection) -> Result<Uri, Error> {
    parse_endpoint(connection.endpoint.as_deref().ok_or(Error::EndpointMissing)?)
}

fn parse_endpoint(endpoint: &str) -> Result<Uri, Error> {
    let invalid = || Error::EndpointInvalid { endpoint: endpoint.to_owned() };
    let uri: Uri = endpoint.trim_end_matches('/').parse().map_err(|_| invalid())?;
    let known_scheme = matches!(uri.scheme_str(), Some("https" | "http"));
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if known_scheme && plain { Ok(uri) } else { Err(invalid()) }
}

fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, Error> {
    let certificates: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(Error::CaInvalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::diagnostic;
    use crate::kubernetes::error::Error as RequestError;

    const SECRET: &str = "s3cr3t-t0ken";

    fn kubeconfig(text: &str) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let auth = Auth::Kubeconfig { path: Some(path), context: None };
        (folder, Connection { auth, ..Connection::default() })
    }

    #[test]
    fn a_kubeconfig_in_utf_16_is_read_and_refused_when_it_is_cut_off() {
        let text = format!("\u{feff}{}", two_contexts("production"));
        for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let mut bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            let (folder, _) = kubeconfig("");
            let paths = [folder.path().join("config")];
            std::fs::write(&paths[0], &bytes).unwrap();
            assert_eq!(read_kubeconfigs(&paths).unwrap().contexts.len(), 4);

            bytes.pop();
            std::fs::write(&paths[0], &bytes).unwrap();
            let cut_off = read_kubeconfigs(&paths).unwrap_err();
            assert!(matches!(cut_off, Error::KubeconfigMalformed { line: None, .. }), "{cut_off}");
        }
    }

    fn two_contexts(current: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: \"{current}\"\n\
             clusters:\n- name: c\n  cluster: {{server: \"https://10.0.0.1:6443\"}}\n- name: serverless\n  cluster: {{}}\n\
             contexts:\n- name: production\n  context: {{cluster: c, user: u, namespace: shop}}\n\
             - name: staging\n  context: {{cluster: c, user: u}}\n- name: dangling\n  context: {{cluster: nowhere, user: u}}\n\
             - name: serverless\n  context: {{cluster: serverless, user: u}}\n\
             users:\n- name: u\n  user: {{token: {SECRET}}}\n"
        )
    }

    fn with_context(mut connection: Connection, wanted: &str) -> Connection {
        if let Auth::Kubeconfig { context, .. } = &mut connection.auth {
            *context = Some(wanted.to_owned());
        }
        connection
    }

    async fn failure(connection: &Connection) -> (Error, String) {
        let error = resolve(connection, None).await.map(|_| ()).unwrap_err();
        let text = match resolve(connection, None).await.map(|_| ()) {
            Err(source) => diagnostic::detail(&RequestError::Configuration { source }),
            Ok(()) => String::new(),
        };
        assert!(!text.contains(SECRET), "{text}");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
        (error, text)
    }

    #[tokio::test]
    async fn the_named_context_wins_over_the_current_one_and_the_endpoint_over_both() {
        let (_folder, connection) = kubeconfig(&two_contexts("staging"));
        let resolved = resolve(&with_context(connection.clone(), "production"), None).await.unwrap();
        assert_eq!(resolved.config.default_namespace, "shop");
        assert_eq!(resolved.config.cluster_url.to_string(), "https://10.0.0.1:6443/");
        let resolved = resolve(&connection, None).await.unwrap();
        assert_eq!(resolved.config.default_namespace, "default");
        let moved = Connection { endpoint: Some("https://moved.test".into()), ..connection };
        assert_eq!(
            resolve(&moved, None).await.unwrap().config.cluster_url.to_string(),
            "https://moved.test/"
        );
    }

    #[tokio::test]
    async fn a_wrong_context_lists_the_known_ones_and_suggests_the_closest() {
        let (_folder, connection) = kubeconfig(&two_contexts("staging"));
        let (error, text) = failure(&with_context(connection.clone(), "prodution")).await;
        assert!(
            matches!(&error, Error::ContextMissing { suggestion: Some(name), .. } if name == "production"),
            "{error:?}"
        );
        for part in ["Did you mean \"production\"?", "\"staging\"", "\"dangling\""] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let (error, _) = failure(&with_context(connection, "x")).await;
        assert!(matches!(&error, Error::ContextMissing { suggestion: None, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn contexts_that_lead_nowhere_are_told_apart() {
        let (_folder, connection) = kubeconfig(&two_contexts(""));
        let (error, text) = failure(&connection).await;
        assert!(matches!(&error, Error::ContextNotChosen { .. }), "{error:?}");
        assert!(text.contains("kubeconfig_context") && text.contains("\"production\""), "{text}");
        for context in ["dangling", "serverless"] {
            let (error, _) = failure(&with_context(connection.clone(), context)).await;
            assert!(matches!(&error, Error::ContextIncomplete { .. }), "{context}: {error:?}");
        }
    }

    #[tokio::test]
    async fn files_that_are_missing_or_no_kubeconfig_are_named_without_their_content() {
        let missing = Connection {
            auth: Auth::Kubeconfig { path: Some("/nowhere/config".into()), context: None },
            ..Connection::default()
        };
        let (error, text) = failure(&missing).await;
        assert!(matches!(&error, Error::KubeconfigUnreadable { .. }), "{error:?}");
        assert!(text.contains("/nowhere/config") && text.contains("kubeconfig_path"), "{text}");

        let broken =
            format!("apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {{token: {SECRET}\n  : ]\n");
        let (_folder, connection) = kubeconfig(&broken);
        let (error, text) = failure(&connection).await;
        assert!(matches!(&error, Error::KubeconfigMalformed { line: Some(_), .. }), "{error:?}");
        assert!(text.contains(" at line "), "{text}");

        let (_folder, connection) = kubeconfig(&format!("clusters: {SECRET}\n"));
        let (error, _) = failure(&connection).await;
        assert!(matches!(&error, Error::KubeconfigMalformed { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn certificates_endpoints_and_tokens_of_the_wrong_form_are_refused() {
        let token_file = Auth::TokenFile { path: "/t".into() };
        let good = Some("https://10.0.0.1".to_owned());
        let table = [
            (Connection { auth: token_file.clone(), ..Connection::default() }, "EndpointMissing"),
            (
                Connection {
                    endpoint: Some("10.0.0.1:6443".into()),
                    auth: token_file.clone(),
                    ..Connection::default()
                },
                "EndpointInvalid",
            ),
            (
                Connection {
                    endpoint: Some("https://me:pw@10.0.0.1".into()),
                    auth: token_file.clone(),
                    ..Connection::default()
                },
                "EndpointInvalid",
            ),
            (
                Connection {
                    endpoint: good.clone(),
                    ca_certificate: Some("LS0tLS1C".into()),
                    auth: token_file.clone(),
                },
                "CaInvalid",
            ),
        ];
        for (connection, expected) in table {
            let (error, _) = failure(&connection).await;
            assert!(format!("{error:?}").starts_with(expected), "{expected}: {error:?}");
        }
        let resolved = resolve(&Connection { endpoint: good, ca_certificate: None, auth: token_file }, None)
            .await
            .unwrap();
        assert_eq!(resolved.token_file, Some(PathBuf::from("/t")));
    }

    #[tokio::test]
    async fn an_exec_command_is_asked_for_the_current_form_and_never_for_input() {
        let auth = Auth::Exec {
            command: "aws".into(),
            arguments: vec!["eks".into(), "get-token".into()],
            environment: [("AWS_PROFILE".to_owned(), "prod".to_owned())].into(),
        };
        let connection = Connection { endpoint: Some("https://10.0.0.1".into()), ca_certificate: None, auth };
        let exec = resolve(&connection, None).await.unwrap().config.auth_info.exec.unwrap();
        assert_eq!(exec.api_version.as_deref(), Some("client.authentication.k8s.io/v1"));
        assert_eq!(exec.args.unwrap(), ["eks", "get-token"]);
        assert_eq!(exec.interactive_mode, Some(ExecInteractiveMode::Never));
        assert_eq!(exec.env.unwrap()[0]["value"], "prod");
    }
}
