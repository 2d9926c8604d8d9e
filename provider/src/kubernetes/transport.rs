//! The HTTP stack beneath a client: TLS, proxy, timeouts, authentication. Retries are not here.
//!
//! Requests share one HTTP/2 connection. Watches have HTTP/1.1 connections of their own: a server allows a limited
//! number of streams on one connection, and watches, which last for minutes, could take them all from requests.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection as Connected, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::middleware::AuthLayer;
use kube::client::{AuthError, Body, ConfigExt};
use tower::filter::AsyncFilterLayer;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt};

use super::configuration::{Error, Resolved};
use super::credential::Identity;
use super::minted::Mint;
use super::token_file::TokenFile;
use crate::wait;

/// Address resolution, TCP and TLS together. An API server answers within a second; ten allow for a far region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A command that mints tokens asks a cloud, which takes seconds.
pub(super) const AUTHENTICATION_TIMEOUT: Duration = Duration::from_mins(1);
/// After how much silence the other end is asked whether it is still there, and how long it may take to answer.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// The two clients of one API server.
pub(super) struct Transport {
    /// For requests that end.
    pub(super) requests: kube::Client,
    /// For watches.
    pub(super) watches: kube::Client,
    /// What programs that this process starts need to make requests of their own.
    pub(super) identity: Identity,
}

/// Makes the clients. Runs the command that mints tokens when there is one; sends nothing.
pub(super) async fn connect(resolved: Resolved) -> Result<Transport, Error> {
    // Off the runtime's threads, as kube runs the command while it builds the credentials.
    let command = resolved.exec_command.clone();
    let building = tokio::task::spawn_blocking(move || build(&Arc::new(resolved)));
    match wait::at_most(AUTHENTICATION_TIMEOUT, building).await {
        Some(Ok(result)) => result,
        Some(Err(panicked)) => Err(Error::Credentials { cause: panicked.to_string() }),
        None => Err(Error::Exec {
            command: command.unwrap_or_default(),
            cause: format!("it did not end within {} seconds", AUTHENTICATION_TIMEOUT.as_secs()),
        }),
    }
}

fn build(resolved: &Arc<Resolved>) -> Result<Transport, Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEP_ALIVE.0));
    let Some(proxy) = resolved.proxy.clone() else { return build_over(tcp, resolved) };
    let described = proxy.authority().map(|authority| {
        let authority = authority.as_str();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned()
    });
    match proxy.scheme_str() {
        Some("http") => build_over(Tunnel::new(proxy, tcp), resolved),
        Some("socks5" | "socks5h") => build_over(SocksV5::new(proxy, tcp), resolved),
        _ => Err(Error::Proxy { proxy: described.unwrap_or_default() }),
    }
}

fn build_over<C>(connector: C, resolved: &Arc<Resolved>) -> Result<Transport, Error>
where
    C: tower::Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connected + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError> + Send + Sync + std::error::Error + 'static,
{
    let credentials = Credentials::new(resolved)?;
    let tls = resolved.config.rustls_client_config().map_err(|error| setup_failed(error, resolved))?;
    let namespace = &resolved.config.default_namespace;
    let requests = http_service(connector.clone(), &tls, resolved, Protocol::Http2)?;
    let watches = http_service(connector, &tls, resolved, Protocol::Http1)?;
    Ok(Transport {
        requests: credentials.client(requests, resolved, namespace)?,
        watches: credentials.client(watches, resolved, namespace)?,
        identity: Identity::new(Arc::clone(resolved), credentials),
    })
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

type HttpService = BoxCloneService<Request<Body>, Response<Incoming>, BoxError>;

fn http_service<C>(
    connector: C,
    tls: &rustls::ClientConfig,
    resolved: &Resolved,
    protocol: Protocol,
) -> Result<HttpService, Error>
where
    C: tower::Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connected + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError> + Send + Sync + std::error::Error + 'static,
{
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
    if let Some(name) = &resolved.config.tls_server_name {
        let name = name.clone().try_into().map_err(|_| Error::Tls {
            cause: format!("tls-server-name {name:?} of the kubeconfig is not a host name"),
        })?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let builder = builder.enable_http1();
    let connector = match protocol {
        Protocol::Http1 => builder.wrap_connector(connector),
        Protocol::Http2 => builder.enable_http2().wrap_connector(connector),
    };
    let mut connector = TimeoutConnector::new(connector);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let client = hyper_util::client::legacy::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .http2_keep_alive_timeout(KEEP_ALIVE.1)
        .http2_adaptive_window(true)
        .build(connector);
    Ok(client.map_err(BoxError::from).boxed_clone())
}

/// What is added to each request, shared by both clients so that a token is minted once.
pub(super) enum Credentials {
    Kube(Option<AuthLayer>),
    File(TokenFile),
    Minted(Mint),
}

impl Credentials {
    fn new(resolved: &Resolved) -> Result<Self, Error> {
        if let Some(path) = &resolved.token_file {
            return Ok(Self::File(TokenFile::new(path.clone())));
        }
        if let Some(mint) = &resolved.mint {
            return Ok(Self::Minted(mint.clone()));
        }
        resolved.config.auth_layer().map(Self::Kube).map_err(|error| setup_failed(error, resolved))
    }

    fn client(&self, http: HttpService, resolved: &Resolved, namespace: &str) -> Result<kube::Client, Error> {
        let headers = resolved.config.extra_headers_layer().map_err(|error| setup_failed(error, resolved))?;
        let agent =
            HeaderValue::from_static(concat!("terraform-provider-kubeblocks/", env!("CARGO_PKG_VERSION")));
        let named = tower::util::MapRequestLayer::new(move |mut request: Request<Body>| {
            request.headers_mut().insert(http::header::USER_AGENT, agent.clone());
            request
        });
        let stack = ServiceBuilder::new().layer(resolved.config.base_uri_layer()).layer(named);
        Ok(match self {
            Self::Kube(layer) => {
                let stack = stack.option_layer(layer.as_ref().map(Shared));
                kube::Client::new(stack.layer(headers).service(http), namespace)
            }
            Self::File(token_file) => {
                let stack = stack.layer(AsyncFilterLayer::new(token_file.clone()));
                kube::Client::new(stack.layer(headers).service(http), namespace)
            }
            Self::Minted(mint) => {
                let stack = stack.layer(AsyncFilterLayer::new(mint.clone()));
                kube::Client::new(stack.layer(headers).service(http), namespace)
            }
        })
    }
}

impl Credentials {
    /// The `Authorization` header that a request sent now would have.
    pub(super) async fn authorization(&self) -> Result<Option<HeaderValue>, BoxError> {
        let layer = match self {
            Self::Kube(None) => return Ok(None),
            Self::Kube(Some(layer)) => layer,
            Self::File(token_file) => return Ok(Some(token_file.header().await?)),
            Self::Minted(mint) => return Ok(mint.header().await?),
        };
        // The layer shows its header only to a request.
        let mirror = tower::service_fn(|request: Request<Body>| {
            let header = request.headers().get(AUTHORIZATION).cloned();
            std::future::ready(Ok::<_, BoxError>(Response::new(header)))
        });
        let service: BoxCloneService<_, _, BoxError> = BoxCloneService::new(Shared(layer).layer(mirror));
        let answer = service.oneshot(Request::new(Body::empty())).await?;
        Ok(answer.into_body())
    }
}

/// Lets one layer serve two stacks.
struct Shared<'a>(&'a AuthLayer);

impl<S> Layer<S> for Shared<'_> {
    type Service = <AuthLayer as Layer<S>>::Service;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

/// An error of kube while it sets up credentials or TLS, without what a command printed on stdout.
fn setup_failed(error: kube::Error, resolved: &Resolved) -> Error {
    match error {
        kube::Error::Auth(error) => authentication_failed(&error, resolved.exec_command.as_deref()),
        kube::Error::RustlsTls(error) => Error::Tls { cause: error.to_string() },
        kube::Error::InferKubeconfig(_) => {
            Error::Tls { cause: "the client certificate or its key cannot be read".to_owned() }
        }
        _ => Error::Credentials { cause: "the user entry of the kubeconfig cannot be used".to_owned() },
    }
}

/// The same for an error of kube's credentials.
pub(super) fn authentication_failed(error: &AuthError, command: Option<&str>) -> Error {
    let command = command.unwrap_or_default().to_owned();
    match error {
        AuthError::AuthExecRun { cmd: _, out } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said: String = said.trim().chars().take(2000).collect();
            Error::Exec { command, cause: format!("{}: {said}", out.status) }
        }
        AuthError::AuthExecStart(source) => Error::Exec { command, cause: source.to_string() },
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            Error::Exec { command, cause: "it printed no ExecCredential with a status".to_owned() }
        }
        AuthError::InvalidBasicAuth(_) | AuthError::InvalidBearerToken(_) => Error::Credentials {
            cause: "the token or password holds characters that cannot be sent".to_owned(),
        },
        AuthError::ReadTokenFile(source, path) => {
            Error::Credentials { cause: format!("failed to read {}: {source}", path.display()) }
        }
        AuthError::MissingCommand => {
            Error::Credentials { cause: "the kubeconfig names no command to authenticate with".to_owned() }
        }
        // The other texts may quote what a command or a file says, which may be the credential.
        _ => Error::Credentials { cause: "the user entry of the kubeconfig cannot be used".to_owned() },
    }
}
