//! The Jobs that install and uninstall an add-on, as the real operator makes them. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EmptyDirVolumeSource, EnvVar, KeyToPath, PodSpec, PodTemplateSpec,
    SecretVolumeSource, Volume, VolumeMount,
};
use kube::api::ObjectMeta;

use super::values;
use crate::operator::api::{Addon, AddonChart, AddonValues, ValuesKey};
use crate::operator::naming::{LABEL_ADDON, LABEL_MANAGED_BY, Labels, MANAGED_BY, labels};
use crate::operator::settings::Settings;

/// Where charts and values are in the container.
const CHARTS: &str = "/charts";

/// The Job that installs.
pub(super) fn install_name(addon: &str) -> String {
    format!("install-{addon}-addon")
}

/// The Job that uninstalls.
pub(super) fn uninstall_name(addon: &str) -> String {
    format!("uninstall-{addon}-addon")
}

/// The release of the add-on's chart.
pub(super) fn release_name(addon: &str) -> String {
    format!("kb-addon-{addon}")
}

/// By what pods of an add-on's Jobs are found.
pub(super) fn selector(addon: &str) -> Labels {
    labels([(LABEL_ADDON, addon), (LABEL_MANAGED_BY, MANAGED_BY)])
}

/// The container that runs helm is named after the type of the add-on.
pub(super) fn container_name(addon: &Addon) -> String {
    addon.spec.type_.to_lowercase()
}

/// The Job that installs a chart with these values.
pub(super) fn install(settings: &Settings, addon: &Addon, chart: &AddonChart, values: &AddonValues) -> Job {
    let local = chart.location.strip_prefix("file://").map(|path| {
        let file = path.rsplit('/').next().unwrap_or_default();
        format!("{CHARTS}/{file}")
    });
    let mut arguments: Vec<String> = ["upgrade", "--install", "$(RELEASE_NAME)"].map(str::to_owned).into();
    arguments.push(local.clone().unwrap_or_else(|| "$(CHART)".to_owned()));
    arguments.extend(["--namespace", "$(RELEASE_NS)", "--create-namespace"].map(str::to_owned));
    arguments.extend(settings.install_options.iter().cloned());
    arguments.extend(values::arguments(chart, values));

    let mut files = Files { volumes: Vec::new(), mounts: Vec::new(), arguments };
    for reference in &values.config_map_refs {
        files.config_map(reference);
    }
    for reference in &values.secret_refs {
        files.secret(reference);
    }
    let init = local.map(|_| {
        files.volumes.push(Volume {
            name: "charts".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        });
        files.mounts.push(mount("charts", CHARTS, None));
        copy_charts(chart)
    });
    let Files { volumes, mounts, arguments } = files;
    let mut job = prototype(settings, addon, chart, install_name(&name(addon)), arguments);
    if let Some(pod) = job.spec.as_mut().and_then(|spec| spec.template.spec.as_mut()) {
        pod.init_containers = init.map(|init| vec![init]);
        pod.volumes = Some(volumes);
        if let Some(container) = pod.containers.first_mut() {
            container.volume_mounts = Some(mounts);
        }
    }
    job
}

/// The Job that removes the release.
pub(super) fn uninstall(settings: &Settings, addon: &Addon, chart: &AddonChart) -> Job {
    let mut arguments: Vec<String> =
        ["delete", "$(RELEASE_NAME)", "--namespace", "$(RELEASE_NS)"].map(str::to_owned).into();
    arguments.extend(settings.uninstall_options.iter().cloned());
    prototype(settings, addon, chart, uninstall_name(&name(addon)), arguments)
}

fn name(addon: &Addon) -> String {
    addon.metadata.name.clone().unwrap_or_default()
}

fn mount(volume: &str, path: &str, read_only: Option<bool>) -> VolumeMount {
    VolumeMount { name: volume.to_owned(), mount_path: path.to_owned(), read_only, ..VolumeMount::default() }
}

fn copy_charts(chart: &AddonChart) -> Container {
    let from = if chart.charts_path_in_image.is_empty() { CHARTS } else { &chart.charts_path_in_image };
    Container {
        name: "copy-charts".to_owned(),
        image: Some(chart.charts_image.clone()),
        command: Some(vec!["sh".to_owned(), "-c".to_owned(), format!("cp {from}/* /mnt/charts")]),
        volume_mounts: Some(vec![mount("charts", "/mnt/charts", None)]),
        ..Container::default()
    }
}

/// Values files, mounted and handed to helm.
struct Files {
    volumes: Vec<Volume>,
    mounts: Vec<VolumeMount>,
    arguments: Vec<String>,
}

impl Files {
    fn config_map(&mut self, reference: &ValuesKey) {
        self.add(reference, "cm", |volume, items| {
            volume.config_map = Some(ConfigMapVolumeSource {
                name: reference.name.clone(),
                items: Some(items),
                ..ConfigMapVolumeSource::default()
            });
        });
    }

    fn secret(&mut self, reference: &ValuesKey) {
        self.add(reference, "secret", |volume, items| {
            volume.secret = Some(SecretVolumeSource {
                secret_name: Some(reference.name.clone()),
                items: Some(items),
                ..SecretVolumeSource::default()
            });
        });
    }

    fn add(&mut self, reference: &ValuesKey, kind: &str, fill: impl FnOnce(&mut Volume, Vec<KeyToPath>)) {
        let ValuesKey { name, key } = reference;
        let volume = format!("{name}-{kind}");
        let path = format!("/vol/{kind}/{name}");
        let mut added = Volume { name: volume.clone(), ..Volume::default() };
        fill(&mut added, vec![KeyToPath { key: key.clone(), path: key.clone(), ..KeyToPath::default() }]);
        self.volumes.push(added);
        self.mounts.push(mount(&volume, &path, Some(true)));
        self.arguments.extend(["--values".to_owned(), format!("{path}/{key}")]);
    }
}

/// What both Jobs have in common.
fn prototype(
    settings: &Settings,
    addon: &Addon,
    chart: &AddonChart,
    job: String,
    arguments: Vec<String>,
) -> Job {
    let variable =
        |name: &str, value: String| EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() };
    let own = selector(&name(addon));
    let mut job_labels: BTreeMap<String, String> = addon
        .metadata
        .labels
        .iter()
        .flatten()
        .filter(|(key, _)| key.contains("kubeblocks.io"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    job_labels.extend(own.clone());
    Job {
        metadata: ObjectMeta {
            name: Some(job),
            namespace: Some(settings.namespace.clone()),
            labels: Some(job_labels),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(3),
            ttl_seconds_after_finished: Some(settings.addon_ttl_seconds),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(own), ..ObjectMeta::default() }),
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    service_account_name: Some(settings.addon_account.clone()),
                    containers: vec![Container {
                        name: container_name(addon),
                        image: Some(settings.tools_image.clone()),
                        image_pull_policy: settings.addon_pull_policy.clone(),
                        command: Some(vec!["helm".to_owned()]),
                        args: Some(arguments),
                        env: Some(vec![
                            variable("RELEASE_NAME", release_name(&name(addon))),
                            variable("RELEASE_NS", settings.namespace.clone()),
                            variable("CHART", chart.location.clone()),
                        ]),
                        ..Container::default()
                    }],
                    tolerations: Some(settings.tolerations.clone()),
                    affinity: Some(settings.affinity.clone()),
                    node_selector: Some(settings.node_selector.clone()),
                    ..PodSpec::default()
                }),
            },
            ..JobSpec::default()
        }),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn addon(location: &str) -> Addon {
        serde_json::from_value(json!({
            "apiVersion": "extensions.kubeblocks.io/v1alpha1",
            "kind": "Addon",
            "metadata": { "name": "redis", "labels": {
                "addon.kubeblocks.io/provider": "community", "app.kubernetes.io/name": "redis" } },
            "spec": {
                "type": "Helm",
                "helm": {
                    "chartLocationURL": location,
                    "chartsImage": "docker.io/apecloud/kubeblocks-charts:0.7.5",
                    "installValues": {
                        "setValues": ["a=1", "b=2"],
                        "configMapRefs": [{ "name": "more", "key": "values.yaml" }],
                        "secretRefs": [{ "name": "hidden", "key": "values.json" }],
                    },
                },
            },
        }))
        .unwrap()
    }

    fn settings() -> Settings {
        Settings { namespace: "kb-system".to_owned(), ..Settings::default() }
    }

    fn made(location: &str) -> Value {
        let addon = addon(location);
        let chart = addon.spec.helm.as_ref().unwrap();
        serde_json::to_value(install(&settings(), &addon, chart, &chart.install_values)).unwrap()
    }

    #[test]
    fn a_local_chart_is_copied_out_of_its_image_and_installed_with_all_values() {
        let job = made("file://charts/redis-0.7.5.tgz");
        assert_eq!(job["metadata"]["name"], "install-redis-addon");
        assert_eq!(job["metadata"]["namespace"], "kb-system");
        assert_eq!(
            job["metadata"]["labels"],
            json!({
                "addon.kubeblocks.io/provider": "community",
                "app.kubernetes.io/managed-by": "kubeblocks",
                "extensions.kubeblocks.io/addon-name": "redis",
            })
        );
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(
            pod["containers"][0]["args"],
            json!([
                "upgrade",
                "--install",
                "$(RELEASE_NAME)",
                "/charts/redis-0.7.5.tgz",
                "--namespace",
                "$(RELEASE_NS)",
                "--create-namespace",
                "--atomic",
                "--cleanup-on-fail",
                "--wait",
                "--set",
                "a=1,b=2",
                "--values",
                "/vol/cm/more/values.yaml",
                "--values",
                "/vol/secret/hidden/values.json",
            ])
        );
        assert_eq!(
            pod["containers"][0]["env"][0],
            json!({ "name": "RELEASE_NAME", "value": "kb-addon-redis" })
        );
        assert_eq!(
            pod["containers"][0]["volumeMounts"],
            json!([
                { "name": "more-cm", "mountPath": "/vol/cm/more", "readOnly": true },
                { "name": "hidden-secret", "mountPath": "/vol/secret/hidden", "readOnly": true },
                { "name": "charts", "mountPath": "/charts" },
            ])
        );
        assert_eq!(pod["initContainers"][0]["command"], json!(["sh", "-c", "cp /charts/* /mnt/charts"]));
        assert_eq!(
            (&job["spec"]["backoffLimit"], &job["spec"]["ttlSecondsAfterFinished"], &pod["restartPolicy"]),
            (&json!(3), &json!(300), &json!("Never"))
        );
    }

    #[test]
    fn a_chart_from_elsewhere_needs_no_image() {
        let job = made("https://charts.example.com/redis-0.7.5.tgz");
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["args"][3], "$(CHART)");
        assert_eq!(pod["containers"][0]["env"][2]["value"], "https://charts.example.com/redis-0.7.5.tgz");
        assert_eq!(pod["initContainers"], Value::Null);
    }

    #[test]
    fn uninstalling_needs_neither_chart_nor_values() {
        let addon = addon("file://redis-0.7.5.tgz");
        let job = uninstall(&settings(), &addon, addon.spec.helm.as_ref().unwrap());
        let job = serde_json::to_value(job).unwrap();
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(job["metadata"]["name"], "uninstall-redis-addon");
        assert_eq!(
            pod["containers"][0]["args"],
            json!(["delete", "$(RELEASE_NAME)", "--namespace", "$(RELEASE_NS)"])
        );
        assert_eq!((&pod["initContainers"], &pod["volumes"]), (&Value::Null, &Value::Null));
    }
}
