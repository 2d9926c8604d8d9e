//! The promises of values: canonical sets, normal text, places, walks.

use std::collections::BTreeMap;

use super::*;
use crate::path::{Path, PathStep};

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

fn list(kind: Type) -> Type {
    Type::List(Box::new(kind))
}

/// One value with a part of every kind.
fn sample() -> RawValue {
    RawValue::object([
        ("list", RawValue::list([text("a"), RawValue::unknown()])),
        ("map", RawValue::map([("k", RawValue::object([("inner", RawValue::Bool(true))]))])),
        ("set", RawValue::set([text("y"), text("x")])),
        ("any", RawValue::dynamic(list(Type::String), RawValue::list([text("d")]))),
        ("none", RawValue::Null),
    ])
}

#[test]
fn a_set_is_the_same_in_whatever_order_it_was_made() {
    let forward = RawValue::set([text("a"), text("b"), RawValue::number(1_i64), text("a")]);
    let backward = RawValue::set([RawValue::number(1_i64), text("b"), text("a")]);
    assert_eq!(forward, backward);
    assert_eq!(RawValue::set([text("\u{e9}"), text("e\u{301}")]), RawValue::set([text("\u{e9}")]));
}

#[test]
fn elements_that_may_turn_out_to_differ_all_stay_in_a_set() {
    let half = RawValue::object([("a", RawValue::unknown()), ("b", RawValue::Bool(true))]);
    let RawValue::Set(elements) = RawValue::set([half.clone(), half.clone(), text("a"), text("a")]) else {
        panic!("a set")
    };
    assert_eq!(elements.iter().filter(|element| **element == half).count(), 2);
    assert_eq!(elements.len(), 3);
}

#[test]
fn text_and_keys_are_brought_into_normal_form() {
    assert_eq!(text("e\u{301}"), RawValue::String("\u{e9}".into()));
    assert_eq!(normalize("\u{212b}"), "\u{c5}");
    assert_eq!(RawValue::map([("e\u{301}", RawValue::Null)]), RawValue::map([("\u{e9}", RawValue::Null)]));
}

#[test]
fn knowledge_is_seen_through_types_and_parts() {
    let typed_null = RawValue::dynamic(Type::String, RawValue::Null);
    let typed_unknown = RawValue::dynamic(Type::String, RawValue::unknown());
    let holds_unknown = RawValue::list([RawValue::unknown()]);
    let cases = [
        // value, is_null, is_unknown, is_wholly_known
        (RawValue::Null, true, false, true),
        (typed_null, true, false, true),
        (RawValue::unknown(), false, true, false),
        (typed_unknown, false, true, false),
        (holds_unknown, false, false, false),
        (text("a"), false, false, true),
    ];
    for (value, null, unknown, wholly) in cases {
        assert_eq!(
            (value.is_null(), value.is_unknown(), value.is_wholly_known()),
            (null, unknown, wholly),
            "{value:?}"
        );
        assert_eq!(value.is_known(), !unknown);
    }
}

#[test]
fn a_path_leads_to_its_part_and_nowhere_else() {
    let value = sample();
    let cases = [
        (Path::root(), Some(value.clone())),
        (Path::attribute("list").then_index(0), Some(text("a"))),
        (Path::attribute("list").then_index(2), None),
        (Path::attribute("list").then_index(1).then_attribute("x"), None),
        (Path::attribute("map").then_key("k").then_attribute("inner"), Some(RawValue::Bool(true))),
        (Path::attribute("map").then_attribute("k"), None),
        (Path::attribute("set").then(PathStep::SetElement), None),
        (Path::attribute("any").then_index(0), Some(text("d"))),
        (Path::attribute("none").then_key("k"), None),
        (Path::attribute("other"), None),
    ];
    for (path, part) in cases {
        assert_eq!(value.get(&path), part.as_ref(), "{path}");
        assert_eq!(value.clone().get_mut(&path).cloned(), part, "{path}, to change");
    }
}

#[test]
fn a_part_is_changed_where_it_stands() {
    let mut value = sample();
    let path = Path::attribute("any").then_index(0);
    *value.get_mut(&path).expect("a place") = text("new");
    assert_eq!(value.get(&path), Some(&text("new")));
}

#[test]
fn a_walk_meets_every_part_once_outer_before_inner() {
    let mut met = Vec::new();
    sample().walk(|path, value| {
        met.push((path.to_string(), value.kind()));
        true
    });
    let places: Vec<_> = met.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
    let expected = [
        ("", "an object"),
        ("any", "a list"),
        ("any", "a list"),
        ("any[0]", "a string"),
        ("list", "a list"),
        ("list[0]", "a string"),
        ("list[1]", "an unknown value"),
        ("map", "a map"),
        (r#"map["k"]"#, "an object"),
        (r#"map["k"].inner"#, "a bool"),
        ("none", "null"),
        ("set", "a set"),
        ("set", "a string"),
        ("set", "a string"),
    ];
    assert_eq!(places, expected);
}

#[test]
fn a_walk_stays_out_of_what_it_is_told_to() {
    let mut met = 0;
    sample().walk(|path, _| {
        met += 1;
        path.is_root()
    });
    assert_eq!(met, 6);
    assert!(sample().any(|_, value| value.is_unknown()));
    assert!(!sample().any(|path, _| path.to_string() == "elsewhere"));
}

#[test]
fn a_transform_changes_inner_before_outer_and_keeps_sets_canonical() {
    let changed = sample().map_parts(|path, value| match value {
        RawValue::String(_) if path.steps().first() == Some(&PathStep::Attribute("set".into())) => {
            text("same")
        }
        RawValue::Unknown(_) => RawValue::Null,
        other => other,
    });
    assert_eq!(changed.attribute("set"), Some(&RawValue::set([text("same")])));
    assert_eq!(changed.attribute("list"), Some(&RawValue::list([text("a"), RawValue::Null])));
    let failed =
        sample().transform(|path, value| if value.is_null() { Err(path.clone()) } else { Ok(value) });
    assert_eq!(failed, Err(Path::attribute("none")));
}

#[test]
fn a_value_takes_the_narrowest_type_that_it_can_have() {
    let object = |kind: Type| Type::Object(BTreeMap::from([("a".to_owned(), kind)]));
    let cases = [
        (text("a"), Type::String),
        (RawValue::number(1_i64), Type::Number),
        (RawValue::list([text("a"), RawValue::Null]), list(Type::String)),
        (RawValue::list([text("a"), RawValue::Bool(true)]), Type::Tuple(vec![Type::String, Type::Bool])),
        (RawValue::list([]), Type::Tuple(vec![])),
        (RawValue::set([text("a")]), Type::Set(Box::new(Type::String))),
        (RawValue::map([("a", RawValue::Bool(true))]), Type::Map(Box::new(Type::Bool))),
        (RawValue::map([("a", RawValue::Null)]), object(Type::Dynamic)),
        (RawValue::object([("a", text("b"))]), object(Type::String)),
        (RawValue::list([RawValue::list([text("a")])]), list(list(Type::String))),
    ];
    for (value, kind) in cases {
        let RawValue::Dynamic(held) = value.clone().into_dynamic() else {
            panic!("{value:?} stayed as it was")
        };
        assert_eq!(held.0, kind, "{value:?}");
        assert!(crate::codec::encode_msgpack(&held.1, &kind).is_ok(), "{value:?} does not fit {kind:?}");
    }
    for value in [RawValue::Null, RawValue::unknown()] {
        assert_eq!(value.clone().into_dynamic(), value);
    }
}

#[test]
fn a_null_gets_its_type_back_from_where_it_came() {
    let typed_null = || RawValue::dynamic(Type::String, RawValue::Null);
    let object = |any: RawValue| {
        let row = RawValue::object([("any", any.clone())]);
        let rows = RawValue::list([row.clone(), row]);
        RawValue::object([("any", any), ("rows", rows), ("map", RawValue::map([("k", RawValue::Null)]))])
    };
    assert_eq!(object(RawValue::Null).with_null_types_of(&object(typed_null())), object(typed_null()));
    let kept = [RawValue::unknown(), RawValue::dynamic(Type::Bool, RawValue::Bool(true)), typed_null()];
    for value in kept {
        assert_eq!(object(value.clone()).with_null_types_of(&object(typed_null())), object(value));
    }
    let known = RawValue::dynamic(Type::String, text("a"));
    assert_eq!(RawValue::Null.with_null_types_of(&known), RawValue::Null);
    assert_eq!(RawValue::Null.with_null_types_of(&text("a")), RawValue::Null);
    let longer = RawValue::list([RawValue::Null, RawValue::Null]);
    assert_eq!(longer.clone().with_null_types_of(&RawValue::list([RawValue::Null])), longer);
}
