//! System accounts: once a cluster runs, one Job per account (and pod), then a Secret for each.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, Secret};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::runtime::controller::Action;

use super::RETRY;
use crate::operator::Context;
use crate::operator::api::{Cluster, ClusterDefinition, ClusterVersion, SystemAccount};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{self, ANNOTATION_OPS_LOCK, CLUSTER_FINALIZER, LABEL_ACCOUNT};
use crate::operator::random;
use crate::operator::store::controlled_by;

const PASSWORD: &str = "passwd";
const PASSWORD_LENGTH: usize = 10;
/// The longest name that a Job's pods can carry in a label.
const LONGEST_NAME: usize = 63;

/// Makes the accounts that one running cluster still lacks.
pub(crate) async fn reconcile(trigger: Arc<Cluster>, context: Arc<Context>) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(cluster) = context.store.get::<Cluster>(&namespace, &trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    if cluster.metadata.deletion_timestamp.is_some() {
        release_jobs(&context, &cluster).await?;
        return Ok(Action::await_change());
    }
    if cluster.phase() != "Running" {
        return Ok(Action::await_change());
    }
    let Some(definition) =
        context.store.get_global::<ClusterDefinition>(&cluster.spec.cluster_definition_ref).await?
    else {
        return Ok(Action::await_change());
    };
    let Some(version) = context.store.get_global::<ClusterVersion>(&cluster.spec.cluster_version_ref).await?
    else {
        return Ok(Action::await_change());
    };
    let mut is_waiting = false;
    for spec in &cluster.spec.component_specs {
        let Ok(component) = Component::new(&cluster, spec, &definition, Some(&version)) else { continue };
        let Some(accounts) = &component.definition.system_accounts else { continue };
        for account in &accounts.accounts {
            is_waiting |= advance(&context, &component, account).await?;
        }
    }
    Ok(if is_waiting { Action::requeue(RETRY) } else { Action::await_change() })
}

/// Brings one account a step further. Says whether it has to wait for an operation to end first.
async fn advance(
    context: &Context,
    component: &Component<'_>,
    account: &SystemAccount,
) -> Result<bool, Error> {
    let secret_name = naming::account(component.cluster_name(), component.name(), &account.name);
    let is_known = context.store.get::<Secret>(component.namespace(), &secret_name).await?.is_some();
    if !context.options.account_jobs {
        if !is_known {
            create_secret(
                context,
                component,
                account,
                random::password(component.namespace(), PASSWORD_LENGTH),
            )
            .await?;
        }
        return Ok(false);
    }
    let labels = labels(component, &account.name);
    let jobs: Vec<Job> = context.store.list(component.namespace(), &labels).await?;
    if is_known || jobs.iter().any(is_complete) {
        if !is_known {
            let password = jobs.iter().find_map(|job| job.annotations().get(PASSWORD).cloned());
            create_secret(context, component, account, password.unwrap_or_default()).await?;
        }
        for job in jobs.iter().filter(|job| is_complete(job)) {
            context.store.remove_finalizer(job, CLUSTER_FINALIZER).await?;
        }
        return Ok(false);
    }
    if !jobs.is_empty() {
        return Ok(false);
    }
    if component.cluster.annotation(ANNOTATION_OPS_LOCK).is_some() {
        return Ok(true);
    }
    let password = random::password(component.namespace(), PASSWORD_LENGTH);
    let copies = if account.provision_policy.scope == "AllPods" { component.spec.replicas } else { 1 };
    for _ in 0..copies {
        context.store.create_if_absent(&job(component, account, &password)).await?;
    }
    Ok(false)
}

fn labels(component: &Component<'_>, account: &str) -> naming::Labels {
    let mut labels = component.selector();
    labels.insert(LABEL_ACCOUNT.to_owned(), account.to_owned());
    labels
}

fn is_complete(job: &Job) -> bool {
    job.status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Complete" && condition.status == "True")
}

async fn create_secret(
    context: &Context,
    component: &Component<'_>,
    account: &SystemAccount,
    password: String,
) -> Result<(), Error> {
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(naming::account(component.cluster_name(), component.name(), &account.name)),
            namespace: Some(component.namespace().to_owned()),
            labels: Some(labels(component, &account.name)),
            finalizers: Some(vec![CLUSTER_FINALIZER.to_owned()]),
            owner_references: Some(vec![controlled_by(component.cluster)]),
            ..ObjectMeta::default()
        },
        string_data: Some(
            [("username".to_owned(), account.name.clone()), ("password".to_owned(), password)].into(),
        ),
        ..Secret::default()
    };
    if context.store.create_if_absent(&secret).await? {
        let message = format!(
            "Created accounts for cluster: {}, component: {}, accounts: {}",
            component.cluster_name(),
            component.name(),
            account.name
        );
        context
            .events
            .record_from(
                "system-account-controller",
                component.cluster,
                Severity::Normal,
                "SysAcctCreate",
                &message,
            )
            .await;
    }
    Ok(())
}

fn job(component: &Component<'_>, account: &SystemAccount, password: &str) -> Job {
    let suffix = random::text(5);
    let long = format!("sysacc-{}-{}-{}-{suffix}", component.cluster_name(), component.name(), account.name);
    let name = if long.len() > LONGEST_NAME { format!("sysacc-{}-{suffix}", account.name) } else { long };
    let image = component.containers().first().and_then(|container| container.image.clone());
    Job {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(component.namespace().to_owned()),
            labels: Some(labels(component, &account.name)),
            annotations: Some(naming::labels([(PASSWORD, password)])),
            finalizers: Some(vec![CLUSTER_FINALIZER.to_owned()]),
            owner_references: Some(vec![controlled_by(component.cluster)]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            ttl_seconds_after_finished: Some(1),
            template: PodTemplateSpec {
                metadata: None,
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    containers: vec![Container { name, image, ..Container::default() }],
                    ..PodSpec::default()
                }),
            },
            ..JobSpec::default()
        }),
        status: None,
    }
}

/// Account Jobs must not hold up the deletion of their cluster.
async fn release_jobs(context: &Context, cluster: &Cluster) -> Result<(), Error> {
    let labels = naming::cluster_selector(&cluster.name_any());
    let jobs: Vec<Job> = context.store.list(&cluster.namespace().unwrap_or_default(), &labels).await?;
    for job in jobs.iter().filter(|job| job.labels().contains_key(LABEL_ACCOUNT)) {
        context.store.remove_finalizer(job, CLUSTER_FINALIZER).await?;
    }
    Ok(())
}
