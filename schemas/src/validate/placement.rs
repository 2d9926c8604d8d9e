//! Checks of where instances run: affinity and tolerations.

use std::collections::BTreeSet;

use super::{AffinityInput, Path, ProblemKind, Problems, TolerationInput};
use crate::names::{check_label_key, check_label_value};
use crate::v1alpha1::{PodAntiAffinity, Tenancy};

const OPERATORS: &[&str] = &["Equal", "Exists"];
const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn check_affinity(problems: &mut Problems, path: &Path, affinity: Option<&AffinityInput>) {
    let Some(affinity) = affinity else { return };
    problems.check_value(
        &path.attribute("pod_anti_affinity"),
        "pod anti-affinity",
        &affinity.pod_anti_affinity,
        PodAntiAffinity::KNOWN,
    );
    problems.check_value(&path.attribute("tenancy"), "tenancy", &affinity.tenancy, Tenancy::KNOWN);
    let keys = path.attribute("topology_keys");
    let mut seen = BTreeSet::new();
    for (index, key) in affinity.topology_keys.iter().enumerate() {
        let Some(key) = key.known() else { continue };
        let at = keys.index(index);
        if let Err(error) = check_label_key(key) {
            problems.error(&at, ProblemKind::Name, error, "write for example kubernetes.io/hostname");
        }
        if !seen.insert(key) {
            let message = format!("topology key {key:?} is there twice");
            problems.error(&at, ProblemKind::Conflict, message, "leave one out");
        }
    }
    for (key, value) in &affinity.node_labels {
        let at = path.attribute("node_labels").key(key);
        if let Err(error) = check_label_key(key) {
            problems.error(&at, ProblemKind::Name, error, "use a label that nodes have");
        }
        // Commas separate values of which any will do.
        for part in value.known().into_iter().flat_map(|value| value.split(',')) {
            if let Err(error) = check_label_value(part.trim()) {
                problems.error(&at, ProblemKind::Name, error, "use a value that nodes have");
            }
        }
    }
}

pub(super) fn check_tolerations(problems: &mut Problems, path: &Path, tolerations: &[TolerationInput]) {
    for (index, toleration) in tolerations.iter().enumerate() {
        check_toleration(problems, &path.index(index), toleration);
    }
}

fn check_toleration(problems: &mut Problems, path: &Path, toleration: &TolerationInput) {
    let operator_at = path.attribute("operator");
    problems.check_value(&operator_at, "operator", &toleration.operator, OPERATORS);
    problems.check_value(&path.attribute("effect"), "effect", &toleration.effect, EFFECTS);
    if let Some(key) = toleration.key.known()
        && let Err(error) = check_label_key(key)
    {
        problems.error(&path.attribute("key"), ProblemKind::Name, error, "use the key of a taint");
    }
    let exists = toleration.operator.known().map(String::as_str) == Some("Exists");
    let known = !toleration.operator.is_unknown();
    let value_at = path.attribute("value");
    if let Some(value) = toleration.value.known() {
        if exists && !value.is_empty() {
            let message = "operator Exists takes no value";
            problems.error(&value_at, ProblemKind::Conflict, message, "leave the value out, or use Equal");
        } else if let Err(error) = check_label_value(value) {
            problems.error(&value_at, ProblemKind::Name, error, "use the value of a taint");
        }
    }
    if toleration.key.is_absent() && known && !exists {
        problems.error(
            &path.attribute("key"),
            ProblemKind::Missing,
            "operator Equal needs a key",
            "name the key of the taint, or use the operator Exists to accept every taint",
        );
    }
    let effect = toleration.effect.known().map(String::as_str);
    let other_effect = !toleration.effect.is_unknown() && effect != Some("NoExecute");
    if !toleration.toleration_seconds.is_absent() && other_effect {
        problems.error(
            &path.attribute("toleration_seconds"),
            ProblemKind::Conflict,
            "only effect NoExecute can be tolerated for a time",
            "use the effect NoExecute, or leave the seconds out",
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{assert_found, main, redis};
    use super::super::{AffinityInput, Field, TolerationInput};

    #[test]
    fn affinity_is_checked_for_the_cluster_and_for_each_component() {
        let affinity = |policy: &str, keys: &[&str], label: &str| AffinityInput {
            pod_anti_affinity: policy.into(),
            topology_keys: keys.iter().map(|key| (*key).into()).collect(),
            node_labels: BTreeMap::from([("pool".to_owned(), label.into())]),
            ..AffinityInput::default()
        };
        let host = "kubernetes.io/hostname";
        for (input, found) in [
            (affinity("Required", &[host], "db"), None),
            (affinity("Required", &[host], "db, cache,web"), None),
            (affinity("required", &[host], "db"), Some("Error UnknownValue affinity.pod_anti_affinity")),
            (affinity("Required", &["host name"], "db"), Some("Error Name affinity.topology_keys[0]")),
            (affinity("Required", &[host, host], "db"), Some("Error Conflict affinity.topology_keys[1]")),
            (affinity("Required", &[], "d b"), Some("Error Name affinity.node_labels[\"pool\"]")),
            (
                AffinityInput { tenancy: "Shared".into(), ..AffinityInput::default() },
                Some("Error UnknownValue affinity.tenancy"),
            ),
        ] {
            let of_cluster: Vec<&str> = found.into_iter().collect();
            assert_found(redis(), |c| c.affinity = Some(input.clone()), &of_cluster);
            let of_component =
                found.map(|found| found.replace(" affinity", " components[\"main\"].affinity"));
            let of_component: Vec<&str> = of_component.as_deref().into_iter().collect();
            assert_found(redis(), |c| main(c).affinity = Some(input.clone()), &of_component);
        }
    }

    #[test]
    fn tolerations_follow_the_rules_of_kubernetes() {
        let base = TolerationInput { key: "dedicated".into(), ..TolerationInput::default() };
        let exists = TolerationInput { operator: "Exists".into(), ..TolerationInput::default() };
        for (input, found) in [
            (TolerationInput { value: "db".into(), effect: "NoSchedule".into(), ..base.clone() }, None),
            (exists.clone(), None),
            (TolerationInput { operator: Field::Unknown, ..TolerationInput::default() }, None),
            (TolerationInput::default(), Some("Error Missing tolerations[0].key")),
            (
                TolerationInput { value: "db".into(), ..exists.clone() },
                Some("Error Conflict tolerations[0].value"),
            ),
            (
                TolerationInput { value: "d b".into(), ..base.clone() },
                Some("Error Name tolerations[0].value"),
            ),
            (TolerationInput { key: "a b".into(), ..base.clone() }, Some("Error Name tolerations[0].key")),
            (
                TolerationInput { operator: "equal".into(), ..base.clone() },
                Some("Error UnknownValue tolerations[0].operator"),
            ),
            (
                TolerationInput { effect: "Never".into(), ..base.clone() },
                Some("Error UnknownValue tolerations[0].effect"),
            ),
            (
                TolerationInput { toleration_seconds: Field::Known(30), ..base.clone() },
                Some("Error Conflict tolerations[0].toleration_seconds"),
            ),
            (
                TolerationInput {
                    toleration_seconds: Field::Known(30),
                    effect: "NoExecute".into(),
                    ..base.clone()
                },
                None,
            ),
        ] {
            let found: Vec<&str> = found.into_iter().collect();
            assert_found(redis(), |c| c.tolerations = vec![input.clone()], &found);
        }
    }
}
