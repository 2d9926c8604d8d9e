use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::stored::Flaw;
use super::*;
use crate::kubernetes::test_server::{TestServer, on};

fn encoded(json: &Value) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(json.to_string().as_bytes()).unwrap();
    STANDARD.encode(gzip.finish().unwrap())
}

/// A revision as helm writes it. The Secret's own data is base64 once more on the wire.
fn stored(revision: u32, status: &str) -> Value {
    let release = json!({
        "name": "kubeblocks",
        "info": {
            "first_deployed": "2026-11-01T10:00:00.5Z", "last_deployed": "2026-11-02T10:00:00Z", "deleted": "",
            "description": "Upgrade complete", "status": status, "notes": "Thanks", "rollback_revision": 1,
        },
        "chart": {
            "metadata": {"name": "operator", "version": "0.7.5", "appVersion": "0.7.4", "apiVersion": "v2"},
            "lock": null,
            "templates": [{"name": "templates/a.yaml", "data": "YQ=="}],
            "values": {"replicas": 1}, "schema": null, "files": [],
        },
        "config": {"image": {"registry": "registry.test"}, "replicas": 3, "ratio": 0.5},
        "manifest": "---\napiVersion: v1\nkind: ConfigMap\n",
        "hooks": [{"name": "removal", "kind": "Job", "events": ["pre-delete"]}],
        "version": revision,
        "namespace": "kb-system",
        "apply_method": "ssa",
    });
    secret(revision, status, &encoded(&release))
}

fn secret(revision: u32, status: &str, release: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "name": format!("sh.helm.release.v1.kubeblocks.v{revision}"), "namespace": "kb-system",
            "labels": {
                "createdAt": "1700000000", "modifiedAt": "1700000100", "name": "kubeblocks", "owner": "helm",
                "status": status, "version": revision.to_string(), "team": "data",
            },
            "annotations": {"kept": "yes"},
        },
        "data": {"release": STANDARD.encode(release)},
    })
}

fn typed(secret: Value) -> Secret {
    serde_json::from_value(secret).unwrap()
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": items})
}

#[test]
fn a_release_is_read_from_its_secret() {
    let secret = typed(stored(4, "deployed"));
    let bytes = secret.data.as_ref().unwrap()["release"].0.len();
    let release = decode(&secret).unwrap();
    let expected = Release {
        name: "kubeblocks".to_owned(),
        namespace: "kb-system".to_owned(),
        revision: 4,
        status: Status::Deployed,
        description: "Upgrade complete".to_owned(),
        chart_name: "operator".to_owned(),
        chart_version: "0.7.5".to_owned(),
        app_version: Some("0.7.4".to_owned()),
        config: json!({"image": {"registry": "registry.test"}, "replicas": 3, "ratio": 0.5}),
        manifest: "---\napiVersion: v1\nkind: ConfigMap\n".to_owned(),
        labels: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
        annotations: BTreeMap::from([("kept".to_owned(), "yes".to_owned())]),
        modified: Some(Timestamp::from_second(1_700_000_100).unwrap()),
        secret_bytes: bytes,
    };
    assert_eq!(release, expected);
    assert_eq!(release.secret_name(), "sh.helm.release.v1.kubeblocks.v4");
    let debug = format!("{release:?}");
    assert!(!debug.contains("registry.test") && !debug.contains("ConfigMap"), "{debug}");
}

#[test]
fn a_release_without_values_has_none_and_one_that_was_not_compressed_is_read() {
    let plain = json!({
        "name": "a", "version": 1, "info": {"status": "pending-install"},
        "chart": {"metadata": {"name": "c", "version": "1.0.0"}}, "config": null,
    });
    let release = decode(&typed(secret(1, "pending-install", &STANDARD.encode(plain.to_string())))).unwrap();
    assert_eq!((release.config, release.app_version), (json!({}), None));
    assert_eq!(release.status, Status::PendingInstall);
}

#[test]
fn every_status_has_its_word() {
    let words = [
        ("deployed", false),
        ("superseded", false),
        ("failed", false),
        ("uninstalled", false),
        ("uninstalling", false),
        ("pending-install", true),
        ("pending-upgrade", true),
        ("pending-rollback", true),
        ("unknown", false),
    ];
    for (word, pending) in words {
        let status = Status::from_word(word);
        assert_eq!((status.to_string().as_str(), status.is_pending()), (word, pending));
        assert_eq!(matches!(status, Status::Other(_)), word == "unknown");
    }
}

#[test]
fn a_secret_that_holds_no_release_says_why_and_not_what() {
    let metadata = json!({"name": "a", "info": {}, "chart": {"metadata": {"name": "c", "version": "1"}}});
    let without = |field: &str| {
        let mut json = metadata.clone();
        json.as_object_mut().unwrap().remove(field);
        encoded(&json)
    };
    let cases = [
        ("%%hunter2%%".to_owned(), Flaw::Base64),
        (STANDARD.encode([0x1f, 0x8b, 0x08, 1, 2]), Flaw::Gzip),
        (STANDARD.encode("{\"name\": 1, \"password\": \"hunter2\"}"), Flaw::Json { line: 1, column: 10 }),
        (without("info"), Flaw::Missing("info")),
        (without("chart"), Flaw::Missing("chart.metadata")),
        (without("name"), Flaw::Missing("name")),
    ];
    for (release, expected) in cases {
        let error = decode(&typed(secret(1, "deployed", &release))).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh.helm.release.v1.kubeblocks.v1") && !text.contains("hunter2"), "{text}");
        let Error::NotARelease { reason, .. } = error else { panic!("{error}") };
        assert_eq!(reason, expected);
    }
    let mut other = stored(1, "deployed");
    other["type"] = "Opaque".into();
    assert!(matches!(decode(&typed(other)), Err(Error::NotARelease { reason: Flaw::Type, .. })));
    let mut empty = stored(1, "deployed");
    empty["data"] = json!({});
    assert!(matches!(decode(&typed(empty)), Err(Error::NotARelease { reason: Flaw::NoData, .. })));
}

#[tokio::test]
async fn the_history_is_sorted_by_number_and_leaves_other_secrets_out() {
    let mut foreign = stored(99, "deployed");
    foreign["type"] = "Opaque".into();
    let revisions = [stored(2, "superseded"), stored(10, "failed"), foreign, stored(9, "deployed")];
    let server = TestServer::expecting([on(
        "GET",
        &["/namespaces/kb-system/secrets", "owner%3Dhelm%2Cname%3Dkubeblocks"],
    )
    .answers(200, list(&revisions))]);
    let history = history(&server.client(), "kb-system", "kubeblocks").await.unwrap();
    let revisions: Vec<u32> = history.iter().map(|release| release.revision).collect();
    assert_eq!(revisions, [10, 9, 2]);
    server.finish();
}

#[tokio::test]
async fn the_newest_revision_is_decoded_and_older_ones_need_not_be_readable() {
    let broken = secret(1, "superseded", "%%");
    let server = TestServer::expecting([
        on("GET", &["/secrets"]).answers(200, list(&[broken, stored(2, "failed")])),
        on("GET", &["status%3Ddeployed"]).answers(200, list(&[])),
        on("GET", &["/secrets"]).answers(200, list(&[])),
    ]);
    let client = server.client();
    let newest = last(&client, "kb-system", "kubeblocks").await.unwrap().unwrap();
    assert_eq!((newest.revision, newest.status), (2, Status::Failed));
    assert_eq!(deployed(&client, "kb-system", "kubeblocks").await.unwrap(), None);
    assert_eq!(last(&client, "kb-system", "kubeblocks").await.unwrap(), None);
    server.finish();
}

#[tokio::test]
async fn a_refused_read_is_an_error_and_not_no_release() {
    let server = TestServer::expecting([on("GET", &["/secrets"]).fails(
        403,
        "Forbidden",
        "secrets is forbidden: User \"u\" cannot list",
    )]);
    let error = last(&server.client(), "kb-system", "kubeblocks").await.unwrap_err();
    let Error::Read { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(**source, kubernetes::Error::Forbidden { .. }));
    server.finish();
}

#[tokio::test]
async fn annotations_are_merged_into_the_secret_of_the_revision() {
    let server = TestServer::expecting([on(
        "PATCH",
        &["/namespaces/kb-system/secrets/sh.helm.release.v1.kubeblocks.v4"],
    )
    .answers(
        200,
        json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {"name": "sh.helm.release.v1.kubeblocks.v4"},
        }),
    )]);
    let release = decode(&typed(stored(4, "deployed"))).unwrap();
    let annotations = BTreeMap::from([("a/digest".to_owned(), "sha256:1".to_owned())]);
    annotate(&server.client(), &release, &annotations).await.unwrap();
    assert_eq!(server.finish()[0].body, json!({"metadata": {"annotations": {"a/digest": "sha256:1"}}}));
}
