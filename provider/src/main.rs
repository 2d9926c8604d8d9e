//! The provider's process: hands everything to the library.

use std::process::ExitCode;

use kubeblocks_provider::provider::KubeblocksProvider;

/// Where the provider is published, as `terraform` writes it in full.
const ADDRESS: &str = "registry.terraform.io/kubeblocks/kubeblocks";

fn main() -> ExitCode {
    let options =
        tfplugin::Options { address: ADDRESS, name: "kubeblocks", version: env!("CARGO_PKG_VERSION") };
    tfplugin::serve(KubeblocksProvider::new(), options)
}
