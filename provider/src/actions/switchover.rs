//! The action `kubeblocks_switchover`: moves the leading role of a component.

use std::sync::Arc;

use tfplugin::action::Action;
use tfplugin::prelude::*;
use tokio::sync::mpsc;

use super::invoke::{Invocation, duration, validate};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::ops_request::convert;
use crate::resources::ops_request::schema::{namespace_name, object_name};

const SUMMARY: &str = "Cannot move the leading role";

/// Moves the leading role of a component to another instance, and waits until it has moved. Refused where the engine has no
/// switchover, where the pod leads already, and where nobody could take over. A switchover that the operator would try for
/// ever is taken away again, so that it locks nothing.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct SwitchoverConfig {
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
    /// Name of the component. It must be named like its definition, as KubeBlocks 0.7 looks it up so.
    #[tf(required)]
    pub component: Value<String>,
    /// Name of the pod that is to lead. Left out, any other one.
    #[tf(optional)]
    pub instance: Value<String>,
    /// How long to wait, for the turn and for the operation together, such as `30m`. Left out, 10m.
    #[tf(optional, validate = duration)]
    pub timeout: Value<String>,
}

/// The action.
#[derive(Clone, Debug)]
pub struct SwitchoverAction {
    shared: Arc<Shared>,
}

impl SwitchoverAction {
    /// The action of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

fn invocation(config: &SwitchoverConfig) -> Invocation<'_> {
    Invocation {
        summary: SUMMARY,
        kubernetes: &config.kubernetes,
        namespace: &config.namespace,
        cluster: &config.cluster,
        timeout: &config.timeout,
        operation: convert::switchover(&config.component, &config.instance),
    }
}

impl Action for SwitchoverAction {
    type Config = SwitchoverConfig;

    const TYPE_NAME: &'static str = "kubeblocks_switchover";

    fn validate(&self, config: &SwitchoverConfig, diagnostics: &mut Diagnostics) {
        validate(&config.kubernetes, diagnostics);
    }

    async fn plan(&self, context: &Context, config: SwitchoverConfig) -> Result<(), Diagnostics> {
        invocation(&config).plan(&self.shared, context).await
    }

    async fn invoke(
        &self,
        context: &Context,
        config: SwitchoverConfig,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        Box::pin(invocation(&config).invoke(&self.shared, context, progress)).await
    }
}
