//! The attribute `gcp` of the provider block.

use kubeblocks_cloud::Error;
use kubeblocks_cloud::gcp::{Config, Endpoints, Secret};
use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// How Google Cloud is reached, and as whom.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct GcpSettings {
    /// Project of resources. Left out, `GOOGLE_PROJECT` or `GOOGLE_CLOUD_PROJECT`, else that of the credentials.
    #[tf(optional)]
    pub project: Value<String>,
    /// JSON of credentials, or the path of a file that holds it: the key of a service account, or the configuration of
    /// workload identity federation. Left out, `GOOGLE_APPLICATION_CREDENTIALS`, then the login of `gcloud`, then the
    /// machine's own identity.
    #[tf(optional, sensitive)]
    pub credentials: Value<String>,
    /// An access token in place of credentials. It is not renewed, so it must outlast the apply.
    #[tf(optional, sensitive)]
    pub access_token: Value<String>,
    /// Email of a service account that is impersonated with the credentials that were found.
    #[tf(optional)]
    pub impersonate_service_account: Value<String>,
    /// Other address of GKE.
    #[tf(optional)]
    pub container_endpoint: Value<String>,
    /// Other address of Compute Engine.
    #[tf(optional)]
    pub compute_endpoint: Value<String>,
}

/// Shows no credentials.
impl std::fmt::Debug for GcpSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GcpSettings").field("project", &self.project).finish_non_exhaustive()
    }
}

impl GcpSettings {
    fn has_unknown(&self) -> bool {
        let Self {
            project,
            credentials,
            access_token,
            impersonate_service_account,
            container_endpoint,
            compute_endpoint,
        } = self;
        [
            project,
            credentials,
            access_token,
            impersonate_service_account,
            container_endpoint,
            compute_endpoint,
        ]
        .into_iter()
        .any(Value::is_unknown)
    }
}

/// The settings of a client, for resources in `project`.
pub(super) fn config(
    settings: &Value<GcpSettings>,
    project: Option<&str>,
    location: Option<&str>,
) -> Result<Config, Error> {
    let written = super::written(settings, "gcp", GcpSettings::has_unknown)?;
    Ok(Config {
        project: project.map(str::to_owned).or(written.project.into_known()),
        location: location.map(str::to_owned),
        credentials: written.credentials.into_known().map(Secret),
        access_token: written.access_token.into_known().map(Secret),
        impersonate_service_account: written.impersonate_service_account.into_known(),
        endpoints: Endpoints {
            container: written.container_endpoint.into_known(),
            compute: written.compute_endpoint.into_known(),
        },
        ..Config::default()
    })
}

/// The project in a cluster's identifier.
pub(crate) fn project_of(cluster: &str) -> Option<&str> {
    let mut parts = cluster.split('/');
    (parts.next() == Some("projects")).then(|| parts.next())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_goes_before_the_block_and_nothing_secret_is_shown() {
        let text = |text: &str| Value::Known(text.to_owned());
        let settings =
            GcpSettings { project: text("block"), credentials: text("marker"), ..GcpSettings::default() };
        let found = config(&Value::Known(settings.clone()), Some("own"), None).unwrap();
        assert_eq!(found.project.as_deref(), Some("own"));
        assert!(!format!("{settings:?}{found:?}").contains("marker"));
        let unknown = GcpSettings { access_token: Value::Unknown, ..settings };
        assert!(config(&Value::Known(unknown), None, None).is_err());
        assert_eq!(project_of("projects/p/locations/l/clusters/c"), Some("p"));
        assert_eq!(project_of("c"), None);
    }
}
