//! Every fault of the proxy in front of an API server, as a client meets it.

use std::time::{Duration, Instant};

use acceptance_tests::api_faults::{ApiFaults, Fault, Matching};
use acceptance_tests::control_plane::ControlPlane;
use futures::TryStreamExt;
use http::{Method, StatusCode};
use k8s_openapi::api::core::v1::{ConfigMap, Node};
use kube::api::{ListParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Error};
use serde_json::json;

use crate::support::{LIMIT, create, namespace, object};

/// A proxy, and a client that asks once and no more.
async fn proxy() -> (ApiFaults, Client) {
    let proxy = ApiFaults::start(ControlPlane::shared().await.unwrap()).await.unwrap();
    let kubeconfig = Kubeconfig::read_from(proxy.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    (proxy, Client::try_from(config).unwrap())
}

async fn get(client: &Client, target: &str) -> (StatusCode, Option<String>) {
    let request = http::Request::get(target).body(kube::client::Body::empty()).unwrap();
    let response = client.send(request).await.unwrap();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status(), retry_after)
}

#[tokio::test]
async fn without_orders_everything_passes_and_is_noted() {
    let (_, namespace) = namespace().await;
    let (proxy, client) = proxy().await;
    let maps = Api::<ConfigMap>::namespaced(client, &namespace);
    create(&maps, json!({ "metadata": { "name": "passes" }, "data": { "key": "value" } })).await;
    let read = maps.get("passes").await.unwrap();
    assert_eq!(read.data.unwrap()["key"], "value");

    let all = format!("^/api/v1/namespaces/{namespace}/configmaps");
    let created = Matching::path(&all).unwrap().method(Method::POST);
    assert_eq!(proxy.count(&created), 1);
    assert_eq!(proxy.requests().last().unwrap().status, Some(StatusCode::OK));
    proxy.forget_requests();
    assert_eq!(proxy.count(&Matching::any()), 0);
}

#[tokio::test]
async fn an_ordered_answer_comes_as_often_as_ordered_and_to_the_requests_meant_only() {
    let (proxy, client) = proxy().await;
    for (fault, expected) in [
        (Fault::too_many_requests(7), (StatusCode::TOO_MANY_REQUESTS, Some("7".to_owned()))),
        (Fault::internal_error(), (StatusCode::INTERNAL_SERVER_ERROR, None)),
        (Fault::unavailable(), (StatusCode::SERVICE_UNAVAILABLE, None)),
    ] {
        proxy.inject(Matching::path("/nodes").unwrap(), fault, 2);
        assert_eq!(get(&client, "/api/v1/namespaces").await, (StatusCode::OK, None));
        assert_eq!(get(&client, "/api/v1/nodes").await, expected);
        assert_eq!(get(&client, "/api/v1/nodes").await, expected);
        assert_eq!(get(&client, "/api/v1/nodes").await, (StatusCode::OK, None));
    }
    proxy.inject(Matching::any(), Fault::internal_error(), 3);
    assert_eq!(proxy.forget_faults(), 3);
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_ordinary_client_gets_over_an_overloaded_server() {
    let (proxy, _) = proxy().await;
    let nodes = Matching::path("/nodes").unwrap();
    proxy.inject(nodes.clone(), Fault::too_many_requests(0), 1);
    Api::<Node>::all(proxy.client().await.unwrap()).list(&ListParams::default()).await.unwrap();
    assert_eq!(proxy.count(&nodes), 2);
}

#[tokio::test]
async fn a_refusal_reads_like_one_of_the_api_server() {
    let (proxy, client) = proxy().await;
    proxy.inject(
        Matching::path("/nodes").unwrap(),
        Fault::Answer { status: StatusCode::FORBIDDEN, retry_after: None },
        1,
    );
    let error = Api::<Node>::all(client).list(&ListParams::default()).await.unwrap_err();
    let Error::Api(status) = error else { panic!("{error}") };
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
}

#[tokio::test]
async fn a_stalled_request_is_answered_late() {
    let (proxy, client) = proxy().await;
    get(&client, "/api/v1/nodes").await;
    let delay = Duration::from_millis(700);
    proxy.inject(Matching::path("/nodes").unwrap(), Fault::Stall(delay), 1);
    let started = Instant::now();
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_was_carried_out_all_the_same() {
    let (direct, namespace) = namespace().await;
    let (proxy, client) = proxy().await;
    proxy.inject(Matching::any().method(Method::POST), Fault::LoseAnswer, 1);
    let map: ConfigMap = object(json!({ "metadata": { "name": "made" } }));
    let error =
        Api::namespaced(client.clone(), &namespace).create(&PostParams::default(), &map).await.unwrap_err();
    assert!(!matches!(error, Error::Api(_)), "{error}");
    Api::<ConfigMap>::namespaced(direct, &namespace).get("made").await.unwrap();
    // The client gets over it.
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_cut_watch_breaks_off_and_other_requests_do_not_notice() {
    let (direct, namespace) = namespace().await;
    let (proxy, client) = proxy().await;
    let maps = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
    let mut events = Box::pin(maps.watch(&WatchParams::default(), "0").await.unwrap());

    create(&Api::<ConfigMap>::namespaced(direct, &namespace), json!({ "metadata": { "name": "seen" } }))
        .await;
    let seen = async {
        while let Some(event) = events.try_next().await.unwrap() {
            if matches!(&event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("seen")) {
                return;
            }
        }
        panic!("the watch ended");
    };
    tokio::time::timeout(LIMIT, seen).await.expect("the event arrives");

    proxy.cut_watches();
    let broken = async { while let Ok(Some(_)) = events.try_next().await {} };
    tokio::time::timeout(LIMIT, broken).await.expect("the watch breaks off");
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
    assert!(proxy.requests().iter().any(acceptance_tests::api_faults::Request::is_watch));
}

#[tokio::test]
async fn while_away_connections_are_refused_and_afterwards_the_same_client_goes_on() {
    let (proxy, client) = proxy().await;
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
    proxy.leave().await.unwrap();
    let address = proxy.endpoint().trim_start_matches("https://").to_owned();
    let refused = tokio::net::TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    Api::<Node>::all(client.clone()).list(&ListParams::default()).await.unwrap_err();

    proxy.come_back().await.unwrap();
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_absence_ends_by_itself_after_its_time() {
    let (proxy, client) = proxy().await;
    let (started, absence) = (Instant::now(), Duration::from_millis(800));
    proxy.be_away_for(absence).await.unwrap();
    let back = async {
        let address = proxy.endpoint().trim_start_matches("https://").to_owned();
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, back).await.expect("the proxy comes back");
    assert!(started.elapsed() >= absence);
    assert_eq!(get(&client, "/api/v1/nodes").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_test_can_wait_for_requests_of_a_client() {
    let (proxy, client) = proxy().await;
    let matching = Matching::path("/nodes").unwrap();
    let asking = async {
        for _ in 0..3 {
            get(&client, "/api/v1/nodes").await;
        }
    };
    tokio::time::timeout(LIMIT, async { tokio::join!(asking, proxy.wait_for(&matching, 3)) }).await.unwrap();
    assert_eq!(proxy.count(&matching), 3);
}
