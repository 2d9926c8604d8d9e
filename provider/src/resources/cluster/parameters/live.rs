//! What the Kubernetes cluster has of the parameters of one component: the `Configuration`, the rendered files and the
//! constraints. Reads, decides little.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kubeblocks_schemas::parameters::file;
use kubeblocks_schemas::v1alpha1::configuration::{ConfigurationItem, ConfigurationPhase};
use kubeblocks_schemas::v1alpha1::{ConfigConstraint, Configuration};

use super::split_key;
use crate::kubeblocks::naming;
use crate::kubernetes::{Client, Error};

/// Parameters of one component.
#[derive(Clone, Debug)]
pub struct Live {
    /// The object that they are set in.
    pub configuration: Configuration,
    /// Content of the files, by config spec and name. Those that may not be read are missing.
    pub files: BTreeMap<String, BTreeMap<String, String>>,
    /// Constraints, by config spec.
    pub constraints: BTreeMap<String, ConfigConstraint>,
}

impl Live {
    /// Reads it; nothing when the component has none. With `specs`, files and constraints of these alone.
    pub async fn read(
        client: &Client,
        namespace: &str,
        cluster: &str,
        component: &str,
        specs: impl Fn(&ConfigurationItem) -> bool,
    ) -> Result<Option<Self>, Error> {
        let name = naming::configuration(cluster, component);
        // A component without files has none, so that in a refresh of many its absence is a usual answer.
        let found = client.get_opt_as_listed::<Configuration>(Some(namespace), &name).await?;
        let Some(configuration) = found else { return Ok(None) };
        let mut live = Self { configuration, files: BTreeMap::new(), constraints: BTreeMap::new() };
        for item in live.configuration.spec.config_item_details.clone() {
            if !specs(&item) {
                continue;
            }
            let map = naming::config_map(cluster, component, &item.name);
            let map = visible(client.get_opt::<ConfigMap>(Some(namespace), &map).await)?;
            live.files.insert(item.name.clone(), map.and_then(|map| map.data).unwrap_or_default());
            let constraint = item.config_spec.as_ref().and_then(|spec| spec.constraint_ref.as_deref());
            let constraint = constraint.filter(|name| !name.is_empty());
            if let Some(constraint) = constraint
                && let Some(found) = visible(client.get_opt::<ConfigConstraint>(None, constraint).await)?
            {
                live.constraints.insert(item.name, found);
            }
        }
        Ok(Some(live))
    }

    /// A config spec's part of the object.
    pub fn item(&self, spec: &str) -> Option<&ConfigurationItem> {
        self.configuration.spec.config_item_details.iter().find(|item| item.name == spec)
    }

    /// The files of a config spec in which parameters can be set.
    pub fn candidates(&self, spec: &str) -> Vec<String> {
        let keys = self.item(spec).and_then(|item| item.config_spec.as_ref()).map(|spec| spec.keys.clone());
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => keys,
            None => self.files.get(spec).into_iter().flat_map(BTreeMap::keys).cloned().collect(),
        }
    }

    /// The file that a key of the attribute means; nothing when it does not tell.
    pub fn file_of(&self, key: &str) -> Option<String> {
        let (spec, file) = split_key(key);
        match (file, self.candidates(spec).as_slice()) {
            (Some(file), _) => Some(file.to_owned()),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    /// The key under which a file's parameters are shown.
    pub fn key_of(&self, spec: &str, file: &str) -> String {
        if self.candidates(spec) == [file] { spec.to_owned() } else { format!("{spec}/{file}") }
    }

    /// The value that the object asks for.
    pub fn wanted(&self, spec: &str, file: &str, parameter: &str) -> Option<&String> {
        self.item(spec)?.config_file_params.get(file)?.parameters.get(parameter)?.as_ref()
    }

    /// The value that stands in the file, where that can be read.
    pub fn in_file(&self, spec: &str, file: &str, parameter: &str) -> Option<String> {
        let text = self.files.get(spec)?.get(file)?;
        let formatter = &self.constraints.get(spec)?.spec.formatter_config;
        file::values(formatter, text)?.remove(parameter)
    }

    /// Whether the operator has refused what the object asks for, so that the file is as it was.
    pub fn is_refused(&self, spec: &str) -> bool {
        let status = self.configuration.status.as_ref();
        let mut items = status.into_iter().flat_map(|status| &status.configuration_status);
        items.any(|item| item.name == spec && item.phase == Some(ConfigurationPhase::MergeFailed))
    }
}

/// What may not be read is as good as not there.
fn visible<T>(found: Result<Option<T>, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::Forbidden { .. }) => Ok(None),
        found => found,
    }
}
