//! Managed resources, one folder or file each. Arrows of the data: see the crate's page.

pub mod account;
pub mod ack_cluster;
pub mod ack_node_pool;
pub mod addon;
pub mod aks_cluster;
pub mod aks_node_pool;
pub mod backup;
pub mod backup_repo;
pub mod backup_schedule;
pub mod cluster;
pub mod eks_cluster;
pub mod eks_node_group;
pub mod gke_cluster;
pub mod gke_node_pool;
pub mod managed;
pub(crate) mod moved;
pub(crate) mod namespaced;
pub mod object;
pub mod operator;
pub mod ops_request;
pub(crate) mod own_secret;
pub mod service_descriptor;
pub(crate) mod texts;
pub(crate) mod waited;
