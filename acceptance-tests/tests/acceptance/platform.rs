//! Kubernetes clusters for tests of the operator and its add-ons: nothing of KubeBlocks is there at first, the charts
//! lie in a repository on loopback, and the stand-in plays the operator as soon as its Deployments run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance_tests::addon_jobs::{self, AddonJobs};
use acceptance_tests::api_faults::ApiFaults;
use acceptance_tests::audit::Audit;
use acceptance_tests::charts::{Charts, HttpRepository};
use acceptance_tests::control_plane::{self, ControlPlane, Options, User};
use acceptance_tests::operator::{self, Faults};
use acceptance_tests::tools;
use futures::StreamExt as _;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::runtime::watcher;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::terraform::{Cli, Output, Workspace, finished};

/// How long the tests wait for something that the playground is certain to do. Only a broken test reaches it.
pub(crate) const CERTAIN: Duration = Duration::from_mins(3);

/// A user that a role binding knows nothing of.
pub(crate) const WITHOUT_RIGHTS: &str = "intern";

/// The version that tests install.
pub(crate) const VERSION: &str = "0.7.5";

/// A Kubernetes cluster that KubeBlocks can be installed in. It ends when it is dropped.
pub(crate) struct Platform {
    control_plane: ControlPlane,
    client: kube::Client,
    repository: HttpRepository,
    faults: Faults,
    audit: Audit,
    /// Dropped with the platform, which ends the stand-in.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Platform {
    /// A Kubernetes cluster of the test's own, with nothing installed.
    pub(crate) async fn bare() -> Self {
        let charts = tokio::task::spawn_blocking(Charts::packaged).await.expect("no panic").expect("charts");
        let users = vec![User { name: WITHOUT_RIGHTS.to_owned(), groups: Vec::new() }];
        let audit = Audit::new().expect("a folder for the record");
        let options = Options { users, api_server_flags: audit.flags(), ..Options::default() };
        let control_plane = ControlPlane::start(options).await.expect("it starts");
        let client = control_plane.client().await.expect("the control plane answers");
        let repository = HttpRepository::start(charts).await.expect("the repository starts");
        let faults = Faults::default();
        let stop = play_operator(control_plane.kubeconfig(), charts, &faults).await;
        Self { control_plane, client, repository, faults, audit, _stop: stop }
    }

    /// The Kubernetes cluster of all tests of add-ons, where the operator is installed once, by helm.
    pub(crate) async fn with_operator() -> &'static Self {
        static SHARED: OnceCell<Platform> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                // On a runtime that outlives the test that happens to come first.
                let started = std::thread::spawn(|| {
                    let runtime = Box::leak(Box::new(
                        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"),
                    ));
                    runtime.block_on(async {
                        let platform = Self::bare().await;
                        platform.install_by_helm(VERSION).await;
                        platform
                    })
                });
                tokio::task::spawn_blocking(|| started.join().expect("it starts")).await.expect("no panic")
            })
            .await
    }

    /// Installs the operator as someone without this provider would.
    pub(crate) async fn install_by_helm(&self, version: &str) {
        let chart = Charts::packaged().expect("charts").operator_archive(version);
        let chart = chart.display().to_string();
        self.helm(&[
            "upgrade",
            "--install",
            "kubeblocks",
            &chart,
            "-n",
            "kb-system",
            "--create-namespace",
            "--wait",
        ])
        .await
        .succeeded();
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        self.control_plane.kubeconfig()
    }

    /// The control plane, and what its API server records of the accounts of tests.
    pub(crate) fn recorded(&self) -> (&ControlPlane, &Audit) {
        (&self.control_plane, &self.audit)
    }

    /// A kubeconfig of a user who is known and may do nothing.
    pub(crate) fn kubeconfig_without_rights(&self) -> PathBuf {
        self.control_plane.user_kubeconfig(WITHOUT_RIGHTS).expect("the user is known")
    }

    /// The API behind a proxy that plays faults.
    pub(crate) async fn faulty_api(&self) -> ApiFaults {
        ApiFaults::start(&self.control_plane).await.expect("the proxy starts")
    }

    /// The chart repository, which also notes what is asked of it and plays faults.
    pub(crate) fn repository(&self) -> &HttpRepository {
        &self.repository
    }

    /// Faults of databases and of add-ons' Jobs.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// A configuration whose provider block names the administrator's kubeconfig and the real helm.
    pub(crate) fn workspace(&self, cli: Cli) -> Workspace {
        Self::workspace_through(cli, self.kubeconfig())
    }

    /// The same with another kubeconfig.
    pub(crate) fn workspace_through(cli: Cli, kubeconfig: &Path) -> Workspace {
        let mut workspace = Workspace::new(cli);
        workspace.write("provider.tf", crate::hcl::provider(kubeconfig));
        workspace.set("KUBEBLOCKS_HELM", tools::helm().expect("helm is built").display());
        workspace
    }

    /// A `kubeblocks_operator` named `this` from the chart repository, with more lines.
    pub(crate) fn operator(&self, version: &str, lines: &str) -> String {
        format!(
            "resource \"kubeblocks_operator\" \"this\" {{\n  version = \"{version}\"\n  chart   = {{ repository = \"{}\" }}\n  {lines}\n}}\n",
            self.repository.url()
        )
    }

    /// The real helm, as an administrator would run it.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> Output {
        let program = tools::helm().expect("helm is built");
        Self::run(&program, arguments, self.kubeconfig()).await
    }

    /// The real kubectl.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Output {
        Self::run(Path::new("kubectl"), arguments, self.kubeconfig()).await
    }

    async fn run(program: &Path, arguments: &[&str], kubeconfig: &Path) -> Output {
        let mut command = tokio::process::Command::new(program);
        finished(command.args(arguments).env("KUBECONFIG", kubeconfig)).await
    }

    /// Objects of a kind, of all namespaces or of one. A kind that is not served has none.
    pub(crate) async fn list(
        &self,
        group: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> Vec<Value> {
        match self.api(group, kind, plural, namespace).list(&ListParams::default()).await {
            Ok(found) => {
                found.into_iter().map(|object| serde_json::to_value(object).expect("JSON")).collect()
            }
            Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
            Err(error) => panic!("{plural} cannot be listed: {error}"),
        }
    }

    /// One object.
    pub(crate) async fn get(
        &self,
        group: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<Value> {
        match self.api(group, kind, plural, namespace).get_opt(name).await {
            Ok(found) => found.map(|object| serde_json::to_value(object).expect("JSON")),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(error) => panic!("{kind} {name} cannot be read: {error}"),
        }
    }

    /// Names of a kind's objects.
    pub(crate) async fn names(
        &self,
        group: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> Vec<String> {
        let found = self.list(group, kind, plural, namespace).await;
        found.iter().filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned)).collect()
    }

    /// Changes an object as another program would.
    pub(crate) async fn merge(
        &self,
        group: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
        name: &str,
        change: Value,
    ) {
        let parameters =
            PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
        self.api(group, kind, plural, namespace)
            .patch(name, &parameters, &Patch::Merge(change))
            .await
            .expect("the change is accepted");
    }

    /// Waits until an object of a kind is as `condition` says; `None` is an object that does not exist.
    pub(crate) async fn until(
        &self,
        (group, kind, plural): (&str, &str, &str),
        namespace: Option<&str>,
        name: &str,
        condition: impl Fn(Option<&DynamicObject>) -> bool,
    ) {
        let objects = watcher::watch_object(self.api(group, kind, plural, namespace), name);
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
            .unwrap_or_else(|_| panic!("{kind} {name} does not get there"));
    }

    /// A typed or untyped way to a kind. Groups without a dot are `v1`, those of KubeBlocks `v1alpha1`.
    pub(crate) fn api(
        &self,
        group: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> Api<DynamicObject> {
        api_of(&self.client, (group, kind, plural), namespace)
    }

    /// What is left of KubeBlocks in the whole Kubernetes cluster, as `Kind/name`.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        let crds = self
            .names("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", None)
            .await;
        left.extend(
            crds.into_iter()
                .filter(|name| name.ends_with(".kubeblocks.io"))
                .map(|name| format!("CRD/{name}")),
        );
        let kinds = [
            ("", "Namespace", "namespaces"),
            ("rbac.authorization.k8s.io", "ClusterRole", "clusterroles"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings"),
            ("", "Secret", "secrets"),
            ("", "ConfigMap", "configmaps"),
            ("apps", "Deployment", "deployments"),
            ("apps", "StatefulSet", "statefulsets"),
            ("batch", "Job", "jobs"),
            ("", "Pod", "pods"),
            ("", "PersistentVolumeClaim", "persistentvolumeclaims"),
            ("", "Service", "services"),
            ("storage.k8s.io", "StorageClass", "storageclasses"),
        ];
        for (group, kind, plural) in kinds {
            for object in self.list(group, kind, plural, None).await {
                let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
                if !belongs_to_kubernetes(kind, namespace, &name) {
                    left.push(format!("{kind}/{namespace}/{name}"));
                }
            }
        }
        left
    }

    /// Checks that nothing of KubeBlocks is left. Pods and volumes end a moment after their owners do.
    pub(crate) async fn is_empty(&self) {
        let deadline = tokio::time::Instant::now() + CERTAIN;
        loop {
            let left = self.leftovers().await;
            if left.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "left: {left:#?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// What a Kubernetes cluster without KubeBlocks has as well.
fn belongs_to_kubernetes(kind: &str, namespace: &str, name: &str) -> bool {
    match kind {
        "Namespace" => ["default", "kube-system", "kube-public", "kube-node-lease"].contains(&name),
        "ClusterRole" | "ClusterRoleBinding" => !name.contains("kubeblocks"),
        "Service" => namespace == "default" && name == "kubernetes",
        "ConfigMap" => name == "kube-root-ca.crt" || namespace.starts_with("kube-"),
        "StorageClass" => !name.starts_with("kb-"),
        _ => namespace.starts_with("kube-"),
    }
}

/// Plays the operator, and the node that runs its add-ons' Jobs, on a runtime of their own until the returned handle is
/// dropped.
async fn play_operator(
    kubeconfig: &Path,
    charts: &Charts,
    faults: &Faults,
) -> tokio::sync::oneshot::Sender<()> {
    let options = operator::Options {
        unschedulable_after: Duration::from_secs(2),
        container_failed_after: Duration::from_secs(2),
        recheck_failing_pods: Some(Duration::from_secs(1)),
        account_jobs: false,
        addon_recheck: Duration::from_millis(200),
        faults: faults.clone(),
        ..operator::Options::default()
    };
    let jobs = addon_jobs::Options::new(kubeconfig, &charts.addon_archives()).expect("helm is built");
    let jobs = addon_jobs::Options { faults: faults.clone(), ..jobs };
    let kubeconfig = kubeconfig.to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (started, ready) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let client = control_plane::client(&kubeconfig).await.expect("the control plane answers");
            let mut node = AddonJobs::start(client.clone(), jobs).await.expect("the node starts");
            let _ = started.send(());
            tokio::select! {
                result = operator::run_when_installed(client, options) => result.expect("the stand-in runs"),
                error = node.ended() => panic!("the node of the add-ons' Jobs has ended: {error}"),
                _ = stopped => {}
            }
        });
    });
    ready.await.expect("the node is there");
    stop
}

/// A way to a kind: group, kind and plural. Groups without a dot are `v1`, those of KubeBlocks `v1alpha1`.
pub(crate) fn api_of(
    client: &kube::Client,
    (group, kind, plural): (&str, &str, &str),
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let version = if group.ends_with("kubeblocks.io") { "v1alpha1" } else { "v1" };
    let kind = GroupVersionKind::gvk(group, version, kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, plural);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}
