//! Connections: accepted, taken through TLS each in a task of its own, and handed on only when the client is the
//! right one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::server::Connected;

use super::listener::Accepting;

/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after a failed accept: the usual cause, no free file descriptors, does not go away by itself at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepted connections that wait for the server to take them.
const QUEUE: usize = 16;

/// What both kinds of sockets and TLS over them have in common.
trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// One admitted connection.
pub(super) struct Connection {
    transport: Box<dyn Transport>,
    /// Cancelled when the connection is over.
    _ended: Option<DropGuard>,
}

impl Connection {
    fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Box::new(transport), _ended: None }
    }

    /// The same, which cancels `ended` when it is over.
    pub(super) fn ending(self, ended: CancellationToken) -> Self {
        Self { _ended: Some(ended.drop_guard()), ..self }
    }
}

/// Accepts until `shutdown`. With `tls` only clients that pass it come out; without it every one does.
pub(super) fn accept(
    accepting: Accepting,
    tls: Option<TlsAcceptor>,
    shutdown: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    let (admitted, incoming) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        while let Some(accepted) = shutdown.run_until_cancelled(accept_one(&accepting)).await {
            match accepted {
                Ok(socket) => {
                    tokio::spawn(admit(socket, tls.clone(), admitted.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "unable to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    ReceiverStream::new(incoming)
}

async fn accept_one(accepting: &Accepting) -> io::Result<Connection> {
    match accepting {
        #[cfg(unix)]
        Accepting::Unix(listener) => {
            let (socket, _) = listener.accept().await?;
            Ok(Connection::new(socket))
        }
        #[cfg(any(not(unix), test))]
        Accepting::Tcp(listener) => {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            Ok(Connection::new(socket))
        }
    }
}

/// Takes one socket through TLS, where there is TLS, and hands it on.
async fn admit(socket: Connection, tls: Option<TlsAcceptor>, admitted: mpsc::Sender<io::Result<Connection>>) {
    let connection = match tls {
        None => socket,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(socket)).await {
            Ok(Ok(stream)) => Connection::new(stream),
            Ok(Err(error)) => {
                tracing::warn!(%error, "refused a connection: it is not from the Terraform that started this provider");
                return;
            }
            Err(_elapsed) => {
                tracing::warn!("dropped a connection that did not finish its TLS handshake");
                return;
            }
        },
    };
    // The receiver is only gone when the server has ended.
    let _ = admitted.send(Ok(connection)).await;
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}
