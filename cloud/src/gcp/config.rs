//! How Google Cloud is reached, and as whom: what is given, and what is found in the environment instead.

use std::fmt;
use std::time::Duration;

use crate::Error;
use crate::client::retry::Retry;

/// What the requests say who makes them.
pub(super) const USER_AGENT: &str = concat!("kubeblocks-cloud/", env!("CARGO_PKG_VERSION"));
/// How long an answer of GKE may take.
pub(super) const ANSWER: Duration = Duration::from_mins(1);

/// How Google Cloud is reached, and as whom. What is absent comes from the environment, by the variables that the
/// Google provider of Terraform reads.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Project; that of the credentials without it.
    pub project: Option<String>,
    /// Region or zone that is meant where none is given.
    pub location: Option<String>,
    /// JSON of credentials, or the path of a file that holds it: the key of a service account, of a user, of an
    /// external account (workload identity federation) or of an impersonated one. Without it, Google's usual places
    /// are looked at.
    pub credentials: Option<Secret>,
    /// An access token instead, which is not renewed.
    pub access_token: Option<Secret>,
    /// Email of a service account that is impersonated with what was found so far.
    pub impersonate_service_account: Option<String>,
    /// Other addresses of the services.
    pub endpoints: Endpoints,
    /// How often and how long requests are repeated.
    pub retry: Retry,
}

/// A text that is not shown.
#[derive(Clone)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Other addresses of the services, as URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Of GKE, with or without `/v1/` at its end.
    pub container: Option<String>,
    /// Of Compute Engine, with `/compute/v1/`.
    pub compute: Option<String>,
}

/// What variables are read from.
pub(super) type Environment<'a> = dyn Fn(&str) -> Option<String> + Send + Sync + 'a;

/// What the configuration comes to.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) project: String,
    pub(super) location: Option<String>,
    pub(super) source: Source,
    pub(super) endpoints: Endpoints,
}

/// Where tokens come from.
pub(super) struct Source {
    pub(super) kind: SourceKind,
    pub(super) impersonate: Option<String>,
}

pub(super) enum SourceKind {
    /// A token that is not renewed.
    Given(String),
    /// Credentials of any type that Google knows.
    Json(serde_json::Value),
    /// What Google's library finds: the file of the command line tool, or the machine's own account.
    Found,
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Source").field("impersonate", &self.impersonate).finish_non_exhaustive()
    }
}

impl Config {
    /// Fills in what is absent.
    pub(super) fn settings(&self, environment: &Environment<'_>) -> Result<Settings, Error> {
        let first =
            |names: &[&str]| names.iter().find_map(|name| environment(name).filter(|text| !text.is_empty()));
        let kind = self.source_kind(&first)?;
        let project = self
            .project
            .clone()
            .or_else(|| {
                first(&["GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"])
            })
            .or_else(|| match &kind {
                SourceKind::Json(json) => json["project_id"].as_str().map(str::to_owned),
                SourceKind::Given(_) | SourceKind::Found => None,
            })
            .ok_or_else(|| Error::InvalidSpec {
                field: Some("project".to_owned()),
                message: "no project is given; set it, or the variable GOOGLE_PROJECT".to_owned(),
            })?;
        let location = self.location.clone().or_else(|| {
            first(&[
                "GOOGLE_REGION",
                "GCLOUD_REGION",
                "CLOUDSDK_COMPUTE_REGION",
                "GOOGLE_ZONE",
                "GCLOUD_ZONE",
            ])
        });
        let container =
            self.endpoints.container.clone().or_else(|| first(&["GOOGLE_CONTAINER_CUSTOM_ENDPOINT"]));
        let compute = self.endpoints.compute.clone().or_else(|| first(&["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"]));
        Ok(Settings {
            project,
            location,
            source: Source {
                kind,
                impersonate: self
                    .impersonate_service_account
                    .clone()
                    .or_else(|| first(&["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"])),
            },
            endpoints: Endpoints { container: container.map(|url| without_version(&url)), compute },
        })
    }

    fn source_kind(&self, first: &dyn Fn(&[&str]) -> Option<String>) -> Result<SourceKind, Error> {
        if let Some(Secret(token)) = &self.access_token {
            return Ok(SourceKind::Given(token.clone()));
        }
        if let Some(Secret(text)) = &self.credentials {
            return read(text);
        }
        if let Some(token) = first(&["GOOGLE_OAUTH_ACCESS_TOKEN"]) {
            return Ok(SourceKind::Given(token));
        }
        match first(&[
            "GOOGLE_CREDENTIALS",
            "GOOGLE_CLOUD_KEYFILE_JSON",
            "GCLOUD_KEYFILE_JSON",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ]) {
            Some(text) => read(&text),
            None => Ok(SourceKind::Found),
        }
    }
}

/// JSON, or the path of a file with it.
fn read(text: &str) -> Result<SourceKind, Error> {
    let wrong = |message: String| Error::Unauthenticated { message };
    let content = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(text)
            .map_err(|error| wrong(format!("unable to read the credentials file {text:?}: {error}")))?
    };
    // The parser's words would show a part of the secret.
    serde_json::from_str(&content)
        .map(SourceKind::Json)
        .map_err(|_| wrong("the credentials are neither JSON nor the path of a file with it".to_owned()))
}

/// Google's client adds the version of the API itself.
fn without_version(url: &str) -> String {
    let url = url.trim_end_matches('/');
    format!("{}/", url.strip_suffix("/v1").unwrap_or(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"{"type": "service_account", "project_id": "of-the-key", "private_key": "marker-1"}"#;

    fn settings(config: &Config, variables: &[(&str, &str)]) -> Result<Settings, Error> {
        config.settings(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_given_goes_before_the_environment_and_that_before_the_key() {
        let given = Config { project: Some("given".to_owned()), ..Config::default() };
        let key = ("GOOGLE_CREDENTIALS", KEY);
        let variable = ("GOOGLE_PROJECT", "variable");
        for (config, variables, expected) in [
            (&given, vec![key, variable], "given"),
            (&Config::default(), vec![key, variable], "variable"),
            (&Config::default(), vec![key], "of-the-key"),
        ] {
            assert_eq!(settings(config, &variables).unwrap().project, expected);
        }
        assert!(matches!(settings(&Config::default(), &[]), Err(Error::InvalidSpec { .. })));
    }

    #[test]
    fn endpoints_may_end_with_the_version() {
        for (url, expected) in
            [("http://127.0.0.1:1/v1/", "http://127.0.0.1:1/"), ("http://127.0.0.1:1", "http://127.0.0.1:1/")]
        {
            let found = settings(
                &Config::default(),
                &[("GOOGLE_PROJECT", "p"), ("GOOGLE_CONTAINER_CUSTOM_ENDPOINT", url)],
            );
            assert_eq!(found.unwrap().endpoints.container.as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let config = Config {
            credentials: Some(Secret(KEY.to_owned())),
            access_token: Some(Secret("marker-2".to_owned())),
            ..Config::default()
        };
        let found = settings(&Config { access_token: None, ..config.clone() }, &[]).unwrap();
        let broken = Config { credentials: Some(Secret("{marker-3".to_owned())), ..Config::default() };
        let shown = format!("{config:?} {found:?} {}", settings(&broken, &[]).unwrap_err());
        assert!(!shown.contains("marker"), "{shown}");
    }
}
