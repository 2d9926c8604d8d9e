//! The whole of a provider's `main`.

use std::process::ExitCode;

use crate::plugin::{self, About};
use crate::provider::Provider;
use crate::server::Server;

/// Who the provider is.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Source address with its registry, such as `registry.terraform.io/kubeblocks/kubeblocks`.
    pub address: &'a str,
    /// Short name, such as `kubeblocks`; the prefix of all its types.
    pub name: &'a str,
    /// Release, such as `0.1.0`.
    pub version: &'a str,
}

/// Serves a provider to the Terraform or OpenTofu that started this process, until it says that it is done.
///
/// Reads the process's arguments (`--debug`, `--version`, `--help`), owns its standard output and writes logs to its
/// standard error. Call it as the last thing of `main`, outside of any asynchronous runtime.
///
/// ```no_run
/// use tfplugin::prelude::*;
///
/// struct Nothing;
///
/// impl Provider for Nothing {
///     type Config = NoConfig;
///
///     async fn configure(&self, _context: &Context, _config: NoConfig) -> Result<(), Diagnostics> {
///         Ok(())
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     let options =
///         tfplugin::Options { address: "registry.terraform.io/acme/nothing", name: "nothing", version: "0.1.0" };
///     tfplugin::serve(|| Nothing, options)
/// }
/// ```
///
/// `provider` makes the provider, which is configured once: a process that Terraform started makes one, and one under
/// `--debug` makes one for each run that attaches, so that runs with different configurations do not meet.
pub fn serve<P: Provider>(provider: impl Fn() -> P, options: Options<'_>) -> ExitCode {
    let Options { address, name, version } = options;
    plugin::run(About { name, version, address }, |shutdown| Server::routes(provider(), shutdown))
}
