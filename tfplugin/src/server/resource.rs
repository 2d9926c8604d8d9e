//! Calls about a managed resource that change nothing: validate, read, import, and the ways a stored state comes in.

use super::catalog::{Prepared, find};
use super::erased::ErasedResource;
use super::storable::{configuration_of, without_write_only};
use super::wire::{self, decode, decode_json_state, encode, encode_private, raw_json};
use super::{Server, identity, known, with_warnings};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generated::tfplugin6::{
    generate_resource_config, import_resource_state, move_resource_state, read_resource,
    upgrade_resource_identity, upgrade_resource_state, validate_resource_config,
};
use crate::plan;
use crate::raw::RawValue;
use crate::resource::{Import, MoveSource};

/// Checks a configuration, offline.
pub(super) fn validate(
    server: &Server,
    request: validate_resource_config::Request,
) -> Result<validate_resource_config::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let write_only_allowed =
        request.client_capabilities.is_some_and(|capabilities| capabilities.write_only_attributes_allowed);
    let mut diagnostics = plan::validate(&prepared.schema, &config, write_only_allowed);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_resource_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

/// Refreshes a state.
pub(super) async fn read(
    server: &Server,
    request: read_resource::Request,
) -> Result<read_resource::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let stored = decode(request.current_state, &prepared.kind)?;
    let context = server.context(&request.private, request.client_capabilities);
    let outcome = entry.served.read(&context, stored.clone()).await;
    let (state, diagnostics) = with_warnings(&context, outcome)?;
    let state = state.unwrap_or(RawValue::Null).with_null_types_of(&stored);
    let state = without_write_only(&prepared.schema, state);
    known(entry.served.type_name(), &state).into_result(())?;
    Ok(read_resource::Response {
        new_identity: identity::of_state(entry, &state)?,
        new_state: Some(encode(&state, &prepared.kind)?),
        private: encode_private(&context.take_private()),
        diagnostics: wire::diagnostics(diagnostics),
        deferred: None,
    })
}

/// Finds an existing object.
pub(super) async fn import(
    server: &Server,
    request: import_resource_state::Request,
) -> Result<import_resource_state::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let context = server.context(&[], request.client_capabilities);
    let wanted = match request.identity {
        Some(data) if data.identity_data.is_some() => Import::Identity(identity::read(entry, data)?),
        Some(_) | None => Import::Id(request.id),
    };
    let by_identity = match &wanted {
        Import::Identity(identity) => Some(identity::message(entry, identity)?),
        Import::Id(_) => None,
    };
    let outcome = entry.served.import(&context, wanted).await;
    let (state, diagnostics) = with_warnings(&context, outcome)?;
    let state = without_write_only(&prepared.schema, state);
    known(entry.served.type_name(), &state).into_result(())?;
    let identity = identity::of_partial_state(entry, &state).or(by_identity);
    let imported = import_resource_state::ImportedResource {
        type_name: request.type_name,
        state: Some(encode(&state, &prepared.kind)?),
        private: encode_private(&context.take_private()),
        identity,
    };
    Ok(import_resource_state::Response {
        imported_resources: vec![imported],
        diagnostics: wire::diagnostics(diagnostics),
        deferred: None,
    })
}

/// Reads a stored state; called each time, not only for older versions.
pub(super) fn upgrade_state(
    server: &Server,
    request: upgrade_resource_state::Request,
) -> Result<upgrade_resource_state::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let stored = raw_json(request.raw_state)?;
    let state = read_stored(entry.served.as_ref(), prepared, request.version, stored)?;
    Ok(upgrade_resource_state::Response {
        upgraded_state: Some(encode(&state, &prepared.kind)?),
        diagnostics: Vec::new(),
    })
}

/// What a state means today that was stored under a version of the schema: what `UpgradeResourceState` answers with. For
/// tests with the states of earlier releases.
///
/// # Errors
///
/// When the version is newer than the schema, when a value would be lost, or when the resource's own upgrade fails.
pub fn stored_state(
    resource: &dyn ErasedResource,
    version: i64,
    stored: serde_json::Value,
) -> Result<RawValue, Diagnostics> {
    read_stored(resource, &Prepared::new(resource.schema()), version, stored)
}

fn read_stored(
    resource: &dyn ErasedResource,
    prepared: &Prepared,
    version: i64,
    stored: serde_json::Value,
) -> Result<RawValue, Diagnostics> {
    let current = prepared.schema.version;
    let state = match version {
        version if version == current => decode_json_state(&stored, &prepared.kind)?,
        version if version < current => resource.upgrade_state(version, stored)?,
        version => return Err(from_the_future(resource.type_name(), version, current).into()),
    };
    Ok(without_write_only(&prepared.schema, state))
}

/// Reads a stored identity.
pub(super) fn upgrade_identity(
    server: &Server,
    request: upgrade_resource_identity::Request,
) -> Result<upgrade_resource_identity::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let Some(prepared) = entry.identity() else {
        return Ok(upgrade_resource_identity::Response::default());
    };
    let current = prepared.schema.version;
    if request.version > current {
        return Err(from_the_future(&request.type_name, request.version, current).into());
    }
    let stored = raw_json(request.raw_identity)?;
    let identity = decode_json_state(&stored, &prepared.kind)?;
    Ok(upgrade_resource_identity::Response {
        upgraded_identity: Some(identity::message(entry, &identity)?),
        diagnostics: Vec::new(),
    })
}

fn from_the_future(type_name: &str, stored: i64, current: i64) -> Diagnostic {
    Diagnostic::error(
        "Stored state is newer than the provider",
        format!(
            "{type_name} was stored under schema version {stored}, but this version of the provider knows only up to \
             {current}. Use the version of the provider that stored it, or a later one."
        ),
    )
}

/// Takes over the state of another type.
pub(super) fn move_state(
    server: &Server,
    request: move_resource_state::Request,
) -> Result<move_resource_state::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.target_type_name)?;
    let prepared = entry.prepared();
    let source = MoveSource {
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        state: raw_json(request.source_state)?,
    };
    let Some(state) = entry.served.move_state(&source)? else {
        return Err(Diagnostic::error(
            "Resource cannot be moved here",
            format!(
                "{} does not take over the state of {} of {}. Remove the moved block, and import the object or let it \
                 be created anew.",
                request.target_type_name, source.type_name, source.provider_address
            ),
        )
        .into());
    };
    let state = without_write_only(&prepared.schema, state);
    Ok(move_resource_state::Response {
        target_state: Some(encode(&state, &prepared.kind)?),
        diagnostics: Vec::new(),
        target_private: bytes::Bytes::new(),
        target_identity: identity::of_partial_state(entry, &state),
    })
}

/// A configuration for an imported object.
pub(super) fn generate_config(
    server: &Server,
    request: generate_resource_config::Request,
) -> Result<generate_resource_config::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let state = decode(request.state, &prepared.kind)?;
    if state.is_null() {
        return Err(Diagnostic::error(
            "Configuration cannot be generated",
            "Terraform sent no state. Terraform 1.14.0 does so by mistake: use 1.14.1 or later.",
        )
        .into());
    }
    let config = configuration_of(&prepared.schema, state);
    Ok(generate_resource_config::Response {
        config: Some(encode(&config, &prepared.kind)?),
        diagnostics: Vec::new(),
    })
}
