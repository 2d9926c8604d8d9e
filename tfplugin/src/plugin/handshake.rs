//! The line on standard output by which the host finds its plugin. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::environment::PROTOCOL_VERSION;
use super::listener::Address;

/// Version of go-plugin's own handshake.
const CORE_PROTOCOL_VERSION: u32 = 1;

/// Six fields: both versions, network, address, kind of RPC, and our certificate (DER), empty without TLS. A host
/// that asks for multiplexing expects a seventh, whether it may; older hosts would read it as part of the sixth.
pub(super) fn line(address: &Address, certificate: &[u8], multiplexing_asked: bool) -> String {
    let certificate = STANDARD_NO_PAD.encode(certificate);
    let multiplexing = if multiplexing_asked { "|false" } else { "" };
    format!(
        "{CORE_PROTOCOL_VERSION}|{PROTOCOL_VERSION}|{network}|{location}|grpc|{certificate}{multiplexing}\n",
        network = address.network(),
        location = address.location(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_the_fields_that_go_plugin_splits() {
        let unix = Address::Unix("/tmp/tfp-Ab/s".into());
        let tcp = Address::Tcp(([127, 0, 0, 1], 10_001).into());
        let cases = [
            (line(&unix, b"", false), "1|6|unix|/tmp/tfp-Ab/s|grpc|\n"),
            (line(&unix, b"", true), "1|6|unix|/tmp/tfp-Ab/s|grpc||false\n"),
            // Three bytes more than a multiple of three would be padded with "=" by the usual alphabet.
            (line(&tcp, b"certificate", false), "1|6|tcp|127.0.0.1:10001|grpc|Y2VydGlmaWNhdGU\n"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }
}
