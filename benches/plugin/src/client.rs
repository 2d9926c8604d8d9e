//! A provider plugin as Terraform starts it, with times taken. Speaks bytes only, so that any protocol can be measured.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// go-plugin's cookie of Terraform providers.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");
/// Beyond this a plugin is taken for broken, as Terraform does.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Larger than any schema that is known.
const MESSAGE_LIMIT: usize = 256 << 20;

/// What one start of a plugin took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From the start of the process to its handshake line.
    pub(crate) handshake: Duration,
    /// From the start of the process to the whole schema.
    pub(crate) schema: Duration,
    /// Size of the schema's message in bytes.
    pub(crate) schema_bytes: usize,
    /// Peak resident memory after the schema, in KiB.
    pub(crate) peak_memory: u64,
}

/// Starts the plugin once, asks for its schema, and ends it.
pub(crate) async fn measure(program: &Path) -> Result<Sample, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
        .env_remove("TF_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let line = tokio::time::timeout(START_TIMEOUT, handshake_line(&mut child)).await??;
    let handshake = started.elapsed();
    let (protocol, socket) = parse(&line)?;
    let reply = schema(socket, protocol).await?;
    let schema = started.elapsed();
    let peak_memory = peak_memory(child.id().ok_or("the plugin ended")?)?;
    child.kill().await?;
    Ok(Sample { handshake, schema, schema_bytes: reply.len(), peak_memory })
}

async fn handshake_line(child: &mut Child) -> io::Result<String> {
    let output = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).await?;
    Ok(line)
}

/// `1|<protocol>|unix|<path>|grpc|...` to protocol and path.
fn parse(line: &str) -> Result<(u8, PathBuf), String> {
    let parts: Vec<&str> = line.trim().split('|').collect();
    match parts[..] {
        ["1", protocol @ ("5" | "6"), "unix", path, "grpc", ..] => {
            Ok((protocol.as_bytes()[0] - b'0', PathBuf::from(path)))
        }
        _ => Err(format!("unexpected handshake line: {line}")),
    }
}

async fn schema(socket: PathBuf, protocol: u8) -> Result<Bytes, Box<dyn std::error::Error>> {
    let connect = tower::service_fn(move |_: http::Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    let channel: Channel = Endpoint::from_static("http://plugin").connect_with_connector(connect).await?;
    let path = match protocol {
        5 => "/tfplugin5.Provider/GetSchema",
        _ => "/tfplugin6.Provider/GetProviderSchema",
    };
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(MESSAGE_LIMIT);
    client.ready().await?;
    let reply =
        client.unary(Request::new(Bytes::new()), http::uri::PathAndQuery::from_static(path), Raw).await?;
    Ok(reply.into_inner())
}

/// The kernel's high-water mark of resident memory, in KiB.
fn peak_memory(process: u32) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// Messages as they come: the bench counts bytes and reads none.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_handshake_on_a_unix_socket_is_understood() {
        assert_eq!(parse("1|6|unix|/tmp/a/b.sock|grpc|cert\n"), Ok((6, PathBuf::from("/tmp/a/b.sock"))));
        assert_eq!(parse("1|5|unix|/tmp/x|grpc|"), Ok((5, PathBuf::from("/tmp/x"))));
        for line in ["", "hello", "1|7|unix|/x|grpc|", "1|6|tcp|127.0.0.1:1|grpc|", "2|6|unix|/x|grpc|"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
