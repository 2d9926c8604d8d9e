//! Calls of functions.

use super::Server;
use super::catalog::find;
use super::wire::{decode, encode};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::function::FunctionError;
use crate::generated::tfplugin6::{self as messages, call_function};

/// Computes a function.
pub(super) fn call(
    server: &Server,
    request: call_function::Request,
) -> Result<call_function::Response, Diagnostics> {
    let entry = find(&server.catalog.functions, "function", &request.name)?;
    let signature = entry.signature();
    let variadic = signature.variadic_parameter.iter().cycle();
    let mut parameters = signature.parameters.iter().chain(variadic);
    let given = request.arguments.len();
    let mut arguments = Vec::with_capacity(given);
    for argument in request.arguments {
        let parameter = parameters.next().ok_or_else(|| wrong_count(&request.name, given))?;
        arguments.push(decode(Some(argument), &parameter.kind)?);
    }
    if arguments.len() < signature.parameters.len() {
        return Err(wrong_count(&request.name, given).into());
    }
    Ok(match entry.served.call(arguments) {
        Ok(result) => {
            call_function::Response { result: Some(encode(&result, &signature.result)?), error: None }
        }
        Err(FunctionError { argument, message }) => call_function::Response {
            result: None,
            error: Some(messages::FunctionError {
                text: message,
                function_argument: argument.and_then(|position| i64::try_from(position).ok()),
            }),
        },
    })
}

fn wrong_count(name: &str, given: usize) -> Diagnostic {
    Diagnostic::error("Wrong number of arguments", format!("{name} was called with {given} of them."))
}
