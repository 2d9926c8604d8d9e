//! Cron schedules of five fields, as those of Kubernetes: checked here so that a typo is found at plan
//! and not as a schedule that never runs.

use std::fmt;

/// Why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are not five fields.
    #[error(
        "schedule {text:?} has {count} fields, not the five of minute, hour, day of month, month, day of week; \
         write for example \"0 3 * * *\""
    )]
    FieldCount {
        /// What was written.
        text: String,
        /// How many fields it has.
        count: usize,
    },
    /// A name such as `@often` is unknown.
    #[error("schedule {text:?} is not a known name; names are @hourly, @daily, @weekly, @monthly, @yearly")]
    Name {
        /// What was written.
        text: String,
    },
    /// A value is neither a number nor a name of the field.
    #[error("{value:?} is no {field} of schedule {text:?}, which is {}", .field.range())]
    Value {
        /// What was written.
        text: String,
        /// The wrong part.
        value: String,
        /// The field it stands in.
        field: Field,
    },
    /// A range runs backwards.
    #[error("range {value:?} in the {field} of schedule {text:?} runs backwards")]
    Backwards {
        /// What was written.
        text: String,
        /// The range.
        value: String,
        /// The field it stands in.
        field: Field,
    },
    /// A step is zero or no number.
    #[error("step {value:?} in the {field} of schedule {text:?} is no number above zero")]
    Step {
        /// What was written.
        text: String,
        /// The step.
        value: String,
        /// The field it stands in.
        field: Field,
    },
}

/// A field of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// 0-59.
    Minute,
    /// 0-23.
    Hour,
    /// 1-31.
    DayOfMonth,
    /// 1-12 or a name.
    Month,
    /// 0-6 or a name; 0 is Sunday.
    DayOfWeek,
}

const FIELDS: [Field; 5] = [Field::Minute, Field::Hour, Field::DayOfMonth, Field::Month, Field::DayOfWeek];
const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const NAMES: &[&str] = &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

impl Field {
    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => MONTHS,
            Self::DayOfWeek => DAYS,
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
        }
    }

    fn range(self) -> String {
        let (first, last) = self.bounds();
        match (self.names().first(), self.names().last()) {
            (Some(from), Some(to)) => format!("{first}-{last} or {from}-{to}"),
            _ => format!("{first}-{last}"),
        }
    }

    fn value(self, text: &str) -> Option<u32> {
        let (first, last) = self.bounds();
        let lower = text.to_ascii_lowercase();
        if let Some(index) = self.names().iter().position(|name| *name == lower) {
            return u32::try_from(index).ok().map(|index| index + first);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|value| digits && (first..=last).contains(value))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

/// Checks a schedule of five fields or one of the names such as `@daily`.
///
/// # Errors
/// When the text is no such schedule.
pub fn check_cron(text: &str) -> Result<(), CronError> {
    if text.starts_with('@') {
        let known = NAMES.contains(&text);
        return if known { Ok(()) } else { Err(CronError::Name { text: text.to_owned() }) };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(CronError::FieldCount { text: text.to_owned(), count: fields.len() });
    }
    for (field, written) in FIELDS.into_iter().zip(fields) {
        for part in written.split(',') {
            check_part(text, field, part)?;
        }
    }
    Ok(())
}

fn check_part(text: &str, field: Field, part: &str) -> Result<(), CronError> {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    if let Some(step) = step {
        let above_zero =
            step.bytes().all(|byte| byte.is_ascii_digit()) && step.parse().is_ok_and(|n: u32| n > 0);
        if !above_zero {
            return Err(CronError::Step { text: text.to_owned(), value: step.to_owned(), field });
        }
    }
    if range == "*" || range == "?" {
        return Ok(());
    }
    let value = |written: &str| {
        let wrong = || CronError::Value { text: text.to_owned(), value: written.to_owned(), field };
        field.value(written).ok_or_else(wrong)
    };
    let Some((from, to)) = range.split_once('-') else { return value(range).map(|_| ()) };
    if value(from)? > value(to)? {
        return Err(CronError::Backwards { text: text.to_owned(), value: range.to_owned(), field });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_cron;

    #[test]
    fn schedules_of_five_fields_and_names_are_taken() {
        for text in [
            "0 3 * * *",
            "*/15 * * * *",
            "0 18 * * 0",
            "0 0 1,15 * ?",
            "5-10/2 0-6 1-31 jan-dec MON-fri",
            "  0  3  *  *  *  ",
            "@daily",
            "@hourly",
        ] {
            assert_eq!(check_cron(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_wrong_schedule_says_which_field() {
        for (text, part) in [
            ("", "has 0 fields"),
            ("0 3 * *", "has 4 fields"),
            ("0 0 3 * * *", "has 6 fields"),
            ("60 3 * * *", "\"60\" is no minute"),
            ("0 24 * * *", "\"24\" is no hour"),
            ("0 3 0 * *", "\"0\" is no day of month"),
            ("0 3 * 13 *", "which is 1-12 or jan-dec"),
            ("0 3 * * 7", "which is 0-6 or sun-sat"),
            ("0 3 * * funday", "\"funday\" is no day of week"),
            ("0 3,, * * *", "\"\" is no hour"),
            ("0 5-3 * * *", "range \"5-3\""),
            ("*/0 3 * * *", "step \"0\""),
            ("*/x 3 * * *", "step \"x\""),
            ("+5 3 * * *", "\"+5\" is no minute"),
            ("@often", "names are @hourly"),
        ] {
            let error = check_cron(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
