//! Calls about the provider as a whole: what it serves, its schemas, its configuration.

use super::Server;
use super::catalog::Entries;
use super::wire::{self, block_schema, decode};
use crate::diagnostic::Diagnostics;
use crate::generated::tfplugin6::{
    ActionSchema, ServerCapabilities, configure_provider, get_functions, get_metadata, get_provider_schema,
    get_resource_identity_schemas, validate_provider_config,
};
use crate::plan;

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}

fn names<'a, E: ?Sized, M>(
    entries: &'a Entries<E>,
    message: impl Fn(String) -> M + 'a,
) -> impl Iterator<Item = M> + 'a {
    entries.keys().map(move |name| message((*name).to_owned()))
}

/// Names without schemas.
pub(super) fn metadata(server: &Server) -> get_metadata::Response {
    use get_metadata::{
        ActionMetadata, DataSourceMetadata, EphemeralMetadata, FunctionMetadata, ListResourceMetadata,
        ResourceMetadata,
    };

    let catalog = &server.catalog;
    get_metadata::Response {
        server_capabilities: Some(capabilities()),
        diagnostics: wire::diagnostics(catalog.mistakes.clone()),
        data_sources: names(&catalog.data_sources, |type_name| DataSourceMetadata { type_name }).collect(),
        resources: names(&catalog.resources, |type_name| ResourceMetadata { type_name }).collect(),
        functions: names(&catalog.functions, |name| FunctionMetadata { name }).collect(),
        ephemeral_resources: names(&catalog.ephemeral_resources, |type_name| EphemeralMetadata { type_name })
            .collect(),
        list_resources: names(&catalog.list_resources, |type_name| ListResourceMetadata { type_name })
            .collect(),
        state_stores: Vec::new(),
        actions: names(&catalog.actions, |type_name| ActionMetadata { type_name }).collect(),
    }
}

/// All schemas. Terraform keeps what it got and asks a later process no more, so nothing may depend on this call.
pub(super) fn schemas(server: &Server) -> get_provider_schema::Response {
    macro_rules! schemas {
        ($entries:ident) => {
            server
                .catalog
                .$entries
                .iter()
                .map(|(name, entry)| ((*name).to_owned(), block_schema(&entry.prepared().schema)))
                .collect()
        };
    }
    let mut mistakes = server.catalog.mistakes.clone();
    if cfg!(debug_assertions) {
        mistakes.append(server.catalog.schema_mistakes());
    }
    get_provider_schema::Response {
        provider: Some(block_schema(&server.catalog.provider.prepared().schema)),
        resource_schemas: schemas!(resources),
        data_source_schemas: schemas!(data_sources),
        functions: functions(server),
        ephemeral_resource_schemas: schemas!(ephemeral_resources),
        list_resource_schemas: schemas!(list_resources),
        state_store_schemas: std::collections::BTreeMap::new(),
        action_schemas: server
            .catalog
            .actions
            .iter()
            .map(|(name, entry)| {
                let schema = Some(block_schema(&entry.prepared().schema));
                ((*name).to_owned(), ActionSchema { schema })
            })
            .collect(),
        diagnostics: wire::diagnostics(mistakes),
        provider_meta: None,
        server_capabilities: Some(capabilities()),
    }
}

fn functions(server: &Server) -> std::collections::BTreeMap<String, crate::generated::tfplugin6::Function> {
    server
        .catalog
        .functions
        .iter()
        .map(|(name, entry)| ((*name).to_owned(), wire::function(entry.signature().clone())))
        .collect()
}

/// Signatures alone.
pub(super) fn function_signatures(server: &Server) -> get_functions::Response {
    get_functions::Response { functions: functions(server), diagnostics: Vec::new() }
}

/// Identity schemas of the resources that have one.
pub(super) fn identity_schemas(server: &Server) -> get_resource_identity_schemas::Response {
    let identity_schemas = server
        .catalog
        .resources
        .iter()
        .filter_map(|(name, entry)| {
            Some(((*name).to_owned(), wire::identity_schema(&entry.identity()?.schema)))
        })
        .collect();
    get_resource_identity_schemas::Response { identity_schemas, diagnostics: Vec::new() }
}

/// Checks the provider block.
pub(super) fn validate(
    server: &Server,
    request: validate_provider_config::Request,
) -> Result<validate_provider_config::Response, Diagnostics> {
    let entry = &server.catalog.provider;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    // No capabilities are sent here; provider blocks have no state that a write-only value could leak into.
    let mut diagnostics = plan::validate(&prepared.schema, &config, true);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_provider_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

/// Takes the provider block.
pub(super) async fn configure(
    server: &Server,
    request: configure_provider::Request,
) -> Result<configure_provider::Response, Diagnostics> {
    tracing::debug!(terraform_version = request.terraform_version, "configuring");
    let entry = &server.catalog.provider;
    let config = decode(request.config, &entry.prepared().kind)?;
    let context = server.context(&[], request.client_capabilities);
    let outcome = entry.served.configure(&context, config).await;
    let ((), diagnostics) = super::with_warnings(&context, outcome)?;
    Ok(configure_provider::Response { diagnostics: wire::diagnostics(diagnostics) })
}
