//! What an add-on makes of its settings, by its own object. Pure.

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::v1alpha1::Addon;
use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::build;
use super::schema::{AddonState, Settings};
use crate::resources::cluster::build::known_entries;

/// That there is no such add-on, with the one that was probably meant.
pub fn missing(summary: &str, name: &str, there: &[Addon]) -> Diagnostic {
    let mut names: Vec<&str> = there.iter().filter_map(|addon| addon.metadata.name.as_deref()).collect();
    names.sort_unstable();
    let hint = did_you_mean(name, names.iter().copied());
    let known = if names.is_empty() {
        "The operator has no add-ons at all: is it still being installed, or was it installed without them?"
            .to_owned()
    } else {
        format!("There are {}.", names.join(", "))
    };
    Diagnostic::error(
        summary,
        format!("The operator has no add-on \"{name}\".{hint} {known}\n\nTo make an add-on of that name from a chart of your own, say with `chart` where it is."),
    )
    .at(Path::attribute("name"))
}

/// Settings that the add-on has no place for: errors for parts that it does not have, warnings for what its chart does
/// not take.
pub fn settings(state: &AddonState, live: &Addon) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if !state.chart.is_null() {
        return diagnostics;
    }
    let mapping = live
        .spec
        .helm
        .as_ref()
        .and_then(|helm| helm.values_mapping.as_ref())
        .map_or(Json::Null, |mapping| Json::Object(mapping.0.clone()));
    check(&state.settings(), &mapping, &Path::root(), &mut diagnostics);
    let extras = mapping.get("extras").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = extras.iter().filter_map(|extra| extra.get("name")?.as_str()).collect();
    for (name, extra) in known_entries(&state.extras) {
        let path = Path::attribute("extras").then_key(name);
        match extras.iter().find(|mapped| mapped.get("name").is_some_and(|found| found == name.as_str())) {
            Some(mapped) => check(extra, mapped, &path, &mut diagnostics),
            None => diagnostics.push(unknown_extra(state.name(), name, &names).at(path)),
        }
    }
    diagnostics
}

fn unknown_extra(addon: &str, name: &str, names: &[&str]) -> Diagnostic {
    let hint = did_you_mean(name, names.iter().copied());
    let known =
        if names.is_empty() { "It has none.".to_owned() } else { format!("It has {}.", names.join(", ")) };
    Diagnostic::error(
        "Unknown part of an add-on",
        format!("The add-on \"{addon}\" has no further part \"{name}\".{hint} {known}"),
    )
}

fn check(settings: &Settings, mapping: &Json, path: &Path, diagnostics: &mut Diagnostics) {
    let table = [
        ("replicas", settings.replicas.is_null(), "/valueMap/replicaCount"),
        ("storage_class", settings.storage_class.is_null(), "/valueMap/storageClass"),
        ("persistent", settings.persistent.is_null(), "/valueMap/persistentVolumeEnabled"),
        ("tolerations", settings.tolerations.is_null(), "/jsonMap/tolerations"),
    ];
    let mut lost: Vec<(Path, &str)> = table
        .into_iter()
        .filter(|(_, is_null, pointer)| !is_null && mapping.pointer(pointer).is_none())
        .map(|(attribute, ..)| (path.then_attribute(attribute), attribute))
        .collect();
    if let Some(resources) = settings.resources.known() {
        let wire = build::resources(resources);
        let is_mapped = |name: &str, field: &str| match name {
            "storage" => mapping.pointer("/resources/storage").is_some(),
            name => mapping.pointer(&format!("/resources/{name}/{field}")).is_some(),
        };
        let requests = wire.requests.keys().any(|name| !is_mapped(name, "requests"));
        let limits = wire.limits.keys().any(|name| !is_mapped(name, "limits"));
        if requests || limits {
            lost.push((path.then_attribute("resources"), "resources"));
        }
    }
    for (path, attribute) in lost {
        let detail = format!(
            "The add-on does not say which value of its chart `{attribute}` sets, so that it has no effect, at least in part. Set the chart's value with `values`."
        );
        diagnostics.push(Diagnostic::warning("Setting without effect", detail).at(path));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tfplugin::diagnostic::Severity;

    use super::*;
    use crate::resources::addon::test_support::{entries, live, redis, written};

    fn findings(state: &AddonState, mapping: &Json) -> Vec<(Severity, String)> {
        let addon = live(json!({"helm": {"chartLocationURL": "x", "valuesMapping": mapping}}));
        settings(state, &addon)
            .iter()
            .map(|found| (found.severity, found.path.as_ref().map(ToString::to_string).unwrap_or_default()))
            .collect()
    }

    fn whole() -> Json {
        let part = json!({
            "valueMap": {"replicaCount": "a", "storageClass": "b", "persistentVolumeEnabled": "c"},
            "jsonMap": {"tolerations": "d"},
            "resources": {"storage": "e", "cpu": {"requests": "f", "limits": "g"}, "memory": {"requests": "h", "limits": "i"}},
        });
        let mut whole = part.clone();
        let mut extra = part;
        extra["name"] = "alertmanager".into();
        whole["extras"] = json!([extra]);
        whole
    }

    #[test]
    fn what_the_chart_takes_is_fine() {
        assert!(findings(&written(), &whole()).is_empty());
        assert!(findings(&redis(), &json!({})).is_empty());
    }

    #[test]
    fn what_the_chart_does_not_take_is_said() {
        let mut none = whole();
        none.as_object_mut().unwrap().retain(|name, _| name == "extras");
        let warnings: Vec<String> = findings(&written(), &none).into_iter().map(|(_, path)| path).collect();
        assert_eq!(warnings, ["replicas", "storage_class", "persistent", "tolerations", "resources"]);
        let mut other = whole();
        other["extras"][0]["name"] = "alertmanger".into();
        assert_eq!(findings(&written(), &other), [(Severity::Error, r#"extras["alertmanager"]"#.to_owned())]);
        let mut no_limit = whole();
        no_limit["resources"]["cpu"] = json!({"requests": "f"});
        assert_eq!(findings(&written(), &no_limit), [(Severity::Warning, "resources".to_owned())]);
        let extras = entries([("x", Settings::default())]);
        let found = settings(&AddonState { extras, ..redis() }, &live(json!({})));
        assert!(found.iter().any(|found| found.detail.contains("It has none.")));
    }

    #[test]
    fn a_missing_add_on_is_said_with_the_near_one() {
        let found = missing("Cannot", "rediss", &[live(json!({}))]);
        assert!(found.detail.contains("Did you mean \"redis\"?"), "{}", found.detail);
        assert!(missing("Cannot", "x", &[]).detail.contains("no add-ons at all"));
    }
}
