//! What the derive macro makes of a struct: its schema, and the way of its values there and back.

use std::collections::BTreeMap;

use tfplugin::path::Path;
use tfplugin::raw::{Number, RawValue};
use tfplugin::typed::{Set, Value, ValueType};
use tfplugin::{TerraformSchema, Timeouts};

fn starts_with_letter(text: &str) -> Result<(), String> {
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(())
    } else {
        Err("must start with a letter".into())
    }
}

fn one_of(words: &'static [&'static str]) -> impl Fn(&String) -> Result<(), String> {
    move |word| {
        if words.contains(&word.as_str()) { Ok(()) } else { Err(format!("use one of {}", words.join(", "))) }
    }
}

fn same_ignoring_case(prior: &str, config: &str) -> bool {
    prior.eq_ignore_ascii_case(config)
}

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, TerraformSchema)]
struct Endpoint {
    /// Host name.
    #[tf(computed)]
    host: Value<String>,
    /// TCP port.
    #[tf(optional, default = 5432)]
    port: Value<u16>,
}

/// A database.
///
/// With two paragraphs.
#[derive(Clone, Debug, PartialEq, TerraformSchema)]
#[tf(version = 3, deprecated = "use another")]
struct Database {
    /// Name of it.
    #[tf(required, requires_replace, validate = starts_with_letter)]
    name: Value<String>,
    /// What it runs on.
    #[tf(optional, default = "redis", validate = one_of(&["redis", "kafka"]), semantic_equal = same_ignoring_case)]
    engine: Value<String>,
    /// How many.
    #[tf(optional, computed)]
    replicas: Value<i64>,
    /// Exact share.
    #[tf(optional)]
    share: Value<Number>,
    /// Where it is.
    #[tf(computed, not_null, unknown_on_update)]
    endpoints: Value<BTreeMap<String, Value<Endpoint>>>,
    /// Secret word.
    #[tf(optional, write_only, sensitive)]
    password: Value<String>,
    /// Kind.
    #[tf(optional, rename = "type", deprecated = "use `engine`")]
    kind: Value<String>,
    /// Words.
    #[tf(optional, default = Set::from_iter(["b".to_owned(), "a".to_owned()]))]
    labels: Value<Set<String>>,
    /// Anything.
    #[tf(optional)]
    anything: Value<RawValue>,
    /// Pairs.
    #[tf(optional)]
    r#loop: Value<Vec<Value<Endpoint>>>,
    /// Primary.
    #[tf(optional)]
    primary: Value<Endpoint>,
    /// Timeouts.
    #[tf(optional)]
    timeouts: Value<Timeouts>,
}

#[test]
fn a_value_comes_back_as_it_went() {
    let database = Database {
        name: Value::Known("orders".into()),
        engine: Value::Null,
        replicas: Value::Unknown,
        share: Value::Known("0.1".parse().unwrap()),
        endpoints: Value::Known(BTreeMap::from([(
            "primary".to_owned(),
            Value::Known(Endpoint { host: Value::Unknown, port: Value::Known(1) }),
        )])),
        password: Value::Known("p".into()),
        kind: Value::Known("k".into()),
        labels: Value::Known(["y".to_owned(), "x".to_owned()].into_iter().collect()),
        anything: Value::Known(RawValue::from("s").into_dynamic()),
        r#loop: Value::Known(vec![
            Value::Null,
            Value::Known(Endpoint { host: Value::Null, port: Value::Null }),
        ]),
        primary: Value::Unknown,
        timeouts: Value::Known(Timeouts { create: Value::Known("1m".into()), ..Timeouts::default() }),
    };
    let raw = database.clone().into_raw();
    assert_eq!(Database::from_known(raw, &Path::root()), Ok(database));
}
