//! Warnings for changes by functions that the support matrix does not give an add-on.

use std::collections::BTreeMap;

use super::cluster::Context;
use super::component::{unsupported, warn_unsupported};
use super::{ClusterInput, ComponentInput, Field, Path, Problem, Problems, ResourcesInput, VolumeInput};
use crate::catalogue::{Catalogue, Function};
use crate::quantity::Quantity;

const REMEDY: &str = "try it on a copy of the database first";

/// Why a function of a database of `definition` is not to be had, if the support matrix says so, or says nothing of it.
pub fn unsupported_function(definition: &str, function: Function, catalogue: &Catalogue) -> Option<String> {
    let addon = catalogue.addon_of(definition);
    unsupported(&Context { catalogue, definition: catalogue.definition(definition), addon }, function)
}

/// A warning for each part of a change that the add-on does not support by the support matrix.
pub fn check_changed_functions(
    from: &ClusterInput,
    to: &ClusterInput,
    catalogue: &Catalogue,
) -> Vec<Problem> {
    let mut problems = Problems::default();
    let definition = to.definition.known().and_then(|name| catalogue.definition(name));
    let addon = definition.and_then(|definition| catalogue.addon_of(definition.name));
    let context = Context { catalogue, definition, addon };
    if differ(&from.version, &to.version) {
        warn_unsupported(
            &mut problems,
            &Path::default().attribute("version"),
            &context,
            Function::Upgrade,
            REMEDY,
        );
    }
    let (Field::Known(before), Field::Known(after)) = (&from.components, &to.components) else {
        return problems.0;
    };
    for (name, new) in after {
        if let Some(old) = before.get(name) {
            let path = Path::default().attribute("components").key(name);
            check_component(&mut problems, &path, old, new, &context);
        }
    }
    problems.0
}

fn check_component(
    problems: &mut Problems,
    path: &Path,
    old: &ComponentInput,
    new: &ComponentInput,
    context: &Context<'_>,
) {
    let mut warn = |path: Path, function| warn_unsupported(problems, &path, context, function, REMEDY);
    if differ(&old.replicas, &new.replicas)
        && old.replicas != Field::Known(0)
        && new.replicas != Field::Known(0)
    {
        warn(path.attribute("replicas"), Function::HorizontalScaling);
    }
    if compute(&old.resources) != compute(&new.resources) {
        warn(path.attribute("resources"), Function::VerticalScaling);
    }
    for (name, volume) in &new.volumes {
        if old.volumes.get(name).is_some_and(|old| size(volume) > size(old)) {
            warn(path.attribute("volumes").key(name).attribute("size"), Function::VolumeExpansion);
        }
    }
}

fn differ<T: PartialEq>(from: &Field<T>, to: &Field<T>) -> bool {
    matches!((from, to), (Field::Known(from), Field::Known(to)) if from != to)
}

fn size(volume: &VolumeInput) -> Option<Quantity> {
    volume.size.known()?.parse().ok()
}

/// Quantities by `requests` or `limits` and by name.
type Quantities<'a> = BTreeMap<(&'a str, &'a str), Option<Quantity>>;

/// What is asked for, in whatever form it is written.
fn compute(resources: &ResourcesInput) -> (Option<&String>, Quantities<'_>) {
    let mut all = BTreeMap::new();
    let quantity = |text: &Field<String>| text.known().and_then(|text| text.parse::<Quantity>().ok());
    for (kind, map) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        all.extend(map.iter().map(|(name, text)| ((kind, name.as_str()), quantity(text))));
    }
    for (name, text) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
        if !text.is_absent() {
            all.insert(("requests", name), quantity(text));
            all.insert(("limits", name), quantity(text));
        }
    }
    (resources.class.known(), all)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cluster, main, short};
    use super::*;

    fn paths(
        definition: &str,
        version: &str,
        component: &str,
        change: impl Fn(&mut ClusterInput),
    ) -> Vec<String> {
        let mut from = cluster(definition, version, component);
        main(&mut from).replicas = Field::Known(1);
        let mut to = from.clone();
        change(&mut to);
        let found = check_changed_functions(&from, &to, Catalogue::v0_7());
        let start = "Warning Unsupported ";
        short(&found).iter().map(|line| line.strip_prefix(start).unwrap().to_owned()).collect()
    }

    fn cpu(cluster: &mut ClusterInput, cpu: &str) {
        main(cluster).resources.cpu = Field::Known(cpu.to_owned());
    }

    #[test]
    fn what_the_matrix_does_not_give_is_warned_of_where_it_changes() {
        let more = |cluster: &mut ClusterInput| main(cluster).replicas = Field::Known(3);
        let larger = |cluster: &mut ClusterInput| cpu(cluster, "2");
        let newer = |cluster: &mut ClusterInput| cluster.version = Field::Known("another".to_owned());
        let milvus = |change: fn(&mut ClusterInput)| paths("milvus", "milvus-2.2.4", "milvus", change);
        assert_eq!(milvus(more), [r#"components["main"].replicas"#]);
        assert_eq!(milvus(newer), ["version"]);
        assert!(milvus(larger).is_empty(), "it is supported");
        let ggml = paths("ggml", "ggml-default", "ggml", larger);
        assert_eq!(ggml, [r#"components["main"].resources"#], "the matrix says nothing of it");
        assert!(paths("postgresql", "postgresql-14.7.2", "postgresql", newer).is_empty());
    }

    #[test]
    fn another_form_of_the_same_is_no_change() {
        let mut from = cluster("ggml", "ggml-default", "ggml");
        cpu(&mut from, "1");
        let mut to = from.clone();
        cpu(&mut to, "1000m");
        assert!(check_changed_functions(&from, &to, Catalogue::v0_7()).is_empty());
    }
}
