//! `kubeblocks_backup_repo`: a place for backups.
//!
//! The way of an apply: `checks` (what is there) -> `build` (pure) -> `apply` (writes, with the keys by `keys`) -> a wait
//! -> the state, which is the plan with its phase. A refresh is `read` and `observe` (pure). A plan is `validate`,
//! `parameters` and `plan` (pure), and a look at the storage provider when the Kubernetes cluster can be asked.

mod apply;
pub mod build;
pub(crate) mod checks;
mod keys;
pub(crate) mod messages;
pub mod observe;
pub mod parameters;
pub mod plan;
mod read;
pub mod schema;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
pub(crate) mod test_support;
pub mod validate;

use std::sync::Arc;

use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::kubernetes::diagnostic::{detail, silent};
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::resources::moved;
use crate::wait::{PLAN_LOOK, at_most};
pub use schema::{BackupRepoIdentity, BackupRepoState};

/// The resource.
#[derive(Clone, Debug)]
pub struct BackupRepoResource {
    shared: Arc<Shared>,
    /// Held while a repository becomes the default one: of two in one run, the second then sees the first.
    default: Arc<tokio::sync::Mutex<()>>,
}

impl BackupRepoResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, default: Arc::default() }
    }

    /// Looks at what the repository needs. Whatever is found is at most a warning, as the same apply may change it; and
    /// that the API is away never fails a plan.
    async fn look(&self, context: &Context, plan: &Plan<BackupRepoState>) {
        if self.shared.is_new(&plan.planned.kubernetes) {
            return;
        }
        let reached = self.shared.planning_client(context, &plan.planned.kubernetes).await;
        let Some((connection, client)) = reached else { return };
        match at_most(PLAN_LOOK, foresee(&client, plan)).await {
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
async fn foresee(client: &Client, plan: &Plan<BackupRepoState>) -> Result<Diagnostics, Error> {
    const WOULD_FAIL: &str = "The backup repository cannot be made as things are";
    let mut findings = checks::storage(client, WOULD_FAIL, &plan.config).await?;
    let was_default = plan.prior.as_ref().is_some_and(BackupRepoState::is_default);
    if plan.planned.is_default() && !was_default {
        let others = match checks::other_defaults(client, plan.planned.name()).await {
            Ok(others) => others,
            Err(error) if error.is_not_served() => Vec::new(),
            Err(error) => return Err(error),
        };
        findings.append(messages::two_defaults(WOULD_FAIL, &others).into_iter().collect());
    }
    let comfort = "When the same apply changes that, all is well.";
    Ok(findings
        .into_iter()
        .map(|found| Diagnostic {
            severity: Severity::Warning,
            detail: format!("{}\n\n{comfort}", found.detail),
            ..found
        })
        .collect())
}

impl Resource for BackupRepoResource {
    type State = BackupRepoState;
    type Identity = BackupRepoIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_backup_repo";

    fn identity(&self, state: &BackupRepoState) -> BackupRepoIdentity {
        BackupRepoIdentity { name: state.name.clone() }
    }

    fn validate(&self, config: &BackupRepoState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(
        &self,
        context: &Context,
        plan: &mut Plan<BackupRepoState>,
    ) -> Result<(), Diagnostics> {
        if plan.prior.as_ref().is_some_and(|prior| prior.storage_provider.is_null()) {
            return Err(moved::never_read());
        }
        plan::plan(plan.prior.as_ref(), &mut plan.planned);
        if plan.prior.as_ref() != Some(&plan.planned) {
            self.look(context, plan).await;
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<BackupRepoState>,
        progress: &Progress<BackupRepoState>,
    ) -> Result<BackupRepoState, Diagnostics> {
        Box::pin(apply::create(self, context, request, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: BackupRepoState,
    ) -> Result<Option<BackupRepoState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<BackupRepoState>,
        progress: &Progress<BackupRepoState>,
    ) -> Result<BackupRepoState, Diagnostics> {
        Box::pin(apply::update(self, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: BackupRepoState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(self, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<BackupRepoIdentity>,
    ) -> Result<BackupRepoState, Diagnostics> {
        let name = read::identity(request)?;
        read::import(&self.shared, context, &name).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<BackupRepoState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "BackupRepo")?;
        Ok(object.map(|object| BackupRepoState { name: object.name, ..BackupRepoState::default() }))
    }
}
