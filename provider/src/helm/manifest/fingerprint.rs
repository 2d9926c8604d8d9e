//! Hashes by which two renderings of an object are compared. Pure, but for the key of the process.
//!
//! Equal objects have equal hashes however they are written: order of fields, spelling of numbers, nulls, and white
//! space at the end of texts (where helm 3 and helm 4 differ) do not count.

use std::sync::OnceLock;

use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::ObjectKey;

/// The hashes of one object.
#[derive(Clone, Debug)]
pub(super) struct Fingerprint {
    /// Of all of it, keyed with a number that this process drew: nobody can guess a Secret's content by it.
    pub(super) keyed: [u8; 32],
    /// Of its identity and, but for a Secret's values, its content. The same in all processes.
    pub(super) public: [u8; 32],
}

impl Fingerprint {
    pub(super) fn of(object: &Value, identity: &ObjectKey) -> Self {
        let in_release_namespace = identity.namespace.is_none();
        let is_secret = identity.kind == "Secret" && identity.api_version == "v1";
        let mut keyed = Sha256::new_with_prefix(process_key());
        let mut public = Sha256::new();
        let part = |name: &str, value: &Value, hash: &mut Sha256| {
            string(name, hash);
            if name == "metadata" && in_release_namespace {
                metadata_without_namespace(value, hash);
            } else {
                content(value, hash);
            }
        };
        for (name, value) in fields(object) {
            part(name, value, &mut keyed);
            if !(is_secret && matches!(name, "data" | "stringData")) {
                part(name, value, &mut public);
            }
        }
        Self { keyed: keyed.finalize().into(), public: public.finalize().into() }
    }
}

fn process_key() -> &'static [u8; 32] {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    KEY.get_or_init(rand::random)
}

fn fields(object: &Value) -> Vec<(&str, &Value)> {
    object.as_object().map(sorted).unwrap_or_default()
}

/// The fields that say something, by name.
fn sorted(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut fields: Vec<(&str, &Value)> = map
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    fields
}

fn metadata_without_namespace(metadata: &Value, hash: &mut Sha256) {
    let mut fields = fields(metadata);
    fields.retain(|(name, _)| *name != "namespace");
    length(fields.len(), hash);
    for (name, value) in fields {
        string(name, hash);
        content(value, hash);
    }
}

/// Adds a value so that no two different values add the same bytes: each begins with its type and length.
fn content(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Null => hash.update(b"0"),
        Value::Bool(value) => hash.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => {
            hash.update(b"n");
            string(&canonical(number), hash);
        }
        Value::String(text) => {
            hash.update(b"s");
            string(text.trim_end(), hash);
        }
        Value::Array(items) => {
            hash.update(b"a");
            length(items.len(), hash);
            for item in items {
                content(item, hash);
            }
        }
        Value::Object(map) => {
            let fields = sorted(map);
            hash.update(b"o");
            length(fields.len(), hash);
            for (name, value) in fields {
                string(name, hash);
                content(value, hash);
            }
        }
    }
}

fn string(text: &str, hash: &mut Sha256) {
    length(text.len(), hash);
    hash.update(text.as_bytes());
}

fn length(length: usize, hash: &mut Sha256) {
    hash.update((length as u64).to_le_bytes());
}

/// One spelling for a number: `12345678` for `1.2345678e+07`, which is how helm writes it.
fn canonical(number: &Number) -> String {
    if let Some(number) = number.as_i64() {
        return number.to_string();
    }
    if let Some(number) = number.as_u64() {
        return number.to_string();
    }
    match number.as_f64() {
        // Rust writes a whole number without a fraction and without an exponent.
        Some(0.0) => "0".to_owned(),
        Some(number) => number.to_string(),
        None => number.to_string(),
    }
}

/// Lowercase hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
