//! The review: what the formats show. `--format json` prints it as it is, so its names are a contract, which
//! `review.schema.json` describes. A new field raises the minor `FORMAT_VERSION`, any other change the major one.

use serde::Serialize;

use super::facts::Fact;
use super::impact::{Capacity, Impact, Level};
use super::judge::Action;

/// The version of the JSON format.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// What a plan does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Review {
    pub(super) format_version: &'static str,
    /// Of Terraform or OpenTofu.
    pub(super) terraform_version: Option<String>,
    /// The worst of all known levels.
    pub(super) level: Level,
    /// How many changes have a level that is not known before the apply.
    pub(super) unknown_levels: usize,
    /// The plan failed half-way.
    pub(super) errored: bool,
    /// Whether one apply is enough; absent before Terraform 1.8.
    pub(super) complete: Option<bool>,
    pub(super) counts: Counts,
    /// Everything that is worth a look, the worst first.
    pub(super) findings: Vec<Finding>,
    /// Objects of this provider that change, the worst first.
    pub(super) resources: Vec<Resource>,
    pub(super) capacity: Totals,
    /// Objects of other providers that change.
    pub(super) others: Vec<Others>,
    pub(super) imported: Vec<String>,
    pub(super) moved: Vec<Moved>,
    /// What leaves the state and stays where it is.
    pub(super) forgotten: Vec<String>,
    pub(super) actions: Vec<Invocation>,
    pub(super) deferred: Vec<Deferred>,
    pub(super) drift: Vec<Drift>,
}

/// How many objects are touched, of all providers. A replacement counts once, and as nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) replace: usize,
    pub(super) destroy: usize,
    pub(super) forget: usize,
    pub(super) import: usize,
    #[serde(rename = "move")]
    pub(super) moved: usize,
    /// Outputs of the root module that get another value.
    pub(super) outputs: usize,
}

impl Counts {
    /// Counts one more.
    pub(super) fn count(&mut self, action: Action) {
        match action {
            Action::None => {}
            Action::Add => self.add += 1,
            Action::Change => self.change += 1,
            Action::Replace => self.replace += 1,
            Action::Destroy => self.destroy += 1,
            Action::Forget => self.forget += 1,
        }
    }
}

/// What a resource is, for tables and totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Group {
    Database,
    /// Kubernetes clusters and groups of nodes.
    Kubernetes,
    Other,
}

/// One object of this provider that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Resource {
    pub(super) address: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) group: Group,
    pub(super) action: Action,
    /// The key of an object that an earlier replacement left over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deposed: Option<String>,
    /// The attributes for which it is replaced.
    pub(super) replaced_for: Vec<String>,
    /// Why Terraform replaces or destroys it, in Terraform's keyword.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action_reason: Option<String>,
    pub(super) impact: Impact,
    pub(super) facts: Vec<Fact>,
}

/// What takes how much, before and after, over all changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Totals {
    pub(super) databases: Option<Total>,
    pub(super) kubernetes: Option<Total>,
}

/// A sum over several objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Total {
    /// How many objects are summed up.
    pub(super) resources: usize,
    pub(super) before: Capacity,
    pub(super) after: Capacity,
    /// Something is not known, so that the true sums are larger.
    pub(super) incomplete: bool,
}

/// All changed objects of one type of another provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Others {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) provider: String,
    pub(super) counts: Counts,
}

/// An object under another address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Moved {
    pub(super) from: String,
    pub(super) to: String,
}

/// An action that runs with the apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Invocation {
    pub(super) address: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// `None` for an action of another provider, and for one that is not known.
    pub(super) level: Option<Level>,
    /// What it does.
    pub(super) text: String,
    /// Whether it is an action of this provider.
    #[serde(skip)]
    pub(super) own: bool,
    /// The object that makes it run, and when; absent when it is invoked by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trigger: Option<Trigger>,
}

/// What makes an action run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Trigger {
    pub(super) address: String,
    /// Such as `after update`.
    pub(super) event: String,
}

/// A change or an action that is left to a later plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Deferred {
    pub(super) address: String,
    /// Terraform's keyword.
    pub(super) reason: String,
}

/// An object that was changed or destroyed by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Drift {
    pub(super) address: String,
    pub(super) action: Action,
}

/// What a finding is about; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FindingKind {
    PlanErrored,
    DataLoss,
    UnknownImpact,
    Downtime,
    Replace,
    Destroy,
    CheckFailed,
    PlanIncomplete,
    Deferred,
    Drift,
    RollingRestart,
}

/// Something that is worth a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) kind: FindingKind,
    /// Absent when it is about the plan as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    pub(super) text: String,
}
