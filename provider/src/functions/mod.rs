//! Provider-defined functions, one a file: pure, offline, without configuration.

pub mod connection_uri;
pub mod manifest_decode_multi;
pub mod quantity;
pub mod supports;

pub use connection_uri::ConnectionUri;
pub use manifest_decode_multi::ManifestDecodeMulti;
pub use quantity::QuantityFunction;
pub use supports::SupportsFunction;
