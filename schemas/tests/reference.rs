//! Compares the types with the definitions of the real KubeBlocks v0.7.5 and reads what the real operator wrote.
//! Both need the reference folder beside the checkout; without it the tests say so on stderr and pass.

// Helpers of tests fail by panicking.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use kubeblocks_schemas::catalogue::{Addon, Catalogue, Function, Support};
use kubeblocks_schemas::{crds, v1alpha1};

/// Kinds of the reference that nothing here writes or waits for yet.
const NOT_TYPED: &[&str] = &["ActionSet", "StorageProvider"];

/// Keywords that must be the same on both sides.
const SAME: &[&str] = &[
    "default",
    "format",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// Says something past the test harness, which keeps what passing tests print to itself.
fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("stderr can be written");
}

fn reference(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference").join(folder);
    if path.exists() {
        return Some(path);
    }
    say(&format!("skipped: there is no reference data at {}", path.display()));
    None
}

fn reference_definitions(folder: PathBuf) -> Vec<Value> {
    let mut definitions = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        let text = fs::read_to_string(&path).expect("the file can be read");
        definitions.push(serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    }
    definitions
}

fn schema_part<'a>(definition: &'a Value, part: &str) -> &'a Value {
    &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn rules(schema: &Value) -> BTreeSet<String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules
        .filter_map(|rule| rule["rule"].as_str())
        .map(|rule| rule.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// The values that are allowed, wherever they are listed.
fn allowed(schema: &Value) -> BTreeSet<String> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.chain([schema]).flat_map(|part| names(&part["enum"])).collect()
}

fn compare(ours: &Value, theirs: &Value, path: &str, problems: &mut Vec<String>) {
    let open = ours[PRESERVE] == true;
    let untyped = open && ours.get("properties").is_none() && ours.get("items").is_none();
    if untyped && (ours["type"] == theirs["type"] || ours.get("type").is_none()) {
        return;
    }
    for keyword in SAME {
        // The Rust types of a definition hold limits as floating point numbers.
        let same = match (ours[keyword].as_f64(), theirs[keyword].as_f64()) {
            (Some(ours), Some(theirs)) => ours.total_cmp(&theirs).is_eq(),
            _ => ours[keyword] == theirs[keyword],
        };
        if !same {
            problems.push(format!("{path}: {keyword} is {}, not {}", ours[keyword], theirs[keyword]));
        }
    }
    if allowed(ours) != allowed(theirs) {
        problems.push(format!("{path}: enum is {:?}, not {:?}", allowed(ours), allowed(theirs)));
    }
    if rules(ours) != rules(theirs) {
        problems.push(format!("{path}: rules are {:?}, not {:?}", rules(ours), rules(theirs)));
    }
    if theirs[PRESERVE] == true && !open {
        problems.push(format!("{path}: unknown fields are dropped"));
    }
    compare_properties(ours, theirs, path, open, problems);
    for (child, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        match (ours.get(child), theirs.get(child)) {
            (Some(ours), Some(theirs)) => compare(ours, theirs, &format!("{path}{suffix}"), problems),
            (None, None) => {}
            _ => problems.push(format!("{path}: only one side has {child}")),
        }
    }
}

fn compare_properties(ours: &Value, theirs: &Value, path: &str, open: bool, problems: &mut Vec<String>) {
    let empty = serde_json::Map::new();
    let our_properties = ours["properties"].as_object().unwrap_or(&empty);
    let their_properties = theirs["properties"].as_object().unwrap_or(&empty);
    for (name, property) in our_properties {
        match their_properties.get(name) {
            Some(theirs) => compare(property, theirs, &format!("{path}.{name}"), problems),
            None => problems.push(format!("{path}.{name}: does not exist")),
        }
    }
    for name in their_properties.keys().filter(|name| !our_properties.contains_key(*name)) {
        if !open {
            problems.push(format!("{path}.{name}: is missing and would be dropped"));
        }
    }
    let (ours, mut theirs) = (names(&ours["required"]), names(&theirs["required"]));
    theirs.retain(|name| !open || our_properties.contains_key(name));
    if ours != theirs {
        problems.push(format!("{path}: required are {ours:?}, not {theirs:?}"));
    }
}

#[test]
fn the_types_say_what_the_real_definitions_say() {
    let Some(folder) = reference("kubeblocks-0.7.5/crds") else { return };
    let real = reference_definitions(folder);
    let mut problems = Vec::new();
    for definition in crds().expect("the schemas are Kubernetes schemas") {
        let ours = serde_json::to_value(&definition).expect("a definition is JSON");
        let kind = &ours["spec"]["names"]["kind"];
        let name = kind.as_str().unwrap_or_default();
        let Some(theirs) = real.iter().find(|real| real["spec"]["names"]["kind"] == *kind) else {
            problems.push(format!("{name}: does not exist"));
            continue;
        };
        for (what, ours, theirs) in [
            ("name", &ours["metadata"]["name"], &theirs["metadata"]["name"]),
            ("group", &ours["spec"]["group"], &theirs["spec"]["group"]),
            ("names", &ours["spec"]["names"], &theirs["spec"]["names"]),
            ("scope", &ours["spec"]["scope"], &theirs["spec"]["scope"]),
            ("version", &ours["spec"]["versions"][0]["name"], &theirs["spec"]["versions"][0]["name"]),
            (
                "subresources",
                &ours["spec"]["versions"][0]["subresources"],
                &theirs["spec"]["versions"][0]["subresources"],
            ),
        ] {
            if ours != theirs {
                problems.push(format!("{name}: {what} is {ours}, not {theirs}"));
            }
        }
        for part in ["spec", "status"] {
            let (ours, theirs) = (schema_part(&ours, part), schema_part(theirs, part));
            compare(ours, theirs, &format!("{name}.{part}"), &mut problems);
        }
    }
    assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_kinds_without_types_are_the_known_ones() {
    let Some(folder) = reference("kubeblocks-0.7.5/crds") else { return };
    let ours: BTreeSet<String> = crds()
        .expect("the schemas are Kubernetes schemas")
        .into_iter()
        .map(|definition: CustomResourceDefinition| definition.spec.names.kind)
        .collect();
    let missing: BTreeSet<String> = reference_definitions(folder)
        .iter()
        .filter_map(|real| real["spec"]["names"]["kind"].as_str().map(str::to_owned))
        .filter(|kind| !ours.contains(kind))
        .collect();
    say(&format!("kinds of the reference without a type: {missing:?}"));
    assert_eq!(missing, NOT_TYPED.iter().map(|kind| (*kind).to_owned()).collect());
}

/// Everything of `expected` is in `actual`; nulls and empty containers stand for absence.
fn assert_kept(expected: &Value, actual: &Value, path: &str) {
    match expected {
        Value::Object(fields) => {
            for (name, value) in fields {
                let empty = value.is_null()
                    || value.as_object().is_some_and(serde_json::Map::is_empty)
                    || value.as_array().is_some_and(Vec::is_empty);
                if !empty {
                    assert_kept(value, &actual[name], &format!("{path}.{name}"));
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                assert_kept(item, &actual[index], &format!("{path}[{index}]"));
            }
        }
        other => assert_eq!(other, actual, "{path}"),
    }
}

fn round_trip<K: serde::Serialize + serde::de::DeserializeOwned>(object: &Value, path: &str) {
    let read: K = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{path}: {e}"));
    let written = serde_json::to_value(&read).expect("an object is JSON");
    for part in ["spec", "status"] {
        assert_kept(&object[part], &written[part], &format!("{path}.{part}"));
    }
}

#[test]
fn every_recorded_object_is_read_and_written_without_loss() {
    let Some(folder) = reference("recordings") else { return };
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let text = fs::read_to_string(entry.expect("the entry can be read").path()).expect("it can be read");
        for (number, line) in text.lines().enumerate() {
            let row: Value = serde_json::from_str(line).expect("a recording is JSON");
            let Some(kind) = row["kind"].as_str() else { continue };
            let path = format!("{kind} at line {}", number + 1);
            let mut object = row["object"].clone();
            let complete = match kind {
                "clusters" => round_trip::<v1alpha1::Cluster> as fn(&Value, &str),
                "opsrequests" => round_trip::<v1alpha1::OpsRequest>,
                "configurations" => round_trip::<v1alpha1::Configuration>,
                "backups" => round_trip::<v1alpha1::Backup>,
                "backuppolicies" => round_trip::<v1alpha1::BackupPolicy>,
                "backupschedules" => round_trip::<v1alpha1::BackupSchedule>,
                "restores" => round_trip::<v1alpha1::Restore>,
                "replicatedstatemachines" => {
                    // The recording cuts these three to what matters.
                    for (name, value) in [("selector", "{}"), ("template", "{}"), ("serviceName", "\"\"")] {
                        if object["spec"].get(name).is_none() {
                            object["spec"][name] = serde_json::from_str(value).expect("it is JSON");
                        }
                    }
                    round_trip::<v1alpha1::ReplicatedStateMachine>
                }
                _ => continue,
            };
            complete(&object, &path);
            count += 1;
        }
    }
    assert!(count > 100, "only {count} objects were found");
}

/// Names in the reference's list that say more than a name.
fn addon_name(row: &Value) -> &str {
    let name = row["name"].as_str().unwrap_or_default();
    name.split_once(" (").map_or(name, |(name, _)| name)
}

/// The reference's word for each function.
const FUNCTIONS: [(&str, Function); 13] = [
    ("vscale", Function::VerticalScaling),
    ("hscale", Function::HorizontalScaling),
    ("volume_expand", Function::VolumeExpansion),
    ("stop_start", Function::StopStart),
    ("restart", Function::Restart),
    ("backup_restore", Function::BackupRestore),
    ("logs", Function::Logs),
    ("config", Function::Configuration),
    ("upgrade", Function::Upgrade),
    ("account", Function::Accounts),
    ("failover", Function::Failover),
    ("switchover", Function::Switchover),
    ("monitor", Function::Monitoring),
];

fn set<'a>(values: impl IntoIterator<Item = &'a &'a str>) -> BTreeSet<String> {
    values.into_iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn the_catalogue_says_what_the_reference_says() {
    let Some(path) = reference("addons.json") else { return };
    let text = fs::read_to_string(path).expect("the file can be read");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("the list is JSON");
    let catalogue = Catalogue::v0_7();
    assert_eq!(catalogue.addons().count(), rows.len());
    for row in &rows {
        let name = addon_name(row);
        let addon = catalogue.addon(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(addon.object, row["addon_cr"].as_str(), "{name}");
        assert_eq!(Some(addon.installed_by_default), row["addon_auto_install"].as_bool(), "{name}");
        for (word, function) in FUNCTIONS {
            let stated = match row["functions"][word].as_str() {
                Some("yes") => Support::Yes,
                Some("n/a") => Support::No,
                _ => Support::Unstated,
            };
            assert_eq!(catalogue.supports(name, function), stated, "{name} {function}");
            assert_eq!(Some(stated.as_str()), row["functions"][word].as_str(), "{name} {function}");
            assert_eq!(function.as_str(), word);
        }
        assert_eq!(
            addon.chart,
            row["chart"].as_str().map(|path| path.trim_start_matches("deploy/")),
            "{name}"
        );
        let engine_versions: Vec<&str> =
            row["versions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(addon.engine_versions, engine_versions, "{name}");
        let definitions: Vec<&str> = addon.definitions.iter().map(|definition| definition.name).collect();
        assert_eq!(set(&definitions), names(&row["cluster_definition"]), "{name}");
        let versions = addon.definitions.iter().flat_map(|definition| definition.versions);
        assert_eq!(set(versions), names(&row["cluster_versions"]), "{name}");
        let methods = addon.definitions.iter().flat_map(|definition| definition.backup_methods);
        assert_eq!(set(methods), names(&row["backup_methods"]), "{name}");
        if let Some(first) = row["cluster_definition"][0].as_str() {
            let first = catalogue.definition(first).expect("it was compared above");
            assert_eq!(set(first.connection_keys), names(&row["connection_secret_keys"]), "{name}");
            if let Some(default) = row["default_cluster_version"].as_str() {
                assert_eq!(first.default_version, Some(default), "{name}");
            }
        }
        compare_components(addon, row);
    }
}

fn compare_components(addon: &Addon, row: &Value) {
    let name = addon.name;
    let components = || {
        addon.definitions.iter().flat_map(|definition| {
            definition.components.iter().map(move |component| (definition.name, component))
        })
    };
    let ours: BTreeSet<_> = components()
        .map(|(definition, component)| {
            (definition.to_owned(), component.name.to_owned(), format!("{:?}", component.workload))
        })
        .collect();
    let text = |component: &Value, field: &str| component[field].as_str().unwrap_or_default().to_owned();
    let theirs: BTreeSet<_> = row["components"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| (text(c, "cluster_definition"), text(c, "name"), text(c, "workload_type")))
        .collect();
    assert_eq!(ours, theirs, "{name}");
    assert_eq!(
        Some(components().any(|(_, component)| component.switchover)),
        row["switchover_spec"].as_bool()
    );
    for (_, component) in components() {
        // The reference lists what the cluster charts use; the definitions may have more.
        let volumes = names(&row["volume_claim_templates"][component.name]);
        assert!(volumes.is_subset(&set(component.volumes)), "{name} {}: {volumes:?}", component.name);
        let configs = names(&row["config_specs"][component.name]);
        assert!(configs.is_subset(&set(component.configs)), "{name} {}: {configs:?}", component.name);
    }
}
