//! Managed Kubernetes on AWS: EKS.

mod add_ons;
mod client;
mod connect;
mod create;
mod delete;
mod identity;
mod kubernetes;
mod list;
mod network;
mod node_group;
mod observe;
mod pool;
mod query;
mod refusal;
mod roles;
mod shown;
mod spec;
pub mod token;
mod update;
mod xml;

pub use client::Eks;
pub use spec::{
    AssumeRole, AssumeRoleWithWebIdentity, ClusterSpec, Config, Endpoints, Network, NodeGroupSpec,
    StaticCredentials, WebIdentityToken,
};

/// Tag of a cluster that names its system node group.
pub const SYSTEM_TAG: &str = "kubeblocks.io/system-node-group";
/// Tag of what EC2 and IAM hold for a cluster: which part of it this is, such as `vpc` or `node_role`.
pub const PART_TAG: &str = "kubeblocks.io/part";
