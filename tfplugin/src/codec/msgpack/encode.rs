//! From values of a type to `MessagePack`, byte for byte as Terraform's own encoder where there is a choice. Pure.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rmp::encode::{self, ByteBuf, ValueWriteError};

use super::{REFINED, UNKNOWN, refinement};
use crate::codec::{CodecError, CodecErrorKind, error_at, misfit};
use crate::path::{Path, PathStep};
use crate::raw::{Number, RawValue, Refinements};
use crate::types::{MAX_DEPTH, Type};

/// Writes a value of a type. Objects must have exactly the attributes of their type.
pub fn encode_msgpack(value: &RawValue, kind: &Type) -> Result<Vec<u8>, CodecError> {
    let mut encoder = Encoder { bytes: ByteBuf::new(), path: Path::root(), depth: 0 };
    encoder.value(value, kind)?;
    Ok(encoder.bytes.into_vec())
}

struct Encoder {
    bytes: ByteBuf,
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
            (RawValue::Null, _) => {
                sure(encode::write_nil(&mut self.bytes).map_err(ValueWriteError::InvalidMarkerWrite))
            }
            (RawValue::Unknown(refinements), _) => self.unknown(refinements.as_deref(), kind)?,
            (RawValue::Bool(value), Type::Bool) => {
                sure(
                    encode::write_bool(&mut self.bytes, *value).map_err(ValueWriteError::InvalidMarkerWrite),
                );
            }
            (RawValue::Number(number), Type::Number) => number_into(&mut self.bytes, number),
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
        let json = kind.to_json().to_string();
        let length = self.length(json.len())?;
        sure(encode::write_bin_len(&mut self.bytes, length).map(|_| ()));
        self.bytes.as_mut_vec().extend_from_slice(json.as_bytes());
        self.value(value, kind)
    }

    /// What does not apply to the type is left out, and with nothing left it is a plain unknown: the protocol forbids
    /// empty refinements.
    fn unknown(&mut self, refinements: Option<&Refinements>, kind: &Type) -> Result<(), CodecError> {
        let payload = refinements.map_or_else(Vec::new, |refinements| refinements_of(refinements, kind));
        if payload.is_empty() {
            sure(encode::write_ext_meta(&mut self.bytes, 1, UNKNOWN).map(|_| ()));
            self.bytes.as_mut_vec().push(0);
            return Ok(());
        }
        let mut map = ByteBuf::new();
        sure(encode::write_map_len(&mut map, self.length(payload.len())?).map(|_| ()));
        payload.iter().for_each(|entry| map.as_mut_vec().extend_from_slice(entry));
        let map = map.into_vec();
        let length = self.length(map.len())?;
        sure(encode::write_ext_meta(&mut self.bytes, length, REFINED).map(|_| ()));
        self.bytes.as_mut_vec().extend_from_slice(&map);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), CodecError> {
        self.length(text.len())?;
        sure(encode::write_str(&mut self.bytes, text));
        Ok(())
    }

    fn array(&mut self, length: usize) -> Result<(), CodecError> {
        let length = self.length(length)?;
        sure(encode::write_array_len(&mut self.bytes, length).map(|_| ()));
        Ok(())
    }

    fn map(&mut self, length: usize) -> Result<(), CodecError> {
        let length = self.length(length)?;
        sure(encode::write_map_len(&mut self.bytes, length).map(|_| ()));
        Ok(())
    }

    fn length(&self, length: usize) -> Result<u32, CodecError> {
        u32::try_from(length).map_err(|_| self.error(CodecErrorKind::TooLong))
    }

    fn error(&self, kind: CodecErrorKind) -> CodecError {
        error_at(&self.path, kind)
    }
}

/// Integers as integers while they fit, fractions that a double holds exactly as a double, everything else as decimal
/// text: so no digit is lost.
fn number_into(bytes: &mut ByteBuf, number: &Number) {
    let fraction = if number.is_integer() { None } else { number.to_f64_exact() };
    if let Some(integer) = number.to_i64() {
        sure(encode::write_sint(bytes, integer).map(|_| ()));
    } else if let Some(float) = fraction {
        sure(encode::write_f64(bytes, float));
    } else {
        sure(encode::write_str(bytes, &number.to_string()));
    }
}

/// The entries of the refinements' map, each key and value in bytes.
fn refinements_of(refinements: &Refinements, kind: &Type) -> Vec<Vec<u8>> {
    let Refinements {
        null,
        string_prefix,
        number_lower_bound,
        number_upper_bound,
        collection_length_lower_bound,
        collection_length_upper_bound,
    } = refinements;
    if *kind == Type::Dynamic {
        return Vec::new();
    }
    let mut entries = Vec::new();
    let mut entry = |key: i64, write: &dyn Fn(&mut ByteBuf)| {
        let mut bytes = ByteBuf::new();
        sure(encode::write_sint(&mut bytes, key).map(|_| ()));
        write(&mut bytes);
        entries.push(bytes.into_vec());
    };
    if let Some(null) = null {
        entry(refinement::NULL, &|bytes| write_bool(bytes, *null));
    }
    if let (Some(prefix), Type::String) = (string_prefix, kind) {
        entry(refinement::STRING_PREFIX, &|bytes| sure(encode::write_str(bytes, prefix)));
    }
    if *kind == Type::Number {
        let bounds = [
            (refinement::NUMBER_LOWER_BOUND, number_lower_bound),
            (refinement::NUMBER_UPPER_BOUND, number_upper_bound),
        ];
        for (key, bound) in bounds {
            let Some((number, inclusive)) = bound else { continue };
            entry(key, &|bytes| {
                sure(encode::write_array_len(bytes, 2).map(|_| ()));
                number_into(bytes, number);
                write_bool(bytes, *inclusive);
            });
        }
    }
    if matches!(kind, Type::List(_) | Type::Set(_) | Type::Map(_)) {
        let bounds = [
            (refinement::LENGTH_LOWER_BOUND, collection_length_lower_bound),
            (refinement::LENGTH_UPPER_BOUND, collection_length_upper_bound),
        ];
        for (key, bound) in bounds {
            let Some(length) = bound else { continue };
            entry(key, &|bytes| sure(encode::write_sint(bytes, *length).map(|_| ())));
        }
    }
    entries
}

fn write_bool(bytes: &mut ByteBuf, value: bool) {
    sure(encode::write_bool(bytes, value).map_err(ValueWriteError::InvalidMarkerWrite));
}

/// Writing into memory cannot fail, and the type of its error says so.
fn sure(written: Result<(), ValueWriteError<Infallible>>) {
    match written {
        Ok(()) => {}
        Err(ValueWriteError::InvalidMarkerWrite(never) | ValueWriteError::InvalidDataWrite(never)) => {
            match never {}
        }
    }
}
