//! Whose turn it is: the phase of the database, and the operations that hold it. The decision is pure.

use std::fmt;
use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{Cluster, ComponentPhase};
use serde::Deserialize;

use super::error::{About, OperationError, Refusal};
use super::{Listener, Operation, Request};
use crate::kubeblocks::naming::{OPS_REQUEST_ANNOTATION, SNAPSHOT_FOR_START_ANNOTATION};
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error, client};
use crate::wait::{Limits, Step, WaitError, pause, until};

/// How soon the server is asked again when the watch cannot tell.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How far a watch may be behind an answer of the server.
const WATCH_LAG: Duration = Duration::from_millis(200);

/// An operation that holds a database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Entry {
    /// Name of its `OpsRequest`.
    pub(super) name: String,
    /// Its type.
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

/// The operations that hold a database.
pub(super) fn entries(cluster: &Cluster) -> Vec<Entry> {
    annotation(cluster, OPS_REQUEST_ANNOTATION)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The operation that keeps all others away from a database.
fn holder(cluster: &Cluster) -> Option<Entry> {
    entries(cluster).into_iter().find(|entry| entry.kind != "Reconfiguring")
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpsRequest {} ({}) has to end first", self.name, self.kind)
    }
}

/// An annotation.
pub(super) fn annotation<'a>(cluster: &'a Cluster, name: &str) -> Option<&'a str> {
    cluster.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// Whether an operation may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Now,
    /// Not yet, because of this.
    Later(String),
    /// There is nothing to do, because of this.
    Needless(String),
    /// Never.
    Never(Refusal),
}

/// Whether an operation may begin on a database as it is.
pub(super) fn turn(cluster: &Cluster, operation: &Operation) -> Turn {
    let never = |text: String| Turn::Never(Refusal::new(About::Cluster, text));
    let status = cluster.status.as_ref();
    let phase = status.and_then(|status| status.phase.clone());
    if cluster.metadata.deletion_timestamp.is_some() || phase == Some(ComponentPhase::Deleting) {
        return never(format!("{} is being deleted.", display(cluster)));
    }
    if let Some(other) = holder(cluster) {
        return Turn::Later(other.to_string());
    }
    let observed = status.and_then(|status| status.observed_generation);
    let Some(phase) = phase else {
        return Turn::Later("the operator has not begun with it".to_owned());
    };
    // Just after a change the operator still shows the phase from before it.
    if observed != cluster.metadata.generation {
        return Turn::Later(format!("it is {phase} and has just been changed"));
    }
    by_phase(cluster, operation, &phase)
}

fn by_phase(cluster: &Cluster, operation: &Operation, phase: &ComponentPhase) -> Turn {
    let later = || Turn::Later(format!("it is {phase}"));
    match (operation, phase) {
        (Operation::Stop, ComponentPhase::Stopped) => Turn::Needless("It was stopped already.".to_owned()),
        (Operation::Start, ComponentPhase::Stopped) => {
            // Without the note of a stop the operator starts nothing, and says that it has.
            if annotation(cluster, SNAPSHOT_FOR_START_ANNOTATION).is_none() {
                return Turn::Never(Refusal::new(
                    About::Operation,
                    format!(
                        "{} was not stopped by an operation: its components have 0 replicas, and nothing tells how many they had. Set `replicas` of the components.",
                        display(cluster)
                    ),
                ));
            }
            Turn::Now
        }
        (Operation::Stop | Operation::Start, ComponentPhase::Stopping)
        | (Operation::Script(_), ComponentPhase::Abnormal | ComponentPhase::Failed) => later(),
        (Operation::Start, _) => Turn::Needless(format!("It was not stopped: it is {phase}.")),
        (_, ComponentPhase::Stopped) => Turn::Never(Refusal::new(
            About::Cluster,
            format!("{} is stopped. Start it first.", display(cluster)),
        )),
        (_, ComponentPhase::Running | ComponentPhase::Abnormal | ComponentPhase::Failed) => Turn::Now,
        (_, _) => later(),
    }
}

/// `Cluster shop/orders`.
pub(super) fn display(cluster: &Cluster) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("Cluster {}/{}", part(&cluster.metadata.namespace), part(&cluster.metadata.name))
}

/// What is known when the wait for a turn is over.
pub(super) enum Begin {
    /// It may begin on this.
    Now(Box<Cluster>),
    /// There is nothing to do.
    Needless(String),
}

/// Waits until an operation may begin. `client` obeys the limits.
pub(super) async fn wait_for_turn(
    client: &Client,
    request: &Request<'_>,
    limits: &Limits,
    listener: &dyn Listener,
) -> Result<Begin, OperationError> {
    let waiting = Waiting { client, request: Place::of(request), limits, listener };
    waiting.wait(request.operation.word(), &|cluster| turn(cluster, request.operation)).await
}

/// Waits until no operation holds a database any more. `client` obeys the limits.
pub async fn wait_until_free(
    client: &Client,
    namespace: &str,
    cluster: &str,
    limits: &Limits,
    listener: &dyn Listener,
) -> Result<(), OperationError> {
    let waiting = Waiting { client, request: Place { namespace, cluster }, limits, listener };
    let free = |cluster: &Cluster| holder(cluster).map_or(Turn::Now, |other| Turn::Later(other.to_string()));
    waiting.wait("update", &free).await.map(drop)
}

/// Which database.
#[derive(Clone, Copy)]
struct Place<'a> {
    namespace: &'a str,
    cluster: &'a str,
}

impl<'a> Place<'a> {
    fn of(request: &Request<'a>) -> Self {
        Self { namespace: request.namespace, cluster: request.cluster }
    }
}

struct Waiting<'a> {
    client: &'a Client,
    request: Place<'a>,
    limits: &'a Limits,
    listener: &'a dyn Listener,
}

impl Waiting<'_> {
    async fn wait(
        &self,
        word: &str,
        turn: &(dyn Fn(&Cluster) -> Turn + Sync),
    ) -> Result<Begin, OperationError> {
        let Self { client, request, limits, listener } = self;
        let selection = Selection::kind::<Cluster>().within(request.namespace).named(request.cluster);
        let mut snapshots = None;
        let mut told = None;
        loop {
            let cluster = find_at(client, *request).await?;
            let why = match turn(&cluster) {
                Turn::Now => return Ok(Begin::Now(Box::new(cluster))),
                Turn::Needless(why) => return Ok(Begin::Needless(why)),
                Turn::Never(refusal) => return Err(refusal.into()),
                Turn::Later(why) => why,
            };
            if told.as_ref() != Some(&why) {
                listener.says(&format!("{word} waits for {}: {why}", display(&cluster)));
                told = Some(why.clone());
            }
            let snapshots = snapshots.get_or_insert_with(|| client.observe(vec![selection.clone()]));
            let changed = until(limits, snapshots, |all: &Vec<Seen>, _| {
                let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
                let still = |cluster: &Cluster| turn(cluster) == Turn::Later(why.clone());
                match seen.sight {
                    Sight::Closed => Step::Done(ASK_AGAIN_AFTER),
                    Sight::Open if !seen.typed::<Cluster>().first().is_some_and(still) => {
                        Step::Done(WATCH_LAG)
                    }
                    Sight::Open | Sight::Opening | Sight::Lost => Step::Wait(None),
                }
            });
            let outcome = match changed.await {
                Ok(rest) => pause(rest, &limits.stop).await.map_err(|_| false),
                Err(WaitError::Interrupted { .. }) => Err(false),
                Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => Err(true),
            };
            match outcome {
                Ok(()) if tokio::time::Instant::now() < limits.deadline => {}
                Err(false) => return Err(interrupted(*request)),
                Ok(()) | Err(true) => {
                    let cluster = client::object_name::<Cluster>(Some(request.namespace), request.cluster);
                    return Err(OperationError::NoTurn { cluster, why, waited: limits.waited() });
                }
            }
        }
    }
}

fn interrupted(place: Place<'_>) -> OperationError {
    OperationError::Interrupted {
        cluster: Box::new(client::object_name::<Cluster>(Some(place.namespace), place.cluster)),
        name: None,
        phase: None,
        progress: None,
    }
}

/// How long the phase of a database may be behind an operation that is over.
const SETTLES: Duration = Duration::from_secs(30);

/// Waits a moment until a database is in a phase that lasts: an operation can be over just before its phase says so. How
/// that ends changes nothing about the operation.
pub(super) async fn settle(client: &Client, request: &Request<'_>, limits: &Limits) {
    let selection = Selection::kind::<Cluster>().within(request.namespace).named(request.cluster);
    let mut snapshots = client.observe(vec![selection]);
    let limits = Limits::new(SETTLES, &limits.stop);
    let settled = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| {
        let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
        match seen.sight {
            Sight::Closed => Step::Done(()),
            Sight::Open if seen.typed::<Cluster>().first().is_none_or(is_settled) => Step::Done(()),
            Sight::Open | Sight::Opening | Sight::Lost => Step::Wait(None),
        }
    });
    drop(settled.await);
}

fn is_settled(cluster: &Cluster) -> bool {
    let Some(status) = &cluster.status else { return false };
    let passing = [ComponentPhase::Creating, ComponentPhase::Updating, ComponentPhase::Stopping];
    status.observed_generation == cluster.metadata.generation
        && status.phase.as_ref().is_some_and(|phase| !passing.contains(phase))
}

/// The database, which must be there.
pub(super) async fn find(client: &Client, request: &Request<'_>) -> Result<Cluster, OperationError> {
    find_at(client, Place::of(request)).await
}

async fn find_at(client: &Client, request: Place<'_>) -> Result<Cluster, OperationError> {
    let found = client.get_opt::<Cluster>(Some(request.namespace), request.cluster).await;
    match found {
        Ok(Some(cluster)) => Ok(cluster),
        Ok(None) => Err(Refusal::new(
            About::Cluster,
            format!(
                "Cluster {}/{} is not in the Kubernetes cluster {}. Refer to the `kubeblocks_cluster`, so that it is made first.",
                request.namespace,
                request.cluster,
                client.endpoint()
            ),
        )
        .into()),
        Err(Error::Interrupted) => Err(interrupted(request)),
        Err(error) => Err(OperationError::api(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeblocks::operation::test_support::{cluster, typed};
    use serde_json::json;

    fn word(turn: &Turn) -> &'static str {
        match turn {
            Turn::Now => "now",
            Turn::Later(_) => "later",
            Turn::Needless(_) => "needless",
            Turn::Never(_) => "never",
        }
    }

    #[test]
    fn each_operation_begins_in_the_phases_that_the_operator_allows() {
        let restart = Operation::Restart { components: vec!["redis".to_owned()] };
        let script = Operation::Script(super::super::Script::default());
        let phases =
            ["Creating", "Running", "Updating", "Stopping", "Stopped", "Failed", "Abnormal", "Deleting"];
        for (operation, expected) in [
            (&restart, ["later", "now", "later", "later", "never", "now", "now", "never"]),
            (&script, ["later", "now", "later", "later", "never", "later", "later", "never"]),
            (&Operation::Stop, ["later", "now", "later", "later", "needless", "now", "now", "never"]),
            (
                &Operation::Start,
                ["needless", "needless", "needless", "later", "now", "needless", "needless", "never"],
            ),
        ] {
            for (phase, expected) in phases.into_iter().zip(expected) {
                let mut object = cluster(phase);
                object["metadata"]["annotations"] = json!({SNAPSHOT_FOR_START_ANNOTATION: "{}"});
                assert_eq!(word(&turn(&typed(&object), operation)), expected, "{operation:?} {phase}");
            }
        }
    }

    #[test]
    fn a_start_without_the_note_of_a_stop_would_start_nothing() {
        assert_eq!(word(&turn(&typed(&cluster("Stopped")), &Operation::Start)), "never");
    }

    #[test]
    fn another_operation_and_a_change_that_is_not_seen_yet_are_waited_for() {
        for (lock, expected) in [
            (r#"[{"name":"other","type":"Restart"}]"#, "later"),
            (r#"[{"name":"other","type":"Reconfiguring"}]"#, "now"),
            ("[]", "now"),
            ("nonsense", "now"),
        ] {
            let mut object = cluster("Running");
            object["metadata"]["annotations"] = json!({OPS_REQUEST_ANNOTATION: lock});
            let found = turn(&typed(&object), &Operation::Stop);
            assert_eq!(word(&found), expected, "{lock}");
            if let Turn::Later(why) = found {
                assert!(why.contains("OpsRequest other (Restart)"), "{why}");
            }
        }
        let mut object = cluster("Running");
        object["metadata"]["generation"] = 9.into();
        assert_eq!(word(&turn(&typed(&object), &Operation::Stop)), "later");
        object["status"] = json!(null);
        assert_eq!(word(&turn(&typed(&object), &Operation::Stop)), "later");
    }
}
