//! Refresh and import: asks the engine. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;

use super::messages::{self, CANNOT_IMPORT, CANNOT_READ};
use super::schema::{AccountIdentity, AccountState};
use super::subject::Subject;
use crate::kubeblocks::lorry::{Lorry, LorryError};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::wait::Limits;

/// A refresh does not wait until a database has come up; a failover may take so long.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How rights are called that are none at all.
const NONE: &str = "none";

/// The account as it is now. Gone only when the engine says so, or with its database. Of a database that does not run nothing
/// can be said, so what is known stays.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: AccountState,
) -> Result<Option<AccountState>, Diagnostics> {
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limits = Limits::new(state.timeouts.read_or(READ_TIMEOUT), context.stop());
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?;
    match look(&client, CANNOT_READ, &state, &limits).await {
        Ok(found) => Ok(found),
        Err(Looked::Diagnostics(diagnostics)) => Err(diagnostics),
        Err(Looked::Lorry(error @ (LorryError::Never { .. } | LorryError::TimedOut { .. }))) => {
            let found = messages::failed("The account was not looked at", &state, "timeouts.read", &error);
            let detail = format!("{}\n\nThe plan takes it to be as it was.", found.detail);
            context.warn(Diagnostic { severity: Severity::Warning, detail, ..found });
            Ok(Some(state))
        }
        Err(Looked::Lorry(error)) => {
            Err(messages::failed(CANNOT_READ, &state, "timeouts.read", &error).into())
        }
    }
}

/// Why an account could not be looked at.
enum Looked {
    Diagnostics(Diagnostics),
    Lorry(LorryError),
}

async fn look(
    client: &Client,
    summary: &'static str,
    state: &AccountState,
    limits: &Limits,
) -> Result<Option<AccountState>, Looked> {
    let api = |error: Error| Looked::Diagnostics(diagnostic(summary, &error).into());
    let obeying = client.obeying(&limits.stop);
    let found = match obeying.get_opt::<Cluster>(Some(state.namespace()), state.cluster()).await {
        Ok(found) => found,
        Err(Error::KindNotServed { .. }) => None,
        Err(error) => return Err(api(error)),
    };
    let Some(cluster) = found else { return Ok(None) };
    let subject = Subject::find(&obeying, &cluster, state.component()).await.map_err(api)?;
    let Subject { component, engine } =
        subject.map_err(|refusal| Looked::Diagnostics(messages::refused(summary, &refusal).into()))?;
    let lorry = Lorry::reach(client, &cluster, &component, engine, limits).await.map_err(Looked::Lorry)?;
    let found = lorry.find(state.name()).await.map_err(Looked::Lorry)?;
    Ok(found.map(|user| AccountState {
        component: Value::Known(component),
        role: Value::Known(user.role.unwrap_or_else(|| NONE.to_owned())),
        ..state.clone()
    }))
}

/// A state that names the account; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    request: Import<AccountIdentity>,
) -> Result<AccountState, Diagnostics> {
    let [namespace, cluster, component, name] = match request {
        Import::Id(id) => split(&id)?,
        Import::Identity(identity) => {
            let text = |value: Value<String>| value.into_known().unwrap_or_default();
            [text(identity.namespace), text(identity.cluster), text(identity.component), text(identity.name)]
        }
    };
    let state = AccountState {
        namespace: Value::Known(namespace),
        cluster: Value::Known(cluster),
        component: Value::Known(component),
        name: Value::Known(name),
        ..AccountState::default()
    };
    let limits = Limits::new(READ_TIMEOUT, context.stop());
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?;
    match look(&client, CANNOT_IMPORT, &state, &limits).await {
        Ok(Some(_)) => Ok(state),
        Ok(None) => {
            let detail = format!(
                "Account {} does not exist: there is no such account or no such database in the Kubernetes cluster {}. An import uses the `kubernetes` of the provider block, or the kubeconfig.",
                messages::place(&state),
                client.endpoint()
            );
            Err(Diagnostic::error(CANNOT_IMPORT, detail).into())
        }
        Err(Looked::Diagnostics(diagnostics)) => Err(diagnostics),
        Err(Looked::Lorry(error)) => {
            Err(messages::failed(CANNOT_IMPORT, &state, "timeouts.read", &error).into())
        }
    }
}

fn split(id: &str) -> Result<[String; 4], Diagnostics> {
    let parts: Vec<String> = id.split('/').map(str::to_owned).collect();
    match <[String; 4]>::try_from(parts) {
        Ok(parts) if parts.iter().all(|part| !part.is_empty()) => Ok(parts),
        _ => {
            let detail =
                format!("{id:?} is no import id of an account. Write NAMESPACE/CLUSTER/COMPONENT/NAME.");
            Err(Diagnostic::error("Import id of the wrong form", detail).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_id_has_four_parts() {
        assert_eq!(split("shop/orders/db/app").unwrap(), ["shop", "orders", "db", "app"]);
        for wrong in
            ["", "app", "shop/orders/app", "shop/orders/db/app/more", "shop//db/app", "shop/orders/db/"]
        {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
