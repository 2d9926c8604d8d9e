//! The plan engine: what a schema alone says about a plan, so that resources only add what they alone can know.
//!
//! Place in the flow: `server` decodes, then `plan` here, then the resource's `modify_plan`, then `finish` here, then
//! `server` encodes; after an apply `check_applied`. Pure: it neither reads the outside world nor knows a protocol, so
//! the second plan, which Terraform asks for at apply, comes out like the first with unknowns filled.
//!
//! The order within a plan is fixed: defaults, write-only values to null, computed values (unknown where there is no
//! prior object, else kept), semantic equality, and only when something changed: computed values that every update
//! makes unknown. Nothing changed means that the plan is the prior state itself.

mod applied;
mod check;
mod correlate;
mod finish;
mod nested;
mod pairs;
mod replace;
mod settle;
mod validate;

#[cfg(test)]
mod tests;

pub use self::applied::check_applied;
pub use self::finish::{Finished, finish};
pub use self::validate::validate;
use crate::diagnostic::Diagnostics;
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::Schema;

/// What the schema plans, before the resource adjusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The planned state.
    pub planned: RawValue,
    /// Attributes whose change forces a replacement by the schema's rules.
    pub requires_replace: Vec<Path>,
    /// Whether the plan differs from the prior state; a create always does.
    pub changed: bool,
}

/// Plans a create (`prior` is null) or an update from the schema alone. A destroy has nothing to plan.
///
/// Terraform's own proposal is not needed: it follows from the configuration and the prior state, and where elements of
/// sets are to be matched, it can come out differently at apply.
/// Errors are the practitioner's: elements of a set that turn out to be the same.
pub fn plan(schema: &Schema, config: &RawValue, prior: &RawValue) -> Result<Planned, Diagnostics> {
    let settled = settle::settle(schema, config, prior, settle::Computed::Kept)?;
    if settled == *prior {
        return Ok(Planned { planned: settled, requires_replace: Vec::new(), changed: false });
    }
    let planned = settle::settle(schema, config, prior, settle::Computed::Updated)?;
    let requires_replace = replace::collect(schema, prior, &planned);
    Ok(Planned { planned, requires_replace, changed: true })
}
