//! Puts charts together from their sources, and lets a real helm package and index them, into the cache.
//!
//! The folder's name holds a hash of everything that it is made of. It appears only when it is complete; a lock lets parallel
//! callers wait for one packaging.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::releases::{self, RELEASES, Release};
use super::{ADDON_VERSIONS, Error};
use crate::tools;

/// Folder of the operator's archives.
pub(super) const OPERATOR_ARCHIVES: &str = "operator";
/// Folder of the add-ons' archives.
pub(super) const ADDON_ARCHIVES: &str = "addons";
/// Folder of the operator's charts, one folder for each version.
pub(super) const OPERATOR_FOLDERS: &str = "operator-charts";
/// Folder of the add-ons' charts.
pub(super) const ADDON_FOLDERS: &str = "addon-charts";

/// The version of a chart that gets one only when it is packaged.
const UNSTAMPED: &str = "0.0.0";

/// The version of the add-ons' charts as folders.
const CURRENT: &str = "0.7.5";

/// Packages of other sources that nobody used for this long are removed from the cache.
const KEEP_UNUSED: Duration = Duration::from_hours(14 * 24);

/// The sources that decide what comes out, besides the charts.
const CODE: [&str; 2] = [include_str!("packaging.rs"), include_str!("releases.rs")];

/// The folder of packaged charts; makes it if the cache does not have it.
pub(super) fn obtain() -> Result<PathBuf, Error> {
    let helm = tools::helm().map_err(|source| Error::Helm { source })?;
    let cache = helm.parent().map(Path::to_owned).unwrap_or_default();
    let sources = Sources::read()?;
    let folder = cache.join(format!("charts-{}", sources.fingerprint(&helm)?));
    if folder.is_dir() {
        mark_used(&folder);
        return Ok(folder);
    }
    let lock_path = cache.join("charts.lock");
    let lock = File::create(&lock_path).map_err(|source| failed("create", &lock_path, source))?;
    lock.lock().map_err(|source| failed("lock", &lock_path, source))?;
    // Another process may have made it while we waited.
    if !folder.is_dir() {
        let unfinished = cache.join("charts.unfinished");
        if unfinished.is_dir() {
            std::fs::remove_dir_all(&unfinished).map_err(|source| failed("remove", &unfinished, source))?;
        }
        sources.package(&helm, &unfinished)?;
        std::fs::rename(&unfinished, &folder).map_err(|source| failed("write", &folder, source))?;
        prune(&cache, &folder);
    }
    Ok(folder)
}

/// What the charts are made of.
struct Sources {
    /// `charts/` of this crate.
    charts: PathBuf,
    /// The definitions that the stand-in operator has built in, one file for each engine.
    definitions: PathBuf,
    /// Definitions of the kinds.
    kinds: Vec<Value>,
}

impl Sources {
    fn read() -> Result<Self, Error> {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        Ok(Self {
            charts: crate_folder.join("charts"),
            definitions: crate_folder.join("src/definitions"),
            kinds: releases::kinds()?,
        })
    }

    /// A hash of all that comes in: files, kinds, code and helm.
    fn fingerprint(&self, helm: &Path) -> Result<String, Error> {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        // The name of the program holds a hash of what it is made of.
        add(helm.file_name().unwrap_or_default().as_encoded_bytes());
        for code in CODE {
            add(code.as_bytes());
        }
        for kind in &self.kinds {
            add(kind.to_string().as_bytes());
        }
        for folder in [&self.charts, &self.definitions] {
            for file in files(folder)? {
                add(file.as_os_str().as_encoded_bytes());
                let path = folder.join(&file);
                add(&std::fs::read(&path).map_err(|source| failed("read", &path, source))?);
            }
        }
        Ok(hash.finalize().iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
    }

    fn package(&self, helm: &Path, target: &Path) -> Result<(), Error> {
        let operators =
            RELEASES.iter().map(|release| self.operator(release, target)).collect::<Result<Vec<_>, _>>()?;
        let archives = |folder: &str| target.join(folder);
        run(helm, "package", &package_arguments(&operators, None, &archives(OPERATOR_ARCHIVES)))?;

        let mut stamped = Vec::new();
        let mut own_version = Vec::new();
        for name in children(&self.charts.join("addons"))? {
            let (chart, has_version) = self.addon(&name, target)?;
            if has_version { &mut own_version } else { &mut stamped }.push(chart);
        }
        for version in ADDON_VERSIONS {
            let arguments = package_arguments(&stamped, Some(version), &archives(ADDON_ARCHIVES));
            run(helm, "package", &arguments)?;
        }
        run(helm, "package", &package_arguments(&own_version, None, &archives(ADDON_ARCHIVES)))?;
        run(helm, "repo index", &["repo".into(), "index".into(), target.as_os_str().to_owned()])
    }

    /// Puts one release of the operator's chart together.
    fn operator(&self, release: &Release, target: &Path) -> Result<PathBuf, Error> {
        let folder = target.join(OPERATOR_FOLDERS).join(release.version).join("kubeblocks");
        copy(&self.charts.join("kubeblocks"), &folder)?;
        if let Some(besides) = release.besides {
            copy(&self.charts.join("releases").join(besides), &folder)?;
        }
        for file in release.lacks {
            let path = folder.join(file);
            std::fs::remove_file(&path).map_err(|source| failed("remove", &path, source))?;
        }
        for (name, kind) in releases::kinds_of(release, &self.kinds) {
            // JSON is YAML, too.
            write(&folder.join("crds").join(name), &format!("{kind:#}\n"))?;
        }
        stamp(&folder, release.version)?;
        Ok(folder)
    }

    /// Puts an add-on's chart together; says whether it has a version of its own.
    fn addon(&self, name: &str, target: &Path) -> Result<(PathBuf, bool), Error> {
        let folder = target.join(ADDON_FOLDERS).join(name);
        copy(&self.charts.join("addons").join(name), &folder)?;
        copy(&self.charts.join("kit"), &folder.join("charts").join("kit"))?;
        let definitions = self.definitions.join(format!("{name}.yaml"));
        if definitions.is_file() {
            let text = std::fs::read_to_string(&definitions)
                .map_err(|source| failed("read", &definitions, source))?;
            write(&folder.join("definitions.yaml"), &text)?;
        }
        let stamped = stamp(&folder, CURRENT)?;
        Ok((folder, !stamped))
    }
}

/// Writes the version into a chart that waits for one; says whether it did.
fn stamp(chart: &Path, version: &str) -> Result<bool, Error> {
    let path = chart.join("Chart.yaml");
    let text = std::fs::read_to_string(&path).map_err(|source| failed("read", &path, source))?;
    let stamped: String = text
        .lines()
        .map(|line| match line.strip_suffix(UNSTAMPED) {
            Some(key @ ("version: " | "appVersion: ")) => format!("{key}{version}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    if stamped == text {
        return Ok(false);
    }
    write(&path, &stamped)?;
    Ok(true)
}

fn package_arguments(charts: &[PathBuf], version: Option<&str>, target: &Path) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> =
        vec!["package".into(), "--destination".into(), target.into()];
    if let Some(version) = version {
        arguments.extend(["--version".into(), version.into()]);
    }
    arguments.extend(charts.iter().map(|chart| chart.as_os_str().to_owned()));
    arguments
}

/// Runs helm with folders of its own, so that settings of this machine's user do not matter.
fn run(helm: &Path, action: &'static str, arguments: &[std::ffi::OsString]) -> Result<(), Error> {
    let home =
        tempfile::tempdir().map_err(|source| failed("create a folder in", &std::env::temp_dir(), source))?;
    let output = Command::new(helm)
        .args(arguments)
        .env("HELM_CACHE_HOME", home.path())
        .env("HELM_CONFIG_HOME", home.path())
        .env("HELM_DATA_HOME", home.path())
        .env("HELM_PLUGINS", home.path())
        .output()
        .map_err(|source| failed("run", helm, source))?;
    if output.status.success() {
        return Ok(());
    }
    let output_text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Refused { action, status: output.status, output: output_text })
}

/// Copies a folder's files over those of another.
fn copy(source: &Path, target: &Path) -> Result<(), Error> {
    for file in files(source)? {
        let (from, to) = (source.join(&file), target.join(&file));
        create_parent(&to)?;
        std::fs::copy(&from, &to).map_err(|source| failed("copy", &from, source))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    create_parent(path)?;
    std::fs::write(path, text).map_err(|source| failed("write", path, source))
}

fn create_parent(path: &Path) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent).map_err(|source| failed("create", parent, source))
}

/// All files below a folder, in order, by their path from there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(next) = waiting.pop() {
        for name in children(&folder.join(&next))? {
            let path = next.join(name);
            if folder.join(&path).is_dir() { &mut waiting } else { &mut found }.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Names in a folder, in order.
fn children(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|source| failed("list", folder, source))?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| failed("list", folder, source))?;
    names.sort();
    Ok(names)
}

/// Notes that the folder was used, so that [`prune`] keeps it.
fn mark_used(folder: &Path) {
    // A cache of someone else may be read-only; it then is not ours to prune either.
    let _ = File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// Removes packages of other sources that nobody used for long.
fn prune(cache: &Path, current: &Path) {
    let Ok(entries) = std::fs::read_dir(cache) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_package = path.is_dir()
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("charts-"));
        let age = path.metadata().and_then(|data| data.modified()).map(|time| time.elapsed());
        if is_package && path != current && matches!(age, Ok(Ok(age)) if age > KEEP_UNUSED) {
            // What cannot be removed now can be the next time.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_that_waits_for_it_is_stamped() {
        let chart = tempfile::tempdir().unwrap();
        let path = chart.path().join("Chart.yaml");
        let dependency = "  - {name: kit, version: 0.0.0}\n";
        std::fs::write(&path, format!("name: a\nversion: 0.0.0\nappVersion: 0.0.0\n{dependency}")).unwrap();
        assert!(stamp(chart.path(), "0.7.5").unwrap());
        let stamped = std::fs::read_to_string(&path).unwrap();
        assert_eq!(stamped, format!("name: a\nversion: 0.7.5\nappVersion: 0.7.5\n{dependency}"));
        assert!(!stamp(chart.path(), "0.8.0").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), stamped);
    }

    #[test]
    fn whatever_a_chart_is_made_of_changes_the_name_of_the_package() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut sources = Sources {
            charts: folders[0].path().to_owned(),
            definitions: folders[1].path().to_owned(),
            kinds: vec![Value::from("a kind")],
        };
        let mut seen = vec![sources.fingerprint(Path::new("helm3-1")).unwrap()];
        assert_eq!(sources.fingerprint(Path::new("/elsewhere/helm3-1")).unwrap(), seen[0]);
        seen.push(sources.fingerprint(Path::new("helm3-2")).unwrap());
        for folder in &folders {
            std::fs::write(folder.path().join("a.yaml"), "a: 1").unwrap();
            seen.push(sources.fingerprint(Path::new("helm3-1")).unwrap());
        }
        sources.kinds.push(Value::from("another"));
        seen.push(sources.fingerprint(Path::new("helm3-1")).unwrap());
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    }

    #[test]
    fn pruning_keeps_the_current_package_and_recent_ones_and_what_is_no_package() {
        let cache = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - KEEP_UNUSED - Duration::from_mins(1);
        let make = |name: &str, time: SystemTime| {
            let path = cache.path().join(name);
            std::fs::create_dir(&path).unwrap();
            File::open(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let current = make("charts-1", long_ago);
        let recent = make("charts-2", SystemTime::now());
        let old = make("charts-3", long_ago);
        let other = make("helm3-1", long_ago);
        prune(cache.path(), &current);
        assert_eq!([&current, &recent, &old, &other].map(|path| path.exists()), [true, true, false, true]);
    }
}
