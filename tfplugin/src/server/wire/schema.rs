//! Schemas and signatures as messages.

use bytes::Bytes;

use crate::function::{Parameter, Signature};
use crate::generated::tfplugin6 as wire;
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::types::Type;

/// The schema of a block.
pub(in crate::server) fn block_schema(schema: &Schema) -> wire::Schema {
    let Schema { version, description, deprecated, attributes } = schema;
    wire::Schema {
        version: *version,
        block: Some(wire::schema::Block {
            version: *version,
            attributes: attributes.iter().map(attribute).collect(),
            block_types: Vec::new(),
            description: description.clone(),
            description_kind: wire::StringKind::Markdown.into(),
            deprecated: deprecated.is_some(),
            deprecation_message: deprecated.clone().unwrap_or_default(),
            computed: false,
        }),
    }
}

fn attribute(attribute: &Attribute) -> wire::schema::Attribute {
    let (kind, nested_type) = match &attribute.shape {
        Shape::Type(kind) => (type_bytes(kind), None),
        Shape::Nested { nesting, attributes } => (Bytes::new(), Some(nested(*nesting, attributes))),
    };
    // Terraform lets a default be planned only where the provider may give the value.
    let defaulted = attribute.default.is_some();
    wire::schema::Attribute {
        name: attribute.name.clone(),
        r#type: kind,
        nested_type,
        description: attribute.description.clone(),
        required: attribute.mode == Mode::Required,
        optional: matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        computed: matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed) || defaulted,
        sensitive: attribute.sensitive,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: attribute.deprecated.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecated.clone().unwrap_or_default(),
    }
}

fn nested(nesting: Nesting, attributes: &[Attribute]) -> wire::schema::Object {
    use wire::schema::object::NestingMode;

    let mode = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    wire::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: mode.into(),
        ..wire::schema::Object::default()
    }
}

/// The schema of an identity.
pub(in crate::server) fn identity_schema(schema: &Schema) -> wire::ResourceIdentitySchema {
    wire::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: schema
            .attributes
            .iter()
            .map(|attribute| wire::resource_identity_schema::IdentityAttribute {
                name: attribute.name.clone(),
                r#type: type_bytes(&attribute.shape.to_type()),
                required_for_import: attribute.required_for_import,
                optional_for_import: attribute.optional_for_import,
                description: attribute.description.clone(),
            })
            .collect(),
    }
}

/// The signature of a function.
pub(in crate::server) fn function(signature: Signature) -> wire::Function {
    let Signature { summary, description, parameters, variadic_parameter, result, deprecated } = signature;
    wire::Function {
        parameters: parameters.into_iter().map(parameter).collect(),
        variadic_parameter: variadic_parameter.map(parameter),
        r#return: Some(wire::function::Return { r#type: type_bytes(&result) }),
        summary,
        description,
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: deprecated.unwrap_or_default(),
    }
}

fn parameter(parameter: Parameter) -> wire::function::Parameter {
    let Parameter { name, kind, description, allow_null, allow_unknown } = parameter;
    wire::function::Parameter {
        name,
        r#type: type_bytes(&kind),
        allow_null_value: allow_null,
        allow_unknown_values: allow_unknown,
        description,
        description_kind: wire::StringKind::Markdown.into(),
    }
}

fn type_bytes(kind: &Type) -> Bytes {
    kind.to_json().to_string().into()
}
