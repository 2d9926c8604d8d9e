//! From `MessagePack` to values of a type. Pure.

use std::collections::BTreeMap;

use super::reader::{Reader, Token, text};
use super::{REFINED, refinement};
use crate::codec::{CodecError, CodecErrorKind, error_at, name_of};
use crate::path::{Path, PathStep};
use crate::raw::{Number, RawValue, Refinements, normalize};
use crate::types::{MAX_DEPTH, Type};

/// Reads a value of a type. Objects must have exactly the attributes of their type; every extension is an unknown value.
pub fn decode_msgpack(bytes: &[u8], kind: &Type) -> Result<RawValue, CodecError> {
    let mut decoder = Decoder { reader: Reader::new(bytes), path: Path::root(), depth: 0 };
    let value = decoder.value(kind)?;
    decoder.reader.finish().map_err(|kind| decoder.error(kind))?;
    Ok(value)
}

struct Decoder<'a> {
    reader: Reader<'a>,
    path: Path,
    depth: usize,
}

impl Decoder<'_> {
    fn value(&mut self, kind: &Type) -> Result<RawValue, CodecError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(CodecErrorKind::TooDeep));
        }
        self.depth += 1;
        let token = self.reader.token().map_err(|kind| self.error(kind))?;
        let value = match (token, kind) {
            (Token::Nil, _) => RawValue::Null,
            (Token::Extension(code, payload), _) => {
                unknown(code, payload, kind).map_err(|kind| self.error(kind))?
            }
            (Token::Bool(value), Type::Bool) => RawValue::Bool(value),
            (Token::Bytes(bytes), Type::String) => RawValue::String(self.text(bytes)?),
            (Token::Array(length), Type::List(element)) => RawValue::List(self.elements(length, element)?),
            (Token::Array(length), Type::Set(element)) => RawValue::set(self.set_elements(length, element)?),
            (Token::Array(length), Type::Tuple(kinds)) => RawValue::Tuple(self.tuple(length, kinds)?),
            (Token::Array(length), Type::Dynamic) => self.dynamic(length)?,
            (Token::Map(length), Type::Map(element)) => RawValue::Map(self.map(length, element)?),
            (Token::Map(length), Type::Object(kinds)) => RawValue::Object(self.object(length, kinds)?),
            (token, kind) => match (token.to_number(), kind) {
                (Some(number), Type::Number) => RawValue::Number(number.map_err(|kind| self.error(kind))?),
                _ => {
                    return Err(
                        self.error(CodecErrorKind::Mismatch { expected: name_of(kind), found: token.name() })
                    );
                }
            },
        };
        self.depth -= 1;
        Ok(value)
    }

    fn at(&mut self, step: PathStep, kind: &Type) -> Result<RawValue, CodecError> {
        self.path.push(step);
        let value = self.value(kind)?;
        self.path.pop();
        Ok(value)
    }

    fn elements(&mut self, length: usize, kind: &Type) -> Result<Vec<RawValue>, CodecError> {
        (0..length).map(|index| self.at(PathStep::Index(index), kind)).collect()
    }

    fn set_elements(&mut self, length: usize, kind: &Type) -> Result<Vec<RawValue>, CodecError> {
        (0..length).map(|_| self.at(PathStep::SetElement, kind)).collect()
    }

    fn tuple(&mut self, length: usize, kinds: &[Type]) -> Result<Vec<RawValue>, CodecError> {
        if length != kinds.len() {
            return Err(self.error(CodecErrorKind::TupleLength { expected: kinds.len(), found: length }));
        }
        kinds.iter().enumerate().map(|(index, kind)| self.at(PathStep::Index(index), kind)).collect()
    }

    fn map(&mut self, length: usize, kind: &Type) -> Result<BTreeMap<String, RawValue>, CodecError> {
        let mut elements = BTreeMap::new();
        for _ in 0..length {
            let key = self.key()?;
            let element = self.at(PathStep::Key(key.clone()), kind)?;
            if elements.insert(key, element).is_some() {
                return Err(self.error(CodecErrorKind::DuplicateKey));
            }
        }
        Ok(elements)
    }

    fn object(
        &mut self,
        length: usize,
        kinds: &BTreeMap<String, Type>,
    ) -> Result<BTreeMap<String, RawValue>, CodecError> {
        let mut attributes = BTreeMap::new();
        for _ in 0..length {
            let name = self.key()?;
            let Some(kind) = kinds.get(&name) else {
                return Err(self.error(CodecErrorKind::UnknownAttribute(name)));
            };
            let value = self.at(PathStep::Attribute(name.clone()), kind)?;
            if attributes.insert(name, value).is_some() {
                return Err(self.error(CodecErrorKind::DuplicateKey));
            }
        }
        if let Some(name) = kinds.keys().find(|name| !attributes.contains_key(*name)) {
            return Err(self.error(CodecErrorKind::MissingAttribute(name.clone())));
        }
        Ok(attributes)
    }

    fn dynamic(&mut self, length: usize) -> Result<RawValue, CodecError> {
        if length != 2 {
            return Err(self.error(CodecErrorKind::DynamicForm));
        }
        let Token::Bytes(json) = self.reader.token().map_err(|kind| self.error(kind))? else {
            return Err(self.error(CodecErrorKind::DynamicForm));
        };
        let kind =
            Type::from_json_bytes(json).map_err(|error| self.error(CodecErrorKind::DynamicType(error)))?;
        let value = self.value(&kind)?;
        // A dynamic value within a dynamic value says nothing more than the inner one.
        Ok(if kind == Type::Dynamic { value } else { RawValue::dynamic(kind, value) })
    }

    fn key(&mut self) -> Result<String, CodecError> {
        match self.reader.token().map_err(|kind| self.error(kind))? {
            Token::Bytes(bytes) => self.text(bytes),
            token => {
                Err(self.error(CodecErrorKind::Mismatch { expected: "a key of text", found: token.name() }))
            }
        }
    }

    fn text(&self, bytes: &[u8]) -> Result<String, CodecError> {
        text(bytes).map(normalize).map_err(|kind| self.error(kind))
    }

    fn error(&self, kind: CodecErrorKind) -> CodecError {
        error_at(&self.path, kind)
    }
}

/// An unknown value. Codes other than that of refinements are to be taken as unknown whatever they hold.
fn unknown(code: i8, payload: &[u8], kind: &Type) -> Result<RawValue, CodecErrorKind> {
    if code != REFINED || *kind == Type::Dynamic {
        return Ok(RawValue::unknown());
    }
    let mut reader = Reader::new(payload);
    let refinements = refinements(&mut reader).ok_or(CodecErrorKind::Refinements)?;
    Ok(RawValue::refined(applicable(refinements, kind)))
}

/// What is known of a value, without what does not apply to its type and says nothing.
fn applicable(refinements: Refinements, kind: &Type) -> Refinements {
    let has_length = matches!(kind, Type::List(_) | Type::Set(_) | Type::Map(_));
    Refinements {
        null: refinements.null,
        string_prefix: refinements.string_prefix.filter(|_| *kind == Type::String),
        number_lower_bound: refinements.number_lower_bound.filter(|_| *kind == Type::Number),
        number_upper_bound: refinements.number_upper_bound.filter(|_| *kind == Type::Number),
        collection_length_lower_bound: refinements.collection_length_lower_bound.filter(|_| has_length),
        collection_length_upper_bound: refinements.collection_length_upper_bound.filter(|_| has_length),
    }
}

fn refinements(reader: &mut Reader<'_>) -> Option<Refinements> {
    let Token::Map(length) = reader.token().ok()? else { return None };
    let mut refinements = Refinements::default();
    for _ in 0..length {
        match integer(&reader.token().ok()?)? {
            refinement::NULL => {
                let Token::Bool(null) = reader.token().ok()? else { return None };
                refinements.null = Some(null);
            }
            refinement::STRING_PREFIX => {
                let Token::Bytes(prefix) = reader.token().ok()? else { return None };
                refinements.string_prefix = Some(normalize(text(prefix).ok()?));
            }
            refinement::NUMBER_LOWER_BOUND => refinements.number_lower_bound = Some(bound(reader)?),
            refinement::NUMBER_UPPER_BOUND => refinements.number_upper_bound = Some(bound(reader)?),
            refinement::LENGTH_LOWER_BOUND => {
                refinements.collection_length_lower_bound = Some(integer(&reader.token().ok()?)?);
            }
            refinement::LENGTH_UPPER_BOUND => {
                refinements.collection_length_upper_bound = Some(integer(&reader.token().ok()?)?);
            }
            // Later versions of the protocol may say more.
            _ => reader.skip(0).ok()?,
        }
    }
    Some(refinements)
}

fn bound(reader: &mut Reader<'_>) -> Option<(Number, bool)> {
    let Token::Array(2) = reader.token().ok()? else { return None };
    let number = reader.token().ok()?.to_number()?.ok()?;
    let Token::Bool(inclusive) = reader.token().ok()? else { return None };
    Some((number, inclusive))
}

fn integer(token: &Token<'_>) -> Option<i64> {
    match token {
        Token::Signed(integer) => Some(*integer),
        Token::Unsigned(integer) => i64::try_from(*integer).ok(),
        _ => None,
    }
}
