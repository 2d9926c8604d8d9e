//! Reading YAML as Kubernetes and helm read it: YAML 1.1 booleans and octal numbers, of two equal keys the last one.
//! Knows neither charts nor manifests. An error never quotes the text, which may hold secrets.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Text that is no YAML, or not of the expected form.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

impl From<serde_saphyr::Error> for Error {
    fn from(error: serde_saphyr::Error) -> Self {
        let place = error.location().map(|at| format!(", at line {} column {}", at.line(), at.column()));
        Self { message: format!("it is not YAML of the expected form{}", place.unwrap_or_default()) }
    }
}

/// The documents of `text`; empty ones are left out.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Error> {
    Ok(serde_saphyr::from_multiple_with_options(text, options())?)
}

/// The one document of `text`, JSON or YAML.
pub(super) fn document<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    Ok(serde_saphyr::from_str_with_options(text, options())?)
}

/// `text` without the byte order mark that some editors on Windows put before it.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        // An index of charts can have tens of megabytes; the size of what is read is limited before.
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 20_000_000,
            max_total_scalar_bytes: 256 * 1024 * 1024,
            max_documents: 100_000,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_are_read_as_kubernetes_reads_them() {
        let cases = [
            ("a: yes", json!({"a": true})),
            ("a: 'yes'", json!({"a": "yes"})),
            ("a: 0644", json!({"a": 420})),
            ("a: 1.5", json!({"a": 1.5})),
            ("a: 1\na: 2", json!({"a": 2})),
            ("a: &x {b: 1}\nc: *x", json!({"a": {"b": 1}, "c": {"b": 1}})),
            ("a: ~", json!({"a": null})),
            ("{\"a\": [1, \"b\"]}", json!({"a": [1, "b"]})),
        ];
        for (text, expected) in cases {
            assert_eq!(documents(text).unwrap(), std::slice::from_ref(&expected), "{text}");
            assert_eq!(document::<Value>(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn empty_documents_are_left_out() {
        let text = "---\n# only a comment\n---\na: 1\n---\n\n---\nb: 2\n...\n";
        assert_eq!(documents(text).unwrap(), [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(documents("").unwrap(), Vec::<Value>::new());
    }

    #[test]
    fn an_error_tells_the_line_but_not_the_text() {
        let error = documents("a: 1\npassword: \"hunter2\n  b: [").unwrap_err().to_string();
        assert!(error.contains("line") && !error.contains("hunter2"), "{error}");
    }
}
