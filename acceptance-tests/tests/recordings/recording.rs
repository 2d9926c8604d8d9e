//! Reads a recording: steps, and what the API showed after each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One watch event.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) object: Value,
    /// The API's revision of the object, by which events of different kinds can be put in order. The recordings are in
    /// order already and have none.
    pub(crate) revision: u64,
}

/// What was done, and what was seen until the next step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Line {
    step: Option<String>,
    event: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    object: Option<Value>,
}

/// Objects by kind and name.
pub(crate) type State = BTreeMap<(String, String), Value>;

/// Reads the steps of a recording.
pub(crate) fn read(file: &Path) -> Result<Vec<Step>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        match line {
            Line { step: Some(title), .. } => steps.push(Step { title, rows: Vec::new() }),
            Line { event: Some(event), kind: Some(kind), name: Some(name), object, .. } => {
                let row = Row { event, kind, name, object: object.unwrap_or_default(), revision: 0 };
                if steps.is_empty() {
                    steps.push(Step { title: "before the first step".to_owned(), rows: Vec::new() });
                }
                let title = unnamed_step(&steps, &row);
                if let Some(title) = title {
                    steps.push(Step { title, rows: Vec::new() });
                }
                steps.last_mut().ok_or("no step")?.rows.push(row);
            }
            _ => return Err(format!("line {} is neither a step nor an event", number + 1)),
        }
    }
    Ok(steps)
}

/// Two things were done in the recordings without a line of their own.
fn unnamed_step(steps: &[Step], row: &Row) -> Option<String> {
    let title = &steps.last()?.title;
    let is_cluster = row.kind == "clusters";
    let generation = row.object.pointer("/metadata/generation").and_then(Value::as_i64);
    if is_cluster && title.starts_with("rolling update") && row.name == "roll" && generation == Some(2) {
        let is_first = steps.iter().all(|step| step.title != "edit spec of roll: 900 cpus");
        return is_first.then(|| "edit spec of roll: 900 cpus".to_owned());
    }
    let is_deleted = row.object.pointer("/metadata/deletionTimestamp").is_some();
    if is_cluster && title.starts_with("delete Cluster src") && row.name == "copy" && is_deleted {
        return Some("delete Cluster copy".to_owned());
    }
    None
}

/// The objects after some rows, from those before.
pub(crate) fn after(before: &State, rows: &[Row]) -> State {
    let mut state = before.clone();
    for row in rows.iter().filter(|row| row.kind != "events") {
        let key = (row.kind.clone(), row.name.clone());
        if row.event == "DELETED" {
            state.remove(&key);
        } else {
            state.insert(key, row.object.clone());
        }
    }
    state
}
