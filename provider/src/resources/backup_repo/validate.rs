//! Checks of a configuration that need no server, as far as it is known. Pure.

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::storage::{STORAGE_PROVIDERS, storage_provider};
use tfplugin::prelude::*;

use super::parameters::Parameters;
use super::schema::BackupRepoState;

/// Adds a finding for each thing that is wrong.
pub fn config(config: &BackupRepoState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    if let Some(name) = config.storage_provider.known() {
        match storage_provider(name) {
            Some(provider) => diagnostics.append(Parameters::from(provider).check(config)),
            // Everyone may install one, so the API server has the last word.
            None => diagnostics.push(unknown_provider(name)),
        }
    }
    if !config.credentials_wo.is_null() && config.credentials_wo_version.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Version of the credentials is missing",
                "Terraform does not store `credentials_wo` and cannot see when they change. Set `credentials_wo_version = 1`, and raise it whenever they are to be written again.",
            )
            .at(Path::attribute("credentials_wo_version")),
        );
    }
    if config.credentials_wo.is_null() && !config.credentials_wo_version.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Credentials are missing",
                "`credentials_wo_version` is the version of `credentials_wo`, which are not there. Write them, or leave both out.",
            )
            .at(Path::attribute("credentials_wo")),
        );
    }
}

fn unknown_provider(name: &str) -> Diagnostic {
    let known: Vec<&str> = STORAGE_PROVIDERS.iter().map(|provider| provider.name).collect();
    let hint = did_you_mean(name, known.iter().copied());
    Diagnostic::warning(
        "Storage provider is not one of KubeBlocks",
        format!(
            "KubeBlocks v0.7 brings the storage providers {}, and no \"{name}\".{hint}\n\nIf it is one of your own, all is well: it is looked for in the Kubernetes cluster, and its parameters are checked there.",
            known.join(", ")
        ),
    )
    .at(Path::attribute("storage_provider"))
}

#[cfg(test)]
mod tests {
    use tfplugin::diagnostic::Severity;

    use super::*;
    use crate::resources::backup_repo::test_support::{s3, text, texts};

    fn found(state: &BackupRepoState) -> Vec<(Severity, String)> {
        let mut diagnostics = Diagnostics::new();
        config(state, &mut diagnostics);
        let place = |one: &Diagnostic| one.path.as_ref().map(ToString::to_string).unwrap_or_default();
        diagnostics.iter().map(|one| (one.severity, place(one))).collect()
    }

    #[test]
    fn what_is_wrong_is_said_at_its_attribute() {
        let error = |path: &str| vec![(Severity::Error, path.to_owned())];
        for (state, expected) in [
            (s3(), vec![]),
            (
                BackupRepoState { credentials_wo_version: Value::Null, ..s3() },
                error("credentials_wo_version"),
            ),
            (
                BackupRepoState { storage_provider: text("gcs"), ..s3() },
                vec![(Severity::Warning, "storage_provider".to_owned())],
            ),
            (
                BackupRepoState {
                    storage_provider: text("own"),
                    config: texts([("anything", "goes")]),
                    credentials_wo: Value::Null,
                    ..s3()
                },
                vec![
                    (Severity::Warning, "storage_provider".to_owned()),
                    (Severity::Error, "credentials_wo".to_owned()),
                ],
            ),
            (BackupRepoState { config: texts([("bucket", "b")]), ..s3() }, error("config")),
            (
                BackupRepoState {
                    storage_provider: Value::Unknown,
                    config: Value::Unknown,
                    credentials_wo: Value::Unknown,
                    credentials_wo_version: Value::Unknown,
                    ..s3()
                },
                vec![],
            ),
        ] {
            assert_eq!(found(&state), expected, "{state:?}");
        }
    }
}
