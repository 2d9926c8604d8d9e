//! Who asks Alibaba Cloud: where the keys come from, and sessions of roles, renewed before they end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Deserialize;

use super::api::{Call, Sender};
use super::spec::{AssumeRole, AssumeRoleWithOidc, Config, StaticCredentials};
use crate::Error;
use crate::client::cache::Cache;
use crate::client::http::cause;

/// Name of a session for which nobody gave one.
const SESSION: &str = "terraform-provider-kubeblocks";
/// The metadata service of every ECS instance.
const METADATA: &str = "http://100.100.100.200";
/// How long the metadata service's own token is good, in seconds: it serves two requests.
const METADATA_TOKEN: &str = "60";

/// Where keys come from.
pub(super) enum Source {
    /// They are known.
    Static(StaticCredentials),
    /// A role, for the token of another issuer.
    Oidc(AssumeRoleWithOidc),
    /// The role of the ECS instance.
    Ecs { role: String, metadata: String },
}

/// The keys in use.
pub(super) struct Keys {
    source: Source,
    role: Option<AssumeRole>,
    session: Cache<StaticCredentials>,
}

impl Keys {
    /// Finds out where keys come from: the configuration goes before the environment.
    pub(super) fn find(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let metadata = config.endpoints.metadata.clone().unwrap_or_else(|| METADATA.to_owned());
        let source = if let Some(keys) = &config.static_credentials {
            Source::Static(keys.clone())
        } else if let Some(role) = &config.assume_role_with_oidc {
            Source::Oidc(role.clone())
        } else if let Some(role) = &config.ecs_ram_role {
            Source::Ecs { role: role.clone(), metadata }
        } else {
            from_environment(variable, metadata)?
        };
        Ok(Self { source, role: config.assume_role.clone(), session: Cache::default() })
    }

    /// Keys that are good now.
    pub(super) async fn get(&self, sender: &Sender) -> Result<StaticCredentials, Error> {
        if let (Source::Static(keys), None) = (&self.source, &self.role) {
            return Ok(keys.clone());
        }
        self.session.get(async || self.open(sender).await).await
    }

    /// The session is over; the next request opens another one.
    pub(super) async fn forget(&self) {
        self.session.forget().await;
    }

    async fn open(&self, sender: &Sender) -> Result<(StaticCredentials, SystemTime), Error> {
        let (keys, ends) = match &self.source {
            Source::Static(keys) => (keys.clone(), None),
            Source::Oidc(role) => {
                let (keys, ends) = assume_with_oidc(sender, role).await?;
                (keys, Some(ends))
            }
            Source::Ecs { role, metadata } => {
                let (keys, ends) = of_instance(sender, role, metadata).await?;
                (keys, Some(ends))
            }
        };
        match (&self.role, ends) {
            (Some(role), _) => assume(sender, role, &keys).await,
            (None, Some(ends)) => Ok((keys, ends)),
            (None, None) => {
                Err(Error::Unexpected { message: "keys without an end need no session".to_owned() })
            }
        }
    }
}

fn from_environment(variable: impl Fn(&str) -> Option<String>, metadata: String) -> Result<Source, Error> {
    let get = |name: &str| variable(&format!("ALIBABA_CLOUD_{name}")).filter(|value| !value.is_empty());
    match (get("ACCESS_KEY_ID"), get("ACCESS_KEY_SECRET")) {
        (Some(access_key_id), Some(access_key_secret)) => {
            let security_token = get("SECURITY_TOKEN");
            return Ok(Source::Static(StaticCredentials {
                access_key_id,
                access_key_secret,
                security_token,
            }));
        }
        (None, None) => {}
        _ => {
            return Err(none(
                "of ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET only one is set",
            ));
        }
    }
    if let (Some(role_arn), Some(provider_arn), Some(token_file)) =
        (get("ROLE_ARN"), get("OIDC_PROVIDER_ARN"), get("OIDC_TOKEN_FILE"))
    {
        let (token_file, session_name) = (PathBuf::from(token_file), get("ROLE_SESSION_NAME"));
        return Ok(Source::Oidc(AssumeRoleWithOidc { role_arn, provider_arn, token_file, session_name }));
    }
    if let Some(role) = get("ECS_METADATA") {
        return Ok(Source::Ecs { role, metadata });
    }
    let has_profiles = variable("HOME").is_some_and(|home| {
        let path = PathBuf::from(home).join(".aliyun/config.json");
        path.exists()
    });
    if has_profiles {
        return Err(none("the profiles of ~/.aliyun/config.json are not read here"));
    }
    for (name, what) in [
        ("ALIBABA_CLOUD_PROFILE", "profiles"),
        ("ALIBABA_CLOUD_CREDENTIALS_URI", "credentials from a URI"),
        ("ALIBABA_CLOUD_CREDENTIALS_FILE", "credentials files"),
    ] {
        if variable(name).is_some() {
            return Err(none(&format!("{name} is set, but {what} are not read here")));
        }
    }
    Err(none("no credentials were found"))
}

/// Why there are no keys, and the ways to give them.
fn none(why: &str) -> Error {
    Error::Unauthenticated {
        message: format!(
            "{why}; give an access key in the configuration or as ALIBABA_CLOUD_ACCESS_KEY_ID and \
             ALIBABA_CLOUD_ACCESS_KEY_SECRET (with ALIBABA_CLOUD_SECURITY_TOKEN for a session), a role for an OIDC \
             token as ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE, or \
             the RAM role of this ECS instance as ALIBABA_CLOUD_ECS_METADATA"
        ),
    }
}

/// A session as STS and the metadata service tell it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Session {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

impl Session {
    fn read(value: serde_json::Value) -> Result<(StaticCredentials, SystemTime), Error> {
        // The value is a secret, so that the error must not show it.
        let bad = || Error::Unexpected { message: "the keys of a session are of no known form".to_owned() };
        let session: Self = serde_json::from_value(value).map_err(|_| bad())?;
        let ends: jiff::Timestamp = session.expiration.parse().map_err(|_| bad())?;
        let keys = StaticCredentials {
            access_key_id: session.access_key_id,
            access_key_secret: session.access_key_secret,
            security_token: Some(session.security_token),
        };
        Ok((keys, ends.into()))
    }
}

async fn assume(
    sender: &Sender,
    role: &AssumeRole,
    keys: &StaticCredentials,
) -> Result<(StaticCredentials, SystemTime), Error> {
    let mut query = BTreeMap::from([
        ("RoleArn".to_owned(), role.role_arn.clone()),
        ("RoleSessionName".to_owned(), role.session_name.clone().unwrap_or_else(|| SESSION.to_owned())),
    ]);
    if let Some(id) = &role.external_id {
        query.insert("ExternalId".to_owned(), id.clone());
    }
    ask_sts(sender, "AssumeRole", query, Some(keys), &role.role_arn).await
}

async fn assume_with_oidc(
    sender: &Sender,
    role: &AssumeRoleWithOidc,
) -> Result<(StaticCredentials, SystemTime), Error> {
    let path = role.token_file.display();
    let token = tokio::fs::read_to_string(&role.token_file)
        .await
        .map_err(|error| Error::Unauthenticated { message: format!("the OIDC token of {path}: {error}") })?;
    let query = BTreeMap::from([
        ("OIDCProviderArn".to_owned(), role.provider_arn.clone()),
        ("OIDCToken".to_owned(), token.trim().to_owned()),
        ("RoleArn".to_owned(), role.role_arn.clone()),
        ("RoleSessionName".to_owned(), role.session_name.clone().unwrap_or_else(|| SESSION.to_owned())),
    ]);
    ask_sts(sender, "AssumeRoleWithOIDC", query, None, &role.role_arn).await
}

async fn ask_sts(
    sender: &Sender,
    action: &'static str,
    query: BTreeMap<String, String>,
    keys: Option<&StaticCredentials>,
    role: &str,
) -> Result<(StaticCredentials, SystemTime), Error> {
    let what = format!("role {role}");
    let call = Call::sts(action, query, &what);
    let answer =
        sender.retry().run(call.repeatable, async || {}, async || sender.send(&call, keys).await).await;
    let mut answer = answer.map_err(|error| match error {
        Error::NotFound { .. } | Error::InvalidSpec { .. } => {
            Error::Unauthenticated { message: format!("the {what} cannot be assumed: {error}") }
        }
        other => other,
    })?;
    Session::read(answer["Credentials"].take())
}

/// Keys of the instance's role, from its metadata service in the mode that wants a token first.
async fn of_instance(
    sender: &Sender,
    role: &str,
    metadata: &str,
) -> Result<(StaticCredentials, SystemTime), Error> {
    let failed = |error: &reqwest::Error| Error::Unauthenticated {
        message: format!("the metadata service of this ECS instance: {}", cause(error)),
    };
    let http = sender.http();
    let token = http
        .put(format!("{metadata}/latest/api/token"))
        .header("X-aliyun-ecs-metadata-token-ttl-seconds", METADATA_TOKEN)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| failed(&error))?;
    let token = token.text().await.map_err(|error| failed(&error))?;
    let role = super::sign::encode(role);
    let answer = http
        .get(format!("{metadata}/latest/meta-data/ram/security-credentials/{role}"))
        .header("X-aliyun-ecs-metadata-token", token)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| failed(&error))?;
    Session::read(answer.json().await.map_err(|error| failed(&error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Source, Error> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        from_environment(|name| variables.get(name).map(|value| (*value).to_owned()), String::new())
    }

    #[test]
    fn the_environment_is_searched_in_order() {
        let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")];
        let oidc = [
            ("ALIBABA_CLOUD_ROLE_ARN", "role"),
            ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "provider"),
            ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token"),
        ];
        let ecs = [("ALIBABA_CLOUD_ECS_METADATA", "role")];
        let all = [&keys[..], &oidc[..], &ecs[..]].concat();
        assert!(matches!(found(&all), Ok(Source::Static(_))));
        assert!(matches!(found(&all[2..]), Ok(Source::Oidc(_))));
        assert!(matches!(found(&all[5..]), Ok(Source::Ecs { .. })));
    }

    #[test]
    fn without_credentials_the_ways_to_give_them_are_told() {
        for (variables, wanted) in [
            (&[][..], "no credentials were found"),
            (&[("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")], "only one is set"),
            (&[("ALIBABA_CLOUD_PROFILE", "one")], "profiles are not read here"),
        ] {
            let Err(Error::Unauthenticated { message }) = found(variables) else { panic!("{variables:?}") };
            assert!(
                message.contains(wanted) && message.contains("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
                "{message}"
            );
        }
    }
}
