//! The add-ons' charts: what they bring is what the catalogue says, and what the stand-in operator has built in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use acceptance_tests::charts::ADDON_VERSIONS;
use kubeblocks_schemas::catalogue::{Addon, Catalogue, Component, Definition};
use kubeblocks_schemas::v1alpha1::WorkloadType;
use serde_json::{Value, json};

use crate::support::{
    BUILT_IN, NAMESPACE, addon, addon_charts, charts, name, names, of_kind, one, reference, strings, title,
};

/// The chart that brings an add-on of the catalogue.
fn chart_of(addon: &Addon) -> &'static str {
    addon.object.unwrap_or(addon.name)
}

/// Definitions, components with their workloads, and versions.
type Contents = BTreeMap<String, (BTreeMap<String, String>, BTreeSet<String>)>;

fn contents(objects: &[Value]) -> Contents {
    let versions = of_kind(objects, "ClusterVersion");
    of_kind(objects, "ClusterDefinition")
        .into_iter()
        .map(|definition| {
            let components = definition["spec"]["componentDefs"].as_array().unwrap();
            let components = components
                .iter()
                .map(|component| {
                    (
                        component["name"].as_str().unwrap().to_owned(),
                        component["workloadType"].as_str().unwrap().to_owned(),
                    )
                })
                .collect();
            let versions = versions
                .iter()
                .filter(|version| version["spec"]["clusterDefinitionRef"] == name(definition))
                .map(|version| name(version).to_owned())
                .collect();
            (name(definition).to_owned(), (components, versions))
        })
        .collect()
}

#[test]
fn every_add_on_of_the_catalogue_has_archives_that_bring_exactly_what_it_says() {
    let mut expected: BTreeMap<&str, Contents> = BTreeMap::new();
    for addon in Catalogue::v0_7().addons() {
        let contents = expected.entry(chart_of(addon)).or_default();
        for definition in addon.definitions {
            let components = definition
                .components
                .iter()
                .map(|component| {
                    (component.name.to_owned(), WorkloadType::from(component.workload).to_string())
                })
                .collect();
            let versions = definition.versions.iter().map(|version| (*version).to_owned()).collect();
            contents.insert(definition.name.to_owned(), (components, versions));
        }
    }
    // Shipped by nobody, so the names are our own.
    let pika = BTreeMap::from([("pika".to_owned(), "Stateful".to_owned())]);
    expected.insert("pika", [("pika".to_owned(), (pika, ["pika-3.5.1".to_owned()].into()))].into());
    assert_eq!(expected.len(), 31, "two of the 32 share a chart");
    for (chart, expected) in expected {
        for version in ADDON_VERSIONS {
            let archive = charts().addon_archives().join(format!("{chart}-{version}.tgz"));
            assert!(archive.is_file(), "{}", archive.display());
        }
        assert_eq!(contents(&addon(chart)), expected, "{chart}");
    }
}

#[test]
fn a_component_has_the_parts_that_the_catalogue_tells() {
    for known in Catalogue::v0_7().addons().filter(|addon| !BUILT_IN.contains(&addon.name)) {
        let objects = addon(chart_of(known));
        for definition in known.definitions {
            let object = &one(&objects, "ClusterDefinition", definition.name)["spec"];
            let keys: BTreeSet<_> = object["connectionCredential"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect();
            assert_eq!(keys, definition.connection_keys.iter().copied().collect(), "{}", definition.name);
            for component in definition.components {
                let list = object["componentDefs"].as_array().unwrap();
                let found = list.iter().find(|found| found["name"] == component.name).unwrap();
                has_the_parts(definition, component, found);
            }
            let template = format!("{}-backup-policy-template", definition.name);
            let templates = of_kind(&objects, "BackupPolicyTemplate");
            let methods = templates
                .iter()
                .find(|object| name(object) == template)
                .map_or(&Value::Null, |object| &object["spec"]["backupPolicies"][0]["backupMethods"]);
            assert_eq!(names(methods), definition.backup_methods, "{}", definition.name);
        }
    }
}

fn has_the_parts(definition: &Definition, component: &Component, found: &Value) {
    let place = format!("{} {}", definition.name, component.name);
    assert_eq!(found["characterType"].as_str(), component.character, "{place}");
    assert_eq!(names(&found["configSpecs"]), component.configs, "{place}");
    assert_eq!(names(&found["logConfigs"]), component.logs, "{place}");
    assert_eq!(names(&found["systemAccounts"]["accounts"]), component.accounts, "{place}");
    let ports: Vec<_> = found["service"]["ports"].as_array().into_iter().flatten().collect();
    assert_eq!(ports.len(), component.ports.len(), "{place}");
    for (port, known) in ports.iter().zip(component.ports) {
        assert_eq!((&port["name"], &port["port"]), (&json!(known.name), &json!(known.number)), "{place}");
    }
    let mounts: BTreeSet<_> = names(&found["podSpec"]["containers"][0]["volumeMounts"]).into_iter().collect();
    for volume in component.volumes {
        assert!(mounts.contains(volume), "{place}: {volume}");
    }
    assert_eq!(!found["probes"]["roleProbe"].is_null(), component.role_probe, "{place}");
    assert_eq!(!found["switchoverSpec"].is_null(), component.switchover, "{place}");
    assert_eq!(!found["horizontalScalePolicy"].is_null(), component.clones_data, "{place}");
}

#[test]
fn what_the_reference_names_is_there() {
    let Some(path) = reference("addons.json") else { return };
    let known: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(known.len(), 32);
    for entry in known.iter().filter(|entry| !entry["chart"].is_null()) {
        let chart = entry["chart"].as_str().unwrap().rsplit('/').next().unwrap();
        let objects = addon(chart);
        let found = contents(&objects);
        for definition in strings(&entry["cluster_definition"]) {
            assert!(found.contains_key(definition), "{chart}: {definition}");
        }
        for component in entry["components"].as_array().unwrap() {
            let definition = component["cluster_definition"].as_str().unwrap();
            let workload = found[definition].0.get(component["name"].as_str().unwrap());
            assert_eq!(workload.map(String::as_str), component["workload_type"].as_str(), "{chart}");
        }
        let versions: BTreeSet<&str> =
            found.values().flat_map(|(_, versions)| versions.iter().map(String::as_str)).collect();
        for version in strings(&entry["cluster_versions"]) {
            assert!(versions.contains(version), "{chart}: {version}");
        }
        if let Some(default) = entry["default_cluster_version"].as_str() {
            let annotations = &one(&objects, "ClusterVersion", default)["metadata"]["annotations"];
            assert_eq!(annotations["kubeblocks.io/is-default-cluster-version"], "true", "{default}");
        }
        compare_components(entry, &objects);
    }
}

/// The reference tells volumes and configs by component, whichever definition it belongs to.
fn compare_components(entry: &Value, objects: &[Value]) {
    let definitions = strings(&entry["cluster_definition"]);
    for definition in of_kind(objects, "ClusterDefinition") {
        if !definitions.contains(&name(definition)) {
            continue;
        }
        for component in definition["spec"]["componentDefs"].as_array().unwrap() {
            let named = component["name"].as_str().unwrap();
            let mounts: Vec<&str> = component["podSpec"]["containers"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|container| names(&container["volumeMounts"]))
                .collect();
            for volume in strings(&entry["volume_claim_templates"][named]) {
                assert!(mounts.contains(&volume), "{} {named}: {volume}", name(definition));
            }
            // The engines that are built in leave out what the playground's operator does nothing with.
            if !BUILT_IN.contains(&name(definition)) {
                for config in strings(&entry["config_specs"][named]) {
                    let specs = component["configSpecs"].as_array().unwrap();
                    let spec = specs.iter().find(|spec| spec["name"] == config).unwrap_or(&Value::Null);
                    assert!(spec["constraintRef"].is_string(), "{} {named}: {config}", name(definition));
                }
            }
        }
    }
}

#[test]
fn the_built_in_engines_are_the_same_from_a_chart() {
    for chart in BUILT_IN {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/definitions/{chart}.yaml"));
        let text = std::fs::read_to_string(path).unwrap();
        let expected: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let found = addon(chart);
        assert_eq!(found.len(), expected.len(), "{chart}");
        for expected in expected {
            let mut object = found.iter().find(|object| title(object) == title(&expected)).unwrap().clone();
            let labels = object["metadata"]["labels"].as_object_mut().unwrap();
            let own: Vec<_> = labels
                .keys()
                .filter(|label| label.starts_with("app.kubernetes.io/") || *label == "helm.sh/chart")
                .cloned()
                .collect();
            assert_eq!(own.len(), 5, "{chart}: {own:?}");
            for label in own {
                labels.remove(&label);
            }
            if labels.is_empty() {
                object["metadata"].as_object_mut().unwrap().remove("labels");
            }
            move_to(&mut object, NAMESPACE, "default");
            assert_eq!(object, expected, "{chart}");
        }
    }
}

/// Changes every field `namespace` that has one value to another.
fn move_to(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| move_to(item, from, to)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "namespace" && value == from {
                    *value = json!(to);
                } else {
                    move_to(value, from, to);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_to_an_object_and_every_mount_to_a_volume() {
    for chart in addon_charts() {
        let objects = addon(&chart);
        let titles: BTreeSet<String> = objects.iter().map(title).collect();
        assert_eq!(titles.len(), objects.len(), "{chart}: nothing is there twice");
        let mut wanted = BTreeSet::new();
        let mut want = |kind: &str, name: &Value| {
            if let Some(name) = name.as_str() {
                wanted.insert(format!("{kind} {name}"));
            }
        };
        for definition in of_kind(&objects, "ClusterDefinition") {
            for component in definition["spec"]["componentDefs"].as_array().unwrap() {
                let list = |field: &str| component[field].as_array().cloned().unwrap_or_default();
                for spec in list("configSpecs").iter().chain(&list("scriptSpecs")) {
                    want("ConfigMap", &spec["templateRef"]);
                    want("ConfigConstraint", &spec["constraintRef"]);
                    assert_eq!(spec["namespace"], NAMESPACE, "{chart}");
                }
                want("BackupPolicyTemplate", &component["horizontalScalePolicy"]["backupPolicyTemplateName"]);
                mounts_have_volumes(&chart, component);
            }
        }
        for version in of_kind(&objects, "ClusterVersion") {
            want("ClusterDefinition", &version["spec"]["clusterDefinitionRef"]);
        }
        for template in of_kind(&objects, "BackupPolicyTemplate") {
            want("ClusterDefinition", &template["spec"]["clusterDefinitionRef"]);
            for method in template["spec"]["backupPolicies"][0]["backupMethods"].as_array().unwrap() {
                want("ActionSet", &method["actionSetName"]);
            }
        }
        let missing: Vec<_> = wanted.difference(&titles).collect();
        assert!(missing.is_empty(), "{chart}: {missing:?}");
    }
}

fn mounts_have_volumes(chart: &str, component: &Value) {
    let templates = ["configSpecs", "scriptSpecs"].into_iter().flat_map(|field| {
        component[field].as_array().into_iter().flatten().map(|spec| spec["volumeName"].as_str().unwrap())
    });
    let mut volumes: BTreeSet<&str> = templates.collect();
    volumes.extend(names(&component["volumeTypes"]));
    volumes.extend(names(&component["podSpec"]["volumes"]));
    // Kafka's second claim, which its definition tells no type of.
    volumes.insert("metadata");
    for container in component["podSpec"]["containers"].as_array().unwrap() {
        for mount in names(&container["volumeMounts"]) {
            assert!(volumes.contains(mount), "{chart} {}: {mount}", component["name"]);
        }
    }
}

#[test]
fn no_object_is_in_two_charts() {
    // One operator has all of them in one namespace.
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for chart in addon_charts() {
        for object in addon(&chart) {
            let other = owners.insert(title(&object), chart.clone());
            assert_eq!(other, None, "{chart}: {}", title(&object));
        }
    }
}
