//! Classes and constraints: what resources a component gets, or why it gets none.

use kube::ResourceExt;
use serde_json::{Value, json};

use super::Pass;
use crate::operator::api::{
    Class, ComponentClassDefinition, ComponentResourceConstraint, ComponentSpec, Rule,
};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming::{LABEL_COMPONENT_DEFINITION_REF, LABEL_DEFINITION};
use crate::operator::quantity::thousandths;

/// With this on the Cluster, neither classes nor constraints count.
const IGNORE: &str = "resource.kubeblocks.io/ignore-constraint";
const NOT_CONFORM: &str =
    "resource is not conform to the constraints, please check the ComponentResourceConstraint API";

/// Refuses resources that keep to no rule, and classes that are not there.
pub(super) async fn check(pass: &Pass<'_>) -> Result<(), Error> {
    for component in pass.components() {
        let component = component?;
        if ignores(&component) {
            continue;
        }
        match class_name(component.spec) {
            Some(_) => {
                of_class(pass, &component).await?;
            }
            None => keep_to_rules(pass, &component).await?,
        }
    }
    Ok(())
}

/// Resources of the class of a component, when it has one.
pub(super) async fn of_class(pass: &Pass<'_>, component: &Component<'_>) -> Result<Option<Value>, Error> {
    let Some(wanted) = class_name(component.spec).filter(|_| !ignores(component)) else { return Ok(None) };
    let definition = &component.spec.component_def_ref;
    let all: Vec<ComponentClassDefinition> = pass.context.store.list_global().await?;
    let is = |object: &ComponentClassDefinition, label: &str, value: &str| {
        object.labels().get(label).is_some_and(|found| found == value)
    };
    let classes: Vec<Class> = all
        .into_iter()
        .filter(|object| is(object, LABEL_DEFINITION, &pass.definition.name_any()))
        .filter(|object| is(object, LABEL_COMPONENT_DEFINITION_REF, definition))
        .flat_map(|object| object.spec.groups)
        .flat_map(|group| group.series)
        .flat_map(|series| series.classes)
        .collect();
    if classes.is_empty() {
        return Err(refused(format!("can not find classes for component {definition}")));
    }
    let found = classes.iter().find(|class| class.name == wanted);
    let class = found.ok_or_else(|| refused(format!("unknown component class {wanted}")))?;
    let size = json!({"cpu": class.cpu, "memory": class.memory});
    Ok(Some(json!({"requests": size, "limits": size})))
}

async fn keep_to_rules(pass: &Pass<'_>, component: &Component<'_>) -> Result<(), Error> {
    let all: Vec<ComponentResourceConstraint> = pass.context.store.list_global().await?;
    let engine = pass.definition.name_any();
    let rules: Vec<&Rule> =
        all.iter().flat_map(|one| bound(one, &engine, &component.spec.component_def_ref)).collect();
    if rules.is_empty() || rules.iter().any(|rule| allows(rule, component.spec)) {
        return Ok(());
    }
    Err(refused(NOT_CONFORM.to_owned()))
}

fn refused(message: String) -> Error {
    Error::Refused { reason: "ApplyResourcesFailed", message }
}

fn ignores(component: &Component<'_>) -> bool {
    component.cluster.annotations().get(IGNORE).is_some_and(|value| value == "true")
}

fn class_name(spec: &ComponentSpec) -> Option<&str> {
    spec.class_def_ref.as_ref()?.get("class")?.as_str().filter(|class| !class.is_empty())
}

fn bound<'a>(all: &'a ComponentResourceConstraint, engine: &str, component: &str) -> Vec<&'a Rule> {
    let selectors = all.spec.selector.iter().filter(|selector| selector.cluster_def_ref == engine);
    let names: Vec<&String> = selectors
        .flat_map(|selector| &selector.components)
        .filter(|bound| bound.component_def_ref == component)
        .flat_map(|bound| &bound.rules)
        .collect();
    all.spec.rules.iter().filter(|rule| names.contains(&&rule.name)).collect()
}

/// The amount in thousandths, and nothing for what is absent or zero.
fn amount(value: Option<&Value>) -> Option<i128> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    thousandths(&text).filter(|amount| *amount != 0)
}

fn within(amount: i128, bounds: &Value, lowest: &str, highest: &str) -> bool {
    let of = |name: &str| self::amount(bounds.get(name));
    of(lowest).is_none_or(|lowest| lowest <= amount) && of(highest).is_none_or(|highest| amount <= highest)
}

fn allows(rule: &Rule, spec: &ComponentSpec) -> bool {
    let request = |name: &str| amount(spec.resources.as_ref()?.get("requests")?.get(name));
    let (cpu, memory) = (request("cpu"), request("memory"));
    let volumes = spec
        .volume_claim_templates
        .iter()
        .filter_map(|claim| amount(claim.spec.pointer("/resources/requests/storage")));
    cpu.is_none_or(|cpu| allows_cpu(&rule.cpu, cpu))
        && memory.is_none_or(|memory| {
            choices(&rule.cpu, cpu).iter().any(|cpu| allows_memory(&rule.memory, *cpu, memory))
        })
        && volumes.into_iter().all(|size| within(size, &rule.storage, "min", "max"))
}

fn allows_cpu(rule: &Value, cpu: i128) -> bool {
    let slots = slots(rule);
    within(cpu, rule, "min", "max")
        && amount(rule.get("step")).is_none_or(|step| cpu % step == 0)
        && (slots.is_empty() || slots.contains(&cpu))
}

fn slots(rule: &Value) -> Vec<i128> {
    rule["slots"].as_array().into_iter().flatten().filter_map(|slot| amount(Some(slot))).collect()
}

/// The cores that memory is measured by: those asked for, or all that are allowed.
fn choices(rule: &Value, cpu: Option<i128>) -> Vec<i128> {
    if let Some(cpu) = cpu {
        return vec![cpu];
    }
    let slots = slots(rule);
    let of = |name: &str| amount(rule.get(name));
    match (slots.is_empty(), of("min"), of("max"), of("step")) {
        (true, Some(min), Some(max), Some(step)) => {
            std::iter::successors(Some(min), |cpu| Some(cpu + step)).take_while(|cpu| *cpu <= max).collect()
        }
        _ => slots,
    }
}

/// Sizes per core and memory are thousandths, so that their product is of millionths.
fn allows_memory(rule: &Value, cpu: i128, memory: i128) -> bool {
    let of = |name: &str| amount(rule.get(name)).map(|size| size * cpu);
    match of("sizePerCPU") {
        Some(size) => size == memory * 1000,
        None => {
            of("minPerCPU").is_none_or(|min| min <= memory * 1000)
                && of("maxPerCPU").is_none_or(|max| memory * 1000 <= max)
        }
    }
}
