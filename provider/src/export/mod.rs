//! `terraform-provider-kubeblocks export`: what runs in a Kubernetes cluster, as a configuration with import blocks. The plan
//! of what it writes imports everything and changes nothing. Reads only.
//!
//! The way of the data: `find` (which objects there are) -> the resources' own import and read -> `configuration` (what a
//! configuration would say) -> `write` (pure: HCL).

mod find;
mod label;
mod write;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tfplugin::prelude::*;
use tfplugin::typed::ValueType as _;
use tokio_util::sync::CancellationToken;

use crate::kubernetes::{self, Client};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::{KubeblocksProvider, ProviderConfig, Reach, Shared};
use crate::resources::account::AccountResource;
use crate::resources::addon::AddonResource;
use crate::resources::backup_repo::BackupRepoResource;
use crate::resources::backup_schedule::BackupScheduleResource;
use crate::resources::cluster::ClusterResource;
use crate::resources::operator::OperatorResource;
use crate::resources::service_descriptor::ServiceDescriptorResource;
use find::{Exportable, Kind};
use write::Exported;

/// Write what runs in a Kubernetes cluster as HCL, with a block that imports each object.
///
/// Exit codes: 0 all was written, 1 nothing was, 3 some objects could not be read and are named on standard error, 64 the
/// command line is wrong.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// Kubeconfig file; otherwise `KUBE_CONFIG_PATH`, then KUBECONFIG, then ~/.kube/config
    #[arg(long, value_name = "PATH")]
    pub kubeconfig: Option<String>,
    /// Context of the kubeconfig; otherwise `KUBE_CTX`, then the file's current context
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Only databases of this namespace, and what belongs to them; may be given several times
    #[arg(long, value_name = "NAME")]
    pub namespace: Vec<String>,
    /// The file to write, which must not exist; otherwise standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The exit code when a part is missing.
const PARTLY: u8 = 3;

/// Why there is nothing to write.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Kubernetes(String),
    #[error("failed to write {file}: {source}")]
    Output { file: String, source: std::io::Error },
    #[error("{0}")]
    Form(#[from] write::Error),
}

impl Arguments {
    /// The way to the Kubernetes cluster as the provider block says it; nothing when it is the usual one.
    fn connection(&self) -> Value<KubernetesConnection> {
        KubernetesConnection::of_kubeconfig(self.kubeconfig.as_ref(), self.context.as_ref()).into()
    }
}

/// Finds, reads and writes; returns the exit code.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match export(arguments).await {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in &problems {
                tell(problem);
            }
            ExitCode::from(PARTLY)
        }
        Err(error) => {
            tell(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What could not be read.
async fn export(arguments: &Arguments) -> Result<Vec<String>, Error> {
    let provider = KubeblocksProvider::new();
    let config = ProviderConfig { kubernetes: arguments.connection(), ..ProviderConfig::default() };
    let context = Context::new(CancellationToken::new());
    provider.configure(&context, config).await.map_err(|found| Error::Kubernetes(in_words(&found)))?;
    let shared = provider.shared();
    let client = connect(&shared).await?;
    let (found, mut problems) = Box::pin(find::find(&client.obeying(context.stop()), &arguments.namespace))
        .await
        .map_err(|error| Error::Kubernetes(kubernetes::diagnostic::detail(&error)))?;
    let (exported, unread) = Box::pin(read_all(&shared, found)).await;
    problems.extend(unread);
    let text = write::write(arguments.connection(), exported)?;
    output(arguments.output.as_deref(), &text)?;
    Ok(problems)
}

async fn connect(shared: &Shared) -> Result<Client, Error> {
    let Reach::Known(connection) = shared.reach(&Value::Null) else {
        return Err(Error::Kubernetes("there is no way to the Kubernetes cluster".to_owned()));
    };
    shared
        .client(&connection)
        .await
        .map_err(|error| Error::Kubernetes(kubernetes::diagnostic::detail(&error)))
}

/// Everything as its own resource reads it after an import, and what could not be read.
async fn read_all(shared: &Arc<Shared>, found: Vec<Exportable>) -> (Vec<Exported>, Vec<String>) {
    let (mut exported, mut problems) = (Vec::new(), Vec::new());
    for object in found {
        let outcome = match object.kind {
            Kind::Operator => read(&OperatorResource::new(Arc::clone(shared)), &object).await,
            Kind::Addon => read(&AddonResource::new(Arc::clone(shared)), &object).await,
            Kind::BackupRepo => read(&BackupRepoResource::new(Arc::clone(shared)), &object).await,
            Kind::Cluster => read(&ClusterResource::new(Arc::clone(shared)), &object).await,
            Kind::Account => read(&AccountResource::new(Arc::clone(shared)), &object).await,
            Kind::BackupSchedule => read(&BackupScheduleResource::new(Arc::clone(shared)), &object).await,
            Kind::ServiceDescriptor => {
                read(&ServiceDescriptorResource::new(Arc::clone(shared)), &object).await
            }
        };
        match outcome {
            Ok(Some(one)) => exported.push(one),
            // Removed meanwhile.
            Ok(None) => {}
            Err(found) => {
                problems.push(format!("{} {}: {}", object.kind.type_name(), object.id, in_words(&found)));
            }
        }
    }
    (exported, problems)
}

async fn read<R: Resource>(resource: &R, object: &Exportable) -> Result<Option<Exported>, Diagnostics> {
    let context = Context::new(CancellationToken::new());
    let state = Box::pin(resource.import(&context, Import::Id(object.id.clone()))).await?;
    let Some(state) = Box::pin(resource.read(&context, state)).await? else { return Ok(None) };
    Ok(Some(Exported {
        type_name: R::TYPE_NAME,
        id: object.id.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        config: tfplugin::configuration_of(&R::State::schema(), state.into_raw()),
    }))
}

fn output(file: Option<&Path>, text: &str) -> Result<(), Error> {
    let Some(path) = file else {
        // Who closes the pipe early has read enough.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
        return Ok(());
    };
    let failed = |source| Error::Output { file: path.display().to_string(), source };
    // Never over what somebody has written.
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn in_words(found: &Diagnostics) -> String {
    let all: Vec<String> = found.iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect();
    all.join("; ").replace('\n', " ")
}

fn tell(text: &str) {
    // Nobody to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
