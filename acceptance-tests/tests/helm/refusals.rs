//! What the API server refuses, told by meaning.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::PostParams;
use kubeblocks_provider::helm::access;
use kubeblocks_provider::helm::engine::{Error, ReleaseEngine, Target, Upgrade};
use kubeblocks_provider::helm::release;
use kubeblocks_provider::kubernetes::{Auth, Connection};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::world::{
    Helm, NOBODY, RELEASE, World, chart, client_of, client_of_user, limits, plain, small_chart,
};

with_both_helms!(
    an_object_of_somebody_else_is_not_taken_over,
    a_kind_that_is_not_installed_is_named,
    a_user_without_rights_is_told_which_right_is_missing,
    a_namespace_that_is_missing_is_named,
    a_release_that_fills_more_than_a_secret_is_refused,
    a_server_that_is_away_or_does_not_know_the_user_is_told_apart,
);

async fn an_object_of_somebody_else_is_not_taken_over(helm: Helm) {
    let world = World::new(helm).await;
    let maps: Api<ConfigMap> = Api::namespaced(world.kube.clone(), &world.namespace);
    let theirs =
        serde_json::from_value(json!({ "metadata": { "name": RELEASE }, "data": { "key": "theirs" } }));
    maps.create(&PostParams::default(), &theirs.unwrap()).await.unwrap();
    let error = world.upgrade(&small_chart().await, Value::Null).await;
    let Err(Error::NotOwned { message }) = error else { panic!("{error:?}") };
    assert!(
        message.contains(&format!("ConfigMap \"{RELEASE}\" in namespace \"{}\"", world.namespace)),
        "{message}"
    );
    assert_eq!(world.configured().await.as_deref(), Some("theirs"));
}

async fn a_kind_that_is_not_installed_is_named(helm: Helm) {
    let world = World::new(helm).await;
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: w }\n";
    let error = world.upgrade(&chart(&[("templates/w.yaml", widget)]).await, Value::Null).await;
    let Err(Error::KindMissing { message }) = error else { panic!("{error:?}") };
    assert!(message.contains("Widget") && message.contains("example.com/v1"), "{message}");
    assert!(release::last(&world.client, &world.namespace, RELEASE).await.unwrap().is_none());
}

async fn a_user_without_rights_is_told_which_right_is_missing(helm: Helm) {
    let world = World::new(helm).await;
    let access = world.engine.access(&client_of_user(NOBODY).await).await.unwrap();
    let chart = small_chart().await;
    let error = world.upgrade_by(&access, &chart, &plain(Value::Null), &limits()).await;
    let Err(Error::Forbidden { message }) = error else { panic!("{error:?}") };
    assert!(message.contains("secrets is forbidden: User \"nobody\" cannot list"), "{message}");
}

async fn a_namespace_that_is_missing_is_named(helm: Helm) {
    let world = World::new(helm).await;
    let chart = small_chart().await;
    let request = Upgrade {
        target: Target { namespace: "nowhere", name: RELEASE },
        chart: &chart,
        values: &plain(Value::Null),
        max_history: 3,
        labels: &std::collections::BTreeMap::new(),
        description: None,
    };
    let error = world.engine.upgrade(&world.access().await, &request, &limits()).await;
    assert!(
        matches!(&error, Err(Error::NamespaceMissing { namespace }) if namespace == "nowhere"),
        "{error:?}"
    );
}

async fn a_release_that_fills_more_than_a_secret_is_refused(helm: Helm) {
    let world = World::new(helm).await;
    // Random text, as helm compresses.
    let mut random = rand::rng();
    let text: String = (0..2_000_000).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
    let error = world.upgrade(&small_chart().await, json!({ "unused": text })).await;
    assert!(matches!(error, Err(Error::TooLarge { .. })), "{error:?}");
}

async fn a_server_that_is_away_or_does_not_know_the_user_is_told_apart(helm: Helm) {
    let world = World::new(helm).await;
    let chart = small_chart().await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "nobody-knows-this-token").unwrap();
    let ca = std::fs::read_to_string(world.plane.ca_certificate()).unwrap();
    let connection = |endpoint: &str| Connection {
        endpoint: Some(endpoint.to_owned()),
        ca_certificate: Some(ca.clone()),
        auth: Auth::TokenFile { path: token.clone() },
    };

    let stranger = client_of(connection(world.plane.endpoint())).await;
    let access = world.engine.access(&stranger).await.unwrap();
    let error = world.upgrade_by(&access, &chart, &plain(Value::Null), &limits()).await;
    assert!(matches!(error, Err(Error::Unauthenticated { .. })), "{error:?}");

    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lost = client_of(connection(&format!("https://127.0.0.1:{port}"))).await;
    let access = world.engine.access(&lost).await.unwrap();
    let error = world.upgrade_by(&access, &chart, &plain(Value::Null), &limits()).await;
    let Err(Error::Unreachable { message }) = error else { panic!("{error:?}") };
    assert!(message.contains("connection refused") && !message.contains("nobody-knows"), "{message}");

    // Without a credential helm is not even started.
    std::fs::remove_file(&token).unwrap();
    let gone = world.engine.access(&client_of(connection(world.plane.endpoint())).await).await;
    assert!(matches!(gone, Err(access::Error::Credential { .. })), "{gone:?}");
}
