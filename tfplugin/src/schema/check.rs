//! Whether a schema keeps the rules that Terraform has for schemas, and those without which it would do nothing. For
//! tests of providers: a schema that fails here is a mistake of its author. Pure.

mod reserved;

use std::fmt;

use super::{Attribute, Mode, Nesting, Schema, Shape};
use crate::codec::encode_msgpack;
use crate::diagnostic::Diagnostics;
use crate::path::Path;
use crate::types::Type;

/// A rule that a schema breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The attribute, by names alone.
    pub path: Path,
    /// The rule.
    pub kind: SchemaProblemKind,
}

/// See [`SchemaProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaProblemKind {
    /// Versions count from 0.
    #[error("the version is below 0")]
    NegativeVersion,
    /// Lower-case letters, digits and underscores, starting with a letter.
    #[error("names are lower-case letters, digits and underscores, starting with a letter")]
    Name,
    /// The same name twice in one object.
    #[error("the name is given twice")]
    DuplicateName,
    /// A name that Terraform itself reads in such a block.
    #[error("Terraform reserves the name in this kind of block")]
    ReservedName,
    /// Nothing for the practitioner to read.
    #[error("there is no description")]
    NoDescription,
    /// A type that each element decides for itself, within a collection whose elements have one type.
    #[error("the elements of a collection have one type, which cannot be dynamic")]
    DynamicInCollection,
    /// Terraform hides write-only values by marks, which the elements of sets cannot bear.
    #[error("the elements of a set cannot be write-only")]
    WriteOnlyInSet,
    /// A value that is never stored, given by the provider.
    #[error("a write-only value comes from the configuration, so it is not computed and has no default")]
    WriteOnlyComputed,
    /// A stored part of what is never stored.
    #[error("what is within a write-only attribute must be write-only too")]
    StoredInWriteOnly,
    /// A rule that compares with the plan or state, in which the value never is.
    #[error("a write-only value is in no plan or state to compare it with")]
    WriteOnlyCompared,
    /// A default beside another source of the value.
    #[error("only an attribute that is optional and not computed can have a default")]
    DefaultMode,
    /// A default that is not of the type, not known, or null.
    #[error("the default is no known value of the attribute's type")]
    DefaultValue,
    /// A default that the attribute's own checks refuse.
    #[error("the default fails the attribute's own checks")]
    DefaultRefused,
    /// A promise about what the provider gives, where it gives nothing.
    #[error("not_null and unknown_on_update say something about computed values")]
    NotComputed,
    /// A rule about configuration, where there is none.
    #[error("a value that only the provider gives has no configuration to check or compare")]
    NotConfigurable,
    /// Words of an identity in another schema.
    #[error("required_for_import and optional_for_import are for identities")]
    ImportOutsideIdentity,
    /// An attribute of an identity that says neither or both.
    #[error("an attribute of an identity is either required or optional for import")]
    ImportUndecided,
    /// Identities are compared as plain values.
    #[error("an attribute of an identity is a string, a number, a bool or a list of these")]
    IdentityType,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_root() {
            return write!(formatter, "{}", self.kind);
        }
        write!(formatter, "{}: {}", self.path, self.kind)
    }
}

impl std::error::Error for SchemaProblem {}

impl Schema {
    /// The rules that this schema breaks wherever it is used: data sources, actions, list and ephemeral resources.
    pub fn check(&self) -> Vec<SchemaProblem> {
        let mut check = Check::default();
        if self.version < 0 {
            check.add(&Path::root(), SchemaProblemKind::NegativeVersion);
        }
        check.object(&self.attributes, &Path::root(), Surroundings::default());
        check.no_import(&self.attributes);
        check.0
    }

    /// [`Schema::check`] for a managed resource or data source, whose blocks have names of Terraform's own.
    pub fn check_resource(&self) -> Vec<SchemaProblem> {
        let mut problems = self.check();
        problems.extend(reserved::in_resources(self));
        problems
    }

    /// [`Schema::check`] for the provider block.
    pub fn check_provider(&self) -> Vec<SchemaProblem> {
        let mut problems = self.check();
        problems.extend(reserved::in_provider(self));
        problems
    }

    /// The rules that this schema breaks as an identity.
    pub fn check_identity(&self) -> Vec<SchemaProblem> {
        let mut check = Check::default();
        check.object(&self.attributes, &Path::root(), Surroundings::default());
        check.identity(&self.attributes);
        check.0
    }
}

/// What an attribute stands in.
#[derive(Clone, Copy, Default)]
struct Surroundings {
    set: bool,
    write_only: bool,
}

#[derive(Default)]
struct Check(Vec<SchemaProblem>);

impl Check {
    fn add(&mut self, path: &Path, kind: SchemaProblemKind) {
        self.0.push(SchemaProblem { path: path.clone(), kind });
    }

    fn add_if(&mut self, broken: bool, path: &Path, kind: SchemaProblemKind) {
        if broken {
            self.add(path, kind);
        }
    }

    fn object(&mut self, attributes: &[Attribute], path: &Path, surroundings: Surroundings) {
        for (position, attribute) in attributes.iter().enumerate() {
            let path = path.then_attribute(attribute.name.as_str());
            let repeated = attributes[..position].iter().any(|earlier| earlier.name == attribute.name);
            self.add_if(repeated, &path, SchemaProblemKind::DuplicateName);
            self.attribute(attribute, &path, surroundings);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, path: &Path, surroundings: Surroundings) {
        use SchemaProblemKind as Kind;
        let computed = matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed);
        let compared = attribute.plan.requires_replace || attribute.plan.semantic_equality.is_some();
        let promises = attribute.not_null || attribute.plan.unknown_on_update;
        let checked = !attribute.validators.is_empty() || attribute.plan.semantic_equality.is_some();
        let rules = [
            (!is_name(&attribute.name), Kind::Name),
            (attribute.description.trim().is_empty(), Kind::NoDescription),
            (attribute.write_only && surroundings.set, Kind::WriteOnlyInSet),
            (attribute.write_only && attribute.is_computed(), Kind::WriteOnlyComputed),
            (!attribute.write_only && surroundings.write_only, Kind::StoredInWriteOnly),
            (attribute.write_only && compared, Kind::WriteOnlyCompared),
            (attribute.default.is_some() && attribute.mode != Mode::Optional, Kind::DefaultMode),
            (promises && !computed, Kind::NotComputed),
            (checked && !attribute.is_configurable(), Kind::NotConfigurable),
        ];
        for (broken, kind) in rules {
            self.add_if(broken, path, kind);
        }
        self.default_value(attribute, path);
        match &attribute.shape {
            Shape::Type(kind) => self.add_if(gathers_dynamic(kind), path, Kind::DynamicInCollection),
            Shape::Nested { nesting, attributes } => {
                let gathers = *nesting != Nesting::Single
                    && attributes.iter().any(|inner| has_dynamic(&inner.shape.to_type()));
                self.add_if(gathers, path, Kind::DynamicInCollection);
                let inner = Surroundings {
                    set: surroundings.set || *nesting == Nesting::Set,
                    write_only: surroundings.write_only || attribute.write_only,
                };
                self.object(attributes, path, inner);
            }
        }
    }

    fn default_value(&mut self, attribute: &Attribute, path: &Path) {
        let Some(default) = attribute.default else { return };
        let value = default();
        let fits = !value.is_null()
            && value.is_wholly_known()
            && encode_msgpack(&value, &attribute.shape.to_type()).is_ok();
        if !fits {
            self.add(path, SchemaProblemKind::DefaultValue);
            return;
        }
        let mut refusals = Diagnostics::new();
        for validator in &attribute.validators {
            validator.validate(&value, path, &mut refusals);
        }
        self.add_if(refusals.has_errors(), path, SchemaProblemKind::DefaultRefused);
    }

    fn no_import(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|it| it.required_for_import || it.optional_for_import) {
            let path = Path::attribute(attribute.name.as_str());
            self.add(&path, SchemaProblemKind::ImportOutsideIdentity);
        }
    }

    fn identity(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            let path = Path::attribute(attribute.name.as_str());
            let undecided = attribute.required_for_import == attribute.optional_for_import;
            self.add_if(undecided, &path, SchemaProblemKind::ImportUndecided);
            let plain = match &attribute.shape {
                Shape::Type(Type::List(element)) => is_primitive(element),
                Shape::Type(kind) => is_primitive(kind),
                Shape::Nested { .. } => false,
            };
            self.add_if(!plain, &path, SchemaProblemKind::IdentityType);
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_primitive(kind: &Type) -> bool {
    matches!(kind, Type::String | Type::Number | Type::Bool)
}

fn has_dynamic(kind: &Type) -> bool {
    match kind {
        Type::Dynamic => true,
        Type::String | Type::Number | Type::Bool => false,
        Type::List(element) | Type::Set(element) | Type::Map(element) => has_dynamic(element),
        Type::Object(attributes) => attributes.values().any(has_dynamic),
        Type::Tuple(elements) => elements.iter().any(has_dynamic),
    }
}

fn gathers_dynamic(kind: &Type) -> bool {
    match kind {
        Type::Dynamic | Type::String | Type::Number | Type::Bool => false,
        Type::List(element) | Type::Set(element) | Type::Map(element) => has_dynamic(element),
        Type::Object(attributes) => attributes.values().any(gathers_dynamic),
        Type::Tuple(elements) => elements.iter().any(gathers_dynamic),
    }
}

#[cfg(test)]
mod tests;
