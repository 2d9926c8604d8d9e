//! Kubernetes quantities: `500m`, `2Gi`, `1.5`, `1e3`. Exact decimal arithmetic, compared by what they mean
//! (`1000m` is `1`), written in the form that Kubernetes itself writes. No floating point anywhere.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// Nano-units in one unit: the finest step that Kubernetes keeps.
const NANO: i128 = 1_000_000_000;

/// Suffixes of powers of ten, with their exponent, smallest first.
const DECIMAL: &[(&str, i32)] = &[
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// Suffixes of powers of two, with their exponent, smallest first.
const BINARY: &[(&str, u32)] = &[("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// Why a text is not a quantity. Each message shows what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Nothing was written.
    #[error("a quantity is empty; write a number and a unit, for example \"500m\" or \"2Gi\"")]
    Empty,
    /// A space is in or around the text.
    #[error("quantity {text:?} has a space; write {without:?}")]
    Space {
        /// What was written.
        text: String,
        /// The same without spaces.
        without: String,
    },
    /// It does not begin with a number.
    #[error("quantity {text:?} does not begin with a number; write for example \"500m\" or \"2Gi\"")]
    Number {
        /// What was written.
        text: String,
    },
    /// The unit is unknown.
    #[error("quantity {text:?} has the unknown unit {suffix:?}; {}", unit_help(.suggestion.as_deref()))]
    Suffix {
        /// What was written.
        text: String,
        /// The part after the number.
        suffix: String,
        /// What was probably meant, as a whole quantity.
        suggestion: Option<String>,
    },
    /// The exponent is no whole number.
    #[error("quantity {text:?} has an exponent that is no whole number; write for example \"1e3\"")]
    Exponent {
        /// What was written.
        text: String,
    },
    /// It is larger than Kubernetes can hold.
    #[error("quantity {text:?} is larger than Kubernetes can hold, which is {}", i64::MAX)]
    TooLarge {
        /// What was written.
        text: String,
    },
}

fn unit_help(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(quantity) => format!("did you mean {quantity:?}?"),
        None => "units are n, u, m, k, M, G, T, P, E and Ki, Mi, Gi, Ti, Pi, Ei".to_owned(),
    }
}

/// How a quantity is written; does not take part in comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// A quantity, exact to one nano-unit. Finer parts are rounded away from zero, as Kubernetes does.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    form: Form,
}

impl Quantity {
    /// So many whole units, written with decimal suffixes.
    pub fn from_units(units: i64) -> Self {
        Self { nanos: i128::from(units) * NANO, form: Form::Decimal }
    }

    /// So many bytes, written with binary suffixes.
    pub fn from_bytes(bytes: i64) -> Self {
        Self { nanos: i128::from(bytes) * NANO, form: Form::Binary }
    }

    /// Whole units (bytes, cores), rounded up.
    pub fn units(self) -> i128 {
        divide_up(self.nanos, NANO)
    }

    /// Thousandths (millicores), rounded up.
    pub fn millis(self) -> i128 {
        divide_up(self.nanos, NANO / 1000)
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum, or `None` when Kubernetes could not hold it. Written like `self`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).and_then(|nanos| self.with(nanos))
    }

    /// The difference, or `None` when Kubernetes could not hold it. Written like `self`.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).and_then(|nanos| self.with(nanos))
    }

    /// So many times this, or `None` when Kubernetes could not hold it.
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        self.nanos.checked_mul(i128::from(factor)).and_then(|nanos| self.with(nanos))
    }

    fn with(self, nanos: i128) -> Option<Self> {
        is_within_bounds(nanos).then_some(Self { nanos, form: self.form })
    }
}

fn is_within_bounds(nanos: i128) -> bool {
    nanos.unsigned_abs() <= u128::from(i64::MAX.unsigned_abs()) * NANO.unsigned_abs()
}

/// Division that rounds away from zero.
fn divide_up(value: i128, by: i128) -> i128 {
    let quotient = value / by;
    if value % by == 0 { quotient } else { quotient + value.signum() }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.trim().is_empty() {
            return Err(QuantityError::Empty);
        }
        if text.chars().any(char::is_whitespace) {
            let without = text.split_whitespace().collect();
            return Err(QuantityError::Space { text: text.to_owned(), without });
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(QuantityError::Number { text: text.to_owned() });
        }
        let scale = Scale::of(suffix, text)?;
        let too_large = || QuantityError::TooLarge { text: text.to_owned() };
        let magnitude = scale.apply(whole, fraction).ok_or_else(too_large)?;
        if !is_within_bounds(magnitude) {
            return Err(too_large());
        }
        let nanos = if text.starts_with('-') { -magnitude } else { magnitude };
        Ok(Self { nanos, form: scale.form })
    }
}

/// What a suffix multiplies with: a power of ten and a power of two.
struct Scale {
    ten: i32,
    two: u32,
    form: Form,
}

impl Scale {
    fn of(suffix: &str, text: &str) -> Result<Self, QuantityError> {
        if let Some((_, ten)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
            return Ok(Self { ten: *ten, two: 0, form: Form::Decimal });
        }
        if let Some((_, two)) = BINARY.iter().find(|(name, _)| *name == suffix) {
            return Ok(Self { ten: 0, two: *two, form: Form::Binary });
        }
        let Some(exponent) = suffix.strip_prefix(['e', 'E']) else {
            return Err(unknown_unit(text, suffix));
        };
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(unknown_unit(text, suffix));
        }
        let ten = exponent.parse().map_err(|_| QuantityError::Exponent { text: text.to_owned() })?;
        Ok(Self { ten, two: 0, form: Form::Exponent })
    }

    /// `whole.fraction` times the scale in nano-units, rounded up; `None` when it does not fit.
    fn apply(&self, whole: &str, fraction: &str) -> Option<i128> {
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Some(0);
        }
        let shift = i64::from(self.ten) + 9 - i64::try_from(fraction.len()).ok()?;
        // More digits than a nano-unit needs decide only whether to round up.
        let excess = usize::try_from(-shift).unwrap_or(0).min(digits.len());
        if excess == digits.len() && self.two == 0 {
            return Some(1);
        }
        if self.two == 0 {
            let (kept, dropped) = digits.split_at(digits.len() - excess);
            let zeros = u32::try_from(shift.max(0)).ok()?;
            let value = kept.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)?;
            return value.checked_add(i128::from(dropped.bytes().any(|byte| byte != b'0')));
        }
        let value = digits.parse::<i128>().ok()?.checked_mul(1_i128 << self.two)?;
        if let Ok(zeros) = u32::try_from(shift) {
            return value.checked_mul(10_i128.checked_pow(zeros)?);
        }
        let divisor = u32::try_from(-shift).ok().and_then(|zeros| 10_i128.checked_pow(zeros));
        Some(divisor.map_or(1, |divisor| divide_up(value, divisor)))
    }
}

fn unknown_unit(text: &str, suffix: &str) -> QuantityError {
    let meant = match suffix.to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" => Some("Ki"),
        "mb" | "mi" | "mib" => Some("Mi"),
        "g" | "gb" | "gi" | "gib" => Some("Gi"),
        "t" | "tb" | "ti" | "tib" => Some("Ti"),
        "p" | "pb" | "pi" | "pib" => Some("Pi"),
        "b" | "bytes" | "core" | "cores" | "cpu" | "c" => Some(""),
        "millicores" | "milli" | "mc" => Some("m"),
        _ => None,
    };
    let number = text.strip_suffix(suffix).unwrap_or(text);
    QuantityError::Suffix {
        text: text.to_owned(),
        suffix: suffix.to_owned(),
        suggestion: meant.map(|unit| format!("{number}{unit}")),
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: the largest suffix that needs no fraction.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = self.nanos.unsigned_abs() < 1024 * NANO.unsigned_abs();
        match self.form {
            Form::Binary if !small && self.nanos % NANO == 0 => {
                let units = self.nanos / NANO;
                let fits = BINARY.iter().rev().find(|(_, two)| units % (1_i128 << two) == 0);
                match fits {
                    Some((suffix, two)) => write!(formatter, "{}{suffix}", units >> two),
                    None => write!(formatter, "{units}"),
                }
            }
            Form::Decimal | Form::Binary => {
                let (mantissa, ten) = self.thousands();
                let suffix =
                    DECIMAL.iter().find(|(_, exponent)| *exponent == ten).map_or("", |(name, _)| *name);
                write!(formatter, "{mantissa}{suffix}")
            }
            Form::Exponent => match self.thousands() {
                (mantissa, 0) => write!(formatter, "{mantissa}"),
                (mantissa, ten) => write!(formatter, "{mantissa}e{ten}"),
            },
        }
    }
}

impl Quantity {
    /// Mantissa and exponent of ten, the exponent a multiple of three and as large as possible.
    fn thousands(self) -> (i128, i32) {
        if self.nanos == 0 {
            return (0, 0);
        }
        let (mut mantissa, mut ten) = (self.nanos, -9);
        while ten < 18 && mantissa % 1000 == 0 {
            mantissa /= 1000;
            ten += 3;
        }
        (mantissa, ten)
    }
}

/// A quantity as it stands in an object: the text, kept as it was written. The API takes numbers too; they are
/// read as their text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct QuantityText(pub String);

impl QuantityText {
    /// What the text means.
    ///
    /// # Errors
    /// When the text is no quantity.
    pub fn parse(&self) -> Result<Quantity, QuantityError> {
        self.0.parse()
    }

    /// Whether both mean the same; texts that are no quantities must be equal.
    pub fn means_same(&self, other: &Self) -> bool {
        match (self.parse(), other.parse()) {
            (Ok(left), Ok(right)) => left == right,
            _ => self.0 == other.0,
        }
    }
}

impl From<&str> for QuantityText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for QuantityText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Quantity> for QuantityText {
    fn from(quantity: Quantity) -> Self {
        Self(quantity.to_string())
    }
}

impl fmt::Display for QuantityText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for QuantityText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other => {
                Err(serde::de::Error::custom(format!("a quantity is a number or a string, not {other}")))
            }
        }
    }
}

#[cfg(feature = "crd")]
impl schemars::JsonSchema for QuantityText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QuantityText".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": concat!(
                r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))",
                r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
            ),
            "x-kubernetes-int-or-string": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Quantity, QuantityError, QuantityText};

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn quantities_are_written_in_the_form_of_kubernetes() {
        let cases = [
            ("0", "0"),
            ("0Gi", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1023Ki", "1023Ki"),
            ("1.1Ki", "1126400m"),
            ("2048Ki", "2Mi"),
            ("7Ei", "7Ei"),
            ("1E", "1E"),
            ("9E", "9E"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1e4", "10e3"),
            ("12e6", "12e6"),
            ("100e-2", "1"),
            ("5e-1", "500e-3"),
            ("+5", "5"),
            ("-2Gi", "-2Gi"),
            ("-1500m", "-1500m"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("-0.1n", "-1n"),
            ("0.000000000000000000000001", "1n"),
            ("1u", "1u"),
            ("123456789n", "123456789n"),
            ("00012", "12"),
        ];
        for (written, canonical) in cases {
            assert_eq!(quantity(written).to_string(), canonical, "{written}");
            assert_eq!(quantity(canonical), quantity(written), "{written} means {canonical}");
        }
    }

    #[test]
    fn quantities_compare_by_meaning() {
        for (left, right) in
            [("1000m", "1"), ("1Gi", "1024Mi"), ("1", "1e0"), ("1k", "1000"), ("0.5", "500m"), ("1e3", "1k")]
        {
            assert_eq!(quantity(left), quantity(right), "{left} {right}");
            assert!(QuantityText::from(left).means_same(&QuantityText::from(right)));
        }
        for (less, more) in [("1G", "1Gi"), ("999m", "1"), ("-1", "0"), ("1023Mi", "1Gi"), ("1n", "1u")] {
            assert!(quantity(less) < quantity(more), "{less} {more}");
        }
        assert!(!QuantityText::from("x").means_same(&QuantityText::from("1")));
        assert!(QuantityText::from("x").means_same(&QuantityText::from("x")));
    }

    #[test]
    fn whole_numbers_are_rounded_up() {
        for (text, units, millis) in [
            ("1500m", 2, 1500),
            ("1Gi", 1 << 30, 1000 << 30),
            ("-1500m", -2, -1500),
            ("1n", 1, 1),
            ("0", 0, 0),
        ] {
            assert_eq!(quantity(text).units(), units, "{text}");
            assert_eq!(quantity(text).millis(), millis, "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact_and_bounded() {
        assert_eq!(quantity("0.1").checked_add(quantity("0.2")), Some(quantity("300m")));
        assert_eq!(quantity("1Gi").checked_sub(quantity("512Mi")).unwrap().to_string(), "512Mi");
        assert_eq!(quantity("10Gi").checked_mul(3).unwrap().to_string(), "30Gi");
        assert_eq!(quantity("9E").checked_add(quantity("9E")), None);
        assert_eq!(quantity("9E").checked_mul(i64::MAX), None);
    }

    #[test]
    fn a_wrong_quantity_says_what_would_be_right() {
        let cases = [
            ("", "is empty"),
            ("   ", "is empty"),
            ("2 Gi", "write \"2Gi\""),
            ("Gi", "does not begin with a number"),
            ("-", "does not begin with a number"),
            (".", "does not begin with a number"),
            ("1.2.3", "does not begin with a number"),
            ("2GB", "did you mean \"2Gi\"?"),
            ("2gb", "did you mean \"2Gi\"?"),
            ("512mb", "did you mean \"512Mi\"?"),
            ("1K", "did you mean \"1Ki\"?"),
            ("2cores", "did you mean \"2\"?"),
            ("2x", "units are n, u, m"),
            ("1e", "unknown unit \"e\""),
            ("1e1.5", "no whole number"),
            ("1e99", "larger than Kubernetes can hold"),
            ("1e999999999999", "no whole number"),
            ("10Ei", "larger than Kubernetes can hold"),
            ("99999999999999999999999999999999999999999", "larger than Kubernetes can hold"),
        ];
        for (text, part) in cases {
            let error = text.parse::<Quantity>().expect_err(text).to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        assert_eq!("".parse::<Quantity>(), Err(QuantityError::Empty));
    }

    #[test]
    fn numbers_and_strings_are_read_and_strings_are_written() {
        for (json, text) in [("\"2Gi\"", "2Gi"), ("2", "2"), ("0.5", "0.5")] {
            let read: QuantityText = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, text);
            assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{text}\""));
        }
        assert!(serde_json::from_str::<QuantityText>("[]").is_err());
    }
}
