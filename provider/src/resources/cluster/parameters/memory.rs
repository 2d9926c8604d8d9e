//! What parameters were before they were set here, in an annotation of the `Configuration`. It is written in one request
//! with the values, so that neither a killed provider nor a lost state loses it. Pure.

use std::collections::BTreeMap;

use kubeblocks_schemas::v1alpha1::Configuration;
use serde::{Deserialize, Serialize};

/// The annotation.
pub const ANNOTATION: &str = "terraform.kubeblocks.io/parameters";

/// Begins the `version` of a config spec that was rendered anew for us.
const VERSION_PREFIX: &str = "terraform-";

/// A parameter that is, or was, set here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its value before. Without one it is as the template has it, or not in the file at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Whether it was taken out of the configuration, and has its value of before again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
}

/// By config spec, file and parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(pub BTreeMap<String, BTreeMap<String, BTreeMap<String, Kept>>>);

impl Memory {
    /// What the object remembers. An annotation that cannot be read is none.
    pub fn of(object: &Configuration) -> Self {
        let text = object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(ANNOTATION));
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// As the annotation.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is remembered of a parameter.
    pub fn get(&self, spec: &str, file: &str, parameter: &str) -> Option<&Kept> {
        self.0.get(spec)?.get(file)?.get(parameter)
    }

    /// The place of a parameter; an empty one when it is new.
    pub fn entry(
        &mut self,
        spec: &str,
        file: &str,
        parameter: &str,
    ) -> std::collections::btree_map::Entry<'_, String, Kept> {
        let files = self.0.entry(spec.to_owned()).or_default();
        files.entry(file.to_owned()).or_default().entry(parameter.to_owned())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str, &Kept)> {
        self.0.iter().flat_map(|(spec, files)| {
            files.iter().flat_map(move |(file, kept)| {
                kept.iter().map(move |(name, kept)| (spec.as_str(), file.as_str(), name.as_str(), kept))
            })
        })
    }
}

/// Whether a `version` of a config spec was set here.
pub fn is_our_version(version: &str) -> bool {
    version.starts_with(VERSION_PREFIX)
}

/// The version after this one. Another version makes the operator render the file anew.
pub fn next_version(version: Option<&str>) -> String {
    let number = version.and_then(|version| version.strip_prefix(VERSION_PREFIX)?.parse::<u64>().ok());
    format!("{VERSION_PREFIX}{}", number.unwrap_or(0).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_survives_the_annotation() {
        let mut memory = Memory::default();
        memory.entry("s", "f", "a").or_insert(Kept { before: Some("1".into()), restored: false });
        memory.entry("s", "f", "b").or_insert(Kept { before: None, restored: true });
        let mut object = Configuration::new(
            "x",
            kubeblocks_schemas::v1alpha1::configuration::ConfigurationSpec::default(),
        );
        object.metadata.annotations = Some([(ANNOTATION.to_owned(), memory.to_text())].into());
        assert_eq!(Memory::of(&object), memory);
        assert_eq!(memory.to_text(), r#"{"s":{"f":{"a":{"before":"1"},"b":{"restored":true}}}}"#);
        object.metadata.annotations = Some([(ANNOTATION.to_owned(), "no json".to_owned())].into());
        assert_eq!(Memory::of(&object), Memory::default());
    }

    #[test]
    fn each_rendering_has_a_version_of_its_own() {
        for (version, expected) in
            [(None, "terraform-1"), (Some("terraform-7"), "terraform-8"), (Some("v2"), "terraform-1")]
        {
            assert_eq!(next_version(version), expected);
        }
    }
}
