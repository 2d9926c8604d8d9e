//! The one place where what goes wrong with a cloud becomes text for the practitioner.

use kubeblocks_cloud::Error;
use tfplugin::prelude::*;

use super::drive::Stopped;
use crate::text::capitalized;

/// A cloud's refusal as a diagnostic; `summary` says what could not be done.
pub(crate) fn diagnostic(summary: &str, error: &Error) -> Diagnostic {
    let found = Diagnostic::error(summary, detail(error));
    match error {
        Error::AlreadyExists { .. } => found.at(Path::attribute("name")),
        _ => found,
    }
}

/// Cause and remedy.
pub(crate) fn detail(error: &Error) -> String {
    let what = capitalized(&error.to_string());
    let remedy = match error {
        Error::NotFound { .. } => {
            "It was removed outside of Terraform, or belongs to another account, project or region."
        }
        Error::AlreadyExists { .. } => "Choose another name, or import it to manage it here.",
        Error::Conflict { .. } => {
            "Somebody else changes it at the same time. Run the command again when that has ended."
        }
        Error::PermissionDenied { .. } => {
            "Give the identity that the provider uses this permission, or use another identity in the provider block."
        }
        Error::Unauthenticated { .. } => "",
        Error::Throttled { .. } => {
            "The account makes more calls than the cloud allows. Run the command again later."
        }
        Error::QuotaExceeded { .. } => {
            "Ask the cloud for more, free what is not used, or ask for less here (fewer or smaller nodes, another region). Then run the command again."
        }
        Error::InvalidSpec { .. } => "Change the configuration accordingly.",
        Error::Failed { .. } => "The cloud's words above say why. What was made is kept in the state.",
        Error::Unexpected { .. } => {
            "Run the command again; if it goes on, check the network and the cloud's status page."
        }
    };
    if remedy.is_empty() { what } else { format!("{what}.\n\n{remedy}") }
}

/// Why a step did not come to its end, as a diagnostic of an operation whose timeout is `timeout`.
pub(crate) fn stopped(summary: &str, timeout: &str, stopped: &Stopped) -> Diagnostic {
    match stopped {
        Stopped::Failed(error) => diagnostic(summary, error),
        Stopped::Interrupted { what } => Diagnostic::error(
            summary,
            format!("Interrupted while waiting for {what}. Run the command again to go on."),
        ),
        Stopped::TimedOut { what, waited } => Diagnostic::error(
            summary,
            format!(
                "After {} minutes it is still waiting for {what}. The cloud goes on with it. Run the command again to go on waiting, or raise `timeouts.{timeout}`.",
                waited.as_secs().div_ceil(60)
            ),
        ),
    }
}

/// What is added to the failure of a create: what Terraform does with it, and how to go on instead.
pub(crate) fn with_untaint(mut found: Diagnostic) -> Diagnostic {
    found.detail.push_str("\n\nTerraform marks the resource as tainted: the next apply would remove what was made and begin again. To go on from here instead, run `terraform untaint` with the resource's address before the next apply.");
    found
}

/// What is added to the refusal of a name that is taken: the line that imports what has it. `id` is what an import takes,
/// where it is known without asking the cloud.
pub(crate) fn with_import(
    mut found: Diagnostic,
    stopped: &Stopped,
    type_name: &str,
    id: Option<&str>,
) -> Diagnostic {
    if let Stopped::Failed(Error::AlreadyExists { .. }) = stopped {
        let id = id.unwrap_or("ID");
        let line = format!(
            "\n\nTo import it, with the address of this resource in place of `{type_name}.NAME`:\n\n  terraform import {type_name}.NAME {id}"
        );
        found.detail.push_str(&line);
    }
    found
}
