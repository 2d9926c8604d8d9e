//! Conditions: how they are set, and what time it is.
//!
//! Pure but for the clock.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use super::api::Condition;

/// Now, as Kubernetes writes times: UTC, whole seconds.
pub(crate) fn now() -> String {
    stamp(Timestamp::now())
}

/// A time as Kubernetes writes it.
pub(crate) fn stamp(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    DateTimePrinter::new().precision(Some(0)).timestamp_to_string(&whole)
}

/// How long ago a time was. A time that cannot be read is now.
pub(crate) fn age(time: &str) -> std::time::Duration {
    let Ok(then) = time.parse::<Timestamp>() else { return std::time::Duration::ZERO };
    std::time::Duration::try_from(Timestamp::now().duration_since(then)).unwrap_or_default()
}

impl Condition {
    /// A condition that holds.
    pub(crate) fn met(type_: &str, reason: &str, message: impl Into<String>) -> Self {
        Self::new(type_, "True", reason, message.into())
    }

    /// A condition that does not hold.
    pub(crate) fn unmet(type_: &str, reason: &str, message: impl Into<String>) -> Self {
        Self::new(type_, "False", reason, message.into())
    }

    fn new(type_: &str, status: &str, reason: &str, message: String) -> Self {
        Self {
            type_: type_.to_owned(),
            status: status.to_owned(),
            observed_generation: None,
            last_transition_time: now(),
            reason: reason.to_owned(),
            message,
        }
    }

    /// Says for which generation the condition was found.
    pub(crate) fn of_generation(mut self, generation: i64) -> Self {
        self.observed_generation = Some(generation);
        self
    }
}

/// Finds a condition by its type.
pub(crate) fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Sets a condition; its transition time changes only when its status does.
pub(crate) fn set(conditions: &mut Vec<Condition>, condition: Condition) {
    match conditions.iter_mut().find(|known| known.type_ == condition.type_) {
        Some(known) => {
            let since = if known.status == condition.status {
                known.last_transition_time.clone()
            } else {
                condition.last_transition_time.clone()
            };
            *known = condition;
            known.last_transition_time = since;
        }
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let mut conditions = Vec::new();
        let mut first = Condition::met("Ready", "ClusterReady", "ready");
        first.last_transition_time = "2026-01-01T00:00:00Z".to_owned();
        set(&mut conditions, first);
        set(&mut conditions, Condition::met("Ready", "ClusterReady", "still ready"));
        assert_eq!(conditions[0].last_transition_time, "2026-01-01T00:00:00Z");
        assert_eq!(conditions[0].message, "still ready");
        set(&mut conditions, Condition::unmet("Ready", "ComponentsNotReady", "not ready"));
        assert_ne!(conditions[0].last_transition_time, "2026-01-01T00:00:00Z");
        assert_eq!(conditions.len(), 1);
    }

    #[test]
    fn times_are_written_in_utc_with_whole_seconds() {
        let time: Timestamp = "2026-11-23T09:42:05.987Z".parse().unwrap();
        assert_eq!(stamp(time), "2026-11-23T09:42:05Z");
    }

    #[test]
    fn the_age_of_an_unreadable_time_is_zero() {
        assert_eq!(age("yesterday"), std::time::Duration::ZERO);
        assert!(age("2020-01-01T00:00:00Z").as_secs() > 1_000_000);
    }
}
