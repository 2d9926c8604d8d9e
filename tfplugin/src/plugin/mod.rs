//! The process as go-plugin wants it: checked at start, one line on standard output, gRPC on a private socket, gone
//! when Terraform is gone. Second station of a call (`terraform -> plugin -> server`). Knows no Terraform message:
//! what is served comes in as routes.

mod arguments;
mod certificate;
mod client_pin;
mod environment;
mod handshake;
mod hclog;
mod incoming;
mod lifetime;
mod listener;
mod p521_signature;
mod panic_report;
mod reattach;
mod services;

use std::future::ready;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::transport::Server;

use self::arguments::Mode;
use self::environment::Environment;
use self::listener::Listener;

pub use self::arguments::is_debugged;
pub(crate) use self::panic_report::take_last_panic;

/// How long calls in flight may take to end after a shutdown was asked for. The host kills after two seconds.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(1500);

const LATE: &str = "calls were still in flight at the end of the shutdown's grace period";

/// Calls at once on one connection. Terraform's `-parallelism` is 10 by default, and users raise it.
const MAXIMUM_CONCURRENT_STREAMS: u32 = 1024;

/// Flow-control windows wide enough that a large state is not sent in 64 KiB steps.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Who the plugin is, for messages, logs and the line of `--debug`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// Short name, such as `kubeblocks`.
    pub(crate) name: &'a str,
    /// Release, such as `0.1.0`.
    pub(crate) version: &'a str,
    /// Source address, such as `registry.terraform.io/kubeblocks/kubeblocks`.
    pub(crate) address: &'a str,
}

/// What kept the plugin from serving.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Environment(environment::Error),
    #[error("failed to start the asynchronous runtime")]
    Runtime(#[source] io::Error),
    #[error("failed to install the signal handlers")]
    Signals(#[source] io::Error),
    #[error("failed to open the socket for Terraform")]
    Listen(#[source] listener::Error),
    #[error("failed to set up mutual TLS")]
    Tls(#[source] certificate::Error),
    #[error("failed to write the handshake to standard output")]
    Handshake(#[source] io::Error),
    #[error("failed to serve")]
    Serve(#[source] tonic::transport::Error),
}

/// Runs the process from its arguments to its exit code. `routes` makes the services of one client; the token it gets is
/// cancelled when the client is gone or the process is about to end.
pub(crate) fn run(about: About<'_>, routes: impl Fn(CancellationToken) -> Routes) -> ExitCode {
    let result = match Mode::from_arguments(std::env::args_os().skip(1)) {
        Ok(Mode::Version) => print_to_stdout(&format!("{} {}\n", about.name, about.version)),
        Ok(Mode::Help) => print_to_stdout(&arguments::help(about)),
        Ok(Mode::Plugin) => serve_plugin(about, routes),
        Ok(Mode::Debug) => serve_debug(about, routes),
        Err(unknown) => {
            print_to_stderr(&format!("{unknown}\n\n{}", arguments::help(about)));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_to_stderr(&format!("{}\n", describe(about, &error)));
            ExitCode::FAILURE
        }
    }
}

/// The life of a process that Terraform started.
fn serve_plugin(about: About<'_>, routes: impl Fn(CancellationToken) -> Routes) -> Result<(), Error> {
    let environment = Environment::read(|name| std::env::var_os(name)).map_err(Error::Environment)?;
    hclog::install(about.name);
    panic_report::install(about.name);

    with_runtime(async move {
        let shutdown = CancellationToken::new();
        // Signals and the parent are watched before Terraform can know of us, so no moment is unguarded.
        lifetime::watch_as_child(&shutdown).map_err(Error::Signals)?;
        let listener = Listener::bind(&environment).map_err(Error::Listen)?;
        let (tls, certificate) = match &environment.client_certificate {
            Some(client) => {
                let tls = certificate::mutual_tls(client).map_err(Error::Tls)?;
                (Some(tls.acceptor), tls.certificate)
            }
            None => (None, Vec::new()),
        };
        let line = handshake::line(&listener.address(), &certificate, environment.multiplexing_asked);
        print_to_stdout(&line)?;
        let services = services::GoPlugin::for_terraform(shutdown.clone());
        serve_until_shutdown(listener, tls, services, routes(shutdown.clone()), shutdown).await
    })
}

/// The life of a process that a developer started with `--debug`: many Terraform runs attach to it, also at the same
/// time, none ends it, and none sees another one's configuration.
fn serve_debug(about: About<'_>, routes: impl Fn(CancellationToken) -> Routes) -> Result<(), Error> {
    hclog::install(about.name);
    panic_report::install(about.name);

    with_runtime(async move {
        let shutdown = CancellationToken::new();
        lifetime::watch_as_debugged(&shutdown).map_err(Error::Signals)?;
        let listener = Listener::bind(&Environment::for_debug()).map_err(Error::Listen)?;
        print_to_stdout(&reattach::instructions(about, &listener.address()))?;
        serve_each_client(listener, routes, &shutdown).await;
        Ok(())
    })
}

/// Serves every connection by services of its own, which end with it.
async fn serve_each_client(
    listener: Listener,
    routes: impl Fn(CancellationToken) -> Routes,
    shutdown: &CancellationToken,
) {
    // The folder of the socket is removed when this function ends.
    let (accepting, _folder) = listener.into_parts();
    let mut incoming = std::pin::pin!(incoming::accept(accepting, None, shutdown.clone()));
    let clients = TaskTracker::new();
    while let Some(Some(accepted)) = shutdown.run_until_cancelled(incoming.next()).await {
        let Ok(connection) = accepted else { continue };
        let ended = shutdown.child_token();
        let connection = connection.ending(ended.clone());
        let services = services::GoPlugin::for_debug(ended.clone()).add_to(routes(ended.clone()));
        // Tonic would take the end of the connections to come for its own.
        let only = stream::once(ready(Ok::<_, io::Error>(connection))).chain(stream::pending());
        let serving =
            server().add_routes(services).serve_with_incoming_shutdown(only, ended.cancelled_owned());
        clients.spawn(async move {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "a client is no longer served");
            }
        });
    }
    clients.close();
    if tokio::time::timeout(SHUTDOWN_GRACE, clients.wait()).await.is_err() {
        tracing::warn!("{LATE}");
    }
}

fn server() -> Server {
    Server::builder()
        .max_concurrent_streams(MAXIMUM_CONCURRENT_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
}

async fn serve_until_shutdown(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    services: services::GoPlugin,
    routes: Routes,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    // The folder of the socket is removed when this function ends.
    let (accepting, _folder) = listener.into_parts();
    let incoming = incoming::accept(accepting, tls, shutdown.clone());
    let serving = server()
        .add_routes(services.add_to(routes))
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let too_late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        served = serving => served.map_err(Error::Serve),
        () = too_late => {
            tracing::warn!("{LATE}");
            Ok(())
        }
    }
}

/// Stack of each thread: twice the usual. Clients of clouds that are made of generated code carry large futures. It is
/// only reserved until it is used.
const STACK: usize = 4 * 1024 * 1024;

fn with_runtime(serving: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
        .map_err(Error::Runtime)?;
    let result = runtime.block_on(serving);
    // A blocking call that does not return must not keep the process alive.
    runtime.shutdown_background();
    result
}

fn print_to_stdout(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Handshake)
}

fn print_to_stderr(text: &str) {
    // Nobody to tell when standard error is closed.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The whole chain of an error for the person at the terminal.
fn describe(about: About<'_>, error: &Error) -> String {
    if let Error::Environment(environment::Error::NotStartedByTerraform) = error {
        return arguments::not_for_hands(about);
    }
    let mut text = format!("{}: {error}", about.name);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
