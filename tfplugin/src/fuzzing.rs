//! What the fuzz targets reach into.

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tower::ServiceExt as _;

use crate::provider::Provider;
use crate::server::Server;

/// The service of a provider, as a socket would reach it.
pub fn service(provider: impl Provider) -> Routes {
    Server::routes(provider, CancellationToken::new())
}

/// Calls a method of the protocol with the bytes of a message, whether or not they are one, and returns how many bytes
/// came back.
pub async fn call(service: Routes, method: &str, message: &[u8]) -> usize {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    let request = http::Request::post(format!("/tfplugin6.Provider/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(Full::new(Bytes::from(framed)).map_err(|never| match never {})));
    let Ok(request) = request else { return 0 };
    match service.prepare().oneshot(request).await {
        Ok(response) => response.into_body().collect().await.map_or(0, |body| body.to_bytes().len()),
        Err(never) => match never {},
    }
}
