//! The client against a scripted API server: what is sent, what an answer means, what is tried again.

use std::time::Duration;

use http::Method;
use k8s_openapi::api::core::v1::ConfigMap;
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterSpec};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{FieldConflict, InvalidField, Unreachability};
use super::test_server::{Answer, TestServer, on, status};
use super::{Applied, Conflicts, Deleted, Error, diagnostic};

/// What is answered, and what it means.
type Row = (&'static str, u16, Value, fn(&Error) -> bool);

const CLUSTERS: &str = "/apis/apps.kubeblocks.io/v1alpha1/namespaces/shop/clusters";
const ORDERS: &str = "/apis/apps.kubeblocks.io/v1alpha1/namespaces/shop/clusters/orders";

fn orders() -> Cluster {
    let mut cluster = Cluster::new(
        "orders",
        ClusterSpec { cluster_definition_ref: "redis".into(), ..ClusterSpec::default() },
    );
    cluster.metadata.namespace = Some("shop".into());
    cluster.metadata.resource_version = Some("41".into());
    cluster.metadata.generation = Some(3);
    cluster
}

fn stored() -> Value {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
        "metadata": { "name": "orders", "namespace": "shop", "uid": "u-1" },
        "spec": { "clusterDefinitionRef": "redis", "terminationPolicy": "Delete" },
    })
}

async fn get(server: &TestServer) -> Result<Option<Cluster>, Error> {
    server.client().get_opt::<Cluster>(Some("shop"), "orders").await
}

#[tokio::test(start_paused = true)]
async fn an_apply_sends_only_what_was_written_under_our_name_and_says_whether_it_created() {
    for (code, created) in [(201, true), (200, false)] {
        let server = TestServer::expecting([on(
            "PATCH",
            &[ORDERS, "fieldManager=terraform-provider-kubeblocks", "fieldValidation=Strict"],
        )
        .answers(code, stored())]);
        let applied: Applied<Cluster> =
            server.client().server_side_apply(&orders(), Conflicts::Refuse).await.unwrap();
        assert_eq!(applied.created, created);
        assert_eq!(applied.object.metadata.uid.as_deref(), Some("u-1"));
        let seen = server.finish();
        assert!(!seen[0].path.contains("force=true"), "{}", seen[0].path);
        assert_eq!(
            seen[0].body,
            json!({
                "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
                "metadata": { "name": "orders", "namespace": "shop" },
                "spec": { "clusterDefinitionRef": "redis", "terminationPolicy": "" },
            })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn force_and_dry_run_are_asked_for_only_when_meant() {
    let server = TestServer::expecting([
        on("PATCH", &["force=true"]).answers(200, stored()),
        on("PATCH", &["dryRun=All"]).answers(200, stored()),
    ]);
    let client = server.client();
    client.server_side_apply(&orders(), Conflicts::Force).await.unwrap();
    client.server_side_apply_dry_run(&orders(), Conflicts::Refuse).await.unwrap();
    let seen = server.finish();
    assert!(!seen[0].path.contains("dryRun") && !seen[1].path.contains("force=true"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn only_a_missing_object_is_nothing_and_an_unknown_kind_is_an_error() {
    let server = TestServer::expecting([
        on("GET", &[ORDERS]).fails(404, "NotFound", "clusters.apps.kubeblocks.io \"orders\" not found"),
        on("GET", &[ORDERS]).with(Answer::Text { code: 404, body: "404 page not found\n" }),
    ]);
    assert!(get(&server).await.unwrap().is_none());
    let error = get(&server).await.unwrap_err();
    assert!(matches!(&error, Error::KindNotServed { action, .. } if action.kind == "Cluster"), "{error:?}");
    let text = diagnostic::detail(&error);
    assert!(text.contains("Install the operator") && text.contains("https://server.test:6443"), "{text}");
    server.finish();
}

#[tokio::test(start_paused = true)]
async fn answers_that_time_does_not_change_are_not_tried_again_and_keep_their_meaning() {
    let conflict_causes = json!({ "causes": [
        { "reason": "FieldManagerConflict", "field": ".spec.componentSpecs[name=\"redis\"].replicas",
          "message": "conflict with \"kubectl-edit\" using apps.kubeblocks.io/v1alpha1" },
        { "reason": "FieldManagerConflict", "field": ".spec.terminationPolicy",
          "message": "conflict with \"manager\" with subresource \"scale\" using v1 at 2026-01-01T00:00:00Z" },
    ] });
    let invalid_causes = json!({ "causes": [
        { "reason": "FieldValueNotSupported", "field": "spec.terminationPolicy", "message": "Unsupported value: \"Drop\"" },
    ] });
    let table: Vec<Row> = vec![
        ("401", 401, status(401, "Unauthorized", "Unauthorized", &Value::Null), |error| {
            matches!(error, Error::Unauthenticated { .. })
        }),
        (
            "403 of a user",
            403,
            status(
                403,
                "Forbidden",
                "clusters.apps.kubeblocks.io \"orders\" is forbidden: User \"jane\" cannot patch resource \"clusters\" in API group \"apps.kubeblocks.io\" in the namespace \"shop\"",
                &Value::Null,
            ),
            |error| {
                matches!(error, Error::Forbidden { action, user: Some(user), .. }
                    if action.verb == "patch" && user == "jane" && action.qualified_resource() == "clusters.apps.kubeblocks.io")
            },
        ),
        (
            "403 of a quota",
            403,
            status(403, "Forbidden", "clusters \"orders\" is forbidden: exceeded quota: q", &Value::Null),
            |error| matches!(error, Error::Refused { code: 403, .. }),
        ),
        (
            "namespace",
            404,
            status(
                404,
                "NotFound",
                "namespaces \"shop\" not found",
                &json!({ "kind": "namespaces", "name": "shop" }),
            ),
            |error| matches!(error, Error::NamespaceMissing { namespace } if namespace == "shop"),
        ),
        ("conflict", 409, status(409, "Conflict", "Apply failed", &conflict_causes), |error| {
            let expected = [
                (r#".spec.componentSpecs[name="redis"].replicas"#, "kubectl-edit"),
                (".spec.terminationPolicy", "manager"),
            ];
            let expected = expected
                .map(|(field, manager)| FieldConflict { field: field.into(), manager: manager.into() });
            matches!(error, Error::FieldConflict { conflicts, .. } if *conflicts == expected)
        }),
        (
            "replaced",
            409,
            status(409, "Conflict", "Precondition failed: UID in precondition: u-1", &Value::Null),
            |error| matches!(error, Error::Changed { replaced: true, .. }),
        ),
        ("invalid", 422, status(422, "Invalid", "is invalid", &invalid_causes), |error| {
            let expected = [InvalidField {
                field: "spec.terminationPolicy".into(),
                message: "Unsupported value: \"Drop\"".into(),
            }];
            matches!(error, Error::Invalid { causes, .. } if *causes == expected)
        }),
        (
            "unknown field",
            500,
            status(
                500,
                "InternalError",
                "failed to create typed patch object (x): .spec.nope: field not declared in schema",
                &Value::Null,
            ),
            |error| matches!(error, Error::Invalid { .. }),
        ),
        ("exists", 409, status(409, "AlreadyExists", "exists", &Value::Null), |error| {
            matches!(error, Error::AlreadyExists { .. })
        }),
        ("admission", 400, status(400, "BadRequest", "denied by policy", &Value::Null), |error| {
            matches!(error, Error::Refused { code: 400, verb: "patch", .. })
        }),
    ];
    for (case, code, body, is_expected) in table {
        let server = TestServer::expecting([on("PATCH", &[ORDERS]).answers(code, body)]);
        let error = server.client().server_side_apply(&orders(), Conflicts::Refuse).await.unwrap_err();
        assert!(is_expected(&error), "{case}: {error:?}");
        assert!(!diagnostic::detail(&error).is_empty(), "{case}");
        server.finish();
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_or_failing_server_is_asked_again_after_the_time_it_names() {
    let with_retry_after = |seconds: &'static str| Answer::Json {
        code: 429,
        body: json!("Too many requests, please try again later."),
        headers: vec![("retry-after", seconds)],
    };
    let server = TestServer::expecting([
        on("GET", &[ORDERS]).with(with_retry_after("7")),
        on("GET", &[ORDERS]).fails(500, "InternalError", "etcdserver: leader changed"),
        on("GET", &[ORDERS]).with(Answer::Text { code: 503, body: "no backend" }),
        on("GET", &[ORDERS]).with(Answer::Broken(std::io::ErrorKind::ConnectionReset)),
        on("GET", &[ORDERS]).with(Answer::Broken(std::io::ErrorKind::ConnectionRefused)),
        on("GET", &[ORDERS]).answers(200, stored()),
    ]);
    let started = Instant::now();
    assert!(get(&server).await.unwrap().is_some());
    assert!(started.elapsed() >= Duration::from_secs(7), "{:?}", started.elapsed());
    server.finish();
}

#[tokio::test(start_paused = true)]
async fn retries_end_within_about_half_a_minute_and_say_what_was_tried() {
    let refused = || on("GET", &[ORDERS]).with(Answer::Broken(std::io::ErrorKind::ConnectionRefused));
    let server = TestServer::expecting(std::iter::repeat_with(refused).take(1000));
    let started = Instant::now();
    let error = get(&server).await.unwrap_err();
    assert!(started.elapsed() <= Duration::from_secs(35), "{:?}", started.elapsed());
    assert!(matches!(&error, Error::Unreachable { kind: Unreachability::Refused, .. }), "{error:?}");
    assert!(error.is_unavailable() && !error.is_not_found());
    let text = diagnostic::detail(&error);
    assert!(text.contains("https://server.test:6443") && text.contains("connection refused"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_just_found_to_be_away_is_not_waited_for_again_by_each_request() {
    let refused = || on("GET", &[ORDERS]).with(Answer::Broken(std::io::ErrorKind::ConnectionRefused));
    let server = TestServer::expecting(std::iter::repeat_with(refused).take(1000));
    let client = server.client();
    let get = || client.get::<Cluster>(Some("shop"), "orders");
    get().await.unwrap_err();
    let started = Instant::now();
    assert!(matches!(get().await, Err(Error::Unreachable { .. })));
    assert_eq!(started.elapsed(), Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(15)).await;
    let started = Instant::now();
    get().await.unwrap_err();
    assert!(started.elapsed() >= Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let server = TestServer::expecting([
        on("GET", &[ORDERS]).with(Answer::Silence),
        on("GET", &[ORDERS]).with(Answer::Silence),
    ]);
    let started = Instant::now();
    let error = get(&server).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { kind: Unreachability::Silent, .. }), "{error:?}");
    assert!(started.elapsed() <= Duration::from_secs(70), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_read_at_once_and_a_write_within_seconds() {
    for (write, most) in [(false, 1), (true, 6)] {
        let expected = if write { on("PATCH", &[ORDERS]) } else { on("GET", &[ORDERS]) };
        let server = TestServer::expecting([expected.with(Answer::Silence)]);
        let stop = CancellationToken::new();
        let client = server.client().obeying(&stop);
        let started = Instant::now();
        let work = async {
            if write {
                client.server_side_apply(&orders(), Conflicts::Refuse).await.map(drop)
            } else {
                client.get::<Cluster>(Some("shop"), "orders").await.map(drop)
            }
        };
        let interrupt = async {
            // The clock of these tests only moves when nothing else does: the request is under way by then.
            tokio::time::sleep(Duration::from_secs(2)).await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(work, interrupt);
        assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
        assert!(started.elapsed() <= Duration::from_secs(2 + most), "write {write}: {:?}", started.elapsed());
        server.finish();
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_answered_after_the_interrupt_keeps_its_outcome() {
    let server = TestServer::expecting([on("PATCH", &[ORDERS]).answers(201, stored())]);
    let stop = CancellationToken::new();
    let client = server.client().obeying(&stop);
    let orders = orders();
    let work = client.server_side_apply(&orders, Conflicts::Refuse);
    let (outcome, ()) = tokio::join!(work, async { stop.cancel() });
    assert!(outcome.unwrap().created);
    assert!(matches!(client.get::<Cluster>(Some("shop"), "orders").await, Err(Error::Interrupted)));
    server.finish();
}

const CONTENDED: &str = "Operation cannot be fulfilled on clusters.apps.kubeblocks.io \"orders\": the object has been \
                         modified; please apply your changes to the latest version and try again";

#[tokio::test(start_paused = true)]
async fn a_write_that_met_others_is_tried_again_and_a_delete_then_is_no_success() {
    let contended = |method| on(method, &[ORDERS]).fails(409, "Conflict", CONTENDED);
    let server = TestServer::expecting([
        contended("PATCH"),
        on("PATCH", &[ORDERS]).answers(200, stored()),
        contended("DELETE"),
        on("DELETE", &[ORDERS]).answers(200, stored()),
    ]);
    let client = server.client();
    client.server_side_apply(&orders(), Conflicts::Refuse).await.unwrap();
    let deleted = client.delete::<Cluster>(Some("shop"), "orders", Some("u-1")).await.unwrap();
    assert_eq!(deleted, Deleted::Accepted, "the object is not another one");
    server.finish();
}

#[tokio::test(start_paused = true)]
async fn a_write_for_one_version_of_an_object_is_sent_once() {
    let server = TestServer::expecting([on("PATCH", &[ORDERS]).fails(409, "Conflict", CONTENDED)]);
    let version = std::collections::BTreeMap::from([("resourceVersion".to_owned(), "41".to_owned())]);
    let client = server.client();
    let refused = client.annotate::<Cluster>(Some("shop"), "orders", &version).await.unwrap_err();
    assert!(matches!(refused, Error::Changed { replaced: false, .. }), "{refused:?}");
    server.finish();
}

#[tokio::test(start_paused = true)]
async fn a_delete_names_the_object_it_means_and_takes_another_one_as_gone() {
    let precondition = "Precondition failed: UID in precondition: u-1, UID in object meta: u-2";
    let server = TestServer::expecting([
        on(Method::DELETE.as_str(), &[ORDERS]).answers(200, stored()),
        // Nothing held it, so it is gone.
        on("DELETE", &[ORDERS])
            .answers(200, json!({ "kind": "Status", "apiVersion": "v1", "status": "Success" })),
        on("DELETE", &[ORDERS]).fails(409, "Conflict", precondition),
        on("DELETE", &[ORDERS]).fails(404, "NotFound", "not found"),
        on("DELETE", &[ORDERS]).with(Answer::Text { code: 404, body: "404 page not found" }),
    ]);
    let client = server.client();
    for expected in [Deleted::Accepted, Deleted::Gone, Deleted::Gone, Deleted::Gone] {
        assert_eq!(client.delete::<Cluster>(Some("shop"), "orders", Some("u-1")).await.unwrap(), expected);
    }
    let error = client.delete::<Cluster>(Some("shop"), "orders", Some("u-1")).await.unwrap_err();
    assert!(matches!(error, Error::KindNotServed { .. }), "{error:?}");
    let seen = server.finish();
    assert_eq!(seen[0].body["preconditions"], json!({ "uid": "u-1" }));
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_in_pages_by_label() {
    let page = |token: &str, names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({ "metadata": { "name": name } })).collect();
        json!({ "apiVersion": "v1", "kind": "ConfigMapList", "metadata": { "continue": token }, "items": items })
    };
    let server = TestServer::expecting([
        on("GET", &["/api/v1/namespaces/shop/configmaps", "labelSelector=a%3Db"])
            .answers(200, page("t1", &["one"])),
        on("GET", &["continue=t1"]).answers(200, page("", &["two"])),
    ]);
    let found = server.client().list::<ConfigMap>(Some("shop"), Some("a=b")).await.unwrap();
    let names: Vec<_> = found.into_iter().filter_map(|map| map.metadata.name).collect();
    assert_eq!(names, ["one", "two"]);
    server.finish();
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_form_is_an_error_that_names_the_object() {
    let server = TestServer::expecting([on("GET", &[CLUSTERS]).answers(200, json!({ "spec": 7 }))]);
    let error = get(&server).await.unwrap_err();
    assert!(
        matches!(&error, Error::Decode { object, .. } if object.to_string() == "Cluster shop/orders"),
        "{error:?}"
    );
}

#[test]
fn a_refusal_names_verb_resource_and_namespace_and_how_to_grant_it() {
    let action = super::client::action::<Cluster>("create", Some("shop"), Some("orders"));
    let error =
        Error::Forbidden { action: Box::new(action), user: Some("jane".into()), message: "no".into() };
    let text = diagnostic::detail(&error);
    for part in [
        "\"jane\"",
        "verb `create`",
        "clusters.apps.kubeblocks.io",
        "namespace \"shop\"",
        "kubectl auth can-i create clusters.apps.kubeblocks.io -n shop",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
