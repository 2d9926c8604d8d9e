//! `terraform-provider-kubeblocks review`: what a plan does to databases, for a pull request. Reads the output of
//! `terraform show -json`, asks no server and changes nothing.
//!
//! The way of the data: bytes -> `source` -> `plan` -> `assemble` (pure) -> `model` -> one of the formats. What a
//! change does is the provider's own word, the attribute `planned_impact`; only for destroyed objects it is judged here.

mod assemble;
mod attributes;
mod compose;
mod destroy;
mod document;
mod escape;
mod facts;
mod findings;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod github;
mod html;
mod impact;
mod judge;
mod kinds;
mod markdown;
mod model;
mod plan;
mod planned;
mod sarif;
mod source;
#[cfg(test)]
mod testing;
mod words;

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use impact::Level;
use model::Review;

/// The exit code when a change reaches the level of `--fail-on`.
const REACHED: u8 = 2;
/// How many changes standard error names one by one.
const NAMED: usize = 20;

/// Review a plan for a pull request: what restarts, what stops, which data goes. Reads `terraform show -json`.
///
/// Exit codes: 0 the plan was reviewed, 1 it could not be read, 2 a change reaches `--fail-on`, 64 the command line is
/// wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Output of `terraform show -json PLANFILE`; left out or `-`: standard input
    #[arg(value_name = "PLAN_JSON")]
    pub plan: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
    /// The level from which on the exit code is 2; `none`: never
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::None)]
    pub fail_on: Level,
    /// Characters that the Markdown has at most; GitHub takes 65536 in a comment
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 60_000,
        value_parser = clap::value_parser!(u32).range(2_000..)
    )]
    pub max_length: u32,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A comment on a pull request
    Markdown,
    /// For programs
    Json,
    /// One file for a browser
    Html,
    /// For code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// Why there is no review.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("failed to read {file}: {source}")]
    Read { file: String, source: std::io::Error },
    #[error("there is no plan: name a file, or write one to standard input")]
    Terminal,
    #[error("{file}: {source}")]
    Plan { file: String, source: source::Error },
    #[error("failed to write the review as JSON: {0}")]
    Write(serde_json::Error),
}

/// Prints the review on standard output, and returns the exit code.
pub fn run(arguments: &Arguments) -> ExitCode {
    match examine(arguments) {
        Ok((review, text)) => {
            let mut stdout = std::io::stdout().lock();
            // Who closes the pipe early still gets the exit code.
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
            judge(&review, arguments.fail_on)
        }
        Err(error) => {
            tell(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn examine(arguments: &Arguments) -> Result<(Review, String), Error> {
    let path = arguments.plan.as_deref().filter(|path| *path != Path::new("-"));
    let file = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    let bytes = read(path).map_err(|source| Error::Read { file: file.clone(), source })?;
    let Some(bytes) = bytes else { return Err(Error::Terminal) };
    let plan = source::read(&bytes).map_err(|source| Error::Plan { file, source })?;
    drop(bytes);
    let review = assemble::assemble(&plan);
    let text = render(&review, arguments, path).map_err(Error::Write)?;
    Ok((review, text))
}

/// The input; `None` when somebody sits before it and would wait for ever.
fn read(path: Option<&Path>) -> std::io::Result<Option<Vec<u8>>> {
    if let Some(path) = path {
        return std::fs::read(path).map(Some);
    }
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn render(review: &Review, arguments: &Arguments, path: Option<&Path>) -> serde_json::Result<String> {
    Ok(match arguments.format {
        Format::Markdown => {
            let most = usize::try_from(arguments.max_length).unwrap_or(usize::MAX);
            markdown::render(&compose::compose(review), most)
        }
        Format::Html => html::render(&compose::compose(review)),
        Format::Json => serde_json::to_string_pretty(review)? + "\n",
        Format::Sarif => serde_json::to_string_pretty(&sarif::render(review, &scanned_file(path)))? + "\n",
        Format::Github => github::render(review),
    })
}

/// The file that code scanning shows: never a path of the machine that made the plan.
fn scanned_file(path: Option<&Path>) -> String {
    let relative = path.filter(|path| path.is_relative() && !path.starts_with(".."));
    let name = relative.or_else(|| path.and_then(Path::file_name).map(Path::new));
    name.map_or_else(|| "plan.json".to_owned(), |name| name.to_string_lossy().replace('\\', "/"))
}

/// The exit code, and on standard error what has led to it.
fn judge(review: &Review, fail_on: Level) -> ExitCode {
    if fail_on == Level::None {
        return ExitCode::SUCCESS;
    }
    if review.unknown_levels > 0 {
        tell(&format!("not judged by --fail-on: {}", words::unknown(review)));
    }
    if review.errored {
        tell("not judged by --fail-on: what the plan would have held without its error");
    }
    let reaching = reaching(review, fail_on);
    if reaching.is_empty() {
        return ExitCode::SUCCESS;
    }
    for line in reaching.iter().take(NAMED) {
        tell(line);
    }
    if reaching.len() > NAMED {
        tell(&format!("and {} more", reaching.len() - NAMED));
    }
    ExitCode::from(REACHED)
}

/// What reaches a level, one line each.
fn reaching(review: &Review, fail_on: Level) -> Vec<String> {
    let resources = review.resources.iter().map(|resource| (&resource.address, resource.impact.level));
    let actions = review.actions.iter().map(|action| (&action.address, action.level));
    resources
        .chain(actions)
        .filter_map(|(address, level)| Some((address, level.filter(|level| *level >= fail_on)?)))
        .map(|(address, level)| format!("{}: {}", escape::visible(address), words::level(Some(level))))
        .collect()
}

fn tell(text: &str) {
    // Nobody to tell when standard error is closed.
    let _ = std::io::stderr().write_all(format!("kubeblocks: {text}\n").as_bytes());
}
