//! What a change does to what runs: levels, reasons and capacity. The names of fields are a contract with the provider's
//! schema and with readers of the JSON.

use serde::Serialize;
use serde_json::Value;

pub(super) use crate::impact::Level;

/// Where a level stands in a list that begins with the worst. One that is not known may be any, so only certain loss
/// of data is worse.
pub(super) fn rank(level: Option<Level>) -> u8 {
    match level {
        Some(Level::DataLoss) => 0,
        None => 1,
        Some(Level::Downtime) => 2,
        Some(Level::RollingRestart) => 3,
        Some(Level::None) => 4,
    }
}

/// A number of the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Amount {
    Known(f64),
    /// It does not apply, or nobody told.
    #[default]
    Absent,
    /// Only the apply will tell.
    Unknown,
}

impl Amount {
    /// Larger numbers are mistakes, and would fill a page.
    const MAXIMUM: f64 = 1e15;

    pub(super) fn read(value: &Value, unknown: bool) -> Self {
        match value.as_f64() {
            _ if unknown => Self::Unknown,
            Some(number) if number.abs() <= Self::MAXIMUM => Self::Known(number),
            _ => Self::Absent,
        }
    }

    pub(super) fn known(self) -> Option<f64> {
        match self {
            Self::Known(number) => Some(number),
            Self::Absent | Self::Unknown => None,
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Whole numbers without a fraction.
            Self::Known(number) if number.fract() == 0.0 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "at most MAXIMUM, and whole")]
                serializer.serialize_i64(*number as i64)
            }
            Self::Known(number) => serializer.serialize_f64(*number),
            Self::Absent | Self::Unknown => serializer.serialize_none(),
        }
    }
}

/// What something takes up: CPU in cores, sizes in GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Capacity {
    pub(super) instances: Amount,
    pub(super) nodes: Amount,
    pub(super) cpu: Amount,
    pub(super) memory_gib: Amount,
    pub(super) storage_gib: Amount,
}

impl Capacity {
    /// The names of the fields.
    pub(super) const NAMES: [&str; 5] = ["instances", "nodes", "cpu", "memory_gib", "storage_gib"];

    /// All numbers, in the order of the fields.
    pub(super) fn amounts(&self) -> [Amount; 5] {
        let Self { instances, nodes, cpu, memory_gib, storage_gib } = *self;
        [instances, nodes, cpu, memory_gib, storage_gib]
    }

    pub(super) fn from_amounts([instances, nodes, cpu, memory_gib, storage_gib]: [Amount; 5]) -> Self {
        Self { instances, nodes, cpu, memory_gib, storage_gib }
    }
}

/// Capacity at one end of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Side {
    /// There is nothing.
    #[serde(serialize_with = "null")]
    Nothing,
    Is(Capacity),
    /// Nobody told, or only the apply will tell.
    #[default]
    #[serde(serialize_with = "null")]
    Unknown,
}

fn null<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// One effect of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reason {
    /// The attribute that is changed; empty when it is the object as a whole.
    pub(super) path: String,
    pub(super) level: Option<Level>,
    pub(super) text: String,
}

impl Reason {
    /// About the object as a whole.
    pub(super) fn new(level: Option<Level>, text: impl Into<String>) -> Self {
        Self { path: String::new(), level, text: text.into() }
    }
}

/// What a change does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Impact {
    /// `None` when it is not known before the apply.
    pub(super) level: Option<Level>,
    pub(super) reasons: Vec<Reason>,
    pub(super) instances_restarted: Amount,
    pub(super) nodes_recreated: Amount,
    pub(super) data_removed: Vec<String>,
    pub(super) before: Side,
    pub(super) after: Side,
}

impl Impact {
    /// One that nobody can tell, for this reason.
    pub(super) fn unknown(text: &str) -> Self {
        Self { reasons: vec![Reason::new(None, text)], ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_levels_is_that_of_their_harm() {
        assert!(Level::None < Level::RollingRestart && Level::Downtime < Level::DataLoss);
        let mut levels = [Some(Level::None), Some(Level::Downtime), None, Some(Level::DataLoss)];
        levels.sort_by_key(|level| rank(*level));
        assert_eq!(levels, [Some(Level::DataLoss), None, Some(Level::Downtime), Some(Level::None)]);
    }
}
