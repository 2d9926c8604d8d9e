//! A process of the provider, reached as Terraform reaches it: started, configured, and called by messages of the protocol.

#[path = "../../../tfplugin/src/generated/mod.rs"]
pub(crate) mod generated;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use acceptance_tests::tools::provider_binary;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

use crate::terraform::started;
use generated::tfplugin6::{Diagnostic, DynamicValue, configure_provider, stop_provider};

/// What tells the provider that Terraform starts it.
pub(crate) const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The process. It ends with this.
pub(crate) struct Process {
    pub(crate) channel: Channel,
    child: Child,
    _temporary: tempfile::TempDir,
}

impl Process {
    /// Starts the provider and configures it with a kubeconfig.
    #[allow(dead_code, reason = "the fault tests have more in the environment")]
    pub(crate) async fn start(kubeconfig: &Path) -> Self {
        Self::start_in::<&str>(kubeconfig, []).await
    }

    /// The same, with more in its environment.
    pub(crate) async fn start_in<N: AsRef<OsStr>>(
        kubeconfig: &Path,
        environment: impl IntoIterator<Item = (&'static str, N)>,
    ) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(provider_binary());
        command
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6")
            .env("KUBE_CONFIG_PATH", kubeconfig)
            .envs(environment);
        let (child, socket) = started(&mut command, temporary.path(), socket_of).await;
        let connector = tower::service_fn(move |_: Uri| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        let channel = endpoint.connect_with_connector(connector).await.expect("it answers");
        let nothing = json!({
            "kubernetes": null, "helm_path": null, "aws": null, "gcp": null, "azure": null, "alibaba": null, "guard": null,
        });
        let request = configure_provider::Request {
            config: from_json(&nothing),
            ..configure_provider::Request::default()
        };
        let answer: Result<configure_provider::Response, _> =
            call(&channel, "/tfplugin6.Provider/ConfigureProvider", request).await;
        assert_eq!(texts(&answer.expect("it answers").diagnostics), Vec::<String>::new());
        Self { channel, child, _temporary: temporary }
    }

    /// Ends the process as the kernel does when memory is short.
    #[allow(dead_code, reason = "the fault tests do it")]
    pub(crate) fn kill(&mut self) {
        self.child.start_kill().expect("it runs");
    }
}

/// The socket of the line by which a provider says where it serves.
pub(crate) fn socket_of(line: &str) -> Option<PathBuf> {
    line.starts_with("1|6|unix|").then(|| line.split('|').nth(3).map(PathBuf::from)).flatten()
}

/// One call; an error when the process is gone.
pub(crate) async fn call<Q, A>(channel: &Channel, path: &'static str, request: Q) -> Result<A, tonic::Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + Sync + 'static,
{
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Q, A>::default();
    let path = PathAndQuery::from_static(path);
    grpc.unary(tonic::Request::new(request), path, codec).await.map(tonic::Response::into_inner)
}

/// Asks the provider to stop, as Terraform does at Ctrl-C.
pub(crate) async fn stop(channel: &Channel) {
    let answer: Result<stop_provider::Response, _> =
        call(channel, "/tfplugin6.Provider/StopProvider", stop_provider::Request::default()).await;
    answer.expect("it answers");
}

/// A value as the protocol also takes it.
#[allow(clippy::unnecessary_wraps, reason = "messages hold values as options")]
pub(crate) fn from_json(value: &Value) -> Option<DynamicValue> {
    Some(DynamicValue { json: value.to_string().into(), ..DynamicValue::default() })
}

/// What diagnostics say.
pub(crate) fn texts<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<String> {
    diagnostics.into_iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect()
}
