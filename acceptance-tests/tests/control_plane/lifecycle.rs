//! Start, stop, users, and what remains of a control plane.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use acceptance_tests::control_plane::{self, ControlPlane, Error, Options, User};
use acceptance_tests::kubeconfig::{Kubeconfig, Login};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Node};
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;

use crate::support::{create, until_unclaimed};

fn claim(plane_folder: &Path) -> File {
    File::open(plane_folder.join("claim")).unwrap()
}

#[tokio::test]
async fn all_nodes_are_ready_when_the_start_returns() {
    let plane = ControlPlane::start(Options { nodes: 4, ..Options::default() }).await.unwrap();
    let nodes = Api::<Node>::all(plane.client().await.unwrap()).list(&ListParams::default()).await.unwrap();
    assert_eq!(nodes.items.len(), 4);
    for node in nodes {
        let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
        assert!(conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"));
        assert!(node.spec.and_then(|spec| spec.taints).unwrap_or_default().is_empty());
    }
}

#[tokio::test]
async fn two_control_planes_run_side_by_side_and_know_nothing_of_each_other() {
    let (one, other) =
        tokio::try_join!(ControlPlane::start(Options::default()), ControlPlane::start(Options::default()))
            .unwrap();
    assert_ne!(one.endpoint(), other.endpoint());
    assert_ne!(one.folder(), other.folder());

    let maps = Api::<ConfigMap>::default_namespaced(one.client().await.unwrap());
    create(&maps, json!({ "metadata": { "name": "only-here" } })).await;
    let others = Api::<ConfigMap>::default_namespaced(other.client().await.unwrap());
    assert!(others.get_opt("only-here").await.unwrap().is_none());

    // The other goes on when one stops.
    drop(one);
    others.get("kube-root-ca.crt").await.unwrap();
}

#[tokio::test]
async fn a_dropped_control_plane_leaves_no_process_and_no_folder() {
    let plane = ControlPlane::start(Options::default()).await.unwrap();
    let (folder, log) = (plane.folder().to_owned(), plane.log().to_owned());
    let process = Pid::from_raw(plane.process_id().cast_signed()).unwrap();
    test_kill_process(process).unwrap();
    assert!(folder.is_dir() && log.is_file());

    drop(plane);
    assert!(test_kill_process(process).is_err());
    assert!(!folder.exists());
    assert!(!log.exists());
}

#[tokio::test]
async fn a_terminated_control_plane_removes_its_data_itself() {
    let plane = ControlPlane::start(Options::default()).await.unwrap();
    let claim = claim(plane.folder());
    kill_process(Pid::from_raw(plane.process_id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    until_unclaimed(claim).await;
    assert!(!plane.folder().exists());
}

#[tokio::test]
async fn a_control_plane_that_cannot_start_says_why() {
    let Err(error) =
        ControlPlane::start(Options { node_cpu: "plenty".to_owned(), ..Options::default() }).await
    else {
        panic!("it started")
    };
    let Error::Ended { tail, log } = error else { panic!("{error}") };
    assert!(tail.contains("--node-cpu"), "{tail}");
    std::fs::remove_file(log).unwrap();
}

#[tokio::test]
async fn a_folder_that_is_not_empty_or_too_deep_for_sockets_is_refused_and_left_as_it_is() {
    let program = tokio::task::spawn_blocking(acceptance_tests::tools::control_plane).await.unwrap().unwrap();
    let parent = tempfile::tempdir().unwrap();
    std::fs::write(parent.path().join("thesis.txt"), "").unwrap();
    let deep = parent.path().join("deep".repeat(25));
    for (folder, expected) in [(parent.path(), "is not empty"), (&deep, "is too long")] {
        let output = Command::new(&program).arg("--dir").arg(folder).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains(expected), "{message}");
    }
    assert!(parent.path().join("thesis.txt").exists() && !deep.exists());
}

#[tokio::test]
async fn the_server_reports_its_version_with_the_suffix_of_a_managed_one() {
    let options = Options { version_suffix: Some("-eks-1a2b3c4".to_owned()), ..Options::default() };
    let plane = ControlPlane::start(options).await.unwrap();
    let version = plane.client().await.unwrap().apiserver_version().await.unwrap();
    assert_eq!(version.git_version, "v1.34.4-eks-1a2b3c4");
}

#[tokio::test]
async fn a_user_is_known_by_token_and_may_nothing_and_a_wrong_token_is_refused() {
    let users = vec![User { name: "viewer".to_owned(), groups: vec!["readers".to_owned()] }];
    let plane = ControlPlane::start(Options { users, ..Options::default() }).await.unwrap();
    let code = |error: kube::Error| match error {
        kube::Error::Api(status) => (status.code, status.message.clone()),
        other => panic!("{other}"),
    };

    let viewer = control_plane::client(&plane.user_kubeconfig("viewer").unwrap()).await.unwrap();
    let refused = Api::<Node>::all(viewer).list(&ListParams::default()).await.unwrap_err();
    let (status, message) = code(refused);
    assert_eq!(status, 403);
    assert!(message.contains(r#"User "viewer" cannot list resource "nodes""#), "{message}");

    let path = plane.folder().join("wrong.kubeconfig");
    let wrong = Kubeconfig {
        server: plane.endpoint().to_owned(),
        ca_certificate: Some(plane.ca_certificate().to_owned()),
        login: Login::Token("wrong".to_owned()),
        context: "wrong".to_owned(),
    };
    wrong.write(&path).unwrap();
    let stranger = control_plane::client(&path).await.unwrap();
    assert_eq!(code(Api::<Node>::all(stranger).list(&ListParams::default()).await.unwrap_err()).0, 401);

    assert!(matches!(plane.token("nobody"), Err(Error::UnknownUser { name }) if name == "nobody"));
}

/// What is shared by tests is asked by runtimes that come and go.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_does_not_end_with_a_runtime_that_used_the_client_before() {
    let plane = ControlPlane::start(Options::default()).await.unwrap();
    let client = plane.client().await.unwrap();
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());

    // A runtime of another test opens the connection and gives it back.
    let passing = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let others = maps.clone();
    passing.spawn(async move { others.get("kube-root-ca.crt").await.unwrap() }).await.unwrap();

    // This one's request takes the same connection; it is under way when the other test ends.
    let watch = maps.watch(&WatchParams::default(), "0").await.unwrap();
    passing.shutdown_background();
    let mut events = std::pin::pin!(watch);
    create(&maps, json!({ "metadata": { "name": "later" } })).await;
    loop {
        let event = events.next().await.expect("the watch goes on").expect("no fault");
        if matches!(event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("later")) {
            return;
        }
    }
}
