//! Calls with any bytes for a message, without a socket: for the fuzz targets. What a call that reaches out would do is
//! left out.

use bytes::Bytes;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::Request;

use super::Server;
use super::catalog::Catalog;
use super::stop::Stop;
use crate::diagnostic::BUG;
use crate::generated::tfplugin6::provider_server::Provider as Service;
use crate::generated::tfplugin6::{self as messages, Diagnostic, DynamicValue, RawState, diagnostic};
use crate::provider::Provider;

/// A provider whose calls can be made.
pub struct Calls(Server);

impl std::fmt::Debug for Calls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Calls").finish_non_exhaustive()
    }
}

/// Makes the call that `$choice` chooses; `$has_value` says whether its answer holds what was asked for.
macro_rules! choose {
    ($self:ident, $choice:expr, $message:ident, $($number:literal => $method:ident $has_value:expr),* $(,)?) => {
        match $choice {
            $($number => {
                let Ok(request) = messages::$method::Request::decode($message) else { return Ok(()) };
                let sent = request.clone();
                let answer = Service::$method(&$self.0, Request::new(request)).await;
                let answer = answer.map_err(|status| format!("{}: {status}", stringify!($method)))?.into_inner();
                // `None`: an answer that holds nothing but diagnostics.
                let has_value: Option<bool> = ($has_value)(&answer);
                check(&answer.diagnostics, has_value)
                    .map_err(|wrong| format!("{}: {wrong}\n{sent:?}\n{answer:?}", stringify!($method)))
            })*
            _ => $self.function($message).await,
        }
    };
}

impl Calls {
    /// A provider behind the protocol.
    pub fn new(provider: impl Provider) -> Self {
        let stop = Stop::new(CancellationToken::new());
        Self(Server { catalog: Catalog::new(provider), stop })
    }

    /// How many calls there are to choose from.
    pub const COUNT: u8 = 11;

    /// Makes a call with the bytes of its message, whether or not they are one.
    ///
    /// # Errors
    ///
    /// When the answer breaks a promise: an error of gRPC, a bug of the provider, an error beside a value, or neither.
    pub async fn call(&self, choice: u8, message: &[u8]) -> Result<(), String> {
        choose!(self, choice % Self::COUNT, message,
            0 => validate_provider_config |_: &_| None,
            1 => validate_resource_config |_: &_| None,
            2 => validate_data_resource_config |_: &_| None,
            3 => validate_ephemeral_resource_config |_: &_| None,
            4 => validate_list_resource_config |_: &_| None,
            5 => validate_action_config |_: &_| None,
            6 => upgrade_resource_state |answer: &messages::upgrade_resource_state::Response| {
                Some(answer.upgraded_state.is_some())
            },
            7 => upgrade_resource_identity |answer: &messages::upgrade_resource_identity::Response| {
                Some(answer.upgraded_identity.is_some())
            },
            8 => move_resource_state |answer: &messages::move_resource_state::Response| {
                Some(answer.target_state.is_some())
            },
            9 => generate_resource_config |answer: &messages::generate_resource_config::Response| {
                Some(answer.config.is_some())
            },
        )
    }

    async fn function(&self, message: &[u8]) -> Result<(), String> {
        let Ok(request) = messages::call_function::Request::decode(message) else { return Ok(()) };
        let answer = Service::call_function(&self.0, Request::new(request)).await;
        let answer = answer.map_err(|status| status.to_string())?.into_inner();
        match (&answer.result, &answer.error) {
            (Some(_), None) => Ok(()),
            (None, Some(error)) if !error.text.is_empty() && !error.text.contains(BUG) => Ok(()),
            _ => Err(format!("call_function: {answer:?}")),
        }
    }
}

/// The message of the call that `choice` chooses, about the type or function `name`. Values are JSON, or no JSON; all
/// calls but those of functions take one.
pub fn message(choice: u8, name: &str, values: &[&[u8]]) -> Vec<u8> {
    use messages::{
        call_function, generate_resource_config, move_resource_state, upgrade_resource_state,
        validate_provider_config, validate_resource_config,
    };

    let json = |value: &&[u8]| Bytes::copy_from_slice(value);
    let dynamic = |value| DynamicValue { json: json(value), ..DynamicValue::default() };
    let raw = |value| RawState { json: json(value), ..RawState::default() };
    let (name, first) = (name.to_owned(), values.first());
    match choice % Calls::COUNT {
        0 => validate_provider_config::Request { config: first.map(dynamic) }.encode_to_vec(),
        // Those of identities have the same fields.
        6 | 7 => upgrade_resource_state::Request { type_name: name, version: 0, raw_state: first.map(raw) }
            .encode_to_vec(),
        8 => move_resource_state::Request {
            source_provider_address: "registry.terraform.io/hashicorp/kubernetes".to_owned(),
            source_type_name: "kubernetes_manifest".to_owned(),
            source_state: first.map(raw),
            target_type_name: name,
            ..move_resource_state::Request::default()
        }
        .encode_to_vec(),
        9 => generate_resource_config::Request { type_name: name, state: first.map(dynamic) }.encode_to_vec(),
        10 => {
            call_function::Request { name, arguments: values.iter().map(dynamic).collect() }.encode_to_vec()
        }
        // As have those of all other things that are validated.
        _ => validate_resource_config::Request {
            type_name: name,
            config: first.map(dynamic),
            client_capabilities: None,
        }
        .encode_to_vec(),
    }
}

fn check(diagnostics: &[Diagnostic], has_value: Option<bool>) -> Result<(), String> {
    let is_error = |found: &&Diagnostic| found.severity() == diagnostic::Severity::Error;
    let errors = diagnostics.iter().filter(is_error).count();
    // What was fed may say so, too, but not at the end.
    if diagnostics.iter().any(|found| found.summary.is_empty() || found.detail.ends_with(BUG)) {
        return Err("a bug of the provider, or no word".to_owned());
    }
    match has_value {
        Some(true) if errors > 0 => Err("a value beside an error".to_owned()),
        Some(false) if errors == 0 => Err("neither a value nor an error".to_owned()),
        _ => Ok(()),
    }
}
