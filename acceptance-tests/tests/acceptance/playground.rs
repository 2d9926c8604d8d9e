//! What the tests share: one control plane with the stand-in operator, and a namespace for each test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acceptance_tests::api_faults::ApiFaults;
use acceptance_tests::audit::Audit;
use acceptance_tests::control_plane::{self, ControlPlane, Options, User};
use acceptance_tests::operator::{self, Faults, PodFault};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Namespace as CoreNamespace, Node, Pod, Secret};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams, TypeMeta,
};
use kube::runtime::wait::await_condition;
use kube::runtime::watcher::{self, watcher};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::hcl;
use crate::platform::api_of;
use crate::terraform::{Cli, Workspace, install_in_mirror};

/// How long the tests wait for something that the playground is certain to do. Only a broken test reaches it.
pub(crate) const CERTAIN: Duration = Duration::from_mins(3);

/// Label of a pod with its role.
const ROLE: &str = "kubeblocks.io/role";

/// A user that a role binding knows nothing of.
const WITHOUT_RIGHTS: &str = "intern";

/// A control plane with, in the shared one, KubeBlocks played by the stand-in.
pub(crate) struct Playground {
    control_plane: ControlPlane,
    faults: Faults,
    audit: Audit,
}

impl Playground {
    /// The playground of all tests of this process. It ends with the process.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Playground> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(true)).await
    }

    /// A playground for one test, which changes what is there for all.
    pub(crate) async fn of_its_own() -> Self {
        Self::start(true).await
    }

    /// A Kubernetes cluster without KubeBlocks.
    pub(crate) async fn bare() -> Self {
        Self::start(false).await
    }

    async fn start(with_operator: bool) -> Self {
        let users = vec![User { name: WITHOUT_RIGHTS.to_owned(), groups: Vec::new() }];
        let audit = Audit::new().expect("a folder for the record");
        let options = Options { users, api_server_flags: audit.flags(), ..Options::default() };
        let control_plane = ControlPlane::start(options).await.expect("it starts");
        let faults = Faults::default();
        if with_operator {
            run_operator(control_plane.kubeconfig(), &faults).await;
        }
        Self { control_plane, faults, audit }
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        self.control_plane.kubeconfig()
    }

    /// The control plane, and what its API server records of the accounts of tests.
    pub(crate) fn recorded(&self) -> (&ControlPlane, &Audit) {
        (&self.control_plane, &self.audit)
    }

    /// A kubeconfig with a token that nobody has.
    pub(crate) fn kubeconfig_of_nobody(&self) -> PathBuf {
        let path = self.control_plane.user_kubeconfig(WITHOUT_RIGHTS).expect("the user is known");
        let text = std::fs::read_to_string(&path).expect("it was written");
        let token = self.control_plane.token(WITHOUT_RIGHTS).expect("the user is known");
        let nobody = path.with_file_name("nobody.kubeconfig");
        std::fs::write(&nobody, text.replace(token, "not-a-token")).expect("it can be written");
        nobody
    }

    /// A kubeconfig of a user who is known and may do nothing.
    pub(crate) fn kubeconfig_without_rights(&self) -> PathBuf {
        self.control_plane.user_kubeconfig(WITHOUT_RIGHTS).expect("the user is known")
    }

    /// A configuration whose provider block names the administrator's kubeconfig.
    pub(crate) fn workspace(&self, cli: Cli) -> Workspace {
        Self::workspace_through(cli, self.kubeconfig())
    }

    /// A configuration whose provider block names a kubeconfig.
    pub(crate) fn workspace_through(cli: Cli, kubeconfig: &Path) -> Workspace {
        let workspace = Workspace::new(cli);
        workspace.write("provider.tf", hcl::provider(kubeconfig));
        workspace
    }

    /// An empty configuration; `init` takes the provider from a filesystem mirror.
    pub(crate) fn workspace_from_mirror(cli: Cli) -> Workspace {
        let mut workspace = Workspace::new(cli);
        workspace.remove("versions.tf");
        install_in_mirror(&mut workspace);
        workspace
    }

    /// The API behind a proxy that plays faults.
    pub(crate) async fn faulty_api(&self) -> ApiFaults {
        ApiFaults::start(&self.control_plane).await.expect("the proxy starts")
    }

    /// Makes a namespace of this very name, if it is not there.
    pub(crate) async fn has_namespace(&self, name: &str) {
        let client = self.control_plane.client().await.expect("the control plane answers");
        let object = CoreNamespace {
            metadata: kube::api::ObjectMeta { name: Some(name.to_owned()), ..Default::default() },
            ..Default::default()
        };
        match Api::<CoreNamespace>::all(client).create(&PostParams::default(), &object).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// All objects of a kind.
    pub(crate) async fn everywhere(&self, group: &str, kind: &str, plural: &str) -> Vec<DynamicObject> {
        let client = self.control_plane.client().await.expect("the control plane answers");
        let objects = api_of(&client, (group, kind, plural), None);
        objects.list(&ListParams::default()).await.expect("the control plane answers").items
    }

    /// A fresh namespace whose name begins with `prefix`.
    pub(crate) async fn namespace(&self, prefix: &str) -> Namespace {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{prefix}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let client = self.control_plane.client().await.expect("the control plane answers");
        let object = CoreNamespace {
            metadata: kube::api::ObjectMeta { name: Some(name.clone()), ..Default::default() },
            ..Default::default()
        };
        let namespaces: Api<CoreNamespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &object).await.expect("the namespace is new");
        Namespace { name, client, faults: self.faults.clone() }
    }
}

/// Installs KubeBlocks' kinds and definitions, and runs the stand-in on a runtime of its own: that of the test that
/// happened to come first ends with it.
async fn run_operator(kubeconfig: &Path, faults: &Faults) {
    let options = operator::Options {
        // Tests need not wait as long as people would.
        unschedulable_after: Duration::from_secs(2),
        container_failed_after: Duration::from_secs(2),
        recheck_failing_pods: Some(Duration::from_secs(1)),
        account_jobs: false,
        faults: faults.clone(),
        ..operator::Options::default()
    };
    let kubeconfig = kubeconfig.to_owned();
    let (installed, ready) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let client = control_plane::client(&kubeconfig).await.expect("the control plane answers");
            operator::install(client.clone()).await.expect("KubeBlocks' kinds are installed");
            let _ = installed.send(());
            operator::run(client, options).await.expect("the stand-in runs until the process ends");
        });
    });
    ready.await.expect("the stand-in is installed");
}

/// Pods that a watch has seen.
pub(crate) struct PodsSeen {
    /// Cluster and uid.
    seen: std::sync::Arc<std::sync::Mutex<std::collections::BTreeSet<(String, String)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl PodsSeen {
    /// How many there have been by now.
    pub(crate) fn so_far(&self) -> usize {
        self.seen.lock().expect("no panic").len()
    }

    /// How many there were in all.
    pub(crate) fn count(self) -> usize {
        self.task.abort();
        self.so_far()
    }

    /// How many there were of each cluster.
    pub(crate) fn per_cluster(self) -> std::collections::BTreeMap<String, usize> {
        self.task.abort();
        let mut counts = std::collections::BTreeMap::new();
        for (cluster, _) in self.seen.lock().expect("no panic").iter() {
            *counts.entry(cluster.clone()).or_insert(0) += 1;
        }
        counts
    }
}

/// Pods that a finalizer of a third party holds.
pub(crate) struct HeldPods {
    pods: Api<DynamicObject>,
    names: Vec<String>,
}

impl HeldPods {
    pub(crate) async fn let_go(self) {
        self.finalizers(Value::Null).await;
    }

    async fn finalizers(&self, by: Value) {
        let change = Patch::Merge(json!({"metadata": {"finalizers": by}}));
        for name in &self.names {
            self.pods.patch(name, &PatchParams::default(), &change).await.expect("the pod is there");
        }
    }
}

/// Where the playground keeps the accounts of a component.
fn accounts_of(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}-playground-accounts")
}

/// One test's namespace, seen by an administrator.
pub(crate) struct Namespace {
    pub(crate) name: String,
    client: kube::Client,
    faults: Faults,
}

impl Namespace {
    fn clusters(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "Cluster");
        Api::namespaced_with(
            self.client.clone(),
            &self.name,
            &ApiResource::from_gvk_with_plural(&kind, "clusters"),
        )
    }

    fn core(&self, kind: &str, plural: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("", "v1", kind);
        Api::namespaced_with(
            self.client.clone(),
            &self.name,
            &ApiResource::from_gvk_with_plural(&kind, plural),
        )
    }

    /// A KubeBlocks cluster as it is now.
    pub(crate) async fn cluster(&self, name: &str) -> Option<Value> {
        let found = self.clusters().get_opt(name).await.expect("the control plane answers");
        found.map(|cluster| serde_json::to_value(cluster).expect("objects are JSON"))
    }

    fn objects(&self, group: &str, version: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        Api::namespaced_with(self.client.clone(), &self.name, &resource)
    }

    /// An object of this namespace as it is now.
    pub(crate) async fn object(&self, group: &str, kind: &str, plural: &str, name: &str) -> Option<Value> {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        let found = objects.get_opt(name).await.expect("the control plane answers");
        found.map(|object| serde_json::to_value(object).expect("objects are JSON"))
    }

    /// Waits until an object of this namespace exists.
    pub(crate) async fn object_exists(&self, group: &str, kind: &str, plural: &str, name: &str) {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        let exists = await_condition(objects, name, |object: Option<&DynamicObject>| object.is_some());
        let waited = tokio::time::timeout(CERTAIN, exists).await;
        waited.unwrap_or_else(|_| panic!("{kind} {name} does not come")).expect("it can be watched");
    }

    async fn of_cluster(&self, kind: &str, plural: &str, cluster: &str) -> Vec<Value> {
        let selector = ListParams::default().labels(&format!("app.kubernetes.io/instance={cluster}"));
        let found = self.core(kind, plural).list(&selector).await.expect("the control plane answers");
        found.into_iter().map(|object| serde_json::to_value(object).expect("objects are JSON")).collect()
    }

    /// Pods of a KubeBlocks cluster.
    pub(crate) async fn pods(&self, cluster: &str) -> Vec<Value> {
        self.of_cluster("Pod", "pods", cluster).await
    }

    /// The pods that a KubeBlocks cluster has at this moment stay, being deleted, until they are let go.
    pub(crate) async fn hold_pods(&self, cluster: &str) -> HeldPods {
        let pods = HeldPods { pods: self.core("Pod", "pods"), names: self.pod_names(cluster).await };
        pods.finalizers(json!(["playground.kubeblocks.io/hold"])).await;
        pods
    }

    async fn pod_names(&self, cluster: &str) -> Vec<String> {
        let pods = self.pods(cluster).await;
        pods.iter().map(|pod| pod["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Volume claims of a KubeBlocks cluster.
    pub(crate) async fn claims(&self, cluster: &str) -> Vec<Value> {
        self.of_cluster("PersistentVolumeClaim", "persistentvolumeclaims", cluster).await
    }

    /// One key of a Secret.
    pub(crate) async fn secret(&self, name: &str, key: &str) -> String {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.name);
        let secret = secrets.get(name).await.expect("the secret exists");
        let data = secret.data.unwrap_or_default();
        String::from_utf8(data.get(key).expect("the key exists").0.clone()).expect("it is text")
    }

    /// A redis of two instances, applied by kubectl's own field manager.
    pub(crate) async fn create_foreign_redis(&self, name: &str) {
        self.create_foreign(name, "redis", "redis-7.0.6", "redis").await;
    }

    /// A database of two instances and one component, applied by kubectl's own field manager.
    pub(crate) async fn create_foreign(&self, name: &str, definition: &str, version: &str, component: &str) {
        let cluster = json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1",
            "kind": "Cluster",
            "metadata": {"name": name, "namespace": self.name},
            "spec": {
                "clusterDefinitionRef": definition,
                "clusterVersionRef": version,
                "terminationPolicy": "WipeOut",
                "componentSpecs": [{
                    "name": component,
                    "componentDefRef": component,
                    "replicas": 2,
                    "resources": {
                        "limits": {"cpu": "100m", "memory": "128Mi"},
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                    },
                    "volumeClaimTemplates": [{
                        "name": "data",
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                    }],
                }],
            },
        });
        let applied = PatchParams::apply("kubectl");
        self.clusters().patch(name, &applied, &Patch::Apply(cluster)).await.expect("the cluster is accepted");
    }

    /// Changes a cluster as another program would.
    pub(crate) async fn merge_cluster(&self, name: &str, manager: &str, change: Value) {
        let parameters = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.clusters()
            .patch(name, &parameters, &Patch::Merge(change))
            .await
            .expect("the change is accepted");
    }

    /// The file of a component's config spec.
    pub(crate) async fn config_file(&self, map: &str, file: &str) -> String {
        let map = self.core("ConfigMap", "configmaps").get(map).await.expect("the ConfigMap exists");
        map.data["data"][file].as_str().unwrap_or_default().to_owned()
    }

    /// Value of a parameter in a file of redis, as the instances see it.
    pub(crate) async fn parameter(&self, cluster: &str, spec: &str, parameter: &str) -> Option<String> {
        let file = self.config_file(&format!("{cluster}-redis-{spec}"), "redis.conf").await;
        let mut lines = file.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(name, _)| *name == parameter).map(|(_, value)| value.to_owned())
    }

    /// Names of all clusters.
    pub(crate) async fn cluster_names(&self) -> Vec<String> {
        let clusters = self.clusters().list(&ListParams::default()).await.expect("the control plane answers");
        clusters.into_iter().filter_map(|cluster| cluster.metadata.name).collect()
    }

    /// Changes the only file's parameters of a component as another program would.
    pub(crate) async fn set_parameters(&self, configuration: &str, spec: &str, file: &str, values: Value) {
        let kind = GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "Configuration");
        let resource = ApiResource::from_gvk_with_plural(&kind, "configurations");
        let objects: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.name, &resource);
        let mut object = objects.get(configuration).await.expect("the Configuration exists");
        let items = object.data["spec"]["configItemDetails"].as_array_mut().expect("it has items");
        let item = items.iter_mut().find(|item| item["name"] == spec).expect("the config spec exists");
        let known = &mut item["configFileParams"][file]["parameters"];
        for (name, value) in values.as_object().expect("values by name") {
            known[name] = value.clone();
        }
        let parameters = PostParams { field_manager: Some("kbcli".to_owned()), ..PostParams::default() };
        objects.replace(configuration, &parameters, &object).await.expect("the change is accepted");
    }

    /// Notes the uid of every pod of a cluster, also of those that do not live long, until it is asked for them.
    pub(crate) async fn pods_from_now_on(&self, cluster: &str) -> PodsSeen {
        self.pods_with(&format!("app.kubernetes.io/instance={cluster}")).await
    }

    /// The same for every cluster of the namespace.
    pub(crate) async fn all_pods_from_now_on(&self) -> PodsSeen {
        self.pods_with("app.kubernetes.io/instance").await
    }

    async fn pods_with(&self, selector: &str) -> PodsSeen {
        let mut events =
            watcher(self.core("Pod", "pods"), watcher::Config::default().labels(selector)).boxed();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let note = {
            let seen = std::sync::Arc::clone(&seen);
            move |event: &watcher::Event<DynamicObject>| {
                if let watcher::Event::Apply(pod) | watcher::Event::InitApply(pod) = event {
                    let labels = pod.metadata.labels.as_ref();
                    let cluster = labels.and_then(|all| all.get("app.kubernetes.io/instance")).cloned();
                    let entry = (cluster.unwrap_or_default(), pod.metadata.uid.clone().unwrap_or_default());
                    seen.lock().expect("no panic").insert(entry);
                }
            }
        };
        // The first list has come when this returns.
        while let Some(event) = events.next().await {
            let event = event.expect("pods can be watched");
            note(&event);
            if matches!(event, watcher::Event::InitDone) {
                break;
            }
        }
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => note(&event),
                    // The watch goes on from where it was; what it may have missed makes the test fail.
                    Err(error) => eprintln!("the watch of pods was interrupted: {error}"),
                }
            }
        });
        PodsSeen { seen, task }
    }

    /// Deletes a cluster as another program would, and waits until it is gone.
    pub(crate) async fn delete_cluster(&self, name: &str) {
        self.clusters().delete(name, &DeleteParams::default()).await.expect("the cluster exists");
        self.until(name, |cluster| cluster.is_none()).await;
    }

    /// Adds a finalizer of a third party.
    pub(crate) async fn add_finalizer(&self, name: &str, finalizer: &str) {
        self.change_finalizers(name, |all| all.push(finalizer.to_owned())).await;
    }

    /// Takes it away again; a cluster that is gone meanwhile is fine.
    pub(crate) async fn remove_finalizer(&self, name: &str, finalizer: &str) {
        self.change_finalizers(name, |all| all.retain(|one| one != finalizer)).await;
    }

    async fn change_finalizers(&self, name: &str, change: impl Fn(&mut Vec<String>)) {
        // The operator writes them, too: a lost race shows as a conflict and is tried again.
        for _ in 0..20 {
            let Some(mut cluster) = self.clusters().get_opt(name).await.expect("the control plane answers")
            else {
                return;
            };
            change(cluster.metadata.finalizers.get_or_insert_default());
            match self.clusters().replace(name, &PostParams::default(), &cluster).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(kube::Error::Api(status)) if status.code == 404 => return,
                other => {
                    other.expect("the finalizers can be changed");
                    return;
                }
            }
        }
        panic!("the finalizers of {name} change all the time");
    }

    /// All pods of clusters in this namespace play a fault (`crash-loop`, `image-pull`).
    pub(crate) fn break_pods(&self, fault: &str) {
        let fault = match fault {
            "crash-loop" => PodFault::CrashLoop,
            "image-pull" => PodFault::ImagePull,
            other => panic!("no fault {other}"),
        };
        self.faults.pods(&format!("{}/cache", self.name), Some(fault));
    }

    /// The operator does not look at a cluster and its operations, or does so again.
    pub(crate) fn pause_operator(&self, cluster: &str, on: bool) {
        self.faults.pause(&format!("{}/{cluster}", self.name), on);
    }

    /// Switchovers of a cluster move the roles and never end.
    pub(crate) fn blind_to_switchover(&self, cluster: &str) {
        self.faults.blind_to_switchover(&format!("{}/{cluster}", self.name), true);
    }

    fn operations(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "OpsRequest");
        let resource = ApiResource::from_gvk_with_plural(&kind, "opsrequests");
        Api::namespaced_with(self.client.clone(), &self.name, &resource)
    }

    /// The operations of the namespace as they are now.
    pub(crate) async fn ops_requests(&self) -> Vec<Value> {
        let found = self.operations().list(&ListParams::default()).await.expect("the control plane answers");
        found.into_iter().map(|object| serde_json::to_value(object).expect("objects are JSON")).collect()
    }

    /// Deletes an operation as another program would.
    pub(crate) async fn delete_ops_request(&self, name: &str) {
        self.operations().delete(name, &DeleteParams::default()).await.expect("the operation exists");
    }

    /// Waits until there is an operation, and returns its name.
    pub(crate) async fn ops_request_exists(&self) -> String {
        let objects = watcher::watcher(self.operations(), watcher::Config::default());
        let wait = async {
            let mut objects = std::pin::pin!(objects);
            while let Some(event) = objects.next().await {
                if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event {
                    return object.metadata.name.unwrap_or_default();
                }
            }
            String::new()
        };
        tokio::time::timeout(CERTAIN, wait).await.expect("an operation is made")
    }

    /// Pods of a KubeBlocks cluster with their roles, in the order of their names.
    pub(crate) async fn roles(&self, cluster: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pods = self.pods(cluster).await;
        let mut roles: Vec<_> = pods
            .iter()
            .map(|pod| &pod["metadata"])
            .map(|metadata| (text(&metadata["name"]), text(&metadata["labels"]["kubeblocks.io/role"])))
            .collect();
        roles.sort();
        roles
    }

    /// An object of the core group, such as a `Secret`.
    pub(crate) async fn create_core(&self, kind: &str, plural: &str, name: &str, data: Value) {
        let object = json!({
            "apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": self.name}, "data": data,
        });
        let object = serde_json::from_value(object).expect("an object");
        self.core(kind, plural).create(&PostParams::default(), &object).await.expect("it is new");
    }

    /// The accounts of a component as the playground keeps them, by name.
    pub(crate) async fn accounts(&self, cluster: &str, component: &str) -> BTreeMap<String, Value> {
        let name = accounts_of(cluster, component);
        let found =
            self.core("ConfigMap", "configmaps").get_opt(&name).await.expect("the control plane answers");
        let data = found.map(|found| found.data["data"].clone()).unwrap_or_default();
        let texts: BTreeMap<String, String> = serde_json::from_value(data).unwrap_or_default();
        let read = |text: String| serde_json::from_str(&text).expect("an account is JSON");
        texts.into_iter().map(|(name, text)| (name, read(text))).collect()
    }

    /// The distinct command lines by which accounts were managed.
    pub(crate) async fn account_commands(&self, cluster: &str, component: &str) -> String {
        let name = accounts_of(cluster, component);
        let found = self.core("ConfigMap", "configmaps").get(&name).await.expect("there were some");
        let annotations = found.metadata.annotations.unwrap_or_default();
        annotations["playground.kubeblocks.io/commands"].clone()
    }

    /// Changes an account as the engine's own client would; `None` drops it.
    pub(crate) async fn change_account(
        &self,
        cluster: &str,
        component: &str,
        account: &str,
        change: Option<Value>,
    ) {
        let text = change.map(|change| change.to_string());
        let patch = Patch::Merge(json!({ "data": { account: text } }));
        let name = accounts_of(cluster, component);
        let patched =
            self.core("ConfigMap", "configmaps").patch(&name, &PatchParams::default(), &patch).await;
        patched.expect("there are accounts");
    }

    /// An operation on accounts does not begin in this namespace, or does so again.
    pub(crate) async fn hold_account_operation(&self, operation: Option<&str>) {
        let annotations = json!({ "playground.kubeblocks.io/hold-account-operation": operation });
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        let namespaces: Api<CoreNamespace> = Api::all(self.client.clone());
        namespaces.patch(&self.name, &PatchParams::default(), &patch).await.expect("it is there");
    }

    /// Waits until the playground has an account.
    pub(crate) async fn account_exists(&self, cluster: &str, component: &str, account: &str) {
        let name = accounts_of(cluster, component);
        let account = account.to_owned();
        let exists = await_condition(
            self.core("ConfigMap", "configmaps"),
            &name,
            move |object: Option<&DynamicObject>| {
                object.is_some_and(|object| object.data["data"].get(&account).is_some())
            },
        );
        let waited = tokio::time::timeout(CERTAIN, exists).await;
        waited.unwrap_or_else(|_| panic!("no account in {name}")).expect("it can be watched");
    }

    /// Deletes an object of the core group.
    pub(crate) async fn delete_core(&self, kind: &str, plural: &str, name: &str) {
        self.core(kind, plural).delete(name, &DeleteParams::default()).await.expect("it exists");
    }

    /// An object of the core group as it is now.
    pub(crate) async fn core_object(&self, kind: &str, plural: &str, name: &str) -> Option<Value> {
        let found = self.core(kind, plural).get_opt(name).await.expect("the control plane answers");
        found.map(|object| serde_json::to_value(object).expect("objects are JSON"))
    }

    /// Any object of KubeBlocks, made as another program would.
    pub(crate) async fn create_object(&self, group: &str, kind: &str, plural: &str, object: Value) {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        let mut object: DynamicObject = serde_json::from_value(object).expect("an object");
        object.types = Some(TypeMeta { api_version: format!("{group}/v1alpha1"), kind: kind.to_owned() });
        objects.create(&PostParams::default(), &object).await.expect("it is new");
    }

    /// Deletes an object of KubeBlocks as another program would, and waits until it is gone.
    pub(crate) async fn delete_object(&self, group: &str, kind: &str, plural: &str, name: &str) {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        objects.delete(name, &DeleteParams::default()).await.expect("it exists");
        self.object_until((group, kind, plural), name, |object| object.is_none()).await;
    }

    /// Changes an object of KubeBlocks as another program would.
    pub(crate) async fn merge_object(
        &self,
        (group, kind, plural): (&str, &str, &str),
        name: &str,
        change: Value,
    ) {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        let parameters = PatchParams { field_manager: Some("kubectl".to_owned()), ..PatchParams::default() };
        objects.patch(name, &parameters, &Patch::Merge(change)).await.expect("the change is accepted");
    }

    /// The `CronJob`s of the namespace by name.
    pub(crate) async fn cron_jobs(&self) -> BTreeMap<String, Value> {
        let objects = self.objects("batch", "v1", "CronJob", "cronjobs");
        let found = objects.list(&ListParams::default()).await.expect("the control plane answers");
        let entry = |object: DynamicObject| {
            let name = object.metadata.name.clone().unwrap_or_default();
            (name, serde_json::to_value(object).expect("objects are JSON"))
        };
        found.into_iter().map(entry).collect()
    }

    /// A `CronJob` of somebody, which never runs.
    pub(crate) async fn create_cron_job(&self, name: &str) {
        let pod = json!({"restartPolicy": "Never", "containers": [{"name": "theirs", "image": "theirs"}]});
        let object = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
            "spec": {"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": {"template": {"spec": pod}}}},
        });
        let object = serde_json::from_value(object).expect("an object");
        let objects = self.objects("batch", "v1", "CronJob", "cronjobs");
        objects.create(&PostParams::default(), &object).await.expect("it is new");
    }

    /// Deletes a `CronJob`.
    pub(crate) async fn delete_cron_job(&self, name: &str) {
        let objects = self.objects("batch", "v1", "CronJob", "cronjobs");
        objects.delete(name, &DeleteParams::default()).await.expect("it exists");
    }

    /// Waits until `condition` holds for an object of this namespace.
    pub(crate) async fn object_until(
        &self,
        (group, kind, plural): (&str, &str, &str),
        name: &str,
        condition: impl Fn(Option<&Value>) -> bool,
    ) {
        let objects = self.objects(group, "v1alpha1", kind, plural);
        let holds = await_condition(objects, name, |object: Option<&DynamicObject>| {
            condition(object.map(|object| serde_json::to_value(object).expect("objects are JSON")).as_ref())
        });
        let waited = tokio::time::timeout(CERTAIN, holds).await;
        waited.unwrap_or_else(|_| panic!("{kind} {name} does not get there")).expect("it can be watched");
    }

    /// Another instance takes the lead, as the role probes of the pods would note it.
    pub(crate) async fn fail_over(&self, from: &str, to: &str) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.name);
        let role = async |pod: &str| {
            let labels = pods.get(pod).await.expect("the pod exists").metadata.labels;
            labels.and_then(|labels| labels.get(ROLE).cloned())
        };
        let (leading, following) = (role(from).await, role(to).await);
        for (pod, role) in [(to, leading), (from, following)] {
            let change = Patch::Merge(json!({"metadata": {"labels": {ROLE: role}}}));
            pods.patch(pod, &PatchParams::default(), &change).await.expect("the pod exists");
        }
    }

    /// Gives the node of a pod a zone.
    pub(crate) async fn place_in_zone(&self, pod: &str, zone: &str) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.name);
        let pod = pods.get(pod).await.expect("the pod exists");
        let node = pod.spec.and_then(|spec| spec.node_name).expect("the pod has a node");
        let change = Patch::Merge(json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}}));
        let nodes: Api<Node> = Api::all(self.client.clone());
        nodes.patch(&node, &PatchParams::default(), &change).await.expect("the node exists");
    }

    /// Waits until a Service leads to this pod alone.
    pub(crate) async fn service_leads_to(&self, service: &str, pod: &str) {
        let slices: Api<EndpointSlice> = Api::namespaced(self.client.clone(), &self.name);
        let selector = format!("kubernetes.io/service-name={service}");
        let mut events = watcher(slices, watcher::Config::default().labels(&selector)).boxed();
        let wait = async {
            while let Some(event) = events.next().await {
                let (watcher::Event::Apply(slice) | watcher::Event::InitApply(slice)) =
                    event.expect("slices can be watched")
                else {
                    continue;
                };
                let targets =
                    slice.endpoints.iter().flatten().filter_map(|one| one.target_ref.as_ref()?.name.clone());
                if targets.collect::<Vec<_>>() == [pod] {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(CERTAIN, wait).await;
        waited.unwrap_or_else(|_| panic!("{service} does not lead to {pod}"));
    }

    /// Waits until a cluster exists.
    pub(crate) async fn cluster_exists(&self, name: &str) {
        self.until(name, |cluster| cluster.is_some()).await;
    }

    /// Waits until a cluster is being deleted.
    pub(crate) async fn cluster_deleting(&self, name: &str) {
        self.until(name, |cluster| cluster.is_some_and(|it| it.metadata.deletion_timestamp.is_some())).await;
    }

    /// Waits until a cluster has reached a generation.
    pub(crate) async fn cluster_generation(&self, name: &str, generation: i64) {
        self.until(name, |cluster| {
            cluster.and_then(|it| it.metadata.generation).is_some_and(|it| it >= generation)
        })
        .await;
    }

    /// Waits until a cluster runs.
    pub(crate) async fn cluster_running(&self, name: &str) {
        self.until(name, |cluster| cluster.is_some_and(|it| it.data["status"]["phase"] == "Running")).await;
    }

    async fn until(&self, name: &str, condition: impl Fn(Option<&DynamicObject>) -> bool) {
        let objects = watcher::watch_object(self.clusters(), name);
        let wait = async {
            let mut objects = std::pin::pin!(objects);
            while let Some(object) = objects.next().await {
                if object.is_ok_and(|object| condition(object.as_ref())) {
                    return;
                }
            }
        };
        tokio::time::timeout(CERTAIN, wait)
            .await
            .unwrap_or_else(|_| panic!("{}/{name} does not get there", self.name));
    }

    /// What is left that a KubeBlocks cluster brought, as `kind/name`; of the first kind of which something is left.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let kinds = [
            ("apps.kubeblocks.io", "v1alpha1", "Cluster", "clusters"),
            ("apps.kubeblocks.io", "v1alpha1", "Configuration", "configurations"),
            ("apps.kubeblocks.io", "v1alpha1", "OpsRequest", "opsrequests"),
            ("apps.kubeblocks.io", "v1alpha1", "ServiceDescriptor", "servicedescriptors"),
            ("workloads.kubeblocks.io", "v1alpha1", "ReplicatedStateMachine", "replicatedstatemachines"),
            ("dataprotection.kubeblocks.io", "v1alpha1", "BackupPolicy", "backuppolicies"),
            ("dataprotection.kubeblocks.io", "v1alpha1", "BackupSchedule", "backupschedules"),
            ("apps", "v1", "StatefulSet", "statefulsets"),
            ("batch", "v1", "CronJob", "cronjobs"),
            ("", "v1", "Pod", "pods"),
            ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
            ("", "v1", "Secret", "secrets"),
            ("", "v1", "Service", "services"),
        ];
        for (group, version, kind, plural) in kinds {
            let objects = self.objects(group, version, kind, plural);
            let found = objects.list(&ListParams::default()).await.expect("the kind is served");
            if !found.items.is_empty() {
                let name = |object: DynamicObject| object.metadata.name.unwrap_or_default();
                return found.into_iter().map(|object| format!("{kind}/{}", name(object))).collect();
            }
        }
        Vec::new()
    }

    /// Checks that nothing is left of any cluster. Pods and volumes end a moment after the Cluster does.
    #[track_caller]
    pub(crate) fn is_empty(&self) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
            loop {
                let left = self.leftovers().await;
                if left.is_empty() {
                    return;
                }
                assert!(tokio::time::Instant::now() < deadline, "{caller}: left in {}: {left:#?}", self.name);
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
}
