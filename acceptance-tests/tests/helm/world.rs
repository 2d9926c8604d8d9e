//! What the tests of this binary share: the control plane, the provider's program, an engine for each helm, charts
//! written by the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance_tests::api_faults::ApiFaults;
use acceptance_tests::control_plane::{self, ControlPlane, Options, User};
use acceptance_tests::tools;
pub(crate) use acceptance_tests::tools::provider_binary;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::wait::await_condition;
use kubeblocks_provider::helm::access::Access;
use kubeblocks_provider::helm::chart::{Chart, Charts, Source};
use kubeblocks_provider::helm::engine::{Engine, Error, ReleaseEngine, Target, Upgrade, Values};
use kubeblocks_provider::helm::executable;
use kubeblocks_provider::helm::release::{self, Release};
use kubeblocks_provider::kubernetes::{Auth, Client, Connection, Kubernetes};
use kubeblocks_provider::wait::Limits;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// Name of the release in every test.
pub(crate) const RELEASE: &str = "small";
/// A user of the control plane without any right.
pub(crate) const NOBODY: &str = "nobody";
/// For what takes seconds; wide, because machines of tests are busy.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// Which helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Helm {
    Three,
    Four,
}

impl Helm {
    /// The executable.
    pub(crate) fn path(self) -> PathBuf {
        match self {
            Self::Three => tools::helm(),
            Self::Four => tools::helm4(),
        }
        .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The control plane of this process, with a user that has no rights.
pub(crate) async fn plane() -> &'static ControlPlane {
    static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();
    let start = || {
        let users = vec![User { name: NOBODY.to_owned(), groups: Vec::new() }];
        ControlPlane::start(Options { nodes: 0, users, ..Options::default() })
    };
    PLANE.get_or_try_init(start).await.unwrap_or_else(|error| panic!("{error}"))
}

/// One test's engine and namespace.
pub(crate) struct World {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) engine: Engine,
    pub(crate) namespace: String,
    /// The administrator, as the provider reaches the API server.
    pub(crate) client: Client,
    /// The same for what the test itself looks at.
    pub(crate) kube: kube::Client,
    helm: Helm,
}

impl World {
    pub(crate) async fn new(helm: Helm) -> Self {
        let plane = plane().await;
        let kube = plane.client().await.unwrap();
        let asked: Namespace =
            serde_json::from_value(json!({ "metadata": { "generateName": "helm-" } })).unwrap();
        let namespace = Api::all(kube.clone()).create(&PostParams::default(), &asked).await.unwrap();
        Self {
            plane,
            engine: engine(helm).await,
            namespace: namespace.metadata.name.unwrap(),
            client: client(plane.kubeconfig()).await,
            kube,
            helm,
        }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        Target { namespace: &self.namespace, name: RELEASE }
    }

    pub(crate) async fn access(&self) -> Access {
        self.engine.access(&self.client).await.unwrap()
    }

    /// Installs or upgrades as the administrator.
    pub(crate) async fn upgrade(&self, chart: &Chart, values: Value) -> Result<(), Error> {
        let access = self.access().await;
        self.upgrade_by(&access, chart, &plain(values), &limits()).await
    }

    pub(crate) async fn upgrade_by(
        &self,
        access: &Access,
        chart: &Chart,
        values: &Values,
        limits: &Limits,
    ) -> Result<(), Error> {
        let labels = BTreeMap::from([("kubeblocks-test".to_owned(), "yes".to_owned())]);
        let request = Upgrade {
            target: self.target(),
            chart,
            values,
            max_history: 5,
            labels: &labels,
            description: Some("by a test"),
        };
        self.engine.upgrade(access, &request, limits).await
    }

    /// The newest revision.
    pub(crate) async fn last(&self) -> Release {
        release::last(&self.client, &self.namespace, RELEASE).await.unwrap().expect("there is a release")
    }

    /// Number and status of every revision, oldest first.
    pub(crate) async fn history(&self) -> Vec<(u32, String)> {
        let mut history = release::history(&self.client, &self.namespace, RELEASE).await.unwrap();
        history.reverse();
        history.into_iter().map(|release| (release.revision, release.status.to_string())).collect()
    }

    /// `data.key` of the chart's `ConfigMap`.
    pub(crate) async fn configured(&self) -> Option<String> {
        let maps: Api<ConfigMap> = Api::namespaced(self.kube.clone(), &self.namespace);
        maps.get_opt(RELEASE).await.unwrap().map(|map| map.data.unwrap()["key"].clone())
    }

    /// Waits until a revision has a status, which helm writes as a label.
    pub(crate) async fn until_revision_is(&self, revision: u32, status: &str) {
        let secrets: Api<Secret> = Api::namespaced(self.kube.clone(), &self.namespace);
        let name = format!("sh.helm.release.v1.{RELEASE}.v{revision}");
        let is = |secret: Option<&Secret>| {
            let labels = secret.and_then(|secret| secret.metadata.labels.as_ref());
            labels.and_then(|labels| labels.get("status")).is_some_and(|found| found == status)
        };
        let waited = tokio::time::timeout(LIMIT, await_condition(secrets, &name, is)).await;
        let history = self.history().await;
        assert!(waited.is_ok(), "revision {revision} is never {status}: {history:?}");
    }

    /// What the real helm prints when a person runs it.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> String {
        self.helm_of(self.helm, arguments).await
    }

    /// The same with another helm than the engine's.
    pub(crate) async fn helm_of(&self, helm: Helm, arguments: &[&str]) -> String {
        let output = tokio::process::Command::new(helm.path())
            .args(arguments)
            .args(["--namespace", &self.namespace])
            .env("KUBECONFIG", self.plane.kubeconfig())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A proxy in front of the API server, and a client of the provider through it.
    pub(crate) async fn faults(&self) -> (ApiFaults, Client) {
        let faults = ApiFaults::start(self.plane).await.unwrap();
        let client = client(faults.kubeconfig()).await;
        (faults, client)
    }
}

pub(crate) async fn engine(helm: Helm) -> Engine {
    let path = helm.path();
    let executable = executable::find(Some(&path)).await.unwrap();
    assert_eq!(executable.version.major, if helm == Helm::Three { 3 } else { 4 });
    // A build of the provider is short here, and would otherwise be part of the first operation's time.
    let program = tokio::task::spawn_blocking(provider_binary).await.unwrap();
    Engine::new(executable, program.to_owned())
}

/// The provider's client of a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    client_of(Connection {
        auth: Auth::Kubeconfig { path: Some(kubeconfig.to_owned()), context: None },
        ..Connection::default()
    })
    .await
}

pub(crate) async fn client_of(connection: Connection) -> Client {
    Kubernetes::new().client(&connection).await.unwrap()
}

/// The provider's client of a user of the control plane.
pub(crate) async fn client_of_user(user: &str) -> Client {
    let kubeconfig: Result<_, control_plane::Error> = plane().await.user_kubeconfig(user);
    client(&kubeconfig.unwrap()).await
}

/// Limits that end nothing.
pub(crate) fn limits() -> Limits {
    Limits::new(LIMIT, &CancellationToken::new())
}

/// Values without secrets.
pub(crate) fn plain(values: Value) -> Values {
    Values { values, secrets: Vec::new() }
}

/// A chart of these files beside its `Chart.yaml`.
pub(crate) async fn chart(files: &[(&str, &str)]) -> Chart {
    let folder = tempfile::tempdir().unwrap();
    let of_chart = ("Chart.yaml", "apiVersion: v2\nname: small\nversion: 1.0.0\nappVersion: 2.0.0\n");
    // One that a test gives takes its place.
    for (path, content) in [of_chart].iter().chain(files) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let found = Charts::new().resolve(&Source::Path(folder.path().to_owned()), None, None).await;
    Chart::clone(&found.unwrap())
}

/// A chart with a `ConfigMap` that holds the value `key`, and a hook that nothing could run.
pub(crate) async fn small_chart() -> Chart {
    chart(&[
        ("values.yaml", "key: default\n"),
        ("templates/config.yaml", CONFIG),
        ("templates/hook.yaml", PRE_DELETE_HOOK),
    ])
    .await
}

pub(crate) const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  key: {{ .Values.key | quote }}\n";

const PRE_DELETE_HOOK: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: never\n  annotations:\n    helm.sh/hook: pre-delete\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{ name: never, image: example.com/never }]\n";
