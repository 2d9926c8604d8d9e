//! What KubeBlocks does with what is written: names, readiness, deletion, and why a database is not ready. Knows
//! Kubernetes and KubeBlocks, and no word of Terraform.

pub mod naming;
