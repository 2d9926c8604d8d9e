//! Waits for a Cluster: until it is ready, until it is gone. Joins the watches, the judgement of
//! [`super::readiness`] and the one wait loop; decides nothing of its own.

use std::time::Duration;

use futures::{StreamExt, stream};
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::Cluster;
use tokio::time::Instant;

use super::facts::ClusterFacts;
use super::readiness::{Assessor, Failure, Patience, Verdict, is_healthy};
use super::snapshot::Snapshot;
use super::watching::{Observation, Watching, read_again};
use crate::kubernetes::error::{Error, ObjectName};
use crate::kubernetes::{Client, client};
use crate::wait::{Limits, Step, WaitError, pause, until};

/// How often a workload is looked at whose numbers are of before.
const BEHIND: Duration = Duration::from_secs(2);
/// How long a Cluster that was just written may be absent from a watch before the server is asked.
const ABSENT_GRACE: Duration = Duration::from_secs(3);

/// Why a Cluster is not ready.
#[derive(Debug)]
pub struct NotReady {
    /// What ended the wait.
    pub reason: Reason,
    /// The Cluster.
    pub object: ObjectName,
    /// What was known last.
    pub last: Option<Snapshot>,
    /// What was missing last, in short.
    pub missing: Option<String>,
    /// How long was waited.
    pub waited: Duration,
}

/// What ended a wait for readiness.
#[derive(Debug)]
pub enum Reason {
    /// The deadline passed.
    TimedOut,
    /// The practitioner interrupted.
    Interrupted,
    /// It will not become ready.
    Failed(Failure),
    /// Somebody deleted it.
    Gone,
    /// The API server does not let us see it.
    Api(Error),
}

impl NotReady {
    /// Whether nothing is wrong but the time: what was made may be kept and looked at again later.
    pub fn is_slow_but_healthy(&self) -> bool {
        matches!(self.reason, Reason::TimedOut) && self.last.as_ref().is_some_and(is_healthy)
    }
}

/// Waits until the operator has made `applied` real. `applied` is the answer of the server-side apply: older states
/// of the Cluster do not count.
pub async fn wait_until_ready(
    client: &Client,
    applied: &Cluster,
    limits: &Limits,
) -> Result<Cluster, NotReady> {
    wait_until_ready_with(client, applied, limits, Patience::default()).await
}

/// The same with another patience.
pub async fn wait_until_ready_with(
    client: &Client,
    applied: &Cluster,
    limits: &Limits,
    patience: Patience,
) -> Result<Cluster, NotReady> {
    let applied = ClusterFacts::from(applied);
    let client = client.obeying(&limits.stop);
    let mut wait = ReadyWait {
        assessor: Assessor::new(applied.generation, patience),
        uid: applied.uid.clone(),
        absent_since: None,
        last: None,
        missing: None,
    };
    let mut observations = Watching::open(&client, &applied.namespace, &applied.name).observations().boxed();
    // What is known already is judged again first: nothing may change for a while after a closer look.
    let mut known: Option<Observation> = None;
    let reason = loop {
        let mut from_here = stream::iter(known.take()).chain(&mut observations);
        let next = until(limits, &mut from_here, |observation, now| wait.judge(observation, now)).await;
        let look = match next {
            Ok(look) => look,
            Err(error) => break reason_of(error),
        };
        match wait.look_closer(&client, &applied, look, limits).await {
            Ok(Looked::Ready(cluster)) => return Ok(*cluster),
            Ok(Looked::Not(observation)) => known = observation,
            Err(reason) => break reason,
        }
    };
    let ReadyWait { last, missing, .. } = wait;
    let object = client::object_name::<Cluster>(Some(&applied.namespace), &applied.name);
    Err(NotReady { reason, object, last, missing, waited: limits.waited() })
}

/// What needs the server's own word.
enum Look {
    /// Read again at that moment.
    At(Instant),
    /// Ask whether it is gone.
    Absent,
    /// Ask why it must not be seen.
    Denied,
}

/// What a closer look showed.
enum Looked {
    /// The Cluster is ready.
    Ready(Box<Cluster>),
    /// It is not, and this is known of it.
    Not(Option<Observation>),
}

struct ReadyWait {
    assessor: Assessor,
    uid: String,
    absent_since: Option<Instant>,
    last: Option<Snapshot>,
    missing: Option<String>,
}

impl ReadyWait {
    fn judge(&mut self, observation: &Observation, now: Instant) -> Step<Look, Failure> {
        match observation {
            Observation::Opening(trouble) => {
                self.missing.clone_from(trouble);
                Step::Wait(None)
            }
            Observation::Away(trouble) => {
                self.missing = Some(format!("the connection to the API server is lost: {trouble}"));
                Step::Wait(None)
            }
            Observation::Denied => Step::Done(Look::Denied),
            Observation::Absent => {
                let due = *self.absent_since.get_or_insert(now) + ABSENT_GRACE;
                if due <= now { Step::Done(Look::Absent) } else { Step::Wait(Some(due)) }
            }
            Observation::Here(snapshot) if snapshot.cluster.uid != self.uid => Step::Done(Look::Absent),
            Observation::Here(snapshot) => {
                self.absent_since = None;
                self.last = Some(snapshot.as_ref().clone());
                self.assess(snapshot, now)
            }
        }
    }

    fn assess(&mut self, snapshot: &Snapshot, now: Instant) -> Step<Look, Failure> {
        match self.assessor.assess(snapshot, now) {
            // By a watch alone nothing is ready: the server's own word decides.
            Verdict::Ready => Step::Done(Look::At(now)),
            Verdict::Settling { read_again } => Step::Done(Look::At(read_again)),
            Verdict::FailedForGood(failure) => Step::Failed(failure),
            Verdict::Progressing { why, judge_again } => {
                self.missing = Some(why);
                Step::Wait(judge_again)
            }
        }
    }

    /// Asks the server.
    async fn look_closer(
        &mut self,
        client: &Client,
        applied: &ClusterFacts,
        look: Look,
        limits: &Limits,
    ) -> Result<Looked, Reason> {
        let mut at = match look {
            Look::At(at) => at,
            Look::Absent => {
                self.absent_since = None;
                return match find(client, applied).await {
                    Ok(None) => Err(Reason::Gone),
                    Ok(Some(_)) => Ok(Looked::Not(Some(Observation::Absent))),
                    Err(error) if error.is_unavailable() => Ok(Looked::Not(Some(Observation::Absent))),
                    Err(error) => Err(reason_of_error(error)),
                };
            }
            Look::Denied => return Err(reason_of_error(why_denied(client, applied).await)),
        };
        loop {
            let moment = at.min(limits.deadline);
            pause(moment.saturating_duration_since(Instant::now()), &limits.stop)
                .await
                .map_err(|_| Reason::Interrupted)?;
            if Instant::now() >= limits.deadline {
                return Err(Reason::TimedOut);
            }
            let Some(before) = self.last.clone() else { return Ok(Looked::Not(None)) };
            let now = match read_again(client, &before).await {
                Ok(Some(snapshot)) if snapshot.cluster.uid == applied.uid => snapshot,
                Ok(_) => return Err(Reason::Gone),
                Err(error) if error.is_unavailable() => return Ok(self.not_ready()),
                Err(error) => return Err(reason_of_error(error)),
            };
            self.last = Some(now.clone());
            match self.assessor.assess(&now, Instant::now()) {
                Verdict::Ready => {
                    return match find(client, applied).await {
                        Ok(Some(cluster)) => Ok(Looked::Ready(Box::new(cluster))),
                        Ok(None) => Err(Reason::Gone),
                        Err(error) if error.is_unavailable() => Ok(self.not_ready()),
                        Err(error) => Err(reason_of_error(error)),
                    };
                }
                Verdict::Settling { read_again } => at = read_again,
                Verdict::FailedForGood(failure) => return Err(Reason::Failed(failure)),
                Verdict::Progressing { why, .. } => {
                    self.missing = Some(why);
                    // No watch tells when a workload is no longer behind.
                    if !now.workloads.iter().any(|workload| workload.is_behind) {
                        return Ok(self.not_ready());
                    }
                    at = Instant::now() + BEHIND;
                }
            }
        }
    }

    fn not_ready(&self) -> Looked {
        Looked::Not(self.last.clone().map(|snapshot| Observation::Here(Box::new(snapshot))))
    }
}

async fn find(client: &Client, applied: &ClusterFacts) -> Result<Option<Cluster>, Error> {
    let found = client.get_opt::<Cluster>(Some(&applied.namespace), &applied.name).await?;
    Ok(found.filter(|cluster| cluster.uid().as_deref() == Some(&applied.uid)))
}

fn reason_of_error(error: Error) -> Reason {
    match error {
        Error::Interrupted => Reason::Interrupted,
        error => Reason::Api(error),
    }
}

/// The error behind a watch that is refused: a list says more than a watch does.
async fn why_denied(client: &Client, applied: &ClusterFacts) -> Error {
    match client.list::<Cluster>(Some(&applied.namespace), None).await {
        Err(error) => error,
        Ok(_) => Error::Forbidden {
            action: Box::new(client::action::<Cluster>("watch", Some(&applied.namespace), None)),
            user: None,
            message: "the API server refuses to watch".to_owned(),
        },
    }
}

fn reason_of(error: WaitError<Observation, Failure>) -> Reason {
    match error {
        WaitError::TimedOut { .. } => Reason::TimedOut,
        WaitError::Interrupted { .. } => Reason::Interrupted,
        WaitError::Failed { failure, .. } => Reason::Failed(failure),
    }
}
