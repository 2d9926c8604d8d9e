//! The provider's end of the credential socket: answers each connection with a credential made now, or with why there
//! is none. Only processes of the same user are answered, although nobody else can enter the folder.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::kubernetes::credential::Credential;
use crate::kubernetes::{self, Client};

/// Name of the socket in the private folder.
pub(super) const SOCKET: &str = "credential";
/// When helm is to ask again. A token lasts for a minute at least; helm keeps one for ever that has no end.
const ASK_AGAIN_AFTER_SECONDS: i64 = 30;

/// A socket that is answered while this value lives.
#[derive(Debug)]
pub(super) struct Answering(JoinHandle<()>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answering {
    /// Opens the socket and answers it with credentials of `client`.
    pub(super) fn start(path: &Path, client: Client) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self(tokio::spawn(serve(listener, client))))
    }
}

async fn serve(listener: UnixListener, client: Client) {
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let client = client.clone();
                    answers.spawn(async move { answer(stream, &client).await });
                }
                // Out of file descriptors, say. Helm's plugin fails and tells so; the next one may do better.
                Err(error) => tracing::warn!(%error, "failed to accept a request for a credential"),
            },
            Some(_) = answers.join_next() => {}
        }
    }
}

async fn answer(mut stream: UnixStream, client: &Client) {
    let own = rustix::process::geteuid().as_raw();
    if stream.peer_cred().map(|peer| peer.uid()).ok() != Some(own) {
        tracing::warn!("a process of another user asked for a credential and got none");
        return;
    }
    let answer = match client.credential().await {
        Ok(credential) => exec_credential(&credential, jiff::Timestamp::now().as_second()),
        Err(error) => json!({ "error": describe(&error) }),
    };
    // Whoever asked may have stopped waiting.
    let _ = stream.write_all(answer.to_string().as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// The credential as a credential plugin prints it.
fn exec_credential(credential: &Credential, now: i64) -> Value {
    let again = jiff::Timestamp::from_second(now + ASK_AGAIN_AFTER_SECONDS).unwrap_or(jiff::Timestamp::MAX);
    let mut status = json!({ "expirationTimestamp": again.to_string() });
    if let Some(token) = &credential.token {
        status["token"] = token.as_str().into();
    }
    if let Some(certificate) = &credential.certificate {
        status["clientCertificateData"] = certificate.certificate.as_str().into();
        status["clientKeyData"] = certificate.key.as_str().into();
    }
    json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status })
}

/// The error with its causes. None of them quotes a credential.
fn describe(error: &kubernetes::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::credential::ClientCertificate;

    #[test]
    fn a_credential_has_an_end_so_that_helm_asks_again() {
        let certificate = ClientCertificate { certificate: "C".to_owned(), key: "K".to_owned() };
        let credential = Credential { token: Some("T".to_owned()), certificate: Some(certificate) };
        assert_eq!(
            exec_credential(&credential, 1_700_000_000)["status"],
            json!({
                "expirationTimestamp": "2023-11-14T22:13:50Z",
                "token": "T",
                "clientCertificateData": "C",
                "clientKeyData": "K",
            })
        );
    }
}
