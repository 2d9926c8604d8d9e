//! The grammars of time in KubeBlocks: durations as Go writes them, retention periods, cron schedules and the
//! moment of a restore. Each error says which part is wrong and shows a right one.

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

const GO_EXAMPLE: &str = "45m";
const GO_UNITS: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A duration as Go writes it: `45m`, `1h30m`, `1.5h`, `0`. Negative ones are refused: nothing waits so long.
///
/// # Errors
/// When the text is no such duration.
pub fn parse_go_duration(text: &str) -> Result<Duration, DurationError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = without_sign(text, GO_EXAMPLE)?;
    let mut nanos: u128 = 0;
    let too_long = || DurationError::TooLong { text: text.to_owned() };
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            let rest = rest.to_owned();
            return Err(DurationError::Number { text: text.to_owned(), rest, example: GO_EXAMPLE });
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let Some((_, size)) = GO_UNITS.iter().find(|(name, _)| *name == unit) else {
            let unit = unit.to_owned();
            return Err(DurationError::Unit { text: text.to_owned(), unit, units: "ns, us, ms, s, m, h" });
        };
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_long())? };
        let part = whole.checked_mul(*size).ok_or_else(too_long)?;
        nanos = nanos.checked_add(part + fraction_of(fraction, *size)).ok_or_else(too_long)?;
        rest = next;
    }
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| too_long())
}

/// The fraction's share of a unit, rounded down as Go does.
fn fraction_of(fraction: &str, size: u128) -> u128 {
    let mut share = 0;
    let mut digit_size = size;
    for digit in fraction.bytes() {
        digit_size /= 10;
        share += digit_size * u128::from(digit - b'0');
    }
    share
}

fn without_sign<'a>(text: &'a str, example: &'static str) -> Result<&'a str, DurationError> {
    if text.trim().is_empty() {
        return Err(DurationError::Empty { example });
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
    let mut rest = without_sign(text, RETENTION_EXAMPLE)?;
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
    use super::{parse_go_duration, parse_restore_time, parse_retention_period};

    #[test]
    fn go_durations_are_read() {
        for (text, millis) in [
            ("45m", 45 * 60_000),
            ("1h30m", 90 * 60_000),
            ("1.5h", 90 * 60_000),
            (".5s", 500),
            ("300ms", 300),
            ("2h3m4s5ms", 7_384_005),
            ("1000000ns", 1),
            ("1000us", 1),
            ("+1s", 1000),
            ("0", 0),
            ("0s", 0),
        ] {
            let read = parse_go_duration(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.as_millis(), millis, "{text}");
        }
    }

    #[test]
    fn a_wrong_go_duration_says_what_is_wrong() {
        for (text, part) in [
            ("", "is empty"),
            ("45", "a number without a unit"),
            ("m", "no number before \"m\""),
            ("45 m", "unknown unit \" m\""),
            ("1d", "unknown unit \"d\"; units are ns, us, ms, s, m, h"),
            ("-5m", "negative"),
            ("1..5h", "no number before"),
            ("99999999999999h", "too long"),
            ("999999999999999999999999999999999999999999h", "too long"),
        ] {
            let error = parse_go_duration(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

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
