//! What a rendering of a chart contains, and what differs between two renderings. Pure: text in, keys out.
//!
//! Contents are kept as fingerprints only, so that a rendering of megabytes costs little and no secret can leave.

mod fingerprint;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::yaml;
use fingerprint::Fingerprint;

/// The annotation that makes an object a hook: run beside the release, and no part of it.
const HOOK: &str = "helm.sh/hook";
/// The annotation that says what an uninstall or an upgrade without the object does with it.
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// A rendering that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not YAML.
    #[error("failed to read the rendered manifest")]
    Yaml {
        /// Where it stops to be.
        source: yaml::Error,
    },
    /// A document that is no object of Kubernetes.
    #[error("document {document} of the rendered manifest has no {missing}")]
    NotAnObject {
        /// Its number, from one, empty documents not counted.
        document: usize,
        /// What every object has.
        missing: &'static str,
    },
}

/// What tells one object of a rendering from the others. Its text form is `Deployment kb-system/kubeblocks`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Kind.
    pub kind: String,
    /// Group and version, such as `apps/v1`.
    pub api_version: String,
    /// Namespace, when the rendering states one. An object of a namespaced kind without one goes to the namespace
    /// of the release.
    pub namespace: Option<String>,
    /// Name; `prefix-*` for one that the server names, empty for one without any.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(without a name)" } else { &self.name };
        match &self.namespace {
            Some(namespace) => write!(formatter, "{} {namespace}/{name}", self.kind),
            None => write!(formatter, "{} {name}", self.kind),
        }
    }
}

/// What is remembered of an object beside its key.
#[derive(Clone, Debug)]
pub struct Object {
    /// Whether helm leaves the object in place when a release goes or drops it (`helm.sh/resource-policy: keep`).
    pub is_kept: bool,
    key: ObjectKey,
    fingerprint: Fingerprint,
}

/// A rendering: its objects without hooks, lists taken apart.
#[derive(Clone, Debug)]
pub struct Manifest {
    release_namespace: String,
    /// By identity: a stated namespace that is the release's own counts as not stated.
    objects: BTreeMap<ObjectKey, Object>,
}

impl Manifest {
    /// Reads what helm rendered for a release in `release_namespace`. Of two objects with one key the last counts,
    /// as for the API server.
    pub fn parse(text: &str, release_namespace: &str) -> Result<Self, Error> {
        let documents = yaml::documents(text).map_err(|source| Error::Yaml { source })?;
        let mut manifest = Self { release_namespace: release_namespace.to_owned(), objects: BTreeMap::new() };
        for (index, document) in documents.into_iter().enumerate() {
            manifest.add(document, index + 1)?;
        }
        Ok(manifest)
    }

    fn add(&mut self, mut object: Value, document: usize) -> Result<(), Error> {
        let kind = text(&object, "/kind").ok_or(Error::NotAnObject { document, missing: "kind" })?;
        let api_version =
            text(&object, "/apiVersion").ok_or(Error::NotAnObject { document, missing: "apiVersion" })?;
        if let Some(item_kind) = kind.strip_suffix("List")
            && let Some(Value::Array(items)) = object.get_mut("items").map(Value::take)
        {
            for mut item in items {
                complete(&mut item, &api_version, item_kind);
                self.add(item, document)?;
            }
            return Ok(());
        }
        if annotation(&object, HOOK).is_some() {
            return Ok(());
        }
        let name = text(&object, "/metadata/name")
            .or_else(|| text(&object, "/metadata/generateName").map(|prefix| format!("{prefix}*")));
        let namespace = text(&object, "/metadata/namespace").filter(|namespace| !namespace.is_empty());
        let key = ObjectKey { kind, api_version, namespace, name: name.unwrap_or_default() };
        let identity = self.identity(&key);
        let is_kept = annotation(&object, RESOURCE_POLICY).is_some_and(|policy| policy.trim() == "keep");
        let fingerprint = Fingerprint::of(&object, &identity);
        self.objects.insert(identity, Object { is_kept, key, fingerprint });
        Ok(())
    }

    fn identity(&self, key: &ObjectKey) -> ObjectKey {
        let mut identity = key.clone();
        identity.namespace.take_if(|namespace| *namespace == self.release_namespace);
        identity
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.objects.values().map(|object| &object.key)
    }

    /// The objects, in the order of their keys.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &Object)> {
        self.objects.values().map(|object| (&object.key, object))
    }

    /// Whether the rendering has this object. It does not matter whether `key` or the rendering states the
    /// namespace of the release.
    pub fn contains(&self, key: &ObjectKey) -> bool {
        self.objects.contains_key(&self.identity(key))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing was rendered.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// `sha256:<hex>` of all objects without what Secrets hold. The same in every process, for helm 3 and 4, and
    /// safe to be stored.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for object in self.objects.values() {
            hash.update(object.fingerprint.public);
        }
        format!("sha256:{}", fingerprint::hex(&hash.finalize()))
    }
}

/// What an upgrade from one rendering to another does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Objects that only the later one has.
    pub added: Vec<ObjectKey>,
    /// Objects that both have, with another content.
    pub changed: Vec<ObjectKey>,
    /// Objects that only the earlier one has. Those that helm is told to keep are among them.
    pub removed: Vec<ObjectKey>,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Compares two renderings; without an earlier one everything is added.
pub fn diff(before: Option<&Manifest>, after: &Manifest) -> Changes {
    let mut changes = Changes::default();
    let earlier = |key: &ObjectKey| before.and_then(|before| before.objects.get(key));
    for (identity, object) in &after.objects {
        match earlier(identity) {
            None => changes.added.push(object.key.clone()),
            Some(earlier) if earlier.fingerprint.keyed != object.fingerprint.keyed => {
                changes.changed.push(object.key.clone());
            }
            Some(_) => {}
        }
    }
    for (identity, object) in before.iter().flat_map(|before| &before.objects) {
        if !after.objects.contains_key(identity) {
            changes.removed.push(object.key.clone());
        }
    }
    changes
}

/// Items of a typed list may leave out what the list says for them.
fn complete(item: &mut Value, api_version: &str, kind: &str) {
    let Some(item) = item.as_object_mut() else { return };
    if !kind.is_empty() {
        item.entry("apiVersion").or_insert_with(|| api_version.into());
        item.entry("kind").or_insert_with(|| kind.into());
    }
}

fn text(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(name)?.as_str()
}

#[cfg(test)]
mod tests;
