//! `MessagePack` as the protocol uses it (Terraform's "object wire format"). Pure.

mod decode;
mod encode;
mod reader;
mod writer;

pub use self::decode::decode_msgpack;
pub use self::encode::encode_msgpack;

/// The extension of unknown values of which nothing is known.
const UNKNOWN: i8 = 0;
/// The extension of unknown values of which something is known.
const REFINED: i8 = 12;

/// The keys of what is known of an unknown value.
mod refinement {
    pub(super) const NULL: i64 = 1;
    pub(super) const STRING_PREFIX: i64 = 2;
    pub(super) const NUMBER_LOWER_BOUND: i64 = 3;
    pub(super) const NUMBER_UPPER_BOUND: i64 = 4;
    pub(super) const LENGTH_LOWER_BOUND: i64 = 5;
    pub(super) const LENGTH_UPPER_BOUND: i64 = 6;
}
