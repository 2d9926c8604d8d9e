//! TODO
use super::Context;
use super::api::{Cluster, OpsRequest};
use super::error::Error;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use std::sync::Arc;
pub(crate) fn of_cluster(_cluster: &Cluster) -> Vec<ObjectRef<OpsRequest>> {
    Vec::new()
}
pub(crate) async fn reconcile(_t: Arc<OpsRequest>, _c: Arc<Context>) -> Result<Action, Error> {
    Ok(Action::await_change())
}
