//! What all clouds' clients share: one policy of retries, one cache of credentials, one HTTP client.

pub mod cache;
pub mod http;
pub mod retry;
