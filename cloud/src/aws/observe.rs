//! How EKS shows its clusters and node groups, and how that is told. Pure but for the requests of `observe`.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_eks::types::{Cluster, ClusterStatus, Nodegroup, NodegroupStatus, VersionStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::Eks;
use super::shown::{self, SYSTEM};
use super::spec::{ClusterSpec, NodeGroupSpec};
use super::{PART_TAG, SYSTEM_TAG};
use crate::{Error, NETWORK_TAG, OWNER_TAG, Observed, ObservedPool, OfferedVersion, Phase, UNFINISHED_TAG};

impl Eks {
    pub(super) async fn observe_cluster(
        &self,
        name: &str,
    ) -> Result<Option<Observed<ClusterSpec, NodeGroupSpec>>, Error> {
        let Some(cluster) = self.find_cluster(name).await? else { return Ok(None) };
        let system_pool = match self.system_node_group(name, &cluster).await? {
            Some(group) => self.find_node_group(name, &group).await?,
            None => None,
        };
        observed(&cluster, system_pool.as_ref(), &self.region).map(Some)
    }

    /// The versions that EKS offers, oldest first.
    pub(super) async fn offered_versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        let (mut offered, mut next) = (Vec::new(), None);
        loop {
            let request = self.api.describe_cluster_versions().set_next_token(next);
            let what = "versions of Kubernetes";
            let answer = self.call("DescribeClusterVersions", what, || request.clone().send()).await?;
            offered.extend(answer.cluster_versions.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let offered = offered.into_iter().filter_map(|known| {
            Some(OfferedVersion {
                is_default: known.default_version,
                is_standard: known.version_status == Some(VersionStatus::StandardSupport),
                version: known.cluster_version?,
            })
        });
        let mut offered: Vec<_> = offered.collect();
        offered.sort_by_key(|known| {
            known.version.split('.').map(|part| part.parse::<u32>().unwrap_or_default()).collect::<Vec<_>>()
        });
        Ok(offered)
    }

    /// The name of a cluster's system node group, which may not exist.
    pub(super) async fn system_node_group(
        &self,
        name: &str,
        cluster: &Cluster,
    ) -> Result<Option<String>, Error> {
        if let Some(group) = cluster.tags.as_ref().and_then(|tags| tags.get(SYSTEM_TAG)) {
            return Ok(Some(group.clone()));
        }
        let names = self.node_group_names(name).await?;
        let is_system = names.iter().any(|name| name == SYSTEM);
        Ok(if is_system { Some(SYSTEM.to_owned()) } else { names.into_iter().next() })
    }
}

/// A mark among tags.
pub(super) fn mark<'a>(tags: Option<&'a HashMap<String, String>>, key: &str) -> Option<&'a str> {
    tags.and_then(|tags| tags.get(key)).map(String::as_str)
}

/// Whether a creation by this owner has steps left.
pub(super) fn is_ours_unfinished(tags: Option<&HashMap<String, String>>, owner: &str) -> bool {
    mark(tags, OWNER_TAG) == Some(owner) && is_unfinished(tags)
}

fn is_unfinished(tags: Option<&HashMap<String, String>>) -> bool {
    mark(tags, UNFINISHED_TAG) == Some("true")
}

/// Tags without marks and without those that AWS itself sets.
pub(super) fn user_tags(tags: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    let is_mark = |key: &str| [OWNER_TAG, UNFINISHED_TAG, NETWORK_TAG, SYSTEM_TAG, PART_TAG].contains(&key);
    let tags = tags.into_iter().flatten().filter(|(key, _)| !is_mark(key) && !key.starts_with("aws:"));
    tags.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Reasons that the cloud gives, as code, words, and what they are about.
pub(super) fn reasons<'a>(
    issues: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>, &'a [String])>,
) -> String {
    let told = issues.into_iter().map(|(code, message, about)| {
        let about = if about.is_empty() { String::new() } else { format!(" [{}]", about.join(", ")) };
        format!("{}: {}{about}", code.unwrap_or("unknown"), message.unwrap_or("no reason given"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "AWS gives no reason".to_owned() } else { told.join("; ") }
}

pub(super) fn cluster_reasons(cluster: &Cluster) -> String {
    let issues = cluster.health.as_ref().and_then(|health| health.issues.as_deref()).unwrap_or_default();
    reasons(issues.iter().map(|issue| {
        let code = issue.code.as_ref().map(aws_sdk_eks::types::ClusterIssueCode::as_str);
        (code, issue.message.as_deref(), issue.resource_ids.as_deref().unwrap_or_default())
    }))
}

pub(super) fn group_reasons(group: &Nodegroup) -> String {
    let issues = group.health.as_ref().and_then(|health| health.issues.as_deref()).unwrap_or_default();
    reasons(issues.iter().map(|issue| {
        let code = issue.code.as_ref().map(aws_sdk_eks::types::NodegroupIssueCode::as_str);
        (code, issue.message.as_deref(), issue.resource_ids.as_deref().unwrap_or_default())
    }))
}

pub(super) fn cluster_phase(cluster: &Cluster) -> Phase {
    match &cluster.status {
        Some(ClusterStatus::Active) => Phase::Active,
        Some(ClusterStatus::Creating | ClusterStatus::Pending) => Phase::Creating,
        Some(ClusterStatus::Deleting) => Phase::Deleting,
        Some(ClusterStatus::Updating) => Phase::Updating,
        Some(ClusterStatus::Failed) => Phase::Failed(cluster_reasons(cluster)),
        other => Phase::Failed(format!("its status is {other:?}")),
    }
}

pub(super) fn group_phase(group: &Nodegroup) -> Phase {
    match &group.status {
        Some(NodegroupStatus::Active) => Phase::Active,
        Some(NodegroupStatus::Creating) => Phase::Creating,
        Some(NodegroupStatus::Deleting) => Phase::Deleting,
        Some(NodegroupStatus::Updating) => Phase::Updating,
        Some(
            status @ (NodegroupStatus::CreateFailed
            | NodegroupStatus::DeleteFailed
            | NodegroupStatus::Degraded),
        ) => Phase::Failed(format!("{}: {}", status.as_str(), group_reasons(group))),
        other => Phase::Failed(format!("its status is {other:?}")),
    }
}

fn observed(
    cluster: &Cluster,
    system_pool: Option<&Nodegroup>,
    region: &str,
) -> Result<Observed<ClusterSpec, NodeGroupSpec>, Error> {
    let tags = cluster.tags.as_ref();
    let wish = shown::cluster(cluster, system_pool, region);
    let authority = cluster.certificate_authority.as_ref().and_then(|authority| authority.data.as_deref());
    let place = cluster.resources_vpc_config.as_ref();
    let oidc = cluster.identity.as_ref().and_then(|identity| identity.oidc.as_ref());
    Ok(Observed {
        name: cluster.name.clone().unwrap_or_default(),
        phase: cluster_phase(cluster),
        version: cluster.version.clone().unwrap_or_default(),
        platform_version: cluster.platform_version.clone(),
        endpoint: cluster.endpoint.clone(),
        ca_certificate: authority.map(decoded).transpose()?,
        oidc_issuer: oidc.and_then(|oidc| oidc.issuer.clone()),
        tags: wish.tags.clone(),
        owner: mark(tags, OWNER_TAG).map(str::to_owned),
        is_unfinished: is_unfinished(tags),
        network: place
            .map(|place| {
                let vpc = place.vpc_id.iter().cloned();
                vpc.chain(place.subnet_ids.iter().flatten().cloned()).collect()
            })
            .unwrap_or_default(),
        system_pool: system_pool.map(|group| observed_pool(group, wish.system_node_group.clone())),
        wish,
    })
}

fn decoded(authority: &str) -> Result<String, Error> {
    let pem = STANDARD.decode(authority).ok().and_then(|pem| String::from_utf8(pem).ok());
    pem.ok_or_else(|| Error::Unexpected {
        message: "the cluster's certificate authority is no PEM".to_owned(),
    })
}

pub(super) fn observed_pool(group: &Nodegroup, wish: NodeGroupSpec) -> ObservedPool<NodeGroupSpec> {
    let tags = group.tags.as_ref();
    ObservedPool {
        name: wish.name.clone(),
        phase: group_phase(group),
        nodes: wish.nodes.clone(),
        version: wish.version.clone(),
        tags: wish.tags.clone(),
        owner: mark(tags, OWNER_TAG).map(str::to_owned),
        is_unfinished: is_unfinished(tags),
        wish,
    }
}
