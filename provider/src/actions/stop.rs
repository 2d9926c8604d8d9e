//! The action `kubeblocks_stop`: stops a database.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::texts::{namespace_name, object_name};

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
pub type StopAction = OperationAction<StopConfig>;

impl Arguments for StopConfig {
    const TYPE_NAME: &'static str = "kubeblocks_stop";
    const SUMMARY: &'static str = "Cannot stop the database";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        Some(Operation::Stop)
    }
}
