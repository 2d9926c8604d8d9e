//! Between the messages of the protocol and the values, schemas and diagnostics of this library.

mod diagnostics;
mod private;
mod schema;
mod value;

pub(super) use self::diagnostics::{diagnostics, path};
pub(super) use self::private::{decode_private, encode_private};
pub(super) use self::schema::{block_schema, function, identity_schema};
pub(super) use self::value::{decode, decode_json_state, encode, raw_json};
