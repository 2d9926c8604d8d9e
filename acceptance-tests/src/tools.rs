//! Programs that the tests and the demo run: found on this machine, or built from Go modules and cached.
//!
//! Built programs lie outside the clone, in `$KUBEBLOCKS_CACHE` or `~/.cache/terraform-provider-kubeblocks`, under a name
//! that holds a hash of everything they are made of; so several clones share them, and a changed source is a new program.
//! A lock per program lets parallel callers wait for one build. Nothing here downloads anything but Go
//! modules and Python packages.

mod build;
mod provider;
mod python;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use build::Recipe;
pub use provider::provider_binary;

/// Why a program cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Go is not installed.
    #[error("unable to build {tool}: the program \"go\" is not on PATH; install Go 1.26 or newer")]
    NoGo {
        /// What was to be built.
        tool: &'static str,
    },
    /// Terraform is not installed.
    #[error(
        "unable to find terraform: it is not on PATH, and TF_ACC_TERRAFORM_PATH does not name it; install Terraform 1.11 or newer"
    )]
    NoTerraform,
    /// `TF_ACC_TERRAFORM_PATH` names something that is no file.
    #[error("unable to use terraform: TF_ACC_TERRAFORM_PATH names {path}, which is no file")]
    WrongTerraformPath {
        /// The value of the variable.
        path: PathBuf,
    },
    /// Python is not installed, or cannot make an environment.
    #[error(
        "unable to {action}: {cause}; install Python 3.11 or newer with its module venv (Debian: python3-venv)"
    )]
    Python {
        /// What was to be done.
        action: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// There is neither `KUBEBLOCKS_CACHE` nor `HOME`.
    #[error("unable to choose a cache folder: neither KUBEBLOCKS_CACHE nor HOME is set")]
    NoCache,
    /// A source or cache file cannot be used.
    #[error("unable to {action} {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Go could not be started.
    #[error("unable to start go to build {tool}")]
    Start {
        /// What was to be built.
        tool: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The build failed.
    #[error("failed to build {tool} ({status}); its last lines (all in {log}):\n{tail}")]
    Build {
        /// What was to be built.
        tool: &'static str,
        /// How Go ended.
        status: ExitStatus,
        /// The whole output.
        log: PathBuf,
        /// The last lines of the output.
        tail: String,
    },
}

/// The control plane program, built on the first call from `control-plane/`.
pub fn control_plane() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "control-plane",
        title: "the Kubernetes control plane",
        usual_minutes: 5,
        source: source("control-plane"),
        package: ".",
        // Charts ask for the version of Kubernetes, and a build from modules knows none.
        link_variables: &["k8s.io/component-base/version.gitVersion=v1.34.4"],
    })
}

/// `OpenTofu`, built on the first call as `opentofu/go.mod` pins it.
pub fn tofu() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "tofu",
        title: "OpenTofu",
        usual_minutes: 3,
        source: source("opentofu"),
        package: "github.com/opentofu/opentofu/cmd/tofu",
        link_variables: &["github.com/opentofu/opentofu/version.dev=no"],
    })
}

/// A Terraform newer than the least that the provider asks for, built on the first call as `terraform/go.mod` pins it: it
/// has `terraform query`, actions and generated configuration, and no remote backends.
pub fn newest_terraform() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "terraform",
        title: "Terraform 1.16",
        usual_minutes: 3,
        source: source("terraform"),
        package: "github.com/hashicorp/terraform",
        link_variables: &["github.com/hashicorp/terraform/version.dev=no"],
    })
}

/// Helm 3, built on the first call as `helm3/go.mod` pins it.
pub fn helm() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "helm3",
        title: "helm 3",
        usual_minutes: 5,
        source: source("helm3"),
        package: "helm.sh/helm/v3/cmd/helm",
        // As helm's own releases are linked: the second pair is the Kubernetes that charts are rendered for by default.
        link_variables: &[
            "helm.sh/helm/v3/internal/version.version=v3.22.0",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
        ],
    })
}

/// Helm 4, built on the first call as `helm4/go.mod` pins it.
pub fn helm4() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "helm4",
        title: "helm 4",
        usual_minutes: 6,
        source: source("helm4"),
        package: "helm.sh/helm/v4/cmd/helm",
        link_variables: &["helm.sh/helm/v4/internal/version.version=v4.3.1"],
    })
}

/// The Open Policy Agent, built on the first call as `opa/go.mod` pins it.
pub fn opa() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "opa",
        title: "the Open Policy Agent",
        usual_minutes: 2,
        source: source("opa"),
        package: "github.com/open-policy-agent/opa",
        link_variables: &[],
    })
}

/// The Registry's own check of documentation, built on the first call as `tfplugindocs/go.mod` pins it.
pub fn tfplugindocs() -> Result<PathBuf, Error> {
    build::obtain(&Recipe {
        name: "tfplugindocs",
        title: "tfplugindocs",
        usual_minutes: 2,
        source: source("tfplugindocs"),
        package: "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs",
        link_variables: &[],
    })
}

/// A Python that has what the stand-ins for the clouds need, installed on the first call as `clouds/requirements.txt`
/// pins it.
pub fn clouds_python() -> Result<PathBuf, Error> {
    python::obtain("clouds", &source("clouds").join("requirements.txt"))
}

/// The folder of the stand-ins for the clouds.
pub fn clouds_folder() -> PathBuf {
    source("clouds")
}

/// The installed `terraform`: `TF_ACC_TERRAFORM_PATH`, or else the first on `PATH`.
pub fn terraform() -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os("TF_ACC_TERRAFORM_PATH").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() { Ok(path) } else { Err(Error::WrongTerraformPath { path }) };
    }
    on_path("terraform", std::env::var_os("PATH")).ok_or(Error::NoTerraform)
}

/// The installed `kubectl`, the first on `PATH`, if there is one.
pub fn kubectl() -> Option<PathBuf> {
    on_path("kubectl", std::env::var_os("PATH"))
}

/// A folder of this crate.
fn source(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The first program of this name in the folders of `PATH`.
fn on_path(name: &str, path: Option<OsString>) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path?).map(|folder| folder.join(&file)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_first_folder_that_has_it() {
        let first = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        let path = std::env::join_paths([first.path(), second.path()]).unwrap();
        assert_eq!(on_path("terraform", Some(path.clone())), None);

        let expected = second.path().join(format!("terraform{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&expected, "").unwrap();
        assert_eq!(on_path("terraform", Some(path)), Some(expected));
        assert_eq!(on_path("terraform", None), None);
    }
}
