//! What a plan of the operator adds to the schema's rules: the chart, what it renders to, what is refused. Resolves and
//! renders only when something asks for it, so that an operator that does not change costs nothing.

use std::sync::Arc;
use std::time::Duration;

use tfplugin::prelude::*;

use super::capabilities::{self, Capabilities};
use super::note::Note;
use super::schema::{OperatorState, PlannedChanges};
use super::{CAPABILITIES, changes, failure, is_unfinished, names, noted, source, validate, values, version};
use crate::helm::chart::{Chart, Source};
use crate::helm::engine::{Engine, ReleaseEngine, Render, Target};
use crate::helm::manifest::{Manifest, diff};
use crate::helm::release;
use crate::kubernetes::Client;
use crate::kubernetes::diagnostic::silent;
use crate::provider::{Reach, Shared};
use crate::wait::{Limits, PLAN_LOOK, at_most};

/// How long a rendering may take.
const RENDER_LIMIT: Duration = Duration::from_mins(2);

/// Plans a create or an update.
pub(super) async fn modify(
    shared: &Shared,
    context: &Context,
    plan: &mut Plan<OperatorState>,
) -> Result<(), Diagnostics> {
    if plan.prior.is_none()
        && let Reach::Known(connection) = shared.reach(&plan.planned.kubernetes)
    {
        shared.note_installing(&connection);
    }
    let note = noted(context);
    if let Some(path) = plan.prior.as_ref().and_then(|prior| changes::moved_to(prior, &plan.planned))
        && !is_same_release(shared, context, &plan.planned, note.as_ref()).await
    {
        plan.requires_replace.push(path);
        return Ok(());
    }
    if !plan.requires_replace.is_empty() {
        // Terraform plans the create that replaces it by itself.
        return Ok(());
    }
    let unfinished = is_unfinished(context);
    let drifted = plan.prior.as_ref().is_some_and(|prior| changes::crds_drifted(prior, note.as_ref()));
    if drifted || unfinished {
        plan.planned.crds_digest = Value::Unknown;
    }
    if unfinished {
        plan.planned.planned_changes = Value::Unknown;
    }
    let chart = chart(shared, context, plan, note.as_ref()).await?;
    let renders = plan.prior.as_ref().is_none_or(|prior| changes::renders(prior, &plan.planned));
    if !renders {
        return Ok(());
    }
    if plan.prior.as_ref().is_none_or(|prior| changes::changes_chart(prior, &plan.planned)) {
        plan.planned.crds_digest = Value::Unknown;
    }
    plan.planned.planned_changes = Value::Unknown;
    if let Some(refusal) = refuse(plan, chart.as_deref()) {
        context.settle(refusal)?;
    }
    if !shared.is_helm_known() {
        return Ok(());
    }
    let engine = shared.engine().await.map_err(|error| failure::of_executable(&error))?;
    let (Some(chart), true) = (chart, values::is_known(&plan.planned, &plan.config.sensitive_values)) else {
        return Ok(());
    };
    plan.planned.planned_changes = preview(shared, context, plan, &chart, &engine).await?;
    Ok(())
}

/// Finds the chart when something asks for it, and plans its version and digest.
async fn chart(
    shared: &Shared,
    context: &Context,
    plan: &mut Plan<OperatorState>,
    note: Option<&Note>,
) -> Result<Option<Arc<Chart>>, Diagnostics> {
    let Plan { config, prior, planned, .. } = plan;
    let is_written = !config.chart_digest.is_null();
    let Some(source) = source::source(&config.chart).into_known().filter(|_| !config.version.is_unknown())
    else {
        forget_chart(config, planned);
        return Ok(None);
    };
    let drifted = prior.as_ref().is_some_and(|prior| prior.chart_digest.is_null());
    let installed = prior.as_ref().and_then(|prior| prior.version.known());
    let noted = note.map(|note| note.version.as_str()).filter(|version| drifted && !version.is_empty());
    let wanted = source::wanted_version(&config.version, &source, installed.map(String::as_str), noted);
    if let (Value::Null, Some(wanted)) = (&config.version, &wanted) {
        planned.version = Value::Known(wanted.clone());
    }
    if prior.as_ref().is_some_and(|prior| !changes::asks_for_chart(prior, planned, &source)) {
        return Ok(None);
    }
    let expected = config.chart_digest.known().map(String::as_str);
    match shared.charts().resolve(&source, wanted.as_deref(), expected).await {
        Ok(chart) => {
            if config.version.is_null() {
                planned.version = Value::Known(chart.version.clone());
            }
            if !is_written {
                planned.chart_digest = Value::Known(chart.digest.clone());
            }
            planned.app_version = chart.app_version.clone().into();
            Ok(Some(chart))
        }
        Err(error) if error.is_away() => {
            context.warn(without_chart(&source, &error.to_string()));
            forget_chart(config, planned);
            Ok(None)
        }
        Err(error) => Err(failure::of_chart(&error).into()),
    }
}

/// What comes from the chart is known only at apply.
fn forget_chart(config: &OperatorState, planned: &mut OperatorState) {
    if config.chart_digest.is_null() {
        planned.chart_digest = Value::Unknown;
    }
    if config.version.is_null() && planned.version.is_null() {
        planned.version = Value::Unknown;
    }
    planned.app_version = Value::Unknown;
}

fn without_chart(source: &Source, cause: &str) -> Diagnostic {
    Diagnostic::warning(
        "Planned without the chart",
        format!("The chart {} cannot be read now: {cause}\n\nIts digest and what it changes are known only at apply, which needs it.", source::describe(source)),
    )
    .at(Path::attribute("chart"))
}

/// What stands against the change, warnings included.
fn refuse(plan: &Plan<OperatorState>, chart: Option<&Chart>) -> Option<Diagnostics> {
    let mut found = Diagnostics::new();
    let to = chart.map(|chart| &chart.version).or(plan.planned.version.known())?;
    let from = plan.prior.as_ref().and_then(|prior| prior.version.known());
    if from != Some(to) {
        found.append(version::judge(from.map(String::as_str), to).into_iter().collect());
    }
    let values = values::open_values(&plan.planned);
    found.append(validate::refuse_webhooks(&values, to).into_iter().collect());
    Some(found)
}

/// Renders, and says what differs from what is installed. Unknown where the Kubernetes cluster cannot be asked: what
/// the chart makes of it, and what is installed, may then be something else.
async fn preview(
    shared: &Shared,
    context: &Context,
    plan: &Plan<OperatorState>,
    chart: &Chart,
    engine: &Engine,
) -> Result<Value<PlannedChanges>, Diagnostics> {
    const SUMMARY: &str = "Chart cannot be rendered";
    if plan.planned.namespace.is_unknown() || plan.planned.name.is_unknown() {
        return Ok(Value::Unknown);
    }
    let reached = shared.planning_client(context, &plan.planned.kubernetes).await;
    let client = reached.map(|(_, client)| client);
    let live = look(shared, context, &plan.planned, client.as_ref()).await;
    let remembered =
        context.private(CAPABILITIES).and_then(|seen| serde_json::from_value::<Capabilities>(seen).ok());
    let (seen, is_repeatable) = match (&plan.prior, remembered) {
        (Some(_), Some(remembered)) => (remembered, live.is_live),
        (Some(_), None) => (live, false),
        (None, _) => (live.usual_with_version(), true),
    };
    if seen.is_live
        && let Some(refusal) =
            version::judge_kubernetes(&chart.version, chart.kube_version.as_deref(), &seen.kube_version)
    {
        return Err(refusal.into());
    }
    let (namespace, name) = names(&plan.planned);
    let limits = Limits::new(RENDER_LIMIT, context.stop());
    let rendered = render(
        engine,
        chart,
        &plan.planned,
        &plan.config.sensitive_values,
        &seen,
        plan.prior.is_some(),
        &limits,
    )
    .await;
    let rendered = rendered.map_err(|error| {
        failure::of_engine(SUMMARY, "the chart was rendered", &error).into_diagnostics(SUMMARY)
    })?;
    let after =
        Manifest::parse(&rendered, &namespace).map_err(|error| failure::of_manifest(SUMMARY, &error))?;
    let Some(client) = client.filter(|_| seen.is_live && is_repeatable) else { return Ok(Value::Unknown) };
    if plan.prior.is_none() {
        return Ok(Value::Known(changes::shown(&diff(None, &after), &namespace)));
    }
    let before = at_most(PLAN_LOOK, release::deployed(&client, &namespace, &name)).await;
    let Some(Ok(Some(before))) = before else { return Ok(Value::Unknown) };
    let Ok(before) = Manifest::parse(&before.manifest, &namespace) else { return Ok(Value::Unknown) };
    let found = diff(Some(&before), &after);
    let addons = changes::removed_addons(&found);
    if !addons.is_empty() {
        context.warn(
            Diagnostic::warning(
                "Add-ons that the new chart does not have",
                format!("The new chart no longer has the add-ons {}. They are kept, and so are the databases that use them; the operator will not upgrade them any more. Remove them with `kubectl delete addon` when nothing uses them.", addons.join(", ")),
            )
            .at(Path::attribute("version")),
        );
    }
    Ok(Value::Known(changes::shown(&found, &namespace)))
}

/// Renders with the values of a plan, and with the cloud that the live install will see.
pub(super) async fn render(
    engine: &Engine,
    chart: &Chart,
    state: &OperatorState,
    sensitive: &Value<RawValue>,
    seen: &Capabilities,
    is_upgrade: bool,
    limits: &Limits,
) -> Result<String, crate::helm::engine::Error> {
    let (namespace, name) = names(state);
    let mut values = values::for_helm(state, sensitive);
    if let (Some(cloud), Some(object)) =
        (version::cloud_of(&seen.kube_version), values.values.as_object_mut())
        && !object.contains_key("provider")
    {
        object.insert("provider".to_owned(), cloud.into());
    }
    engine
        .render(
            &Render {
                target: Target { namespace: &namespace, name: &name },
                chart,
                values: &values,
                kube_version: &seen.kube_version,
                api_versions: &seen.api_versions,
                is_upgrade,
            },
            limits,
        )
        .await
}

/// What the Kubernetes cluster can do, or what is usual when it cannot be asked.
async fn look(
    shared: &Shared,
    context: &Context,
    state: &OperatorState,
    client: Option<&Client>,
) -> Capabilities {
    let (Some(client), Reach::Known(connection)) = (client, shared.reach(&state.kubernetes)) else {
        return Capabilities::default();
    };
    match at_most(PLAN_LOOK, capabilities::look(client)).await {
        Some(Ok(seen)) => seen,
        Some(Err(error)) => {
            shared.plan_without(context, &connection, &failure::text_of(&error));
            Capabilities::default()
        }
        None => {
            let why = silent(client, PLAN_LOOK);
            shared.plan_without(context, &connection, &why);
            Capabilities::default()
        }
    }
}

/// Whether the release behind another endpoint is the one that we have: then only its address has changed.
async fn is_same_release(
    shared: &Shared,
    context: &Context,
    planned: &OperatorState,
    note: Option<&Note>,
) -> bool {
    let reached = shared.planning_client(context, &planned.kubernetes).await;
    let (Some(note), Some((_, client))) = (note, reached) else { return false };
    let (namespace, name) = names(planned);
    let last = at_most(PLAN_LOOK, release::last(&client, &namespace, &name)).await;
    matches!(last, Some(Ok(Some(last))) if Note::on(&last).as_ref() == Some(note))
}
