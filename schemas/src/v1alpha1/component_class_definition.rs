//! `ComponentClassDefinition`: named pairs of CPU and memory for the components of an engine.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::QuantityText;

/// Classes, in groups that share a template. The engine is a label of the object, and so is the component definition.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ComponentClassDefinition",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    status = "ComponentClassDefinitionStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "ccd",
    category = "kubeblocks"
)]
#[serde(rename_all = "camelCase")]
pub struct ComponentClassDefinitionSpec {
    /// Groups of classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ClassGroup>,
}

/// Series of classes that one template makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClassGroup {
    /// Go template of a class: `cpu` and `memory` from the variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Names of the template's variables, in the order of a class's `args`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub vars: Vec<String>,
    /// Series of classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<ClassSeries>,
}

/// Classes that are named alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClassSeries {
    /// Go template of the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming_template: Option<String>,
    /// The classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ComponentClass>,
}

/// A class, written out or by the arguments of its group's template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentClass {
    /// Its name; by default what the naming template makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Values of the template's variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// CPU of an instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<QuantityText>,
    /// Memory of an instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<QuantityText>,
}

/// What the operator made of the templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentClassDefinitionStatus {
    /// All classes, with names and sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ComponentClass>,
    /// Generation of the spec that the classes are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

impl ComponentClassDefinition {
    /// Names of the classes, or `None` as long as only the operator can tell, because templates make them.
    pub fn class_names(&self) -> Option<Vec<&str>> {
        let observed = self.status.as_ref().filter(|status| {
            status.observed_generation.is_some() && status.observed_generation == self.metadata.generation
        });
        let written =
            self.spec.groups.iter().flat_map(|group| &group.series).flat_map(|series| &series.classes);
        let classes: Vec<&ComponentClass> =
            observed.map_or_else(|| written.collect(), |status| status.classes.iter().collect());
        classes.into_iter().map(|class| class.name.as_deref().filter(|name| !name.is_empty())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ComponentClassDefinition;

    fn definition(classes: &serde_json::Value, observed: Option<i64>) -> ComponentClassDefinition {
        let object = json!({
            "metadata": {"name": "c", "generation": 2},
            "spec": {"groups": [{"template": "cpu: {{ .cpu }}", "vars": ["cpu"], "series": [
                {"namingTemplate": "general-{{ .cpu }}c", "classes": classes}
            ]}]},
            "status": {"classes": [{"name": "general-1c", "cpu": "1", "memory": "1Gi"}], "observedGeneration": observed},
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn names_are_those_of_the_status_or_else_those_that_are_written_out() {
        let templated = json!([{"args": ["1"]}, {"args": ["2"]}]);
        let written = json!([{"name": "small", "cpu": "1", "memory": "1Gi"}, {"name": "big", "args": ["8"]}]);
        for (classes, observed, expected) in [
            (&templated, Some(2), Some(vec!["general-1c"])),
            (&templated, Some(1), None),
            (&templated, None, None),
            (&written, None, Some(vec!["small", "big"])),
            (&json!([]), None, Some(vec![])),
        ] {
            assert_eq!(definition(classes, observed).class_names(), expected, "{classes} {observed:?}");
        }
    }
}
