//! JSON: of stored states, and as the wire's fallback. Numbers keep all their digits. Pure.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use super::{CodecError, CodecErrorKind, error_at, misfit, name_of};
use crate::path::{Path, PathStep};
use crate::raw::{Number, NumberError, RawValue, normalize};
use crate::types::{MAX_DEPTH, Type};

/// Reads a value of a type. Objects must have exactly the attributes of their type.
pub fn decode_json(json: &Value, kind: &Type) -> Result<RawValue, CodecError> {
    Decoder { path: Path::root(), depth: 0, missing: Missing::IsError }.value(json, kind)
}

/// Reads a stored state of today's schema version. An attribute that came into the schema since it was stored is null.
/// One that has left it is passed over when it holds nothing, and else an error, as its value would be lost.
pub fn decode_stored_json(json: &Value, kind: &Type) -> Result<RawValue, CodecError> {
    Decoder { path: Path::root(), depth: 0, missing: Missing::IsNull }.value(json, kind)
}

/// Writes a value of a type, which must be wholly known.
pub fn encode_json(value: &RawValue, kind: &Type) -> Result<Value, CodecError> {
    Encoder { path: Path::root(), depth: 0 }.value(value, kind)
}

/// What a missing attribute means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsError,
    IsNull,
}

struct Decoder {
    path: Path,
    depth: usize,
    missing: Missing,
}

impl Decoder {
    fn value(&mut self, json: &Value, kind: &Type) -> Result<RawValue, CodecError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(CodecErrorKind::TooDeep));
        }
        self.depth += 1;
        let value = match (json, kind) {
            (Value::Null, _) => RawValue::Null,
            (Value::Bool(value), Type::Bool) => RawValue::Bool(*value),
            (Value::String(text), Type::String) => RawValue::string(text),
            (Value::Number(number), Type::Number) => self.number(&number.to_string())?,
            (Value::String(text), Type::Number) => self.number(text)?,
            (Value::Array(parts), Type::List(element)) => {
                let kinds = std::iter::repeat(element.as_ref());
                RawValue::List(self.elements(parts, kinds)?)
            }
            (Value::Array(parts), Type::Set(element)) => {
                let elements: Result<Vec<_>, _> =
                    parts.iter().map(|part| self.at(PathStep::SetElement, part, element)).collect();
                RawValue::set(elements?)
            }
            (Value::Array(parts), Type::Tuple(kinds)) => {
                if parts.len() != kinds.len() {
                    let kind = CodecErrorKind::TupleLength { expected: kinds.len(), found: parts.len() };
                    return Err(self.error(kind));
                }
                RawValue::Tuple(self.elements(parts, kinds.iter())?)
            }
            (Value::Object(parts), Type::Map(element)) => RawValue::Map(self.map(parts, element)?),
            (Value::Object(parts), Type::Object(kinds)) => RawValue::Object(self.object(parts, kinds)?),
            (Value::Object(parts), Type::Dynamic) => self.dynamic(parts)?,
            (json, kind) => {
                let kind = CodecErrorKind::Mismatch { expected: name_of(kind), found: name_of_json(json) };
                return Err(self.error(kind));
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn at(&mut self, step: PathStep, json: &Value, kind: &Type) -> Result<RawValue, CodecError> {
        self.path.push(step);
        let value = self.value(json, kind)?;
        self.path.pop();
        Ok(value)
    }

    fn number(&self, text: &str) -> Result<RawValue, CodecError> {
        Number::parse(text).map(RawValue::Number).map_err(|error| self.error(CodecErrorKind::Number(error)))
    }

    fn elements<'a>(
        &mut self,
        parts: &[Value],
        kinds: impl Iterator<Item = &'a Type>,
    ) -> Result<Vec<RawValue>, CodecError> {
        parts
            .iter()
            .zip(kinds)
            .enumerate()
            .map(|(index, (part, kind))| self.at(PathStep::Index(index), part, kind))
            .collect()
    }

    fn map(
        &mut self,
        parts: &serde_json::Map<String, Value>,
        kind: &Type,
    ) -> Result<BTreeMap<String, RawValue>, CodecError> {
        let mut elements = BTreeMap::new();
        for (key, part) in parts {
            let key = normalize(key.as_str());
            let element = self.at(PathStep::Key(key.clone()), part, kind)?;
            if elements.insert(key, element).is_some() {
                return Err(self.error(CodecErrorKind::DuplicateKey));
            }
        }
        Ok(elements)
    }

    fn object(
        &mut self,
        parts: &serde_json::Map<String, Value>,
        kinds: &BTreeMap<String, Type>,
    ) -> Result<BTreeMap<String, RawValue>, CodecError> {
        let may_be_gone = |value: &Value| self.missing == Missing::IsNull && value.is_null();
        let unknown = parts.iter().find(|(name, value)| !kinds.contains_key(*name) && !may_be_gone(value));
        if let Some((name, _)) = unknown {
            return Err(self.error(CodecErrorKind::UnknownAttribute(name.clone())));
        }
        let mut attributes = BTreeMap::new();
        for (name, kind) in kinds {
            let value = match parts.get(name) {
                Some(part) => self.at(PathStep::Attribute(name.clone()), part, kind)?,
                None if self.missing == Missing::IsNull => RawValue::Null,
                None => return Err(self.error(CodecErrorKind::MissingAttribute(name.clone()))),
            };
            attributes.insert(name.clone(), value);
        }
        Ok(attributes)
    }

    fn dynamic(&mut self, parts: &serde_json::Map<String, Value>) -> Result<RawValue, CodecError> {
        let (Some(kind), Some(value), 2) = (parts.get("type"), parts.get("value"), parts.len()) else {
            return Err(self.error(CodecErrorKind::DynamicForm));
        };
        let kind = Type::from_json(kind).map_err(|error| self.error(CodecErrorKind::DynamicType(error)))?;
        let value = self.value(value, &kind)?;
        Ok(if kind == Type::Dynamic { value } else { RawValue::dynamic(kind, value) })
    }

    fn error(&self, kind: CodecErrorKind) -> CodecError {
        error_at(&self.path, kind)
    }
}

struct Encoder {
    path: Path,
    depth: usize,
}

impl Encoder {
    fn value(&mut self, value: &RawValue, kind: &Type) -> Result<Value, CodecError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(CodecErrorKind::TooDeep));
        }
        self.depth += 1;
        let json = match (value, kind) {
            (RawValue::Null, _) => Value::Null,
            (RawValue::Unknown(_), _) => return Err(self.error(CodecErrorKind::UnknownInJson)),
            (RawValue::Bool(value), Type::Bool) => Value::Bool(*value),
            (RawValue::Number(number), Type::Number) => self.number(number)?,
            (RawValue::String(text), Type::String) => Value::String(text.clone()),
            (RawValue::List(parts), Type::List(element)) => {
                self.elements(parts, std::iter::repeat(element.as_ref()))?
            }
            (RawValue::Set(parts), Type::Set(element)) => {
                let elements: Result<_, _> =
                    parts.iter().map(|part| self.at(PathStep::SetElement, part, element)).collect();
                Value::Array(elements?)
            }
            (RawValue::Tuple(parts), Type::Tuple(kinds)) => {
                if parts.len() != kinds.len() {
                    let kind = CodecErrorKind::TupleLength { expected: kinds.len(), found: parts.len() };
                    return Err(self.error(kind));
                }
                self.elements(parts, kinds.iter())?
            }
            (RawValue::Map(parts), Type::Map(element)) => {
                let elements: Result<_, CodecError> = parts
                    .iter()
                    .map(|(key, part)| Ok((key.clone(), self.at(PathStep::Key(key.clone()), part, element)?)))
                    .collect();
                Value::Object(elements?)
            }
            (RawValue::Object(parts), Type::Object(kinds)) => self.object(parts, kinds)?,
            (RawValue::Dynamic(held), Type::Dynamic) if held.0 == Type::Dynamic => {
                self.value(&held.1, kind)?
            }
            (RawValue::Dynamic(held), Type::Dynamic) => {
                serde_json::json!({"type": held.0.to_json(), "value": self.value(&held.1, &held.0)?})
            }
            (value, kind) => return Err(misfit(kind, value, &self.path)),
        };
        self.depth -= 1;
        Ok(json)
    }

    fn at(&mut self, step: PathStep, value: &RawValue, kind: &Type) -> Result<Value, CodecError> {
        self.path.push(step);
        let json = self.value(value, kind)?;
        self.path.pop();
        Ok(json)
    }

    fn number(&self, number: &Number) -> Result<Value, CodecError> {
        serde_json::Number::from_str(&number.to_string())
            .map(Value::Number)
            .map_err(|_| self.error(CodecErrorKind::Number(NumberError::Syntax)))
    }

    fn elements<'a>(
        &mut self,
        parts: &[RawValue],
        kinds: impl Iterator<Item = &'a Type>,
    ) -> Result<Value, CodecError> {
        let elements: Result<_, _> = parts
            .iter()
            .zip(kinds)
            .enumerate()
            .map(|(index, (part, kind))| self.at(PathStep::Index(index), part, kind))
            .collect();
        Ok(Value::Array(elements?))
    }

    fn object(
        &mut self,
        parts: &BTreeMap<String, RawValue>,
        kinds: &BTreeMap<String, Type>,
    ) -> Result<Value, CodecError> {
        if let Some(name) = parts.keys().find(|name| !kinds.contains_key(*name)) {
            return Err(self.error(CodecErrorKind::UnknownAttribute(name.clone())));
        }
        let mut attributes = serde_json::Map::new();
        for (name, kind) in kinds {
            let Some(part) = parts.get(name) else {
                return Err(self.error(CodecErrorKind::MissingAttribute(name.clone())));
            };
            attributes.insert(name.clone(), self.at(PathStep::Attribute(name.clone()), part, kind)?);
        }
        Ok(Value::Object(attributes))
    }

    fn error(&self, kind: CodecErrorKind) -> CodecError {
        error_at(&self.path, kind)
    }
}

/// How messages call a kind of JSON.
fn name_of_json(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
