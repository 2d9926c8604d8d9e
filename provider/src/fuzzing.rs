//! What the fuzz targets reach into.

use std::path::PathBuf;

/// Reviews a plan in every format; returns how long the reviews are.
pub fn review(plan: &[u8]) -> usize {
    crate::review::fuzz(plan)
}

/// Reads a kubeconfig file and chooses its current context; nothing is run or reached.
pub fn kubeconfig(file: PathBuf) -> bool {
    crate::kubernetes::configuration::fuzz(file)
}
