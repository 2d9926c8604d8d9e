//! Which controller reacts to which objects.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret};
use kube::api::Api;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};

use super::Context;
use super::api::{
    Addon, Backup, BackupPolicy, BackupRepo, BackupSchedule, Cluster, Configuration, OpsRequest,
    ReplicatedStateMachine, Restore,
};
use super::error::Error;
use super::naming::{LABEL_COMPONENT, LABEL_INSTANCE, LABEL_MANAGED_BY, MANAGED_BY};
use super::{
    addon, cluster, configuration, data_protection, definition, opsrequest, rsm, service_descriptor,
};

/// How soon a controller tries again after an error of the API server.
const RETRY: Duration = Duration::from_millis(500);

/// A controller that runs until it ends, which it should not.
type Running = std::pin::Pin<Box<dyn Future<Output = &'static str> + Send>>;

/// Runs all controllers but the one of add-ons until one of them ends.
pub(super) async fn run(context: Arc<Context>) -> Result<(), Error> {
    let mut running = apps(&context);
    running.extend(workloads(&context));
    running.extend(storage(&context));
    if context.options.data_protection {
        running.extend(data_protection(&context));
    }
    until_one_ends(running).await
}

/// Runs the controllers of the Deployment `kubeblocks` until one of them ends.
pub(super) async fn run_manager(context: Arc<Context>) -> Result<(), Error> {
    let parts = context.settings.parts;
    let mut running = Vec::new();
    if parts.apps {
        running.extend(apps(&context));
    }
    if parts.workloads {
        running.extend(workloads(&context));
    }
    if parts.storage {
        running.extend(storage(&context));
    }
    if parts.extensions {
        let addons = Kinds::of(&context).controller::<Addon>().run(addon::reconcile, retry, context.clone());
        running.push(Box::pin(drive("Addon", addons)));
    }
    if running.is_empty() {
        std::future::pending::<()>().await;
    }
    until_one_ends(running).await
}

/// Runs the controllers of the Deployment `kubeblocks-dataprotection` until one of them ends.
pub(super) async fn run_data_protection(context: Arc<Context>) -> Result<(), Error> {
    until_one_ends(data_protection(&context)).await
}

async fn until_one_ends(running: Vec<Running>) -> Result<(), Error> {
    let (kind, _, _) = futures::future::select_all(running).await;
    Err(Error::Ended { kind })
}

/// Clusters, their operations and parameters, and what they are defined by.
fn apps(context: &Arc<Context>) -> Vec<Running> {
    let (pace, quick) = (context.options.pace, context.options.pace / 4);
    let kinds = Kinds::of(context);
    let clusters = kinds
        .controller::<Cluster>()
        .owns(kinds.all::<ReplicatedStateMachine>(), watcher::Config::default())
        .owns(kinds.all::<Secret>(), watcher::Config::default())
        .owns(kinds.all::<ConfigMap>(), watcher::Config::default())
        .owns(kinds.all::<BackupPolicy>(), watcher::Config::default())
        .owns(kinds.all::<Backup>(), watcher::Config::default())
        .owns(kinds.all::<Restore>(), watcher::Config::default())
        .owns(kinds.all::<Configuration>(), watcher::Config::default())
        .watches(kinds.all::<Pod>(), managed(), |pod| by_label::<Cluster, _>(&pod, &[LABEL_INSTANCE]))
        .watches(kinds.all::<PersistentVolumeClaim>(), managed(), |claim| {
            by_label::<Cluster, _>(&claim, &[LABEL_INSTANCE])
        })
        .run(paced(pace, cluster::reconcile), retry, context.clone());

    let accounts = kinds
        .controller::<Cluster>()
        .watches(kinds.all::<Job>(), managed(), |job| by_label::<Cluster, _>(&job, &[LABEL_INSTANCE]))
        .run(paced(pace, cluster::reconcile_accounts), retry, context.clone());

    let configurations = kinds
        .controller::<Configuration>()
        .owns(kinds.all::<ConfigMap>(), watcher::Config::default())
        .watches(kinds.all::<ConfigMap>(), managed(), |map| {
            by_label::<Configuration, _>(&map, &[LABEL_INSTANCE, LABEL_COMPONENT])
        })
        .run(paced(quick, configuration::reconcile), retry, context.clone());

    let operations = kinds
        .controller::<OpsRequest>()
        .watches(kinds.all::<Cluster>(), watcher::Config::default(), |cluster| {
            opsrequest::of_cluster(&cluster)
        })
        .run(paced(quick, opsrequest::reconcile), retry, context.clone());

    let mut running: Vec<Running> = vec![
        Box::pin(drive("Cluster", clusters)),
        Box::pin(drive("Cluster (accounts)", accounts)),
        Box::pin(drive("Configuration", configurations)),
        Box::pin(drive("OpsRequest", operations)),
    ];
    running.extend(definitions(context));
    let descriptors = kinds.controller().run(service_descriptor::reconcile, retry, context.clone());
    running.push(Box::pin(drive("ServiceDescriptor", descriptors)));
    running
}

fn definitions(context: &Arc<Context>) -> Vec<Running> {
    let kinds = Kinds::of(context);
    let definitions = kinds.controller().run(definition::reconcile_definition, retry, context.clone());
    let versions = kinds.controller().run(definition::reconcile_version, retry, context.clone());
    let constraints = kinds.controller().run(definition::reconcile_constraint, retry, context.clone());
    let templates = kinds.controller().run(definition::reconcile_policy_template, retry, context.clone());
    vec![
        Box::pin(drive("ClusterDefinition", definitions)),
        Box::pin(drive("ClusterVersion", versions)),
        Box::pin(drive("ConfigConstraint", constraints)),
        Box::pin(drive("BackupPolicyTemplate", templates)),
    ]
}

/// The workloads of components, and the roles of their members.
fn workloads(context: &Arc<Context>) -> Vec<Running> {
    let kinds = Kinds::of(context);
    let by_component = [LABEL_INSTANCE, LABEL_COMPONENT];
    let workloads = kinds
        .controller::<ReplicatedStateMachine>()
        .owns(kinds.all::<k8s_openapi::api::apps::v1::StatefulSet>(), watcher::Config::default())
        .watches(kinds.all::<Pod>(), managed(), move |pod| {
            by_label::<ReplicatedStateMachine, _>(&pod, &by_component)
        })
        .run(paced(context.options.pace / 4, rsm::reconcile), retry, context.clone());
    let roles = kinds
        .controller::<ReplicatedStateMachine>()
        .watches(kinds.all::<Pod>(), managed(), move |pod| {
            by_label::<ReplicatedStateMachine, _>(&pod, &by_component)
        })
        .run(paced(context.options.role_delay, rsm::label_roles), retry, context.clone());
    vec![
        Box::pin(drive("ReplicatedStateMachine", workloads)),
        Box::pin(drive("ReplicatedStateMachine (roles)", roles)),
    ]
}

/// What the manager knows of storage.
fn storage(context: &Arc<Context>) -> Vec<Running> {
    let providers =
        Kinds::of(context).controller().run(definition::reconcile_storage_provider, retry, context.clone());
    vec![Box::pin(drive("StorageProvider", providers))]
}

fn data_protection(context: &Arc<Context>) -> Vec<Running> {
    let quick = context.options.pace / 4;
    let kinds = Kinds::of(context);
    let policies =
        kinds.controller::<BackupPolicy>().run(data_protection::reconcile_policy, retry, context.clone());
    let schedules =
        kinds.controller::<BackupSchedule>().run(data_protection::reconcile_schedule, retry, context.clone());
    let repos = kinds.controller::<BackupRepo>().run(
        paced(quick, data_protection::reconcile_repo),
        retry,
        context.clone(),
    );
    let backups = kinds.controller::<Backup>().owns(kinds.all::<Job>(), watcher::Config::default()).run(
        paced(quick, data_protection::reconcile_backup),
        retry,
        context.clone(),
    );
    let restores = kinds.controller::<Restore>().owns(kinds.all::<Job>(), watcher::Config::default()).run(
        paced(quick, data_protection::reconcile_restore),
        retry,
        context.clone(),
    );
    let actions = kinds.controller().run(definition::reconcile_action_set, retry, context.clone());
    vec![
        Box::pin(drive("BackupPolicy", policies)),
        Box::pin(drive("BackupSchedule", schedules)),
        Box::pin(drive("BackupRepo", repos)),
        Box::pin(drive("Backup", backups)),
        Box::pin(drive("Restore", restores)),
        Box::pin(drive("ActionSet", actions)),
    ]
}

/// What a look at an object comes to.
type Look = std::pin::Pin<Box<dyn Future<Output = Result<Action, Error>> + Send>>;

/// A reconcile that takes its time before it looks. Changes that come meanwhile are seen by the same look, as they are
/// by the real operator, whose looks take long.
fn paced<K, F>(
    pace: Duration,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Clone,
) -> impl FnMut(Arc<K>, Arc<Context>) -> Look
where
    K: Send + Sync + 'static,
    F: Future<Output = Result<Action, Error>> + Send + 'static,
{
    move |object, context| {
        let look = reconcile(object, context);
        Box::pin(async move {
            tokio::time::sleep(pace).await;
            look.await
        })
    }
}

/// Makes watches of all namespaces.
struct Kinds {
    client: kube::Client,
}

impl Kinds {
    fn of(context: &Context) -> Self {
        Self { client: context.store.client() }
    }

    fn all<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = ()>,
    {
        Api::all(self.client.clone())
    }

    fn controller<K>(&self) -> Controller<K>
    where
        K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + Debug + Send + Sync + 'static,
    {
        Controller::new(self.all::<K>(), watcher::Config::default())
    }
}

/// Only objects that the operator made.
fn managed() -> watcher::Config {
    watcher::Config::default().labels(&format!("{LABEL_MANAGED_BY}={MANAGED_BY}"))
}

/// The object whose name is made of these labels of `child`.
fn by_label<K, C>(child: &C, labels: &[&str]) -> Option<ObjectRef<K>>
where
    K: Resource<DynamicType = ()>,
    C: ResourceExt,
{
    let parts: Option<Vec<&str>> =
        labels.iter().map(|label| child.labels().get(*label).map(String::as_str)).collect();
    Some(ObjectRef::new(&parts?.join("-")).within(&child.namespace()?))
}

fn retry<K>(_object: Arc<K>, error: &Error, _context: Arc<Context>) -> Action {
    if !error.is_conflict() {
        tracing::warn!(error = %error.chain(), "a reconcile failed and is tried again");
    }
    Action::requeue(RETRY)
}

/// Runs a controller's stream to its end and names the kind that ended.
async fn drive<K, S>(kind: &'static str, stream: S) -> &'static str
where
    K: Resource,
    S: Stream<Item = Result<(ObjectRef<K>, Action), controller::Error<Error, watcher::Error>>>,
{
    stream
        .for_each(|outcome| async {
            if let Err(controller::Error::QueueError(error)) = outcome {
                tracing::debug!(kind, %error, "a watch is restarted");
            }
        })
        .await;
    kind
}
