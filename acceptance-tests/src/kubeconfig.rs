//! Kubeconfig files for tests: for a token, without credentials, or for a server that is not what it should be.
//!
//! The control plane writes the administrator's kubeconfig itself; these are for everyone else.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// How a client of a kubeconfig logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// With nothing, as `system:anonymous`.
    Anonymous,
    /// With a bearer token.
    Token(String),
    /// With a token that this program prints as an `ExecCredential`.
    Exec {
        /// The program.
        command: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// What a kubeconfig with one context says.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// URL of the server.
    pub server: String,
    /// Certificate authority of the server, as PEM file; without it the system's authorities count.
    pub ca_certificate: Option<PathBuf>,
    /// How to log in.
    pub login: Login,
    /// Name of the only context, which is the current one.
    pub context: String,
}

/// A kubeconfig or a certificate could not be used.
#[derive(Debug, thiserror::Error)]
#[error("unable to {action} {path}")]
pub struct Error {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Kubeconfig {
    /// Writes the file, readable by its owner only, with the certificate inside.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut cluster = json!({ "server": self.server });
        if let Some(certificate) = &self.ca_certificate {
            let pem = std::fs::read(certificate).map_err(|source| Error {
                action: "read",
                path: certificate.clone(),
                source,
            })?;
            cluster["certificate-authority-data"] = Value::String(base64(&pem));
        }
        let user = match &self.login {
            Login::Anonymous => json!({}),
            Login::Token(token) => json!({ "token": token }),
            Login::Exec { command, arguments } => json!({ "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "interactiveMode": "Never",
                "command": command,
                "args": arguments,
            }}),
        };
        let name = &self.context;
        // JSON is YAML, and this needs no second way of writing it.
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": name, "cluster": cluster }],
            "users": [{ "name": name, "user": user }],
            "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
            "current-context": name,
        });
        write_private(path, format!("{content:#}\n").as_bytes()).map_err(|source| Error {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Writes a file that nobody else can read, not even while it is written.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_private_and_read_back_by_the_client_library() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("ca.crt");
        std::fs::write(&certificate, "the certificate").unwrap();
        let path = folder.path().join("kubeconfig");
        let written = Kubeconfig {
            server: "https://127.0.0.1:6443".to_owned(),
            ca_certificate: Some(certificate),
            login: Login::Token("the-token".to_owned()),
            context: "viewer".to_owned(),
        };
        written.write(&path).unwrap();

        let read = kube::config::Kubeconfig::read_from(&path).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("viewer"));
        let cluster = read.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:6443"));
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some("dGhlIGNlcnRpZmljYXRl"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
