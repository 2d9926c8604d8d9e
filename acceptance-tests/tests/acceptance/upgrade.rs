//! States that earlier releases left, planned by this one through the real programs: the configuration that led to a state
//! changes nothing, and the state is read as it lies in a file. Nothing is asked of a cloud or of Kubernetes.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use crate::terraform::{Cli, Workspace};

/// The states that are kept for the releases to come: version of the schema, type, attributes.
fn kept_states() -> Vec<(i64, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../provider/tests/provider_contract/states");
    let mut states = Vec::new();
    for version in std::fs::read_dir(folder).expect("the states are there").flatten() {
        let name = version.file_name().to_string_lossy().into_owned();
        let number = name.trim_start_matches('v').parse().expect("a version of a schema");
        for file in std::fs::read_dir(version.path()).expect("a folder").flatten() {
            let text = std::fs::read_to_string(file.path()).expect("it can be read");
            let name = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
            states.push((number, name, serde_json::from_str(&text).expect("it is JSON")));
        }
    }
    states.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    states
}

/// What a practitioner wrote to get these attributes: all that the schema lets one write.
fn configuration(attributes: &Value, state: &Value) -> Value {
    let mut written = Map::new();
    for (name, attribute) in attributes.as_object().expect("attributes") {
        let value = &state[name.as_str()];
        let may_be_written = attribute["optional"] == true || attribute["required"] == true;
        if may_be_written && !value.is_null() {
            written.insert(name.clone(), written_value(attribute, value));
        }
    }
    Value::Object(written)
}

fn written_value(attribute: &Value, value: &Value) -> Value {
    let nested = &attribute["nested_type"];
    match (nested["nesting_mode"].as_str(), value) {
        (Some("single"), _) => configuration(&nested["attributes"], value),
        (Some("list" | "set"), Value::Array(parts)) => {
            parts.iter().map(|part| configuration(&nested["attributes"], part)).collect()
        }
        (Some("map"), Value::Object(parts)) => {
            let parts = parts.iter();
            parts.map(|(key, part)| (key.clone(), configuration(&nested["attributes"], part))).collect()
        }
        // The state has a value of any type together with its type.
        _ if attribute["type"] == "dynamic" => escaped(&value["value"]),
        _ => escaped(value),
    }
}

/// In JSON, too, Terraform reads templates.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(text.replace("${", "$${").replace("%{", "%%{")),
        Value::Array(parts) => parts.iter().map(escaped).collect(),
        Value::Object(parts) => parts.iter().map(|(key, part)| (key.clone(), escaped(part))).collect(),
        other => other.clone(),
    }
}

/// What is written beside the attributes of a state, as no state has it.
fn never_stored(name: &str) -> Value {
    match name {
        "kubeblocks_account" => json!({ "password": "anything" }),
        "kubeblocks_backup_repo" => {
            json!({ "credentials_wo": { "accessKeyId": "anything", "secretAccessKey": "anything" } })
        }
        _ => json!({}),
    }
}

/// What the provider keeps beside the attributes, of the little that a plan rests on: the operator's definitions of kinds are
/// those that the last apply left.
fn private(name: &str, state: &Value) -> Option<String> {
    let note = json!({ "note": { "crdsDigest": state["crds_digest"] } });
    (name == "kubeblocks_operator").then(|| BASE64_STANDARD.encode(note.to_string()))
}

/// The paths of sensitive attributes, which a state file lists: one that misses is a change.
fn sensitive_paths(attributes: &Value, state: &Value, at: &[Value], found: &mut Vec<Value>) {
    for (name, attribute) in attributes.as_object().expect("attributes") {
        let value = &state[name.as_str()];
        let step = |step: Value| at.iter().cloned().chain([step]).collect::<Vec<_>>();
        let path = step(json!({ "type": "get_attr", "value": name }));
        let nested = &attribute["nested_type"];
        if attribute["sensitive"] == true {
            found.push(path.into());
        } else if nested["nesting_mode"] == "single" && !value.is_null() {
            sensitive_paths(&nested["attributes"], value, &path, found);
        }
    }
}

/// A state file as Terraform and OpenTofu write it.
fn state_file(cli: Cli, schemas: &Value, states: &[(i64, String, Value)]) -> Value {
    let provider = format!("provider[\"{}/kubeblocks/kubeblocks\"]", cli.registry_host());
    let resources: Vec<Value> = states
        .iter()
        .map(|(version, name, attributes)| {
            let mut sensitive = Vec::new();
            sensitive_paths(&schemas[name.as_str()]["block"]["attributes"], attributes, &[], &mut sensitive);
            let instance = json!({ "schema_version": version, "attributes": attributes, "sensitive_attributes": sensitive, "private": private(name, attributes) });
            json!({ "mode": "managed", "type": name, "name": label(*version), "provider": provider, "instances": [instance] })
        })
        .collect();
    json!({ "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "kept", "outputs": {}, "resources": resources })
}

fn label(version: i64) -> String {
    format!("v{version}")
}

async fn plans_nothing(cli: Cli) {
    let workspace = Workspace::new(cli);
    let told = workspace.run(["providers", "schema", "-json"]).await.succeeded();
    let schema: Value = serde_json::from_str(&told.stdout).expect("it is JSON");
    let address = format!("{}/kubeblocks/kubeblocks", cli.registry_host());
    let schemas = &schema["provider_schemas"][&address]["resource_schemas"];

    let states = kept_states();
    assert!(!states.is_empty());
    let mut resources = Map::new();
    for (version, name, state) in &states {
        let mut written = configuration(&schemas[name.as_str()]["block"]["attributes"], state);
        for (attribute, value) in never_stored(name).as_object().expect("attributes") {
            written[attribute.as_str()] = value.clone();
        }
        let of_type = resources.entry(name.clone()).or_insert_with(|| json!({}));
        of_type[label(*version)] = written;
    }
    workspace.write("main.tf.json", json!({ "resource": resources }).to_string());
    workspace.write("terraform.tfstate", state_file(cli, schemas, &states).to_string());

    let plan = ["plan", "-refresh=false", "-no-color", "-input=false", "-detailed-exitcode"];
    let planned = workspace.run(plan).await;
    assert_eq!(planned.code, 0, "{cli:?}: an earlier release's states are changed:\n{}", planned.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_earlier_releases_plan_nothing_with_terraform() {
    plans_nothing(Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_earlier_releases_plan_nothing_with_opentofu() {
    plans_nothing(Cli::OpenTofu).await;
}
