//! `kubeblocks_backup_schedule`: backups of a database at fixed times.
//!
//! The way of an apply: `checks` (what is there) -> `convert` (pure) -> `apply` (writes and waits) -> `convert` -> state.

mod apply;
mod checks;
pub mod convert;
mod read;
pub mod schema;
pub mod validate;

use std::sync::Arc;

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::kubernetes::diagnostic::{detail, silent};
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::resources::moved;
use crate::wait::{PLAN_LOOK, at_most};
pub use schema::{BackupScheduleIdentity, BackupScheduleState};

/// The resource.
#[derive(Clone, Debug)]
pub struct BackupScheduleResource {
    shared: Arc<Shared>,
}

impl BackupScheduleResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What stands against the methods, when database and policy are there. That the API is away never fails a plan.
    async fn look(&self, context: &Context, planned: &BackupScheduleState) -> Diagnostics {
        if self.shared.is_new(&planned.kubernetes) {
            return Diagnostics::new();
        }
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return Diagnostics::new() };
        match at_most(PLAN_LOOK, foresee(&client, planned)).await {
            Some(Ok(findings)) => return findings,
            // What is not installed yet may be installed by the same apply.
            Some(Err(error)) if error.is_not_served() => {}
            Some(Err(error)) => self.shared.plan_without(context, &connection, &detail(&error)),
            None => self.shared.plan_without(context, &connection, &silent(&client, PLAN_LOOK)),
        }
        Diagnostics::new()
    }
}

/// Methods that an apply would refuse. A database or policy that is not there may come from the same apply.
async fn foresee(client: &Client, planned: &BackupScheduleState) -> Result<Diagnostics, Error> {
    const WOULD_FAIL: &str = "The backup schedule cannot run";
    let is_known = |value: &Value<String>| value.known().is_some();
    if !is_known(&planned.namespace) || !(is_known(&planned.cluster) || is_known(&planned.policy)) {
        return Ok(Diagnostics::new());
    }
    match checks::policy(client, WOULD_FAIL, planned).await? {
        Ok(policy) => checks::methods(client, WOULD_FAIL, planned, &policy).await,
        Err(_) => Ok(Diagnostics::new()),
    }
}

impl Resource for BackupScheduleResource {
    type State = BackupScheduleState;
    type Identity = BackupScheduleIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_backup_schedule";

    fn identity(&self, state: &BackupScheduleState) -> BackupScheduleIdentity {
        BackupScheduleIdentity { namespace: state.namespace.clone(), name: state.name.clone() }
    }

    fn validate(&self, config: &BackupScheduleState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(
        &self,
        context: &Context,
        plan: &mut Plan<BackupScheduleState>,
    ) -> Result<(), Diagnostics> {
        if plan.prior.as_ref().is_some_and(|prior| prior.schedules.is_null()) {
            return Err(moved::never_read());
        }
        // What is not available is waited for by the next apply.
        if !plan.prior.as_ref().is_some_and(convert::is_available) {
            plan.planned.phase = Value::Unknown;
        }
        if plan.prior.as_ref() == Some(&plan.planned) {
            return Ok(());
        }
        self.look(context, &plan.planned).await.into_result(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<BackupScheduleState>,
        progress: &Progress<BackupScheduleState>,
    ) -> Result<BackupScheduleState, Diagnostics> {
        Box::pin(apply::create(self, context, request, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: BackupScheduleState,
    ) -> Result<Option<BackupScheduleState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<BackupScheduleState>,
        progress: &Progress<BackupScheduleState>,
    ) -> Result<BackupScheduleState, Diagnostics> {
        Box::pin(apply::update(self, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: BackupScheduleState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(self, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<BackupScheduleIdentity>,
    ) -> Result<BackupScheduleState, Diagnostics> {
        read::import(&self.shared, context, request).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<BackupScheduleState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "BackupSchedule")?;
        Ok(object.map(|object| BackupScheduleState {
            namespace: object.namespace,
            name: object.name,
            ..BackupScheduleState::default()
        }))
    }
}
