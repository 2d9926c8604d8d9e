//! Data sources, ephemeral resources, lists, actions, functions and the provider block.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;

use super::fixture::{
    RENEWAL, SECRET, TestConfig, ThingState, call, json as to_json, server, summaries, thing, value,
};
use crate::codec;
use crate::generated::tfplugin6::invoke_action::event::Type as EventType;
use crate::generated::tfplugin6::{
    DynamicValue, call_function, close_ephemeral_resource, configure_provider, invoke_action, list_resource,
    open_ephemeral_resource, read_data_source, renew_ephemeral_resource, validate_list_resource_config,
};
use crate::raw::RawValue;
use crate::typed::TerraformSchema;
use crate::types::Type;

#[tokio::test]
async fn a_data_source_is_read_with_its_warnings() {
    let (server, _) = server();
    let request = read_data_source::Request {
        type_name: "test_thing".to_owned(),
        config: thing(json!({ "name": "a" })),
        ..read_data_source::Request::default()
    };
    let read = call!(server, read_data_source, request);
    assert_eq!(summaries(&read.diagnostics), ["Looked up"]);
    assert_eq!(to_json(&ThingState::schema(), read.state.as_ref())["id"], 7);
}

#[tokio::test]
async fn a_data_source_keeps_the_type_of_a_null() {
    let (server, _) = server();
    for anything in [json!(null), json!({ "type": "string", "value": null })] {
        let request = read_data_source::Request {
            type_name: "test_thing".to_owned(),
            config: thing(json!({ "name": "a", "anything": anything })),
            ..read_data_source::Request::default()
        };
        let read = call!(server, read_data_source, request);
        assert_eq!(to_json(&ThingState::schema(), read.state.as_ref())["anything"], anything);
    }
}

#[tokio::test]
async fn json_is_read_where_msgpack_is_not_sent() {
    let (server, _) = server();
    let config = json!({
        "name": "a", "behavior": null, "label": null, "id": null, "secret": null, "parts": null,
        "anything": null
    });
    let request = read_data_source::Request {
        type_name: "test_thing".to_owned(),
        config: Some(DynamicValue { msgpack: Bytes::new(), json: config.to_string().into() }),
        ..read_data_source::Request::default()
    };
    let read = call!(server, read_data_source, request);
    let state = read.state.unwrap();
    assert!(state.json.is_empty(), "Terraform does not read JSON everywhere");
    assert_eq!(to_json(&ThingState::schema(), Some(&state))["name"], "a");
}

#[tokio::test]
async fn an_ephemeral_resource_is_opened_renewed_and_closed() {
    let (server, _) = server();
    let type_name = || "test_token".to_owned();
    let config = b"\x83\xa8anything\x92\xc4\x08\"string\"\xc0\xa5token\xc0\xa4user\xa1u".as_slice();
    let request = open_ephemeral_resource::Request {
        type_name: type_name(),
        config: Some(DynamicValue { msgpack: config.into(), json: Bytes::new() }),
        client_capabilities: None,
    };
    let opened = call!(server, open_ephemeral_resource, request);
    assert_eq!(summaries(&opened.diagnostics), Vec::<String>::new());
    // The null has the type that it came with.
    let expected = b"\x83\xa8anything\x92\xc4\x08\"string\"\xc0\xa5token\xa7u-token\xa4user\xa1u";
    assert_eq!(opened.result.unwrap().msgpack, expected.as_slice());
    assert_eq!(opened.renew_at.unwrap().seconds, i64::try_from(RENEWAL).unwrap());

    let request = renew_ephemeral_resource::Request { type_name: type_name(), private: opened.private };
    let renewed = call!(server, renew_ephemeral_resource, request);
    assert_eq!(summaries(&renewed.diagnostics), Vec::<String>::new());
    assert_eq!(renewed.renew_at, None);

    let request = close_ephemeral_resource::Request { type_name: type_name(), private: renewed.private };
    let closed = call!(server, close_ephemeral_resource, request);
    assert_eq!(summaries(&closed.diagnostics), ["close of lease 2 failed!"]);
}

fn search(count: Option<i64>, limit: i64, include_resource_object: bool) -> list_resource::Request {
    let count = count.map_or(RawValue::Null, RawValue::number);
    let kind = Type::Object([("count".to_owned(), Type::Number)].into());
    let config = codec::encode_msgpack(&RawValue::object([("count", count)]), &kind).unwrap();
    list_resource::Request {
        type_name: "test_thing".to_owned(),
        config: Some(DynamicValue { msgpack: config.into(), json: Bytes::new() }),
        include_resource_object,
        limit,
    }
}

#[tokio::test]
async fn a_search_ends_at_its_limit_or_with_its_failure() {
    let (server, started) = server();
    // There is no end to what it finds.
    let events: Vec<_> = call!(server, list_resource, search(None, 3, true)).collect().await;
    let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
    let names: Vec<&str> = events.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["Thing 0", "Thing 1", "Thing 2"]);
    assert_eq!(to_json(&ThingState::schema(), events[1].resource_object.as_ref())["name"], "thing-1");
    assert!(events.iter().all(|event| event.identity.is_some() && event.diagnostic.is_empty()));
    assert!(!format!("{events:?}").contains(SECRET));
    started.acquire().await.unwrap().forget();

    let events: Vec<_> = call!(server, list_resource, search(Some(1), 100, false)).collect().await;
    let [Ok(found), Ok(end)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((found.display_name.as_str(), &found.resource_object), ("Thing 0", &None));
    assert_eq!(summaries(&end.diagnostic), ["the rest of the search failed!"]);
    assert_eq!(end.identity, None);
}

#[tokio::test]
async fn a_search_that_nobody_reads_ends() {
    let (server, started) = server();
    let weak = std::sync::Arc::downgrade(&started);
    let mut events = call!(server, list_resource, search(None, 0, false));
    assert!(events.next().await.unwrap().is_ok());
    drop((events, server, started));
    // The search held the last reference to the provider's things.
    let is_gone = async {
        while weak.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_gone).await.expect("the search goes on");
}

#[tokio::test]
async fn a_search_is_validated() {
    let (server, _) = server();
    let request = validate_list_resource_config::Request {
        type_name: "test_thing".to_owned(),
        config: search(Some(1), 1, false).config,
        ..validate_list_resource_config::Request::default()
    };
    assert_eq!(call!(server, validate_list_resource_config, request).diagnostics, []);
}

#[tokio::test]
async fn an_invocation_tells_its_progress_and_then_exactly_one_end() {
    let cases =
        [("shout", vec![]), ("fail", vec!["shout failed!"]), ("panic", vec!["The provider panicked!"])];
    for (behavior, expected) in cases {
        let (server, _) = server();
        let request = invoke_action::Request {
            action_type: "test_shout".to_owned(),
            config: thing(json!({ "name": "a", "behavior": behavior })),
            client_capabilities: None,
        };
        let events: Vec<_> = call!(server, invoke_action, request).collect().await;
        let events: Vec<EventType> = events.into_iter().map(|event| event.unwrap().r#type.unwrap()).collect();
        let [EventType::Progress(one), EventType::Progress(two), EventType::Completed(end)] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((one.message.as_str(), two.message.as_str()), ("one", "two"));
        assert_eq!(summaries(&end.diagnostics), expected);
    }
    let (server, _) = server();
    let unknown = invoke_action::Request {
        action_type: "test_whisper".to_owned(),
        ..invoke_action::Request::default()
    };
    let events: Vec<_> = call!(server, invoke_action, unknown).collect().await;
    let [Ok(invoke_action::Event { r#type: Some(EventType::Completed(end)) })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(summaries(&end.diagnostics), ["Unknown action!"]);
}

#[tokio::test]
async fn a_function_computes_or_names_the_argument_that_is_wrong() {
    let text = |text: &str| {
        let msgpack = codec::encode_msgpack(&RawValue::string(text), &Type::String).unwrap();
        DynamicValue { msgpack: msgpack.into(), json: Bytes::new() }
    };
    let cases = [
        (vec![",", "a", "b", "c"], Ok("a,b,c")),
        (vec![","], Ok("")),
        (vec![",", "a", ""], Err((Some(2), "an empty word"))),
        (vec![], Err((None, "Wrong number of arguments"))),
        (vec!["panic", "a"], Err((None, "The provider panicked"))),
    ];
    for (arguments, expected) in cases {
        let (server, _) = server();
        let request = call_function::Request {
            name: "join".to_owned(),
            arguments: arguments.into_iter().map(text).collect(),
        };
        let called = call!(server, call_function, request);
        assert!(!format!("{called:?}").contains(SECRET));
        match expected {
            Ok(result) => assert_eq!((called.result, called.error), (Some(text(result)), None)),
            Err((argument, message)) => {
                let error = called.error.unwrap();
                assert_eq!(error.function_argument, argument);
                assert!(error.text.contains(message), "{}", error.text);
            }
        }
    }
}

#[tokio::test]
async fn the_provider_block_is_taken_or_refused() {
    let (server, _) = server();
    for (region, expected) in [("somewhere", vec![]), ("nowhere", vec!["configure failed!"])] {
        let request = configure_provider::Request {
            config: Some(value(&TestConfig::schema(), json!({ "region": region }))),
            ..configure_provider::Request::default()
        };
        assert_eq!(summaries(&call!(server, configure_provider, request).diagnostics), expected);
    }
}
