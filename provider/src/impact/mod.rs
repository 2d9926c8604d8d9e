//! What a change does to whoever uses the thing that is changed: restarts, downtime, data that goes. Told in the plan, as
//! the attribute `planned_impact`, so that people and policies see it before anything happens. Pure: by the states before
//! and after alone, so that the second plan, at apply, says the same as the first.

mod capacity;
pub mod guard;

use serde::Serialize;
use tfplugin::TerraformSchema;
use tfplugin::path::Path;
use tfplugin::raw::RawValue;
use tfplugin::typed::{Set, Value};

pub use capacity::{Amount, Capacity, Total};

/// What a change does, at worst. In ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Level {
    /// Nothing that a user would notice.
    #[default]
    None,
    /// Instances restart one after the other, or nodes are replaced one after the other.
    RollingRestart,
    /// Nothing answers for a while.
    Downtime,
    /// Data is removed that is nowhere else.
    DataLoss,
}

impl Level {
    /// All, in ascending order.
    pub const ALL: [Self; 4] = [Self::None, Self::RollingRestart, Self::Downtime, Self::DataLoss];

    /// The level as it stands in plans and configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RollingRestart => "rolling_restart",
            Self::Downtime => "downtime",
            Self::DataLoss => "data_loss",
        }
    }

    /// The level that is written so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// What this change does, at worst, to whoever uses it. It is there in every plan, also of `terraform show -json`, and keeps
/// what the last change did until the next one. Of a new object it tells the size. What a destroy or a replacement takes
/// away is not in it, as Terraform plans the new half of a replacement like any new object: the plan names it in a
/// warning, and the command `review` in its report.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct PlannedImpact {
    /// `none`, `rolling_restart` (one instance or node after the other), `downtime` (nothing answers for a while) or
    /// `data_loss` (data goes that is nowhere else).
    #[tf(computed)]
    pub level: Value<String>,
    /// Why, the worst first.
    #[tf(computed)]
    pub reasons: Value<Vec<Value<Reason>>>,
    /// How many instances restart. Null where the plan does not count them.
    #[tf(computed)]
    pub instances_restarted: Value<i64>,
    /// How many nodes are removed and made anew.
    #[tf(computed)]
    pub nodes_recreated: Value<i64>,
    /// What is deleted together with its data.
    #[tf(computed)]
    pub data_removed: Value<Vec<Value<String>>>,
    /// How much there is before the change. Null where there is nothing yet.
    #[tf(computed)]
    pub before: Value<Capacity>,
    /// How much there will be.
    #[tf(computed)]
    pub after: Value<Capacity>,
}

/// One part of a change that does something.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Reason {
    /// The attribute whose change does it.
    #[tf(computed)]
    pub path: Value<String>,
    /// What it does: a level.
    #[tf(computed)]
    pub level: Value<String>,
    /// The same in words.
    #[tf(computed)]
    pub text: Value<String>,
}

/// One part of a change that does something.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The attribute whose change does it.
    pub path: Path,
    /// What it does.
    pub level: Level,
    /// The same in words, as a sentence without its full stop.
    pub text: String,
    /// Whether the plan warns of it, although its level would not tell.
    is_notice: bool,
}

/// A change as it was judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// What it does.
    pub findings: Vec<Finding>,
    /// Attributes that are not known yet, or cannot be judged yet, and might do something.
    pub undecided: Vec<Path>,
    /// Whether something may still be added to what is told, that does not change the level.
    pub is_open: bool,
    /// Instances that restart.
    pub instances_restarted: i64,
    /// Whether nobody has counted the instances that restart.
    pub uncounted: bool,
    /// Nodes that are made anew.
    pub nodes_recreated: i64,
    /// What is deleted together with its data.
    pub data_removed: Vec<String>,
    /// How much there is, or `None` where there is nothing.
    pub before: Option<Total>,
    /// How much there will be.
    pub after: Option<Total>,
}

impl Assessment {
    /// Adds something that the change does.
    pub fn add(&mut self, path: Path, level: Level, text: impl Into<String>) {
        self.findings.push(Finding { path, level, text: text.into(), is_notice: false });
    }

    /// Adds something that nobody notices at work, but that a reviewer should see.
    pub fn notice(&mut self, path: Path, text: impl Into<String>) {
        self.findings.push(Finding { path, level: Level::None, text: text.into(), is_notice: true });
    }

    /// The worst of what is known.
    pub fn level(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or_default()
    }

    /// As the plan shows it. What may still turn out otherwise is unknown, so that the plan at apply may fill it.
    pub fn into_planned(mut self) -> PlannedImpact {
        // Stable, so that of one level the order of the schema stays.
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let level = self.level();
        // Nothing can be worse than the worst.
        let is_decided = self.undecided.is_empty();
        let level =
            if is_decided || level == Level::DataLoss { text(level.as_str()) } else { Value::Unknown };
        let decided = |number| if is_decided { Value::Known(number) } else { Value::Unknown };
        PlannedImpact {
            level,
            reasons: if is_decided && !self.is_open {
                Value::Known(self.findings.into_iter().map(|finding| Value::Known(finding.into())).collect())
            } else {
                Value::Unknown
            },
            instances_restarted: if self.uncounted { Value::Null } else { decided(self.instances_restarted) },
            nodes_recreated: decided(self.nodes_recreated),
            data_removed: if is_decided {
                Value::Known(self.data_removed.into_iter().map(Value::Known).collect())
            } else {
                Value::Unknown
            },
            before: self.before.map_or(Value::Null, |total| Value::Known(total.into())),
            after: self.after.map_or(Value::Null, |total| Value::Known(total.into())),
        }
    }
}

impl From<Finding> for Reason {
    fn from(finding: Finding) -> Self {
        Self {
            path: text(&finding.path.to_string()),
            level: text(finding.level.as_str()),
            text: text(&finding.text),
        }
    }
}

fn text(text: &str) -> Value<String> {
    Value::Known(text.to_owned())
}

/// Whether two states ask for the same, whatever the last change did.
pub fn is_unchanged<S: TerraformSchema + PartialEq>(prior: &S, planned: &S) -> bool {
    // Nearly every plan without a change is told by this alone.
    prior == planned || without_impact(prior) == without_impact(planned)
}

fn without_impact<S: TerraformSchema>(state: &S) -> RawValue {
    let mut state = state.clone().into_raw();
    if let RawValue::Object(attributes) = &mut state {
        attributes.remove("planned_impact");
    }
    state
}

/// Levels that a configuration names.
pub fn levels(written: &Value<Set<String>>) -> impl Iterator<Item = Level> {
    let names = written.known().into_iter().flat_map(|set| &set.0);
    names.filter_map(|name| Level::from_name(name.known()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &'static str) -> Path {
        Path::attribute(name)
    }

    #[test]
    fn levels_are_ordered_and_have_names() {
        assert!(Level::ALL.is_sorted());
        for level in Level::ALL {
            assert_eq!(Level::from_name(level.as_str()), Some(level));
        }
        assert_eq!(Level::from_name("outage"), None);
    }

    #[test]
    fn the_worst_reason_comes_first_and_gives_the_level() {
        let mut change = Assessment::default();
        change.add(path("a"), Level::RollingRestart, "first");
        change.add(path("b"), Level::Downtime, "second");
        change.add(path("c"), Level::RollingRestart, "third");
        let planned = change.into_planned();
        assert_eq!(planned.level, text("downtime"));
        let reasons = planned.reasons.known().unwrap();
        let texts: Vec<&str> =
            reasons.iter().map(|reason| reason.known().unwrap().text.known().unwrap().as_str()).collect();
        assert_eq!(texts, ["second", "first", "third"]);
    }

    #[test]
    fn what_is_undecided_is_unknown_unless_it_cannot_get_worse() {
        for (worst, expected) in
            [(Level::RollingRestart, Value::Unknown), (Level::DataLoss, text("data_loss"))]
        {
            let mut change = Assessment {
                undecided: vec![path("x")],
                before: Some(Total::default()),
                ..Assessment::default()
            };
            change.add(path("a"), worst, "why");
            let planned = change.into_planned();
            assert_eq!(planned.level, expected);
            assert!(planned.reasons.is_unknown() && planned.instances_restarted.is_unknown());
            assert!(planned.before.known().is_some() && planned.after.is_null());
        }
        assert_eq!(Assessment::default().into_planned().level, text("none"));
    }
}
