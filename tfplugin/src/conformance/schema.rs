//! The rules of schemas: what Terraform refuses when it loads a provider, and what can never work.

use super::values::is_of;
use super::{Violations, violation};
use crate::function::{Parameter, Signature};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::types::Type;

/// What a schema describes; each kind has names that Terraform keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// The provider block.
    Provider,
    /// A managed resource.
    Resource,
    /// A data source.
    DataSource,
    /// An ephemeral resource.
    EphemeralResource,
    /// The configuration of a list resource.
    ListResource,
    /// The configuration of an action.
    Action,
    /// The identity of a managed resource.
    Identity,
}

impl SchemaKind {
    fn reserved_names(self) -> &'static [&'static str] {
        match self {
            Self::Provider => &["alias", "version"],
            Self::Resource | Self::DataSource | Self::EphemeralResource | Self::Action => {
                &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"]
            }
            Self::ListResource | Self::Identity => &[],
        }
    }

    fn stores_state(self) -> bool {
        matches!(self, Self::Resource)
    }
}

/// What is wrong with a schema.
pub fn assert_schema(kind: SchemaKind, schema: &Schema) -> Violations {
    let mut found = Violations::new();
    let root = Path::root();
    if schema.version < 0 {
        found.push(violation(&root, "a schema version is not negative"));
    }
    for attribute in &schema.attributes {
        if kind.reserved_names().contains(&attribute.name.as_str()) {
            found.push(violation(
                &Path::attribute(attribute.name.clone()),
                "Terraform keeps this name for itself",
            ));
        }
    }
    let place = Place { kind, in_set: false, in_write_only: false, in_read_only: false };
    attributes(place, &schema.attributes, &root, &mut found);
    found
}

/// What is wrong with the signature of a function. `name` is the function's.
pub fn assert_signature(name: &str, signature: &Signature) -> Violations {
    let path = Path::attribute(name);
    let mut found = Violations::new();
    if !is_identifier(name) {
        found.push(violation(&path, "the function's name is not an identifier"));
    }
    let parameters: Vec<&Parameter> =
        signature.parameters.iter().chain(&signature.variadic_parameter).collect();
    for (position, parameter) in parameters.iter().enumerate() {
        let path = path.then_attribute(parameter.name.clone());
        if !is_identifier(&parameter.name) {
            found.push(violation(&path, "a parameter's name is not an identifier"));
        }
        if parameters.iter().take(position).any(|earlier| earlier.name == parameter.name) {
            found.push(violation(&path, "two parameters have this name, the variadic one counted"));
        }
    }
    found
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic())
        && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

#[derive(Clone, Copy)]
struct Place {
    kind: SchemaKind,
    in_set: bool,
    in_write_only: bool,
    in_read_only: bool,
}

fn attributes(place: Place, all: &[Attribute], path: &Path, found: &mut Violations) {
    for (position, each) in all.iter().enumerate() {
        let path = path.then_attribute(each.name.clone());
        if all.iter().take(position).any(|earlier| earlier.name == each.name) {
            found.push(violation(&path, "declared twice"));
        }
        attribute(place, each, &path, found);
    }
}

fn attribute(place: Place, each: &Attribute, path: &Path, found: &mut Violations) {
    let is_name = !each.name.is_empty()
        && each
            .name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    let is_identity = place.kind == SchemaKind::Identity;
    let for_import = u8::from(each.required_for_import) + u8::from(each.optional_for_import);
    let computed = matches!(each.mode, Mode::Computed | Mode::OptionalComputed);
    let primitive = matches!(each.shape, Shape::Type(Type::String | Type::Number | Type::Bool));
    let primitives = match &each.shape {
        Shape::Type(Type::List(inner)) => matches!(**inner, Type::String | Type::Number | Type::Bool),
        _ => primitive,
    };
    let rules = [
        (!is_name, "a name is made of lowercase letters, digits and underscores"),
        (is_identity && for_import != 1, "an identity attribute is either required or optional for import"),
        (is_identity && !primitives, "an identity attribute is a primitive or a list of primitives"),
        (!is_identity && for_import != 0, "only identity attributes say what an import needs"),
        (
            each.write_only && (computed || each.default.is_some()),
            "a write-only attribute cannot be computed",
        ),
        (each.write_only && place.in_set, "a set of nested objects cannot hold write-only attributes"),
        (
            place.in_write_only && !each.write_only,
            "what is inside of a write-only attribute must be write-only too",
        ),
        (
            each.write_only && !matches!(place.kind, SchemaKind::Resource | SchemaKind::Action),
            "nothing of this is stored, so that nothing can be write-only",
        ),
        (place.in_set && holds_dynamic(&each.shape), "a set of nested objects cannot hold dynamic values"),
        (
            place.in_read_only && each.mode != Mode::Computed,
            "what is inside of a read-only attribute is read-only too",
        ),
        (
            each.default.is_some() && matches!(each.mode, Mode::Required | Mode::Computed),
            "only what is optional can have a default",
        ),
        (
            each.default.is_some_and(|make| !is_of(&each.shape.to_type(), &make())),
            "the default is not of the attribute's type",
        ),
        (
            each.default.is_some_and(|make| matches!(make(), RawValue::Null) || !make().is_wholly_known()),
            "a default is known and not null",
        ),
        (each.not_null && !each.is_computed(), "only a computed value can be promised not to be null"),
        (each.plan.unknown_on_update && !computed, "only a computed value can become unknown on update"),
        (
            each.plan.semantic_equality.is_some() && each.mode == Mode::Computed,
            "a value that is never configured needs no semantic equality",
        ),
        (
            each.plan.requires_replace && place.in_set,
            "a replacement inside of a set is never noticed; it belongs to the set",
        ),
        (
            (each.plan.requires_replace || each.plan.unknown_on_update) && !place.kind.stores_state(),
            "only resources are planned",
        ),
    ];
    found.extend(rules.iter().filter(|(broken, _)| *broken).map(|(_, message)| violation(path, *message)));
    if let Shape::Nested { nesting, attributes: inner } = &each.shape {
        let place = Place {
            in_set: place.in_set || *nesting == Nesting::Set,
            in_write_only: place.in_write_only || each.write_only,
            in_read_only: place.in_read_only || each.mode == Mode::Computed,
            ..place
        };
        attributes(place, inner, path, found);
    }
}

fn holds_dynamic(shape: &Shape) -> bool {
    fn is_dynamic(kind: &Type) -> bool {
        match kind {
            Type::Dynamic => true,
            Type::String | Type::Number | Type::Bool => false,
            Type::List(inner) | Type::Set(inner) | Type::Map(inner) => is_dynamic(inner),
            Type::Object(kinds) => kinds.values().any(is_dynamic),
            Type::Tuple(kinds) => kinds.iter().any(is_dynamic),
        }
    }
    match shape {
        Shape::Type(kind) => is_dynamic(kind),
        // Its own attributes are asked one by one.
        Shape::Nested { .. } => false,
    }
}
