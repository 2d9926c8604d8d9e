//! `restore`: a database that starts from a backup. What fits is decided here, as the operator only finds out half-way:
//! the Backup keeps a copy of the Cluster that was backed up. Reads from the API, judges in a pure part.
//!
//! The operator is asked by an annotation, and removes it when all is restored. So it is written with the create alone,
//! and nothing else is written before it is gone.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kubeblocks_schemas::catalogue::{did_you_mean, suggest};
use kubeblocks_schemas::duration::parse_restore_time;
use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::v1alpha1::backup::{BackupPhase, TimeRange};
use kubeblocks_schemas::v1alpha1::{Backup, Cluster, ComponentSpec, VolumeClaimTemplate};
use serde_json::{Map as JsonMap, Value as Json};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;

use super::installed::Moment;
use super::schema::{ClusterState, Restore};
use super::{build, names};
use crate::kubeblocks::naming::{
    self, CLUSTER_SNAPSHOT_ANNOTATION, COMPONENT_LABEL, CONNECTION_PASSWORD_ANNOTATION, RESTORE_ANNOTATION,
};
use crate::kubernetes::{Client, Error};

const CANNOT_RESTORE: &str = "Cannot restore from this backup";
/// How the two ways to restore volumes are called.
pub const VOLUME_POLICIES: [&str; 2] = ["Parallel", "Serial"];

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    backup: Option<Backup>,
    /// Names of the namespace's backups; only read when the wanted one is missing.
    others: Vec<String>,
}

/// Looks for the backup that a new database is to start from.
pub async fn find(client: &Client, state: &ClusterState) -> Result<Option<Found>, Error> {
    let (namespace, _) = names(state);
    let Some(name) = state.restore.known().and_then(|restore| restore.backup.known()) else {
        return Ok(None);
    };
    let backup = client.get_opt::<Backup>(Some(&namespace), name).await?;
    let mut found = Found { backup, others: Vec::new() };
    if found.backup.is_none() {
        let all: Vec<Backup> = client.list(Some(&namespace), None).await?;
        found.others = all.iter().map(ResourceExt::name_any).collect();
    }
    Ok(Some(found))
}

/// What stands against the restore.
pub fn judge(state: &ClusterState, found: &Found, moment: Moment) -> Diagnostics {
    let Some(restore) = state.restore.known() else { return Diagnostics::new() };
    let at = |attribute: &str| Path::attribute("restore").then_attribute(attribute);
    let refuse =
        |path: Path, detail: String| Diagnostics::from(Diagnostic::error(CANNOT_RESTORE, detail).at(path));
    let Some(backup) = &found.backup else {
        return missing(restore, &found.others, moment)
            .map(|found| found.at(at("backup")))
            .into_iter()
            .collect();
    };
    if let Some(detail) = incomplete(backup, moment) {
        return refuse(at("backup"), detail);
    }
    let component = match component(state, restore, backup) {
        Ok(component) => component,
        Err((attribute, detail)) => return refuse(at(attribute), detail),
    };
    let mut findings = Diagnostics::new();
    if let Some(source) = source(backup) {
        findings.append(differences(state, &component, &source, &backup.name_any()));
    }
    let range = backup.status.as_ref().and_then(|status| status.time_range.as_ref());
    if let Some(detail) = restore.time.known().and_then(|time| out_of_range(time, range, backup)) {
        findings.push(Diagnostic::error(CANNOT_RESTORE, detail).at(at("time")));
    }
    findings
}

fn missing(restore: &Restore, others: &[String], moment: Moment) -> Option<Diagnostic> {
    let wanted = restore.backup.known()?;
    let near = suggest(wanted, others.iter().map(String::as_str));
    let hint = did_you_mean(wanted, others.iter().map(String::as_str));
    let there = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
    let detail = format!(
        "There is no Backup \"{wanted}\" in the namespace of the database, and KubeBlocks restores from no other one. There are: {there}.{hint}"
    );
    // The same apply may take it.
    if moment == Moment::Plan && near.is_none() {
        return Some(Diagnostic::warning(
            "Backup is not there yet",
            format!("{detail} When the same apply takes it, all is well."),
        ));
    }
    Some(Diagnostic::error(CANNOT_RESTORE, detail))
}

fn incomplete(backup: &Backup, moment: Moment) -> Option<String> {
    let status = backup.status.clone().unwrap_or_default();
    let name = backup.name_any();
    if backup.metadata.deletion_timestamp.is_some() || status.phase == Some(BackupPhase::Deleting) {
        return Some(format!("Backup {name} is being deleted."));
    }
    match status.phase {
        Some(BackupPhase::Completed) => None,
        Some(BackupPhase::Failed) => {
            let why = status.failure_reason.filter(|why| !why.is_empty());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            Some(format!("Backup {name} has failed{why}. Choose a completed one."))
        }
        _ if moment == Moment::Plan => None,
        phase => {
            let phase = phase.map_or_else(|| "not begun".to_owned(), |phase| phase.as_str().to_owned());
            Some(format!("Backup {name} is not complete: it is {phase}. Run the command again when it is."))
        }
    }
}

/// The component whose data a backup holds: as written, else as the backup says.
fn component(
    state: &ClusterState,
    restore: &Restore,
    backup: &Backup,
) -> Result<String, (&'static str, String)> {
    let mine: Vec<&str> = build::known_entries(&state.components).map(|(name, _)| name.as_str()).collect();
    let labelled = backup.labels().get(COMPONENT_LABEL).cloned();
    let (wanted, attribute) = match (restore.component.known(), labelled) {
        (Some(written), _) => (written.clone(), "component"),
        (None, Some(labelled)) => (labelled, "backup"),
        (None, None) => {
            let [only] = mine[..] else {
                let detail = format!(
                    "Backup {} does not say which component's data it holds. Name it: `component` is one of {}.",
                    backup.name_any(),
                    mine.join(", ")
                );
                return Err(("component", detail));
            };
            (only.to_owned(), "backup")
        }
    };
    if mine.contains(&wanted.as_str()) {
        return Ok(wanted);
    }
    let detail = if attribute == "component" {
        let hint = did_you_mean(&wanted, mine.iter().copied());
        format!("The database has no component \"{wanted}\"; it has {}.{hint}", mine.join(", "))
    } else {
        format!(
            "Backup {} holds the data of a component \"{wanted}\", and the database has {}. Give the component that name, or say with `component` which one the data is for.",
            backup.name_any(),
            mine.join(", ")
        )
    };
    Err((attribute, detail))
}

/// The Cluster that was backed up.
fn source(backup: &Backup) -> Option<Cluster> {
    let text = backup.annotations().get(CLUSTER_SNAPSHOT_ANNOTATION)?;
    let mut snapshot: Json = serde_json::from_str(text).ok()?;
    // The copy is written without its kind.
    let object = snapshot.as_object_mut()?;
    object.insert("apiVersion".to_owned(), "apps.kubeblocks.io/v1alpha1".into());
    object.insert("kind".to_owned(), "Cluster".into());
    object.remove("status");
    serde_json::from_value(snapshot).ok()
}

/// Where the new database differs from the one that was backed up so that its data does not fit.
fn differences(state: &ClusterState, component: &str, source: &Cluster, backup: &str) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let mut differ = |path: Path, what: &str, was: &str, is: &str| {
        let detail = format!(
            "Backup {backup} is of a database with the {what} {was}, and this one has {is}. The data would not fit: use {was}."
        );
        findings.push(Diagnostic::error(CANNOT_RESTORE, detail).at(path));
    };
    let spec = &source.spec;
    if let Some(definition) = state.definition.known()
        && *definition != spec.cluster_definition_ref
    {
        differ(Path::attribute("definition"), "definition", &spec.cluster_definition_ref, definition);
        return findings;
    }
    if let (Some(version), Some(was)) = (state.version.known(), &spec.cluster_version_ref)
        && version != was
    {
        differ(Path::attribute("version"), "version", was, version);
    }
    let mine = build::known_entries(&state.components).find(|(name, _)| *name == component);
    let Some((_, mine)) = mine else { return findings };
    let path = Path::attribute("components").then_key(component);
    let mine = build::component_spec(component, mine);
    // Of a component under another name, the one with the same definition.
    let was = spec.component_specs.iter().find(|known| known.name == component);
    let was = was
        .or_else(|| only(&spec.component_specs, |known| known.component_def_ref == mine.component_def_ref));
    let Some(was) = was else { return findings };
    if was.component_def_ref != mine.component_def_ref {
        let (was, is) = (&was.component_def_ref, &mine.component_def_ref);
        differ(path.then_attribute("definition"), "component definition", was, is);
    }
    volumes(&mine, was, &path.then_attribute("volumes"), &mut differ);
    findings
}

fn only<T>(all: &[T], is_wanted: impl Fn(&T) -> bool) -> Option<&T> {
    let mut found = all.iter().filter(|one| is_wanted(one));
    found.next().filter(|_| found.next().is_none())
}

fn volumes(
    mine: &ComponentSpec,
    was: &ComponentSpec,
    path: &Path,
    differ: &mut impl FnMut(Path, &str, &str, &str),
) {
    let sizes = |spec: &ComponentSpec| -> BTreeMap<String, Option<Quantity>> {
        let size = |claim: &VolumeClaimTemplate| {
            let requests = &claim.spec.as_ref()?.resources.as_ref()?.requests;
            requests.get("storage")?.0.parse::<Quantity>().ok()
        };
        spec.volume_claim_templates.iter().map(|claim| (claim.name.clone(), size(claim))).collect()
    };
    let (mine, was) = (sizes(mine), sizes(was));
    let text = |sizes: &BTreeMap<String, Option<Quantity>>| {
        let names: Vec<&str> = sizes.keys().map(String::as_str).collect();
        if names.is_empty() { "no volumes".to_owned() } else { format!("volumes {}", names.join(", ")) }
    };
    if mine.keys().ne(was.keys()) {
        differ(path.clone(), "", &text(&was), &text(&mine));
        return;
    }
    for (name, size) in &mine {
        if let (Some(size), Some(Some(before))) = (size, was.get(name))
            && size < before
        {
            let path = path.then_key(name).then_attribute("size");
            differ(path, &format!("volume {name} of"), &before.to_string(), &size.to_string());
        }
    }
}

fn out_of_range(time: &str, range: Option<&TimeRange>, backup: &Backup) -> Option<String> {
    let wanted = parse_restore_time(time).ok()?;
    let bounds = range.and_then(|range| Some((range.start.as_ref()?.0, range.end.as_ref()?.0)));
    match bounds {
        Some((start, end)) if start <= wanted && wanted <= end => None,
        Some((start, end)) => Some(format!(
            "Backup {} goes from {start} to {end}, and {time} is not in between.",
            backup.name_any()
        )),
        None => Some(format!(
            "Backup {} tells no time range: it is of one moment only. KubeBlocks 0.7 makes no continuous backups; they need a controller of yours that keeps the logs of changes. Leave `time` out to restore the moment of the backup.",
            backup.name_any()
        )),
    }
}

/// The annotation that asks for the restore, once nothing stands against it.
pub fn annotation(state: &ClusterState, found: &Found) -> Option<(String, String)> {
    let (restore, backup) = (state.restore.known()?, found.backup.as_ref()?);
    let component = component(state, restore, backup).ok()?;
    let text = |value: &str| Json::String(value.to_owned());
    let mut wanted = JsonMap::new();
    wanted.insert("name".to_owned(), text(&backup.name_any()));
    wanted.insert("namespace".to_owned(), text(&backup.namespace().unwrap_or_default()));
    let policy = restore.volume_policy.known().map_or(VOLUME_POLICIES[0], String::as_str);
    wanted.insert("volumeRestorePolicy".to_owned(), text(policy));
    if let Some(time) = restore.time.known() {
        wanted.insert("restoreTime".to_owned(), text(time));
    }
    // Encrypted by the operator, which would else give the new database another password than its data has.
    if let Some(password) = backup.annotations().get(CONNECTION_PASSWORD_ANNOTATION) {
        wanted.insert("connectionPassword".to_owned(), text(password));
    }
    let all = JsonMap::from_iter([(component, Json::Object(wanted))]);
    Some((RESTORE_ANNOTATION.to_owned(), Json::Object(all).to_string()))
}

/// Whether the operator is still restoring.
pub fn is_going_on(object: &Cluster) -> bool {
    object.annotations().contains_key(RESTORE_ANNOTATION)
}

/// A warning when the Secret of the restored database does not hold the password that the data has. What cannot be read
/// or compared says nothing.
pub async fn check_password(client: &Client, state: &ClusterState, found: &Found) -> Option<Diagnostic> {
    let (namespace, name) = names(state);
    let backup = found.backup.as_ref()?;
    let secret = naming::connection_secret(&name);
    let told = |why: &str| {
        Diagnostic::warning(
            "Password of the restored database may be another one",
            format!(
                "{why} So the Secret {namespace}/{secret} may hold another password than the data has. Log in with the password of the database that was backed up, and set it anew."
            ),
        )
        .at(Path::attribute("restore").then_attribute("backup"))
    };
    let mine = password(client, &namespace, &secret).await?;
    if !backup.annotations().contains_key(CONNECTION_PASSWORD_ANNOTATION) {
        return Some(told(&format!("Backup {} does not carry the password.", backup.name_any())));
    }
    let source = source(backup)?.name_any();
    let theirs = password(client, &namespace, &naming::connection_secret(&source)).await?;
    (mine != theirs && source != name).then(|| {
        told(&format!(
            "The password of {namespace}/{source} is another one now than when Backup {} was taken, or the operator's encryption key has changed.",
            backup.name_any()
        ))
    })
}

async fn password(client: &Client, namespace: &str, name: &str) -> Option<Vec<u8>> {
    let secret = client.get_opt::<Secret>(Some(namespace), name).await.ok()??;
    Some(secret.data?.get("password")?.0.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tfplugin::diagnostic::Severity;
    use tfplugin::typed::Value;

    use super::*;
    use crate::resources::cluster::test_support::{
        component_mut, redis, redis_and_sentinel, text, volume_mut,
    };

    fn state() -> ClusterState {
        let restore = Restore { backup: text("b1"), ..Restore::default() };
        ClusterState { name: text("copy"), restore: Value::Known(restore), ..redis() }
    }

    fn backup(change: impl Fn(&mut Json)) -> Found {
        let mut source = serde_json::to_value(build::cluster(&redis())).unwrap();
        source.as_object_mut().unwrap().remove("kind");
        source.as_object_mut().unwrap().remove("apiVersion");
        source["status"] = json!({});
        let mut object = json!({
            "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "Backup",
            "metadata": {
                "name": "b1", "namespace": "shop", "labels": {COMPONENT_LABEL: "redis"},
                "annotations": {
                    CLUSTER_SNAPSHOT_ANNOTATION: source.to_string(),
                    CONNECTION_PASSWORD_ANNOTATION: "cipher",
                },
            },
            "spec": {"backupPolicyName": "p", "backupMethod": "datafile"},
            "status": {"phase": "Completed"},
        });
        change(&mut object);
        Found { backup: Some(serde_json::from_value(object).unwrap()), others: Vec::new() }
    }

    fn found(state: &ClusterState, found: &Found, moment: Moment) -> Vec<(Severity, String)> {
        let findings = judge(state, found, moment);
        findings.iter().map(|one| (one.severity, one.path.as_ref().unwrap().to_string())).collect()
    }

    #[test]
    fn a_backup_that_fits_is_asked_for_with_its_password() {
        assert!(found(&state(), &backup(|_| {}), Moment::Apply).is_empty());
        let (name, text) = annotation(&state(), &backup(|_| {})).unwrap();
        assert_eq!(name, RESTORE_ANNOTATION);
        assert_eq!(
            serde_json::from_str::<Json>(&text).unwrap(),
            json!({"redis": {
                "name": "b1", "namespace": "shop", "volumeRestorePolicy": "Parallel", "connectionPassword": "cipher"
            }})
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_attribute() {
        type Change = fn(&mut ClusterState);
        let table: Vec<(&str, Change, &str)> = vec![
            ("definition", |state| state.definition = text("kafka"), "definition"),
            ("version", |state| state.version = text("redis-8"), "version"),
            (
                "smaller volume",
                |state| volume_mut(state, "redis", "data").size = text("1Gi"),
                r#"components["redis"].volumes["data"].size"#,
            ),
            (
                "other volumes",
                |state| component_mut(state, "redis").volumes = Value::Null,
                r#"components["redis"].volumes"#,
            ),
            (
                "component definition",
                |state| component_mut(state, "redis").definition = text("redis-sentinel"),
                r#"components["redis"].definition"#,
            ),
            (
                "component",
                |state| state.restore.known_mut().unwrap().component = text("rediss"),
                "restore.component",
            ),
            (
                "moment",
                |state| state.restore.known_mut().unwrap().time = text("2026-01-01T00:00:00Z"),
                "restore.time",
            ),
        ];
        for (case, change, path) in table {
            let mut state = state();
            change(&mut state);
            let found = found(&state, &backup(|_| {}), Moment::Plan);
            assert_eq!(found, [(Severity::Error, path.to_owned())], "{case}");
        }
        let larger = |state: &mut ClusterState| volume_mut(state, "redis", "data").size = text("1Ti");
        let mut fine = state();
        larger(&mut fine);
        assert!(found(&fine, &backup(|_| {}), Moment::Plan).is_empty());
    }

    #[test]
    fn a_moment_must_be_in_the_range_of_the_backup() {
        let range = |backup: &mut Json| {
            backup["status"]["timeRange"] =
                json!({"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"});
        };
        for (time, fits) in [("2026-01-01T12:00:00Z", true), ("2026-01-03T00:00:00Z", false)] {
            let mut state = state();
            state.restore.known_mut().unwrap().time = text(time);
            assert_eq!(found(&state, &backup(range), Moment::Plan).is_empty(), fits, "{time}");
        }
    }

    #[test]
    fn a_backup_must_be_complete_when_it_is_needed() {
        let phase = |phase: &'static str| backup(move |backup| backup["status"]["phase"] = phase.into());
        for (phase_, at_plan, at_apply) in
            [("Completed", 0, 0), ("Running", 0, 1), ("New", 0, 1), ("Failed", 1, 1), ("Deleting", 1, 1)]
        {
            assert_eq!(found(&state(), &phase(phase_), Moment::Plan).len(), at_plan, "{phase_}");
            assert_eq!(found(&state(), &phase(phase_), Moment::Apply).len(), at_apply, "{phase_}");
        }
    }

    #[test]
    fn one_that_is_not_there_may_come_unless_it_is_a_slip() {
        let none = |others: &[&str]| Found {
            backup: None,
            others: others.iter().map(|name| (*name).to_owned()).collect(),
        };
        let path = "restore.backup".to_owned();
        assert_eq!(found(&state(), &none(&[]), Moment::Plan), [(Severity::Warning, path.clone())]);
        assert_eq!(found(&state(), &none(&["b11"]), Moment::Apply), [(Severity::Error, path)]);
    }

    #[test]
    fn the_component_is_found_by_its_label_or_must_be_named() {
        let unlabelled = backup(|backup| backup["metadata"]["labels"] = json!({}));
        assert!(found(&state(), &unlabelled, Moment::Plan).is_empty(), "the only one");
        let two = ClusterState { restore: state().restore, ..redis_and_sentinel() };
        assert_eq!(found(&two, &unlabelled, Moment::Plan)[0].1, "restore.component");
        let other = backup(|backup| backup["metadata"]["labels"][COMPONENT_LABEL] = "main".into());
        assert_eq!(found(&state(), &other, Moment::Plan)[0].1, "restore.backup");
    }
}
