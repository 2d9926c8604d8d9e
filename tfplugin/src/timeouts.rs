//! The `timeouts` attribute that resources share: how long each operation may take. Pure; whoever waits does the waiting.

use std::time::Duration;

use crate::TerraformSchema;
use crate::typed::Value;

/// How long the operations on this resource may take. Each is a number and a unit, or several in a row: `30s`, `45m`,
/// `1h30m`. Changing a timeout changes nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, TerraformSchema)]
pub struct Timeouts {
    /// How long creating may take, for example `45m`.
    #[tf(optional, validate = validate_timeout)]
    pub create: Value<String>,
    /// How long reading may take, for example `1m`.
    #[tf(optional, validate = validate_timeout)]
    pub read: Value<String>,
    /// How long an update may take, for example `30m`.
    #[tf(optional, validate = validate_timeout)]
    pub update: Value<String>,
    /// How long deleting may take, for example `30m`.
    #[tf(optional, validate = validate_timeout)]
    pub delete: Value<String>,
}

impl Timeouts {
    /// The timeout of a create, or `default` where there is none.
    pub fn create_or(&self, default: Duration) -> Duration {
        timeout_or(&self.create, default)
    }

    /// The timeout of a read, or `default` where there is none.
    pub fn read_or(&self, default: Duration) -> Duration {
        timeout_or(&self.read, default)
    }

    /// The timeout of an update, or `default` where there is none.
    pub fn update_or(&self, default: Duration) -> Duration {
        timeout_or(&self.update, default)
    }

    /// The timeout of a delete, or `default` where there is none.
    pub fn delete_or(&self, default: Duration) -> Duration {
        timeout_or(&self.delete, default)
    }
}

/// The same questions where the whole attribute may be missing.
impl Value<Timeouts> {
    /// The timeout of a create, or `default` where there is none.
    pub fn create_or(&self, default: Duration) -> Duration {
        self.known().map_or(default, |timeouts| timeouts.create_or(default))
    }

    /// The timeout of a read, or `default` where there is none.
    pub fn read_or(&self, default: Duration) -> Duration {
        self.known().map_or(default, |timeouts| timeouts.read_or(default))
    }

    /// The timeout of an update, or `default` where there is none.
    pub fn update_or(&self, default: Duration) -> Duration {
        self.known().map_or(default, |timeouts| timeouts.update_or(default))
    }

    /// The timeout of a delete, or `default` where there is none.
    pub fn delete_or(&self, default: Duration) -> Duration {
        self.known().map_or(default, |timeouts| timeouts.delete_or(default))
    }
}

/// What the schema's check let through parses; the default only stands in for text that never went through it.
fn timeout_or(timeout: &Value<String>, default: Duration) -> Duration {
    timeout.known().and_then(|text| parse_duration(text).ok()).unwrap_or(default)
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No number with a unit.
    #[error("\"{0}\" is not a duration; write numbers with units, such as \"30s\", \"45m\" or \"1h30m\"")]
    Syntax(String),
    /// A number without a unit behind it.
    #[error("\"{0}\" lacks a unit; write \"{0}s\" for seconds, \"{0}m\" for minutes or \"{0}h\" for hours")]
    NoUnit(String),
    /// A unit that durations do not have.
    #[error(
        "\"{text}\" has the unit \"{unit}\", which durations do not have; the units are h, m, s, ms, us and ns"
    )]
    Unit {
        /// The whole text.
        text: String,
        /// The unit in it.
        unit: String,
    },
    /// Below zero.
    #[error("\"{0}\" is below zero")]
    Negative(String),
    /// Above what Go's durations hold.
    #[error("\"{0}\" is longer than the longest duration, about 292 years")]
    TooLong(String),
}

/// Reads a duration as Go writes it: `300ms`, `1.5h`, `1h30m`, `0`. Exact to the nanosecond; below that it cuts off.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let syntax = || DurationError::Syntax(text.to_owned());
    if text.starts_with('-') {
        return Err(DurationError::Negative(text.to_owned()));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(syntax());
    }
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = split_at_first(rest, |letter| !letter.is_ascii_digit() && letter != '.');
        let (unit, after) = split_at_first(after, |letter| letter.is_ascii_digit() || letter == '.');
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(syntax());
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit(text.to_owned()));
        }
        let Some(unit) = nanoseconds_of(unit) else {
            return Err(DurationError::Unit { text: text.to_owned(), unit: unit.to_owned() });
        };
        nanoseconds = whole_part(whole, unit)
            .and_then(|part| nanoseconds.checked_add(part)?.checked_add(fraction_part(fraction, unit)))
            .filter(|sum| *sum <= u128::from(i64::MAX.unsigned_abs()))
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = after;
    }
    u64::try_from(nanoseconds).map(Duration::from_nanos).map_err(|_| DurationError::TooLong(text.to_owned()))
}

fn split_at_first(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn nanoseconds_of(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        // Both code points that stand for micro, as Go takes them.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn whole_part(digits: &str, unit: u128) -> Option<u128> {
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse::<u128>().ok()?.checked_mul(unit)
}

fn fraction_part(digits: &str, unit: u128) -> u128 {
    // Digits behind the sixteenth are below a nanosecond for every unit.
    let digits = &digits[..digits.len().min(16)];
    let divisor = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(0));
    digits.parse::<u128>().map_or(0, |numerator| numerator * unit / divisor)
}

fn validate_timeout(text: &str) -> Result<(), String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => {
            Err(format!("\"{text}\" leaves no time at all; give a longer one, such as \"30m\"."))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::path::Path;
    use crate::raw::RawValue;

    #[test]
    fn durations_read_as_go_reads_them() {
        let cases = [
            ("0", Duration::ZERO),
            ("30s", Duration::from_secs(30)),
            ("45m", Duration::from_mins(45)),
            ("1h30m", Duration::from_mins(90)),
            ("1.5h", Duration::from_mins(90)),
            (".5m", Duration::from_secs(30)),
            ("5.s", Duration::from_secs(5)),
            ("+1m", Duration::from_mins(1)),
            ("300ms", Duration::from_millis(300)),
            ("1us2ns", Duration::from_nanos(1002)),
            ("1\u{b5}s", Duration::from_micros(1)),
            ("1\u{3bc}s", Duration::from_micros(1)),
            ("0.3333333333333333333h", Duration::from_nanos(1_199_999_999_999)),
            ("9223372036854775807ns", Duration::from_nanos(9_223_372_036_854_775_807)),
        ];
        for (text, duration) in cases {
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_its_reason() {
        let own = str::to_owned;
        let unit = |text: &str, unit: &str| DurationError::Unit { text: own(text), unit: own(unit) };
        let cases = [
            ("", DurationError::Syntax(own(""))),
            ("+", DurationError::Syntax(own("+"))),
            ("m", DurationError::Syntax(own("m"))),
            (".m", DurationError::Syntax(own(".m"))),
            ("1.2.3m", DurationError::Syntax(own("1.2.3m"))),
            ("1m ", unit("1m ", "m ")),
            ("30", DurationError::NoUnit(own("30"))),
            ("1h30", DurationError::NoUnit(own("1h30"))),
            ("2d", unit("2d", "d")),
            ("10 minutes", unit("10 minutes", " minutes")),
            ("-5m", DurationError::Negative(own("-5m"))),
            ("9223372036854775808ns", DurationError::TooLong(own("9223372036854775808ns"))),
            (
                "99999999999999999999999999999999999999999h",
                DurationError::TooLong(own("99999999999999999999999999999999999999999h")),
            ),
        ];
        for (text, error) in cases {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_schema_refuses_timeouts_that_cannot_be_kept() {
        let schema = Timeouts::schema();
        for name in ["create", "read", "update", "delete"] {
            let attribute = schema.find(name).expect("a timeout");
            let check = |text: &str| {
                let mut findings = Diagnostics::new();
                for validator in &attribute.validators {
                    validator.validate(&RawValue::from(text), &Path::attribute(name), &mut findings);
                }
                findings.into_iter().map(|finding| finding.detail).collect::<Vec<_>>()
            };
            assert_eq!(check("45m"), Vec::<String>::new());
            assert_eq!(check("0s"), ["\"0s\" leaves no time at all; give a longer one, such as \"30m\"."]);
            assert_eq!(
                check("30"),
                ["\"30\" lacks a unit; write \"30s\" for seconds, \"30m\" for minutes or \"30h\" for hours."]
            );
        }
    }

    #[test]
    fn each_operation_has_its_own_timeout_or_the_default() {
        let known = |text: &str| Value::Known(text.to_owned());
        let timeouts = Value::Known(Timeouts {
            create: known("1m"),
            read: known("2m"),
            update: known("3m"),
            delete: Value::Null,
        });
        let default = Duration::from_mins(9);
        let of = |timeouts: &Value<Timeouts>| {
            [
                timeouts.create_or(default),
                timeouts.read_or(default),
                timeouts.update_or(default),
                timeouts.delete_or(default),
            ]
        };
        assert_eq!(of(&timeouts), [1, 2, 3, 9].map(Duration::from_mins));
        assert_eq!(of(&Value::Null), [default; 4]);
    }
}
