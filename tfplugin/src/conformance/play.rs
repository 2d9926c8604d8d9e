//! A run of Terraform over the engine of [`crate::plan`], held against the rules of [`crate::conformance`]: for the
//! property tests and the fuzz targets. Panics where a rule is broken.
#![allow(clippy::panic, clippy::unwrap_used, reason = "called by tests and fuzz targets only")]

use super::generate::Choices;
use super::{Action, action, assert_applied, assert_final_plan, assert_plan_valid};
use crate::path::Path;
use crate::plan::{check_applied, finish, plan};
use crate::raw::RawValue;
use crate::schema::Schema;

/// One answer of the provider, as it would go over the wire.
struct Answer {
    planned: RawValue,
    requires_replace: Vec<Path>,
    action: Action,
}

/// Plans as the server does, with a resource that adjusts nothing: `planned` goes through typed values and loses its
/// refinements and the types of its nulls. `None` when the configuration is at fault.
fn answer(schema: &Schema, prior: &RawValue, config: &RawValue) -> Option<Answer> {
    let first = plan(schema, config, prior).ok()?;
    let typed = first.planned.clone().map_parts(|_, part| match part {
        RawValue::Unknown(_) => RawValue::unknown(),
        null if null.is_null() => RawValue::Null,
        known => known,
    });
    let finished = finish(schema, config, prior, &typed, first.requires_replace.clone())
        .unwrap_or_else(|errors| panic!("finish refuses the engine's own plan: {errors:?}"));
    assert_eq!(
        finished.changed, first.changed,
        "prior {prior:?}\nconfig {config:?}\nplanned {:?}",
        first.planned
    );
    assert_eq!(finished.requires_replace, {
        let mut sorted = first.requires_replace;
        sorted.sort();
        sorted
    });
    assert_eq!(assert_plan_valid(schema, prior, config, &finished.planned), []);
    let action = action(schema, prior, &finished.planned, &finished.requires_replace).unwrap();
    Some(Answer { planned: finished.planned, requires_replace: finished.requires_replace, action })
}

/// Plays the change that a configuration asks for; the state after it, or `None` when the configuration is at fault.
pub(crate) fn run(
    choices: &mut Choices,
    schema: &Schema,
    prior: &RawValue,
    config: &RawValue,
) -> Option<RawValue> {
    let known = choices.resolved(&schema.attributes, config);
    let first = answer(schema, prior, config)?;
    let (prior, first) = match first.action {
        Action::Replace => (RawValue::Null, answer(schema, &RawValue::Null, config)?),
        Action::Create | Action::NoOp | Action::Update => (prior.clone(), first),
    };
    let second = answer(schema, &prior, &known)?;
    let broken = assert_final_plan(schema, &first.planned, &second.planned);
    assert!(
        broken.is_empty(),
        "{broken:?}\nprior {prior:?}\nconfig {config:?}\nknown {known:?}\nfirst {:?}\nsecond {:?}",
        first.planned,
        second.planned
    );
    let keeps_action =
        second.action == first.action || (first.action, second.action) == (Action::Update, Action::NoOp);
    assert!(keeps_action, "{:?} became {:?} by {:?}", first.action, second.action, second.requires_replace);
    if second.action == Action::NoOp {
        assert_eq!(second.planned, prior);
        return Some(prior);
    }
    let applied = choices.applied(&schema.attributes, &second.planned);
    assert_eq!(assert_applied(schema, &second.planned, &applied), []);
    assert!(check_applied(schema, &second.planned, &applied).is_empty());
    if choices.collapsed {
        return None;
    }
    let again = answer(schema, &applied, &known)?;
    assert_eq!(again.planned, applied, "the same configuration planned again changes something");
    assert_eq!(again.action, Action::NoOp);
    Some(applied)
}
