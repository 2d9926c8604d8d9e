//! Signatures by ECDSA on curve P-521 with SHA-512, which ring does not have and go-plugin's certificates need.

use p521::ecdsa::signature::Verifier;
use p521::ecdsa::{Signature, VerifyingKey};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// The algorithm as rustls and webpki ask for it.
#[derive(Debug)]
pub(super) struct EcdsaP521Sha512;

impl SignatureVerificationAlgorithm for EcdsaP521Sha512 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::SigningKey;
    use p521::ecdsa::signature::Signer;

    use super::*;

    /// Name, key, message, signature, and whether it is good.
    type Case<'a> = (&'a str, Vec<u8>, &'a [u8], &'a [u8], bool);

    /// A key from a small number: fine for a test, worthless as a secret.
    fn key_of(scalar: u8) -> SigningKey {
        let mut bytes = [0; 66];
        bytes[65] = scalar;
        SigningKey::from_slice(&bytes).unwrap()
    }

    #[test]
    fn only_the_signature_of_this_message_by_this_key_is_good() {
        let (key, other) = (key_of(7), key_of(9));
        let point = |key: &SigningKey| VerifyingKey::from(key).to_sec1_point(false).as_bytes().to_vec();
        let signature: Signature = key.sign(b"handshake");
        let der = signature.to_der();
        let mut damaged = der.as_bytes().to_vec();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        let cases: [Case<'_>; 6] = [
            ("its own", point(&key), b"handshake", der.as_bytes(), true),
            ("of another message", point(&key), b"another", der.as_bytes(), false),
            ("by another key", point(&other), b"handshake", der.as_bytes(), false),
            ("damaged", point(&key), b"handshake", &damaged, false),
            ("not DER", point(&key), b"handshake", b"signature", false),
            ("not a point", vec![4; 133], b"handshake", der.as_bytes(), false),
        ];
        for (name, point, message, signature, good) in cases {
            assert_eq!(EcdsaP521Sha512.verify_signature(&point, message, signature).is_ok(), good, "{name}");
        }
    }
}
