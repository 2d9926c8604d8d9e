//! Create, update and delete: writes, then waits. What is written comes from `build`; what is right was decided before.
//!
//! Both mark the object as unfinished until Terraform is told the end. So a provider that is killed loses nothing: the
//! next create finds the mark and goes on with that object, while an object without the mark belongs to somebody; and a
//! refresh finds the mark of an update, so that the next apply goes on waiting for it.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use super::endpoints::{fill, has_unknown};
use super::parameters::apply::Unsettled;
use super::parameters::wait::Stopped;
use super::schema::ClusterState;
use super::{
    build, final_backup, installed, is_unfinished, names, parameters, paths, plan, prechecks, read, remember,
    restart, restore, rollout,
};
use crate::kubeblocks::deletion::{DeleteError, delete_cluster};
use crate::kubeblocks::diagnostic::{Timeout, not_deleted, not_ready, slow_but_healthy};
use crate::kubeblocks::wait::{Reason, wait_until_ready};
use crate::kubernetes::diagnostic::{conflict_diagnostics, diagnostic};
use crate::kubernetes::unfinished::{CREATING, MARK, is_cut_off, take_off};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::provider::Shared;
use crate::resources::object::messages::as_warning;
use crate::wait::Limits;

const CANNOT_CREATE: &str = "Cannot create the KubeBlocks cluster";
pub(super) const CANNOT_UPDATE: &str = "Cannot update the KubeBlocks cluster";
const CANNOT_DELETE: &str = "Cannot delete the KubeBlocks cluster";

/// A first start pulls images and may have to wait for nodes.
const CREATE_TIMEOUT: Duration = Duration::from_mins(30);
/// Instances roll one after the other.
const UPDATE_TIMEOUT: Duration = Duration::from_hours(1);
/// Volumes are released one after the other.
const DELETE_TIMEOUT: Duration = Duration::from_mins(20);

pub(super) const UPDATING: &str = "update";

/// Makes the object and waits until the database runs.
pub(super) async fn create(
    shared: &Shared,
    context: &Context,
    planned: ClusterState,
    progress: &Progress<ClusterState>,
) -> Result<ClusterState, Diagnostics> {
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let obeying = client.obeying(context.stop());
    require_installed(&obeying, context, &planned).await?;
    let (namespace, name) = names(&planned);
    let Some(_claim) = shared.claim(&client.endpoint(), &namespace, &name) else {
        return Err(made_twice(&namespace, &name).into());
    };
    let cut_off = find_cut_off(&obeying, &planned).await?;
    let restored = require_backup(&obeying, context, &planned, cut_off.as_ref()).await?;

    let object = build::cluster(&planned);
    let made = make(&obeying, &planned, &object, cut_off, restored.as_ref()).await?;
    remember(context, &made, true);
    progress.record(planned.clone());

    let waited = wait_until_ready(&client, &made, &limits).await;
    let unset = match &waited {
        Ok(ready) => set_first_parameters(&client, &planned, ready, &limits).await,
        Err(_) => None,
    };
    let answer = match waited {
        Ok(ready) => {
            remember(context, &ready, unset.is_some());
            if let Some(found) = &restored
                && let Some(warning) = restore::check_password(&client, &planned, found).await
            {
                context.warn(warning);
            }
            // An error would taint a database that runs, for a value that the next apply can put right.
            unset.into_iter().flatten().map(as_warning).for_each(|warning| context.warn(warning));
            finish(&client, context, planned, None).await
        }
        Err(error) if error.is_slow_but_healthy() => {
            context.warn(slow_but_healthy(&error, Timeout::Create));
            finish(&client, context, planned, None).await
        }
        // An error would taint the database, and the next apply would destroy what goes on being made.
        Err(error) if matches!(error.reason, Reason::Interrupted) => {
            let Diagnostic { detail, .. } = not_ready(CANNOT_CREATE, &error, Timeout::Create);
            context
                .warn(Diagnostic::warning("Interrupted while the KubeBlocks cluster was starting", detail));
            Ok(without_unknowns(planned, None))
        }
        Err(error) => Err(not_ready("KubeBlocks cluster did not start", &error, Timeout::Create).into()),
    };
    // The last request: a run that is killed before it is gone on with. The answer tells Terraform of the object, whatever
    // became of it.
    remove_mark(&client, &made).await;
    answer
}

/// Writes the object of a new database; one that an earlier create has begun to restore is only gone on with.
async fn make(
    client: &Client,
    planned: &ClusterState,
    object: &Cluster,
    cut_off: Option<Cluster>,
    restored: Option<&restore::Found>,
) -> Result<Cluster, Diagnostics> {
    let mut object = marked(object, CREATING);
    match cut_off {
        Some(existing) if restore::is_going_on(&existing) => return Ok(existing),
        Some(_) => {}
        None => {
            let asked = restored.and_then(|found| restore::annotation(planned, found));
            object.metadata.annotations.get_or_insert_default().extend(asked);
        }
    }
    let applied = client.server_side_apply(&object, conflicts(planned)).await;
    Ok(applied.map_err(|error| refused(CANNOT_CREATE, &error, planned))?.object)
}

/// Before anything is made: the backup to start from must be there and fit. One that a create has begun with was looked at.
async fn require_backup(
    client: &Client,
    context: &Context,
    planned: &ClusterState,
    cut_off: Option<&Cluster>,
) -> Result<Option<restore::Found>, Diagnostics> {
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_CREATE, &error));
    let found = restore::find(client, planned).await.map_err(failed)?;
    if let (Some(found), None) = (&found, cut_off) {
        context.settle(restore::judge(planned, found, installed::Moment::Apply))?;
    }
    Ok(found)
}

/// Changes the object in place and waits until the change is rolled out.
pub(super) async fn update(
    shared: &Shared,
    context: &Context,
    prior: ClusterState,
    planned: ClusterState,
    progress: &Progress<ClusterState>,
) -> Result<ClusterState, Diagnostics> {
    let unfinished = is_unfinished(context);
    let writes = unfinished || build::cluster(&prior) != build::cluster(&planned);
    let due = parameters::due(&prior, &planned, unfinished);
    let looks = has_unknown(&planned.endpoints) || planned.credentials_secret.is_unknown();
    if !writes && due.is_empty() && !looks && prior.kubernetes == planned.kubernetes {
        return Ok(planned);
    }
    let limits = Limits::new(planned.timeouts.update_or(UPDATE_TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let obeying = client.obeying(context.stop());
    let mut existing = find_to_update(&obeying, &planned).await?;
    if restore::is_going_on(&existing) {
        // A write would take back the restore.
        let still = |error| not_ready("KubeBlocks cluster is not restored yet", &error, Timeout::Update);
        existing = wait_until_ready(&client, &existing, &limits).await.map_err(still)?;
    }
    if writes || !due.is_empty() {
        require_installed_for(&obeying, context, &prior, &planned).await?;
        precheck(&obeying, context, &prior, &planned).await?;
        let change = rollout::Change {
            context,
            client: &client,
            prior: &prior,
            planned: &planned,
            existing: &existing,
            limits: &limits,
        };
        let open = restart::before(&prior, &planned);
        let began = || progress.record(without_unknowns(open.clone(), Some(&prior)));
        if let Some(warning) = Box::pin(change.roll_out(writes, due, began)).await? {
            context.warn(warning);
            return finish(&client, context, planned, Some(&prior)).await;
        }
    }
    remember(context, &existing, false);
    finish(&client, context, planned, Some(&prior)).await
}

/// Sets the parameters of a database that has just begun to run. Gives what stands against them.
async fn set_first_parameters(
    client: &Client,
    planned: &ClusterState,
    ready: &Cluster,
    limits: &Limits,
) -> Option<Diagnostics> {
    let due = parameters::due(&ClusterState::default(), planned, false);
    if due.is_empty() {
        return None;
    }
    let stopped = |stopped: &Stopped| parameters::apply::stopped(stopped, planned, "timeouts.create").into();
    let sent = match parameters::apply::send(client, planned, &due, limits).await {
        Ok(sent) => sent,
        Err(refusals) => return Some(refusals),
    };
    if let Err(why) = parameters::apply::accepted(client, planned, &sent, limits).await {
        return Some(stopped(&why));
    }
    match parameters::apply::settle(client, ready, &sent, limits).await {
        Ok(_) => None,
        Err(Unsettled::Stopped(why)) => Some(stopped(&why)),
        Err(Unsettled::NotReady(error)) => {
            let summary = "KubeBlocks cluster did not become ready with its parameters";
            Some(not_ready(summary, &error, Timeout::Create).into())
        }
    }
}

/// Deletes the object and waits until it is gone.
pub(super) async fn delete(
    shared: &Shared,
    context: &Context,
    state: ClusterState,
) -> Result<(), Diagnostics> {
    if let Some(refusal) = plan::refuse_destroy(&state) {
        return Err(refusal.into());
    }
    let client = shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    if let Some(warning) = Box::pin(final_backup::take(&client, context, &state)).await? {
        context.warn(warning);
    }
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let (namespace, name) = names(&state);
    match delete_cluster(&client, &namespace, &name, &limits).await {
        Ok(()) => Ok(()),
        Err(DeleteError::Api { source: Error::KindNotServed { .. }, .. }) => {
            context.warn(Diagnostic::warning(
                "KubeBlocks is no longer installed",
                format!("The Kubernetes cluster no longer knows the kind Cluster of KubeBlocks. Its objects went with it, so {} counts as deleted. Volumes may be left.", plan::display_name(&state)),
            ));
            Ok(())
        }
        Err(error) => Err(not_deleted(CANNOT_DELETE, &error).into()),
    }
}

/// Fills what is known only now: addresses and the Secret. An address that was planned stays as it was planned.
async fn finish(
    client: &Client,
    context: &Context,
    planned: ClusterState,
    prior: Option<&ClusterState>,
) -> Result<ClusterState, Diagnostics> {
    let mut state = planned;
    if has_unknown(&state.endpoints) {
        state.endpoints = match read::endpoints(client, &state).await {
            Ok(observed) => Value::Known(fill(state.endpoints, &observed)),
            Err(error) => {
                let mut warning = diagnostic("Cannot read the addresses of the KubeBlocks cluster", &error);
                warning.severity = tfplugin::diagnostic::Severity::Warning;
                context.warn(warning);
                prior.map_or(Value::Null, |prior| prior.endpoints.clone())
            }
        };
    }
    if state.credentials_secret.is_unknown() {
        state.credentials_secret = Value::Known(read::credentials_secret(&state));
    }
    Ok(state)
}

/// The state of an apply that did not come to its end: what it did not learn is as before.
fn without_unknowns(planned: ClusterState, prior: Option<&ClusterState>) -> ClusterState {
    let mut state = planned;
    if has_unknown(&state.endpoints) {
        state.endpoints = prior.map_or(Value::Null, |prior| prior.endpoints.clone());
    }
    if state.credentials_secret.is_unknown() {
        state.credentials_secret = prior.map_or(Value::Null, |prior| prior.credentials_secret.clone());
    }
    state
}

/// Before anything is made: what the database asks for must be there.
async fn require_installed(
    client: &Client,
    context: &Context,
    planned: &ClusterState,
) -> Result<(), Diagnostics> {
    match installed::find(client, None, planned).await {
        Ok(found) => context.settle(installed::judge(planned, &found, installed::Moment::Apply)),
        // Definitions are cluster-wide and not everybody may read them; the operator will say what is missing.
        Err(Error::Forbidden { .. } | Error::Decode { .. }) => Ok(()),
        Err(error) => Err(diagnostic(CANNOT_CREATE, &error).into()),
    }
}

async fn require_installed_for(
    client: &Client,
    context: &Context,
    prior: &ClusterState,
    planned: &ClusterState,
) -> Result<(), Diagnostics> {
    if !plan::asks_for_other_things(prior, planned) {
        return Ok(());
    }
    require_installed(client, context, planned).await
}

/// Before a change is written: what it needs must be there.
async fn precheck(
    client: &Client,
    context: &Context,
    prior: &ClusterState,
    planned: &ClusterState,
) -> Result<(), Diagnostics> {
    if !prechecks::is_needed(prior, planned) {
        return Ok(());
    }
    let found = prechecks::find(client, prior, planned).await;
    let found = found.map_err(|error| Diagnostics::from(diagnostic(CANNOT_UPDATE, &error)))?;
    context.settle(prechecks::judge(prior, planned, &found))
}

/// What to do about fields that another manager has set to another value.
pub(super) fn conflicts(planned: &ClusterState) -> Conflicts {
    if planned.force_conflicts == Value::Known(true) { Conflicts::Force } else { Conflicts::Refuse }
}

/// Without this error the second of the two would take the first one's object for its own create that was cut off.
fn made_twice(namespace: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        CANNOT_CREATE,
        format!("Another resource of this run is making Cluster {namespace}/{name} at this moment. Give each `kubeblocks_cluster` of the namespace a `name` of its own."),
    )
    .at(Path::attribute("name"))
}

/// The object of an earlier create of ours that was cut off. Another one of that name must not be there.
async fn find_cut_off(client: &Client, planned: &ClusterState) -> Result<Option<Cluster>, Diagnostics> {
    let (namespace, name) = names(planned);
    let existing = client
        .get_opt::<Cluster>(Some(&namespace), &name)
        .await
        .map_err(|error| Diagnostics::from(diagnostic(CANNOT_CREATE, &error)))?;
    let Some(existing) = existing else { return Ok(None) };
    let refuse =
        |detail: String| Err(Diagnostic::error(CANNOT_CREATE, detail).at(Path::attribute("name")).into());
    if existing.metadata.deletion_timestamp.is_some() {
        return refuse(format!(
            "Cluster {namespace}/{name} is there and being deleted. Run the command again when it is gone."
        ));
    }
    if may_adopt(&existing, planned) {
        tracing::info!(namespace, name, "going on with a create that was cut off");
        return Ok(Some(existing));
    }
    refuse(format!(
        "Cluster {namespace}/{name} exists already, and this configuration did not make it.\n\nTo manage it here, import it:\n\n  terraform import <address of this resource> {namespace}/{name}\n\nElse choose another `name` or `namespace`."
    ))
}

/// Whether the object was made by a create that was cut off, and asks for the same database.
fn may_adopt(existing: &Cluster, planned: &ClusterState) -> bool {
    let shape = |object: &Cluster| {
        let components: BTreeMap<String, String> = object
            .spec
            .component_specs
            .iter()
            .map(|component| (component.name.clone(), component.component_def_ref.clone()))
            .collect();
        (object.spec.cluster_definition_ref.clone(), components)
    };
    is_cut_off(&existing.metadata) && shape(existing) == shape(&build::cluster(planned))
}

pub(super) fn marked(object: &Cluster, operation: &str) -> Cluster {
    let mut object = object.clone();
    object.metadata.annotations.get_or_insert_default().insert(MARK.to_owned(), operation.to_owned());
    object
}

/// A mark that stays does little: the next apply waits for the database once more, and removes it.
pub(super) async fn remove_mark(client: &Client, object: &Cluster) {
    let (namespace, name) = (object.namespace(), object.name_any());
    take_off(|| client.remove_annotation::<Cluster>(namespace.as_deref(), &name, MARK)).await;
}

async fn find_to_update(client: &Client, planned: &ClusterState) -> Result<Cluster, Diagnostics> {
    let (namespace, name) = names(planned);
    let existing = client
        .get_opt::<Cluster>(Some(&namespace), &name)
        .await
        .map_err(|error| Diagnostics::from(diagnostic(CANNOT_UPDATE, &error)))?;
    match existing {
        Some(existing) if existing.metadata.deletion_timestamp.is_none() => Ok(existing),
        Some(_) => Err(Diagnostic::error(
            CANNOT_UPDATE,
            format!("Cluster {namespace}/{name} is being deleted by somebody. Run the command again when it is gone, to create it anew."),
        )
        .into()),
        None => Err(Diagnostic::error(
            CANNOT_UPDATE,
            format!("Cluster {namespace}/{name} is not in the Kubernetes cluster {}. Either it was deleted after the plan was made, or `kubernetes` now leads to another Kubernetes cluster.\n\nRun the command again: the refresh will see it. To make a new database there and forget this one, use `terraform apply -replace=...` or `terraform state rm`.", client.endpoint()),
        )
        .into()),
    }
}

/// Each conflict and each refused field at its attribute.
pub(super) fn refused(summary: &str, error: &Error, state: &ClusterState) -> Diagnostics {
    let place = |diagnostic: Diagnostic, field: &str| match paths::attribute_of(field, state) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    };
    match error {
        Error::FieldConflict { .. } => conflict_diagnostics(summary, error)
            .into_iter()
            .map(|(field, diagnostic)| place(diagnostic, &field))
            .collect(),
        Error::Invalid { causes, .. } => {
            let field = causes.iter().map(|cause| cause.field.as_str()).find(|field| !field.is_empty());
            place(diagnostic(summary, error), field.unwrap_or_default()).into()
        }
        Error::NamespaceMissing { .. } => diagnostic(summary, error).at(Path::attribute("namespace")).into(),
        _ => diagnostic(summary, error).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::error::{FieldConflict, InvalidField, ObjectName};
    use crate::resources::cluster::schema::SecretReference;
    use crate::resources::cluster::test_support::{component_mut, entries, redis, redis_and_sentinel, text};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
    use serde_json::json;

    /// What a create leaves behind that was killed while it waited.
    fn cut_off(state: &ClusterState, manager: &str) -> Cluster {
        let mut object = marked(&build::cluster(state), CREATING);
        object.metadata.managed_fields = Some(vec![ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            operation: Some("Apply".to_owned()),
            fields_v1: Some(FieldsV1(json!({"f:spec": {"f:terminationPolicy": {}}}))),
            ..ManagedFieldsEntry::default()
        }]);
        object
    }

    #[test]
    #[allow(clippy::large_stack_arrays, reason = "a table of whole states, read once")]
    fn only_the_remains_of_an_own_create_of_the_same_database_are_adopted() {
        const OURS: &str = crate::kubernetes::FIELD_MANAGER;
        let mut changed = redis();
        component_mut(&mut changed, "redis").replicas = Value::Known(5);
        let other_engine = ClusterState { definition: text("kafka"), ..redis() };
        let mut finished = cut_off(&redis(), OURS);
        finished.metadata.annotations = None;
        let mut updating = cut_off(&redis(), OURS);
        updating.metadata.annotations = marked(&build::cluster(&redis()), UPDATING).metadata.annotations;
        for (case, existing, planned, expected) in [
            ("the same", cut_off(&redis(), OURS), redis(), true),
            ("changed meanwhile", cut_off(&redis(), OURS), changed, true),
            ("another engine", cut_off(&redis(), OURS), other_engine, false),
            ("other components", cut_off(&redis(), OURS), redis_and_sentinel(), false),
            ("marked by somebody else", cut_off(&redis(), "kubectl"), redis(), false),
            ("a finished create", finished, redis(), false),
            ("an unfinished update", updating, redis(), false),
        ] {
            assert_eq!(may_adopt(&existing, &planned), expected, "{case}");
        }
    }

    #[test]
    fn an_apply_that_is_cut_off_keeps_what_was_known_before() {
        let planned = ClusterState {
            endpoints: Value::Unknown,
            credentials_secret: Value::Unknown,
            version: text("redis-8"),
            ..redis()
        };
        let prior = ClusterState {
            endpoints: entries([]),
            credentials_secret: Value::Known(SecretReference { namespace: text("shop"), name: text("s") }),
            ..redis()
        };
        let kept = without_unknowns(planned.clone(), Some(&prior));
        assert_eq!(kept, ClusterState { version: text("redis-8"), ..prior });
        let new = without_unknowns(planned, None);
        assert!(new.endpoints.is_null() && new.credentials_secret.is_null());
    }

    #[test]
    fn a_refused_field_is_said_at_its_attribute_and_each_conflict_by_itself() {
        let object =
            ObjectName { kind: "Cluster".into(), namespace: Some("shop".into()), name: "cache".into() };
        let conflict = |field: &str| FieldConflict { field: field.to_owned(), manager: "kubectl".to_owned() };
        let conflicts = Error::FieldConflict {
            object: object.clone(),
            conflicts: vec![
                conflict(".spec.clusterVersionRef"),
                conflict(r#".spec.componentSpecs[name="redis"].replicas"#),
            ],
        };
        let invalid = Error::Invalid {
            object,
            causes: vec![InvalidField {
                field: "spec.terminationPolicy".to_owned(),
                message: "no".to_owned(),
            }],
            message: "invalid".to_owned(),
        };
        let missing = Error::NamespaceMissing { namespace: "shop".to_owned() };
        for (error, expected) in [
            (conflicts, vec!["version", r#"components["redis"].replicas"#]),
            (invalid, vec!["termination_policy"]),
            (missing, vec!["namespace"]),
        ] {
            let paths: Vec<String> = refused("Summary", &error, &redis())
                .iter()
                .map(|found| found.path.as_ref().map(ToString::to_string).unwrap_or_default())
                .collect();
            assert_eq!(paths, expected);
        }
    }
}
