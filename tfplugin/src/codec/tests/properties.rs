//! What holds for every type and value: both notations give back what they were given, and no bytes bring the decoder down.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

/// How deep the random types go.
const LEVELS: u32 = 3;

fn kinds() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool), Just(Type::Dynamic)];
    leaf.prop_recursive(LEVELS, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(list),
            inner.clone().prop_map(set),
            inner.clone().prop_map(map),
            btree_map("[a-z]{1,3}", inner.clone(), 0..4).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

fn numbers() -> impl Strategy<Value = RawValue> {
    prop_oneof![
        any::<i64>().prop_map(RawValue::number),
        any::<u64>().prop_map(RawValue::number),
        any::<i128>().prop_map(RawValue::number),
        any::<f64>()
            .prop_filter_map("finite", |float| Number::from_f64_exact(float).ok().map(RawValue::Number)),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,2})?".prop_map(|text| number(&text)),
    ]
}

fn refinements(kind: &Type) -> BoxedStrategy<RawValue> {
    let bounds = (any::<Option<(i64, bool)>>(), any::<Option<(i64, bool)>>());
    let lengths = (any::<Option<i64>>(), any::<Option<i64>>());
    let kind = kind.clone();
    (any::<Option<bool>>(), any::<Option<String>>(), bounds, lengths)
        .prop_map(move |(null, prefix, (lower, upper), (shortest, longest))| {
            let number = |(bound, inclusive): (i64, bool)| (Number::from(bound), inclusive);
            let mut refinements = Refinements { null, ..Refinements::default() };
            match &kind {
                Type::Dynamic => refinements.null = None,
                Type::String => refinements.string_prefix = prefix.map(crate::raw::normalize),
                Type::Number => {
                    refinements.number_lower_bound = lower.map(number);
                    refinements.number_upper_bound = upper.map(number);
                }
                Type::List(_) | Type::Set(_) | Type::Map(_) => {
                    refinements.collection_length_lower_bound = shortest;
                    refinements.collection_length_upper_bound = longest;
                }
                Type::Bool | Type::Object(_) | Type::Tuple(_) => {}
            }
            refined(refinements)
        })
        .boxed()
}

/// Values of a type; with or without unknown ones among them.
fn values(kind: &Type, unknowns: bool) -> BoxedStrategy<RawValue> {
    let inner = |kind: &Type| values(kind, unknowns);
    let known = match kind {
        Type::String => any::<String>().prop_map(RawValue::string).boxed(),
        Type::Number => numbers().boxed(),
        Type::Bool => any::<bool>().prop_map(RawValue::Bool).boxed(),
        Type::Dynamic => concrete_kinds()
            .prop_flat_map(move |kind| {
                values(&kind, unknowns).prop_map(move |value| RawValue::dynamic(kind.clone(), value))
            })
            .boxed(),
        Type::List(element) => vec(inner(element), 0..4).prop_map(RawValue::list).boxed(),
        Type::Set(element) => vec(inner(element), 0..4).prop_map(RawValue::set).boxed(),
        Type::Map(element) => {
            btree_map(any::<String>(), inner(element), 0..4).prop_map(RawValue::map).boxed()
        }
        Type::Object(kinds) => kinds
            .iter()
            .map(|(name, kind)| {
                inner(kind).prop_map({
                    let name = name.clone();
                    move |value| (name.clone(), value)
                })
            })
            .collect::<Vec<_>>()
            .prop_map(RawValue::object)
            .boxed(),
        Type::Tuple(kinds) => kinds.iter().map(inner).collect::<Vec<_>>().prop_map(RawValue::Tuple).boxed(),
    };
    if unknowns {
        prop_oneof![8 => known, 1 => Just(RawValue::Null), 1 => refinements(kind)].boxed()
    } else {
        prop_oneof![9 => known, 1 => Just(RawValue::Null)].boxed()
    }
}

/// Types that a dynamic value can bring.
fn concrete_kinds() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::String),
        Just(Type::Number),
        Just(list(Type::Bool)),
        Just(Type::Tuple(vec![Type::String, set(Type::Number)])),
        Just(object([("a", Type::String), ("b", map(Type::Bool))])),
    ]
}

/// JSON that was not written for any type.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        "[a-z0-9]{0,3}".prop_map(|text| json!(text)),
        Just(json!({"type": "number", "value": 1})),
    ];
    leaf.prop_recursive(LEVELS, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|elements| json!(elements)),
            btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|attributes| json!(attributes)),
        ]
    })
}

fn typed(unknowns: bool) -> impl Strategy<Value = (Type, RawValue)> {
    kinds().prop_flat_map(move |kind| values(&kind, unknowns).prop_map(move |value| (kind.clone(), value)))
}

proptest! {
    #[test]
    fn message_pack_gives_back_what_it_was_given((kind, value) in typed(true)) {
        let bytes = encode_msgpack(&value, &kind).expect("bytes");
        prop_assert_eq!(decode_msgpack(&bytes, &kind), Ok(value));
    }

    #[test]
    fn json_gives_back_what_it_was_given((kind, value) in typed(false)) {
        let text = encode_json(&value, &kind).expect("JSON").to_string();
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(decode_json(&json, &kind), Ok(value));
    }

    #[test]
    fn types_give_back_what_they_were_given(kind in kinds()) {
        let text = kind.to_json().to_string();
        prop_assert_eq!(Type::from_json_bytes(text.as_bytes()), Ok(kind));
    }

    #[test]
    fn random_bytes_never_bring_the_decoder_down(bytes in vec(any::<u8>(), 0..64), kind in kinds()) {
        // An answer of either kind will do; a panic or an endless loop fails the test.
        let _ = decode_msgpack(&bytes, &kind);
    }

    #[test]
    fn what_was_read_from_any_json_can_be_written(json in any_json(), kind in kinds()) {
        for read in [decode_json(&json, &kind), decode_stored_json(&json, &kind)].into_iter().flatten() {
            let again = encode_json(&read, &kind).expect("a value of its type");
            prop_assert_eq!(decode_json(&again, &kind), Ok(read));
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_as_another_value_of_the_type(
        (kind, value) in typed(true),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode_msgpack(&value, &kind).expect("bytes");
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = decode_msgpack(&bytes, &kind) {
            let again = encode_msgpack(&read, &kind).expect("what was read can be written");
            prop_assert_eq!(decode_msgpack(&again, &kind), Ok(read));
        }
    }

    #[test]
    fn cut_bytes_are_refused((kind, value) in typed(true), place in any::<prop::sample::Index>()) {
        let bytes = encode_msgpack(&value, &kind).expect("bytes");
        prop_assert!(decode_msgpack(&bytes[..place.index(bytes.len())], &kind).is_err());
    }
}
