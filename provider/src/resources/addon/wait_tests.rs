//! Whole operations against an API in memory, with a controller that does to `Addon`s what the operator does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};
use tfplugin::context::Context;
use tfplugin::diagnostic::Diagnostics;
use tokio_util::sync::CancellationToken;

use super::super::apply::Stop;
use super::super::build::DESCRIPTION_PREFIX;
use super::super::enabling::Work;
use super::super::schema::AddonState;
use super::super::test_support::redis;
use super::*;
use crate::kubernetes::test_api::TestApi;

fn deployment(ready: i32) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "kubeblocks", "namespace": "kb-system", "labels": {"app.kubernetes.io/name": "kubeblocks"}},
        "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "manager"}]}}},
        "status": {"readyReplicas": ready},
    })
}

#[allow(clippy::needless_pass_by_value)]
fn addon(install: Json, status: Json) -> Json {
    json!({
        "apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon",
        "metadata": {"name": "redis", "uid": "redis", "generation": 1},
        "spec": {
            "type": "Helm", "defaultInstallValues": [{"enabled": true}], "install": install,
            "helm": {"chartLocationURL": "file://redis-0.7.5.tgz", "chartsImage": "charts"},
        },
        "status": status,
    })
}

#[allow(clippy::needless_pass_by_value)]
fn job(status: Json) -> Json {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "install-redis-addon", "namespace": "kb-system", "uid": "job", "labels": {ADDON_LABEL: "redis"}},
        "spec": {"template": {}}, "status": status,
    })
}

/// An operator that runs, and its add-on.
#[allow(clippy::needless_pass_by_value)]
fn api(install: Json, status: Json) -> TestApi {
    let api = TestApi::default();
    api.put("deployments", deployment(1));
    api.put("addons", addon(install, status));
    api.hold_none("jobs");
    api
}

/// The operator enables and disables what it is told to, at once.
fn obey(plural: &str, object: &mut Json) {
    if plural == "addons" {
        let phase = if object["spec"]["install"]["enabled"] == true { "Enabled" } else { "Disabled" };
        object["status"] = json!({"phase": phase, "observedGeneration": object["metadata"]["generation"]});
    }
}

fn limits(seconds: u64) -> Limits {
    Limits::new(Duration::from_secs(seconds), &CancellationToken::new())
}

async fn enable(api: &TestApi, state: &AddonState, limits: &Limits) -> Result<Brought, Stop> {
    let context = Context::new(CancellationToken::new());
    let client = api.client();
    let work = Work::begin(&client, &context, state, limits, "Cannot").await.map_err(Stop::Told)?;
    let live = client.get_opt(None, "redis").await.unwrap();
    work.enable(live, || {}).await
}

fn told(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(|found| found.detail.clone()).collect()
}

fn failure(stop: Stop) -> Reason {
    match stop {
        Stop::NotDone(error) => error.reason,
        Stop::Told(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn definition(phase: &str) -> Json {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterDefinition",
        "metadata": {"name": "redis", "labels": {"app.kubernetes.io/instance": "kb-addon-redis"}},
        "spec": {"componentDefs": []}, "status": {"phase": phase, "message": "no template"},
    })
}

#[tokio::test(start_paused = true)]
async fn enabling_sends_only_the_switch_and_waits_for_the_definitions() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    api.react(obey);
    api.put("clusterdefinitions", definition("Available"));
    let Ok(brought) = enable(&api, &redis(), &limits(60)).await else { panic!("not enabled") };
    assert_eq!(brought.definitions.into_iter().collect::<Vec<_>>(), ["redis"]);
    let sent = api.patches("addons", "redis");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["spec"], json!({"install": {"enabled": true}}));
}

#[tokio::test(start_paused = true)]
async fn definitions_that_the_operator_does_not_accept_are_told() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    api.react(obey);
    api.put("clusterdefinitions", definition("Unavailable"));
    let Err(stop) = enable(&api, &redis(), &limits(600)).await else { panic!("enabled") };
    let Reason::Unusable(unusable) = failure(stop) else { panic!("another reason") };
    assert_eq!(unusable, ["ClusterDefinition redis is Unavailable: no template"]);
}

#[tokio::test(start_paused = true)]
async fn an_installation_that_failed_before_is_tried_again_once() {
    let status = json!({"phase": "Failed", "observedGeneration": 1});
    let api = api(json!({"enabled": true}), status);
    api.react(obey);
    assert!(enable(&api, &redis(), &limits(60)).await.is_ok());
    let switches: Vec<Json> = api
        .patches("addons", "redis")
        .iter()
        .map(|body| body["spec"]["install"]["enabled"].clone())
        .collect();
    assert_eq!(switches, [json!(false), json!(true)], "without a release it is switched off and on");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_succeeds_after_the_operator_gave_up_is_followed_by_another_one() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    let writes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&writes);
    api.react(move |plural, object| {
        obey(plural, object);
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            object["status"]["phase"] = "Failed".into();
        }
    });
    let context = Context::new(CancellationToken::new());
    let (client, limits, state) = (api.client(), limits(600), redis());
    let work = Work::begin(&client, &context, &state, &limits, "Cannot").await.unwrap();
    let live = client.get_opt(None, "redis").await.unwrap();
    let is_first = || writes.load(Ordering::SeqCst) == 1;
    let outcome = work.enable(live, || {
        if is_first() {
            api.put("jobs", job(json!({"failed": 1, "succeeded": 1})));
        }
    });
    let outcome = outcome.await;
    assert!(outcome.is_ok());
    let sent = api.patches("addons", "redis");
    assert_eq!(sent.len(), 2);
    let description = sent[1]["spec"]["helm"]["installOptions"]["description"].as_str().unwrap();
    assert!(description.starts_with(DESCRIPTION_PREFIX), "{description}");
    assert_eq!(api.count("DELETE /apis/batch/v1/namespaces/kb-system/jobs/install-redis-addon"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_installation_that_fails_for_good_is_told_with_its_log() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    api.react(|plural, object| {
        obey(plural, object);
        object["status"]["phase"] = "Failed".into();
    });
    let given_up = json!({"failed": 4, "conditions": [{"type": "Failed", "status": "True"}]});
    let context = Context::new(CancellationToken::new());
    let (client, limits, state) = (api.client(), limits(600), redis());
    let work = Work::begin(&client, &context, &state, &limits, "Cannot").await.unwrap();
    let live = client.get_opt(None, "redis").await.unwrap();
    let outcome = work.enable(live, || {
        api.put("jobs", job(given_up.clone()));
        api.put(
            "pods",
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "p", "namespace": "kb-system", "labels": {ADDON_LABEL: "redis", "job-name": "install-redis-addon"}},
                "status": {"phase": "Failed", "containerStatuses": [{"name": "helm", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": {"terminated": {"exitCode": 1}}}]},
                "log": "Error: no such chart\n",
            }),
        );
    });
    let Err(Stop::NotDone(error)) = outcome.await else { panic!("enabled") };
    assert!(matches!(error.reason, Reason::Failed(Failure::Installation)), "{error:?}");
    let told = work.told(&error, "timeouts.create").await.detail;
    assert!(
        told.contains("Job kb-system/install-redis-addon, pod p, container helm:\n\nError: no such chart"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_ready_operator_nothing_is_written_and_nobody_waits_for_ever() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    api.put("deployments", deployment(0));
    let started = Instant::now();
    let Err(Stop::Told(diagnostics)) = enable(&api, &redis(), &limits(6000)).await else { panic!("enabled") };
    assert!(told(&diagnostics).contains("has no ready pod"), "{diagnostics:?}");
    assert!(started.elapsed() < Duration::from_mins(1));
    assert!(api.patches("addons", "redis").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_goes_away_meanwhile_ends_the_wait() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    let gone = api.clone();
    let context = Context::new(CancellationToken::new());
    let (client, limits, state) = (api.client(), limits(6000), redis());
    let work = Work::begin(&client, &context, &state, &limits, "Cannot").await.unwrap();
    let live = client.get_opt(None, "redis").await.unwrap();
    let outcome = work.enable(live, || gone.put("deployments", deployment(0))).await;
    let Err(stop) = outcome else { panic!("enabled") };
    assert!(matches!(failure(stop), Reason::Failed(Failure::OperatorAway)));
}

#[tokio::test(start_paused = true)]
async fn an_add_on_that_is_not_made_for_this_kubernetes_is_refused_before_anything_is_written() {
    let api = api(json!(null), json!({"phase": "Disabled", "observedGeneration": 1}));
    let selectors = json!([{"key": "KubeGitVersion", "operator": "Contains", "values": ["eks"]}]);
    api.change("addons", "redis", |addon| {
        addon["spec"]["installable"] = json!({"autoInstall": false, "selectors": selectors});
    });
    let Err(Stop::Told(diagnostics)) = enable(&api, &redis(), &limits(60)).await else { panic!("enabled") };
    let told = told(&diagnostics);
    assert!(told.contains("KubeGitVersion Contains [eks]; here it is \"v1.30.0\""), "{told}");
    assert!(api.patches("addons", "redis").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_missing_add_on_is_told_with_the_near_one() {
    let api = api(json!(null), json!({}));
    let state = AddonState { name: super::super::test_support::text("redi"), ..redis() };
    let context = Context::new(CancellationToken::new());
    let (client, limits) = (api.client(), limits(60));
    let work = Work::begin(&client, &context, &state, &limits, "Cannot").await.unwrap();
    let Err(Stop::Told(diagnostics)) = work.enable(None, || {}).await else { panic!("enabled") };
    assert!(told(&diagnostics).contains("Did you mean \"redis\"?"));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_wait_at_once() {
    let api = api(json!({"enabled": true}), json!({"phase": "Enabling", "observedGeneration": 1}));
    let stop = CancellationToken::new();
    let limits = Limits::new(Duration::from_hours(1), &stop);
    stop.cancel();
    let operator = Operator { namespace: "kb-system".into(), ..Operator::default() };
    let outcome = wait_for(&api.client(), &operator, "redis", Goal::Enabled(1), &limits).await;
    assert!(matches!(outcome, Err(NotDone { reason: Reason::Interrupted, .. })));
}

#[tokio::test(start_paused = true)]
async fn what_was_brought_is_waited_for_until_it_is_gone() {
    let api = TestApi::default();
    api.put("clusterdefinitions", definition("Available"));
    let brought = Brought { definitions: ["redis".to_owned()].into(), ..Brought::default() };
    let client = api.client();
    let late = wait_until_removed(&client, &brought, &limits(5)).await;
    assert!(matches!(late, Err(NotDone { reason: Reason::TimedOut, .. })));
    let (limits, removing) = (limits(60), async { api.remove("clusterdefinitions", "redis") });
    let (outcome, ()) = tokio::join!(wait_until_removed(&client, &brought, &limits), removing);
    assert!(outcome.is_ok());
}
