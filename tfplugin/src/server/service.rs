//! The protocol's service: each call in one line. State stores are an experiment of the protocol and answer
//! UNIMPLEMENTED, which is what their absence here does.

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::call::{answer, answer_or};
use super::{Server, action, change, data_source, ephemeral, function, list, provider, resource, wire};
use crate::generated::tfplugin6::provider_server::Provider;
use crate::generated::tfplugin6::{
    apply_resource_change, call_function, close_ephemeral_resource, configure_provider,
    generate_resource_config, get_functions, get_metadata, get_provider_schema,
    get_resource_identity_schemas, import_resource_state, invoke_action, list_resource, move_resource_state,
    open_ephemeral_resource, plan_action, plan_resource_change, read_data_source, read_resource,
    renew_ephemeral_resource, stop_provider, upgrade_resource_identity, upgrade_resource_state,
    validate_action_config, validate_data_resource_config, validate_ephemeral_resource_config,
    validate_list_resource_config, validate_provider_config, validate_resource_config,
};

/// A call that names its type and does not wait.
macro_rules! now {
    ($self:ident, $request:ident, $rpc:literal, $name:ident, $work:path) => {{
        let request = $request.into_inner();
        let name = request.$name.clone();
        answer($rpc, &name, async { $work($self, request) }).await
    }};
}

/// A call that names its type and waits.
macro_rules! waiting {
    ($self:ident, $request:ident, $rpc:literal, $name:ident, $work:path) => {{
        let request = $request.into_inner();
        let name = request.$name.clone();
        answer($rpc, &name, $work($self, request)).await
    }};
}

#[tonic::async_trait]
impl Provider for Server {
    async fn get_metadata(
        &self,
        _request: Request<get_metadata::Request>,
    ) -> Result<Response<get_metadata::Response>, Status> {
        answer("GetMetadata", "", async { Ok(provider::metadata(self)) }).await
    }

    async fn get_provider_schema(
        &self,
        _request: Request<get_provider_schema::Request>,
    ) -> Result<Response<get_provider_schema::Response>, Status> {
        answer("GetProviderSchema", "", async { Ok(provider::schemas(self)) }).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _request: Request<get_resource_identity_schemas::Request>,
    ) -> Result<Response<get_resource_identity_schemas::Response>, Status> {
        answer("GetResourceIdentitySchemas", "", async { Ok(provider::identity_schemas(self)) }).await
    }

    async fn get_functions(
        &self,
        _request: Request<get_functions::Request>,
    ) -> Result<Response<get_functions::Response>, Status> {
        answer("GetFunctions", "", async { Ok(provider::function_signatures(self)) }).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<validate_provider_config::Request>,
    ) -> Result<Response<validate_provider_config::Response>, Status> {
        let request = request.into_inner();
        answer("ValidateProviderConfig", "", async { provider::validate(self, request) }).await
    }

    async fn configure_provider(
        &self,
        request: Request<configure_provider::Request>,
    ) -> Result<Response<configure_provider::Response>, Status> {
        let request = request.into_inner();
        answer("ConfigureProvider", "", provider::configure(self, request)).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<validate_resource_config::Request>,
    ) -> Result<Response<validate_resource_config::Response>, Status> {
        now!(self, request, "ValidateResourceConfig", type_name, resource::validate)
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<validate_data_resource_config::Request>,
    ) -> Result<Response<validate_data_resource_config::Response>, Status> {
        now!(self, request, "ValidateDataResourceConfig", type_name, data_source::validate)
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<upgrade_resource_state::Request>,
    ) -> Result<Response<upgrade_resource_state::Response>, Status> {
        now!(self, request, "UpgradeResourceState", type_name, resource::upgrade_state)
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<upgrade_resource_identity::Request>,
    ) -> Result<Response<upgrade_resource_identity::Response>, Status> {
        now!(self, request, "UpgradeResourceIdentity", type_name, resource::upgrade_identity)
    }

    async fn move_resource_state(
        &self,
        request: Request<move_resource_state::Request>,
    ) -> Result<Response<move_resource_state::Response>, Status> {
        now!(self, request, "MoveResourceState", target_type_name, resource::move_state)
    }

    async fn generate_resource_config(
        &self,
        request: Request<generate_resource_config::Request>,
    ) -> Result<Response<generate_resource_config::Response>, Status> {
        now!(self, request, "GenerateResourceConfig", type_name, resource::generate_config)
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<validate_ephemeral_resource_config::Request>,
    ) -> Result<Response<validate_ephemeral_resource_config::Response>, Status> {
        now!(self, request, "ValidateEphemeralResourceConfig", type_name, ephemeral::validate)
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<validate_list_resource_config::Request>,
    ) -> Result<Response<validate_list_resource_config::Response>, Status> {
        now!(self, request, "ValidateListResourceConfig", type_name, list::validate)
    }

    async fn call_function(
        &self,
        request: Request<call_function::Request>,
    ) -> Result<Response<call_function::Response>, Status> {
        let request = request.into_inner();
        answer("CallFunction", "", async { function::call(self, request) }).await
    }

    async fn validate_action_config(
        &self,
        request: Request<validate_action_config::Request>,
    ) -> Result<Response<validate_action_config::Response>, Status> {
        now!(self, request, "ValidateActionConfig", type_name, action::validate)
    }

    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Result<Response<read_resource::Response>, Status> {
        waiting!(self, request, "ReadResource", type_name, resource::read)
    }

    async fn plan_resource_change(
        &self,
        request: Request<plan_resource_change::Request>,
    ) -> Result<Response<plan_resource_change::Response>, Status> {
        waiting!(self, request, "PlanResourceChange", type_name, change::plan)
    }

    async fn import_resource_state(
        &self,
        request: Request<import_resource_state::Request>,
    ) -> Result<Response<import_resource_state::Response>, Status> {
        waiting!(self, request, "ImportResourceState", type_name, resource::import)
    }

    async fn read_data_source(
        &self,
        request: Request<read_data_source::Request>,
    ) -> Result<Response<read_data_source::Response>, Status> {
        waiting!(self, request, "ReadDataSource", type_name, data_source::read)
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<open_ephemeral_resource::Request>,
    ) -> Result<Response<open_ephemeral_resource::Response>, Status> {
        waiting!(self, request, "OpenEphemeralResource", type_name, ephemeral::open)
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<renew_ephemeral_resource::Request>,
    ) -> Result<Response<renew_ephemeral_resource::Response>, Status> {
        waiting!(self, request, "RenewEphemeralResource", type_name, ephemeral::renew)
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<close_ephemeral_resource::Request>,
    ) -> Result<Response<close_ephemeral_resource::Response>, Status> {
        waiting!(self, request, "CloseEphemeralResource", type_name, ephemeral::close)
    }

    async fn plan_action(
        &self,
        request: Request<plan_action::Request>,
    ) -> Result<Response<plan_action::Response>, Status> {
        waiting!(self, request, "PlanAction", action_type, action::plan)
    }

    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Result<Response<apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        // Whatever goes wrong, what existed before is not forgotten.
        let (new_state, private) = (request.prior_state.clone(), request.planned_private.clone());
        let failed = |diagnostics| apply_resource_change::Response {
            new_state,
            private,
            diagnostics: wire::diagnostics(diagnostics),
            ..apply_resource_change::Response::default()
        };
        answer_or("ApplyResourceChange", &type_name, change::apply(self, request), failed).await
    }

    async fn list_resource(
        &self,
        request: Request<list_resource::Request>,
    ) -> Result<Response<BoxStream<list_resource::Event>>, Status> {
        Ok(Response::new(Box::pin(list::list(self, request.into_inner()))))
    }

    async fn invoke_action(
        &self,
        request: Request<invoke_action::Request>,
    ) -> Result<Response<BoxStream<invoke_action::Event>>, Status> {
        Ok(Response::new(Box::pin(action::invoke(self, request.into_inner()))))
    }

    async fn stop_provider(
        &self,
        _request: Request<stop_provider::Request>,
    ) -> Result<Response<stop_provider::Response>, Status> {
        tracing::info!("interrupted: calls in flight are told to end");
        self.stop.stop();
        Ok(Response::new(stop_provider::Response::default()))
    }
}
