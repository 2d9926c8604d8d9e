//! Runs an operation: finds what was begun before, waits for its turn, submits, follows, and clears up.

use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{Cluster, OpsRequest};
use tokio_util::sync::CancellationToken;

use super::build::{self, ANY, LEADER_BEFORE, RUN_LABEL};
use super::checks;
use super::error::{Ended, Hold, OperationError};
use super::follow::{End, Followed};
use super::judge::{Verdict, facts, judge, message, phase, progress};
use super::lock::{Begin, annotation, display, find, settle, wait_for_turn};
use super::roles::{Goal, Leading};
use super::unlock::{holds, take_away};
use super::{Listener, Operation, Outcome, Request};
use crate::kubeblocks::diagnosis;
use crate::kubeblocks::naming::SNAPSHOT_FOR_START_ANNOTATION;
use crate::kubeblocks::watching::{Observation, Watching};
use crate::kubernetes::unfinished::{MARK, take_off};
use crate::kubernetes::{Client, Conflicts, Deleted, Error, client};
use crate::resources::namespaced::until_gone;
use crate::wait::{Limits, at_most};

/// The phase of an operation that has done what it is for.
const SUCCEED: &str = "Succeed";
/// What is done after the end of a wait may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The same, where an operation has to be taken away.
const CLEARING_UP: Duration = Duration::from_secs(30);
/// How long the operator is given to let an operation go that is over.
const OPERATOR_LETS_GO: Duration = Duration::from_secs(20);

/// Runs an operation to its end. A run that was cut off is gone on with, and never done twice.
pub async fn run(
    client: &Client,
    request: &Request<'_>,
    limits: &Limits,
    listener: &dyn Listener,
) -> Result<Outcome, OperationError> {
    let job = Job { client, request, limits, listener };
    Box::pin(job.run()).await.map_err(|error| job.interrupted(error))
}

/// Goes on with the operation of that name.
pub async fn go_on(
    client: &Client,
    request: &Request<'_>,
    name: &str,
    limits: &Limits,
    listener: &dyn Listener,
) -> Result<Outcome, OperationError> {
    let job = Job { client, request, limits, listener };
    Box::pin(job.go_on(name)).await.map_err(|error| job.interrupted(error))
}

/// Removes the `OpsRequest` of an operation; one that is gone, or that is not ours, is a success. Its effect stays.
pub async fn remove(client: &Client, namespace: &str, name: &str) -> Result<(), Error> {
    let Some(object) = client.get_opt::<OpsRequest>(Some(namespace), name).await? else { return Ok(()) };
    if !object.labels().contains_key(RUN_LABEL) {
        return Ok(());
    }
    let uid = object.uid();
    if judge(&object) != Verdict::Going {
        if client.delete::<OpsRequest>(Some(namespace), name, uid.as_deref()).await? == Deleted::Gone {
            return Ok(());
        }
        let limits = Limits::new(OPERATOR_LETS_GO, &CancellationToken::new());
        if is_gone(client, namespace, name, uid.as_deref(), &limits).await {
            return Ok(());
        }
    }
    take_away(client, namespace, name, uid.as_deref()).await
}

/// Whether the object goes within the limits.
async fn is_gone(client: &Client, namespace: &str, name: &str, uid: Option<&str>, limits: &Limits) -> bool {
    until_gone::<OpsRequest>(client, (namespace, name), uid.unwrap_or_default(), limits).await.is_ok()
}

struct Job<'a> {
    client: &'a Client,
    request: &'a Request<'a>,
    limits: &'a Limits,
    listener: &'a dyn Listener,
}

impl Job<'_> {
    async fn run(&self) -> Result<Outcome, OperationError> {
        let client = self.client.obeying(&self.limits.stop);
        let earlier = self.earlier(&client).await?;
        if let Some(unfinished) = earlier.iter().find(|object| build::is_unfinished(object)) {
            let name = unfinished.name_any();
            self.listener.says(&format!("going on with OpsRequest {name}, which was cut off"));
            self.listener.submitted(&name);
            if let Some(outcome) = Box::pin(self.follow(&client, unfinished.clone())).await? {
                return Ok(outcome);
            }
        }
        checks::possible(&client, &find(&client, self.request).await?, self.request).await?;
        let names: Vec<String> = earlier.iter().map(ResourceExt::name_any).collect();
        let mut number = build::next_number(names.iter().map(String::as_str));
        loop {
            let cluster = match wait_for_turn(&client, self.request, self.limits, self.listener).await? {
                Begin::Now(cluster) => cluster,
                Begin::Needless(why) => return Ok(self.needless(why)),
            };
            let resolved = checks::check(&client, &cluster, self.request).await?;
            self.prepare(&client, &cluster).await?;
            let name = build::name(self.request, number);
            let object = build::ops_request(self.request, &name, &resolved);
            let applied = client.server_side_apply(&object, Conflicts::Refuse).await;
            let made = applied.map_err(OperationError::api)?.object;
            self.listener.submitted(&name);
            if let Some(outcome) = Box::pin(self.follow(&client, made)).await? {
                return Ok(outcome);
            }
            number = number.saturating_add(1);
        }
    }

    async fn go_on(&self, name: &str) -> Result<Outcome, OperationError> {
        let client = self.client.obeying(&self.limits.stop);
        let found = client.get_opt::<OpsRequest>(Some(self.request.namespace), name).await;
        let Some(found) = found.map_err(OperationError::api)? else { return Err(self.gone(name)) };
        match Box::pin(self.follow(&client, found)).await? {
            Some(outcome) => Ok(outcome),
            // It never began, as another one came first.
            None => Box::pin(self.run()).await,
        }
    }

    /// Earlier objects of this run, the cut-off one among them.
    async fn earlier(&self, client: &Client) -> Result<Vec<OpsRequest>, OperationError> {
        let label = format!("{RUN_LABEL}={}", self.request.key());
        client.list(Some(self.request.namespace), Some(&label)).await.map_err(OperationError::api)
    }

    fn needless(&self, why: String) -> Outcome {
        self.listener.says(&why);
        Outcome { name: None, phase: SUCCEED.to_owned(), progress: None, message: why }
    }

    /// A stop that finds the note of an earlier one does nothing, and waits for ever. On a database that runs the note is
    /// out of date.
    async fn prepare(&self, client: &Client, cluster: &Cluster) -> Result<(), OperationError> {
        let is_noted = annotation(cluster, SNAPSHOT_FOR_START_ANNOTATION).is_some();
        if *self.request.operation != Operation::Stop || !is_noted {
            return Ok(());
        }
        self.listener.says(&format!("{} runs, so the note of its last stop is removed", display(cluster)));
        let (namespace, cluster) = (Some(self.request.namespace), self.request.cluster);
        let removed = client.remove_annotation::<Cluster>(namespace, cluster, SNAPSHOT_FOR_START_ANNOTATION);
        removed.await.map_err(OperationError::api)
    }

    /// Follows an object to its end. Nothing when it never began.
    async fn follow(&self, client: &Client, object: OpsRequest) -> Result<Option<Outcome>, OperationError> {
        let (name, uid) = (object.name_any(), object.uid());
        let goal = self.goal(client, &object).await?;
        let (request, limits, listener) = (self.request, self.limits, self.listener);
        let followed = Followed { client: self.client, request, limits, listener, goal };
        match followed.to_end(object).await {
            End::Succeeded(object) => {
                if self.request.operation.locks() {
                    settle(client, self.request, self.limits).await;
                }
                self.remove_mark(&name).await;
                Ok(Some(Outcome {
                    name: Some(name),
                    phase: phase(&object),
                    progress: progress(&object),
                    message: message(&object),
                }))
            }
            End::RolesMoved { leader } => {
                let hold = self.take_away(&name, uid.as_deref()).await;
                let hold = match hold {
                    Hold::Stays(why) => format!(" It could not be removed, and keeps others away: {why}"),
                    Hold::Ended | Hold::TakenAway | Hold::GoesOn => String::new(),
                };
                let message = format!(
                    "{leader} leads now. KubeBlocks did not notice, as 0.7 does not on Kubernetes 1.31 and later, so the OpsRequest was removed.{hold}"
                );
                self.listener.says(&message);
                Ok(Some(Outcome { name: Some(name), phase: SUCCEED.to_owned(), progress: None, message }))
            }
            End::Crowded => {
                self.listener.says(&format!("another operation came before OpsRequest {name}"));
                remove(client, self.request.namespace, &name).await.map_err(OperationError::api)?;
                Ok(None)
            }
            End::Failed(object) => {
                self.remove_mark(&name).await;
                let hold = self.let_go(&object).await;
                Err(OperationError::Failed(Box::new(self.ended(&object, hold).await)))
            }
            End::TimedOut(object) => {
                let facts = self.ended(&object, Hold::GoesOn).await;
                let hold = if self.request.operation.locks() {
                    self.take_away(&name, uid.as_deref()).await
                } else {
                    Hold::GoesOn
                };
                Err(OperationError::TimedOut(Box::new(Ended { hold, ..facts })))
            }
            End::Interrupted(object) => Err(OperationError::Interrupted {
                cluster: Box::new(self.cluster_name()),
                name: Some(name),
                phase: Some(phase(&object)),
                progress: progress(&object),
            }),
            End::Gone => Err(self.gone(&name)),
            End::Api(error) => Err(OperationError::api(error)),
        }
    }

    /// What the roles are to be after a switchover.
    async fn goal(&self, client: &Client, object: &OpsRequest) -> Result<Option<Goal>, OperationError> {
        let Operation::Switchover { component, instance } = self.request.operation else { return Ok(None) };
        let (namespace, cluster) = (self.request.namespace, self.request.cluster);
        Ok(Some(Goal {
            leading: Leading::of(client, namespace, cluster, component).await?,
            wanted: instance.clone().filter(|instance| instance != ANY),
            before: build::annotation(object, LEADER_BEFORE).map(str::to_owned),
        }))
    }

    /// A mark that stays does little: the next run of the same finds the end of this one.
    async fn remove_mark(&self, name: &str) {
        let namespace = Some(self.request.namespace);
        take_off(|| self.client.remove_annotation::<OpsRequest>(namespace, name, MARK)).await;
    }

    async fn take_away(&self, name: &str, uid: Option<&str>) -> Hold {
        let taken = Box::pin(take_away(self.client, self.request.namespace, name, uid));
        match at_most(CLEARING_UP, taken).await {
            Some(Ok(())) => Hold::TakenAway,
            Some(Err(error)) => Hold::Stays(crate::kubernetes::diagnostic::detail(&error)),
            None => Hold::Stays("the API server did not answer in time".to_owned()),
        }
    }

    /// An operation that has failed holds nothing any more; where it does, that is taken away.
    async fn let_go(&self, object: &OpsRequest) -> Hold {
        let namespace = Some(self.request.namespace);
        let found =
            at_most(LAST_WORDS, self.client.get_opt::<Cluster>(namespace, self.request.cluster)).await;
        match found {
            Some(Ok(Some(cluster))) if holds(&cluster, &object.name_any()) => {
                self.take_away(&object.name_any(), object.uid().as_deref()).await
            }
            _ => Hold::Ended,
        }
    }

    /// What is told of an operation that did not end well.
    async fn ended(&self, object: &OpsRequest, hold: Hold) -> Ended {
        let pods = at_most(LAST_WORDS, Box::pin(self.describe())).await.flatten().unwrap_or_default();
        Ended {
            object: client::object_name::<OpsRequest>(Some(self.request.namespace), &object.name_any()),
            word: self.request.operation.word(),
            phase: phase(object),
            progress: progress(object),
            facts: format!("{}{pods}", facts(object)),
            waited: self.limits.waited(),
            hold,
        }
    }

    /// What holds the database back: its components, pods and volumes.
    async fn describe(&self) -> Option<String> {
        let watching = Watching::open(self.client, self.request.namespace, self.request.cluster);
        let mut observations = watching.observations().boxed();
        while let Some(observation) = observations.next().await {
            match observation {
                Observation::Here(snapshot) => return Some(diagnosis::describe(&snapshot)),
                Observation::Opening(_) | Observation::Away(_) => {}
                Observation::Absent | Observation::Denied => return None,
            }
        }
        None
    }

    fn cluster_name(&self) -> crate::kubernetes::ObjectName {
        client::object_name::<Cluster>(Some(self.request.namespace), self.request.cluster)
    }

    fn gone(&self, name: &str) -> OperationError {
        OperationError::Gone { object: client::object_name::<OpsRequest>(Some(self.request.namespace), name) }
    }

    /// A request that the practitioner interrupted is an interrupt.
    fn interrupted(&self, error: OperationError) -> OperationError {
        match error {
            OperationError::Api(error) if matches!(*error, Error::Interrupted) => {
                OperationError::Interrupted {
                    cluster: Box::new(self.cluster_name()),
                    name: None,
                    phase: None,
                    progress: None,
                }
            }
            other => other,
        }
    }
}
