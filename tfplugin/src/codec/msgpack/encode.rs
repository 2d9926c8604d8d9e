//! From values of a type to `MessagePack`, byte for byte as Terraform's own encoder where there is a choice. Pure.

use std::collections::BTreeMap;

use super::writer::Writer;
use super::{REFINED, UNKNOWN, refinement};
use crate::codec::{CodecError, CodecErrorKind, error_at, misfit};
use crate::path::{Path, PathStep};
use crate::raw::{RawValue, Refinements};
use crate::types::{MAX_DEPTH, Type};

/// Writes a value of a type. Objects must have exactly the attributes of their type.
pub fn encode_msgpack(value: &RawValue, kind: &Type) -> Result<Vec<u8>, CodecError> {
    let mut encoder = Encoder { writer: Writer::default(), path: Path::root(), depth: 0 };
    encoder.value(value, kind)?;
    Ok(encoder.writer.into_bytes())
}

struct Encoder {
    writer: Writer,
    path: Path,
    depth: usize,
}

impl Encoder {
    fn value(&mut self, value: &RawValue, kind: &Type) -> Result<(), CodecError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(CodecErrorKind::TooDeep));
        }
        self.depth += 1;
        match (value, kind) {
            (RawValue::Null, _) => self.writer.nil(),
            (RawValue::Unknown(refinements), _) => self.unknown(refinements.as_deref(), kind)?,
            (RawValue::Bool(value), Type::Bool) => self.writer.bool(*value),
            (RawValue::Number(number), Type::Number) => self.writer.number(number),
            (RawValue::String(text), Type::String) => self.text(text)?,
            (RawValue::List(elements), Type::List(element)) => {
                self.array(elements.len())?;
                for (index, part) in elements.iter().enumerate() {
                    self.at(PathStep::Index(index), part, element)?;
                }
            }
            (RawValue::Set(elements), Type::Set(element)) => {
                self.array(elements.len())?;
                for part in elements {
                    self.at(PathStep::SetElement, part, element)?;
                }
            }
            (RawValue::Tuple(elements), Type::Tuple(kinds)) => self.tuple(elements, kinds)?,
            (RawValue::Map(elements), Type::Map(element)) => {
                self.map(elements.len())?;
                for (key, part) in elements {
                    self.text(key)?;
                    self.at(PathStep::Key(key.clone()), part, element)?;
                }
            }
            (RawValue::Object(attributes), Type::Object(kinds)) => self.object(attributes, kinds)?,
            (RawValue::Dynamic(held), Type::Dynamic) => self.dynamic(&held.0, &held.1)?,
            (value, kind) => return Err(misfit(kind, value, &self.path)),
        }
        self.depth -= 1;
        Ok(())
    }

    fn at(&mut self, step: PathStep, value: &RawValue, kind: &Type) -> Result<(), CodecError> {
        self.path.push(step);
        self.value(value, kind)?;
        self.path.pop();
        Ok(())
    }

    fn tuple(&mut self, elements: &[RawValue], kinds: &[Type]) -> Result<(), CodecError> {
        if elements.len() != kinds.len() {
            let kind = CodecErrorKind::TupleLength { expected: kinds.len(), found: elements.len() };
            return Err(self.error(kind));
        }
        self.array(elements.len())?;
        for (index, (part, kind)) in elements.iter().zip(kinds).enumerate() {
            self.at(PathStep::Index(index), part, kind)?;
        }
        Ok(())
    }

    fn object(
        &mut self,
        attributes: &BTreeMap<String, RawValue>,
        kinds: &BTreeMap<String, Type>,
    ) -> Result<(), CodecError> {
        if let Some(name) = attributes.keys().find(|name| !kinds.contains_key(*name)) {
            return Err(self.error(CodecErrorKind::UnknownAttribute(name.clone())));
        }
        self.map(kinds.len())?;
        for (name, kind) in kinds {
            let Some(value) = attributes.get(name) else {
                return Err(self.error(CodecErrorKind::MissingAttribute(name.clone())));
            };
            self.text(name)?;
            self.at(PathStep::Attribute(name.clone()), value, kind)?;
        }
        Ok(())
    }

    fn dynamic(&mut self, kind: &Type, value: &RawValue) -> Result<(), CodecError> {
        if *kind == Type::Dynamic {
            return self.value(value, kind);
        }
        self.array(2)?;
        let written = self.writer.binary(kind.to_json().to_string().as_bytes());
        written.map_err(|kind| self.error(kind))?;
        self.value(value, kind)
    }

    /// What does not apply to the type is left out, and with nothing left it is a plain unknown: the protocol forbids
    /// empty refinements.
    fn unknown(&mut self, refinements: Option<&Refinements>, kind: &Type) -> Result<(), CodecError> {
        let applicable = refinements.map_or(Ok(None), |refinements| refinements_of(refinements, kind));
        let written = applicable.and_then(|payload| match payload {
            Some(payload) => self.writer.extension(REFINED, &payload),
            None => self.writer.extension(UNKNOWN, &[0]),
        });
        written.map_err(|kind| self.error(kind))
    }

    fn text(&mut self, text: &str) -> Result<(), CodecError> {
        self.writer.text(text).map_err(|kind| self.error(kind))
    }

    fn array(&mut self, elements: usize) -> Result<(), CodecError> {
        self.writer.array(elements).map_err(|kind| self.error(kind))
    }

    fn map(&mut self, entries: usize) -> Result<(), CodecError> {
        self.writer.map(entries).map_err(|kind| self.error(kind))
    }

    fn error(&self, kind: CodecErrorKind) -> CodecError {
        error_at(&self.path, kind)
    }
}

/// The map of those refinements that apply to a type; `None` when there is none.
fn refinements_of(refinements: &Refinements, kind: &Type) -> Result<Option<Vec<u8>>, CodecErrorKind> {
    let Refinements {
        null,
        string_prefix,
        number_lower_bound,
        number_upper_bound,
        collection_length_lower_bound,
        collection_length_upper_bound,
    } = refinements;
    let mut entries = Writer::default();
    let mut count = 0;
    let mut key = |entries: &mut Writer, key: i64| {
        count += 1;
        entries.integer(key);
    };
    if let Some(null) = null.filter(|_| *kind != Type::Dynamic) {
        key(&mut entries, refinement::NULL);
        entries.bool(null);
    }
    if let (Some(prefix), Type::String) = (string_prefix, kind) {
        key(&mut entries, refinement::STRING_PREFIX);
        entries.text(prefix)?;
    }
    let bounds = [
        (refinement::NUMBER_LOWER_BOUND, number_lower_bound),
        (refinement::NUMBER_UPPER_BOUND, number_upper_bound),
    ];
    for (name, bound) in bounds {
        let (Some((number, inclusive)), Type::Number) = (bound, kind) else { continue };
        key(&mut entries, name);
        entries.array(2)?;
        entries.number(number);
        entries.bool(*inclusive);
    }
    let lengths = [
        (refinement::LENGTH_LOWER_BOUND, collection_length_lower_bound),
        (refinement::LENGTH_UPPER_BOUND, collection_length_upper_bound),
    ];
    for (name, length) in lengths {
        let (Some(length), Type::List(_) | Type::Set(_) | Type::Map(_)) = (length, kind) else { continue };
        key(&mut entries, name);
        entries.integer(*length);
    }
    if count == 0 {
        return Ok(None);
    }
    let mut map = Writer::default();
    map.map(count)?;
    map.raw(&entries.into_bytes());
    Ok(Some(map.into_bytes()))
}
