//! The stand-in operator: plays KubeBlocks 0.7.5 on a real Kubernetes control plane.
//!
//! `StatefulSets`, claims, pods and Jobs are real objects driven by the real Kubernetes controllers; this operator makes
//! what KubeBlocks makes above them: names, labels, Secrets, phases, conditions, events, orders, hangs and failures.
//! It is written from facts about KubeBlocks' behaviour and is held to recordings of the real operator by a test.
//!
//! One folder or file per kind: `addon`, `cluster`, `definition`, `rsm`, `opsrequest`, `configuration`,
//! `data_protection`. Each has pure functions that build or judge, and a thin `reconcile` that reads and writes through
//! `store`. `controllers` runs them all; `launcher` runs them as an installed chart says.

mod addon;
mod api;
mod cluster;
mod component;
pub(crate) mod conditions;
mod configuration;
mod controllers;
mod data_protection;
mod definition;
mod definitions;
mod error;
pub(crate) mod events;
mod health;
mod launcher;
mod naming;
mod opsrequest;
mod options;
mod quantity;
mod random;
mod rsm;
mod service_descriptor;
mod settings;
pub(crate) mod store;

use std::sync::Arc;

pub use error::Error;
use kube::Client;
pub use options::{Faults, Options, PodFault, Times};
pub use random::passwords;

use addon::Surroundings;
use events::Events;
use settings::Settings;
use store::Store;

/// What every controller of the stand-in shares.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) events: Events,
    pub(crate) options: Options,
    pub(crate) settings: Settings,
    pub(crate) surroundings: Surroundings,
}

impl Context {
    fn new(client: Client, options: Options, settings: Settings, surroundings: Surroundings) -> Arc<Self> {
        let store = Store::new(client);
        Arc::new(Self { events: Events::new(store.clone()), store, options, settings, surroundings })
    }
}

/// Installs the custom resource definitions of KubeBlocks 0.7 and the definitions of the engines.
///
/// It may be called again; it returns when everything is served.
pub async fn install(client: Client) -> Result<(), Error> {
    definitions::install(&client).await
}

/// Runs the operator until the future is dropped, but for add-ons: these need an operator that was installed.
///
/// Returns only when a watch cannot go on. Needs what `install` makes.
pub async fn run(client: Client, options: Options) -> Result<(), Error> {
    controllers::run(Context::new(client, options, Settings::default(), Surroundings::default())).await
}

/// Plays the containers of an operator that a chart installs, until the future is dropped.
///
/// It follows Deployments with the label `app.kubernetes.io/name=kubeblocks`. While one has ready pods, the controllers
/// of its container run with the settings of its environment; add-ons are installed by Jobs, which
/// [`addon_jobs`](crate::addon_jobs) runs. Without the custom resource definitions the container crashes until they are
/// there. Returns only when Deployments cannot be watched.
pub async fn run_when_installed(client: Client, options: Options) -> Result<(), Error> {
    Box::pin(launcher::run(client, options)).await
}
