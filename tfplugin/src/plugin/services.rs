//! The services that every go-plugin process has beside its own: health, broker, standard streams, controller.

use futures::{StreamExt, stream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::codegen::BoxStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::generated::go_plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use crate::generated::go_plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::generated::go_plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use crate::generated::go_plugin::{ConnInfo, Empty, StdioData};
use crate::generated::health::health_check_response::ServingStatus;
use crate::generated::health::health_server::{Health, HealthServer};
use crate::generated::health::{HealthCheckRequest, HealthCheckResponse};

/// The name under which hosts ask for the plugin's health.
const HEALTH_SERVICE: &str = "plugin";

/// All four services: they share nothing but the end of the process.
#[derive(Clone, Debug)]
pub(super) struct GoPlugin {
    shutdown: CancellationToken,
    /// A process under `--debug` belongs to the developer: no client may end it.
    ends_on_request: bool,
}

impl GoPlugin {
    /// For a process that belongs to the Terraform that started it.
    pub(super) fn for_terraform(shutdown: CancellationToken) -> Self {
        Self { shutdown, ends_on_request: true }
    }

    /// For a process to which many Terraform runs attach.
    pub(super) fn for_debug(shutdown: CancellationToken) -> Self {
        Self { shutdown, ends_on_request: false }
    }

    /// Serves these beside `routes`.
    pub(super) fn add_to(self, routes: Routes) -> Routes {
        routes
            .add_service(HealthServer::new(self.clone()))
            .add_service(GrpcBrokerServer::new(self.clone()))
            .add_service(GrpcStdioServer::new(self.clone()))
            .add_service(GrpcControllerServer::new(self))
    }

    fn ended(&self) -> WaitForCancellationFutureOwned {
        self.shutdown.clone().cancelled_owned()
    }
}

fn health_of(service: &str) -> Result<HealthCheckResponse, Status> {
    // The empty name asks for the server as a whole.
    if service == HEALTH_SERVICE || service.is_empty() {
        Ok(HealthCheckResponse { status: ServingStatus::Serving.into() })
    } else {
        Err(Status::not_found("unknown service"))
    }
}

#[tonic::async_trait]
impl Health for GoPlugin {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        health_of(&request.into_inner().service).map(Response::new)
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<BoxStream<HealthCheckResponse>>, Status> {
        // A watch of an unknown service stays open and says so, unlike a check.
        let answer = health_of(&request.into_inner().service)
            .unwrap_or(HealthCheckResponse { status: ServingStatus::ServiceUnknown.into() });
        let answers =
            stream::once(std::future::ready(Ok(answer))).chain(stream::pending()).take_until(self.ended());
        Ok(Response::new(Box::pin(answers)))
    }
}

#[tonic::async_trait]
impl GrpcBroker for GoPlugin {
    /// Nothing is ever offered; the stream lives until either side ends.
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        let silence = request.into_inner().filter_map(|_offer| async { None }).take_until(self.ended());
        Ok(Response::new(Box::pin(silence)))
    }
}

#[tonic::async_trait]
impl GrpcStdio for GoPlugin {
    /// Nothing is ever sent: logs go to the real standard error.
    async fn stream_stdio(&self, _request: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(stream::pending().take_until(self.ended()))))
    }
}

#[tonic::async_trait]
impl GrpcController for GoPlugin {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        if self.ends_on_request {
            self.shutdown.cancel();
        }
        Ok(Response::new(Empty {}))
    }
}
