//! The few values that a review shows, as they tell what a change is about: a database's version and its number of
//! instances. Sensitive ones are left out.

use serde::Serialize;
use serde_json::Value;

use super::plan::Change;

/// An attribute that gets another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fact {
    pub(super) path: String,
    pub(super) before: String,
    /// `None` when it is not known before the apply.
    pub(super) after: Option<String>,
}

/// What changes of a database that is there before and after.
pub(super) fn of_database(change: &Change) -> Vec<Fact> {
    let mut facts: Vec<Fact> = fact(change, &["version"]).into_iter().collect();
    let components = change.before.get("components").as_object();
    let mut names: Vec<&String> = components.into_iter().flat_map(|components| components.keys()).collect();
    names.sort();
    for name in names {
        facts.extend(fact(change, &["components", name, "replicas"]));
    }
    facts
}

fn fact(change: &Change, path: &[&str]) -> Option<Fact> {
    if change.before_sensitive.is_marked(path) || change.after_sensitive.is_marked(path) {
        return None;
    }
    let before = scalar(find(change.before.get(path[0]), path))?;
    let after = scalar(find(change.after.get(path[0]), path));
    if after.is_none() && !change.after_unknown.is_marked(path) || after.as_ref() == Some(&before) {
        return None;
    }
    let steps = Value::from(path.iter().map(|&step| Value::from(step)).collect::<Vec<_>>());
    Some(Fact { path: super::judge::path_text(&steps), before, after })
}

fn find<'a>(mut value: &'a Value, path: &[&str]) -> &'a Value {
    for step in &path[1..] {
        value = value.get(step).unwrap_or(&Value::Null);
    }
    value
}

/// Text and numbers; a list or an object is too much to show.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_changes_and_is_no_secret_is_shown() {
        let database = |version: &str, replicas: u8| json!({ "version": version, "components": { "pg": { "replicas": replicas, "parameters": { "a": "secret" } } } });
        let fact = |path: &str, before: &str, after: Option<&str>| Fact {
            path: path.to_owned(),
            before: before.to_owned(),
            after: after.map(str::to_owned),
        };
        let hidden = json!({ "components": { "pg": { "replicas": true } } });
        let table = [
            (json!({ "before": database("1", 2), "after": database("1", 2) }), vec![]),
            (
                json!({ "before": database("1", 2), "after": database("2", 3) }),
                vec![fact("version", "1", Some("2")), fact("components[\"pg\"].replicas", "2", Some("3"))],
            ),
            (
                json!({ "before": database("1", 2), "after": database("2", 3), "before_sensitive": hidden }),
                vec![fact("version", "1", Some("2"))],
            ),
            (
                json!({ "before": database("1", 2), "after": database("2", 3), "after_sensitive": true }),
                vec![],
            ),
            (
                json!({ "before": database("1", 2), "after": { "components": {} }, "after_unknown": { "version": true } }),
                vec![fact("version", "1", None)],
            ),
            (json!({ "before": { "version": ["x"] }, "after": { "version": 3 } }), vec![]),
            (json!({ "after": database("1", 2) }), vec![]),
        ];
        for (change, expected) in table {
            let read = serde_json::from_value(change.clone()).unwrap();
            assert_eq!(of_database(&read), expected, "{change}");
        }
    }
}
