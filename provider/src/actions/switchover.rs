//! The action `kubeblocks_switchover`: moves the leading role of a component.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::ops_request::convert;
use crate::resources::texts::{namespace_name, object_name};

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
pub type SwitchoverAction = OperationAction<SwitchoverConfig>;

impl Arguments for SwitchoverConfig {
    const TYPE_NAME: &'static str = "kubeblocks_switchover";
    const SUMMARY: &'static str = "Cannot move the leading role";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        convert::switchover(&self.component, &self.instance)
    }
}
