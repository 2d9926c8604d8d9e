//! Which objects there are that a resource could manage.

use tfplugin::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::kubernetes::{Client, Error};
use crate::lists::accounts::{self, AccountSearch, Accounts};
use crate::lists::databases::{BackupScheduleSearch, ClusterSearch, ServiceDescriptorSearch};
use crate::lists::platform::{AddonSearch, BackupRepoSearch, OperatorSearch};
use crate::lists::{Findable, Found};
use crate::resources::account::AccountResource;
use crate::resources::addon::AddonResource;
use crate::resources::backup_repo::BackupRepoResource;
use crate::resources::backup_schedule::BackupScheduleResource;
use crate::resources::cluster::ClusterResource;
use crate::resources::operator::OperatorResource;
use crate::resources::service_descriptor::ServiceDescriptorResource;

/// Kinds in the order in which they depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Operator,
    Addon,
    BackupRepo,
    ServiceDescriptor,
    Cluster,
    Account,
    BackupSchedule,
}

impl Kind {
    /// The type of its resource.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Operator => OperatorResource::TYPE_NAME,
            Self::Addon => AddonResource::TYPE_NAME,
            Self::BackupRepo => BackupRepoResource::TYPE_NAME,
            Self::ServiceDescriptor => ServiceDescriptorResource::TYPE_NAME,
            Self::Cluster => ClusterResource::TYPE_NAME,
            Self::Account => AccountResource::TYPE_NAME,
            Self::BackupSchedule => BackupScheduleResource::TYPE_NAME,
        }
    }
}

/// An object, by what an import takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exportable {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// Everything, or what belongs to databases of some namespaces; and which accounts could not be found.
pub(super) async fn find(
    client: &Client,
    namespaces: &[String],
    stop: &CancellationToken,
) -> Result<(Vec<Exportable>, Vec<String>), Error> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    if namespaces.is_empty() {
        add::<OperatorResource>(&mut found, client, Kind::Operator, &OperatorSearch::default()).await?;
        add::<AddonResource>(&mut found, client, Kind::Addon, &AddonSearch::default()).await?;
        add::<BackupRepoResource>(&mut found, client, Kind::BackupRepo, &BackupRepoSearch::default()).await?;
    }
    let places: Vec<Value<String>> = match namespaces {
        [] => vec![Value::Null],
        some => some.iter().cloned().map(Value::Known).collect(),
    };
    for namespace in places {
        let search = ClusterSearch { namespace: namespace.clone(), ..ClusterSearch::default() };
        add::<ClusterResource>(&mut found, client, Kind::Cluster, &search).await?;
        let search = AccountSearch { namespace: namespace.clone(), ..AccountSearch::default() };
        let Accounts { found: accounts, left_out } = accounts::find(client, &search, stop).await?;
        found.extend(accounts.into_iter().map(|one| exportable(Kind::Account, one)));
        problems.extend(left_out);
        let search = BackupScheduleSearch { namespace: namespace.clone(), ..BackupScheduleSearch::default() };
        add::<BackupScheduleResource>(&mut found, client, Kind::BackupSchedule, &search).await?;
        let search = ServiceDescriptorSearch { namespace, ..ServiceDescriptorSearch::default() };
        add::<ServiceDescriptorResource>(&mut found, client, Kind::ServiceDescriptor, &search).await?;
    }
    found.sort();
    found.dedup();
    Ok((found, problems))
}

async fn add<R: Findable>(
    all: &mut Vec<Exportable>,
    client: &Client,
    kind: Kind,
    search: &R::Search,
) -> Result<(), Error> {
    let found = R::find(client, search).await?.into_iter();
    all.extend(found.map(|one| exportable(kind, one)));
    Ok(())
}

fn exportable<I>(kind: Kind, found: Found<I>) -> Exportable {
    let Found { id, namespace, name, .. } = found;
    Exportable { kind, id, namespace, name }
}
