//! Clouds for tests: a stand-in with real control planes behind what it makes, and configurations that find it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use acceptance_tests::clouds::{Cloud, ManagedWorld, Request, WorldOptions};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Service};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::wait::await_condition;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;

use crate::terraform::{Cli, Workspace, ended};

/// Seconds of the cloud in a real one: ten minutes of a cluster's creation take five seconds.
const SPEED: f64 = 120.0;
/// The first rest between two looks at the cloud.
const POLL: &str = "100ms";

/// A cloud of a test's own. It ends when it is dropped.
pub(crate) struct World {
    managed: ManagedWorld,
    /// Requests that were taken from the cloud's journal.
    taken: Mutex<Vec<Request>>,
}

impl World {
    /// A cloud in which so many Kubernetes clusters are real at a time.
    pub(crate) async fn start(cloud: Cloud, control_planes: usize) -> Self {
        let options = WorldOptions { control_planes, speed: SPEED, ..WorldOptions::new(cloud) };
        let managed = ManagedWorld::start(options).await.expect("the cloud starts");
        Self { managed, taken: Mutex::default() }
    }

    /// The stand-in and the control planes.
    pub(crate) fn managed(&self) -> &ManagedWorld {
        &self.managed
    }

    /// A configuration that finds the cloud by its environment, as a practitioner's would.
    pub(crate) fn workspace(&self, cli: Cli) -> Workspace {
        let mut workspace = Workspace::new(cli);
        for (name, value) in self.managed.environment() {
            workspace.set(&name, value);
        }
        workspace.set("KUBEBLOCKS_CLOUD_POLL_INTERVAL", POLL);
        workspace.write("provider.tf", "provider \"kubeblocks\" {}\n");
        workspace
    }

    /// Requests to the cloud since the last time, by operation.
    pub(crate) async fn requests(&self) -> BTreeMap<String, usize> {
        let journal = self.managed.stand_in().take_journal().await.expect("the stand-in answers");
        let mut counts = BTreeMap::new();
        for Request { operation, .. } in &journal {
            *counts.entry(operation.clone()).or_default() += 1;
        }
        self.taken.lock().expect("no panic").extend(journal);
        counts
    }

    /// Every request to the cloud so far.
    pub(crate) async fn all_requests(&self) -> Vec<Request> {
        let mut all = self.taken.lock().expect("no panic").clone();
        all.extend(self.managed.stand_in().journal().await.expect("the stand-in answers"));
        all
    }

    /// Waits until the cloud was asked for an operation so many times.
    async fn was_asked(&self, operation: &str, times: usize) {
        while self.count(operation).await < times {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Runs a command until the cloud was asked for an operation once more, and ends it then: with `INT` as by Ctrl-C, with
    /// `KILL` for good, the provider with it.
    pub(crate) async fn cut_off(
        &self,
        workspace: &Workspace,
        command: &str,
        operation: &str,
        signal: Signal,
    ) {
        let earlier = self.count(operation).await;
        // A signal takes its time on a busy machine, in which the command is not to get any further.
        self.managed.stand_in().slow_after(operation).await.expect("the stand-in answers");
        let running = workspace.spawn([command, "-auto-approve", "-no-color", "-input=false"]);
        let number = running.id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
        let group = Pid::from_raw(number).expect("a process");
        let mut end = std::pin::pin!(ended(running));
        let asked = tokio::time::timeout(Duration::from_mins(5), self.was_asked(operation, earlier + 1));
        let asked = tokio::select! {
            asked = asked => asked.is_ok(),
            output = &mut end => panic!("it ended before {operation}, with {}:\n{}", output.code, output.text()),
        };
        kill_process_group(group, if asked { signal } else { Signal::INT }).expect("it can be ended");
        self.managed.stand_in().run_clock(SPEED).await.expect("the stand-in answers");
        let output = end.await;
        if !asked {
            let journal = self.managed.stand_in().journal().await.expect("the stand-in answers");
            let last = &journal[journal.len().saturating_sub(30)..];
            panic!("the cloud was not asked for {operation}:\n{}\n{last:#?}", output.text());
        }
        // Whoever is killed leaves its lock.
        std::fs::remove_file(workspace.path(".terraform.tfstate.lock.info")).ok();
    }

    /// Lets whatever is under way in the cloud come to its end.
    pub(crate) async fn settle(&self) {
        self.managed.stand_in().settle().await.expect("the stand-in answers");
    }

    /// How often the cloud was asked for an operation since the journal was last taken.
    pub(crate) async fn count(&self, operation: &str) -> usize {
        self.asked(operation).await.len()
    }

    /// How often it has done so. Who has lost an answer may ask once more, and is refused.
    pub(crate) async fn accepted(&self, operation: &str) -> usize {
        let requests = self.asked(operation).await;
        requests.iter().filter(|request| request.status.is_some_and(|status| status < 400)).count()
    }

    async fn asked(&self, operation: &str) -> Vec<Request> {
        let mut journal = self.managed.stand_in().journal().await.expect("the stand-in answers");
        journal.retain(|request| request.operation == operation);
        journal
    }

    /// Runs something on a Kubernetes cluster that keeps a load balancer and a volume in the cloud, as nobody removes it
    /// before a destroy.
    pub(crate) async fn leave_inside(&self, plane: usize) {
        let client = self.managed.control_planes()[plane].client().await.expect("the control plane answers");
        let services: Api<Service> = Api::namespaced(client.clone(), "default");
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), "default");
        let pods: Api<Pod> = Api::namespaced(client, "default");
        let create = PostParams::default();
        let service = json!({
            "metadata": { "name": "left" },
            "spec": { "type": "LoadBalancer", "selector": { "app": "left" }, "ports": [{ "port": 80 }] }
        });
        let claim = json!({
            "metadata": { "name": "left" },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } }
        });
        let pod = json!({
            "metadata": { "name": "left", "labels": { "app": "left" } },
            "spec": {
                "containers": [{ "name": "left", "image": "left", "volumeMounts": [{ "name": "data", "mountPath": "/data" }] }],
                "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "left" } }]
            }
        });
        let of = |value| serde_json::from_value(value).expect("a Service");
        services.create(&create, &of(service)).await.expect("the Service is made");
        let of = |value| serde_json::from_value(value).expect("a claim");
        claims.create(&create, &of(claim)).await.expect("the claim is made");
        let of = |value| serde_json::from_value(value).expect("a pod");
        pods.create(&create, &of(pod)).await.expect("the pod is made");

        let is_bound = |claim: Option<&PersistentVolumeClaim>| {
            claim.is_some_and(|claim| {
                claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound")
            })
        };
        let bound = await_condition(claims, "left", is_bound);
        let bound = tokio::time::timeout(Duration::from_mins(2), bound).await;
        bound.expect("the claim gets its volume").expect("it can be watched");
    }

    /// Destroys everything, and checks that the cloud holds nothing any more.
    pub(crate) async fn is_destroyed_without_a_trace(&self, workspace: &Workspace) {
        workspace.destroy().await.succeeded();
        assert_eq!(workspace.managed().await, Vec::<String>::new());
        let left = self.managed.stand_in().inventory().await.expect("the stand-in answers");
        assert_eq!(left, Vec::<String>::new(), "left in the cloud");
    }

    /// Checks that no credential of the cloud and no token of Kubernetes stands in a text.
    #[track_caller]
    pub(crate) fn holds_no_secret(&self, place: &str, text: &str) {
        let secrets = self.managed.stand_in().environment().iter().filter(|(name, _)| {
            let name = name.to_uppercase();
            name.contains("SECRET") || name.contains("PASSWORD") || name.ends_with("TOKEN")
        });
        for (name, value) in secrets {
            assert!(!text.contains(value.as_str()), "{name} stands in {place}");
        }
        for sign in ["k8s-aws-v1.", "PRIVATE KEY", "X-Amz-Signature"] {
            assert!(!text.contains(sign), "{sign} stands in {place}");
        }
    }
}
