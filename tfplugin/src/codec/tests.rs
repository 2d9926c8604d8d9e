//! The bytes that Terraform itself writes, both ways; and what malformed bytes end in.

mod properties;

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::raw::{Number, Refinements};

fn list(element: Type) -> Type {
    Type::List(Box::new(element))
}

fn set(element: Type) -> Type {
    Type::Set(Box::new(element))
}

fn map(element: Type) -> Type {
    Type::Map(Box::new(element))
}

fn object<const N: usize>(attributes: [(&str, Type); N]) -> Type {
    Type::Object(attributes.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect())
}

fn number(text: &str) -> RawValue {
    RawValue::Number(text.parse().expect("a number"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal digits")
        })
        .collect()
}

fn refined(refinements: Refinements) -> RawValue {
    RawValue::refined(refinements)
}

/// Values beside the bytes that Terraform's encoder (go-cty) writes for them.
fn known_bytes() -> Vec<(Type, RawValue, &'static str)> {
    let pair = object([("a", Type::String), ("b", Type::Number)]);
    let bound = |text: &str, inclusive| Some((text.parse::<Number>().expect("a number"), inclusive));
    vec![
        (Type::String, RawValue::Null, "c0"),
        (Type::String, RawValue::from("hi"), "a2 6869"),
        (Type::String, RawValue::from(""), "a0"),
        (Type::Bool, RawValue::Bool(true), "c3"),
        (Type::Bool, RawValue::Bool(false), "c2"),
        (Type::Number, number("0"), "00"),
        (Type::Number, number("127"), "7f"),
        (Type::Number, number("128"), "cc80"),
        (Type::Number, number("65536"), "ce00010000"),
        (Type::Number, number("-1"), "ff"),
        (Type::Number, number("-33"), "d0df"),
        (Type::Number, number("9223372036854775807"), "cf7fffffffffffffff"),
        (Type::Number, number("-9223372036854775808"), "d38000000000000000"),
        (Type::Number, number("0.5"), "cb3fe0000000000000"),
        (Type::Number, number("9223372036854775808"), "b3 39323233333732303336383534373735383038"),
        (Type::Number, number("0.1"), "a3302e31"),
        (Type::Number, number("9223372036854775809"), "b3 39323233333732303336383534373735383039"),
        (list(Type::Number), RawValue::list([number("1"), RawValue::Null]), "92 01 c0"),
        (set(Type::String), RawValue::set([RawValue::from("b"), RawValue::from("a")]), "92 a161 a162"),
        (map(Type::Bool), RawValue::map([("k", RawValue::Bool(true))]), "81 a16b c3"),
        (
            pair.clone(),
            RawValue::object([("a", RawValue::from("x")), ("b", number("2"))]),
            "82 a161a178 a16202",
        ),
        (pair, RawValue::Null, "c0"),
        (object([]), RawValue::object(BTreeMap::<String, _>::new()), "80"),
        (
            Type::Tuple(vec![Type::String, Type::Bool]),
            RawValue::Tuple(vec![RawValue::from("x"), RawValue::Bool(true)]),
            "92 a178 c3",
        ),
        (Type::Dynamic, RawValue::Null, "c0"),
        (
            Type::Dynamic,
            RawValue::dynamic(Type::String, RawValue::from("x")),
            "92 c408 22737472696e6722 a178",
        ),
        (Type::Dynamic, RawValue::dynamic(Type::String, RawValue::Null), "92 c408 22737472696e6722 c0"),
        (Type::Dynamic, RawValue::unknown(), "d40000"),
        (Type::Dynamic, RawValue::dynamic(Type::Bool, RawValue::unknown()), "92 c406 22626f6f6c22 d40000"),
        (Type::String, RawValue::unknown(), "d40000"),
        (list(Type::String), RawValue::list([RawValue::unknown()]), "91 d40000"),
        (
            Type::String,
            refined(Refinements { null: Some(false), ..Refinements::default() }),
            "c7 03 0c 81 01 c2",
        ),
        (
            Type::String,
            refined(Refinements {
                null: Some(false),
                string_prefix: Some("ab".into()),
                ..Refinements::default()
            }),
            "c7 07 0c 82 01c2 02a26162",
        ),
        (
            Type::Number,
            refined(Refinements {
                number_lower_bound: bound("1", true),
                number_upper_bound: bound("5", false),
                ..Refinements::default()
            }),
            "c7 09 0c 82 03 92 01 c3 04 92 05 c2",
        ),
        (
            list(Type::Bool),
            refined(Refinements {
                collection_length_lower_bound: Some(1),
                collection_length_upper_bound: Some(300),
                ..Refinements::default()
            }),
            "c7 07 0c 82 05 01 06 cd012c",
        ),
    ]
}

#[test]
fn values_are_written_in_terraforms_own_bytes_and_read_back() {
    for (kind, value, hex) in known_bytes() {
        assert_eq!(encode_msgpack(&value, &kind), Ok(bytes(hex)), "writing {value:?}");
        assert_eq!(decode_msgpack(&bytes(hex), &kind), Ok(value), "reading {hex}");
    }
}

#[test]
fn every_spelling_of_a_value_is_read() {
    let cases = [
        (Type::Number, "cc05", number("5")),
        (Type::Number, "d3 0000000000000005", number("5")),
        (Type::Number, "cf ffffffffffffffff", number("18446744073709551615")),
        (Type::Number, "ca 3f000000", number("0.5")),
        (Type::Number, "cb 4014000000000000", number("5")),
        (Type::Number, "cb 3fb999999999999a", number("0.1")),
        (Type::Number, "cb 3ff35c28f5c28f5d", number("1.2100000000000002")),
        (Type::Number, "cb 8000000000000000", number("0")),
        (Type::Number, "a3 352e30", number("5")),
        (Type::Number, "a3 356532", number("500")),
        (Type::String, "d9 02 6869", RawValue::from("hi")),
        (Type::String, "da 0002 6869", RawValue::from("hi")),
        (Type::String, "db 00000002 6869", RawValue::from("hi")),
        (Type::String, "c4 02 6869", RawValue::from("hi")),
        (Type::String, "a3 65cc81", RawValue::String("\u{e9}".into())),
        (list(Type::Bool), "dc 0001 c3", RawValue::list([RawValue::Bool(true)])),
        (list(Type::Bool), "dd 00000001 c3", RawValue::list([RawValue::Bool(true)])),
        (map(Type::Bool), "de 0001 a3 65cc81 c3", RawValue::map([("\u{e9}", RawValue::Bool(true))])),
        (set(Type::Number), "93 02 01 02", RawValue::set([number("1"), number("2")])),
        (
            set(Type::Number),
            "92 d40000 d40000",
            RawValue::Set(vec![RawValue::unknown(), RawValue::unknown()]),
        ),
        (Type::Dynamic, "92 c409 2264796e616d696322 c0", RawValue::Null),
        (Type::Dynamic, "92 a8 22737472696e6722 a178", RawValue::dynamic(Type::String, RawValue::from("x"))),
    ];
    for (kind, hex, value) in cases {
        assert_eq!(decode_msgpack(&bytes(hex), &kind), Ok(value), "{hex}");
    }
}

#[test]
fn a_fraction_that_a_double_would_spell_otherwise_is_written_as_text() {
    // Exactly 41527684137338.3046875 as a double, but its shortest spelling ends in .305.
    let long = number("41527684137338.3046875");
    assert_eq!(
        encode_msgpack(&long, &Type::Number),
        Ok([&[0xb6], b"41527684137338.3046875".as_slice()].concat())
    );
    let noise = number("1.2100000000000002");
    assert_eq!(
        encode_msgpack(&noise, &Type::Number),
        Ok([&[0xb2], b"1.2100000000000002".as_slice()].concat())
    );
}

#[test]
fn every_extension_is_an_unknown_value() {
    let spellings = [
        "d400ff",
        "d500 0000",
        "d67f 01020304",
        "d705 0102030405060708",
        "d880 000102030405060708090a0b0c0d0e0f",
        "c700 00",
        "c702 2a 0102",
        "c8 0001 00 00",
        "c9 00000001 00 00",
        // Refinements without any entry, and with none that we know.
        "d40c 80",
        "c7 05 0c 81 20 92 01 a0",
    ];
    for hex in spellings {
        for kind in [Type::String, Type::Dynamic, object([("a", Type::Bool)])] {
            assert_eq!(decode_msgpack(&bytes(hex), &kind), Ok(RawValue::unknown()), "{hex} as {kind:?}");
        }
    }
    // The code of refinements counts for a type that has them; a dynamic value's are ignored.
    assert_eq!(decode_msgpack(&bytes("c7 03 0c 81 01 c2"), &Type::Dynamic), Ok(RawValue::unknown()));
}

#[test]
fn refinements_that_do_not_apply_to_the_type_are_not_written() {
    let prefix = refined(Refinements { string_prefix: Some("a".into()), ..Refinements::default() });
    for kind in [Type::Number, list(Type::String), Type::Dynamic] {
        assert_eq!(encode_msgpack(&prefix, &kind), Ok(bytes("d40000")), "{kind:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    use CodecErrorKind as Kind;
    let one = object([("a", list(Type::String))]);
    let cases = [
        (Type::String, "c3", "", Kind::Mismatch { expected: "a string", found: "a bool" }),
        (Type::Bool, "01", "", Kind::Mismatch { expected: "a bool", found: "a number" }),
        (Type::Number, "90", "", Kind::Mismatch { expected: "a number", found: "a list" }),
        (Type::Number, "a3 746578", "", Kind::Number(NumberError::Syntax)),
        (Type::Number, "cb 7ff0000000000000", "", Kind::Number(NumberError::NotFinite)),
        (Type::Number, "cb 7ff8000000000000", "", Kind::Number(NumberError::NotFinite)),
        (Type::Number, "a7 31653939393939", "", Kind::Number(NumberError::TooLong)),
        (one.clone(), "80", "", Kind::MissingAttribute("a".into())),
        (one.clone(), "82 a161 90 a162 90", "", Kind::UnknownAttribute("b".into())),
        (one.clone(), "82 a161 90 a161 90", "", Kind::DuplicateKey),
        (one.clone(), "81 01 90", "", Kind::Mismatch { expected: "a key of text", found: "a number" }),
        (one.clone(), "81 a161 92 a0 c2", "a[1]", Kind::Mismatch { expected: "a string", found: "a bool" }),
        (one.clone(), "81 a161 91 a1ff", "a[0]", Kind::Utf8),
        (map(Type::Bool), "82 a2c3a9 c2 a365cc81 c2", "", Kind::DuplicateKey),
        (
            map(map(Type::Bool)),
            "81 a16b 81 a178 a0",
            r#"["k"]["x"]"#,
            Kind::Mismatch { expected: "a bool", found: "a string" },
        ),
        (Type::Tuple(vec![Type::Bool]), "92 c2 c2", "", Kind::TupleLength { expected: 1, found: 2 }),
        (Type::Dynamic, "91 c0", "", Kind::DynamicForm),
        (Type::Dynamic, "92 01 c0", "", Kind::DynamicForm),
        (Type::Dynamic, "92 c402 2222 c0", "", Kind::DynamicType(TypeError::UnknownWord(String::new()))),
        (Type::Dynamic, "a178", "", Kind::Mismatch { expected: "a dynamic value", found: "a string" }),
        (Type::String, "d40c 01", "", Kind::Refinements),
        (Type::String, "d50c 8101", "", Kind::Refinements),
        (Type::String, "", "", Kind::Truncated),
        (Type::String, "a5 6869", "", Kind::Truncated),
        (Type::String, "db ffffffff", "", Kind::Truncated),
        (list(Type::Bool), "dd ffffffff c2", "", Kind::Truncated),
        (map(Type::Bool), "df ffffffff", "", Kind::Truncated),
        (Type::String, "c9 ffffffff 00", "", Kind::Truncated),
        (Type::Bool, "c2c2", "", Kind::Trailing),
        (Type::Bool, "c1", "", Kind::Mismatch { expected: "a value", found: "a reserved byte" }),
    ];
    for (kind, hex, place, error) in cases {
        let refused = decode_msgpack(&bytes(hex), &kind).expect_err(hex);
        assert_eq!((refused.path.to_string().as_str(), refused.kind), (place, error), "{hex} as {kind:?}");
    }
}

#[test]
fn a_value_of_another_type_is_not_written() {
    use CodecErrorKind as Kind;
    let one = object([("a", map(Type::Bool))]);
    let wrong = RawValue::object([("a", RawValue::map([("k", RawValue::from("secret"))]))]);
    let extra = RawValue::object([("a", RawValue::Null), ("b", RawValue::Null)]);
    let cases = [
        (one.clone(), wrong, r#"a["k"]"#, Kind::Mismatch { expected: "a bool", found: "a string" }),
        (one.clone(), extra, "", Kind::UnknownAttribute("b".into())),
        (one, RawValue::object(BTreeMap::<String, _>::new()), "", Kind::MissingAttribute("a".into())),
        (set(Type::Bool), RawValue::list([]), "", Kind::Mismatch { expected: "a set", found: "a list" }),
        (
            Type::Dynamic,
            RawValue::Bool(true),
            "",
            Kind::Mismatch { expected: "a dynamic value", found: "a bool" },
        ),
        (
            Type::Tuple(vec![]),
            RawValue::Tuple(vec![RawValue::Null]),
            "",
            Kind::TupleLength { expected: 0, found: 1 },
        ),
    ];
    for (kind, value, place, error) in cases {
        for refused in [encode_msgpack(&value, &kind).err(), encode_json(&value, &kind).err()] {
            let refused = refused.expect("an error");
            assert!(!refused.to_string().contains("secret"));
            assert_eq!(
                (refused.path.to_string().as_str(), &refused.kind),
                (place, &error),
                "{value:?} as {kind:?}"
            );
        }
    }
}

#[test]
fn depth_is_bounded_both_ways() {
    let depth = crate::types::MAX_DEPTH + 1;
    let kind = (0..depth).fold(Type::String, |inner, _| list(inner));
    let value = (0..depth).fold(RawValue::from("x"), |inner, _| RawValue::list([inner]));
    let json = (0..depth).fold(json!("x"), |inner, _| json!([inner]));
    let mut deep = vec![0x91; depth];
    deep.extend([0xa1, b'x']);
    let kinds = [
        decode_msgpack(&deep, &kind).map(drop),
        encode_msgpack(&value, &kind).map(drop),
        decode_json(&json, &kind).map(drop),
        encode_json(&value, &kind).map(drop),
    ];
    for result in kinds {
        assert_eq!(result.expect_err("too deep").kind, CodecErrorKind::TooDeep);
    }
    // Refinements that nest without end are no way around it.
    let mut endless = vec![0xc8, 0x10, 0x02, 12, 0x81, 0x20];
    endless.extend(vec![0x91; 0x1000]);
    assert_eq!(
        decode_msgpack(&endless, &Type::String).expect_err("too deep").kind,
        CodecErrorKind::Refinements
    );
    // Neither are dynamic values that hold dynamic values, or whose type nests.
    let mut endless = [b"\x92\xa9".as_slice(), b"\"dynamic\""].concat().repeat(10_000);
    endless.push(0xc0);
    let refused = decode_msgpack(&endless, &Type::Dynamic).expect_err("too deep");
    assert_eq!(refused.kind, CodecErrorKind::TooDeep);
    let text = "[\"list\",".repeat(6_000);
    let mut endless = vec![0x92, 0xda];
    endless.extend(u16::try_from(text.len()).expect("a short text").to_be_bytes());
    endless.extend(text.as_bytes());
    let refused = decode_msgpack(&endless, &Type::Dynamic).expect_err("too deep");
    assert_eq!(refused.kind, CodecErrorKind::DynamicType(crate::types::TypeError::Json));
}

#[test]
fn what_is_said_of_an_unknown_value_of_another_type_is_passed_over() {
    // Not null, and at least two elements.
    let bytes = [0xc7, 5, 12, 0x82, 1, 0xc2, 5, 2];
    let not_null = Refinements { null: Some(false), ..Refinements::default() };
    let both = Refinements { collection_length_lower_bound: Some(2), ..not_null.clone() };
    assert_eq!(decode_msgpack(&bytes, &Type::Number), Ok(refined(not_null)));
    assert_eq!(decode_msgpack(&bytes, &list(Type::Bool)), Ok(refined(both)));
    // A prefix alone.
    let bytes = [0xc7, 5, 12, 0x81, 2, 0xa2, b'a', b'b'];
    assert_eq!(decode_msgpack(&bytes, &Type::Number), Ok(RawValue::unknown()));
}

#[test]
fn a_long_value_that_is_not_there_takes_no_memory() {
    // Four thousand million elements are said to follow.
    let wide: Vec<String> = (0..500).map(|index| format!("\"a{index}\":\"string\"")).collect();
    let kind = format!("[\"list\",[\"object\",{{{}}}]]", wide.join(","));
    for head in [b"\xdd\xff\xff\xff\xff".as_slice(), b"\xdd\x00\x00\x00\x02\xdf\xff\xff\xff\xff"] {
        let mut bytes = vec![0x92, 0xda];
        bytes.extend(u16::try_from(kind.len()).expect("a short text").to_be_bytes());
        bytes.extend(kind.as_bytes());
        bytes.extend(head);
        let refused = decode_msgpack(&bytes, &Type::Dynamic).expect_err("nothing follows");
        assert_eq!(refused.kind, CodecErrorKind::Truncated);
    }
}

#[test]
fn json_reads_as_the_protocol_says() {
    let kind = object([
        ("text", Type::String),
        ("number", Type::Number),
        ("set", set(Type::Number)),
        ("any", Type::Dynamic),
        ("none", list(Type::Bool)),
    ]);
    let text = r#"{"text": "e\u0301", "number": 0.1000000000000000000000000000001, "set": [2, "1", 2.0],
        "any": {"type": ["tuple", ["bool", "string"]], "value": [true, null]}, "none": null}"#;
    let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let value = decode_json(&json, &kind).expect("a value");
    let any = RawValue::dynamic(
        Type::Tuple(vec![Type::Bool, Type::String]),
        RawValue::Tuple(vec![RawValue::Bool(true), RawValue::Null]),
    );
    let expected = RawValue::object([
        ("text", RawValue::String("\u{e9}".into())),
        ("number", number("0.1000000000000000000000000000001")),
        ("set", RawValue::set([number("1"), number("2")])),
        ("any", any),
        ("none", RawValue::Null),
    ]);
    assert_eq!(value, expected);
    let written = encode_json(&value, &kind).expect("JSON");
    assert_eq!(written["number"].to_string(), "0.1000000000000000000000000000001");
    assert_eq!(written["set"].to_string(), "[1,2]");
    assert_eq!(written["any"], json["any"]);
}

#[test]
fn json_that_does_not_fit_is_refused_with_its_place() {
    use CodecErrorKind as Kind;
    let one = object([("a", Type::String)]);
    let cases = [
        (one.clone(), json!({}), "", Kind::MissingAttribute("a".into())),
        (one.clone(), json!({"a": "", "b": 1}), "", Kind::UnknownAttribute("b".into())),
        (one.clone(), json!({"a": 1}), "a", Kind::Mismatch { expected: "a string", found: "a number" }),
        (one.clone(), json!([]), "", Kind::Mismatch { expected: "an object", found: "an array" }),
        (
            map(one),
            json!({"k": {"a": true}}),
            r#"["k"].a"#,
            Kind::Mismatch { expected: "a string", found: "a bool" },
        ),
        (Type::Number, json!("many"), "", Kind::Number(NumberError::Syntax)),
        (Type::Dynamic, json!({"type": "string"}), "", Kind::DynamicForm),
        (
            Type::Dynamic,
            json!({"type": "text", "value": 1}),
            "",
            Kind::DynamicType(TypeError::UnknownWord("text".into())),
        ),
        (map(Type::Bool), json!({"\u{e9}": true, "e\u{301}": true}), "", Kind::DuplicateKey),
    ];
    for (kind, json, place, error) in cases {
        let refused = decode_json(&json, &kind).expect_err("an error");
        assert_eq!((refused.path.to_string().as_str(), refused.kind), (place, error), "{json} as {kind:?}");
    }
    let unknown =
        encode_json(&RawValue::list([RawValue::unknown()]), &list(Type::Bool)).expect_err("an error");
    assert_eq!((unknown.path.to_string().as_str(), unknown.kind), ("[0]", Kind::UnknownInJson));
}

#[test]
fn a_stored_state_may_lack_attributes_but_no_value_of_another_is_lost() {
    let kind = object([("a", Type::String), ("b", map(object([("c", Type::Bool), ("d", Type::Bool)])))]);
    let stored = decode_stored_json(&json!({"b": {"k": {"c": true}}}), &kind).expect("a value");
    let inner = RawValue::object([("c", RawValue::Bool(true)), ("d", RawValue::Null)]);
    assert_eq!(stored, RawValue::object([("a", RawValue::Null), ("b", RawValue::map([("k", inner)]))]));
    let gone = json!({"x": null, "b": {"k": {"c": true, "y": null}}});
    assert_eq!(decode_stored_json(&gone, &kind).expect("a value"), stored);
    let refused = decode_stored_json(&json!({"b": {"k": {"x": true}}}), &kind).expect_err("an error");
    assert_eq!(refused.to_string(), r#"b["k"]: there is no attribute "x" in the schema"#);
}
