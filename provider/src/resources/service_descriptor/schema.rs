//! The schema of `kubeblocks_service_descriptor`. Doc comments are the documentation. Declares only; decides nothing.

use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::texts::object_name;

/// How databases reach a service that KubeBlocks does not run, such as an etcd or a `ZooKeeper` of your own. A component of a
/// `kubeblocks_cluster` refers to it where the definition of its engine declares a service that it needs.
///
/// Creating it waits until the operator calls it available. The operator never tries to reach the service.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ServiceDescriptorState {
    /// The Kubernetes cluster that the databases run in. Left out, the one of the provider block.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace, which must exist. Changing it creates a new one.
    #[tf(required, requires_replace)]
    pub namespace: Value<String>,
    /// Name, unique in its namespace: at most 63 lower-case letters, digits, `-` and `.`. Changing it creates a new one.
    #[tf(required, requires_replace, validate = object_name)]
    pub name: Value<String>,
    /// What kind of service, as the definition of the engine names it: `etcd`, `zookeeper`, `mysql`, ...
    #[tf(required, validate = not_empty, effect = "in_place")]
    pub kind: Value<String>,
    /// Version of the service, such as `v3.5.6`. It must be one that the definition of the engine accepts.
    #[tf(required, validate = not_empty, effect = "in_place")]
    pub version: Value<String>,
    /// Address of the service: a host, or host and port, as the engine expects it.
    #[tf(required, effect = "in_place")]
    pub endpoint: Value<ServiceValue>,
    /// Port of the service. KubeBlocks 0.7 needs it when `endpoint` is read from elsewhere, and reads it from elsewhere only
    /// then.
    #[tf(optional, effect = "in_place")]
    pub port: Value<ServiceValue>,
    /// Name of the user.
    #[tf(optional, effect = "in_place")]
    pub username: Value<ServiceValue>,
    /// Where the password of the user is: best in a Secret that somebody keeps. Excludes `password_wo`.
    #[tf(optional, effect = "in_place")]
    pub password: Value<PasswordSource>,
    /// Password of the user. Never stored: neither in state nor in plans. Needs Terraform 1.11, OpenTofu 1.11, or later. It
    /// is put into a Secret `kubeblocks-service-descriptor-<name>` beside the descriptor, which would hold it in the clear,
    /// and goes with it.
    #[tf(optional, write_only, sensitive, effect = "in_place")]
    pub password_wo: Value<String>,
    /// Any number; changing it writes `password_wo` again, as Terraform cannot see that it changed. Required with it.
    #[tf(optional, effect = "in_place")]
    pub password_wo_version: Value<i64>,
    /// How long to wait. Defaults: `create` 5m, `update` 5m, `delete` 5m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// `Available` when databases can use it, else `Unavailable`. An apply waits for `Available`.
    #[tf(computed)]
    pub phase: Value<String>,
}

/// A text, either as it is or from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ServiceValue {
    /// The text itself. It stands in the clear on the object and in the state.
    #[tf(optional, validate = not_empty)]
    pub value: Value<String>,
    /// Where the text is read from.
    #[tf(optional)]
    pub value_from: Value<ValueFrom>,
}

/// Where a password is.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct PasswordSource {
    /// Where it is read from.
    #[tf(required)]
    pub value_from: Value<ValueFrom>,
}

/// A key of an object in the namespace of the descriptor: either of a Secret, or of a `ConfigMap`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ValueFrom {
    /// A key of a Secret.
    #[tf(optional)]
    pub secret: Value<KeyReference>,
    /// A key of a `ConfigMap`.
    #[tf(optional)]
    pub config_map: Value<KeyReference>,
}

/// A key of an object.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KeyReference {
    /// Name of the object.
    #[tf(required, validate = object_name)]
    pub name: Value<String>,
    /// The key in it.
    #[tf(required, validate = not_empty)]
    pub key: Value<String>,
}

/// What tells one descriptor from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ServiceDescriptorIdentity {
    /// Kubernetes namespace.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the descriptor.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl ServiceDescriptorState {
    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// The namespace; empty while it is not known.
    pub fn namespace(&self) -> &str {
        self.namespace.known().map_or("", String::as_str)
    }
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn not_empty(text: &String) -> Result<(), &'static str> {
    if text.is_empty() { Err("is empty; leave it out, or write something") } else { Ok(()) }
}
