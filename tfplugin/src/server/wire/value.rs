//! Values as messages: msgpack out, msgpack or JSON in.

use crate::codec;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generated::tfplugin6 as wire;
use crate::raw::RawValue;
use crate::types::Type;

/// Reads a value. One that was not sent is null.
pub(in crate::server) fn decode(
    value: Option<wire::DynamicValue>,
    kind: &Type,
) -> Result<RawValue, Diagnostics> {
    let Some(wire::DynamicValue { msgpack, json }) = value else {
        return Ok(RawValue::Null);
    };
    if !msgpack.is_empty() {
        return codec::decode_msgpack(&msgpack, kind).map_err(|error| unreadable(&error));
    }
    if json.is_empty() {
        return Ok(RawValue::Null);
    }
    let json = parse(&json)?;
    codec::decode_json(&json, kind).map_err(|error| unreadable(&error))
}

/// Writes a value. Always msgpack: Terraform does not read JSON everywhere.
pub(in crate::server) fn encode(value: &RawValue, kind: &Type) -> Result<wire::DynamicValue, Diagnostics> {
    let msgpack = codec::encode_msgpack(value, kind).map_err(|error| {
        Diagnostics::from(Diagnostic::provider_bug(
            "Provider returned a value of another type than its schema says",
            error.to_string(),
        ))
    })?;
    Ok(wire::DynamicValue { msgpack: msgpack.into(), json: bytes::Bytes::new() })
}

/// The JSON of a stored state.
pub(in crate::server) fn raw_json(state: Option<wire::RawState>) -> Result<serde_json::Value, Diagnostics> {
    let Some(wire::RawState { json, flatmap }) = state else {
        return Err(
            Diagnostic::error("Stored state is missing", "Terraform sent no state to upgrade.").into()
        );
    };
    if json.is_empty() && !flatmap.is_empty() {
        return Err(Diagnostic::error(
            "Stored state has an unsupported format",
            "The state is in the format of Terraform 0.11 and older. Run `terraform apply` with a Terraform between \
             0.12 and 1.x and a version of the provider of that time first, or import the object anew.",
        )
        .into());
    }
    parse(&json)
}

/// Reads a stored state that was written under the current schema version: what is missing in it is null.
pub(in crate::server) fn decode_json_state(
    state: &serde_json::Value,
    kind: &Type,
) -> Result<RawValue, Diagnostics> {
    codec::decode_stored_json(state, kind).map_err(|error| {
        Diagnostics::from(Diagnostic::error(
            "Stored state does not fit the schema",
            format!("{error}. The state was changed by hand or written by another provider; import the object anew."),
        ))
    })
}

fn parse(json: &[u8]) -> Result<serde_json::Value, Diagnostics> {
    serde_json::from_slice(json).map_err(|error| {
        // The place only: the text around it may hold a secret.
        Diagnostics::from(Diagnostic::error(
            "Value is not JSON",
            format!(
                "Terraform sent a value that ends being JSON at line {}, column {}.",
                error.line(),
                error.column()
            ),
        ))
    })
}

fn unreadable(error: &codec::CodecError) -> Diagnostics {
    Diagnostic::error(
        "Unreadable value",
        format!("Terraform sent a value that does not fit the provider's schema: {error}."),
    )
    .into()
}
