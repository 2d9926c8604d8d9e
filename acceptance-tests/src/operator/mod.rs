//! The stand-in operator: plays KubeBlocks 0.7.5 on a real Kubernetes control plane.
//!
//! `StatefulSets`, claims, pods and Jobs are real objects driven by the real Kubernetes controllers; this operator makes
//! what KubeBlocks makes above them: names, labels, Secrets, phases, conditions, events, orders, hangs and failures.
//! It is written from facts about KubeBlocks' behaviour and is held to recordings of the real operator by a test.
//!
//! One folder or file per kind: `cluster`, `rsm`, `opsrequest`, `configuration`, `data_protection`. Each has pure
//! functions that build or judge, and a thin `reconcile` that reads and writes through `store`.

mod api;
mod cluster;
mod component;
mod conditions;
mod configuration;
mod controllers;
mod data_protection;
mod definitions;
mod error;
mod events;
mod health;
mod naming;
mod opsrequest;
mod options;
mod quantity;
mod random;
mod rsm;
mod store;

use std::sync::Arc;

pub use error::Error;
use kube::Client;
pub use options::{Faults, Options, PodFault};

use events::Events;
use store::Store;

/// What every controller of the stand-in shares.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) events: Events,
    pub(crate) options: Options,
}

/// Installs the custom resource definitions of KubeBlocks 0.7 and the definitions of the engines.
///
/// It may be called again; it returns when everything is served.
pub async fn install(client: Client) -> Result<(), Error> {
    definitions::install(&client).await
}

/// Runs the operator until the future is dropped.
///
/// Returns only when a watch cannot go on. Needs what `install` makes.
pub async fn run(client: Client, options: Options) -> Result<(), Error> {
    let store = Store::new(client);
    let context = Arc::new(Context { events: Events::new(store.clone()), store, options });
    controllers::run(context).await
}
