//! Where the host connects: a unix socket in a folder that only its user may enter, or a local TCP port on systems
//! without unix sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use super::environment::Environment;

/// The longest path of a socket that every system takes: macOS has 104 bytes with the closing zero, Linux 108.
#[cfg(unix)]
const LONGEST_SOCKET_PATH: usize = 103;

/// The folder that every unix has, for the case that the folder for temporary files has too long a name.
#[cfg(unix)]
const SHORT_TEMPORARY_FOLDER: &str = "/tmp";

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[cfg(unix)]
    #[error("failed to create a private folder for the socket in {}", parent.display())]
    Folder { parent: PathBuf, source: io::Error },
    #[cfg(unix)]
    #[error("failed to bind the socket {}", path.display())]
    Socket { path: PathBuf, source: io::Error },
    #[cfg(any(not(unix), test))]
    #[error("failed to bind a local TCP port from {least} to {greatest}")]
    Port { least: u16, greatest: u16, source: io::Error },
}

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// Path of a unix socket.
    #[cfg_attr(not(unix), allow(dead_code, reason = "there are no unix sockets"))]
    Unix(PathBuf),
    /// A local TCP port.
    #[cfg_attr(unix, allow(dead_code, reason = "ports are for systems without unix sockets"))]
    Tcp(SocketAddr),
}

impl Address {
    /// Name of the network as Go calls it.
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }

    /// The place in that network.
    pub(super) fn location(&self) -> impl fmt::Display + '_ {
        match self {
            Self::Unix(path) => path.display().to_string(),
            Self::Tcp(address) => address.to_string(),
        }
    }
}

/// The socket itself.
#[derive(Debug)]
pub(super) enum Accepting {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    #[cfg(any(not(unix), test))]
    #[cfg_attr(unix, allow(dead_code, reason = "tests bind ports but serve nothing there"))]
    Tcp(tokio::net::TcpListener),
}

/// A bound socket; its folder is removed with it.
#[derive(Debug)]
pub(super) struct Listener {
    accepting: Accepting,
    address: Address,
    folder: Option<TempDir>,
}

impl Listener {
    /// Binds where the host wants it.
    #[cfg(unix)]
    pub(super) fn bind(environment: &Environment) -> Result<Self, Error> {
        let wanted = environment.socket_folder.clone();
        Self::bind_unix(wanted.unwrap_or_else(std::env::temp_dir))
    }

    /// Binds where the host wants it.
    #[cfg(not(unix))]
    pub(super) fn bind(environment: &Environment) -> Result<Self, Error> {
        let (least, greatest) = environment.ports;
        Self::bind_tcp(least, greatest)
    }

    #[cfg(unix)]
    fn bind_unix(parent: PathBuf) -> Result<Self, Error> {
        use std::os::unix::fs::PermissionsExt;

        let folder = private_folder(parent)?;
        // The folder is made with this mode already; a strange umask must not have narrowed what we need ourselves.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700))
            .map_err(|source| Error::Folder { parent: folder.path().to_owned(), source })?;
        let path = folder.path().join("s");
        let accepting = tokio::net::UnixListener::bind(&path)
            .map_err(|source| Error::Socket { path: path.clone(), source })?;
        Ok(Self { accepting: Accepting::Unix(accepting), address: Address::Unix(path), folder: Some(folder) })
    }

    #[cfg(any(not(unix), test))]
    fn bind_tcp(least: u16, greatest: u16) -> Result<Self, Error> {
        let failed = |source| Error::Port { least, greatest, source };
        let mut refusal = io::Error::from(io::ErrorKind::InvalidInput);
        for port in least..=greatest {
            let bound = match std::net::TcpListener::bind(("127.0.0.1", port)) {
                Ok(bound) => bound,
                Err(error) => {
                    refusal = error;
                    continue;
                }
            };
            bound.set_nonblocking(true).map_err(failed)?;
            let address = bound.local_addr().map_err(failed)?;
            let accepting = tokio::net::TcpListener::from_std(bound).map_err(failed)?;
            return Ok(Self {
                accepting: Accepting::Tcp(accepting),
                address: Address::Tcp(address),
                folder: None,
            });
        }
        Err(failed(refusal))
    }

    /// Where it is.
    pub(super) fn address(&self) -> Address {
        self.address.clone()
    }

    /// The socket, and the folder that must live as long as it.
    pub(super) fn into_parts(self) -> (Accepting, Option<TempDir>) {
        (self.accepting, self.folder)
    }
}

/// A fresh folder with a short name, mode 0700.
#[cfg(unix)]
fn private_folder(parent: PathBuf) -> Result<TempDir, Error> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    const PREFIX: &str = "tfp-";
    const RANDOM_LETTERS: usize = 6;
    let longest_parent = LONGEST_SOCKET_PATH - PREFIX.len() - RANDOM_LETTERS - "//s".len();
    let parent = if parent.as_os_str().as_bytes().len() > longest_parent {
        PathBuf::from(SHORT_TEMPORARY_FOLDER)
    } else {
        parent
    };
    tempfile::Builder::new()
        .prefix(PREFIX)
        .rand_bytes(RANDOM_LETTERS)
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(|source| Error::Folder { parent, source })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn the_socket_is_in_a_folder_of_its_own_that_only_its_user_enters() {
        let parent = tempfile::tempdir().unwrap();
        let listener = Listener::bind_unix(parent.path().to_owned()).unwrap();
        let Address::Unix(path) = listener.address() else { panic!("not a unix socket") };
        let folder = path.parent().unwrap().to_owned();
        assert_eq!(folder.parent().unwrap(), parent.path());
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(listener);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_long_folder_name_is_passed_over_for_a_short_one() {
        let parent = tempfile::tempdir().unwrap();
        let long = parent.path().join("long".repeat(30));
        std::fs::create_dir(&long).unwrap();
        let listener = Listener::bind_unix(long).unwrap();
        let Address::Unix(path) = listener.address() else { panic!("not a unix socket") };
        assert!(path.starts_with(SHORT_TEMPORARY_FOLDER));
    }

    #[tokio::test]
    async fn a_port_is_taken_from_the_range_and_only_on_this_host() {
        let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        Listener::bind_tcp(port, port).unwrap_err();
        let listener = Listener::bind_tcp(port, port.saturating_add(50)).unwrap();
        let Address::Tcp(address) = listener.address() else { panic!("not a port") };
        assert!(address.ip().is_loopback());
        assert!(address.port() > port && address.port() <= port + 50);
    }
}
