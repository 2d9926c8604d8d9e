//! What the fuzz targets in `fuzz/` call, and the test that replays what they found. Each function takes bytes that may be
//! anything, and panics where a promise of this library is broken. No part of the library's interface.
#![allow(clippy::panic, reason = "a broken promise is a panic, which is what a fuzzer looks for")]

use crate::codec::{CodecErrorKind, decode_json, decode_msgpack, encode_json, encode_msgpack};
use crate::conformance::generate::Choices;
use crate::conformance::play::run;
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::types::Type;

pub use crate::server::fuzzing::{Calls, message};

/// Reads bytes as a value of a type, in both notations; what was read is written in both, and read from both again.
pub fn values(bytes: &[u8], kind: &Type) {
    if let Ok(value) = decode_msgpack(bytes, kind) {
        survives(&value, kind);
    }
    if let Ok(json) = serde_json::from_slice(bytes)
        && let Ok(value) = decode_json(&json, kind)
    {
        survives(&value, kind);
    }
}

/// Writes a value of a type in both notations and reads it again.
fn survives(value: &RawValue, kind: &Type) {
    let written =
        encode_msgpack(value, kind).unwrap_or_else(|error| panic!("not written: {error}\n{value:?}"));
    assert_eq!(decode_msgpack(&written, kind).as_ref(), Ok(value), "MessagePack {written:02x?}");
    let json = match encode_json(value, kind) {
        Ok(json) => json,
        Err(error) => {
            assert!(error.kind == CodecErrorKind::UnknownInJson && !value.is_wholly_known(), "{error}");
            return;
        }
    };
    assert!(value.is_wholly_known(), "JSON of what is not known: {json}");
    assert_eq!(decode_json(&json, kind).as_ref(), Ok(value), "{json}");
    let text = json.to_string();
    match serde_json::from_str(&text) {
        Ok(json) => assert_eq!(decode_json(&json, kind).as_ref(), Ok(value), "{text}"),
        // A level of a value can be two levels of JSON, of which the parser bears as many.
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}: {text}"),
    }
}

/// Plays three changes of a resource with configurations that are drawn from bytes, as Terraform would, against the
/// rules of [`crate::conformance`]. `validate` gets each configuration first, and need only not panic.
pub fn plans(bytes: &[u8], schema: &Schema, words: &'static [&'static str], validate: impl Fn(RawValue)) {
    let mut choices = Choices::with_words(bytes.to_vec(), words);
    let mut state = if choices.below(4) == 0 { choices.state(&schema.attributes) } else { RawValue::Null };
    for _ in 0..3 {
        let config = choices.config(&schema.attributes, true);
        validate(config.clone());
        drop(crate::plan::validate(schema, &config, true));
        let Some(next) = run(&mut choices, schema, &state, &config) else { break };
        state = next;
    }
}

/// [`plans`] for a schema that is drawn from the bytes, too.
pub fn plans_of_any_schema(bytes: &[u8], words: &'static [&'static str]) {
    let mut choices = Choices::new(bytes.to_vec());
    let schema = choices.schema();
    plans(bytes.get(choices.drawn()..).unwrap_or_default(), &schema, words, drop);
}
