//! The action `kubeblocks_script`: runs statements in a database.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::ops_request::convert;
use crate::resources::ops_request::schema::{self, KeyReference, LoginSecret, Map};
use crate::resources::texts::{namespace_name, object_name};

/// Runs statements in a database, each once: MySQL, PostgreSQL, Redis and `OceanBase`. Write `statements`, or keys of
/// `ConfigMap`s and Secrets, or all of them.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ScriptConfig {
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
    /// Name of the component. Left out, the only one that can run statements.
    #[tf(optional)]
    pub component: Value<String>,
    /// The statements. They stand in the `OpsRequest`: put those that hold a password into a Secret and name it in
    /// `secret_refs`.
    #[tf(optional)]
    pub statements: Value<Vec<Value<String>>>,
    /// Keys of `ConfigMap`s, in the namespace of the database, that hold statements.
    #[tf(optional)]
    pub config_map_refs: Value<Vec<Value<KeyReference>>>,
    /// Keys of Secrets, in the namespace of the database, that hold statements.
    #[tf(optional)]
    pub secret_refs: Value<Vec<Value<KeyReference>>>,
    /// Image of the client that runs them. Left out, that of KubeBlocks.
    #[tf(optional)]
    pub image: Value<String>,
    /// The Secret with the user to log in as. Left out, the first user of the database.
    #[tf(optional)]
    pub secret: Value<LoginSecret>,
    /// Labels of the pods to run them on, each by itself. Left out, they run once, through the Service of the component.
    #[tf(optional)]
    pub selector: Value<Map<String>>,
    /// How long to wait, for the turn and for the operation together, such as `30m`. Left out, 60m.
    #[tf(optional, validate = duration)]
    pub timeout: Value<String>,
}

impl ScriptConfig {
    /// The arguments as the resource has them.
    fn script(&self) -> schema::Script {
        schema::Script {
            component: self.component.clone(),
            statements: self.statements.clone(),
            config_map_refs: self.config_map_refs.clone(),
            secret_refs: self.secret_refs.clone(),
            image: self.image.clone(),
            secret: self.secret.clone(),
            selector: self.selector.clone(),
        }
    }
}

/// The action.
pub type ScriptAction = OperationAction<ScriptConfig>;

impl Arguments for ScriptConfig {
    const TYPE_NAME: &'static str = "kubeblocks_script";
    const SUMMARY: &'static str = "Cannot run the statements";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        convert::script(&self.script())
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        convert::check_script(&self.script(), &Path::attribute("statements"), diagnostics);
    }
}
