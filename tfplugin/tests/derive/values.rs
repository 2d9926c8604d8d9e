//! The way of values into a struct and back.

use std::collections::BTreeMap;

use tfplugin::Timeouts;
use tfplugin::codec::{decode_msgpack, encode_msgpack};
use tfplugin::path::Path;
use tfplugin::raw::{Number, RawValue};
use tfplugin::schema::Shape;
use tfplugin::typed::{Set, TerraformSchema, Value, ValueType};
use tfplugin::types::Type;

use crate::schema::{Database, Endpoint};

fn database() -> Database {
    let endpoint = |host, port| Value::Known(Endpoint { host, port });
    Database {
        name: Value::Known("orders".into()),
        engine: Value::Null,
        replicas: Value::Unknown,
        share: Value::Known("0.1".parse().unwrap()),
        rough_share: Value::Known(0.1),
        endpoints: Value::Known(BTreeMap::from([(
            "primary".to_owned(),
            endpoint(Value::Unknown, Value::Known(1)),
        )])),
        password: Value::Known("p".into()),
        kind: Value::Known("k".into()),
        labels: Value::Known(["y".to_owned(), "x".to_owned()].into_iter().collect()),
        anything: Value::Known(RawValue::from("s").into_dynamic()),
        r#loop: Value::Known(vec![Value::Null, endpoint(Value::Null, Value::Null)]),
        primary: Value::Unknown,
        matrix: Value::Known(vec![Value::Known(vec![Value::Known(true), Value::Unknown])]),
        timeouts: Value::Known(Timeouts { create: Value::Known("1m".into()), ..Timeouts::default() }),
    }
}

#[test]
fn a_struct_comes_back_from_the_wire_as_it_went() {
    let kind = Database::schema().object_type();
    let bytes = encode_msgpack(&database().into_raw(), &kind).expect("a value of its schema");
    let raw = decode_msgpack(&bytes, &kind).expect("a value of its schema");
    assert_eq!(Database::from_known(raw, &Path::root()), Ok(database()));
}

#[test]
fn every_mistake_in_a_value_is_named_with_its_place() {
    let RawValue::Object(mut attributes) = database().into_raw() else { panic!("an object") };
    attributes.insert("name".into(), RawValue::Bool(true));
    let port = RawValue::object([("host", RawValue::Null), ("port", RawValue::number(70_000))]);
    attributes.insert("endpoints".into(), RawValue::map([("primary", port)]));
    attributes.insert("loop".into(), RawValue::list([RawValue::Null, RawValue::from("secret")]));
    let mistakes = Database::from_known(RawValue::Object(attributes), &Path::root()).unwrap_err();
    let found: Vec<_> = mistakes
        .into_iter()
        .map(|it| (it.path.map(|path| path.to_string()), it.summary, it.detail))
        .collect();
    let places: Vec<_> =
        found.iter().map(|(path, summary, _)| (path.as_deref().unwrap(), summary.as_str())).collect();
    assert_eq!(
        places,
        [
            ("name", "Value does not fit its schema"),
            (r#"endpoints["primary"].port"#, "Number out of range"),
            ("loop[1]", "Value does not fit its schema"),
        ]
    );
    assert_eq!(found[1].2, r#"endpoints["primary"].port must be a whole number between 0 and 65535."#);
    assert!(found.iter().all(|(_, _, detail)| !detail.contains("secret")));
}

#[test]
fn a_missing_attribute_is_null() {
    let read = Endpoint::from_known(RawValue::object([("port", RawValue::number(1))]), &Path::root());
    assert_eq!(read, Ok(Endpoint { host: Value::Null, port: Value::Known(1) }));
}

fn there_and_back<T: ValueType + PartialEq>(value: T) {
    let Shape::Type(kind) = T::shape() else { panic!("a plain type") };
    let raw = value.clone().into_raw();
    let bytes = encode_msgpack(&raw, &kind).expect("a value of its type");
    let read = decode_msgpack(&bytes, &kind).expect("a value of its type");
    assert_eq!(T::from_known(read, &Path::root()), Ok(value));
}

#[test]
fn every_plain_type_comes_back_as_it_went() {
    there_and_back(String::from("text"));
    there_and_back(true);
    there_and_back(i64::MIN);
    there_and_back(i32::MAX);
    there_and_back(u32::MAX);
    there_and_back(u16::MAX);
    there_and_back(0.1_f64);
    there_and_back(f64::MAX);
    there_and_back("1e100".parse::<Number>().unwrap());
    there_and_back(RawValue::dynamic(Type::Bool, RawValue::Bool(true)));
    there_and_back(vec![Value::Known(1_i64), Value::Null, Value::Unknown]);
    there_and_back(BTreeMap::from([("k".to_owned(), Value::Known(true))]));
    there_and_back(["b".to_owned(), "a".to_owned()].into_iter().collect::<Set<_>>());
}

#[test]
fn numbers_beyond_their_rust_type_are_refused() {
    let read = |text: &str| RawValue::Number(text.parse().unwrap());
    assert!(i64::from_known(read("9223372036854775808"), &Path::root()).is_err());
    assert!(i32::from_known(read("2147483648"), &Path::root()).is_err());
    assert!(u32::from_known(read("-1"), &Path::root()).is_err());
    assert!(u16::from_known(read("0.5"), &Path::root()).is_err());
    assert!(f64::from_known(read("1e400"), &Path::root()).is_err());
    assert_eq!(i64::from_known(read("2.0"), &Path::root()), Ok(2));
}

#[test]
fn sets_are_equal_in_any_order_and_hold_each_value_once() {
    let set = |words: [&str; 3]| words.into_iter().map(str::to_owned).collect::<Set<_>>();
    assert_eq!(set(["a", "b", "a"]), set(["b", "a", "b"]));
    assert_ne!(set(["a", "b", "a"]), set(["a", "c", "a"]));
    assert_eq!(set(["a", "b", "a"]).len(), 2);
}

#[test]
fn a_dynamic_null_or_unknown_counts_as_such() {
    let read = |value| Value::<RawValue>::from_raw(RawValue::dynamic(Type::String, value), &Path::root());
    assert_eq!(read(RawValue::Null), Ok(Value::Null));
    assert_eq!(read(RawValue::unknown()), Ok(Value::Unknown));
    let plain = Value::Known(RawValue::list([RawValue::from("a")])).into_raw();
    assert_eq!(
        plain,
        RawValue::dynamic(Type::List(Box::new(Type::String)), RawValue::list([RawValue::from("a")]))
    );
}
