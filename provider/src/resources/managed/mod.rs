//! Managed Kubernetes clusters and their node pools, whatever the cloud: `kubeblocks_eks_cluster` and its siblings.
//!
//! A cloud gives a [`kind::ManagedCluster`]: its schema, and how its attributes become what `kubeblocks_cloud` takes. The
//! steps are the same for all: `plan` (pure rules), `apply` (drives the cloud, then makes Kubernetes fit), `read`,
//! `destroy` (gives back what ran inside, then drives the cloud).

mod apply;
pub mod cluster;
mod destroy;
pub(crate) mod drive;
pub(crate) mod equality;
pub(crate) mod failure;
pub mod fitness;
mod impact;
pub mod kind;
pub mod open;
mod plan;
pub mod pool;
pub mod pool_kind;
pub mod pool_schema;
mod read;
mod release;
pub(crate) mod rules;
pub mod schema;
pub(crate) mod state;

use kubeblocks_cloud::Nodes;
use schema::SystemNodePool;
use tfplugin::prelude::*;

/// Private data: an apply did not come to its end.
const UNFINISHED: &str = "unfinished";
/// Private data: an import named it, and nothing of it was read yet.
const IMPORTED: &str = "imported";

/// Private data: somebody removed the cluster that had come to its end.
const LOST: &str = "lost";

/// Private data: how many nodes a pool has that scales by itself, which the state does not tell.
const SIZE: &str = "size";

/// Private data: the version of first nodes that are behind the control plane.
const BEHIND: &str = "nodes_behind";

/// Keeps that the first nodes have an older version than the control plane: a refresh takes the version of the latter over,
/// so that the state would not tell it.
fn note_behind(context: &Context, control_plane: &str, nodes: Option<&str>) {
    let behind = nodes.filter(|nodes| is_behind(nodes, control_plane));
    if behind.is_some() || context.private(BEHIND).is_some() {
        context.set_private(BEHIND, behind.into());
    }
}

/// The version of the first nodes where they were behind at the last look.
fn noted_behind(context: &Context) -> Option<String> {
    context.private(BEHIND)?.as_str().map(str::to_owned)
}

fn is_behind(nodes: &str, control_plane: &str) -> bool {
    matches!((rules::minor(nodes), rules::minor(control_plane)), (Some(nodes), Some(plane)) if nodes < plane)
}

/// Keeps how many nodes there are now, for the plan to tell how many go.
fn note_size(context: &Context, seen: &Nodes) {
    let size = seen.autoscaling.and(seen.size);
    if size.is_some() || context.private(SIZE).is_some() {
        context.set_private(SIZE, size.into());
    }
}

/// Puts in how many nodes there were at the last look.
fn with_noted_size(context: &Context, mut pool: SystemNodePool) -> SystemNodePool {
    let noted = context.private(SIZE).and_then(|size| size.as_i64());
    if let (Value::Known(_), Some(size)) = (&pool.autoscaling, noted) {
        pool.size = Value::Known(size);
    }
    pool
}

fn is_lost(context: &Context) -> bool {
    context.private(LOST) == Some(serde_json::Value::Bool(true))
}

fn set_lost(context: &Context, is_lost: bool) {
    context.set_private(LOST, is_lost.into());
}

fn is_unfinished(context: &Context) -> bool {
    context.private(UNFINISHED) == Some(serde_json::Value::Bool(true))
}

/// Whether this is the first read after an import; it is the last that says so.
fn take_imported(context: &Context) -> bool {
    let is_imported = context.private(IMPORTED) == Some(serde_json::Value::Bool(true));
    if is_imported {
        context.set_private(IMPORTED, false.into());
    }
    is_imported
}

fn set_imported(context: &Context) {
    context.set_private(IMPORTED, true.into());
}

fn set_unfinished(context: &Context, is_unfinished: bool) {
    context.set_private(UNFINISHED, is_unfinished.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_behind_by_minor_versions_that_are_known() {
        for (nodes, control_plane, expected) in [
            ("1.33", "1.34", true),
            ("1.9", "1.10", true),
            ("1.34", "1.34", false),
            ("1.34", "1.33", false),
            ("", "1.34", false),
        ] {
            assert_eq!(is_behind(nodes, control_plane), expected, "{nodes} {control_plane}");
        }
    }
}
