//! Mock data as `terraform fmt` leaves it: one attribute a line, with their signs below each other.

use serde_json::{Map, Value as Json};

/// A block of mock data.
pub(super) fn block(kind: &str, name: &str, defaults: &Map<String, Json>, indent: usize) -> String {
    let outer = " ".repeat(indent);
    let width = defaults.keys().map(String::len).max().unwrap_or_default();
    let lines: Vec<String> = defaults
        .iter()
        .map(|(key, value)| format!("{outer}    {key:width$} = {}\n", expression(value)))
        .collect();
    let lines = lines.concat();
    format!("{outer}{kind} \"{name}\" {{\n{outer}  defaults = {{\n{lines}{outer}  }}\n{outer}}}\n")
}

fn expression(value: &Json) -> String {
    match value {
        Json::Array(elements) => {
            format!("[{}]", elements.iter().map(expression).collect::<Vec<_>>().join(", "))
        }
        Json::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Json::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key} = {}", expression(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        // Their escapes are HCL's, too, and there are no templates in them.
        scalar => scalar.to_string(),
    }
}
