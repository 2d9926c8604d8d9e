//! The folder of one pod: its volumes, its home, and how paths in the container lead to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, KeyToPath, Pod, Secret, ServiceAccount, Volume, VolumeMount,
};
use kube::ResourceExt;
use kube::api::{Api, PostParams};
use tempfile::TempDir;

use super::{Context, Error};
use crate::kubeconfig::{Kubeconfig, Login};

/// How long the token of a container is valid; longer than any of them runs.
const TOKEN_SECONDS: i64 = 3600;

/// The folder of a pod. It goes with this value.
#[derive(Debug)]
pub(super) struct Sandbox {
    folder: TempDir,
}

/// Why a volume cannot be mounted.
#[derive(Debug)]
pub(super) enum Unmounted {
    /// Something that it is made of is missing; it may come.
    Missing(String),
    /// The folder or the API server fails.
    Failed(Error),
}

impl From<Error> for Unmounted {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Sandbox {
    /// An empty folder that nobody else can read.
    pub(super) fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("addon-job-")
            .tempdir()
            .map_err(Error::file("create", &std::env::temp_dir()))?;
        Ok(Self { folder })
    }

    pub(super) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn volume(&self, name: &str) -> PathBuf {
        self.folder.path().join("volumes").join(name)
    }

    /// Mounts all volumes of a pod.
    pub(super) async fn mount(&self, context: &Context, pod: &Pod) -> Result<(), Unmounted> {
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        for volume in volumes {
            let files = content(context, pod, volume).await?;
            let folder = self.volume(&volume.name);
            create_folder(&folder)?;
            for (name, content) in files {
                write(&folder.join(name), &content)?;
            }
        }
        Ok(())
    }

    /// Writes a kubeconfig with a token of the pod's own service account.
    pub(super) async fn kubeconfig(&self, context: &Context, pod: &Pod) -> Result<PathBuf, Error> {
        let path = &context.options.kubeconfig;
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Kubeconfig {
            path: path.clone(),
            source,
        };
        let known = kube::config::Kubeconfig::read_from(path).map_err(|source| failed(source.into()))?;
        let cluster = known.clusters.into_iter().find_map(|named| named.cluster).unwrap_or_default();
        let authority = self.folder.path().join("ca.crt");
        let data = cluster.certificate_authority_data.unwrap_or_default();
        write(&authority, &STANDARD.decode(data).map_err(|source| failed(source.into()))?)?;
        create_folder(&self.home())?;
        let written = self.home().join("kubeconfig");
        Kubeconfig {
            server: cluster.server.unwrap_or_default(),
            ca_certificate: Some(authority),
            login: Login::Token(token(context, pod).await?),
            context: "in-cluster".to_owned(),
        }
        .write(&written)
        .map_err(|source| failed(source.into()))?;
        Ok(written)
    }

    /// The folder behind a path in a container, if it is in one of the container's mounts.
    pub(super) fn outside(&self, container: &Container, path: &str) -> Option<PathBuf> {
        let (mount, rest) = find_mount(container.volume_mounts.iter().flatten(), path)?;
        let mut outside = self.volume(&mount.name);
        if !rest.is_empty() {
            outside.push(rest);
        }
        Some(outside)
    }

    /// What a container's programs write, with the paths that they have in the container.
    pub(super) fn inside(&self, container: &Container, line: &str) -> String {
        container.volume_mounts.iter().flatten().fold(line.to_owned(), |line, mount| {
            line.replace(&*self.volume(&mount.name).to_string_lossy(), &mount.mount_path)
        })
    }
}

/// The mount that a path lies in, and the rest of the path.
fn find_mount<'a, 'p>(
    mounts: impl Iterator<Item = &'a VolumeMount>,
    path: &'p str,
) -> Option<(&'a VolumeMount, &'p str)> {
    mounts.filter_map(|mount| Some((mount, path.strip_prefix(mount.mount_path.as_str())?))).find_map(
        |(mount, rest)| match rest.strip_prefix('/') {
            Some(rest) => Some((mount, rest)),
            None => rest.is_empty().then_some((mount, rest)),
        },
    )
}

/// Replaces `$(NAME)` by the value of a variable; `$$` is a dollar sign, and what is unknown stays.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(index) = rest.find('$') {
        expanded.push_str(&rest[..index]);
        rest = &rest[index + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match named.and_then(|(name, after)| Some((variables.get(name)?, after))) {
            Some((value, after)) => {
                expanded.push_str(value);
                rest = after;
            }
            None => expanded.push('$'),
        }
    }
    expanded + rest
}

async fn token(context: &Context, pod: &Pod) -> Result<String, Error> {
    let namespace = pod.namespace().unwrap_or_default();
    let account =
        pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
    let accounts: Api<ServiceAccount> = Api::namespaced(context.client.clone(), &namespace);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(TOKEN_SECONDS),
            bound_object_ref: Some(BoundObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: pod.metadata.name.clone(),
                uid: pod.metadata.uid.clone(),
            }),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let made = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await
        .map_err(Error::api("create", format!("a token of ServiceAccount {namespace}/{account}")))?;
    Ok(made.status.and_then(|status| status.token).unwrap_or_default())
}

/// The files of a volume.
async fn content(
    context: &Context,
    pod: &Pod,
    volume: &Volume,
) -> Result<BTreeMap<String, Vec<u8>>, Unmounted> {
    let namespace = pod.namespace().unwrap_or_default();
    let missing = |what: String| {
        Unmounted::Missing(format!("MountVolume.SetUp failed for volume {:?} : {what}", volume.name))
    };
    let (kind, name, items, found) = if let Some(source) = &volume.config_map {
        let maps: Api<ConfigMap> = Api::namespaced(context.client.clone(), &namespace);
        let read = maps.get_opt(&source.name).await;
        let map = read.map_err(Error::api("read", format!("ConfigMap {namespace}/{}", source.name)))?;
        let data = map.map(|map| {
            let text = map.data.into_iter().flatten().map(|(key, value)| (key, value.into_bytes()));
            let bytes = map.binary_data.into_iter().flatten().map(|(key, value)| (key, value.0));
            text.chain(bytes).collect()
        });
        ("configmap", source.name.clone(), &source.items, data)
    } else if let Some(source) = &volume.secret {
        let name = source.secret_name.clone().unwrap_or_default();
        let secrets: Api<Secret> = Api::namespaced(context.client.clone(), &namespace);
        let read = secrets.get_opt(&name).await;
        let secret = read.map_err(Error::api("read", format!("Secret {namespace}/{name}")))?;
        let data = secret
            .map(|secret| secret.data.into_iter().flatten().map(|(key, value)| (key, value.0)).collect());
        ("secret", name, &source.items, data)
    } else if volume.empty_dir.is_some() || volume.projected.is_some() {
        // The token of a projected volume is in the kubeconfig instead.
        return Ok(BTreeMap::new());
    } else {
        return Err(missing("this node mounts no volumes of its type".to_owned()));
    };
    let data = found.ok_or_else(|| missing(format!("{kind} {name:?} not found")))?;
    choose(data, items.as_deref())
        .map_err(|key| missing(format!("references non-existent {kind} key: {key}")))
}

/// The keys that a volume asks for, all without a list; or one that is missing.
fn choose(
    mut data: BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let Some(items) = items.filter(|items| !items.is_empty()) else { return Ok(data) };
    items
        .iter()
        .map(|item| Ok((item.path.clone(), data.remove(&item.key).ok_or_else(|| item.key.clone())?)))
        .collect()
}

fn create_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(Error::file("create", path))
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    crate::kubeconfig::write_private(path, content).map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_expanded_as_kubernetes_does() {
        let variables = BTreeMap::from([("RELEASE_NAME".to_owned(), "kb-addon-redis".to_owned())]);
        for (text, expected) in [
            ("$(RELEASE_NAME)", "kb-addon-redis"),
            ("a-$(RELEASE_NAME)-b", "a-kb-addon-redis-b"),
            ("$(UNKNOWN)", "$(UNKNOWN)"),
            ("$$(RELEASE_NAME)", "$(RELEASE_NAME)"),
            ("$(RELEASE_NAME", "$(RELEASE_NAME"),
            ("price=1$", "price=1$"),
        ] {
            assert_eq!(expand(text, &variables), expected);
        }
    }

    #[test]
    fn paths_lead_into_mounts_and_back() {
        let sandbox = Sandbox::new().unwrap();
        let container: Container = serde_json::from_value(json!({
            "name": "helm",
            "volumeMounts": [
                { "name": "charts", "mountPath": "/charts" },
                { "name": "more-cm", "mountPath": "/vol/cm/more" },
            ],
        }))
        .unwrap();
        for (path, expected) in [
            ("/charts/redis-0.7.5.tgz", Some("volumes/charts/redis-0.7.5.tgz")),
            ("/vol/cm/more/values.yaml", Some("volumes/more-cm/values.yaml")),
            ("/charts", Some("volumes/charts")),
            ("/chartsmuseum/redis", None),
            ("kb-system", None),
        ] {
            let expected = expected.map(|path| sandbox.folder.path().join(path));
            assert_eq!(sandbox.outside(&container, path), expected, "{path}");
        }
        let outside = sandbox.outside(&container, "/charts/gone.tgz").unwrap();
        let line = format!("Error: path {:?} not found", outside.display().to_string());
        assert_eq!(sandbox.inside(&container, &line), "Error: path \"/charts/gone.tgz\" not found");
    }

    #[test]
    fn a_volume_holds_the_keys_that_it_asks_for() {
        let data = BTreeMap::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]);
        let item = |key: &str| KeyToPath {
            key: key.to_owned(),
            path: format!("{key}.yaml"),
            ..KeyToPath::default()
        };
        assert_eq!(choose(data.clone(), None), Ok(data.clone()));
        assert_eq!(
            choose(data.clone(), Some(&[item("b")])),
            Ok(BTreeMap::from([("b.yaml".to_owned(), vec![2])]))
        );
        assert_eq!(choose(data, Some(&[item("c")])), Err("c".to_owned()));
    }
}
