//! GKE: the contract, the failures that are its own, and what its calls cost.

mod contract;
mod faults;
mod journal;

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance_tests::clouds::{Cloud, Fault, Request, StandIn};
use kubeblocks_cloud::client::retry::Retry;
use kubeblocks_cloud::gcp::{
    ClusterSpec, Config, Endpoints, Gke, Network, NodePoolSpec, ReleaseChannel, Secret, connect,
};
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes as _, Nodes, Progress};
use serde_json::{Value, json};

const REGION: &str = "europe-west4";
const ZONE: &str = "europe-west4-a";
const OWNER: &str = "orders-7f3a";

/// A stand-in with a client that reaches it.
struct Project {
    stand_in: StandIn,
    cloud: Gke,
}

impl Project {
    async fn start() -> Self {
        let stand_in = StandIn::start(Cloud::Gcp, None).await.unwrap();
        let cloud = client(&stand_in).await;
        Self { stand_in, cloud }
    }

    /// A client that knows nothing of what others did, as of a new process.
    async fn another(&self) -> Gke {
        client(&self.stand_in).await
    }

    async fn settle(&self) {
        self.stand_in.settle().await.unwrap();
    }

    async fn play(&self, faults: &[Fault]) {
        self.stand_in.play(faults).await.unwrap();
    }

    /// Requests since the journal had `seen` entries, without those for tokens.
    async fn requests(&self, seen: usize) -> Vec<Request> {
        let journal = self.stand_in.journal().await.unwrap();
        journal.into_iter().skip(seen).filter(|request| request.service != "oauth2").collect()
    }

    async fn seen(&self) -> usize {
        self.stand_in.journal().await.unwrap().len()
    }

    /// Calls until it is done, letting the clock run in between.
    async fn drive(
        &self,
        made: &mut Made,
        call: impl AsyncFn(&mut Made) -> Result<Progress, Error>,
    ) -> Result<(), Error> {
        for _ in 0..60 {
            match call(made).await? {
                Progress::Done => return Ok(()),
                Progress::Waiting { .. } => self.settle().await,
            }
        }
        panic!("it must end, is still waiting: {made:?}");
    }

    async fn create(&self, spec: &ClusterSpec) -> Result<(ClusterId, Made), Error> {
        let mut made = Made::default();
        self.drive(&mut made, async |made| self.cloud.create(spec, made).await).await?;
        Ok((self.cloud.cluster_id(&spec.location, &spec.name), made))
    }
}

async fn client(stand_in: &StandIn) -> Gke {
    let variable = |name: &str| stand_in.environment().get(name).cloned();
    let config = Config {
        project: variable("GOOGLE_PROJECT"),
        location: variable("GOOGLE_REGION"),
        credentials: variable("GOOGLE_APPLICATION_CREDENTIALS").map(Secret),
        endpoints: Endpoints {
            container: variable("GOOGLE_CONTAINER_CUSTOM_ENDPOINT"),
            compute: variable("GOOGLE_COMPUTE_CUSTOM_ENDPOINT"),
        },
        retry: Retry {
            base: Duration::from_millis(5),
            longest: Duration::from_millis(50),
            ..Retry::default()
        },
        ..Config::default()
    };
    connect(&config).await.unwrap()
}

fn nodes(size: i64) -> Nodes {
    Nodes { machine_types: vec!["e2-standard-4".to_owned()], size: Some(size), ..Nodes::default() }
}

fn pool(cluster: &ClusterId, name: &str, size: i64) -> NodePoolSpec {
    NodePoolSpec {
        cluster: cluster.clone(),
        name: name.to_owned(),
        owner: OWNER.to_owned(),
        nodes: nodes(size),
        zones: Vec::new(),
        disk_type: None,
        image_type: None,
        service_account: None,
        version: None,
        labels: BTreeMap::new(),
    }
}

/// A cluster in a network of its own.
fn cluster(name: &str, location: &str, size: i64) -> ClusterSpec {
    ClusterSpec {
        name: name.to_owned(),
        owner: OWNER.to_owned(),
        location: location.to_owned(),
        zones: Vec::new(),
        version: Some("1.33".to_owned()),
        release_channel: ReleaseChannel::Regular,
        network: Network::Made { cidr: "10.20.0.0/16".to_owned() },
        private_nodes: true,
        public_endpoint: true,
        authorized_networks: None,
        system_pool: pool(&ClusterId(String::new()), "system", size),
        labels: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
    }
}

/// A cluster in the network that every project has.
fn plain(name: &str) -> ClusterSpec {
    let network = Network::Existing {
        network: "default".to_owned(),
        subnetwork: "default".to_owned(),
        pods_range: None,
        services_range: None,
    };
    ClusterSpec { network, private_nodes: false, ..cluster(name, ZONE, 1) }
}

/// A refusal in Google's envelope, played `times`.
fn refusal(operation: &str, times: u32, code: u16, status: &str, message: &str) -> Fault {
    let body = json!({ "error": { "code": code, "status": status, "message": message } });
    response(operation, times, code, body)
}

fn response(operation: &str, times: u32, status: u16, body: Value) -> Fault {
    let (operation, kind) = (operation.to_owned(), "response".to_owned());
    Fault { operation, times, kind, status, body, ..Fault::default() }
}

fn broken(operation: &str, kind: &str) -> Fault {
    Fault { operation: operation.to_owned(), times: 1, kind: kind.to_owned(), ..Fault::default() }
}
