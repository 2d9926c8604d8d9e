//! The provider's end of the socket that ties a guard to the provider. The guard connects before it starts helm. It
//! takes orders from here, and takes the end of the connection, which the kernel causes when this process dies, as the
//! order to end helm and to clean up.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};

use crate::wait;

/// Name of the socket in the private folder.
const SOCKET: &str = "guard";
/// A guard connects as the first thing it does; so long it may take on a machine that is very busy.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// What a guard can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Ask helm to end in order (SIGINT).
    Interrupt,
    /// End helm at once (SIGKILL).
    Kill,
}

impl Order {
    /// The order as it is sent, a line.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            Self::Kill => "kill",
        }
    }

    /// The order of a line.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        [Self::Interrupt, Self::Kill].into_iter().find(|order| order.line() == line)
    }
}

/// The socket. Dropping it is the order to end.
#[derive(Debug)]
pub(super) struct Lifeline {
    path: PathBuf,
    listener: UnixListener,
    connection: Option<UnixStream>,
}

impl Lifeline {
    /// Opens the socket in the private folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        Ok(Self { listener: UnixListener::bind(&path)?, path, connection: None })
    }

    /// Where the guard is to connect.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Sends an order. Whether a guard was there to take it.
    pub(super) async fn order(&mut self, order: Order) -> bool {
        if self.connection.is_none() {
            // The kernel holds the guard's connection until it is asked for.
            let accepted = wait::at_most(CONNECT_LIMIT, self.listener.accept()).await;
            self.connection = accepted.and_then(Result::ok).map(|(connection, _)| connection);
        }
        let Some(connection) = &mut self.connection else { return false };
        connection.write_all(format!("{}\n", order.line()).as_bytes()).await.is_ok()
    }
}
