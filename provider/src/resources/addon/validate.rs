//! Checks of a configuration that need no server, as far as it is known. Pure.

use kubeblocks_schemas::catalogue::Catalogue;
use kubeblocks_schemas::quantity::Quantity;
use tfplugin::prelude::*;

use super::build;
use super::schema::{AddonState, Chart, Resources, Settings};
use super::values;
use crate::resources::cluster::build::known_entries;

/// Adds a finding for each thing that is wrong.
pub fn config(config: &AddonState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    if let Some(name) = config.name.known() {
        check_name(name, &config.chart, diagnostics);
    }
    check_settings(&config.settings(), &Path::root(), diagnostics);
    for (name, extra) in known_entries(&config.extras) {
        check_settings(extra, &Path::attribute("extras").then_key(name), diagnostics);
    }
    check_values(config, diagnostics);
    if let Some(chart) = config.chart.known() {
        check_chart(chart, &Path::attribute("chart"), diagnostics);
        check_alone(config, diagnostics);
    }
}

fn check_name(name: &str, chart: &Value<Chart>, diagnostics: &mut Diagnostics) {
    let path = Path::attribute("name");
    if !is_name(name) {
        let detail = format!(
            "{name:?} cannot be the name of an add-on: use up to 44 lower-case letters, digits and `-`, beginning and ending with a letter or digit."
        );
        diagnostics.push(Diagnostic::error("Invalid name", detail).at(path));
        return;
    }
    if !chart.is_null() || Catalogue::v0_7().addons().any(|addon| addon.object == Some(name)) {
        return;
    }
    let Some(addon) = Catalogue::v0_7().addon(name) else { return };
    let detail = match (addon.object, addon.chart) {
        (Some(object), _) => {
            format!("\"{name}\" is installed by the add-on \"{object}\": write `name = \"{object}\"`.")
        }
        (None, Some(file)) => format!(
            "KubeBlocks v0.7 ships a chart of \"{name}\", but its operator has no add-on for it. Say where the chart is, and this resource makes the add-on:\n\n  chart = {{\n    url   = \"file://{file}-0.7.5.tgz\"\n    image = \"docker.io/apecloud/kubeblocks-charts:0.7.5\"\n  }}"
        ),
        (None, None) => format!(
            "KubeBlocks v0.7 ships no chart of \"{name}\". With a chart of your own, say where it is with `chart`."
        ),
    };
    diagnostics.push(Diagnostic::error("No such add-on", detail).at(path));
}

/// Whether it can be the name of an add-on. It becomes part of the names of Jobs, pods and a release, which helm limits.
pub fn is_name(name: &str) -> bool {
    let is_end = |character: Option<char>| {
        character.is_some_and(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
    };
    name.len() <= 44
        && is_end(name.chars().next())
        && is_end(name.chars().last())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn check_settings(settings: &Settings, path: &Path, diagnostics: &mut Diagnostics) {
    if let Some(replicas) = settings.replicas.known()
        && (*replicas < 0 || i32::try_from(*replicas).is_err())
    {
        let detail = format!("{replicas} is no number of instances.");
        diagnostics.push(
            Diagnostic::error("Invalid number of replicas", detail).at(path.then_attribute("replicas")),
        );
    }
    if settings.storage_class.known().is_some_and(String::is_empty) {
        let detail =
            "Leave `storage_class` out, or write `-` for the default class of the Kubernetes cluster.";
        diagnostics
            .push(Diagnostic::error("Empty storage class", detail).at(path.then_attribute("storage_class")));
    }
    if let Some(resources) = settings.resources.known() {
        check_resources(resources, &path.then_attribute("resources"), diagnostics);
    }
    let tolerations = settings.tolerations.known().into_iter().flatten().enumerate();
    for (index, toleration) in tolerations.filter_map(|(index, found)| Some((index, found.known()?))) {
        let path = path.then_attribute("tolerations").then_index(index);
        let table: [(&str, &Value<String>, &[&str]); 2] = [
            ("operator", &toleration.operator, &["Equal", "Exists"]),
            ("effect", &toleration.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]),
        ];
        for (attribute, value, allowed) in table {
            if let Some(value) = value.known().filter(|value| !allowed.contains(&value.as_str())) {
                let detail = format!("{value:?} is none of {}.", allowed.join(", "));
                diagnostics
                    .push(Diagnostic::error("Unknown value", detail).at(path.then_attribute(attribute)));
            }
        }
    }
}

fn check_resources(resources: &Resources, path: &Path, diagnostics: &mut Diagnostics) {
    for (attribute, value) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
        let path = path.then_attribute(attribute);
        if let Some(text) = value.known() {
            check_quantity(text, &path, diagnostics);
        }
        if !value.is_null() && (!resources.requests.is_null() || !resources.limits.is_null()) {
            let detail = "Write either `cpu` and `memory`, or `requests` and `limits`.";
            diagnostics.push(Diagnostic::error("Conflicting attributes", detail).at(path));
        }
    }
    let maps = [
        ("requests", &resources.requests, &["cpu", "memory", "storage"][..]),
        ("limits", &resources.limits, &["cpu", "memory"][..]),
    ];
    for (attribute, map, allowed) in maps {
        for (name, text) in known_entries(map) {
            let path = path.then_attribute(attribute).then_key(name);
            if allowed.contains(&name.as_str()) {
                check_quantity(text, &path, diagnostics);
            } else {
                let detail =
                    format!("An add-on has no {attribute} for {name:?}; it has {}.", allowed.join(", "));
                diagnostics.push(Diagnostic::error("Unknown resource", detail).at(path));
            }
        }
    }
    let limits: std::collections::BTreeMap<&String, &String> = known_entries(&resources.limits).collect();
    for (name, request) in known_entries(&resources.requests) {
        let quantity = |text: &str| text.parse::<Quantity>().ok();
        let limit = limits.get(name).and_then(|limit| quantity(limit));
        if let (Some(request), Some(limit)) = (quantity(request), limit)
            && request > limit
        {
            let path = path.then_attribute("requests").then_key(name);
            let detail = format!("{request} of {name} is reserved, but at most {limit} may be used.");
            diagnostics.push(Diagnostic::error("Request above limit", detail).at(path));
        }
    }
}

fn check_quantity(text: &str, path: &Path, diagnostics: &mut Diagnostics) {
    if let Err(error) = text.parse::<Quantity>() {
        let detail =
            format!("{text:?} is no quantity: {error}. Write for example \"500m\", \"2\" or \"1Gi\".");
        diagnostics.push(Diagnostic::error("Invalid quantity", detail).at(path.clone()));
    } else if text.parse::<Quantity>().is_ok_and(Quantity::is_negative) {
        let detail = format!("{text:?} is below zero.");
        diagnostics.push(Diagnostic::error("Invalid quantity", detail).at(path.clone()));
    }
}

fn check_values(config: &AddonState, diagnostics: &mut Diagnostics) {
    let Some(raw) = config.values.known() else { return };
    let path = Path::attribute("values");
    if !matches!(raw.peeled(), RawValue::Object(_) | RawValue::Map(_) | RawValue::Unknown(_) | RawValue::Null)
    {
        let detail = format!(
            "`values` must be an object in the shape of the chart's values, such as {{ image = {{ tag = \"7.2\" }} }}; this is {}.",
            raw.kind()
        );
        diagnostics.push(Diagnostic::error("Values are no object", detail).at(path));
        return;
    }
    let Some(json) = build::written_values(config) else { return };
    let size =
        values::options(&json, &[]).map_or(0, |options| options.iter().map(|(_, text)| text.len()).sum());
    if size > values::MOST_BYTES {
        let detail = format!(
            "They have {size} bytes as options of helm, which can have {}. Put large values into the chart, or into a ConfigMap that the chart reads.",
            values::MOST_BYTES
        );
        diagnostics.push(Diagnostic::error("Values are too large", detail).at(path));
    }
}

fn check_chart(chart: &Chart, path: &Path, diagnostics: &mut Diagnostics) {
    let Some(url) = chart.url.known() else { return };
    let mut push = |attribute: &str, detail: &str| {
        diagnostics
            .push(Diagnostic::error("Invalid place of a chart", detail).at(path.then_attribute(attribute)));
    };
    let is_file = url.starts_with("file://");
    let is_oci = url.starts_with("oci://");
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !(is_file || is_oci || is_web) {
        push("url", "Write `oci://...`, `https://....tgz`, or `file://....tgz` for a file in `image`.");
        return;
    }
    if !is_oci && std::path::Path::new(url).extension().is_none_or(|extension| extension != "tgz") {
        push("url", "It must lead to a packaged chart, whose name ends in `.tgz`.");
    }
    if is_file && chart.image.is_null() {
        push(
            "image",
            "With `file://` name the image that holds the chart. Its folder `/charts` is looked in, or `path_in_image`.",
        );
    }
    if !is_file && !chart.image.is_null() {
        push("image", "It has no effect without a `file://` URL.");
    }
    if !is_file && !chart.path_in_image.is_null() {
        push("path_in_image", "It has no effect without a `file://` URL.");
    }
    if !is_oci && !chart.version.is_null() {
        push("version", "It has no effect without an `oci://` URL: the file has the version in its name.");
    }
}

/// What an add-on of one's own has no place for.
fn check_alone(config: &AddonState, diagnostics: &mut Diagnostics) {
    let written = [
        ("replicas", !config.replicas.is_null()),
        ("storage_class", !config.storage_class.is_null()),
        ("resources", !config.resources.is_null()),
        ("tolerations", !config.tolerations.is_null()),
        ("persistent", !config.persistent.is_null()),
        ("extras", !config.extras.is_null()),
    ];
    for (attribute, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
        let detail = format!(
            "`{attribute}` has no effect with `chart`: only the operator's own add-ons say which values of their chart it sets. Set the chart's value with `values`."
        );
        diagnostics.push(Diagnostic::error("Conflicting attributes", detail).at(Path::attribute(attribute)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::addon::schema::Toleration;
    use crate::resources::addon::test_support::{entries, redis, text, texts, values, written};

    fn findings(state: &AddonState) -> Vec<(String, String)> {
        let mut diagnostics = Diagnostics::new();
        config(state, &mut diagnostics);
        diagnostics
            .iter()
            .map(|found| {
                (found.path.as_ref().map(ToString::to_string).unwrap_or_default(), found.detail.clone())
            })
            .collect()
    }

    fn own(url: &str) -> AddonState {
        let image = if url.starts_with("file") { text("charts:1") } else { Value::Null };
        let chart = Chart { url: text(url), image, ..Chart::default() };
        AddonState { name: text("etcd"), chart: Value::Known(chart), ..redis() }
    }

    #[test]
    fn what_is_right_passes() {
        let named = |name: &str| AddonState { name: text(name), ..redis() };
        for state in [
            redis(),
            written(),
            named("prometheus"),
            named("apecloud-mysql"),
            named("llm"),
            own("file://etcd-0.7.5.tgz"),
            own("oci://registry.example.com/etcd"),
            own("https://example.com/etcd-1.tgz"),
            AddonState { values: Value::Unknown, ..redis() },
        ] {
            assert!(findings(&state).is_empty(), "{:?}", findings(&state));
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_attribute() {
        let chart = |change: fn(&mut Chart)| {
            let mut state = own("https://example.com/etcd-1.tgz");
            change(state.chart.known_mut().unwrap());
            state
        };
        let resources = |resources: Resources| AddonState { resources: Value::Known(resources), ..redis() };
        let toleration = Toleration { operator: text("Is"), ..Toleration::default() };
        let negative = Settings { replicas: Value::Known(-1), ..Settings::default() };
        let table = [
            (AddonState { name: text("Redis"), ..redis() }, "name"),
            (AddonState { replicas: Value::Known(-1), ..redis() }, "replicas"),
            (AddonState { storage_class: text(""), ..redis() }, "storage_class"),
            (
                AddonState { values: Value::Known(RawValue::string("a: 1").into_dynamic()), ..redis() },
                "values",
            ),
            (AddonState { values: values(&json!({"a": "x".repeat(200_000)})), ..redis() }, "values"),
            (AddonState { extras: entries([("a", negative)]), ..redis() }, r#"extras["a"].replicas"#),
            (resources(Resources { cpu: text("much"), ..Resources::default() }), "resources.cpu"),
            (resources(Resources { cpu: text("-1"), ..Resources::default() }), "resources.cpu"),
            (
                resources(Resources {
                    cpu: text("1"),
                    limits: texts([("cpu", "2")]),
                    ..Resources::default()
                }),
                "resources.cpu",
            ),
            (
                resources(Resources { limits: texts([("storage", "1Gi")]), ..Resources::default() }),
                r#"resources.limits["storage"]"#,
            ),
            (
                resources(Resources {
                    requests: texts([("cpu", "2")]),
                    limits: texts([("cpu", "1")]),
                    ..Resources::default()
                }),
                r#"resources.requests["cpu"]"#,
            ),
            (
                AddonState { tolerations: Value::Known(vec![Value::Known(toleration)]), ..redis() },
                "tolerations[0].operator",
            ),
            (own("etcd.tgz"), "chart.url"),
            (own("https://example.com/etcd"), "chart.url"),
            (chart(|chart| chart.image = text("i")), "chart.image"),
            (chart(|chart| chart.path_in_image = text("/p")), "chart.path_in_image"),
            (chart(|chart| chart.version = text("1")), "chart.version"),
            (chart(|chart| chart.url = text("file://etcd-1.tgz")), "chart.image"),
            (AddonState { replicas: Value::Known(1), ..own("oci://r/etcd") }, "replicas"),
        ];
        for (state, expected) in table {
            let found: Vec<String> = findings(&state).into_iter().map(|(path, _)| path).collect();
            assert_eq!(found, [expected], "{state:?}");
        }
    }

    #[test]
    fn engines_without_an_add_on_say_so_before_anything_is_asked() {
        for (name, part) in [
            ("etcd", "file://etcd-0.7.5.tgz"),
            ("official-postgresql", "file://official-postgresql"),
            ("openldap", "file://openldap"),
            ("pika", "ships no chart"),
            ("ggml", "`name = \"llm\"`"),
        ] {
            let found = findings(&AddonState { name: text(name), ..redis() });
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].0 == "name" && found[0].1.contains(part), "{name}: {found:?}");
        }
    }
}
