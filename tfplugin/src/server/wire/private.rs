//! Private data: a JSON object in opaque bytes.

use bytes::Bytes;

use crate::context::Private;

/// Reads private data. What is not ours (a resource that was moved here from another provider) counts as none.
pub(in crate::server) fn decode_private(bytes: &[u8]) -> Private {
    if bytes.is_empty() {
        return Private::new();
    }
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        // The place only: the error's own words may repeat what stands there.
        let (line, column) = (error.line(), error.column());
        tracing::warn!(line, column, "passed over private data that is not a JSON object");
        Private::new()
    })
}

/// Writes private data; none is no bytes.
pub(in crate::server) fn encode_private(private: &Private) -> Bytes {
    if private.is_empty() {
        return Bytes::new();
    }
    // Strings under string keys cannot fail to be written.
    serde_json::to_vec(private).map(Bytes::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn private_data_survives_the_way_and_foreign_bytes_do_no_harm() {
        let private = Private::from([("chart".to_owned(), json!({ "version": "1.2.3" }))]);
        assert_eq!(decode_private(&encode_private(&private)), private);
        assert_eq!(encode_private(&Private::new()), Bytes::new());
        for foreign in [b"".as_slice(), b"\x81\xa1a\x01", b"[1]", b"{\"a\""] {
            assert_eq!(decode_private(foreign), Private::new());
        }
    }
}
