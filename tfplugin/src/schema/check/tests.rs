//! One broken schema for each rule, and one that keeps them all.

use super::*;
use crate::raw::RawValue;
use crate::typed::validator;

fn attribute(name: &str, mode: Mode) -> Attribute {
    Attribute::new(name, "Text.", Shape::Type(Type::String), mode)
}

fn of_type(name: &str, kind: Type) -> Attribute {
    Attribute::new(name, "Text.", Shape::Type(kind), Mode::Optional)
}

fn nested(name: &str, nesting: Nesting, attributes: Vec<Attribute>) -> Attribute {
    Attribute::new(name, "Text.", Shape::Nested { nesting, attributes }, Mode::Optional)
}

fn schema(attributes: Vec<Attribute>) -> Schema {
    Schema { attributes, ..Schema::new("Text.") }
}

fn shown(problems: &[SchemaProblem]) -> Vec<(String, SchemaProblemKind)> {
    problems.iter().map(|problem| (problem.path.to_string(), problem.kind)).collect()
}

#[test]
fn a_schema_within_the_rules_has_no_problem() {
    let sound = schema(vec![
        attribute("name", Mode::Required).requires_replace(),
        attribute("region", Mode::Optional).default_value(|| RawValue::from("eu")).validator(validator(
            |region: &String| if region == "eu" { Ok(()) } else { Err("no such region") },
        )),
        attribute("id", Mode::Computed).not_null(),
        attribute("size", Mode::OptionalComputed).unknown_on_update(),
        attribute("password", Mode::Optional).write_only().sensitive(),
        of_type("anything", Type::Dynamic),
        nested("login", Nesting::Single, vec![of_type("claims", Type::Dynamic)]),
        nested("rules", Nesting::Set, vec![attribute("from", Mode::Required)]),
        nested("secrets", Nesting::Map, vec![attribute("text", Mode::Required).write_only()]).write_only(),
    ]);
    assert_eq!(sound.check_resource(), Vec::new());
    assert_eq!(sound.check_provider(), Vec::new());
    let identity = schema(vec![
        attribute("name", Mode::Required).required_for_import(),
        of_type("zones", Type::List(Box::new(Type::String))).optional_for_import(),
    ]);
    assert_eq!(identity.check_identity(), Vec::new());
}

#[test]
fn each_broken_rule_is_named_with_its_place() {
    use SchemaProblemKind as Kind;
    let list_of_any = Type::List(Box::new(Type::Dynamic));
    let cases: Vec<(Attribute, &str, Kind)> = vec![
        (attribute("Name", Mode::Required), "Name", Kind::Name),
        (attribute("", Mode::Required), "", Kind::Name),
        (attribute("1st", Mode::Required), "1st", Kind::Name),
        (Attribute::new("a", " ", Shape::Type(Type::Bool), Mode::Required), "a", Kind::NoDescription),
        (of_type("a", list_of_any.clone()), "a", Kind::DynamicInCollection),
        (of_type("a", Type::Tuple(vec![list_of_any])), "a", Kind::DynamicInCollection),
        (nested("a", Nesting::Set, vec![of_type("b", Type::Dynamic)]), "a", Kind::DynamicInCollection),
        (nested("a", Nesting::Map, vec![of_type("b", Type::Dynamic)]), "a", Kind::DynamicInCollection),
        (
            nested("a", Nesting::Set, vec![attribute("b", Mode::Required).write_only()]),
            "a.b",
            Kind::WriteOnlyInSet,
        ),
        (attribute("a", Mode::OptionalComputed).write_only(), "a", Kind::WriteOnlyComputed),
        (
            attribute("a", Mode::Optional).write_only().default_value(|| RawValue::from("b")),
            "a",
            Kind::WriteOnlyComputed,
        ),
        (
            nested("a", Nesting::Single, vec![attribute("b", Mode::Required)]).write_only(),
            "a.b",
            Kind::StoredInWriteOnly,
        ),
        (attribute("a", Mode::Optional).write_only().requires_replace(), "a", Kind::WriteOnlyCompared),
        (attribute("a", Mode::Required).default_value(|| RawValue::from("b")), "a", Kind::DefaultMode),
        (attribute("a", Mode::Optional).default_value(|| RawValue::Bool(true)), "a", Kind::DefaultValue),
        (attribute("a", Mode::Optional).default_value(|| RawValue::Null), "a", Kind::DefaultValue),
        (attribute("a", Mode::Optional).default_value(RawValue::unknown), "a", Kind::DefaultValue),
        (
            attribute("a", Mode::Optional)
                .default_value(|| RawValue::from("b"))
                .validator(validator(|_: &String| Err::<(), _>("never"))),
            "a",
            Kind::DefaultRefused,
        ),
        (attribute("a", Mode::Optional).not_null(), "a", Kind::NotComputed),
        (attribute("a", Mode::Required).unknown_on_update(), "a", Kind::NotComputed),
        (attribute("a", Mode::Computed).semantic_equality(|_, _| true), "a", Kind::NotConfigurable),
        (attribute("a", Mode::Required).required_for_import(), "a", Kind::ImportOutsideIdentity),
    ];
    for (attribute, place, kind) in cases {
        let problems = schema(vec![attribute.clone()]).check();
        assert_eq!(shown(&problems), [(place.to_owned(), kind)], "{attribute:?}");
    }
}

#[test]
fn the_rules_of_the_whole_schema_are_kept() {
    let twice = schema(vec![attribute("a", Mode::Required), attribute("a", Mode::Optional)]);
    assert_eq!(shown(&twice.check()), [("a".to_owned(), SchemaProblemKind::DuplicateName)]);
    let negative = Schema::new("Text.").version(-1);
    assert_eq!(shown(&negative.check()), [(String::new(), SchemaProblemKind::NegativeVersion)]);
}

#[test]
fn terraforms_own_names_are_refused_in_their_blocks_alone() {
    let names = ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];
    for name in names {
        let reserved = schema(vec![attribute(name, Mode::Required)]);
        assert_eq!(shown(&reserved.check_resource()), [(name.to_owned(), SchemaProblemKind::ReservedName)]);
        assert_eq!(reserved.check_provider(), Vec::new(), "{name}");
        let inner = schema(vec![nested("a", Nesting::Single, vec![attribute(name, Mode::Required)])]);
        assert_eq!(inner.check_resource(), Vec::new(), "{name} below the root");
    }
    for name in ["alias", "version"] {
        let reserved = schema(vec![attribute(name, Mode::Required)]);
        assert_eq!(shown(&reserved.check_provider()), [(name.to_owned(), SchemaProblemKind::ReservedName)]);
        assert_eq!(reserved.check_resource(), Vec::new(), "{name}");
    }
}

#[test]
fn an_identity_is_made_of_plain_values_that_an_import_gives() {
    use SchemaProblemKind as Kind;
    let cases = [
        (attribute("a", Mode::Required), Kind::ImportUndecided),
        (attribute("a", Mode::Required).required_for_import().optional_for_import(), Kind::ImportUndecided),
        (of_type("a", Type::Map(Box::new(Type::String))).required_for_import(), Kind::IdentityType),
        (of_type("a", Type::Dynamic).required_for_import(), Kind::IdentityType),
        (nested("a", Nesting::Single, Vec::new()).required_for_import(), Kind::IdentityType),
    ];
    for (attribute, kind) in cases {
        let problems = schema(vec![attribute.clone()]).check_identity();
        assert_eq!(shown(&problems), [("a".to_owned(), kind)], "{attribute:?}");
    }
}
