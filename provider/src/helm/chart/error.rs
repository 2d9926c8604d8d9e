//! What can go wrong on the way from a source to a chart. Text for the practitioner is made of it elsewhere.

use std::path::PathBuf;

use super::ignore;
use crate::helm::yaml;

/// A chart that cannot be had. URLs in it never carry credentials or queries.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source is not one that charts can come from.
    #[error("{given} is no place of charts: {reason}")]
    InvalidSource {
        /// As it was given, without credentials.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nobody answers there, or only with failures of the server. May be different later.
    #[error("failed to reach {url}: {cause}")]
    Away {
        /// What was asked for.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// The server wants other credentials, or any.
    #[error("{url} may not be read: {cause}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The server's words.
        cause: String,
    },
    /// The server does not have what was asked for, or answers something that nobody expects.
    #[error("{url} is not there: {cause}")]
    Missing {
        /// What was asked for.
        url: String,
        /// The server's words.
        cause: String,
    },
    /// The index of a chart repository cannot be read.
    #[error("{url} is no index of a chart repository: {cause}")]
    BrokenIndex {
        /// The index.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The repository has no chart of this name.
    #[error("{repository} has no chart {name:?}")]
    NoSuchChart {
        /// The repository.
        repository: String,
        /// The name.
        name: String,
        /// Names that it has and that are much like it, the nearest first.
        near: Vec<String>,
    },
    /// The chart is there, but not in this version.
    #[error("{chart} has no version {}", version.as_deref().unwrap_or("that is no pre-release"))]
    NoSuchVersion {
        /// The chart.
        chart: String,
        /// The version; absent when the newest was asked for and all are pre-releases.
        version: Option<String>,
        /// The versions that there are, the newest first.
        versions: Vec<String>,
    },
    /// Larger than a chart can be.
    #[error("{what} has more than {limit} {unit}")]
    TooLarge {
        /// The file or URL.
        what: String,
        /// The most that is accepted.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// The content is not the expected one.
    #[error("{what} has the digest {actual}, not {expected}")]
    DigestDiffers {
        /// The file or URL.
        what: String,
        /// What was asked for, or what the repository says.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// A file or folder cannot be read.
    #[error("failed to read {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The archive cannot be unpacked.
    #[error("{what} is no archive of a chart: {reason}")]
    BrokenArchive {
        /// The file or URL; of an archive in an archive, its name there.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The files are not those of a chart.
    #[error("{what} is no chart: {reason}")]
    NotAChart {
        /// The file, folder or URL.
        what: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// A file of the chart is not YAML, or not of the expected form.
    #[error("failed to read {file} of {what}")]
    Yaml {
        /// The file, folder or URL of the chart.
        what: String,
        /// The file in it.
        file: String,
        /// Where it stops to be.
        source: yaml::Error,
    },
    /// A line of `.helmignore` that helm refuses.
    #[error("failed to read {}", path.display())]
    Ignore {
        /// The file.
        path: PathBuf,
        /// The line.
        source: ignore::Error,
    },
}

impl Error {
    /// Whether the place of the chart could not be reached, so that another time the chart may be had.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}
