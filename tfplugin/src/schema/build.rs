//! Putting schemas together: the calls that the derive macro writes, and that a hand-written schema makes. Pure.

use super::{Attribute, DefaultFn, Effect, Mode, PlanRules, Schema, SemanticEquality, Shape, Validator};

impl Schema {
    /// A schema without attributes, of version 0.
    pub fn new(description: impl Into<String>) -> Self {
        Self { version: 0, description: description.into(), deprecated: None, attributes: Vec::new() }
    }

    /// The same with another version.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// The same as deprecated; `instead` says what to use.
    #[must_use]
    pub fn deprecated(mut self, instead: impl Into<String>) -> Self {
        self.deprecated = Some(instead.into());
        self
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// The attribute of this name at the root.
    pub fn find(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

impl Attribute {
    /// An attribute with no rule but its mode.
    pub fn new(name: impl Into<String>, description: impl Into<String>, shape: Shape, mode: Mode) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            shape,
            mode,
            sensitive: false,
            write_only: false,
            deprecated: None,
            not_null: false,
            required_for_import: false,
            optional_for_import: false,
            default: None,
            validators: Vec::new(),
            effects: Vec::new(),
            plan: PlanRules::default(),
        }
    }

    /// The same, hidden in the CLI's output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The same, never stored.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// The same as deprecated; `instead` says what to use.
    #[must_use]
    pub fn deprecated(mut self, instead: impl Into<String>) -> Self {
        self.deprecated = Some(instead.into());
        self
    }

    /// The same with the promise that a computed value will not be null.
    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    /// The same, as part of an identity that an import must give.
    #[must_use]
    pub fn required_for_import(mut self) -> Self {
        self.required_for_import = true;
        self
    }

    /// The same, as part of an identity that an import may give.
    #[must_use]
    pub fn optional_for_import(mut self) -> Self {
        self.optional_for_import = true;
        self
    }

    /// The same with a value for configurations that have none.
    #[must_use]
    pub fn default_value(mut self, default: DefaultFn) -> Self {
        self.default = Some(default);
        self
    }

    /// The same with one more check.
    #[must_use]
    pub fn validator(mut self, validator: Validator) -> Self {
        self.validators.push(validator);
        self
    }

    /// The same with one more effect that a change may have, for its page.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// The same, as one whose change cannot be made in place.
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.plan.requires_replace = true;
        self
    }

    /// The same, as one that every update makes unknown.
    #[must_use]
    pub fn unknown_on_update(mut self) -> Self {
        self.plan.unknown_on_update = true;
        self
    }

    /// The same with a rule which spellings mean the same.
    #[must_use]
    pub fn semantic_equality(mut self, equality: SemanticEquality) -> Self {
        self.plan.semantic_equality = Some(equality);
        self
    }

    /// Whether the configuration may or must give a value.
    pub fn is_configurable(&self) -> bool {
        self.mode != Mode::Computed
    }

    /// Whether the provider may give a value: by its mode, or because it has a default. This is what goes on the wire.
    pub fn is_computed(&self) -> bool {
        matches!(self.mode, Mode::Computed | Mode::OptionalComputed) || self.default.is_some()
    }
}
