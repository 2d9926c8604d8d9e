//! A real helm gets charts from the servers, and what tests order happens.

use std::path::{Path, PathBuf};
use std::process::Output;

use acceptance_tests::charts::{Access, Charts, HttpRepository, OPERATOR_VERSIONS, OciRegistry};
use acceptance_tests::tools;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::command;

/// The charts and helms, from a thread that may block.
async fn prepared() -> (&'static Charts, [PathBuf; 2]) {
    let prepare = || (Charts::packaged().unwrap(), [tools::helm().unwrap(), tools::helm4().unwrap()]);
    tokio::task::spawn_blocking(prepare).await.unwrap()
}

/// Runs helm in a home of its own.
async fn run(helm: &Path, home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = command(helm, home.path());
    command.current_dir(home.path()).args(arguments);
    tokio::process::Command::from(command).output().await.unwrap()
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_helms_pull_every_release_from_the_http_repository() {
    let (charts, helms) = prepared().await;
    let repository = HttpRepository::start(charts).await.unwrap();
    for helm in &helms {
        for version in OPERATOR_VERSIONS {
            let home = tempfile::tempdir().unwrap();
            let pull = ["pull", "kubeblocks", "--repo", &repository.url(), "--version", version];
            succeeded(&run(helm, &home, &pull).await);
            let file = format!("kubeblocks-{version}.tgz");
            assert_eq!(
                std::fs::read(home.path().join(&file)).unwrap(),
                std::fs::read(charts.operator_archive(version)).unwrap()
            );
            let targets: Vec<_> =
                repository.requests().into_iter().map(|request| request.target).rev().take(2).collect();
            assert_eq!(targets, [format!("/operator/{file}"), "/index.yaml".to_owned()]);
        }
    }
    let home = tempfile::tempdir().unwrap();
    succeeded(&run(&helms[0], &home, &["pull", "redis", "--repo", &repository.url()]).await);
    assert!(home.path().join("redis-0.8.0.tgz").is_file(), "the newest one");
    let missing = run(&helms[0], &home, &["pull", "oracle", "--repo", &repository.url()]).await;
    assert!(!missing.status.success());
    repository.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_repository_fails_as_it_is_told() {
    let (charts, [helm, _]) = prepared().await;
    let repository = HttpRepository::start(charts).await.unwrap();
    let url = repository.url();
    let home = tempfile::tempdir().unwrap();
    let pull = ["pull", "kubeblocks", "--repo", &url, "--version", "0.7.5"];

    repository.leave().await.unwrap();
    let refused = run(&helm, &home, &pull).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("connection refused"), "{refused:?}");
    repository.come_back().await.unwrap();

    repository.fail(1, http::StatusCode::SERVICE_UNAVAILABLE);
    let refused = run(&helm, &home, &pull).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("503"), "{refused:?}");
    succeeded(&run(&helm, &home, &pull).await);

    let right = digest(&std::fs::read(home.path().join("kubeblocks-0.7.5.tgz")).unwrap());
    let index =
        std::fs::read_to_string(charts.addon_archives().parent().unwrap().join("index.yaml")).unwrap();
    assert!(index.contains(&right), "the index tells the digest");
    repository.corrupt("kubeblocks");
    let other = tempfile::tempdir().unwrap();
    // Helm 3 does not compare.
    let pulled = run(&helm, &other, &pull).await;
    let file = other.path().join("kubeblocks-0.7.5.tgz");
    assert!(!pulled.status.success() || digest(&std::fs::read(file).unwrap()) != right);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_helms_pull_from_the_registry_with_and_without_a_token() {
    let (charts, helms) = prepared().await;
    for access in [Access::Open, Access::Token] {
        let registry = OciRegistry::start_with(charts, access.clone()).await.unwrap();
        let reference = registry.reference();
        for helm in &helms {
            let home = tempfile::tempdir().unwrap();
            let pull = ["pull", &reference, "--version", "0.7.5", "--plain-http"];
            succeeded(&run(helm, &home, &pull).await);
            assert_eq!(
                std::fs::read(home.path().join("kubeblocks-0.7.5.tgz")).unwrap(),
                std::fs::read(charts.operator_archive("0.7.5")).unwrap()
            );
            // Without a version the tags are asked for.
            let redis = registry.reference_of("redis");
            let shown = run(helm, &home, &["show", "chart", &redis, "--plain-http"]).await;
            succeeded(&shown);
            assert!(String::from_utf8_lossy(&shown.stdout).contains("version: 0.8.0"));
        }
        let asked = registry.requests().iter().any(|request| request.target.starts_with("/token"));
        assert_eq!(asked, access == Access::Token);
        registry.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_with_a_login_lets_in_who_knows_the_password() {
    let (charts, helms) = prepared().await;
    let access = Access::Login { user: "reader".to_owned(), password: "open-sesame".to_owned() };
    let registry = OciRegistry::start_with(charts, access).await.unwrap();
    let (host, reference) = (registry.host(), registry.reference());
    for helm in &helms {
        let home = tempfile::tempdir().unwrap();
        let pull = ["pull", &reference, "--version", "0.7.5", "--plain-http"];
        assert!(!run(helm, &home, &pull).await.status.success());
        let login = |password| {
            ["registry", "login", &host, "--plain-http", "--username", "reader", "--password", password]
        };
        assert!(!run(helm, &home, &login("wrong")).await.status.success());
        succeeded(&run(helm, &home, &login("open-sesame")).await);
        succeeded(&run(helm, &home, &pull).await);
        assert!(home.path().join("kubeblocks-0.7.5.tgz").is_file());
    }
}
