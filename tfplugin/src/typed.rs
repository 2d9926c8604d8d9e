//! Values as authors of providers meet them: Rust types in which each attribute may be null or unknown. Pure.

mod collections;
mod object;
mod primitives;

use std::fmt::Debug;

pub use self::object::{ObjectReader, mean_the_same, validator};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Schema, Shape};

/// An attribute's value: known, null (not given), or unknown (given at apply).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value<T> {
    /// Not given.
    #[default]
    Null,
    /// Known only at apply.
    Unknown,
    /// The value.
    Known(T),
}

impl<T> Value<T> {
    /// Whether it is not given.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is known only at apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The value, unless null or unknown.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, unless null or unknown, to change in place.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value itself, unless null or unknown.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The same state of knowledge over a borrowed value.
    pub fn as_ref(&self) -> Value<&T> {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => Value::Known(value),
        }
    }

    /// Changes a known value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Value<U> {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => Value::Known(change(value)),
        }
    }
}

impl<T> From<T> for Value<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

/// A Rust type that stands for a known Terraform value: `String`, `bool`, `i64`, `i32`, `u32`, `u16`, `f64`,
/// [`crate::raw::Number`], [`RawValue`] (dynamic), `Vec<Value<T>>`, [`Set<T>`], `BTreeMap<String, Value<T>>`, and every
/// struct that derives `TerraformSchema` (a nested object).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of an attribute",
    label = "no Terraform type stands behind it",
    note = "use `String`, `bool`, a number, `Vec<Value<T>>`, `Set<T>`, `BTreeMap<String, Value<T>>`, `RawValue` for any type, or a struct that derives `TerraformSchema`"
)]
pub trait ValueType: Sized + Clone + Debug + Send + Sync + 'static {
    /// What its schema looks like.
    fn shape() -> Shape;

    /// Reads a known, non-null value; errors carry their path below `path`.
    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics>;

    /// The reverse of [`ValueType::from_known`].
    fn into_raw(self) -> RawValue;
}

impl<T: ValueType> Value<T> {
    /// Reads a value of any knowledge.
    pub fn from_raw(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw.peeled() {
            RawValue::Null => Ok(Self::Null),
            RawValue::Unknown(_) => Ok(Self::Unknown),
            _ => T::from_known(raw, path).map(Self::Known),
        }
    }

    /// The reverse of [`Value::from_raw`].
    pub fn into_raw(self) -> RawValue {
        match self {
            Self::Null => RawValue::Null,
            Self::Unknown => RawValue::Unknown(None),
            Self::Known(value) => value.into_raw(),
        }
    }
}

/// Distinct values in no order. Kept in the order that they came in, without duplicates.
#[derive(Clone, Debug)]
pub struct Set<T>(pub Vec<Value<T>>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Values reach a typed struct only after they were decoded by its schema, so another kind is a mistake of ours.
fn mismatch(expected: &str, found: &RawValue, path: &Path) -> Diagnostics {
    let place = if path.is_root() { "the value".to_owned() } else { path.to_string() };
    Diagnostic::provider_bug(
        "Value does not fit its schema",
        format!("The schema wants {expected} at {place}, but there is {}.", found.kind()),
    )
    .at(path.clone())
    .into()
}

/// A struct that declares a schema: derive it. Its doc comments are the practitioner's documentation.
pub trait TerraformSchema: ValueType {
    /// The schema. Called a few times per process at most; the server keeps what it made.
    fn schema() -> Schema;
}
