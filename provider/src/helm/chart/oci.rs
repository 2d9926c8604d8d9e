//! Charts in OCI registries: tags, manifests and the layer that is the archive. The protocol is `oci_client`'s.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::manifest::{OciDescriptor, OciManifest};
use oci_client::secrets::RegistryAuth;
use reqwest::StatusCode;

use super::error::Error;
use super::fetch::{self, Proxies};
use super::{LARGEST_ARCHIVE, login};

/// The layer with the archive, and its name in the days when this was an experiment.
const CHART_LAYERS: [&str; 2] =
    ["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"];
/// Tags asked for at once.
const PAGE: usize = 1000;
/// The most tags of a chart that are read.
const MOST_TAGS: usize = 100_000;

/// A chart in a registry, in all its versions.
pub(super) struct Repository {
    client: Client,
    login: RegistryAuth,
    registry: String,
    path: String,
}

impl Repository {
    /// The chart at `oci://host/path/name`, with the credentials that one of `files` has for the host.
    pub(super) async fn open(reference: &str, files: Vec<PathBuf>) -> Result<Self, Error> {
        let invalid = |given: &str, reason| Error::InvalidSource { given: given.to_owned(), reason };
        let rest = reference
            .strip_prefix("oci://")
            .ok_or_else(|| invalid(reference, "it does not begin with oci://"))?;
        if rest.contains('@') {
            // Before the @ there could be a password.
            return Err(invalid("the reference", "it must carry neither credentials nor a digest"));
        }
        let (registry, path) = rest
            .trim_end_matches('/')
            .split_once('/')
            .filter(|(registry, path)| !registry.is_empty() && !path.is_empty())
            .ok_or_else(|| invalid(reference, "a chart is at oci://host/path/name"))?;
        if path.contains(':') {
            return Err(invalid(reference, "the version is given apart from it"));
        }
        let key = registry.to_owned();
        let login = tokio::task::spawn_blocking(move || login::credentials(&key, &files));
        Ok(Self {
            client: client(reference, registry)?,
            login: login.await.unwrap_or(RegistryAuth::Anonymous),
            registry: registry.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The versions of the chart, as they would stand in its `Chart.yaml`.
    pub(super) async fn versions(&self) -> Result<Vec<String>, Error> {
        let mut tags = BTreeSet::new();
        let mut last: Option<String> = None;
        loop {
            let page = fetch::retried(|| self.page(last.as_deref())).await?;
            last = page.last().cloned();
            let known = tags.len();
            tags.extend(page);
            // A short page says nothing, as registries have limits of their own; and one that does not know pages
            // answers with all tags each time.
            if tags.len() == known || tags.len() > MOST_TAGS {
                return Ok(tags.iter().map(|tag| tag.replace('_', "+")).collect());
            }
        }
    }

    async fn page(&self, last: Option<&str>) -> Result<Vec<String>, Error> {
        let reference = self.reference("latest");
        let tags = self.client.list_tags(&reference, &self.login, Some(PAGE), last).await;
        tags.map(|answer| answer.tags).map_err(|error| self.failed(error))
    }

    /// The archive of a version; nothing when there is none of exactly this name.
    pub(super) async fn pull(&self, version: &str) -> Result<Option<Bytes>, Error> {
        let reference = self.reference(&version.replace('+', "_"));
        let manifest = fetch::retried(|| async {
            let pulled = self.client.pull_manifest(&reference, &self.login).await;
            pulled.map(|(manifest, _)| manifest).map_err(|error| self.failed(error))
        });
        let manifest = match manifest.await {
            Ok(OciManifest::Image(manifest)) => manifest,
            Ok(OciManifest::ImageIndex(_)) => return Err(self.not_a_chart("it is an index of images")),
            Err(Error::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let layer = manifest.layers.iter().find(|layer| CHART_LAYERS.contains(&layer.media_type.as_str()));
        let Some(layer) = layer else { return Err(self.not_a_chart("it has no layer that is a chart")) };
        let too_large =
            || Error::TooLarge { what: self.shown(), limit: LARGEST_ARCHIVE / 1024 / 1024, unit: "MiB" };
        if u64::try_from(layer.size).is_ok_and(|size| size > LARGEST_ARCHIVE) {
            return Err(too_large());
        }
        let archive = fetch::retried(|| self.blob(&reference, layer)).await?.ok_or_else(too_large)?;
        Ok(Some(archive))
    }

    /// The content of a layer, which `oci_client` compares with its digest; nothing when it is larger than an archive can be.
    async fn blob(&self, reference: &Reference, layer: &OciDescriptor) -> Result<Option<Bytes>, Error> {
        let pulled = self.client.pull_blob_stream(reference, layer).await;
        let mut stream = pulled.map_err(|error| self.failed(error))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.broken(&error))?;
            if (body.len() + chunk.len()) as u64 > LARGEST_ARCHIVE {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body.freeze()))
    }

    fn reference(&self, tag: &str) -> Reference {
        Reference::with_tag(self.registry.clone(), self.path.clone(), tag.to_owned())
    }

    /// The chart as it was given.
    pub(super) fn shown(&self) -> String {
        format!("oci://{}/{}", self.registry, self.path)
    }

    fn not_a_chart(&self, reason: &str) -> Error {
        Error::NotAChart { what: self.shown(), reason: reason.to_owned() }
    }

    /// The error of content that broke off, or that is another than the manifest says.
    fn broken(&self, error: &std::io::Error) -> Error {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(DigestError::VerificationError { expected, actual }) => Error::DigestDiffers {
                what: self.shown(),
                expected: expected.clone(),
                actual: actual.clone(),
            },
            _ => Error::Away { url: self.shown(), cause: fetch::innermost(error) },
        }
    }

    fn failed(&self, error: OciDistributionError) -> Error {
        let url = self.shown();
        match error {
            OciDistributionError::RequestError(error) => Error::Away { url, cause: fetch::innermost(&error) },
            OciDistributionError::IoError(error) => self.broken(&error),
            OciDistributionError::ServerError { code, .. } => {
                fetch::refused(&url, StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY), None)
            }
            OciDistributionError::UnauthorizedError { .. } => {
                fetch::refused(&url, StatusCode::UNAUTHORIZED, None)
            }
            OciDistributionError::AuthenticationFailure(_) => {
                Error::Refused { url, cause: "the registry does not accept the credentials".to_owned() }
            }
            OciDistributionError::RegistryError { envelope, .. } => {
                let Some(first) = envelope.errors.first() else {
                    return Error::Missing { url, cause: "the registry gives no reason".to_owned() };
                };
                let status = match first.code {
                    OciErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
                    OciErrorCode::Denied => StatusCode::FORBIDDEN,
                    OciErrorCode::Toomanyrequests => StatusCode::TOO_MANY_REQUESTS,
                    _ => StatusCode::NOT_FOUND,
                };
                fetch::refused(
                    &url,
                    status,
                    Some(&first.message).filter(|text| !text.is_empty()).map(String::as_str),
                )
            }
            OciDistributionError::ImageManifestNotFoundError(_) => {
                Error::Missing { url, cause: "it has no such tag".to_owned() }
            }
            other => Error::NotAChart { what: url, reason: other.to_string() },
        }
    }
}

fn client(reference: &str, registry: &str) -> Result<Client, Error> {
    let proxies = Proxies::of_environment();
    // Registries that this machine runs itself have no certificate.
    let protocol = if is_loopback(registry) { ClientProtocol::Http } else { ClientProtocol::Https };
    let config = ClientConfig {
        protocol,
        platform_resolver: None,
        connect_timeout: Some(fetch::CONNECT_TIMEOUT),
        read_timeout: Some(fetch::SILENCE_TIMEOUT),
        user_agent: fetch::USER_AGENT,
        https_proxy: proxies.https,
        http_proxy: proxies.http,
        no_proxy: Some(proxies.except),
        ..ClientConfig::default()
    };
    Client::try_from(config)
        .map_err(|error| Error::Away { url: reference.to_owned(), cause: fetch::innermost(&error) })
}

fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => registry,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        let cases = [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.9.9.9", true),
            ("[::1]:5000", true),
            ("localhost.example.com", false),
            ("10.0.0.1:5000", false),
            ("ghcr.io", false),
        ];
        for (registry, expected) in cases {
            assert_eq!(is_loopback(registry), expected, "{registry}");
        }
    }
}
