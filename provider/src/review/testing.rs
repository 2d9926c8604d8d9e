//! Tests of the whole way, from bytes to each format: golden files of a rich plan, and plans of several versions.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::impact::Level;
use super::model::Review;
use super::{Arguments, Format, assemble, reaching, render, scanned_file, source};

/// The review of a plan of which only the interesting part is written.
pub(super) fn review(rest: &str) -> Review {
    let mut plan: Value = serde_json::from_str(rest).unwrap();
    plan["format_version"] = "1.2".into();
    plan["planned_values"] = serde_json::json!({});
    of_bytes(plan.to_string().as_bytes())
}

fn of_bytes(bytes: &[u8]) -> Review {
    assemble::assemble(&source::read(bytes).unwrap())
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/review/testdata").join(name)
}

fn of_file(name: &str) -> Review {
    of_bytes(&std::fs::read(testdata(name)).unwrap())
}

/// What the rich plan hides in its values, sensitive or not.
const SECRET: &str = "hunter2-in-the-plan";

const FORMATS: [(Format, &str); 5] = [
    (Format::Markdown, "rich.review.md"),
    (Format::Json, "rich.review.json"),
    (Format::Html, "rich.review.html"),
    (Format::Sarif, "rich.review.sarif"),
    (Format::Github, "rich.review.github.txt"),
];

fn arguments(format: Format) -> Arguments {
    Arguments { plan: None, format, fail_on: Level::None, max_length: 60_000 }
}

fn printed(review: &Review, format: Format) -> String {
    render(review, &arguments(format), None).unwrap()
}

#[test]
fn each_format_prints_the_golden_file() {
    let review = of_file("rich.plan.json");
    for (format, name) in FORMATS {
        let version = format!("\"semanticVersion\": \"{}\"", env!("CARGO_PKG_VERSION"));
        let found = printed(&review, format).replace(&version, "\"semanticVersion\": \"0.0.0\"");
        assert!(!found.contains(SECRET), "{name}");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(testdata(name), &found).unwrap();
        }
        let expected = std::fs::read_to_string(testdata(name)).unwrap();
        let differing = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        assert!(
            found == expected,
            "{name} is stale: line {} differs. Run the test with UPDATE_GOLDEN=1 and look at the diff.",
            differing.map_or(found.lines().count().min(expected.lines().count()), |line| line) + 1,
        );
    }
}

/// What holds for any plan, in every format.
fn check_formats(name: &str) -> Review {
    let bytes = std::fs::read(testdata(name)).unwrap();
    let review = of_bytes(&bytes);
    for (format, _) in FORMATS {
        let text = printed(&review, format);
        assert!(!text.contains("s3cr3t"), "{name} {format:?}");
        if matches!(format, Format::Json | Format::Sarif) {
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
    review
}

#[test]
fn plans_of_several_versions_are_read() {
    // (add, change, replace, destroy), imported, moved, forgotten.
    let table = [
        ("terraform-1.5.plan.json", "1.5.7", (1, 0, 0, 0), 1, 1, 0),
        ("terraform-1.11.plan.json", "1.11.4", (1, 2, 1, 1), 1, 1, 1),
        ("terraform-1.16.plan.json", "1.16.0", (1, 0, 0, 0), 0, 0, 1),
        ("opentofu-1.6.plan.json", "1.6.3", (0, 0, 0, 1), 0, 0, 1),
    ];
    for (name, version, counted, imported, moved, forgotten) in table {
        let review = check_formats(name);
        let counts = review.counts;
        assert_eq!(review.terraform_version.as_deref(), Some(version), "{name}");
        assert_eq!((counts.add, counts.change, counts.replace, counts.destroy), counted, "{name}");
        assert_eq!((counts.import, counts.moved), (imported, moved), "{name}");
        assert_eq!(review.forgotten.len(), forgotten, "{name}");
    }
}

/// The same configuration, planned by each of them.
#[test]
fn plans_that_real_programs_wrote_are_read_alike() {
    let names = ["terraform-1.5.7", "terraform-1.11.4", "terraform-1.16.1", "opentofu-1.12.6"];
    let texts = names.map(|name| {
        let review = check_formats(&format!("written-by-{name}.plan.json"));
        assert!(review.terraform_version.as_deref().is_some_and(|version| name.ends_with(version)), "{name}");
        printed(&review, Format::Markdown)
    });
    for expected in [
        "| Databases | **none** | 1 |",
        "| Other providers | not judged | 1 |",
        "| Databases | 0 → 2 | – | 0 → 2 | 0 → 4 | 0 → 40 |",
        "`kubeblocks_cluster.orders`: added",
    ] {
        assert!(texts[0].contains(expected), "{expected:?} in:\n{}", texts[0]);
    }
    let without_version = texts.clone().map(|text| {
        let lines = text.lines().filter(|line| !line.contains("1.5.7") && !line.contains("1.1"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    assert!(without_version.iter().all(|lines| *lines == without_version[0]), "{texts:#?}");
}

#[test]
fn what_reaches_a_level_is_named() {
    let review = of_file("rich.plan.json");
    for (level, number) in [(Level::DataLoss, 4), (Level::Downtime, 6), (Level::RollingRestart, 10)] {
        let named = reaching(&review, level);
        assert_eq!(named.len(), number, "{named:?}");
        assert!(named.contains(&"kubeblocks_cluster.cache: data loss".to_owned()), "{named:?}");
    }
    let restarts = reaching(&review, Level::RollingRestart);
    assert!(restarts.contains(&"action.kubeblocks_restart.orders: rolling restart".to_owned()));
    assert!(!restarts.iter().any(|line| line.contains("quiet")), "a no-op keeps an old impact");
}

#[test]
fn the_worst_known_level_is_the_plans() {
    let change = |level: &str| {
        format!(
            r#"{{"address": "kubeblocks_cluster.a", "type": "kubeblocks_cluster", "mode": "managed",
            "change": {{"actions": ["update"], "before": {{}}, "after": {{"planned_impact": {{"level": "{level}"}}}}}}}}"#
        )
    };
    let table: [(&[&str], Level, usize, &str); 6] = [
        (&[], Level::None, 0, "Nothing changes."),
        (&["none"], Level::None, 0, "This plan disturbs nothing that KubeBlocks runs."),
        (
            &["none", "rolling_restart"],
            Level::RollingRestart,
            0,
            "This plan restarts instances, one after another.",
        ),
        (&["downtime", "rolling_restart"], Level::Downtime, 0, "This plan takes a database out of service."),
        (&["flood", "downtime"], Level::Downtime, 1, "What this plan disturbs is not fully known."),
        (&["flood", "data_loss"], Level::DataLoss, 1, "This plan deletes data."),
    ];
    for (levels, level, unknown, headline) in table {
        let changes: Vec<String> = levels.iter().map(|level| change(level)).collect();
        let review = review(&format!(r#"{{"resource_changes": [{}]}}"#, changes.join(",")));
        assert_eq!((review.level, review.unknown_levels), (level, unknown), "{levels:?}");
        assert_eq!(super::words::headline(&review), headline, "{levels:?}");
    }
}

#[test]
fn the_state_of_the_plan_itself_is_told() {
    for (plan, headline, finding) in [
        (r#"{"errored": true, "complete": false}"#, "The plan failed.", Some("Plan failed")),
        (r#"{"complete": false}"#, "Nothing changes.", Some("Plan not complete")),
        (r#"{"complete": true}"#, "Nothing changes.", None),
        (r#"{"output_changes": {"a": {"actions": ["update"]}}}"#, "Only outputs change.", None),
    ] {
        let review = review(plan);
        assert_eq!(super::words::headline(&review), headline, "{plan}");
        assert_eq!(review.findings.first().map(|finding| finding.kind.title()), finding, "{plan}");
    }
}

#[test]
fn actions_of_the_provider_have_levels_and_others_are_only_named() {
    let action = |kind: &str| format!(r#"{{"address": "action.{kind}.a", "type": "{kind}"}}"#);
    for (kind, level, unknown) in [
        ("kubeblocks_stop", Some(Level::Downtime), 0),
        ("kubeblocks_restart", Some(Level::RollingRestart), 0),
        ("kubeblocks_backup_now", Some(Level::None), 0),
        ("kubeblocks_of_later", None, 1),
        ("aws_lambda_invoke", None, 0),
    ] {
        let review = review(&format!(r#"{{"action_invocations": [{}]}}"#, action(kind)));
        assert_eq!((review.actions[0].level, review.unknown_levels), (level, unknown), "{kind}");
        assert_eq!(review.level, level.unwrap_or_default(), "{kind}");
    }
}

#[test]
fn a_thousand_resources_fit_into_a_comment() {
    let rich: Value = serde_json::from_slice(&std::fs::read(testdata("rich.plan.json")).unwrap()).unwrap();
    let mut changes = Vec::new();
    while changes.len() < 1_000 {
        for mut change in rich["resource_changes"].as_array().unwrap().clone() {
            let address = format!("module.m[{}].{}", changes.len(), change["address"].as_str().unwrap());
            change["address"] = address.into();
            changes.push(change);
        }
    }
    let review = review(&serde_json::json!({ "resource_changes": changes }).to_string());
    let text = printed(&review, Format::Markdown);
    assert!(text.chars().count() <= 60_000 && text.contains("*Left out for length: "), "{}", text.len());
    // The worst stays: every loss of data is named, before all else.
    let losses = review.findings.iter().filter(|finding| finding.kind.title() == "Data loss").count();
    let named: Vec<&str> = text.lines().filter(|line| line.starts_with("- **")).collect();
    assert!(losses > 100 && named.len() > losses, "{losses} {}", named.len());
    assert!(named.iter().take(losses).all(|line| line.starts_with("- **Data loss**")), "{named:?}");
    for summary in ["### Summary", "### Capacity of what changes"] {
        assert!(text.contains(summary), "{summary}");
    }
}

#[test]
fn code_scanning_never_sees_a_path_of_the_machine() {
    for (path, expected) in [
        (None, "plan.json"),
        (Some("plan.json"), "plan.json"),
        (Some("stacks/a/plan.json"), "stacks/a/plan.json"),
        (Some("/home/me/plan.json"), "plan.json"),
        (Some("../x/plan.json"), "plan.json"),
    ] {
        assert_eq!(scanned_file(path.map(Path::new)), expected, "{path:?}");
    }
}

/// A small part of JSON Schema: enough to hold the printed JSON and the documented one together.
fn conforms(value: &Value, schema: &Value, root: &Value, path: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.trim_start_matches("#/$defs/");
        return conforms(value, &root["$defs"][name], root, path);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fitting = choices.iter().find(|choice| choice["type"] != "null" || value.is_null()).unwrap();
        let chosen = if value.is_null() { choices.last().unwrap() } else { fitting };
        return conforms(value, chosen, root, path);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let fits = allowed.contains(&kind) || kind == "integer" && allowed.contains(&"number");
    assert!(fits, "{path} is {kind}, not one of {allowed:?}");
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{path}: {value} is not documented");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        conforms(item, &schema["items"], root, &format!("{path}[{index}]"));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let documented = schema["properties"].get(name);
        assert!(documented.is_some(), "{path}.{name} is not documented");
        conforms(member, documented.unwrap(), root, &format!("{path}.{name}"));
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(required).is_some(), "{path}.{required} is missing");
    }
}

#[test]
fn the_json_is_the_documented_one() {
    let schema: Value = serde_json::from_str(include_str!("review.schema.json")).unwrap();
    for name in ["rich.plan.json", "terraform-1.11.plan.json", "opentofu-1.6.plan.json"] {
        let printed: Value = serde_json::from_str(&printed(&of_file(name), Format::Json)).unwrap();
        conforms(&printed, &schema, &schema, name);
    }
}
