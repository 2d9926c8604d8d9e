//! Our side of mutual TLS: a certificate that lives as long as the process, and the acceptor that asks the host for
//! its own.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::client_pin::PinnedClient;

/// The name by which go-plugin's client checks the certificate.
const SERVER_NAME: &str = "localhost";

/// HTTP/2, which newer gRPC clients insist on.
const ALPN_HTTP2: &[u8] = b"h2";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("failed to make a key and a certificate")]
    Certificate(#[source] rcgen::Error),
    #[error("failed to configure the TLS server")]
    Configuration(#[source] rustls::Error),
}

/// What the TLS side of the plugin needs.
pub(super) struct MutualTls {
    /// Takes connections of the pinned client.
    pub(super) acceptor: TlsAcceptor,
    /// Our certificate in DER, for the handshake line.
    pub(super) certificate: Vec<u8>,
}

/// Makes a fresh P-256 certificate and an acceptor that admits `client` only.
pub(super) fn mutual_tls(client: &CertificateDer<'static>) -> Result<MutualTls, Error> {
    let key = KeyPair::generate().map_err(Error::Certificate)?;
    let mut parameters = CertificateParams::new([SERVER_NAME.to_owned()]).map_err(Error::Certificate)?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, SERVER_NAME);
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = parameters.self_signed(&key).map_err(Error::Certificate)?.der().clone();
    let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PinnedClient::new(client.clone(), &provider));
    // Every Terraform that speaks protocol 6 is built with a Go that speaks TLS 1.3.
    let mut configuration = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(Error::Configuration)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.clone()], private_key)
        .map_err(Error::Configuration)?;
    configuration.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
    Ok(MutualTls { acceptor: TlsAcceptor::from(Arc::new(configuration)), certificate: certificate.to_vec() })
}
