//! What this program does when it is started with a word: helpers that the provider starts for itself, and commands for
//! people. Without one it is Terraform's plugin, and its flags are those of any plugin.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use kubeblocks_provider::provider::KubeblocksProvider;

/// Where the provider is published, as `terraform` writes it in full.
const ADDRESS: &str = "registry.terraform.io/kubeblocks/kubeblocks";
const NAME: &str = "kubeblocks";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The exit code for a wrong command line: `EX_USAGE`. The usual 2 says that a check of `doctor` failed.
const USAGE: u8 = 64;

/// The Terraform and OpenTofu provider for KubeBlocks. Terraform starts it by itself, without a command.
#[derive(Debug, Parser)]
#[command(name = "terraform-provider-kubeblocks", version = VERSION)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    // Commands for people, one line each here and in `run`.
    /// Print the version.
    Version,
    Doctor(kubeblocks_provider::doctor::Arguments),
    Export(kubeblocks_provider::export::Arguments),
    Review(kubeblocks_provider::review::Arguments),
    // Helpers that the provider starts.
    /// Print a credential for the Kubernetes cluster that the provider works on.
    #[cfg(unix)]
    #[command(hide = true)]
    ExecCredential,
    /// Run helm, and end it when the provider has gone.
    #[cfg(unix)]
    #[command(hide = true)]
    HelmGuard(kubeblocks_provider::helm::process::guard::Arguments),
}

/// Runs the process from its arguments to its exit code.
pub(crate) fn run() -> ExitCode {
    kubeblocks_provider::memory::forbid_core_dumps();
    // Who starts it with `--debug` means to look into it.
    if !tfplugin::is_debugged(std::env::args_os().skip(1)) {
        kubeblocks_provider::memory::close_to_other_processes();
    }
    if std::env::args_os().nth(1).is_some_and(|word| is_command(&word)) {
        return match CommandLine::try_parse() {
            Ok(line) => run_command(line.command),
            Err(error) => {
                // Nobody to tell when the stream is closed.
                let _ = error.print();
                if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
            }
        };
    }
    let options = tfplugin::Options { address: ADDRESS, name: NAME, version: VERSION };
    tfplugin::serve(KubeblocksProvider::new, options)
}

/// Whether the first argument is one of ours and not of the plugin's.
fn is_command(word: &OsString) -> bool {
    word == "help" || CommandLine::command().get_subcommands().any(|command| word == command.get_name())
}

fn run_command(command: Command) -> ExitCode {
    match command {
        Command::Version => print(&format!("{NAME} {VERSION}\n")),
        Command::Doctor(arguments) => in_runtime(kubeblocks_provider::doctor::run(&arguments)),
        Command::Export(arguments) => in_runtime(kubeblocks_provider::export::run(&arguments)),
        Command::Review(arguments) => kubeblocks_provider::review::run(&arguments),
        #[cfg(unix)]
        Command::ExecCredential => in_runtime(async {
            match kubeblocks_provider::helm::access::exec_credential::run().await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => complain(&error),
            }
        }),
        #[cfg(unix)]
        Command::HelmGuard(arguments) => in_runtime(async {
            ExitCode::from(kubeblocks_provider::helm::process::guard::run(arguments).await)
        }),
    }
}

/// One thread is enough for a helper, and starts faster than many.
fn in_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // A read of standard input that nobody answers must not keep the process alive.
            runtime.shutdown_background();
            code
        }
        Err(error) => complain(&error),
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The error with its causes.
fn complain(error: &dyn std::error::Error) -> ExitCode {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    // Nobody to tell when standard error is closed.
    let _ = std::io::stderr().write_all(format!("{NAME}: {text}\n").as_bytes());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn only_known_words_are_commands_and_flags_stay_the_plugins() {
        for word in ["version", "doctor", "export", "review", "help"] {
            assert!(is_command(&word.into()), "{word}");
        }
        for word in ["--version", "-version", "--debug", "--help", "-h", "", "serve"] {
            assert!(!is_command(&word.into()), "{word}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_guard_takes_helms_arguments_as_they_are() {
        let words = [
            "p",
            "helm-guard",
            "--lifeline",
            "/l",
            "--remove",
            "/a",
            "--remove",
            "/b",
            "--",
            "helm",
            "--help",
        ];
        let parsed = CommandLine::try_parse_from(words).unwrap();
        assert!(matches!(parsed.command, Command::HelmGuard(_)));
        assert!(CommandLine::try_parse_from(["p", "helm-guard", "--lifeline", "/l"]).is_err());
    }
}
