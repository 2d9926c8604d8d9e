//! `ComponentClassDefinition` and `ComponentResourceConstraint` (`apps.kubeblocks.io`), as far as they are judged here.

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ComponentClassDefinition",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentClassDefinitionSpec {
    pub(crate) groups: Vec<ClassGroup>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClassGroup {
    pub(crate) series: Vec<ClassSeries>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClassSeries {
    pub(crate) classes: Vec<Class>,
}

/// Classes that a template makes have no name here: the stand-in knows those only that are written out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) cpu: Value,
    pub(crate) memory: Value,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ComponentResourceConstraint",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentResourceConstraintSpec {
    pub(crate) rules: Vec<Rule>,
    pub(crate) selector: Vec<Selector>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Selector {
    pub(crate) cluster_def_ref: String,
    pub(crate) components: Vec<Bound>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Bound {
    pub(crate) component_def_ref: String,
    pub(crate) rules: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// `min`, `max`, `step`, `slots`.
    pub(crate) cpu: Value,
    /// `sizePerCPU`, or `minPerCPU` and `maxPerCPU`.
    pub(crate) memory: Value,
    /// `min`, `max`.
    pub(crate) storage: Value,
}
