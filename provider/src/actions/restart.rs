//! The action `kubeblocks_restart`: restarts components of a database.

use std::sync::Arc;

use tfplugin::action::Action;
use tfplugin::prelude::*;
use tokio::sync::mpsc;

use super::invoke::{Invocation, duration, validate};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::ops_request::convert;
use crate::resources::ops_request::schema::{namespace_name, not_empty, object_name};

const SUMMARY: &str = "Cannot restart the database";

/// Restarts all instances of components of a database, one after the other, and waits until they serve again. It waits for
/// operations that others run on the database.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct RestartConfig {
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
    /// Names of the components.
    #[tf(required, validate = not_empty)]
    pub components: Value<Vec<Value<String>>>,
    /// How long to wait, for the turn and for the operation together, such as `30m`. Left out, 60m.
    #[tf(optional, validate = duration)]
    pub timeout: Value<String>,
}

/// The action.
#[derive(Clone, Debug)]
pub struct RestartAction {
    shared: Arc<Shared>,
}

impl RestartAction {
    /// The action of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

fn invocation(config: &RestartConfig) -> Invocation<'_> {
    Invocation {
        summary: SUMMARY,
        kubernetes: &config.kubernetes,
        namespace: &config.namespace,
        cluster: &config.cluster,
        timeout: &config.timeout,
        operation: convert::restart(&config.components),
    }
}

impl Action for RestartAction {
    type Config = RestartConfig;

    const TYPE_NAME: &'static str = "kubeblocks_restart";

    fn validate(&self, config: &RestartConfig, diagnostics: &mut Diagnostics) {
        validate(&config.kubernetes, diagnostics);
    }

    async fn plan(&self, context: &Context, config: RestartConfig) -> Result<(), Diagnostics> {
        invocation(&config).plan(&self.shared, context).await
    }

    async fn invoke(
        &self,
        context: &Context,
        config: RestartConfig,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        Box::pin(invocation(&config).invoke(&self.shared, context, progress)).await
    }
}
