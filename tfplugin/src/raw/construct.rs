//! Making values so that their promises hold: text in NFC, sets in canonical order without duplicates. Pure.

use std::collections::BTreeMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Number, RawValue, Refinements};
use crate::types::Type;

/// The NFC form of a text, in which Terraform compares and sends every text.
pub fn normalize(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return text;
    }
    text.nfc().collect()
}

impl RawValue {
    /// A text, brought into NFC.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(normalize(text))
    }

    /// A number.
    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    /// A value of which nothing is known.
    pub fn unknown() -> Self {
        Self::Unknown(None)
    }

    /// A value of which only this is known. Without any refinement it is a plain unknown.
    pub fn refined(refinements: Refinements) -> Self {
        if refinements == Refinements::default() {
            return Self::Unknown(None);
        }
        Self::Unknown(Some(Box::new(refinements)))
    }

    /// A list.
    pub fn list(elements: impl IntoIterator<Item = RawValue>) -> Self {
        Self::List(elements.into_iter().collect())
    }

    /// A set: sorted, and each known element once.
    ///
    /// Elements that hold unknowns stay even when they look alike, as they may turn out to differ; Terraform counts
    /// them the same way.
    pub fn set(elements: impl IntoIterator<Item = RawValue>) -> Self {
        let mut elements: Vec<_> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|later, earlier| later == earlier && earlier.is_wholly_known());
        Self::Set(elements)
    }

    /// A map; keys are brought into NFC.
    pub fn map(elements: impl IntoIterator<Item = (impl Into<String>, RawValue)>) -> Self {
        Self::Map(elements.into_iter().map(|(key, element)| (normalize(key), element)).collect())
    }

    /// An object.
    pub fn object(attributes: impl IntoIterator<Item = (impl Into<String>, RawValue)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A value with its type, for an attribute of type [`Type::Dynamic`].
    pub fn dynamic(kind: Type, value: RawValue) -> Self {
        Self::Dynamic(Box::new((kind, value)))
    }

    /// This value as one of type [`Type::Dynamic`], with the narrowest type that it can have.
    ///
    /// Elements of different types make a list a tuple and a map an object. Nulls and unknowns that brought no type
    /// stay as they are.
    #[must_use]
    pub fn into_dynamic(self) -> Self {
        match self {
            Self::Dynamic(_) | Self::Null | Self::Unknown(_) => self,
            value => {
                let (kind, value) = infer(value);
                Self::dynamic(kind, value)
            }
        }
    }
}

/// The type of a value and the value as this type wants it.
fn infer(value: RawValue) -> (Type, RawValue) {
    match value {
        RawValue::Null | RawValue::Unknown(_) => (Type::Dynamic, value),
        RawValue::Bool(_) => (Type::Bool, value),
        RawValue::Number(_) => (Type::Number, value),
        RawValue::String(_) => (Type::String, value),
        RawValue::Dynamic(inner) => *inner,
        RawValue::List(elements) | RawValue::Tuple(elements) => {
            let (kinds, elements): (Vec<_>, Vec<_>) = elements.into_iter().map(infer).unzip();
            match common(&kinds) {
                Some(kind) => (Type::List(Box::new(kind)), RawValue::List(elements)),
                None => (Type::Tuple(kinds), RawValue::Tuple(elements)),
            }
        }
        RawValue::Set(elements) => {
            let (kinds, elements): (Vec<_>, Vec<_>) = elements.into_iter().map(infer).unzip();
            match common(&kinds) {
                Some(kind) => (Type::Set(Box::new(kind)), RawValue::set(elements)),
                None => (Type::Tuple(kinds), RawValue::Tuple(elements)),
            }
        }
        RawValue::Map(elements) => {
            let (kinds, elements) = infer_named(elements);
            let flat: Vec<_> = kinds.values().cloned().collect();
            match common(&flat) {
                Some(kind) => (Type::Map(Box::new(kind)), RawValue::Map(elements)),
                None => (Type::Object(kinds), RawValue::Object(elements)),
            }
        }
        RawValue::Object(attributes) => {
            let (kinds, attributes) = infer_named(attributes);
            (Type::Object(kinds), RawValue::Object(attributes))
        }
    }
}

fn infer_named(values: BTreeMap<String, RawValue>) -> (BTreeMap<String, Type>, BTreeMap<String, RawValue>) {
    values
        .into_iter()
        .map(|(name, value)| {
            let (kind, value) = infer(value);
            ((name.clone(), kind), (name, value))
        })
        .unzip()
}

/// The one type that all elements have; nulls and unknowns without a type agree with every other.
fn common(kinds: &[Type]) -> Option<Type> {
    let mut typed = kinds.iter().filter(|kind| **kind != Type::Dynamic);
    let first = typed.next()?;
    typed.all(|kind| kind == first).then(|| first.clone())
}

impl From<bool> for RawValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for RawValue {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for RawValue {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<i64> for RawValue {
    fn from(integer: i64) -> Self {
        Self::number(integer)
    }
}

impl From<Number> for RawValue {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}
