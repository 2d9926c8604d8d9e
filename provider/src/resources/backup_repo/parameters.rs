//! What a storage has to be told: the check that a configuration says all of it, nothing else, and each at its place.
//! Pure. The operator checks nothing of this; a repository that says too little is ready, and its backups fail.

use std::collections::BTreeMap;

use kubeblocks_schemas::catalogue::suggest;
use kubeblocks_schemas::storage::StorageProvider;
use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::schema::{BackupRepoState, Map};

/// The parameters of a storage provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Name of the provider.
    pub provider: String,
    /// Those that must be given.
    pub required: Vec<String>,
    /// All of them; `None` when the provider does not say.
    pub all: Option<Vec<String>>,
    /// Those that are secret.
    pub secret: Vec<String>,
    /// Whether the backup tool can talk to the storage.
    pub tool: bool,
}

impl From<&StorageProvider> for Parameters {
    fn from(provider: &StorageProvider) -> Self {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let all = [provider.required, provider.optional].concat();
        Self {
            provider: provider.name.to_owned(),
            required: texts(provider.required),
            all: Some(texts(&all)),
            secret: texts(provider.secret),
            tool: provider.tool,
        }
    }
}

impl Parameters {
    /// Those that an installed `StorageProvider` declares.
    pub fn installed(name: &str, object: &Json) -> Self {
        let texts = |list: &Json| -> Vec<String> {
            list.as_array()
                .into_iter()
                .flatten()
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect()
        };
        let schema = &object["spec"]["parametersSchema"];
        let open = &schema["openAPIV3Schema"];
        let template = object["spec"]["datasafedConfigTemplate"].as_str().unwrap_or_default();
        Self {
            provider: name.to_owned(),
            required: texts(&open["required"]),
            all: open["properties"].as_object().map(|all| all.keys().cloned().collect()),
            secret: texts(&schema["credentialFields"]),
            tool: !template.trim().is_empty(),
        }
    }

    /// What is wrong with a configuration, as far as it is known.
    pub fn check(&self, config: &BackupRepoState) -> Diagnostics {
        let mut found = Diagnostics::new();
        self.check_access(config, &mut found);
        for (attribute, other, written, is_place) in [
            ("config", "credentials_wo", &config.config, false),
            ("credentials_wo", "config", &config.credentials_wo, true),
        ] {
            let written = given(written);
            for (name, value) in &written {
                let path = Path::attribute(attribute).then_key(*name);
                if self.all.as_ref().is_some_and(|all| !all.contains(name)) {
                    found.push(self.unknown(name, is_place).at(path));
                } else if self.secret.contains(name) != is_place {
                    found.push(misplaced(name, attribute, other).at(path));
                } else if matches!(value, Value::Known(text) if text.trim().is_empty()) {
                    let detail =
                        format!("The parameter `{name}` is empty. Give it a value, or leave it out.");
                    found.push(Diagnostic::error("Empty parameter of the storage", detail).at(path));
                }
            }
        }
        self.check_required(config, &mut found);
        found
    }

    fn check_access(&self, config: &BackupRepoState, found: &mut Diagnostics) {
        let by_tool =
            config.access_method.is_null() || config.access_method == Value::Known("Tool".to_owned());
        if by_tool && !self.tool {
            let detail = format!(
                "The backup tool cannot talk to the storage provider \"{}\", and the repository would never be ready. Set `access_method = \"Mount\"`.",
                self.provider
            );
            let problem = Diagnostic::error("Storage can only be mounted", detail);
            found.push(problem.at(Path::attribute("access_method")));
        }
    }

    /// One finding for each of the two maps. A parameter that stands in the wrong one is not missing.
    fn check_required(&self, config: &BackupRepoState, found: &mut Diagnostics) {
        if config.config.is_unknown() || config.credentials_wo.is_unknown() {
            return;
        }
        let (open, secret) = (given(&config.config), given(&config.credentials_wo));
        let missing = |is_secret: bool| -> Vec<String> {
            let wanted = self.required.iter().filter(|name| self.secret.contains(name) == is_secret);
            let absent = wanted.filter(|name| !open.contains_key(name) && !secret.contains_key(name));
            absent.map(|name| format!("`{name}`")).collect()
        };
        for (attribute, missing) in [("config", missing(false)), ("credentials_wo", missing(true))] {
            if missing.is_empty() {
                continue;
            }
            let detail = format!(
                "The storage provider \"{}\" needs {}. Write {} in `{attribute}`.",
                self.provider,
                missing.join(" and "),
                if missing.len() == 1 { "it" } else { "them" },
            );
            let problem = Diagnostic::error("Missing parameter of the storage", detail);
            found.push(problem.at(Path::attribute(attribute)));
        }
    }

    fn unknown(&self, name: &str, is_secret: bool) -> Diagnostic {
        let all = self.all.iter().flatten().map(String::as_str);
        let here: Vec<&str> =
            all.filter(|known| self.secret.iter().any(|secret| secret == known) == is_secret).collect();
        // A slip may also be one of the other map; that is said when it is put right.
        let near = suggest(name, here.iter().copied());
        let hint = match (near, here.is_empty()) {
            (Some(near), _) => format!(" Did you mean \"{near}\"?"),
            (None, false) => format!(" It takes {}.", here.join(", ")),
            (None, true) => " It takes none.".to_owned(),
        };
        let what = if is_secret { "secret parameter" } else { "parameter" };
        Diagnostic::error(
            "Unknown parameter of the storage",
            format!("The storage provider \"{}\" has no {what} \"{name}\".{hint}", self.provider),
        )
    }
}

fn misplaced(name: &str, attribute: &str, other: &str) -> Diagnostic {
    if attribute == "config" {
        return Diagnostic::error(
            "Secret in the open",
            format!(
                "`{name}` is a secret, and `config` is stored in state and shown in plans. Write it in `{other}`, which is not, and change it at the storage if it has been in a state already."
            ),
        );
    }
    Diagnostic::error(
        "Parameter is no secret",
        format!("`{name}` is no secret. Write it in `{other}`, where a plan shows its changes."),
    )
}

/// What is written; null counts as not written.
fn given(map: &Value<Map<String>>) -> BTreeMap<&String, &Value<String>> {
    map.known().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect()
}

#[cfg(test)]
mod tests {
    use kubeblocks_schemas::storage::storage_provider;
    use serde_json::json;

    use super::*;
    use crate::resources::backup_repo::test_support::{s3, text, texts};

    fn found(config: &BackupRepoState) -> Vec<(String, String)> {
        let provider = config.storage_provider.known().unwrap();
        let all = Parameters::from(storage_provider(provider).unwrap()).check(config);
        all.into_iter().map(|one| (one.path.unwrap().to_string(), one.detail)).collect()
    }

    #[test]
    fn each_known_storage_says_what_it_needs() {
        for (provider, access, config, secret, expected) in [
            ("s3", "Tool", vec!["bucket", "region"], true, vec![]),
            ("oss", "Mount", vec!["bucket", "region", "endpoint", "mountOptions"], true, vec![]),
            ("gcs-s3comp", "Tool", vec!["bucket"], true, vec![("config", "`region`")]),
            ("cos", "Tool", vec![], true, vec![("config", "`bucket` and `region`")]),
            (
                "obs",
                "Tool",
                vec!["bucket", "region"],
                false,
                vec![("credentials_wo", "`accessKeyId` and `secretAccessKey`")],
            ),
            ("minio", "Tool", vec!["bucket", "endpoint"], true, vec![]),
            ("minio", "Tool", vec!["bucket"], true, vec![("config", "`endpoint`")]),
            (
                "minio",
                "Tool",
                vec!["bucket", "endpoint", "region"],
                true,
                vec![(r#"config["region"]"#, "It takes bucket, endpoint")],
            ),
            ("pvc", "Mount", vec!["accessMode"], false, vec![]),
            (
                "pvc",
                "Mount",
                vec![],
                true,
                vec![
                    (r#"credentials_wo["accessKeyId"]"#, "It takes none"),
                    (r#"credentials_wo["secretAccessKey"]"#, "no secret parameter"),
                ],
            ),
            ("pvc", "Tool", vec![], false, vec![("access_method", "\"Mount\"")]),
        ] {
            let state = BackupRepoState {
                storage_provider: text(provider),
                access_method: text(access),
                config: Value::Known(config.iter().map(|name| ((*name).to_owned(), text("x"))).collect()),
                credentials_wo: if secret { s3().credentials_wo } else { Value::Null },
                ..s3()
            };
            let found = found(&state);
            assert_eq!(found.len(), expected.len(), "{provider} {config:?}: {found:?}");
            for ((path, detail), (place, part)) in found.iter().zip(expected) {
                assert!(path == place && detail.contains(part), "{provider} {config:?}: {found:?}");
            }
        }
    }

    #[test]
    fn a_parameter_at_the_wrong_place_is_sent_to_the_right_one_and_its_value_is_not_repeated() {
        let state = BackupRepoState {
            config: texts([("bucket", "b"), ("region", "r"), ("secretAccessKey", "hunter2")]),
            credentials_wo: texts([("accessKeyId", "hunter1"), ("endpoint", "https://x")]),
            ..s3()
        };
        let found = found(&state);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, [r#"config["secretAccessKey"]"#, r#"credentials_wo["endpoint"]"#]);
        assert!(found[0].1.contains("Write it in `credentials_wo`"), "{found:?}");
        assert!(found.iter().all(|(_, detail)| !detail.contains("hunter")), "{found:?}");
    }

    #[test]
    fn a_slip_is_recognized_and_what_is_not_known_yet_is_passed_over() {
        let slip = BackupRepoState { config: texts([("buckte", "b"), ("region", "r")]), ..s3() };
        let found_slip = found(&slip);
        assert!(found_slip[0].1.contains("Did you mean \"bucket\"?"), "{found_slip:?}");
        let empty = BackupRepoState { config: texts([("bucket", " "), ("region", "r")]), ..s3() };
        assert_eq!(found(&empty)[0].0, r#"config["bucket"]"#);
        let nothing = BackupRepoState { config: Value::Unknown, credentials_wo: Value::Unknown, ..s3() };
        assert!(found(&nothing).is_empty());
        let later = BackupRepoState {
            config: Value::Known(
                [("bucket", Value::Unknown), ("region", text("r"))]
                    .map(|(name, value)| (name.to_owned(), value))
                    .into(),
            ),
            ..s3()
        };
        assert!(found(&later).is_empty());
        let null = BackupRepoState {
            config: Value::Known(
                [("bucket", Value::Null), ("region", text("r"))]
                    .map(|(name, value)| (name.to_owned(), value))
                    .into(),
            ),
            ..s3()
        };
        assert_eq!(found(&null)[0].0, "config");
    }

    #[test]
    fn an_installed_provider_speaks_for_itself() {
        let object = json!({"spec": {
            "datasafedConfigTemplate": "[storage]",
            "parametersSchema": {
                "openAPIV3Schema": {"required": ["url", "token"], "properties": {"url": {}, "token": {}, "folder": {}}},
                "credentialFields": ["token"],
            }
        }});
        let parameters = Parameters::installed("ftp", &object);
        let config = BackupRepoState {
            storage_provider: text("ftp"),
            config: texts([("fodler", "x")]),
            credentials_wo: Value::Null,
            ..s3()
        };
        let found: Vec<String> =
            parameters.check(&config).into_iter().map(|one| one.path.unwrap().to_string()).collect();
        assert_eq!(found, [r#"config["fodler"]"#, "config", "credentials_wo"]);
        let silent = Parameters::installed("ftp", &json!({"spec": {"datasafedConfigTemplate": "x"}}));
        assert!(silent.check(&config).is_empty());
    }
}
