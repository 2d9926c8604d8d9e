//! `playground`: a Kubernetes control plane with the stand-in operator, for the demo and for looking around.
//!
//! `up` starts one (in the background with `--detach`), `status` tells about it, `down` stops it and removes its folder,
//! `tool` builds or finds a program and prints its path. Everything lives in one folder; one playground per folder.
//! This file reads the command line and tells people; `folder` knows the files, `serve` runs the playground, `detach`
//! puts it into the background.

mod detach;
mod folder;
mod serve;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use acceptance_tests::charts::Charts;
use acceptance_tests::clouds::Cloud;
use acceptance_tests::tools;
use clap::{Args, Parser, Subcommand, ValueEnum};

use folder::{Folder, Stopped};

/// A Kubernetes control plane with a stand-in for the KubeBlocks operator, on this machine.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Folder of the playground [default: .playground in the repository].
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the playground, or find it running.
    Up {
        /// Return when it is ready, and leave it running.
        #[arg(long)]
        detach: bool,
        #[command(flatten)]
        setup: Setup,
    },
    /// Stop the playground and remove its folder.
    Down,
    /// Tell whether it runs and where; exit code 3 if it does not.
    Status,
    /// Build or find a program that tests use, and print its path.
    Tool {
        /// The program.
        tool: Tool,
    },
    /// What `up --detach` starts.
    #[command(hide = true)]
    Serve {
        #[command(flatten)]
        setup: Setup,
    },
}

/// What the playground is to be.
#[derive(Args, Clone, Copy)]
struct Setup {
    /// Number of simulated nodes.
    #[arg(long, default_value_t = 3, conflicts_with = "cloud")]
    nodes: u32,
    /// Instead of a Kubernetes cluster, a cloud in which one can be made.
    #[arg(long)]
    cloud: Option<Cloud>,
    /// How many Kubernetes clusters the cloud can have at a time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..), requires = "cloud")]
    clusters: u8,
    /// Seconds of the cloud in a real one, while an operation of the cloud is under way.
    #[arg(long, default_value_t = 60.0, requires = "cloud")]
    speed: f64,
}

impl Setup {
    /// The arguments that say the same.
    fn arguments(self) -> Vec<String> {
        match self.cloud {
            None => vec![format!("--nodes={}", self.nodes)],
            Some(cloud) => vec![
                format!("--cloud={}", cloud.name()),
                format!("--clusters={}", self.clusters),
                format!("--speed={}", self.speed),
            ],
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Tool {
    ControlPlane,
    Terraform,
    Tofu,
    Helm,
    Helm4,
}

/// Exit code of `status` when nothing runs, as init scripts have it.
const NOT_RUNNING: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let path =
        arguments.dir.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(".playground"));
    let folder = Folder::new(&path)?;
    match arguments.command {
        Command::Up { detach, setup } => up(&folder, detach, setup),
        Command::Down => down(&folder),
        Command::Status => Ok(status(&folder)?),
        Command::Tool { tool } => {
            let program = match tool {
                Tool::ControlPlane => tools::control_plane(),
                Tool::Terraform => tools::terraform(),
                Tool::Tofu => tools::tofu(),
                Tool::Helm => tools::helm(),
                Tool::Helm4 => tools::helm4(),
            }?;
            say(&program.display().to_string());
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve { setup } => {
            detach::leave_session()?;
            serve::log_from(tracing::Level::INFO);
            serve(&folder, setup, &|line| say(line))
        }
    }
}

fn up(folder: &Folder, detach: bool, setup: Setup) -> Result<ExitCode, Box<dyn Error>> {
    if folder.owner()?.is_some() {
        say("the playground runs already");
        status(folder)?;
        // Whoever goes on after us needs a playground that is ready.
        return Ok(if folder.facts()?.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let started = Instant::now();
    // Here, where its progress is seen.
    tools::control_plane()?;
    tools::helm()?;
    Charts::packaged()?;
    if setup.cloud.is_some() {
        tools::clouds_python()?;
    }
    if detach {
        detach::start(folder, &setup.arguments(), &|line| say(line))?;
        say(&format!("ready after {} s", started.elapsed().as_secs()));
        Ok(status(folder)?)
    } else {
        serve::log_from(tracing::Level::WARN);
        serve(folder, setup, &|line| {
            say(line);
            if line == serve::READY {
                // What cannot be told about a playground that is ready is no reason to stop it.
                let _ = status(folder);
                say("Ctrl-C stops it");
            }
        })
    }
}

/// Runs the playground in this process, and says how it ended before the folder is free: whoever sees it free finds the
/// whole log.
fn serve(folder: &Folder, setup: Setup, say: &dyn Fn(&str)) -> Result<ExitCode, Box<dyn Error>> {
    let claim = folder.claim()?;
    let Err(error) = serve::serve(&claim, setup, say) else { return Ok(ExitCode::SUCCESS) };
    complain(&error);
    Ok(ExitCode::FAILURE)
}

fn down(folder: &Folder) -> Result<ExitCode, Box<dyn Error>> {
    match folder.stop()? {
        Stopped::NotRunning => say(&format!("no playground runs in {}", folder.path().display())),
        Stopped::Ended => say("stopped"),
        Stopped::Killed => say("did not stop in time and was killed"),
    }
    folder.remove()?;
    Ok(ExitCode::SUCCESS)
}

fn status(folder: &Folder) -> Result<ExitCode, folder::Error> {
    let Some(owner) = folder.owner()? else {
        say(&format!("no playground runs in {}", folder.path().display()));
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    match folder.facts()? {
        Some(facts) => {
            say(&format!("running:    process {owner}, Kubernetes at {}", facts.endpoint));
            if let Some(cloud) = &facts.cloud {
                say(&format!("cloud:      {} at {}", cloud.name, cloud.endpoint));
            }
            say(&format!("kubeconfig: {}", folder.kubeconfig().display()));
            say(&format!("charts:     {}", facts.chart_repository));
            say(&format!("settings:   . {}", folder.environment().display()));
            say(&format!("logs:       {}", folder.path().join("*.log").display()));
        }
        None => say(&format!("starting:   process {owner}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a line to standard output.
fn say(line: &str) {
    // Whoever read it may be gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Writes an error and its causes to standard error.
fn complain(error: &dyn Error) {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}\n  because: {cause}");
        source = cause.source();
    }
    // There is nowhere left to complain.
    let _ = writeln!(std::io::stderr(), "{text}");
}
