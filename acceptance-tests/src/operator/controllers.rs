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
    Backup, BackupPolicy, BackupRepo, BackupSchedule, Cluster, Configuration, OpsRequest,
    ReplicatedStateMachine, Restore,
};
use super::error::Error;
use super::naming::{LABEL_COMPONENT, LABEL_INSTANCE, LABEL_MANAGED_BY, MANAGED_BY};
use super::{cluster, configuration, data_protection, opsrequest, rsm};

/// How soon a controller tries again after an error of the API server.
const RETRY: Duration = Duration::from_millis(500);

/// Runs all controllers until one of them ends.
pub(super) async fn run(context: Arc<Context>) -> Result<(), Error> {
    let options = &context.options;
    let (pace, quick) = (options.pace, options.pace / 4);
    let client = context.store.client();
    let kinds = Kinds { client: client.clone() };

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

    let by_component = [LABEL_INSTANCE, LABEL_COMPONENT];
    let workloads = kinds
        .controller::<ReplicatedStateMachine>()
        .owns(kinds.all::<k8s_openapi::api::apps::v1::StatefulSet>(), watcher::Config::default())
        .watches(kinds.all::<Pod>(), managed(), move |pod| {
            by_label::<ReplicatedStateMachine, _>(&pod, &by_component)
        })
        .run(paced(quick, rsm::reconcile), retry, context.clone());

    let roles = kinds
        .controller::<ReplicatedStateMachine>()
        .watches(kinds.all::<Pod>(), managed(), move |pod| {
            by_label::<ReplicatedStateMachine, _>(&pod, &by_component)
        })
        .run(paced(options.role_delay, rsm::label_roles), retry, context.clone());

    let configurations = kinds
        .controller::<Configuration>()
        .owns(kinds.all::<ConfigMap>(), watcher::Config::default())
        .watches(kinds.all::<ConfigMap>(), managed(), move |map| {
            by_label::<Configuration, _>(&map, &by_component)
        })
        .run(paced(quick, configuration::reconcile), retry, context.clone());

    let operations = kinds
        .controller::<OpsRequest>()
        .watches(kinds.all::<Cluster>(), watcher::Config::default(), |cluster| {
            opsrequest::of_cluster(&cluster)
        })
        .run(paced(quick, opsrequest::reconcile), retry, context.clone());

    let mut running: Vec<std::pin::Pin<Box<dyn Future<Output = &'static str> + Send>>> = vec![
        Box::pin(drive("Cluster", clusters)),
        Box::pin(drive("Cluster (accounts)", accounts)),
        Box::pin(drive("ReplicatedStateMachine", workloads)),
        Box::pin(drive("ReplicatedStateMachine (roles)", roles)),
        Box::pin(drive("Configuration", configurations)),
        Box::pin(drive("OpsRequest", operations)),
    ];
    if options.data_protection {
        let policies =
            kinds.controller::<BackupPolicy>().run(data_protection::reconcile_policy, retry, context.clone());
        let schedules = kinds.controller::<BackupSchedule>().run(
            data_protection::reconcile_schedule,
            retry,
            context.clone(),
        );
        running.push(Box::pin(drive("BackupPolicy", policies)));
        running.push(Box::pin(drive("BackupSchedule", schedules)));
        running.push(Box::pin(drive(
            "BackupRepo",
            Controller::new(Api::<BackupRepo>::all(client.clone()), watcher::Config::default()).run(
                paced(quick, data_protection::reconcile_repo),
                retry,
                context.clone(),
            ),
        )));
        let backups = kinds.controller::<Backup>().owns(kinds.all::<Job>(), watcher::Config::default()).run(
            paced(quick, data_protection::reconcile_backup),
            retry,
            context.clone(),
        );
        let restores = kinds
            .controller::<Restore>()
            .owns(kinds.all::<Job>(), watcher::Config::default())
            .run(paced(quick, data_protection::reconcile_restore), retry, context.clone());
        running.push(Box::pin(drive("Backup", backups)));
        running.push(Box::pin(drive("Restore", restores)));
    }
    let (kind, _, _) = futures::future::select_all(running).await;
    Err(Error::Ended { kind })
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
