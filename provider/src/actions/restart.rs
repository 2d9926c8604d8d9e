//! The action `kubeblocks_restart`: restarts components of a database.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::ops_request::convert;
use crate::resources::ops_request::schema::not_empty;
use crate::resources::texts::{namespace_name, object_name};

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
pub type RestartAction = OperationAction<RestartConfig>;

impl Arguments for RestartConfig {
    const TYPE_NAME: &'static str = "kubeblocks_restart";
    const SUMMARY: &'static str = "Cannot restart the database";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        convert::restart(&self.components)
    }
}
