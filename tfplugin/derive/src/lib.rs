//! `#[derive(TerraformSchema)]`: one struct declares an object's type, its schema and its documentation.
//!
//! The macro is a translation, not a framework: it writes calls that an author could write by hand. `attributes` reads
//! what stands at the struct and its fields and collects every mistake; `expand` writes the implementations. The page
//! for authors is at `tfplugin::TerraformSchema`.

mod attributes;
mod expand;
mod options;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `TerraformSchema` and `ValueType`.
///
/// On the struct, `#[tf(...)]` takes `version = <number>` and `deprecated = "<what to use instead>"`. On each field,
/// whose type is `Value<T>`:
///
/// - who gives the value: `required`, `optional`, `computed`, or `optional, computed`; with `optional` also
///   `default = <expression>`;
/// - `requires_replace`, `unknown_on_update`, `not_null`, `semantic_equal = <fn(&T, &T) -> bool>`: how it is planned;
/// - `effect = "<word>"`, or `effect = ["<word>", ...]` where it depends on the change: what a change does, for the
///   documentation: `in_place`, `rolling_restart`, `downtime`, `data_loss`, `replace`, `refused` or `only_at_create`;
///   without it, as the attribute around it;
/// - `sensitive`, `write_only`: where it is shown and stored;
/// - `validate = <fn(&T) -> Result<(), impl Display>>`, as often as wanted;
/// - `rename = "<name>"`, `deprecated = "<what to use instead>"`;
/// - `required_for_import` or `optional_for_import`, alone, on the fields of an identity.
///
/// The doc comments are the practitioner's documentation; without them it does not compile.
#[proc_macro_derive(TerraformSchema, attributes(tf))]
pub fn terraform_schema(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match attributes::read(input) {
        Ok(declaration) => expand::implementations(&declaration).into(),
        Err(mistakes) => mistakes.into_compile_error().into(),
    }
}
