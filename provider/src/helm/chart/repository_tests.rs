//! Tests of chart repositories, over real sockets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::archive;
use super::test_charts::archive_of;
use super::test_web::{Answer, Request, Web, files, ok, status};
use super::{Charts, Error, Source};

fn source(url: &str) -> Source {
    Source::Repository { url: url.to_owned(), name: "kubeblocks".to_owned() }
}

/// An index with what helm writes, of which little counts here.
fn index(entries: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut text =
        "apiVersion: v1\nentries:\n  unrelated:\n  kubeblock-csi:\n  - version: 1.0.0\n".to_owned();
    text.push_str("  kubeblocks:\n");
    for (version, url, digest) in entries {
        let entry = format!(
            "  - apiVersion: v2\n    appVersion: {version}\n    created: \"2026-01-01T00:00:00Z\"\n    description: 'x: y'\n    \
             digest: {digest}\n    name: kubeblocks\n    urls:\n    - {url}\n    version: {version}\n"
        );
        text.push_str(&entry);
    }
    text.push_str("generated: \"2026-01-01T00:00:00Z\"\n");
    text.into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    archive::digest(bytes).trim_start_matches("sha256:").to_owned()
}

async fn repository() -> Web {
    let (older, newer) = (archive_of("0.7.5"), archive_of("0.8.0"));
    let entries = [
        ("0.7.5", "kubeblocks-0.7.5.tgz", hex(&older)),
        ("0.9.0-beta.1", "kubeblocks-0.9.0-beta.1.tgz", hex(&newer)),
        ("v0.8.0", "../archives/kubeblocks-0.8.0.tgz", format!("sha256:{}", hex(&newer))),
        ("0.6.0", "kubeblocks-0.6.0.tgz", hex(&newer)),
    ];
    let entries = entries.each_ref().map(|(version, url, digest)| (*version, *url, digest.as_str()));
    Web::start(files(BTreeMap::from([
        ("/charts/index.yaml", index(&entries)),
        ("/charts/kubeblocks-0.7.5.tgz", older.to_vec()),
        ("/archives/kubeblocks-0.8.0.tgz", newer.to_vec()),
        ("/charts/kubeblocks-0.6.0.tgz", older.to_vec()),
    ])))
    .await
}

#[tokio::test]
async fn the_newest_version_is_taken_and_everything_is_read_once() {
    let web = repository().await;
    let charts = Charts::new();
    let source = source(&format!("{}/charts/", web.url()));
    let newest = charts.resolve(&source, None, None).await.unwrap();
    assert_eq!((newest.name.as_str(), newest.version.as_str()), ("kubeblocks", "0.8.0"));
    assert_eq!(newest.digest, archive::digest(&archive_of("0.8.0")));
    for version in ["0.7.5", "v0.7.5", "0.8.0"] {
        let chart = charts.resolve(&source, Some(version), None).await.unwrap();
        assert_eq!(chart.version, version.trim_start_matches('v'));
    }
    let paths = web.paths();
    assert_eq!(
        paths,
        ["/charts/index.yaml", "/archives/kubeblocks-0.8.0.tgz", "/charts/kubeblocks-0.7.5.tgz"]
    );
}

#[tokio::test]
async fn what_is_not_in_the_index_is_named_with_what_is() {
    let web = repository().await;
    let charts = Charts::new();
    let source = source(&format!("{}/charts", web.url()));
    let error = charts.resolve(&source, Some("0.7.4"), None).await.unwrap_err();
    let Error::NoSuchVersion { version, versions, .. } = &error else { panic!("{error}") };
    assert_eq!(version.as_deref(), Some("0.7.4"));
    assert_eq!(*versions, ["0.9.0-beta.1", "v0.8.0", "0.7.5", "0.6.0"]);

    let other = Source::Repository { url: format!("{}/charts", web.url()), name: "kubeblock".to_owned() };
    let error = charts.resolve(&other, None, None).await.unwrap_err();
    let Error::NoSuchChart { near, .. } = &error else { panic!("{error}") };
    assert_eq!(*near, ["kubeblock-csi", "kubeblocks"]);
}

#[tokio::test]
async fn another_content_than_expected_is_refused() {
    let web = repository().await;
    let charts = Charts::new();
    let source = source(&format!("{}/charts", web.url()));
    let actual = archive::digest(&archive_of("0.7.5"));
    charts.resolve(&source, Some("0.7.5"), Some(&actual)).await.unwrap();
    let other = archive::digest(b"other");
    for (version, expected_digest, expected) in [
        ("0.7.5", Some(other.as_str()), other.clone()),
        ("0.6.0", None, archive::digest(&archive_of("0.8.0"))),
    ] {
        let error = charts.resolve(&source, Some(version), expected_digest).await.unwrap_err();
        let Error::DigestDiffers { expected: one, actual: another, .. } = &error else { panic!("{error}") };
        assert_eq!((one, another), (&expected, &actual), "{version}");
    }
}

#[tokio::test]
async fn the_query_of_a_repository_goes_along_and_is_never_shown() {
    let archive = archive_of("1.0.0");
    let web = Web::start(move |request: &Request| match request.path.as_str() {
        _ if request.query != "token=hunter2" => status(404),
        "/index.yaml" => ok(index(&[("1.0.0", "kubeblocks-1.0.0.tgz", "''")])),
        "/kubeblocks-1.0.0.tgz" => ok(archive.to_vec()),
        _ => status(500),
    })
    .await;
    let with_query = |query: &str| source(&format!("{}?token={query}", web.url()));
    Charts::new().resolve(&with_query("hunter2"), None, None).await.unwrap();
    let error = Charts::new().resolve(&with_query("hunter3"), None, None).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }) && !error.to_string().contains("hunter"), "{error}");
}

#[tokio::test]
async fn sources_that_are_no_repository_are_refused_without_showing_a_password() {
    for (url, reason) in [
        ("https://user:hunter2@charts.example.com", "credentials"),
        ("https://hunter2@charts.example.com", "credentials"),
        ("ftp://charts.example.com", "http://"),
        ("charts.example.com", "no URL"),
    ] {
        let error = Charts::new().resolve(&source(url), None, None).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::InvalidSource { .. }), "{text}");
        assert!(text.contains(reason) && !text.contains("hunter2"), "{text}");
    }
}

/// Whether an error is the expected one.
type Check = fn(&Error) -> bool;

/// What a repository answers to the index, and what becomes of it.
#[tokio::test]
async fn answers_that_are_no_index_are_told_apart() {
    let cases: [(Answer, Check, usize); 7] = [
        (status(404), |error| matches!(error, Error::Missing { .. }), 1),
        (status(401), |error| matches!(error, Error::Refused { .. }), 1),
        (status(503), Error::is_away, 3),
        (status(429), Error::is_away, 3),
        (ok("<html>"), |error| matches!(error, Error::BrokenIndex { .. }), 1),
        (
            ok("entries: {kubeblocks: [{version: 1.0.0}]}"),
            |error| matches!(error, Error::BrokenIndex { .. }),
            1,
        ),
        (
            Answer { length: Some(1 << 40), ..ok("apiVersion: v1") },
            |error| matches!(error, Error::TooLarge { limit: 128, .. }),
            1,
        ),
    ];
    for (answer, is_expected, requests) in cases {
        let given = answer.clone();
        let web = Web::start(move |_: &Request| given.clone()).await;
        let error = Charts::new().resolve(&source(&web.url()), None, None).await.unwrap_err();
        assert!(
            is_expected(&error),
            "{} {}: {error:?}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        assert_eq!(web.paths().len(), requests, "{error}");
    }
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    let failures = AtomicUsize::new(0);
    let archive = archive_of("1.0.0");
    let web = Web::start(move |request: &Request| {
        if failures.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return status(502);
        }
        match request.path.as_str() {
            "/index.yaml" => ok(index(&[("1.0.0", "/a.tgz", "''")])),
            _ => ok(archive.to_vec()),
        }
    })
    .await;
    Charts::new().resolve(&source(&web.url()), None, None).await.unwrap();
    assert_eq!(web.paths(), ["/index.yaml", "/index.yaml", "/a.tgz", "/a.tgz"]);
}

#[tokio::test]
async fn a_repository_that_was_away_is_read_when_it_is_back() {
    let charts = Charts::new();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let gone = source(&format!("http://127.0.0.1:{port}"));
    let error = charts.resolve(&gone, None, None).await.unwrap_err();
    assert!(error.is_away() && error.to_string().contains("refused"), "{error}");

    let is_back = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let archive = archive_of("1.0.0");
    let back = std::sync::Arc::clone(&is_back);
    let web = Web::start(move |request: &Request| match request.path.as_str() {
        _ if !back.load(Ordering::SeqCst) => status(503),
        "/index.yaml" => ok(index(&[("1.0.0", "/a.tgz", "''")])),
        _ => ok(archive.to_vec()),
    })
    .await;
    assert!(charts.resolve(&source(&web.url()), None, None).await.unwrap_err().is_away());
    is_back.store(true, Ordering::SeqCst);
    charts.resolve(&source(&web.url()), None, None).await.unwrap();
}

#[tokio::test]
async fn redirects_are_followed_and_end() {
    let archive = archive_of("1.0.0");
    let web = Web::start(move |request: &Request| match request.path.as_str() {
        "/index.yaml" => status(302).with("location", "/moved/index.yaml"),
        "/moved/index.yaml" => ok(index(&[("1.0.0", "/a.tgz", "''"), ("2.0.0", "/circle", "''")])),
        "/circle" => status(307).with("location", "/circle"),
        _ => ok(archive.to_vec()),
    })
    .await;
    let charts = Charts::new();
    charts.resolve(&source(&web.url()), Some("1.0.0"), None).await.unwrap();
    let error = charts.resolve(&source(&web.url()), Some("2.0.0"), None).await.unwrap_err();
    assert!(matches!(&error, Error::Missing { cause, .. } if cause.contains("without end")), "{error:?}");
}

#[tokio::test]
async fn an_index_of_megabytes_is_read() {
    let mut entries: Vec<(String, String)> = Vec::new();
    for patch in 0..20_000 {
        entries
            .push((format!("0.1.{patch}"), format!("https://charts.example.com/kubeblocks-0.1.{patch}.tgz")));
    }
    let digest = "0".repeat(64);
    let entries: Vec<(&str, &str, &str)> =
        entries.iter().map(|(version, url)| (version.as_str(), url.as_str(), digest.as_str())).collect();
    let text = index(&entries);
    assert!(text.len() > 5_000_000, "{}", text.len());
    let web = Web::start(files(BTreeMap::from([("/index.yaml", text)]))).await;
    let error = Charts::new().resolve(&source(&web.url()), Some("1.0.0"), None).await.unwrap_err();
    assert!(matches!(&error, Error::NoSuchVersion { versions, .. } if versions.len() == 20_000), "{error:?}");
}
