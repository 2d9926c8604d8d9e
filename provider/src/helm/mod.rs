//! Releases of charts. Resolving charts, reading releases and comparing renderings are done here; rendering and
//! writing releases is left to the `helm` executable.
//!
//! ```text
//! executable (which helm) -> engine (what is asked of it) -> process (one run) -> redact -> classified error
//! chart (what is installed) --^         ^-- access (the way to the Kubernetes cluster, without a credential in it)
//! ```
//!
//! Only `process` starts helm. Helm gets values on its standard input and credentials by asking; no argument, no
//! variable and no file of it holds a secret. Nothing here knows KubeBlocks or Terraform's schema.

pub mod access;
pub mod chart;
pub mod engine;
pub mod executable;
pub mod manifest;
pub mod process;
pub mod redact;
pub mod release;
mod yaml;
