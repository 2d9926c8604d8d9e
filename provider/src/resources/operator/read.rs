//! Refresh and import: reads the release and the definitions of kinds, and hands them to pure mappings. Runs no helm,
//! asks no repository, writes nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use tfplugin::prelude::*;

use super::failure::{self, Failure};
use super::note::{self, Note};
use super::schema::OperatorState;
use super::{CAPABILITIES, NOTE, UNFINISHED, capabilities, crds, healing, names, noted, values};
use crate::helm::manifest::Manifest;
use crate::helm::release::{self, Release, Status};
use crate::kubernetes::diagnostic::read_timed_out;
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the KubeBlocks operator";
const CANNOT_IMPORT: &str = "Cannot import the KubeBlocks operator";

/// A read is some dozens of requests; definitions have megabytes.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The release as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: OperatorState,
) -> Result<Option<OperatorState>, Diagnostics> {
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop());
    match at_most(limit, Box::pin(look(&client, context, state))).await {
        Some(outcome) => outcome.map_err(|failure| failure.into_diagnostics(CANNOT_READ)),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

async fn look(
    client: &Client,
    context: &Context,
    state: OperatorState,
) -> Result<Option<OperatorState>, Failure> {
    let (namespace, name) = names(&state);
    let history = release::history(client, &namespace, &name)
        .await
        .map_err(|error| failure::of_release(CANNOT_READ, "the release was read", &error))?;
    let Some(last) = history.first().filter(|last| last.status != Status::Uninstalled) else {
        return Ok(None);
    };
    if let Ok(seen) = capabilities::look(client).await {
        context.set_private(CAPABILITIES, serde_json::to_value(seen).unwrap_or_default());
    }
    let is_import = state.version.is_null();
    let note = noted(context).or_else(|| history.iter().find_map(Note::on));
    if let Some(note) = &note {
        context.set_private(NOTE, note.to_private());
    }
    // What was cut off, or failed, is gone on with by the next apply; a stranger's release is only taken as it is.
    if last.status != Status::Deployed && (!is_import || note::is_ours(last)) {
        context.set_private(UNFINISHED, true.into());
    }
    let shown = healing::last_deployed(&history).unwrap_or(last);
    let mut observed = observe(&state, shown, note.as_ref(), is_import);
    if let Some(note) = &note
        && !note.crds.is_empty()
    {
        observed.crds_digest = match crds::digest(client, &note.crds).await {
            Ok(digest) => Value::Known(digest),
            Err(Error::Forbidden { .. }) => state.crds_digest,
            Err(error) => {
                return Err(failure::of_api(
                    CANNOT_READ,
                    "the custom resource definitions were read",
                    &error,
                ));
            }
        };
    }
    Ok(Some(observed))
}

/// The state that a revision shows. Pure.
fn observe(state: &OperatorState, release: &Release, note: Option<&Note>, is_import: bool) -> OperatorState {
    let mut base = state.clone();
    if let (true, Some(note)) = (is_import, note) {
        note.give(&mut base, &release.config);
    }
    let sensitive = note.map_or(&[][..], |note| &note.sensitive_paths);
    let mut observed = values::observe(&base, &release.config, sensitive);
    let is_same_version = |written: &Value<String>| {
        written.known().is_some_and(|written| written.trim_start_matches('v') == release.chart_version)
    };
    if !is_same_version(&state.version) {
        observed.version = Value::Known(release.chart_version.clone());
    }
    observed.app_version = release.app_version.clone().into();
    if note.is_some_and(|note| has_drifted(release, note)) {
        observed.chart_digest = Value::Null;
    }
    observed
}

/// Whether the revision is none that the last apply left: another chart, or the same one rendered to something else.
fn has_drifted(release: &Release, note: &Note) -> bool {
    if note.revision == release.revision || note.manifest.is_empty() {
        return false;
    }
    let digest = Manifest::parse(&release.manifest, &release.namespace).map(|manifest| manifest.digest());
    release.chart_version != note.version.trim_start_matches('v')
        || digest.ok().as_ref() != Some(&note.manifest)
}

/// A state that names the release; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    state: OperatorState,
) -> Result<OperatorState, Diagnostics> {
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let (namespace, name) = names(&state);
    let last = release::last(&client, &namespace, &name).await.map_err(|error| {
        failure::of_release(CANNOT_IMPORT, "the release was read", &error).into_diagnostics(CANNOT_IMPORT)
    })?;
    match last {
        Some(last) if last.chart_name == super::source::DEFAULT_NAME || note::is_ours(&last) => Ok(state),
        Some(last) => Err(Diagnostic::error(
            CANNOT_IMPORT,
            format!("The Helm release {namespace}/{name} comes from the chart \"{}\", which is not the operator's. Import it with a resource of another provider.", last.chart_name),
        )
        .into()),
        None => {
            let there = releases(&client).await;
            let known = if there.is_empty() {
                "There is no Helm release of a chart \"kubeblocks\" that could be seen.".to_owned()
            } else {
                format!("There are: {}.", there.join(", "))
            };
            Err(Diagnostic::error(
                CANNOT_IMPORT,
                format!("The Helm release {namespace}/{name} does not exist in the Kubernetes cluster {}. {known}\n\nAn import uses the `kubernetes` of the provider block, or the kubeconfig.", client.endpoint()),
            )
            .into())
        }
    }
}

/// `namespace/name` of the releases of the operator's chart, as far as they can be seen.
async fn releases(client: &Client) -> Vec<String> {
    let secrets: Vec<Secret> =
        client.list(None, Some("owner=helm,status=deployed")).await.unwrap_or_default();
    let mut found: Vec<String> = secrets
        .iter()
        .filter_map(|secret| release::decode(secret).ok())
        .filter(|release| release.chart_name == super::source::DEFAULT_NAME)
        .map(|release| format!("{}/{}", release.namespace, release.name))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::text;
    use crate::resources::operator::test_support::{installed, operator, release};

    const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: x}\n";

    fn note() -> Note {
        Note {
            version: "0.7.5".to_owned(),
            digest: "sha256:chart".to_owned(),
            revision: 1,
            manifest: Manifest::parse(MANIFEST, "kb-system").unwrap().digest(),
            ..Note::default()
        }
    }

    fn revision(number: u32) -> Release {
        Release { manifest: MANIFEST.to_owned(), ..release(number, Status::Deployed) }
    }

    #[test]
    fn what_was_not_touched_is_observed_as_it_is_in_the_state() {
        assert_eq!(observe(&installed(), &revision(1), Some(&note()), false), installed());
        // Another revision with the same chart and the same rendering is nothing to be told of.
        assert_eq!(observe(&installed(), &revision(4), Some(&note()), false), installed());
        let written = OperatorState { version: text("v0.7.5"), ..installed() };
        assert_eq!(observe(&written, &revision(1), Some(&note()), false), written);
    }

    #[test]
    fn another_chart_or_rendering_empties_the_digest_so_that_the_plan_shows_it() {
        let older = Release { chart_version: "0.7.4".to_owned(), app_version: None, ..revision(2) };
        let observed = observe(&installed(), &older, Some(&note()), false);
        assert_eq!(observed.version, text("0.7.4"));
        assert!(observed.chart_digest.is_null() && observed.app_version.is_null());

        let other = Release { manifest: MANIFEST.replace('x', "y"), ..revision(2) };
        let observed = observe(&installed(), &other, Some(&note()), false);
        assert_eq!(observed, OperatorState { chart_digest: Value::Null, ..installed() });
    }

    #[test]
    fn an_import_of_an_own_release_is_what_was_written_and_of_another_all_its_values() {
        let config = json!({"image": {"registry": "r"}, "dataProtection": {"image": {"registry": "r"}}, "addonChartsImage": {"registry": "r"}, "secret": "hunter2"});
        let held = Release { config, ..revision(1) };
        let note = Note {
            attributes: vec!["image_registry".to_owned()],
            sensitive_paths: vec![vec!["secret".to_owned()]],
            sensitive_revision: Some(1),
            ..note()
        };
        let observed = observe(&operator(), &held, Some(&note), true);
        let expected = OperatorState {
            image_registry: text("r"),
            sensitive_values_revision: Value::Known(1),
            crds_digest: Value::Null,
            ..installed()
        };
        assert_eq!(observed, expected);

        let foreign = observe(&operator(), &held, None, true);
        assert!(foreign.chart_digest.is_null() && foreign.image_registry.is_null());
        assert_eq!(values::json_of(&foreign.values), held.config);
    }
}
