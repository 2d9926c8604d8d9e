//! Which fields of a live object are ours to show. Pure.

use std::collections::BTreeMap;

use crate::kubernetes::ownership::{FieldPath, FieldStep, Ownership};

/// One step to a field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A field of an object, or a key of a map.
    Field(&'a str),
    /// The element of a list whose `name` is this.
    Named(&'a str),
    /// The element of a set that is this text.
    Element(&'a str),
}

/// Answers whether a field, or anything below it, is ours.
pub trait Claims {
    /// Whether the field at `path`, or anything below it, is ours.
    fn own(&self, path: &[Step<'_>]) -> bool;
}

/// Everything is ours: an object that Terraform takes over and that was made without it.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

impl Claims for Everything {
    fn own(&self, _path: &[Step<'_>]) -> bool {
        true
    }
}

/// Nothing is ours but what is written.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Claims for Nothing {
    fn own(&self, _path: &[Step<'_>]) -> bool {
        false
    }
}

/// A place in an object, to ask about what is below it.
#[derive(Clone)]
pub struct Place<'a> {
    claims: &'a dyn Claims,
    path: Vec<Step<'a>>,
}

impl<'a> Place<'a> {
    /// The object itself.
    pub fn root(claims: &'a dyn Claims) -> Self {
        Self { claims, path: Vec::new() }
    }

    /// What is one step below.
    #[must_use]
    pub fn at(&self, step: Step<'a>) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { claims: self.claims, path }
    }

    /// A field below.
    #[must_use]
    pub fn field(&self, name: &'a str) -> Self {
        self.at(Step::Field(name))
    }

    /// Whether this place, or anything below it, is ours.
    pub fn is_ours(&self) -> bool {
        self.claims.own(&self.path)
    }

    /// Whether a key or element directly below is ours.
    pub fn owns(&self, step: Step<'_>) -> bool {
        let mut path: Vec<Step<'_>> = self.path.clone();
        path.push(step);
        self.claims.own(&path)
    }
}

/// What server-side apply has noted as ours.
impl Claims for Ownership {
    fn own(&self, path: &[Step<'_>]) -> bool {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let steps = path.iter().map(|step| match step {
            Step::Field(name) => FieldStep::Field((*name).to_owned()),
            Step::Named(name) => FieldStep::Key(BTreeMap::from([("name".to_owned(), quoted(name))])),
            Step::Element(text) => FieldStep::Element(quoted(text)),
        });
        self.owns(&FieldPath(steps.collect()))
    }
}
