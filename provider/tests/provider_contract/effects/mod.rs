//! What a page says of a change, held against what a plan of that change does: each argument of each managed resource is
//! given another value, and the resource plans it, with no Kubernetes cluster and no cloud to ask.

mod cases;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use kubeblocks_provider::kubernetes_attribute::{KubernetesAuth, KubernetesConnection};
use kubeblocks_provider::provider::{KubeblocksProvider, ProviderConfig};
use tfplugin::context::Context;
use tfplugin::plan;
use tfplugin::prelude::*;
use tfplugin::raw::RawValue;
use tfplugin::resource::Plan;
use tfplugin::schema::{Attribute, Effect, Mode, Schema, Shape};
use tfplugin::server::ErasedResource;
use tokio_util::sync::CancellationToken;

use self::cases::{Case, NO_KUBECONFIG, cases, only_a_server_tells};
use self::values::{Fixture, configuration, other};

/// An argument, at whatever depth.
struct Argument<'a> {
    /// Names from the root, joined by dots; keys and indexes are left out.
    path: String,
    attribute: &'a Attribute,
    effects: &'a [Effect],
}

/// All arguments, each with what its page says of a change.
fn arguments(schema: &Schema) -> Vec<Argument<'_>> {
    fn collect<'a>(attributes: &'a [Attribute], holder: (&str, &'a [Effect]), found: &mut Vec<Argument<'a>>) {
        for attribute in attributes.iter().filter(|attribute| attribute.is_configurable()) {
            let dot = if holder.0.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{}", holder.0, attribute.name);
            let effects = attribute.effects_in(holder.1);
            if let Shape::Nested { attributes, .. } = &attribute.shape {
                collect(attributes, (&path, effects), found);
            }
            found.push(Argument { path, attribute, effects });
        }
    }
    let mut found = Vec::new();
    collect(&schema.attributes, ("", &[]), &mut found);
    found
}

#[test]
fn every_argument_says_what_a_change_of_it_does() {
    let provider = KubeblocksProvider::new();
    let mut count = 0;
    for resource in provider.resources() {
        let schema = resource.schema();
        for argument in arguments(&schema) {
            assert!(!argument.effects.is_empty(), "{} of {}", argument.path, resource.type_name());
            count += 1;
        }
    }
    assert!(count > 400, "the arguments are found: {count}");
}

/// A provider that runs no program and reaches nothing.
async fn provider() -> KubeblocksProvider {
    let provider = KubeblocksProvider::new();
    let auth = KubernetesAuth {
        method: Value::Known("kubeconfig".to_owned()),
        kubeconfig_path: Value::Known(NO_KUBECONFIG.to_owned()),
        ..KubernetesAuth::default()
    };
    let kubernetes = KubernetesConnection { auth: Value::Known(auth), ..KubernetesConnection::default() };
    let config = ProviderConfig {
        kubernetes: Value::Known(kubernetes),
        helm_path: Value::Unknown,
        ..ProviderConfig::default()
    };
    provider.configure(&context(), config).await.unwrap();
    provider
}

fn context() -> Context {
    Context::new(CancellationToken::new())
}

/// What the plan of a change does; nothing when the plan leaves it to the apply.
async fn observe(
    resource: &dyn ErasedResource,
    schema: &Schema,
    prior: &RawValue,
    config: &RawValue,
) -> Option<Effect> {
    let planned = match plan::plan(schema, config, prior) {
        Ok(planned) => planned,
        Err(errors) => panic!("{errors:?}"),
    };
    let before = planned.planned.clone();
    let plan = Plan {
        config: config.clone(),
        prior: Some(prior.clone()),
        planned: planned.planned,
        requires_replace: planned.requires_replace,
        deferred: None,
    };
    let Ok(plan) = resource.modify_plan(&context(), plan).await else { return Some(Effect::Refused) };
    if !plan.requires_replace.is_empty() {
        return Some(Effect::Replace);
    }
    if before == *prior {
        return None;
    }
    let level = plan.planned.attribute("planned_impact").and_then(|impact| impact.attribute("level"));
    match level {
        None => Some(Effect::InPlace),
        Some(level) if level.is_unknown() => None,
        Some(level) => match level.as_str() {
            // One that was not judged anew keeps what the fixture made up.
            Some("none" | "one") => Some(Effect::InPlace),
            Some("rolling_restart") => Some(Effect::RollingRestart),
            Some("downtime") => Some(Effect::Downtime),
            Some("data_loss") => Some(Effect::DataLoss),
            other => panic!("a level {other:?}"),
        },
    }
}

/// Whether an argument that says `said` may do `seen`. That a value is never read again no plan shows.
fn allows(said: &[Effect], seen: Effect) -> bool {
    said.contains(&seen) || (seen == Effect::InPlace && said.contains(&Effect::OnlyAtCreate))
}

/// Another value of this argument, alone.
fn changes(argument: &Argument<'_>, listed: &[Case]) -> Vec<Case> {
    let mut changes: Vec<Case> = listed.iter().filter(|case| case.path == argument.path).cloned().collect();
    let is_nested = matches!(argument.attribute.shape, Shape::Nested { .. });
    if changes.iter().all(|case| case.after.is_empty()) && !is_nested {
        let before = changes.first().and_then(|case| case.before.clone());
        let after = vec![other(&argument.attribute.shape, before.as_ref())];
        changes = vec![Case { path: argument.path.clone(), before, after, keep: false }];
    }
    let may_go = argument.attribute.mode == Mode::Optional && argument.attribute.default.is_none();
    if is_nested && may_go && !changes.iter().any(|case| case.keep) {
        let after = vec![serde_json::Value::Null];
        changes.push(Case { path: argument.path.clone(), before: None, after, keep: false });
    }
    changes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_says_of_a_change_is_what_its_plan_does() {
    let provider = provider().await;
    let mut problems = Vec::new();
    for resource in provider.resources() {
        let name = resource.type_name();
        let schema = resource.schema();
        let listed = cases(name);
        let mut seen: BTreeMap<String, BTreeSet<Effect>> = BTreeMap::new();
        for argument in arguments(&schema).iter().filter(|argument| !argument.attribute.write_only) {
            for case in changes(argument, &listed) {
                let fixture = Fixture::new(name, &schema, &listed, &case);
                for after in &case.after {
                    let config = fixture.config_with(after);
                    let Some(effect) = observe(resource.as_ref(), &schema, &fixture.prior, &config).await
                    else {
                        continue;
                    };
                    let at = format!("{name}: {} to {after}", argument.path);
                    if !allows(argument.effects, effect) {
                        problems.push(format!(
                            "{at}: the page says {:?}, the plan does {effect:?}",
                            argument.effects
                        ));
                    }
                    seen.entry(argument.path.clone()).or_default().insert(effect);
                }
            }
        }
        problems.extend(unseen(name, &schema, &seen));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What an argument says for itself, and no change of it or of what is in it did.
fn unseen(name: &str, schema: &Schema, seen: &BTreeMap<String, BTreeSet<Effect>>) -> Vec<String> {
    let mut problems = Vec::new();
    for argument in arguments(schema).iter().filter(|argument| !argument.attribute.write_only) {
        let is_leaf = matches!(argument.attribute.shape, Shape::Type(_));
        let is_told = |effect: &Effect| only_a_server_tells(name, &argument.path, *effect);
        if is_leaf && !seen.contains_key(&argument.path) && !argument.effects.iter().all(is_told) {
            problems.push(format!("{name}: no plan of a change of {} tells anything", argument.path));
        }
        if argument.attribute.effects.is_empty() && !argument.attribute.plan.requires_replace {
            continue;
        }
        let below = format!("{}.", argument.path);
        let found: BTreeSet<Effect> = seen
            .iter()
            .filter(|(path, _)| **path == argument.path || path.starts_with(&below))
            .flat_map(|(_, effects)| effects.iter().copied())
            .collect();
        for effect in argument.effects {
            let is_seen = found.contains(effect) || *effect == Effect::OnlyAtCreate;
            if !is_seen && !is_told(effect) {
                problems.push(format!(
                    "{name}: {} says {effect:?}, and no change of it does that",
                    argument.path
                ));
            }
            if is_seen && is_told(effect) {
                problems.push(format!("{name}: {} {effect:?} is told offline, too", argument.path));
            }
        }
    }
    problems
}

#[tokio::test]
async fn a_fixture_that_does_not_change_plans_no_change() {
    let provider = provider().await;
    for resource in provider.resources() {
        let (name, schema) = (resource.type_name(), resource.schema());
        let listed = cases(name);
        let none = Case { path: String::new(), before: None, after: Vec::new(), keep: true };
        let fixture = Fixture::new(name, &schema, &listed, &none);
        let config = configuration(&schema, &fixture.prior);
        let planned = plan::plan(&schema, &config, &fixture.prior).unwrap();
        assert!(!planned.changed, "{name}: {:?}", planned.planned);
    }
}
