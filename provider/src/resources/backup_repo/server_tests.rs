//! What the resource asks a server, and what it makes of the answers.

use serde_json::{Value as Json, json};
use tfplugin::typed::Value;
use tokio_util::sync::CancellationToken;

use super::build::{self, SecretPlace};
use super::schema::BackupRepoState;
use super::test_support::{s3, stored, text, texts};
use super::{checks, keys, read};
use crate::kubernetes::test_api::TestApi;

fn repo(name: &str, is_default: bool) -> Json {
    let state = BackupRepoState { name: text(name), is_default: Value::Known(is_default), ..s3() };
    let mut object =
        serde_json::to_value(build::repo(&state, Some(&SecretPlace::of(name, "kb-system")))).unwrap();
    object["metadata"]["uid"] = name.into();
    object["status"] = json!({"phase": "Ready"});
    object
}

fn backup(name: &str, repo: &str, is_going: bool) -> Json {
    let mut object = json!({
        "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "Backup",
        "metadata": {
            "name": name, "namespace": "shop",
            "labels": {"dataprotection.kubeblocks.io/backup-repo-name": repo},
        },
        "spec": {"backupPolicyName": "p", "backupMethod": "m"},
    });
    if is_going {
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    object
}

fn provider(name: &str) -> Json {
    json!({
        "apiVersion": "storage.kubeblocks.io/v1alpha1", "kind": "StorageProvider",
        "metadata": {"name": name},
        "spec": {
            "datasafedConfigTemplate": "x",
            "parametersSchema": {"openAPIV3Schema": {"required": ["url"], "properties": {"url": {}}}},
        },
    })
}

#[tokio::test]
async fn the_storage_must_be_installed_and_one_that_is_not_in_the_catalogue_says_what_it_needs() {
    let api = TestApi::default();
    for name in ["s3", "oss", "ftp"] {
        api.put("storageproviders", provider(name));
    }
    for (name, expected) in [
        ("s3", vec![]),
        ("s4", vec!["storage_provider"]),
        ("ftp", vec![r#"config["bucket"]"#, r#"config["region"]"#]),
    ] {
        let config = BackupRepoState { storage_provider: text(name), ..s3() };
        let found = checks::storage(&api.client(), "Summary", &config).await.unwrap();
        let paths: Vec<String> = found
            .iter()
            .map(|one| one.path.as_ref().unwrap().to_string())
            .take(expected.len().max(1))
            .collect();
        assert_eq!(paths, expected, "{name}");
    }
    api.forbid("storageproviders");
    assert!(checks::storage(&api.client(), "Summary", &s3()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_default_is_given_a_moment_to_make_room() {
    let api = TestApi::default();
    api.put("backuprepos", repo("main", true));
    api.put("backuprepos", repo("old", true));
    api.put("backuprepos", repo("other", false));
    let stop = CancellationToken::new();
    let client = api.client();
    assert_eq!(checks::until_only_default(&client, "main", &stop).await.unwrap(), ["old"]);
    let waiting =
        tokio::spawn(async move { checks::until_only_default(&client, "main", &stop).await.unwrap() });
    while api.open_watches() == 0 {
        tokio::task::yield_now().await;
    }
    api.put("backuprepos", repo("old", false));
    assert!(waiting.await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn backups_that_stay_are_named_and_those_on_their_way_out_do_not_count() {
    let api = TestApi::default();
    api.put("backups", backup("going", "main", true));
    api.put("backups", backup("elsewhere", "other", false));
    let stop = CancellationToken::new();
    assert!(checks::until_unused(&api.client(), "main", &stop).await.unwrap().is_empty());
    api.put("backups", backup("staying", "main", false));
    assert_eq!(checks::until_unused(&api.client(), "main", &stop).await.unwrap(), ["shop/staying"]);
    let all = checks::backups_in(&api.client(), "main", true).await.unwrap();
    assert_eq!(all, ["shop/going", "shop/staying"]);
}

#[tokio::test]
async fn keys_are_written_and_only_those_of_the_repository_are_removed() {
    let api = TestApi::default();
    api.hold_none("secrets");
    let (client, place) = (api.client(), SecretPlace::of("main", "kb-system"));
    let written = texts([("accessKeyId", "a")]);
    assert!(keys::write(&client, &place, "main", &written, None).await.unwrap());
    assert!(!keys::write(&client, &place, "main", &written, None).await.unwrap());
    keys::remove(&client, &place, "another").await.unwrap();
    assert!(keys::exist(&client, &place).await.unwrap());
    keys::remove(&client, &place, "main").await.unwrap();
    assert!(!keys::exist(&client, &place).await.unwrap());
    keys::remove(&client, &place, "main").await.unwrap();
    api.forbid("secrets");
    assert!(keys::exist(&client, &place).await.unwrap());
}

#[tokio::test]
async fn a_refresh_sees_the_repository_and_that_its_keys_are_gone() {
    let api = TestApi::default();
    let client = api.client();
    assert_eq!(read::look(&client, stored()).await.unwrap(), None);
    api.put("backuprepos", repo("main", false));
    let without_keys = read::look(&client, stored()).await.unwrap().unwrap();
    assert_eq!(without_keys, BackupRepoState { credentials_wo_version: Value::Null, ..stored() });
    keys::write(&client, &SecretPlace::of("main", "kb-system"), "main", &s3().credentials_wo, None)
        .await
        .unwrap();
    assert_eq!(read::look(&client, stored()).await.unwrap(), Some(stored()));
    api.change("backuprepos", "main", |object| object["spec"]["credential"]["name"] = "another".into());
    assert_eq!(read::look(&client, stored()).await.unwrap().unwrap().credentials_wo_version, Value::Null);
    api.do_not_serve("backuprepos");
    assert_eq!(read::look(&client, stored()).await.unwrap(), None);
}
