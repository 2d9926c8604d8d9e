//! What happens before the first connection.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::client::{Identity, server_certificate};
use crate::process::{COOKIE, Plugin, VERSIONS, command, notes};

#[tokio::test]
async fn whoever_is_not_a_terraform_of_protocol_6_is_told_so_and_gets_no_line() {
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "does nothing on its own"),
        (&[("TF_PLUGIN_MAGIC_COOKIE", "another"), VERSIONS], "does nothing on its own"),
        (&[COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", "5")], "protocol 6 is needed"),
        (&[COOKIE, VERSIONS, ("PLUGIN_CLIENT_CERT", "-----BEGIN")], "unable to read the certificate"),
    ];
    for (variables, message) in cases {
        let output = command(notes(), variables).output().await.unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{variables:?}");
        assert_eq!(stdout, "", "{variables:?}");
        assert!(stderr.contains(message), "{variables:?} gave {stderr}");
    }
}

#[tokio::test]
async fn people_may_ask_for_version_and_help() {
    let cases = [
        ("--version", Some(0), "notes 0.1.0\n"),
        ("--help", Some(0), "--debug"),
        ("--verbose", Some(2), "unknown argument \"--verbose\""),
    ];
    for (argument, code, text) in cases {
        let output = command(notes(), &[]).arg(argument).output().await.unwrap();
        let printed = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), code, "{argument}");
        assert!(String::from_utf8_lossy(&printed).contains(text), "{argument}");
    }
}

#[tokio::test]
async fn the_line_names_a_socket_that_only_its_user_reaches_and_is_all_of_stdout() {
    let host = Identity::new();
    let folder = tempfile::tempdir().unwrap();
    let folder_name = folder.path().to_str().unwrap();
    let mut plugin = Plugin::start(&[
        ("PLUGIN_CLIENT_CERT", &host.pem),
        ("PLUGIN_UNIX_SOCKET_DIR", folder_name),
        ("PLUGIN_MIN_PORT", "10000"),
        ("PLUGIN_MAX_PORT", "25000"),
    ])
    .await;
    let fields = plugin.fields();
    assert_eq!(fields.len(), 6, "{}", plugin.line);
    assert_eq!([&fields[..3], &fields[4..5]].concat(), ["1", "6", "unix", "grpc"]);
    let certificate = server_certificate(fields[5]);
    assert!(certificate.len() > 50, "a shorter certificate counts as none");

    let socket = plugin.socket();
    assert!(
        socket.starts_with(folder.path()),
        "PLUGIN_UNIX_SOCKET_DIR is not honoured: {}",
        socket.display()
    );
    let private = socket.parent().unwrap();
    assert_eq!(std::fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o700);

    plugin.signal(Signal::TERM);
    assert_eq!(plugin.rest_of_stdout().await, Vec::<String>::new());
    let (status, stderr) = plugin.end().await;
    assert!(status.success());
    assert_eq!(stderr, "", "nothing is logged when nobody asked");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the socket's folder is left behind");
}

#[tokio::test]
async fn a_host_without_a_certificate_and_with_multiplexing_gets_its_fields() {
    let plugin = Plugin::start(&[("PLUGIN_MULTIPLEX_GRPC", "true")]).await;
    assert_eq!(plugin.fields()[4..], ["grpc", "", "false"]);
}
