//! The page of a function: `docs/functions`.

use std::fmt::Write as _;

use super::attributes::type_words;
use super::{code, front_matter, paragraph};
use crate::function::{Parameter, Signature};
use crate::types::Type;

/// The Markdown of a function's page. `example` is HCL and left out when empty.
pub fn function_page(provider: &str, name: &str, signature: &Signature, example: &str) -> String {
    let mut text = front_matter(&format!("{name} function - {provider}"), Some(""), &signature.summary);
    paragraph(&mut text, &format!("# function: {name}"));
    if let Some(instead) = &signature.deprecated {
        paragraph(&mut text, &format!("~> **Deprecated** {instead}"));
    }
    paragraph(&mut text, signature.description.trim());
    if !example.trim().is_empty() {
        paragraph(&mut text, "## Example Usage");
        code(&mut text, "terraform", example);
    }
    paragraph(&mut text, "## Signature");
    paragraph(&mut text, "<!-- signature generated from the provider -->");
    code(&mut text, "text", &call(name, signature));
    if !signature.parameters.is_empty() || signature.variadic_parameter.is_some() {
        paragraph(&mut text, "## Arguments");
        paragraph(&mut text, "<!-- arguments generated from the provider -->");
        paragraph(&mut text, &arguments(signature));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// `name(first string, more number...) bool`
fn call(name: &str, signature: &Signature) -> String {
    let mut parameters: Vec<String> = signature
        .parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.name, expression(&parameter.kind)))
        .collect();
    if let Some(variadic) = &signature.variadic_parameter {
        parameters.push(format!("{} {}...", variadic.name, expression(&variadic.kind)));
    }
    format!("{name}({}) {}", parameters.join(", "), expression(&signature.result))
}

fn arguments(signature: &Signature) -> String {
    let mut list = String::new();
    for (index, parameter) in signature.parameters.iter().enumerate() {
        let _ = writeln!(list, "{}. {}", index + 1, described(parameter, ""));
    }
    if let Some(variadic) = &signature.variadic_parameter {
        let _ = writeln!(list, "{}. {}", signature.parameters.len() + 1, described(variadic, "Variadic, "));
    }
    list.trim_end().to_owned()
}

fn described(parameter: &Parameter, before: &str) -> String {
    let nullable = if parameter.allow_null { ", Nullable" } else { "" };
    let words = type_words(&parameter.kind);
    let description = parameter.description.trim().replace('\n', "\n   ");
    format!("`{}` ({before}{words}{nullable}) {description}", parameter.name).trim_end().to_owned()
}

/// A type as a type expression of the language.
fn expression(kind: &Type) -> String {
    match kind {
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Dynamic => "dynamic".to_owned(),
        Type::List(inner) => format!("list of {}", expression(inner)),
        Type::Set(inner) => format!("set of {}", expression(inner)),
        Type::Map(inner) => format!("map of {}", expression(inner)),
        Type::Object(_) => "object".to_owned(),
        Type::Tuple(_) => "tuple".to_owned(),
    }
}
