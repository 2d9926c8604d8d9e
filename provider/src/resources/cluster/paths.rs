//! Where a field of the Cluster object stands in the configuration, for messages about it. Pure.

use tfplugin::path::Path;

use super::build;
use super::schema::ClusterState;
use crate::kubernetes::ownership::{FieldPath, FieldStep};

/// The attribute behind a field as the API server writes it, with or without a leading point:
/// `.spec.componentSpecs[name="redis"].replicas`, `spec.componentSpecs[0].replicas`. `None`: behind none.
pub fn attribute_of(field: &str, state: &ClusterState) -> Option<Path> {
    let dotted = if field.starts_with('.') { field.to_owned() } else { format!(".{field}") };
    let path = FieldPath::parse(&dotted)?;
    let (name, rest) = field_name(&path.0)?;
    let (spec, rest) = match name {
        "spec" => field_name(rest)?,
        "metadata" => return Some(metadata(field_name(rest)?.0)),
        _ => return None,
    };
    let root = |name: &str| Some(Path::attribute(name));
    match spec {
        "clusterDefinitionRef" => root("definition"),
        "clusterVersionRef" => root("version"),
        "terminationPolicy" => root("termination_policy"),
        "affinity" => root("affinity"),
        "tolerations" => root("tolerations"),
        "componentSpecs" => Some(component(rest, state)),
        "backup" => Some(backup(rest)),
        _ => None,
    }
}

fn metadata(name: &str) -> Path {
    Path::attribute(match name {
        "namespace" => "namespace",
        "labels" => "labels",
        _ => "name",
    })
}

fn backup(steps: &[FieldStep]) -> Path {
    let backup = Path::attribute("backup");
    match field_name(steps).map(|(name, _)| name) {
        Some("repoName") => backup.then_attribute("repo"),
        Some("cronExpression") => backup.then_attribute("schedule"),
        Some("retentionPeriod") => backup.then_attribute("retention"),
        Some("startingDeadlineMinutes") => backup.then_attribute("starting_deadline_minutes"),
        Some(name @ ("enabled" | "method")) => backup.then_attribute(name),
        Some(_) | None => backup,
    }
}

fn component(steps: &[FieldStep], state: &ClusterState) -> Path {
    let components = Path::attribute("components");
    let Some((element, rest)) = steps.split_first() else { return components };
    // Components are sent in the order of their names.
    let name = match element {
        FieldStep::Index(index) => {
            build::known_entries(&state.components).nth(*index).map(|(name, _)| name.clone())
        }
        other => other.key("name"),
    };
    let Some(name) = name else { return components };
    let component = components.then_key(name);
    let attribute = match field_name(rest).map(|(name, _)| name) {
        Some("componentDefRef") => "definition",
        Some("replicas") => "replicas",
        Some("monitor") => "monitor",
        Some("resources" | "classDefRef") => "resources",
        Some("volumeClaimTemplates") => "volumes",
        Some("services") => "services",
        Some("serviceRefs") => "service_references",
        Some("enabledLogs") => "logs",
        Some("tls" | "issuer") => "tls",
        Some("affinity") => "affinity",
        Some("tolerations") => "tolerations",
        Some(_) | None => return component,
    };
    component.then_attribute(attribute)
}

fn field_name(steps: &[FieldStep]) -> Option<(&str, &[FieldStep])> {
    match steps.split_first()? {
        (FieldStep::Field(name), rest) => Some((name, rest)),
        (FieldStep::Key(_) | FieldStep::Element(_) | FieldStep::Index(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::redis_and_sentinel;

    #[test]
    fn fields_of_the_object_lead_to_attributes() {
        let state = redis_and_sentinel();
        for (field, expected) in [
            (".spec.clusterVersionRef", Some("version")),
            ("spec.terminationPolicy", Some("termination_policy")),
            (".metadata.labels.team", Some("labels")),
            ("metadata.name", Some("name")),
            (r#".spec.componentSpecs[name="redis"].replicas"#, Some(r#"components["redis"].replicas"#)),
            (
                r#".spec.componentSpecs[name="redis"].resources.limits.cpu"#,
                Some(r#"components["redis"].resources"#),
            ),
            (
                r#".spec.componentSpecs[name="redis"].volumeClaimTemplates"#,
                Some(r#"components["redis"].volumes"#),
            ),
            ("spec.componentSpecs[1].replicas", Some(r#"components["sentinel"].replicas"#)),
            ("spec.componentSpecs[7].replicas", Some("components")),
            (r#".spec.componentSpecs[name="redis"].noCreatePDB"#, Some(r#"components["redis"]"#)),
            (".spec.backup.enabled", Some("backup.enabled")),
            (".spec.backup.cronExpression", Some("backup.schedule")),
            (".spec.backup", Some("backup")),
            (".spec.monitor", None),
            (".status.phase", None),
            ("", None),
        ] {
            assert_eq!(
                attribute_of(field, &state).map(|path| path.to_string()).as_deref(),
                expected,
                "{field}"
            );
        }
    }
}
