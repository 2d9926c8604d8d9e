//! The guard: a change whose impact reaches a level fails its plan, unless the resource accepts it. Warnings tell of what
//! is let through.

use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::{Set, Value};

use super::{Assessment, Finding, Level, levels};
use crate::text::capitalized;

/// Summary of the error; constant, so that policies can match it.
pub const REFUSED: &str = "Change is held back by the guard";

/// Summary of the warning for what a change does; constant for each level, so that policies can match it.
fn summary(level: Level) -> &'static str {
    match level {
        Level::None => "Volumes and instances",
        Level::RollingRestart => "Rolling restart",
        Level::Downtime => "Downtime",
        Level::DataLoss => "Data loss",
    }
}

/// At which level a plan fails, as the provider block says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Every change is let through.
    Off,
    /// A change that reaches this level needs to be accepted.
    From(Level),
}

/// The names that the provider's attribute takes.
pub const NAMES: [&str; 4] = ["rolling_restart", "downtime", "data_loss", "off"];

impl Default for Guard {
    fn default() -> Self {
        Self::From(Level::DataLoss)
    }
}

impl Guard {
    /// What is written, by default the default. A name that is none is an error of the provider block.
    pub fn read(written: &Value<String>) -> Self {
        match written.known().map(String::as_str) {
            None => Self::default(),
            Some("off") => Self::Off,
            Some(name) => Level::from_name(name).map_or_else(Self::default, Self::From),
        }
    }

    /// Why a change must not happen as it is written, or warnings for what it does.
    ///
    /// A level that is accepted includes those below it.
    pub fn judge(self, change: &Assessment, accepted: &Value<Set<String>>) -> Diagnostics {
        let level = change.level();
        let is_accepted = accepted.is_unknown() || levels(accepted).any(|accepted| level <= accepted);
        match self {
            Self::From(from) if from <= level && !is_accepted => refusal(change, level).into(),
            _ => {
                let told = |finding: &&Finding| finding.level > Level::None || finding.is_notice;
                change.findings.iter().filter(told).map(warning).collect()
            }
        }
    }
}

fn refusal(change: &Assessment, level: Level) -> Diagnostic {
    let mut findings: Vec<&Finding> =
        change.findings.iter().filter(|finding| finding.level > Level::None).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let why: Vec<String> =
        findings.iter().map(|finding| format!("  - {}: {}.", finding.path, finding.text)).collect();
    let name = level.as_str();
    let detail = format!(
        "This change reaches the level \"{name}\":\n{}\n\nNothing has been changed. To let it happen, add `accept_impact = \
         [\"{name}\"]` to this resource, and take it out again afterwards. From which level on changes are held back is \
         the provider's `guard`.",
        why.join("\n")
    );
    let path = findings.first().map_or_else(|| Path::attribute("accept_impact"), |worst| worst.path.clone());
    Diagnostic::error(REFUSED, detail).at(path)
}

/// A text with a capital and a full stop.
fn sentence(text: &str) -> String {
    format!("{}.", capitalized(text))
}

fn warning(finding: &Finding) -> Diagnostic {
    Diagnostic::warning(summary(finding.level), sentence(&finding.text)).at(finding.path.clone())
}

/// Adds an error for each name in `accept_impact` that is no level.
pub fn validate_accepted(accepted: &Value<Set<String>>, diagnostics: &mut Diagnostics) {
    for name in accepted.known().into_iter().flat_map(|set| &set.0).filter_map(Value::known) {
        if Level::from_name(name).is_none_or(|level| level == Level::None) {
            let detail = format!("\"{name}\" is none of: rolling_restart, downtime, data_loss.");
            diagnostics.push(Diagnostic::error("Unknown level", detail).at(Path::attribute("accept_impact")));
        }
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::diagnostic::Severity;

    use super::*;

    fn change(level: Level) -> Assessment {
        let mut change = Assessment::default();
        change.add(Path::attribute("version"), Level::None, "is only told");
        if level > Level::None {
            change.add(Path::attribute("resources"), level, "the two instances restart");
        }
        change
    }

    fn accepted(names: &[&str]) -> Value<Set<String>> {
        Value::Known(Set(names.iter().map(|name| Value::Known((*name).to_owned())).collect()))
    }

    #[test]
    fn a_change_that_reaches_the_guard_needs_to_be_accepted() {
        let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
        for (guard, level, accepted, expected) in [
            (Guard::default(), Level::None, accepted(&[]), None),
            (Guard::default(), Level::Downtime, Value::Null, warning),
            (Guard::default(), Level::DataLoss, Value::Null, error),
            (Guard::default(), Level::DataLoss, accepted(&["downtime"]), error),
            (Guard::default(), Level::DataLoss, accepted(&["data_loss"]), warning),
            (Guard::default(), Level::DataLoss, Value::Unknown, warning),
            (Guard::From(Level::RollingRestart), Level::RollingRestart, Value::Null, error),
            (Guard::From(Level::RollingRestart), Level::RollingRestart, accepted(&["downtime"]), warning),
            (Guard::Off, Level::DataLoss, Value::Null, warning),
        ] {
            let found: Vec<Diagnostic> = guard.judge(&change(level), &accepted).into_iter().collect();
            assert!(found.len() <= 1, "{found:?}");
            let severity = found.first().map(|found| found.severity);
            assert_eq!(severity, expected, "{guard:?} {level:?} {accepted:?}");
            if let Some(found) = found.first() {
                assert_eq!(found.path, Some(Path::attribute("resources")));
                let tells = found.detail.contains(if expected == error {
                    level.as_str()
                } else {
                    "instances restart"
                });
                assert!(tells, "{}", found.detail);
            }
        }
    }

    #[test]
    fn names_of_levels_are_checked() {
        let mut diagnostics = Diagnostics::new();
        validate_accepted(&accepted(&["data_loss", "rolling_restart"]), &mut diagnostics);
        assert!(diagnostics.is_empty());
        validate_accepted(&accepted(&["none", "outage"]), &mut diagnostics);
        assert_eq!(diagnostics.iter().count(), 2);
        for (written, guard) in [
            (Value::Null, Guard::From(Level::DataLoss)),
            (Value::Unknown, Guard::From(Level::DataLoss)),
            (Value::Known("downtime".to_owned()), Guard::From(Level::Downtime)),
            (Value::Known("off".to_owned()), Guard::Off),
        ] {
            assert_eq!(Guard::read(&written), guard);
        }
        assert!(NAMES.iter().all(|name| *name == "off" || Level::from_name(name).is_some()));
    }
}
