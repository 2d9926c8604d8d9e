//! The provider's process, driven by the messages of the protocol: for what the installed Terraform does not know yet.

#[path = "../../../tfplugin/src/generated/mod.rs"]
mod generated;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use acceptance_tests::tools::provider_binary;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

use generated::tfplugin6::invoke_action::{self, event::Type as Event};
use generated::tfplugin6::{
    Diagnostic, DynamicValue, configure_provider, plan_action, stop_provider, validate_action_config,
};

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// An action here takes seconds.
const PATIENCE: Duration = Duration::from_mins(3);

/// A provider process.
pub(crate) struct Plugin {
    channel: Channel,
    _child: Child,
    _temporary: tempfile::TempDir,
}

/// What an invocation told, and how it ended.
#[derive(Debug)]
pub(crate) struct Invoked {
    pub(crate) progress: Vec<String>,
    pub(crate) diagnostics: Vec<String>,
}

impl Plugin {
    /// Starts the provider and configures it with a kubeconfig.
    pub(crate) async fn start(kubeconfig: &Path) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(provider_binary())
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6")
            .env("KUBE_CONFIG_PATH", kubeconfig)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the provider starts");
        let stdout = child.stdout.take().expect("it is piped");
        let line = tokio::io::BufReader::new(stdout).lines().next_line().await;
        let line = line.expect("it can be read").expect("a line with the socket");
        let socket = PathBuf::from(line.split('|').nth(3).expect("the socket"));
        let connector = tower::service_fn(move |_: Uri| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        let channel = endpoint.connect_with_connector(connector).await.expect("it answers");
        let plugin = Self { channel, _child: child, _temporary: temporary };
        let config = json(&serde_json::json!({
            "kubernetes": null, "helm_path": null, "aws": null, "gcp": null, "azure": null, "alibaba": null, "guard": null,
        }));
        let request = configure_provider::Request { config, ..configure_provider::Request::default() };
        let answer: configure_provider::Response =
            plugin.call("/tfplugin6.Provider/ConfigureProvider", request).await;
        assert_eq!(texts(&answer.diagnostics), Vec::<String>::new());
        plugin
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q) -> A
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.expect("it is there");
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.unary(tonic::Request::new(request), PathAndQuery::from_static(path), codec).await;
        answer.expect("it answers").into_inner()
    }

    /// Checks the arguments of an action, offline.
    pub(crate) async fn validate(&self, action: &str, config: &Value) -> Vec<String> {
        let request = validate_action_config::Request { type_name: action.to_owned(), config: json(config) };
        let answer: validate_action_config::Response =
            self.call("/tfplugin6.Provider/ValidateActionConfig", request).await;
        texts(&answer.diagnostics)
    }

    /// Plans an invocation.
    pub(crate) async fn plan(&self, action: &str, config: &Value) -> Vec<String> {
        let request = plan_action::Request {
            action_type: action.to_owned(),
            config: json(config),
            ..plan_action::Request::default()
        };
        let answer: plan_action::Response = self.call("/tfplugin6.Provider/PlanAction", request).await;
        texts(&answer.diagnostics)
    }

    /// Asks the provider to stop, as Terraform does at Ctrl-C.
    pub(crate) async fn stop(&self) {
        let _: stop_provider::Response =
            self.call("/tfplugin6.Provider/StopProvider", stop_provider::Request::default()).await;
    }

    /// Invokes an action and follows it to its end.
    pub(crate) async fn invoke(&self, action: &str, config: &Value) -> Invoked {
        let request = invoke_action::Request {
            action_type: action.to_owned(),
            config: json(config),
            ..invoke_action::Request::default()
        };
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.expect("it is there");
        let codec = ProstCodec::<invoke_action::Request, invoke_action::Event>::default();
        let path = PathAndQuery::from_static("/tfplugin6.Provider/InvokeAction");
        let answer = grpc.server_streaming(tonic::Request::new(request), path, codec).await;
        let mut events = answer.expect("it answers").into_inner();
        let mut progress = Vec::new();
        let follow = async {
            while let Some(event) = events.message().await.expect("the stream goes on") {
                match event.r#type.expect("an event of some type") {
                    Event::Progress(said) => progress.push(said.message),
                    Event::Completed(end) => return texts(&end.diagnostics),
                }
            }
            panic!("the stream ends without an end of the action");
        };
        let diagnostics = tokio::time::timeout(PATIENCE, follow).await.expect("the action ends");
        Invoked { progress, diagnostics }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "messages hold values as options")]
fn json(value: &Value) -> Option<DynamicValue> {
    Some(DynamicValue { json: value.to_string().into(), ..DynamicValue::default() })
}

fn texts(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect()
}
