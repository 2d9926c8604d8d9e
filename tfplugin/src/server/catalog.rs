//! Everything that is served, by name. Schemas are made when something asks for them, one by one: most processes
//! live for a few calls about a few types.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::erased::{
    ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedProvider, ErasedResource,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::function::Signature;
use crate::provider::Provider;
use crate::schema::Schema;
use crate::types::Type;

/// A schema with the type of its values.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) schema: Schema,
    pub(super) kind: Type,
}

impl Prepared {
    pub(super) fn new(schema: Schema) -> Self {
        Self { kind: schema.object_type(), schema }
    }
}

/// One thing that is served, with what was made for it.
pub(super) struct Entry<E: ?Sized> {
    pub(super) served: Box<E>,
    prepared: OnceLock<Prepared>,
    identity: OnceLock<Option<Prepared>>,
    signature: OnceLock<Signature>,
}

impl<E: ?Sized> Entry<E> {
    fn new(served: Box<E>) -> Arc<Self> {
        Arc::new(Self {
            served,
            prepared: OnceLock::new(),
            identity: OnceLock::new(),
            signature: OnceLock::new(),
        })
    }
}

/// What has a schema.
pub(super) trait HasSchema {
    /// Makes it.
    fn make_schema(&self) -> Schema;
}

macro_rules! has_schema {
    ($($erased:ident),*) => {
        $(impl HasSchema for dyn $erased {
            fn make_schema(&self) -> Schema {
                self.schema()
            }
        })*
    };
}

has_schema!(
    ErasedAction,
    ErasedDataSource,
    ErasedEphemeralResource,
    ErasedListResource,
    ErasedProvider,
    ErasedResource
);

impl<E: HasSchema + ?Sized> Entry<E> {
    /// Its schema.
    pub(super) fn prepared(&self) -> &Prepared {
        self.prepared.get_or_init(|| Prepared::new(self.served.make_schema()))
    }
}

impl Entry<dyn ErasedResource> {
    /// The schema of its identity, when it has one.
    pub(super) fn identity(&self) -> Option<&Prepared> {
        self.identity
            .get_or_init(|| {
                let schema = self.served.identity_schema();
                (!schema.attributes.is_empty()).then(|| Prepared::new(schema))
            })
            .as_ref()
    }
}

impl Entry<dyn ErasedFunction> {
    /// Its signature.
    pub(super) fn signature(&self) -> &Signature {
        self.signature.get_or_init(|| self.served.signature())
    }
}

/// Things of one kind, by name.
pub(super) type Entries<E> = BTreeMap<&'static str, Arc<Entry<E>>>;

/// All that a provider serves.
pub(super) struct Catalog {
    pub(super) provider: Arc<Entry<dyn ErasedProvider>>,
    pub(super) resources: Entries<dyn ErasedResource>,
    pub(super) data_sources: Entries<dyn ErasedDataSource>,
    pub(super) ephemeral_resources: Entries<dyn ErasedEphemeralResource>,
    pub(super) list_resources: Entries<dyn ErasedListResource>,
    pub(super) actions: Entries<dyn ErasedAction>,
    pub(super) functions: Entries<dyn ErasedFunction>,
    /// Mistakes in the lists; told with the schema.
    pub(super) mistakes: Diagnostics,
}

impl Catalog {
    /// Asks the provider for its lists.
    pub(super) fn new(provider: impl Provider) -> Self {
        let mut mistakes = Diagnostics::new();
        let resources = by_name(provider.resources(), ErasedResource::type_name, "resource", &mut mistakes);
        let data_sources =
            by_name(provider.data_sources(), ErasedDataSource::type_name, "data source", &mut mistakes);
        let ephemeral_resources = by_name(
            provider.ephemeral_resources(),
            ErasedEphemeralResource::type_name,
            "ephemeral resource",
            &mut mistakes,
        );
        let list_resources =
            by_name(provider.list_resources(), ErasedListResource::type_name, "list resource", &mut mistakes);
        let actions = by_name(provider.actions(), ErasedAction::type_name, "action", &mut mistakes);
        let functions = by_name(provider.functions(), ErasedFunction::name, "function", &mut mistakes);
        for name in list_resources.keys() {
            if resources.get(name).is_none_or(|resource: &Arc<Entry<dyn ErasedResource>>| {
                resource.served.identity_schema().attributes.is_empty()
            }) {
                mistakes.push(Diagnostic::provider_bug(
                    "List resource without a managed resource",
                    format!(
                        "The list resource {name} needs a managed resource of that name with an identity."
                    ),
                ));
            }
        }
        Self {
            provider: Entry::new(Box::new(provider)),
            resources,
            data_sources,
            ephemeral_resources,
            list_resources,
            actions,
            functions,
            mistakes,
        }
    }
}

impl Catalog {
    /// Where schemas break Terraform's rules. Reading them all takes a while, so only what is being developed is read.
    pub(super) fn schema_mistakes(&self) -> Diagnostics {
        let mut found = Vec::new();
        found.push(("the provider", self.provider.prepared().schema.check_provider()));
        for (name, entry) in &self.resources {
            found.push((*name, entry.prepared().schema.check_resource()));
            if let Some(identity) = entry.identity() {
                found.push((*name, identity.schema.check_identity()));
            }
        }
        found.extend(
            self.data_sources.iter().map(|(name, entry)| (*name, entry.prepared().schema.check_resource())),
        );
        found.extend(
            self.ephemeral_resources.iter().map(|(name, entry)| (*name, entry.prepared().schema.check())),
        );
        found
            .extend(self.list_resources.iter().map(|(name, entry)| (*name, entry.prepared().schema.check())));
        found.extend(self.actions.iter().map(|(name, entry)| (*name, entry.prepared().schema.check())));
        let problems =
            found.into_iter().flat_map(|(name, problems)| problems.into_iter().map(move |it| (name, it)));
        problems
            .map(|(name, problem)| {
                Diagnostic::provider_bug(
                    "Schema breaks Terraform's rules",
                    format!("Schema of {name}: {problem}."),
                )
            })
            .collect()
    }
}

fn by_name<E: ?Sized>(
    list: Vec<Box<E>>,
    name: impl Fn(&E) -> &'static str,
    kind: &str,
    mistakes: &mut Diagnostics,
) -> Entries<E> {
    let mut entries = Entries::new();
    for served in list {
        let name = name(&served);
        if entries.insert(name, Entry::new(served)).is_some() {
            mistakes.push(Diagnostic::provider_bug(
                format!("Two {kind}s of one name"),
                format!("The provider serves {name} twice."),
            ));
        }
    }
    entries
}

/// The entry that Terraform asks for.
pub(super) fn find<'a, E: ?Sized>(
    entries: &'a Entries<E>,
    kind: &str,
    name: &str,
) -> Result<&'a Arc<Entry<E>>, Diagnostics> {
    entries.get(name).ok_or_else(|| {
        Diagnostic::error(
            format!("Unknown {kind}"),
            format!("This version of the provider has no {kind} named {name}."),
        )
        .into()
    })
}
