//! A Cluster that starts from a backup: data before the workloads, scripts after them.

use std::time::Duration;

use crate::operator::api::Cluster;
use crate::operator::component::Component;
use crate::operator::error::Error;

use super::Pass;

/// The password that the restored data expects, if the restore says so.
pub(super) fn password(_cluster: &Cluster, _component: &str) -> Option<String> {
    None
}

/// Whether the data of a component is still being restored.
pub(super) async fn is_waiting(_pass: &Pass<'_>, _component: &Component<'_>) -> Result<bool, Error> {
    Ok(false)
}

/// Restores data; says how long to wait when it is not there yet.
pub(super) async fn before_workloads(_pass: &Pass<'_>) -> Result<Option<Duration>, Error> {
    Ok(None)
}

/// Runs what a restore does in the running cluster.
pub(super) async fn after_workloads(_pass: &mut Pass<'_>) -> Result<Option<Duration>, Error> {
    Ok(None)
}
