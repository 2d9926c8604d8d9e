//! `kubeblocks_addon`: a chart that the KubeBlocks operator installs.
//!
//! The way of an apply: `operator` and `checks` (what is there) -> `build` (pure) -> `enabling` and `apply` (writes) ->
//! `wait` with `readiness` and `definitions` (pure decisions) -> `observe` (pure). A plan is `validate` and `plan` (pure),
//! and a look at the add-on when the Kubernetes cluster can be asked.

mod apply;
pub mod build;
pub mod checks;
pub mod definitions;
mod enabling;
pub mod facts;
pub mod observe;
pub mod operator;
pub mod plan;
mod read;
pub mod readiness;
pub mod schema;
#[cfg(test)]
pub(crate) mod test_support;
pub mod text;
pub mod validate;
pub mod values;
pub mod wait;

use std::sync::Arc;

use kubeblocks_schemas::v1alpha1::Addon;
use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::kubernetes::diagnostic::{detail, silent};
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::resources::moved;
use crate::wait::{PLAN_LOOK, at_most};
pub use schema::{AddonIdentity, AddonState};

/// Private data: the add-on is not as an apply should leave it.
const UNFINISHED: &str = "unfinished";

/// The resource.
#[derive(Clone, Debug)]
pub struct AddonResource {
    shared: Arc<Shared>,
}

impl AddonResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Lets the plans of databases know what will be there.
    fn announce(&self, planned: &AddonState) {
        if let (Reach::Known(connection), Some(name)) =
            (self.shared.reach(&planned.kubernetes), planned.name.known())
            && planned.is_enabled()
        {
            self.shared.note_enabling(&connection, name);
        }
    }

    /// Looks at the add-on as it is. Whatever is found is at most a warning, as the same apply may change it; and that
    /// the API is away never fails a plan.
    async fn look(&self, context: &Context, prior: Option<&AddonState>, planned: &AddonState) {
        if planned.name.known().is_none() {
            return;
        }
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return };
        match at_most(PLAN_LOOK, foresee(&client, prior, planned)).await {
            Some(Ok(_)) if self.shared.is_being_installed(&connection) => {}
            Some(Ok(findings)) => findings.into_iter().for_each(|finding| context.warn(finding)),
            Some(Err(error)) => self.shared.plan_without(context, &connection, &detail(&error)),
            None => {
                let why = silent(&client, PLAN_LOOK);
                self.shared.plan_without(context, &connection, &why);
            }
        }
    }
}

/// What an apply would meet now.
async fn foresee(
    client: &Client,
    prior: Option<&AddonState>,
    planned: &AddonState,
) -> Result<Diagnostics, Error> {
    const WOULD_FAIL: &str = "The add-on cannot be enabled as things are";
    let mut findings = Diagnostics::new();
    if planned.is_enabled() {
        let comfort = "When the same apply installs the operator, all is well.";
        match client.get_opt::<Addon>(None, planned.name()).await {
            Ok(Some(live)) => findings.append(checks::settings(planned, &live)),
            Ok(None) if planned.chart.is_null() => {
                let there = client.list::<Addon>(None, None).await?;
                let found = checks::missing(WOULD_FAIL, planned.name(), &there);
                findings.push(Diagnostic { detail: format!("{}\n\n{comfort}", found.detail), ..found });
            }
            Err(Error::KindNotServed { .. }) => {
                let found = text::no_operator(WOULD_FAIL, &client.endpoint());
                findings.push(Diagnostic { detail: format!("{}\n\n{comfort}", found.detail), ..found });
            }
            // A chart of one's own makes its add-on; and not everybody may look.
            Ok(None) | Err(Error::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(prior) = prior.filter(|prior| plan::switches_off(prior, planned)) {
        let names = |list: &Value<schema::Names>| {
            list.known().into_iter().flatten().filter_map(|name| name.known().cloned()).collect()
        };
        let brought = definitions::Brought {
            definitions: names(&prior.cluster_definitions),
            versions: names(&prior.cluster_versions),
            ..definitions::Brought::default()
        };
        if let Ok(users) = definitions::find_users(client, &brought).await
            && !users.is_empty()
        {
            let found = text::in_use("The add-on cannot be disabled as things are", prior.name(), &users);
            let detail = format!("{}\n\nWhen the same apply destroys them first, all is well.", found.detail);
            findings.push(Diagnostic { detail, ..found }.at(Path::attribute("enabled")));
        }
    }
    Ok(findings.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found }).collect())
}

impl Resource for AddonResource {
    type State = AddonState;
    type Identity = AddonIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_addon";

    fn identity(&self, state: &AddonState) -> AddonIdentity {
        AddonIdentity { name: state.name.clone() }
    }

    fn validate(&self, config: &AddonState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<AddonState>) -> Result<(), Diagnostics> {
        plan::plan(plan::Planning {
            prior: plan.prior.as_ref(),
            planned: &mut plan.planned,
            requires_replace: &mut plan.requires_replace,
            unfinished: is_unfinished(context),
        });
        if plan.prior.as_ref() != Some(&plan.planned) {
            self.announce(&plan.planned);
            self.look(context, plan.prior.as_ref(), &plan.planned).await;
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<AddonState>,
        progress: &Progress<AddonState>,
    ) -> Result<AddonState, Diagnostics> {
        Box::pin(apply::create(&self.shared, context, request.planned, progress)).await
    }

    async fn read(&self, context: &Context, state: AddonState) -> Result<Option<AddonState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<AddonState>,
        progress: &Progress<AddonState>,
    ) -> Result<AddonState, Diagnostics> {
        Box::pin(apply::update(&self.shared, context, request.prior, request.planned, progress)).await
    }

    async fn delete(&self, context: &Context, state: AddonState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(&self.shared, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<AddonIdentity>,
    ) -> Result<AddonState, Diagnostics> {
        let name = read::identity(request)?;
        read::import(&self.shared, context, &name).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<AddonState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "Addon")?;
        Ok(object.map(|object| AddonState { name: object.name, ..AddonState::default() }))
    }
}

fn is_unfinished(context: &Context) -> bool {
    context.private(UNFINISHED) == Some(serde_json::Value::Bool(true))
}

/// Notes whether the next apply has to go on with the add-on.
fn remember(context: &Context, unfinished: bool) {
    context.set_private(UNFINISHED, unfinished.into());
}
