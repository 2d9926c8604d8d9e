//! `ComponentResourceConstraint`: which CPU, memory and volumes the components of an engine may have.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::{Quantity, QuantityText};

/// Rules, and the components that they bind.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ComponentResourceConstraint",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "crc",
    category = "kubeblocks",
    category = "all"
)]
#[serde(rename_all = "camelCase")]
pub struct ComponentResourceConstraintSpec {
    /// Rules by name. Resources must keep to one of those that bind the component.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub rules: Vec<ResourceConstraintRule>,
    /// What the rules bind; nothing else is bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["clusterDefRef"])))]
    pub selector: Vec<ConstraintSelector>,
}

/// What is allowed together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResourceConstraintRule {
    /// Name of the rule.
    pub name: String,
    /// CPU of an instance.
    pub cpu: CpuConstraint,
    /// Memory of an instance.
    pub memory: MemoryConstraint,
    /// Size of each volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageConstraint>,
}

/// Cores: one of the slots, or a multiple of the step between the bounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CpuConstraint {
    /// Most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<QuantityText>,
    /// Least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<QuantityText>,
    /// The number of cores is a multiple of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<QuantityText>,
    /// The numbers of cores that are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<QuantityText>,
}

/// Memory by the number of cores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemoryConstraint {
    /// Exactly so much for each core.
    #[serde(rename = "sizePerCPU", skip_serializing_if = "Option::is_none")]
    pub size_per_cpu: Option<QuantityText>,
    /// At most so much for each core.
    #[serde(rename = "maxPerCPU", skip_serializing_if = "Option::is_none")]
    pub max_per_cpu: Option<QuantityText>,
    /// At least so much for each core.
    #[serde(rename = "minPerCPU", skip_serializing_if = "Option::is_none")]
    pub min_per_cpu: Option<QuantityText>,
}

/// Bounds of a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageConstraint {
    /// Largest size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "10Ti")))]
    pub max: Option<QuantityText>,
    /// Smallest size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "20Gi")))]
    pub min: Option<QuantityText>,
}

/// Components of an engine that rules bind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConstraintSelector {
    /// Name of the `ClusterDefinition`.
    pub cluster_def_ref: String,
    /// Its components.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentDefRef"])))]
    pub components: Vec<ComponentSelector>,
}

/// A component that rules bind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentSelector {
    /// Name of the component definition.
    pub component_def_ref: String,
    /// Names of the rules.
    pub rules: Vec<String>,
}

/// What an instance asks for. Zero is the same as absent: it is not asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Cores.
    pub cpu: Option<Quantity>,
    /// Bytes.
    pub memory: Option<Quantity>,
    /// Sizes of its volumes.
    pub volumes: Vec<Quantity>,
}

impl ComponentResourceConstraint {
    /// The rules that bind a component.
    pub fn rules_for<'a>(
        &'a self,
        definition: &'a str,
        component: &'a str,
    ) -> impl Iterator<Item = &'a ResourceConstraintRule> {
        let binds = move |rule: &&ResourceConstraintRule| {
            let selectors =
                self.spec.selector.iter().filter(move |selector| selector.cluster_def_ref == definition);
            selectors
                .flat_map(|selector| &selector.components)
                .any(|bound| bound.component_def_ref == component && bound.rules.contains(&rule.name))
        };
        self.spec.rules.iter().filter(binds)
    }
}

impl ResourceConstraintRule {
    /// Whether the rule allows all that is asked for. What cannot be read as a quantity restrains nothing.
    pub fn allows(&self, wanted: &Wanted) -> bool {
        let asked = |quantity: Option<Quantity>| quantity.filter(|quantity| !quantity.is_zero());
        let (cpu, memory) = (asked(wanted.cpu), asked(wanted.memory));
        cpu.is_none_or(|cpu| self.cpu.allows(cpu))
            && memory.is_none_or(|memory| self.allows_memory(cpu, memory))
            && wanted.volumes.iter().all(|size| self.allows_volume(*size))
    }

    /// Without a number of cores, memory must fit one of those that are allowed.
    fn allows_memory(&self, cpu: Option<Quantity>, memory: Quantity) -> bool {
        match cpu {
            Some(cpu) => self.memory.allows(cpu, memory),
            None => self.cpu.choices().is_none_or(|mut all| all.any(|cpu| self.memory.allows(cpu, memory))),
        }
    }

    fn allows_volume(&self, size: Quantity) -> bool {
        self.storage.as_ref().is_none_or(|bounds| {
            size.is_zero()
                || (read(bounds.min.as_ref()).is_none_or(|min| min <= size)
                    && read(bounds.max.as_ref()).is_none_or(|max| size <= max))
        })
    }
}

impl CpuConstraint {
    fn allows(&self, cpu: Quantity) -> bool {
        let slots: Vec<Quantity> = self.slots.iter().filter_map(|slot| slot.parse().ok()).collect();
        read(self.min.as_ref()).is_none_or(|min| min <= cpu)
            && read(self.max.as_ref()).is_none_or(|max| cpu <= max)
            && read(self.step.as_ref()).is_none_or(|step| step.is_zero() || cpu.millis() % step.millis() == 0)
            && (slots.is_empty() || slots.contains(&cpu))
    }

    /// The numbers of cores that are allowed, or `None` when the rule does not say so.
    fn choices(&self) -> Option<Box<dyn Iterator<Item = Quantity>>> {
        if !self.slots.is_empty() {
            let slots: Vec<Quantity> = self.slots.iter().filter_map(|slot| slot.parse().ok()).collect();
            return Some(Box::new(slots.into_iter()));
        }
        let (min, max, step) =
            (read(self.min.as_ref())?, read(self.max.as_ref())?, read(self.step.as_ref())?);
        let is_endless = step.is_zero() || step.is_negative();
        let next = move |cpu: &Quantity| cpu.checked_add(step).filter(|_| !is_endless);
        Some(Box::new(std::iter::successors(Some(min), next).take_while(move |cpu| *cpu <= max)))
    }
}

impl MemoryConstraint {
    fn allows(&self, cpu: Quantity, memory: Quantity) -> bool {
        // Thousandths of a byte.
        let of = |size: Quantity| cpu.millis().checked_mul(size.units());
        let wanted = memory.units().checked_mul(1000);
        match read(self.size_per_cpu.as_ref()).filter(|size| !size.is_zero()) {
            Some(size) => of(size) == wanted,
            None => {
                read(self.min_per_cpu.as_ref()).is_none_or(|min| of(min) <= wanted)
                    && read(self.max_per_cpu.as_ref()).is_none_or(|max| wanted <= of(max))
            }
        }
    }
}

fn read(text: Option<&QuantityText>) -> Option<Quantity> {
    text.and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(cpu: &Value, memory: &Value) -> ResourceConstraintRule {
        let storage = json!({"min": "20Gi", "max": "1Ti"});
        serde_json::from_value(json!({"name": "r", "cpu": cpu, "memory": memory, "storage": storage}))
            .unwrap()
    }

    fn wanted(cpu: &str, memory: &str, volume: &str) -> Wanted {
        let read = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        Wanted { cpu: read(cpu), memory: read(memory), volumes: read(volume).into_iter().collect() }
    }

    #[test]
    fn a_rule_allows_what_the_operator_takes() {
        let steps = json!({"min": "500m", "max": 8, "step": "0.5"});
        let slots = json!({"slots": ["1", 2, "4"]});
        let ratio = json!({"minPerCPU": "1Gi", "maxPerCPU": "4Gi"});
        let exact = json!({"sizePerCPU": "2Gi", "maxPerCPU": "64Gi"});
        for (cpu, memory, asked, allowed) in [
            (&steps, &ratio, ("1500m", "3Gi", "20Gi"), true),
            (&steps, &ratio, ("1.2", "3Gi", "20Gi"), false),
            (&steps, &ratio, ("250m", "1Gi", ""), false),
            (&steps, &ratio, ("9", "9Gi", ""), false),
            (&steps, &ratio, ("1", "5Gi", ""), false),
            (&steps, &ratio, ("1", "512Mi", ""), false),
            (&steps, &ratio, ("1", "1Gi", "19Gi"), false),
            (&steps, &ratio, ("1", "1Gi", "2Ti"), false),
            (&steps, &ratio, ("", "", ""), true),
            (&steps, &ratio, ("0", "0", "0"), true),
            (&steps, &ratio, ("", "32Gi", ""), true),
            (&steps, &ratio, ("", "33Gi", ""), false),
            (&steps, &ratio, ("2", "", ""), true),
            (&slots, &exact, ("2", "4Gi", ""), true),
            (&slots, &exact, ("3", "6Gi", ""), false),
            (&slots, &exact, ("2", "5Gi", ""), false),
            (&slots, &exact, ("", "8Gi", ""), true),
            (&slots, &exact, ("", "6Gi", ""), false),
            (&json!({}), &ratio, ("", "99Gi", ""), true),
            (&json!({"min": "1", "max": "2", "step": "0"}), &ratio, ("", "8Gi", ""), false),
        ] {
            let asked_for = wanted(asked.0, asked.1, asked.2);
            assert_eq!(rule(cpu, memory).allows(&asked_for), allowed, "{cpu} {memory} {asked:?}");
        }
    }

    #[test]
    fn a_rule_binds_only_what_its_selector_names() {
        let object = json!({
            "metadata": {"name": "c"},
            "spec": {
                "rules": [{"name": "a", "cpu": {}, "memory": {}}, {"name": "b", "cpu": {}, "memory": {}}],
                "selector": [{"clusterDefRef": "redis", "components": [{"componentDefRef": "redis", "rules": ["b", "gone"]}]}],
            },
        });
        let constraint: ComponentResourceConstraint = serde_json::from_value(object).unwrap();
        for (definition, component, expected) in
            [("redis", "redis", vec!["b"]), ("redis", "redis-sentinel", vec![]), ("kafka", "redis", vec![])]
        {
            let names: Vec<&str> =
                constraint.rules_for(definition, component).map(|rule| rule.name.as_str()).collect();
            assert_eq!(names, expected, "{definition}/{component}");
        }
    }
}
