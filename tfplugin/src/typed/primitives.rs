//! The Rust types that stand for strings, bools, numbers and dynamic values. Pure.

use super::{ValueType, mismatch};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::{Number, RawValue};
use crate::schema::Shape;
use crate::types::Type;

impl ValueType for String {
    fn shape() -> Shape {
        Shape::Type(Type::String)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::String(text) => Ok(text),
            other => Err(mismatch("a string", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::string(self)
    }
}

impl ValueType for bool {
    fn shape() -> Shape {
        Shape::Type(Type::Bool)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::Bool(value) => Ok(value),
            other => Err(mismatch("a bool", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::Bool(self)
    }
}

impl ValueType for Number {
    fn shape() -> Shape {
        Shape::Type(Type::Number)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::Number(number) => Ok(number),
            other => Err(mismatch("a number", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::Number(self)
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {$(
        impl ValueType for $integer {
            fn shape() -> Shape {
                Shape::Type(Type::Number)
            }

            fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
                let number = Number::from_known(raw, path)?;
                number.to_i64().and_then(|integer| <$integer>::try_from(integer).ok()).ok_or_else(|| {
                    Diagnostic::error(
                        "Number out of range",
                        format!(
                            "{path} must be a whole number between {} and {}.",
                            <$integer>::MIN,
                            <$integer>::MAX
                        ),
                    )
                    .at(path.clone())
                    .into()
                })
            }

            fn into_raw(self) -> RawValue {
                RawValue::number(self)
            }
        }
    )+};
}

integers!(i64, i32, u32, u16);

/// The nearest double of what the practitioner wrote; written back, the shortest decimal that reads as this double.
impl ValueType for f64 {
    fn shape() -> Shape {
        Shape::Type(Type::Number)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        Number::from_known(raw, path)?.to_f64_nearest().ok_or_else(|| {
            Diagnostic::error(
                "Number out of range",
                format!("{path} is too large for a double-precision number."),
            )
            .at(path.clone())
            .into()
        })
    }

    /// Infinities and not-a-number are no Terraform values and become null.
    fn into_raw(self) -> RawValue {
        Number::from_f64_shortest(self).map_or(RawValue::Null, RawValue::Number)
    }
}

/// A value of any type. What is read is a [`RawValue::Dynamic`]; what is written may also be a plain value, whose type
/// is then taken from its looks.
impl ValueType for RawValue {
    fn shape() -> Shape {
        Shape::Type(Type::Dynamic)
    }

    fn from_known(raw: RawValue, _path: &Path) -> Result<Self, Diagnostics> {
        Ok(raw.into_dynamic())
    }

    fn into_raw(self) -> RawValue {
        self.into_dynamic()
    }
}
