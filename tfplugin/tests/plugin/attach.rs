//! `--debug`: one process, many clients.

use rustix::process::Signal;

use crate::client::{call, health, plain_channel};
use crate::generated::go_plugin::Empty;
use crate::process::{Plugin, command, notes};

/// A provider that waits to be attached to, and the value of the variable that it printed.
pub(crate) async fn start() -> (Plugin, serde_json::Value) {
    let mut debug = command(notes(), &[]);
    debug.arg("--debug");
    let mut plugin = Plugin::from_command(debug).await;
    let printed = loop {
        let line = plugin.next_line().await;
        if let Some((_, value)) = line.split_once("TF_REATTACH_PROVIDERS='") {
            break value.strip_suffix('\'').unwrap().to_owned();
        }
    };
    (plugin, serde_json::from_str(&printed).unwrap())
}

#[tokio::test]
async fn a_debugged_provider_outlives_its_clients_and_ends_on_an_interrupt() {
    let (mut plugin, printed) = start().await;
    let attach = &printed["registry.terraform.io/acme/notes"];
    assert_eq!(attach, &printed["registry.opentofu.org/acme/notes"]);
    assert_eq!(attach["Pid"], plugin.child.id().unwrap());
    let socket = std::path::PathBuf::from(attach["Addr"]["String"].as_str().unwrap());

    for _ in 0..3 {
        let channel = plain_channel(&socket).await.unwrap();
        assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
        let _: Empty = call(&channel, "/plugin.GRPCController/Shutdown", Empty {}).await.unwrap();
    }

    plugin.signal(Signal::INT);
    let (status, _) = plugin.end().await;
    assert!(status.success());
    assert!(!socket.exists());
}
