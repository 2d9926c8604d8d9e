//! Helm does not get to its end: killed, interrupted, too slow, forsaken.

use std::process::Stdio;
use std::time::Duration;

use acceptance_tests::api_faults::{ApiFaults, Fault, Matching};
use http::Method;
use kubeblocks_provider::helm::engine::{Error, ReleaseEngine};
use kubeblocks_provider::helm::release::Status;
use kubeblocks_provider::kubernetes::Client;
use kubeblocks_provider::wait::Limits;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::processes::{any_works_on, working_on};
use crate::world::{Helm, LIMIT, RELEASE, World, limits, plain, provider_binary, small_chart};

with_both_helms!(
    a_killed_helm_leaves_a_pending_release_that_a_rollback_heals,
    an_interrupt_lets_helm_mark_the_release_as_failed,
    an_interrupt_before_helm_has_begun_changes_nothing,
    a_deadline_ends_helm,
    a_killed_guard_takes_helm_along,
    an_operation_that_is_dropped_ends_helm_in_order,
    a_provider_that_dies_leaves_neither_helm_nor_folder,
);

/// Longer than any test lasts.
const FOR_EVER: Duration = Duration::from_mins(10);

/// A release of one revision, and an API server that does not answer the write of the second one.
async fn stuck(helm: Helm) -> (World, ApiFaults, Client, Matching) {
    let world = World::new(helm).await;
    world.upgrade(&small_chart().await, json!({ "key": "first" })).await.unwrap();
    let (faults, client) = world.faults().await;
    let write = Matching::path(&format!("/namespaces/{}/configmaps/{RELEASE}", world.namespace)).unwrap();
    let write = write.method(Method::PATCH);
    faults.inject(write.clone(), Fault::Stall(FOR_EVER), 10);
    (world, faults, client, write)
}

/// Upgrades through the stuck API server, and does something once helm is stuck.
async fn upgrade_until_stuck(
    (world, faults, client, write): &(World, ApiFaults, Client, Matching),
    limits: &Limits,
    then: impl FnOnce(),
) -> Result<(), Error> {
    let access = world.engine.access(client).await.unwrap();
    let chart = small_chart().await;
    let values = plain(json!({ "key": "second" }));
    let act = async {
        tokio::time::timeout(LIMIT, faults.wait_for(write, 1)).await.expect("helm writes");
        then();
    };
    tokio::join!(world.upgrade_by(&access, &chart, &values, limits), act).0
}

async fn a_killed_helm_leaves_a_pending_release_that_a_rollback_heals(helm: Helm) {
    let stuck = stuck(helm).await;
    let world = &stuck.0;
    let kill = || working_on(&world.engine.executable().path, &world.namespace).0.kill(Signal::KILL);
    let error = upgrade_until_stuck(&stuck, &limits(), kill).await;
    assert!(matches!(error, Err(Error::Killed { signal: 9, .. })), "{error:?}");
    assert_eq!(world.last().await.status, Status::PendingUpgrade);

    let error = world.upgrade(&small_chart().await, Value::Null).await;
    assert!(matches!(error, Err(Error::Busy { .. })), "{error:?}");
    world.engine.rollback(&world.access().await, world.target(), 1, &limits()).await.unwrap();
    assert_eq!(world.last().await.status, Status::Deployed);
    world.upgrade(&small_chart().await, json!({ "key": "third" })).await.unwrap();
    assert_eq!(world.configured().await.as_deref(), Some("third"));
}

async fn an_interrupt_lets_helm_mark_the_release_as_failed(helm: Helm) {
    let stuck = stuck(helm).await;
    let world = &stuck.0;
    let stop = CancellationToken::new();
    let error = upgrade_until_stuck(&stuck, &Limits::new(FOR_EVER, &stop), || stop.cancel()).await;
    assert!(matches!(error, Err(Error::Interrupted { .. })), "{error:?}");
    let expected = [(1, "deployed"), (2, "failed")];
    assert_eq!(world.history().await, expected.map(|(revision, status)| (revision, status.to_owned())));
    assert!(!any_works_on(&world.namespace));
    world.upgrade(&small_chart().await, json!({ "key": "third" })).await.unwrap();
}

async fn an_interrupt_before_helm_has_begun_changes_nothing(helm: Helm) {
    let world = World::new(helm).await;
    let access = world.access().await;
    let limits = limits();
    limits.stop.cancel();
    let error = world.upgrade_by(&access, &small_chart().await, &plain(Value::Null), &limits).await;
    assert!(matches!(error, Err(Error::Interrupted { .. })), "{error:?}");
    assert_eq!(world.history().await, []);
}

async fn a_deadline_ends_helm(helm: Helm) {
    let stuck = stuck(helm).await;
    let world = &stuck.0;
    // Helm may or may not have come as far as to write the revision.
    let access = world.engine.access(&stuck.2).await.unwrap();
    let limits = Limits::new(Duration::from_secs(6), &CancellationToken::new());
    let error = world.upgrade_by(&access, &small_chart().await, &plain(Value::Null), &limits).await;
    assert!(
        matches!(&error, Err(Error::TimedOut { waited, .. }) if *waited >= Duration::from_secs(6)),
        "{error:?}"
    );
    let last = world.last().await;
    assert!(matches!((last.revision, last.status), (1, Status::Deployed) | (2, Status::Failed)));
    assert!(!any_works_on(&world.namespace));
}

async fn a_killed_guard_takes_helm_along(helm: Helm) {
    let stuck = stuck(helm).await;
    let world = &stuck.0;
    let kill = || working_on(&world.engine.executable().path, &world.namespace).1.kill(Signal::KILL);
    let error = upgrade_until_stuck(&stuck, &limits(), kill).await;
    assert!(matches!(error, Err(Error::Killed { signal: 9, .. })), "{error:?}");
    // Whether helm could write its last word depends on whether it had to print one before.
    let last = world.last().await;
    assert!(matches!((last.revision, last.status), (2, Status::Failed | Status::PendingUpgrade)));
}

async fn an_operation_that_is_dropped_ends_helm_in_order(helm: Helm) {
    let (world, faults, client, write) = stuck(helm).await;
    let access = world.engine.access(&client).await.unwrap();
    let (chart, values, limits) = (small_chart().await, plain(json!({ "key": "second" })), limits());
    tokio::select! {
        ended = world.upgrade_by(&access, &chart, &values, &limits) => panic!("{ended:?}"),
        () = faults.wait_for(&write, 1) => {}
    }
    world.until_revision_is(2, "failed").await;
}

/// The guard as a provider starts it, by a test that then behaves as a provider that is killed.
async fn a_provider_that_dies_leaves_neither_helm_nor_folder(helm: Helm) {
    let (world, faults, _, write) = stuck(helm).await;
    let folder = tempfile::Builder::new().prefix("kbh-test-").tempdir().unwrap();
    let archive = folder.path().join("chart.tgz");
    std::fs::write(&archive, &small_chart().await.archive).unwrap();
    let socket = folder.path().join("guard");
    let listener = UnixListener::bind(&socket).unwrap();
    let program = tokio::task::spawn_blocking(provider_binary).await.unwrap();
    let mut guard = tokio::process::Command::new(program)
        .args(["helm-guard", "--lifeline"])
        .arg(&socket)
        .arg("--remove")
        .arg(folder.path())
        .arg("--")
        .arg(helm.path())
        .args(["upgrade", RELEASE])
        .arg(&archive)
        .args(["--values", "-", "--namespace", &world.namespace])
        .env("KUBECONFIG", faults.kubeconfig())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    guard.stdin.take().unwrap().write_all(b"key: second\n").await.unwrap();
    tokio::time::timeout(LIMIT, faults.wait_for(&write, 1)).await.unwrap();
    let (of_helm, _) = working_on(&helm.path(), &world.namespace);
    assert!(of_helm.arguments.contains("upgrade"));

    // What the kernel does for a process that is killed: it closes everything.
    drop((listener, guard.stdout.take(), guard.stderr.take()));
    tokio::time::timeout(LIMIT, guard.wait()).await.expect("the guard ends").unwrap();
    assert!(!any_works_on(&world.namespace));
    assert!(!folder.path().exists());
    // Helm wrote to its closed output in between and could still end in order.
    assert_eq!(world.last().await.status, Status::Failed);
}
