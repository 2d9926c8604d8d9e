//! `kubeblocks_backup`: one backup of a database.
//!
//! The way of an apply: `checks` (what is there) -> `convert` (pure) -> `apply` (writes and waits) -> `convert` -> state.

pub(in crate::resources) mod apply;
pub(crate) mod checks;
pub mod convert;
mod messages;
mod read;
pub mod schema;

use std::sync::Arc;

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::provider::Shared;
use crate::resources::moved;
pub use schema::{BackupIdentity, BackupState};

/// The resource.
#[derive(Clone, Debug)]
pub struct BackupResource {
    shared: Arc<Shared>,
}

impl BackupResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Resource for BackupResource {
    type State = BackupState;
    type Identity = BackupIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_backup";

    fn identity(&self, state: &BackupState) -> BackupIdentity {
        BackupIdentity { namespace: state.namespace.clone(), name: state.name.clone() }
    }

    fn validate(&self, config: &BackupState, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn modify_plan(&self, _context: &Context, plan: &mut Plan<BackupState>) -> Result<(), Diagnostics> {
        let Some(prior) = &plan.prior else { return Ok(()) };
        if prior.method.is_null() {
            return Err(moved::never_read());
        }
        if convert::is_complete(prior) || !plan.requires_replace.is_empty() {
            return Ok(());
        }
        // What was not complete is waited for; what has failed is taken anew.
        let planned = &mut plan.planned;
        for value in [
            &mut planned.phase,
            &mut planned.repo,
            &mut planned.path,
            &mut planned.size,
            &mut planned.completed_at,
            &mut planned.expires_at,
        ] {
            *value = Value::Unknown;
        }
        if convert::has_failed(prior) {
            plan.requires_replace.push(Path::attribute("phase"));
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<BackupState>,
        progress: &Progress<BackupState>,
    ) -> Result<BackupState, Diagnostics> {
        Box::pin(apply::create(self, context, request, progress)).await
    }

    async fn read(&self, context: &Context, state: BackupState) -> Result<Option<BackupState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<BackupState>,
        _progress: &Progress<BackupState>,
    ) -> Result<BackupState, Diagnostics> {
        Box::pin(apply::update(self, context, request)).await
    }

    async fn delete(&self, context: &Context, state: BackupState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(self, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<BackupIdentity>,
    ) -> Result<BackupState, Diagnostics> {
        read::import(&self.shared, context, request).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<BackupState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "Backup")?;
        Ok(object.map(|object| BackupState {
            namespace: object.namespace,
            name: object.name,
            ..BackupState::default()
        }))
    }
}
