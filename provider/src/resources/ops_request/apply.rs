//! Create, update and delete: the operation, and the state of what came of it.

use std::time::Duration;

use tfplugin::prelude::*;

use super::schema::OpsRequestState;
use super::{FAILED, convert, is_unfinished};
use crate::kubeblocks::operation::diagnostic::{Attributes, diagnostic, interrupted};
use crate::kubeblocks::operation::error::{Ended, Hold};
use crate::kubeblocks::operation::{
    About, Listener, Operation, OperationError, Outcome, Request, go_on, remove, run,
};
use crate::kubernetes::diagnostic as kubernetes;
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::wait::{Limits, at_most};

const CANNOT_DO: &str = "Cannot do the operation";
const NOT_DONE: &str = "The operation was not done to its end";
const CANNOT_DELETE: &str = "Cannot remove the OpsRequest";

/// The operator lets an operation that is over go at once.
const DELETE_TIMEOUT: Duration = Duration::from_mins(5);

/// How the attributes of the resource are called.
pub(super) struct Names<'a> {
    operation: &'a Operation,
    root: Path,
    is_update: bool,
}

impl<'a> Names<'a> {
    /// The names for what is written.
    pub(super) fn of(state: &OpsRequestState, operation: &'a Operation) -> Self {
        let root = convert::written(state).first().map_or_else(Path::root, |name| Path::attribute(*name));
        Self { operation, root, is_update: false }
    }
}

impl Attributes for Names<'_> {
    fn path(&self, about: &About) -> Path {
        convert::path_below(&self.root, about, self.operation)
    }

    fn timeout(&self) -> &'static str {
        if self.is_update { "timeouts.update" } else { "timeouts.create" }
    }

    fn again(&self) -> &'static str {
        if self.is_update {
            "To do it once more, use `terraform apply -replace` with the address of this resource."
        } else {
            "The next apply does it once more; after `terraform untaint` of this resource it does not."
        }
    }
}

/// Writes what is reached into the state, as soon as it is.
struct Recorder<'a> {
    planned: &'a OpsRequestState,
    progress: &'a Progress<OpsRequestState>,
}

impl Listener for Recorder<'_> {
    fn says(&self, text: &str) {
        tracing::info!("{text}");
    }

    fn submitted(&self, name: &str) {
        self.progress.record(unfinished(self.planned, name, None, None));
    }
}

/// The state of an operation that is not over.
fn unfinished(
    planned: &OpsRequestState,
    name: &str,
    phase: Option<String>,
    progress: Option<String>,
) -> OpsRequestState {
    OpsRequestState {
        name: Value::Known(name.to_owned()),
        phase: phase.into(),
        progress: progress.into(),
        message: Value::Null,
        ..planned.clone()
    }
}

/// The state of an operation that has done what it is for.
fn done(planned: OpsRequestState, outcome: Outcome) -> OpsRequestState {
    let Outcome { name, phase, progress, message } = outcome;
    OpsRequestState {
        name: name.into(),
        phase: Value::Known(phase),
        progress: progress.into(),
        message: Value::Known(message),
        ..planned
    }
}

/// The state of an operation that did not end well. What goes on can be gone on with.
fn not_done(planned: &OpsRequestState, ended: &Ended) -> OpsRequestState {
    let phase = match ended.hold {
        Hold::TakenAway => FAILED.to_owned(),
        Hold::Ended | Hold::GoesOn | Hold::Stays(_) => ended.phase.clone(),
    };
    unfinished(planned, &ended.object.name, Some(phase), ended.progress.clone())
}

struct Job<'a> {
    shared: &'a Shared,
    context: &'a Context,
    planned: &'a OpsRequestState,
    progress: &'a Progress<OpsRequestState>,
    names: Names<'a>,
}

impl Job<'_> {
    async fn client(&self) -> Result<Client, Diagnostics> {
        self.shared.client_for(&self.planned.kubernetes, CANNOT_DO).await
    }

    /// The state, or the error, of what came of it.
    fn answer(&self, came: Result<Outcome, OperationError>) -> Result<OpsRequestState, Diagnostics> {
        let error = match came {
            Ok(outcome) => return Ok(done(self.planned.clone(), outcome)),
            Err(error) => error,
        };
        let summary = match &error {
            OperationError::Failed(ended) | OperationError::TimedOut(ended) => {
                self.progress.record(not_done(self.planned, ended));
                NOT_DONE
            }
            // An error would taint it, and the next apply would do it once more.
            OperationError::Interrupted { cluster, name: Some(name), phase, progress } => {
                let text =
                    interrupted(&cluster.to_string(), Some(name), phase.as_deref(), progress.as_deref());
                self.context.warn(Diagnostic::warning("Interrupted while the operation was under way", text));
                return Ok(unfinished(self.planned, name, phase.clone(), progress.clone()));
            }
            OperationError::Gone { object } => {
                let phase = Some(FAILED.to_owned());
                self.progress.record(unfinished(self.planned, &object.name, phase, None));
                NOT_DONE
            }
            OperationError::Refused(_)
            | OperationError::NoTurn { .. }
            | OperationError::Interrupted { name: None, .. }
            | OperationError::Api(_) => CANNOT_DO,
        };
        Err(diagnostic(summary, &error, &self.names).into())
    }
}

/// What is meant, all of it known.
struct Meant {
    namespace: String,
    cluster: String,
    operation: Operation,
    run: String,
}

impl Meant {
    fn by(state: &OpsRequestState) -> Result<Self, Diagnostics> {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        let Some(operation) = convert::operation(state) else {
            return Err(Diagnostic::error(
                CANNOT_DO,
                "A part of it is not known. This is a bug in the provider; please report it.",
            )
            .into());
        };
        Ok(Self {
            namespace: text(&state.namespace),
            cluster: text(&state.cluster),
            operation,
            run: convert::run(&state.triggers),
        })
    }

    fn request(&self) -> Request<'_> {
        let Self { namespace, cluster, operation, run } = self;
        Request { namespace, cluster, operation, run, keep: None }
    }
}

/// Does the operation.
pub(super) async fn create(
    shared: &Shared,
    context: &Context,
    planned: OpsRequestState,
    progress: &Progress<OpsRequestState>,
) -> Result<OpsRequestState, Diagnostics> {
    let meant = Meant::by(&planned)?;
    let request = meant.request();
    let timeout = planned.timeouts.create_or(meant.operation.default_timeout());
    let limits = Limits::new(timeout, context.stop());
    let names = Names::of(&planned, &meant.operation);
    let job = Job { shared, context, planned: &planned, progress, names };
    let client = job.client().await?;
    let Some(_claim) =
        shared.claim(&client.endpoint(), &meant.namespace, &format!("opsrequest/{}", request.key()))
    else {
        return Err(done_twice(&meant.cluster).into());
    };
    let recorder = Recorder { planned: &planned, progress };
    job.answer(run(&client, &request, &limits, &recorder).await)
}

/// Goes on with an operation that was interrupted. Nothing else is done in place.
pub(super) async fn update(
    shared: &Shared,
    context: &Context,
    request: Update<OpsRequestState>,
    progress: &Progress<OpsRequestState>,
) -> Result<OpsRequestState, Diagnostics> {
    let Update { prior, planned, config: _ } = request;
    let Some(name) = prior.name.known().filter(|_| is_unfinished(&prior)) else { return Ok(planned) };
    let meant = Meant::by(&planned)?;
    let request = meant.request();
    let timeout = planned.timeouts.update_or(meant.operation.default_timeout());
    let limits = Limits::new(timeout, context.stop());
    let names = Names { is_update: true, ..Names::of(&planned, &meant.operation) };
    let job = Job { shared, context, planned: &planned, progress, names };
    let client = job.client().await?;
    let recorder = Recorder { planned: &planned, progress };
    job.answer(go_on(&client, &request, name, &limits, &recorder).await)
}

/// Removes the `OpsRequest`, if it is there. Its effect stays.
pub(super) async fn delete(
    shared: &Shared,
    context: &Context,
    state: OpsRequestState,
) -> Result<(), Diagnostics> {
    let Some(name) = state.name.known() else { return Ok(()) };
    let limit = state.timeouts.delete_or(DELETE_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_DELETE).await?.obeying(context.stop());
    let namespace = state.namespace.known().map_or("", String::as_str);
    match at_most(limit, Box::pin(remove(&client, namespace, name))).await {
        Some(Ok(()) | Err(Error::KindNotServed { .. })) => Ok(()),
        Some(Err(error)) => Err(kubernetes::diagnostic(CANNOT_DELETE, &error).into()),
        None => Err(Diagnostic::error(
            CANNOT_DELETE,
            format!("OpsRequest {namespace}/{name} is still there. Run the command again, or raise `timeouts.delete`."),
        )
        .into()),
    }
}

fn done_twice(cluster: &str) -> Diagnostic {
    Diagnostic::error(
        CANNOT_DO,
        format!(
            "Another resource of this run does the same to {cluster} at this moment, with the same arguments. Give each `kubeblocks_ops_request` `triggers` of its own, or leave one out."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::ObjectName;

    #[test]
    fn what_goes_on_can_be_gone_on_with_and_what_was_taken_away_is_over() {
        for (hold, phase, goes_on) in [
            (Hold::GoesOn, "Running", true),
            (Hold::TakenAway, "Running", false),
            (Hold::Ended, "Failed", false),
            (Hold::Ended, "Cancelled", false),
            (Hold::Stays("why".to_owned()), "Creating", true),
        ] {
            let ended = Ended {
                object: ObjectName {
                    kind: "OpsRequest".to_owned(),
                    namespace: Some("shop".to_owned()),
                    name: "o".to_owned(),
                },
                word: "restart",
                phase: phase.to_owned(),
                progress: None,
                facts: String::new(),
                waited: Duration::ZERO,
                hold: hold.clone(),
            };
            let state = not_done(&OpsRequestState::default(), &ended);
            assert_eq!(
                (state.name.known().map(String::as_str), is_unfinished(&state)),
                (Some("o"), goes_on),
                "{hold:?}"
            );
        }
    }
}
