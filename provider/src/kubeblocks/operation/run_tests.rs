//! Whole runs against an API server in memory, where the test plays the operator.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::test_support::{cluster, pod, request};
use super::*;
use crate::kubeblocks::operation::error::Hold;
use crate::kubernetes::test_api::TestApi;
use crate::wait::Limits;

const OPS: &str = "opsrequests";

/// Notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn have(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(text))
    }
}

impl Listener for Notes {
    fn says(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    fn submitted(&self, name: &str) {
        self.0.lock().unwrap().push(format!("submitted {name}"));
    }
}

fn limits(seconds: u64) -> Limits {
    Limits::new(Duration::from_secs(seconds), &CancellationToken::new())
}

/// A database in a phase, whose operator ends every operation at once.
fn api(phase: &str, end: &str) -> TestApi {
    let api = TestApi::default();
    api.put("clusters", cluster(phase));
    let end = end.to_owned();
    api.react(move |plural, object| {
        if plural == OPS && object["status"].is_null() {
            object["status"] = json!({"phase": end, "progress": "1/1", "conditions": [
                {"type": end, "status": "True", "reason": "R", "message": "the end"},
            ]});
        }
    });
    api
}

fn restart() -> Operation {
    Operation::Restart { components: vec!["redis".to_owned()] }
}

fn name(operation: &Operation, number: u32) -> String {
    build::name(&request(operation), number)
}

/// An operation of this run that nobody was told the end of.
fn unfinished(operation: &Operation, phase: &str) -> Value {
    let name = name(operation, 4);
    let object = build::ops_request(&request(operation), &name, &checks::Resolved::default());
    let mut object = serde_json::to_value(object).unwrap();
    object["metadata"]["uid"] = name.into();
    object["status"] = json!({"phase": phase});
    object
}

#[tokio::test]
async fn an_operation_is_submitted_followed_and_its_mark_removed() {
    let (api, stop, notes) = (api("Running", "Succeed"), Operation::Stop, Notes::default());
    let outcome = run(&api.client(), &request(&stop), &limits(60), &notes).await.unwrap();
    let name = name(&stop, 1);
    assert_eq!(
        outcome,
        Outcome {
            name: Some(name.clone()),
            phase: "Succeed".to_owned(),
            progress: Some("1/1".to_owned()),
            message: "the end".to_owned()
        }
    );
    assert!(notes.have(&format!("submitted {name}")) && notes.have("Succeed, 1/1"));
    let patches = api.patches(OPS, &name);
    assert_eq!(patches[0]["metadata"]["annotations"]["terraform.kubeblocks.io/unfinished"], "operation");
    assert_eq!(patches[1]["metadata"]["annotations"]["terraform.kubeblocks.io/unfinished"], Value::Null);

    // The same once more is another run.
    let again = run(&api.client(), &request(&stop), &limits(60), &notes).await.unwrap();
    assert_eq!(again.name, Some(self::name(&stop, 2)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cut_off_is_gone_on_with() {
    let (api, operation, notes) = (api("Updating", "Succeed"), restart(), Notes::default());
    api.put(OPS, unfinished(&operation, "Succeed"));
    let outcome = run(&api.client(), &request(&operation), &limits(60), &notes).await.unwrap();
    assert_eq!(outcome.name, Some(name(&operation, 4)));
    assert!(notes.have("going on with"));
    assert!(api.patches(OPS, &name(&operation, 5)).is_empty(), "nothing new was submitted");
}

#[tokio::test]
async fn what_would_be_refused_is_never_submitted() {
    let api = api("Running", "Succeed");
    let operation = Operation::Restart { components: vec!["nothing".to_owned()] };
    let error = run(&api.client(), &request(&operation), &limits(60), &Log).await.unwrap_err();
    assert!(
        matches!(error, OperationError::Refused(Refusal { about: About::Component(0), .. })),
        "{error:?}"
    );
    assert_eq!(api.count("PATCH"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_turn_is_waited_for_and_what_holds_it_is_told() {
    let lock = r#"[{"name":"other","type":"Upgrade"}]"#;
    let locked = || {
        let api = api("Running", "Succeed");
        let annotations = json!({"kubeblocks.io/ops-request": lock});
        api.change("clusters", "orders", |it| it["metadata"]["annotations"] = annotations);
        api
    };
    let (api, operation) = (locked(), restart());
    let error = run(&api.client(), &request(&operation), &limits(5), &Log).await.unwrap_err();
    let OperationError::NoTurn { why, .. } = error else { panic!("{error:?}") };
    assert!(why.contains("OpsRequest other (Upgrade)"), "{why}");
    assert_eq!(api.count("PATCH"), 0);

    let freed = locked();
    let client = freed.client();
    let running = tokio::spawn(async move {
        let notes = Notes::default();
        let operation = restart();
        let outcome = run(&client, &request(&operation), &limits(600), &notes).await;
        (outcome, notes.have("waits for Cluster shop/orders"))
    });
    while freed.open_watches() == 0 {
        tokio::task::yield_now().await;
    }
    freed.change("clusters", "orders", |it| it["metadata"]["annotations"] = json!({}));
    let (outcome, told) = running.await.unwrap();
    assert!(outcome.is_ok() && told);
}

#[tokio::test(start_paused = true)]
async fn one_that_came_second_waits_and_is_submitted_again() {
    let (api, stop) = (TestApi::default(), Operation::Stop);
    api.put("clusters", cluster("Running"));
    api.hold_none(OPS);
    let (first, seen) = (name(&stop, 1), Mutex::new(false));
    api.react(move |plural, object| {
        if plural != OPS || !object["status"].is_null() {
            return;
        }
        let mut seen = seen.lock().unwrap();
        object["status"] = if std::mem::replace(&mut *seen, true) {
            json!({"phase": "Succeed"})
        } else {
            json!({"phase": "Failed", "conditions": [{"type": "Validated", "status": "False", "reason": "ValidateFailed",
                "message": "existing OpsRequest: other is running in Cluster: orders"}]})
        };
    });
    let outcome = run(&api.client(), &request(&stop), &limits(600), &Log).await.unwrap();
    assert_eq!(outcome.name, Some(name(&stop, 2)));
    assert_eq!(
        api.count(&format!("DELETE /apis/apps.kubeblocks.io/v1alpha1/namespaces/shop/opsrequests/{first}")),
        1
    );
}

#[tokio::test]
async fn a_stop_removes_the_note_of_an_earlier_one_and_a_second_stop_is_needless() {
    let (api, stop) = (api("Running", "Succeed"), Operation::Stop);
    let note = "kubeblocks.io/snapshot-for-start";
    api.change("clusters", "orders", |it| it["metadata"]["annotations"] = json!({note: "{}"}));
    run(&api.client(), &request(&stop), &limits(60), &Log).await.unwrap();
    assert_eq!(api.patches("clusters", "orders")[0]["metadata"]["annotations"], json!({note: null}));

    let stopped = self::api("Stopped", "Succeed");
    let outcome = run(&stopped.client(), &request(&stop), &limits(60), &Log).await.unwrap();
    assert_eq!((outcome.name, stopped.count("PATCH")), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hang_is_taken_away_and_what_locks_nothing_goes_on() {
    let script = Operation::Backup(BackupNow { method: "m".to_owned(), ..BackupNow::default() });
    for (operation, expected) in [(restart(), Hold::TakenAway), (script, Hold::GoesOn)] {
        let api = api("Running", "Running");
        api.put(
            "backuppolicies",
            json!({
                "metadata": {"name": "p", "labels": {"app.kubernetes.io/instance": "orders"}},
                "spec": {"target": {}, "backupMethods": [{"name": "m"}]},
            }),
        );
        let name = name(&operation, 1);
        let error = run(&api.client(), &request(&operation), &limits(30), &Log).await.unwrap_err();
        let OperationError::TimedOut(ended) = error else { panic!("{error:?}") };
        assert_eq!((ended.hold, ended.phase.as_str()), (expected.clone(), "Running"));
        let taken = api.patches(OPS, &name).iter().any(|patch| patch["metadata"]["finalizers"] == json!([]));
        assert_eq!(taken, expected == Hold::TakenAway);
    }
}

#[tokio::test(start_paused = true)]
async fn the_hold_of_one_that_is_gone_is_taken_off_when_the_operator_does_not() {
    let (api, operation) = (api("Running", "Running"), restart());
    let held = name(&operation, 1);
    api.react(move |plural, object| {
        // As the operator notes it when it begins.
        if plural == OPS {
            object["metadata"]["finalizers"] = json!(["opsrequest.kubeblocks.io/finalizer"]);
        }
    });
    let watched = api.clone();
    let run = tokio::spawn(async move {
        let operation = restart();
        super::run(&watched.client(), &request(&operation), &limits(30), &Log).await
    });
    while api.patches(OPS, &held).is_empty() {
        tokio::task::yield_now().await;
    }
    let lock =
        json!([{"name": held, "type": "Restart"}, {"name": "other", "type": "Reconfiguring"}]).to_string();
    api.change("clusters", "orders", |it| {
        it["metadata"]["annotations"] = json!({"kubeblocks.io/ops-request": lock});
    });
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(error, OperationError::TimedOut(_)), "{error:?}");
    let left = api.patches("clusters", "orders");
    assert_eq!(
        left[0]["metadata"]["annotations"]["kubeblocks.io/ops-request"],
        json!([{"name": "other", "type": "Reconfiguring"}]).to_string()
    );
}

#[tokio::test(start_paused = true)]
async fn a_switchover_is_decided_by_the_roles_when_the_operator_does_not_see_them() {
    let operation = Operation::Switchover { component: "redis".to_owned(), instance: None };
    let api = api("Running", "Running");
    api.put(
        "clusterdefinitions",
        json!({
            "metadata": {"name": "redis"},
            "spec": {"componentDefs": [{"name": "redis", "workloadType": "Replication",
                "switchoverSpec": {"withoutCandidate": {}}}]},
        }),
    );
    api.put("pods", pod(0, "primary"));
    api.put("pods", pod(1, "secondary"));
    let (client, name) = (api.client(), name(&operation, 1));
    let running = tokio::spawn(async move {
        let operation = Operation::Switchover { component: "redis".to_owned(), instance: None };
        run(&client, &request(&operation), &limits(600), &Log).await
    });
    while api.patches(OPS, &name).is_empty() {
        tokio::task::yield_now().await;
    }
    api.put("pods", pod(0, "secondary"));
    api.put("pods", pod(1, "primary"));
    let outcome = running.await.unwrap().unwrap();
    assert_eq!(outcome.phase, "Succeed");
    assert!(outcome.message.contains("orders-redis-1 leads now"), "{}", outcome.message);
    let deleted = format!("DELETE /apis/apps.kubeblocks.io/v1alpha1/namespaces/shop/opsrequests/{name}");
    assert_eq!(api.count(&deleted), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_tells_whether_something_was_submitted() {
    for (phase, expected) in [("Running", Some(name(&Operation::Stop, 1))), ("Updating", None)] {
        let api = api(phase, "Running");
        let stop = CancellationToken::new();
        let limits = Limits::new(Duration::from_mins(10), &stop);
        let client = api.client();
        let running =
            tokio::spawn(async move { run(&client, &request(&Operation::Stop), &limits, &Log).await });
        while api.open_watches() == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        let error = running.await.unwrap().unwrap_err();
        let OperationError::Interrupted { name, .. } = error else { panic!("{error:?}") };
        assert_eq!(name, expected);
    }
}

#[tokio::test]
async fn only_objects_of_ours_are_removed() {
    let (api, operation) = (TestApi::default(), restart());
    api.hold_none(OPS);
    let mut foreign = unfinished(&operation, "Succeed");
    foreign["metadata"]["name"] = "foreign".into();
    foreign["metadata"]["labels"] = json!({});
    api.put(OPS, foreign);
    api.put(OPS, unfinished(&operation, "Succeed"));
    let client = api.client();
    for name in ["foreign", "nothing", name(&operation, 4).as_str()] {
        remove(&client, "shop", name).await.unwrap();
    }
    assert_eq!(api.count("DELETE"), 1);
}
