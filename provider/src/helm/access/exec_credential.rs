//! The helper process that helm starts as credential plugin (`exec-credential`): asks the provider that runs, prints
//! what it answers, ends. It keeps nothing.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::kubeconfig::SOCKET_VARIABLE;
use crate::wait;

/// The provider may have to run a command that asks a cloud, for a minute at most.
const ANSWER_LIMIT: Duration = Duration::from_secs(75);

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not started by helm.
    #[error("{SOCKET_VARIABLE} is not set; this command is run by helm, which the provider starts")]
    NoSocket,
    /// The provider has ended.
    #[error("the provider does not answer any more")]
    Gone {
        /// The operating system's answer.
        source: io::Error,
    },
    /// The provider takes too long.
    #[error("the provider gave no credential within {} seconds", ANSWER_LIMIT.as_secs())]
    Silent,
    /// The provider has no credential.
    #[error("{0}")]
    Refused(String),
    /// The answer is none.
    #[error("the provider gave no credential")]
    Empty,
    /// Standard output is closed.
    #[error("failed to print the credential")]
    Print {
        /// The operating system's answer.
        source: io::Error,
    },
}

/// Prints an `ExecCredential` of the provider that started helm.
pub async fn run() -> Result<(), Error> {
    let socket = std::env::var_os(SOCKET_VARIABLE).ok_or(Error::NoSocket)?;
    let answer = wait::at_most(ANSWER_LIMIT, ask(Path::new(&socket))).await.ok_or(Error::Silent)??;
    io::stdout().write_all(answer.as_bytes()).map_err(|source| Error::Print { source })
}

async fn ask(socket: &Path) -> Result<String, Error> {
    let gone = |source| Error::Gone { source };
    let mut stream = UnixStream::connect(socket).await.map_err(gone)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(gone)?;
    let parsed: Value = serde_json::from_str(&answer).map_err(|_| Error::Empty)?;
    match parsed.get("error").and_then(Value::as_str) {
        Some(error) => Err(Error::Refused(error.to_owned())),
        None => Ok(answer),
    }
}
