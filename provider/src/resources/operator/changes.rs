//! What an update is about: which attributes only live here, which make another rendering, which need the chart. Pure.

use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::note::Note;
use super::schema::{OperatorState, PlannedChanges};
use super::source;
use super::values::{open_values, same_json};
use crate::helm::chart::{Chart, Source};
use crate::helm::manifest::{Changes, ObjectKey};
use crate::helm::release::{Release, Status};

/// Whether the chart is another one than before, or may be.
pub fn changes_chart(prior: &OperatorState, planned: &OperatorState) -> bool {
    prior.version != planned.version
        || prior.chart_digest != planned.chart_digest
        || planned.chart_digest.is_unknown()
}

/// Whether the release is to be written again.
pub fn renders(prior: &OperatorState, planned: &OperatorState) -> bool {
    changes_chart(prior, planned)
        || prior.sensitive_values_revision != planned.sensitive_values_revision
        || !super::values::is_known(planned, &Value::Null)
        || !same_json(&open_values(prior), &open_values(planned))
}

/// Whether the chart must be looked at to plan the update.
pub fn asks_for_chart(prior: &OperatorState, planned: &OperatorState, source: &Source) -> bool {
    changes_chart(prior, planned)
        || prior.chart_digest.is_null()
        || source::source(&prior.chart).known() != Some(source)
        || matches!(source, Source::Path(_))
        || renders(prior, planned)
}

/// Whether the definitions of kinds are other ones than the last apply left, or are not known to be the same.
pub fn crds_drifted(prior: &OperatorState, note: Option<&Note>) -> bool {
    match (&prior.crds_digest, note) {
        (Value::Known(now), Some(note)) => *now != note.crds_digest,
        (Value::Null | Value::Unknown, _) | (Value::Known(_), None) => true,
    }
}

/// Whether the newest revision is already what is wanted, so that helm needs not run: after a crash between helm's end
/// and that of the apply. `wanted` are all values.
pub fn is_current(last: &Release, chart: &Chart, wanted: &serde_json::Value, source: &Source) -> bool {
    let is_same_chart = match Note::on(last) {
        Some(note) => note.digest == chart.digest,
        // A published version is one chart; files of a folder may have changed since.
        None => last.chart_version == chart.version && !matches!(source, Source::Path(_)),
    };
    last.status == Status::Deployed && is_same_chart && same_json(&last.config, wanted)
}

/// The place where the Kubernetes cluster is another one than before, when it is known to be.
pub fn moved_to(prior: &OperatorState, planned: &OperatorState) -> Option<Path> {
    let before = prior.kubernetes.known()?.endpoint.known()?;
    let after = planned.kubernetes.known()?.endpoint.known()?;
    let bare = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    (bare(before) != bare(after)).then(|| Path::attribute("kubernetes").then_attribute("endpoint"))
}

/// Kinds of Kubernetes itself whose objects live in namespaces. Charts leave the namespace of the release out.
const NAMESPACED: [&str; 16] = [
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

/// Changes as the attribute shows them. `namespace` is that of the release.
pub fn shown(changes: &Changes, namespace: &str) -> PlannedChanges {
    let list = |keys: &[ObjectKey]| {
        let mut texts: Vec<String> = keys.iter().map(|key| text_of(key, namespace)).collect();
        texts.sort();
        texts.dedup();
        Value::Known(texts.into_iter().map(Value::Known).collect())
    };
    PlannedChanges {
        added: list(&changes.added),
        changed: list(&changes.changed),
        removed: list(&changes.removed),
    }
}

fn text_of(key: &ObjectKey, namespace: &str) -> String {
    if key.namespace.is_none() && NAMESPACED.contains(&key.kind.as_str()) {
        return ObjectKey { namespace: Some(namespace.to_owned()), ..key.clone() }.to_string();
    }
    key.to_string()
}

/// Names of the add-ons among the objects that an upgrade would remove.
pub fn removed_addons(changes: &Changes) -> Vec<String> {
    let addons = changes
        .removed
        .iter()
        .filter(|key| key.kind == "Addon" && key.api_version.starts_with("extensions.kubeblocks.io/"));
    addons.map(|key| key.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::helm::manifest::{Manifest, diff};
    use crate::kubernetes_attribute::KubernetesConnection;
    use crate::resources::cluster::test_support::text;
    use crate::resources::operator::schema::ChartSource;
    use crate::resources::operator::test_support::{chart, installed, release};
    use crate::resources::operator::values::from_json;

    #[test]
    fn only_what_is_rendered_writes_the_release_and_only_what_may_change_it_asks_for_the_chart() {
        type Change = fn(&mut OperatorState);
        let table: Vec<(&str, Change, bool, bool)> = vec![
            ("nothing", |_| {}, false, false),
            ("timeouts", |state| state.timeouts = Value::Known(tfplugin::Timeouts::default()), false, false),
            ("max_history", |state| state.max_history = Value::Known(2), false, false),
            ("delete_crds", |state| state.delete_crds = Value::Known(true), false, false),
            ("force_destroy", |state| state.force_destroy = Value::Known(true), false, false),
            (
                "the default repository written out",
                |state| {
                    let repository = text(crate::resources::operator::source::DEFAULT_REPOSITORY);
                    state.chart = Value::Known(ChartSource { repository, ..ChartSource::default() });
                },
                false,
                false,
            ),
            (
                "another repository",
                |state| {
                    let repository = text("https://mirror.test");
                    state.chart = Value::Known(ChartSource { repository, ..ChartSource::default() });
                },
                false,
                true,
            ),
            (
                "a folder",
                |state| {
                    state.chart =
                        Value::Known(ChartSource { path: text("./chart"), ..ChartSource::default() });
                },
                false,
                true,
            ),
            ("version", |state| state.version = text("0.7.6"), true, true),
            ("digest", |state| state.chart_digest = Value::Unknown, true, true),
            ("values", |state| state.values = Value::Known(from_json(&json!({"a": 1}))), true, true),
            ("a typed attribute", |state| state.cloud_provider = text("aws"), true, true),
            ("a value that is not known yet", |state| state.image_registry = Value::Unknown, true, true),
            ("sensitive values again", |state| state.sensitive_values_revision = Value::Known(2), true, true),
            (
                "an attribute moved into the values",
                |state| {
                    state.snapshot_controller = Value::Null;
                    state.values =
                        Value::Known(from_json(&json!({"snapshot-controller": {"enabled": true}})));
                },
                false,
                false,
            ),
        ];
        for (case, change, writes, asks) in table {
            let prior = OperatorState { snapshot_controller: Value::Known(true), ..installed() };
            let mut planned = prior.clone();
            change(&mut planned);
            assert_eq!(renders(&prior, &planned), writes, "{case}");
            let source = source::source(&planned.chart).into_known().unwrap();
            assert_eq!(asks_for_chart(&prior, &planned, &source), asks, "{case}");
        }
    }

    #[test]
    fn definitions_have_drifted_unless_they_are_as_the_last_apply_left_them() {
        let noted = |digest: &str| Note { crds_digest: digest.to_owned(), ..Note::default() };
        let state = |digest: Value<String>| OperatorState { crds_digest: digest, ..installed() };
        assert!(!crds_drifted(&state(text("a")), Some(&noted("a"))));
        assert!(crds_drifted(&state(text("b")), Some(&noted("a"))));
        assert!(crds_drifted(&state(Value::Null), Some(&noted("a"))));
        assert!(crds_drifted(&state(text("a")), None));
    }

    #[test]
    fn helm_is_spared_only_when_the_release_is_what_is_wanted() {
        let repository = Source::Repository { url: "https://charts.test".into(), name: "kubeblocks".into() };
        let folder = Source::Path("./chart".into());
        let wanted = json!({"replicaCount": 2});
        let last = |status: Status| Release { config: json!({"replicaCount": 2.0}), ..release(2, status) };
        let noted = |digest: &str| {
            let note = Note { digest: digest.to_owned(), ..Note::default() };
            Release { annotations: note.annotations(), ..last(Status::Deployed) }
        };
        let other_values = Release { config: json!({}), ..last(Status::Deployed) };
        let other_version = Release { chart_version: "0.7.4".into(), ..last(Status::Deployed) };
        let table = [
            ("the same", last(Status::Deployed), &repository, true),
            ("a folder", last(Status::Deployed), &folder, false),
            ("a folder that is noted", noted(&chart().digest), &folder, true),
            ("another digest", noted("sha256:other"), &repository, false),
            ("failed", last(Status::Failed), &repository, false),
            ("other values", other_values, &repository, false),
            ("another version", other_version, &repository, false),
        ];
        for (case, release, source, expected) in table {
            assert_eq!(is_current(&release, &chart(), &wanted, source), expected, "{case}");
        }
    }

    #[test]
    fn another_endpoint_is_another_place_unless_it_is_spelled_the_same() {
        let at = |endpoint: &str| OperatorState {
            kubernetes: Value::Known(KubernetesConnection {
                endpoint: text(endpoint),
                ..KubernetesConnection::default()
            }),
            ..installed()
        };
        assert!(moved_to(&at("https://a"), &at("https://b")).is_some());
        assert!(moved_to(&at("https://a/"), &at("https://A")).is_none());
        assert!(moved_to(&installed(), &at("https://b")).is_none());
    }

    #[test]
    fn changes_are_shown_sorted_and_add_ons_that_go_are_named() {
        let object = |kind: &str, api: &str, name: &str, data: &str| {
            format!("---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\ndata: {{a: {data}}}\n")
        };
        let before = [
            object("ConfigMap", "v1", "b", "x"),
            object("Addon", "extensions.kubeblocks.io/v1alpha1", "redis", "x"),
            object("Addon", "example.com/v1", "foreign", "x"),
        ];
        let after = [object("ConfigMap", "v1", "b", "y"), object("ConfigMap", "v1", "a", "x")];
        let parse = |texts: &[String]| Manifest::parse(&texts.concat(), "kb-system").unwrap();
        let changes = diff(Some(&parse(&before)), &parse(&after));
        assert_eq!(removed_addons(&changes), ["redis"]);
        let texts = |value: Value<Vec<Value<String>>>| -> Vec<String> {
            value.into_known().unwrap().into_iter().filter_map(Value::into_known).collect()
        };
        let shown = shown(&changes, "kb-system");
        assert_eq!(texts(shown.added), ["ConfigMap kb-system/a"]);
        assert_eq!(texts(shown.changed), ["ConfigMap kb-system/b"]);
        assert_eq!(texts(shown.removed), ["Addon foreign", "Addon redis"]);
    }
}
