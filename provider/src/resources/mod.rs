//! Managed resources, one folder or file each. Arrows of the data: see the crate's page.

pub mod addon;
pub mod cluster;
pub mod object;
pub mod operator;
