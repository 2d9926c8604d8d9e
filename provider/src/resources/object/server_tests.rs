//! What the resource asks a server, and what it makes of the answers.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tfplugin::typed::Value;
use tokio_util::sync::CancellationToken;

use super::manifest::{Manifest, Written};
use super::plan::{Answer, Question};
use super::readiness::{Goal, Verdict};
use super::remote::{Kinds, NotThere, Target};
use super::schema::ObjectState;
use super::test_support::{definition, in_hcl};
use crate::kubernetes::dynamic::ServedKind;
use crate::kubernetes::test_api::TestApi;
use crate::kubernetes::test_server::{Expected, TestServer, on, status};
use crate::kubernetes::{Error, FIELD_MANAGER};
use crate::wait::Limits;

const ONE: &str = "/apis/apps.kubeblocks.io/v1alpha1/clusterdefinitions/redis";

fn served() -> ServedKind {
    ServedKind {
        resource: kube::core::ApiResource {
            group: "apps.kubeblocks.io".into(),
            version: "v1alpha1".into(),
            api_version: "apps.kubeblocks.io/v1alpha1".into(),
            kind: "ClusterDefinition".into(),
            plural: "clusterdefinitions".into(),
        },
        namespaced: false,
        has_status: true,
    }
}

fn limits(seconds: u64) -> Limits {
    Limits::new(Duration::from_secs(seconds), &CancellationToken::new())
}

async fn ask(
    server: &TestServer,
    prior: Option<&ObjectState>,
    planned: &ObjectState,
) -> Result<Answer, Error> {
    let written = Written::of(planned).unwrap();
    let manifest = Manifest::of(planned).unwrap();
    let client = server.client();
    Question { client: &client, written: &written, manifest: &manifest, prior, planned }.ask(&served()).await
}

fn refusals(answer: Answer) -> Vec<String> {
    match answer {
        Answer::Refused(all) | Answer::Conflicts(all) => {
            all.iter().map(|one| one.path.as_ref().map(ToString::to_string).unwrap_or_default()).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn ours() -> Json {
    let mut object = definition("redis");
    object["metadata"]["managedFields"] = json!([{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:type": {}}}}]);
    object
}

#[tokio::test]
async fn a_new_object_is_tried_on_the_server_without_being_made() {
    let planned = in_hcl(&definition("redis"));
    let server = TestServer::expecting([
        on("GET", &[ONE]).fails(404, "NotFound", "not found"),
        on("PATCH", &[ONE, "dryRun=All", "fieldValidation=Strict", FIELD_MANAGER])
            .answers(201, definition("redis")),
    ]);
    assert_eq!(ask(&server, None, &planned).await.unwrap(), Answer::Fine);
    let seen = server.finish();
    assert_eq!(seen[1].body, definition("redis"));
    assert!(!seen[1].path.contains("force"), "{}", seen[1].path);
}

#[tokio::test]
async fn what_the_server_refuses_is_said_at_its_place_while_planning() {
    let planned = in_hcl(&definition("redis"));
    let invalid = status(
        422,
        "Invalid",
        "invalid",
        &json!({"causes": [
            {"reason": "FieldValueNotSupported", "message": "no", "field": "spec.componentDefs[0].workloadType"}
        ]}),
    );
    let undeclared = status(
        500,
        "InternalError",
        "failed to create typed patch object (/redis; apps.kubeblocks.io/v1alpha1, Kind=ClusterDefinition): .spec.typ: field not declared in schema",
        &Json::Null,
    );
    let strict = status(
        400,
        "BadRequest",
        "ClusterDefinition in version \"v1alpha1\" cannot be handled: strict decoding error: unknown field \"spec.componentDefs[0].x\"",
        &Json::Null,
    );
    for (code, answer, expected) in [
        (422, invalid, "manifest.spec.componentDefs[0].workloadType"),
        (500, undeclared, "manifest.spec"),
        (400, strict, "manifest.spec.componentDefs[0]"),
    ] {
        let server = TestServer::expecting([
            on("GET", &[ONE]).fails(404, "NotFound", "not found"),
            on("PATCH", &[ONE]).answers(code, answer),
        ]);
        assert_eq!(refusals(ask(&server, None, &planned).await.unwrap()), [expected]);
        server.finish();
    }
}

#[tokio::test]
async fn a_conflict_is_said_while_planning_unless_it_is_to_be_forced_or_the_object_is_taken_over() {
    let prior = in_hcl(&definition("redis"));
    let conflict = || {
        let message = "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.type";
        on("PATCH", &[ONE]).answers(409, status(409, "Conflict", message, &json!({"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl\"", "field": ".spec.type"}
        ]})))
    };
    let server = TestServer::expecting([on("GET", &[ONE]).answers(200, ours()), conflict()]);
    let answer = ask(&server, Some(&prior), &prior).await.unwrap();
    assert!(matches!(answer, Answer::Conflicts(_)), "{answer:?}");
    assert_eq!(refusals(answer), ["manifest.spec.type"]);
    assert!(server.finish().iter().all(|seen| !seen.path.contains("force")));

    let forced = ObjectState { force_conflicts: Value::Known(true), ..prior.clone() };
    for (live, planned) in [(ours(), &forced), (definition("redis"), &prior)] {
        let server = TestServer::expecting([
            on("GET", &[ONE]).answers(200, live),
            on("PATCH", &[ONE, "force=true", "dryRun=All"]).answers(200, definition("redis")),
        ]);
        assert_eq!(ask(&server, Some(&prior), planned).await.unwrap(), Answer::Fine);
        server.finish();
    }
}

#[tokio::test]
async fn a_plan_goes_on_where_the_server_cannot_judge() {
    let planned = in_hcl(&definition("redis"));
    let forbidden =
        || "clusterdefinitions is forbidden: User \"jane\" cannot patch resource \"clusterdefinitions\"";
    let absent = || on("GET", &[ONE]).fails(404, "NotFound", "not found");
    let scripts: [Vec<Expected>; 4] = [
        // It is there, so either it is to be replaced or the create will refuse it.
        vec![on("GET", &[ONE]).answers(200, definition("redis"))],
        vec![on("GET", &[ONE]).fails(
            403,
            "Forbidden",
            "x is forbidden: User \"jane\" cannot get resource \"x\"",
        )],
        vec![absent(), on("PATCH", &[ONE]).fails(403, "Forbidden", forbidden())],
        vec![
            absent(),
            on("PATCH", &[ONE]).fails(400, "BadRequest", "admission webhook does not support dry run"),
        ],
    ];
    for script in scripts {
        let server = TestServer::expecting(script);
        assert_eq!(ask(&server, None, &planned).await.unwrap(), Answer::Fine);
        server.finish();
    }
}

#[tokio::test]
async fn a_namespace_on_a_kind_without_is_refused_by_what_the_server_serves() {
    let mut object = definition("redis");
    object["metadata"]["namespace"] = "shop".into();
    let server = TestServer::expecting([]);
    assert_eq!(
        refusals(ask(&server, None, &in_hcl(&object)).await.unwrap()),
        ["manifest.metadata.namespace"]
    );
}

#[tokio::test]
async fn a_kind_is_asked_for_until_it_is_served_and_then_no_more() {
    let list = |resources: Json| json!({"kind": "APIResourceList", "groupVersion": "apps.kubeblocks.io/v1alpha1", "resources": resources});
    let path = "/apis/apps.kubeblocks.io/v1alpha1";
    let server = TestServer::expecting([
        on("GET", &[path]).answers(200, list(json!([]))),
        on("GET", &[path]).answers(200, list(json!([{"name": "clusterdefinitions", "singularName": "", "namespaced": false, "kind": "ClusterDefinition", "verbs": []}]))),
    ]);
    let (client, kinds) = (server.client(), Kinds::default());
    let missing = kinds.require(&client, path.trim_start_matches("/apis/"), "ClusterDefinition").await;
    assert!(
        matches!(missing, Err(Error::KindNotServed { action, .. }) if action.kind == "ClusterDefinition")
    );
    for _ in 0..2 {
        let found =
            kinds.find(&client, "apps.kubeblocks.io/v1alpha1", "ClusterDefinition").await.unwrap().unwrap();
        assert_eq!(found.resource.plural, "clusterdefinitions");
    }
    server.finish();
}

fn live(phase: &str, observed: i64) -> Json {
    let mut object = definition("redis");
    object["metadata"]["uid"] = "1".into();
    object["metadata"]["generation"] = 2.into();
    object["status"] =
        json!({"phase": phase, "observedGeneration": observed, "message": "no such constraint"});
    object
}

fn available() -> Goal {
    Goal { phase: Some("Available".to_owned()), lost: vec!["Failed"], ..Goal::default() }
}

#[tokio::test]
async fn a_wait_follows_the_object_until_its_controller_has_seen_it() {
    let api = TestApi::default();
    api.put("clusterdefinitions", live("Available", 1));
    let (client, served) = (api.client(), served());
    let target = Target { client: &client, served: &served, namespace: None, name: "redis" };
    let goal = available();
    let limits = limits(60);
    let (waited, ()) = tokio::join!(target.until_ready(&goal, 2, &limits), async {
        while api.open_watches() == 0 {
            tokio::task::yield_now().await;
        }
        api.put("clusterdefinitions", live("Available", 2));
    });
    assert!(waited.is_ok(), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_what_was_seen() {
    for (case, object, forbidden, expected) in [
        ("unavailable", Some(live("Unavailable", 2)), false, "Waiting"),
        ("at work", Some(live("PreChecking", 2)), false, "OnItsWay"),
        ("without a watch", Some(live("Available", 2)), true, "ready"),
        ("failed", Some(live("Failed", 2)), false, "lost"),
        ("failed, without a watch", Some(live("Failed", 2)), true, "lost"),
        ("deleted", None, false, "gone"),
    ] {
        let api = TestApi::default();
        if let Some(object) = object {
            api.put("clusterdefinitions", object);
        }
        if forbidden {
            api.forbid_watches("clusterdefinitions");
        }
        let (client, served) = (api.client(), served());
        let target = Target { client: &client, served: &served, namespace: None, name: "redis" };
        let found = match target.until_ready(&available(), 2, &limits(60)).await {
            Ok(()) => "ready",
            Err(NotThere::TimedOut { verdict: Verdict::Waiting, object: Some(_), .. }) => "Waiting",
            Err(NotThere::TimedOut { verdict: Verdict::OnItsWay, object: Some(_), .. }) => "OnItsWay",
            Err(NotThere::Lost { .. }) => "lost",
            Err(NotThere::Gone) => "gone",
            Err(other) => panic!("{case}: {other:?}"),
        };
        assert_eq!(found, expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_waited_for_and_names_finalizers_when_it_takes_too_long() {
    let api = TestApi::default();
    let mut held = live("Available", 2);
    held["metadata"]["finalizers"] = json!(["a/b"]);
    api.put("clusterdefinitions", held);
    let (client, served) = (api.client(), served());
    let target = Target { client: &client, served: &served, namespace: None, name: "redis" };
    let late = target.until_gone("1", &limits(30)).await;
    let Err(NotThere::TimedOut { object: Some(object), .. }) = late else { panic!("{late:?}") };
    assert_eq!(object["metadata"]["finalizers"], json!(["a/b"]));

    // Another object of the name is not the one that was deleted.
    assert!(target.until_gone("0", &limits(30)).await.is_ok());
    api.remove("clusterdefinitions", "redis");
    assert!(target.until_gone("1", &limits(30)).await.is_ok());
}

fn cluster(name: &str, definition: &str, version: &str) -> Json {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterDefinitionRef": definition, "clusterVersionRef": version, "terminationPolicy": "Delete"}
    })
}

#[tokio::test(start_paused = true)]
async fn a_definition_in_use_is_not_deleted_unless_its_databases_are_going() {
    let api = TestApi::default();
    api.put("clusters", cluster("orders", "redis", "redis-7"));
    api.put("clusters", cluster("other", "kafka", "kafka-3"));
    api.put("clusterversions", json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterVersion", "metadata": {"name": "redis-7"},
        "spec": {"clusterDefinitionRef": "redis", "componentVersions": []}
    }));
    let client = api.client();
    let stop = CancellationToken::new();
    let kind = |kind: &str| {
        let mut served = served();
        kind.clone_into(&mut served.resource.kind);
        served
    };
    for (of, name, expected, holders) in [
        (
            "ClusterDefinition",
            "redis",
            Err(vec!["shop/orders".to_owned()]),
            vec!["Cluster shop/orders", "ClusterVersion redis-7"],
        ),
        ("ClusterVersion", "kafka-3", Err(vec!["shop/other".to_owned()]), vec!["Cluster shop/other"]),
        ("ClusterVersion", "redis", Ok(()), vec![]),
        ("ConfigConstraint", "redis", Ok(()), vec![]),
    ] {
        let served = kind(of);
        let target = Target { client: &client, served: &served, namespace: None, name };
        assert_eq!(target.until_unused(&stop).await, expected, "{of} {name}");
        assert_eq!(target.holders().await, holders, "{of} {name}");
    }

    let served = kind("ClusterDefinition");
    let target = Target { client: &client, served: &served, namespace: None, name: "redis" };
    let (unused, ()) = tokio::join!(target.until_unused(&stop), async {
        while api.open_watches() == 0 {
            tokio::task::yield_now().await;
        }
        api.change("clusters", "orders", |object| {
            object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        });
    });
    assert_eq!(unused, Ok(()));
}
