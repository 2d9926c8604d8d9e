//! Checks of a configuration that need no server, as far as it is known. What KubeBlocks accepts is decided in the crate
//! `kubeblocks-schemas`; here its findings get their attribute paths, and rules of our own attributes are added.

use kubeblocks_schemas::catalogue::{Catalogue, Workload, did_you_mean};
use kubeblocks_schemas::duration::parse_restore_time;
use kubeblocks_schemas::validate::check_cluster;
use tfplugin::prelude::*;

use super::restore::VOLUME_POLICIES;
use super::schema::{ClusterState, Restore};
use super::{build, input, running, service_references};
use crate::impact::guard::validate_accepted;

/// Adds a finding for each thing that is wrong.
pub fn config(config: &ClusterState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    for problem in check_cluster(&input::cluster(config), Catalogue::v0_7()) {
        diagnostics.push(input::diagnostic(&problem));
    }
    service_references::validate(config, diagnostics);
    validate_accepted(&config.accept_impact, diagnostics);
    volumes_of_data(config, diagnostics);
    restored(config, diagnostics);
}

/// Warns of instances whose data are on no volume: KubeBlocks then keeps them in a folder that goes with the pod.
fn volumes_of_data(config: &ClusterState, diagnostics: &mut Diagnostics) {
    let Some(definition) = config.definition.known().and_then(|name| Catalogue::v0_7().definition(name))
    else {
        return;
    };
    for (name, component) in build::known_entries(&config.components) {
        let is_open = component.definition.is_unknown() || component.volumes.is_unknown();
        let Some(known) = definition.component(build::definition(name, component)).filter(|_| !is_open)
        else {
            continue;
        };
        let written = component.volumes.known().map(|volumes| volumes.keys().map(String::as_str).collect());
        let written: Vec<&str> = written.unwrap_or_default();
        let of_data =
            if known.volumes.contains(&"data") { "data" } else { known.volumes.first().unwrap_or(&"") };
        let keeps_data = known.workload != Workload::Stateless && !known.volumes.is_empty();
        if keeps_data && (written.is_empty() || (of_data == "data" && !written.contains(&of_data))) {
            let detail = format!(
                "Without the volume \"{of_data}\", KubeBlocks keeps the data of the component \"{}\" in a folder of each pod, and they are lost whenever an instance restarts or moves.\n\nAdd `volumes = {{ {of_data} = {{ size = \"20Gi\" }} }}`. It cannot be added later.",
                known.name
            );
            let path = Path::attribute("components").then_key(name).then_attribute("volumes");
            diagnostics.push(Diagnostic::warning("Data without a volume", detail).at(path));
        }
    }
}

/// A restore, as far as no server is needed.
fn restored(config: &ClusterState, diagnostics: &mut Diagnostics) {
    let Some(Restore { time, volume_policy, .. }) = config.restore.known() else { return };
    let path = Path::attribute("restore");
    if let Some(Err(error)) = time.known().map(|time| parse_restore_time(time)) {
        let detail = format!("{error}: write it as 2026-01-31T12:00:00Z.");
        diagnostics.push(Diagnostic::error("Invalid time", detail).at(path.then_attribute("time")));
    }
    if let Some(policy) = volume_policy.known().filter(|policy| !VOLUME_POLICIES.contains(&policy.as_str())) {
        let hint = did_you_mean(policy, VOLUME_POLICIES);
        let detail = format!("\"{policy}\" is neither of {}.{hint}", VOLUME_POLICIES.join(", "));
        diagnostics.push(Diagnostic::error("Invalid value", detail).at(path.then_attribute("volume_policy")));
    }
    if running::is_stopped(config) {
        let detail = "A database is restored by starting it. Leave `running` out until it is there.";
        diagnostics.push(
            Diagnostic::error("Stopped database cannot be restored", detail).at(Path::attribute("running")),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::resources::cluster::schema::{
        Affinity, Backup, ClusterState, Component, Resources, Service, Tls,
    };
    use crate::resources::cluster::test_support::{
        backup, component, component_mut, components, entries, full, redis, redis_and_sentinel, set, text,
        texts, volume_mut,
    };
    use tfplugin::diagnostic::Severity;

    fn errors(state: &ClusterState) -> Vec<String> {
        let mut diagnostics = Diagnostics::new();
        config(state, &mut diagnostics);
        diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| found.path.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect()
    }

    #[test]
    fn data_without_a_volume_are_warned_of() {
        type Edit = fn(&mut ClusterState);
        let warnings = |edit: Edit| {
            let mut state = redis();
            edit(&mut state);
            let mut diagnostics = Diagnostics::new();
            config(&state, &mut diagnostics);
            let found = diagnostics.iter().filter(|found| found.summary == "Data without a volume");
            found.map(|found| found.path.as_ref().unwrap().to_string()).collect::<Vec<_>>()
        };
        let path = r#"components["redis"].volumes"#;
        let table: [(Edit, Option<&str>); 6] = [
            (|_| {}, None),
            (|state| component_mut(state, "redis").volumes = Value::Null, Some(path)),
            (|state| component_mut(state, "redis").volumes = Value::Known(BTreeMap::new()), Some(path)),
            (|state| component_mut(state, "redis").volumes = Value::Unknown, None),
            (|state| state.definition = text("our-own"), None),
            (
                |state| {
                    component_mut(state, "redis").volumes = Value::Null;
                    state.definition = Value::Unknown;
                },
                None,
            ),
        ];
        for (edit, expected) in table {
            assert_eq!(warnings(edit), Vec::from_iter(expected));
        }
    }

    #[test]
    fn what_is_right_passes() {
        let mut full = full();
        component_mut(&mut full, "main").tls =
            Value::Known(Tls { issuer: text("KubeBlocks"), secret: Value::Null });
        for state in [redis(), redis_and_sentinel(), full] {
            assert!(errors(&state).is_empty(), "{:?}", errors(&state));
        }
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn what_is_wrong_is_said_at_its_attribute() {
        type Change = fn(&mut ClusterState);
        let table: Vec<(&str, Change, &[&str])> = vec![
            ("long name", |state| state.name = text("a-name-that-is-too-long"), &["name"]),
            ("name with capitals", |state| state.name = text("Orders"), &["name"]),
            ("namespace", |state| state.namespace = text("a/b"), &["namespace"]),
            ("policy", |state| state.termination_policy = text("delete"), &["termination_policy"]),
            ("version of another", |state| state.version = text("kafka-3.3.2"), &["version"]),
            ("no components", |state| components(state).clear(), &["components"]),
            (
                "unknown component",
                |state| {
                    components(state).insert("other".into(), Value::Known(component()));
                },
                &[r#"components["other"]"#],
            ),
            (
                "component definition",
                |state| component_mut(state, "redis").definition = text("reds"),
                &[r#"components["redis"].definition"#],
            ),
            (
                "replicas",
                |state| component_mut(state, "redis").replicas = Value::Known(-1),
                &[r#"components["redis"].replicas"#],
            ),
            (
                "quantity",
                |state| component_mut(state, "redis").resources.known_mut().unwrap().cpu = text("2 cores"),
                &[r#"components["redis"].resources.cpu"#],
            ),
            (
                "request above limit",
                |state| {
                    component_mut(state, "redis").resources = Value::Known(Resources {
                        requests: texts([("cpu", "2")]),
                        limits: texts([("cpu", "1")]),
                        ..Resources::default()
                    });
                },
                &[r#"components["redis"].resources.requests["cpu"]"#],
            ),
            (
                "two ways",
                |state| component_mut(state, "redis").resources.known_mut().unwrap().class = text("c"),
                &[r#"components["redis"].resources.class"#],
            ),
            (
                "size",
                |state| volume_mut(state, "redis", "data").size = text("20GB"),
                &[r#"components["redis"].volumes["data"].size"#],
            ),
            (
                "log",
                |state| component_mut(state, "redis").logs = set(["runing"]),
                &[r#"components["redis"].logs"#],
            ),
            (
                "service type",
                |state| {
                    component_mut(state, "redis").services =
                        entries([("s", Service { kind: text("Ingress"), ..Service::default() })]);
                },
                &[r#"components["redis"].services["s"].type"#],
            ),
            (
                "exposure",
                |state| {
                    component_mut(state, "redis").services = entries([(
                        "s",
                        Service {
                            kind: text("LoadBalancer"),
                            exposure: text("public"),
                            ..Service::default()
                        },
                    )]);
                },
                &[r#"components["redis"].services["s"].exposure"#],
            ),
            (
                "tls without secret",
                |state| {
                    component_mut(state, "redis").tls =
                        Value::Known(Tls { issuer: text("UserProvided"), secret: Value::Null });
                },
                &[r#"components["redis"].tls.secret"#],
            ),
            (
                "affinity",
                |state| {
                    state.affinity =
                        Value::Known(Affinity { pod_anti_affinity: text("Always"), ..Affinity::default() });
                },
                &["affinity.pod_anti_affinity"],
            ),
            (
                "backup method",
                |state| state.backup = Value::Known(Backup { method: text("datafil"), ..backup() }),
                &["backup.method"],
            ),
            (
                "backup schedule",
                |state| state.backup = Value::Known(Backup { schedule: text("daily"), ..backup() }),
                &["backup.schedule"],
            ),
            (
                "backup retention",
                |state| state.backup = Value::Known(Backup { retention: text("7 days"), ..backup() }),
                &["backup.retention"],
            ),
            (
                "backup deadline",
                |state| {
                    state.backup =
                        Value::Known(Backup { starting_deadline_minutes: Value::Known(1441), ..backup() });
                },
                &["backup.starting_deadline_minutes"],
            ),
            (
                "backups that the engine does not support",
                |state| {
                    *state = ClusterState {
                        definition: text("kafka"),
                        version: text("kafka-3.3.2"),
                        components: entries([("kafka-server", component())]),
                        backup: Value::Known(backup()),
                        ..redis()
                    };
                },
                &["backup"],
            ),
        ];
        for (case, change, expected) in table {
            let mut state = redis();
            change(&mut state);
            assert_eq!(errors(&state), expected, "{case}");
        }
    }

    #[test]
    fn unknown_values_are_passed_over() {
        let unknown = ClusterState {
            namespace: Value::Unknown,
            name: Value::Unknown,
            definition: Value::Unknown,
            version: Value::Unknown,
            termination_policy: Value::Unknown,
            components: Value::Unknown,
            backup: Value::Unknown,
            ..ClusterState::default()
        };
        assert!(errors(&unknown).is_empty());

        let mut state = redis();
        *component_mut(&mut state, "redis") = Component {
            definition: Value::Unknown,
            replicas: Value::Unknown,
            resources: Value::Unknown,
            volumes: Value::Unknown,
            services: Value::Unknown,
            service_references: Value::Unknown,
            parameters: Value::Unknown,
            restart_trigger: Value::Unknown,
            logs: Value::Unknown,
            monitor: Value::Unknown,
            tls: Value::Unknown,
            affinity: Value::Unknown,
            tolerations: Value::Unknown,
        };
        components(&mut state).insert("later".into(), Value::Unknown);
        assert!(errors(&state).is_empty(), "{:?}", errors(&state));
    }
}
