//! What a preview of the chart is told of the Kubernetes cluster: its version and what it serves. Without a Kubernetes
//! cluster that can be asked, a usual one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIGroupList;
use k8s_openapi::apimachinery::pkg::version::Info;

use serde::{Deserialize, Serialize};

use crate::kubernetes::{Client, Error};

/// The version that is assumed where none can be asked for.
const USUAL_VERSION: &str = "v1.30.0";

/// Kinds that charts ask for, by group and version. Helm alone would only know groups and versions.
const KINDS: [(&str, &[&str]); 4] = [
    ("policy/v1", &["PodDisruptionBudget"]),
    ("networking.k8s.io/v1", &["Ingress", "NetworkPolicy"]),
    ("snapshot.storage.k8s.io/v1", &["VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"]),
    ("monitoring.coreos.com/v1", &["PodMonitor", "PrometheusRule", "ServiceMonitor"]),
];

/// What charts can ask of a Kubernetes cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Version, such as `v1.34.4-eks-1a2b3c4`.
    pub kube_version: String,
    /// `apps/v1`, `policy/v1/PodDisruptionBudget`, ...
    pub api_versions: Vec<String>,
    /// Whether a Kubernetes cluster said so.
    pub is_live: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            kube_version: USUAL_VERSION.to_owned(),
            api_versions: with_kinds(vec!["policy/v1".to_owned(), "networking.k8s.io/v1".to_owned()]),
            is_live: false,
        }
    }
}

impl Capabilities {
    /// The version of the Kubernetes cluster, and for the rest what is usual. What a Kubernetes cluster serves can grow
    /// between a plan and its apply, by other resources; what a create was planned with must be the same at both.
    #[must_use]
    pub fn usual_with_version(self) -> Self {
        Self { kube_version: self.kube_version, is_live: self.is_live, ..Self::default() }
    }
}

/// Asks the API server.
pub async fn look(client: &Client) -> Result<Capabilities, Error> {
    let version: Info = client.get_path("/version", "version").await?;
    let groups: APIGroupList = client.get_path("/apis", "apis").await?;
    let served = groups.groups.into_iter().flat_map(|group| group.versions);
    let served = served.map(|version| version.group_version).collect();
    Ok(Capabilities { kube_version: version.git_version, api_versions: with_kinds(served), is_live: true })
}

fn with_kinds(served: Vec<String>) -> Vec<String> {
    let kinds: Vec<String> = KINDS
        .iter()
        .filter(|(group_version, _)| served.iter().any(|served| served == group_version))
        .flat_map(|(group_version, kinds)| kinds.iter().map(move |kind| format!("{group_version}/{kind}")))
        .collect();
    let mut all: Vec<String> = served.into_iter().chain(kinds).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::test_server::{TestServer, on};

    #[tokio::test]
    async fn version_groups_and_the_kinds_that_charts_ask_for_are_told() {
        let group = |name: &str| {
            let version = json!({"groupVersion": name, "version": "v1"});
            json!({"name": name, "versions": [version], "preferredVersion": version})
        };
        let version = json!({"major": "1", "minor": "34", "gitVersion": "v1.34.4-eks-1", "gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""});
        let server = TestServer::expecting([
            on("GET", &["/version"]).answers(200, version),
            on("GET", &["/apis"]).answers(
                200,
                json!({"kind": "APIGroupList", "groups": [group("apps/v1"), group("policy/v1")]}),
            ),
        ]);
        let found = look(&server.client()).await.unwrap();
        assert_eq!(found.kube_version, "v1.34.4-eks-1");
        assert_eq!(found.api_versions, ["apps/v1", "policy/v1", "policy/v1/PodDisruptionBudget"]);
        assert!(found.is_live && !Capabilities::default().is_live);
        server.finish();
    }
}
