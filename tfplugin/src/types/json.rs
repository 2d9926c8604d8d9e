//! Types in the JSON notation of the protocol: `"string"`, `["list","string"]`, `["object",{"name":"string"}]`. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Type;

/// How deep types and values may be nested; what JSON parsers commonly bear.
pub(crate) const MAX_DEPTH: usize = 128;

/// Why JSON is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// No JSON at all.
    #[error("the type is not JSON")]
    Json,
    /// A word that is no primitive type.
    #[error("there is no type \"{0}\"")]
    UnknownWord(String),
    /// A first element that is no kind of collection or structure.
    #[error("there is no kind of type \"{0}\"")]
    UnknownKind(String),
    /// Neither a word nor a pair of kind and argument.
    #[error("a type is a word, or a pair of a kind and its argument")]
    Form,
    /// Nested too deeply.
    #[error("the type is nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Type {
    /// This type in the protocol's notation.
    pub fn to_json(&self) -> Value {
        match self {
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes: serde_json::Map<_, _> =
                    attributes.iter().map(|(name, kind)| (name.clone(), kind.to_json())).collect();
                json!(["object", attributes])
            }
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Self::to_json).collect::<Vec<_>>()]),
        }
    }

    /// The type that the protocol's notation says.
    pub fn from_json(json: &Value) -> Result<Self, TypeError> {
        read(json, 0)
    }

    /// The type that the protocol's notation says, from its text.
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self, TypeError> {
        Self::from_json(&serde_json::from_slice(bytes).map_err(|_| TypeError::Json)?)
    }
}

fn read(json: &Value, depth: usize) -> Result<Type, TypeError> {
    if depth >= MAX_DEPTH {
        return Err(TypeError::TooDeep);
    }
    let (kind, argument) = match json {
        Value::String(word) => return primitive(word),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(kind), argument] => (kind.as_str(), argument),
            _ => return Err(TypeError::Form),
        },
        _ => return Err(TypeError::Form),
    };
    let inner = |argument| read(argument, depth + 1);
    Ok(match (kind, argument) {
        ("list", element) => Type::List(Box::new(inner(element)?)),
        ("set", element) => Type::Set(Box::new(inner(element)?)),
        ("map", element) => Type::Map(Box::new(inner(element)?)),
        ("object", Value::Object(attributes)) => Type::Object(
            attributes
                .iter()
                .map(|(name, kind)| Ok((name.clone(), inner(kind)?)))
                .collect::<Result<BTreeMap<_, _>, TypeError>>()?,
        ),
        ("tuple", Value::Array(elements)) => {
            Type::Tuple(elements.iter().map(inner).collect::<Result<_, _>>()?)
        }
        ("object" | "tuple", _) => return Err(TypeError::Form),
        (other, _) => return Err(TypeError::UnknownKind(other.to_owned())),
    })
}

fn primitive(word: &str) -> Result<Type, TypeError> {
    Ok(match word {
        "string" => Type::String,
        "number" => Type::Number,
        "bool" => Type::Bool,
        "dynamic" => Type::Dynamic,
        other => return Err(TypeError::UnknownWord(other.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_as_it_was_written() {
        let cases = [
            (json!("string"), Type::String),
            (json!("dynamic"), Type::Dynamic),
            (json!(["list", "number"]), Type::List(Box::new(Type::Number))),
            (json!(["set", ["map", "bool"]]), Type::Set(Box::new(Type::Map(Box::new(Type::Bool))))),
            (
                json!(["object", {"a": "string", "b": ["tuple", ["number", "dynamic"]]}]),
                Type::Object(BTreeMap::from([
                    ("a".to_owned(), Type::String),
                    ("b".to_owned(), Type::Tuple(vec![Type::Number, Type::Dynamic])),
                ])),
            ),
            (json!(["object", {}]), Type::Object(BTreeMap::new())),
            (json!(["tuple", []]), Type::Tuple(Vec::new())),
        ];
        for (json, kind) in cases {
            assert_eq!(Type::from_json(&json), Ok(kind.clone()), "{json}");
            assert_eq!(kind.to_json(), json);
        }
    }

    #[test]
    fn what_is_no_type_is_refused_with_its_reason() {
        let cases = [
            (json!("text"), TypeError::UnknownWord("text".into())),
            (json!(["vector", "string"]), TypeError::UnknownKind("vector".into())),
            (json!(["list"]), TypeError::Form),
            (json!(["object", ["string"]]), TypeError::Form),
            (json!(["object", {"a": "string"}, ["a"]]), TypeError::Form),
            (json!({"list": "string"}), TypeError::Form),
            (json!(null), TypeError::Form),
        ];
        for (json, error) in cases {
            assert_eq!(Type::from_json(&json), Err(error), "{json}");
        }
        assert_eq!(Type::from_json_bytes(b"string"), Err(TypeError::Json));
    }

    #[test]
    fn a_type_nested_too_deeply_is_refused() {
        let deep = (0..MAX_DEPTH).fold(json!("string"), |inner, _| json!(["list", inner]));
        assert_eq!(Type::from_json(&deep), Err(TypeError::TooDeep));
        let Value::Array(pair) = deep else { panic!("a pair") };
        assert!(Type::from_json(&pair[1]).is_ok());
    }
}
