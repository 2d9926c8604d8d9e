//! Clouds for tests: a stand-in with real control planes behind what it makes, and configurations that find it.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance_tests::clouds::{Cloud, ManagedWorld, Request, WorldOptions};

use crate::terraform::{Cli, Workspace};

/// Seconds of the cloud in a real one: ten minutes of a cluster's creation take five seconds.
const SPEED: f64 = 120.0;
/// The first rest between two looks at the cloud.
const POLL: &str = "100ms";

/// A cloud of a test's own. It ends when it is dropped.
pub(crate) struct World {
    managed: ManagedWorld,
}

impl World {
    /// A cloud in which so many Kubernetes clusters are real at a time.
    pub(crate) async fn start(cloud: Cloud, control_planes: usize) -> Self {
        let options = WorldOptions { control_planes, speed: SPEED, ..WorldOptions::new(cloud) };
        Self { managed: ManagedWorld::start(options).await.expect("the cloud starts") }
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
        for Request { operation, .. } in journal {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }

    /// Waits until the cloud was asked for an operation so many times.
    pub(crate) async fn was_asked(&self, operation: &str, times: usize) {
        let wait = async {
            loop {
                let journal = self.managed.stand_in().journal().await.expect("the stand-in answers");
                if journal.iter().filter(|request| request.operation == operation).count() >= times {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(3), wait)
            .await
            .unwrap_or_else(|_| panic!("the cloud is never asked for {operation}"));
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
