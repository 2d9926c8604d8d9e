//! Create and update: drives the cloud to what is wished, then makes Kubernetes fit for KubeBlocks.
//!
//! Everything that is made is recorded as soon as it exists, and carries a mark in the cloud. So an interrupted run is
//! gone on with from the state, and a killed one from the marks.

use std::sync::Arc;

use kubeblocks_cloud::contract::CLUSTER;
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes, Progress, Seen};
use tfplugin::prelude::{Progress as Recorder, *};

use super::drive::{Call, Stopped, drive};
use super::fitness::{FitnessError, make_fit};
use super::kind::ManagedCluster;
use super::open::fill_nodes;
use super::read::remember_id;
use super::schema::ClusterState as _;
use super::state::{self, without_unknowns};
use super::{failure, is_lost, is_unfinished, note_behind, set_lost, set_unfinished};
use crate::kubernetes::diagnostic::diagnostic as kubernetes_diagnostic;
use crate::provider::Shared;
use crate::wait::Limits;

/// One apply's way.
struct Run<'a, K: ManagedCluster> {
    shared: &'a Shared,
    context: &'a Context,
    cloud: Arc<K::Cloud>,
    limits: Limits,
    summary: String,
    timeout: &'static str,
    progress: &'a Recorder<K::State>,
    state: K::State,
    made: Made,
    owner: String,
}

/// Makes a cluster and waits until KubeBlocks can run on it.
pub(super) async fn create<K: ManagedCluster>(
    shared: &Shared,
    context: &Context,
    planned: K::State,
    progress: &Recorder<K::State>,
) -> Result<K::State, Diagnostics> {
    let limit = planned.common().timeouts.create_or(K::PATIENCE.create);
    let summary = format!("Cannot create the {} cluster", K::METHOD.service());
    let mut run = Run::<K>::open(shared, context, planned, limit, summary, "create", progress).await?;
    let spec = K::spec(&run.state, &run.owner)?;
    let outcome = match run.make(&spec).await {
        Ok(()) => run.finish(true).await,
        Err(stopped) => Err(stopped.into()),
    };
    // Also what a step made that was cut off.
    run.record();
    match outcome {
        Ok(()) => {
            set_unfinished(context, false);
            Ok(run.state)
        }
        // An error would taint the cluster, and the next apply would remove what goes on being made.
        Err(End::Stopped(stopped @ Stopped::Interrupted { .. })) if !run.made.objects().is_empty() => {
            let Diagnostic { detail, .. } = failure::stopped(&run.summary, run.timeout, &stopped);
            let summary = format!("Interrupted while the {} cluster was made", K::METHOD.service());
            context.warn(Diagnostic::warning(summary, detail));
            Ok(without_unknowns::<K>(run.state))
        }
        Err(end) => {
            let found = run.told(&end);
            let is_kept = !run.made.objects().is_empty();
            Err(if is_kept { failure::with_untaint(found) } else { found }.into())
        }
    }
}

/// Changes a cluster in place, or goes on with one that is unfinished.
pub(super) async fn update<K: ManagedCluster>(
    shared: &Shared,
    context: &Context,
    request: Update<K::State>,
    progress: &Recorder<K::State>,
) -> Result<K::State, Diagnostics> {
    let was_unfinished = is_unfinished(context);
    let limit = request.planned.common().timeouts.update_or(K::PATIENCE.update);
    let summary = format!("Cannot update the {} cluster", K::METHOD.service());
    let earlier = state::made(&request.prior.common().created_resources);
    let mut run =
        Run::<K>::open(shared, context, request.planned, limit, summary, "update", progress).await?;
    run.made = earlier;
    let spec = K::spec(&run.state, &run.owner)?;
    let outcome = match run.change(&spec, was_unfinished).await {
        Ok(()) => run.finish(was_unfinished).await,
        Err(stopped) => Err(stopped.into()),
    };
    if let Err(end) = outcome {
        run.record();
        return Err(run.told(&end).into());
    }
    set_unfinished(context, false);
    note_behind(context, "", None);
    if is_lost(context) {
        set_lost(context, false);
    }
    Ok(run.state)
}

/// One step of a create or an update.
struct Step<'r, 'a, K: ManagedCluster> {
    run: &'r mut Run<'a, K>,
    spec: &'r <K::Cloud as ManagedKubernetes>::Spec,
    is_create: bool,
}

impl<K: ManagedCluster> Call for Step<'_, '_, K> {
    async fn call(&mut self) -> Result<Progress, Error> {
        let cloud = Arc::clone(&self.run.cloud);
        let answer = if self.is_create {
            cloud.create(self.spec, &mut self.run.made).await
        } else {
            cloud.update(self.spec, &mut self.run.made).await
        };
        self.run.record();
        answer
    }
}

/// Why an apply did not come to its end.
enum End {
    Stopped(Stopped),
    Kubernetes(crate::kubernetes::Error),
    Gone,
}

impl From<Stopped> for End {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl<'a, K: ManagedCluster> Run<'a, K> {
    async fn open(
        shared: &'a Shared,
        context: &'a Context,
        mut state: K::State,
        limit: std::time::Duration,
        summary: String,
        timeout: &'static str,
        progress: &'a Recorder<K::State>,
    ) -> Result<Self, Diagnostics> {
        let cloud = K::cloud(shared, &state).await;
        let cloud = cloud.map_err(|error| Diagnostics::from(failure::diagnostic(&summary, &error)))?;
        K::fill(&mut state, &cloud);
        let name = state.common().name.into_known().unwrap_or_default();
        let owner = state::owner(K::METHOD.text(), &K::place(&state), &name);
        let limits = Limits::new(limit, context.stop());
        Ok(Self {
            shared,
            context,
            cloud,
            limits,
            summary,
            timeout,
            progress,
            state,
            made: Made::default(),
            owner,
        })
    }

    /// Drives a create.
    async fn make(&mut self, spec: &<K::Cloud as ManagedKubernetes>::Spec) -> Result<(), Stopped> {
        set_unfinished(self.context, true);
        let limits = self.limits.clone();
        drive(&limits, &mut Step { run: self, spec, is_create: true }).await
    }

    /// Drives an update; what was never finished is first made.
    async fn change(
        &mut self,
        spec: &<K::Cloud as ManagedKubernetes>::Spec,
        was_unfinished: bool,
    ) -> Result<(), Stopped> {
        if was_unfinished {
            let seen = match K::cluster_id(&self.state) {
                Some(id) => self.cloud.observe(&id).await.map_err(Stopped::Failed)?,
                None => None,
            };
            if seen.is_none_or(|seen| seen.is_unfinished) {
                self.make(spec).await?;
            }
        }
        set_unfinished(self.context, true);
        let limits = self.limits.clone();
        drive(&limits, &mut Step { run: self, spec, is_create: false }).await
    }

    /// Keeps what there is, for the case that the apply does not come to its end.
    fn record(&mut self) {
        if let Some(id) = self.made.id(CLUSTER) {
            let id = ClusterId(id.to_owned());
            remember_id::<K>(&mut self.state, &id);
        }
        let mut common = self.state.common();
        common.created_resources = state::created(&self.made);
        self.state.set_common(common);
        if !self.made.objects().is_empty() {
            self.progress.record(without_unknowns::<K>(self.state.clone()));
        }
    }

    /// Reads what the cloud made, and makes Kubernetes fit.
    async fn finish(&mut self, is_new: bool) -> Result<(), End> {
        let observed = self.observe().await?;
        let wanted = self.state.common();
        self.show(&observed);
        self.record();
        if !is_new {
            return Ok(());
        }
        let Some(connection) = state::connection::<K>(&self.state.common()) else { return Err(End::Gone) };
        let client =
            self.shared.client(&connection).await.map_err(End::Kubernetes)?.obeying(self.context.stop());
        let size = state::nodes(&wanted.system_node_pool, &[]).size.unwrap_or(1);
        let nodes = usize::try_from(size).unwrap_or(1);
        make_fit(&client, &K::STORAGE, nodes, &self.limits).await.map_err(|error| match error {
            FitnessError::Stopped(stopped) => End::Stopped(stopped),
            FitnessError::Api(crate::kubernetes::Error::Interrupted) => {
                End::Stopped(Stopped::Interrupted { what: "the Kubernetes API".to_owned() })
            }
            FitnessError::Api(error) => End::Kubernetes(error),
        })
    }

    async fn observe(&self) -> Result<Seen<K::Cloud>, End> {
        let Some(id) = K::cluster_id(&self.state) else { return Err(End::Gone) };
        let failed = |error: Error| End::Stopped(Stopped::Failed(error));
        self.cloud.observe(&id).await.map_err(failed)?.ok_or(End::Gone)
    }

    /// Puts what the cloud shows where the plan left it open; what was planned stays as it was planned.
    fn show(&mut self, observed: &Seen<K::Cloud>) {
        let planned = self.state.common();
        let mut seen = self.state.clone();
        state::adopt::<K>(&mut seen, observed, false);
        let seen = seen.common();
        let mut common = planned.clone();
        fill_nodes(&mut common.system_node_pool, seen.system_node_pool);
        let open = |planned: &Value<String>, seen: Value<String>| {
            if planned.is_unknown() { seen } else { planned.clone() }
        };
        common.kubernetes_version = open(&planned.kubernetes_version, seen.kubernetes_version);
        common.platform_version = open(&planned.platform_version, seen.platform_version);
        common.oidc_issuer = open(&planned.oidc_issuer, seen.oidc_issuer);
        if planned.kubernetes.is_unknown() || planned.kubernetes.is_null() {
            common.kubernetes = seen.kubernetes;
        }
        self.state.set_common(common);
        K::show(&mut self.state, observed, false);
    }

    fn told(&self, end: &End) -> Diagnostic {
        match end {
            End::Stopped(stopped) => {
                let found = failure::stopped(&self.summary, self.timeout, stopped);
                let id = K::import_id(&self.state, &self.cloud);
                failure::with_import(found, stopped, K::TYPE_NAME, id.as_deref())
            }
            End::Kubernetes(error) => kubernetes_diagnostic(self.summary.clone(), error),
            End::Gone => Diagnostic::error(
                self.summary.clone(),
                "The cluster is not there any more: somebody removed it at the same time. Run the command again.",
            ),
        }
    }
}
