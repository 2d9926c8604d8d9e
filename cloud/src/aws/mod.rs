//! Managed Kubernetes on AWS: EKS.

mod spec;
pub mod token;

pub use spec::{
    AssumeRole, AssumeRoleWithWebIdentity, ClusterSpec, Config, Endpoints, Network, NodeGroupSpec,
    StaticCredentials, WebIdentityToken,
};
