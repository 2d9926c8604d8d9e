//! Numbers as Terraform knows them: decimal, of any precision. No floating point in between, as that would change what
//! the practitioner wrote. Pure.

use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, ToPrimitive};

/// Most digits and most decimal places on either side of the point that a [`Number`] may have.
///
/// Terraform keeps 512 bits of mantissa, of which the longest spelling (a double near its smallest) has 1,075 places.
/// The bound keeps `1e1000000000`, nine bytes on the wire, from filling the memory.
const MAX_PLACES: u32 = 4096;

/// A number of any size and precision; equal when mathematically equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

/// Why something is not a [`Number`], or a number does not fit a Rust type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    Syntax,
    /// Infinity or not-a-number.
    #[error("not a finite number")]
    NotFinite,
    /// More than 4,096 digits, before or behind the point.
    #[error("more than {MAX_PLACES} digits")]
    TooLong,
}

impl Number {
    /// A number from a decimal.
    pub fn from_decimal(decimal: &BigDecimal) -> Result<Self, NumberError> {
        let bound = i64::from(MAX_PLACES);
        if decimal.fractional_digit_count().abs() > bound || decimal.digits() > u64::from(MAX_PLACES) {
            return Err(NumberError::TooLong);
        }
        Ok(Self(decimal.normalized()))
    }

    /// Reads decimal text: digits, perhaps a sign, a point, an exponent.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if text.len() > 2 * MAX_PLACES as usize {
            return Err(NumberError::TooLong);
        }
        let is_decimal = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
        if !is_decimal || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::Syntax);
        }
        let decimal = BigDecimal::from_str(text).map_err(|_| NumberError::Syntax)?;
        Self::from_decimal(&decimal)
    }

    /// The exact value of a double: `0.1_f64` becomes 0.1000000000000000055511151231257827...
    pub fn from_f64_exact(float: f64) -> Result<Self, NumberError> {
        let decimal = BigDecimal::try_from(float).map_err(|_| NumberError::NotFinite)?;
        Self::from_decimal(&decimal)
    }

    /// The shortest decimal that reads back as this double: `0.1_f64` becomes 0.1.
    pub fn from_f64_shortest(float: f64) -> Result<Self, NumberError> {
        if !float.is_finite() {
            return Err(NumberError::NotFinite);
        }
        Self::parse(&float.to_string())
    }

    /// The decimal behind it, without trailing zeros.
    pub fn as_decimal(&self) -> &BigDecimal {
        &self.0
    }

    /// Whether it has nothing behind the point.
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// The same as `i64`, unless it has a fraction or is out of range.
    pub fn to_i64(&self) -> Option<i64> {
        if self.is_integer() { self.0.to_i64() } else { None }
    }

    /// The same as `u64`, unless it has a fraction or is out of range.
    pub fn to_u64(&self) -> Option<u64> {
        if self.is_integer() { self.0.to_u64() } else { None }
    }

    /// The nearest double, unless it would be infinite.
    pub fn to_f64_nearest(&self) -> Option<f64> {
        // The standard library rounds correctly, which the decimal's own conversion does not promise.
        let float: f64 = self.0.to_scientific_notation().parse().ok()?;
        float.is_finite().then_some(float)
    }

    /// The same as double, unless a double has no such value.
    pub fn to_f64_exact(&self) -> Option<f64> {
        let float = self.to_f64_nearest()?;
        (Self::from_f64_exact(float).as_ref() == Ok(self)).then_some(float)
    }
}

/// Plain decimal notation, never with an exponent.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_plain_string())
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

macro_rules! from_integers {
    ($($integer:ty),+) => {$(
        impl From<$integer> for Number {
            fn from(integer: $integer) -> Self {
                Self(BigDecimal::from(integer).normalized())
            }
        }
    )+};
}

from_integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128);
