//! Which helm is run: where it is looked for, in which order, and whether its version is one that is known to work.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use semver::Version;
use tokio::process::Command;

use crate::wait;

/// The variable that names an executable.
pub const HELM_VARIABLE: &str = "KUBEBLOCKS_HELM";
/// Name of the executable beside this program and on `PATH`.
const HELM: &str = "helm";
/// From here on it has every flag that the engine uses.
const OLDEST: (u64, u64) = (3, 14);
/// The next major may change anything.
const FIRST_UNKNOWN_MAJOR: u64 = 5;
/// To print its version helm needs 0.1 s; a machine under load may need seconds to load it.
const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// A helm that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// Where it is.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
    /// Which of the four places it was found in, in words.
    pub found_by: &'static str,
}

/// Why there is no helm.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is in none of the places.
    #[error("helm was not found; looked at {}", looked_at.join(", "))]
    NotFound {
        /// The places, in words.
        looked_at: Vec<String>,
    },
    /// What was named is no file.
    #[error("{found_by} names {}, which is no file", path.display())]
    NoFile {
        /// What was named.
        path: PathBuf,
        /// Who named it.
        found_by: &'static str,
    },
    /// It cannot be started.
    #[error("{} ({found_by}) cannot be started", path.display())]
    Start {
        /// The file.
        path: PathBuf,
        /// Who named it.
        found_by: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },
    /// It does not end.
    #[error("{} ({found_by}) did not tell its version within {} seconds", path.display(), VERSION_LIMIT.as_secs())]
    Silent {
        /// The file.
        path: PathBuf,
        /// Who named it.
        found_by: &'static str,
    },
    /// It fails, or says something else.
    #[error("{} ({found_by}) does not tell its version ({status}): {said}", path.display())]
    NotHelm {
        /// The file.
        path: PathBuf,
        /// Who named it.
        found_by: &'static str,
        /// How it ended.
        status: String,
        /// The beginning of what it said.
        said: String,
    },
    /// It is too old or too new.
    #[error("{} ({found_by}) is helm {version}; needed is 3.14 or later, below 5", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Who named it.
        found_by: &'static str,
        /// Its version.
        version: Version,
    },
}

impl Error {
    /// What the practitioner can do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => {
                "The provider runs helm to render and install charts. Install it (https://helm.sh/docs/intro/install, \
                 3.14 or later, below 5) so that it is on PATH, or say where it is with `helm_path` in the provider \
                 block or the environment variable KUBEBLOCKS_HELM."
            }
            Self::NoFile { .. } => {
                "Correct the path, or take it out: then helm is looked for beside the provider and on PATH. It can be had \
                 from https://helm.sh/docs/intro/install."
            }
            Self::Start { .. } | Self::Silent { .. } | Self::NotHelm { .. } => {
                "Check that the file is helm, for this operating system and processor, and may be executed: `helm \
                 version` must work in a terminal. It can be had from https://helm.sh/docs/intro/install. Another one can \
                 be named with `helm_path` in the provider block or the environment variable KUBEBLOCKS_HELM."
            }
            Self::Version { .. } => {
                "Install another version (https://helm.sh/docs/intro/install), or name another executable with \
                 `helm_path` in the provider block or the environment variable KUBEBLOCKS_HELM."
            }
        }
    }
}

/// Finds helm: `helm_path`, then `$KUBEBLOCKS_HELM`, then beside this program, then on `PATH`. One that is named and
/// does not work is an error, as another one in its place would surprise.
pub async fn find(helm_path: Option<&Path>) -> Result<Executable, Error> {
    let beside = std::env::current_exe().ok().and_then(|program| {
        // Terraform links to its cache.
        let program = program.canonicalize().unwrap_or(program);
        program.parent().map(Path::to_owned)
    });
    let places = Places {
        helm_path: helm_path.map(Path::to_owned),
        variable: std::env::var_os(HELM_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from),
        beside,
        path: std::env::var_os("PATH"),
    };
    let (path, found_by) = places.first()?;
    let version = version_of(&path, found_by).await?;
    let known = (version.major, version.minor) >= OLDEST && version.major < FIRST_UNKNOWN_MAJOR;
    if known {
        Ok(Executable { path, version, found_by })
    } else {
        Err(Error::Version { path, found_by, version })
    }
}

struct Places {
    helm_path: Option<PathBuf>,
    variable: Option<PathBuf>,
    beside: Option<PathBuf>,
    path: Option<OsString>,
}

impl Places {
    fn first(self) -> Result<(PathBuf, &'static str), Error> {
        let named =
            [(self.helm_path, "`helm_path`"), (self.variable, "the environment variable KUBEBLOCKS_HELM")];
        for (path, found_by) in named {
            if let Some(path) = path {
                return if path.is_file() {
                    Ok((path, found_by))
                } else {
                    Err(Error::NoFile { path, found_by })
                };
            }
        }
        let file = format!("{HELM}{}", std::env::consts::EXE_SUFFIX);
        let beside = self.beside.map(|folder| folder.join(&file));
        if let Some(path) = beside.as_ref().filter(|path| is_executable(path)) {
            return Ok((path.clone(), "beside the provider"));
        }
        let on_path = std::env::split_paths(&self.path.unwrap_or_default())
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&file))
            .find(|path| is_executable(path));
        on_path.map(|path| (path, "on PATH")).ok_or_else(|| Error::NotFound {
            looked_at: vec![
                "`helm_path` of the provider block (not set)".to_owned(),
                format!("the environment variable {HELM_VARIABLE} (not set)"),
                beside.map_or_else(
                    || "beside the provider".to_owned(),
                    |path| format!("{} beside the provider", path.display()),
                ),
                "the folders of PATH".to_owned(),
            ],
        })
    }
}

fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let permitted = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let permitted = true;
    metadata.is_file() && permitted
}

async fn version_of(path: &Path, found_by: &'static str) -> Result<Version, Error> {
    let (owned, temporary) = (path.to_owned(), std::env::temp_dir());
    let not_helm = |status: String, said: &str| Error::NotHelm {
        path: owned.clone(),
        found_by,
        status,
        said: beginning(said),
    };
    let asking = Command::new(path)
        .args(["version", "--template", "{{.Version}}"])
        .env_clear()
        // Helm looks for plugins before it does anything; there are none in this place.
        .env("HOME", &temporary)
        .env("HELM_PLUGINS", temporary.join("no-helm-plugins"))
        .envs(["PATH", "SystemRoot"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match wait::at_most(VERSION_LIMIT, asking).await {
        Some(output) => output.map_err(|source| Error::Start { path: path.to_owned(), found_by, source })?,
        None => return Err(Error::Silent { path: path.to_owned(), found_by }),
    };
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(not_helm(output.status.to_string(), if stderr.is_empty() { &stdout } else { &stderr }));
    }
    parse_version(&stdout).ok_or_else(|| not_helm(output.status.to_string(), &stdout))
}

fn beginning(said: &str) -> String {
    let said = said.trim();
    if said.is_empty() { "it says nothing".to_owned() } else { said.chars().take(200).collect() }
}

/// The version as builds of helm write it: `v3.22.0`, `v3.22.0+g123abc`, `v4.0.0-rc.1`, and `v3.22` of one that Go
/// built from a module.
fn parse_version(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 2_usize.checked_sub(numbers.matches('.').count())?;
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, name: &str, script: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn versions_are_read_as_builds_write_them() {
        let cases = [
            ("v3.22.0\n", Some("3.22.0")),
            ("v3.22", Some("3.22.0")),
            ("v3.22.0+g123abc", Some("3.22.0+g123abc")),
            ("v4.0.0-rc.1", Some("4.0.0-rc.1")),
            ("4", Some("4.0.0")),
            ("v3.14.0-rc1", Some("3.14.0-rc1")),
            ("", None),
            ("v1.2.3.4", None),
            ("version unknown", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_version(text).map(|version| version.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn places_are_looked_at_in_order_and_a_named_one_is_never_passed_over() {
        let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
        let paths: Vec<_> = folders.iter().map(|folder| program(folder.path(), "helm", "")).collect();
        let places = |given: [bool; 4]| Places {
            helm_path: given[0].then(|| paths[0].clone()),
            variable: given[1].then(|| paths[1].clone()),
            beside: given[2].then(|| folders[2].path().to_owned()),
            path: given[3].then(|| folders[3].path().as_os_str().to_owned()),
        };
        for (first, expected) in paths.iter().enumerate() {
            let given = std::array::from_fn(|place| place >= first);
            let (path, found_by) = places(given).first().unwrap();
            assert_eq!(path, *expected, "{found_by}");
        }
        let nothing = places([false; 4]).first().unwrap_err();
        assert!(matches!(&nothing, Error::NotFound { looked_at } if looked_at.len() == 4));
        assert!(nothing.remedy().contains("https://helm.sh/docs/intro/install"));

        let missing = Places { helm_path: Some(folders[0].path().join("nothing")), ..places([true; 4]) };
        assert!(matches!(missing.first(), Err(Error::NoFile { .. })));
        // A file that may not be executed is no program when it is looked for.
        std::fs::set_permissions(&paths[2], std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(places([false, false, true, true]).first().unwrap().0, paths[3]);
    }

    #[tokio::test]
    async fn what_is_no_helm_of_a_known_version_is_refused_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let cases = [
            ("echo v3.14.2", "3.14.2"),
            ("echo v4.3.1", "4.3.1"),
            ("echo v3.13.9", "is helm 3.13.9; needed is 3.14 or later, below 5"),
            ("echo v5.0.0-alpha.1", "is helm 5.0.0-alpha.1; needed"),
            ("echo hello", "does not tell its version (exit status: 0): hello"),
            ("echo broken >&2; exit 3", "does not tell its version (exit status: 3): broken"),
            ("kill -9 $$", "(signal: 9 (SIGKILL)): it says nothing"),
        ];
        for (number, (script, expected)) in cases.into_iter().enumerate() {
            let path = program(folder.path(), &format!("helm{number}"), script);
            let said = match find(Some(&path)).await {
                Ok(found) => found.version.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(expected), "{script}: {said}");
        }
        let text = folder.path().join("text");
        std::fs::write(&text, "no program").unwrap();
        assert!(matches!(find(Some(&text)).await, Err(Error::Start { .. })));
    }

    #[tokio::test]
    async fn the_users_plugins_and_variables_do_not_reach_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = program(
            folder.path(),
            "helm",
            r#"[ -z "$CARGO_PKG_NAME" ] && [ -n "$HELM_PLUGINS" ] && echo v3.20.0"#,
        );
        assert_eq!(find(Some(&path)).await.unwrap().version, Version::new(3, 20, 0));
    }
}
