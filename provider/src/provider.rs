//! The provider block, and the lists of what is served. What operations share (clients, the configuration) is here;
//! what they do with it is in `resources`, `data_sources`, `ephemeral`, `functions` and `actions`.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use kubeblocks_schemas::catalogue::Catalogue;
use tfplugin::TerraformSchema;
use tfplugin::context::Context;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::provider::Provider;
use tfplugin::server::{
    ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedResource,
};
use tfplugin::typed::Value;

use crate::actions::{
    BackupNowAction, RestartAction, ScriptAction, StartAction, StopAction, SwitchoverAction,
};
use crate::clouds::alibaba::AlibabaSettings;
use crate::clouds::aws::AwsSettings;
use crate::clouds::azure::AzureSettings;
use crate::clouds::gcp::GcpSettings;
use crate::clouds::{Clouds, Settings};
use crate::data_sources::addons::AddonsDataSource;
use crate::data_sources::backups::BackupsDataSource;
use crate::data_sources::catalog::CatalogDataSource;
use crate::data_sources::cluster::ClusterDataSource;
use crate::data_sources::cluster_definition::ClusterDefinitionDataSource;
use crate::data_sources::cluster_definitions::ClusterDefinitionsDataSource;
use crate::data_sources::cluster_versions::ClusterVersionsDataSource;
use crate::data_sources::kubernetes_versions::KubernetesVersionsDataSource;
use crate::data_sources::parameters::ParametersDataSource;
use crate::ephemeral::credentials::Credentials;
use crate::ephemeral::kubeconfig::Kubeconfig;
use crate::functions::{ConnectionUri, ManifestDecodeMulti, QuantityFunction, SupportsFunction};
use crate::helm;
use crate::helm::chart::Charts;
use crate::helm::engine::Engine;
use crate::helm::executable::Executable;
use crate::impact::guard::{self, Guard};
use crate::kubernetes::{self, Client, Connection, Kubernetes};
use crate::kubernetes_attribute::{KubernetesConnection, ProcessEnvironment};
use crate::lists::Listing;
use crate::lists::managed::{ClusterListing, PoolListing};
use crate::resources::account::AccountResource;
use crate::resources::ack_cluster::AckCluster;
use crate::resources::ack_node_pool::AckNodePool;
use crate::resources::addon::AddonResource;
use crate::resources::aks_cluster::AksCluster;
use crate::resources::aks_node_pool::AksNodePool;
use crate::resources::backup::BackupResource;
use crate::resources::backup_repo::BackupRepoResource;
use crate::resources::backup_schedule::BackupScheduleResource;
use crate::resources::cluster::ClusterResource;
use crate::resources::eks_cluster::EksCluster;
use crate::resources::eks_node_group::EksNodeGroup;
use crate::resources::gke_cluster::GkeCluster;
use crate::resources::gke_node_pool::GkeNodePool;
use crate::resources::managed;
use crate::resources::object::ObjectResource;
use crate::resources::operator::OperatorResource;
use crate::resources::ops_request::OpsRequestResource;
use crate::resources::service_descriptor::ServiceDescriptorResource;
use crate::resources::texts::one_of;

/// Runs databases on Kubernetes with [KubeBlocks](https://kubeblocks.io): describes them, waits until they run, changes
/// them in place, and says why when they do not come up.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ProviderConfig {
    /// The Kubernetes cluster of all resources that name none themselves. Without it the kubeconfig is used as `kubectl`
    /// does it; the environment variables `KUBE_CONFIG_PATH`, `KUBECONFIG` and `KUBE_CTX` choose file and context. A
    /// resource's own `kubernetes` goes before, so that one provider serves several Kubernetes clusters.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Path of the `helm` program (3.14 or later, or 4), which `kubeblocks_operator` runs. Left out, it is the one that
    /// the environment variable `KUBEBLOCKS_HELM` names, else the one beside the provider, else the one on `PATH`.
    #[tf(optional)]
    pub helm_path: Value<String>,
    /// How AWS is reached, and as whom. Left out, as every tool of AWS does it: environment, shared configuration files,
    /// the identity of the machine.
    #[tf(optional)]
    pub aws: Value<AwsSettings>,
    /// How Google Cloud is reached, and as whom. Left out, as every tool of Google does it: environment, the login of
    /// `gcloud`, the identity of the machine.
    #[tf(optional)]
    pub gcp: Value<GcpSettings>,
    /// How Azure is reached, and as whom. Left out, environment, workload identity, the login of the Azure CLI.
    #[tf(optional)]
    pub azure: Value<AzureSettings>,
    /// How Alibaba Cloud is reached, and as whom. Left out, environment, or a RAM role.
    #[tf(optional)]
    pub alibaba: Value<AlibabaSettings>,
    /// From which level on a plan fails, unless the resource lists the level in its `accept_impact`: `rolling_restart`,
    /// `downtime`, `data_loss` (the default), or `off`. A destroy is not held back, as its plan says what goes; a
    /// replacement is.
    #[tf(optional, validate = is_guard)]
    pub guard: Value<String>,
}

// The derive hands the validators what an attribute holds.
#[allow(clippy::ptr_arg)]
fn is_guard(text: &String) -> Result<(), String> {
    one_of(text, &guard::NAMES)
}

/// A database: its Kubernetes cluster, its namespace, its name.
type Database = (Option<Connection>, String, String);

/// What the operations of this process share.
#[derive(Debug)]
pub struct Shared {
    clouds: Arc<Clouds>,
    clients: Kubernetes,
    config: ArcSwap<ProviderConfig>,
    /// Kubernetes clusters that a plan found to be away, and when.
    away: Mutex<HashMap<Connection, Instant>>,
    /// Kubernetes clusters whose certificates are not checked, and when that was said.
    insecure: Mutex<HashMap<Connection, Instant>>,
    /// Objects that a create of this process is making: endpoint, namespace, name.
    claimed: Mutex<HashSet<(String, String, String)>>,
    /// Kubernetes clusters into which a plan of this process installs KubeBlocks.
    installing: Mutex<HashSet<Connection>>,
    /// Engines of the databases that a plan of this process makes, by Kubernetes cluster, namespace and name.
    planned_engines: Mutex<HashMap<Database, String>>,
    /// Add-ons that a plan of this process enables, by name.
    enabling: Mutex<HashSet<(Connection, String)>>,
    charts: Charts,
    /// The helm that was found for a `helm_path`.
    helm: tokio::sync::Mutex<HashMap<Option<PathBuf>, Executable>>,
}

/// The right to make an object; ends when it is dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    shared: &'a Shared,
    object: (String, String, String),
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.shared.claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.object);
    }
}

/// So long a Kubernetes cluster that is away is not asked again by plans: a plan of many resources would wait for each.
const AWAY: Duration = Duration::from_mins(1);

/// A way to a Kubernetes cluster, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is known where and how.
    Known(Connection),
    /// A part of it is known only at apply.
    Unknown,
}

impl Shared {
    /// Nothing configured, nothing opened.
    pub fn new() -> Arc<Self> {
        let clouds = Arc::<Clouds>::default();
        Arc::new(Self {
            clients: Kubernetes::with_minter(Arc::clone(&clouds) as _),
            clouds,
            config: ArcSwap::from_pointee(ProviderConfig::default()),
            away: Mutex::default(),
            claimed: Mutex::default(),
            insecure: Mutex::default(),
            installing: Mutex::default(),
            planned_engines: Mutex::default(),
            enabling: Mutex::default(),
            charts: Charts::new(),
            helm: tokio::sync::Mutex::default(),
        })
    }

    /// Claims an object for a create; `None` while another operation of this process is making it.
    pub fn claim(&self, endpoint: &str, namespace: &str, name: &str) -> Option<Claim<'_>> {
        let object = (endpoint.to_owned(), namespace.to_owned(), name.to_owned());
        let is_new = self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(object.clone());
        is_new.then_some(Claim { shared: self, object })
    }

    /// Notes that a plan installs KubeBlocks there, so that its not being there needs no warning.
    pub fn note_installing(&self, connection: &Connection) {
        self.installing.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.clone());
    }

    /// Whether a plan of this process installs KubeBlocks there.
    pub fn is_being_installed(&self, connection: &Connection) -> bool {
        self.installing.lock().unwrap_or_else(PoisonError::into_inner).contains(connection)
    }

    /// Notes the engine of a database that a plan makes, so that the plans of what is in it know it.
    pub fn note_engine(
        &self,
        own: &Value<KubernetesConnection>,
        namespace: &str,
        name: &str,
        definition: &str,
    ) {
        let place = (self.known_reach(own), namespace.to_owned(), name.to_owned());
        let mut engines = self.planned_engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.insert(place, definition.to_owned());
    }

    /// The engine of a database that a plan of this process makes.
    pub fn planned_engine(
        &self,
        own: &Value<KubernetesConnection>,
        namespace: &str,
        name: &str,
    ) -> Option<String> {
        let place = (self.known_reach(own), namespace.to_owned(), name.to_owned());
        self.planned_engines.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned()
    }

    fn known_reach(&self, own: &Value<KubernetesConnection>) -> Option<Connection> {
        match self.reach(own) {
            Reach::Known(connection) => Some(connection),
            Reach::Unknown => None,
        }
    }

    /// Notes that a plan enables an add-on there, so that what it brings is not missed.
    pub fn note_enabling(&self, connection: &Connection, addon: &str) {
        let addon = (connection.clone(), addon.to_owned());
        self.enabling.lock().unwrap_or_else(PoisonError::into_inner).insert(addon);
    }

    /// Whether a plan of this process enables there what brings a `ClusterDefinition`. Nobody knows what an add-on
    /// outside the catalogue brings, so it may be any definition that is not there either.
    pub fn is_being_enabled(&self, connection: &Connection, definition: &str) -> bool {
        let catalogue = Catalogue::v0_7();
        let bringing = catalogue.addon_of(definition);
        let enabling = self.enabling.lock().unwrap_or_else(PoisonError::into_inner);
        enabling.iter().filter(|(place, _)| place == connection).any(|(_, addon)| match bringing {
            Some(known) => {
                addon == known.name || known.object.or(known.chart).is_some_and(|object| object == addon)
            }
            None => true,
        })
    }

    /// The clients of the clouds.
    pub fn clouds(&self) -> &Clouds {
        &self.clouds
    }

    /// The charts that this process has read.
    pub fn charts(&self) -> &Charts {
        &self.charts
    }

    /// The helm executable, as an engine that writes releases. Looked for once; what is not found is looked for again.
    pub async fn engine(&self) -> Result<Engine, helm::executable::Error> {
        let path = self.config.load().helm_path.known().map(PathBuf::from);
        let mut found = self.helm.lock().await;
        let executable = if let Some(executable) = found.get(&path) {
            executable.clone()
        } else {
            let executable = helm::executable::find(path.as_deref()).await?;
            found.insert(path, executable.clone());
            executable
        };
        // A provider that cannot name its own file cannot guard helm either; starting it will say so.
        Ok(Engine::new(executable, std::env::current_exe().unwrap_or_default()))
    }

    /// From which level on a change has to be accepted.
    pub fn guard(&self) -> Guard {
        Guard::read(&self.config.load().guard)
    }

    /// Whether it is known which helm is meant.
    pub fn is_helm_known(&self) -> bool {
        !self.config.load().helm_path.is_unknown()
    }

    /// The way to the Kubernetes cluster of something whose own attribute is `own`.
    pub fn reach(&self, own: &Value<KubernetesConnection>) -> Reach {
        let configured = self.config.load();
        let written = if own.is_null() { &configured.kubernetes } else { own };
        let connection = match written {
            Value::Unknown => None,
            Value::Null => KubernetesConnection::default().resolve(&ProcessEnvironment),
            Value::Known(connection) => connection.resolve(&ProcessEnvironment),
        };
        connection.map_or(Reach::Unknown, Reach::Known)
    }

    /// The client for a known way.
    pub async fn client(&self, connection: &Connection) -> Result<Client, kubernetes::Error> {
        self.clients.client(connection).await
    }

    /// The client for an operation that cannot do without one. `summary` says what cannot be done.
    pub async fn client_for(
        &self,
        own: &Value<KubernetesConnection>,
        summary: &str,
    ) -> Result<Client, Diagnostics> {
        match self.reach(own) {
            Reach::Known(connection) => self
                .client(&connection)
                .await
                .map_err(|error| kubernetes::diagnostic::diagnostic(summary, &error).into()),
            Reach::Unknown => Err(Diagnostic::error(
                summary,
                "The `kubernetes` attribute, of the resource or of the provider block, has a part that is not known yet. Create first what it comes from (`terraform apply -target=...`).",
            )
            .at(Path::attribute("kubernetes"))
            .into()),
        }
    }

    /// The client for a plan, if the Kubernetes cluster is known and was not found to be away. That it is away never fails
    /// a plan.
    pub async fn planning_client(
        &self,
        context: &Context,
        own: &Value<KubernetesConnection>,
    ) -> Option<(Connection, Client)> {
        let Reach::Known(connection) = self.reach(own) else { return None };
        if self.is_away(&connection) {
            return None;
        }
        match self.client(&connection).await {
            Ok(client) => {
                if client.is_insecure() {
                    self.warn_of_insecure(context, &connection);
                }
                Some((connection, client.obeying(context.stop())))
            }
            Err(error) => {
                self.plan_without(context, &connection, &kubernetes::diagnostic::detail(&error));
                None
            }
        }
    }

    /// Says, once for each Kubernetes cluster and plan, that its certificate is not checked.
    fn warn_of_insecure(&self, context: &Context, connection: &Connection) {
        if is_news(&self.insecure, connection) {
            context.warn(Diagnostic::warning(
                "The API server is not verified",
                "`insecure-skip-tls-verify` of the kubeconfig's cluster lets anybody between here and the API server read and \
                 change what is sent, tokens and passwords among it.\n\nPut the cluster's certificate authority into the \
                 kubeconfig instead (`certificate-authority-data`), or write `endpoint` and `ca_certificate`.",
            ));
        }
    }

    /// Whether a plan of this process installs KubeBlocks in a Kubernetes cluster that is known.
    pub fn is_new(&self, own: &Value<KubernetesConnection>) -> bool {
        matches!(self.reach(own), Reach::Known(connection) if self.is_being_installed(&connection))
    }

    /// Whether a plan has just found this Kubernetes cluster to be away.
    pub fn is_away(&self, connection: &Connection) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.get(connection).is_some_and(|since| since.elapsed() < AWAY)
    }

    /// Says, once for each Kubernetes cluster, that a plan is made without looking at it.
    pub fn plan_without(&self, context: &Context, connection: &Connection, why: &str) {
        if is_news(&self.away, connection) {
            let detail = format!(
                "{why}\n\nThe plan was made from the configuration alone: what is installed there was not looked at. Other resources of this run may be concerned as well."
            );
            context.warn(Diagnostic::warning("Planned without the Kubernetes API", detail));
        }
    }
}

/// Notes something of a Kubernetes cluster, and says whether that is new: not noted before, or longer than [`AWAY`] ago.
fn is_news(noted: &Mutex<HashMap<Connection, Instant>>, connection: &Connection) -> bool {
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    noted.insert(connection.clone(), Instant::now()).is_none_or(|since| since.elapsed() >= AWAY)
}

/// The provider `kubeblocks`.
#[derive(Clone, Debug)]
pub struct KubeblocksProvider {
    shared: Arc<Shared>,
}

impl KubeblocksProvider {
    /// An unconfigured provider.
    pub fn new() -> Self {
        Self { shared: Shared::new() }
    }

    /// What its operations share.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl Default for KubeblocksProvider {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for KubeblocksProvider {
    type Config = ProviderConfig;

    fn validate(&self, config: &ProviderConfig, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
        if let Some(aws) = config.aws.known() {
            aws.validate(&Path::attribute("aws"), diagnostics);
        }
        if let Some(alibaba) = config.alibaba.known() {
            alibaba.validate(&Path::attribute("alibaba"), diagnostics);
        }
    }

    async fn configure(&self, _context: &Context, config: ProviderConfig) -> Result<(), Diagnostics> {
        // Nothing is opened: a plan may have unknown parts, and not every run needs the API.
        self.shared.clouds.configure(Settings {
            aws: config.aws.clone(),
            gcp: config.gcp.clone(),
            azure: config.azure.clone(),
            alibaba: config.alibaba.clone(),
        });
        self.shared.config.store(Arc::new(config));
        Ok(())
    }

    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        let shared = || Arc::clone(&self.shared);
        vec![
            Box::new(AccountResource::new(shared())),
            Box::new(managed::cluster::ClusterResource::<AckCluster>::new(shared())),
            Box::new(managed::pool::PoolResource::<AckNodePool>::new(shared())),
            Box::new(AddonResource::new(shared())),
            Box::new(managed::cluster::ClusterResource::<AksCluster>::new(shared())),
            Box::new(managed::pool::PoolResource::<AksNodePool>::new(shared())),
            Box::new(BackupResource::new(shared())),
            Box::new(BackupRepoResource::new(shared())),
            Box::new(BackupScheduleResource::new(shared())),
            Box::new(ClusterResource::new(shared())),
            Box::new(managed::cluster::ClusterResource::<EksCluster>::new(shared())),
            Box::new(managed::pool::PoolResource::<EksNodeGroup>::new(shared())),
            Box::new(managed::cluster::ClusterResource::<GkeCluster>::new(shared())),
            Box::new(managed::pool::PoolResource::<GkeNodePool>::new(shared())),
            Box::new(ObjectResource::new(shared())),
            Box::new(OperatorResource::new(shared())),
            Box::new(OpsRequestResource::new(shared())),
            Box::new(ServiceDescriptorResource::new(shared())),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn ErasedDataSource>> {
        let shared = || Arc::clone(&self.shared);
        vec![
            Box::new(AddonsDataSource::new(shared())),
            Box::new(BackupsDataSource::new(shared())),
            Box::new(CatalogDataSource),
            Box::new(ClusterDataSource::new(shared())),
            Box::new(ClusterDefinitionDataSource::new(shared())),
            Box::new(ClusterDefinitionsDataSource::new(shared())),
            Box::new(ClusterVersionsDataSource::new(shared())),
            Box::new(KubernetesVersionsDataSource::new(shared())),
            Box::new(ParametersDataSource::new(shared())),
        ]
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn ErasedEphemeralResource>> {
        vec![
            Box::new(Credentials::new(Arc::clone(&self.shared))),
            Box::new(Kubeconfig::new(Arc::clone(&self.shared))),
        ]
    }

    fn list_resources(&self) -> Vec<Box<dyn ErasedListResource>> {
        let shared = || Arc::clone(&self.shared);
        vec![
            Box::new(Listing::new(shared(), AccountResource::new)),
            Box::new(ClusterListing::<AckCluster>::new(shared())),
            Box::new(PoolListing::<AckNodePool>::new(shared())),
            Box::new(Listing::new(shared(), AddonResource::new)),
            Box::new(ClusterListing::<AksCluster>::new(shared())),
            Box::new(PoolListing::<AksNodePool>::new(shared())),
            Box::new(Listing::new(shared(), BackupResource::new)),
            Box::new(Listing::new(shared(), BackupRepoResource::new)),
            Box::new(Listing::new(shared(), BackupScheduleResource::new)),
            Box::new(Listing::new(shared(), ClusterResource::new)),
            Box::new(ClusterListing::<EksCluster>::new(shared())),
            Box::new(PoolListing::<EksNodeGroup>::new(shared())),
            Box::new(ClusterListing::<GkeCluster>::new(shared())),
            Box::new(PoolListing::<GkeNodePool>::new(shared())),
            Box::new(Listing::new(shared(), ObjectResource::new)),
            Box::new(Listing::new(shared(), OperatorResource::new)),
            Box::new(Listing::new(shared(), ServiceDescriptorResource::new)),
        ]
    }

    fn functions(&self) -> Vec<Box<dyn ErasedFunction>> {
        vec![
            Box::new(ConnectionUri),
            Box::new(ManifestDecodeMulti),
            Box::new(QuantityFunction),
            Box::new(SupportsFunction),
        ]
    }

    fn actions(&self) -> Vec<Box<dyn ErasedAction>> {
        let shared = || Arc::clone(&self.shared);
        vec![
            Box::new(BackupNowAction::new(shared())),
            Box::new(RestartAction::new(shared())),
            Box::new(ScriptAction::new(shared())),
            Box::new(StartAction::new(shared())),
            Box::new(StopAction::new(shared())),
            Box::new(SwitchoverAction::new(shared())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Auth;

    fn endpoint(url: &str) -> Value<KubernetesConnection> {
        Value::Known(KubernetesConnection {
            endpoint: Value::Known(url.into()),
            ..KubernetesConnection::default()
        })
    }

    fn configured(kubernetes: Value<KubernetesConnection>) -> Arc<Shared> {
        let shared = Shared::new();
        shared.config.store(Arc::new(ProviderConfig { kubernetes, ..ProviderConfig::default() }));
        shared
    }

    #[test]
    fn an_object_is_claimed_by_one_create_at_a_time() {
        let shared = Shared::new();
        let first = shared.claim("https://one", "shop", "orders");
        assert!(first.is_some());
        assert!(shared.claim("https://one", "shop", "orders").is_none());
        assert!(shared.claim("https://two", "shop", "orders").is_some());
        drop(first);
        assert!(shared.claim("https://one", "shop", "orders").is_some());
    }

    #[test]
    fn an_add_on_that_a_plan_enables_brings_its_own_definitions_and_perhaps_unknown_ones() {
        let shared = Shared::new();
        let here = Connection::default();
        let there = Connection { endpoint: Some("https://there".into()), ..Connection::default() };
        shared.note_enabling(&here, "llm");
        let table = [
            (&here, "ggml", true),
            (&here, "vllm", true),
            (&here, "redis", false),
            (&here, "our-engine", true),
            (&there, "ggml", false),
        ];
        for (connection, definition, expected) in table {
            assert_eq!(shared.is_being_enabled(connection, definition), expected, "{definition}");
        }
    }

    #[test]
    fn the_own_connection_goes_before_that_of_the_provider_block_and_unknown_is_never_guessed() {
        let url = |reach: Reach| match reach {
            Reach::Known(connection) => connection.endpoint,
            Reach::Unknown => Some("unknown".to_owned()),
        };
        let table = [
            (endpoint("https://block"), endpoint("https://own"), Some("https://own")),
            (endpoint("https://block"), Value::Null, Some("https://block")),
            (endpoint("https://block"), Value::Unknown, Some("unknown")),
            (Value::Unknown, endpoint("https://own"), Some("https://own")),
            (Value::Unknown, Value::Null, Some("unknown")),
            (Value::Null, Value::Null, None),
        ];
        for (block, own, expected) in table {
            assert_eq!(url(configured(block).reach(&own)).as_deref(), expected);
        }
    }

    #[test]
    fn without_any_configuration_the_way_is_that_of_kubectl() {
        let Reach::Known(connection) = configured(Value::Null).reach(&Value::Null) else { panic!("unknown") };
        assert!(matches!(connection.auth, Auth::Default | Auth::Kubeconfig { .. }));
    }
}
