//! The playground's charts, packaged as a release of KubeBlocks would be, and the servers that hand them out.
//!
//! The sources lie in `charts/`. A real helm packages them once for all that they are made of, into the cache where the
//! built tools lie; [`HttpRepository`] and [`OciRegistry`] serve those archives on loopback. Nothing here installs anything.

mod http_repository;
mod oci_registry;
mod packaging;
mod releases;
mod server;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::OnceLock;

pub use http_repository::HttpRepository;
pub use oci_registry::{Access, OciRegistry};
pub use server::Request;

use crate::tools;

/// Versions of the operator's chart, oldest first.
///
/// 0.7.4 lacks a kind, a field and an object that 0.7.5 has, and has an Addon more. From 0.8.0 on a kind is there besides,
/// and one engine's Addon is gone.
pub const OPERATOR_VERSIONS: [&str; 4] = ["0.7.4", "0.7.5", "0.8.0", "0.9.0"];

/// Versions of the add-ons' charts, oldest first. Some platform charts have one version of their own instead.
pub const ADDON_VERSIONS: [&str; 3] = ["0.7.4", "0.7.5", "0.8.0"];

/// Why there are no charts, or nobody serves them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Helm cannot be had.
    #[error("unable to get helm, which packages the charts")]
    Helm {
        /// The cause.
        source: tools::Error,
    },
    /// Helm refuses.
    #[error("helm {action} failed ({status}):\n{output}")]
    Refused {
        /// What helm was to do.
        action: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// A file or folder cannot be used.
    #[error("unable to {action} {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The definitions of the kinds cannot be made.
    #[error("unable to make the definitions of the kinds")]
    Kinds {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The index of the archives cannot be read.
    #[error("unable to read the index of the archives")]
    Index {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No port could be opened.
    #[error("unable to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The server has ended.
    #[error("the server has ended")]
    Ended,
}

/// The packaged charts, as folders and archives.
#[derive(Debug)]
pub struct Charts {
    folder: PathBuf,
}

impl Charts {
    /// The charts, packaged on the first call. Blocks: with nothing cached for seconds, and for minutes if helm itself has
    /// to be built.
    pub fn packaged() -> Result<&'static Self, Error> {
        static PACKAGED: OnceLock<Charts> = OnceLock::new();
        if let Some(charts) = PACKAGED.get() {
            return Ok(charts);
        }
        let folder = packaging::obtain()?;
        Ok(PACKAGED.get_or_init(|| Self { folder }))
    }

    /// The operator's chart as a folder, definitions of kinds included; one of [`OPERATOR_VERSIONS`].
    pub fn operator_folder(&self, version: &str) -> PathBuf {
        self.folder.join(packaging::OPERATOR_FOLDERS).join(version).join("kubeblocks")
    }

    /// The operator's chart as an archive; one of [`OPERATOR_VERSIONS`].
    pub fn operator_archive(&self, version: &str) -> PathBuf {
        self.folder.join(packaging::OPERATOR_ARCHIVES).join(format!("kubeblocks-{version}.tgz"))
    }

    /// The folder of all add-ons' archives, `<chart>-<version>.tgz`: what the image of charts holds under `/charts`.
    pub fn addon_archives(&self) -> PathBuf {
        self.folder.join(packaging::ADDON_ARCHIVES)
    }

    /// An add-on's chart as a folder, of version 0.7.5 unless the chart has a version of its own.
    pub fn addon_folder(&self, chart: &str) -> PathBuf {
        self.folder.join(packaging::ADDON_FOLDERS).join(chart)
    }

    /// The index of all archives, as `helm repo index` writes it.
    pub(crate) fn index(&self) -> PathBuf {
        self.folder.join("index.yaml")
    }

    /// A file that the index names.
    pub(crate) fn indexed(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}
