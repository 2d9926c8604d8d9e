//! Checks of a configuration that need no server, as far as it is known. Pure.

use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::schema::{ChartSource, OperatorState};
use super::values;

/// Clouds that the chart knows.
const PROVIDERS: [&str; 6] = ["aws", "gcp", "aliyun", "tencentCloud", "huaweiCloud", "azure"];

/// Adds a finding for each thing that is wrong between attributes.
pub fn config(config: &OperatorState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    if let Some(chart) = config.chart.known() {
        chart_source(chart, diagnostics);
    }
    let open = object("values", &config.values, diagnostics);
    let secret = object("sensitive_values", &config.sensitive_values, diagnostics);
    for (name, given) in [("values", &open), ("sensitive_values", &secret)] {
        for (attribute, path) in given.iter().flat_map(|json| values::conflicts(config, json)) {
            diagnostics.push(
                Diagnostic::error(
                    "Value is set twice",
                    format!("`{attribute}` sets the value `{path}` of the chart, and `{name}` sets it as well. Keep one of the two."),
                )
                .at(Path::attribute(name)),
            );
        }
    }
    if let (Some(open), Some(secret)) = (&open, &secret) {
        for path in values::leaves(secret) {
            if values::touches(open, &path) {
                diagnostics.push(
                    Diagnostic::error(
                        "Value is set twice",
                        format!("`values` and `sensitive_values` both set `{}`. Keep it in `sensitive_values` only.", path.join(".")),
                    )
                    .at(Path::attribute("values")),
                );
            }
        }
    }
    let has_secret = !config.sensitive_values.is_null();
    if has_secret && config.sensitive_values_revision.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Revision of the sensitive values is missing",
                "Terraform does not store `sensitive_values` and cannot see when they change. Set `sensitive_values_revision = 1`, and raise it whenever they are to be applied again.",
            )
            .at(Path::attribute("sensitive_values_revision")),
        );
    }
}

fn chart_source(chart: &ChartSource, diagnostics: &mut Diagnostics) {
    if chart.path.is_null() {
        return;
    }
    for (name, value) in [("repository", &chart.repository), ("name", &chart.name)] {
        if !value.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Two sources of the chart",
                    format!("`path` names the chart by itself. Leave `{name}` out, or `path`."),
                )
                .at(Path::attribute("chart").then_attribute(name)),
            );
        }
    }
}

/// The attribute as far as it is known: without its unknown parts. Another thing than an object is an error.
fn object(name: &str, value: &Value<RawValue>, diagnostics: &mut Diagnostics) -> Option<Json> {
    let raw = value.known()?;
    match raw.peeled() {
        RawValue::Object(_) | RawValue::Map(_) => Some(known_part(raw)),
        _ => {
            let hint = if raw.as_str().is_some() {
                " For YAML text, write `yamldecode(...)` around it."
            } else {
                ""
            };
            diagnostics.push(
                Diagnostic::error(
                    "Values are no object",
                    format!(
                        "`{name}` must be an object, such as `{{ replicaCount = 2 }}`, but is {}.{hint}",
                        raw.kind()
                    ),
                )
                .at(Path::attribute(name)),
            );
            None
        }
    }
}

/// Unknown parts as null: that something stands there is known.
fn known_part(raw: &RawValue) -> Json {
    match raw.peeled() {
        RawValue::Object(parts) | RawValue::Map(parts) => {
            Json::Object(parts.iter().map(|(key, part)| (key.clone(), known_part(part))).collect())
        }
        other => values::to_json(other).unwrap_or(Json::Null),
    }
}

/// `admissionWebhooks.enabled`, which the charts of 0.7 offer and cannot render.
pub fn refuse_webhooks(values: &Json, chart_version: &str) -> Option<Diagnostic> {
    let enabled = values::at(values, &["admissionWebhooks", "enabled"]) == Some(&Json::Bool(true));
    let is_line = semver::Version::parse(chart_version.trim_start_matches('v'))
        .is_ok_and(|version| (version.major, version.minor) == (0, 7));
    (enabled && is_line).then(|| {
        Diagnostic::error(
            "Admission webhooks cannot be enabled",
            "The charts of KubeBlocks 0.7 offer the value `admissionWebhooks.enabled`, but what they then make is no valid YAML, so that nothing can be installed. Leave the value out.",
        )
        .at(Path::attribute("values"))
    })
}

// The macro of the schema hands a check what the attribute holds, by reference.
#[allow(clippy::ptr_arg)]
pub(super) fn not_empty(text: &String) -> Result<(), &'static str> {
    if text.trim().is_empty() { Err("must not be empty; leave it out instead") } else { Ok(()) }
}

pub(super) fn label_name(text: &String) -> Result<(), String> {
    if is_name(text, 63) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a name: at most 63 lower-case letters, digits and \"-\", such as \"kb-system\""
    ))
}

pub(super) fn release_name(text: &String) -> Result<(), String> {
    if is_name(text, 53) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not the name of a Helm release: at most 53 lower-case letters, digits and \"-\""
    ))
}

/// A name of a Kubernetes object or label.
pub(super) fn is_name(text: &str, longest: usize) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= longest
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
        && text.bytes().all(|byte| inner(byte) || byte == b'-')
}

pub(super) fn version_text(text: &String) -> Result<(), String> {
    match semver::Version::parse(text.trim_start_matches('v')) {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(format!("{text:?} is not the version of a chart; write one whole version, such as \"0.7.5\""))
        }
    }
}

pub(super) fn digest_text(text: &String) -> Result<(), String> {
    let is_digest = text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    if is_digest {
        return Ok(());
    }
    Err(format!("{text:?} is not a digest; write \"sha256:\" and 64 hexadecimal digits in lower case"))
}

pub(super) fn repository_url(text: &String) -> Result<(), String> {
    let rest = ["https://", "http://", "oci://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.contains('@') {
        return Err("must not hold a user name or password, as it is stored in the state; log in with `helm registry login` or `docker login` instead".to_owned());
    }
    if host.is_empty() || text.chars().any(char::is_whitespace) {
        return Err(format!(
            "{text:?} is not the URL of a repository; write it such as \"https://charts.example.com\" or \"oci://registry.example.com/charts\", and a folder or archive as `path`"
        ));
    }
    Ok(())
}

pub(super) fn known_provider(text: &String) -> Result<(), String> {
    if PROVIDERS.contains(&text.as_str()) {
        return Ok(());
    }
    let hint = kubeblocks_schemas::catalogue::did_you_mean(text, PROVIDERS);
    Err(format!("{text:?} is not a cloud that the chart knows; it knows {}.{hint}", PROVIDERS.join(", ")))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as above
pub(super) fn at_least_one(number: &i64) -> Result<(), String> {
    if (1..=1_000_000).contains(number) {
        return Ok(());
    }
    Err(format!("must be at least 1, as Helm needs the revision that runs, but is {number}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::text;
    use crate::resources::operator::values::from_json;

    fn errors(state: &OperatorState) -> Vec<String> {
        let mut diagnostics = Diagnostics::new();
        config(state, &mut diagnostics);
        diagnostics
            .iter()
            .map(|found| found.path.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect()
    }

    #[allow(clippy::needless_pass_by_value)] // reads better where it is called
    fn raw(json: Json) -> Value<RawValue> {
        Value::Known(from_json(&json))
    }

    #[test]
    fn what_is_right_passes_and_unknown_parts_are_passed_over() {
        let secret = RawValue::object([("cloudProvider", RawValue::unknown())]);
        for state in [
            OperatorState::default(),
            OperatorState {
                values: raw(json!({"image": {"tag": "x"}})),
                image_registry: text("docker.io"),
                sensitive_values: Value::Known(secret),
                sensitive_values_revision: Value::Unknown,
                ..OperatorState::default()
            },
            OperatorState { values: Value::Unknown, chart: Value::Unknown, ..OperatorState::default() },
        ] {
            assert!(errors(&state).is_empty(), "{:?}", errors(&state));
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_attribute() {
        let path = ChartSource { path: text("./chart"), ..ChartSource::default() };
        let unknown = RawValue::object([("provider", RawValue::unknown())]);
        let table = [
            (OperatorState { values: raw(json!("a: 1")), ..OperatorState::default() }, vec!["values"]),
            (OperatorState { values: raw(json!([1])), ..OperatorState::default() }, vec!["values"]),
            (
                OperatorState {
                    values: raw(json!({"image": {"registry": "x"}})),
                    image_registry: text("y"),
                    ..OperatorState::default()
                },
                vec!["values"],
            ),
            (
                OperatorState {
                    values: Value::Known(unknown),
                    cloud_provider: text("aws"),
                    ..OperatorState::default()
                },
                vec!["values"],
            ),
            (
                OperatorState {
                    sensitive_values: raw(json!({"a": {"b": "s"}})),
                    values: raw(json!({"a": {"b": "t"}})),
                    ..OperatorState::default()
                },
                vec!["values", "sensitive_values_revision"],
            ),
            (
                OperatorState {
                    chart: Value::Known(ChartSource {
                        repository: text("https://x"),
                        name: text("y"),
                        ..path
                    }),
                    ..OperatorState::default()
                },
                vec!["chart.repository", "chart.name"],
            ),
        ];
        for (state, expected) in table {
            assert_eq!(errors(&state), expected);
        }
    }

    #[test]
    fn texts_are_checked_with_an_example_of_the_right_form() {
        type Check = fn(&str) -> bool;
        let table: Vec<(Check, &[&str], &[&str])> = vec![
            (
                |text| version_text(&text.to_owned()).is_ok(),
                &["0.7.5", "v0.7.5", "0.8.0-beta.1"],
                &["", "0.7", "latest", ">=0.7"],
            ),
            (
                |text| release_name(&text.to_owned()).is_ok(),
                &["kubeblocks", "a-1"],
                &["", "A", "-a", "a-", "a_b"],
            ),
            (
                |text| repository_url(&text.to_owned()).is_ok(),
                &["https://a.test/x", "oci://a.test", "http://127.0.0.1:80"],
                &["a.test", "https://", "https://u:p@a.test", "./x", "file:///x"],
            ),
            (
                |text| known_provider(&text.to_owned()).is_ok(),
                &["aws", "tencentCloud"],
                &["AWS", "digitalocean", ""],
            ),
            (|text| not_empty(&text.to_owned()).is_ok(), &["a"], &["", " "]),
        ];
        for (check, right, wrong) in table {
            for text in right {
                assert!(check(text), "{text}");
            }
            for text in wrong {
                assert!(!check(text), "{text}");
            }
        }
        assert!(digest_text(&format!("sha256:{}", "0".repeat(64))).is_ok());
        assert!(
            digest_text(&"0".repeat(64)).is_err()
                && digest_text(&format!("sha256:{}", "G".repeat(64))).is_err()
        );
        assert!(known_provider(&"tencentcloud".to_owned()).unwrap_err().contains("tencentCloud\"?"));
    }

    #[test]
    fn webhooks_are_refused_for_the_charts_that_cannot_render_them() {
        let on = json!({"admissionWebhooks": {"enabled": true}});
        assert!(refuse_webhooks(&on, "0.7.5").is_some());
        assert!(refuse_webhooks(&on, "0.8.0").is_none());
        assert!(refuse_webhooks(&json!({"admissionWebhooks": {"enabled": false}}), "0.7.5").is_none());
    }
}
