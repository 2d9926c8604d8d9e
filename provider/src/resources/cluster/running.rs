//! `running`: a database is stopped by 0 replicas of every component, and started by the replicas that are written. Pure.
//!
//! Both directions are edits of the Cluster. While the database is stopped by us, the object bears the note that an
//! `OpsRequest` of type Stop leaves, so that `kbcli cluster start` works on it as well; on a running one such a note is out
//! of date, would make the next Stop wait for ever, and is removed.

use std::collections::BTreeMap;

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::typed::Value;

use super::build;
use super::schema::ClusterState;
use crate::kubeblocks::naming::SNAPSHOT_FOR_START_ANNOTATION;
use crate::kubernetes::error::FieldConflict;
use crate::kubernetes::ownership::{FieldPath, FieldStep};

/// Whether the state asks for a stopped database.
pub fn is_stopped(state: &ClusterState) -> bool {
    state.running == Value::Known(false)
}

/// The note that tells a start how many instances each component had.
pub fn note(state: &ClusterState) -> Option<(String, String)> {
    if !is_stopped(state) {
        return None;
    }
    let replicas: BTreeMap<&String, i64> = build::known_entries(&state.components)
        .map(|(name, component)| (name, component.replicas.known().copied().unwrap_or(1)))
        .collect();
    let text = serde_json::to_string(&replicas).unwrap_or_default();
    Some((SNAPSHOT_FOR_START_ANNOTATION.to_owned(), text))
}

/// The replicas of an object's note, by component.
pub fn noted(object: &Cluster) -> Option<BTreeMap<String, i64>> {
    let text = object.metadata.annotations.as_ref()?.get(SNAPSHOT_FOR_START_ANNOTATION)?;
    serde_json::from_str(text).ok()
}

/// What a live object shows of `running`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Whether instances are wanted.
    pub running: bool,
    /// Of a stopped database: the replicas that a start brings back, by component.
    pub kept: BTreeMap<String, i64>,
}

/// Reads `running` off an object. A database whose components all have 0 replicas is stopped, unless that is what is
/// written for a running one.
pub fn observe(prior: &ClusterState, object: &Cluster) -> Observed {
    let specs = &object.spec.component_specs;
    let all_zero = !specs.is_empty() && specs.iter().all(|spec| spec.replicas == Some(0));
    let written: BTreeMap<String, i64> = build::known_entries(&prior.components)
        .map(|(name, component)| (name.clone(), component.replicas.known().copied().unwrap_or(1)))
        .collect();
    let is_import = prior.definition.is_null();
    let is_zero_as_written =
        !is_import && !is_stopped(prior) && written.values().all(|replicas| *replicas == 0);
    if !all_zero || is_zero_as_written {
        return Observed { running: true, kept: BTreeMap::new() };
    }
    let mut kept = written;
    kept.extend(noted(object).unwrap_or_default());
    Observed { running: false, kept }
}

/// Whether a field is one that stopping and starting set: whoever did that last owns it, and the next one takes it over.
pub fn is_of_a_stop(conflict: &FieldConflict) -> bool {
    let field = conflict.field.trim_start_matches('.');
    if field.strip_prefix("metadata.annotations.") == Some(SNAPSHOT_FOR_START_ANNOTATION) {
        return true;
    }
    let Some(FieldPath(steps)) = FieldPath::parse(&format!(".{field}")) else { return false };
    let is = |step: &FieldStep, wanted: &str| matches!(step, FieldStep::Field(name) if name == wanted);
    matches!(&steps[..], [spec, list, FieldStep::Key(_), replicas]
        if is(spec, "spec") && is(list, "componentSpecs") && is(replicas, "replicas"))
}

/// Whether what somebody set is that there are no annotations, as one does who removes the last one. It stands against
/// every annotation, and is meant against none.
pub fn is_of_no_annotation(conflict: &FieldConflict) -> bool {
    conflict.field.trim_start_matches('.') == "metadata.annotations"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis_and_sentinel};

    fn stopped() -> ClusterState {
        ClusterState { running: Value::Known(false), ..redis_and_sentinel() }
    }

    fn replicas(object: &Cluster) -> Vec<Option<i32>> {
        object.spec.component_specs.iter().map(|spec| spec.replicas).collect()
    }

    #[test]
    fn a_stop_is_sent_with_the_note_that_a_start_of_kbcli_reads() {
        let object = build::cluster(&stopped());
        assert_eq!(replicas(&object), [Some(0), Some(0)]);
        assert_eq!(
            object.metadata.annotations.unwrap()[SNAPSHOT_FOR_START_ANNOTATION],
            r#"{"redis":2,"sentinel":3}"#
        );
        let object = build::cluster(&redis_and_sentinel());
        assert_eq!((replicas(&object), object.metadata.annotations), (vec![Some(2), Some(3)], None));
    }

    #[test]
    fn a_stopped_database_keeps_its_replicas_and_a_note_goes_before_what_was_written() {
        let kept = |pairs: [(&str, i64); 2]| Observed {
            running: false,
            kept: pairs.map(|(name, count)| (name.to_owned(), count)).into(),
        };
        let live = build::cluster(&stopped());
        assert_eq!(observe(&stopped(), &live), kept([("redis", 2), ("sentinel", 3)]));
        assert_eq!(
            observe(&redis_and_sentinel(), &live),
            kept([("redis", 2), ("sentinel", 3)]),
            "stopped outside"
        );
        let mut noted = live.clone();
        let note = r#"{"redis":5,"sentinel":3}"#.to_owned();
        noted.metadata.annotations = Some([(SNAPSHOT_FOR_START_ANNOTATION.to_owned(), note)].into());
        assert_eq!(observe(&redis_and_sentinel(), &noted), kept([("redis", 5), ("sentinel", 3)]));
        let mut silent = live;
        silent.metadata.annotations = None;
        assert_eq!(observe(&stopped(), &silent), kept([("redis", 2), ("sentinel", 3)]));
        assert_eq!(
            observe(&ClusterState::default(), &silent),
            Observed { running: false, kept: BTreeMap::new() },
            "an import without a note"
        );
    }

    #[test]
    fn started_outside_or_written_as_zero_it_counts_as_running() {
        let running = Observed { running: true, kept: BTreeMap::new() };
        let live = build::cluster(&redis_and_sentinel());
        assert_eq!(observe(&stopped(), &live), running);
        let mut zero = redis_and_sentinel();
        for name in ["redis", "sentinel"] {
            component_mut(&mut zero, name).replicas = Value::Known(0);
        }
        assert_eq!(observe(&zero, &build::cluster(&zero)), running);
        let mut half = build::cluster(&redis_and_sentinel());
        half.spec.component_specs[0].replicas = Some(0);
        assert_eq!(observe(&redis_and_sentinel(), &half), running);
    }

    #[test]
    fn only_the_fields_of_a_stop_are_taken_over() {
        let conflict = |field: &str| FieldConflict { field: field.to_owned(), manager: "manager".to_owned() };
        for (field, expected) in [
            (r#".spec.componentSpecs[name="redis"].replicas"#, true),
            (".metadata.annotations.kubeblocks.io/snapshot-for-start", true),
            (r#".spec.componentSpecs[name="redis"].resources.limits.cpu"#, false),
            (".spec.terminationPolicy", false),
            (".metadata.annotations.example.com/replicas", false),
        ] {
            assert_eq!(is_of_a_stop(&conflict(field)), expected, "{field}");
            assert!(!is_of_no_annotation(&conflict(field)), "{field}");
        }
        assert!(is_of_no_annotation(&conflict(".metadata.annotations")));
    }
}
