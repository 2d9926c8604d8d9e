//! Accounts in the engines of databases. No object tells of them, so the helper beside each database is asked.

use std::error::Error as _;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use super::{AT_ONCE, Findable, Findings, Found};
use crate::kubeblocks::lorry::protocol::User;
use crate::kubeblocks::lorry::{Lorry, LorryError, Role};
use crate::kubernetes::diagnostic::detail;
use crate::kubernetes::exec::ExecError;
use crate::kubernetes::{Client, Error};
use crate::resources::account::subject::Subject;
use crate::resources::account::validate::{account_name, is_of_the_system};
use crate::resources::account::{AccountIdentity, AccountResource};
use crate::wait::Limits;

/// A search does not wait until a database has come up; an instance that just leads may need a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds accounts in the engines of databases, so that `kubeblocks_account` can take them over; those of the operator and of
/// the engines themselves are not among them. Each database is asked, which needs the rights to `get` and `create` on
/// `pods/exec`; one that does not run is left out, with a warning.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AccountSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only accounts of the database of this name.
    #[tf(optional)]
    pub(crate) cluster: Value<String>,
}

impl Findable for AccountResource {
    type Search = AccountSearch;

    async fn find(client: &Client, search: &AccountSearch) -> Result<Findings<AccountIdentity>, Error> {
        let namespace = search.namespace.known().map(String::as_str);
        let mut clusters: Vec<Cluster> = client.list(namespace, None).await?;
        if let Some(wanted) = search.cluster.known() {
            clusters.retain(|cluster| cluster.name_any() == *wanted);
        }
        let mut all = Findings::default();
        let mut asked = stream::iter(clusters)
            .map(|cluster| async move { Box::pin(accounts_of(client, &cluster)).await })
            .buffered(AT_ONCE);
        while let Some(accounts) = asked.next().await {
            let Findings { found, left_out } = accounts?;
            all.found.extend(found);
            all.left_out.extend(left_out);
        }
        Ok(all)
    }
}

async fn accounts_of(client: &Client, cluster: &Cluster) -> Result<Findings<AccountIdentity>, Error> {
    let mut accounts = Findings::default();
    for subject in Subject::all(client, cluster).await? {
        match users(client, cluster, &subject).await {
            Ok(users) => users.into_iter().for_each(|user| add(&mut accounts, cluster, &subject, &user)),
            Err(error) => {
                let place = format!("{}/{}", cluster.namespace().unwrap_or_default(), cluster.name_any());
                accounts.left_out.push(format!(
                    "The accounts of component {} of the database {place} are left out: {}.",
                    subject.component,
                    in_words(&error)
                ));
            }
        }
    }
    Ok(accounts)
}

async fn users(client: &Client, cluster: &Cluster, subject: &Subject) -> Result<Vec<User>, LorryError> {
    let limits = Limits::new(PATIENCE, client.stop());
    let lorry = Lorry::reach(client, cluster, &subject.component, subject.engine, &limits).await?;
    let mut users = Vec::new();
    for user in lorry.list().await? {
        users.extend(if is_of_the_system(&user.name) { None } else { lorry.with_role(user).await? });
    }
    users.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(users)
}

fn add(accounts: &mut Findings<AccountIdentity>, cluster: &Cluster, subject: &Subject, user: &User) {
    let (namespace, database) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    let id = format!("{namespace}/{database}/{}/{}", subject.component, user.name);
    let role = user.role.as_deref().unwrap_or("no role");
    if let Err(why) = account_name(&user.name) {
        accounts.left_out.push(format!("Account {id} is left out: {why}."));
    } else if Role::from_name(role).is_none() {
        accounts.left_out.push(format!(
                "Account {id} is left out: it has {role}, and the resource knows readonly, readwrite and superuser."
            ));
    } else {
        let text = |text: &str| Value::Known(text.to_owned());
        let identity = AccountIdentity {
            namespace: text(&namespace),
            cluster: text(&database),
            component: text(&subject.component),
            name: text(&user.name),
        };
        let name = format!("{database}_{}", user.name);
        accounts.found.push(Found { identity, id, namespace: Some(namespace), name });
    }
}

fn in_words(error: &LorryError) -> String {
    match error {
        LorryError::Api(error) | LorryError::Exec { source: ExecError::Api(error), .. } => detail(error),
        other => match other.source() {
            Some(cause) => format!("{other}: {cause}"),
            None => other.to_string(),
        },
    }
}
