//! The kinds of findings: how bad each is, and how it is called for people and for code scanning.

use super::model::FindingKind;

/// How loudly a finding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Note,
}

impl FindingKind {
    /// Whether a human should look before the apply.
    pub(super) fn needs_human(self) -> bool {
        self != Self::RollingRestart
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            Self::PlanErrored | Self::DataLoss => Severity::Error,
            Self::UnknownImpact | Self::Downtime | Self::Replace | Self::Destroy | Self::CheckFailed => {
                Severity::Warning
            }
            Self::PlanIncomplete | Self::Deferred | Self::Drift | Self::RollingRestart => Severity::Note,
        }
    }

    /// Its name for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::PlanErrored => "Plan failed",
            Self::DataLoss => "Data loss",
            Self::UnknownImpact => "Impact not known",
            Self::Downtime => "Downtime",
            Self::Replace => "Replaced",
            Self::Destroy => "Destroyed",
            Self::CheckFailed => "Check failed",
            Self::PlanIncomplete => "Plan not complete",
            Self::Deferred => "Left to a later plan",
            Self::Drift => "Changed outside",
            Self::RollingRestart => "Rolling restart",
        }
    }

    /// Its name for code scanning; stays the same from release to release.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::PlanErrored => "plan-errored",
            Self::DataLoss => "data-loss",
            Self::UnknownImpact => "unknown-impact",
            Self::Downtime => "downtime",
            Self::Replace => "replace",
            Self::Destroy => "destroy",
            Self::CheckFailed => "check-failed",
            Self::PlanIncomplete => "plan-incomplete",
            Self::Deferred => "deferred",
            Self::Drift => "drift",
            Self::RollingRestart => "rolling-restart",
        }
    }

    /// What it means.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::PlanErrored => "The plan ended with an error, and holds only a part of the changes.",
            Self::DataLoss => "The change deletes data.",
            Self::UnknownImpact => "What the change disturbs is known only when it is made.",
            Self::Downtime => "The change takes a database out of service for a while, or for good.",
            Self::Replace => "The object is destroyed and made anew.",
            Self::Destroy => "The object is destroyed.",
            Self::CheckFailed => "A check of the configuration does not hold.",
            Self::PlanIncomplete => "One apply is not enough: another plan follows.",
            Self::Deferred => "The change is left to a later plan.",
            Self::Drift => "Somebody changed the object outside of Terraform.",
            Self::RollingRestart => "Instances restart one after another.",
        }
    }

    /// What to do.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::PlanErrored => "Mend the error and plan again.",
            Self::DataLoss => {
                "Make sure that the data is not needed, or that a backup of it has been restored once."
            }
            Self::UnknownImpact => {
                "Plan again when what it depends on is there, or look at the change by hand."
            }
            Self::Downtime => "Apply it when the database may be out of service.",
            Self::Replace | Self::Destroy => "Make sure that nothing needs the object as it is.",
            Self::CheckFailed => "Look at the condition of the check.",
            Self::PlanIncomplete | Self::Deferred => "Plan again after the apply.",
            Self::Drift => "Find out who changed it: the apply may set it back.",
            Self::RollingRestart => "Make sure that clients connect again by themselves.",
        }
    }
}
