//! Waits for an add-on. Joins the watches, the judgement of `readiness` and `definitions`, and the one wait loop;
//! decides nothing of its own.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kubeblocks_schemas::v1alpha1::{
    Addon, BackupPolicyTemplate, ClusterDefinition, ClusterVersion, ConfigConstraint,
};
use tokio::time::Instant;

use super::definitions::{Brought, INSTANCE_LABEL, leaving, remaining, unusable};
use super::facts::{ADDON_LABEL, Facts};
use super::operator::{OPERATOR_LABEL, Operator, choose};
use super::readiness::{Assessor, Failure, Goal, Verdict};
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error, client};
use crate::wait::{Limits, Step, WaitError, until};

/// After how long a watch that is refused is taken to stay so.
const DENIED_GRACE: Duration = Duration::from_secs(5);
/// How long an operator that is not ready is looked at before that is said.
const OPERATOR_LOOK: Duration = Duration::from_secs(20);
/// How long a definition may be unusable before its reason is final: its templates come with the same release.
const UNUSABLE_GRACE: Duration = Duration::from_mins(2);

/// What an add-on could not be waited for.
#[derive(Debug)]
pub struct NotDone {
    /// What ended the wait.
    pub reason: Reason,
    /// What was seen last.
    pub last: Option<Facts>,
    /// What was missing last.
    pub missing: Option<String>,
    /// How long was waited in all.
    pub waited: Duration,
}

/// What ended a wait.
#[derive(Debug)]
pub enum Reason {
    /// The deadline passed.
    TimedOut,
    /// The practitioner interrupted.
    Interrupted,
    /// It will not come.
    Failed(Failure),
    /// Definitions cannot be used, each with its reason.
    Unusable(Vec<String>),
    /// The API server does not let us see it.
    Api(Error),
}

/// How a wait ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// What was waited for is here.
    Ready,
    /// The chart is there, but the operator does not believe it.
    Again,
}

/// Waits for `goal`. The server's own word decides: a watch can be behind.
pub async fn wait_for(
    client: &Client,
    operator: &Operator,
    addon: &str,
    goal: Goal,
    limits: &Limits,
) -> Result<(Reached, Facts), NotDone> {
    let labels = format!("{ADDON_LABEL}={addon}");
    let mut snapshots = client.observe(vec![
        Selection::kind::<Addon>().named(addon),
        Selection::kind::<Job>().within(&operator.namespace).labelled(&labels),
        Selection::kind::<Pod>().within(&operator.namespace).labelled(&labels),
        Selection::kind::<Deployment>().within(&operator.namespace).labelled(OPERATOR_LABEL),
    ]);
    let mut assessor = Assessor::new(goal);
    let mut last = None;
    let mut missing = None;
    let mut denied_since = None;
    let reason = loop {
        let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| {
            // All that may be seen must have been seen once, so that an absent Job is really absent.
            if seen.iter().any(|seen| seen.sight == Sight::Opening) {
                return Step::Wait(None);
            }
            let facts = Facts::of(addon, seen);
            if facts.is_denied {
                let due = *denied_since.get_or_insert(now) + DENIED_GRACE;
                return if due <= now { Step::Failed(None) } else { Step::Wait(Some(due)) };
            }
            let verdict = assessor.assess(&facts, now);
            last = Some(facts);
            match verdict {
                Verdict::Ready => Step::Done(Reached::Ready),
                Verdict::Again => Step::Done(Reached::Again),
                Verdict::Failed(failure) => Step::Failed(Some(failure)),
                Verdict::Wait { why, judge_again } => {
                    missing = Some(why);
                    Step::Wait(judge_again)
                }
            }
        })
        .await;
        match outcome {
            Ok(reached) => match client.get_opt::<Addon>(None, addon).await {
                Ok(read) => {
                    let facts = Facts { addon: read, ..last.clone().unwrap_or_default() };
                    match assessor.assess(&facts, Instant::now()) {
                        Verdict::Failed(failure) => break Reason::Failed(failure),
                        // The watch was behind: what comes next wakes it.
                        Verdict::Wait { .. } => {}
                        Verdict::Ready | Verdict::Again => return Ok((reached, facts)),
                    }
                }
                Err(error) => break reason_of(error),
            },
            Err(WaitError::TimedOut { .. }) => break Reason::TimedOut,
            Err(WaitError::Interrupted { .. }) => break Reason::Interrupted,
            Err(WaitError::Failed { failure: Some(failure), .. }) => break Reason::Failed(failure),
            Err(WaitError::Failed { failure: None, .. }) => break why_denied(client).await,
        }
    };
    Err(NotDone { reason, last, missing, waited: limits.waited() })
}

/// The error behind a watch that is refused: a list says more than a watch does.
async fn why_denied(client: &Client) -> Reason {
    match client.list::<Addon>(None, None).await {
        Err(error) => reason_of(error),
        Ok(_) => Reason::Api(Error::Forbidden {
            action: Box::new(client::action::<Addon>("watch", None, None)),
            user: None,
            message: "the API server refuses to watch".to_owned(),
        }),
    }
}

fn reason_of(error: Error) -> Reason {
    match error {
        Error::Interrupted => Reason::Interrupted,
        error => Reason::Api(error),
    }
}

/// Whether the operator gets a ready pod soon: it may just be rolling over.
pub async fn operator_comes(client: &Client, operator: &Operator, limits: &Limits) -> bool {
    let limits = Limits::new(OPERATOR_LOOK, &limits.stop);
    let selection = Selection::kind::<Deployment>().within(&operator.namespace).labelled(OPERATOR_LABEL);
    let mut snapshots = client.observe(vec![selection]);
    let outcome = until(&limits, &mut snapshots, |seen: &Vec<Seen>, _| {
        let deployments: Vec<Deployment> = seen.iter().flat_map(Seen::typed).collect();
        let is_ready = choose(&deployments).is_some_and(|operator| operator.is_ready);
        if is_ready { Step::<_, ()>::Done(()) } else { Step::Wait(None) }
    });
    outcome.await.is_ok()
}

/// Waits until everything that the add-on has brought can be used.
pub async fn wait_until_usable(client: &Client, brought: &Brought, limits: &Limits) -> Result<(), NotDone> {
    let mut since: Option<(Vec<String>, Instant)> = None;
    wait_for_definitions(client, limits, |definitions, versions, now| {
        let unusable = unusable(brought, definitions, versions);
        if unusable.is_empty() {
            return Step::Done(());
        }
        let started = match &since {
            Some((before, started)) if *before == unusable => *started,
            _ => now,
        };
        let due = started + UNUSABLE_GRACE;
        since = Some((unusable.clone(), started));
        if due <= now { Step::Failed(unusable) } else { Step::Wait(Some(due)) }
    })
    .await
}

/// Waits until nothing that the add-on had brought is there any more.
pub async fn wait_until_removed(client: &Client, brought: &Brought, limits: &Limits) -> Result<(), NotDone> {
    let mut last = Vec::new();
    let outcome = wait_for_definitions(client, limits, |definitions, versions, _| {
        last = remaining(brought, definitions, versions);
        if last.is_empty() { Step::Done(()) } else { Step::Wait(None) }
    })
    .await;
    outcome.map_err(|error| {
        let missing =
            (!last.is_empty()).then(|| format!("what it had installed is gone: {}", last.join(", ")));
        NotDone { missing, ..error }
    })
}

/// Waits until nothing that `release` had brought before is still going: what is installed over it would go with it.
pub async fn wait_until_left(client: &Client, release: &str, limits: &Limits) -> Result<(), NotDone> {
    let labels = format!("{INSTANCE_LABEL}={release}");
    let kinds = [
        Selection::kind::<ClusterDefinition>(),
        Selection::kind::<ClusterVersion>(),
        Selection::kind::<ConfigConstraint>(),
        Selection::kind::<BackupPolicyTemplate>(),
    ];
    let mut snapshots = client.observe(kinds.map(|kind| kind.labelled(&labels)).into());
    let mut last = Vec::new();
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, _| {
        last = leaving(seen.iter().flat_map(Seen::objects));
        // A kind that may not be seen, or that is not served, holds nothing up.
        let is_opening = seen.is_empty() || seen.iter().any(|seen| seen.sight == Sight::Opening);
        if last.is_empty() && !is_opening { Step::<_, ()>::Done(()) } else { Step::Wait(None) }
    })
    .await;
    let reason = match outcome {
        Ok(()) => return Ok(()),
        Err(WaitError::Interrupted { .. }) => Reason::Interrupted,
        Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => Reason::TimedOut,
    };
    let missing = format!("what it had installed before is gone: {}", last.join(", "));
    Err(NotDone { reason, last: None, missing: Some(missing), waited: limits.waited() })
}

async fn wait_for_definitions(
    client: &Client,
    limits: &Limits,
    mut decide: impl FnMut(&[ClusterDefinition], &[ClusterVersion], Instant) -> Step<(), Vec<String>>,
) -> Result<(), NotDone> {
    let mut snapshots =
        client.observe(vec![Selection::kind::<ClusterDefinition>(), Selection::kind::<ClusterVersion>()]);
    let mut is_denied = false;
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| {
        let [definitions, versions] = &seen[..] else { return Step::Wait(None) };
        // Not everybody may see them; the operator has said that the chart is installed.
        is_denied = [definitions, versions].iter().any(|seen| seen.sight == Sight::Closed);
        if is_denied {
            return Step::Done(());
        }
        if !definitions.is_open() || !versions.is_open() {
            return Step::Wait(None);
        }
        decide(&definitions.typed(), &versions.typed(), now)
    })
    .await;
    let reason = match outcome {
        Ok(()) => return Ok(()),
        Err(WaitError::TimedOut { .. }) => Reason::TimedOut,
        Err(WaitError::Interrupted { .. }) => Reason::Interrupted,
        Err(WaitError::Failed { failure, .. }) => Reason::Unusable(failure),
    };
    Err(NotDone { reason, last: None, missing: None, waited: limits.waited() })
}

#[cfg(test)]
#[path = "wait_tests.rs"]
mod tests;
