//! From the struct as written to a checked declaration. Every rule of the words in `#[tf(...)]` stands here; what needs
//! the whole schema (reserved names, nesting) is checked by `Schema::check`.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Expr, Field, Fields, GenericArgument, Ident, LitInt, LitStr, PathArguments, Type,
};

use crate::options::{self, Mistakes};

const STRUCT_OPTIONS: &[&str] = &["version", "deprecated"];
const FIELD_OPTIONS: &[&str] = &[
    "required",
    "optional",
    "computed",
    "default",
    "sensitive",
    "write_only",
    "validate",
    "semantic_equal",
    "requires_replace",
    "effect",
    "unknown_on_update",
    "not_null",
    "rename",
    "deprecated",
    "required_for_import",
    "optional_for_import",
];

/// A struct that declares a schema.
pub(crate) struct Declaration {
    pub(crate) name: Ident,
    pub(crate) description: String,
    pub(crate) version: Option<LitInt>,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) attributes: Vec<AttributeDeclaration>,
}

/// A field that declares an attribute.
pub(crate) struct AttributeDeclaration {
    pub(crate) field: Ident,
    /// `T` of `Value<T>`.
    pub(crate) value: Type,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) mode: Mode,
    pub(crate) words: Words,
}

/// Who gives the value.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Required,
    Optional,
    Computed,
    OptionalComputed,
}

/// The words at a field: where each stands, and its value.
#[derive(Default)]
pub(crate) struct Words {
    required: Option<Span>,
    optional: Option<Span>,
    computed: Option<Span>,
    pub(crate) default: Option<(Span, Expr)>,
    pub(crate) sensitive: Option<Span>,
    pub(crate) write_only: Option<Span>,
    pub(crate) validate: Vec<(Span, Expr)>,
    pub(crate) semantic_equal: Option<(Span, Expr)>,
    pub(crate) requires_replace: Option<Span>,
    /// Variants of `tfplugin::schema::Effect`.
    pub(crate) effects: Vec<Ident>,
    pub(crate) unknown_on_update: Option<Span>,
    pub(crate) not_null: Option<Span>,
    rename: Option<LitStr>,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) required_for_import: Option<Span>,
    pub(crate) optional_for_import: Option<Span>,
}

/// Reads a struct, or says everything that is wrong with it.
pub(crate) fn read(input: DeriveInput) -> syn::Result<Declaration> {
    let mut mistakes = Mistakes::default();
    let fields = match input.data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) => fields.named,
            Fields::Unit | Fields::Unnamed(_) => return Err(not_a_struct(&input.ident)),
        },
        Data::Enum(_) | Data::Union(_) => return Err(not_a_struct(&input.ident)),
    };
    if !input.generics.params.is_empty() {
        mistakes.add(input.generics.span(), "a schema cannot have parameters");
    }
    let description = options::description(&input.attrs);
    if description.is_empty() {
        let message =
            format!("`{}` has no description: add a `///` comment for the practitioner", input.ident);
        mistakes.add(input.ident.span(), message);
    }
    let (mut version, mut deprecated) = (None, None);
    for entry in options::entries(&input.attrs, STRUCT_OPTIONS, &[], &mut mistakes) {
        if entry.name == "version" {
            version = options::integer(entry, "1", &mut mistakes);
        } else {
            deprecated = options::string(entry, "\"use ... instead\"", &mut mistakes);
        }
    }
    let mut attributes: Vec<AttributeDeclaration> = Vec::new();
    for field in fields {
        let span = field.ident.as_ref().map_or_else(|| field.span(), Ident::span);
        let Some(attribute) = read_field(field, &mut mistakes) else { continue };
        if attributes.iter().any(|other| other.name == attribute.name) {
            mistakes.add(span, format!("two attributes are called `{}`", attribute.name));
        }
        attributes.push(attribute);
    }
    mistakes.into_result(Declaration { name: input.ident, description, version, deprecated, attributes })
}

fn not_a_struct(name: &Ident) -> syn::Error {
    syn::Error::new(name.span(), "only a struct with named fields can declare a schema")
}

fn read_field(field: Field, mistakes: &mut Mistakes) -> Option<AttributeDeclaration> {
    let ident = field.ident?;
    let words = read_words(options::entries(&field.attrs, FIELD_OPTIONS, &["validate"], mistakes), mistakes);
    let name = words.rename.as_ref().map_or_else(|| ident.unraw().to_string(), LitStr::value);
    let span = words.rename.as_ref().map_or_else(|| ident.span(), LitStr::span);
    if !is_name(&name) {
        mistakes.add(
            span,
            format!("`{name}` cannot name an attribute: use lower-case letters, digits and underscores, starting with a letter"),
        );
    }
    let description = options::description(&field.attrs);
    if description.is_empty() {
        mistakes.add(
            ident.span(),
            format!("attribute `{name}` has no description: add a `///` comment for the practitioner"),
        );
    }
    let value = inside_value(&field.ty);
    if value.is_none() {
        mistakes.add(
            field.ty.span(),
            format!("attribute `{name}` must be a `Value<...>`, as it may be null or unknown"),
        );
    }
    let mode = mode(&words, &name, ident.span(), mistakes);
    check_words(&words, mistakes);
    Some(AttributeDeclaration { field: ident, value: value?, name, description, mode: mode?, words })
}

fn read_words(entries: Vec<options::Entry>, mistakes: &mut Mistakes) -> Words {
    let mut words = Words::default();
    for entry in entries {
        match entry.name.to_string().as_str() {
            "required" => words.required = Some(options::flag(&entry, mistakes)),
            "optional" => words.optional = Some(options::flag(&entry, mistakes)),
            "computed" => words.computed = Some(options::flag(&entry, mistakes)),
            "default" => words.default = options::expression(entry, "false", mistakes),
            "sensitive" => words.sensitive = Some(options::flag(&entry, mistakes)),
            "write_only" => words.write_only = Some(options::flag(&entry, mistakes)),
            "validate" => words.validate.extend(options::expression(entry, "is_valid_name", mistakes)),
            "semantic_equal" => words.semantic_equal = options::expression(entry, "same_quantity", mistakes),
            "requires_replace" => words.requires_replace = Some(options::flag(&entry, mistakes)),
            "effect" => words.effects = options::effects(entry, mistakes),
            "unknown_on_update" => words.unknown_on_update = Some(options::flag(&entry, mistakes)),
            "not_null" => words.not_null = Some(options::flag(&entry, mistakes)),
            "rename" => words.rename = options::string(entry, "\"type\"", mistakes),
            "deprecated" => words.deprecated = options::string(entry, "\"use ... instead\"", mistakes),
            "required_for_import" => words.required_for_import = Some(options::flag(&entry, mistakes)),
            "optional_for_import" => words.optional_for_import = Some(options::flag(&entry, mistakes)),
            // `options::entries` passed only known words on.
            other => mistakes.add(entry.name.span(), format!("`{other}` is not handled")),
        }
    }
    words
}

/// Who gives the value, which every field must say in one way.
fn mode(words: &Words, name: &str, span: Span, mistakes: &mut Mistakes) -> Option<Mode> {
    let identity = words.required_for_import.or(words.optional_for_import);
    if let Some(identity) = identity {
        if let (Some(_), Some(second)) = (words.required_for_import, words.optional_for_import) {
            mistakes.add(
                second,
                "an import either must or may give it: remove `required_for_import` or `optional_for_import`",
            );
        }
        if words.required.or(words.optional).or(words.computed).is_some() {
            mistakes.add(identity, "an attribute of an identity has no `required`, `optional` or `computed`");
        }
        let required = words.required_for_import.is_some();
        return Some(if required { Mode::Required } else { Mode::Optional });
    }
    match (words.required, words.optional, words.computed) {
        (Some(_), None, None) => Some(Mode::Required),
        (None, Some(_), None) => Some(Mode::Optional),
        (None, None, Some(_)) => Some(Mode::Computed),
        (None, Some(_), Some(_)) => Some(Mode::OptionalComputed),
        (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
            mistakes.add(other, "a required attribute is neither optional nor computed");
            None
        }
        (None, None, None) => {
            mistakes.add(
                span,
                format!("attribute `{name}` does not say who gives its value: add `#[tf(required)]`, `#[tf(optional)]`, `#[tf(computed)]` or `#[tf(optional, computed)]`"),
            );
            None
        }
    }
}

/// The words that do not go together, or that would do nothing.
fn check_words(words: &Words, mistakes: &mut Mistakes) {
    let identity = words.required_for_import.is_some() || words.optional_for_import.is_some();
    let configurable = words.required.is_some() || words.optional.is_some() || identity;
    if let Some((span, _)) = words.default
        && (words.optional.is_none() || words.computed.is_some())
    {
        mistakes.add(span, "a default is for an attribute that is `optional` and not `computed`");
    }
    if let Some(span) = words.write_only {
        if words.computed.is_some() || words.default.is_some() {
            mistakes.add(
                span,
                "a write-only value comes from the configuration alone: remove `computed` and `default`",
            );
        }
        if let Some(span) = words.requires_replace.or(words.semantic_equal.as_ref().map(|(span, _)| *span)) {
            mistakes
                .add(span, "a write-only value is in no plan or state, so nothing can be compared with it");
        }
    }
    if let Some(effect) = words.effects.first() {
        if !configurable {
            mistakes.add(effect.span(), "nobody can change a value that only the provider gives");
        } else if words.requires_replace.is_some() {
            mistakes.add(effect.span(), "`requires_replace` says the effect of a change already");
        }
    }
    if let (Some(span), None) = (words.not_null, words.computed) {
        mistakes.add(span, "`not_null` promises something about a `computed` value");
    }
    if let (Some(span), None) = (words.unknown_on_update, words.computed) {
        mistakes.add(span, "`unknown_on_update` is for a `computed` attribute");
    }
    if !configurable {
        for (span, _) in words.validate.iter().chain(&words.semantic_equal) {
            mistakes
                .add(*span, "a value that only the provider gives is not checked against the configuration");
        }
    }
}

/// `T` of `Value<T>`.
fn inside_value(field: &Type) -> Option<Type> {
    let Type::Path(path) = field else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Value")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(value)) if arguments.args.len() == 1 => Some(value.clone()),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
