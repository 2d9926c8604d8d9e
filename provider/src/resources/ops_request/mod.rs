//! `kubeblocks_ops_request`: one operation on a database, done once.
//!
//! `convert` (pure) says which operation is meant; [`crate::kubeblocks::operation`] does it; `apply` makes the state of what
//! came of it. A refresh asks nobody: what was done is done.

mod apply;
pub mod convert;
mod impact;
pub mod schema;

use std::sync::Arc;

use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;

use crate::impact::guard::validate_accepted;
use crate::kubeblocks::operation::diagnostic::{refused, unsupported};
use crate::kubeblocks::operation::{Foreseen, Request, foresee};
use crate::kubernetes::diagnostic::{detail, silent};
use crate::provider::Shared;
use crate::wait::{PLAN_LOOK, at_most};
pub use schema::OpsRequestState;

/// Phases in which an operation is over.
const OVER: [&str; 3] = [SUCCEED, FAILED, "Cancelled"];
const SUCCEED: &str = "Succeed";
const FAILED: &str = "Failed";

/// The resource.
#[derive(Clone, Debug)]
pub struct OpsRequestResource {
    shared: Arc<Shared>,
}

impl OpsRequestResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Looks whether the operation could be done now. Whatever is found is a warning, as the same apply may change it.
    async fn look(&self, context: &Context, planned: &OpsRequestState) -> Result<(), Diagnostics> {
        let (Some(namespace), Some(cluster)) = (planned.namespace.known(), planned.cluster.known()) else {
            return Ok(());
        };
        let Some(operation) = convert::operation(planned) else { return Ok(()) };
        if self.shared.is_new(&planned.kubernetes) {
            return Ok(());
        }
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return Ok(()) };
        let request = Request { namespace, cluster, operation: &operation, run: "", keep: None };
        match at_most(PLAN_LOOK, Box::pin(foresee(&client, &request))).await {
            Some(Ok(Foreseen { refusal, unsupported: reason })) => {
                let names = apply::Names::of(planned, &operation);
                if let Some(reason) = &reason {
                    context.warn(unsupported(reason, &names));
                }
                let Some(refusal) = refusal else { return Ok(()) };
                if refusal.for_good {
                    return Err(refused("The engine cannot do this", &refusal, &names).into());
                }
                let found = refused("The operation would be refused as things are", &refusal, &names);
                let detail = format!("{}\n\nWhen the same apply changes that, all is well.", found.detail);
                context.warn(Diagnostic { severity: Severity::Warning, detail, ..found });
            }
            Some(Err(error)) if error.is_not_served() => {}
            Some(Err(error)) => self.shared.plan_without(context, &connection, &detail(&error)),
            None => self.shared.plan_without(context, &connection, &silent(&client, PLAN_LOOK)),
        }
        Ok(())
    }
}

/// Whether the operation was interrupted, and is to be gone on with.
fn is_unfinished(state: &OpsRequestState) -> bool {
    state.name.known().is_some() && !state.phase.known().is_some_and(|phase| OVER.contains(&phase.as_str()))
}

/// Exactly one operation, and a script with statements.
fn validate(config: &OpsRequestState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    let all = convert::OPERATIONS.map(|name| format!("`{name}`")).join(", ");
    match convert::written(config).as_slice() {
        [_] => {}
        [] => diagnostics.push(Diagnostic::error(
            "No operation",
            format!("Say what is to be done, with one of {all}."),
        )),
        [_, second, ..] => diagnostics.push(
            Diagnostic::error(
                "Several operations",
                format!("One `kubeblocks_ops_request` does one of {all}. Write another resource for the other, and `depends_on` for their order."),
            )
            .at(Path::attribute(*second)),
        ),
    }
    if let Some(script) = config.script.known() {
        convert::check_script(script, &Path::attribute("script"), diagnostics);
    }
    validate_accepted(&config.accept_impact, diagnostics);
}

impl Resource for OpsRequestResource {
    type State = OpsRequestState;
    type Identity = NoIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_ops_request";

    fn identity(&self, _state: &OpsRequestState) -> NoIdentity {
        NoIdentity
    }

    fn validate(&self, config: &OpsRequestState, diagnostics: &mut Diagnostics) {
        validate(config, diagnostics);
    }

    async fn modify_plan(
        &self,
        context: &Context,
        plan: &mut Plan<OpsRequestState>,
    ) -> Result<(), Diagnostics> {
        match &plan.prior {
            None => {
                let change = impact::of(&plan.planned);
                context.settle(self.shared.guard().judge(&change, &plan.planned.accept_impact))?;
                plan.planned.planned_impact = change.into_planned().into();
                self.look(context, &plan.planned).await?;
            }
            Some(prior) if is_unfinished(prior) => {
                plan.planned.phase = Value::Unknown;
                plan.planned.progress = Value::Unknown;
                plan.planned.message = Value::Unknown;
            }
            Some(_) => {}
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<OpsRequestState>,
        progress: &Progress<OpsRequestState>,
    ) -> Result<OpsRequestState, Diagnostics> {
        Box::pin(apply::create(&self.shared, context, request.planned, progress)).await
    }

    async fn read(
        &self,
        _context: &Context,
        state: OpsRequestState,
    ) -> Result<Option<OpsRequestState>, Diagnostics> {
        // What was done is done, whether or not its object is still there.
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<OpsRequestState>,
        progress: &Progress<OpsRequestState>,
    ) -> Result<OpsRequestState, Diagnostics> {
        Box::pin(apply::update(&self.shared, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: OpsRequestState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(&self.shared, context, state)).await
    }

    async fn import(&self, _: &Context, _: Import<NoIdentity>) -> Result<OpsRequestState, Diagnostics> {
        Err(Diagnostic::error(
            "An operation cannot be imported",
            "What was done once has nothing left to manage, and nothing on the server tells which `triggers` it was done for. Remove the import; to do it once more, create the resource.",
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::schema::Nothing;
    use super::*;
    use crate::resources::cluster::test_support::text;

    #[test]
    fn only_an_operation_that_is_with_the_server_and_not_over_is_gone_on_with() {
        for (name, phase, expected) in [
            (text("o"), Value::Null, true),
            (text("o"), text("Pending"), true),
            (text("o"), text("Running"), true),
            (text("o"), text("Succeed"), false),
            (text("o"), text("Failed"), false),
            (text("o"), text("Cancelled"), false),
            (Value::Null, text("Succeed"), false),
        ] {
            let state = OpsRequestState { name, phase: phase.clone(), ..OpsRequestState::default() };
            assert_eq!(is_unfinished(&state), expected, "{phase:?}");
        }
    }

    #[test]
    fn exactly_one_operation_is_to_be_written() {
        let nothing = || Value::Known(Nothing {});
        for (config, expected) in [
            (OpsRequestState::default(), Some("No operation")),
            (OpsRequestState { stop: nothing(), ..OpsRequestState::default() }, None),
            (OpsRequestState { stop: Value::Unknown, ..OpsRequestState::default() }, None),
            (
                OpsRequestState { stop: nothing(), start: nothing(), ..OpsRequestState::default() },
                Some("Several operations"),
            ),
        ] {
            let mut diagnostics = Diagnostics::new();
            validate(&config, &mut diagnostics);
            let found = diagnostics.iter().next().map(|found| found.summary.clone());
            assert_eq!(found.as_deref(), expected);
        }
    }
}
