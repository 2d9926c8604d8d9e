//! Objects without what may differ between two runs: times, uids, addresses, hashes, random names.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
/// Where in its schema CUE found a violation.
static POSITION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r":\n\s+\d+:\d+").unwrap());
static RANDOM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^(dp-backup-b1-|pvc-main-)[0-9a-z]{6,8}$").unwrap());
/// How long a run of something took, in whole seconds: the same work may cross a second's end or not.
static DURATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d+s$").unwrap());
static UID_END: LazyLock<Regex> = LazyLock::new(|| Regex::new("patroni[0-9a-f]{8}").unwrap());

/// Fields that carry times or counters of the run.
const VOLATILE: [&str; 14] = [
    "resourceVersion",
    "lastTransitionTime",
    "lastProbeTime",
    "podsReadyTime",
    "startTime",
    "endTime",
    "startTimestamp",
    "completionTimestamp",
    "lastFailedTime",
    "clusterDefGeneration",
    "currentRevision",
    "updateRevision",
    "collisionCount",
    "uid",
];

/// A row's name without its random part, or nothing for objects that no comparison is about.
pub(crate) fn name(kind: &str, name: &str) -> Option<String> {
    match kind {
        // Pods of Jobs, and Jobs that are deleted a second after they end, come and go by chance.
        "jobs" => None,
        "pods" if name.rsplit('-').next().is_none_or(|end| end.parse::<u32>().is_err()) => None,
        "persistentvolumeclaims" if name.starts_with("pvc-main-") => Some("pvc-main-*".to_owned()),
        "restores" => {
            let parts: Vec<&str> = name.split('-').collect();
            Some(match parts.as_slice() {
                [cluster, component, _, stage] => format!("{cluster}-{component}-*-{stage}"),
                _ => name.to_owned(),
            })
        }
        _ => Some(name.to_owned()),
    }
}

/// An object in comparable form.
pub(crate) fn object(kind: &str, object: &Value) -> Value {
    let metadata = metadata(kind, &object["metadata"]);
    let mut result = Map::from_iter([("metadata".to_owned(), metadata)]);
    match kind {
        "secrets" => {
            result.insert("type".to_owned(), object["type"].clone());
            result.insert("keys".to_owned(), object["keys"].clone());
        }
        "services" => {
            let mut spec = pick(&object["spec"], &["type", "selector"]);
            spec["isHeadless"] = json!(object["spec"]["clusterIP"] == "None");
            spec["ports"] = object["spec"]["ports"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|port| pick(port, &["name", "port", "targetPort", "protocol"]))
                .collect();
            result.insert("spec".to_owned(), spec);
        }
        "statefulsets" => {
            result.insert("replicas".to_owned(), object["spec"]["replicas"].clone());
            let counts = ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"];
            result.insert("status".to_owned(), pick(&object["status"], &counts));
        }
        "persistentvolumeclaims" => {
            result.insert("request".to_owned(), object["request"].clone());
            result.insert("status".to_owned(), pick(&object["status"], &["phase", "capacity"]));
        }
        "pods" => {
            result.insert("phase".to_owned(), object["phase"].clone());
            result.insert("containers".to_owned(), object["containers"].clone());
        }
        "replicatedstatemachines" => {
            result.insert("spec".to_owned(), pick(&object["spec"], &["replicas", "roles"]));
            result.insert("status".to_owned(), object["status"].clone());
        }
        _ => {
            result.insert("spec".to_owned(), object["spec"].clone());
            result.insert("status".to_owned(), object["status"].clone());
        }
    }
    clean(&Value::Object(result))
}

fn pick(object: &Value, keys: &[&str]) -> Value {
    keys.iter()
        .filter_map(|key| Some(((*key).to_owned(), object.get(*key)?.clone())))
        .collect::<Map<_, _>>()
        .into()
}

/// Labels with their values, annotations by key, finalizers as a set, generations where the operator makes them.
fn metadata(kind: &str, metadata: &Value) -> Value {
    let mut labels = metadata["labels"].clone();
    if let Some(labels) = labels.as_object_mut() {
        labels.retain(|key, _| key != "controller-revision-hash" && key != "controller-uid");
    }
    let annotations: Vec<&String> = metadata["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .filter(|key| {
            let is_of_storage =
                ["volume.", "pv.kubernetes.io", "playground."].iter().any(|prefix| key.starts_with(prefix));
            let is_of_pods = kind == "pods" || kind == "persistentvolumeclaims";
            // The recordings leave this long text out.
            let is_cut = key.as_str() == "apps.kubeblocks.io/last-applied-cluster";
            !is_cut && !is_of_storage && (!is_of_pods || key.contains("kubeblocks"))
        })
        .collect();
    let mut finalizers: Vec<&str> =
        metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    finalizers.sort_unstable();
    let is_deleting = metadata.get("deletionTimestamp").is_some_and(|time| !time.is_null());
    let mut result = json!({
        "labels": labels,
        "annotations": annotations,
        "finalizers": finalizers,
        "isDeleting": is_deleting,
    });
    if ["clusters", "configurations", "replicatedstatemachines", "opsrequests"].contains(&kind) {
        result["generation"] = metadata["generation"].clone();
    }
    result
}

/// Drops nulls, empty collections and volatile fields, and replaces uids.
fn clean(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, _)| !VOLATILE.contains(&key.as_str()))
                .map(|(key, value)| {
                    (key.clone(), if is_duration(key, value) { json!("<seconds>") } else { clean(value) })
                })
                .filter(|(_, value)| !is_empty(value))
                .collect(),
        ),
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(clean).collect();
            // Conditions and details are maps in fact: their order follows from chance.
            list.sort_by_key(sort_key);
            Value::Array(list)
        }
        Value::String(text) => {
            let text = UID.replace_all(text, "<uid>");
            let text = POSITION.replace_all(&text, "");
            let text = RANDOM.replace_all(&text, "$1*");
            Value::String(UID_END.replace_all(&text, "patroni<uid>").into_owned())
        }
        other => other.clone(),
    }
}

fn is_duration(key: &str, value: &Value) -> bool {
    key == "duration" && value.as_str().is_some_and(|text| DURATION.is_match(text))
}

fn sort_key(entry: &Value) -> String {
    ["type", "objectKey", "podName", "name"]
        .iter()
        .find_map(|key| entry.get(*key)?.as_str())
        .map_or_else(String::new, str::to_owned)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// All leaves of a tree by their path; entries of lists by what names them.
pub(crate) fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect(value, format!("{path}.{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                let key = sort_key(value);
                let key = match value.as_str() {
                    Some(text) => text.to_owned(),
                    None if key.is_empty() => index.to_string(),
                    None => key,
                };
                collect(value, format!("{path}[{key}]"), found);
            }
        }
        other => found.push((path, other.to_string())),
    }
}
