//! Ephemeral resources, one a file: what they show is never stored.

pub mod credentials;
pub mod kubeconfig;
