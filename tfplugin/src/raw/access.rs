//! Looking into values. Pure.

use std::collections::BTreeMap;

use super::{RawValue, Refinements};
use crate::path::{Path, PathStep};

impl RawValue {
    /// The value itself where a dynamic one wraps it.
    pub fn peeled(&self) -> &Self {
        match self {
            Self::Dynamic(inner) => inner.1.peeled(),
            value => value,
        }
    }

    /// Whether it is null, also one that brought its type.
    pub fn is_null(&self) -> bool {
        matches!(self.peeled(), Self::Null)
    }

    /// Whether it is itself unknown, also one that brought its type.
    pub fn is_unknown(&self) -> bool {
        matches!(self.peeled(), Self::Unknown(_))
    }

    /// Whether it is itself known; parts of it may be unknown. Null is known.
    pub fn is_known(&self) -> bool {
        !self.is_unknown()
    }

    /// Whether it and all of its parts are known.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(elements) | Self::Object(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(inner) => inner.1.is_wholly_known(),
        }
    }

    /// What is known of an unknown.
    pub fn refinements(&self) -> Option<&Refinements> {
        match self.peeled() {
            Self::Unknown(refinements) => refinements.as_deref(),
            _ => None,
        }
    }

    /// The attributes of an object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, RawValue>> {
        match self.peeled() {
            Self::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self.peeled() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// An attribute of an object; `None` when this is no object or has no such attribute.
    pub fn attribute(&self, name: &str) -> Option<&RawValue> {
        self.as_object()?.get(name)
    }

    /// The part at a path; `None` when there is no such place, as below a null, an unknown, or in a set.
    pub fn get(&self, path: &Path) -> Option<&RawValue> {
        path.steps().iter().try_fold(self, |value, step| value.step(step))
    }

    /// The part at a path, to change in place; `None` as for [`RawValue::get`].
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut RawValue> {
        path.steps().iter().try_fold(self, |value, step| value.step_mut(step))
    }

    fn step(&self, step: &PathStep) -> Option<&RawValue> {
        match (self.peeled(), step) {
            (Self::Object(attributes), PathStep::Attribute(name)) => attributes.get(name),
            (Self::Map(elements), PathStep::Key(key)) => elements.get(key),
            (Self::List(elements) | Self::Tuple(elements), PathStep::Index(index)) => elements.get(*index),
            _ => None,
        }
    }

    fn step_mut(&mut self, step: &PathStep) -> Option<&mut RawValue> {
        match (self, step) {
            (Self::Dynamic(inner), _) => inner.1.step_mut(step),
            (Self::Object(attributes), PathStep::Attribute(name)) => attributes.get_mut(name),
            (Self::Map(elements), PathStep::Key(key)) => elements.get_mut(key),
            (Self::List(elements) | Self::Tuple(elements), PathStep::Index(index)) => {
                elements.get_mut(*index)
            }
            _ => None,
        }
    }

    /// This value, in which nulls that lost their type have it again where `reference` has a typed null at the same place.
    ///
    /// To Terraform a null string and a null of no type differ, and typed values know only the latter: a value of type
    /// [`crate::types::Type::Dynamic`] that went through a struct must be held against what came in.
    #[must_use]
    pub fn with_null_types_of(self, reference: &RawValue) -> Self {
        match (self, reference) {
            (Self::Null, Self::Dynamic(_)) if reference.is_null() => reference.clone(),
            (Self::Object(parts), Self::Object(references)) => Self::Object(zip_keys(parts, references)),
            (Self::Map(parts), Self::Map(references)) => Self::Map(zip_keys(parts, references)),
            (Self::List(parts), Self::List(references)) => Self::List(zip_positions(parts, references)),
            // Sets hold no dynamic values, and what is within a dynamic value went through unchanged.
            (value, _) => value,
        }
    }

    /// What kind of value it is, for messages. Never the value itself, which may be secret.
    pub fn kind(&self) -> &'static str {
        match self.peeled() {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Tuple(_) => "a tuple",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Dynamic(_) => "a dynamic value",
        }
    }
}

fn zip_keys(
    parts: BTreeMap<String, RawValue>,
    references: &BTreeMap<String, RawValue>,
) -> BTreeMap<String, RawValue> {
    let zip = |(key, part): (String, RawValue)| {
        let part = match references.get(&key) {
            Some(reference) => part.with_null_types_of(reference),
            None => part,
        };
        (key, part)
    };
    parts.into_iter().map(zip).collect()
}

fn zip_positions(parts: Vec<RawValue>, references: &[RawValue]) -> Vec<RawValue> {
    let references = references.iter().map(Some).chain(std::iter::repeat(None));
    let zip = |(part, reference): (RawValue, Option<&RawValue>)| match reference {
        Some(reference) => part.with_null_types_of(reference),
        None => part,
    };
    parts.into_iter().zip(references).map(zip).collect()
}
