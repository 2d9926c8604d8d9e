//! Made-up states of any resource: every argument has a value, at every depth, so that each can be changed alone.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tfplugin::codec::decode_json;
use tfplugin::raw::RawValue;
use tfplugin::schema::{Attribute, Nesting, Schema, Shape};
use tfplugin::types::Type;

use super::cases::{Case, obstacles};

/// A state as an apply left it, and the configuration that it was made of.
pub(super) struct Fixture<'a> {
    schema: &'a Schema,
    case: &'a Case,
    pub(super) prior: RawValue,
}

impl<'a> Fixture<'a> {
    /// The state before a change. `listed` are the values that matter to the resource.
    pub(super) fn new(resource: &str, schema: &'a Schema, listed: &'a [Case], case: &'a Case) -> Self {
        let maker = Maker { listed, case, without: obstacles(resource, &case.path) };
        Self { schema, case, prior: maker.object(&schema.attributes, "") }
    }

    /// The configuration with the changed argument.
    pub(super) fn config_with(&self, after: &Json) -> RawValue {
        let mut config = configuration(self.schema, &self.prior);
        let names: Vec<&str> = self.case.path.split('.').collect();
        set(&mut config, &self.schema.attributes, &names, after);
        config
    }
}

struct Maker<'a> {
    listed: &'a [Case],
    case: &'a Case,
    without: &'static [&'static str],
}

impl Maker<'_> {
    fn object(&self, attributes: &[Attribute], holder: &str) -> RawValue {
        RawValue::object(attributes.iter().map(|attribute| {
            let dot = if holder.is_empty() { "" } else { "." };
            let path = format!("{holder}{dot}{}", attribute.name);
            (attribute.name.clone(), self.value(attribute, &path))
        }))
    }

    fn value(&self, attribute: &Attribute, path: &str) -> RawValue {
        if attribute.write_only || self.without.contains(&path) {
            return RawValue::Null;
        }
        let of_case = Some(self.case).filter(|case| case.path == path);
        let listed = of_case.into_iter().chain(self.listed.iter().filter(|case| case.path == path));
        if let Some(before) = listed.clone().find_map(|case| case.before.as_ref()) {
            return raw(before, &attribute.shape);
        }
        match &attribute.shape {
            Shape::Type(kind) => raw(&made_up(kind), &Shape::Type(kind.clone())),
            Shape::Nested { nesting, attributes } => {
                let object = self.object(attributes, path);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => RawValue::list([object]),
                    Nesting::Set => RawValue::set([object]),
                    Nesting::Map => RawValue::map([("one", object)]),
                }
            }
        }
    }
}

/// A value of a plain type.
fn made_up(kind: &Type) -> Json {
    match kind {
        Type::String | Type::Dynamic => json!("one"),
        Type::Number => json!(1),
        Type::Bool => json!(false),
        Type::List(inner) | Type::Set(inner) => json!([made_up(inner)]),
        Type::Map(inner) => json!({ "one": made_up(inner) }),
        Type::Object(attributes) => {
            attributes.iter().map(|(name, kind)| (name.clone(), made_up(kind))).collect()
        }
        Type::Tuple(_) => panic!("no schema has tuples"),
    }
}

/// Another value than `before`, or than the made-up one.
pub(super) fn other(shape: &Shape, before: Option<&Json>) -> Json {
    let Shape::Type(kind) = shape else { panic!("objects are changed by what is in them") };
    different(before.unwrap_or(&made_up(kind)))
}

fn different(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(format!("{text}-2")),
        Json::Number(number) => json!(number.as_i64().unwrap() + 1),
        Json::Bool(value) => json!(!value),
        Json::Array(elements) => elements.iter().map(different).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), different(value))).collect(),
        Json::Null => panic!("say what a value that is left out is changed to"),
    }
}

fn raw(value: &Json, shape: &Shape) -> RawValue {
    match shape {
        Shape::Type(Type::Dynamic) if !value.is_null() => of_any_type(value).into_dynamic(),
        _ => decode_json(value, &shape.to_type()).unwrap_or_else(|error| panic!("{value}: {error}")),
    }
}

fn of_any_type(value: &Json) -> RawValue {
    match value {
        Json::Null => RawValue::Null,
        Json::Bool(value) => RawValue::Bool(*value),
        Json::Number(number) => RawValue::number(number.as_i64().unwrap()),
        Json::String(text) => RawValue::string(text),
        Json::Array(elements) => RawValue::Tuple(elements.iter().map(of_any_type).collect()),
        Json::Object(entries) => {
            RawValue::object(entries.iter().map(|(key, value)| (key.clone(), of_any_type(value))))
        }
    }
}

/// The configuration that a state was made of: without what only the provider gives.
pub(super) fn configuration(schema: &Schema, state: &RawValue) -> RawValue {
    tfplugin::configuration_of(schema, state.clone())
}

/// Puts a value in; in lists and maps it goes into the only element.
fn set(holder: &mut RawValue, attributes: &[Attribute], names: &[&str], value: &Json) {
    let [name, rest @ ..] = names else { panic!("an argument has a name") };
    let attribute = attributes.iter().find(|attribute| attribute.name == *name).unwrap();
    let RawValue::Object(held) = holder else { panic!("{name} is in an object") };
    let place = held.get_mut(*name).unwrap();
    if rest.is_empty() {
        *place = raw(value, &attribute.shape);
        return;
    }
    let Shape::Nested { attributes, .. } = &attribute.shape else { panic!("{name} holds arguments") };
    let object = match place {
        RawValue::List(elements) => elements.first_mut().unwrap(),
        RawValue::Map(elements) => only(elements),
        object => object,
    };
    set(object, attributes, rest, value);
}

fn only(elements: &mut BTreeMap<String, RawValue>) -> &mut RawValue {
    elements.values_mut().next().unwrap()
}
