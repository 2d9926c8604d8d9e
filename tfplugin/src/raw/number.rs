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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().expect("a number")
    }

    #[test]
    fn spellings_of_one_number_are_equal_and_hash_alike() {
        let spellings = ["1000", "1e3", "1000.000", "+1000", "10E2", "0001000"];
        let distinct: HashSet<_> = spellings.into_iter().map(number).collect();
        assert_eq!(distinct, HashSet::from([Number::from(1000_i64)]));
        assert_eq!(number("-0"), number("0.00"));
    }

    #[test]
    fn a_number_is_shown_without_exponent_or_idle_zeros() {
        let cases =
            [("1e3", "1000"), ("1.50", "1.5"), ("-2.5e-3", "-0.0025"), ("0e9", "0"), ("1e-2", "0.01")];
        for (text, shown) in cases {
            assert_eq!(number(text).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_decimal_number_is_refused() {
        let long = "1".repeat(5000);
        let cases = [
            ("", NumberError::Syntax),
            ("-", NumberError::Syntax),
            ("1_000", NumberError::Syntax),
            ("0x10", NumberError::Syntax),
            ("1 ", NumberError::Syntax),
            ("1.2.3", NumberError::Syntax),
            ("1e", NumberError::Syntax),
            ("inf", NumberError::Syntax),
            ("NaN", NumberError::Syntax),
            ("1e99999999999999999999", NumberError::Syntax),
            ("1e1000000000", NumberError::TooLong),
            ("1e-1000000000", NumberError::TooLong),
            (long.as_str(), NumberError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Number>(), Err(error), "{text}");
        }
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Number::from_f64_exact(float), Err(NumberError::NotFinite));
            assert_eq!(Number::from_f64_shortest(float), Err(NumberError::NotFinite));
        }
    }

    #[test]
    fn integers_are_given_exactly_or_not_at_all() {
        let cases = [
            ("9223372036854775807", Some(i64::MAX), Some(9_223_372_036_854_775_807)),
            ("9223372036854775808", None, Some(9_223_372_036_854_775_808)),
            ("18446744073709551615", None, Some(u64::MAX)),
            ("18446744073709551616", None, None),
            ("-9223372036854775808", Some(i64::MIN), None),
            ("-9223372036854775809", None, None),
            ("1.0", Some(1), Some(1)),
            ("1.5", None, None),
            ("-0.5", None, None),
        ];
        for (text, signed, unsigned) in cases {
            assert_eq!((number(text).to_i64(), number(text).to_u64()), (signed, unsigned), "{text}");
        }
    }

    #[test]
    fn doubles_are_taken_exactly_or_by_their_shortest_spelling() {
        assert_eq!(Number::from_f64_shortest(0.1), Ok(number("0.1")));
        assert_ne!(Number::from_f64_exact(0.1), Ok(number("0.1")));
        assert_eq!(number("0.1").to_f64_exact(), None);
        assert_eq!(number("0.1").to_f64_nearest(), Some(0.1));
        assert_eq!(number("0.5").to_f64_exact(), Some(0.5));
        assert_eq!(number("1e400").to_f64_nearest(), None);
    }

    proptest! {
        #[test]
        fn every_finite_double_survives_both_ways(float in any::<f64>()) {
            if float.is_finite() {
                prop_assert_eq!(Number::from_f64_exact(float).expect("finite").to_f64_exact(), Some(float));
                prop_assert_eq!(Number::from_f64_shortest(float).expect("finite").to_f64_nearest(), Some(float));
            }
        }

        #[test]
        fn a_number_reads_as_it_is_shown(text in "-?[0-9]{1,60}(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?") {
            let number = number(&text);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
    }
}
