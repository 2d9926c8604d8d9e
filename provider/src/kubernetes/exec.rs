//! A command in a container, by the `exec` subresource: an argv, its standard input, what it printed, its exit code. No shell
//! and no terminal.
//!
//! The input is told to have ended, which only version 5 of the WebSocket protocol can: Kubernetes 1.30 and later have it.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use kube::api::AttachParams;
use serde_json::Value as Json;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::Client;
use super::classify::{self, Failure};
use super::error::{Action, Error};
use crate::wait;

/// What begins a frame: which stream it belongs to. The last one says that a stream has ended.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const CLOSE: u8 = 255;

/// More than this is not kept of what a command prints.
const MOST_OUTPUT: usize = 1 << 20;
/// How long a command goes on after an interrupt, so that its outcome is known.
const FINISH_AFTER_STOP: Duration = Duration::from_secs(5);

/// A container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container in it.
    pub name: String,
}

/// What came of a command that ran to its end.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// Why it is not known what came of a command.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The API server did not let it begin.
    #[error("failed to run a command in a container")]
    Api(#[source] Box<Error>),
    /// The API server is too old to tell a command that its input has ended. Nothing was run.
    #[error("the API server does not speak version 5 of the protocol of commands")]
    TooOld,
    /// The node did not run it, or lost it.
    #[error("the command did not run: {message}")]
    NotRun {
        /// The words of the node or of the connection.
        message: String,
    },
    /// It did not end in time. It may have done its work.
    #[error("the command did not end within {} seconds", limit.as_secs())]
    Silent {
        /// How long was waited.
        limit: Duration,
    },
    /// The practitioner interrupted. It may have done its work.
    #[error("interrupted")]
    Interrupted,
}

impl Client {
    /// Runs a command. It is sent once: whether it can be sent again is for the caller to know. Requests by other methods
    /// renew credentials that are refused, so let one go before.
    pub async fn exec(
        &self,
        container: &Container,
        argv: &[&str],
        stdin: &[u8],
        limit: Duration,
    ) -> Result<Output, ExecError> {
        let stopped = async {
            self.stop().cancelled().await;
            let _ = wait::pause(FINISH_AFTER_STOP, &CancellationToken::new()).await;
        };
        tokio::select! {
            biased;
            ended = wait::at_most(limit, self.run(container, argv, stdin)) => {
                ended.unwrap_or(Err(ExecError::Silent { limit }))
            }
            () = stopped => Err(ExecError::Interrupted),
        }
    }

    async fn run(&self, container: &Container, argv: &[&str], stdin: &[u8]) -> Result<Output, ExecError> {
        let action = Action {
            verb: "create",
            group: String::new(),
            version: "v1".to_owned(),
            resource: "pods/exec".to_owned(),
            kind: "Pod".to_owned(),
            namespace: Some(container.namespace.clone()),
            name: Some(container.pod.clone()),
        };
        let streams = AttachParams::default().container(&container.name).stdin(true);
        let request = kube::core::Request::new(Pod::url_path(&(), Some(&container.namespace)))
            .exec(&container.pod, argv.iter().copied(), &streams)
            .map_err(|error| {
                let (object, message) = (action.object(), error.to_string());
                ExecError::Api(Box::new(Error::Request { object, message }))
            })?;
        // An upgrade needs HTTP/1.1, as watches have it.
        let connection = self.for_watches().connect(request).await.map_err(|error| {
            let failure = match error {
                kube::Error::Api(status) => Failure::Answer { status, retry_after: None },
                other => classify::broken(other, None),
            };
            ExecError::Api(Box::new(failure.into_error(&self.endpoint(), &action, Duration::ZERO)))
        })?;
        if !connection.supports_stream_close() {
            return Err(ExecError::TooOld);
        }
        converse(connection.into_stream(), stdin).await
    }
}

async fn converse<S>(mut stream: S, stdin: &[u8]) -> Result<Output, ExecError>
where
    S: futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>>
        + futures::Sink<Message, Error = tokio_tungstenite::tungstenite::Error>
        + Unpin,
{
    let broken = |error: tokio_tungstenite::tungstenite::Error| ExecError::NotRun {
        message: format!("the connection broke: {error}"),
    };
    let input: Vec<u8> = std::iter::once(STDIN).chain(stdin.iter().copied()).collect();
    stream.send(Message::binary(input)).await.map_err(broken)?;
    stream.send(Message::binary(vec![CLOSE, STDIN])).await.map_err(broken)?;
    let mut output = Output::default();
    while let Some(message) = stream.next().await {
        let Message::Binary(frame) = message.map_err(broken)? else { continue };
        let Some((channel, content)) = frame.split_first() else { continue };
        let kept = match *channel {
            STDOUT => &mut output.stdout,
            STDERR => &mut output.stderr,
            STATUS => {
                output.code = exit_code(content)?;
                return Ok(output);
            }
            _ => continue,
        };
        let room = MOST_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(&content[..content.len().min(room)]);
    }
    Err(ExecError::NotRun { message: "the connection ended before the command did".to_owned() })
}

/// The exit code in the status that ends a command.
fn exit_code(status: &[u8]) -> Result<i32, ExecError> {
    let not_run = |message: String| Err(ExecError::NotRun { message });
    let Ok(status) = serde_json::from_slice::<Json>(status) else {
        return not_run("the node said something unintelligible about its end".to_owned());
    };
    if status["status"] == "Success" {
        return Ok(0);
    }
    let causes = status["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let code = causes.iter().find(|cause| cause["reason"] == "ExitCode");
    match code.and_then(|cause| cause["message"].as_str()).and_then(|text| text.parse().ok()) {
        Some(code) => Ok(code),
        None => not_run(status["message"].as_str().unwrap_or("the node gave no reason").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::{Sink, Stream, stream};
    use serde_json::json;
    use tokio_tungstenite::tungstenite::Error as WsError;

    use super::*;

    /// The other end: what it says, and what it was told.
    struct Scripted<S>(S, Vec<Message>);

    impl<S: Stream<Item = Result<Message, WsError>> + Unpin> Stream for Scripted<S> {
        type Item = Result<Message, WsError>;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.poll_next_unpin(context)
        }
    }

    impl<S: Unpin> Sink<Message> for Scripted<S> {
        type Error = WsError;

        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }

        fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), WsError> {
            self.1.push(message);
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "as it stands in a stream")]
    fn frame(channel: u8, content: &str) -> Result<Message, WsError> {
        Ok(Message::binary([&[channel], content.as_bytes()].concat()))
    }

    #[tokio::test]
    async fn the_input_ends_and_the_output_is_put_together() {
        let said = [
            frame(STDOUT, "one "),
            Ok(Message::Ping(bytes::Bytes::new())),
            frame(STDERR, "oh"),
            frame(STDOUT, "two"),
            frame(STATUS, r#"{"status":"Success"}"#),
            frame(STDOUT, "never read"),
        ];
        let mut scripted = Scripted(stream::iter(said), Vec::new());
        let output = converse(&mut scripted, b"in").await.unwrap();
        assert_eq!((output.code, &output.stdout[..], &output.stderr[..]), (0, &b"one two"[..], &b"oh"[..]));
        assert_eq!(scripted.1, [Message::binary(b"\0in".to_vec()), Message::binary(vec![255, 0])]);
    }

    #[tokio::test]
    async fn a_connection_that_ends_early_is_no_success() {
        let ended = converse(Scripted(stream::iter([frame(STDOUT, "half")]), Vec::new()), b"").await;
        assert!(matches!(ended, Err(ExecError::NotRun { message }) if message.contains("ended before")));
    }

    #[test]
    fn the_status_tells_the_exit_code_or_why_there_is_none() {
        let failed = |reason: &str, message: &str| {
            json!({"status": "Failure", "message": "it ended badly",
                "details": {"causes": [{"reason": reason, "message": message}]}})
        };
        for (status, expected) in [
            (json!({"status": "Success"}).to_string(), Ok(0)),
            (failed("ExitCode", "7").to_string(), Ok(7)),
            (failed("ExitCode", "much").to_string(), Err("it ended badly")),
            (failed("Other", "7").to_string(), Err("it ended badly")),
            (json!({"status": "Failure"}).to_string(), Err("no reason")),
            ("what".to_owned(), Err("unintelligible")),
        ] {
            match (exit_code(status.as_bytes()), expected) {
                (Ok(code), Ok(expected)) => assert_eq!(code, expected, "{status}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                other => panic!("{status}: {other:?}"),
            }
        }
    }
}
