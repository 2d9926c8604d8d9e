//! How an application shows its certificate to Entra: a statement that the certificate's key signs.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// How long a statement is good for. Each serves for one request.
const LIFE: Duration = Duration::from_mins(10);

/// A certificate with its key, and what a statement of it says. Its `Debug` shows none of them.
#[derive(Clone)]
pub(super) struct Certificate {
    thumbprint: String,
    key: Arc<dyn SigningKey>,
    client: String,
    audience: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a PEM file that holds the certificate and its RSA key. `audience` is the address of the token endpoint.
    pub(super) fn read(path: &Path, client: &str, audience: String) -> Result<Self, Error> {
        let unreadable = |what: &str| Error::Unauthenticated {
            message: format!("the client certificate in {} {what}", path.display()),
        };
        let pem = std::fs::read(path).map_err(|error| unreadable(&format!("cannot be read: {error}")))?;
        let certificate = CertificateDer::from_pem_slice(&pem)
            .map_err(|_| unreadable("holds no certificate in PEM; convert a PFX file to PEM first"))?;
        let key =
            PrivateKeyDer::from_pem_slice(&pem).map_err(|_| unreadable("holds no private key in PEM"))?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key)
            .map_err(|_| unreadable("holds a private key that is not supported; Entra takes RSA"))?;
        if key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).is_none() {
            return Err(unreadable("has a key that is none of RSA, which Entra needs"));
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
        Ok(Self { thumbprint, key, client: client.to_owned(), audience })
    }

    fn sign(&self, now: SystemTime) -> Option<String> {
        let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": self.audience,
            "iss": self.client,
            "sub": self.client,
            "jti": format!("{:032x}", rand::rng().random::<u128>()),
            "nbf": now,
            "exp": now + LIFE.as_secs(),
        });
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])?;
        let signature = signer.sign(text.as_bytes()).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl ClientAssertion for Certificate {
    fn secret<'a, 'b, 'c>(
        &'a self,
        _: Option<ClientMethodOptions<'b>>,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<String>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        let signed = self.sign(SystemTime::now()).ok_or_else(|| {
            azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                "the client certificate's key cannot sign",
            )
        });
        Box::pin(std::future::ready(signed))
    }
}
