//! The one place where the end of an operation becomes text for the practitioner, with what to do.

use tfplugin::diagnostic::Diagnostic;
use tfplugin::path::Path;

use super::error::{About, Ended, Hold, OperationError, Refusal};
use crate::kubeblocks::diagnostic::spoken;
use crate::kubernetes::diagnostic::detail;
use crate::text::capitalized;

/// How a caller's attributes are called.
pub trait Attributes {
    /// The attribute that a refusal is about.
    fn path(&self, about: &About) -> Path;

    /// The attribute that raises the time that is waited.
    fn timeout(&self) -> &'static str;

    /// What does the same once more.
    fn again(&self) -> &'static str;
}

/// The error of an operation. `summary` says what could not be done.
pub fn diagnostic(summary: &str, error: &OperationError, attributes: &dyn Attributes) -> Diagnostic {
    let timeout = attributes.timeout();
    match error {
        OperationError::Refused(refusal) => refused(summary, refusal, attributes),
        OperationError::NoTurn { cluster, why, waited } => Diagnostic::error(
            summary,
            format!(
                "{cluster} was not ready for it after {}: {why}.\n\nNothing was changed. Run the command again when that is over, or raise `{timeout}`. What an operation of somebody else waits for is told by `kubectl describe opsrequest` in that namespace.",
                spoken(*waited)
            ),
        ),
        OperationError::Failed(ended) => Diagnostic::error(
            summary,
            format!(
                "{} has ended as {}{}.\n\n{}{} {}",
                ended.object,
                ended.phase,
                counted(ended),
                paragraph(&ended.facts),
                hold(&ended.hold),
                attributes.again()
            ),
        ),
        OperationError::TimedOut(ended) => Diagnostic::error(
            summary,
            format!(
                "{} was not over after {}: it is {}{}.\n\n{}{} If it only needs longer, raise `{timeout}`. {}",
                ended.object,
                spoken(ended.waited),
                ended.phase,
                counted(ended),
                paragraph(&ended.facts),
                hold(&ended.hold),
                attributes.again()
            ),
        ),
        OperationError::Interrupted { cluster, name, phase, progress } => Diagnostic::error(
            summary,
            interrupted(&cluster.to_string(), name.as_deref(), phase.as_deref(), progress.as_deref()),
        ),
        OperationError::Gone { object } => Diagnostic::error(
            summary,
            format!(
                "{object} was deleted by somebody before it was over, so nobody knows how it ended. {}",
                attributes.again()
            ),
        ),
        OperationError::Api(error) => Diagnostic::error(summary, detail(error)),
    }
}

/// The error of an operation that would not do what it is for.
pub fn refused(summary: &str, refusal: &Refusal, attributes: &dyn Attributes) -> Diagnostic {
    Diagnostic::error(summary, refusal.reason.clone()).at(attributes.path(&refusal.about))
}

/// The warning that the support matrix does not give the operation to the engine, for `reason`.
pub fn unsupported(reason: &str, attributes: &dyn Attributes) -> Diagnostic {
    let detail = format!("{}.\n\nTry it on a copy of the database first.", capitalized(reason));
    Diagnostic::warning("Engine does not support this", detail).at(attributes.path(&About::Operation))
}

/// What is said of an interrupt.
pub fn interrupted(cluster: &str, name: Option<&str>, phase: Option<&str>, progress: Option<&str>) -> String {
    match name {
        None => "Interrupted before the operation was submitted. Nothing was changed.".to_owned(),
        Some(name) => format!(
            "Interrupted while OpsRequest {name} was {}{}. It goes on on {cluster}; run the command again to go on waiting for it.",
            phase.unwrap_or("under way"),
            progress.map(|progress| format!(", {progress}")).unwrap_or_default()
        ),
    }
}

fn counted(ended: &Ended) -> String {
    ended.progress.as_ref().map(|progress| format!(", {progress} done")).unwrap_or_default()
}

fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

fn hold(hold: &Hold) -> String {
    match hold {
        Hold::Ended => "It no longer keeps other operations away, and is left to be looked at.".to_owned(),
        Hold::TakenAway => {
            "It would keep other operations away from the database for ever, so it was removed; what it has begun stays."
                .to_owned()
        }
        Hold::GoesOn => "It keeps nobody away, and goes on.".to_owned(),
        Hold::Stays(why) => format!("It could not be removed, and keeps other operations away: {why}"),
    }
}
