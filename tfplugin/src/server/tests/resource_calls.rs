//! Managed resources, from configuration to state.

use serde_json::json;

use super::fixture::{
    SECRET, ThingIdentity, ThingState, call, json as to_json, nothing, raw, server, summaries, thing, value,
};
use crate::diagnostic::Severity;
use crate::generated::tfplugin6::{
    ClientCapabilities, DynamicValue, RawState, ResourceIdentityData, apply_resource_change,
    generate_resource_config, import_resource_state, move_resource_state, plan_resource_change,
    read_resource, upgrade_resource_identity, upgrade_resource_state, validate_resource_config,
};
use crate::path::Path;
use crate::raw::RawValue;
use crate::server::Server;
use crate::typed::TerraformSchema;

const TYPE: &str = "test_thing";

fn schema() -> crate::schema::Schema {
    ThingState::schema()
}

fn plan_request(prior: Option<DynamicValue>, config: Option<DynamicValue>) -> plan_resource_change::Request {
    plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: prior,
        proposed_new_state: config.clone(),
        config,
        ..plan_resource_change::Request::default()
    }
}

/// Plans and applies as Terraform does.
async fn apply(
    server: &Server,
    prior: Option<DynamicValue>,
    config: Option<DynamicValue>,
) -> (plan_resource_change::Response, apply_resource_change::Response) {
    let planned = call!(server, plan_resource_change, plan_request(prior.clone(), config.clone()));
    assert_eq!(summaries(&planned.diagnostics), Vec::<String>::new());
    let request = apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: prior,
        planned_state: planned.planned_state.clone(),
        config,
        planned_private: planned.planned_private.clone(),
        ..apply_resource_change::Request::default()
    };
    let applied = call!(server, apply_resource_change, request);
    (planned, applied)
}

fn identity_name(identity: Option<&ResourceIdentityData>) -> Option<String> {
    let data = identity?.identity_data.as_ref();
    let identity = raw(&ThingIdentity::schema(), data);
    identity.get(&Path::attribute("name")).and_then(RawValue::as_str).map(str::to_owned)
}

#[tokio::test]
async fn a_create_returns_what_was_planned_and_made_and_no_secret() {
    let (server, _) = server();
    let config = thing(json!({
        "name": "a", "secret": SECRET, "parts": { "p": { "size": 3, "key": SECRET } }
    }));
    let (planned, applied) = apply(&server, nothing(), config).await;

    let plan = raw(&schema(), planned.planned_state.as_ref());
    assert_eq!(plan.attribute("label"), Some(&RawValue::string("plain")));
    assert!(plan.attribute("id").is_some_and(RawValue::is_unknown));
    assert_eq!(identity_name(planned.planned_identity.as_ref()).as_deref(), Some("a"));

    assert_eq!(summaries(&applied.diagnostics), Vec::<String>::new());
    assert_eq!(
        to_json(&schema(), applied.new_state.as_ref()),
        json!({
            "name": "a", "behavior": null, "label": "plain", "id": 7, "secret": null,
            "parts": { "p": { "size": 3, "key": null, "serial": "s-1" } }, "anything": null
        })
    );
    assert_eq!(identity_name(applied.new_identity.as_ref()).as_deref(), Some("a"));
    // What the plan noted reached the create, and what the create noted is stored.
    assert_eq!(applied.private, r#"{"created":true,"planned":true}"#.as_bytes());
    for bytes in [&planned.planned_state.unwrap().msgpack, &applied.new_state.unwrap().msgpack] {
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    }
}

#[tokio::test]
async fn a_null_of_a_dynamic_attribute_stays_the_null_that_it_is() {
    let untyped = || json!(null);
    let typed = |kind: &str| json!({ "type": kind, "value": null });
    let cases = [
        (untyped(), untyped()),
        (typed("string"), typed("string")),
        (typed("string"), untyped()),
        (untyped(), typed("string")),
        (typed("string"), typed("number")),
        (json!({ "type": "string", "value": "text" }), typed("string")),
        (json!({ "type": "string", "value": "text" }), untyped()),
    ];
    let (server, _) = server();
    for (before, after) in cases {
        let config = |anything| thing(json!({ "name": "a", "anything": anything }));
        let mut state = nothing();
        for anything in [before, after] {
            let (planned, applied) = apply(&server, state, config(anything.clone())).await;
            let plan = raw(&schema(), planned.planned_state.as_ref());
            let configured = raw(&schema(), config(anything.clone()).as_ref());
            assert_eq!(plan.attribute("anything"), configured.attribute("anything"));
            assert_eq!(summaries(&applied.diagnostics), Vec::<String>::new());
            assert_eq!(to_json(&schema(), applied.new_state.as_ref())["anything"], anything);

            let request = read_resource::Request {
                type_name: TYPE.to_owned(),
                current_state: applied.new_state.clone(),
                ..read_resource::Request::default()
            };
            let read = call!(server, read_resource, request);
            assert_eq!(read.new_state, applied.new_state);
            let again = call!(server, plan_resource_change, plan_request(read.new_state, config(anything)));
            assert_eq!(again.planned_state, applied.new_state, "something is left to plan");
            state = applied.new_state;
        }
    }
}

#[tokio::test]
async fn a_failed_create_keeps_what_was_reached() {
    let reached = json!({
        "name": "a", "label": "plain", "id": null, "secret": null, "parts": null, "anything": null
    });
    let cases = [
        ("fail create", "create failed!", true),
        ("panic in create", "The provider panicked!", true),
        ("fail before", "before failed!", false),
    ];
    for (behavior, summary, is_kept) in cases {
        let (server, _) = server();
        let config = thing(json!({ "name": "a", "behavior": behavior, "secret": SECRET }));
        let (_, applied) = apply(&server, nothing(), config).await;
        assert_eq!(summaries(&applied.diagnostics), [summary]);
        let state = to_json(&schema(), applied.new_state.as_ref());
        if is_kept {
            let mut expected = reached.clone();
            expected["behavior"] = behavior.into();
            assert_eq!(state, expected);
            assert_eq!(identity_name(applied.new_identity.as_ref()).as_deref(), Some("a"));
        } else {
            assert_eq!(state, serde_json::Value::Null, "{behavior}");
            assert_eq!(applied.new_identity, None);
        }
        assert!(!format!("{:?}", applied.diagnostics).contains(SECRET), "a panic's message was shown");
    }
}

#[tokio::test]
async fn a_failed_update_and_a_failed_delete_keep_the_state_from_before() {
    let prior = || thing(json!({ "name": "a", "label": "old", "id": 7 }));
    for behavior in ["fail update", "panic in update"] {
        let (server, _) = server();
        let config = thing(json!({ "name": "a", "label": "new", "behavior": behavior }));
        let (_, applied) = apply(&server, prior(), config).await;
        assert_eq!(applied.diagnostics.len(), 1);
        assert_eq!(to_json(&schema(), applied.new_state.as_ref())["label"], "old", "{behavior}");
    }
    for behavior in ["fail delete", "panic in delete"] {
        let (server, _) = server();
        let prior = thing(json!({ "name": "a", "label": "old", "id": 7, "behavior": behavior }));
        let (_, applied) = apply(&server, prior, nothing()).await;
        assert_eq!(applied.diagnostics.len(), 1);
        assert_eq!(to_json(&schema(), applied.new_state.as_ref())["id"], 7, "{behavior}");
        assert_eq!(identity_name(applied.new_identity.as_ref()).as_deref(), Some("a"));
    }
    let (server, _) = server();
    let (_, applied) = apply(&server, prior(), nothing()).await;
    assert_eq!(to_json(&schema(), applied.new_state.as_ref()), serde_json::Value::Null);
}

#[tokio::test]
async fn an_apply_that_cannot_even_be_read_forgets_nothing() {
    let (server, _) = server();
    let prior = thing(json!({ "name": "a", "id": 7 }));
    let broken = DynamicValue { msgpack: vec![0x81].into(), json: bytes::Bytes::new() };
    let request = apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: prior.clone(),
        planned_state: Some(broken),
        planned_private: b"{\"a\":1}".as_slice().into(),
        ..apply_resource_change::Request::default()
    };
    let applied = call!(server, apply_resource_change, request);
    assert_eq!(summaries(&applied.diagnostics), ["Unreadable value!"]);
    assert_eq!(applied.new_state, prior);
    assert_eq!(applied.private, b"{\"a\":1}".as_slice());
}

#[tokio::test]
async fn a_result_that_breaks_the_plan_is_the_providers_mistake_and_is_stored() {
    let (server, _) = server();
    let prior = thing(json!({ "name": "a", "label": "old", "id": 7 }));
    let config = thing(json!({ "name": "a", "label": "new", "behavior": "break the plan" }));
    let (_, applied) = apply(&server, prior, config).await;
    assert_eq!(applied.diagnostics.len(), 1);
    assert!(applied.diagnostics[0].detail.contains("bug in the provider"));
    assert_eq!(to_json(&schema(), applied.new_state.as_ref())["label"], "another");
}

#[tokio::test]
async fn a_replacement_names_the_attribute_that_needs_it() {
    let (server, _) = server();
    let prior = thing(json!({ "name": "a", "label": "plain", "id": 7 }));
    let config = thing(json!({ "name": "b" }));
    let planned = call!(server, plan_resource_change, plan_request(prior, config));
    assert_eq!(planned.requires_replace, [super::super::wire::path(&Path::attribute("name"))]);
    assert!(!planned.legacy_type_system);
}

#[tokio::test]
async fn the_create_half_of_a_replacement_takes_nothing_over_from_the_object_that_goes() {
    let (server, _) = server();
    let old = ResourceIdentityData {
        identity_data: Some(value(&ThingIdentity::schema(), json!({ "name": "old" }))),
    };
    let unknown = {
        let kind = schema().object_type();
        let mut config = raw(&schema(), thing(json!({ "name": "?" })).as_ref());
        *config.get_mut(&Path::attribute("name")).unwrap() = RawValue::unknown();
        let msgpack = crate::codec::encode_msgpack(&config, &kind).unwrap().into();
        Some(DynamicValue { msgpack, json: bytes::Bytes::new() })
    };
    let request = plan_resource_change::Request {
        prior_private: br#"{"from":"old"}"#.as_slice().into(),
        prior_identity: Some(old),
        ..plan_request(nothing(), unknown)
    };
    let planned = call!(server, plan_resource_change, request);
    assert_eq!(summaries(&planned.diagnostics), Vec::<String>::new());
    assert_eq!(planned.planned_private, br#"{"planned":true}"#.as_slice());
    assert_eq!(planned.planned_identity, None, "it is told when it is known");
}

#[tokio::test]
async fn a_plan_goes_on_with_the_private_data_of_its_object() {
    let (server, _) = server();
    let prior = || thing(json!({ "name": "a", "label": "plain", "id": 7 }));
    let cases: [(&[u8], &[u8], &[u8]); 2] = [
        (br#"{"stored":1}"#, b"", br#"{"planned":true,"stored":1}"#),
        // What the first plan of the run noted holds more than what is stored.
        (br#"{"stored":1}"#, br#"{"first":1}"#, br#"{"first":1,"planned":true}"#),
    ];
    for (prior_private, planned_private, expected) in cases {
        let request = plan_resource_change::Request {
            prior_private: prior_private.to_vec().into(),
            planned_private: planned_private.to_vec().into(),
            ..plan_request(prior(), thing(json!({ "name": "a", "label": "new" })))
        };
        assert_eq!(call!(server, plan_resource_change, request).planned_private, expected);
    }
}

#[tokio::test]
async fn a_deferral_needs_permission() {
    let (server, _) = server();
    let config = || thing(json!({ "name": "a", "behavior": "defer" }));
    let refused = call!(server, plan_resource_change, plan_request(nothing(), config()));
    assert_eq!(summaries(&refused.diagnostics), ["Change was deferred without permission!"]);
    assert_eq!(refused.deferred, None);

    let capabilities = ClientCapabilities { deferral_allowed: true, ..ClientCapabilities::default() };
    let request = plan_resource_change::Request {
        client_capabilities: Some(capabilities),
        ..plan_request(nothing(), config())
    };
    let deferred = call!(server, plan_resource_change, request);
    assert_eq!(summaries(&deferred.diagnostics), Vec::<String>::new());
    // 3: something it needs is not there yet.
    assert_eq!(deferred.deferred.unwrap().reason, 3);
    assert!(deferred.planned_state.is_some());
}

#[tokio::test]
async fn write_only_values_need_a_terraform_that_knows_them() {
    let (server, _) = server();
    let capabilities =
        ClientCapabilities { write_only_attributes_allowed: true, ..ClientCapabilities::default() };
    for (client_capabilities, errors) in
        [(None, 1), (Some(ClientCapabilities::default()), 1), (Some(capabilities), 0)]
    {
        let request = validate_resource_config::Request {
            type_name: TYPE.to_owned(),
            config: thing(json!({ "name": "a", "secret": SECRET })),
            client_capabilities,
        };
        let validated = call!(server, validate_resource_config, request);
        assert_eq!(validated.diagnostics.len(), errors, "{:?}", validated.diagnostics);
        assert!(!format!("{validated:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn validation_joins_the_schemas_findings_and_the_resources() {
    let (server, _) = server();
    let request = validate_resource_config::Request {
        type_name: TYPE.to_owned(),
        config: thing(json!({ "behavior": "be invalid" })),
        client_capabilities: None,
    };
    let validated = call!(server, validate_resource_config, request);
    let paths: Vec<_> =
        validated.diagnostics.iter().map(|diagnostic| diagnostic.attribute.clone().unwrap()).collect();
    assert_eq!(
        paths,
        ["name", "behavior"].map(|name| super::super::wire::path(&Path::attribute(name))),
        "{:?}",
        validated.diagnostics
    );
}

#[tokio::test]
async fn a_stop_ends_the_apply_in_flight_and_not_the_next_one() {
    let (server, started) = server();
    let waiting = {
        let server = server.clone();
        tokio::spawn(async move {
            let config = thing(json!({ "name": "a", "behavior": "wait in create" }));
            apply(&server, nothing(), config).await.1
        })
    };
    started.acquire().await.unwrap().forget();
    let stopped =
        call!(server, stop_provider, crate::generated::tfplugin6::stop_provider::Request::default());
    assert_eq!(stopped.error, "");
    let applied = waiting.await.unwrap();
    assert_eq!(summaries(&applied.diagnostics), ["interrupted failed!"]);
    assert_eq!(to_json(&schema(), applied.new_state.as_ref())["name"], "a", "what was reached is lost");

    let (_, applied) = apply(&server, nothing(), thing(json!({ "name": "b" }))).await;
    assert_eq!(summaries(&applied.diagnostics), Vec::<String>::new());
}

#[tokio::test]
async fn a_read_returns_the_object_its_absence_or_an_error_and_never_a_secret() {
    let (server, _) = server();
    let cases = [
        ("exist", Some("a"), vec![]),
        ("be gone", None, vec![]),
        ("warn in read", Some("a"), vec!["read warns"]),
        ("fail read", None, vec!["read failed!"]),
        ("panic in read", None, vec!["The provider panicked!"]),
        ("be unknown", None, vec!["Provider returned an unknown value!"]),
    ];
    for (behavior, name, expected) in cases {
        let request = read_resource::Request {
            type_name: TYPE.to_owned(),
            current_state: thing(json!({ "name": "a", "behavior": behavior })),
            private: b"{\"kept\":1}".as_slice().into(),
            ..read_resource::Request::default()
        };
        let read = call!(server, read_resource, request);
        assert_eq!(summaries(&read.diagnostics), expected, "{behavior}");
        assert_eq!(identity_name(read.new_identity.as_ref()).as_deref(), name, "{behavior}");
        if expected.iter().all(|summary| !summary.ends_with('!')) {
            assert_eq!(
                read.private,
                b"{\"kept\":1}".as_slice(),
                "private data that is not sent back is lost"
            );
            let state = to_json(&schema(), read.new_state.as_ref());
            assert_eq!(state.get("name").and_then(|name| name.as_str()), name);
        }
        assert!(!format!("{read:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn an_import_finds_by_id_and_by_identity() {
    let (server, _) = server();
    let by_identity =
        ResourceIdentityData { identity_data: Some(value(&ThingIdentity::schema(), json!({ "name": "b" }))) };
    for (id, identity, expected) in [("id:a", None, "a"), ("", Some(by_identity), "b")] {
        let request = import_resource_state::Request {
            type_name: TYPE.to_owned(),
            id: id.to_owned(),
            client_capabilities: None,
            identity,
        };
        let imported = call!(server, import_resource_state, request);
        assert_eq!(summaries(&imported.diagnostics), Vec::<String>::new());
        let [imported] = &imported.imported_resources[..] else { panic!("not one object") };
        assert_eq!(imported.type_name, TYPE);
        assert_eq!(to_json(&schema(), imported.state.as_ref())["name"], expected);
        assert_eq!(identity_name(imported.identity.as_ref()).as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn stored_states_come_in_by_their_version() {
    let flatmap =
        RawState { flatmap: [("name".to_owned(), "a".to_owned())].into(), json: bytes::Bytes::new() };
    let stored = |json: serde_json::Value| RawState { json: json.to_string().into(), ..RawState::default() };
    let cases = [
        (2, stored(json!({ "name": "a", "secret": SECRET })), Ok("a")),
        (1, stored(json!({ "old_name": "b" })), Ok("b")),
        (0, stored(json!({ "older_name": "c" })), Err("upgrade failed!")),
        (3, stored(json!({ "name": "d" })), Err("Stored state is newer than the provider!")),
        (2, stored(json!({ "name": ["e"] })), Err("Stored state does not fit the schema!")),
        (2, RawState { json: "{".into(), ..RawState::default() }, Err("Value is not JSON!")),
        (2, flatmap, Err("Stored state has an unsupported format!")),
    ];
    for (version, raw_state, expected) in cases {
        let (server, _) = server();
        let request = upgrade_resource_state::Request {
            type_name: TYPE.to_owned(),
            version,
            raw_state: Some(raw_state),
        };
        let upgraded = call!(server, upgrade_resource_state, request);
        match expected {
            Ok(name) => {
                assert_eq!(summaries(&upgraded.diagnostics), Vec::<String>::new());
                let state = to_json(&schema(), upgraded.upgraded_state.as_ref());
                assert_eq!((&state["name"], &state["secret"]), (&name.into(), &serde_json::Value::Null));
            }
            Err(summary) => assert_eq!(summaries(&upgraded.diagnostics), [summary]),
        }
    }
}

#[tokio::test]
async fn stored_identities_come_in_by_their_version() {
    let (server, _) = server();
    for (version, expected) in [(0, Some("a")), (1, None)] {
        let request = upgrade_resource_identity::Request {
            type_name: TYPE.to_owned(),
            version,
            raw_identity: Some(RawState { json: r#"{"name":"a"}"#.into(), ..RawState::default() }),
        };
        let upgraded = call!(server, upgrade_resource_identity, request);
        assert_eq!(identity_name(upgraded.upgraded_identity.as_ref()).as_deref(), expected);
        assert_eq!(upgraded.diagnostics.is_empty(), expected.is_some());
    }
}

#[tokio::test]
async fn a_state_moves_in_from_a_known_type_only() {
    let (server, _) = server();
    for (source, expected) in [("other_thing", Some("a")), ("strange_thing", None)] {
        let request = move_resource_state::Request {
            source_provider_address: "registry.terraform.io/acme/other".to_owned(),
            source_type_name: source.to_owned(),
            source_state: Some(RawState { json: r#"{"title":"a"}"#.into(), ..RawState::default() }),
            target_type_name: TYPE.to_owned(),
            ..move_resource_state::Request::default()
        };
        let moved = call!(server, move_resource_state, request);
        assert_eq!(identity_name(moved.target_identity.as_ref()).as_deref(), expected);
        match expected {
            Some(name) => assert_eq!(to_json(&schema(), moved.target_state.as_ref())["name"], name),
            None => assert_eq!(summaries(&moved.diagnostics), ["Resource cannot be moved here!"]),
        }
    }
}

#[tokio::test]
async fn a_generated_configuration_has_only_what_a_user_would_write() {
    let (server, _) = server();
    let request = |state| generate_resource_config::Request { type_name: TYPE.to_owned(), state };
    let state = thing(json!({
        "name": "a", "label": "plain", "id": 7, "parts": { "p": { "size": 3, "serial": "s-1" } }
    }));
    let generated = call!(server, generate_resource_config, request(state));
    assert_eq!(
        to_json(&schema(), generated.config.as_ref()),
        json!({
            "name": "a", "behavior": null, "label": null, "id": null, "secret": null,
            "parts": { "p": { "size": 3, "key": null, "serial": null } }, "anything": null
        })
    );
    // Terraform 1.14.0 forgets the state.
    let refused = call!(server, generate_resource_config, request(None));
    assert_eq!(summaries(&refused.diagnostics), ["Configuration cannot be generated!"]);
}

#[tokio::test]
async fn a_planned_destroy_can_be_refused() {
    let (server, _) = server();
    for (behavior, expected) in [("exist", vec![]), ("fail plan_destroy", vec!["plan_destroy failed!"])] {
        let prior = thing(json!({ "name": "a", "behavior": behavior }));
        let planned = call!(server, plan_resource_change, plan_request(prior, nothing()));
        assert_eq!(summaries(&planned.diagnostics), expected);
        if expected.is_empty() {
            assert_eq!(planned.planned_state, nothing());
        }
    }
}

#[test]
fn severities_keep_their_meaning() {
    let severities = [Severity::Error, Severity::Warning].map(|severity| {
        let diagnostic =
            crate::diagnostic::Diagnostic { severity, ..crate::diagnostic::Diagnostic::error("", "") };
        super::super::wire::diagnostics(diagnostic.into())[0].severity
    });
    assert_eq!(severities, [1, 2]);
}
