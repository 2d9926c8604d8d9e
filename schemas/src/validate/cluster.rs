//! Checks of the cluster as a whole; the entry point of all checks.

use super::{ClusterInput, Field, Path, Problem, ProblemKind, Problems, one_of};
use super::{backup, component, placement, services};
use crate::catalogue::{Addon, Catalogue, Definition, Function, suggest};
use crate::names::NameKind;
use crate::v1alpha1::TerminationPolicy;

/// What the checks of a part need to know of the whole.
pub(super) struct Context<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// The definition, if it is known and the catalogue has it.
    pub(super) definition: Option<&'static Definition>,
    /// The add-on that brings the definition.
    pub(super) addon: Option<&'static Addon>,
}

/// Every problem of a cluster that can be seen without a server, errors and warnings, in the order of the
/// attributes. A definition that no add-on ships is only a warning: people write their own.
pub fn check_cluster(cluster: &ClusterInput, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Problems::default();
    let root = Path::default();
    if let Some(name) = cluster.name.known() {
        problems.check_name(&root.attribute("name"), NameKind::Cluster, name);
    }
    if let Some(namespace) = cluster.namespace.known() {
        problems.check_name(&root.attribute("namespace"), NameKind::Namespace, namespace);
    }
    let definition = check_definition(&mut problems, cluster, catalogue);
    check_version(&mut problems, cluster, catalogue, definition);
    let path = root.attribute("termination_policy");
    let policy = &cluster.termination_policy;
    problems.check_value(&path, "termination policy", policy, TerminationPolicy::KNOWN);

    let addon = definition.and_then(|definition| catalogue.addon_of(definition.name));
    let context = Context { catalogue, definition, addon };
    if cluster.running.known() == Some(&false) {
        let path = root.attribute("running");
        component::warn_unsupported(&mut problems, &path, &context, Function::StopStart, "leave it running");
    }
    if let Field::Known(components) = &cluster.components {
        let path = root.attribute("components");
        if components.is_empty() {
            problems.error(
                &path,
                ProblemKind::NoComponents,
                "a cluster without components never becomes ready",
                "add at least one component",
            );
        }
        for (name, input) in components {
            component::check(&mut problems, &path.key(name), name, input, &context);
        }
        services::check_names(&mut problems, &path, components, &context);
    }
    placement::check_affinity(&mut problems, &root.attribute("affinity"), cluster.affinity.as_ref());
    placement::check_tolerations(&mut problems, &root.attribute("tolerations"), &cluster.tolerations);
    if let Some(input) = &cluster.backup {
        backup::check(&mut problems, &root.attribute("backup"), input, &context);
    }
    if let Some(input) = &cluster.final_backup {
        backup::check(&mut problems, &root.attribute("final_backup"), input, &context);
    }
    problems.0
}

fn check_definition(
    problems: &mut Problems,
    cluster: &ClusterInput,
    catalogue: &Catalogue,
) -> Option<&'static Definition> {
    let path = Path::default().attribute("definition");
    let name = cluster.definition.known()?;
    let found = catalogue.definition(name);
    if found.is_none() {
        let before = problems.0.len();
        problems.check_name(&path, NameKind::Object, name);
        if problems.0.len() == before {
            let names = catalogue.definitions().map(|definition| definition.name);
            let remedy = match suggest(name, names) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => "make sure that its add-on is installed".to_owned(),
            };
            let message = format!("no add-on of KubeBlocks {} brings definition {name:?}", catalogue.line);
            problems.warning(&path, ProblemKind::UnknownDefinition, message, remedy);
        }
    }
    found
}

fn check_version(
    problems: &mut Problems,
    cluster: &ClusterInput,
    catalogue: &Catalogue,
    definition: Option<&'static Definition>,
) {
    let path = Path::default().attribute("version");
    let Some(version) = cluster.version.known() else { return };
    let Some(wanted) = cluster.definition.known() else {
        problems.check_name(&path, NameKind::Object, version);
        return;
    };
    let versions = catalogue.versions_of(wanted);
    match catalogue.version(version) {
        Some(owner) if owner.name == wanted => {}
        Some(owner) => problems.error(
            &path,
            ProblemKind::VersionOfOtherDefinition,
            format!("version {version:?} belongs to definition {:?}, not to {wanted:?}", owner.name),
            if versions.is_empty() {
                "use a version of this definition".to_owned()
            } else {
                format!("use one of {}", versions.join(", "))
            },
        ),
        None => {
            let before = problems.0.len();
            problems.check_name(&path, NameKind::Object, version);
            if definition.is_some() && problems.0.len() == before {
                let message = format!(
                    "definition {wanted:?} has no version {version:?} in KubeBlocks {}",
                    catalogue.line
                );
                problems.warning(&path, ProblemKind::UnknownVersion, message, one_of(version, versions));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{Change, assert_found, check, cluster, main, redis};
    use super::super::{ClusterInput, ComponentInput, Field, VolumeInput};
    use crate::catalogue::Catalogue;

    #[test]
    fn a_cluster_of_every_shipped_definition_has_no_problem() {
        for definition in Catalogue::v0_7().definitions() {
            let component = |component: &crate::catalogue::Component| {
                let volume = |name: &&str| {
                    ((*name).to_owned(), VolumeInput { size: "20Gi".into(), ..VolumeInput::default() })
                };
                let input = ComponentInput {
                    replicas: Field::Known(i64::from(component.replicas)),
                    logs: component.logs.iter().map(|log| (*log).into()).collect(),
                    volumes: component.volumes.iter().map(volume).collect(),
                    ..ComponentInput::default()
                };
                (component.name.to_owned(), input)
            };
            let input = ClusterInput {
                name: "orders".into(),
                definition: definition.name.into(),
                version: definition.default_version.map(str::to_owned).into(),
                termination_policy: "WipeOut".into(),
                components: Field::Known(definition.components.iter().map(component).collect()),
                ..ClusterInput::default()
            };
            let errors: Vec<_> = check(&input)
                .into_iter()
                .filter(|problem| problem.severity == super::super::Severity::Error)
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", definition.name);
        }
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        assert_found(ClusterInput::default(), |_| {}, &[]);
        let unknown = ClusterInput {
            name: Field::Unknown,
            namespace: Field::Unknown,
            definition: Field::Unknown,
            version: Field::Unknown,
            termination_policy: Field::Unknown,
            components: Field::Unknown,
            ..ClusterInput::default()
        };
        assert_found(unknown, |_| {}, &[]);
        assert_found(redis(), |c| main(c).definition = Field::Unknown, &[]);
    }

    #[test]
    fn names_and_policies_are_checked() {
        let cases: [(Change, &str); 5] = [
            (|c| c.name = "Orders".into(), "Error Name name"),
            (|c| c.name = "sixteen-chars-xx".into(), "Error Name name"),
            (|c| c.namespace = "shop_1".into(), "Error Name namespace"),
            (|c| c.termination_policy = "delete".into(), "Error UnknownValue termination_policy"),
            (|c| c.components = Field::Known(BTreeMap::new()), "Error NoComponents components"),
        ];
        for (change, found) in cases {
            assert_found(redis(), change, &[found]);
        }
    }

    #[test]
    fn definitions_and_versions_must_fit() {
        for (definition, version, found) in [
            ("redis", "redis-7.0.6", None),
            ("redis", "postgresql-14.8.0", Some("Error VersionOfOtherDefinition version")),
            ("of-our-own", "redis-7.0.6", None),
            ("redis", "redis-7.0.8", Some("Warning UnknownVersion version")),
            ("redis", "redis 7", Some("Error Name version")),
            ("redsi", "of-our-own-1", Some("Warning UnknownDefinition definition")),
            ("Redis", "of-our-own-1", Some("Error Name definition")),
        ] {
            let input = cluster(definition, version, "redis");
            let found: Vec<&str> = match (definition, version) {
                // Both are said: people may have their own definition, but this version is another's.
                ("of-our-own", _) => {
                    vec!["Warning UnknownDefinition definition", "Error VersionOfOtherDefinition version"]
                }
                _ => found.into_iter().collect(),
            };
            assert_found(input, |_| {}, &found);
        }
        let problems = check(&cluster("postgres", "v", "x"));
        assert_eq!(problems[0].remedy, "did you mean \"postgresql\"?");
    }
}
