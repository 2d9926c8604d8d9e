//! A client like go-plugin's, with and without mutual TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::generated::health::{HealthCheckRequest, HealthCheckResponse};

/// As large as go-plugin's, which has no limit.
const MAXIMUM_MESSAGE_BYTES: usize = usize::MAX;

/// The certificate of a host.
pub(crate) struct Identity {
    pub(crate) pem: String,
    certificate: CertificateDer<'static>,
    key: rcgen::KeyPair,
}

impl Identity {
    /// A self-signed authority, as go-plugin makes it, but on P-256: this client's library cannot sign with P-521.
    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), certificate: certificate.der().clone(), key }
    }
}

/// The server's certificate from the handshake line.
pub(crate) fn server_certificate(field: &str) -> CertificateDer<'static> {
    use base64::Engine;

    base64::engine::general_purpose::STANDARD_NO_PAD.decode(field).unwrap().into()
}

/// Goes through TLS as go-plugin's client does: the server must show the certificate of its line under the name
/// localhost.
pub(crate) async fn tls(
    socket: &Path,
    server: CertificateDer<'static>,
    client: Option<&Identity>,
) -> io::Result<TlsStream<UnixStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(server).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(Identity { certificate, key, .. }) => builder
            .with_client_auth_cert(
                vec![certificate.clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = UnixStream::connect(socket).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// A gRPC channel over mutual TLS.
pub(crate) async fn secure_channel(
    fields: &[&str],
    client: Option<&Identity>,
) -> Result<Channel, tonic::transport::Error> {
    let stream = tls(Path::new(fields[3]), server_certificate(fields[5]), client).await.unwrap();
    let mut stream = Some(TokioIo::new(stream));
    let connector = service_fn(move |_: Uri| {
        let stream = stream.take().ok_or_else(|| io::Error::other("the connection is used up"));
        async move { stream }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await
}

/// A gRPC channel without TLS.
pub(crate) async fn plain_channel(socket: &Path) -> Result<Channel, tonic::transport::Error> {
    let socket = socket.to_owned();
    let connector = service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await
}

fn grpc(channel: &Channel) -> tonic::client::Grpc<Channel> {
    tonic::client::Grpc::new(channel.clone())
        .max_decoding_message_size(MAXIMUM_MESSAGE_BYTES)
        .max_encoding_message_size(MAXIMUM_MESSAGE_BYTES)
}

/// One call with one answer.
pub(crate) async fn call<Q, A>(channel: &Channel, path: &'static str, request: Q) -> Result<A, Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + Sync + 'static,
{
    let mut grpc = grpc(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Q, A>::default();
    grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec)
        .await
        .map(tonic::Response::into_inner)
}

/// One call with a stream of answers; the stream of requests stays open as long as `requests` does.
pub(crate) async fn stream<Q, A>(
    channel: &Channel,
    path: &'static str,
    requests: impl futures::Stream<Item = Q> + Send + 'static,
) -> Result<tonic::Streaming<A>, Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + Sync + 'static,
{
    let mut grpc = grpc(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Q, A>::default();
    grpc.streaming(Request::new(requests), PathAndQuery::from_static(path), codec)
        .await
        .map(tonic::Response::into_inner)
}

/// Asks how the plugin is.
pub(crate) async fn health(channel: &Channel, service: &str) -> Result<i32, Status> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let response: HealthCheckResponse = call(channel, "/grpc.health.v1.Health/Check", request).await?;
    Ok(response.status)
}
