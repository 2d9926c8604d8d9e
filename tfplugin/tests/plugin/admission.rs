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
