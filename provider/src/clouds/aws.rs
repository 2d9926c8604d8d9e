//! The attribute `aws` of the provider block.

use kubeblocks_cloud::Error;
use kubeblocks_cloud::aws::{
    AssumeRole, AssumeRoleWithWebIdentity, Config, Endpoints, StaticCredentials, WebIdentityToken,
};
use tfplugin::TerraformSchema;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::Value;

/// How AWS is reached, and as whom.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct AwsSettings {
    /// Region of resources that name none, such as `eu-central-1`. Left out, `AWS_REGION`, or the profile's.
    #[tf(optional)]
    pub region: Value<String>,
    /// Profile of the shared configuration files. Left out, `AWS_PROFILE`, or `default`.
    #[tf(optional)]
    pub profile: Value<String>,
    /// Id of an access key. Needs `secret_key`. Better leave both out, and let them come from the environment.
    #[tf(optional)]
    pub access_key: Value<String>,
    /// The access key.
    #[tf(optional, sensitive)]
    pub secret_key: Value<String>,
    /// Token of a session whose keys `access_key` and `secret_key` are.
    #[tf(optional, sensitive)]
    pub token: Value<String>,
    /// A role that is assumed with the credentials that were found.
    #[tf(optional)]
    pub assume_role: Value<AwsAssumeRole>,
    /// A role that is assumed with the token of another issuer, such as a CI system's.
    #[tf(optional)]
    pub assume_role_with_web_identity: Value<AwsWebIdentity>,
    /// Other addresses of the services, such as private endpoints. Left out, `AWS_ENDPOINT_URL` and its like.
    #[tf(optional)]
    pub endpoints: Value<AwsEndpoints>,
    /// PEM file with further certificate authorities. Left out, `AWS_CA_BUNDLE`.
    #[tf(optional)]
    pub custom_ca_bundle: Value<String>,
}

/// Shows nothing: keys and tokens are in it.
impl std::fmt::Debug for AwsSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AwsSettings").field("region", &self.region).finish_non_exhaustive()
    }
}

/// A role to assume.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AwsAssumeRole {
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
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct AwsWebIdentity {
    /// ARN of the role.
    #[tf(required)]
    pub role_arn: Value<String>,
    /// Name of the session, which the account's logs show.
    #[tf(optional)]
    pub session_name: Value<String>,
    /// The token. Either this or `web_identity_token_file`.
    #[tf(optional, sensitive)]
    pub web_identity_token: Value<String>,
    /// A file that holds the token and is read anew each time.
    #[tf(optional)]
    pub web_identity_token_file: Value<String>,
}

/// Shows no token.
impl std::fmt::Debug for AwsWebIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AwsWebIdentity").field("role_arn", &self.role_arn).finish_non_exhaustive()
    }
}

/// Other addresses of the services.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AwsEndpoints {
    /// Of EC2.
    #[tf(optional)]
    pub ec2: Value<String>,
    /// Of EKS.
    #[tf(optional)]
    pub eks: Value<String>,
    /// Of IAM.
    #[tf(optional)]
    pub iam: Value<String>,
    /// Of STS, which the tokens for Kubernetes ask for as well.
    #[tf(optional)]
    pub sts: Value<String>,
}

impl AwsSettings {
    /// Checks of several attributes together.
    pub fn validate(&self, path: &Path, diagnostics: &mut Diagnostics) {
        let pairs = [
            ("access_key", &self.access_key, "secret_key", &self.secret_key),
            ("secret_key", &self.secret_key, "access_key", &self.access_key),
            ("token", &self.token, "access_key", &self.access_key),
        ];
        for (name, value, needed, other) in pairs {
            if !value.is_null() && other.is_null() {
                diagnostics.push(
                    Diagnostic::error(format!("Missing {needed}"), format!("`{name}` needs `{needed}`. Add it, or leave both out and let the credentials come from the environment."))
                        .at(path.then_attribute(needed)),
                );
            }
        }
        let Some(identity) = self.assume_role_with_web_identity.known() else { return };
        if identity.web_identity_token.is_null() == identity.web_identity_token_file.is_null() {
            let path = path.then_attribute("assume_role_with_web_identity");
            diagnostics.push(
                Diagnostic::error(
                    "One token is needed",
                    "Give either `web_identity_token` or `web_identity_token_file`.",
                )
                .at(path.then_attribute("web_identity_token")),
            );
        }
    }

    fn has_unknown(&self) -> bool {
        let Self {
            region,
            profile,
            access_key,
            secret_key,
            token,
            assume_role,
            assume_role_with_web_identity,
            endpoints,
            custom_ca_bundle,
        } = self;
        let texts = [region, profile, access_key, secret_key, token, custom_ca_bundle];
        let role = assume_role.known().map(|role| [&role.role_arn, &role.session_name, &role.external_id]);
        let identity = assume_role_with_web_identity.known().map(|identity| {
            [
                &identity.role_arn,
                &identity.session_name,
                &identity.web_identity_token,
                &identity.web_identity_token_file,
            ]
        });
        let addresses = endpoints.known().map(|urls| [&urls.ec2, &urls.eks, &urls.iam, &urls.sts]);
        assume_role.is_unknown()
            || assume_role_with_web_identity.is_unknown()
            || endpoints.is_unknown()
            || texts.into_iter().any(Value::is_unknown)
            || role.into_iter().flatten().any(Value::is_unknown)
            || identity.into_iter().flatten().any(Value::is_unknown)
            || addresses.into_iter().flatten().any(Value::is_unknown)
    }
}

/// The settings of a client, for a resource in `region`.
pub(super) fn config(settings: &Value<AwsSettings>, region: Option<&str>) -> Result<Config, Error> {
    let written = super::written(settings, "aws", AwsSettings::has_unknown)?;
    let endpoints = written.endpoints.into_known().unwrap_or_default();
    let access_key_id = written.access_key.into_known();
    let secret_access_key = written.secret_key.into_known();
    Ok(Config {
        region: region.map(str::to_owned).or(written.region.into_known()),
        profile: written.profile.into_known(),
        static_credentials: access_key_id.zip(secret_access_key).map(|(access_key_id, secret_access_key)| {
            StaticCredentials { access_key_id, secret_access_key, session_token: written.token.into_known() }
        }),
        assume_role: written.assume_role.into_known().map(|role| AssumeRole {
            role_arn: role.role_arn.into_known().unwrap_or_default(),
            session_name: role.session_name.into_known(),
            external_id: role.external_id.into_known(),
        }),
        assume_role_with_web_identity: written.assume_role_with_web_identity.into_known().map(|identity| {
            let file =
                identity.web_identity_token_file.into_known().map(|path| WebIdentityToken::File(path.into()));
            let value = identity.web_identity_token.into_known().map(WebIdentityToken::Value);
            AssumeRoleWithWebIdentity {
                role_arn: identity.role_arn.into_known().unwrap_or_default(),
                session_name: identity.session_name.into_known(),
                token: value.or(file).unwrap_or(WebIdentityToken::Value(String::new())),
            }
        }),
        endpoints: Endpoints {
            eks: endpoints.eks.into_known(),
            ec2: endpoints.ec2.into_known(),
            iam: endpoints.iam.into_known(),
            sts: endpoints.sts.into_known(),
        },
        ca_file: written.custom_ca_bundle.into_known().map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn a_resource_goes_before_the_block_and_what_is_unknown_is_not_guessed() {
        let settings = AwsSettings {
            region: text("eu-central-1"),
            access_key: text("AKID"),
            secret_key: text("marker-1"),
            ..AwsSettings::default()
        };
        let known = Value::Known(settings.clone());
        assert_eq!(config(&known, Some("us-east-1")).unwrap().region.as_deref(), Some("us-east-1"));
        let found = config(&known, None).unwrap();
        assert_eq!(found.region.as_deref(), Some("eu-central-1"));
        assert_eq!(found.static_credentials.as_ref().unwrap().secret_access_key, "marker-1");
        assert!(!format!("{settings:?}{found:?}").contains("marker"));
        let unknown = AwsSettings {
            assume_role: Value::Known(AwsAssumeRole { role_arn: Value::Unknown, ..AwsAssumeRole::default() }),
            ..settings
        };
        for settings in [Value::Unknown, Value::Known(unknown)] {
            assert!(config(&settings, None).unwrap_err().to_string().contains("known only at apply"));
        }
    }

    #[test]
    fn halves_of_pairs_are_told() {
        let settings = AwsSettings {
            access_key: text("AKID"),
            assume_role_with_web_identity: Value::Known(AwsWebIdentity {
                role_arn: text("arn:aws:iam::123456789012:role/ci"),
                ..AwsWebIdentity::default()
            }),
            ..AwsSettings::default()
        };
        let mut found = Diagnostics::new();
        settings.validate(&Path::attribute("aws"), &mut found);
        let paths: Vec<String> =
            found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
        assert_eq!(paths, ["aws.secret_key", "aws.assume_role_with_web_identity.web_identity_token"]);
    }
}
