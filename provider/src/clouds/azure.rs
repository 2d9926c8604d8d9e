//! The attribute `azure` of the provider block.

use kubeblocks_cloud::Error;
use kubeblocks_cloud::azure::Config;
use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// How Azure is reached, and as whom.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct AzureSettings {
    /// Id of the subscription. Left out, `AZURE_SUBSCRIPTION_ID` or `ARM_SUBSCRIPTION_ID`.
    #[tf(optional)]
    pub subscription_id: Value<String>,
    /// Id of the tenant. Left out, `AZURE_TENANT_ID` or `ARM_TENANT_ID`.
    #[tf(optional)]
    pub tenant_id: Value<String>,
    /// Id of the application, or of the managed identity. Left out, `AZURE_CLIENT_ID` or `ARM_CLIENT_ID`.
    #[tf(optional)]
    pub client_id: Value<String>,
    /// Secret of the application. Left out, `AZURE_CLIENT_SECRET` or `ARM_CLIENT_SECRET`.
    #[tf(optional, sensitive)]
    pub client_secret: Value<String>,
    /// PEM file with the application's certificate and its key.
    #[tf(optional)]
    pub client_certificate_path: Value<String>,
    /// File with the token of another issuer (workload identity). Left out, `AZURE_FEDERATED_TOKEN_FILE`.
    #[tf(optional)]
    pub federated_token_file: Value<String>,
    /// Whether the managed identity of the machine is used.
    #[tf(optional)]
    pub use_managed_identity: Value<bool>,
    /// Whether the login of the Azure CLI is used when there is nothing else. Default true.
    #[tf(optional)]
    pub use_cli: Value<bool>,
    /// Other address of Entra. Left out, `AZURE_AUTHORITY_HOST`.
    #[tf(optional)]
    pub authority_host: Value<String>,
    /// Other address of the Resource Manager. Left out, `AZURE_RESOURCE_MANAGER_ENDPOINT`.
    #[tf(optional)]
    pub resource_manager_endpoint: Value<String>,
    /// PEM file with further certificate authorities.
    #[tf(optional)]
    pub custom_ca_bundle: Value<String>,
}

/// Shows no secret.
impl std::fmt::Debug for AzureSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AzureSettings")
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

impl AzureSettings {
    fn has_unknown(&self) -> bool {
        let Self {
            subscription_id,
            tenant_id,
            client_id,
            client_secret,
            client_certificate_path,
            federated_token_file,
            use_managed_identity,
            use_cli,
            authority_host,
            resource_manager_endpoint,
            custom_ca_bundle,
        } = self;
        let texts = [
            subscription_id,
            tenant_id,
            client_id,
            client_secret,
            client_certificate_path,
            federated_token_file,
            authority_host,
            resource_manager_endpoint,
            custom_ca_bundle,
        ];
        texts.into_iter().any(Value::is_unknown) || use_managed_identity.is_unknown() || use_cli.is_unknown()
    }
}

/// The settings of a client, for resources in `subscription`.
pub(super) fn config(
    settings: &Value<AzureSettings>,
    subscription: Option<&str>,
    location: Option<&str>,
) -> Result<Config, Error> {
    let written = super::written(settings, "azure", AzureSettings::has_unknown)?;
    Ok(Config {
        subscription_id: subscription.map(str::to_owned).or(written.subscription_id.into_known()),
        tenant_id: written.tenant_id.into_known(),
        client_id: written.client_id.into_known(),
        client_secret: written.client_secret.into_known(),
        client_certificate_path: written.client_certificate_path.into_known().map(Into::into),
        federated_token_file: written.federated_token_file.into_known().map(Into::into),
        use_managed_identity: written.use_managed_identity.into_known(),
        use_cli: written.use_cli.into_known(),
        location: location.map(str::to_owned),
        authority_host: written.authority_host.into_known(),
        resource_manager_endpoint: written.resource_manager_endpoint.into_known(),
        ca_file: written.custom_ca_bundle.into_known().map(Into::into),
    })
}

/// The subscription in an identifier, whatever its case.
pub(crate) fn subscription_of(id: &str) -> Option<&str> {
    let mut parts = id.split('/').skip(1);
    parts.next().filter(|part| part.eq_ignore_ascii_case("subscriptions"))?;
    parts.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_goes_before_the_block_and_nothing_secret_is_shown() {
        let text = |text: &str| Value::Known(text.to_owned());
        let settings = AzureSettings {
            subscription_id: text("block"),
            client_secret: text("marker"),
            ..AzureSettings::default()
        };
        let found = config(&Value::Known(settings.clone()), Some("own"), None).unwrap();
        assert_eq!(found.subscription_id.as_deref(), Some("own"));
        assert!(!format!("{settings:?}{found:?}").contains("marker"));
        let unknown = AzureSettings { use_cli: Value::Unknown, ..settings };
        assert!(config(&Value::Known(unknown), None, None).is_err());
        assert_eq!(subscription_of("/subscriptions/s/resourcegroups/g"), Some("s"));
        assert_eq!(subscription_of("orders"), None);
    }
}
