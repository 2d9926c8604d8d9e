//! The values with which the chart of an add-on is installed, as arguments of helm. Pure.

use serde_json::Value;

use crate::operator::api::{AddonChart, AddonInstall, AddonMapping, AddonValues, AmountMapping};

/// The values of the chart and those that the settings of the user become.
pub(super) fn merged(chart: &AddonChart, install: &AddonInstall) -> AddonValues {
    let mut values = chart.install_values.clone();
    add(&mut values, install, &chart.values_mapping);
    for extra in &install.extras {
        if let Some(mapping) = chart.values_mapping.extras.iter().find(|known| known.name == extra.name) {
            add(&mut values, extra, mapping);
        }
    }
    values
}

/// The arguments for options and values, but for the files, which need volumes.
pub(super) fn arguments(chart: &AddonChart, values: &AddonValues) -> Vec<String> {
    let mut arguments = Vec::new();
    for (option, value) in &chart.install_options {
        arguments.push(format!("--{option}"));
        arguments.extend((!value.is_empty()).then(|| value.clone()));
    }
    for url in &values.urls {
        arguments.extend(["--values".to_owned(), url.clone()]);
    }
    if !values.set_values.is_empty() {
        arguments.extend(["--set".to_owned(), values.set_values.join(",")]);
    }
    for value in &values.set_json_values {
        arguments.extend(["--set-json".to_owned(), value.clone()]);
    }
    arguments
}

/// Adds the settings of one part. What has no mapping is silently without effect.
fn add(values: &mut AddonValues, install: &AddonInstall, mapping: &AddonMapping) {
    let mut set = |path: &str, value: &str| {
        if !path.is_empty() {
            values.set_values.push(format!("{path}={value}"));
        }
    };
    let paths = &mapping.value_map;
    if let Some(replicas) = install.replicas.filter(|replicas| *replicas >= 0) {
        set(&paths.replica_count, &replicas.to_string());
    }
    if !install.storage_class.is_empty() {
        let class = if install.storage_class == "-" { "null" } else { &install.storage_class };
        set(&paths.storage_class, class);
    }
    for (resource, amount) in &install.resources.requests {
        set(request_path(mapping, resource), &plain(amount));
    }
    for (resource, amount) in &install.resources.limits {
        set(limit_path(mapping, resource), &plain(amount));
    }
    if let Some(enabled) = install.persistent_volume_enabled {
        set(&paths.persistent_volume_enabled, &enabled.to_string());
    }
    if !install.tolerations.is_empty() && !mapping.json_map.tolerations.is_empty() {
        values.set_json_values.push(format!("{}={}", mapping.json_map.tolerations, install.tolerations));
    }
}

fn request_path<'a>(mapping: &'a AddonMapping, resource: &str) -> &'a str {
    let Some(resources) = &mapping.resources else { return "" };
    match resource {
        "storage" => &resources.storage,
        "cpu" => resources.cpu.as_ref().map_or("", |cpu| &cpu.requests),
        "memory" => memory(mapping).map_or("", |memory| &memory.requests),
        _ => "",
    }
}

fn limit_path<'a>(mapping: &'a AddonMapping, resource: &str) -> &'a str {
    let Some(resources) = &mapping.resources else { return "" };
    match resource {
        "cpu" => resources.cpu.as_ref().map_or("", |cpu| &cpu.limits),
        "memory" => memory(mapping).map_or("", |memory| &memory.limits),
        _ => "",
    }
}

/// The real operator asks whether there is a mapping of CPU when it means memory.
fn memory(mapping: &AddonMapping) -> Option<&AmountMapping> {
    let resources = mapping.resources.as_ref()?;
    resources.cpu.as_ref().and(resources.memory.as_ref())
}

fn plain(amount: &Value) -> String {
    amount.as_str().map_or_else(|| amount.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chart() -> AddonChart {
        serde_json::from_value(json!({
            "chartLocationURL": "file://prometheus-15.16.1.tgz",
            "installOptions": { "version": "15.16.1", "debug": "" },
            "installValues": { "setValues": ["global.a=1"], "urls": ["https://values.example.com/v.yaml"] },
            "valuesMapping": {
                "valueMap": {
                    "replicaCount": "server.replicaCount",
                    "persistentVolumeEnabled": "server.persistentVolume.enabled",
                    "storageClass": "server.persistentVolume.storageClass",
                },
                "jsonMap": { "tolerations": "server.tolerations" },
                "resources": {
                    "storage": "server.persistentVolume.size",
                    "cpu": { "requests": "server.resources.requests.cpu", "limits": "server.resources.limits.cpu" },
                    "memory": { "requests": "server.resources.requests.memory" },
                },
                "extras": [{
                    "name": "alertmanager",
                    "valueMap": { "replicaCount": "alertmanager.replicaCount" },
                    "jsonMap": {},
                    "resources": { "memory": { "requests": "alertmanager.memory" } },
                }],
            },
        }))
        .unwrap()
    }

    #[test]
    fn settings_become_values_of_the_chart_in_the_order_of_the_real_operator() {
        let install: AddonInstall = serde_json::from_value(json!({
            "replicas": 2,
            "persistentVolumeEnabled": true,
            "storageClass": "-",
            "tolerations": "[{\"operator\":\"Exists\"}]",
            "resources": {
                "requests": { "cpu": 1, "memory": "512Mi", "storage": "4Gi" },
                "limits": { "cpu": "2", "memory": "1Gi" },
            },
            "extras": [
                { "name": "alertmanager", "replicas": 0, "resources": { "requests": { "memory": "1Gi" } } },
                { "name": "nobody", "replicas": 9 },
            ],
        }))
        .unwrap();
        let chart = chart();
        let values = merged(&chart, &install);
        assert_eq!(
            values.set_values,
            [
                "global.a=1",
                "server.replicaCount=2",
                "server.persistentVolume.storageClass=null",
                "server.resources.requests.cpu=1",
                "server.resources.requests.memory=512Mi",
                "server.persistentVolume.size=4Gi",
                "server.resources.limits.cpu=2",
                "server.persistentVolume.enabled=true",
                // Without a mapping of CPU the one of memory does not count.
                "alertmanager.replicaCount=0",
            ]
        );
        assert_eq!(values.set_json_values, ["server.tolerations=[{\"operator\":\"Exists\"}]"]);
        let arguments = arguments(&chart, &values);
        assert_eq!(
            arguments[..5],
            ["--debug", "--version", "15.16.1", "--values", "https://values.example.com/v.yaml"]
        );
        assert_eq!(arguments[5], "--set");
        assert_eq!(arguments[7], "--set-json");
        assert_eq!(arguments.len(), 9);
    }

    #[test]
    fn no_settings_leave_only_the_values_of_the_chart() {
        let values = merged(&chart(), &AddonInstall { enabled: true, ..AddonInstall::default() });
        assert_eq!(values, chart().install_values);
    }
}
