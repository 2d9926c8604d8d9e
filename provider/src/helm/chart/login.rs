//! Credentials for registries, from where `helm registry login` and `docker login` put them. Nothing of them is
//! ever logged.

use std::fs::File;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

/// The credentials for `registry`; anonymous without any. Blocks, as it may run a credential helper.
pub(super) fn credentials(registry: &str, files: &[PathBuf]) -> RegistryAuth {
    for path in files {
        let Ok(file) = File::open(path) else { continue };
        match docker_credential::get_credential_from_reader(file, registry) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                tracing::debug!(registry, file = %path.display(), "credentials found");
                return RegistryAuth::Basic(user, password);
            }
            Ok(DockerCredential::IdentityToken(_)) => {
                tracing::warn!(registry, file = %path.display(), "identity tokens are not supported");
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            // What a helper printed may hold a secret.
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                tracing::warn!(registry, helper, "the credential helper failed");
            }
            Err(error) => {
                tracing::warn!(registry, file = %path.display(), %error, "no credentials could be read");
            }
        }
    }
    RegistryAuth::Anonymous
}

/// The files that may have credentials, in the order in which helm looks into them.
pub(super) fn files() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = std::env::home_dir();
    let helm = variable("HELM_REGISTRY_CONFIG").or_else(|| {
        let folder = variable("HELM_CONFIG_HOME")
            .or_else(|| variable("XDG_CONFIG_HOME").map(|folder| folder.join("helm")))
            .or_else(|| home.as_deref().map(|home| home.join(HELM_FOLDER)))?;
        Some(folder.join("registry/config.json"))
    });
    let docker = variable("DOCKER_CONFIG").or_else(|| home.as_deref().map(|home| home.join(".docker")));
    helm.into_iter().chain(docker.map(|folder| folder.join("config.json"))).collect()
}

/// Where helm keeps its configuration below the home folder.
const HELM_FOLDER: &str = if cfg!(target_os = "macos") {
    "Library/Preferences/helm"
} else if cfg!(windows) {
    "AppData/Roaming/helm"
} else {
    ".config/helm"
};
