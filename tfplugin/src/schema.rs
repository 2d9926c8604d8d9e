//! What a provider says about its blocks: attributes, their types, modes and rules. Pure, and the same for every
//! protocol: only `server` turns it into messages.

mod build;
mod check;
mod effect;
mod types;

use std::sync::Arc;

pub use self::check::{SchemaProblem, SchemaProblemKind};
pub use self::effect::Effect;
use crate::diagnostic::Diagnostics;
use crate::path::Path;
use crate::raw::RawValue;
use crate::types::Type;

/// The schema of a provider, resource, data source, ephemeral resource, list resource, action or identity.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Version of the stored state; raise it when a stored state needs an upgrade.
    pub version: i64,
    /// Markdown for the practitioner.
    pub description: String,
    /// Set when the whole thing is deprecated: what to use instead.
    pub deprecated: Option<String>,
    /// The attributes, in the order of declaration.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own in the protocol, and any may stand with any"
)]
pub struct Attribute {
    /// Name as written in configuration.
    pub name: String,
    /// Markdown for the practitioner.
    pub description: String,
    /// What its value looks like.
    pub shape: Shape,
    /// Who gives the value.
    pub mode: Mode,
    /// Hidden in the CLI's output.
    pub sensitive: bool,
    /// Only ever read from configuration; never stored in a plan or state.
    pub write_only: bool,
    /// Set when deprecated: what to use instead.
    pub deprecated: Option<String>,
    /// The provider promises that a computed value will not be null.
    pub not_null: bool,
    /// Of an identity: an import must give it.
    pub required_for_import: bool,
    /// Of an identity: an import may give it.
    pub optional_for_import: bool,
    /// Value when the configuration has none. The attribute is then also computed on the wire.
    pub default: Option<DefaultFn>,
    /// Checks of a known, non-null value.
    pub validators: Vec<Validator>,
    /// What a change of it does to an object that is there, for its page. Empty: as what holds it.
    pub effects: Vec<Effect>,
    /// How a plan treats it.
    pub plan: PlanRules,
}

/// Makes an attribute's default.
pub type DefaultFn = fn() -> RawValue;

/// Whether the practitioner, the provider, or either gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The configuration must give it.
    Required,
    /// The configuration may give it.
    Optional,
    /// The provider gives it.
    Computed,
    /// The configuration may give it, else the provider does.
    OptionalComputed,
}

/// The shape of an attribute.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A plain type.
    Type(Type),
    /// Objects whose attributes have modes and descriptions of their own.
    Nested {
        /// How the objects are gathered.
        nesting: Nesting,
        /// The attributes of each object.
        attributes: Vec<Attribute>,
    },
}

/// How nested objects are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects. May hold neither dynamic nor write-only attributes.
    Set,
    /// Objects under string keys.
    Map,
}

/// A check of one attribute's known, non-null value; adds its findings at the given path.
pub type Validator = Arc<dyn Validate>;

/// See [`Validator`].
pub trait Validate: Send + Sync + std::fmt::Debug {
    /// Adds an error or warning for each thing that is wrong with `value`, which is neither null nor unknown.
    fn validate(&self, value: &RawValue, path: &Path, diagnostics: &mut Diagnostics);
}

/// Whether two known values mean the same, so that the prior value is kept in the plan.
pub type SemanticEquality = fn(prior: &RawValue, config: &RawValue) -> bool;

/// How the plan engine treats an attribute.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanRules {
    /// A change cannot be made in place.
    pub requires_replace: bool,
    /// Of a computed attribute: becomes unknown in every update. Without it an update keeps the prior value, and the
    /// resource marks it unknown itself in `modify_plan` when a change affects it.
    pub unknown_on_update: bool,
    /// Keeps the prior value where the configuration only writes it differently.
    pub semantic_equality: Option<SemanticEquality>,
}
