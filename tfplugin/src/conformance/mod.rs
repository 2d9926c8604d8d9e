//! Terraform's own rules, as code for the tests of providers and of this library.
//!
//! Terraform refuses what a provider plans, applies or declares when it breaks a rule, and says so only to whoever runs
//! it. Here the same rules stand as functions: give them what went over the wire, and they return every [`Violation`].
//! They were written from the rules alone and share no code with [`crate::plan`], so that each can find the other's
//! mistakes. Not for use in a running provider: the messages show values.
//!
//! [`proposed_new_state`] and [`action`] stand in for what Terraform does between the calls, so that a test can play a
//! whole run: propose, plan, choose the action, plan again, apply, propose again.

mod applied;
mod compatible;
mod identity;
mod plan_valid;
mod proposed;
mod replaces;
mod schema;
mod values;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod generate;
#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod plan_properties;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod play;

use std::fmt;

pub use self::applied::assert_applied;
pub use self::compatible::{assert_final_plan, assert_object_compatible};
pub use self::identity::{IdentityStage, assert_identity};
pub use self::plan_valid::assert_plan_valid;
pub use self::proposed::proposed_new_state;
pub use self::replaces::{Action, action};
pub use self::schema::{SchemaKind, assert_schema, assert_signature};
use crate::path::Path;

/// One rule broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub path: Path,
    /// What is wrong there; shows values unless the attribute is sensitive.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_root() {
            return write!(formatter, "{}", self.message);
        }
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// What a check found; empty when the rules are kept.
pub type Violations = Vec<Violation>;

fn violation(path: &Path, message: impl Into<String>) -> Violation {
    Violation { path: path.clone(), message: message.into() }
}
