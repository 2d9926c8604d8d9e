//! What a cluster of EKS and its node groups are to be, and how AWS is reached. Plain data; the API's own names are
//! kept where it has any.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::{ClusterId, Nodes};

/// How AWS is reached, and as whom. What is absent comes from the environment and the shared configuration files, as
/// with every other tool of AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// Region, such as `eu-central-1`.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Keys that go before the standard chain.
    pub static_credentials: Option<StaticCredentials>,
    /// A role that is assumed with what was found so far.
    pub assume_role: Option<AssumeRole>,
    /// A role that is assumed with the token of another issuer, before anything else.
    pub assume_role_with_web_identity: Option<AssumeRoleWithWebIdentity>,
    /// Other addresses of the services.
    pub endpoints: Endpoints,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
}

/// Keys of an IAM user or of a session. Its `Debug` shows the key's id only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StaticCredentials {
    /// Id of the key, which is no secret.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: String,
    /// Of a session: its token.
    pub session_token: Option<String>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AssumeRole {
    /// Its ARN.
    pub role_arn: String,
    /// Name of the session, which the account's logs show.
    pub session_name: Option<String>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
}

/// A role to assume with the token of another issuer, such as a CI system's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssumeRoleWithWebIdentity {
    /// Its ARN.
    pub role_arn: String,
    /// Name of the session, which the account's logs show.
    pub session_name: Option<String>,
    /// The issuer's token.
    pub token: WebIdentityToken,
}

/// Where the token of another issuer is. Its `Debug` does not show a token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum WebIdentityToken {
    /// The token itself.
    Value(String),
    /// A file that holds it and is read anew each time.
    File(PathBuf),
}

impl fmt::Debug for WebIdentityToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => formatter.write_str("Value(..)"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Other addresses of the services, as URLs: private endpoints, or a partition that nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// Of EKS.
    pub eks: Option<String>,
    /// Of EC2.
    pub ec2: Option<String>,
    /// Of IAM.
    pub iam: Option<String>,
    /// Of STS; also what a Kubernetes token asks for.
    pub sts: Option<String>,
}

/// What a cluster is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name, unique in account and region.
    pub name: String,
    /// The owner's mark, by which it and its parts are found again.
    pub owner: String,
    /// Version of Kubernetes, such as `1.34`; the cloud's default without it.
    pub version: Option<String>,
    /// The network that it lies in.
    pub network: Network,
    /// ARN of the role of its control plane; one is made without it.
    pub role_arn: Option<String>,
    /// ARN of the role of its nodes; one is made without it.
    pub node_role_arn: Option<String>,
    /// Whether its API answers on the internet.
    pub endpoint_public_access: bool,
    /// Whether its API answers within the network.
    pub endpoint_private_access: bool,
    /// Who may reach the API on the internet, as CIDR blocks; everybody when empty.
    pub public_access_cidrs: Vec<String>,
    /// Logs of the control plane that are kept: `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`.
    pub log_types: Vec<String>,
    /// Version of each add-on of EKS by name; the default version of the cluster's Kubernetes without one.
    pub add_ons: BTreeMap<String, Option<String>>,
    /// The node group that it is made with.
    pub system_node_group: NodeGroupSpec,
    /// Tags of everything that is made for it.
    pub tags: BTreeMap<String, String>,
}

/// The network of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// One that is there.
    Existing {
        /// Ids of at least two subnets in two zones.
        subnet_ids: Vec<String>,
        /// Further security groups of the control plane.
        security_group_ids: Vec<String>,
    },
    /// One that is made with the cluster: a VPC with a public and a private subnet in each zone.
    Made {
        /// Address block of the VPC, `/16` to `/24`.
        cidr: String,
        /// Availability zones; the first that offer what is needed when empty.
        zones: Vec<String>,
    },
}

/// What a node group is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGroupSpec {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its name, unique in the cluster.
    pub name: String,
    /// The owner's mark.
    pub owner: String,
    /// What its nodes are to be.
    pub nodes: Nodes,
    /// Kind of machine image, such as `AL2023_x86_64_STANDARD`; what fits the machines without it.
    pub ami_type: Option<String>,
    /// Ids of its subnets; the cluster's private ones when empty.
    pub subnet_ids: Vec<String>,
    /// ARN of the role of its nodes; that of the cluster's first nodes without it.
    pub role_arn: Option<String>,
    /// Version of Kubernetes of its nodes; the cluster's without it.
    pub version: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let config = Config {
            static_credentials: Some(StaticCredentials {
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: "marker-1".to_owned(),
                session_token: Some("marker-2".to_owned()),
            }),
            assume_role_with_web_identity: Some(AssumeRoleWithWebIdentity {
                role_arn: "arn:aws:iam::123456789012:role/ci".to_owned(),
                session_name: None,
                token: WebIdentityToken::Value("marker-3".to_owned()),
            }),
            ..Config::default()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("AKIDEXAMPLE") && !shown.contains("marker"), "{shown}");
    }
}
