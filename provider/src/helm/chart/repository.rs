//! Chart repositories: a web server with an `index.yaml` that lists charts, their versions, and where they lie.

use std::collections::HashMap;

use reqwest::Url;
use serde::Deserialize;

use super::error::Error;
use super::fetch::{Fetcher, shown};
use super::version;
use crate::helm::yaml;

/// The largest index that is read, in bytes. Those of large companies have some tens of megabytes.
const LARGEST_INDEX: u64 = 128 * 1024 * 1024;
/// From which likeness on a name is offered instead of one that is not there.
const ALIKE: f64 = 0.8;

/// A chart repository.
#[derive(Clone, Debug)]
pub(super) struct Repository(Url);

/// What a repository has.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    entries: HashMap<String, Option<Vec<Option<Entry>>>>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    version: String,
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    removed: bool,
}

/// One version of a chart in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) version: String,
    /// SHA-256 of the archive, when the index has it.
    pub(super) digest: Option<String>,
    /// Where the archive lies: a web server or, with the scheme `oci`, a registry.
    pub(super) location: Url,
}

impl Repository {
    /// The repository at `url`, which must not carry credentials: they would stand in the state.
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        // The text itself is not shown where it may hold a password.
        let invalid = |given: String, reason| Error::InvalidSource { given, reason };
        let parsed = Url::parse(url)
            .map_err(|_| invalid("the URL of the chart repository".to_owned(), "it is no URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err(invalid(shown(&parsed), "a chart repository is at http:// or https://"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(invalid(shown(&parsed), "a URL must not carry credentials"));
        }
        Ok(Self(parsed))
    }

    /// Reads what the repository has.
    pub(super) async fn index(&self, fetcher: &Fetcher) -> Result<Index, Error> {
        let url = self.resolve("index.yaml")?;
        let body = fetcher.get(&url, LARGEST_INDEX).await?;
        let broken = |cause: String| Error::BrokenIndex { url: shown(&url), cause };
        let parsing = tokio::task::spawn_blocking(move || {
            let text = std::str::from_utf8(&body).map_err(|_| "it is not UTF-8".to_owned())?;
            yaml::document::<Index>(yaml::without_mark(text)).map_err(|error| error.to_string())
        });
        parsing.await.map_err(|panicked| broken(panicked.to_string()))?.map_err(broken)
    }

    /// The version of the chart `name` that is meant; without one the newest that is no pre-release.
    pub(super) fn find(&self, index: &Index, name: &str, wanted: Option<&str>) -> Result<Found, Error> {
        let entries = index.entries.get(name).and_then(Option::as_ref).ok_or_else(|| Error::NoSuchChart {
            repository: shown(&self.0),
            name: name.to_owned(),
            near: index.names_like(name),
        })?;
        let entries: Vec<&Entry> = entries.iter().flatten().filter(|entry| !entry.removed).collect();
        let versions: Vec<&str> = entries.iter().map(|entry| entry.version.as_str()).collect();
        let chosen = version::choose(&versions, wanted).ok_or_else(|| Error::NoSuchVersion {
            chart: format!("{name} of {}", shown(&self.0)),
            version: wanted.map(str::to_owned),
            versions: version::newest_first(&versions),
        })?;
        let entry = entries.iter().find(|entry| entry.version == chosen && !entry.urls.is_empty());
        let entry = entry.ok_or_else(|| Error::BrokenIndex {
            url: shown(&self.0),
            cause: format!("version {chosen} of {name} has no URL"),
        })?;
        Ok(Found {
            version: chosen.to_owned(),
            digest: entry.digest.clone().filter(|digest| !digest.is_empty()),
            location: self.resolve(&entry.urls[0])?,
        })
    }

    /// A reference of the repository as a URL. A query of the repository goes along with relative ones.
    fn resolve(&self, reference: &str) -> Result<Url, Error> {
        let mut base = self.0.clone();
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let is_relative = Url::parse(reference).is_err();
        let mut url = base.join(reference).map_err(|_| Error::BrokenIndex {
            url: shown(&self.0),
            cause: "it names a chart at something that is no URL".to_owned(),
        })?;
        if !matches!(url.scheme(), "http" | "https" | "oci") {
            let cause = format!("it names a chart at {}, which is not supported", shown(&url));
            return Err(Error::BrokenIndex { url: shown(&self.0), cause });
        }
        if is_relative {
            url.set_query(self.0.query());
        }
        Ok(url)
    }
}

impl Index {
    /// Names much like `name`, the nearest first.
    fn names_like(&self, name: &str) -> Vec<String> {
        let likeness = |other: &str| {
            if other.contains(name) || name.contains(other) { 1.0 } else { strsim::jaro_winkler(name, other) }
        };
        let mut near: Vec<(f64, &String)> = self
            .entries
            .keys()
            .map(|other| (likeness(other), other))
            .filter(|(likeness, _)| *likeness > ALIKE)
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
        near.into_iter().take(3).map(|(_, name)| name.clone()).collect()
    }
}
