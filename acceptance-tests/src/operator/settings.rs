//! What the real manager is told by its environment, read from the container of its Deployment.
//!
//! Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, Container, Toleration};
use serde::de::DeserializeOwned;

use super::error::Error;

/// The life of an add-on Job that has ended, if nothing else is set.
const JOB_TTL_SECONDS: i32 = 300;

/// Settings of the manager. The default is what an empty environment gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// The namespace in which add-ons are installed.
    pub(crate) namespace: String,
    /// The account that installs add-ons.
    pub(crate) addon_account: String,
    /// The image with helm.
    pub(crate) tools_image: String,
    pub(crate) addon_pull_policy: Option<String>,
    pub(crate) addon_ttl_seconds: i32,
    pub(crate) install_options: Vec<String>,
    pub(crate) uninstall_options: Vec<String>,
    pub(crate) tolerations: Vec<Toleration>,
    pub(crate) affinity: Affinity,
    pub(crate) node_selector: BTreeMap<String, String>,
    /// The cloud, as the value `provider` of the chart says.
    pub(crate) cloud: String,
    /// Which groups of controllers the manager runs.
    pub(crate) parts: Parts,
}

/// Groups of controllers, one argument of the manager each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one switch for each argument of the manager")]
pub(crate) struct Parts {
    pub(crate) apps: bool,
    pub(crate) workloads: bool,
    pub(crate) extensions: bool,
    pub(crate) storage: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Self {
            namespace: "default".to_owned(),
            addon_account: "kubeblocks-addon-installer".to_owned(),
            tools_image: "apecloud/kubeblocks-tools:latest".to_owned(),
            addon_pull_policy: None,
            addon_ttl_seconds: JOB_TTL_SECONDS,
            install_options: words("--atomic --cleanup-on-fail --wait"),
            uninstall_options: Vec::new(),
            tolerations: Vec::new(),
            affinity: Affinity::default(),
            node_selector: BTreeMap::new(),
            cloud: String::new(),
            parts: Parts { apps: true, workloads: true, extensions: true, storage: true },
        }
    }
}

impl Settings {
    /// Reads the environment and the arguments of a container. What cannot be read ends the real manager.
    pub(crate) fn read(container: &Container) -> Result<Self, Error> {
        let values: BTreeMap<&str, &str> = container
            .env
            .iter()
            .flatten()
            .filter_map(|variable| Some((variable.name.as_str(), variable.value.as_deref()?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let text = |name: &str| values.get(name).map(|value| (*value).to_owned());
        let words = |name: &str| {
            text(name).map(|value| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let other = Self::default();
        let tolerations: Vec<Toleration> = json(&values, "CM_TOLERATIONS")?.unwrap_or_default();
        Ok(Self {
            namespace: text("CM_NAMESPACE").unwrap_or(other.namespace),
            addon_account: text("KUBEBLOCKS_ADDON_SA_NAME").unwrap_or(other.addon_account),
            tools_image: text("KUBEBLOCKS_TOOLS_IMAGE").unwrap_or(other.tools_image),
            addon_pull_policy: text("ADDON_JOB_IMAGE_PULL_POLICY"),
            addon_ttl_seconds: match values.get("ADDON_JOB_TTL") {
                Some(ttl) => seconds(ttl)?,
                None => other.addon_ttl_seconds,
            },
            install_options: words("KUBEBLOCKS_ADDON_HELM_INSTALL_OPTIONS").unwrap_or(other.install_options),
            uninstall_options: words("KUBEBLOCKS_ADDON_HELM_UNINSTALL_OPTIONS").unwrap_or_default(),
            // A list of nothing but empty tolerations counts as none.
            tolerations: if tolerations.iter().all(|one| *one == Toleration::default()) {
                Vec::new()
            } else {
                tolerations
            },
            affinity: json(&values, "CM_AFFINITY")?.unwrap_or_default(),
            node_selector: json(&values, "CM_NODE_SELECTOR")?.unwrap_or_default(),
            cloud: text("KUBE_PROVIDER").unwrap_or_default(),
            parts: Parts {
                apps: is_on(container, "apps"),
                workloads: is_on(container, "workloads"),
                extensions: is_on(container, "extensions"),
                storage: is_on(container, "storage"),
            },
        })
    }
}

/// A group of controllers runs unless an argument turns it off.
fn is_on(container: &Container, part: &str) -> bool {
    let off = format!("--{part}=false");
    !container.args.iter().flatten().any(|argument| *argument == off)
}

fn json<T: DeserializeOwned>(values: &BTreeMap<&str, &str>, name: &'static str) -> Result<Option<T>, Error> {
    let Some(text) = values.get(name) else { return Ok(None) };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|source| Error::Shape { object: format!("the variable {name}"), source })
}

fn seconds(text: &str) -> Result<i32, Error> {
    let wrong = || Error::Setting { name: "ADDON_JOB_TTL", value: text.to_owned() };
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    i32::try_from(duration.as_secs()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(variables: &[(&str, &str)], arguments: &[&str]) -> Container {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        serde_json::from_value(json!({ "name": "manager", "env": variables, "args": arguments })).unwrap()
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let empty = [("ADDON_JOB_TTL", ""), ("CM_TOLERATIONS", "[{}]"), ("KUBE_PROVIDER", "")];
        assert_eq!(Settings::read(&container(&empty, &[])).unwrap(), Settings::default());
    }

    #[test]
    fn the_environment_of_the_chart_is_read() {
        let variables = [
            ("CM_NAMESPACE", "kb-system"),
            ("KUBEBLOCKS_ADDON_HELM_INSTALL_OPTIONS", "--wait --timeout 9m"),
            ("ADDON_JOB_TTL", "1h30m"),
            ("CM_TOLERATIONS", r#"[{"key":"kb-controller","operator":"Equal","value":"true"}]"#),
            ("CM_NODE_SELECTOR", r#"{"pool":"control"}"#),
            ("KUBE_PROVIDER", "aws"),
        ];
        let read = Settings::read(&container(&variables, &["--extensions=false", "--apps=true"])).unwrap();
        assert_eq!(read.namespace, "kb-system");
        assert_eq!(read.install_options, ["--wait", "--timeout", "9m"]);
        assert_eq!(read.addon_ttl_seconds, 5400);
        assert_eq!(read.tolerations[0].key.as_deref(), Some("kb-controller"));
        assert_eq!(read.node_selector["pool"], "control");
        assert_eq!(read.cloud, "aws");
        assert_eq!(read.parts, Parts { apps: true, workloads: true, extensions: false, storage: true });
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for (name, value) in [
            ("CM_TOLERATIONS", "{"),
            ("CM_AFFINITY", "[]"),
            ("ADDON_JOB_TTL", "soon"),
            ("CM_NODE_SELECTOR", "1"),
        ] {
            assert!(Settings::read(&container(&[(name, value)], &[])).is_err(), "{name}");
        }
    }
}
