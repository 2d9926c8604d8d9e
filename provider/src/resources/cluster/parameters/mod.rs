//! `parameters` of a component: values in the files of an engine, which KubeBlocks keeps in a `Configuration` object.
//!
//! The way of an apply: [`live`] (reads) -> [`build`] (pure) -> `apply` (writes) -> `wait` -> [`observe`] (pure). A plan is
//! [`judge`] (pure), with what `installed` has read. What a parameter was before stands in [`memory`], on the object.

pub mod apply;
pub mod build;
pub mod judge;
pub mod live;
pub mod memory;
pub mod observe;
#[cfg(test)]
mod test_support;
pub mod wait;

use std::collections::BTreeMap;

use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::build::known_entries;
use super::schema::{ClusterState, Component, Map};

/// The attribute: config spec (or `spec/file`), then parameter, then value.
pub type Parameters = Value<Map<Map<String>>>;

/// What is known of it, without what is null or empty.
pub type Written = BTreeMap<String, BTreeMap<String, String>>;

/// The parameters that are written, as far as they are known.
pub fn written(parameters: &Parameters) -> Written {
    known_entries(parameters)
        .map(|(key, values)| {
            let known =
                values.iter().filter_map(|(name, value)| Some((name.clone(), value.known()?.clone())));
            (key.clone(), known.collect::<BTreeMap<_, _>>())
        })
        .filter(|(_, values)| !values.is_empty())
        .collect()
}

/// Those of a component by its name; none when there is no such component.
pub fn written_of(state: &ClusterState, component: &str) -> Written {
    component_of(state, component).map_or_else(Written::new, |component| written(&component.parameters))
}

fn component_of<'a>(state: &'a ClusterState, component: &str) -> Option<&'a Component> {
    known_entries(&state.components).find(|(name, _)| *name == component).map(|(_, component)| component)
}

/// Config spec and file that a key of the attribute names.
pub fn split_key(key: &str) -> (&str, Option<&str>) {
    key.split_once('/').map_or((key, None), |(spec, file)| (spec, Some(file)))
}

/// Where a config spec, or a parameter of it, stands in the configuration.
pub fn path(component: &str, key: &str, parameter: Option<&str>) -> Path {
    let path = Path::attribute("components").then_key(component).then_attribute("parameters").then_key(key);
    match parameter {
        Some(parameter) => path.then_key(parameter),
        None => path,
    }
}

/// Components whose parameters an update has to write: those that differ, and all when an earlier apply was not finished.
pub fn due(prior: &ClusterState, planned: &ClusterState, unfinished: bool) -> Vec<String> {
    known_entries(&planned.components)
        .filter(|(name, component)| {
            let after = written(&component.parameters);
            after != written_of(prior, name) || (unfinished && !after.is_empty())
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// Whether the parameters of a component are written before the rest of an update. Those of a component that is only now
/// made have no object yet, and another version brings other files.
pub fn goes_first(prior: &ClusterState, planned: &ClusterState, component: &str) -> bool {
    prior.version == planned.version && component_of(prior, component).is_some()
}

#[cfg(test)]
mod tests {
    use super::test_support::parameters;
    use super::*;
    use crate::resources::cluster::test_support::{component, component_mut, components, redis, text};

    type Change = fn(&mut ClusterState);

    #[test]
    fn only_components_whose_parameters_differ_are_written() {
        let set = |value: &str| parameters([("spec", [("a", value)])]);
        let mut prior = redis();
        component_mut(&mut prior, "redis").parameters = set("1");
        let table: [(&str, Change, bool, &[&str]); 5] = [
            ("same", |_| {}, false, &[]),
            ("same after an interrupt", |_| {}, true, &["redis"]),
            ("taken out", |state| component_mut(state, "redis").parameters = Value::Null, false, &["redis"]),
            (
                "null is as good as not written",
                |state| {
                    let parameters = component_mut(state, "redis").parameters.known_mut().unwrap();
                    parameters.get_mut("spec").unwrap().known_mut().unwrap().insert("b".into(), Value::Null);
                },
                false,
                &[],
            ),
            (
                "another component",
                |state| {
                    let new = Component { parameters: parameters([("s", [("x", "1")])]), ..component() };
                    components(state).insert("new".into(), Value::Known(new));
                },
                false,
                &["new"],
            ),
        ];
        for (case, change, unfinished, expected) in table {
            let mut planned = prior.clone();
            change(&mut planned);
            assert_eq!(due(&prior, &planned, unfinished), expected, "{case}");
        }
        let newer = ClusterState { version: text("redis-8"), ..prior.clone() };
        assert!(goes_first(&prior, &prior, "redis"));
        assert!(!goes_first(&prior, &newer, "redis") && !goes_first(&prior, &prior, "new"));
    }
}
