//! The provider under test.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The provider's executable, built once per process by cargo so that it is never stale.
///
/// It is built beside a test of its package, over the whole workspace: with the features that everything else here is
/// built with. By itself, every dependency would be compiled once more for it.
///
/// # Panics
///
/// When cargo cannot be run, or the provider does not compile.
pub fn provider_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().unwrap_or(here);
        let mut cargo = std::process::Command::new(env!("CARGO"));
        // Build scripts look at some of what cargo tells a test about its own package, and would run once more for it,
        // and with them would be compiled all that rests on them.
        let of_this_test = |name: &str| {
            name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_this_test)) {
            cargo.env_remove(name);
        }
        let status = cargo
            .args([
                "test",
                "--quiet",
                "--workspace",
                "--all-features",
                "--no-run",
                "--test",
                "provider_contract",
            ])
            .current_dir(root)
            .status();
        let is_built = status.is_ok_and(|status| status.success());
        assert!(is_built, "the provider does not build");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("debug").join("terraform-provider-kubeblocks")
    })
}
