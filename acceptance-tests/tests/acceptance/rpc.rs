//! Actions by the messages of the protocol, where a test looks at each.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;

use crate::plugin_process::generated::tfplugin6::invoke_action::{self, event::Type as Event};
use crate::plugin_process::generated::tfplugin6::{plan_action, validate_action_config};
use crate::plugin_process::{Process, call, from_json, stop, texts};

/// An action here takes seconds.
const PATIENCE: Duration = Duration::from_mins(3);

/// A provider process.
pub(crate) struct Plugin(Process);

/// What an invocation told, and how it ended.
#[derive(Debug)]
pub(crate) struct Invoked {
    pub(crate) progress: Vec<String>,
    pub(crate) diagnostics: Vec<String>,
}

impl Plugin {
    /// Starts the provider and configures it with a kubeconfig.
    pub(crate) async fn start(kubeconfig: &Path) -> Self {
        Self(Process::start(kubeconfig).await)
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q) -> A
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        call(&self.0.channel, path, request).await.expect("it answers")
    }

    /// Checks the arguments of an action, offline.
    pub(crate) async fn validate(&self, action: &str, config: &Value) -> Vec<String> {
        let request =
            validate_action_config::Request { type_name: action.to_owned(), config: from_json(config) };
        let answer: validate_action_config::Response =
            self.call("/tfplugin6.Provider/ValidateActionConfig", request).await;
        texts(&answer.diagnostics)
    }

    /// Plans an invocation.
    pub(crate) async fn plan(&self, action: &str, config: &Value) -> Vec<String> {
        let request = plan_action::Request {
            action_type: action.to_owned(),
            config: from_json(config),
            ..plan_action::Request::default()
        };
        let answer: plan_action::Response = self.call("/tfplugin6.Provider/PlanAction", request).await;
        texts(&answer.diagnostics)
    }

    /// Asks the provider to stop, as Terraform does at Ctrl-C.
    pub(crate) async fn stop(&self) {
        stop(&self.0.channel).await;
    }

    /// Invokes an action and follows it to its end.
    pub(crate) async fn invoke(&self, action: &str, config: &Value) -> Invoked {
        let request = invoke_action::Request {
            action_type: action.to_owned(),
            config: from_json(config),
            ..invoke_action::Request::default()
        };
        let mut grpc = tonic::client::Grpc::new(self.0.channel.clone());
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
