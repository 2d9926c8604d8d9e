//! What the host tells its plugin in environment variables, read once and checked before anything else happens.

use std::ffi::OsString;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

/// Terraform's and OpenTofu's sign that they are the caller. Not a secret: it only tells plugins from other programs.
const MAGIC_COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";
const MAGIC_COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The protocol's major version, the only one spoken here.
pub(super) const PROTOCOL_VERSION: u32 = 6;

/// Why the host cannot be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("not started by Terraform")]
    NotStartedByTerraform,
    #[error(
        "this Terraform speaks plugin protocol {offered:?}, but protocol {PROTOCOL_VERSION} is needed; use Terraform \
         1.0 or later, or OpenTofu"
    )]
    ProtocolNotOffered { offered: String },
    #[error("unable to read the certificate in PLUGIN_CLIENT_CERT")]
    ClientCertificate(#[source] pem::Error),
    #[error("unable to read {name}: {value:?} is not a port")]
    Port { name: &'static str, value: OsString },
}

/// The host's wishes.
#[derive(Debug)]
pub(super) struct Environment {
    /// The certificate that the host will show; without one the host wants no TLS.
    pub(super) client_certificate: Option<CertificateDer<'static>>,
    /// Where to make the socket's folder instead of in the folder for temporary files.
    pub(super) socket_folder: Option<PathBuf>,
    /// Least and greatest port, where there are no unix sockets. 0 lets the system choose.
    #[cfg_attr(unix, allow(dead_code, reason = "ports are for systems without unix sockets"))]
    pub(super) ports: (u16, u16),
    /// Whether the host asked to send all connections through one. It wants an answer, which is no.
    pub(super) multiplexing_asked: bool,
}

impl Environment {
    /// Reads and checks the variables, which `variable` looks up.
    pub(super) fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        if variable(MAGIC_COOKIE_NAME).is_none_or(|value| value != MAGIC_COOKIE_VALUE) {
            return Err(Error::NotStartedByTerraform);
        }
        let offered = variable("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default().to_string_lossy().into_owned();
        if !offered.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL_VERSION)) {
            return Err(Error::ProtocolNotOffered { offered });
        }
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let client_certificate = set("PLUGIN_CLIENT_CERT")
            .map(|pem| CertificateDer::from_pem_slice(pem.to_string_lossy().as_bytes()))
            .transpose()
            .map_err(Error::ClientCertificate)?;
        let port = |name: &'static str| match set(name) {
            None => Ok(0),
            Some(value) => value.to_string_lossy().parse().map_err(|_| Error::Port { name, value }),
        };
        Ok(Self {
            client_certificate,
            socket_folder: set("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            ports: (port("PLUGIN_MIN_PORT")?, port("PLUGIN_MAX_PORT")?),
            multiplexing_asked: set("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }

    /// Without a host: no certificate, any place.
    pub(super) fn for_debug() -> Self {
        Self { client_certificate: None, socket_folder: None, ports: (0, 0), multiplexing_asked: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, Error> {
        Environment::read(|name| {
            variables.iter().find(|(found, _)| *found == name).map(|(_, value)| OsString::from(value))
        })
    }

    const COOKIE: (&str, &str) = (MAGIC_COOKIE_NAME, MAGIC_COOKIE_VALUE);
    const VERSIONS: (&str, &str) = ("PLUGIN_PROTOCOL_VERSIONS", "6,5");

    #[test]
    fn only_the_cookie_and_protocol_6_open_the_door() {
        let cases: [(&[(&str, &str)], &str); 7] = [
            (&[VERSIONS], "NotStartedByTerraform"),
            (&[VERSIONS, (MAGIC_COOKIE_NAME, "d602")], "NotStartedByTerraform"),
            (&[COOKIE], "ProtocolNotOffered { offered: \"\" }"),
            (&[COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", "5")], "ProtocolNotOffered { offered: \"5\" }"),
            (&[COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", "16,60")], "ProtocolNotOffered { offered: \"16,60\" }"),
            (&[COOKIE, VERSIONS, ("PLUGIN_CLIENT_CERT", "nonsense")], "ClientCertificate"),
            (&[COOKIE, VERSIONS, ("PLUGIN_MIN_PORT", "many")], "Port"),
        ];
        for (variables, expected) in cases {
            let error = format!("{:?}", read(variables).unwrap_err());
            assert!(error.starts_with(expected), "{variables:?} gave {error}");
        }
    }

    #[test]
    fn what_terraform_sets_is_understood() {
        let environment = read(&[
            COOKIE,
            ("PLUGIN_PROTOCOL_VERSIONS", "5,6"),
            ("PLUGIN_CLIENT_CERT", ""),
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/plugins"),
        ])
        .unwrap();
        assert!(environment.client_certificate.is_none());
        assert_eq!(environment.ports, (10_000, 25_000));
        assert_eq!(environment.socket_folder, Some(PathBuf::from("/run/plugins")));
        assert!(!environment.multiplexing_asked);
    }
}
