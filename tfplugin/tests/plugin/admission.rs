//! Who gets in: the host whose certificate was handed over, and nobody else on the machine.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::client::{Identity, health, secure_channel, server_certificate, tls};
use crate::process::{PATIENCE, Plugin};

async fn is_refused(plugin: &Plugin, client: Option<&Identity>) -> bool {
    let certificate = server_certificate(plugin.fields()[5]);
    match tls(&plugin.socket(), certificate, client).await {
        Ok(stream) => is_silent(stream).await,
        Err(_) => true,
    }
}

/// Whether a connection gives no answer to the greeting of HTTP/2. With TLS 1.3 the client's handshake ends before the
/// server has judged its certificate, so the refusal is what comes next.
async fn is_silent(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> bool {
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut byte = [0];
    let answer =
        tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.expect("neither answer nor refusal");
    // A server that lets the client in answers with its settings.
    // TLS would answer a plain greeting with an alert, whose first byte is not that of a settings frame's length.
    !matches!(answer, Ok(1) if byte == [0])
}

#[tokio::test]
async fn only_the_host_gets_in() {
    let (host, stranger) = (Identity::new(), Identity::new());
    let mut plugin =
        Plugin::start(&[("PLUGIN_CLIENT_CERT", &host.pem), ("TF_LOG_PROVIDER_NOTES", "WARN")]).await;

    assert!(is_refused(&plugin, Some(&stranger)).await, "another certificate gets in");
    assert!(is_refused(&plugin, None).await, "no certificate gets in");
    let plain = UnixStream::connect(plugin.socket()).await.unwrap();
    assert!(is_silent(plain).await, "a client without TLS gets in");

    assert!(!is_refused(&plugin, Some(&host)).await, "the host is refused");
    let channel = secure_channel(&plugin.fields(), Some(&host)).await.unwrap();
    assert_eq!(health(&channel, "plugin").await.unwrap(), 1);

    plugin.signal(rustix::process::Signal::TERM);
    let (_, log) = plugin.end().await;
    let refusals = log.lines().filter(|line| line.contains("refused a connection")).count();
    assert_eq!(refusals, 3, "{log}");
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not hclog: {line}"));
        assert_eq!(line["@level"], "warn");
        assert!(["@message", "@module", "@timestamp"].iter().all(|key| line[key].is_string()), "{line}");
    }
}

#[tokio::test]
async fn a_client_that_stalls_in_its_handshake_keeps_nobody_out() {
    let host = Identity::new();
    let plugin = Plugin::start(&[("PLUGIN_CLIENT_CERT", &host.pem)]).await;
    let mut stalled = Vec::new();
    for _ in 0..32 {
        stalled.push(UnixStream::connect(plugin.socket()).await.unwrap());
    }
    let channel = secure_channel(&plugin.fields(), Some(&host)).await.unwrap();
    assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
    drop(stalled);
}

/// A user without any rights, which every system has.
const NOBODY: &str = "65534";
/// Names the socket, and asks for TLS beyond it, in the process that another user runs.
const SOCKET: &str = "SOCKET_OF_ANOTHER_USER";

/// This very test, run by another user: what `another_user_reaches` looks at. Without the variable it is no test.
#[tokio::test]
async fn what_another_user_sees() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let stream = match UnixStream::connect(&socket).await {
        Err(error) => return println!("connect: {:?}", error.kind()),
        Ok(stream) => stream,
    };
    println!("connect: open");
    let line = std::env::var("LINE").unwrap();
    let stranger = Identity::new();
    let certificate = server_certificate(line.split('|').nth(5).unwrap());
    let refused = match tls(std::path::Path::new(&socket), certificate, Some(&stranger)).await {
        Ok(stream) => is_silent(stream).await,
        Err(_) => true,
    };
    println!("with a certificate: {}", if refused { "refused" } else { "let in" });
    println!("without TLS: {}", if is_silent(stream).await { "refused" } else { "let in" });
}

async fn as_nobody(plugin: &Plugin) -> String {
    let this = std::env::current_exe().unwrap();
    let output = tokio::process::Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(this)
        .args(["admission::what_another_user_sees", "--exact", "--nocapture"])
        .env(SOCKET, plugin.socket())
        .env("LINE", &plugin.line)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("connect: "), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test]
async fn a_second_local_user_neither_opens_the_socket_nor_completes_the_handshake() {
    use std::os::unix::fs::PermissionsExt;
    if !rustix::process::getuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let host = Identity::new();
    let plugin = Plugin::start(&[("PLUGIN_CLIENT_CERT", &host.pem)]).await;
    let seen = as_nobody(&plugin).await;
    assert!(seen.contains("connect: PermissionDenied"), "{seen}");

    // With the folder thrown open, the certificate still keeps others out.
    let mut path = plugin.socket();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    while path.pop() && path != std::env::temp_dir() && path.as_os_str().len() > 1 {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let seen = as_nobody(&plugin).await;
    for line in ["connect: open", "with a certificate: refused", "without TLS: refused"] {
        assert!(seen.contains(line), "{seen}");
    }
    assert!(!is_refused(&plugin, Some(&host)).await, "the host is refused");
}
