//! `kubeblocks_gke_cluster`: schema and mapping. The steps are those of [`super::managed`].

use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::gcp::{AuthorizedNetwork, ClusterSpec, Gke, Network, NodePoolSpec, ReleaseChannel};
use kubeblocks_cloud::{ClusterId, Error, Seen};
use tfplugin::Timeouts;
use tfplugin::prelude::*;

use super::managed::equality::same_name;
use super::managed::fitness::Storage;
use super::managed::kind::{ManagedCluster, Patience};
use super::managed::open::{Open, fill, seen_list};
use super::managed::schema::{
    CreatedResource, ManagedConnection, Map, SystemNodePool, cluster_state, minor_version,
};
use super::managed::state::{list, nodes, some_list, texts};
use crate::impact::PlannedImpact;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// Machines on which the operator and small databases run.
pub(crate) const MACHINE_TYPES: [&str; 1] = ["e2-standard-4"];
/// The name of the first nodes' pool.
const SYSTEM: &str = "system";
const CHANNELS: [&str; 5] = ["RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"];

/// A managed Kubernetes cluster on Google Cloud (GKE Standard), fit for KubeBlocks: nodes, volumes that can grow, snapshots.
///
/// Creating it makes what it needs and waits until nodes have joined. Its `kubernetes` is the way in for everything that
/// is to run on it, and is known only when it is there, so that one apply makes all. The identity that Terraform uses needs
/// the role Kubernetes Engine Admin. A destroy first lets what runs inside give back its load balancers and volumes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct GkeClusterState {
    /// Name of the cluster, unique in project and location. Changing it makes a new cluster.
    #[tf(required, requires_replace, validate = cluster_name)]
    pub name: Value<String>,
    /// Project. Left out, that of the provider block or of the environment. Changing it makes a new cluster.
    #[tf(optional, computed, requires_replace)]
    pub project: Value<String>,
    /// Region, such as `europe-west3` (control plane and nodes in three zones), or zone, such as `europe-west3-a`. Left
    /// out, that of the environment (`GOOGLE_REGION`, `GOOGLE_ZONE`). Changing it makes a new cluster.
    #[tf(optional, computed, requires_replace)]
    pub location: Value<String>,
    /// Zones of the nodes. Left out, the first three of the region, or the zone itself. Changing it makes a new cluster.
    #[tf(optional, computed, requires_replace)]
    pub zones: Value<Vec<Value<String>>>,
    /// Minor version of Kubernetes, such as `1.34`. Left out, the default of the release channel when the cluster is made;
    /// later it stays what it is. It goes up one minor version at a time, in place: control plane, then the first nodes,
    /// which are replaced one after the other.
    #[tf(optional, computed, validate = minor_version, effect = ["rolling_restart", "refused"])]
    pub kubernetes_version: Value<String>,
    /// How new the releases are that GKE upgrades to by itself: `RAPID`, `REGULAR`, `STABLE`, `EXTENDED` or `UNSPECIFIED`.
    /// Default `REGULAR`.
    #[tf(optional, default = "REGULAR", validate = release_channel, effect = "in_place")]
    pub release_channel: Value<String>,
    /// The network: `cidr` to have one made, or names of one that exists. Changing it makes a new cluster.
    #[tf(required, requires_replace)]
    pub network: Value<GkeNetwork>,
    /// Whether nodes have no addresses of their own on the internet; a router with NAT is then made with the network.
    /// Default true. Changing it makes a new cluster.
    #[tf(optional, requires_replace, default = true)]
    pub private_nodes: Value<bool>,
    /// Whether the Kubernetes API answers on the internet. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub endpoint_public_access: Value<bool>,
    /// Who may reach the Kubernetes API on the internet, as CIDR blocks. Left out, everybody who has credentials.
    #[tf(optional, effect = "in_place")]
    pub public_access_cidrs: Value<Vec<Value<String>>>,
    /// Email of the nodes' service account. Left out, the project's default one. Changing it makes a new cluster.
    #[tf(optional, computed, requires_replace)]
    pub node_service_account: Value<String>,
    /// The nodes that the cluster is made with. Left out, three; later they stay what they are.
    #[tf(optional, computed, effect = "in_place")]
    pub system_node_pool: Value<SystemNodePool>,
    /// Whether a destroy, or a change that needs a new cluster, is refused. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub deletion_protection: Value<bool>,
    /// Labels of the cluster as a resource of Google Cloud.
    #[tf(optional, effect = "in_place")]
    pub tags: Value<Map<String>>,
    /// How long to wait. Defaults: `create` 45m, `update` 75m, `delete` 45m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Which changes may happen although the provider's `guard` holds them back: `["data_loss"]`, for one. A level
    /// includes those below it. Write it for the one change and take it out again.
    #[tf(optional, effect = "in_place")]
    pub accept_impact: Value<Set<String>>,
    /// What the change does, at worst, to the databases in the Kubernetes cluster: known in the plan, and kept until the
    /// next change. What a destroy or a replacement takes away is not in it.
    #[tf(computed)]
    pub planned_impact: Value<PlannedImpact>,
    /// Identifier: `projects/PROJECT/locations/LOCATION/clusters/NAME`.
    #[tf(computed)]
    pub id: Value<String>,
    /// The way into the cluster, for the `kubernetes` of everything that is to run on it. It holds no secret.
    #[tf(computed)]
    pub kubernetes: Value<ManagedConnection>,
    /// The version that GKE runs, such as `1.34.1-gke.1829001`.
    #[tf(computed)]
    pub platform_version: Value<String>,
    /// URL of the issuer of the tokens of the cluster's service accounts.
    #[tf(computed)]
    pub oidc_issuer: Value<String>,
    /// What was made in Google Cloud for the cluster, and goes with it.
    #[tf(computed)]
    pub created_resources: Value<Vec<Value<CreatedResource>>>,
}

cluster_state!(GkeClusterState);

/// The network of a cluster: either one that is made, or one that exists.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct GkeNetwork {
    /// Address block to make a VPC network of, `/9` to `/20`, such as `10.0.0.0/16`: half of it for pods, a quarter for
    /// nodes, a sixteenth for Services. A node takes a `/24` of the pods.
    #[tf(optional)]
    pub cidr: Value<String>,
    /// Name of a VPC network that exists, or `projects/PROJECT/global/networks/NAME`.
    #[tf(optional, semantic_equal = same_name)]
    pub network: Value<String>,
    /// With `network`: name of the subnetwork, or `projects/PROJECT/regions/REGION/subnetworks/NAME`.
    #[tf(optional, semantic_equal = same_name)]
    pub subnetwork: Value<String>,
    /// With `network`: name of the subnetwork's secondary range for pods. Left out, GKE makes one.
    #[tf(optional)]
    pub pods_range: Value<String>,
    /// With `network`: name of the subnetwork's secondary range for Services. Left out, GKE makes one.
    #[tf(optional)]
    pub services_range: Value<String>,
}

/// What tells one cluster from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct GkeClusterIdentity {
    /// Project.
    #[tf(required_for_import)]
    pub project: Value<String>,
    /// Region or zone.
    #[tf(required_for_import)]
    pub location: Value<String>,
    /// Name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

pub(crate) fn cluster_name(text: &str) -> Result<(), String> {
    let is_right = text.len() <= 40
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_right {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a name of GKE: up to 40 lower-case letters, digits and `-`, beginning with a letter."
    ))
}

fn release_channel(text: &str) -> Result<(), String> {
    if CHANNELS.contains(&text) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a release channel. Use one of {}.",
        CHANNELS.map(|one| format!("{one:?}")).join(", ")
    ))
}

/// Clusters of GKE.
#[derive(Debug)]
pub struct GkeCluster;

impl ManagedCluster for GkeCluster {
    type State = GkeClusterState;
    type Identity = GkeClusterIdentity;
    type Cloud = Gke;

    const TYPE_NAME: &'static str = "kubeblocks_gke_cluster";
    const METHOD: CloudMethod = CloudMethod::Gke;
    const PATIENCE: Patience = Patience {
        create: Duration::from_mins(45),
        update: Duration::from_mins(75),
        delete: Duration::from_mins(45),
    };
    const STORAGE: Storage = Storage {
        driver: "pd.csi.storage.gke.io",
        class: "balanced",
        parameters: &[("type", "pd-balanced")],
    };

    async fn cloud(shared: &Shared, state: &GkeClusterState) -> Result<Arc<Gke>, Error> {
        shared.clouds().gke(state.project.known().map(String::as_str)).await
    }

    fn fill(state: &mut GkeClusterState, cloud: &Gke) {
        if state.project.known().is_none() {
            state.project = Value::Known(cloud.project().to_owned());
        }
        if state.location.known().is_none() {
            state.location = cloud.location().map(str::to_owned).into();
        }
    }

    fn place(state: &GkeClusterState) -> String {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        format!("{}/{}", text(&state.project), text(&state.location))
    }

    fn login_region(_state: &GkeClusterState) -> Option<String> {
        None
    }

    fn cluster_id(state: &GkeClusterState) -> Option<ClusterId> {
        let (project, location, name) =
            (state.project.known()?, state.location.known()?, state.name.known()?);
        Some(ClusterId(format!("projects/{project}/locations/{location}/clusters/{name}")))
    }

    fn spec(state: &GkeClusterState, owner: &str) -> Result<ClusterSpec, Diagnostics> {
        let Some(location) = state.location.known().cloned() else {
            return Err(Diagnostic::error(
                "Missing location",
                "Neither `location` nor the environment says where the cluster is to be. Set `location` to a region or a zone, or GOOGLE_REGION.",
            )
            .at(Path::attribute("location"))
            .into());
        };
        let text = |value: &Value<String>| value.known().cloned();
        let network = state.network.known().cloned().unwrap_or_default();
        let zones = list(&state.zones);
        Ok(ClusterSpec {
            name: text(&state.name).unwrap_or_default(),
            owner: owner.to_owned(),
            zones: zones.clone(),
            version: text(&state.kubernetes_version),
            release_channel: match state.release_channel.known().map(String::as_str) {
                Some("RAPID") => ReleaseChannel::Rapid,
                Some("STABLE") => ReleaseChannel::Stable,
                Some("EXTENDED") => ReleaseChannel::Extended,
                Some("UNSPECIFIED") => ReleaseChannel::Unspecified,
                _ => ReleaseChannel::Regular,
            },
            network: match network.cidr {
                Value::Known(cidr) => Network::Made { cidr },
                _ => Network::Existing {
                    network: text(&network.network).unwrap_or_default(),
                    subnetwork: text(&network.subnetwork).unwrap_or_default(),
                    pods_range: text(&network.pods_range),
                    services_range: text(&network.services_range),
                },
            },
            private_nodes: state.private_nodes != Value::Known(false),
            public_endpoint: state.endpoint_public_access != Value::Known(false),
            authorized_networks: state.public_access_cidrs.known().map(|_| {
                let blocks = list(&state.public_access_cidrs).into_iter();
                blocks.map(|cidr| AuthorizedNetwork { name: cidr.clone(), cidr }).collect()
            }),
            system_pool: NodePoolSpec {
                cluster: ClusterId(String::new()),
                name: SYSTEM.to_owned(),
                owner: owner.to_owned(),
                nodes: nodes(&state.system_node_pool, &MACHINE_TYPES),
                zones,
                disk_type: None,
                image_type: None,
                service_account: text(&state.node_service_account),
                version: text(&state.kubernetes_version),
                labels: texts(&state.tags),
            },
            labels: texts(&state.tags),
            location,
        })
    }

    fn show(state: &mut GkeClusterState, observed: &Seen<Gke>, is_import: bool) {
        let wish = &observed.wish;
        fill(&mut state.zones, some_list(&wish.zones), is_import);
        fill(&mut state.node_service_account, wish.system_pool.service_account.clone(), is_import);
        if !is_import {
            return;
        }
        state.network = Value::Known(match wish.network.clone() {
            Network::Made { cidr } => GkeNetwork { cidr: Value::Known(cidr), ..GkeNetwork::default() },
            Network::Existing { network, subnetwork, pods_range, services_range } => GkeNetwork {
                network: Value::Known(network),
                subnetwork: Value::Known(subnetwork),
                pods_range: pods_range.into(),
                services_range: services_range.into(),
                ..GkeNetwork::default()
            },
        });
        state.private_nodes = Value::Known(wish.private_nodes);
    }

    fn refresh(state: &mut GkeClusterState, wish: &ClusterSpec) {
        let channel = match wish.release_channel {
            ReleaseChannel::Rapid => "RAPID",
            ReleaseChannel::Regular => "REGULAR",
            ReleaseChannel::Stable => "STABLE",
            ReleaseChannel::Extended => "EXTENDED",
            ReleaseChannel::Unspecified => "UNSPECIFIED",
        };
        state.release_channel = Value::Known(channel.to_owned());
        state.endpoint_public_access = Value::Known(wish.public_endpoint);
        let allowed = wish.authorized_networks.iter().flatten().map(|network| network.cidr.clone());
        let seen = seen_list(&state.public_access_cidrs, &allowed.collect::<Vec<_>>());
        // An empty list lets nobody in, and none lets everybody in.
        state.public_access_cidrs = match &wish.authorized_networks {
            None => Value::Null,
            Some(networks) if networks.is_empty() => Value::Known(Vec::new()),
            Some(_) => seen,
        };
    }

    fn open_values(state: &mut GkeClusterState) -> Vec<&mut dyn Open> {
        vec![&mut state.zones, &mut state.node_service_account]
    }

    fn validate(config: &GkeClusterState, diagnostics: &mut Diagnostics) {
        let path = Path::attribute("network");
        if let Some(network) = config.network.known() {
            if network.cidr.is_null() == network.network.is_null() {
                diagnostics.push(
                    Diagnostic::error(
                        "Which network is not clear",
                        "Give either `cidr`, to have a network made, or `network` and `subnetwork` of one that exists.",
                    )
                    .at(path.clone()),
                );
            }
            if !network.network.is_null() && network.subnetwork.is_null() {
                diagnostics.push(
                    Diagnostic::error(
                        "Missing subnetwork",
                        "`network` needs `subnetwork`: GKE does not choose one.",
                    )
                    .at(path.then_attribute("subnetwork")),
                );
            }
        }
        if let Some(pool) = config.system_node_pool.known()
            && pool.machine_types.known().is_some_and(|types| types.len() != 1)
        {
            diagnostics.push(
                one_machine_type("GKE")
                    .at(Path::attribute("system_node_pool").then_attribute("machine_types")),
            );
        }
    }

    fn identity(state: &GkeClusterState) -> GkeClusterIdentity {
        GkeClusterIdentity {
            project: state.project.clone(),
            location: state.location.clone(),
            name: state.name.clone(),
        }
    }

    fn parse_import(id: &str) -> Result<GkeClusterState, Diagnostic> {
        let parts: Vec<&str> = id.split('/').collect();
        match parts[..] {
            ["projects", project, "locations", location, "clusters", name] | [project, location, name]
                if ![project, location, name].contains(&"") =>
            {
                Ok(GkeClusterState {
                    project: Value::Known(project.to_owned()),
                    location: Value::Known(location.to_owned()),
                    name: Value::Known(name.to_owned()),
                    ..GkeClusterState::default()
                })
            }
            _ => Err(Diagnostic::error(
                "Cannot import the GKE cluster",
                format!(
                    "{id:?} is not an id of a cluster. Write it as \"projects/PROJECT/locations/LOCATION/clusters/NAME\" or \"PROJECT/LOCATION/NAME\"."
                ),
            )),
        }
    }

    fn of_identity(identity: GkeClusterIdentity) -> Result<GkeClusterState, Diagnostic> {
        let GkeClusterIdentity { project, location, name } = identity;
        Ok(GkeClusterState { name, project, location, ..GkeClusterState::default() })
    }
}

/// What is said where a cloud takes one type of machines.
pub(crate) fn one_machine_type(service: &str) -> Diagnostic {
    Diagnostic::error(
        "One type of machines is needed",
        format!(
            "A pool of {service} has machines of one type. Name exactly one in `machine_types`, and make further pools for others."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_one_of_two_kinds_and_pools_have_one_type() {
        let text = |text: &str| Value::Known(text.to_owned());
        let existing = GkeNetwork { network: text("n"), subnetwork: text("s"), ..GkeNetwork::default() };
        let cases: Vec<(GkeNetwork, &[&str])> = vec![
            (GkeNetwork { cidr: text("10.0.0.0/16"), ..GkeNetwork::default() }, &[]),
            (existing.clone(), &[]),
            (GkeNetwork::default(), &["network"]),
            (GkeNetwork { cidr: text("10.0.0.0/16"), ..existing.clone() }, &["network"]),
            (GkeNetwork { subnetwork: Value::Null, ..existing }, &["network.subnetwork"]),
        ];
        for (network, expected) in cases {
            let label = format!("{network:?}");
            let types = Value::Known(vec![text("e2-standard-4")]);
            let pool = SystemNodePool { machine_types: types, ..SystemNodePool::default() };
            let config = GkeClusterState {
                network: Value::Known(network),
                system_node_pool: Value::Known(pool),
                ..GkeClusterState::default()
            };
            let mut found = Diagnostics::new();
            GkeCluster::validate(&config, &mut found);
            let paths: Vec<String> =
                found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
            assert_eq!(paths, expected, "{label}");
        }
    }

    #[test]
    fn an_import_takes_the_long_and_the_short_id() {
        for id in ["projects/p/locations/l/clusters/c", "p/l/c"] {
            let state = GkeCluster::parse_import(id).unwrap();
            let id = GkeCluster::cluster_id(&state).map(|id| id.0);
            assert_eq!(id.as_deref(), Some("projects/p/locations/l/clusters/c"));
        }
        for wrong in ["c", "//", "p//c", "p/l/", "projects//locations/l/clusters/c"] {
            assert!(GkeCluster::parse_import(wrong).is_err(), "{wrong}");
        }
    }
}
