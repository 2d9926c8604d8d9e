//! Tests of OCI registries, over real sockets.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::test_charts::archive_of;
use super::test_web::{Answer, Request, Web, ok, status};
use super::{Charts, Error, Source, archive};

const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry has, and who may read it.
#[derive(Clone)]
struct Registry {
    /// Archives by tag.
    tags: BTreeMap<String, Vec<u8>>,
    layer: &'static str,
    /// `user:password` that a token costs; without it everything may be read.
    login: Option<&'static str>,
    /// The most tags in a page, however many are asked for; without it all tags, in whatever page.
    page: Option<usize>,
    /// Other bytes than the manifest promises.
    swapped: Option<Vec<u8>>,
}

impl Registry {
    fn with(versions: &[&str]) -> Self {
        let tags = versions.iter().map(|version| (version.replace('+', "_"), archive_of(version).to_vec()));
        Self { tags: tags.collect(), layer: LAYER, login: None, page: Some(100), swapped: None }
    }

    async fn start(self) -> Web {
        Web::start(move |request: &Request| self.answer(request)).await
    }

    fn answer(&self, request: &Request) -> Answer {
        if request.path == "/token" {
            let expected = self.login.map(|login| format!("Basic {}", STANDARD.encode(login)));
            let may = expected.is_some() && request.authorization == expected;
            return if may { ok(json!({"token": "a-token"}).to_string()) } else { status(401) };
        }
        if self.login.is_some() && request.authorization.as_deref() != Some("Bearer a-token") {
            let realm = format!("Bearer realm=\"http://{}/token\",service=\"test\"", request.host);
            return status(401).with("www-authenticate", realm);
        }
        let Some(rest) = request.path.strip_prefix("/v2/") else { return status(404) };
        if rest.is_empty() {
            return ok("{}");
        }
        let Some(rest) = rest.strip_prefix("charts/kubeblocks/") else { return failed("NAME_UNKNOWN") };
        match rest.split_once('/') {
            Some(("tags", "list")) => self.list(&request.query),
            Some(("manifests", tag)) => self
                .tags
                .get(tag)
                .map_or_else(|| failed("MANIFEST_UNKNOWN"), |archive| self.manifest(archive)),
            Some(("blobs", digest)) => self.blob(digest),
            _ => status(404),
        }
    }

    /// A page of tags, by the rules of the specification.
    fn list(&self, query: &str) -> Answer {
        let last = query.split('&').find_map(|pair| pair.strip_prefix("last=")).unwrap_or_default();
        let tags: Vec<&String> = match self.page {
            Some(size) => self.tags.keys().filter(|tag| tag.as_str() > last).take(size).collect(),
            None => self.tags.keys().collect(),
        };
        ok(json!({"name": "charts/kubeblocks", "tags": tags}).to_string())
    }

    fn manifest(&self, archive: &[u8]) -> Answer {
        let descriptor = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": archive::digest(bytes), "size": bytes.len()});
        let body = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.cncf.helm.config.v1+json", b"{}"),
            "layers": [descriptor("application/vnd.cncf.helm.chart.provenance.v1.prov", b"p"), descriptor(self.layer, archive)],
        })
        .to_string();
        let digest = archive::digest(body.as_bytes());
        ok(body).with("content-type", MANIFEST).with("docker-content-digest", digest)
    }

    fn blob(&self, digest: &str) -> Answer {
        let found = self.tags.values().find(|archive| archive::digest(archive) == digest);
        let Some(found) = found else { return failed("BLOB_UNKNOWN") };
        ok(self.swapped.clone().unwrap_or_else(|| found.clone()))
    }
}

fn failed(code: &str) -> Answer {
    Answer { status: 404, ..ok(json!({"errors": [{"code": code, "message": "no"}]}).to_string()) }
}

fn source(web: &Web) -> Source {
    Source::Oci { reference: format!("oci://{}/charts/kubeblocks", web.address) }
}

fn charts(credential_files: Vec<PathBuf>) -> Charts {
    Charts { credential_files: Some(credential_files), ..Charts::new() }
}

#[tokio::test]
async fn a_version_is_pulled_by_its_tag_and_the_newest_is_found_among_the_tags() {
    let web = Registry::with(&["0.7.5", "0.8.0+build.1", "0.9.0-beta.1", "v0.6.0"]).start().await;
    let charts = charts(Vec::new());
    let cases = [
        (Some("0.7.5"), "0.7.5"),
        (None, "0.8.0+build.1"),
        (Some("0.8.0+build.1"), "0.8.0+build.1"),
        (Some("0.8.0"), "0.8.0+build.1"),
        (Some("0.6.0"), "v0.6.0"),
        (Some("0.9.0-beta.1"), "0.9.0-beta.1"),
    ];
    for (version, expected) in cases {
        let chart = charts.resolve(&source(&web), version, None).await.unwrap();
        assert_eq!(chart.version, expected, "{version:?}");
        assert_eq!(chart.digest, archive::digest(&archive_of(expected)));
    }
    let requests = web.paths().len();
    charts.resolve(&source(&web), None, None).await.unwrap();
    assert_eq!(web.paths().len(), requests, "what was read is not read again");
}

#[tokio::test]
async fn what_a_registry_does_not_have_is_named_with_what_it_has() {
    let web = Registry::with(&["0.7.5", "0.8.0"]).start().await;
    let error = charts(Vec::new()).resolve(&source(&web), Some("1.0.0"), None).await.unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchVersion { versions, .. } if *versions == ["0.8.0", "0.7.5"]),
        "{error:?}"
    );

    let other = Source::Oci { reference: format!("oci://{}/charts/other", web.address) };
    for version in [None, Some("0.7.5")] {
        let error = charts(Vec::new()).resolve(&other, version, None).await.unwrap_err();
        assert!(matches!(&error, Error::NoSuchChart { name, .. } if name == "other"), "{error:?}");
    }
}

#[tokio::test]
async fn tags_are_read_page_by_page() {
    for (page, requests) in [(Some(100), 5), (Some(1000), 2), (None, 2)] {
        let mut registry = Registry { page, ..Registry::with(&["0.2.0"]) };
        registry.tags.extend((0..350).map(|patch| (format!("0.1.{patch}"), Vec::new())));
        let web = registry.start().await;
        let chart = charts(Vec::new()).resolve(&source(&web), None, None).await.unwrap();
        assert_eq!(chart.version, "0.2.0");
        let pages = web.paths().iter().filter(|path| path.ends_with("/tags/list")).count();
        assert_eq!(pages, requests, "{page:?}");
    }
}

#[tokio::test]
async fn credentials_come_from_the_files_of_helm_and_docker() {
    let registry = Registry { login: Some("user:hunter2"), ..Registry::with(&["0.7.5"]) };
    let web = registry.start().await;
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, host: &str, login: &str| {
        let path = place.path().join(name);
        fs::write(&path, json!({"auths": {host: {"auth": STANDARD.encode(login)}}}).to_string()).unwrap();
        path
    };
    let host = web.address.to_string();
    let (right, wrong) = (file("right", &host, "user:hunter2"), file("wrong", &host, "user:hunter3"));
    let elsewhere = file("elsewhere", "registry.example.com", "user:hunter2");
    let cases = [
        (vec![right.clone()], true),
        (vec![elsewhere.clone(), right.clone()], true),
        (vec![place.path().join("absent"), right], true),
        (vec![wrong], false),
        (vec![elsewhere], false),
        (Vec::new(), false),
    ];
    for (files, may) in cases {
        let outcome = charts(files.clone()).resolve(&source(&web), Some("0.7.5"), None).await;
        match outcome {
            Ok(_) => assert!(may, "{files:?}"),
            Err(error) => {
                assert!(!may && matches!(error, Error::Refused { .. }), "{files:?}: {error:?}");
                assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn other_content_than_promised_and_what_is_no_chart_are_refused() {
    let registry = Registry::with(&["0.7.5"]);
    let web = Registry { swapped: Some(b"other".to_vec()), ..registry.clone() }.start().await;
    let error = charts(Vec::new()).resolve(&source(&web), None, None).await.unwrap_err();
    let Error::DigestDiffers { expected, actual, .. } = &error else { panic!("{error:?}") };
    assert_eq!((expected, actual), (&archive::digest(&archive_of("0.7.5")), &archive::digest(b"other")));

    let image = Registry { layer: "application/vnd.oci.image.layer.v1.tar+gzip", ..registry };
    let web = image.start().await;
    let error = charts(Vec::new()).resolve(&source(&web), None, None).await.unwrap_err();
    assert!(matches!(error, Error::NotAChart { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_that_is_away_or_fails_is_told_apart_from_one_without_the_chart() {
    let web = Web::start(|_: &Request| status(503)).await;
    for version in [None, Some("0.7.5")] {
        let error = charts(Vec::new()).resolve(&source(&web), version, None).await.unwrap_err();
        assert!(error.is_away(), "{error:?}");
    }
    let gone = web.address;
    drop(web);
    let gone = Source::Oci { reference: format!("oci://{gone}/charts/kubeblocks") };
    let error = charts(Vec::new()).resolve(&gone, None, None).await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
}

#[tokio::test]
async fn references_that_are_none_are_refused_without_showing_a_password() {
    let cases = [
        "oci://user:hunter2@registry.example.com/kubeblocks",
        "oci://registry.example.com",
        "oci:///kubeblocks",
        "oci://registry.example.com/charts/kubeblocks:0.7.5",
        "https://registry.example.com/kubeblocks",
    ];
    for reference in cases {
        let source = Source::Oci { reference: reference.to_owned() };
        let error = charts(Vec::new()).resolve(&source, None, None).await.unwrap_err();
        assert!(matches!(error, Error::InvalidSource { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

#[tokio::test]
async fn an_index_may_say_that_a_chart_is_in_a_registry() {
    let registry = Registry::with(&["0.7.5"]).start().await;
    let index = format!(
        "apiVersion: v1\nentries:\n  kubeblocks:\n  - version: 0.7.5\n    urls: [\"oci://{}/charts/kubeblocks:0.7.5\"]\n",
        registry.address
    );
    let web = Web::start(move |_: &Request| ok(index.clone())).await;
    let source = Source::Repository { url: web.url(), name: "kubeblocks".to_owned() };
    let chart = charts(Vec::new()).resolve(&source, None, None).await.unwrap();
    assert_eq!(chart.version, "0.7.5");
}
