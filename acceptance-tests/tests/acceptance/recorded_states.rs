//! States as real applies leave them, kept for the releases to come: each has to read them. `RECORD_STATES=<folder>` makes
//! every apply of the tests write there; of each type the state that says most stays.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Writes the states of a workspace, when it was asked for.
pub(crate) fn record(workspace: &Path) {
    let Some(folder) = std::env::var_os("RECORD_STATES").map(PathBuf::from) else { return };
    let Ok(text) = std::fs::read_to_string(workspace.join("terraform.tfstate")) else { return };
    let state: Value = serde_json::from_str(&text).expect("the state is JSON");
    for resource in state["resources"].as_array().into_iter().flatten() {
        let name = resource["type"].as_str().unwrap_or_default();
        let is_ours = resource["mode"] == "managed" && name.starts_with("kubeblocks_");
        for instance in resource["instances"].as_array().into_iter().flatten().filter(|_| is_ours) {
            keep(&folder, name, instance, workspace);
        }
    }
}

fn keep(folder: &Path, name: &str, instance: &Value, workspace: &Path) {
    let attributes = without_this_machine(&instance["attributes"], &workspace.display().to_string());
    let folder = folder.join(format!("v{}", instance["schema_version"]));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let file = folder.join(format!("{name}.json"));
    let known =
        std::fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if known.is_none_or(|known| said(&known) < said(&attributes)) {
        let text = serde_json::to_string_pretty(&attributes).expect("it is JSON");
        std::fs::write(file, format!("{text}\n")).expect("it can be written");
    }
}

/// How many values there are that are not null.
fn said(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(parts) => parts.iter().map(said).sum(),
        Value::Object(parts) => parts.values().map(said).sum(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// The same without paths, ports and certificates of the machine that ran the test.
fn without_this_machine(value: &Value, workspace: &str) -> Value {
    match value {
        Value::Array(parts) => parts.iter().map(|part| without_this_machine(part, workspace)).collect(),
        Value::Object(parts) => {
            parts.iter().map(|(key, part)| (key.clone(), without_this_machine(part, workspace))).collect()
        }
        Value::String(text) if text.contains("-----BEGIN") => {
            json!("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
        }
        Value::String(text) => {
            let text = text.replace(workspace, "/workspace");
            let is_local = text.starts_with('/') && Path::new(&text).exists();
            if is_local {
                return json!("/home/user/file");
            }
            let port = regex::Regex::new(r"(127\.0\.0\.1|localhost):\d+").expect("it is valid");
            json!(port.replace_all(&text, "$1:6443"))
        }
        other => other.clone(),
    }
}
