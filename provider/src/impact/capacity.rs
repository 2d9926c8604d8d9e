//! How much of something there is: what it costs follows from that.

use kubeblocks_schemas::quantity::Quantity;
use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// How much there is in all. What does not apply, or is not written, is null.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Capacity {
    /// Instances of a database.
    #[tf(computed)]
    pub instances: Value<i64>,
    /// Nodes of a Kubernetes cluster.
    #[tf(computed)]
    pub nodes: Value<i64>,
    /// Cores that the instances ask for.
    #[tf(computed)]
    pub cpu: Value<f64>,
    /// Memory that the instances ask for, in GiB.
    #[tf(computed)]
    pub memory_gib: Value<f64>,
    /// Volumes of the instances, in GiB.
    #[tf(computed)]
    pub storage_gib: Value<f64>,
}

/// A sum that may hold parts that are not known yet, or cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So much.
    Known(Quantity),
    /// It will be known at apply.
    Unknown,
    /// It does not apply, or nobody has written it.
    Absent,
}

impl Amount {
    /// A number of things.
    pub fn count(number: i64) -> Self {
        Self::Known(Quantity::from_units(number))
    }

    /// Both together. What is absent in one part is not known of the whole.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, _) | (_, Self::Absent) => Self::Absent,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Known(one), Self::Known(two)) => one.checked_add(two).map_or(Self::Absent, Self::Known),
        }
    }

    /// So many times this.
    #[must_use]
    pub fn times(self, factor: i64) -> Self {
        match self {
            _ if factor == 0 => Self::count(0),
            Self::Known(one) => one.checked_mul(factor).map_or(Self::Absent, Self::Known),
            other => other,
        }
    }
}

/// Sums of a whole object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Instances of a database.
    pub instances: Amount,
    /// Nodes of a Kubernetes cluster.
    pub nodes: Amount,
    /// Cores.
    pub cpu: Amount,
    /// Bytes of memory.
    pub memory: Amount,
    /// Bytes of volumes.
    pub storage: Amount,
}

impl Total {
    /// The same of everything that instances have.
    pub fn of_instances(amount: Amount) -> Self {
        Self { instances: amount, cpu: amount, memory: amount, storage: amount, ..Self::default() }
    }
}

impl Default for Total {
    fn default() -> Self {
        let absent = Amount::Absent;
        Self { instances: absent, nodes: absent, cpu: absent, memory: absent, storage: absent }
    }
}

impl From<Total> for Capacity {
    fn from(total: Total) -> Self {
        const GIB: f64 = 1_073_741_824.0;
        Self {
            instances: shown(total.instances, whole),
            nodes: shown(total.nodes, whole),
            cpu: shown(total.cpu, |quantity| rounded(quantity.millis(), 1000.0)),
            memory_gib: shown(total.memory, |quantity| rounded(quantity.units(), GIB)),
            storage_gib: shown(total.storage, |quantity| rounded(quantity.units(), GIB)),
        }
    }
}

fn shown<T>(amount: Amount, show: impl Fn(Quantity) -> T) -> Value<T> {
    match amount {
        Amount::Known(quantity) => Value::Known(show(quantity)),
        Amount::Unknown => Value::Unknown,
        Amount::Absent => Value::Null,
    }
}

fn whole(quantity: Quantity) -> i64 {
    i64::try_from(quantity.units()).unwrap_or(i64::MAX)
}

/// To three decimals, which people read and which tell cores and GiB apart well enough.
#[allow(clippy::cast_precision_loss, reason = "three decimals are kept of at most 2^63")]
fn rounded(amount: i128, unit: f64) -> f64 {
    (amount as f64 / unit * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Amount {
        Amount::Known(text.parse().unwrap())
    }

    #[test]
    fn sums_are_known_only_when_all_parts_are() {
        for (one, two, expected) in [
            (known("1500m"), known("500m"), known("2")),
            (known("1"), Amount::Unknown, Amount::Unknown),
            (Amount::Unknown, Amount::Absent, Amount::Absent),
            (Amount::Absent, known("1"), Amount::Absent),
        ] {
            assert_eq!(one.plus(two), expected, "{one:?} {two:?}");
        }
        assert_eq!(known("2Gi").times(3), known("6Gi"));
        assert_eq!(Amount::Unknown.times(0), Amount::count(0));
        assert_eq!(Amount::Absent.times(2), Amount::Absent);
    }

    #[test]
    fn amounts_are_shown_in_cores_and_gibibytes() {
        let total = Total {
            instances: Amount::count(3),
            nodes: Amount::Absent,
            cpu: known("250m").times(3),
            memory: known("512Mi"),
            storage: Amount::Unknown,
        };
        let shown = Capacity::from(total);
        assert_eq!(shown.instances, Value::Known(3));
        assert_eq!(shown.cpu, Value::Known(0.75));
        assert_eq!(shown.memory_gib, Value::Known(0.5));
        assert!(shown.nodes.is_null() && shown.storage_gib.is_unknown());
        let decimal = Capacity::from(Total { storage: known("20G"), ..Total::default() });
        assert_eq!(decimal.storage_gib, Value::Known(18.626));
    }
}
