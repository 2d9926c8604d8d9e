//! What Terraform does with one resource between its calls of the provider: refresh, plan, choose the action, apply, and
//! keep what came back. It holds the provider to Terraform's own rules on the way.

use std::path::Path;
use std::sync::Arc;

use kubeblocks_provider::provider::KubeblocksProvider;
use serde_json::{Map, Value};
use tfplugin::codec::{decode_json, decode_msgpack, encode_msgpack};
use tfplugin::conformance::{Action, action, assert_applied, assert_plan_valid, proposed_new_state};
use tfplugin::path::PathStep;
use tfplugin::provider::Provider;
use tfplugin::raw::RawValue;
use tfplugin::schema::{Attribute, Nesting, Schema, Shape};
use tfplugin::types::Type;

use crate::plugin::attribute_path::step::Selector;
use crate::plugin::{
    ClientCapabilities, DynamicValue, Plugin, ResourceIdentityData, apply_resource_change,
    import_resource_state, plan_resource_change, read_resource, texts,
};

const READ: &str = "/tfplugin6.Provider/ReadResource";
const PLAN: &str = "/tfplugin6.Provider/PlanResourceChange";
const IMPORT: &str = "/tfplugin6.Provider/ImportResourceState";
const APPLY: &str = "/tfplugin6.Provider/ApplyResourceChange";

/// One managed resource, as a state and a configuration know it.
pub(crate) struct Resource {
    type_name: &'static str,
    schema: Schema,
    kind: Type,
    state: RawValue,
    private: prost::bytes::Bytes,
    identity: Option<ResourceIdentityData>,
    tainted: bool,
}

/// Why a run ended early: the texts of the errors.
pub(crate) type Failed = Vec<String>;

/// What a plan comes to.
struct Planned {
    state: RawValue,
    private: prost::bytes::Bytes,
    identity: Option<ResourceIdentityData>,
    action: Action,
}

impl Resource {
    /// A resource that is not there yet.
    pub(crate) fn new(type_name: &'static str) -> Self {
        let provider = KubeblocksProvider::new();
        let resources = provider.resources();
        let found = resources.iter().find(|resource| resource.type_name() == type_name);
        let schema = found.expect("the provider has it").schema();
        let kind = schema.object_type();
        let private = prost::bytes::Bytes::new();
        Self { type_name, schema, kind, state: RawValue::Null, private, identity: None, tainted: false }
    }

    /// Whether the state holds it.
    pub(crate) fn is_managed(&self) -> bool {
        !self.state.is_null()
    }

    /// Whether its create failed, so that Terraform would make it anew.
    pub(crate) fn is_tainted(&self) -> bool {
        self.tainted
    }

    /// What `terraform apply` does with this configuration, or `terraform destroy` without one, in a process of its own.
    pub(crate) async fn run(&mut self, plugin: &Plugin, config: Option<&Value>) -> Result<(), Failed> {
        self.refresh(plugin).await?;
        let Some(config) = config else { return self.destroy(plugin).await };
        let config = self.configuration(config);
        let planned = self.plan(plugin, &config, self.state.clone()).await?;
        match planned.action {
            Action::NoOp if !self.tainted => Ok(()),
            Action::NoOp | Action::Update if !self.tainted => self.apply(plugin, &config, planned).await,
            Action::Create => self.apply(plugin, &config, planned).await,
            Action::NoOp | Action::Update | Action::Replace => {
                self.destroy(plugin).await?;
                let planned = self.plan(plugin, &config, RawValue::Null).await?;
                self.apply(plugin, &config, planned).await
            }
        }
    }

    /// What `terraform import` does.
    pub(crate) async fn import(&mut self, kubeconfig: &Path, id: &str) -> Result<(), Failed> {
        let plugin = Plugin::start(kubeconfig).await;
        let request = import_resource_state::Request {
            type_name: self.type_name.to_owned(),
            id: id.to_owned(),
            client_capabilities: capabilities(),
            ..Default::default()
        };
        let answer: import_resource_state::Response = plugin.call(IMPORT, request).await.map_err(gone)?;
        refused(&answer.diagnostics)?;
        let imported = answer.imported_resources.into_iter().next().expect("one resource");
        self.state = self.value(imported.state.as_ref());
        self.private = imported.private;
        self.identity = imported.identity;
        self.refresh(&plugin).await
    }

    /// Whether a plan has nothing to do.
    pub(crate) async fn is_settled(
        &mut self,
        kubeconfig: &Path,
        config: Option<&Value>,
    ) -> Result<bool, Failed> {
        let plugin = Plugin::start(kubeconfig).await;
        self.refresh(&plugin).await?;
        let Some(config) = config else { return Ok(self.state.is_null()) };
        let config = self.configuration(config);
        let planned = self.plan(&plugin, &config, self.state.clone()).await?;
        Ok(planned.action == Action::NoOp && !self.tainted)
    }

    async fn refresh(&mut self, plugin: &Plugin) -> Result<(), Failed> {
        if self.state.is_null() {
            return Ok(());
        }
        let request = read_resource::Request {
            type_name: self.type_name.to_owned(),
            current_state: self.wire(&self.state),
            private: self.private.clone(),
            client_capabilities: capabilities(),
            current_identity: self.identity.clone(),
            ..Default::default()
        };
        let answer: read_resource::Response = plugin.call(READ, request).await.map_err(gone)?;
        refused(&answer.diagnostics)?;
        self.state = self.value(answer.new_state.as_ref());
        self.private = answer.private;
        self.identity = answer.new_identity;
        self.tainted &= !self.state.is_null();
        Ok(())
    }

    async fn plan(&self, plugin: &Plugin, config: &RawValue, prior: RawValue) -> Result<Planned, Failed> {
        goes_on(plugin)?;
        let is_create = prior.is_null();
        let request = plan_resource_change::Request {
            type_name: self.type_name.to_owned(),
            prior_state: self.wire(&prior),
            proposed_new_state: self.wire(&proposed_new_state(&self.schema, &prior, config)),
            config: self.wire(config),
            prior_private: if is_create { Default::default() } else { self.private.clone() },
            client_capabilities: capabilities(),
            prior_identity: self.identity.clone().filter(|_| !is_create),
            ..Default::default()
        };
        let answer: plan_resource_change::Response = plugin.call(PLAN, request).await.map_err(gone)?;
        refused(&answer.diagnostics)?;
        let state = self.value(answer.planned_state.as_ref());
        kept("the plan", &assert_plan_valid(&self.schema, &prior, config, &state))?;
        let replaces: Vec<_> = answer.requires_replace.iter().map(path).collect();
        let action =
            action(&self.schema, &prior, &state, &replaces).map_err(|broken| vec![broken.to_string()])?;
        Ok(Planned { state, private: answer.planned_private, identity: answer.planned_identity, action })
    }

    async fn destroy(&mut self, plugin: &Plugin) -> Result<(), Failed> {
        if self.state.is_null() {
            return Ok(());
        }
        goes_on(plugin)?;
        let request = plan_resource_change::Request {
            type_name: self.type_name.to_owned(),
            prior_state: self.wire(&self.state),
            proposed_new_state: self.wire(&RawValue::Null),
            config: self.wire(&RawValue::Null),
            prior_private: self.private.clone(),
            client_capabilities: capabilities(),
            prior_identity: self.identity.clone(),
            ..Default::default()
        };
        let answer: plan_resource_change::Response = plugin.call(PLAN, request).await.map_err(gone)?;
        refused(&answer.diagnostics)?;
        let planned = Planned {
            state: RawValue::Null,
            private: answer.planned_private,
            identity: answer.planned_identity,
            action: Action::Update,
        };
        self.apply(plugin, &RawValue::Null, planned).await
    }

    async fn apply(&mut self, plugin: &Plugin, config: &RawValue, planned: Planned) -> Result<(), Failed> {
        goes_on(plugin)?;
        let request = apply_resource_change::Request {
            type_name: self.type_name.to_owned(),
            prior_state: self.wire(&self.state),
            planned_state: self.wire(&planned.state),
            config: self.wire(config),
            planned_private: planned.private,
            planned_identity: planned.identity,
            ..Default::default()
        };
        // Of a provider that is gone Terraform keeps what it knew before.
        let answer: apply_resource_change::Response = plugin.call(APPLY, request).await.map_err(gone)?;
        let outcome = refused(&answer.diagnostics);
        if outcome.is_err() && answer.new_state.is_none() {
            return outcome;
        }
        let new = self.value(answer.new_state.as_ref());
        if outcome.is_ok() {
            kept("what was applied", &assert_applied(&self.schema, &planned.state, &new))?;
        }
        self.tainted = !new.is_null() && (self.tainted || (self.state.is_null() && outcome.is_err()));
        self.state = new;
        self.private = answer.private;
        self.identity = answer.new_identity;
        outcome
    }

    fn configuration(&self, config: &Value) -> RawValue {
        let whole = with_nulls(&self.schema.attributes, config);
        decode_json(&whole, &self.kind).unwrap_or_else(|error| panic!("{}: {error:?}", self.type_name))
    }

    #[allow(clippy::unnecessary_wraps, reason = "messages hold values as options")]
    fn wire(&self, value: &RawValue) -> Option<DynamicValue> {
        let msgpack = encode_msgpack(value, &self.kind).expect("it is of the type").into();
        Some(DynamicValue { msgpack, ..DynamicValue::default() })
    }

    fn value(&self, value: Option<&DynamicValue>) -> RawValue {
        value.map_or(RawValue::Null, |value| decode_msgpack(&value.msgpack, &self.kind).expect("of the type"))
    }
}

/// A run in a process of its own, to which nothing happens.
pub(crate) async fn run(
    resource: &mut Resource,
    kubeconfig: &Path,
    config: Option<&Value>,
) -> Result<(), Failed> {
    let plugin = Arc::new(Plugin::start(kubeconfig).await);
    resource.run(&plugin, config).await
}

fn capabilities() -> Option<ClientCapabilities> {
    Some(ClientCapabilities { write_only_attributes_allowed: true, ..ClientCapabilities::default() })
}

/// After a Ctrl-C Terraform begins no other step.
fn goes_on(plugin: &Plugin) -> Result<(), Failed> {
    if plugin.is_stopped() { Err(vec!["execution halted".to_owned()]) } else { Ok(()) }
}

fn gone(status: tonic::Status) -> Failed {
    vec![format!("the provider is gone: {}", status.message())]
}

fn refused(diagnostics: &[crate::plugin::Diagnostic]) -> Result<(), Failed> {
    let errors = texts(diagnostics);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A rule of Terraform's that is broken is the provider's mistake, whatever the fault was.
fn kept(what: &str, violations: &[tfplugin::conformance::Violation]) -> Result<(), Failed> {
    assert!(violations.is_empty(), "{what} breaks Terraform's rules: {violations:?}");
    Ok(())
}

fn path(wire: &crate::plugin::AttributePath) -> tfplugin::path::Path {
    let steps = wire.steps.iter().filter_map(|step| step.selector.clone());
    steps.fold(tfplugin::path::Path::root(), |path, step| {
        path.then(match step {
            Selector::AttributeName(name) => PathStep::Attribute(name),
            Selector::ElementKeyString(key) => PathStep::Key(key),
            Selector::ElementKeyInt(index) => PathStep::Index(usize::try_from(index).expect("an index")),
        })
    })
}

/// The configuration with a null for each argument that it does not give.
fn with_nulls(attributes: &[Attribute], config: &Value) -> Value {
    let Some(given) = config.as_object() else { return config.clone() };
    let unknown: Vec<_> =
        given.keys().filter(|key| !attributes.iter().any(|one| one.name == **key)).collect();
    assert!(unknown.is_empty(), "no such arguments: {unknown:?}");
    let filled = attributes.iter().map(|attribute| {
        let value = given.get(&attribute.name).unwrap_or(&Value::Null);
        (attribute.name.clone(), filled(attribute, value))
    });
    Value::Object(filled.collect::<Map<_, _>>())
}

fn filled(attribute: &Attribute, value: &Value) -> Value {
    let Shape::Nested { nesting, attributes } = &attribute.shape else { return value.clone() };
    match (nesting, value) {
        (_, Value::Null) => Value::Null,
        (Nesting::Single, value) => with_nulls(attributes, value),
        (Nesting::Map, Value::Object(members)) => {
            members.iter().map(|(key, member)| (key.clone(), with_nulls(attributes, member))).collect()
        }
        (_, Value::Array(members)) => members.iter().map(|member| with_nulls(attributes, member)).collect(),
        (_, other) => other.clone(),
    }
}
