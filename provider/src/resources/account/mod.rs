//! `kubeblocks_account`: an account in a database.
//!
//! The way of an apply: `subject` (which component, which engine) -> [`crate::kubeblocks::lorry`] (asks the engine) -> the
//! state, which is the plan with the role that the engine tells. There is no object for an account, so whether it is there
//! is asked of the engine each time.

mod apply;
mod messages;
mod read;
pub mod schema;
pub mod subject;
pub mod validate;

use std::sync::Arc;

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use crate::kubernetes::diagnostic::{detail, silent};
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::wait::{PLAN_LOOK, at_most};
pub use schema::{AccountIdentity, AccountState};
use subject::{Refusal, Subject};

/// The resource.
#[derive(Clone, Debug)]
pub struct AccountResource {
    shared: Arc<Shared>,
}

impl AccountResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Looks whether the engine has accounts at all, which no apply changes. A database that is not there may come by the same
    /// apply; then its own plan has told its engine.
    async fn look(&self, context: &Context, planned: &AccountState) -> Result<(), Diagnostics> {
        let (Some(namespace), Some(cluster)) = (planned.namespace.known(), planned.cluster.known()) else {
            return Ok(());
        };
        if let Some(definition) = self.shared.planned_engine(&planned.kubernetes, namespace, cluster) {
            return subject::engine_without_accounts(&definition)
                .map_or(Ok(()), |refusal| Err(messages::refused(messages::CANNOT_BE_MADE, &refusal).into()));
        }
        if self.shared.is_new(&planned.kubernetes) {
            return Ok(());
        }
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return Ok(()) };
        match at_most(PLAN_LOOK, foresee(&client, planned, namespace, cluster)).await {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some(refusal))) => Err(messages::refused(messages::CANNOT_BE_MADE, &refusal).into()),
            Some(Err(error)) if error.is_not_served() => Ok(()),
            Some(Err(error)) => {
                self.shared.plan_without(context, &connection, &detail(&error));
                Ok(())
            }
            None => {
                self.shared.plan_without(context, &connection, &silent(&client, PLAN_LOOK));
                Ok(())
            }
        }
    }
}

async fn foresee(
    client: &Client,
    planned: &AccountState,
    namespace: &str,
    cluster: &str,
) -> Result<Option<Refusal>, Error> {
    let Some(found) = client.get_opt::<Cluster>(Some(namespace), cluster).await? else { return Ok(None) };
    Ok(Subject::find(client, &found, planned.component.known().map(String::as_str)).await?.err())
}

impl Resource for AccountResource {
    type State = AccountState;
    type Identity = AccountIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_account";

    fn identity(&self, state: &AccountState) -> AccountIdentity {
        AccountIdentity {
            namespace: state.namespace.clone(),
            cluster: state.cluster.clone(),
            component: state.component.clone(),
            name: state.name.clone(),
        }
    }

    fn validate(&self, config: &AccountState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<AccountState>) -> Result<(), Diagnostics> {
        validate::plan(plan.prior.as_ref(), &plan.config)
            .map_or(Ok(()), |refusal| Err(Diagnostics::from(refusal)))?;
        if plan.prior.as_ref() == Some(&plan.planned) {
            return Ok(());
        }
        self.look(context, &plan.planned).await
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<AccountState>,
        progress: &Progress<AccountState>,
    ) -> Result<AccountState, Diagnostics> {
        Box::pin(apply::create(&self.shared, context, request, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: AccountState,
    ) -> Result<Option<AccountState>, Diagnostics> {
        Box::pin(read::read(&self.shared, context, state)).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<AccountState>,
        progress: &Progress<AccountState>,
    ) -> Result<AccountState, Diagnostics> {
        Box::pin(apply::update(&self.shared, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: AccountState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(&self.shared, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<AccountIdentity>,
    ) -> Result<AccountState, Diagnostics> {
        Box::pin(read::import(&self.shared, context, request)).await
    }
}
