//! Parameters in configuration files of the formats that the engines use.
//!
//! Pure: text in, text out. Lines that are not touched stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Parameters;

/// How a file writes `key` and `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `key = 'value'`, as PostgreSQL and Kafka have it.
    Properties,
    /// `key=value` in sections.
    Ini,
    /// `key value`.
    Redis,
}

impl Format {
    /// The format that a constraint names.
    pub(super) fn of(formatter: &Value) -> Self {
        match formatter.get("format").and_then(Value::as_str) {
            Some("redis") => Self::Redis,
            Some("ini") => Self::Ini,
            _ => Self::Properties,
        }
    }

    fn key(self, line: &str) -> Option<&str> {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '[', ';']) {
            return None;
        }
        match self {
            Self::Redis => line.split_whitespace().next(),
            Self::Properties | Self::Ini => line.split_once('=').map(|(key, _)| key.trim()),
        }
    }

    fn line(self, like: Option<&str>, key: &str, value: &str) -> String {
        let is_quoted = like.is_some_and(|line| line.contains('\''));
        let is_spaced = like.is_some_and(|line| line.contains(" = "));
        match self {
            Self::Redis => format!("{key} {value}"),
            Self::Properties if is_quoted => format!("{key} = '{value}'"),
            Self::Properties if is_spaced => format!("{key} = {value}"),
            Self::Properties | Self::Ini => format!("{key}={value}"),
        }
    }
}

/// Sets the parameters in the file; one without a value loses its line, a new one goes to the end.
pub(super) fn merge(format: Format, text: &str, parameters: &Parameters) -> String {
    let mut left = parameters.clone();
    let mut lines: Vec<String> = Vec::new();
    let mut sample = None;
    for line in text.lines() {
        let Some(key) = format.key(line) else {
            lines.push(line.to_owned());
            continue;
        };
        sample.get_or_insert(line);
        match left.remove(key) {
            None => lines.push(line.to_owned()),
            Some(None) => {}
            Some(Some(value)) => lines.push(format.line(Some(line), key, &value)),
        }
    }
    for (key, value) in left {
        if let Some(value) = value {
            lines.push(format.line(sample, &key, &value));
        }
    }
    lines.join("\n") + "\n"
}

/// The keys whose lines differ between two versions of the files.
pub(super) fn changed(
    format: Format,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let lines = |files: &BTreeMap<String, String>| -> BTreeSet<(String, String, String)> {
        files
            .iter()
            .flat_map(|(file, text)| {
                let keyed = text.lines().filter_map(|line| Some((format.key(line)?, line)));
                keyed.map(|(key, line)| (file.clone(), key.to_owned(), line.trim().to_owned()))
            })
            .collect()
    };
    lines(before).symmetric_difference(&lines(after)).map(|(_, key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_added_and_removed_lines_are_told_apart_from_others() {
        let files = |text: &str| BTreeMap::from([("f".to_owned(), text.to_owned())]);
        let found = changed(Format::Redis, &files("a 1\nb 2\ngone 3\n"), &files("# c\na 1\nb 3\nnew 4\n"));
        assert_eq!(found, ["b", "gone", "new"].map(str::to_owned).into());
    }

    #[test]
    fn parameters_are_set_added_and_removed_in_each_format() {
        let parameters = Parameters::from([
            ("a".to_owned(), Some("9".to_owned())),
            ("gone".to_owned(), None),
            ("new".to_owned(), Some("x".to_owned())),
        ]);
        for (format, text, expected) in [
            (Format::Properties, "# c\na = '1'\ngone = '2'\nb = '3'\n", "# c\na = '9'\nb = '3'\nnew = 'x'\n"),
            (Format::Ini, "[mysqld]\na=1\ngone=2\n", "[mysqld]\na=9\nnew=x\n"),
            (Format::Redis, "a 1\ngone 2\nb 3\n", "a 9\nb 3\nnew x\n"),
        ] {
            assert_eq!(merge(format, text, &parameters), expected, "{format:?}");
        }
    }
}
