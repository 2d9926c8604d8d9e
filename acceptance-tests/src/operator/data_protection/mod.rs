//! The data protection controllers: repositories, policies, schedules, backups and restores.
//!
//! On a real cluster they are a Deployment of their own. Nothing is really copied.

mod policy;

pub(crate) use policy::{reconcile_policy, reconcile_schedule};

use super::Context;
use super::api::{Backup, BackupRepo, Restore};
use super::error::Error;
use kube::runtime::controller::Action;
use std::sync::Arc;
pub(crate) async fn reconcile_repo(_t: Arc<BackupRepo>, _c: Arc<Context>) -> Result<Action, Error> {
    Ok(Action::await_change())
}
pub(crate) async fn reconcile_backup(_t: Arc<Backup>, _c: Arc<Context>) -> Result<Action, Error> {
    Ok(Action::await_change())
}
pub(crate) async fn reconcile_restore(_t: Arc<Restore>, _c: Arc<Context>) -> Result<Action, Error> {
    Ok(Action::await_change())
}
