//! When a certificate ends. Of X.509 only as much as that needs. Pure.

use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const SEQUENCE: u8 = 0x30;
/// The explicit tag of a certificate's version, which may be absent.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of the first certificate of a PEM text; `None` when it cannot be read.
pub(super) fn not_after(pem: &str) -> Option<SystemTime> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate, _) = element(&der)?;
    let (_, mut rest, _) = element(certificate)?;
    let (tag, _, after) = element(rest)?;
    if tag == VERSION {
        rest = after;
    }
    // Serial number, algorithm of the signature, issuer; then the validity.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (tag, validity, _) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// The first element of DER: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = bytes.iter().try_fold(0_usize, |sum, byte| {
            sum.checked_mul(256).and_then(|sum| sum.checked_add(usize::from(*byte)))
        })?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn time(tag: u8, text: &str) -> Option<SystemTime> {
    let full = match tag {
        // Years of two digits are those from 1950 to 2049.
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", full).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

#[cfg(test)]
pub(super) const ENDS_2028: &str = "-----BEGIN CERTIFICATE-----
MIIBTDCB86ADAgECAgFNMAoGCCqGSM49BAMCMDAxFzAVBgNVBAoMDnN5c3RlbTpt
YXN0ZXJzMRUwEwYDVQQDDAxtYXN0ZXJjbGllbnQwHhcNMjYwMTAyMDMwNDA1WhcN
MjgwMTAyMDMwNDA1WjAwMRcwFQYDVQQKDA5zeXN0ZW06bWFzdGVyczEVMBMGA1UE
AwwMbWFzdGVyY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4qnxC43D
HDynKHGIj9is6yLnwK7TS3xvvnqxc77HMkHt8AnLQN2ZHMllQh+eSzNGEaZ7MwLo
Zk0oNisbgbe6JzAKBggqhkjOPQQDAgNIADBFAiEA6TpmpeD+MBd3IRe+D8h9DgCO
AojjAiD30h6LmdWat/kCIF2b2eT9Xjg0LL0SQIVUuCQn8O81jLPIr2lJAkJGB9PL
-----END CERTIFICATE-----
";

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS_2051: &str = "-----BEGIN CERTIFICATE-----
MIIBTzCB9aADAgECAgFNMAoGCCqGSM49BAMCMDAxFzAVBgNVBAoMDnN5c3RlbTpt
YXN0ZXJzMRUwEwYDVQQDDAxtYXN0ZXJjbGllbnQwIBcNMjYwMTAyMDMwNDA1WhgP
MjA1MTAxMDIwMzA0MDVaMDAxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMRUwEwYD
VQQDDAxtYXN0ZXJjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATiqfEL
jcMcPKcocYiP2KzrIufArtNLfG++erFzvscyQe3wCctA3ZkcyWVCH55LM0YRpnsz
AuhmTSg2KxuBt7onMAoGCCqGSM49BAMCA0kAMEYCIQCsycjdU7idXyfHTkvyxuFc
fAXE7IAbgwZFKZigUFbX/AIhAILwz+1IAji3h/nJgRSE0of2HVo3cZdeKJKV3fFv
dWLm
-----END CERTIFICATE-----
";

    #[test]
    fn both_spellings_of_time_are_read() {
        // The certificates were made by another library for these times.
        for (pem, expected) in [(ENDS_2028, "2028-01-02T03:04:05Z"), (ENDS_2051, "2051-01-02T03:04:05Z")] {
            let expected: jiff::Timestamp = expected.parse().unwrap();
            assert_eq!(not_after(pem), Some(expected.into()));
        }
        let last_century: jiff::Timestamp = "1999-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(time(UTC_TIME, "990102030405Z"), Some(last_century.into()));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(not_after("nonsense"), None);
        let broken = "-----BEGIN CERTIFICATE-----\nMIIBTDCB86ADAgEC\n-----END CERTIFICATE-----\n";
        assert_eq!(not_after(broken), None);
        assert_eq!(element(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
        assert_eq!(time(UTC_TIME, "2601"), None);
    }
}
