//! From bytes to a `Plan`: the encodings that shells write, and a clear word for everything that is no plan in JSON.
//! What is wrong is said without any value of the input, as it may hold secrets.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::plan::Plan;

/// The major version of the format that is understood; minor ones only add.
const MAJOR: &str = "1";

/// Why there is no plan to review.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "there is nothing to read: the input is empty. Write it with `terraform show -json plan.out > plan.json`, and look at the errors of that command"
    )]
    Empty,
    #[error(
        "this is a plan file as Terraform keeps it. Turn it into JSON: `terraform show -json plan.out > plan.json`"
    )]
    PlanFile,
    #[error(
        "this is an encrypted plan or state file of OpenTofu. Turn it into JSON where the key is: `tofu show -json plan.out > plan.json`"
    )]
    Encrypted,
    #[error(
        "this is the log of `terraform plan -json`, which has no values in it. Write a plan file and show it: `terraform plan -out plan.out`, then `terraform show -json plan.out > plan.json`"
    )]
    Log,
    #[error(
        "this is a state, not a plan. Name the plan file when you show it: `terraform show -json plan.out > plan.json`"
    )]
    State,
    #[error(
        "the JSON does not begin at once: a wrapper around `terraform` has put its own line before it. With the action setup-terraform, set `terraform_wrapper: false`"
    )]
    Wrapper,
    #[error("this is no JSON. Write it with `terraform show -json plan.out > plan.json`")]
    NotJson,
    #[error("the JSON is broken in line {line}, column {column}{}", if *.ended { ": it ends too early" } else { "" })]
    Broken { line: usize, column: usize, ended: bool },
    #[error(
        "this is JSON, but not a plan: line {line}, column {column} is not what a plan has there. Write it with `terraform show -json plan.out > plan.json`"
    )]
    Shape { line: usize, column: usize },
    #[error("this is JSON, but not a plan. Write it with `terraform show -json plan.out > plan.json`")]
    NotPlan,
    #[error(
        "the plan is in version {found} of its format, and this program reads version {MAJOR}. Use a release of the provider that fits your Terraform or OpenTofu"
    )]
    Version { found: String },
}

/// Which names stand at the top. They tell apart what else is a JSON object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
    planned_values: Option<IgnoredAny>,
    resource_changes: Option<IgnoredAny>,
    resource_drift: Option<IgnoredAny>,
    configuration: Option<IgnoredAny>,
    errored: Option<IgnoredAny>,
    values: Option<IgnoredAny>,
    lineage: Option<IgnoredAny>,
    encrypted_data: Option<IgnoredAny>,
    #[serde(rename = "@level")]
    level: Option<IgnoredAny>,
    #[serde(rename = "@message")]
    message: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
}

/// Reads a plan.
pub(super) fn read(bytes: &[u8]) -> Result<Plan, Error> {
    let Some(decoded) = decode_utf16(bytes) else { return read_utf8(bytes) };
    read_utf8(decoded.as_bytes())
}

fn read_utf8(bytes: &[u8]) -> Result<Plan, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match bytes {
        [] => return Err(Error::Empty),
        [b'P', b'K', 3, 4, ..] => return Err(Error::PlanFile),
        [b'{', ..] => {}
        _ if bytes.starts_with(b"[command]") => return Err(Error::Wrapper),
        [b'[' | b'"', ..] => return Err(Error::NotPlan),
        _ => return Err(Error::NotJson),
    }
    match serde_json::from_slice::<Plan>(bytes) {
        Ok(plan) if !plan.format_version.is_empty() && has_changes(&plan) => check_version(plan),
        Ok(plan) => match refusal(bytes) {
            Some(refusal) => Err(refusal),
            None => check_version(plan),
        },
        // Another kind of document may differ from a plan in its shape, or go on after the first object.
        Err(error) => Err(refusal(bytes).unwrap_or_else(|| broken(&error))),
    }
}

/// Only plans have these, so that there is no need to look a second time.
fn has_changes(plan: &Plan) -> bool {
    !plan.resource_changes.is_empty() || !plan.resource_drift.is_empty()
}

/// What the first object is, when it is no plan.
fn refusal(bytes: &[u8]) -> Option<Error> {
    let first = serde_json::Deserializer::from_slice(bytes).into_iter::<Names>().next();
    let names = first.and_then(Result::ok)?;
    let is_plan = [
        &names.planned_values,
        &names.resource_changes,
        &names.resource_drift,
        &names.configuration,
        &names.errored,
    ];
    if names.level.is_some() && names.message.is_some() {
        Some(Error::Log)
    } else if names.encrypted_data.is_some() {
        Some(Error::Encrypted)
    } else if names.format_version.is_some() && is_plan.into_iter().any(Option::is_some) {
        None
    } else if names.values.is_some() || names.lineage.is_some() {
        Some(Error::State)
    } else {
        Some(Error::NotPlan)
    }
}

fn check_version(plan: Plan) -> Result<Plan, Error> {
    if plan.format_version.split('.').next() == Some(MAJOR) {
        return Ok(plan);
    }
    // Only digits and dots are repeated: the rest of the world may be anything.
    let found =
        plan.format_version.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').take(20);
    Err(Error::Version { found: found.collect() })
}

fn broken(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => Error::Shape { line, column },
        Category::Eof => Error::Broken { line, column, ended: true },
        Category::Syntax | Category::Io => Error::Broken { line, column, ended: false },
    }
}

/// `>` of Windows PowerShell writes UTF-16.
fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}}"#;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mut bytes = unit(0xfeff).to_vec();
        bytes.extend(text.encode_utf16().flat_map(unit));
        bytes
    }

    #[test]
    fn a_plan_is_read_in_the_encodings_that_shells_write() {
        let small = SMALL.as_bytes().to_vec();
        let marked = [b"\xef\xbb\xbf".to_vec(), small.clone()].concat();
        let spaced = format!("\n {SMALL}\r\n").into_bytes();
        for bytes in [small, marked, spaced, utf16(SMALL, u16::to_le_bytes), utf16(SMALL, u16::to_be_bytes)] {
            let plan = read(&bytes).unwrap();
            assert_eq!(plan.terraform_version.as_deref(), Some("1.11.4"), "{bytes:?}");
        }
    }

    #[test]
    fn minor_versions_and_plans_without_a_change_are_read() {
        for text in [
            r#"{"format_version": "1.9", "resource_changes": []}"#,
            r#"{"format_version": "1.2", "errored": true}"#,
            r#"{"format_version": "1.2", "configuration": {}, "values": 1}"#,
            r#"{"format_version": "1", "resource_drift": [{}]}"#,
        ] {
            assert!(read(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_by_its_name() {
        let version = |found: &str| Error::Version { found: found.to_owned() };
        let table: [(&[u8], Error); 21] = [
            (b"", Error::Empty),
            (b" \n", Error::Empty),
            (b"\xff\xfe", Error::Empty),
            (b"PK\x03\x04\x14\x00", Error::PlanFile),
            (br#"{"serial": 1, "lineage": "x", "meta": {}, "encrypted_data": "x"}"#, Error::Encrypted),
            (b"{\"@level\":\"info\",\"@message\":\"x\"}\n{\"@level\":\"info\"}", Error::Log),
            (br#"{"@level": "info", "@message": "x", "type": "version"}"#, Error::Log),
            (br#"{"format_version": "1.0", "values": {"root_module": {}}}"#, Error::State),
            (br#"{"version": 4, "serial": 3, "lineage": "x", "resources": []}"#, Error::State),
            (b"[command]/bin/terraform show -json\n{}", Error::Wrapper),
            (b"Terraform will perform the following actions:", Error::NotJson),
            (b"[]", Error::NotPlan),
            (b"{}", Error::NotPlan),
            (br#"{"format_version": "1.0", "provider_schemas": {}}"#, Error::NotPlan),
            (br#"{"resource_changes": [{"address": "a.b"}]}"#, Error::NotPlan),
            (
                br#"{"format_version": "1.2", "resource_changes": ["#,
                Error::Broken { line: 1, column: 47, ended: true },
            ),
            (br#"{"format_version": "1.2", }"#, Error::Broken { line: 1, column: 27, ended: false }),
            (br#"{"format_version": "1.2", "errored": "s3cr3t"}"#, Error::Shape { line: 1, column: 45 }),
            (
                br#"{"format_version": "1.2", "errored": true} x"#,
                Error::Broken { line: 1, column: 44, ended: false },
            ),
            (br#"{"format_version": "2.0", "resource_changes": []}"#, version("2.0")),
            (br#"{"format_version": "0.2<b>", "resource_changes": [{}]}"#, version("0.2")),
        ];
        for (bytes, expected) in table {
            let text = String::from_utf8_lossy(bytes);
            let found = read(bytes).expect_err(&text);
            assert_eq!(found, expected, "{text}");
            assert!(!found.to_string().contains("s3cr3t"));
        }
    }
}
