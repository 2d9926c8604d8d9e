//! What is to be made of what is seen of an add-on. Pure: facts and the time in, a verdict out.
//!
//! The operator's own phases mislead in five ways. `Failed` comes with the first failed pod, although the Job goes on
//! trying; and it stays when the Job then succeeds. `Enabled` of a spec that was changed while a Job ran says nothing of
//! that spec. A Job that is left over from before counts for a new spec. A values object that is missing makes it wait
//! for ever. And without the operator nothing moves at all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kubeblocks_schemas::v1alpha1::AddonPhase;
use tokio::time::Instant;

use super::facts::Facts;
use crate::kubeblocks::trouble::IMAGE_GRACE;

/// How long a just written object may be absent from a watch.
const ABSENT_GRACE: Duration = Duration::from_secs(3);
/// A Deployment that rolls over has a moment without a ready pod.
const OPERATOR_GRACE: Duration = Duration::from_secs(30);
/// What an add-on refers to may be made by the same apply.
const REFERENCE_GRACE: Duration = Duration::from_secs(15);
/// How long the operator may take to clean up after a Job.
const CLEAN_UP_GRACE: Duration = Duration::from_secs(15);
/// How long `Failed` may stand without a Job that says why.
const UNEXPLAINED_GRACE: Duration = Duration::from_secs(5);
/// After so many failed uninstallations the next ones fail, too: the operator tries for ever.
const UNINSTALLATIONS: usize = 3;

/// Why an add-on does not become what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Somebody deleted it.
    Gone,
    /// Somebody is deleting it.
    Deleting,
    /// The operator has no ready pod.
    OperatorAway,
    /// A ConfigMap or Secret with values is missing, in the operator's words.
    MissingReference(String),
    /// It cannot be installed in this Kubernetes cluster, in the operator's words.
    NotInstallable(String),
    /// The pod of the installation does not start: pod and reason.
    PodDoesNotStart(String, String),
    /// The installation failed, all tries of it.
    Installation,
    /// The uninstallation failed again and again.
    Uninstallation,
}

/// What is to be made of what is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was waited for is here.
    Ready,
    /// The operator says that the installation failed, but its Job has succeeded since: once more will do.
    Again,
    /// It will not come.
    Failed(Failure),
    /// Not yet.
    Wait {
        /// What is missing.
        why: String,
        /// When the same facts are to be judged again.
        judge_again: Option<Instant>,
    },
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The operator is not at work on it, so that it can be changed.
    Settled,
    /// The spec of this generation, or a later one, is installed.
    Enabled(i64),
    /// It is uninstalled, by the spec of this generation or a later one.
    Disabled(i64),
    /// The object is gone.
    Gone,
}

/// Judges what is seen of one add-on, and remembers since when.
#[derive(Debug)]
pub struct Assessor {
    goal: Goal,
    since: BTreeMap<&'static str, Instant>,
    failed_uninstallations: BTreeSet<String>,
}

impl Assessor {
    /// For one wait.
    pub fn new(goal: Goal) -> Self {
        Self { goal, since: BTreeMap::new(), failed_uninstallations: BTreeSet::new() }
    }

    /// What is to be made of `facts`.
    pub fn assess(&mut self, facts: &Facts, now: Instant) -> Verdict {
        if !facts.is_visible {
            let why =
                facts.trouble.clone().unwrap_or_else(|| "the API server has not answered yet".to_owned());
            return wait(why);
        }
        let Some(addon) = &facts.addon else {
            return match self.goal {
                Goal::Settled | Goal::Gone | Goal::Disabled(_) => Verdict::Ready,
                Goal::Enabled(_) => match self.lasts("absent", true, ABSENT_GRACE, now) {
                    Lasting::Too => Verdict::Failed(Failure::Gone),
                    Lasting::Until(moment) => wait_until("the add-on appears", moment),
                    Lasting::Not => wait("the add-on appears"),
                },
            };
        };
        let is_deleting = addon.metadata.deletion_timestamp.is_some();
        if is_deleting && matches!(self.goal, Goal::Enabled(_) | Goal::Settled) {
            return Verdict::Failed(Failure::Deleting);
        }
        let verdict = match self.goal {
            Goal::Settled => self.settled(facts, now),
            Goal::Enabled(generation) if facts.generation() >= generation => self.enabled(facts, now),
            Goal::Disabled(generation) if facts.generation() >= generation => self.disabled(facts),
            Goal::Enabled(_) | Goal::Disabled(_) => wait("the change is seen"),
            Goal::Gone => self.gone(facts),
        };
        match verdict {
            Verdict::Wait { why, judge_again } => self.operator(facts, why, judge_again, now),
            verdict => verdict,
        }
    }

    /// While anything is to be waited for, the operator must run.
    fn operator(
        &mut self,
        facts: &Facts,
        why: String,
        judge_again: Option<Instant>,
        now: Instant,
    ) -> Verdict {
        match self.lasts("operator", facts.operator_ready == Some(false), OPERATOR_GRACE, now) {
            Lasting::Too => Verdict::Failed(Failure::OperatorAway),
            Lasting::Until(moment) => {
                let judge_again = judge_again.map_or(moment, |other| other.min(moment));
                wait_until("the operator has no ready pod", judge_again)
            }
            Lasting::Not => Verdict::Wait { why, judge_again },
        }
    }

    fn settled(&mut self, facts: &Facts, now: Instant) -> Verdict {
        if is_stuck(facts) {
            return Verdict::Ready;
        }
        match facts.phase() {
            Some(AddonPhase::Enabling) => return wait("an installation that is under way ends"),
            Some(AddonPhase::Disabling) => return wait("an uninstallation that is under way ends"),
            Some(AddonPhase::Failed) => {
                let tries = facts.install_job().filter(|job| is_trying(job));
                return tries.map_or(Verdict::Ready, |_| wait("the operator's Job has tried its last time"));
            }
            _ => {}
        }
        if !facts.is_current() {
            // The operator looks at every change within moments, when it runs.
            return self.bounded("unseen", "the operator has seen the add-on", now);
        }
        // A Job that is left over would count for the change that is to be made. One that is going is waited for as
        // long as the garbage collector takes, which can be minutes; one that stays is the caller's to remove.
        if [facts.install_job(), facts.uninstall_job()].into_iter().flatten().any(|job| job.is_deleting) {
            return wait("the operator's old Jobs are gone");
        }
        if facts.install_job().is_some() || facts.uninstall_job().is_some() {
            return self.bounded("jobs", "the operator has cleaned up after its Jobs", now);
        }
        Verdict::Ready
    }

    fn bounded(&mut self, what: &'static str, why: &str, now: Instant) -> Verdict {
        match self.lasts(what, true, CLEAN_UP_GRACE, now) {
            Lasting::Too => Verdict::Ready,
            Lasting::Until(moment) => wait_until(why, moment),
            Lasting::Not => wait(why),
        }
    }

    fn enabled(&mut self, facts: &Facts, now: Instant) -> Verdict {
        let is_current = facts.is_current();
        match facts.phase() {
            Some(AddonPhase::Enabled) if is_current => return Verdict::Ready,
            Some(AddonPhase::Failed) if is_current => return self.failed(facts, now),
            Some(AddonPhase::Disabled) if is_current => {
                if let Some(condition) = facts.condition("InstallableRequirementUnmatched") {
                    return Verdict::Failed(Failure::NotInstallable(
                        condition.message.clone().unwrap_or_default(),
                    ));
                }
            }
            _ => {}
        }
        self.since.remove("unexplained");
        // The operator never takes the condition back; once there is a Job, what it spoke of was found.
        let reference = facts.condition("ReferenceObjectError").filter(|_| facts.install_job().is_none());
        let message = reference.and_then(|condition| condition.message.clone());
        match self.lasts("reference", message.is_some(), REFERENCE_GRACE, now) {
            Lasting::Too => return Verdict::Failed(Failure::MissingReference(message.unwrap_or_default())),
            Lasting::Until(moment) => return wait_until(&message.unwrap_or_default(), moment),
            Lasting::Not => {}
        }
        self.installing(facts, now)
    }

    /// `Failed` of the spec as it is.
    fn failed(&mut self, facts: &Facts, now: Instant) -> Verdict {
        match facts.install_job() {
            Some(job) if job.has_succeeded => Verdict::Again,
            Some(job) if is_trying(job) => self.installing(facts, now),
            Some(job) if job.has_given_up => Verdict::Failed(Failure::Installation),
            Some(_) | None => match self.lasts("unexplained", true, UNEXPLAINED_GRACE, now) {
                Lasting::Until(moment) => wait_until("the operator's Job", moment),
                Lasting::Too | Lasting::Not => match facts.condition("ReferenceObjectError") {
                    Some(condition) => Verdict::Failed(Failure::MissingReference(
                        condition.message.clone().unwrap_or_default(),
                    )),
                    None => Verdict::Failed(Failure::Installation),
                },
            },
        }
    }

    fn installing(&mut self, facts: &Facts, now: Instant) -> Verdict {
        let Some(job) = facts.install_job() else { return wait("the operator begins the installation") };
        let trouble = facts.pod_trouble(&job.name);
        match self.lasts("pod", trouble.is_some(), IMAGE_GRACE, now) {
            Lasting::Too => {
                let (pod, reason) = trouble.unwrap_or_default();
                Verdict::Failed(Failure::PodDoesNotStart(pod.to_owned(), reason.to_owned()))
            }
            Lasting::Until(moment) => {
                let (pod, reason) = trouble.unwrap_or_default();
                wait_until(&format!("Pod {pod} starts ({reason})"), moment)
            }
            Lasting::Not if job.failed > 0 => {
                wait(format!("Job {} succeeds, which has failed {} so far", job.name, times(job.failed)))
            }
            Lasting::Not => wait(format!("Job {} installs the chart", job.name)),
        }
    }

    fn disabled(&mut self, facts: &Facts) -> Verdict {
        if facts.phase() == Some(&AddonPhase::Disabled) && facts.is_current() {
            return Verdict::Ready;
        }
        self.uninstalling(facts, "the operator uninstalls the chart")
    }

    fn gone(&mut self, facts: &Facts) -> Verdict {
        self.uninstalling(facts, "the operator lets go of the add-on")
    }

    fn uninstalling(&mut self, facts: &Facts, why: &str) -> Verdict {
        if let Some(job) = facts.uninstall_job().filter(|job| job.failed > 0 && !job.has_succeeded) {
            self.failed_uninstallations.insert(job.uid.clone());
        }
        if self.failed_uninstallations.len() >= UNINSTALLATIONS {
            return Verdict::Failed(Failure::Uninstallation);
        }
        wait(why)
    }

    /// Whether something has lasted for `grace`.
    fn lasts(&mut self, what: &'static str, is_so: bool, grace: Duration, now: Instant) -> Lasting {
        if !is_so {
            self.since.remove(what);
            return Lasting::Not;
        }
        let due = *self.since.entry(what).or_insert(now) + grace;
        if due <= now { Lasting::Too } else { Lasting::Until(due) }
    }
}

enum Lasting {
    Not,
    Until(Instant),
    Too,
}

/// Whether an installation is under way that cannot come to an end by itself, so that a change need not wait for it.
pub fn is_stuck(facts: &Facts) -> bool {
    let is_enabling = facts.phase() == Some(&AddonPhase::Enabling);
    let waits_for_reference =
        facts.install_job().is_none() && facts.condition("ReferenceObjectError").is_some();
    let cannot_start = facts.install_job().is_some_and(|job| {
        !job.is_deleting
            && facts.pod_trouble(&job.name).is_some()
            && !facts.pods_of(&job.name).first().is_some_and(|pod| pod.has_started)
    });
    is_enabling && (waits_for_reference || cannot_start)
}

/// Whether nothing is wrong but the time.
pub fn is_healthy(facts: &Facts) -> bool {
    let Some(job) = facts.install_job() else { return false };
    job.failed == 0 && facts.pod_trouble(&job.name).is_none() && facts.operator_ready != Some(false)
}

fn is_trying(job: &super::facts::JobFacts) -> bool {
    !job.has_succeeded && !job.has_given_up && !job.is_deleting
}

fn times(count: i32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

fn wait(why: impl Into<String>) -> Verdict {
    Verdict::Wait { why: why.into(), judge_again: None }
}

fn wait_until(why: &str, moment: Instant) -> Verdict {
    Verdict::Wait { why: why.to_owned(), judge_again: Some(moment) }
}

/// What is done about an installation that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heal {
    /// Switch the add-on off, which removes what is left of the release, and on again.
    Toggle,
    /// Have the same chart installed once more over what is there.
    Again,
    /// Nothing that the operator can do: helm refuses a release that was cut off in the middle of an upgrade, and
    /// removing it would remove definitions that databases use.
    Blocked,
}

/// How the newest revision of a release fares, and what else matters for healing.
// Each of the four is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Whether there is one.
    pub exists: bool,
    /// Whether helm was at work when it was last written.
    pub is_pending: bool,
    /// Whether a revision is deployed.
    pub has_deployed: bool,
    /// Whether databases use its definitions.
    pub is_used: bool,
}

/// What is done about an installation that has failed.
///
/// A toggle uninstalls, and a `ClusterDefinition` whose deletion has begun cannot be kept any more. So a release that
/// works is never toggled: databases that use its definitions would lose them.
pub fn heal(release: ReleaseFacts) -> Heal {
    match release {
        ReleaseFacts { is_pending: true, is_used: true, .. } => Heal::Blocked,
        ReleaseFacts { exists: false, .. }
        | ReleaseFacts { is_pending: true, .. }
        | ReleaseFacts { has_deployed: false, is_used: false, .. } => Heal::Toggle,
        ReleaseFacts { .. } => Heal::Again,
    }
}

#[cfg(test)]
#[path = "readiness_tests.rs"]
mod tests;
