//! How the Addon controller finds and removes the Jobs and pods of an add-on.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, DeleteParams, ListParams, LogParams};

use super::{ANNOTATION_KEEP_JOBS, Look, job};
use crate::operator::error::{Error, code};
use crate::operator::naming::{labels, selector};

impl Look<'_> {
    pub(super) async fn job(&self, name: &str) -> Result<Option<Job>, Error> {
        self.context.store.get(&self.context.settings.namespace, name).await
    }

    /// Whether helm knows the add-on's release, in whatever namespace and state.
    pub(super) async fn has_release(&self) -> Result<bool, Error> {
        let labels = labels([("name", &job::release_name(&self.name())), ("owner", "helm")]);
        let secrets: Vec<Secret> = self.context.store.list_everywhere(&labels).await?;
        Ok(secrets.iter().any(|secret| secret.type_.as_deref() == Some("helm.sh/release.v1")))
    }

    /// Removes both Jobs and their pods.
    pub(super) async fn remove_jobs(&self) -> Result<(), Error> {
        if self.is_annotated(ANNOTATION_KEEP_JOBS) {
            return Ok(());
        }
        let addon = self.name();
        self.remove_job(&job::install_name(&addon)).await?;
        self.remove_job(&job::uninstall_name(&addon)).await?;
        self.remove_pods().await
    }

    /// Deletes a Job as the real operator does, without saying what becomes of its pods: they are orphaned.
    pub(super) async fn remove_job(&self, name: &str) -> Result<(), Error> {
        let found = self.job(name).await?;
        if found.is_none_or(|job| job.metadata.deletion_timestamp.is_some()) {
            return Ok(());
        }
        let namespace = &self.context.settings.namespace;
        let jobs: Api<Job> = Api::namespaced(self.context.store.client(), namespace);
        match jobs.delete(name, &DeleteParams::default()).await {
            Err(source) if code(&source) != Some(404) => Err(Error::Api {
                verb: "delete",
                object: format!("Job {namespace}/{name}"),
                source: Box::new(source),
            }),
            _ => Ok(()),
        }
    }

    /// Deletes the pods of both Jobs.
    pub(super) async fn remove_pods(&self) -> Result<(), Error> {
        let found: Vec<Pod> =
            self.context.store.list(&self.context.settings.namespace, &job::selector(&self.name())).await?;
        if found.is_empty() {
            return Ok(());
        }
        let pods = self.pods();
        let wanted = ListParams::default().labels(&selector(&job::selector(&self.name())));
        pods.delete_collection(&DeleteParams::default(), &wanted).await.map(drop).map_err(|source| {
            Error::Api {
                verb: "delete",
                object: format!("the pods of {}", self.name()),
                source: Box::new(source),
            }
        })
    }

    /// The log of the youngest pod of a Job that has failed.
    pub(super) async fn failed_log(&self, name: &str) -> Result<Option<String>, Error> {
        let mut wanted = job::selector(&self.name());
        wanted.insert("job-name".to_owned(), name.to_owned());
        let pods: Vec<Pod> = self.context.store.list(&self.context.settings.namespace, &wanted).await?;
        let failed = pods
            .into_iter()
            .filter(|pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Failed"));
        let youngest = failed.max_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0));
        let Some(pod) = youngest.and_then(|pod| pod.metadata.name) else { return Ok(None) };
        let parameters =
            LogParams { container: Some(job::container_name(&self.addon)), ..LogParams::default() };
        self.pods().logs(&pod, &parameters).await.map(Some).map_err(|source| Error::Api {
            verb: "read the log of",
            object: format!("Pod {pod}"),
            source: Box::new(source),
        })
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.context.store.client(), &self.context.settings.namespace)
    }
}
