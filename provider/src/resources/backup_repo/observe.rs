//! From the live `BackupRepo` to state, in the shape of the configuration. Pure; the reverse is `build`.
//!
//! Only what is written is shown, and what is ours by the API server's records. The keys are never read: of them, the
//! annotation with their version is.

use std::collections::BTreeMap;

use kubeblocks_schemas::v1alpha1::BackupRepo;
use kubeblocks_schemas::v1alpha1::backup_repo::BackupRepoPhase;
use tfplugin::typed::Value;

use super::build::{DEFAULT, VERSION};
use super::schema::{BackupRepoState, Map};
use crate::resources::cluster::build::known_entries;
use crate::resources::cluster::claims::{Place, Step};
use crate::resources::cluster::equality::same_quantity;

/// What `object` shows, beside `prior`. Attributes that the object does not tell are those of `prior`.
pub fn repo(prior: &BackupRepoState, object: &BackupRepo, root: &Place<'_>) -> BackupRepoState {
    let spec = root.field("spec");
    BackupRepoState {
        kubernetes: prior.kubernetes.clone(),
        name: object.metadata.name.clone().into(),
        storage_provider: Value::Known(object.spec.storage_provider_ref.clone()),
        config: config(&prior.config, &object.spec.config, &spec.field("config")),
        credentials_wo: Value::Null,
        credentials_wo_version: annotation(object, VERSION).and_then(|version| version.parse().ok()).into(),
        // Without one the API server takes this.
        access_method: Value::Known(
            object.spec.access_method.as_ref().map_or("Mount", |method| method.as_str()).to_owned(),
        ),
        pv_reclaim_policy: Value::Known(object.spec.pv_reclaim_policy.to_string()),
        volume_capacity: match (&prior.volume_capacity, &object.spec.volume_capacity) {
            (Value::Known(prior), Some(live)) if same_quantity(prior, &live.0) => Value::Known(prior.clone()),
            (prior, Some(live)) if !prior.is_null() || spec.owns(Step::Field("volumeCapacity")) => {
                Value::Known(live.0.clone())
            }
            (_, Some(_) | None) => Value::Null,
        },
        is_default: Value::Known(is_default(object)),
        timeouts: prior.timeouts.clone(),
        id: object.metadata.name.clone().into(),
        phase: phase(object).map(str::to_owned).into(),
    }
}

/// Whether backups that name no repository go there.
pub fn is_default(object: &BackupRepo) -> bool {
    annotation(object, DEFAULT).is_some_and(|value| value == "true")
}

/// Whether backups can go there.
pub fn is_ready(object: &BackupRepo) -> bool {
    let phase = object.status.as_ref().and_then(|status| status.phase.as_ref());
    phase == Some(&BackupRepoPhase::Ready)
}

/// The phase, if it is one of the object as it is now.
pub fn phase(object: &BackupRepo) -> Option<&str> {
    let status = object.status.as_ref()?;
    let is_current = match (status.observed_generation, object.metadata.generation) {
        (Some(observed), Some(generation)) => observed >= generation,
        _ => true,
    };
    status
        .phase
        .as_ref()
        .filter(|_| is_current)
        .map(kubeblocks_schemas::v1alpha1::BackupRepoPhase::as_str)
        .filter(|phase| !phase.is_empty())
}

/// An annotation of an object.
pub fn annotation<'a>(object: &'a BackupRepo, key: &str) -> Option<&'a str> {
    object.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// Keys that were written, and those that are ours.
fn config(
    prior: &Value<Map<String>>,
    live: &BTreeMap<String, String>,
    place: &Place<'_>,
) -> Value<Map<String>> {
    let written: Vec<&String> = known_entries(prior).map(|(key, _)| key).collect();
    let mut shown: Map<String> = live
        .iter()
        .filter(|(key, _)| written.contains(key) || place.owns(Step::Field(key)))
        .map(|(key, value)| (key.clone(), Value::Known(value.clone())))
        .collect();
    if shown.is_empty() && written.is_empty() {
        return if prior.is_unknown() { Value::Null } else { prior.clone() };
    }
    // A key that is written as null means the same as none, and stays.
    for (key, _) in prior.known().into_iter().flatten().filter(|(_, value)| value.is_null()) {
        shown.entry(key.clone()).or_insert(Value::Null);
    }
    Value::Known(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::backup_repo::build::{self, SecretPlace};
    use crate::resources::backup_repo::test_support::{s3, stored, text, texts};
    use crate::resources::cluster::claims::{Claims, Everything, Nothing};

    fn live(state: &BackupRepoState) -> BackupRepo {
        let mut object = build::repo(state, Some(&SecretPlace::of("main", "kb-system")));
        object.status = serde_json::from_value(json!({"phase": "Ready", "observedGeneration": 2})).unwrap();
        object.metadata.generation = Some(2);
        object
    }

    fn seen(prior: &BackupRepoState, object: &BackupRepo, claims: &dyn Claims) -> BackupRepoState {
        repo(prior, object, &Place::root(claims))
    }

    #[test]
    fn what_was_applied_is_read_back_and_an_import_finds_the_same() {
        let big =
            BackupRepoState { volume_capacity: text("1Gi"), is_default: Value::Known(true), ..stored() };
        for state in [stored(), big] {
            assert_eq!(seen(&state, &live(&state), &Nothing), state);
            let stub = BackupRepoState { name: text("main"), ..BackupRepoState::default() };
            assert_eq!(seen(&stub, &live(&state), &Everything), state);
        }
        let same = BackupRepoState { volume_capacity: text("1024Mi"), ..stored() };
        let other_form = BackupRepoState { volume_capacity: text("1Gi"), ..stored() };
        assert_eq!(seen(&same, &live(&other_form), &Nothing), same);
        let empty = BackupRepoState { config: texts([]), ..stored() };
        assert_eq!(seen(&empty, &live(&empty), &Nothing), empty);
    }

    #[test]
    fn changes_by_others_show_where_they_are_in_what_is_written() {
        let mut object = live(&s3());
        object.spec.config = [("bucket", "other"), ("mountOptions", "theirs")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        object.metadata.annotations.as_mut().unwrap().insert(DEFAULT.to_owned(), "true".to_owned());
        let shown = seen(&stored(), &object, &Nothing);
        assert_eq!(shown.config, texts([("bucket", "other")]));
        assert_eq!(shown.is_default, Value::Known(true));
        object.metadata.annotations = None;
        let shown = seen(&stored(), &object, &Nothing);
        assert_eq!((shown.is_default, shown.credentials_wo_version), (Value::Known(false), Value::Null));
    }

    #[test]
    fn a_phase_of_before_the_last_change_is_none() {
        let mut object = live(&s3());
        object.metadata.generation = Some(3);
        assert_eq!(seen(&stored(), &object, &Nothing).phase, Value::Null);
        object.status = None;
        assert_eq!(seen(&stored(), &object, &Nothing).phase, Value::Null);
    }
}
