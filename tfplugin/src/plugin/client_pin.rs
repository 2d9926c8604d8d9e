//! Who may connect: the one client whose certificate the host handed over, and nobody else.
//!
//! The usual verifier cannot be used: the host's certificate is a self-signed authority on curve P-521, which webpki
//! refuses as a client and ring cannot check. Nor is a chain wanted. The certificate must be the very bytes in
//! `PLUGIN_CLIENT_CERT`, and the client must prove with its signature that it has the key.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};

use super::p521_signature::EcdsaP521Sha512;

/// What ring lacks.
const P521: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&EcdsaP521Sha512],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&EcdsaP521Sha512])],
};

/// Accepts exactly one certificate.
#[derive(Debug)]
pub(super) struct PinnedClient {
    certificate: CertificateDer<'static>,
    usual: WebPkiSupportedAlgorithms,
}

impl PinnedClient {
    /// Accepts `certificate` only.
    pub(super) fn new(certificate: CertificateDer<'static>, provider: &CryptoProvider) -> Self {
        Self { certificate, usual: provider.signature_verification_algorithms }
    }

    fn algorithms_for(&self, scheme: SignatureScheme) -> &WebPkiSupportedAlgorithms {
        if scheme == SignatureScheme::ECDSA_NISTP521_SHA512 { &P521 } else { &self.usual }
    }
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Go sends no certificate when its issuer is not among the hints, so there are none.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.certificate.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, self.algorithms_for(signature.scheme))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, self.algorithms_for(signature.scheme))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        // Go's client sends nothing at all when its own scheme is not offered.
        let mut schemes = vec![SignatureScheme::ECDSA_NISTP521_SHA512];
        schemes.extend(self.usual.supported_schemes());
        schemes
    }
}
