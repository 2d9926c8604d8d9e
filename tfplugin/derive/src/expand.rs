//! From a checked declaration to the code that an author would write by hand.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Lit, Type, UnOp};

use crate::attributes::{AttributeDeclaration, Declaration, Mode};

/// `impl TerraformSchema` and `impl ValueType`.
pub(crate) fn implementations(declaration: &Declaration) -> TokenStream {
    let name = &declaration.name;
    let description = &declaration.description;
    let version = declaration.version.as_ref().map(|version| quote!(.version(#version)));
    let deprecated = declaration.deprecated.as_ref().map(|instead| quote!(.deprecated(#instead)));
    let attributes = declaration.attributes.iter().map(attribute);

    let fields: Vec<_> = declaration.attributes.iter().map(|attribute| &attribute.field).collect();
    let names: Vec<_> = declaration.attributes.iter().map(|attribute| &attribute.name).collect();
    let values: Vec<_> = declaration.attributes.iter().map(|attribute| &attribute.value).collect();
    // Names of this macro, wherever the field comes from: another macro may have made the struct.
    let (this, reader) = (Ident::new("self", Span::call_site()), Ident::new("reader", Span::call_site()));
    let into_raw = values
        .iter()
        .zip(&fields)
        .map(|(value, field)| quote_spanned!(value.span()=> #this.#field.into_raw()));
    let take = values
        .iter()
        .zip(&names)
        .map(|(value, name)| quote_spanned!(value.span()=> #reader.take::<#value>(#name)));
    quote! {
        #[automatically_derived]
        impl ::tfplugin::TerraformSchema for #name {
            // A default may already be of its attribute's type.
            #[allow(clippy::useless_conversion)]
            fn schema() -> ::tfplugin::schema::Schema {
                ::tfplugin::schema::Schema::new(#description)
                    #version
                    #deprecated
                    #(.attribute(#attributes))*
            }
        }

        #[automatically_derived]
        impl ::tfplugin::typed::ValueType for #name {
            fn shape() -> ::tfplugin::schema::Shape {
                ::tfplugin::schema::Shape::Nested {
                    nesting: ::tfplugin::schema::Nesting::Single,
                    attributes: <Self as ::tfplugin::TerraformSchema>::schema().attributes,
                }
            }

            fn from_known(
                raw: ::tfplugin::raw::RawValue,
                path: &::tfplugin::path::Path,
            ) -> ::core::result::Result<Self, ::tfplugin::diagnostic::Diagnostics> {
                #[allow(unused_mut)]
                let mut reader = ::tfplugin::typed::ObjectReader::new(raw, path)?;
                let object = Self { #(#fields: #take),* };
                reader.finish()?;
                ::core::result::Result::Ok(object)
            }

            fn into_raw(self) -> ::tfplugin::raw::RawValue {
                ::tfplugin::raw::RawValue::Object(::std::collections::BTreeMap::from([
                    #((::std::string::String::from(#names), #into_raw)),*
                ]))
            }
        }
    }
}

/// `Attribute::new(...)` and a call for each word.
fn attribute(attribute: &AttributeDeclaration) -> TokenStream {
    let AttributeDeclaration { field: _, value, name, description, mode, words } = attribute;
    let mode = match mode {
        Mode::Required => quote!(Required),
        Mode::Optional => quote!(Optional),
        Mode::Computed => quote!(Computed),
        Mode::OptionalComputed => quote!(OptionalComputed),
    };
    let flags = [
        (words.sensitive, quote!(.sensitive())),
        (words.write_only, quote!(.write_only())),
        (words.not_null, quote!(.not_null())),
        (words.requires_replace, quote!(.requires_replace())),
        (words.unknown_on_update, quote!(.unknown_on_update())),
        (words.required_for_import, quote!(.required_for_import())),
        (words.optional_for_import, quote!(.optional_for_import())),
    ]
    .into_iter()
    .filter_map(|(word, call)| word.map(|_| call));
    let effects = words.effects.iter().map(|effect| quote!(.effect(::tfplugin::schema::Effect::#effect)));
    let deprecated = words.deprecated.as_ref().map(|instead| quote!(.deprecated(#instead)));
    let default = words.default.as_ref().map(|(_, expression)| {
        let default = default_value(value, expression);
        quote!(.default_value(|| <#value as ::tfplugin::typed::ValueType>::into_raw(#default)))
    });
    let validators = words.validate.iter().map(|(_, check)| {
        let check = check_of(value, check);
        quote!(.validator(::tfplugin::typed::validator::<#value, _>(#check)))
    });
    let equality = words.semantic_equal.as_ref().map(|(_, equal)| {
        // Of the macro, not of the author: the closure is only there so that `&String` may become `&str`.
        let span = Span::mixed_site().located_at(equal.span());
        quote_spanned! {span=>
            .semantic_equality(|prior, config| {
                ::tfplugin::typed::mean_the_same::<#value>(prior, config, |prior, config| (#equal)(prior, config))
            })
        }
    });
    let shape = quote_spanned!(value.span()=> <#value as ::tfplugin::typed::ValueType>::shape());
    quote! {
        ::tfplugin::schema::Attribute::new(#name, #description, #shape, ::tfplugin::schema::Mode::#mode)
            #(#flags)*
            #(#effects)*
            #deprecated
            #default
            #(#validators)*
            #equality
    }
}

/// A function's name is called in a closure, so that it may also take `&str` or `&[..]`; any other expression is one that
/// makes a check.
fn check_of(value: &Type, check: &Expr) -> TokenStream {
    match check {
        Expr::Path(_) => quote_spanned!(check.span()=> |value: &#value| #check(value)),
        maker => quote_spanned!(maker.span()=> #maker),
    }
}

/// Number literals take the attribute's own type, which `From` could not find for them; everything else is converted.
fn default_value(value: &Type, expression: &Expr) -> TokenStream {
    const PRIMITIVES: [&str; 5] = ["i64", "i32", "u32", "u16", "f64"];
    let primitive = PRIMITIVES.contains(&value.to_token_stream().to_string().as_str());
    if primitive && is_number(expression) {
        return quote_spanned!(expression.span()=> #expression);
    }
    quote_spanned!(expression.span()=> <#value as ::core::convert::From<_>>::from(#expression))
}

fn is_number(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Int(_) | Lit::Float(_)),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_number(&unary.expr),
        _ => false,
    }
}
