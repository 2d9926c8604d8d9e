//! What a cluster of ACK and its node pools are to be, and how Alibaba Cloud is reached. Plain data; the API's own
//! names are kept where it has any.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::{ClusterId, Nodes};

/// How Alibaba Cloud is reached, and as whom. What is absent comes from the environment.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Region, such as `cn-hangzhou`; else `ALIBABA_CLOUD_REGION_ID`.
    pub region: Option<String>,
    /// Keys that go before the environment's.
    pub static_credentials: Option<StaticCredentials>,
    /// A role that is assumed with the token of another issuer.
    pub assume_role_with_oidc: Option<AssumeRoleWithOidc>,
    /// Name of the RAM role of the ECS instance that this runs on.
    pub ecs_ram_role: Option<String>,
    /// A role that is assumed with what was found so far.
    pub assume_role: Option<AssumeRole>,
    /// Other addresses of the services.
    pub endpoints: Endpoints,
}

/// Keys of a RAM user or of a session. Its `Debug` shows the key's id only.
#[derive(Clone)]
pub struct StaticCredentials {
    /// Id of the key, which is no secret.
    pub access_key_id: String,
    /// The key itself.
    pub access_key_secret: String,
    /// Of a session: its token.
    pub security_token: Option<String>,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StaticCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A role to assume.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// Its ARN, `acs:ram::<account>:role/<name>`.
    pub role_arn: String,
    /// Name of the session, which the account's logs show.
    pub session_name: Option<String>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
}

/// A role to assume with the token of another issuer, such as a CI system's.
#[derive(Clone, Debug)]
pub struct AssumeRoleWithOidc {
    /// Its ARN.
    pub role_arn: String,
    /// ARN of the issuer in RAM, `acs:ram::<account>:oidc-provider/<name>`.
    pub provider_arn: String,
    /// File with the issuer's token; it is read anew each time.
    pub token_file: PathBuf,
    /// Name of the session, which the account's logs show.
    pub session_name: Option<String>,
}

/// Other addresses of the services, as URLs: private endpoints, or regions with names of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Of ACK, whose service is called CS; else `CS_ENDPOINT`.
    pub cs: Option<String>,
    /// Of VPC; else `VPC_ENDPOINT`.
    pub vpc: Option<String>,
    /// Of STS; else `STS_ENDPOINT`.
    pub sts: Option<String>,
    /// Of the metadata service of ECS instances.
    pub metadata: Option<String>,
}

/// What a cluster is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name, which ACK does not keep unique; this crate does.
    pub name: String,
    /// The owner's mark, by which it and its parts are found again.
    pub owner: String,
    /// Version of Kubernetes, such as `1.34`; the newest that ACK offers without it.
    pub version: Option<String>,
    /// Edition of the control plane, such as `ack.pro.small`. It can become a larger one.
    pub cluster_spec: String,
    /// The network that it lies in.
    pub network: Network,
    /// How pods get their addresses.
    pub pod_network: PodNetwork,
    /// Address block of Services; the cloud's default without it.
    pub service_cidr: Option<String>,
    /// Whether its API answers on the internet. It is chosen at creation and not changed later.
    pub endpoint_public_access: bool,
    /// Whether ACK makes a NAT gateway, so that nodes reach the internet. Chosen at creation, too.
    pub snat_entry: bool,
    /// The pool that it is made with; its `cluster` and `owner` are those of this spec.
    pub system_node_pool: NodePoolSpec,
    /// Tags of the cluster, at most 17. The network that is made for it gets them when it is made, and keeps them.
    pub tags: BTreeMap<String, String>,
}

/// The network of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// One that is there.
    Existing {
        /// Ids of vSwitches of one VPC.
        vswitch_ids: Vec<String>,
    },
    /// One that is made with the cluster: a VPC with a vSwitch in each zone.
    Made {
        /// Address block of the VPC, `/8` to `/26`; a vSwitch gets an eighth of it, and at least a `/16`.
        cidr: String,
        /// Zones; the first three of the region when empty.
        zones: Vec<String>,
    },
}

/// How pods get their addresses. It cannot be changed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodNetwork {
    /// From vSwitches, through the network interfaces of the nodes (`terway-eniip`).
    Terway {
        /// Ids of these vSwitches; those of the nodes when empty.
        pod_vswitch_ids: Vec<String>,
    },
    /// From an address block of their own (`flannel`).
    Flannel {
        /// The block, which must not overlap the VPC's.
        pod_cidr: String,
    },
}

/// What a node pool is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePoolSpec {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its name, unique in the cluster as far as this crate is concerned.
    pub name: String,
    /// The owner's mark.
    pub owner: String,
    /// What its nodes are to be. A pool that scales by itself begins with the least.
    pub nodes: Nodes,
    /// Ids of its vSwitches; the cluster's when empty.
    pub vswitch_ids: Vec<String>,
    /// Kind of disk, such as `cloud_essd`; the cloud's default without it.
    pub system_disk_category: Option<String>,
    /// Machine image, such as `AliyunLinux3`; the cloud's default without it.
    pub image_type: Option<String>,
    /// Name of the SSH key pair of its nodes. Without it, they get a password that nobody knows.
    pub key_pair: Option<String>,
    /// Version of Kubernetes that its nodes are taken to have, such as `1.34`. It can only be the cluster's: ACK upgrades
    /// the nodes of all pools together with the control plane.
    pub version: Option<String>,
    /// Tags of its instances; at most 17.
    pub tags: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let config = Config {
            static_credentials: Some(StaticCredentials {
                access_key_id: "LTAI5tEXAMPLE".to_owned(),
                access_key_secret: "marker-1".to_owned(),
                security_token: Some("marker-2".to_owned()),
            }),
            ..Config::default()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("LTAI5tEXAMPLE") && !shown.contains("marker"), "{shown}");
    }
}
