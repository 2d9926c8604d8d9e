//! What a plan adds to the schema's rules: keeps what is only written differently, replaces what cannot change, and
//! marks computed attributes that will change. Pure and offline, so that the second plan, at apply, comes to the same.

use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::observe::mean_the_same;
use super::schema::{AddonState, Map, Resources, Settings};

/// A plan in the making.
pub struct Planning<'a> {
    /// The state before; absent for a create.
    pub prior: Option<&'a AddonState>,
    /// What will be; changed in place.
    pub planned: &'a mut AddonState,
    /// Attributes whose change forces a replacement; added to.
    pub requires_replace: &'a mut Vec<Path>,
    /// Whether the add-on is not as an apply should have left it, so that the next one has to go on.
    pub unfinished: bool,
}

/// Plans.
pub fn plan(planning: Planning<'_>) {
    let Planning { prior, planned, requires_replace, unfinished } = planning;
    let Some(prior) = prior else {
        foretell(planned, true);
        return;
    };
    keep_forms(prior, planned);
    if planned.chart.is_null() != prior.chart.is_null() && !planned.chart.is_unknown() {
        requires_replace.push(Path::attribute("chart"));
    }
    let brings_other_things = prior.enabled != planned.enabled
        || prior.values != planned.values
        || prior.chart != planned.chart
        || prior.cluster_definitions.is_null()
        || prior.cluster_versions.is_null()
        || unfinished;
    foretell(planned, brings_other_things);
}

/// A disabled add-on has brought nothing; what another one brings is seen at apply.
fn foretell(planned: &mut AddonState, brings_other_things: bool) {
    if !brings_other_things {
        return;
    }
    let names =
        || if planned.enabled == Value::Known(false) { Value::Known(Vec::new()) } else { Value::Unknown };
    (planned.cluster_definitions, planned.cluster_versions) = (names(), names());
}

/// Whether the plan uninstalls what is installed.
pub fn switches_off(prior: &AddonState, planned: &AddonState) -> bool {
    prior.is_enabled() && planned.enabled == Value::Known(false)
}

/// Where both ways of writing ask for the same, the plan keeps the prior one and shows no difference.
fn keep_forms(prior: &AddonState, planned: &mut AddonState) {
    keep_resources(&prior.resources, &mut planned.resources);
    if let (Some(before), Some(after)) = (prior.extras.known(), planned.extras.known_mut()) {
        keep_extras(before, after);
    }
}

fn keep_extras(before: &Map<Settings>, after: &mut Map<Settings>) {
    for (name, after) in after.iter_mut() {
        if let (Some(before), Some(after)) = (before.get(name).and_then(Value::known), after.known_mut()) {
            keep_resources(&before.resources, &mut after.resources);
        }
    }
}

fn keep_resources(prior: &Value<Resources>, planned: &mut Value<Resources>) {
    if let (Value::Known(before), Value::Known(after)) = (prior, &*planned)
        && is_known(after)
        && mean_the_same(before, after)
    {
        *planned = prior.clone();
    }
}

fn is_known(resources: &Resources) -> bool {
    let Resources { cpu, memory, requests, limits } = resources;
    !cpu.is_unknown()
        && !memory.is_unknown()
        && [requests, limits].into_iter().all(|map| {
            !map.is_unknown()
                && map.known().is_none_or(|map| map.values().all(|quantity| !quantity.is_unknown()))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::addon::schema::Chart;
    use crate::resources::addon::test_support::{redis, text, texts, values, written};

    fn applied(mut state: AddonState) -> AddonState {
        state.cluster_definitions = Value::Known(vec![text("redis")]);
        state.cluster_versions = Value::Known(vec![text("redis-7.0.6")]);
        state
    }

    fn planned(
        prior: Option<&AddonState>,
        mut after: AddonState,
        unfinished: bool,
    ) -> (AddonState, Vec<String>) {
        let mut requires_replace = Vec::new();
        plan(Planning { prior, planned: &mut after, requires_replace: &mut requires_replace, unfinished });
        (after, requires_replace.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn no_change_plans_the_prior_state() {
        for state in [redis(), written()].map(applied) {
            assert_eq!(planned(Some(&state), state.clone(), false), (state, Vec::new()));
        }
    }

    #[test]
    fn the_same_resources_written_differently_are_no_change() {
        let prior = applied(written());
        let mut after = prior.clone();
        after.resources = Value::Known(Resources {
            requests: texts([("cpu", "1000m"), ("memory", "2048Mi")]),
            limits: texts([("cpu", "1"), ("memory", "2Gi")]),
            ..Resources::default()
        });
        assert_eq!(planned(Some(&prior), after, false).0, prior);
    }

    #[test]
    fn what_may_bring_other_definitions_makes_them_unknown() {
        type Change = fn(&mut AddonState);
        let table: Vec<(&str, Change, bool, bool)> = vec![
            ("replicas", |state| state.replicas = Value::Known(9), false, false),
            ("values", |state| state.values = values(&json!({"a": 1})), false, true),
            ("unfinished", |_| {}, true, true),
        ];
        for (case, change, unfinished, expected) in table {
            let prior = applied(written());
            let mut after = prior.clone();
            change(&mut after);
            let (after, replaces) = planned(Some(&prior), after, unfinished);
            assert_eq!(after.cluster_definitions.is_unknown(), expected, "{case}");
            assert_eq!(after.cluster_versions.is_unknown(), expected, "{case}");
            assert!(replaces.is_empty());
        }
        assert!(planned(None, redis(), false).0.cluster_definitions.is_unknown());
        assert!(planned(Some(&redis()), redis(), false).0.cluster_versions.is_unknown());
    }

    #[test]
    fn a_disabled_add_on_brings_nothing() {
        let prior = applied(redis());
        let off = AddonState { enabled: Value::Known(false), ..prior.clone() };
        let after = planned(Some(&prior), off.clone(), false).0;
        assert_eq!(after.cluster_definitions, Value::Known(Vec::new()));
        assert!(switches_off(&prior, &after) && !switches_off(&after, &after));
        assert_eq!(
            planned(None, AddonState { enabled: Value::Known(false), ..redis() }, false).0.cluster_versions,
            Value::Known(Vec::new())
        );
        assert!(
            planned(Some(&after), AddonState { enabled: Value::Known(true), ..after.clone() }, false)
                .0
                .cluster_versions
                .is_unknown()
        );
    }

    #[test]
    fn an_add_on_of_one_s_own_and_one_of_the_operator_replace_each_other() {
        let chart = |url| Value::Known(Chart { url: text(url), ..Chart::default() });
        let (prior, own) = (applied(redis()), AddonState { chart: chart("oci://a"), ..applied(redis()) });
        let moved = AddonState { chart: chart("oci://b"), ..own.clone() };
        assert_eq!(planned(Some(&prior), own.clone(), false).1, ["chart"]);
        assert_eq!(planned(Some(&own), prior, false).1, ["chart"]);
        let (after, replaces) = planned(Some(&own), moved, false);
        assert!(replaces.is_empty() && after.cluster_definitions.is_unknown());
    }
}
