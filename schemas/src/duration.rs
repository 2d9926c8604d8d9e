//! The grammars of time in KubeBlocks: retention periods and the moment of a restore. Each error says which part is
//! wrong and shows a right one.

use std::time::Duration;

/// Why a text is not a time of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("a duration is empty; write for example {example:?}")]
    Empty {
        /// A right one.
        example: &'static str,
    },
    /// A number is missing or malformed.
    #[error("duration {text:?} has no number before {rest:?}; write for example {example:?}")]
    Number {
        /// What was written.
        text: String,
        /// Where the number should be.
        rest: String,
        /// A right one.
        example: &'static str,
    },
    /// A unit is missing or unknown.
    #[error("duration {text:?} has {}; units are {units}", unit_problem(.unit))]
    Unit {
        /// What was written.
        text: String,
        /// What stands where the unit should be.
        unit: String,
        /// The units there are.
        units: &'static str,
    },
    /// The duration is negative.
    #[error("duration {text:?} is negative; leave the sign out")]
    Negative {
        /// What was written.
        text: String,
    },
    /// A unit occurs twice; the last one would win silently.
    #[error("duration {text:?} has the unit {unit:?} twice")]
    Repeated {
        /// What was written.
        text: String,
        /// The unit.
        unit: String,
    },
    /// The duration is longer than can be held.
    #[error("duration {text:?} is too long")]
    TooLong {
        /// What was written.
        text: String,
    },
}

fn unit_problem(unit: &str) -> String {
    if unit.is_empty() { "a number without a unit".to_owned() } else { format!("the unknown unit {unit:?}") }
}

fn without_sign(text: &str) -> Result<&str, DurationError> {
    if text.trim().is_empty() {
        return Err(DurationError::Empty { example: RETENTION_EXAMPLE });
    }
    if text.starts_with('-') {
        return Err(DurationError::Negative { text: text.to_owned() });
    }
    Ok(text.strip_prefix('+').unwrap_or(text))
}

const RETENTION_EXAMPLE: &str = "7d";
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Units of a retention period, the longer name first where one begins like the other. A month has 30 days and a
/// year 365.
const RETENTION_UNITS: &[(&str, u64)] =
    &[("mo", 30 * DAY), ("y", 365 * DAY), ("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE)];

/// How long a backup is kept: `7d`, `1mo`, `1y2mo3w4d5h6m`. Units may come in any order, each once.
///
/// # Errors
/// When the text is no retention period.
pub fn parse_retention_period(text: &str) -> Result<Duration, DurationError> {
    let mut rest = without_sign(text)?;
    let mut seen: Vec<&str> = Vec::new();
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if number.is_empty() {
            let rest = rest.to_owned();
            return Err(DurationError::Number { text: text.to_owned(), rest, example: RETENTION_EXAMPLE });
        }
        let Some((unit, size)) = RETENTION_UNITS.iter().find(|(name, _)| after.starts_with(name)) else {
            let unit = after.chars().take_while(|c| !c.is_ascii_digit()).collect();
            let units = "y, mo, w, d, h, m";
            return Err(DurationError::Unit { text: text.to_owned(), unit, units });
        };
        if seen.contains(unit) {
            return Err(DurationError::Repeated { text: text.to_owned(), unit: (*unit).to_owned() });
        }
        seen.push(unit);
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*size));
        seconds = part
            .and_then(|part| seconds.checked_add(part))
            .ok_or_else(|| DurationError::TooLong { text: text.to_owned() })?;
        rest = &after[unit.len()..];
    }
    Ok(Duration::from_secs(seconds))
}

/// Why a text is not the moment of a restore.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a moment; write it in UTC without fractions, for example \"2026-11-01T08:30:00Z\"")]
pub struct RestoreTimeError {
    /// What was written.
    pub text: String,
}

/// The moment of a restore, `2026-11-01T08:30:00Z`: RFC 3339 in UTC, without fractions of a second.
///
/// # Errors
/// When the text is no such moment.
pub fn parse_restore_time(text: &str) -> Result<jiff::Timestamp, RestoreTimeError> {
    let refused = || RestoreTimeError { text: text.to_owned() };
    let shape = "0000-00-00T00:00:00Z";
    let fits = text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    if !fits {
        return Err(refused());
    }
    text.parse().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::{parse_restore_time, parse_retention_period};

    #[test]
    fn retention_periods_are_read() {
        const DAY: u64 = 86_400;
        for (text, seconds) in [
            ("7d", 7 * DAY),
            ("1mo", 30 * DAY),
            ("1m", 60),
            ("1mo1m", 30 * DAY + 60),
            ("1m1mo", 30 * DAY + 60),
            ("1y2mo3w4d5h6m", (365 + 60 + 21 + 4) * DAY + 5 * 3600 + 6 * 60),
            ("0d", 0),
        ] {
            let read = parse_retention_period(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.as_secs(), seconds, "{text}");
        }
    }

    #[test]
    fn a_wrong_retention_period_says_what_is_wrong() {
        for (text, part) in [
            ("", "write for example \"7d\""),
            ("7", "a number without a unit"),
            ("d", "no number before \"d\""),
            ("7x", "unknown unit \"x\"; units are y, mo, w, d, h, m"),
            ("7 d", "unknown unit"),
            ("-7d", "negative"),
            ("7d1d", "the unit \"d\" twice"),
            ("1.5d", "unknown unit"),
            ("7s", "unknown unit \"s\""),
            ("99999999999999999999d", "too long"),
        ] {
            let error = parse_retention_period(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn only_whole_seconds_in_utc_are_moments_of_a_restore() {
        assert!(parse_restore_time("2026-11-01T08:30:00Z").is_ok());
        for text in [
            "",
            "2026-11-01",
            "2026-11-01 08:30:00",
            "2026-11-01T08:30:00+01:00",
            "2026-11-01T08:30:00.5Z",
            "2026-13-01T08:30:00Z",
            "2026-02-30T08:30:00Z",
            "2026-11-01T25:30:00Z",
            "２026-11-01T08:30:00Z",
        ] {
            let error = parse_restore_time(text).expect_err(text).to_string();
            assert!(error.contains("2026-11-01T08:30:00Z"), "{error}");
        }
    }
}
