//! How helm reaches the Kubernetes cluster: a private folder with a kubeconfig that holds no credential, and a socket
//! that gives a fresh one to whoever helm asks. Helm starts this provider's own program as credential plugin; the
//! program asks the socket; the socket asks the client. So tokens that last for minutes serve an upgrade that lasts for
//! longer, and no credential is ever in a file, an argument or an environment.

#[cfg(unix)]
pub mod exec_credential;
mod kubeconfig;
#[cfg(unix)]
mod serve;

use std::io;
use std::path::{Path, PathBuf};

use crate::helm::process::folder::PrivateFolder;
use crate::kubernetes::{self, Client};

/// Why helm cannot be led to the Kubernetes cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client has no credential to hand on.
    #[error("failed to get a credential for helm")]
    Credential {
        /// The cause.
        source: Box<kubernetes::Error>,
    },
    /// The folder or a file in it cannot be made.
    #[error("failed to prepare a private folder")]
    Folder {
        /// The operating system's answer.
        source: io::Error,
    },
    /// The proxy's URL holds a password.
    #[error("the proxy-url of the kubeconfig holds a user name")]
    ProxyWithUser,
    /// The proxy is of a kind that helm does not know.
    #[error("helm knows no proxy of the scheme {scheme:?}")]
    ProxyScheme {
        /// The scheme.
        scheme: String,
    },
    /// This operating system has no unix sockets.
    #[error("helm cannot be run on {}", std::env::consts::OS)]
    NotSupported,
}

/// The way to one Kubernetes cluster for helm, as long as this value lives.
#[derive(Debug)]
pub struct Access {
    kubeconfig: PathBuf,
    server: String,
    #[cfg(unix)]
    _answering: serve::Answering,
    // Last, as fields go in this order: what lies in the folder goes before it.
    folder: PrivateFolder,
}

impl Access {
    /// Opens the way that `client` uses. `program` is this provider's own executable. Makes a credential at once, so
    /// that a login that does not work is found here and not by helm.
    #[cfg(unix)]
    pub async fn open(client: &Client, program: &Path) -> Result<Self, Error> {
        let credential_error = |source| Error::Credential { source: Box::new(source) };
        let credential = client.credential().await.map_err(credential_error)?;
        let address = client.address().await.map_err(credential_error)?;
        let folder_error = |source| Error::Folder { source };
        let folder = PrivateFolder::new().map_err(folder_error)?;
        let socket = folder.path().join(serve::SOCKET);
        let is_anonymous = credential.token.is_none() && credential.certificate.is_none();
        let plugin = (!is_anonymous).then_some(kubeconfig::Plugin { program, socket: &socket });
        let content = kubeconfig::kubeconfig(&address, plugin.as_ref())?;
        let kubeconfig = folder.write("kubeconfig", content.as_bytes()).map_err(folder_error)?;
        let answering = serve::Answering::start(&socket, client.clone()).map_err(folder_error)?;
        Ok(Self { kubeconfig, server: address.server, _answering: answering, folder })
    }

    /// Needs unix sockets.
    #[cfg(not(unix))]
    pub async fn open(_client: &Client, _program: &Path) -> Result<Self, Error> {
        Err(Error::NotSupported)
    }

    /// The kubeconfig, which holds no credential.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The private folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
