//! The action `kubeblocks_start`: starts a stopped database.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::texts::{namespace_name, object_name};

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
pub type StartAction = OperationAction<StartConfig>;

impl Arguments for StartConfig {
    const TYPE_NAME: &'static str = "kubeblocks_start";
    const SUMMARY: &'static str = "Cannot start the database";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        Some(Operation::Start)
    }
}
