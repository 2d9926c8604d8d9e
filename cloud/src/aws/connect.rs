//! How AWS is reached: region, partition, addresses of the services, TLS and proxies.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_eks::config::IdentityCache;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider as TlsProvider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::client::Eks;
use super::identity::{Identity, Provider, loader};
use super::query::{Query, Service};
use super::spec::Config;
use crate::Error;
use crate::client::cache::Cache;
use crate::client::http::{ANSWER, CONNECT, builder};
use crate::client::retry::Retry;

const USER_AGENT: &str = concat!("kubeblocks-cloud/", env!("CARGO_PKG_VERSION"));

/// A part of AWS with accounts, names and policies of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    /// Its name in ARNs.
    pub(super) name: &'static str,
    /// What the names of its servers end with.
    pub(super) suffix: &'static str,
    /// Where IAM is, and the region that its signatures are for.
    iam: (&'static str, &'static str),
}

impl Partition {
    fn of(region: &str) -> Self {
        let starts = |prefix: &str| region.starts_with(prefix);
        if starts("cn-") {
            let iam = ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1");
            Self { name: "aws-cn", suffix: "amazonaws.com.cn", iam }
        } else if starts("us-gov-") {
            let iam = ("https://iam.us-gov.amazonaws.com", "us-gov-west-1");
            Self { name: "aws-us-gov", suffix: "amazonaws.com", iam }
        } else {
            let iam = ("https://iam.amazonaws.com", "us-east-1");
            Self { name: "aws", suffix: "amazonaws.com", iam }
        }
    }
}

/// The services that are asked in the Query protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Services {
    pub(super) ec2: Service,
    pub(super) iam: Service,
    pub(super) sts: Service,
}

impl Eks {
    /// Finds region and credentials as every tool of AWS does. Asks AWS only if a role has to be assumed.
    /// [`Error::InvalidSpec`] without a region, [`Error::Unauthenticated`] without credentials; both name the ways to
    /// give them.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let authorities = authorities(config.ca_file.as_deref())?;
        let smithy = smithy_client(authorities.as_deref())?;
        let http = reqwest_client(authorities.as_deref())?;
        let sdk = loader(config, smithy.clone())
            .no_credentials()
            .retry_config(RetryConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .timeout_config(timeouts())
            .load()
            .await;
        let region = sdk.region().map(ToString::to_string).ok_or_else(|| Error::InvalidSpec {
            field: Some("region".to_owned()),
            message:
                "no region: give one, or set AWS_REGION or AWS_DEFAULT_REGION, or `region` in the profile \
                of AWS_PROFILE"
                    .to_owned(),
        })?;
        let partition = Partition::of(&region);
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let services = services(config, sdk.endpoint_url(), &region, partition, environment);
        let identity = Arc::new(Identity {
            config: config.clone(),
            region: region.clone(),
            sts: services.sts.clone(),
            http: http.clone(),
            smithy,
            retry: Retry::default(),
            cache: Cache::default(),
        });
        identity.credentials().await?;
        Ok(Self {
            api: eks(config, &sdk, Arc::clone(&identity)),
            query: Query { http, identity, retry: Retry::default() },
            services,
            region,
            partition,
            retry: Retry::default(),
            updates: Mutex::default(),
        })
    }
}

/// Those of all other clients.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build()
}

fn eks(config: &Config, sdk: &SdkConfig, identity: Arc<Identity>) -> aws_sdk_eks::Client {
    let provider = SharedCredentialsProvider::new(Provider(identity));
    let sdk = sdk.to_builder().credentials_provider(provider).build();
    let mut settings = aws_sdk_eks::config::Builder::from(&sdk);
    settings.set_endpoint_url(config.endpoints.eks.clone().or_else(|| settings_endpoint(&sdk)));
    aws_sdk_eks::Client::from_conf(settings.build())
}

/// What the library itself reads from `AWS_ENDPOINT_URL_EKS` and the shared files.
fn settings_endpoint(sdk: &SdkConfig) -> Option<String> {
    let known = std::env::var("AWS_ENDPOINT_URL_EKS").ok().filter(|value| !value.is_empty());
    known.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

fn services(
    config: &Config,
    endpoint: Option<&str>,
    region: &str,
    partition: Partition,
    environment: impl Fn(&str) -> Option<String>,
) -> Services {
    let find = |given: &Option<String>, variable: &str, own: String| {
        let given = given.clone().or_else(|| environment(variable));
        given.or_else(|| endpoint.map(str::to_owned)).unwrap_or(own)
    };
    let (given, suffix) = (&config.endpoints, partition.suffix);
    let regional = |name: &str| format!("https://{name}.{region}.{suffix}");
    let service = |name, version, endpoint, region: &str| Service {
        name,
        version,
        endpoint,
        region: region.to_owned(),
    };
    let (iam, iam_region) = partition.iam;
    Services {
        ec2: service("ec2", "2016-11-15", find(&given.ec2, "AWS_ENDPOINT_URL_EC2", regional("ec2")), region),
        iam: service(
            "iam",
            "2010-05-08",
            find(&given.iam, "AWS_ENDPOINT_URL_IAM", iam.to_owned()),
            iam_region,
        ),
        sts: service("sts", "2011-06-15", find(&given.sts, "AWS_ENDPOINT_URL_STS", regional("sts")), region),
    }
}

/// PEM of further certificate authorities: those given, else those that other tools of AWS would read.
fn authorities(given: Option<&Path>) -> Result<Option<Vec<u8>>, Error> {
    let variable = || std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(path) = given.map(Path::to_owned).or_else(variable) else { return Ok(None) };
    std::fs::read(&path).map(Some).map_err(|error| Error::InvalidSpec {
        field: Some("ca_file".to_owned()),
        message: format!("the certificate authorities in {} cannot be read: {error}", path.display()),
    })
}

fn reqwest_client(authorities: Option<&[u8]>) -> Result<reqwest::Client, Error> {
    let mut builder = builder(USER_AGENT);
    if let Some(pem) = authorities {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| no_pem(&error))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| Error::Unexpected { message: crate::client::http::cause(&error) })
}

/// A client for AWS's own libraries, with the proxies of the environment.
fn smithy_client(authorities: Option<&[u8]>) -> Result<SharedHttpClient, Error> {
    let mut trust = TrustStore::default();
    if let Some(pem) = authorities {
        trust = trust.with_pem_certificate(pem);
    }
    let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| no_pem(&error))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(TlsProvider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .proxy_config(ProxyConfig::from_env());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    }))
}

fn no_pem(error: &dyn std::error::Error) -> Error {
    Error::InvalidSpec {
        field: Some("ca_file".to_owned()),
        message: format!("it holds no certificates: {}", super::identity::causes(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::Endpoints;
    use super::*;

    #[test]
    fn each_partition_has_its_addresses() {
        let table = [
            ("eu-central-1", "aws", "https://sts.eu-central-1.amazonaws.com", "https://iam.amazonaws.com"),
            (
                "cn-north-1",
                "aws-cn",
                "https://sts.cn-north-1.amazonaws.com.cn",
                "https://iam.cn-north-1.amazonaws.com.cn",
            ),
            (
                "us-gov-east-1",
                "aws-us-gov",
                "https://sts.us-gov-east-1.amazonaws.com",
                "https://iam.us-gov.amazonaws.com",
            ),
        ];
        for (region, name, sts, iam) in table {
            let partition = Partition::of(region);
            let services = services(&Config::default(), None, region, partition, |_| None);
            assert_eq!(partition.name, name);
            assert_eq!((services.sts.endpoint.as_str(), services.iam.endpoint.as_str()), (sts, iam));
        }
    }

    #[test]
    fn what_is_given_goes_before_the_environment_and_that_before_one_address_for_all() {
        let config = Config {
            endpoints: Endpoints { ec2: Some("http://given".to_owned()), ..Endpoints::default() },
            ..Config::default()
        };
        let environment = |name: &str| (name == "AWS_ENDPOINT_URL_IAM").then(|| "http://iam".to_owned());
        let partition = Partition::of("eu-central-1");
        let found = services(&config, Some("http://all"), "eu-central-1", partition, environment);
        assert_eq!(found.ec2.endpoint, "http://given");
        assert_eq!((found.iam.endpoint.as_str(), found.iam.region.as_str()), ("http://iam", "us-east-1"));
        assert_eq!(found.sts.endpoint, "http://all");
    }
}
