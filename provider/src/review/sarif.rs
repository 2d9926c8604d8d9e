//! SARIF 2.1.0, for code scanning: a rule a kind of finding, a result a finding.

use serde::Serialize;

use super::escape;
use super::kinds::Severity;
use super::model::{Finding, FindingKind, Review};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HOME: &str = "https://github.com/kubeblocks/terraform-provider-kubeblocks";

const KINDS: [FindingKind; 11] = [
    FindingKind::PlanErrored,
    FindingKind::DataLoss,
    FindingKind::UnknownImpact,
    FindingKind::Downtime,
    FindingKind::Replace,
    FindingKind::Destroy,
    FindingKind::CheckFailed,
    FindingKind::PlanIncomplete,
    FindingKind::Deferred,
    FindingKind::Drift,
    FindingKind::RollingRestart,
];

/// The log of one run.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: [Rule; KINDS.len()],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    primary_location_line_hash: String,
}

/// The log. Findings of a plan have no line of code, so they stand at the beginning of `file`, which code scanning needs.
pub(super) fn render(review: &Review, file: &str) -> Log {
    let driver = Driver {
        name: "terraform-provider-kubeblocks review",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: HOME,
        rules: KINDS.map(rule),
    };
    let results = review.findings.iter().map(|finding| outcome(finding, file)).collect();
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

fn rule(kind: FindingKind) -> Rule {
    let message = |text: &str| Message { text: text.to_owned() };
    Rule {
        id: kind.rule(),
        short_description: Message { text: format!("{}.", kind.title()) },
        full_description: message(kind.description()),
        help: message(kind.advice()),
        default_configuration: Configuration { level: level(kind) },
    }
}

fn level(kind: FindingKind) -> &'static str {
    match kind.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn outcome(finding: &Finding, file: &str) -> Outcome {
    let (rule, address) = (finding.kind.rule(), finding.address.as_deref());
    let text = address.map_or_else(|| finding.text.clone(), |address| format!("{address}: {}", finding.text));
    let logical = |address: &str| Logical { fully_qualified_name: address.to_owned(), kind: "resource" };
    let physical =
        Physical { artifact_location: Artifact { uri: escape::uri(file) }, region: Region { start_line: 1 } };
    Outcome {
        rule_id: rule,
        rule_index: KINDS.iter().position(|kind| *kind == finding.kind).unwrap_or_default(),
        level: level(finding.kind),
        message: Message { text: escape::sarif(&text) },
        locations: [Location {
            physical_location: physical,
            logical_locations: address.map(logical).into_iter().collect(),
        }],
        partial_fingerprints: Fingerprints {
            primary_location_line_hash: fingerprint(rule, address.unwrap_or_default()),
        },
    }
}

/// The same for the same finding of the next plan. Code scanning tells findings apart by it, and would otherwise take it
/// from the line, which is one for all of them.
fn fingerprint(rule: &str, address: &str) -> String {
    // FNV-1a: stable and short; nobody is to be kept from finding a second text of the same hash.
    let hash = [rule, "\0", address]
        .iter()
        .flat_map(|part| part.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}:1")
}

#[cfg(test)]
mod tests {
    use super::super::testing::review;
    use super::*;

    #[test]
    fn fingerprints_tell_rules_and_addresses_apart_and_stay() {
        assert_eq!(fingerprint("", ""), "af63bd4c8601b7df:1");
        let all =
            [fingerprint("a", "b"), fingerprint("a", "c"), fingerprint("ab", ""), fingerprint("", "ab")];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{one}");
        }
    }

    #[test]
    fn a_message_holds_no_placeholder_and_no_link() {
        let mut review = review("{}");
        let (kind, text) = (FindingKind::Drift, "[x](https://y.test) {0}".to_owned());
        review.findings = vec![Finding { kind, address: None, text }];
        let log = serde_json::to_value(render(&review, "plan.json")).unwrap();
        let message = &log["runs"][0]["results"][0]["message"]["text"];
        assert_eq!(message, "\\[x\\](https://y.test) {{0}}");
    }

    #[test]
    fn every_kind_has_a_rule_of_its_own_at_its_place() {
        let mut review = review("{}");
        let finding = |kind| Finding { kind, address: None, text: String::new() };
        review.findings = KINDS.map(finding).to_vec();
        let log = serde_json::to_value(render(&review, "ä.json")).unwrap();
        let run = &log["runs"][0];
        for (index, result) in run["results"].as_array().unwrap().iter().enumerate() {
            let rule = &run["tool"]["driver"]["rules"][index];
            assert_eq!(result["ruleIndex"], index);
            assert_eq!(result["ruleId"], rule["id"]);
            assert_eq!(result["level"], rule["defaultConfiguration"]["level"]);
            assert!(result["locations"][0].get("logicalLocations").is_none());
            assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "%C3%A4.json");
        }
        assert!(KINDS.is_sorted() && KINDS.len() == 11);
    }
}
