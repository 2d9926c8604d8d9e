//! Whom AWS takes us for: keys that are given, AWS's standard chain, and roles that are assumed with these.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::query::{Call, Service, exchange};
use super::spec::{AssumeRole, AssumeRoleWithWebIdentity, Config, WebIdentityToken};
use super::xml::Element;
use crate::Error;
use crate::client::cache::Cache;
use crate::client::retry::{Repeatable, Retry};

/// How long keys that do not expire are used before they are looked for anew: a file may hold others by then.
const KEPT: Duration = Duration::from_hours(1);
/// Name of a session of an assumed role that got none.
const SESSION: &str = "kubeblocks";

/// Finds credentials, and keeps them while they are good. Its `Debug` shows none.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) config: Config,
    pub(super) region: String,
    /// Where roles are assumed.
    pub(super) sts: Service,
    pub(super) http: reqwest::Client,
    pub(super) smithy: aws_smithy_runtime_api::client::http::SharedHttpClient,
    pub(super) retry: Retry,
    pub(super) cache: Cache<AwsCredentials>,
}

impl Identity {
    /// Credentials that are valid now.
    pub(super) async fn credentials(&self) -> Result<AwsCredentials, Error> {
        let find = || async {
            let found = self.find().await?;
            let ends = found.expiry().unwrap_or_else(|| SystemTime::now() + KEPT);
            Ok((found, ends))
        };
        Box::pin(self.cache.get(find)).await
    }

    /// Looks for credentials anew when they are wanted next, as AWS says that they have expired.
    pub(super) async fn renew(&self) {
        self.cache.forget().await;
    }

    async fn find(&self) -> Result<AwsCredentials, Error> {
        let found = match (&self.config.assume_role_with_web_identity, &self.config.static_credentials) {
            (Some(role), _) => self.assume_with_web_identity(role).await?,
            (None, Some(keys)) => {
                let session = keys.session_token.clone();
                AwsCredentials::new(&keys.access_key_id, &keys.secret_access_key, session, None, "given")
            }
            (None, None) => self.standard().await?,
        };
        match &self.config.assume_role {
            Some(role) => self.assume(role, &found).await,
            None => Ok(found),
        }
    }

    /// The chain is built anew each time, so that it reads files that have changed.
    async fn standard(&self) -> Result<AwsCredentials, Error> {
        let region = Region::new(self.region.clone());
        let loaded = loader(&self.config, self.smithy.clone()).region(region).load().await;
        let provider = loaded.credentials_provider().ok_or_else(|| missing(""))?;
        match provider.provide_credentials().await {
            Ok(found) => Ok(found),
            Err(CredentialsError::CredentialsNotLoaded(_)) => Err(missing("")),
            Err(error) => Err(missing(&causes(&error))),
        }
    }

    async fn assume(&self, role: &AssumeRole, by: &AwsCredentials) -> Result<AwsCredentials, Error> {
        let name = role.session_name.as_deref().unwrap_or(SESSION);
        let mut call = Call::new("AssumeRole", format!("role {:?}", role.role_arn))
            .with("RoleArn", &role.role_arn)
            .with("RoleSessionName", name);
        if let Some(external_id) = &role.external_id {
            call = call.with("ExternalId", external_id);
        }
        self.session("AssumeRoleResult", Some(by), call).await
    }

    async fn assume_with_web_identity(
        &self,
        role: &AssumeRoleWithWebIdentity,
    ) -> Result<AwsCredentials, Error> {
        let token = match &role.token {
            WebIdentityToken::Value(token) => token.clone(),
            WebIdentityToken::File(path) => tokio::fs::read_to_string(path).await.map_err(|error| {
                let message = format!("the web identity token in {} cannot be read: {error}", path.display());
                Error::Unauthenticated { message }
            })?,
        };
        let call = Call::new("AssumeRoleWithWebIdentity", format!("role {:?}", role.role_arn))
            .with("RoleArn", &role.role_arn)
            .with("RoleSessionName", role.session_name.as_deref().unwrap_or(SESSION))
            .with("WebIdentityToken", token.trim());
        self.session("AssumeRoleWithWebIdentityResult", None, call).await
    }

    async fn session(
        &self,
        result: &str,
        by: Option<&AwsCredentials>,
        call: Call,
    ) -> Result<AwsCredentials, Error> {
        let nothing_to_renew = || std::future::ready(());
        let request = || exchange(&self.http, &self.sts, by, &call);
        let answer = self.retry.run(Repeatable::Always, nothing_to_renew, request).await?;
        session(&answer, &format!("{result}/Credentials"))
    }
}

fn session(answer: &Element, path: &str) -> Result<AwsCredentials, Error> {
    let field = |name: &str| answer.required(&format!("{path}/{name}"));
    let ends = field("Expiration")?;
    let ends: jiff::Timestamp =
        ends.parse().map_err(|_| Error::Unexpected { message: format!("sts: {ends:?} is no time") })?;
    let (key, secret, token) = (field("AccessKeyId")?, field("SecretAccessKey")?, field("SessionToken")?);
    Ok(AwsCredentials::new(key, secret, Some(token), Some(ends.into()), "assumed role"))
}

/// The settings of the environment and of the shared files, with what is given.
pub(super) fn loader(
    config: &Config,
    http: aws_smithy_runtime_api::client::http::SharedHttpClient,
) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader
}

fn missing(cause: &str) -> Error {
    let ways = "give access keys, a profile or a role to assume, or set AWS_ACCESS_KEY_ID and \
        AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN; on AWS itself the \
        role of the machine or pod serves";
    let message = match cause {
        "" => format!("no credentials for AWS were found: {ways}"),
        cause => format!("the credentials for AWS cannot be used: {cause}; or {ways}"),
    };
    Error::Unauthenticated { message }
}

/// An error with its causes.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

/// What the library for EKS gets its credentials from.
#[derive(Clone, Debug)]
pub(super) struct Provider(pub(super) std::sync::Arc<Identity>);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.credentials().await.map_err(CredentialsError::provider_error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_from_the_answer_and_not_shown() {
        let text = "<R><AssumeRoleResult><Credentials><AccessKeyId>AKIDEXAMPLE</AccessKeyId>\
            <SecretAccessKey>marker-1</SecretAccessKey><SessionToken>marker-2</SessionToken>\
            <Expiration>2026-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></R>";
        let found = session(&Element::parse(text).unwrap(), "AssumeRoleResult/Credentials").unwrap();
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        assert_eq!(found.expiry(), Some(ends));
        assert_eq!((found.access_key_id(), found.session_token()), ("AKIDEXAMPLE", Some("marker-2")));
        let without = Element::parse("<R><AssumeRoleResult/></R>").unwrap();
        assert!(session(&without, "AssumeRoleResult/Credentials").is_err());
    }

    #[test]
    fn what_is_missing_is_named_with_the_ways_to_give_it() {
        let message = missing("").to_string();
        for way in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "role to assume"] {
            assert!(message.contains(way), "{way}: {message}");
        }
        assert!(missing("no such profile").to_string().contains("no such profile"));
    }
}
