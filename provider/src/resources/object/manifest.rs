//! The written object: from `manifest` or `yaml` to what is sent, and the checks that need no server. Pure.

use serde_json::{Value as Json, json};
use tfplugin::prelude::*;

use super::kinds::{group_of, is_kubeblocks_group, known};
use super::schema::ObjectState;
use super::values::{from_json, member, to_json, without_nulls, yaml_document};

const SUMMARY: &str = "Invalid manifest";

/// The attribute that the object is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `manifest`.
    Manifest,
    /// `yaml`.
    Yaml,
}

impl Form {
    /// The attribute.
    pub fn attribute(self) -> Path {
        Path::attribute(match self {
            Self::Manifest => "manifest",
            Self::Yaml => "yaml",
        })
    }
}

/// The object as it is written; parts of it may be unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Where it is written.
    pub form: Form,
    /// The value, for YAML as if it were written in HCL.
    pub value: RawValue,
}

/// The names in a written object. Unknown where they are not known yet, null where they are not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// `apiVersion`.
    pub api_version: Value<String>,
    /// `kind`.
    pub kind: Value<String>,
    /// `metadata.namespace`.
    pub namespace: Value<String>,
    /// `metadata.name`.
    pub name: Value<String>,
}

/// An object that is wholly known.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// The whole object, without nulls.
    pub body: Json,
}

impl Written {
    /// What is written in a state or configuration; `None` when nothing is, or the text is no YAML.
    pub fn of(state: &ObjectState) -> Option<Self> {
        if !state.manifest.is_null() {
            let value = state.manifest.known().cloned().unwrap_or_else(RawValue::unknown);
            return Some(Self { form: Form::Manifest, value });
        }
        let value = match &state.yaml {
            Value::Null => return None,
            Value::Unknown => RawValue::unknown(),
            Value::Known(text) => from_json(&yaml_document(text).ok()?),
        };
        Some(Self { form: Form::Yaml, value })
    }

    /// Whether nothing of it is known yet.
    pub fn is_unknown(&self) -> bool {
        self.value.is_unknown()
    }

    /// Its names.
    pub fn names(&self) -> Names {
        let root = &self.value;
        let metadata = if root.is_unknown() { Some(root) } else { member(root, "metadata") };
        let of = |from: Option<&RawValue>, name: &str| match from {
            Some(from) if from.is_unknown() => Value::Unknown,
            Some(from) => text_of(member(from, name)),
            None => Value::Null,
        };
        Names {
            api_version: of(Some(root), "apiVersion"),
            kind: of(Some(root), "kind"),
            namespace: of(metadata, "namespace"),
            name: of(metadata, "name"),
        }
    }

    /// The object, when all of it is known and it has its names.
    pub fn manifest(&self) -> Option<Manifest> {
        let body = without_nulls(to_json(&self.value)?);
        let text = |value: &Json| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Manifest {
            api_version: text(&body["apiVersion"])?,
            kind: text(&body["kind"])?,
            namespace: text(&body["metadata"]["namespace"]),
            name: text(&body["metadata"]["name"])?,
            body,
        })
    }
}

fn text_of(raw: Option<&RawValue>) -> Value<String> {
    match raw {
        Some(raw) if raw.is_unknown() => Value::Unknown,
        Some(raw) => raw.as_str().map(str::to_owned).into(),
        None => Value::Null,
    }
}

impl Manifest {
    /// The object of a state, when all of it is known.
    pub fn of(state: &ObjectState) -> Option<Self> {
        Written::of(state)?.manifest()
    }

    /// The group of its kind.
    pub fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// `ClusterDefinition redis`, `ServiceDescriptor shop/orders`.
    pub fn display(&self) -> String {
        display(&self.kind, self.namespace.as_deref(), &self.name)
    }

    /// What is sent, with an annotation that it does not have itself.
    pub fn marked(&self, annotation: &str, value: &str) -> Json {
        let mut body = self.body.clone();
        // The checks let only objects through here.
        if let Some(metadata) = body["metadata"].as_object_mut()
            && let Some(annotations) =
                metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut()
        {
            annotations.insert(annotation.to_owned(), value.into());
        }
        body
    }
}

/// An object in messages.
pub fn display(kind: &str, namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| format!("{kind} {name}"), |namespace| format!("{kind} {namespace}/{name}"))
}

/// Checks a configuration as far as it is known.
pub fn check(config: &ObjectState, diagnostics: &mut Diagnostics) {
    match (config.manifest.is_null(), config.yaml.is_null()) {
        (true, true) => diagnostics.push(Diagnostic::error(
            SUMMARY,
            "Write the object in `manifest`, as an HCL object, or in `yaml`, as a YAML document.",
        )),
        (false, false) => diagnostics.push(
            Diagnostic::error(SUMMARY, "The object is written twice. Keep either `manifest` or `yaml`.")
                .at(Path::attribute("yaml")),
        ),
        _ => {}
    }
    if let Some(text) = config.yaml.known()
        && let Err(error) = yaml_document(text)
    {
        let hint = match error {
            super::values::YamlError::Several(_) => {
                "\n\nUse one resource for each: `for_each` over the function `manifest_decode_multi` of this provider, with `manifest = each.value`."
            }
            _ => "",
        };
        let detail = format!("The text of `yaml` cannot be used: {error}.{hint}");
        diagnostics.push(Diagnostic::error(SUMMARY, detail).at(Path::attribute("yaml")));
        return;
    }
    if let Some(written) = Written::of(config) {
        Check { form: written.form, diagnostics }.object(&written.value);
    }
}

/// One pass over a written object.
struct Check<'a> {
    form: Form,
    diagnostics: &'a mut Diagnostics,
}

impl Check<'_> {
    /// `field` is the place in the object, such as `metadata.name`.
    fn refuse(&mut self, field: &str, raw: &RawValue, reason: impl Into<String>) {
        let path = super::paths::place(self.form, raw, field);
        self.diagnostics.push(Diagnostic::error(SUMMARY, reason).at(path));
    }

    fn object(&mut self, root: &RawValue) {
        if root.is_unknown() {
            return;
        }
        if !matches!(root.peeled(), RawValue::Object(_) | RawValue::Map(_)) {
            let reason = format!(
                "A manifest is an object with `apiVersion`, `kind` and `metadata`, but this is {}.",
                root.kind()
            );
            return self.refuse("", root, reason);
        }
        let api_version =
            self.text(root, root, "apiVersion", "apiVersion", "such as \"apps.kubeblocks.io/v1alpha1\"");
        let kind = self.text(root, root, "kind", "kind", "such as \"ClusterDefinition\"");
        if let Some(api_version) = api_version
            && !is_kubeblocks_group(group_of(&api_version))
        {
            let reason = format!(
                "{api_version:?} is no group of KubeBlocks. This resource is for kinds of KubeBlocks, whose groups end in `kubeblocks.io`; for others use `kubernetes_manifest` of the provider hashicorp/kubernetes."
            );
            self.refuse("apiVersion", root, reason);
        }
        if member(root, "status").is_some_and(|status| !status.is_null()) {
            self.refuse(
                "status",
                root,
                "The status of an object is written by its controller. Remove `status`.",
            );
        }
        match member(root, "metadata") {
            Some(metadata) if metadata.is_unknown() => {}
            Some(metadata) if matches!(metadata.peeled(), RawValue::Object(_) | RawValue::Map(_)) => {
                self.metadata(root, metadata, kind.as_deref());
            }
            _ => self.refuse("metadata", root, "A manifest needs `metadata` with the `name` of the object."),
        }
    }

    fn metadata(&mut self, root: &RawValue, metadata: &RawValue, kind: Option<&str>) {
        self.text(root, metadata, "name", "metadata.name", "the name of the object");
        let (RawValue::Object(fields) | RawValue::Map(fields)) = metadata.peeled() else { return };
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let field = format!("metadata.{name}");
            match name.as_str() {
                "name" => {}
                "namespace" if value.is_unknown() || value.as_str().is_some_and(|text| !text.is_empty()) => {}
                "namespace" => self.refuse(&field, root, "`metadata.namespace` must be a text."),
                "labels" | "annotations" => self.texts(root, name, value),
                "generateName" => self.refuse(
                    &field,
                    root,
                    "Terraform has to know the name of what it makes. Write `metadata.name`; `random_id` of the provider hashicorp/random gives names of their own.",
                ),
                _ => {
                    let reason = format!("`{field}` cannot be written: `metadata` holds only `name`, `namespace`, `labels` and `annotations` here. What else stands there on a live object is the server's.");
                    self.refuse(&field, root, reason);
                }
            }
        }
        let Some(known) = kind.and_then(known) else { return };
        if let Some(problem) =
            scope_problem(known.kind, known.namespaced, &text_of(member(metadata, "namespace")))
        {
            self.refuse("metadata.namespace", root, problem);
        }
    }

    /// The text of a field that must be there; an unknown one is passed over.
    fn text(
        &mut self,
        root: &RawValue,
        from: &RawValue,
        name: &str,
        field: &str,
        what: &str,
    ) -> Option<String> {
        match member(from, name) {
            Some(value) if value.is_unknown() => None,
            Some(value) if value.as_str().is_some_and(|text| !text.is_empty()) => {
                value.as_str().map(str::to_owned)
            }
            _ => {
                self.refuse(field, root, format!("A manifest needs `{field}`, {what}."));
                None
            }
        }
    }

    /// Labels and annotations.
    fn texts(&mut self, root: &RawValue, name: &str, value: &RawValue) {
        let entries = match value.peeled() {
            RawValue::Unknown(_) => return,
            RawValue::Object(entries) | RawValue::Map(entries) => entries,
            _ => {
                let field = format!("metadata.{name}");
                return self.refuse(&field, root, format!("`{field}` must be an object of texts."));
            }
        };
        for (key, value) in entries {
            let is_text = value.is_null() || value.is_unknown() || value.as_str().is_some();
            if !is_text {
                let path = super::paths::place_of(self.form, root, &["metadata", name, key]);
                let reason = format!(
                    "The value of {key:?} must be a text, but it is {}. Write it in quotes.",
                    value.kind()
                );
                self.diagnostics.push(Diagnostic::error(SUMMARY, reason).at(path));
            }
        }
    }
}

/// What is wrong with the namespace of an object of a kind that lives in namespaces, or does not.
pub fn scope_problem(kind: &str, namespaced: bool, namespace: &Value<String>) -> Option<String> {
    match (namespaced, namespace) {
        (true, Value::Null) => {
            Some(format!("Objects of the kind {kind} live in namespaces: add `namespace` to `metadata`."))
        }
        (false, Value::Known(namespace)) => Some(format!(
            "Objects of the kind {kind} do not live in namespaces: remove `namespace` ({namespace:?}) from `metadata`."
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::object::test_support::{definition, in_hcl, in_yaml};

    fn errors(config: &ObjectState) -> Vec<String> {
        let mut diagnostics = Diagnostics::new();
        check(config, &mut diagnostics);
        diagnostics
            .iter()
            .map(|found| found.path.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect()
    }

    #[test]
    fn what_is_right_passes_in_both_forms() {
        let text = super::super::values::to_yaml(&definition("redis")).unwrap();
        for config in [in_hcl(&definition("redis")), in_yaml(&text)] {
            assert_eq!(errors(&config), Vec::<String>::new());
            let manifest = Manifest::of(&config).unwrap();
            assert_eq!(manifest.display(), "ClusterDefinition redis");
            assert_eq!(manifest.body, definition("redis"));
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        type Change = fn(&mut Json);
        let table: [(&str, Change, &[&str]); 14] = [
            ("another group", |it| it["apiVersion"] = "apps/v1".into(), &["manifest.apiVersion"]),
            ("no version", |it| it["apiVersion"] = Json::Null, &["manifest.apiVersion"]),
            ("no kind", |it| it["kind"] = "".into(), &["manifest.kind"]),
            ("no metadata", |it| it["metadata"] = Json::Null, &["manifest.metadata"]),
            ("no name", |it| it["metadata"] = json!({"labels": {}}), &["manifest.metadata"]),
            ("a number for a name", |it| it["metadata"]["name"] = 1.into(), &["manifest.metadata.name"]),
            ("a status", |it| it["status"] = json!({"phase": "Available"}), &["manifest.status"]),
            ("an uid", |it| it["metadata"]["uid"] = "1".into(), &["manifest.metadata.uid"]),
            ("a null uid", |it| it["metadata"]["uid"] = Json::Null, &[]),
            (
                "a generated name",
                |it| it["metadata"]["generateName"] = "x-".into(),
                &["manifest.metadata.generateName"],
            ),
            ("labels", |it| it["metadata"]["labels"] = json!(["a"]), &["manifest.metadata.labels"]),
            (
                "a label",
                |it| it["metadata"]["labels"] = json!({"a/b": true, "c": "d"}),
                &[r"manifest.metadata.labels.a/b"],
            ),
            (
                "a namespace",
                |it| it["metadata"]["namespace"] = "shop".into(),
                &["manifest.metadata.namespace"],
            ),
            ("no namespace", |it| it["kind"] = "ServiceDescriptor".into(), &["manifest.metadata"]),
        ];
        for (case, change, expected) in table {
            let mut object = definition("redis");
            change(&mut object);
            assert_eq!(errors(&in_hcl(&object)), expected, "{case}");
        }
        assert_eq!(errors(&in_hcl(&json!(["a"]))), ["manifest"]);
        assert_eq!(errors(&ObjectState::default()), [""]);
        assert_eq!(errors(&ObjectState { yaml: Value::Unknown, ..in_hcl(&definition("redis")) }), ["yaml"]);
        assert_eq!(errors(&in_yaml("a: 1\n---\nb: 2\n")), ["yaml"]);
        assert_eq!(errors(&in_yaml("a: [")), ["yaml"]);
        assert_eq!(errors(&in_yaml("kind: X\n")), ["yaml", "yaml"]);
    }

    #[test]
    fn what_is_not_known_yet_is_passed_over() {
        let unknown = RawValue::unknown;
        let name = RawValue::object([("name", unknown())]);
        let kind = || RawValue::from("ClusterDefinition");
        let version = || RawValue::from("apps.kubeblocks.io/v1alpha1");
        let names = |api_version, kind, namespace, name| Names { api_version, kind, namespace, name };
        let text = |text: &str| Value::Known(text.to_owned());
        for (value, expected) in [
            (unknown(), names(Value::Unknown, Value::Unknown, Value::Unknown, Value::Unknown)),
            (
                RawValue::object([("apiVersion", version()), ("kind", kind()), ("metadata", unknown())]),
                names(
                    text("apps.kubeblocks.io/v1alpha1"),
                    text("ClusterDefinition"),
                    Value::Unknown,
                    Value::Unknown,
                ),
            ),
            (
                RawValue::object([("apiVersion", unknown()), ("kind", unknown()), ("metadata", name)]),
                names(Value::Unknown, Value::Unknown, Value::Null, Value::Unknown),
            ),
        ] {
            let manifest =
                if value.is_unknown() { Value::Unknown } else { Value::Known(value.into_dynamic()) };
            let config = ObjectState { manifest, ..ObjectState::default() };
            assert_eq!(errors(&config), Vec::<String>::new(), "{config:?}");
            let written = Written::of(&config).unwrap();
            assert_eq!(written.names(), expected);
            assert_eq!(written.manifest(), None);
        }
    }

    #[test]
    fn the_mark_goes_beside_other_annotations() {
        let mut object = definition("redis");
        let marked = |object: &Json| Manifest::of(&in_hcl(object)).unwrap().marked("mark", "create");
        assert_eq!(marked(&object)["metadata"]["annotations"], json!({"mark": "create"}));
        object["metadata"]["annotations"] = json!({"a": "b"});
        assert_eq!(marked(&object)["metadata"]["annotations"], json!({"a": "b", "mark": "create"}));
    }
}
