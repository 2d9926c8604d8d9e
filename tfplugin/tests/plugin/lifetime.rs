//! Signals, and the end of the parent.

use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use crate::client::{health, plain_channel};
use crate::process::{COOKIE, Plugin, VERSIONS, command, notes};

#[tokio::test]
async fn an_interrupt_is_terraforms_business() {
    let mut plugin = Plugin::start(&[]).await;
    let channel = plain_channel(&plugin.socket()).await.unwrap();
    for _ in 0..3 {
        plugin.signal(Signal::INT);
        assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
    }
    plugin.signal(Signal::TERM);
    let socket = plugin.socket();
    let (status, _) = plugin.end().await;
    assert!(status.success());
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_plugin_ends_when_the_process_that_started_it_was_killed() {
    let mut shell = command(Path::new("/bin/sh"), &[COOKIE, VERSIONS]);
    // The shell stays the parent; its own end is not told to the child.
    shell.args(["-c", "\"$0\" & wait"]).arg(notes()).stderr(Stdio::null());
    let mut shell = Plugin::from_command(shell).await;
    let socket = shell.socket();
    assert!(socket.exists());
    shell.child.kill().await.unwrap();
    // Standard output ends when the plugin, its last writer, has ended.
    assert_eq!(shell.rest_of_stdout().await, Vec::<String>::new());
    assert!(!socket.exists(), "the socket is left behind");
}
