//! Objects as HCL. Pure.

use hcl::expr::{Object, ObjectKey, Traversal, TraversalOperator, Variable};
use hcl::{Attribute, Block, Body, Expression, Identifier};
use tfplugin::raw::RawValue;
use tfplugin::typed::Value;

use super::label::labels;
use crate::kubernetes_attribute::KubernetesConnection;

/// An object with what a configuration says of it.
pub(super) struct Exported {
    pub(super) type_name: &'static str,
    pub(super) id: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) config: RawValue,
}

/// What HCL cannot say. This is a bug of the provider.
#[derive(Debug, thiserror::Error)]
#[error("what was found cannot be written as HCL: {0}")]
pub(super) struct Error(#[from] hcl::Error);

/// The file: where the provider comes from, how the Kubernetes cluster is reached, and an import for each resource.
pub(super) fn write(
    connection: Value<KubernetesConnection>,
    exported: Vec<Exported>,
) -> Result<String, Error> {
    let names: Vec<_> =
        exported.iter().map(|one| (one.type_name, one.namespace.as_deref(), one.name.as_str())).collect();
    let labels = labels(&names);
    let mut parts = vec![required_provider()?, provider(connection)?];
    for (object, label) in exported.into_iter().zip(labels) {
        parts.push(import(&object, &label)?);
        let note = note(object.type_name);
        parts.push(format!("{note}{}", resource(object, &label)?));
    }
    Ok(parts.join("\n"))
}

/// What is left to the one who reads it.
fn note(type_name: &str) -> &'static str {
    if type_name == "kubeblocks_account" {
        "# Its password is known to nobody but the engine, and stays as it is. To set another one, write `password`, best from\n# an ephemeral variable, and `password_revision = 1`.\n"
    } else {
        ""
    }
}

fn text(block: Block) -> Result<String, Error> {
    Ok(hcl::format::to_string(&Body::from(vec![block]))?)
}

fn required_provider() -> Result<String, Error> {
    let source = Object::from([(key("source")?, Expression::from("kubeblocks/kubeblocks"))]);
    let inner = Block::builder("required_providers")
        .add_attribute(("kubeblocks", Expression::Object(source)))
        .build();
    text(Block::builder("terraform").add_block(inner).build())
}

fn provider(connection: Value<KubernetesConnection>) -> Result<String, Error> {
    let block = Block::builder("provider").add_label("kubeblocks");
    let block = match expression(connection.into_raw())? {
        Some(connection) => block.add_attribute(("kubernetes", connection)),
        None => block,
    };
    text(block.build())
}

fn import(object: &Exported, label: &str) -> Result<String, Error> {
    let to = Traversal::new(
        Variable::new(object.type_name)?,
        [TraversalOperator::GetAttr(Identifier::new(label)?)],
    );
    text(Block::builder("import").add_attribute(("to", to)).add_attribute(("id", object.id.as_str())).build())
}

fn resource(object: Exported, label: &str) -> Result<String, Error> {
    let mut block = Block::builder("resource").add_label(object.type_name).add_label(label);
    let RawValue::Object(attributes) = object.config else { return text(block.build()) };
    // What names the object comes first.
    let (first, rest): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|(name, _)| name == "namespace" || name == "name");
    for (name, value) in first.into_iter().chain(rest) {
        if let Some(value) = expression(value)? {
            block = block.add_attribute(Attribute::new(Identifier::new(name)?, value));
        }
    }
    text(block.build())
}

/// A value, or `None` for what is not written: nulls, and objects that hold nothing else.
fn expression(value: RawValue) -> Result<Option<Expression>, Error> {
    Ok(match value {
        RawValue::Null | RawValue::Unknown(_) => None,
        RawValue::Bool(value) => Some(value.into()),
        RawValue::String(text) => Some(literal(&text)),
        RawValue::Number(number) => Some(numeral(&number.to_string())),
        RawValue::List(values) | RawValue::Set(values) | RawValue::Tuple(values) => {
            let values: Result<Vec<_>, Error> = values.into_iter().map(expression).collect();
            Some(Expression::Array(
                values?.into_iter().map(|value| value.unwrap_or(Expression::Null)).collect(),
            ))
        }
        // The keys of a map are somebody's, and stay although nothing stands behind one.
        RawValue::Map(entries) => {
            let mut object = Object::new();
            for (name, value) in entries {
                let value = expression(value)?.unwrap_or_else(|| Expression::Object(Object::new()));
                object.insert(ObjectKey::Expression(literal(&name)), value);
            }
            Some(Expression::Object(object))
        }
        RawValue::Object(attributes) => {
            let mut object = Object::new();
            for (name, value) in attributes {
                if let Some(value) = expression(value)? {
                    object.insert(key(&name)?, value);
                }
            }
            Some(Expression::Object(object))
        }
        RawValue::Dynamic(inner) => return expression(inner.1),
    })
}

/// A number as it is written. One that no double holds stays a text, which Terraform converts.
fn numeral(text: &str) -> Expression {
    match (text.parse::<i64>(), text.parse().ok().and_then(hcl::Number::from_f64)) {
        (Ok(number), _) => number.into(),
        (_, Some(number)) => Expression::Number(number),
        _ => literal(text),
    }
}

fn key(name: &str) -> Result<ObjectKey, Error> {
    Ok(ObjectKey::Identifier(Identifier::new(name)?))
}

/// A text that stands for itself: what would begin a template in it is escaped where it is written.
fn literal(text: &str) -> Expression {
    Expression::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn text_of(text: &str) -> RawValue {
        RawValue::String(text.to_owned())
    }

    fn object<const N: usize>(attributes: [(&str, RawValue); N]) -> RawValue {
        RawValue::Object(attributes.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[test]
    fn an_object_is_written_with_its_import() {
        let tricky = "say \"${x}\" and %{ if } \\ \n";
        let config = object([
            ("definition", text_of("redis")),
            ("endpoints", RawValue::Null),
            ("name", text_of("cache")),
            ("labels", RawValue::Map(BTreeMap::from([("example.com/a".to_owned(), text_of(tricky))]))),
            ("running", RawValue::Bool(false)),
            ("size", RawValue::number(3)),
            ("topology", RawValue::List(vec![text_of("a"), RawValue::Null])),
            ("backup", object([("repo", RawValue::Null), ("method", text_of("datafile"))])),
            ("components", RawValue::Map(BTreeMap::from([("redis".to_owned(), RawValue::Null)]))),
        ]);
        let exported = Exported {
            type_name: "kubeblocks_cluster",
            id: "shop/cache".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "cache".to_owned(),
            config,
        };
        let written = write(Value::Null, vec![exported]).unwrap();
        let body: Body = hcl::parse(&written).unwrap();
        let blocks: Vec<&Block> = body.blocks().collect();
        let names: Vec<&str> = blocks.iter().map(|block| block.identifier()).collect();
        assert_eq!(names, ["terraform", "provider", "import", "resource"]);
        let attribute = |block: usize, name: &str| {
            let found = blocks[block].body().attributes().find(|attribute| attribute.key() == name);
            found.map(|attribute| hcl::format::to_string(attribute.expr()).unwrap())
        };
        assert_eq!(attribute(2, "to").unwrap(), "kubeblocks_cluster.cache");
        assert_eq!(attribute(2, "id").unwrap(), "\"shop/cache\"");
        assert_eq!(attribute(3, "endpoints"), None);
        assert_eq!(attribute(3, "running").unwrap(), "false");
        assert_eq!(attribute(3, "size").unwrap(), "3");
        assert!(!attribute(3, "backup").unwrap().contains("repo"));
        assert!(attribute(3, "components").unwrap().contains("\"redis\" = {}"), "{written}");
        // What it says, when it is read as HCL reads it.
        let labels = blocks[3].body().attributes().find(|attribute| attribute.key() == "labels").unwrap();
        let context = hcl::eval::Context::new();
        let value = hcl::eval::Evaluate::evaluate(labels.expr(), &context).unwrap();
        assert_eq!(value.as_object().unwrap()["example.com/a"], hcl::Value::from(tricky));
    }
}
