//! The form in which helm stores a release: base64 of gzip of JSON, in the key `release` of a Secret.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde::Deserialize;
use serde_json::Value;

use super::{Error, Release, SECRET_TYPE, Status};

/// The first bytes of what was compressed. Releases of early versions of helm 3 were not.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];
/// Charts compress to a tenth, and a Secret holds 1 MiB; far more than both is an attack.
const LARGEST: u64 = 128 * 1024 * 1024;
/// Labels that helm sets on the Secret; all others are the release's.
const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// Why a Secret is not a release. Never quotes what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is of another type.
    Type,
    /// It has no key `release`.
    NoData,
    /// The value is not base64.
    Base64,
    /// The value cannot be decompressed.
    Gzip,
    /// The value decompresses to more than a release can be.
    TooLarge,
    /// What was compressed is not the JSON of a release.
    Json {
        /// Where it stops to be.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// A field of the JSON that every release has is missing.
    Missing(&'static str),
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => write!(formatter, "its type is not {SECRET_TYPE}"),
            Self::NoData => formatter.write_str("it has no key `release`"),
            Self::Base64 => formatter.write_str("its value is not base64"),
            Self::Gzip => formatter.write_str("its value cannot be decompressed"),
            Self::TooLarge => formatter.write_str("its value decompresses to more than 128 MiB"),
            Self::Json { line, column } => {
                write!(formatter, "its value is no JSON of a release, at line {line} column {column}")
            }
            Self::Missing(field) => write!(formatter, "its value has no {field}"),
        }
    }
}

/// The parts that are read; templates, files and hooks of the chart are passed over.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u32,
    info: Option<Info>,
    chart: Option<Chart>,
    config: Option<Value>,
    #[serde(default)]
    manifest: String,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    status: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Chart {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    app_version: Option<String>,
}

/// The release that a Secret holds.
pub fn decode(secret: &Secret) -> Result<Release, Error> {
    read(secret).map_err(|reason| Error::NotARelease {
        secret: secret.metadata.name.clone().unwrap_or_default(),
        reason,
    })
}

/// The revision as the Secret's label says it; zero without one.
pub(super) fn revision(secret: &Secret) -> u32 {
    label(secret, "version").and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn read(secret: &Secret) -> Result<Release, Flaw> {
    if secret.type_.as_deref() != Some(SECRET_TYPE) {
        return Err(Flaw::Type);
    }
    let data = secret.data.as_ref().ok_or(Flaw::NoData)?;
    let encoded = &data.get("release").ok_or(Flaw::NoData)?.0;
    let stored = parse(&decompress(STANDARD.decode(encoded.trim_ascii()).map_err(|_| Flaw::Base64)?)?)?;
    let info = stored.info.ok_or(Flaw::Missing("info"))?;
    let metadata = stored.chart.and_then(|chart| chart.metadata).ok_or(Flaw::Missing("chart.metadata"))?;
    if stored.name.is_empty() {
        return Err(Flaw::Missing("name"));
    }
    let own_labels = |(name, _): &(&String, &String)| !SYSTEM_LABELS.contains(&name.as_str());
    Ok(Release {
        name: stored.name,
        namespace: secret.metadata.namespace.clone().unwrap_or(stored.namespace),
        revision: stored.version,
        status: Status::from_word(&info.status),
        description: info.description,
        chart_name: metadata.name,
        chart_version: metadata.version,
        app_version: metadata.app_version.filter(|version| !version.is_empty()),
        config: stored
            .config
            .filter(|config| !config.is_null())
            .unwrap_or_else(|| Value::Object(<_>::default())),
        manifest: stored.manifest,
        labels: copied(secret.metadata.labels.iter().flatten().filter(own_labels)),
        annotations: copied(secret.metadata.annotations.iter().flatten()),
        modified: modified(secret),
        secret_bytes: data.values().map(|value| value.0.len()).sum(),
    })
}

fn parse(json: &[u8]) -> Result<Stored, Flaw> {
    serde_json::from_slice(json).map_err(|error| Flaw::Json { line: error.line(), column: error.column() })
}

fn decompress(bytes: Vec<u8>) -> Result<Vec<u8>, Flaw> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut json = Vec::with_capacity(bytes.len() * 8);
    MultiGzDecoder::new(bytes.as_slice()).take(LARGEST + 1).read_to_end(&mut json).map_err(|_| Flaw::Gzip)?;
    if json.len() as u64 > LARGEST {
        return Err(Flaw::TooLarge);
    }
    Ok(json)
}

fn label<'a>(secret: &'a Secret, name: &str) -> Option<&'a str> {
    secret.metadata.labels.as_ref()?.get(name).map(String::as_str)
}

/// helm notes seconds since 1970: of the creation, and of each later write in their place.
fn modified(secret: &Secret) -> Option<Timestamp> {
    let seconds = label(secret, "modifiedAt").or_else(|| label(secret, "createdAt"))?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

fn copied<'a>(entries: impl Iterator<Item = (&'a String, &'a String)>) -> BTreeMap<String, String> {
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}
