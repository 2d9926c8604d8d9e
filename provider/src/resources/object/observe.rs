//! From a live object to what state shows of it: the live values at the places that are written. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value as Json};

use super::equality::{Rule, is_empty};
use super::values::without_nulls;
use crate::kubernetes::ownership::{FieldPath, FieldStep, Ownership};

/// The written object with the live values in it. What means the same stays as it is written; what is gone is left out;
/// what is not written is not looked at.
///
/// `ours` tells which lists are maps by keys, and which are sets; without it lists are compared by position.
pub fn observe(written: &Json, live: &Json, ours: Option<&Ownership>) -> Json {
    let fields = ours.map(Ownership::fields).unwrap_or_default();
    let beneath: Vec<&[FieldStep]> = fields.iter().map(|FieldPath(steps)| steps.as_slice()).collect();
    let place = Place { parent: "", name: "", beneath };
    // The names of an object cannot change; `apiVersion` comes back as it was asked for.
    place.value(written, Some(live)).unwrap_or_default()
}

/// A place in an object, with what the server says of the fields beneath it.
struct Place<'a> {
    parent: &'a str,
    name: &'a str,
    beneath: Vec<&'a [FieldStep]>,
}

/// How the elements of a list are told apart.
#[derive(Debug, PartialEq, Eq)]
enum ListKind {
    ByPosition,
    ByKeys(Vec<String>),
    Set,
}

impl<'a> Place<'a> {
    fn field(&self, name: &'a str) -> Place<'a> {
        let below = |steps: &&'a [FieldStep]| match steps.split_first() {
            Some((FieldStep::Field(field), rest)) if field == name => Some(rest),
            _ => None,
        };
        Place { parent: self.name, name, beneath: self.beneath.iter().filter_map(below).collect() }
    }

    /// An element of this list. Elements of a list by keys have the same fields beneath them, each its own.
    fn element(&self, is_it: impl Fn(&FieldStep) -> bool) -> Place<'a> {
        let below = |steps: &&'a [FieldStep]| match steps.split_first() {
            Some((step, rest)) if is_it(step) => Some(rest),
            _ => None,
        };
        Place {
            parent: self.parent,
            name: self.name,
            beneath: self.beneath.iter().filter_map(below).collect(),
        }
    }

    fn list_kind(&self) -> ListKind {
        let steps = || self.beneath.iter().filter_map(|steps| steps.first());
        let keys = steps().find_map(|step| match step {
            FieldStep::Key(keys) => Some(keys.keys().cloned().collect()),
            _ => None,
        });
        match keys {
            Some(keys) => ListKind::ByKeys(keys),
            None if steps().any(|step| matches!(step, FieldStep::Element(_))) => ListKind::Set,
            None => ListKind::ByPosition,
        }
    }

    /// What is to be shown; `None` when it is gone.
    fn value(&self, written: &'a Json, live: Option<&Json>) -> Option<Json> {
        // Written as null: not ours to look at.
        if written.is_null() {
            return Some(Json::Null);
        }
        let Some(live) = live.filter(|live| !live.is_null()) else {
            return is_empty(written).then(|| written.clone());
        };
        Some(match (written, live) {
            (Json::Object(written), Json::Object(live)) => {
                let part = |(name, written): (&'a String, &'a Json)| {
                    Some((name.clone(), self.field(name).value(written, live.get(name))?))
                };
                Json::Object(written.iter().filter_map(part).collect())
            }
            (Json::Array(written), Json::Array(live)) => Json::Array(self.list(written, live)),
            (written, live) if Rule::of(self.parent, self.name).same(written, live) => written.clone(),
            (_, live) => live.clone(),
        })
    }

    fn list(&self, written: &'a [Json], live: &[Json]) -> Vec<Json> {
        match self.list_kind() {
            // Elements that are not written belong to others.
            ListKind::Set => {
                let rule = Rule::of(self.parent, self.name);
                let is_there = |element: &&Json| live.iter().any(|live| rule.same(element, live));
                written.iter().filter(is_there).cloned().collect()
            }
            ListKind::ByKeys(names) => {
                let shown = |element: &'a Json| {
                    let found = live.iter().find(|live| same_keys(&names, element, live));
                    let place = self.element(|step| is_key_of(step, element));
                    found.and_then(|found| place.value(element, Some(found)))
                };
                written.iter().filter_map(shown).collect()
            }
            ListKind::ByPosition => {
                let nothing = |_: &FieldStep| false;
                let shown = |(index, live): (usize, &Json)| match written.get(index) {
                    Some(written) => self.element(nothing).value(written, Some(live)).unwrap_or_default(),
                    None => live.clone(),
                };
                live.iter().enumerate().map(shown).collect()
            }
        }
    }
}

/// Whether two elements have the same keys; one that is not written has a default of the server.
fn same_keys(names: &[String], written: &Json, live: &Json) -> bool {
    names.iter().all(|name| written.get(name).is_none_or(|key| Rule::Plain.same(key, &live[name.as_str()])))
}

fn is_key_of(step: &FieldStep, element: &Json) -> bool {
    let FieldStep::Key(keys) = step else { return false };
    keys.iter().all(|(name, json)| {
        element
            .get(name)
            .is_none_or(|key| serde_json::from_str::<Json>(json).is_ok_and(|wanted| wanted == *key))
    })
}

/// The annotation in which `kubectl apply` keeps what was written.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Labels and annotations that programs put on objects to know them again, by the beginning of their names.
const MARKS_OF_PROGRAMS: [&str; 3] = ["kubectl.kubernetes.io/", "meta.helm.sh/", "terraform.kubeblocks.io/"];

/// What an import takes for the written object: the fields that we own; else those that `kubectl apply` wrote; else those
/// of the latest manager that applied it; else everything that the server did not add itself.
pub fn imported(live: &Json, metadata: &ObjectMeta) -> Json {
    let fields = |manager: &str| Ownership::of(metadata, manager).map(|owned| owned.project(live));
    let ours = || Ownership::ours(metadata).map(|owned| owned.project(live));
    let by_kubectl = || {
        let text = metadata.annotations.as_ref()?.get(LAST_APPLIED)?;
        let written: Json = serde_json::from_str(text).ok()?;
        Some(observe(&written, live, None))
    };
    let by_the_latest = || fields(&latest_applier(metadata)?);
    let everything = || live.clone();
    let chosen = ours().or_else(by_kubectl).or_else(by_the_latest).unwrap_or_else(everything);
    as_manifest(chosen, live)
}

fn latest_applier(metadata: &ObjectMeta) -> Option<String> {
    let entries = metadata.managed_fields.iter().flatten();
    let applied = entries.filter(|entry| {
        entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
    });
    applied.max_by_key(|entry| entry.time.as_ref().map(|time| time.0)).and_then(|entry| entry.manager.clone())
}

/// With the names, and without what a manifest cannot hold.
fn as_manifest(chosen: Json, live: &Json) -> Json {
    let Json::Object(mut chosen) = chosen else { return Json::Null };
    let mut metadata = Map::new();
    for name in ["name", "namespace"] {
        metadata.insert(name.to_owned(), live["metadata"][name].clone());
    }
    let mut written = chosen.remove("metadata").unwrap_or_default();
    for name in ["labels", "annotations"] {
        let Json::Object(mut entries) = written[name].take() else { continue };
        entries.retain(|key, _| !MARKS_OF_PROGRAMS.iter().any(|mark| key.starts_with(mark)));
        if !entries.is_empty() {
            metadata.insert(name.to_owned(), Json::Object(entries));
        }
    }
    chosen.remove("status");
    for name in ["apiVersion", "kind"] {
        chosen.insert(name.to_owned(), live[name].clone());
    }
    chosen.insert("metadata".to_owned(), Json::Object(metadata));
    without_nulls(Json::Object(chosen))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::FIELD_MANAGER;

    fn metadata(managed: &Json) -> ObjectMeta {
        serde_json::from_value(json!({"managedFields": managed})).unwrap()
    }

    fn applied(manager: &str, time: &str, fields: &Json) -> Json {
        json!({"manager": manager, "operation": "Apply", "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn owning(fields: &Json) -> Ownership {
        Ownership::ours(&metadata(&json!([applied(FIELD_MANAGER, "2024-01-01T00:00:00Z", fields)]))).unwrap()
    }

    #[test]
    fn only_what_is_written_is_looked_at_and_what_means_the_same_stays() {
        for (case, written, live, expected) in [
            ("fields of others", json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"a": 1})),
            (
                "another value",
                json!({"a": 1, "b": {"c": "x"}}),
                json!({"a": 1, "b": {"c": "y"}}),
                json!({"a": 1, "b": {"c": "y"}}),
            ),
            ("gone", json!({"a": 1, "b": 2}), json!({"b": 2}), json!({"b": 2})),
            (
                "gone and empty",
                json!({"a": false, "b": [], "c": {}, "d": 0}),
                json!({}),
                json!({"a": false, "b": [], "c": {}, "d": 0}),
            ),
            ("written as null", json!({"a": null}), json!({"a": 5}), json!({"a": null})),
            (
                "a quantity",
                json!({"limits": {"cpu": "1000m"}}),
                json!({"limits": {"cpu": "1"}}),
                json!({"limits": {"cpu": "1000m"}}),
            ),
            (
                "another quantity",
                json!({"limits": {"cpu": "1000m"}}),
                json!({"limits": {"cpu": "2"}}),
                json!({"limits": {"cpu": "2"}}),
            ),
            ("another type", json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"})),
            (
                "defaults in elements",
                json!({"a": [{"b": 1}]}),
                json!({"a": [{"b": 1, "c": 2}]}),
                json!({"a": [{"b": 1}]}),
            ),
            (
                "one more element",
                json!({"a": [{"b": 1}]}),
                json!({"a": [{"b": 1, "c": 2}, {"d": 3}]}),
                json!({"a": [{"b": 1}, {"d": 3}]}),
            ),
            ("one less element", json!({"a": [1, 2]}), json!({"a": [1]}), json!({"a": [1]})),
        ] {
            assert_eq!(observe(&written, &live, None), expected, "{case}");
        }
    }

    #[test]
    fn elements_of_others_in_lists_by_keys_and_in_sets_are_not_drift() {
        let ours = owning(&json!({"f:spec": {
            "f:ports": {
                "k:{\"port\":1,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:tags": {"v:\"a\"": {}, "v:\"b\"": {}}},
                "k:{\"port\":2,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}
            }
        }}));
        let written = json!({"spec": {"ports": [{"port": 1, "tags": ["a", "b"]}, {"port": 2}]}});
        let live = |ports: Json| json!({"spec": {"ports": ports}});
        for (case, ports, expected) in [
            (
                "another order, elements of others, and a key with a default",
                json!([{"port": 9, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}, {"port": 1, "protocol": "TCP", "tags": ["x", "b", "a"]}]),
                written.clone(),
            ),
            (
                "an element and a tag are gone",
                json!([{"port": 1, "protocol": "TCP", "tags": ["b"]}]),
                json!({"spec": {"ports": [{"port": 1, "tags": ["b"]}]}}),
            ),
        ] {
            assert_eq!(observe(&written, &live(ports), Some(&ours)), expected, "{case}");
        }
    }

    fn live(annotations: &Json) -> Json {
        json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ConfigConstraint",
            "metadata": {"name": "c", "uid": "1", "finalizers": ["x"], "labels": {"team": "shop"}, "annotations": annotations},
            "spec": {"a": 1, "defaulted": true}, "status": {"phase": "Available"}
        })
    }

    #[test]
    fn an_import_takes_what_its_author_wrote_as_far_as_that_is_known() {
        let fields = |name: &str| json!({"f:metadata": {"f:labels": {"f:team": {}}}, "f:spec": {format!("f:{name}"): {}}});
        let named = |metadata: Json, spec: Json| json!({"apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ConfigConstraint", "metadata": metadata, "spec": spec});
        let kubectl = json!({LAST_APPLIED: json!({"metadata": {"name": "c"}, "spec": {"a": 7}}).to_string()});
        let none = json!({"terraform.kubeblocks.io/unfinished": "create"});
        let labelled = || json!({"name": "c", "labels": {"team": "shop"}});
        for (case, annotations, managed, expected) in [
            (
                "ours before all others",
                &kubectl,
                json!([
                    applied(FIELD_MANAGER, "2024-01-01T00:00:00Z", &fields("a")),
                    applied("helm", "2025-01-01T00:00:00Z", &fields("defaulted"))
                ]),
                named(labelled(), json!({"a": 1})),
            ),
            ("kubectl apply", &kubectl, json!([]), named(json!({"name": "c"}), json!({"a": 1}))),
            (
                "the latest",
                &none,
                json!([
                    applied("helm", "2025-01-01T00:00:00Z", &fields("a")),
                    applied("argo", "2024-01-01T00:00:00Z", &fields("defaulted"))
                ]),
                named(labelled(), json!({"a": 1})),
            ),
            ("nobody", &none, json!([]), named(labelled(), json!({"a": 1, "defaulted": true}))),
        ] {
            let live = live(annotations);
            let mut meta: ObjectMeta = serde_json::from_value(live["metadata"].clone()).unwrap();
            meta.managed_fields = metadata(&managed).managed_fields;
            assert_eq!(imported(&live, &meta), expected, "{case}");
        }
    }
}
