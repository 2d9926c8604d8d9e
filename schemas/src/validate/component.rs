//! Checks of one component.

use super::cluster::Context;
use super::{ComponentInput, Field, Path, ProblemKind, Problems, TlsInput, one_of};
use super::{placement, resources, services};
use crate::catalogue::{self, Function, Support};
use crate::names::NameKind;
use crate::v1alpha1::IssuerName;

pub(super) const ACCESS_MODES: &[&str] =
    &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// A component together with what the catalogue says of its definition.
pub(super) struct Known<'a> {
    pub(super) input: &'a ComponentInput,
    /// What the catalogue says of the component's definition, if it knows it.
    pub(super) definition: Option<&'static catalogue::Component>,
}

pub(super) fn check(
    problems: &mut Problems,
    path: &Path,
    name: &str,
    input: &ComponentInput,
    context: &Context<'_>,
) {
    problems.check_name(path, NameKind::Component, name);
    let definition = check_definition(problems, path, name, input, context);
    let component = Known { input, definition };
    check_replicas(problems, path, &component, context);
    resources::check_compute(problems, &path.attribute("resources"), &input.resources);
    check_volumes(problems, path, &component);
    services::check(problems, path, &component);
    check_parameters(problems, path, &component, context);
    check_logs(problems, path, &component, context);
    if input.monitor.known() == Some(&true) {
        let path = path.attribute("monitor");
        warn_unsupported(problems, &path, context, Function::Monitoring, "leave it out");
    }
    if !input.restart_trigger.is_absent() {
        let path = path.attribute("restart_trigger");
        warn_unsupported(problems, &path, context, Function::Restart, "leave it out");
    }
    if let Some(tls) = &input.tls {
        check_tls(problems, &path.attribute("tls"), tls);
    }
    placement::check_affinity(problems, &path.attribute("affinity"), input.affinity.as_ref());
    placement::check_tolerations(problems, &path.attribute("tolerations"), &input.tolerations);
}

/// The component's definition: the one that is named, else the one with the component's own name.
pub(super) fn definition_of(
    name: &str,
    input: &ComponentInput,
    context: &Context<'_>,
) -> Option<&'static catalogue::Component> {
    let wanted = match &input.definition {
        Field::Known(definition) => definition,
        Field::Absent => name,
        Field::Unknown => return None,
    };
    context.definition.and_then(|definition| definition.component(wanted))
}

fn check_definition(
    problems: &mut Problems,
    path: &Path,
    name: &str,
    input: &ComponentInput,
    context: &Context<'_>,
) -> Option<&'static catalogue::Component> {
    let at = path.attribute("definition");
    if let Some(wanted) = input.definition.known() {
        problems.check_name(&at, NameKind::Component, wanted);
    }
    let found = definition_of(name, input, context);
    let definition = context.definition?;
    if found.is_some() || input.definition.is_unknown() {
        return found;
    }
    let names: Vec<&str> = definition.components.iter().map(|component| component.name).collect();
    let wanted = input.definition.known().map_or(name, String::as_str);
    let (at, message) = if input.definition.is_absent() {
        (
            path,
            format!(
                "component {name:?} names no definition, and {:?} has none of that name",
                definition.name
            ),
        )
    } else {
        (&at, format!("definition {:?} has no component definition {wanted:?}", definition.name))
    };
    problems.error(at, ProblemKind::UnknownComponentDefinition, message, one_of(wanted, &names));
    None
}

fn check_replicas(problems: &mut Problems, path: &Path, component: &Known<'_>, context: &Context<'_>) {
    let Some(&replicas) = component.input.replicas.known() else { return };
    let path = path.attribute("replicas");
    if !(0..=i64::from(i32::MAX)).contains(&replicas) {
        let message = format!("{replicas} replicas are not possible");
        problems.error(&path, ProblemKind::Replicas, message, "use 0 or more");
        return;
    }
    let Some(definition) = component.definition else { return };
    if definition.odd_replicas && replicas > 0 && replicas % 2 == 0 {
        problems.warning(
            &path,
            ProblemKind::EvenReplicas,
            format!(
                "{replicas} instances of {:?} survive no more failures than {}, because a majority must agree",
                definition.name,
                replicas - 1
            ),
            format!("use {} or {}", replicas - 1, replicas + 1),
        );
    }
    let shipped = definition.available_replicas.unwrap_or(definition.replicas);
    if replicas > i64::from(shipped) {
        let remedy = format!("use at most {shipped}");
        warn_unsupported(problems, &path, context, Function::HorizontalScaling, &remedy);
    }
}

fn check_volumes(problems: &mut Problems, path: &Path, component: &Known<'_>) {
    let path = path.attribute("volumes");
    for (name, volume) in &component.input.volumes {
        let path = path.key(name);
        problems.check_name(&path, NameKind::Volume, name);
        resources::check_size(problems, &path.attribute("size"), &volume.size);
        for mode in volume.access_modes.known().into_iter().flatten() {
            let mode = Field::Known(mode.clone());
            problems.check_value(&path.attribute("access_modes"), "access mode", &mode, ACCESS_MODES);
        }
        let Some(definition) = component.definition else { continue };
        if definition.volumes.contains(&name.as_str()) {
            continue;
        }
        let message = format!("{:?} mounts no volume {name:?}, so it would stay unused", definition.name);
        let remedy = one_of(name, definition.volumes);
        if definition.volumes.is_empty() {
            problems.warning(&path, ProblemKind::UnknownVolume, message, remedy);
        } else {
            problems.error(&path, ProblemKind::UnknownVolume, message, remedy);
        }
    }
}

fn check_parameters(problems: &mut Problems, path: &Path, component: &Known<'_>, context: &Context<'_>) {
    if component.input.parameters.is_empty() {
        return;
    }
    let path = path.attribute("parameters");
    if let Some(message) = unsupported(context, Function::Configuration) {
        problems.error(&path, ProblemKind::Unsupported, message, "leave the parameters out");
        return;
    }
    let Some(definition) = component.definition else { return };
    for name in &component.input.parameters {
        // A file of the config spec may follow its name.
        let spec = name.split_once('/').map_or(name.as_str(), |(spec, _)| spec);
        if !definition.configs.contains(&spec) {
            let message = format!("{:?} has no config spec {spec:?}", definition.name);
            let remedy = one_of(spec, definition.configs);
            problems.error(&path.key(name), ProblemKind::UnknownConfigSpec, message, remedy);
        }
    }
}

fn check_logs(problems: &mut Problems, path: &Path, component: &Known<'_>, context: &Context<'_>) {
    let path = path.attribute("logs");
    let Some(definition) = component.definition else { return };
    let mut all_known = !component.input.logs.is_empty();
    for (index, log) in component.input.logs.iter().enumerate() {
        let Some(name) = log.known() else { continue };
        if !definition.logs.contains(&name.as_str()) {
            all_known = false;
            let mut message =
                format!("{:?} has no log {name:?}, and the cluster would never start", definition.name);
            if let Some(why) = unsupported(context, Function::Logs) {
                message = format!("{why}: {message}");
            }
            let remedy = one_of(name, definition.logs);
            problems.error(&path.index(index), ProblemKind::UnknownLog, message, remedy);
        }
    }
    if all_known {
        warn_unsupported(problems, &path, context, Function::Logs, "leave them out");
    }
}

fn check_tls(problems: &mut Problems, path: &Path, tls: &TlsInput) {
    let at = path.attribute("issuer");
    problems.check_value(&at, "issuer", &tls.issuer, IssuerName::KNOWN);
    let secret = path.attribute("secret");
    match (tls.issuer.known().map(String::as_str), &tls.secret) {
        (Some("UserProvided"), Field::Absent) => problems.error(
            &secret,
            ProblemKind::Missing,
            "issuer UserProvided needs a Secret with the certificates",
            "name the Secret and its keys, or use the issuer KubeBlocks",
        ),
        (Some("KubeBlocks"), Field::Known(())) => problems.warning(
            &secret,
            ProblemKind::Ignored,
            "with the issuer KubeBlocks the Secret is not read",
            "use the issuer UserProvided, or leave the Secret out",
        ),
        _ => {}
    }
}

/// Why a function is not to be had, if the support matrix says so, or says nothing of it.
pub(super) fn unsupported(context: &Context<'_>, function: Function) -> Option<String> {
    let addon = context.addon?;
    let line = context.catalogue.line;
    match addon.support(function) {
        Support::Yes => None,
        Support::No => {
            Some(format!("add-on {:?} does not support {function} in KubeBlocks {line}", addon.name))
        }
        Support::Unstated => Some(format!(
            "nobody says whether add-on {:?} supports {function} in KubeBlocks {line}",
            addon.name
        )),
    }
}

pub(super) fn warn_unsupported(
    problems: &mut Problems,
    path: &Path,
    context: &Context<'_>,
    function: Function,
    remedy: &str,
) {
    if let Some(message) = unsupported(context, function) {
        problems.warning(path, ProblemKind::Unsupported, message, remedy);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fixture::{Change, assert_found, check, cluster, main, redis};
    use super::super::{ClusterInput, Field, TlsInput, VolumeInput};

    #[test]
    fn a_component_needs_a_definition_that_exists() {
        let cases: [(Change, &[&str]); 4] = [
            (
                |c| main(c).definition = "redis-sentnel".into(),
                &["Error UnknownComponentDefinition components[\"main\"].definition"],
            ),
            (
                |c| main(c).definition = Field::Absent,
                &["Error UnknownComponentDefinition components[\"main\"]"],
            ),
            (|c| main(c).definition = "redis-sentinel".into(), &[]),
            (
                |c| {
                    c.definition = "of-our-own".into();
                    c.version = Field::Absent;
                    main(c).definition = "anything".into();
                },
                &["Warning UnknownDefinition definition"],
            ),
        ];
        for (change, found) in cases {
            assert_found(redis(), change, found);
        }
        let mut wrong = redis();
        main(&mut wrong).definition = "redis-sentnel".into();
        assert_eq!(check(&wrong)[0].remedy, "did you mean \"redis-sentinel\"?");
    }

    #[test]
    fn component_names_are_checked() {
        let rename = |name: &'static str| {
            move |c: &mut ClusterInput| {
                let Field::Known(components) = &mut c.components else {
                    panic!("the fixture has components")
                };
                let main = components.remove("main").unwrap();
                components.insert(name.to_owned(), main);
            }
        };
        assert_found(redis(), rename("cache"), &[]);
        assert_found(redis(), rename("Cache"), &["Error Name components[\"Cache\"]"]);
        let long = "twenty-three-characters";
        assert_found(redis(), rename(long), &["Error Name components[\"twenty-three-characters\"]"]);
    }

    #[test]
    fn replicas_are_counted() {
        const AT: &str = "components[\"main\"].replicas";
        let etcd = || cluster("etcd", "etcd-v3.5.6", "etcd");
        let mariadb = || cluster("mariadb", "mariadb", "mariadb-compdef");
        for (input, replicas, found) in [
            (redis(), 0, None),
            (redis(), -1, Some("Error Replicas")),
            (redis(), i64::from(i32::MAX) + 1, Some("Error Replicas")),
            (redis(), 2, None),
            (etcd(), 0, None),
            (etcd(), 3, None),
            (etcd(), 4, Some("Warning EvenReplicas")),
            (mariadb(), 1, None),
            (mariadb(), 2, Some("Warning Unsupported")),
        ] {
            let found = found.map(|found| format!("{found} {AT}"));
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            assert_found(input, |c| main(c).replicas = Field::Known(replicas), &found);
        }
    }

    #[test]
    fn volumes_must_be_mounted() {
        let put = |name: &'static str, volume: VolumeInput| {
            move |c: &mut ClusterInput| {
                main(c).volumes.insert(name.to_owned(), volume.clone());
            }
        };
        let sized = |size: &str| VolumeInput { size: size.into(), ..VolumeInput::default() };
        let modes = |mode: &str| VolumeInput {
            access_modes: Field::Known(BTreeSet::from([mode.to_owned()])),
            ..VolumeInput::default()
        };
        assert_found(redis(), put("data", sized("1Ti")), &[]);
        assert_found(redis(), put("data", modes("ReadWriteMany")), &[]);
        for (name, volume, found) in [
            ("dta", sized("1Gi"), "Error UnknownVolume components[\"main\"].volumes[\"dta\"]"),
            ("data", sized("1GB"), "Error Quantity components[\"main\"].volumes[\"data\"].size"),
            ("data", sized("-1Gi"), "Error Quantity components[\"main\"].volumes[\"data\"].size"),
            ("data", sized("0"), "Error Quantity components[\"main\"].volumes[\"data\"].size"),
            ("data", sized("20"), "Warning SuspiciousQuantity components[\"main\"].volumes[\"data\"].size"),
            ("data", modes("RWO"), "Error UnknownValue components[\"main\"].volumes[\"data\"].access_modes"),
        ] {
            assert_found(redis(), put(name, volume), &[found]);
        }
        let vtgate = cluster("apecloud-mysql", "ac-mysql-8.0.30", "vtgate");
        assert_found(vtgate, |_| {}, &["Warning UnknownVolume components[\"main\"].volumes[\"data\"]"]);
    }

    #[test]
    fn logs_parameters_and_metrics_must_be_there() {
        let elasticsearch = || cluster("elasticsearch", "elasticsearch-8.8.2", "elasticsearch");
        let parameters = |name: &'static str| {
            move |c: &mut ClusterInput| main(c).parameters = BTreeSet::from([name.to_owned()])
        };
        assert_found(redis(), |c| main(c).logs = vec!["running".into(), Field::Unknown], &[]);
        assert_found(
            redis(),
            |c| main(c).logs = vec!["running".into(), "slow".into()],
            &["Error UnknownLog components[\"main\"].logs[1]"],
        );
        let mysql = cluster("mysql", "mysql-8.0.33", "mysql");
        let found = "Warning Unsupported components[\"main\"].logs";
        assert_found(mysql, |c| main(c).logs = vec!["error".into()], &[found]);

        assert_found(redis(), parameters("redis-replication-config"), &[]);
        assert_found(redis(), parameters("redis-replication-config/redis.conf"), &[]);
        let found = "Error UnknownConfigSpec components[\"main\"].parameters[\"redis-config\"]";
        assert_found(redis(), parameters("redis-config"), &[found]);
        let found = "Error Unsupported components[\"main\"].parameters";
        assert_found(elasticsearch(), parameters("elasticsearch-config-template"), &[found]);

        assert_found(redis(), |c| main(c).monitor = Field::Known(true), &[]);
        let found = "Warning Unsupported components[\"main\"].monitor";
        assert_found(elasticsearch(), |c| main(c).monitor = Field::Known(true), &[found]);
        assert_found(elasticsearch(), |c| main(c).monitor = Field::Known(false), &[]);
    }

    #[test]
    fn certificates_have_an_issuer_that_fits() {
        for (issuer, secret, found) in [
            (Field::Absent, Field::Absent, None),
            ("KubeBlocks".into(), Field::Absent, None),
            ("KubeBlocks".into(), Field::Known(()), Some("Warning Ignored components[\"main\"].tls.secret")),
            ("UserProvided".into(), Field::Known(()), None),
            ("UserProvided".into(), Field::Unknown, None),
            ("UserProvided".into(), Field::Absent, Some("Error Missing components[\"main\"].tls.secret")),
            (Field::Unknown, Field::Absent, None),
            ("kubeblocks".into(), Field::Absent, Some("Error UnknownValue components[\"main\"].tls.issuer")),
        ] {
            let tls = TlsInput { issuer, secret };
            let found: Vec<&str> = found.into_iter().collect();
            assert_found(redis(), |c| main(c).tls = Some(tls.clone()), &found);
        }
    }
}
