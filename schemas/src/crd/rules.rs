//! Rules that several fields of the CRDs share, as transforms of their schemas: names, patterns, formats and
//! the rules between fields. The values are those of the v0.7 API; changing one changes what the API accepts.

use schemars::Schema;
use serde_json::{Value, json};

fn set(schema: &mut Schema, keyword: &str, value: Value) {
    schema.insert(keyword.to_owned(), value);
}

fn replace(schema: &mut Schema, keywords: Value) {
    let description = schema.get("description").cloned();
    if let Ok(mut new) = Schema::try_from(keywords) {
        if let Some(description) = description {
            new.insert("description".to_owned(), description);
        }
        *schema = new;
    }
}

fn add_validation(schema: &mut Schema, rule: &str, message: &str) {
    let entry = json!({"rule": rule, "message": message});
    if let Some(Value::Array(rules)) = schema.get_mut("x-kubernetes-validations") {
        rules.push(entry);
    } else {
        set(schema, "x-kubernetes-validations", json!([entry]));
    }
}

/// Name of a Kubernetes object, at most 63 characters.
pub(crate) fn object_name(schema: &mut Schema) {
    object_name_any_length(schema);
    set(schema, "maxLength", json!(63));
}

/// Name of a Kubernetes object where the API sets no limit of its own.
pub(crate) fn object_name_any_length(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[a-z0-9]([a-z0-9\.\-]*[a-z0-9])?$"));
}

/// Name of a component or of a component definition.
pub(crate) fn component_name(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[a-z]([a-z0-9\-]*[a-z0-9])?$"));
    set(schema, "maxLength", json!(22));
}

/// Name of a pod volume.
pub(crate) fn volume_name(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[a-z]([a-z0-9\-]*[a-z0-9])?$"));
    set(schema, "maxLength", json!(63));
}

/// Name of a namespace.
pub(crate) fn namespace_name(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[a-z0-9]([a-z0-9\-]*[a-z0-9])?$"));
    set(schema, "maxLength", json!(63));
}

/// Type of an engine.
pub(crate) fn definition_type(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[a-z0-9]([a-z0-9\-]*[a-z0-9])?$"));
    set(schema, "maxLength", json!(24));
}

/// `type` of a condition: an optionally prefixed label key.
pub(crate) fn condition_type(schema: &mut Schema) {
    let pattern = concat!(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?",
        r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
    );
    set(schema, "pattern", json!(pattern));
    set(schema, "maxLength", json!(316));
}

/// `status` of a condition.
pub(crate) fn condition_status(schema: &mut Schema) {
    set(schema, "enum", json!(["True", "False", "Unknown"]));
}

/// `reason` of a condition.
pub(crate) fn condition_reason(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"));
    set(schema, "minLength", json!(1));
    set(schema, "maxLength", json!(1024));
}

/// Policy on a failed leader; only one exists.
pub(crate) fn switch_policy(schema: &mut Schema) {
    set(schema, "enum", json!(["Noop"]));
}

/// Progress of an operation, `1/3` or `-/-`.
pub(crate) fn progress(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^(\d+|\-)/(\d+|\-)$"));
}

/// Moment to restore to, in UTC and without fractions.
pub(crate) fn restore_time(schema: &mut Schema) {
    set(schema, "pattern", json!(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"));
}

/// How many of the selected pods are used.
pub(crate) fn selection_strategy(schema: &mut Schema) {
    set(schema, "enum", json!(["Any", "All"]));
}

/// Protocol of a Service's port.
pub(crate) fn protocol(schema: &mut Schema) {
    set(schema, "enum", json!(["TCP", "UDP", "SCTP"]));
}

/// What a condition of an add-on compares.
pub(crate) fn selector_key(schema: &mut Schema) {
    set(schema, "enum", json!(["KubeGitVersion", "KubeVersion", "KubeProvider"]));
}

/// How a condition of an add-on compares.
pub(crate) fn selector_operator(schema: &mut Schema) {
    set(schema, "enum", json!(["Contains", "DoesNotContain", "MatchRegex", "DoesNotMatchRegex"]));
}

/// A number or a string.
pub(crate) fn int_or_string(schema: &mut Schema) {
    replace(
        schema,
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}),
    );
}

/// Any value at all.
pub(crate) fn any(schema: &mut Schema) {
    replace(schema, json!({"x-kubernetes-preserve-unknown-fields": true}));
}

/// Untyped items with a name, for lists that merge by it.
pub(crate) fn named_items(schema: &mut Schema) {
    keyed_items(schema, "name");
}

/// Untyped items with a key, for lists that merge by it.
pub(crate) fn keyed_by_key(schema: &mut Schema) {
    keyed_items(schema, "key");
}

fn keyed_items(schema: &mut Schema, key: &str) {
    let mut properties = serde_json::Map::new();
    properties.insert(key.to_owned(), json!({"type": "string"}));
    set(
        schema,
        "items",
        json!({
            "type": "object",
            "properties": properties,
            "required": [key],
            "x-kubernetes-preserve-unknown-fields": true,
        }),
    );
}

/// The change of parameters may not change later and may not be empty.
pub(crate) fn reconfigure(schema: &mut Schema) {
    add_validation(schema, "self == oldSelf", "reconfigure cannot be changed");
    add_validation(schema, "self.configurations.size() > 0", "configurations needs at least one entry");
}

/// Only scaling can be cancelled.
pub(crate) fn cancel_only_scaling(schema: &mut Schema) {
    add_validation(
        schema,
        "has(self.cancel) && self.cancel ? (self.type in ['VerticalScaling', 'HorizontalScaling']) : true",
        "only operations of type VerticalScaling and HorizontalScaling can be cancelled",
    );
}

/// A Consensus component needs roles, in one of the two forms.
pub(crate) fn consensus_needs_roles(schema: &mut Schema) {
    add_validation(
        schema,
        "has(self.workloadType) && self.workloadType == 'Consensus' ? \
         (has(self.consensusSpec) || has(self.rsmSpec)) : !has(self.consensusSpec)",
        "workloadType Consensus needs rsmSpec or consensusSpec, other types may not have consensusSpec",
    );
}

/// A Helm add-on needs a chart.
pub(crate) fn helm_when_helm(schema: &mut Schema) {
    add_validation(
        schema,
        "has(self.type) && self.type == 'Helm' ?  has(self.helm) : !has(self.helm)",
        "helm is needed for type Helm and only for it",
    );
}

/// A chart in an image needs the image.
pub(crate) fn file_needs_image(schema: &mut Schema) {
    add_validation(
        schema,
        "self.chartLocationURL.startsWith('file://') ? has(self.chartsImage) : true",
        "a chart location that starts with file:// needs chartsImage",
    );
}

/// The state of the config specs is always reported, if only as an empty list.
pub(crate) fn configuration_status(schema: &mut Schema) {
    set(schema, "required", json!(["configurationStatus"]));
}
