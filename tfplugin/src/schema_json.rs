//! Schemas as `terraform providers schema -json` prints them, so that a golden file of a provider's contract can be
//! compared with what the real command says. Pure; the running provider does not use it.

use serde_json::{Map, Value, json};

use crate::function::{Parameter, Signature};
use crate::provider::Provider;
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::typed::TerraformSchema;

/// Which command's output to write. Newer ones say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What Terraform 1.11 prints: no identities, list resources, actions and reasons of deprecations.
    Terraform1_11,
    /// All that the newest Terraform prints.
    Full,
}

/// The whole output for one provider; `address` is its full source address, such as
/// `registry.terraform.io/kubeblocks/kubeblocks`.
pub fn providers<P: Provider>(address: &str, provider: &P, detail: Detail) -> Value {
    json!({ "format_version": "1.0", "provider_schemas": { address: self::provider(provider, detail) } })
}

/// One provider in that output.
pub fn provider<P: Provider>(provider: &P, detail: Detail) -> Value {
    let (resources, data_sources) = (provider.resources(), provider.data_sources());
    let (ephemeral, functions) = (provider.ephemeral_resources(), provider.functions());
    let mut object = Map::new();
    object.insert("provider".to_owned(), schema(&P::Config::schema(), detail));
    let mut section = |name: &str, entries: Vec<(&str, Value)>| {
        if !entries.is_empty() {
            let entries: Map<String, Value> =
                entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            object.insert(name.to_owned(), Value::Object(entries));
        }
    };
    let one = |schema: Schema| self::schema(&schema, detail);
    section(
        "resource_schemas",
        resources.iter().map(|each| (each.type_name(), one(each.schema()))).collect(),
    );
    section(
        "data_source_schemas",
        data_sources.iter().map(|each| (each.type_name(), one(each.schema()))).collect(),
    );
    section(
        "ephemeral_resource_schemas",
        ephemeral.iter().map(|each| (each.type_name(), one(each.schema()))).collect(),
    );
    section("functions", functions.iter().map(|each| (each.name(), function(&each.signature()))).collect());
    if detail == Detail::Terraform1_11 {
        return Value::Object(object);
    }
    let (lists, actions) = (provider.list_resources(), provider.actions());
    section(
        "list_resource_schemas",
        lists.iter().map(|each| (each.type_name(), one(each.schema()))).collect(),
    );
    section(
        "resource_identity_schemas",
        resources
            .iter()
            .map(|each| (each.type_name(), each.identity_schema()))
            .filter(|(_, schema)| !schema.attributes.is_empty())
            .map(|(name, schema)| (name, identity(&schema)))
            .collect(),
    );
    section(
        "action_schemas",
        actions
            .iter()
            .map(|each| (each.type_name(), json!({ "block": block(&each.schema(), detail) })))
            .collect(),
    );
    Value::Object(object)
}

/// The schema of a provider block, resource, data source, ephemeral resource or list resource.
pub fn schema(schema: &Schema, detail: Detail) -> Value {
    json!({ "version": schema.version, "block": block(schema, detail) })
}

/// The schema of an identity.
pub fn identity(schema: &Schema) -> Value {
    let mut object = Map::new();
    object.insert("version".to_owned(), schema.version.into());
    let attributes: Map<String, Value> = schema
        .attributes
        .iter()
        .map(|attribute| {
            let mut object = Map::new();
            object.insert("type".to_owned(), attribute.shape.to_type().to_json());
            text(&mut object, "description", &attribute.description);
            flag(&mut object, "required_for_import", attribute.required_for_import);
            flag(&mut object, "optional_for_import", attribute.optional_for_import);
            (attribute.name.clone(), Value::Object(object))
        })
        .collect();
    if !attributes.is_empty() {
        object.insert("attributes".to_owned(), Value::Object(attributes));
    }
    Value::Object(object)
}

/// The signature of a function.
pub fn function(signature: &Signature) -> Value {
    let Signature { summary, description, parameters, variadic_parameter, result, deprecated } = signature;
    let mut object = Map::new();
    text(&mut object, "description", description);
    text(&mut object, "summary", summary);
    text(&mut object, "deprecation_message", deprecated.as_deref().unwrap_or_default());
    object.insert("return_type".to_owned(), result.to_json());
    if !parameters.is_empty() {
        object.insert("parameters".to_owned(), parameters.iter().map(parameter).collect());
    }
    if let Some(variadic) = variadic_parameter {
        object.insert("variadic_parameter".to_owned(), parameter(variadic));
    }
    Value::Object(object)
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { name, kind, description, allow_null, allow_unknown: _ } = parameter;
    let mut object = Map::new();
    text(&mut object, "name", name);
    text(&mut object, "description", description);
    flag(&mut object, "is_nullable", *allow_null);
    object.insert("type".to_owned(), kind.to_json());
    Value::Object(object)
}

fn block(schema: &Schema, detail: Detail) -> Value {
    let mut object = Map::new();
    if !schema.attributes.is_empty() {
        object.insert("attributes".to_owned(), attributes(&schema.attributes, detail));
    }
    described(&mut object, &schema.description, schema.deprecated.as_deref(), detail);
    Value::Object(object)
}

fn attributes(attributes: &[Attribute], detail: Detail) -> Value {
    attributes.iter().map(|each| (each.name.clone(), attribute(each, detail))).collect::<Map<_, _>>().into()
}

fn attribute(attribute: &Attribute, detail: Detail) -> Value {
    let mut object = Map::new();
    match &attribute.shape {
        Shape::Type(kind) => object.insert("type".to_owned(), kind.to_json()),
        Shape::Nested { nesting, attributes: inner } => {
            let mut nested = Map::new();
            if !inner.is_empty() {
                nested.insert("attributes".to_owned(), attributes(inner, detail));
            }
            nested.insert("nesting_mode".to_owned(), nesting_mode(*nesting).into());
            object.insert("nested_type".to_owned(), Value::Object(nested))
        }
    };
    described(&mut object, &attribute.description, attribute.deprecated.as_deref(), detail);
    flag(&mut object, "required", attribute.mode == Mode::Required);
    flag(&mut object, "optional", matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed));
    flag(&mut object, "computed", attribute.is_computed());
    flag(&mut object, "sensitive", attribute.sensitive);
    flag(&mut object, "write_only", attribute.write_only);
    Value::Object(object)
}

fn nesting_mode(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "single",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

fn described(object: &mut Map<String, Value>, description: &str, deprecated: Option<&str>, detail: Detail) {
    text(object, "description", description);
    object.insert("description_kind".to_owned(), "markdown".into());
    flag(object, "deprecated", deprecated.is_some());
    if detail == Detail::Full {
        text(object, "deprecation_message", deprecated.unwrap_or_default());
    }
}

/// Terraform leaves out what is empty.
fn text(object: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        object.insert(name.to_owned(), text.into());
    }
}

/// Terraform leaves out what is false.
fn flag(object: &mut Map<String, Value>, name: &str, flag: bool) {
    if flag {
        object.insert(name.to_owned(), true.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Type;

    fn text(name: &str, mode: Mode) -> Attribute {
        Attribute::new(name, "Text.", Shape::Type(Type::String), mode)
    }

    #[test]
    fn a_schema_says_what_is_true_and_nothing_else() {
        let inner = vec![text("size", Mode::Optional).default_value(|| "small".into())];
        let shape = Shape::Nested { nesting: Nesting::Map, attributes: inner };
        let schema = Schema::new("A thing.")
            .version(2)
            .deprecated("use another")
            .attribute(text("name", Mode::Required).deprecated("use id"))
            .attribute(text("token", Mode::Optional).write_only().sensitive())
            .attribute(Attribute::new("members", "", shape, Mode::Computed));
        let expected = json!({
            "version": 2,
            "block": {
                "description": "A thing.",
                "description_kind": "markdown",
                "deprecated": true,
                "deprecation_message": "use another",
                "attributes": {
                    "name": {
                        "type": "string",
                        "description": "Text.",
                        "description_kind": "markdown",
                        "deprecated": true,
                        "deprecation_message": "use id",
                        "required": true,
                    },
                    "token": {
                        "type": "string",
                        "description": "Text.",
                        "description_kind": "markdown",
                        "optional": true,
                        "sensitive": true,
                        "write_only": true,
                    },
                    "members": {
                        "description_kind": "markdown",
                        "computed": true,
                        "nested_type": {
                            "nesting_mode": "map",
                            "attributes": {
                                "size": {
                                    "type": "string",
                                    "description": "Text.",
                                    "description_kind": "markdown",
                                    "optional": true,
                                    "computed": true,
                                },
                            },
                        },
                    },
                },
            },
        });
        assert_eq!(super::schema(&schema, Detail::Full), expected);
        assert!(!super::schema(&schema, Detail::Terraform1_11).to_string().contains("deprecation_message"));
    }

    #[test]
    fn an_identity_says_what_an_import_needs() {
        let schema = Schema::new("")
            .attribute(text("name", Mode::Required).required_for_import())
            .attribute(text("zone", Mode::Optional).optional_for_import());
        let expected = json!({
            "version": 0,
            "attributes": {
                "name": { "type": "string", "description": "Text.", "required_for_import": true },
                "zone": { "type": "string", "description": "Text.", "optional_for_import": true },
            },
        });
        assert_eq!(identity(&schema), expected);
    }

    #[test]
    fn a_function_says_its_signature() {
        let parameter = |name: &str, allow_null| Parameter {
            name: name.to_owned(),
            kind: Type::List(Box::new(Type::Number)),
            description: String::new(),
            allow_null,
            allow_unknown: true,
        };
        let signature = Signature {
            summary: "Adds".to_owned(),
            description: "Adds numbers.".to_owned(),
            parameters: vec![parameter("first", false)],
            variadic_parameter: Some(parameter("more", true)),
            result: Type::Number,
            deprecated: None,
        };
        let expected = json!({
            "summary": "Adds",
            "description": "Adds numbers.",
            "parameters": [{ "name": "first", "type": ["list", "number"] }],
            "variadic_parameter": { "name": "more", "type": ["list", "number"], "is_nullable": true },
            "return_type": "number",
        });
        assert_eq!(function(&signature), expected);
    }
}
