//! A release from its installation to its end.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kubeblocks_provider::helm::engine::{Error, ReleaseEngine};
use kubeblocks_provider::helm::release::{self, Status};
use serde_json::{Value, json};

use crate::world::{Helm, RELEASE, World, chart, limits, small_chart};

with_both_helms!(
    a_release_is_installed_upgraded_rolled_back_and_uninstalled,
    a_release_that_was_uninstalled_but_kept_is_installed_again,
    two_upgrades_at_once_take_turns,
    a_release_that_a_person_installed_with_any_helm_is_upgraded,
);

async fn a_release_is_installed_upgraded_rolled_back_and_uninstalled(helm: Helm) {
    let world = World::new(helm).await;
    let chart = small_chart().await;

    world.upgrade(&chart, Value::Null).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("default"));
    let first = world.last().await;
    assert_eq!((first.revision, &first.status), (1, &Status::Deployed));
    assert_eq!(first.description, "by a test");
    assert_eq!(first.labels.get("kubeblocks-test").map(String::as_str), Some("yes"));

    world.upgrade(&chart, json!({ "key": "second" })).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("second"));
    assert_eq!(world.last().await.config, json!({ "key": "second" }));
    // As any other release, for whoever looks.
    let listed: Value = serde_json::from_str(&world.helm(&["list", "--output", "json"]).await).unwrap();
    let columns =
        ["name", "revision", "status", "chart", "app_version"].map(|column| listed[0][column].clone());
    assert_eq!(columns, [RELEASE, "2", "deployed", "small-1.0.0", "2.0.0"].map(Value::from));

    // Values of before do not come back when there are none any more.
    world.upgrade(&chart, json!({})).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("default"));

    let access = world.access().await;
    world.engine.rollback(&access, world.target(), 2, &limits()).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("second"));
    let expected = [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")];
    assert_eq!(world.history().await, expected.map(|(revision, status)| (revision, status.to_owned())));
    let missing = world.engine.rollback(&access, world.target(), 9, &limits()).await;
    assert!(matches!(missing, Err(Error::ReleaseMissing { .. })), "{missing:?}");

    // The hook's Job could never end here: it does not run.
    world.engine.uninstall(&access, world.target(), &limits()).await.unwrap();
    assert_eq!(world.configured().await, None);
    assert!(release::last(&world.client, &world.namespace, RELEASE).await.unwrap().is_none());
    world.engine.uninstall(&access, world.target(), &limits()).await.unwrap();
}

async fn a_release_that_was_uninstalled_but_kept_is_installed_again(helm: Helm) {
    let world = World::new(helm).await;
    let chart = small_chart().await;
    world.upgrade(&chart, Value::Null).await.unwrap();
    world.helm(&["uninstall", RELEASE, "--keep-history", "--no-hooks"]).await;
    assert_eq!(world.last().await.status, Status::Uninstalled);
    world.upgrade(&chart, json!({ "key": "again" })).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("again"));
    assert_eq!(world.last().await.status, Status::Deployed);
}

async fn two_upgrades_at_once_take_turns(helm: Helm) {
    let world = World::new(helm).await;
    let chart = small_chart().await;
    let (one, other) = tokio::join!(
        world.upgrade(&chart, json!({ "key": "one" })),
        world.upgrade(&chart, json!({ "key": "other" })),
    );
    one.unwrap();
    other.unwrap();
    assert_eq!(world.history().await.len(), 2);
    assert_eq!(world.last().await.status, Status::Deployed);
}

/// Helm 4 applies on the server when a person installs with it; the engine does not, and takes over all the same.
async fn a_release_that_a_person_installed_with_any_helm_is_upgraded(helm: Helm) {
    for theirs in [Helm::Three, Helm::Four] {
        let world = World::new(helm).await;
        let chart = chart(&[("templates/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata: {{ .Values.data | toJson }}\n")]).await;
        let archive = tempfile::NamedTempFile::with_suffix(".tgz").unwrap();
        std::fs::write(archive.path(), &chart.archive).unwrap();
        let path = archive.path().to_str().unwrap();
        world.helm_of(theirs, &["install", RELEASE, path, "--set", "data.key=theirs,data.old=gone"]).await;

        world.upgrade(&chart, json!({ "data": { "key": "ours", "new": "here" } })).await.unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(world.kube.clone(), &world.namespace);
        let data = maps.get(RELEASE).await.unwrap().data.unwrap();
        let expected =
            [("key", "ours"), ("new", "here")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(data, expected.into(), "{theirs:?}");

        world.engine.uninstall(&world.access().await, world.target(), &limits()).await.unwrap();
        assert_eq!(world.configured().await, None);
    }
}
