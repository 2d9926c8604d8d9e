//! Tables of plans. The rules of Terraform over random schemas are in `conformance::plan_properties`.

use std::collections::BTreeMap;

use super::*;
use crate::raw::Refinements;
use crate::schema::{Attribute, Mode, Nesting, Shape};
use crate::types::Type;

fn text(name: &str, mode: Mode) -> Attribute {
    Attribute::new(name, "Text.", Shape::Type(Type::String), mode)
}

fn nested(name: &str, mode: Mode, nesting: Nesting, attributes: Vec<Attribute>) -> Attribute {
    Attribute::new(name, "Nested.", Shape::Nested { nesting, attributes }, mode)
}

fn schema(attributes: Vec<Attribute>) -> Schema {
    attributes.into_iter().fold(Schema::new("Test."), Schema::attribute)
}

fn object<const N: usize>(attributes: [(&str, RawValue); N]) -> RawValue {
    RawValue::object(attributes)
}

fn unknown() -> RawValue {
    RawValue::unknown()
}

fn not_null() -> RawValue {
    RawValue::refined(Refinements { null: Some(false), ..Refinements::default() })
}

const NULL: RawValue = RawValue::Null;

fn same_but_for_case(prior: &RawValue, config: &RawValue) -> bool {
    matches!((prior.as_str(), config.as_str()), (Some(prior), Some(config)) if prior.eq_ignore_ascii_case(config))
}

/// One attribute `a`, planned alone.
fn plan_of(attribute: Attribute, config: RawValue, prior: Option<RawValue>) -> RawValue {
    let schema = schema(vec![attribute, text("other", Mode::Optional)]);
    // `other` changes, so that an update is one whatever becomes of `a`.
    let config = object([("a", config), ("other", "new".into())]);
    let prior = prior.map_or(NULL, |prior| object([("a", prior), ("other", "old".into())]));
    let planned = plan(&schema, &config, &prior).unwrap();
    assert!(planned.changed);
    planned.planned.attribute("a").unwrap().clone()
}

#[test]
fn each_mode_plans_its_value() {
    let optional = || text("a", Mode::Optional);
    let computed = || text("a", Mode::Computed);
    let either = || text("a", Mode::OptionalComputed);
    let prefixed = || {
        RawValue::refined(Refinements { string_prefix: Some("arn:".to_owned()), ..Refinements::default() })
    };
    let table: Vec<(&str, Attribute, RawValue, Option<RawValue>, RawValue)> = vec![
        ("configured", optional(), "x".into(), None, "x".into()),
        ("not configured", optional(), NULL, None, NULL),
        ("no longer configured", optional(), NULL, Some("x".into()), NULL),
        ("unknown keeps its refinements", optional(), prefixed(), Some("x".into()), prefixed()),
        ("computed at create", computed(), NULL, None, unknown()),
        ("computed and promised at create", computed().not_null(), NULL, None, not_null()),
        ("computed at update", computed(), NULL, Some("x".into()), "x".into()),
        ("computed null at update", computed(), NULL, Some(NULL), NULL),
        ("promised, but never came", computed().not_null(), NULL, Some(NULL), unknown()),
        (
            "renewed by every update",
            computed().unknown_on_update().not_null(),
            NULL,
            Some("x".into()),
            not_null(),
        ),
        ("either, configured", either(), "x".into(), Some("y".into()), "x".into()),
        ("either, at create", either(), NULL, None, unknown()),
        ("either, at update", either(), NULL, Some("y".into()), "y".into()),
        ("either, unknown stays", either(), unknown(), Some("y".into()), unknown()),
        ("either, unknown that may turn out null promises nothing", either(), prefixed(), None, unknown()),
        ("default", optional().default_value(|| "d".into()), NULL, None, "d".into()),
        (
            "default again after a change outside",
            optional().default_value(|| "d".into()),
            NULL,
            Some("x".into()),
            "d".into(),
        ),
        ("default, configured", optional().default_value(|| "d".into()), "x".into(), None, "x".into()),
        ("default, unknown stays", optional().default_value(|| "d".into()), unknown(), None, unknown()),
        ("write-only", optional().write_only(), "secret".into(), None, NULL),
        ("write-only unknown", optional().write_only(), unknown(), Some(NULL), NULL),
        (
            "another spelling",
            optional().semantic_equality(same_but_for_case),
            "X".into(),
            Some("x".into()),
            "x".into(),
        ),
        (
            "another text",
            optional().semantic_equality(same_but_for_case),
            "Y".into(),
            Some("x".into()),
            "Y".into(),
        ),
        (
            "a default in another spelling",
            optional().default_value(|| "D".into()).semantic_equality(same_but_for_case),
            NULL,
            Some("d".into()),
            "d".into(),
        ),
    ];
    for (name, attribute, config, prior, expected) in table {
        assert_eq!(plan_of(attribute, config, prior), expected, "{name}");
    }
}

fn member() -> Vec<Attribute> {
    vec![
        text("name", Mode::Required),
        text("id", Mode::Computed).not_null(),
        text("size", Mode::Optional).default_value(|| "small".into()),
    ]
}

fn configured(name: impl Into<RawValue>) -> RawValue {
    object([("name", name.into()), ("id", NULL), ("size", NULL)])
}

fn planned_member(name: impl Into<RawValue>, id: RawValue) -> RawValue {
    object([("name", name.into()), ("id", id), ("size", "small".into())])
}

fn map<const N: usize>(elements: [(&str, RawValue); N]) -> RawValue {
    RawValue::Map(
        elements.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>(),
    )
}

#[test]
fn nested_objects_continue_those_that_were_there() {
    let table: Vec<(&str, Nesting, RawValue, Option<RawValue>, RawValue)> = vec![
        (
            "a single one is new",
            Nesting::Single,
            configured("x"),
            Some(NULL),
            planned_member("x", not_null()),
        ),
        (
            "a single one stays",
            Nesting::Single,
            configured("y"),
            Some(planned_member("x", "1".into())),
            planned_member("y", "1".into()),
        ),
        ("a single one goes", Nesting::Single, NULL, Some(planned_member("x", "1".into())), NULL),
        (
            "a single one is unknown",
            Nesting::Single,
            unknown(),
            Some(planned_member("x", "1".into())),
            unknown(),
        ),
        (
            "lists continue by position",
            Nesting::List,
            RawValue::list([configured("x"), configured("y")]),
            Some(RawValue::list([planned_member("z", "1".into())])),
            RawValue::list([planned_member("x", "1".into()), planned_member("y", not_null())]),
        ),
        (
            "maps continue by key, and null elements stay",
            Nesting::Map,
            map([("k", configured("x")), ("l", configured(unknown())), ("m", NULL)]),
            Some(map([("j", planned_member("x", "1".into())), ("k", planned_member("x", "2".into()))])),
            map([
                ("k", planned_member("x", "2".into())),
                ("l", planned_member(unknown(), not_null())),
                ("m", NULL),
            ]),
        ),
        (
            "sets continue by value",
            Nesting::Set,
            RawValue::set([configured("x"), configured("y"), configured(unknown())]),
            Some(RawValue::set([planned_member("w", "1".into()), planned_member("x", "2".into())])),
            RawValue::set([
                planned_member("x", "2".into()),
                planned_member("y", not_null()),
                planned_member(unknown(), not_null()),
            ]),
        ),
    ];
    for (name, nesting, config, prior, expected) in table {
        let attribute = nested("a", Mode::Optional, nesting, member());
        assert_eq!(plan_of(attribute, config, prior), expected, "{name}");
    }
}

#[test]
fn a_set_element_written_differently_is_the_same_element() {
    let members = || {
        vec![text("name", Mode::Required).semantic_equality(same_but_for_case), text("id", Mode::Computed)]
    };
    let element = |name: &str, id: RawValue| object([("name", name.into()), ("id", id)]);
    let prior = RawValue::set([element("x", "1".into()), element("y", "2".into())]);
    let config = RawValue::set([element("X", NULL), element("y", NULL)]);
    let attribute = nested("a", Mode::Optional, Nesting::Set, members());
    assert_eq!(plan_of(attribute, config, Some(prior.clone())), prior);
}

#[test]
fn a_set_element_is_promised_only_what_no_unknown_element_can_take() {
    let members = vec![text("name", Mode::Required), text("zone", Mode::OptionalComputed)];
    let element = |name: &str, zone: RawValue| object([("name", name.into()), ("zone", zone)]);
    let attribute = || nested("a", Mode::Optional, Nesting::Set, members.clone());
    let prior = || Some(RawValue::set([element("x", "1".into()), element("y", "2".into())]));
    // The unknown zone may turn out to be that of the first prior element, and no other name can.
    let config = RawValue::set([element("x", NULL), element("x", unknown()), element("y", NULL)]);
    let expected =
        RawValue::set([element("x", unknown()), element("x", unknown()), element("y", "2".into())]);
    assert_eq!(plan_of(attribute(), config, prior()), expected);
    // Once it is known, the element that gives it has the better claim.
    let known = RawValue::set([element("x", NULL), element("x", "1".into()), element("y", NULL)]);
    let expected =
        RawValue::set([element("x", unknown()), element("x", "1".into()), element("y", "2".into())]);
    assert_eq!(plan_of(attribute(), known, prior()), expected);
}

#[test]
fn set_elements_that_become_the_same_are_the_practitioners_mistake() {
    let schema = schema(vec![nested("a", Mode::Optional, Nesting::Set, member())]);
    let explicit = object([("name", "x".into()), ("id", NULL), ("size", "small".into())]);
    let prior_element = planned_member("x", "1".into());
    let config = object([("a", RawValue::set([configured("x"), explicit]))]);
    let cases = [NULL, object([("a", RawValue::set([prior_element]))])];
    for prior in cases {
        match plan(&schema, &config, &prior) {
            // Ids that are not known yet keep the elements apart.
            Ok(planned) => assert_eq!(objects_in(&planned.planned, "a"), 2),
            Err(diagnostics) => {
                let found = diagnostics.iter().next().unwrap();
                assert_eq!(found.path, Some(Path::attribute("a")));
                assert!(found.detail.contains("Remove one of them"), "{found:?}");
            }
        }
    }
    let bare =
        vec![text("name", Mode::Required), text("size", Mode::Optional).default_value(|| "small".into())];
    let schema = super::tests::schema(vec![nested("a", Mode::Optional, Nesting::Set, bare)]);
    let element = |size: RawValue| object([("name", "x".into()), ("size", size)]);
    let config = object([("a", RawValue::set([element(NULL), element("small".into())]))]);
    assert!(plan(&schema, &config, &NULL).unwrap_err().has_errors());
}

fn objects_in(state: &RawValue, name: &str) -> usize {
    nested::objects(state.attribute(name).unwrap()).len()
}

#[test]
fn nothing_configured_anew_is_no_change_at_all() {
    let schema = schema(vec![
        text("name", Mode::Required).semantic_equality(same_but_for_case),
        text("password", Mode::Optional).write_only(),
        text("revision", Mode::Computed).unknown_on_update(),
        text("zone", Mode::OptionalComputed),
        nested("members", Mode::Optional, Nesting::Map, member()),
    ]);
    let prior = object([
        ("name", "orders".into()),
        ("password", NULL),
        ("revision", "7".into()),
        ("zone", "b".into()),
        ("members", map([("k", planned_member("x", "1".into()))])),
    ]);
    let config = object([
        ("name", "Orders".into()),
        ("password", "another secret".into()),
        ("revision", NULL),
        ("zone", NULL),
        ("members", map([("k", configured("x"))])),
    ]);
    let planned = plan(&schema, &config, &prior).unwrap();
    assert_eq!(planned, Planned { planned: prior.clone(), requires_replace: Vec::new(), changed: false });
    let finished = finish(&schema, &config, &prior, &planned.planned, Vec::new()).unwrap();
    assert!(!finished.changed);
    assert_eq!(finished.planned, prior);
}

#[test]
fn only_changes_of_what_stays_force_a_replacement() {
    let inner = || vec![text("class", Mode::Optional).requires_replace(), text("size", Mode::Optional)];
    let volume = |class: &str, size: &str| object([("class", class.into()), ("size", size.into())]);
    let attribute = |nesting| nested("a", Mode::Optional, nesting, inner());
    let class_of = |key: &str| Path::attribute("a").then_key(key).then_attribute("class");
    let table: Vec<(&str, Attribute, RawValue, RawValue, Vec<Path>)> = vec![
        (
            "a change",
            text("a", Mode::Required).requires_replace(),
            "x".into(),
            "y".into(),
            vec![Path::attribute("a")],
        ),
        ("no change", text("a", Mode::Required).requires_replace(), "x".into(), "x".into(), vec![]),
        (
            "perhaps a change",
            text("a", Mode::Required).requires_replace(),
            "x".into(),
            unknown(),
            vec![Path::attribute("a")],
        ),
        (
            "another key comes, one changes in place, one goes",
            attribute(Nesting::Map),
            map([("k", volume("fast", "1")), ("gone", volume("fast", "1"))]),
            map([("k", volume("fast", "2")), ("new", volume("slow", "1"))]),
            vec![],
        ),
        (
            "one of a map changes",
            attribute(Nesting::Map),
            map([("k", volume("fast", "1"))]),
            map([("k", volume("slow", "1"))]),
            vec![class_of("k")],
        ),
        (
            "one of a list changes",
            attribute(Nesting::List),
            RawValue::list([volume("fast", "1")]),
            RawValue::list([volume("slow", "1")]),
            vec![Path::attribute("a").then_index(0).then_attribute("class")],
        ),
        (
            "the whole map may change",
            attribute(Nesting::Map),
            map([("k", volume("fast", "1"))]),
            unknown(),
            vec![Path::attribute("a")],
        ),
        (
            "an element may change",
            attribute(Nesting::Map),
            map([("k", volume("fast", "1"))]),
            map([("k", unknown())]),
            vec![Path::attribute("a").then_key("k")],
        ),
        ("the map may come", attribute(Nesting::Map), NULL, unknown(), vec![]),
    ];
    for (name, attribute, prior, config, expected) in table {
        let schema = schema(vec![attribute]);
        let (prior, config) = (object([("a", prior)]), object([("a", config)]));
        let planned = plan(&schema, &config, &prior).unwrap();
        assert_eq!(planned.requires_replace, expected, "{name}");
        let finished = finish(&schema, &config, &prior, &planned.planned, planned.requires_replace).unwrap();
        assert_eq!(finished.requires_replace, expected, "{name}");
    }
}

/// `name` and a secret are configured, `revision` and `endpoint` are computed.
fn service() -> Schema {
    schema(vec![
        text("name", Mode::Required),
        text("size", Mode::OptionalComputed).requires_replace(),
        text("secret", Mode::Optional).write_only(),
        text("revision", Mode::Computed).unknown_on_update(),
        text("endpoint", Mode::Computed).not_null(),
    ])
}

fn service_state(name: impl Into<RawValue>, revision: RawValue, endpoint: RawValue) -> RawValue {
    object([
        ("name", name.into()),
        ("size", "s".into()),
        ("secret", NULL),
        ("revision", revision),
        ("endpoint", endpoint),
    ])
}

fn service_config(name: impl Into<RawValue>) -> RawValue {
    object([
        ("name", name.into()),
        ("size", NULL),
        ("secret", "hush".into()),
        ("revision", NULL),
        ("endpoint", NULL),
    ])
}

#[test]
fn finishing_takes_back_and_completes_what_the_resource_did() {
    let prior = service_state("x", "1".into(), "host".into());
    let prefixed = RawValue::refined(Refinements {
        string_prefix: Some("pre-".to_owned()),
        null: Some(false),
        ..Refinements::default()
    });
    let table: Vec<(&str, RawValue, RawValue, RawValue)> = vec![
        (
            "a change that was taken back is none",
            service_config("X"),
            service_state("x", unknown(), "host".into()),
            prior.clone(),
        ),
        (
            "a change of the resource's own makes an update",
            service_config("x"),
            service_state("x", "1".into(), unknown()),
            service_state("x", unknown(), not_null()),
        ),
        (
            "an unknown of the resource's own is no change taken back",
            service_config("x"),
            service_state("x", unknown(), "host".into()),
            service_state("x", unknown(), "host".into()),
        ),
        (
            "refinements of the configuration come back",
            service_config(prefixed.clone()),
            service_state(unknown(), unknown(), "host".into()),
            service_state(prefixed, unknown(), "host".into()),
        ),
    ];
    for (name, config, planned, expected) in table {
        let finished = finish(&service(), &config, &prior, &planned, Vec::new()).unwrap();
        assert_eq!(finished.planned, expected, "{name}");
        assert_eq!(finished.changed, expected != prior, "{name}");
    }
}

#[test]
fn finishing_gives_nulls_back_the_types_that_typed_values_lose() {
    let dynamic = |mode| Attribute::new("any", "Any.", Shape::Type(Type::Dynamic), mode);
    let null_of = |kind| RawValue::dynamic(kind, NULL);
    let texts = || null_of(Type::String);
    let numbers = || null_of(Type::Number);
    let table: Vec<(&str, Mode, RawValue, RawValue, RawValue)> = vec![
        ("no type configured", Mode::Optional, NULL, NULL, NULL),
        ("as configured", Mode::Optional, texts(), NULL, texts()),
        ("as configured now", Mode::Optional, texts(), numbers(), texts()),
        ("the type is no longer configured", Mode::Optional, NULL, texts(), NULL),
        ("kept by the provider", Mode::Computed, NULL, texts(), texts()),
        ("left to the provider", Mode::OptionalComputed, NULL, texts(), texts()),
        ("left to the provider with another type", Mode::OptionalComputed, numbers(), texts(), texts()),
        ("never had a type", Mode::OptionalComputed, NULL, NULL, NULL),
    ];
    for (name, mode, config, prior, expected) in table {
        let alone = schema(vec![dynamic(mode)]);
        let within = schema(vec![nested("in", Mode::Optional, Nesting::Single, vec![dynamic(mode)])]);
        let left_open = schema(vec![nested("in", Mode::Computed, Nesting::Single, vec![dynamic(mode)])]);
        let any = |value: &RawValue| object([("any", value.clone())]);
        let inside = |value: &RawValue| object([("in", any(value))]);
        let finished = |schema: &Schema, config: RawValue, prior: &RawValue, planned: &RawValue| {
            finish(schema, &config, prior, planned, Vec::new()).unwrap().planned
        };
        assert_eq!(finished(&alone, any(&config), &any(&prior), &any(&NULL)), any(&expected), "{name}");
        let planned = finished(&within, inside(&config), &inside(&prior), &inside(&NULL));
        assert_eq!(planned, inside(&expected), "{name}, in an object");
        let planned = finished(&left_open, object([("in", NULL)]), &inside(&prior), &inside(&NULL));
        assert_eq!(planned, inside(&prior), "{name}, in an object of the provider's");
    }
}

#[test]
fn finishing_drops_write_only_values() {
    let planned = object([
        ("name", "x".into()),
        ("size", unknown()),
        ("secret", "hush".into()),
        ("revision", unknown()),
        ("endpoint", unknown()),
    ]);
    let finished = finish(&service(), &service_config("x"), &NULL, &planned, Vec::new()).unwrap();
    assert_eq!(finished.planned.attribute("secret"), Some(&NULL));
    assert_eq!(finished.planned.attribute("endpoint"), Some(&not_null()));
}

#[test]
fn replacements_of_the_resource_are_kept_when_they_are_true() {
    let prior = service_state("x", "1".into(), "host".into());
    let planned = service_state("y", unknown(), "host".into());
    let ask = |paths: Vec<Path>| finish(&service(), &service_config("y"), &prior, &planned, paths);
    let name = || Path::attribute("name");
    assert_eq!(ask(vec![name(), name()]).unwrap().requires_replace, [name()]);
    assert_eq!(ask(vec![Path::attribute("endpoint")]).unwrap().requires_replace, [] as [Path; 0]);
    assert_eq!(ask(vec![Path::attribute("secret")]).unwrap().requires_replace, [Path::attribute("secret")]);
    let refused = ask(vec![Path::attribute("nam")]).unwrap_err();
    assert!(refused.iter().any(|found| found.detail.contains("no such attribute")), "{refused:?}");
    let create = finish(&service(), &service_config("y"), &NULL, &planned, vec![name()]).unwrap();
    assert_eq!(create.requires_replace, [] as [Path; 0]);
}

#[test]
fn a_computed_value_that_the_resource_plans_anew_may_force_a_replacement() {
    let prior = service_state("x", "1".into(), "host".into());
    let planned = object([
        ("name", "x".into()),
        ("size", "m".into()),
        ("secret", NULL),
        ("revision", "1".into()),
        ("endpoint", "host".into()),
    ]);
    let finished = finish(&service(), &service_config("x"), &prior, &planned, Vec::new()).unwrap();
    assert_eq!(finished.requires_replace, [Path::attribute("size")]);
    assert_eq!(finished.planned.attribute("revision"), Some(&unknown()));
}

#[test]
fn an_invalid_plan_is_refused_with_its_path_and_without_values() {
    let schema = schema(vec![
        text("name", Mode::Required),
        text("zone", Mode::OptionalComputed),
        nested("members", Mode::Optional, Nesting::Map, member()),
        nested("tags", Mode::Optional, Nesting::Set, vec![text("key", Mode::Required)]),
    ]);
    let members = |name: &str| map([("k", planned_member(name, "1".into()))]);
    let tag = |key: &str| object([("key", key.into())]);
    let state = |name: RawValue, zone: RawValue, members: RawValue, tags: RawValue| {
        object([("name", name), ("zone", zone), ("members", members), ("tags", tags)])
    };
    let config = state("n".into(), unknown(), map([("k", configured("x"))]), RawValue::set([tag("t")]));
    let tags = || RawValue::set([tag("t")]);
    let member_name = Path::attribute("members").then_key("k").then_attribute("name");
    let table: Vec<(&str, RawValue, Path)> = vec![
        (
            "a value of its own",
            state("marker".into(), unknown(), members("x"), tags()),
            Path::attribute("name"),
        ),
        (
            "unknown for configured",
            state(unknown(), unknown(), members("x"), tags()),
            Path::attribute("name"),
        ),
        (
            "known for unknown",
            state("n".into(), "marker".into(), members("x"), tags()),
            Path::attribute("zone"),
        ),
        ("inside of a map", state("n".into(), unknown(), members("marker"), tags()), member_name),
        ("a key that is missing", state("n".into(), unknown(), map([]), tags()), Path::attribute("members")),
        ("a map that is missing", state("n".into(), unknown(), NULL, tags()), Path::attribute("members")),
        (
            "a map that is unknown",
            state("n".into(), unknown(), unknown(), tags()),
            Path::attribute("members"),
        ),
        (
            "a set element too many",
            state("n".into(), unknown(), members("x"), RawValue::set([tag("t"), tag("u")])),
            Path::attribute("tags"),
        ),
        (
            "a text for a map",
            state("n".into(), unknown(), "marker".into(), tags()),
            Path::attribute("members"),
        ),
        ("no text", state(RawValue::Bool(true), unknown(), members("x"), tags()), Path::attribute("name")),
    ];
    for (name, planned, path) in table {
        let refused = finish(&schema, &config, &NULL, &planned, Vec::new()).unwrap_err();
        let found: Vec<_> = refused.iter().map(|found| found.path.clone().unwrap()).collect();
        assert_eq!(found, [path], "{name}");
        let all = format!("{refused:?}");
        assert!(all.contains("bug in the provider") && !all.contains("marker"), "{name}: {all}");
    }
}

#[test]
fn an_applied_state_is_held_against_its_plan() {
    let planned = service_state("x", unknown(), not_null());
    let applied = |name: &str, secret: RawValue, revision: RawValue, endpoint: RawValue| {
        object([
            ("name", name.into()),
            ("size", "s".into()),
            ("secret", secret),
            ("revision", revision),
            ("endpoint", endpoint),
        ])
    };
    let table: Vec<(&str, RawValue, Option<Path>)> = vec![
        ("filled in", applied("x", NULL, "2".into(), "host".into()), None),
        ("null where nothing was promised", applied("x", NULL, NULL, "host".into()), None),
        ("another value", applied("marker", NULL, NULL, "host".into()), Some(Path::attribute("name"))),
        ("a broken promise", applied("x", NULL, NULL, NULL), Some(Path::attribute("endpoint"))),
        ("still unknown", applied("x", NULL, unknown(), "host".into()), Some(Path::attribute("revision"))),
        (
            "a kept secret",
            applied("x", "marker".into(), NULL, "host".into()),
            Some(Path::attribute("secret")),
        ),
        ("gone", NULL, Some(Path::root())),
    ];
    for (name, applied, path) in table {
        let found = check_applied(&service(), &planned, &applied);
        // A write-only value breaks two rules at once: it is kept, and it was planned as null.
        assert_eq!(found.iter().next().and_then(|found| found.path.clone()), path, "{name}: {found:?}");
        assert!(!format!("{found:?}").contains("marker"), "{name}");
    }
}

#[test]
fn collections_applied_are_held_against_their_plan() {
    let set = |elements: Vec<RawValue>| RawValue::set(elements);
    let list = |elements: Vec<RawValue>| RawValue::list(elements);
    let table: Vec<(&str, Type, RawValue, RawValue, bool)> = vec![
        (
            "a set filled in",
            Type::Set(Box::new(Type::String)),
            set(vec!["a".into(), unknown()]),
            set(vec!["a".into(), "b".into()]),
            true,
        ),
        (
            "a set whose elements became one",
            Type::Set(Box::new(Type::String)),
            set(vec!["a".into(), unknown()]),
            set(vec!["a".into()]),
            true,
        ),
        (
            "a set that lost an element",
            Type::Set(Box::new(Type::String)),
            set(vec!["a".into(), "b".into()]),
            set(vec!["a".into()]),
            false,
        ),
        (
            "a set that grew",
            Type::Set(Box::new(Type::String)),
            set(vec![unknown()]),
            set(vec!["a".into(), "b".into()]),
            false,
        ),
        (
            "a list filled in",
            Type::List(Box::new(Type::String)),
            list(vec![unknown()]),
            list(vec!["a".into()]),
            true,
        ),
        ("a list that grew", Type::List(Box::new(Type::String)), list(vec![]), list(vec!["a".into()]), false),
        (
            "a map with another key",
            Type::Map(Box::new(Type::String)),
            map([("k", "a".into())]),
            map([("l", "a".into())]),
            false,
        ),
        (
            "a dynamic of the same type",
            Type::Dynamic,
            RawValue::dynamic(Type::String, unknown()),
            RawValue::dynamic(Type::String, "a".into()),
            true,
        ),
        (
            "a dynamic of another type",
            Type::Dynamic,
            RawValue::dynamic(Type::String, "a".into()),
            RawValue::dynamic(Type::Bool, true.into()),
            false,
        ),
    ];
    for (name, kind, planned, applied, fits) in table {
        let schema = schema(vec![Attribute::new("a", "Any.", Shape::Type(kind), Mode::Computed)]);
        let found = check_applied(&schema, &object([("a", planned)]), &object([("a", applied)]));
        assert_eq!(found.is_empty(), fits, "{name}: {found:?}");
    }
}

#[derive(Debug)]
struct NoCapitals;

impl crate::schema::Validate for NoCapitals {
    fn validate(&self, value: &RawValue, path: &Path, diagnostics: &mut Diagnostics) {
        if value.as_str().is_some_and(|text| text.chars().any(char::is_uppercase)) {
            diagnostics
                .push(crate::diagnostic::Diagnostic::error("Capitals", "Write it small.").at(path.clone()));
        }
    }
}

#[test]
fn a_configuration_is_held_against_its_schema() {
    let inner = vec![
        text("name", Mode::Required).validator(std::sync::Arc::new(NoCapitals)),
        text("id", Mode::Computed),
        text("secret", Mode::Optional).write_only(),
        text("old", Mode::Optional).deprecated("use name"),
    ];
    let schema = schema(vec![nested("a", Mode::Optional, Nesting::Map, inner)]);
    let element = |name: RawValue, id: RawValue, secret: RawValue, old: RawValue| {
        object([("a", map([("k", object([("name", name), ("id", id), ("secret", secret), ("old", old)]))]))])
    };
    let at = |name: &str| Some(Path::attribute("a").then_key("k").then_attribute(name));
    let table: Vec<(&str, RawValue, bool, Option<Path>)> = vec![
        ("good", element("x".into(), NULL, "s".into(), NULL), true, None),
        ("unknown", element(unknown(), NULL, unknown(), NULL), true, None),
        ("wholly unknown", object([("a", unknown())]), true, None),
        ("missing", element(NULL, NULL, NULL, NULL), true, at("name")),
        ("read-only", element("x".into(), "1".into(), NULL, NULL), true, at("id")),
        ("refused", element("X".into(), NULL, NULL, NULL), true, at("name")),
        ("write-only for an old caller", element("x".into(), NULL, "s".into(), NULL), false, at("secret")),
        (
            "unknown write-only for an old caller",
            element("x".into(), NULL, unknown(), NULL),
            false,
            at("secret"),
        ),
        ("deprecated", element("x".into(), NULL, NULL, "y".into()), true, at("old")),
        ("another type", element(RawValue::Bool(true), NULL, NULL, NULL), true, at("name")),
    ];
    for (name, config, write_only_allowed, path) in table {
        let found = validate(&schema, &config, write_only_allowed);
        let paths: Vec<_> = found.iter().map(|found| found.path.clone()).collect();
        assert_eq!(paths, path.clone().map(Some).into_iter().collect::<Vec<_>>(), "{name}: {found:?}");
        assert_eq!(found.has_errors(), path.is_some() && name != "deprecated", "{name}");
    }
}
