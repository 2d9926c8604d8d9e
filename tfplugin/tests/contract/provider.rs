//! A provider with every shape and mode, which only fills in what it is asked for.

use std::collections::BTreeMap;

use tfplugin::prelude::*;

/// A part of a [`ShapesState`].
#[derive(Clone, Debug, TerraformSchema)]
pub struct Part {
    /// Name of the part.
    #[tf(required)]
    pub name: Value<String>,
    /// Size, in any case of letters.
    #[tf(optional, default = "small", semantic_equal = same_but_for_case)]
    pub size: Value<String>,
    /// Zone, chosen when not given.
    #[tf(optional, computed)]
    pub zone: Value<String>,
    /// Given by the provider.
    #[tf(computed, not_null)]
    pub id: Value<String>,
}

fn same_but_for_case(prior: &str, config: &str) -> bool {
    prior.eq_ignore_ascii_case(config)
}

/// A note on a [`ShapesState`].
#[derive(Clone, Debug, TerraformSchema)]
pub struct Note {
    /// Anything.
    #[tf(optional)]
    pub anything: Value<RawValue>,
}

/// A thing of *every* shape: `<text>` & more.
#[derive(Clone, Debug, TerraformSchema)]
#[tf(version = 3)]
pub struct ShapesState {
    /// Name. Changing it makes another thing.
    #[tf(required, requires_replace)]
    pub name: Value<String>,
    /// A number.
    #[tf(optional)]
    pub number: Value<i64>,
    /// Anything.
    #[tf(optional)]
    pub anything: Value<RawValue>,
    /// Texts under keys, in lists.
    #[tf(optional, deprecated = "use `parts`")]
    pub texts: Value<BTreeMap<String, Value<Vec<Value<String>>>>>,
    /// One note.
    #[tf(optional)]
    pub note: Value<Note>,
    /// One part.
    #[tf(optional)]
    pub part: Value<Part>,
    /// Parts in order.
    #[tf(optional)]
    pub list: Value<Vec<Value<Part>>>,
    /// Parts without an order.
    #[tf(optional)]
    pub set: Value<Set<Part>>,
    /// Parts by name.
    #[tf(optional)]
    pub map: Value<BTreeMap<String, Value<Part>>>,
    /// Never stored.
    #[tf(optional, sensitive, write_only)]
    pub password: Value<String>,
    /// How often it was changed.
    #[tf(computed, not_null, unknown_on_update)]
    pub revision: Value<i64>,
}

/// Something to look up.
#[derive(Clone, Debug, TerraformSchema)]
pub struct LookupState {
    /// What to look for.
    #[tf(required)]
    pub name: Value<String>,
    /// Where it might be.
    #[tf(optional)]
    pub hint: Value<RawValue>,
    /// Where else it might be.
    #[tf(optional)]
    pub other: Value<RawValue>,
    /// What was found.
    #[tf(computed)]
    pub found: Value<bool>,
}

/// Which thing it is.
#[derive(Clone, Debug, TerraformSchema)]
pub struct ShapesIdentity {
    /// Its name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

type Outcome<T = ShapesState> = Result<T, Diagnostics>;

fn fill(value: &mut Value<Part>, place: &str) {
    let Some(part) = value.known_mut() else { return };
    if part.zone.is_unknown() {
        part.zone = Value::Known(format!("zone of {place}"));
    }
    if part.id.is_unknown() {
        part.id = Value::Known(format!("id of {place}"));
    }
}

fn filled(mut state: ShapesState, revision: i64) -> ShapesState {
    fill(&mut state.part, "part");
    for (index, part) in state.list.known_mut().into_iter().flatten().enumerate() {
        fill(part, &format!("list {index}"));
    }
    for (index, part) in state.set.known_mut().into_iter().flat_map(|set| &mut set.0).enumerate() {
        fill(part, &format!("set {revision} {index}"));
    }
    for (key, part) in state.map.known_mut().into_iter().flatten() {
        fill(part, &format!("map {key}"));
    }
    state.revision = Value::Known(revision);
    state
}

pub struct Shapes;

impl Resource for Shapes {
    type State = ShapesState;
    type Identity = ShapesIdentity;
    const TYPE_NAME: &'static str = "shapes_thing";

    fn identity(&self, state: &ShapesState) -> ShapesIdentity {
        ShapesIdentity { name: state.name.clone() }
    }

    async fn create(&self, _: &Context, new: Create<ShapesState>, _: &Progress<ShapesState>) -> Outcome {
        Ok(filled(new.planned, 1))
    }

    async fn read(&self, _: &Context, state: ShapesState) -> Outcome<Option<ShapesState>> {
        Ok(Some(state))
    }

    async fn update(&self, _: &Context, change: Update<ShapesState>, _: &Progress<ShapesState>) -> Outcome {
        let revision = change.prior.revision.known().map_or(1, |revision| revision + 1);
        Ok(filled(change.planned, revision))
    }

    async fn delete(&self, _: &Context, _: ShapesState) -> Outcome<()> {
        Ok(())
    }
}

struct Lookup;

impl DataSource for Lookup {
    type State = LookupState;
    const TYPE_NAME: &'static str = "shapes_lookup";

    async fn read(&self, _: &Context, mut config: LookupState) -> Outcome<LookupState> {
        config.found = Value::Known(true);
        Ok(config)
    }
}

struct Glue;

impl Function for Glue {
    const NAME: &'static str = "glue";

    fn signature(&self) -> Signature {
        let texts = Parameter::new("texts", Type::List(Box::new(Type::String)), "What to join.");
        Signature {
            variadic_parameter: Some(Parameter {
                name: "more".to_owned(),
                allow_null: true,
                ..texts.clone()
            }),
            description: "Joins *texts*.".to_owned(),
            ..Signature::new("Joins texts", Type::String).parameter(texts)
        }
    }

    fn call(&self, _: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        Ok(RawValue::string("glued"))
    }
}

pub struct ShapesProvider;

impl Provider for ShapesProvider {
    type Config = NoConfig;

    async fn configure(&self, _: &Context, _: NoConfig) -> Outcome<()> {
        Ok(())
    }

    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        vec![Box::new(Shapes)]
    }

    fn data_sources(&self) -> Vec<Box<dyn ErasedDataSource>> {
        vec![Box::new(Lookup)]
    }

    fn functions(&self) -> Vec<Box<dyn ErasedFunction>> {
        vec![Box::new(Glue)]
    }
}
