//! The services that every go-plugin process has, and messages of any size.

use std::time::Duration;

use futures::stream;
use tonic::Code;

use crate::client::{Identity, call, health, plain_channel, secure_channel, stream as streaming};
use crate::generated::go_plugin::{ConnInfo, Empty, StdioData};
use crate::generated::tfplugin6::{
    ClientCapabilities, DynamicValue, get_states, plan_resource_change, read_state_bytes,
};
use crate::process::Plugin;

/// Long enough to tell an open stream from one that ends, short enough to wait for.
const STAYS_OPEN: Duration = Duration::from_millis(300);

#[tokio::test]
async fn the_plugin_is_healthy_and_other_names_are_unknown() {
    let plugin = Plugin::start(&[]).await;
    let channel = plain_channel(&plugin.socket()).await.unwrap();
    assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
    assert_eq!(health(&channel, "").await.unwrap(), 1);
    assert_eq!(health(&channel, "another").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn broker_and_stdio_stay_open_until_the_controller_ends_the_process_in_time() {
    let mut plugin = Plugin::start(&[]).await;
    let channel = plain_channel(&plugin.socket()).await.unwrap();
    let mut broker: tonic::Streaming<ConnInfo> =
        streaming(&channel, "/plugin.GRPCBroker/StartStream", stream::pending::<ConnInfo>()).await.unwrap();
    let mut stdio: tonic::Streaming<StdioData> =
        streaming(&channel, "/plugin.GRPCStdio/StreamStdio", stream::iter([()])).await.unwrap();
    assert!(tokio::time::timeout(STAYS_OPEN, broker.message()).await.is_err(), "the broker's stream ended");
    assert!(tokio::time::timeout(STAYS_OPEN, stdio.message()).await.is_err(), "the stdio stream ended");

    let _: Empty = call(&channel, "/plugin.GRPCController/Shutdown", Empty {}).await.unwrap();
    // Terraform kills after two seconds.
    let status = tokio::time::timeout(Duration::from_secs(2), plugin.child.wait()).await;
    assert!(status.expect("the process outlives its shutdown").unwrap().success());
    assert!(!plugin.socket().exists());
}

#[tokio::test]
async fn state_stores_are_not_implemented_and_say_so() {
    let plugin = Plugin::start(&[]).await;
    let channel = plain_channel(&plugin.socket()).await.unwrap();
    let states: Result<get_states::Response, _> =
        call(&channel, "/tfplugin6.Provider/GetStates", get_states::Request::default()).await;
    assert_eq!(states.unwrap_err().code(), Code::Unimplemented);
    let bytes: Result<tonic::Streaming<read_state_bytes::Response>, _> = streaming(
        &channel,
        "/tfplugin6.Provider/ReadStateBytes",
        stream::iter([read_state_bytes::Request::default()]),
    )
    .await;
    assert_eq!(bytes.err().map(|status| status.code()), Some(Code::Unimplemented));
}

/// A msgpack map of an object's attributes.
fn note(text: &str, size: &[u8]) -> DynamicValue {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    let msgpack =
        [b"\x83\xa4file\xa5/note".as_slice(), b"\xa4size", size, b"\xa4text\xdb", &length, text.as_bytes()]
            .concat();
    DynamicValue { msgpack: msgpack.into(), json: bytes::Bytes::new() }
}

#[tokio::test]
async fn sixty_megabytes_pass_in_both_directions_over_tls() {
    const MEGABYTES_60: usize = 60 << 20;
    let host = Identity::new();
    let plugin = Plugin::start(&[("PLUGIN_CLIENT_CERT", &host.pem)]).await;
    let channel = secure_channel(&plugin.fields(), Some(&host)).await.unwrap();
    let config = note(&"x".repeat(MEGABYTES_60), b"\xc0");
    let request = plan_resource_change::Request {
        type_name: "notes_note".to_owned(),
        prior_state: Some(DynamicValue { msgpack: vec![0xc0].into(), json: bytes::Bytes::new() }),
        proposed_new_state: Some(config.clone()),
        config: Some(config),
        client_capabilities: Some(ClientCapabilities::default()),
        ..plan_resource_change::Request::default()
    };
    let response: plan_resource_change::Response =
        call(&channel, "/tfplugin6.Provider/PlanResourceChange", request).await.unwrap();
    assert_eq!(response.diagnostics, []);
    assert!(response.planned_state.unwrap().msgpack.len() > MEGABYTES_60);
}
