//! The action `kubeblocks_start`: starts a stopped database.

use std::sync::Arc;

use tfplugin::action::Action;
use tfplugin::prelude::*;
use tokio::sync::mpsc;

use super::invoke::{Invocation, duration, validate};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::ops_request::schema::{namespace_name, object_name};

const SUMMARY: &str = "Cannot start the database";

/// Starts a database that was stopped by an operation, with as many instances as it had, and waits until it runs. A database
/// that is not stopped is left as it is.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct StartConfig {
    /// The Kubernetes cluster of the database. Left out, the one of the provider block. Take it from the
    /// `kubeblocks_cluster`.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Namespace of the database.
    #[tf(required, validate = namespace_name)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(required, validate = object_name)]
    pub cluster: Value<String>,
    /// How long to wait, for the turn and for the operation together, such as `30m`. Left out, 60m.
    #[tf(optional, validate = duration)]
    pub timeout: Value<String>,
}

/// The action.
#[derive(Clone, Debug)]
pub struct StartAction {
    shared: Arc<Shared>,
}

impl StartAction {
    /// The action of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

fn invocation(config: &StartConfig) -> Invocation<'_> {
    Invocation {
        summary: SUMMARY,
        kubernetes: &config.kubernetes,
        namespace: &config.namespace,
        cluster: &config.cluster,
        timeout: &config.timeout,
        operation: Some(Operation::Start),
    }
}

impl Action for StartAction {
    type Config = StartConfig;

    const TYPE_NAME: &'static str = "kubeblocks_start";

    fn validate(&self, config: &StartConfig, diagnostics: &mut Diagnostics) {
        validate(&config.kubernetes, diagnostics);
    }

    async fn plan(&self, context: &Context, config: StartConfig) -> Result<(), Diagnostics> {
        invocation(&config).plan(&self.shared, context).await
    }

    async fn invoke(
        &self,
        context: &Context,
        config: StartConfig,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        Box::pin(invocation(&config).invoke(&self.shared, context, progress)).await
    }
}
