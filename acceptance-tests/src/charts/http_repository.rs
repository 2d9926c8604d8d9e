//! A chart repository as any web server can be one: an index and archives.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

use super::server::{Request, Server, found, held, only};
use super::{Charts, Error};

/// A chart repository on loopback, with all charts of [`Charts`]. Dropping it ends it.
#[derive(Debug)]
pub struct HttpRepository {
    server: Server,
    corrupt: Arc<Mutex<BTreeSet<String>>>,
}

impl HttpRepository {
    /// Starts a repository.
    pub async fn start(charts: &'static Charts) -> Result<Self, Error> {
        let corrupt = Arc::new(Mutex::new(BTreeSet::new()));
        let known = Arc::clone(&corrupt);
        let server = Server::start(|_| Ok(Box::new(move |head, _| answer(charts, &known, head)))).await?;
        Ok(Self { server, corrupt })
    }

    /// URL of the repository, as `helm repo add` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// From now on the archives of this chart are not those that the index tells the digests of.
    pub fn corrupt(&self, chart: &str) {
        held(&self.corrupt).insert(chart.to_owned());
    }

    /// Answers the next requests with this status.
    pub fn fail(&self, times: usize, status: StatusCode) {
        self.server.fail(times, status);
    }

    /// Refuses connections and closes those that are open, until [`come_back`](Self::come_back).
    pub async fn leave(&self) -> Result<(), Error> {
        self.server.leave().await
    }

    /// Listens on the same port again.
    pub async fn come_back(&self) -> Result<(), Error> {
        self.server.come_back().await
    }

    /// Ends the repository; its port is closed when this returns.
    pub async fn stop(self) -> Result<(), Error> {
        self.server.leave().await
    }
}

fn answer(charts: &Charts, corrupt: &Mutex<BTreeSet<String>>, head: &Parts) -> Response<Full<Bytes>> {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return only(StatusCode::METHOD_NOT_ALLOWED);
    }
    let path = head.uri.path().trim_start_matches('/');
    if path == "index.yaml" {
        return match std::fs::read(charts.index()) {
            Ok(index) => found("text/yaml", index),
            Err(_) => only(StatusCode::INTERNAL_SERVER_ERROR),
        };
    }
    let is_archive = Path::new(path).extension().is_some_and(|extension| extension == "tgz");
    // Paths of the index have no dots but in versions and extensions.
    if !is_archive || path.contains("..") {
        return only(StatusCode::NOT_FOUND);
    }
    match std::fs::read(charts.indexed(path)) {
        Ok(mut archive) => {
            if held(corrupt).iter().any(|chart| is_of(path, chart)) {
                let middle = archive.len() / 2;
                archive[middle] ^= 0xff;
            }
            found("application/gzip", archive)
        }
        Err(_) => only(StatusCode::NOT_FOUND),
    }
}

/// Whether a path is that of one of the chart's archives, and not of a chart whose name begins like it.
fn is_of(path: &str, chart: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let version = file.strip_prefix(chart).and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn an_archive_belongs_to_the_chart_of_its_whole_name() {
        for (path, chart, expected) in [
            ("addons/mysql-0.7.5.tgz", "mysql", true),
            ("addons/apecloud-mysql-0.7.5.tgz", "mysql", false),
            ("addons/csi-s3-0.7.5.tgz", "csi", false),
            ("addons/csi-s3-0.7.5.tgz", "csi-s3", true),
            ("operator/kubeblocks-0.8.0.tgz", "kubeblocks", true),
        ] {
            assert_eq!(is_of(path, chart), expected, "{path} {chart}");
        }
    }
}
