//! Create, update and delete.
//!
//! An account can carry no mark, so a create marks the Cluster that it is in, before, and takes the mark off when Terraform is
//! about to be told. A provider that is killed in between leaves the mark: the next create finds it and goes on, while an
//! account without it belongs to somebody.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use super::messages::{self, CANNOT_CREATE, CANNOT_DELETE, CANNOT_UPDATE};
use super::schema::AccountState;
use super::subject::Subject;
use crate::kubeblocks::lorry::{Lorry, LorryError, Role};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::unfinished::{CREATING, take_off};
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::wait::Limits;

/// The database was waited for by its own resource; a failover takes a minute.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The annotation of the Cluster while an account of it is being made.
fn mark(component: &str, name: &str) -> String {
    format!("terraform.kubeblocks.io/account.{component}.{name}")
}

fn is_marked(cluster: &Cluster, mark: &str) -> bool {
    cluster.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(mark))
}

/// An account whose engine can be asked.
struct Job<'a> {
    summary: &'static str,
    timeout: &'static str,
    state: AccountState,
    client: &'a Client,
    cluster: Cluster,
    subject: Subject,
    limits: &'a Limits,
}

impl<'a> Job<'a> {
    /// Finds the database; nothing when it is not there, or going.
    async fn find(
        summary: &'static str,
        timeout: &'static str,
        client: &'a Client,
        state: &AccountState,
        limits: &'a Limits,
    ) -> Result<Option<Self>, Diagnostics> {
        let failed = |error: Error| Diagnostics::from(diagnostic(summary, &error));
        let obeying = client.obeying(&limits.stop);
        let found = match obeying.get_opt::<Cluster>(Some(state.namespace()), state.cluster()).await {
            Ok(found) => found.filter(|cluster| cluster.metadata.deletion_timestamp.is_none()),
            Err(Error::KindNotServed { .. }) => None,
            Err(error) => return Err(failed(error)),
        };
        let Some(cluster) = found else { return Ok(None) };
        let subject = Subject::find(&obeying, &cluster, state.component()).await.map_err(failed)?;
        let subject = subject.map_err(|refusal| Diagnostics::from(messages::refused(summary, &refusal)))?;
        let state = AccountState { component: Value::Known(subject.component.clone()), ..state.clone() };
        Ok(Some(Self { summary, timeout, state, client, cluster, subject, limits }))
    }

    fn failed(&self, error: &LorryError) -> Diagnostics {
        messages::failed(self.summary, &self.state, self.timeout, error).into()
    }

    async fn lorry(&self) -> Result<Lorry, Diagnostics> {
        let Subject { component, engine } = &self.subject;
        let reached = Lorry::reach(self.client, &self.cluster, component, *engine, self.limits).await;
        reached.map_err(|error| self.failed(&error))
    }

    fn mark(&self) -> String {
        mark(&self.subject.component, self.state.name())
    }

    async fn write_mark(&self) -> Result<(), Diagnostics> {
        let annotations = BTreeMap::from([(self.mark(), CREATING.to_owned())]);
        let client = self.client.obeying(&self.limits.stop);
        let written =
            client.annotate::<Cluster>(Some(self.state.namespace()), self.state.cluster(), &annotations);
        written.await.map_err(|error| diagnostic(self.summary, &error).into())
    }

    /// A mark that stays does harm only when the account is destroyed by others and made by others again.
    async fn remove_mark(&self) {
        let mark = self.mark();
        let (namespace, cluster) = (Some(self.state.namespace()), self.state.cluster());
        take_off(|| self.client.remove_annotation::<Cluster>(namespace, cluster, &mark)).await;
    }

    /// Gives the account its role, and looks whether it has it.
    async fn settle(&self, lorry: &Lorry, current: Option<&str>) -> Result<(), Diagnostics> {
        let name = self.state.name();
        let text = self.state.role.known().map_or("", String::as_str);
        let Some(wanted) = Role::from_name(text) else { return Ok(()) };
        if current != Some(text) {
            let set = lorry.set_role(name, current, wanted).await;
            set.map_err(|error| self.failed(&error))?;
        }
        let found = lorry.find(name).await.map_err(|error| self.failed(&error))?;
        let role = found.and_then(|user| user.role);
        if role.as_deref() == Some(text) {
            return Ok(());
        }
        Err(messages::not_as_wanted(self.summary, &self.state, role.as_deref()).into())
    }
}

/// Makes the account.
pub(super) async fn create(
    shared: &Shared,
    context: &Context,
    request: Create<AccountState>,
    progress: &Progress<AccountState>,
) -> Result<AccountState, Diagnostics> {
    let Create { config, planned } = &request;
    let limits = Limits::new(planned.timeouts.create_or(TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let found = Job::find(CANNOT_CREATE, "timeouts.create", &client, planned, &limits).await?;
    let Some(job) = found else { return Err(messages::no_database(CANNOT_CREATE, planned).into()) };
    let claimed = format!("account/{}/{}/{}", planned.cluster(), job.subject.component, planned.name());
    let Some(_claim) = shared.claim(&client.endpoint(), planned.namespace(), &claimed) else {
        return Err(messages::made_twice(planned).into());
    };
    let password = config.password.known().map_or("", String::as_str);
    let lorry = job.lorry().await?;
    let name = planned.name();
    let existing = lorry.find(name).await.map_err(|error| job.failed(&error))?;
    let current = match existing {
        Some(user) if is_marked(&job.cluster, &job.mark()) => {
            tracing::info!(name, "going on with a create that was cut off");
            lorry.set_password(name, password).await.map_err(|error| job.failed(&error))?;
            user.role
        }
        Some(_) => return Err(messages::exists(&job.state).into()),
        None => {
            job.write_mark().await?;
            if let Err(error) = lorry.create(name, password).await {
                // It may be there, so the next create must know that it is ours.
                if !error.is_uncertain() {
                    job.remove_mark().await;
                }
                return Err(job.failed(&error));
            }
            None
        }
    };
    progress.record(job.state.clone());
    let settled = job.settle(&lorry, current.as_deref()).await;
    // From here on the answer tells Terraform of the account, whatever became of it.
    job.remove_mark().await;
    settled.map(|()| job.state)
}

/// Changes role and password in place.
pub(super) async fn update(
    shared: &Shared,
    context: &Context,
    request: Update<AccountState>,
    progress: &Progress<AccountState>,
) -> Result<AccountState, Diagnostics> {
    let Update { config, prior, planned } = &request;
    let renews = prior.password_revision != planned.password_revision && !config.password.is_null();
    if !renews && prior.role == planned.role && prior.kubernetes == planned.kubernetes {
        return Ok(request.planned);
    }
    let limits = Limits::new(planned.timeouts.update_or(TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let found = Job::find(CANNOT_UPDATE, "timeouts.update", &client, planned, &limits).await?;
    let Some(job) = found else { return Err(messages::no_database(CANNOT_UPDATE, planned).into()) };
    let lorry = job.lorry().await?;
    let existing = lorry.find(planned.name()).await.map_err(|error| job.failed(&error))?;
    let Some(user) = existing else {
        let gone = format!(
            "Account {} is not there any more. Run the command again: the refresh will see it.",
            messages::place(&job.state)
        );
        return Err(Diagnostic::error(CANNOT_UPDATE, gone).into());
    };
    if renews {
        let password = config.password.known().map_or("", String::as_str);
        lorry.set_password(planned.name(), password).await.map_err(|error| job.failed(&error))?;
        progress.record(AccountState { role: prior.role.clone(), ..job.state.clone() });
    }
    job.settle(&lorry, user.role.as_deref()).await?;
    Ok(job.state)
}

/// Removes the account. It is gone with its database.
pub(super) async fn delete(
    shared: &Shared,
    context: &Context,
    state: AccountState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(TIMEOUT), context.stop());
    let client = shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let found = Job::find(CANNOT_DELETE, "timeouts.delete", &client, &state, &limits).await?;
    let Some(job) = found else { return Ok(()) };
    let lorry = job.lorry().await?;
    if lorry.find(state.name()).await.map_err(|error| job.failed(&error))?.is_some() {
        lorry.delete(state.name()).await.map_err(|error| job.failed(&error))?;
    }
    if is_marked(&job.cluster, &job.mark()) {
        job.remove_mark().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_a_name_that_an_annotation_can_have() {
        let longest = mark(&"c".repeat(22), &"n".repeat(32));
        let (_, name) = longest.split_once('/').unwrap();
        assert!(name.len() <= 63, "{name}");
        assert_ne!(mark("a", "b"), mark("b", "a"));
    }
}
