//! The attribute `alibaba` of the provider block.

use kubeblocks_cloud::Error;
use kubeblocks_cloud::alibaba::{AssumeRole, AssumeRoleWithOidc, Config, Endpoints, StaticCredentials};
use tfplugin::TerraformSchema;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::Value;

/// How Alibaba Cloud is reached, and as whom.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct AlibabaSettings {
    /// Region of resources that name none, such as `cn-hangzhou`. Left out, `ALIBABA_CLOUD_REGION_ID`.
    #[tf(optional)]
    pub region: Value<String>,
    /// Id of an access key. Needs `secret_key`. Left out, `ALIBABA_CLOUD_ACCESS_KEY_ID` and its like.
    #[tf(optional)]
    pub access_key: Value<String>,
    /// The access key.
    #[tf(optional, sensitive)]
    pub secret_key: Value<String>,
    /// Token of a session whose keys `access_key` and `secret_key` are.
    #[tf(optional, sensitive)]
    pub security_token: Value<String>,
    /// Name of the RAM role of the ECS instance that Terraform runs on.
    #[tf(optional)]
    pub ecs_role_name: Value<String>,
    /// A role that is assumed with the credentials that were found.
    #[tf(optional)]
    pub assume_role: Value<AlibabaAssumeRole>,
    /// A role that is assumed with the token of another issuer.
    #[tf(optional)]
    pub assume_role_with_oidc: Value<AlibabaOidc>,
    /// Other addresses of the services.
    #[tf(optional)]
    pub endpoints: Value<AlibabaEndpoints>,
}

/// Shows no key.
impl std::fmt::Debug for AlibabaSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AlibabaSettings").field("region", &self.region).finish_non_exhaustive()
    }
}

/// A role to assume.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AlibabaAssumeRole {
    /// ARN of the role.
    #[tf(required)]
    pub role_arn: Value<String>,
    /// Name of the session, which the account's logs show.
    #[tf(optional)]
    pub session_name: Value<String>,
    /// What the role's trust policy asks for.
    #[tf(optional)]
    pub external_id: Value<String>,
}

/// A role to assume with the token of another issuer.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AlibabaOidc {
    /// ARN of the role.
    #[tf(required)]
    pub role_arn: Value<String>,
    /// ARN of the issuer in RAM.
    #[tf(required)]
    pub oidc_provider_arn: Value<String>,
    /// A file that holds the token and is read anew each time.
    #[tf(required)]
    pub oidc_token_file: Value<String>,
    /// Name of the session, which the account's logs show.
    #[tf(optional)]
    pub session_name: Value<String>,
}

/// Other addresses of the services.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AlibabaEndpoints {
    /// Of ACK.
    #[tf(optional)]
    pub cs: Value<String>,
    /// Of STS.
    #[tf(optional)]
    pub sts: Value<String>,
    /// Of VPC.
    #[tf(optional)]
    pub vpc: Value<String>,
}

impl AlibabaSettings {
    /// Checks of several attributes together.
    pub fn validate(&self, path: &Path, diagnostics: &mut Diagnostics) {
        let pairs = [
            ("access_key", &self.access_key, "secret_key", &self.secret_key),
            ("secret_key", &self.secret_key, "access_key", &self.access_key),
            ("security_token", &self.security_token, "access_key", &self.access_key),
        ];
        for (name, value, needed, other) in pairs {
            if !value.is_null() && other.is_null() {
                diagnostics.push(
                    Diagnostic::error(format!("Missing {needed}"), format!("`{name}` needs `{needed}`. Add it, or leave both out and let the credentials come from the environment."))
                        .at(path.then_attribute(needed)),
                );
            }
        }
    }

    fn has_unknown(&self) -> bool {
        let Self {
            region,
            access_key,
            secret_key,
            security_token,
            ecs_role_name,
            assume_role,
            assume_role_with_oidc,
            endpoints,
        } = self;
        let texts = [region, access_key, secret_key, security_token, ecs_role_name];
        let role = assume_role.known().map(|role| [&role.role_arn, &role.session_name, &role.external_id]);
        let oidc = assume_role_with_oidc
            .known()
            .map(|oidc| [&oidc.role_arn, &oidc.oidc_provider_arn, &oidc.oidc_token_file, &oidc.session_name]);
        let addresses = endpoints.known().map(|urls| [&urls.cs, &urls.sts, &urls.vpc]);
        assume_role.is_unknown()
            || assume_role_with_oidc.is_unknown()
            || endpoints.is_unknown()
            || texts.into_iter().any(Value::is_unknown)
            || role.into_iter().flatten().any(Value::is_unknown)
            || oidc.into_iter().flatten().any(Value::is_unknown)
            || addresses.into_iter().flatten().any(Value::is_unknown)
    }
}

/// The settings of a client, for a resource in `region`.
pub(super) fn config(settings: &Value<AlibabaSettings>, region: Option<&str>) -> Result<Config, Error> {
    let written = super::written(settings, "alibaba", AlibabaSettings::has_unknown)?;
    let endpoints = written.endpoints.into_known().unwrap_or_default();
    let keys = written.access_key.into_known().zip(written.secret_key.into_known());
    Ok(Config {
        region: region.map(str::to_owned).or(written.region.into_known()),
        static_credentials: keys.map(|(access_key_id, access_key_secret)| StaticCredentials {
            access_key_id,
            access_key_secret,
            security_token: written.security_token.into_known(),
        }),
        assume_role_with_oidc: written.assume_role_with_oidc.into_known().map(|oidc| AssumeRoleWithOidc {
            role_arn: oidc.role_arn.into_known().unwrap_or_default(),
            provider_arn: oidc.oidc_provider_arn.into_known().unwrap_or_default(),
            token_file: oidc.oidc_token_file.into_known().unwrap_or_default().into(),
            session_name: oidc.session_name.into_known(),
        }),
        ecs_ram_role: written.ecs_role_name.into_known(),
        assume_role: written.assume_role.into_known().map(|role| AssumeRole {
            role_arn: role.role_arn.into_known().unwrap_or_default(),
            session_name: role.session_name.into_known(),
            external_id: role.external_id.into_known(),
        }),
        endpoints: Endpoints {
            cs: endpoints.cs.into_known(),
            vpc: endpoints.vpc.into_known(),
            sts: endpoints.sts.into_known(),
            ..Endpoints::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_goes_before_the_block_and_nothing_secret_is_shown() {
        let text = |text: &str| Value::Known(text.to_owned());
        let settings = AlibabaSettings {
            region: text("cn-hangzhou"),
            access_key: text("LTAI"),
            secret_key: text("marker"),
            ..AlibabaSettings::default()
        };
        let found = config(&Value::Known(settings.clone()), Some("eu-central-1")).unwrap();
        assert_eq!(found.region.as_deref(), Some("eu-central-1"));
        assert!(!format!("{settings:?}{found:?}").contains("marker"));
        let unknown = AlibabaSettings { security_token: Value::Unknown, ..settings };
        assert!(config(&Value::Known(unknown), None).is_err());
    }

    #[test]
    fn halves_of_pairs_are_told() {
        let settings =
            AlibabaSettings { secret_key: Value::Known("k".to_owned()), ..AlibabaSettings::default() };
        let mut found = Diagnostics::new();
        settings.validate(&Path::attribute("alibaba"), &mut found);
        let paths: Vec<String> =
            found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
        assert_eq!(paths, ["alibaba.access_key"]);
    }
}
