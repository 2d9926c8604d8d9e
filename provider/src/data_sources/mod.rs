//! Data sources, one a file.

pub mod cluster;
