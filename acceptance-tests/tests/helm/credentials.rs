//! How helm gets credentials: by asking the provider that runs, each time anew.

use std::path::Path;

use kubeblocks_provider::helm::access::Access;
use kubeblocks_provider::kubernetes::{Auth, Connection};
use serde_json::{Value, json};

use crate::world::{Helm, World, client, client_of, limits, plain, provider_binary, small_chart};

/// What helm's credential plugin prints: its output, or why there is none.
async fn ask(kubeconfig: &Path) -> Result<Value, String> {
    let kubeconfig: Value = serde_json::from_slice(&std::fs::read(kubeconfig).unwrap()).unwrap();
    let plugin = &kubeconfig["users"][0]["user"]["exec"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let output = tokio::process::Command::new(text(&plugin["command"]))
        .args(plugin["args"].as_array().unwrap().iter().map(text))
        .env_clear()
        .env(text(&plugin["env"][0]["name"]), text(&plugin["env"][0]["value"]))
        .output()
        .await
        .unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        assert_eq!(output.stdout, b"");
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

async fn program() -> &'static Path {
    tokio::task::spawn_blocking(provider_binary).await.unwrap()
}

#[tokio::test]
async fn a_token_that_was_renewed_reaches_helm_and_nothing_after_the_access_is_closed() {
    let world = World::new(Helm::Three).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "first").unwrap();
    let client = client_of(Connection {
        endpoint: Some(world.plane.endpoint().to_owned()),
        ca_certificate: Some(std::fs::read_to_string(world.plane.ca_certificate()).unwrap()),
        auth: Auth::TokenFile { path: path.clone() },
    })
    .await;
    let access = Access::open(&client, program().await).await.unwrap();
    let before = jiff::Timestamp::now();
    let asked = ask(access.kubeconfig()).await.unwrap();
    assert_eq!(asked["status"]["token"], "first");
    let end: jiff::Timestamp = asked["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    assert!(
        end.as_second() >= before.as_second() + 30
            && end.as_second() <= jiff::Timestamp::now().as_second() + 30
    );

    std::fs::write(&path, world.plane.admin_token()).unwrap();
    assert_eq!(ask(access.kubeconfig()).await.unwrap()["status"]["token"], world.plane.admin_token());
    // The same access that began with a token that nobody knows.
    world.upgrade_by(&access, &small_chart().await, &plain(json!({})), &limits()).await.unwrap();

    let kubeconfig = std::fs::read(access.kubeconfig()).unwrap();
    drop(access);
    let kept = folder.path().join("kubeconfig");
    std::fs::write(&kept, kubeconfig).unwrap();
    let error = ask(&kept).await.unwrap_err();
    assert!(error.contains("the provider does not answer any more"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_reaches_helm_as_well() {
    let world = World::new(Helm::Four).await;
    let access = world.access().await;
    let asked = ask(access.kubeconfig()).await.unwrap();
    assert_eq!(asked["kind"], "ExecCredential");
    for part in ["clientCertificateData", "clientKeyData"] {
        assert!(asked["status"][part].as_str().unwrap().starts_with("-----BEGIN"), "{part}");
    }
    assert_eq!(asked["status"].get("token"), None);
}

#[tokio::test]
async fn why_there_is_no_credential_any_more_is_said_without_one() {
    let world = World::new(Helm::Three).await;
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("login");
    let answer = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t0ken","expirationTimestamp":"2020-01-01T00:00:00Z"}}"#;
    std::fs::write(
        &script,
        format!("[ -e {} ] && exit 4; echo '{answer}'", folder.path().join("ended").display()),
    )
    .unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let content = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": world.plane.endpoint() } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "c" } }],
        "users": [{ "name": "c", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sh", "args": [script],
        } } }],
    });
    std::fs::write(&kubeconfig, content.to_string()).unwrap();
    let access = Access::open(&client(&kubeconfig).await, program().await).await.unwrap();
    assert_eq!(ask(access.kubeconfig()).await.unwrap()["status"]["token"], "t0ken");
    std::fs::write(folder.path().join("ended"), "").unwrap();
    let error = ask(access.kubeconfig()).await.unwrap_err();
    assert!(error.contains("the command \"sh\" that authenticates failed: exit status: 4"), "{error}");
    assert!(!error.contains("t0ken"));
}

#[tokio::test]
async fn the_helpers_say_what_they_are_for_when_a_person_runs_them() {
    let output = tokio::process::Command::new(program().await)
        .arg("exec-credential")
        .env_remove("KUBEBLOCKS_CREDENTIAL_SOCKET")
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("run by helm, which the provider starts"), "{said}");

    let output = tokio::process::Command::new(program().await).arg("version").output().await.unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("kubeblocks {}\n", env!("CARGO_PKG_VERSION"))
    );
    // Without a word it is what Terraform starts, and says so to people.
    let output = tokio::process::Command::new(program().await).env_clear().output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("plugin of Terraform"));
}
