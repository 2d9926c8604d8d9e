//! Calls about a data source.

use super::catalog::find;
use super::wire::{self, decode, encode};
use super::{Server, with_warnings};
use crate::diagnostic::Diagnostics;
use crate::generated::tfplugin6::{read_data_source, validate_data_resource_config};
use crate::plan;

/// Checks a configuration, offline.
pub(super) fn validate(
    server: &Server,
    request: validate_data_resource_config::Request,
) -> Result<validate_data_resource_config::Response, Diagnostics> {
    let entry = find(&server.catalog.data_sources, "data source", &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let mut diagnostics = plan::validate(&prepared.schema, &config, false);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_data_resource_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

/// Looks it up.
pub(super) async fn read(
    server: &Server,
    request: read_data_source::Request,
) -> Result<read_data_source::Response, Diagnostics> {
    let entry = find(&server.catalog.data_sources, "data source", &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let context = server.context(&[], request.client_capabilities);
    let outcome = entry.served.read(&context, config.clone()).await;
    let (state, diagnostics) = with_warnings(&context, outcome)?;
    let state = state.with_null_types_of(&config);
    super::known(entry.served.type_name(), &state).into_result(())?;
    Ok(read_data_source::Response {
        state: Some(encode(&state, &prepared.kind)?),
        diagnostics: wire::diagnostics(diagnostics),
        deferred: None,
    })
}
