//! A struct with every word, and the schema that comes of it.

use std::collections::BTreeMap;

use tfplugin::diagnostic::Diagnostics;
use tfplugin::path::Path;
use tfplugin::raw::{Number, RawValue};
use tfplugin::schema::{Attribute, Mode, Nesting, Schema, Shape};
use tfplugin::typed::{Set, Value};
use tfplugin::types::Type;
use tfplugin::{TerraformSchema, Timeouts};

pub(crate) fn starts_with_letter(text: &str) -> Result<(), String> {
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(())
    } else {
        Err("must start with a letter".into())
    }
}

pub(crate) fn one_of(words: &'static [&'static str]) -> impl Fn(&String) -> Result<(), String> {
    move |word| {
        if words.contains(&word.as_str()) { Ok(()) } else { Err(format!("use one of {}", words.join(", "))) }
    }
}

fn same_ignoring_case(prior: &str, config: &str) -> bool {
    prior.eq_ignore_ascii_case(config)
}

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, TerraformSchema)]
pub(crate) struct Endpoint {
    /// Host name.
    #[tf(computed)]
    pub(crate) host: Value<String>,
    /// TCP port.
    #[tf(optional, default = 5432)]
    pub(crate) port: Value<u16>,
}

/// A database.
///
/// With a second paragraph.
#[derive(Clone, Debug, PartialEq, TerraformSchema)]
#[tf(version = 3, deprecated = "use another")]
pub(crate) struct Database {
    /// Name of it.
    #[tf(required, requires_replace, validate = starts_with_letter, validate = one_of(&["orders", "1"]))]
    pub(crate) name: Value<String>,
    /// What it runs on.
    #[tf(optional, default = "redis", semantic_equal = same_ignoring_case, effect = "downtime")]
    pub(crate) engine: Value<String>,
    /// How many.
    #[tf(optional, computed, effect = ["in_place", "data_loss"])]
    pub(crate) replicas: Value<i64>,
    /// Exact share.
    #[tf(optional, default = -2)]
    pub(crate) share: Value<Number>,
    /// Rough share.
    #[tf(optional, default = 0.5)]
    pub(crate) rough_share: Value<f64>,
    /// Where it is.
    #[tf(computed, not_null, unknown_on_update)]
    pub(crate) endpoints: Value<BTreeMap<String, Value<Endpoint>>>,
    /// Secret word.
    #[tf(optional, write_only, sensitive)]
    pub(crate) password: Value<String>,
    /// Kind.
    #[tf(optional, rename = "type", deprecated = "use `engine`")]
    pub(crate) kind: Value<String>,
    /// Words.
    #[tf(optional, default = ["b".to_owned(), "a".to_owned()].into_iter().collect::<Set<_>>())]
    pub(crate) labels: Value<Set<String>>,
    /// Anything.
    #[tf(optional)]
    pub(crate) anything: Value<RawValue>,
    /// Pairs.
    #[tf(optional)]
    pub(crate) r#loop: Value<Vec<Value<Endpoint>>>,
    /// Primary.
    #[tf(optional)]
    pub(crate) primary: Value<Endpoint>,
    /// Rows of rows.
    #[tf(optional)]
    pub(crate) matrix: Value<Vec<Value<Vec<Value<bool>>>>>,
    /// Timeouts.
    #[tf(optional)]
    pub(crate) timeouts: Value<Timeouts>,
}

/// What tells databases apart.
#[derive(Clone, Debug, TerraformSchema)]
struct DatabaseIdentity {
    /// Name.
    #[tf(required_for_import)]
    name: Value<String>,
    /// Region.
    #[tf(optional_for_import)]
    region: Value<String>,
}

/// What of an attribute can be compared.
fn shown(attribute: &Attribute) -> String {
    let Attribute {
        name,
        description,
        shape,
        mode,
        sensitive,
        write_only,
        deprecated,
        not_null,
        required_for_import,
        optional_for_import,
        default,
        validators,
        effects,
        plan,
    } = attribute;
    let shape = match shape {
        Shape::Type(kind) => kind.to_json().to_string(),
        Shape::Nested { nesting, attributes } => {
            format!("{nesting:?} of {} attributes", attributes.len())
        }
    };
    let mut words = vec![format!("{name}: {shape}, {mode:?}, {description}")];
    let flags = [
        (*sensitive, "sensitive"),
        (*write_only, "write-only"),
        (*not_null, "not null"),
        (*required_for_import, "required for import"),
        (*optional_for_import, "optional for import"),
        (plan.requires_replace, "replace"),
        (plan.unknown_on_update, "unknown on update"),
        (plan.semantic_equality.is_some(), "semantic equality"),
    ];
    words.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
    words.extend(deprecated.as_ref().map(|instead| format!("deprecated: {instead}")));
    words.extend(effects.iter().map(|effect| effect.words().to_owned()));
    words.extend((!validators.is_empty()).then(|| format!("{} checks", validators.len())));
    words.extend(default.map(|default| format!("default {:?}", default())));
    words.join("; ")
}

fn shown_all(schema: &Schema) -> Vec<String> {
    schema.attributes.iter().map(shown).collect()
}

#[test]
fn a_struct_becomes_the_schema_that_it_describes() {
    let schema = Database::schema();
    assert_eq!(schema.description, "A database.\n\nWith a second paragraph.");
    assert_eq!((schema.version, schema.deprecated.as_deref()), (3, Some("use another")));
    let number = |text: &str| RawValue::Number(text.parse().unwrap());
    let expected = [
        "name: \"string\", Required, Name of it.; replace; 2 checks".to_owned(),
        format!(
            "engine: \"string\", Optional, What it runs on.; semantic equality; downtime; default {:?}",
            RawValue::from("redis")
        ),
        "replicas: \"number\", OptionalComputed, How many.; in place; data loss".to_owned(),
        format!("share: \"number\", Optional, Exact share.; default {:?}", number("-2")),
        format!("rough_share: \"number\", Optional, Rough share.; default {:?}", number("0.5")),
        "endpoints: Map of 2 attributes, Computed, Where it is.; not null; unknown on update".to_owned(),
        "password: \"string\", Optional, Secret word.; sensitive; write-only".to_owned(),
        "type: \"string\", Optional, Kind.; deprecated: use `engine`".to_owned(),
        format!(
            "labels: [\"set\",\"string\"], Optional, Words.; default {:?}",
            RawValue::set([RawValue::from("a"), RawValue::from("b")])
        ),
        "anything: \"dynamic\", Optional, Anything.".to_owned(),
        "loop: List of 2 attributes, Optional, Pairs.".to_owned(),
        "primary: Single of 2 attributes, Optional, Primary.".to_owned(),
        "matrix: [\"list\",[\"list\",\"bool\"]], Optional, Rows of rows.".to_owned(),
        "timeouts: Single of 4 attributes, Optional, Timeouts.".to_owned(),
    ];
    assert_eq!(shown_all(&schema), expected);
    let Some(Shape::Nested { nesting: Nesting::Map, attributes }) =
        schema.find("endpoints").map(|it| &it.shape)
    else {
        panic!("a map of objects")
    };
    let inner: Vec<_> = attributes.iter().map(shown).collect();
    assert_eq!(
        inner,
        [
            "host: \"string\", Computed, Host name.".to_owned(),
            format!("port: \"number\", Optional, TCP port.; default {:?}", number("5432")),
        ]
    );
}

#[test]
fn the_words_of_effects_are_those_of_the_schema() {
    /// A database.
    #[derive(Clone, Debug, TerraformSchema)]
    struct Every {
        /// Anything.
        #[tf(
            optional,
            effect = ["in_place", "rolling_restart", "downtime", "data_loss", "replace", "refused", "only_at_create"]
        )]
        anything: Value<String>,
    }
    let effects = Every::schema().attributes.remove(0).effects;
    assert_eq!(effects, tfplugin::schema::Effect::ALL);
}

#[test]
fn what_was_derived_keeps_terraforms_rules() {
    // The default of the name's neighbour passes the neighbour's own checks only when it was wired to the right attribute.
    assert_eq!(Database::schema().check_resource(), Vec::new());
    assert_eq!(Timeouts::schema().check(), Vec::new());
    assert_eq!(DatabaseIdentity::schema().check_identity(), Vec::new());
}

#[test]
fn an_identity_says_what_an_import_gives() {
    let expected = [
        "name: \"string\", Required, Name.; required for import",
        "region: \"string\", Optional, Region.; optional for import",
    ];
    assert_eq!(shown_all(&DatabaseIdentity::schema()), expected);
}

#[test]
fn the_type_of_a_nested_struct_follows_its_fields() {
    let endpoint = || {
        Type::Object(BTreeMap::from([("host".to_owned(), Type::String), ("port".to_owned(), Type::Number)]))
    };
    let Type::Object(kinds) = Database::schema().object_type() else { panic!("an object") };
    assert_eq!(kinds["endpoints"], Type::Map(Box::new(endpoint())));
    assert_eq!(kinds["loop"], Type::List(Box::new(endpoint())));
    assert_eq!(kinds["primary"], endpoint());
    assert_eq!(kinds.len(), 14);
}

#[test]
fn checks_run_on_typed_values_and_say_where() {
    let schema = Database::schema();
    let name = schema.find("name").unwrap();
    let findings = |text: &str| {
        let mut findings = Diagnostics::new();
        for validator in &name.validators {
            validator.validate(&RawValue::from(text), &Path::attribute("name"), &mut findings);
        }
        findings.into_iter().map(|it| (it.detail, it.path.unwrap().to_string())).collect::<Vec<_>>()
    };
    let at_name = |detail: &str| (detail.to_owned(), "name".to_owned());
    assert_eq!(findings("orders"), []);
    assert_eq!(findings("1"), [at_name("must start with a letter")]);
    assert_eq!(findings("2"), [at_name("must start with a letter"), at_name("use one of orders, 1")]);
}

#[test]
fn semantic_equality_compares_known_values_alone() {
    let equal = Database::schema().find("engine").unwrap().plan.semantic_equality.unwrap();
    let redis = RawValue::from("redis");
    let cases = [
        (RawValue::from("REDIS"), true),
        (RawValue::from("kafka"), false),
        (RawValue::Null, false),
        (RawValue::unknown(), false),
        (RawValue::Bool(true), false),
    ];
    for (config, same) in cases {
        assert_eq!(equal(&redis, &config), same, "{config:?}");
    }
}

#[test]
fn a_default_makes_an_optional_attribute_computed_for_terraform() {
    let schema = Database::schema();
    let engine = schema.find("engine").unwrap();
    assert_eq!(engine.mode, Mode::Optional);
    assert!(engine.is_computed() && engine.is_configurable());
    assert!(!schema.find("type").unwrap().is_computed());
    assert!(!schema.find("endpoints").unwrap().is_configurable());
}
