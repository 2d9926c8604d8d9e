//! The action `kubeblocks_stop`: stops a database.

use std::sync::Arc;

use tfplugin::action::Action;
use tfplugin::prelude::*;
use tokio::sync::mpsc;

use super::invoke::{Invocation, duration, validate};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::ops_request::schema::{namespace_name, object_name};

const SUMMARY: &str = "Cannot stop the database";

/// Stops all instances of a database and keeps its volumes. `kubeblocks_start` starts it again with as many instances as it
/// had. A database that is stopped already is left as it is. A `kubeblocks_cluster` that manages the database sees other
/// `replicas` than it has written, and starts it again with the next apply.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct StopConfig {
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
pub struct StopAction {
    shared: Arc<Shared>,
}

impl StopAction {
    /// The action of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

fn invocation(config: &StopConfig) -> Invocation<'_> {
    Invocation {
        summary: SUMMARY,
        kubernetes: &config.kubernetes,
        namespace: &config.namespace,
        cluster: &config.cluster,
        timeout: &config.timeout,
        operation: Some(Operation::Stop),
    }
}

impl Action for StopAction {
    type Config = StopConfig;

    const TYPE_NAME: &'static str = "kubeblocks_stop";

    fn validate(&self, config: &StopConfig, diagnostics: &mut Diagnostics) {
        validate(&config.kubernetes, diagnostics);
    }

    async fn plan(&self, context: &Context, config: StopConfig) -> Result<(), Diagnostics> {
        invocation(&config).plan(&self.shared, context).await
    }

    async fn invoke(
        &self,
        context: &Context,
        config: StopConfig,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        Box::pin(invocation(&config).invoke(&self.shared, context, progress)).await
    }
}
