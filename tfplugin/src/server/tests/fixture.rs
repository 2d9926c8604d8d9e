//! A provider whose things do what their `behavior` says, and helpers to call it.

#![allow(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "messages hold values as options, and JSON is written in place"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::codec;
use crate::generated::tfplugin6::diagnostic::Severity;
use crate::generated::tfplugin6::{Diagnostic as WireDiagnostic, DynamicValue};
use crate::prelude::*;
use crate::resource::{DeferredReason, MoveSource};
use crate::schema::Schema;
use crate::server::Server;
use crate::server::catalog::Catalog;
use crate::server::stop::Stop;

/// What must never be seen outside of the configuration.
pub(super) const SECRET: &str = "hunter2";

/// A thing.
#[derive(Clone, Debug, TerraformSchema)]
#[tf(version = 2)]
pub(super) struct ThingState {
    /// Name.
    #[tf(required, requires_replace)]
    pub(super) name: Value<String>,
    /// What goes wrong.
    #[tf(optional)]
    pub(super) behavior: Value<String>,
    /// Label.
    #[tf(optional, default = "plain")]
    pub(super) label: Value<String>,
    /// Number.
    #[tf(computed)]
    pub(super) id: Value<i64>,
    /// Password.
    #[tf(optional, write_only)]
    pub(super) secret: Value<String>,
    /// Parts.
    #[tf(optional)]
    pub(super) parts: Value<BTreeMap<String, Value<Part>>>,
    /// Anything.
    #[tf(optional)]
    pub(super) anything: Value<RawValue>,
}

/// A part.
#[derive(Clone, Debug, TerraformSchema)]
pub(super) struct Part {
    /// Size.
    #[tf(required)]
    size: Value<i64>,
    /// Key.
    #[tf(optional, write_only)]
    key: Value<String>,
    /// Serial number.
    #[tf(computed)]
    serial: Value<String>,
}

/// A thing's identity.
#[derive(Clone, Debug, TerraformSchema)]
pub(super) struct ThingIdentity {
    /// Name.
    #[tf(required_for_import)]
    pub(super) name: Value<String>,
}

fn failure(what: &str) -> Diagnostics {
    Diagnostic::error(format!("{what} failed"), "As asked.").into()
}

/// The resource. `started` gets a permit for each operation that waits for a stop.
#[derive(Clone)]
pub(super) struct Things {
    pub(super) started: Arc<Semaphore>,
}

impl Things {
    async fn behave(&self, context: &Context, what: &str, state: &ThingState) -> Result<(), Diagnostics> {
        let behavior = state.behavior.known().map_or("", String::as_str);
        if behavior == format!("fail {what}") {
            return Err(failure(what));
        }
        assert_ne!(behavior, format!("panic in {what}"), "the message holds {SECRET}");
        if behavior == format!("warn in {what}") {
            context.warn(Diagnostic::warning(format!("{what} warns"), "As asked."));
        }
        if behavior == format!("wait in {what}") {
            self.started.add_permits(1);
            context.stop().cancelled().await;
            return Err(failure("interrupted"));
        }
        Ok(())
    }
}

impl Resource for Things {
    type State = ThingState;
    type Identity = ThingIdentity;
    const TYPE_NAME: &'static str = "test_thing";

    fn identity(&self, state: &ThingState) -> ThingIdentity {
        ThingIdentity { name: state.name.clone() }
    }

    fn validate(&self, config: &ThingState, diagnostics: &mut Diagnostics) {
        if config.behavior.known().is_some_and(|behavior| behavior == "be invalid") {
            diagnostics.push(Diagnostic::error("Invalid", "As asked.").at(Path::attribute("behavior")));
        }
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<ThingState>) -> Result<(), Diagnostics> {
        self.behave(context, "plan", &plan.planned).await?;
        if plan.planned.behavior.known().is_some_and(|behavior| behavior == "defer") {
            plan.deferred = Some(DeferredReason::AbsentPrerequisite);
        }
        context.set_private("planned", true.into());
        Ok(())
    }

    async fn plan_destroy(&self, context: &Context, prior: &ThingState) -> Result<(), Diagnostics> {
        self.behave(context, "plan_destroy", prior).await
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<ThingState>,
        progress: &Progress<ThingState>,
    ) -> Result<ThingState, Diagnostics> {
        assert!(request.planned.secret.is_null(), "a write-only value got into the plan");
        // As authors do: the configuration's values into the result, secrets and all.
        let mut state = ThingState { secret: request.config.secret, ..request.planned };
        if state.behavior.known().is_some_and(|behavior| behavior == "fail before") {
            return Err(failure("before"));
        }
        progress.record(state.clone());
        self.behave(context, "create", &state).await?;
        state.id = Value::Known(7);
        for part in state.parts.known_mut().into_iter().flat_map(BTreeMap::values_mut) {
            if let Value::Known(part) = part {
                part.serial = Value::Known("s-1".to_owned());
                part.key = Value::Known(SECRET.to_owned());
            }
        }
        let planned = context.private("planned");
        context.set_private("created", planned.unwrap_or_default());
        Ok(state)
    }

    async fn read(
        &self,
        context: &Context,
        mut state: ThingState,
    ) -> Result<Option<ThingState>, Diagnostics> {
        self.behave(context, "read", &state).await?;
        match state.behavior.known().map(String::as_str) {
            Some("be gone") => return Ok(None),
            Some("be unknown") => state.id = Value::Unknown,
            _ => state.secret = Value::Known(SECRET.to_owned()),
        }
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<ThingState>,
        _progress: &Progress<ThingState>,
    ) -> Result<ThingState, Diagnostics> {
        self.behave(context, "update", &request.planned).await?;
        let mut state = request.planned;
        if state.behavior.known().is_some_and(|behavior| behavior == "break the plan") {
            state.label = Value::Known("another".to_owned());
        }
        Ok(state)
    }

    async fn delete(&self, context: &Context, state: ThingState) -> Result<(), Diagnostics> {
        self.behave(context, "delete", &state).await
    }

    async fn import(
        &self,
        _context: &Context,
        request: Import<ThingIdentity>,
    ) -> Result<ThingState, Diagnostics> {
        let name = match request {
            Import::Id(id) => id.strip_prefix("id:").map(str::to_owned).into(),
            Import::Identity(identity) => identity.name,
        };
        Ok(thing_state(name))
    }

    fn upgrade_state(&self, version: i64, state: serde_json::Value) -> Result<ThingState, Diagnostics> {
        if version == 0 {
            return Err(failure("upgrade"));
        }
        Ok(thing_state(state["old_name"].as_str().map(str::to_owned).into()))
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<ThingState>, Diagnostics> {
        Ok((source.type_name == "other_thing")
            .then(|| thing_state(source.state["title"].as_str().map(str::to_owned).into())))
    }
}

fn thing_state(name: Value<String>) -> ThingState {
    ThingState {
        name,
        behavior: Value::Null,
        label: Value::Known("plain".to_owned()),
        id: Value::Null,
        secret: Value::Null,
        parts: Value::Null,
        anything: Value::Null,
    }
}

/// The data source.
struct Lookup;

impl DataSource for Lookup {
    type State = ThingState;
    const TYPE_NAME: &'static str = "test_thing";

    async fn read(&self, context: &Context, config: ThingState) -> Result<ThingState, Diagnostics> {
        context.warn(Diagnostic::warning("Looked up", "By name."));
        Ok(ThingState { id: Value::Known(7), label: Value::Known("found".to_owned()), ..config })
    }
}

/// A token.
#[derive(Clone, Debug, TerraformSchema)]
struct TokenState {
    /// For whom.
    #[tf(required)]
    user: Value<String>,
    /// The token.
    #[tf(computed, sensitive)]
    token: Value<String>,
    /// Anything.
    #[tf(optional)]
    anything: Value<RawValue>,
}

/// When tokens are to be renewed, in seconds of Unix time.
pub(super) const RENEWAL: u64 = 1_800_000_000;

struct Tokens;

impl EphemeralResource for Tokens {
    type State = TokenState;
    const TYPE_NAME: &'static str = "test_token";

    async fn open(&self, _context: &Context, config: TokenState) -> Result<Opened<TokenState>, Diagnostics> {
        let token = config.user.known().map(|user| format!("{user}-token")).into();
        let private = Private::from([("lease".to_owned(), 1.into())]);
        let renew_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(RENEWAL));
        Ok(Opened { result: TokenState { token, ..config }, renew_at, private })
    }

    async fn renew(&self, _context: &Context, mut private: Private) -> Result<Renewed, Diagnostics> {
        assert_eq!(private.insert("lease".to_owned(), 2.into()), Some(1.into()));
        Ok(Renewed { renew_at: None, private })
    }

    async fn close(&self, _context: &Context, private: Private) -> Result<(), Diagnostics> {
        Err(failure(&format!("close of lease {}", private["lease"])))
    }
}

/// A search.
#[derive(Clone, Debug, TerraformSchema)]
struct SearchConfig {
    /// How many there are; without it, no end.
    #[tf(optional)]
    count: Value<i64>,
}

struct Search {
    started: Arc<Semaphore>,
}

impl ListResource for Search {
    type Config = SearchConfig;
    type Resource = Things;

    async fn list(
        &self,
        _context: &Context,
        request: ListRequest<SearchConfig>,
        found: ListSink<Things>,
    ) -> Result<(), Diagnostics> {
        for number in 0..request.config.count.into_known().unwrap_or(i64::MAX) {
            let name = Value::Known(format!("thing-{number}"));
            let mut state = thing_state(name.clone());
            state.secret = Value::Known(SECRET.to_owned());
            let item = ListItem {
                identity: ThingIdentity { name },
                display_name: format!("Thing {number}"),
                state: request.include_resource.then_some(state),
            };
            if found.send(item).await.is_err() {
                self.started.add_permits(1);
                return Ok(());
            }
        }
        Err(failure("the rest of the search"))
    }
}

struct Shout;

impl Action for Shout {
    type Config = ThingState;
    const TYPE_NAME: &'static str = "test_shout";

    async fn invoke(
        &self,
        _context: &Context,
        config: ThingState,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        for word in ["one", "two"] {
            progress.send(word.to_owned()).await.map_err(|_| failure("progress"))?;
        }
        match config.behavior.known().map(String::as_str) {
            Some("panic") => panic!("a plain message"),
            Some("fail") => Err(failure("shout")),
            _ => Ok(()),
        }
    }
}

struct Join;

impl Function for Join {
    const NAME: &'static str = "join";

    fn signature(&self) -> Signature {
        Signature::new("Joins", Type::String)
            .parameter(Parameter::new("separator", Type::String, "Between."))
            .variadic(Parameter::new("words", Type::String, "What to join."))
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let words: Vec<&str> = arguments.iter().filter_map(RawValue::as_str).collect();
        if let Some(position) = words.iter().position(|word| word.is_empty()) {
            return Err(FunctionError { argument: Some(position), message: "an empty word".to_owned() });
        }
        assert!(words[0] != "panic", "the message holds {SECRET}");
        Ok(RawValue::string(words[1..].join(words[0])))
    }
}

/// The whole provider.
pub(super) struct TestProvider {
    pub(super) started: Arc<Semaphore>,
}

/// Its block.
#[derive(Clone, Debug, TerraformSchema)]
pub(super) struct TestConfig {
    /// The region.
    #[tf(optional)]
    region: Value<String>,
}

impl Provider for TestProvider {
    type Config = TestConfig;

    async fn configure(&self, _context: &Context, config: TestConfig) -> Result<(), Diagnostics> {
        match config.region.known().map(String::as_str) {
            Some("nowhere") => Err(failure("configure")),
            _ => Ok(()),
        }
    }

    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        vec![Box::new(Things { started: self.started.clone() })]
    }

    fn data_sources(&self) -> Vec<Box<dyn ErasedDataSource>> {
        vec![Box::new(Lookup)]
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn ErasedEphemeralResource>> {
        vec![Box::new(Tokens)]
    }

    fn list_resources(&self) -> Vec<Box<dyn ErasedListResource>> {
        vec![Box::new(Search { started: self.started.clone() })]
    }

    fn actions(&self) -> Vec<Box<dyn ErasedAction>> {
        vec![Box::new(Shout)]
    }

    fn functions(&self) -> Vec<Box<dyn ErasedFunction>> {
        vec![Box::new(Join)]
    }
}

/// The provider behind its service, and the semaphore that counts what it waits for.
pub(super) fn server() -> (Arc<Server>, Arc<Semaphore>) {
    let started = Arc::new(Semaphore::new(0));
    let provider = TestProvider { started: started.clone() };
    let server = Server { catalog: Catalog::new(provider), stop: Stop::new(CancellationToken::new()) };
    (Arc::new(server), started)
}

/// A value of a schema from its JSON; attributes that are not named are null.
pub(super) fn value(schema: &Schema, json: serde_json::Value) -> DynamicValue {
    let kind = schema.object_type();
    let value = codec::decode_stored_json(&json, &kind).unwrap();
    DynamicValue { msgpack: codec::encode_msgpack(&value, &kind).unwrap().into(), json: Bytes::new() }
}

/// A thing from its JSON.
pub(super) fn thing(json: serde_json::Value) -> Option<DynamicValue> {
    Some(value(&ThingState::schema(), json))
}

/// No thing.
pub(super) fn nothing() -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: vec![0xc0].into(), json: Bytes::new() })
}

/// The JSON of what was answered; unknowns make it fail.
pub(super) fn json(schema: &Schema, value: Option<&DynamicValue>) -> serde_json::Value {
    let kind = schema.object_type();
    codec::encode_json(&raw(schema, value), &kind).unwrap()
}

/// What was answered.
pub(super) fn raw(schema: &Schema, value: Option<&DynamicValue>) -> RawValue {
    codec::decode_msgpack(&value.expect("a value").msgpack, &schema.object_type()).unwrap()
}

/// Summaries, errors with an exclamation mark.
pub(super) fn summaries(diagnostics: &[WireDiagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| match diagnostic.severity() {
            Severity::Error => format!("{}!", diagnostic.summary),
            Severity::Warning | Severity::Invalid => diagnostic.summary.clone(),
        })
        .collect()
}

/// Calls and takes the answer.
macro_rules! call {
    ($server:expr, $method:ident, $request:expr) => {
        crate::generated::tfplugin6::provider_server::Provider::$method(
            &*$server,
            tonic::Request::new($request),
        )
        .await
        .expect("an answer, not an error of gRPC")
        .into_inner()
    };
}
pub(super) use call;
