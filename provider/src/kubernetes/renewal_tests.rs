//! Credentials that change while a client lives, over real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;

use super::connection::{Auth, Connection};
use super::{Client, Error, Kubernetes};

/// An API server that knows one token and one object, on a free port.
fn server_that_accepts(token: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut accepted = false;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap();
                accepted |= line.eq_ignore_ascii_case(&format!("authorization: Bearer {token}"));
                if line.is_empty() {
                    break;
                }
            }
            let (status, body) = if accepted {
                ("200 OK", r#"{"metadata":{"name":"found"}}"#)
            } else {
                (
                    "401 Unauthorized",
                    r#"{"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"}"#,
                )
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

async fn client(address: SocketAddr, token_file: &Path) -> Client {
    let connection = Connection {
        endpoint: Some(format!("http://{address}")),
        ca_certificate: None,
        auth: Auth::TokenFile { path: token_file.to_owned() },
    };
    Kubernetes::new().client(&connection).await.unwrap()
}

async fn get(client: &Client) -> Result<ConfigMap, Error> {
    client.get(Some("shop"), "found").await
}

/// Lets the clock of this test jump.
async fn pass(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_read_anew_once() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "old\n").unwrap();
    let client = client(server_that_accepts("new"), &token_file).await;
    assert!(matches!(get(&client).await, Err(Error::Unauthenticated { .. })));

    std::fs::write(&token_file, "new\n").unwrap();
    // The refused one was read a moment ago.
    assert!(matches!(get(&client).await, Err(Error::Unauthenticated { .. })));
    pass(Duration::from_secs(11)).await;
    assert_eq!(get(&client).await.unwrap().metadata.name.as_deref(), Some("found"));
}

#[tokio::test]
async fn a_token_file_is_read_again_every_minute_and_may_vanish() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "good").unwrap();
    let client = client(server_that_accepts("good"), &token_file).await;
    get(&client).await.unwrap();
    std::fs::remove_file(&token_file).unwrap();
    pass(Duration::from_mins(2)).await;
    get(&client).await.unwrap();
}

#[tokio::test]
async fn a_missing_or_empty_token_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    let client = client(server_that_accepts("good"), &token_file).await;
    for content in [None, Some(""), Some("two\nlines")] {
        if let Some(content) = content {
            std::fs::write(&token_file, content).unwrap();
        }
        let error = get(&client).await.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{content:?}: {error:?}");
    }
}

#[tokio::test]
async fn equal_connections_share_one_client() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    let connection = |port: u16| Connection {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        ca_certificate: None,
        auth: Auth::TokenFile { path: token_file.clone() },
    };
    let kubernetes = Kubernetes::new();
    let first = connection(1);
    let (one, same) = tokio::join!(kubernetes.client(&first), kubernetes.client(&first));
    let other = kubernetes.client(&connection(2)).await.unwrap();
    assert!(one.as_ref().unwrap().is_same(&same.unwrap()));
    assert!(!one.unwrap().is_same(&other));
}
