//! Data sources, one a file.

pub mod addons;
pub mod backups;
pub mod catalog;
pub mod cluster;
pub mod cluster_definition;
pub mod cluster_definitions;
pub mod cluster_versions;
mod installed;
pub mod kubernetes_versions;
pub mod parameters;
