//! What an apply notes of the release: in private data, and as an annotation on the release's Secret, so that a read, an
//! import and a create after a crash know what was installed, from where, and which values are secret. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tfplugin::typed::Value;

use super::schema::{ChartSource, OperatorState};
use super::values::{self, KeyPath};
use crate::helm::release::Release;

/// Annotation of the Secret of a release with a [`Note`] as JSON.
pub const ANNOTATION: &str = "terraform.kubeblocks.io/release";
/// Label of the releases of this provider, from their first moment.
pub const LABEL: &str = "terraform.kubeblocks.io/managed";

/// What was installed. Holds no secret: of secret values only the paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Note {
    /// The attribute `chart`, as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<ChartNote>,
    /// Version of the chart.
    pub version: String,
    /// Digest of the chart.
    pub digest: String,
    /// Attributes that became values.
    pub attributes: Vec<String>,
    /// Paths of the secret values.
    pub sensitive_paths: Vec<KeyPath>,
    /// Revision of the secret values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive_revision: Option<i64>,
    /// Revision of the release.
    pub revision: u32,
    /// Digest of what was rendered.
    pub manifest: String,
    /// Names of the chart's custom resource definitions.
    pub crds: Vec<String>,
    /// Digest of these in the Kubernetes cluster.
    pub crds_digest: String,
}

/// The attribute `chart`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartNote {
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl From<&ChartSource> for ChartNote {
    fn from(source: &ChartSource) -> Self {
        let text = |value: &Value<String>| value.known().cloned();
        Self { repository: text(&source.repository), name: text(&source.name), path: text(&source.path) }
    }
}

impl From<ChartNote> for ChartSource {
    fn from(note: ChartNote) -> Self {
        Self { repository: note.repository.into(), name: note.name.into(), path: note.path.into() }
    }
}

impl Note {
    /// The note of an apply, without what is only known afterwards.
    pub fn of(state: &OperatorState, sensitive: &serde_json::Value) -> Self {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        Self {
            chart: state.chart.known().map(ChartNote::from),
            version: text(&state.version),
            digest: text(&state.chart_digest),
            attributes: values::given_attributes(state),
            sensitive_paths: values::leaves(sensitive),
            sensitive_revision: state.sensitive_values_revision.known().copied(),
            ..Self::default()
        }
    }

    /// The note on a release's Secret.
    pub fn on(release: &Release) -> Option<Self> {
        serde_json::from_str(release.annotations.get(ANNOTATION)?).ok()
    }

    /// The note in private data.
    pub fn from_private(value: serde_json::Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    /// As private data.
    pub fn to_private(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As the annotation.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(ANNOTATION.to_owned(), self.to_private().to_string())])
    }

    /// Gives a state that only names the release what is known of it from the note: for an import.
    pub fn give(&self, state: &mut OperatorState, config: &serde_json::Value) {
        state.chart = self.chart.clone().map(ChartSource::from).into();
        state.chart_digest = Value::Known(self.digest.clone());
        state.sensitive_values_revision = self.sensitive_revision.into();
        values::adopt(state, &self.attributes, config);
    }
}

/// Whether this provider made the release.
pub fn is_ours(release: &Release) -> bool {
    release.labels.contains_key(LABEL) || release.annotations.contains_key(ANNOTATION)
}

/// The labels that releases get from their first moment.
pub fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([(LABEL.to_owned(), "true".to_owned())])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::text;
    use crate::resources::operator::test_support::release;

    #[test]
    fn a_note_survives_the_annotation_and_private_data_and_tells_no_secret() {
        let state = OperatorState {
            chart: Value::Known(ChartSource { path: text("./chart"), ..ChartSource::default() }),
            version: text("0.7.5"),
            chart_digest: text("sha256:1"),
            cloud_provider: text("aws"),
            sensitive_values_revision: Value::Known(3),
            ..OperatorState::default()
        };
        let note = Note::of(&state, &json!({"cloudProvider": {"secret.key": "hunter2"}}));
        assert_eq!(note.sensitive_paths, [["cloudProvider", "secret.key"]]);
        let mut noted = release(1, crate::helm::release::Status::Deployed);
        noted.annotations = note.annotations();
        assert!(!noted.annotations[ANNOTATION].contains("hunter2"));
        assert_eq!(Note::on(&noted).as_ref(), Some(&note));
        assert_eq!(Note::from_private(note.to_private()).as_ref(), Some(&note));

        let mut imported = OperatorState::default();
        note.give(&mut imported, &json!({"provider": "aws", "replicaCount": 1}));
        assert_eq!(imported, OperatorState { version: Value::Null, ..state });
    }

    #[test]
    fn what_a_note_of_another_version_lacks_is_empty_and_what_it_has_more_is_ignored() {
        let note = Note::from_private(json!({"version": "0.7.5", "later": true})).unwrap();
        assert_eq!((note.version.as_str(), note.crds.len(), note.chart), ("0.7.5", 0, None));
        assert_eq!(Note::from_private(json!("text")), None);
    }
}
