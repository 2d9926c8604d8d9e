//! The parameter controller: merges new parameters into the rendered files, checks them against their constraint and
//! brings them to the database, reporting each item's phase.
//!
//! An item goes `Init -> Finished` when it is made, and `Merged -> Upgrading -> Finished` or `MergeFailed` afterwards.

mod check;
mod file;
mod rollout;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::Context;
use super::api::{
    ConfigConstraint, ConfigConstraintSpec, Configuration, ConfigurationItem, ConfigurationStatus,
    ItemStatus, ReconcileDetail,
};
use super::error::Error;
use super::naming;

/// On the ConfigMap: the parameters that were merged last.
const LAST_APPLIED: &str = "config.kubeblocks.io/last-applied-configuration";
/// On the ConfigMap: the version of the item that its files were rendered for.
const RENDERED: &str = "config.kubeblocks.io/config-template-version";
/// On the ConfigMap: the generation of the Configuration that the file is of.
const REVISION: &str = "config.kubeblocks.io/configuration-revision";

type Parameters = BTreeMap<String, Option<String>>;

/// Brings all items of one Configuration a step further.
pub(crate) async fn reconcile(trigger: Arc<Configuration>, context: Arc<Context>) -> Result<Action, Error> {
    let (namespace, name) = (trigger.namespace().unwrap_or_default(), trigger.name_any());
    let Some(configuration) = context.store.get::<Configuration>(&namespace, &name).await? else {
        return Ok(Action::await_change());
    };
    let Some(before) = configuration.status.clone() else { return Ok(Action::await_change()) };
    if configuration.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let mut status = ConfigurationStatus { message: String::new(), ..before.clone() };
    let mut is_waiting = false;
    for item in &configuration.spec.config_item_details {
        let known = status.configuration_status.iter().position(|known| known.name == item.name);
        let mut entry = match known.and_then(|index| status.configuration_status.get(index)) {
            Some(entry) => entry.clone(),
            None => ItemStatus {
                name: item.name.clone(),
                phase: "Init".to_owned(),
                update_revision: revision(&configuration),
                ..ItemStatus::default()
            },
        };
        let step = Step { context: &context, configuration: &configuration, item };
        if let Some(problem) = step.advance(&mut entry).await? {
            status.message = problem;
        }
        is_waiting |= entry.phase == "Upgrading";
        match known.and_then(|index| status.configuration_status.get_mut(index)) {
            Some(place) => *place = entry,
            None => status.configuration_status.push(entry),
        }
    }
    context.store.write_status(&configuration, Some(&before), &status).await?;
    Ok(if is_waiting { Action::requeue(context.options.pace * 2) } else { Action::await_change() })
}

fn revision(configuration: &Configuration) -> String {
    configuration.metadata.generation.unwrap_or(1).to_string()
}

/// One item of a Configuration.
struct Step<'a> {
    context: &'a Context,
    configuration: &'a Configuration,
    item: &'a ConfigurationItem,
}

impl Step<'_> {
    /// Takes the item's next step. Gives the problem that the Configuration reports as a whole.
    async fn advance(&self, status: &mut ItemStatus) -> Result<Option<String>, Error> {
        let namespace = self.configuration.namespace().unwrap_or_default();
        let spec = &self.configuration.spec;
        let name = naming::config_map(&spec.cluster_ref, &spec.component_name, &self.item.name);
        let Some(map) = self.context.store.get::<ConfigMap>(&namespace, &name).await? else {
            return Ok(Some(format!("configmaps \"{name}\" not found")));
        };
        if status.phase == "Init" {
            "Finished".clone_into(&mut status.phase);
            status.last_done_revision = Some(status.update_revision.clone());
            status.reconcile_detail = Some(ReconcileDetail {
                current_revision: status.update_revision.clone(),
                err_message: "phase: created".to_owned(),
                ..counted(-1, -1)
            });
            return Ok(None);
        }
        // A refused item is merged again as soon as something else is asked for, be it what is there.
        let is_retried =
            status.phase == "MergeFailed" && status.update_revision != revision(self.configuration);
        if self.wanted() != applied(&map) || self.is_outdated(&map) || is_retried {
            return self.merge(&map, status).await;
        }
        if let ("Merged" | "Upgrading", Some(constraint)) = (status.phase.as_str(), self.constraint().await?)
        {
            self.roll_out(&map, &constraint, status).await?;
        }
        Ok(status.message.clone())
    }

    /// The parameters and contents that the user asks for.
    fn wanted(&self) -> Value {
        if self.item.config_file_params.is_empty() { json!({}) } else { json!(self.item.config_file_params) }
    }

    /// Whether the files have to be rendered anew.
    fn is_outdated(&self, map: &ConfigMap) -> bool {
        self.item.version.is_some() && self.item.version.as_ref() != map.annotations().get(RENDERED)
    }

    /// The files that new parameters are merged onto: as they are, or, for another version, those of the template.
    async fn base(&self, map: &ConfigMap) -> Result<BTreeMap<String, String>, Error> {
        let current = map.data.clone().unwrap_or_default();
        let spec = self.item.config_spec.as_ref().filter(|_| self.is_outdated(map));
        let Some(spec) = spec else { return Ok(current) };
        let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default();
        let (namespace, name) = (text("namespace"), text("templateRef"));
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        let template = self.context.store.get::<ConfigMap>(namespace, name).await?;
        Ok(template.and_then(|template| template.data).unwrap_or(current))
    }

    async fn constraint(&self) -> Result<Option<ConfigConstraintSpec>, Error> {
        let reference = self.item.config_spec.as_ref().and_then(|spec| spec.get("constraintRef")?.as_str());
        let Some(reference) = reference else { return Ok(Some(ConfigConstraintSpec::default())) };
        Ok(self.context.store.get_global::<ConfigConstraint>(reference).await?.map(|known| known.spec))
    }

    /// Puts the new parameters onto the current file, or says why it must not.
    async fn merge(&self, map: &ConfigMap, status: &mut ItemStatus) -> Result<Option<String>, Error> {
        let revision = revision(self.configuration);
        let constraint = self.constraint().await?.unwrap_or_default();
        let refused = self
            .item
            .config_file_params
            .values()
            .find_map(|file| check::violation(&constraint, &file.parameters));
        if let Some(problem) = refused {
            "MergeFailed".clone_into(&mut status.phase);
            status.message = Some(problem.clone());
            status.update_revision = revision;
            return Ok(Some(problem));
        }
        let mut data = self.base(map).await?;
        let format = file::Format::of(&constraint.formatter_config);
        for (file, wanted) in &self.item.config_file_params {
            if let Some(content) = &wanted.content {
                data.insert(file.clone(), content.clone());
            }
            let current = data.get(file).cloned().unwrap_or_default();
            data.insert(file.clone(), file::merge(format, &current, &wanted.parameters));
        }
        let patch = json!({
            "metadata": { "annotations": {
                LAST_APPLIED: self.wanted().to_string(),
                REVISION: revision,
                RENDERED: self.item.version,
            } },
            "data": data,
        });
        let namespace = map.namespace().unwrap_or_default();
        self.context.store.merge::<ConfigMap>(&namespace, &map.name_any(), &patch).await?;
        "Merged".clone_into(&mut status.phase);
        status.message = None;
        status.update_revision = revision;
        // What has to reach the database is judged by the lines that changed.
        let changed = file::changed(format, &map.data.clone().unwrap_or_default(), &data);
        let changed: Vec<&String> = changed.iter().collect();
        let detail = status.reconcile_detail.get_or_insert_with(|| counted(-1, -1));
        let policy = rollout::policy(&constraint, &changed);
        if detail.policy != policy {
            tracing::debug!(item = %self.item.name, policy, "parameters are rolled out");
        }
        rollout::note_policy(self.context, self.configuration, &self.item.name, policy).await?;
        Ok(None)
    }

    /// Brings the merged file to the database and counts the pods that have it.
    async fn roll_out(
        &self,
        map: &ConfigMap,
        constraint: &ConfigConstraintSpec,
        status: &mut ItemStatus,
    ) -> Result<(), Error> {
        let revision = status.update_revision.clone();
        let outcome =
            rollout::advance(self.context, self.configuration, &self.item.name, map, constraint, &revision)
                .await?;
        let mut detail = counted(outcome.succeeded, outcome.expected);
        outcome.policy.clone_into(&mut detail.policy);
        detail.current_revision.clone_from(&revision);
        if outcome.is_done {
            "Finished".clone_into(&mut status.phase);
            status.last_done_revision = Some(revision);
            "None".clone_into(&mut detail.exec_result);
        } else {
            "Upgrading".clone_into(&mut status.phase);
            "Retry".clone_into(&mut detail.exec_result);
        }
        status.reconcile_detail = Some(detail);
        Ok(())
    }
}

fn counted(succeed_count: i32, expected_count: i32) -> ReconcileDetail {
    ReconcileDetail { succeed_count, expected_count, ..ReconcileDetail::default() }
}

/// What the ConfigMap says was merged last.
fn applied(map: &ConfigMap) -> Value {
    map.annotations()
        .get(LAST_APPLIED)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!({}))
}
