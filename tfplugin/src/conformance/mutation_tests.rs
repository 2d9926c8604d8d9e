//! Checks of the checkers: every single mistake put into a good plan or state must be refused, by the rules here and by
//! the engine's own check alike.

use proptest::prelude::*;

use super::generate::Choices;
use super::*;
use crate::function::{Parameter, Signature};
use crate::plan::{check_applied, finish, plan};
use crate::raw::{RawValue, Refinements};
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::types::Type;

/// A mistake: what stands at the path instead.
type Mistake = (Path, RawValue);

fn with(state: &RawValue, (path, value): &Mistake) -> RawValue {
    let mut wrong = state.clone();
    *wrong.get_mut(path).unwrap() = value.clone();
    wrong
}

/// A value of a type that no random configuration or state holds.
fn mutant(kind: &Type) -> RawValue {
    let text = || RawValue::from("mutant");
    match kind {
        Type::String => text(),
        Type::Number => RawValue::from(-1),
        Type::Bool => RawValue::from(true),
        Type::Dynamic => RawValue::dynamic(Type::String, text()),
        Type::List(inner) => RawValue::list([mutant(inner)]),
        Type::Set(inner) => RawValue::set([mutant(inner)]),
        Type::Map(inner) => RawValue::map([("mutant", mutant(inner))]),
        Type::Object(kinds) => {
            RawValue::object(kinds.iter().map(|(name, kind)| (name.clone(), mutant(kind))))
        }
        Type::Tuple(kinds) => RawValue::Tuple(kinds.iter().map(mutant).collect()),
    }
}

/// Every mistake that a plan of this configuration can hold in one place, sets left aside.
fn plan_mistakes(attributes: &[Attribute], config: &RawValue, path: &Path, found: &mut Vec<Mistake>) {
    for attribute in attributes {
        let path = path.then_attribute(attribute.name.clone());
        let config = config.attribute(&attribute.name).unwrap();
        let kind = attribute.shape.to_type();
        if attribute.write_only {
            found.push((path.clone(), mutant(&kind)));
            found.push((path, RawValue::unknown()));
            continue;
        }
        if attribute.mode == Mode::Computed || config.is_null() && attribute.is_computed() {
            continue;
        }
        if config.is_null() {
            found.push((path.clone(), mutant(&kind)));
            found.push((path, RawValue::unknown()));
            continue;
        }
        found.push((path.clone(), RawValue::Null));
        if config.is_unknown() {
            // Of nested attributes Terraform then only looks at what is inside, which may be computed.
            if matches!(attribute.shape, Shape::Type(_)) {
                found.push((path, mutant(&kind)));
            }
            continue;
        }
        found.push((path.clone(), RawValue::unknown()));
        let Shape::Nested { nesting, attributes } = &attribute.shape else {
            found.push((path, mutant(&kind)));
            continue;
        };
        match config {
            RawValue::Object(_) => plan_mistakes(attributes, config, &path, found),
            RawValue::List(elements) => {
                found.push((
                    path.clone(),
                    RawValue::list(elements.iter().cloned().chain([mutant_object(attributes)])),
                ));
                for (index, element) in elements.iter().enumerate() {
                    plan_mistakes(attributes, element, &path.then_index(index), found);
                }
            }
            RawValue::Map(elements) => {
                let more =
                    elements.clone().into_iter().chain([("mutant".to_owned(), mutant_object(attributes))]);
                found.push((path.clone(), RawValue::map(more)));
                for (key, element) in elements {
                    plan_mistakes(attributes, element, &path.then_key(key.clone()), found);
                }
            }
            _ => assert_eq!(*nesting, Nesting::Set),
        }
    }
}

fn mutant_object(attributes: &[Attribute]) -> RawValue {
    RawValue::object(
        attributes.iter().map(|attribute| (attribute.name.clone(), mutant(&attribute.shape.to_type()))),
    )
}

/// Whether the mistake makes the value there, or one around it, just what it was before, which is always allowed.
fn is_prior(prior: &RawValue, wrong: &RawValue, path: &Path) -> bool {
    (1..=path.steps().len()).any(|length| {
        let around: Path = path.steps().iter().take(length).cloned().collect();
        prior.get(&around).is_some_and(|before| !before.is_null() && wrong.get(&around) == Some(before))
    })
}

/// Every mistake that the result of a plan can hold in one place.
fn apply_mistakes(planned: &RawValue, kind: &Type, path: &Path, found: &mut Vec<Mistake>) {
    found.push((path.clone(), RawValue::unknown()));
    if let RawValue::Unknown(refinements) = planned {
        if refinements.as_ref().is_some_and(|refinements| refinements.null == Some(false)) {
            found.push((path.clone(), RawValue::Null));
        }
        return;
    }
    if !planned.is_null() {
        found.push((path.clone(), RawValue::Null));
    }
    match (planned, kind) {
        (RawValue::Object(attributes), Type::Object(kinds)) => {
            for (name, planned) in attributes {
                apply_mistakes(planned, &kinds[name], &path.then_attribute(name.clone()), found);
            }
        }
        (RawValue::List(elements), Type::List(inner)) => {
            found.push((path.clone(), RawValue::list(elements.iter().cloned().chain([mutant(inner)]))));
            for (index, planned) in elements.iter().enumerate() {
                apply_mistakes(planned, inner, &path.then_index(index), found);
            }
        }
        (RawValue::Map(elements), Type::Map(inner)) => {
            let more = elements.clone().into_iter().chain([("mutant".to_owned(), mutant(inner))]);
            found.push((path.clone(), RawValue::map(more)));
            for (key, planned) in elements {
                apply_mistakes(planned, inner, &path.then_key(key.clone()), found);
            }
        }
        // One element more than planned.
        (RawValue::Set(elements), Type::Set(inner)) => {
            found.push((path.clone(), RawValue::set(elements.iter().cloned().chain([mutant(inner)]))));
        }
        _ => found.push((path.clone(), mutant(kind))),
    }
}

/// A schema with a good run: prior state, known configuration, plan and applied state.
fn good_run(
    choices: &mut Choices,
    unknowns: bool,
) -> Option<(Schema, RawValue, RawValue, RawValue, RawValue)> {
    let schema = choices.schema();
    let prior = if choices.below(2) == 0 { RawValue::Null } else { choices.state(&schema.attributes) };
    let config = choices.config(&schema.attributes, unknowns);
    let planned = plan(&schema, &config, &prior).ok()?.planned;
    let applied = choices.applied(&schema.attributes, &planned);
    Some((schema, prior, config, planned, applied))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn every_mistake_in_a_plan_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let Some((schema, prior, config, planned, _)) = good_run(&mut Choices::new(bytes), true) else { return Ok(()) };
        prop_assert_eq!(assert_plan_valid(&schema, &prior, &config, &planned), []);
        let mut mistakes = Vec::new();
        plan_mistakes(&schema.attributes, &config, &Path::root(), &mut mistakes);
        // A spelling kept from before may stand in another place than the configuration's own.
        for mistake in mistakes.iter().filter(|(path, _)| planned.get(path).is_some()) {
            let wrong = with(&planned, mistake);
            if wrong == planned || is_prior(&prior, &wrong, &mistake.0) {
                continue;
            }
            prop_assert!(!assert_plan_valid(&schema, &prior, &config, &wrong).is_empty(), "rules accept {:?}", mistake);
            match finish(&schema, &config, &prior, &wrong, Vec::new()) {
                Ok(finished) => prop_assert_eq!(assert_plan_valid(&schema, &prior, &config, &finished.planned), []),
                Err(errors) => prop_assert!(errors.iter().any(|error| error.path.is_some()), "{:?}", errors),
            }
        }
    }

    #[test]
    fn every_mistake_in_an_applied_state_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let Some((schema, _, _, planned, applied)) = good_run(&mut Choices::new(bytes), false) else { return Ok(()) };
        prop_assert_eq!(assert_applied(&schema, &planned, &applied), []);
        prop_assert!(check_applied(&schema, &planned, &applied).is_empty());
        let mut mistakes = Vec::new();
        apply_mistakes(&planned, &schema.object_type(), &Path::root(), &mut mistakes);
        for mistake in &mistakes {
            let wrong = with(&applied, mistake);
            prop_assert!(!assert_applied(&schema, &planned, &wrong).is_empty(), "rules accept {:?}", mistake);
            prop_assert!(check_applied(&schema, &planned, &wrong).has_errors(), "engine accepts {:?}", mistake);
        }
    }

    #[test]
    fn a_second_plan_that_takes_something_back_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let Some((schema, _, _, planned, _)) = good_run(&mut Choices::new(bytes), true) else { return Ok(()) };
        prop_assert_eq!(assert_final_plan(&schema, &planned, &planned), []);
        let mut mistakes = Vec::new();
        apply_mistakes(&planned, &schema.object_type(), &Path::root(), &mut mistakes);
        for mistake in &mistakes {
            let wrong = with(&planned, mistake);
            // What was unknown may stay so.
            let stays = mistake.1.is_unknown() && planned.get(&mistake.0).is_some_and(RawValue::is_unknown);
            prop_assert!(stays || !assert_final_plan(&schema, &planned, &wrong).is_empty(), "rules accept {:?}", mistake);
        }
    }
}

fn one(attribute: Attribute) -> Schema {
    Schema::new("One attribute.").attribute(attribute)
}

fn text(mode: Mode) -> Attribute {
    Attribute::new("a", "Text.", Shape::Type(Type::String), mode)
}

fn state(value: impl Into<RawValue>) -> RawValue {
    RawValue::object([("a", value.into())])
}

#[test]
fn values_of_sensitive_attributes_are_not_shown() {
    let schema = one(text(Mode::Required).sensitive());
    let found = assert_plan_valid(&schema, &RawValue::Null, &state("marker"), &state("other marker"));
    assert_eq!(found.len(), 1);
    let applied = assert_applied(&schema, &state("marker"), &state("other marker"));
    assert_eq!(applied.len(), 1);
    assert!(!format!("{found:?}{applied:?}").contains("marker"));
}

#[test]
fn every_kind_of_refinement_binds() {
    let promise = |refinements| state(RawValue::refined(refinements));
    let none = Refinements::default;
    let table = [
        (
            Type::String,
            Refinements { string_prefix: Some("x-".into()), ..none() },
            "x-1".into(),
            "y-1".into(),
        ),
        (Type::String, Refinements { null: Some(true), ..none() }, RawValue::Null, "x".into()),
        (Type::String, Refinements { null: Some(false), ..none() }, "x".into(), RawValue::Null),
        (
            Type::Number,
            Refinements { number_lower_bound: Some((3.into(), false)), ..none() },
            RawValue::from(4),
            RawValue::from(3),
        ),
        (
            Type::Number,
            Refinements { number_upper_bound: Some((3.into(), true)), ..none() },
            RawValue::from(3),
            RawValue::from(4),
        ),
        (
            Type::List(Box::new(Type::String)),
            Refinements { collection_length_lower_bound: Some(1), ..none() },
            RawValue::list(["x".into()]),
            RawValue::list([]),
        ),
        (
            Type::Set(Box::new(Type::String)),
            Refinements { collection_length_upper_bound: Some(0), ..none() },
            RawValue::set([]),
            RawValue::set(["x".into()]),
        ),
    ];
    for (kind, refinements, kept, broken) in table {
        let schema = one(Attribute::new("a", "Any.", Shape::Type(kind), Mode::Computed));
        let planned = promise(refinements);
        assert_eq!(assert_applied(&schema, &planned, &state(kept.clone())), []);
        assert!(check_applied(&schema, &planned, &state(kept)).is_empty());
        assert_eq!(assert_applied(&schema, &planned, &state(broken.clone())).len(), 1, "{planned:?}");
        assert!(check_applied(&schema, &planned, &state(broken)).has_errors(), "{planned:?}");
    }
}

#[test]
fn the_action_follows_from_what_differs() {
    let schema = one(text(Mode::Required));
    let secret = one(text(Mode::Optional).write_only());
    let at = |name: &str| vec![Path::attribute(name)];
    assert_eq!(action(&schema, &RawValue::Null, &state("x"), &at("a")), Ok(Action::Create));
    assert_eq!(action(&schema, &state("x"), &state("x"), &at("a")), Ok(Action::NoOp));
    assert_eq!(action(&schema, &state("x"), &state("y"), &[]), Ok(Action::Update));
    assert_eq!(action(&schema, &state("x"), &state("y"), &at("a")), Ok(Action::Replace));
    assert_eq!(action(&schema, &state("x"), &state(RawValue::unknown()), &at("a")), Ok(Action::Replace));
    assert_eq!(
        action(&secret, &state(RawValue::Null), &state(RawValue::Null), &at("a")),
        Ok(Action::Replace)
    );
    assert!(action(&schema, &state("x"), &state("y"), &at("b")).is_err());
}

#[test]
fn identities_are_known_and_never_change() {
    let schema = one(text(Mode::Required).required_for_import());
    let none = RawValue::Null;
    let table = [
        (IdentityStage::PlannedCreate, none.clone(), state(RawValue::unknown()), true),
        (IdentityStage::PlannedUpdate, state("x"), state(RawValue::unknown()), false),
        (IdentityStage::PlannedUpdate, state("x"), state("x"), true),
        (IdentityStage::State, none.clone(), state("x"), true),
        (IdentityStage::State, none.clone(), state(RawValue::Null), false),
        (IdentityStage::State, none.clone(), none.clone(), false),
        (IdentityStage::State, state("x"), state("y"), false),
        (IdentityStage::State, none, state(true), false),
    ];
    for (stage, prior, identity, good) in table {
        let found = assert_identity(&schema, stage, &prior, &identity);
        assert_eq!(found.is_empty(), good, "{stage:?} {prior:?} {identity:?}: {found:?}");
    }
}

#[test]
fn schemas_that_cannot_work_are_refused() {
    let nested = |nesting, attributes: Vec<Attribute>, mode| {
        Attribute::new("a", "Nested.", Shape::Nested { nesting, attributes }, mode)
    };
    let inner = |attribute: Attribute| vec![attribute];
    let dynamic = Attribute::new("a", "Dynamic.", Shape::Type(Type::Dynamic), Mode::Optional);
    let named = |name: &str| Attribute::new(name, "Text.", Shape::Type(Type::String), Mode::Optional);
    let broken = [
        (SchemaKind::Resource, named("Camel"), "lowercase"),
        (SchemaKind::Resource, named("connection"), "keeps this name"),
        (SchemaKind::Provider, named("alias"), "keeps this name"),
        (SchemaKind::Resource, text(Mode::Computed).write_only(), "cannot be computed"),
        (SchemaKind::DataSource, text(Mode::Optional).write_only(), "nothing of this is stored"),
        (SchemaKind::Resource, nested(Nesting::Set, inner(dynamic), Mode::Optional), "dynamic"),
        (
            SchemaKind::Resource,
            nested(Nesting::Set, inner(named("b").write_only()), Mode::Optional),
            "write-only",
        ),
        (
            SchemaKind::Resource,
            nested(Nesting::Set, inner(named("b").requires_replace()), Mode::Optional),
            "never noticed",
        ),
        (
            SchemaKind::Resource,
            nested(Nesting::Single, inner(named("b")), Mode::Optional).write_only(),
            "must be write-only too",
        ),
        (SchemaKind::Resource, nested(Nesting::Map, inner(named("b")), Mode::Computed), "read-only too"),
        (SchemaKind::Resource, text(Mode::Required).default_value(|| "x".into()), "can have a default"),
        (
            SchemaKind::Resource,
            text(Mode::Optional).default_value(|| true.into()),
            "not of the attribute's type",
        ),
        (SchemaKind::Resource, text(Mode::Optional).default_value(RawValue::unknown), "known and not null"),
        (SchemaKind::Resource, text(Mode::Optional).not_null(), "promised"),
        (SchemaKind::Resource, text(Mode::Optional).unknown_on_update(), "become unknown"),
        (SchemaKind::Resource, text(Mode::Computed).semantic_equality(|_, _| true), "semantic equality"),
        (SchemaKind::DataSource, text(Mode::Optional).requires_replace(), "only resources"),
        (SchemaKind::Resource, text(Mode::Required).required_for_import(), "only identity"),
        (SchemaKind::Identity, text(Mode::Required), "required or optional for import"),
        (
            SchemaKind::Identity,
            nested(Nesting::Map, vec![], Mode::Required).required_for_import(),
            "primitive",
        ),
    ];
    for (kind, attribute, expected) in broken {
        let found = assert_schema(kind, &one(attribute.clone()));
        assert_eq!(found.len(), 1, "{attribute:?}: {found:?}");
        assert!(found[0].message.contains(expected), "{found:?}");
    }
    let twice = one(text(Mode::Optional)).attribute(text(Mode::Optional));
    assert_eq!(assert_schema(SchemaKind::Resource, &twice).len(), 1);
    let good = one(text(Mode::Required).required_for_import());
    assert_eq!(assert_schema(SchemaKind::Identity, &good), []);
}

#[test]
fn signatures_whose_parameters_share_a_name_are_refused() {
    let parameter = |name: &str| Parameter::new(name, Type::String, "Text.");
    let signature = |fixed: &str, variadic: &str| Signature {
        variadic_parameter: Some(parameter(variadic)),
        ..Signature::new("Does something", Type::String).parameter(parameter(fixed))
    };
    assert_eq!(assert_signature("join", &signature("first", "more")), []);
    assert_eq!(assert_signature("join", &signature("text", "text")).len(), 1);
    assert_eq!(assert_signature("1join", &signature("first", "more texts")).len(), 2);
}

#[test]
fn the_proposal_correlates_as_terraform_does() {
    let member = vec![
        Attribute::new("name", "Name.", Shape::Type(Type::String), Mode::Required),
        Attribute::new("id", "Id.", Shape::Type(Type::String), Mode::Computed),
    ];
    let element = |name: &str, id: RawValue| RawValue::object([("name", name.into()), ("id", id)]);
    let bare = |name: &str| element(name, RawValue::Null);
    let table = [
        (
            Nesting::List,
            RawValue::list([element("x", "1".into()), element("y", "2".into())]),
            RawValue::list([bare("y")]),
            RawValue::list([element("y", "1".into())]),
        ),
        (
            Nesting::Set,
            RawValue::set([element("x", "1".into()), element("y", "2".into())]),
            RawValue::set([bare("y"), bare("z")]),
            RawValue::set([element("y", "2".into()), bare("z")]),
        ),
        (
            Nesting::Map,
            RawValue::map([("k", element("x", "1".into()))]),
            RawValue::map([("k", bare("y")), ("l", bare("z"))]),
            RawValue::map([("k", element("y", "1".into())), ("l", bare("z"))]),
        ),
        (Nesting::Single, element("x", "1".into()), RawValue::Null, RawValue::Null),
    ];
    for (nesting, prior, config, expected) in table {
        let shape = Shape::Nested { nesting, attributes: member.clone() };
        for (mode, expected) in [
            (Mode::Optional, expected.clone()),
            // A prior value that the configuration must have given is not taken for a computed one.
            (Mode::OptionalComputed, expected.clone()),
        ] {
            let schema = one(Attribute::new("a", "Nested.", shape.clone(), mode));
            assert_eq!(
                proposed_new_state(&schema, &state(prior.clone()), &state(config.clone())),
                state(expected)
            );
        }
    }
    let schema = one(Attribute::new(
        "a",
        "Nested.",
        Shape::Nested { nesting: Nesting::Single, attributes: vec![member[1].clone()] },
        Mode::OptionalComputed,
    ));
    let computed = state(RawValue::object([("id", "1".into())]));
    assert_eq!(proposed_new_state(&schema, &computed, &state(RawValue::Null)), computed);
}
