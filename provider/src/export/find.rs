//! Which objects there are that a resource could manage.

use tfplugin::prelude::*;

use crate::kubernetes::{Client, Error};
use crate::lists::accounts::AccountSearch;
use crate::lists::databases::{BackupScheduleSearch, ClusterSearch, ServiceDescriptorSearch};
use crate::lists::platform::{AddonSearch, BackupRepoSearch, OperatorSearch};
use crate::lists::{Findable, Findings, Found};
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

/// Everything, or what belongs to databases of some namespaces; and what could not be found, with the reason.
pub(super) async fn find(
    client: &Client,
    namespaces: &[String],
) -> Result<(Vec<Exportable>, Vec<String>), Error> {
    let mut all = Search { client, found: Vec::new(), problems: Vec::new() };
    if namespaces.is_empty() {
        all.add::<OperatorResource>(Kind::Operator, &OperatorSearch::default()).await?;
        all.add::<AddonResource>(Kind::Addon, &AddonSearch::default()).await?;
        all.add::<BackupRepoResource>(Kind::BackupRepo, &BackupRepoSearch::default()).await?;
    }
    let places: Vec<Value<String>> = match namespaces {
        [] => vec![Value::Null],
        some => some.iter().cloned().map(Value::Known).collect(),
    };
    for namespace in places {
        let search = ClusterSearch { namespace: namespace.clone(), ..ClusterSearch::default() };
        all.add::<ClusterResource>(Kind::Cluster, &search).await?;
        let search = AccountSearch { namespace: namespace.clone(), ..AccountSearch::default() };
        all.add::<AccountResource>(Kind::Account, &search).await?;
        let search = BackupScheduleSearch { namespace: namespace.clone(), ..BackupScheduleSearch::default() };
        all.add::<BackupScheduleResource>(Kind::BackupSchedule, &search).await?;
        let search = ServiceDescriptorSearch { namespace, ..ServiceDescriptorSearch::default() };
        all.add::<ServiceDescriptorResource>(Kind::ServiceDescriptor, &search).await?;
    }
    all.found.sort();
    all.found.dedup();
    Ok((all.found, all.problems))
}

struct Search<'a> {
    client: &'a Client,
    found: Vec<Exportable>,
    problems: Vec<String>,
}

impl Search<'_> {
    async fn add<R: Findable>(&mut self, kind: Kind, search: &R::Search) -> Result<(), Error> {
        let Findings { found, left_out } = R::find(self.client, search).await?;
        let exportable =
            |Found { id, namespace, name, .. }: Found<R::Identity>| Exportable { kind, id, namespace, name };
        self.found.extend(found.into_iter().map(exportable));
        self.problems.extend(left_out);
        Ok(())
    }
}
