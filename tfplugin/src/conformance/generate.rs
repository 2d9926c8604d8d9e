//! Random schemas, configurations, states and a resource that keeps the rules, for the property tests. All of it is
//! drawn from one string of bytes, so that proptest can shrink it and a fuzzer can steer it.
#![allow(clippy::unwrap_used, reason = "called by tests and fuzz targets only")]

use std::collections::BTreeMap;

use crate::raw::{RawValue, Refinements};
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::types::Type;

/// Decisions drawn from bytes; zero when they are used up, which is always the simplest choice.
pub(crate) struct Choices {
    bytes: Vec<u8>,
    position: usize,
    filled: usize,
    words: &'static [&'static str],
    /// Whether elements of a set became the same when they were filled in; a configuration that leads there never
    /// settles, as it has more elements than the state.
    pub(crate) collapsed: bool,
}

const WORDS: [&str; 6] = ["a", "A", "b", "B", "pre-c", "pre-d"];

impl Choices {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self::with_words(bytes, &WORDS)
    }

    /// With other texts: the first three are keys of maps, too.
    pub(crate) fn with_words(bytes: Vec<u8>, words: &'static [&'static str]) -> Self {
        Self { bytes, position: 0, filled: 0, words, collapsed: false }
    }

    fn word(&mut self) -> RawValue {
        let drawn = self.below(self.words.len());
        RawValue::from(self.words[drawn])
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let byte = self.bytes.get(self.position).copied().unwrap_or(0);
        self.position += 1;
        usize::from(byte) % limit
    }

    /// How many bytes were used up.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn drawn(&self) -> usize {
        self.position
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn schema(&mut self) -> Schema {
        let attributes = self.attributes(3, Holder::default());
        attributes.into_iter().fold(Schema::new("Random."), Schema::attribute)
    }

    fn attributes(&mut self, depth: usize, holder: Holder) -> Vec<Attribute> {
        let count = 1 + self.below(4);
        (0..count).map(|index| self.attribute(["a", "b", "c", "d"][index], depth, holder)).collect()
    }

    fn attribute(&mut self, name: &str, depth: usize, holder: Holder) -> Attribute {
        let mode = if holder.read_only {
            Mode::Computed
        } else {
            [Mode::Optional, Mode::Required, Mode::OptionalComputed, Mode::Computed][self.below(4)]
        };
        let shape = self.shape(depth, Holder { read_only: mode == Mode::Computed, ..holder });
        let mut attribute = Attribute::new(name, "Random.", shape, mode);
        let computed = matches!(mode, Mode::Computed | Mode::OptionalComputed);
        if computed && self.one_in(3) {
            attribute = attribute.not_null();
        }
        if computed && self.one_in(3) {
            attribute = attribute.unknown_on_update();
        }
        if !holder.in_set && self.one_in(4) {
            attribute = attribute.requires_replace();
        }
        if mode == Mode::Optional
            && !holder.in_set
            && matches!(attribute.shape, Shape::Type(_))
            && self.one_in(4)
        {
            return attribute.write_only();
        }
        if matches!(mode, Mode::Optional | Mode::OptionalComputed) && self.one_in(3) {
            attribute = match &attribute.shape {
                Shape::Type(Type::String) => attribute.default_value(|| RawValue::from("b")),
                Shape::Type(Type::Number) => attribute.default_value(|| RawValue::from(7)),
                Shape::Type(Type::List(_)) => {
                    attribute.default_value(|| RawValue::list([RawValue::from("b")]))
                }
                _ => attribute,
            };
        }
        if mode != Mode::Computed && matches!(attribute.shape, Shape::Type(Type::String)) && self.one_in(2) {
            attribute = attribute.semantic_equality(same_but_for_case);
        }
        attribute
    }

    fn shape(&mut self, depth: usize, holder: Holder) -> Shape {
        let text = || Box::new(Type::String);
        match self.below(if depth == 0 { 7 } else { 15 }) {
            0 | 1 => Shape::Type(Type::String),
            2 => Shape::Type(Type::Number),
            3 => Shape::Type(Type::List(text())),
            4 => Shape::Type(Type::Set(text())),
            5 => Shape::Type(Type::Map(text())),
            6 if holder.in_set => Shape::Type(Type::String),
            6 => Shape::Type(Type::Dynamic),
            drawn => {
                let nesting = [Nesting::Single, Nesting::List, Nesting::Set, Nesting::Map][drawn % 4];
                let holder = Holder { in_set: holder.in_set || nesting == Nesting::Set, ..holder };
                Shape::Nested { nesting, attributes: self.attributes(depth - 1, holder) }
            }
        }
    }

    /// A configuration; `unknowns` says whether parts of it may be unknown.
    pub(crate) fn config(&mut self, attributes: &[Attribute], unknowns: bool) -> RawValue {
        RawValue::object(attributes.iter().map(|attribute| {
            let value = match attribute.mode {
                Mode::Computed => RawValue::Null,
                Mode::Optional | Mode::OptionalComputed if self.one_in(2) => self.null(&attribute.shape),
                _ => self.configured(&attribute.shape, unknowns),
            };
            (attribute.name.clone(), value)
        }))
    }

    fn configured(&mut self, shape: &Shape, unknowns: bool) -> RawValue {
        if unknowns && self.one_in(4) {
            let text = matches!(shape, Shape::Type(Type::String));
            return match self.below(3) {
                1 => RawValue::refined(Refinements { null: Some(false), ..Refinements::default() }),
                2 if text => RawValue::refined(Refinements {
                    string_prefix: Some("pre-".to_owned()),
                    ..Refinements::default()
                }),
                _ => RawValue::unknown(),
            };
        }
        match shape {
            Shape::Type(kind) => self.typed(kind, unknowns),
            Shape::Nested { nesting, attributes } => {
                self.gathered(*nesting, |choices| choices.config(attributes, unknowns))
            }
        }
    }

    /// No value: where any type fits, of some type or of none.
    fn null(&mut self, shape: &Shape) -> RawValue {
        match shape {
            Shape::Type(Type::Dynamic) => {
                let kinds = [None, Some(Type::String), Some(Type::Number)];
                let kind = kinds[self.below(3)].clone();
                kind.map_or(RawValue::Null, |kind| RawValue::dynamic(kind, RawValue::Null))
            }
            _ => RawValue::Null,
        }
    }

    fn typed(&mut self, kind: &Type, unknowns: bool) -> RawValue {
        let element = |choices: &mut Self, inner: &Type| {
            // Which type an unknown one has is not looked up again when it becomes known.
            let unknowns = unknowns && *inner == Type::String;
            choices.configured(&Shape::Type(inner.clone()), unknowns)
        };
        match kind {
            Type::Number => RawValue::from(i64::try_from(self.below(3)).unwrap()),
            Type::Bool => RawValue::from(self.one_in(2)),
            Type::Dynamic => {
                let kind = [Type::String, Type::Number][self.below(2)].clone();
                let value = self.typed(&kind, false);
                RawValue::dynamic(kind, value)
            }
            Type::List(inner) => self.gathered(Nesting::List, |choices| element(choices, inner)),
            Type::Set(inner) => self.gathered(Nesting::Set, |choices| element(choices, inner)),
            Type::Map(inner) => self.gathered(Nesting::Map, |choices| element(choices, inner)),
            Type::Object(kinds) => RawValue::object(
                kinds.iter().map(|(name, kind)| (name.clone(), self.typed(kind, false))).collect::<Vec<_>>(),
            ),
            Type::Tuple(kinds) => RawValue::Tuple(kinds.iter().map(|kind| self.typed(kind, false)).collect()),
            Type::String => self.word(),
        }
    }

    fn gathered(&mut self, nesting: Nesting, mut element: impl FnMut(&mut Self) -> RawValue) -> RawValue {
        let count = self.below(4);
        match nesting {
            Nesting::Single => element(self),
            Nesting::List => RawValue::List((0..count).map(|_| element(self)).collect()),
            Nesting::Set => RawValue::set((0..count).map(|_| element(self)).collect::<Vec<_>>()),
            Nesting::Map => {
                let keys = self.words;
                RawValue::Map((0..count).map(|_| (keys[self.below(3)].to_owned(), element(self))).collect())
            }
        }
    }

    /// The same configuration once everything is known.
    pub(crate) fn resolved(&mut self, attributes: &[Attribute], config: &RawValue) -> RawValue {
        RawValue::object(attributes.iter().map(|attribute| {
            let value = config.attribute(&attribute.name).unwrap();
            (attribute.name.clone(), self.resolved_value(attribute, value))
        }))
    }

    fn resolved_value(&mut self, attribute: &Attribute, config: &RawValue) -> RawValue {
        match (&attribute.shape, config) {
            (_, RawValue::Unknown(refinements)) => {
                let may_be_null = attribute.mode != Mode::Required
                    && refinements.as_ref().is_none_or(|refinements| refinements.null != Some(false));
                if may_be_null && self.one_in(2) {
                    return self.null(&attribute.shape);
                }
                let prefix =
                    refinements.as_ref().is_some_and(|refinements| refinements.string_prefix.is_some());
                if prefix { RawValue::from("pre-z") } else { self.configured(&attribute.shape, false) }
            }
            (Shape::Nested { attributes, .. }, RawValue::Object(_)) => self.resolved(attributes, config),
            (Shape::Nested { attributes, .. }, RawValue::List(elements)) => RawValue::list(
                elements.iter().map(|element| self.resolved(attributes, element)).collect::<Vec<_>>(),
            ),
            (Shape::Nested { attributes, .. }, RawValue::Set(elements)) => RawValue::set(
                elements.iter().map(|element| self.resolved(attributes, element)).collect::<Vec<_>>(),
            ),
            (Shape::Nested { attributes, .. }, RawValue::Map(elements)) => RawValue::Map(
                elements
                    .iter()
                    .map(|(key, element)| (key.clone(), self.resolved(attributes, element)))
                    .collect(),
            ),
            _ => config.clone().map_parts(|_, part| match part {
                RawValue::Unknown(refinements) => {
                    let prefix = refinements.is_some_and(|refinements| refinements.string_prefix.is_some());
                    RawValue::from(if prefix { "pre-z" } else { self.words[self.below(4)] })
                }
                known => known,
            }),
        }
    }

    /// What a resource that keeps the rules makes of a plan whose configuration is wholly known: each unknown becomes
    /// some value that was never there before, so that elements of sets stay apart.
    pub(crate) fn applied(&mut self, attributes: &[Attribute], planned: &RawValue) -> RawValue {
        RawValue::object(attributes.iter().map(|attribute| {
            let value = planned.attribute(&attribute.name).unwrap();
            (attribute.name.clone(), self.applied_value(attribute, value))
        }))
    }

    fn applied_value(&mut self, attribute: &Attribute, planned: &RawValue) -> RawValue {
        match (&attribute.shape, planned) {
            (_, RawValue::Unknown(refinements)) => {
                let promised =
                    refinements.as_ref().is_some_and(|refinements| refinements.null == Some(false));
                self.given(attribute, promised)
            }
            (Shape::Nested { attributes, .. }, RawValue::Object(_)) => self.applied(attributes, planned),
            (Shape::Nested { attributes, .. }, RawValue::List(elements)) => RawValue::list(
                elements.iter().map(|element| self.applied(attributes, element)).collect::<Vec<_>>(),
            ),
            (Shape::Nested { attributes, .. }, RawValue::Set(elements)) => {
                let set = RawValue::set(
                    elements.iter().map(|element| self.applied(attributes, element)).collect::<Vec<_>>(),
                );
                self.collapsed |= matches!(&set, RawValue::Set(filled) if filled.len() < elements.len());
                set
            }
            (Shape::Nested { attributes, .. }, RawValue::Map(elements)) => RawValue::Map(
                elements
                    .iter()
                    .map(|(key, element)| (key.clone(), self.applied(attributes, element)))
                    .collect(),
            ),
            _ => planned.clone(),
        }
    }

    fn given(&mut self, attribute: &Attribute, promised: bool) -> RawValue {
        if attribute.write_only {
            return RawValue::Null;
        }
        if !promised && !attribute.not_null && self.one_in(3) {
            return self.null(&attribute.shape);
        }
        self.filled += 1;
        let unique = format!("given-{}", self.filled);
        match &attribute.shape {
            Shape::Type(Type::Number) => RawValue::from(1000 + i64::try_from(self.filled).unwrap()),
            Shape::Type(Type::Bool) => RawValue::from(true),
            Shape::Type(Type::Dynamic) => RawValue::dynamic(Type::String, RawValue::from(unique)),
            Shape::Type(kind @ (Type::List(inner) | Type::Set(inner) | Type::Map(inner)))
                if **inner != Type::String =>
            {
                self.typed(kind, false)
            }
            Shape::Type(Type::List(_)) => RawValue::list([RawValue::from(unique)]),
            Shape::Type(Type::Set(_)) => RawValue::set([RawValue::from(unique)]),
            Shape::Type(Type::Map(_)) => RawValue::map([("key", RawValue::from(unique))]),
            Shape::Type(kind @ (Type::Object(_) | Type::Tuple(_))) => self.typed(kind, false),
            Shape::Type(Type::String) => RawValue::from(unique),
            Shape::Nested { nesting, attributes } => {
                self.gathered(*nesting, |choices| choices.given_object(attributes))
            }
        }
    }

    fn given_object(&mut self, attributes: &[Attribute]) -> RawValue {
        RawValue::Object(
            attributes
                .iter()
                .map(|attribute| (attribute.name.clone(), self.given(attribute, false)))
                .collect::<BTreeMap<_, _>>(),
        )
    }

    /// A state that need not have come from any configuration, as after an import or outside changes.
    pub(crate) fn state(&mut self, attributes: &[Attribute]) -> RawValue {
        RawValue::object(attributes.iter().map(|attribute| {
            let value = match &attribute.shape {
                _ if attribute.write_only => RawValue::Null,
                _ if !attribute.not_null && self.one_in(3) => self.null(&attribute.shape),
                Shape::Type(kind) => self.typed(kind, false),
                Shape::Nested { nesting, attributes } => {
                    self.gathered(*nesting, |choices| choices.state(attributes))
                }
            };
            (attribute.name.clone(), value)
        }))
    }
}

#[derive(Clone, Copy, Default)]
struct Holder {
    in_set: bool,
    read_only: bool,
}

fn same_but_for_case(prior: &RawValue, config: &RawValue) -> bool {
    match (prior, config) {
        (RawValue::String(prior), RawValue::String(config)) => prior.eq_ignore_ascii_case(config),
        _ => false,
    }
}
