//! Calls about an ephemeral resource.

use std::time::SystemTime;

use super::catalog::find;
use super::wire::{self, decode, decode_private, encode, encode_private};
use super::{Server, with_warnings};
use crate::diagnostic::Diagnostics;
use crate::ephemeral::{Opened, Renewed};
use crate::generated::tfplugin6::{
    close_ephemeral_resource, open_ephemeral_resource, renew_ephemeral_resource,
    validate_ephemeral_resource_config,
};
use crate::plan;

const KIND: &str = "ephemeral resource";

/// Checks a configuration, offline.
pub(super) fn validate(
    server: &Server,
    request: validate_ephemeral_resource_config::Request,
) -> Result<validate_ephemeral_resource_config::Response, Diagnostics> {
    let entry = find(&server.catalog.ephemeral_resources, KIND, &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let mut diagnostics = plan::validate(&prepared.schema, &config, false);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_ephemeral_resource_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

/// Opens it.
pub(super) async fn open(
    server: &Server,
    request: open_ephemeral_resource::Request,
) -> Result<open_ephemeral_resource::Response, Diagnostics> {
    let entry = find(&server.catalog.ephemeral_resources, KIND, &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let context = server.context(&[], request.client_capabilities);
    let outcome = entry.served.open(&context, config.clone()).await;
    let (Opened { result, renew_at, private }, diagnostics) = with_warnings(&context, outcome)?;
    let result = result.with_null_types_of(&config);
    super::known(entry.served.type_name(), &result).into_result(())?;
    Ok(open_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(diagnostics),
        renew_at: renew_at.map(timestamp),
        result: Some(encode(&result, &prepared.kind)?),
        private: Some(encode_private(&private)),
        deferred: None,
    })
}

/// Prolongs it.
pub(super) async fn renew(
    server: &Server,
    request: renew_ephemeral_resource::Request,
) -> Result<renew_ephemeral_resource::Response, Diagnostics> {
    let entry = find(&server.catalog.ephemeral_resources, KIND, &request.type_name)?;
    let context = server.context(&[], None);
    let private = decode_private(&request.private.unwrap_or_default());
    let outcome = entry.served.renew(&context, private).await;
    let (Renewed { renew_at, private }, diagnostics) = with_warnings(&context, outcome)?;
    Ok(renew_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(diagnostics),
        renew_at: renew_at.map(timestamp),
        private: Some(encode_private(&private)),
    })
}

/// Gives it back.
pub(super) async fn close(
    server: &Server,
    request: close_ephemeral_resource::Request,
) -> Result<close_ephemeral_resource::Response, Diagnostics> {
    let entry = find(&server.catalog.ephemeral_resources, KIND, &request.type_name)?;
    // What was opened is given back even when the run was interrupted.
    let context = server.context(&[], None);
    let private = decode_private(&request.private.unwrap_or_default());
    let outcome = entry.served.close(&context, private).await;
    let ((), diagnostics) = with_warnings(&context, outcome)?;
    Ok(close_ephemeral_resource::Response { diagnostics: wire::diagnostics(diagnostics) })
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    prost_types::Timestamp::from(time)
}
