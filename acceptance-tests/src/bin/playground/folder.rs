//! The folder of a playground: who owns it, what is known of it, and its end.
//!
//! Whoever runs the playground holds a lock on `playground.lock`, which holds its process id. A lock ends with its process,
//! so a killed playground never looks alive. Starts nothing.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// How long a playground may take to stop before it is killed. It needs a second.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file cannot be used.
    #[error("unable to {action} {path}")]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// A file holds something unexpected.
    #[error("unable to read {path}")]
    Content { path: PathBuf, source: serde_json::Error },
    /// Another playground runs in the folder.
    #[error("another playground runs in {path}; stop it with \"playground down\"")]
    Taken { path: PathBuf },
    /// The owner is unknown.
    #[error("unable to stop the playground: {path} holds no process id; end the process by hand")]
    UnknownOwner { path: PathBuf },
    /// The owner cannot be stopped.
    #[error("unable to stop process {process}")]
    Signal { process: u32, source: rustix::io::Errno },
    /// There are files, but they are not a playground's.
    #[error("{path} is not removed: it is not the folder of a playground")]
    Foreign { path: PathBuf },
}

/// What a running playground says about itself.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Facts {
    pub(crate) endpoint: String,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) control_plane_process: u32,
    pub(crate) control_plane_folder: PathBuf,
    /// URL of the chart repository.
    pub(crate) chart_repository: String,
    /// The helm that built the charts.
    pub(crate) helm: PathBuf,
    /// The cloud in which Kubernetes clusters can be made, if there is one.
    pub(crate) cloud: Option<CloudFacts>,
}

/// What there is to know of the stand-in for a cloud.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CloudFacts {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    /// With which the vendor's tools, and the provider, find it and may use it.
    pub(crate) environment: BTreeMap<String, String>,
}

/// How a playground ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    NotRunning,
    Ended,
    Killed,
}

/// The folder of a playground.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// The right to run the playground of a folder, until dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    _lock: File,
    folder: Folder,
}

impl Folder {
    /// The folder at a path, which need not exist.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        let absolute = std::path::absolute(path).map_err(|source| file_error("locate", path, source))?;
        Ok(Self(absolute))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig")
    }

    fn lock_path(&self) -> PathBuf {
        self.0.join("playground.lock")
    }

    /// What a shell sources to work with the playground.
    pub(crate) fn environment(&self) -> PathBuf {
        self.0.join("env")
    }

    fn facts_path(&self) -> PathBuf {
        self.0.join("playground.json")
    }

    /// Takes the folder for this process.
    pub(crate) fn claim(&self) -> Result<Claim, Error> {
        std::fs::create_dir_all(&self.0).map_err(|source| file_error("create", &self.0, source))?;
        let path = self.lock_path();
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| file_error("open", &path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Taken { path: self.0.clone() }),
            Err(TryLockError::Error(source)) => return Err(file_error("lock", &path, source)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(|source| file_error("write", &path, source))?;
        Ok(Claim { _lock: lock, folder: self.clone() })
    }

    /// The process that runs the playground, if it runs.
    pub(crate) fn owner(&self) -> Result<Option<u32>, Error> {
        let path = self.lock_path();
        let mut lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(file_error("open", &path, source)),
        };
        match lock.try_lock() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(file_error("lock", &path, source)),
        }
        let mut content = String::new();
        lock.read_to_string(&mut content).map_err(|source| file_error("read", &path, source))?;
        content.trim().parse().map(Some).map_err(|_| Error::UnknownOwner { path })
    }

    /// What the running playground says about itself; nothing while it starts.
    pub(crate) fn facts(&self) -> Result<Option<Facts>, Error> {
        let path = self.facts_path();
        match std::fs::read(&path) {
            Ok(content) => {
                serde_json::from_slice(&content).map(Some).map_err(|source| Error::Content { path, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(file_error("read", &path, source)),
        }
    }

    /// Stops the playground, if it runs, and returns when its process has ended.
    pub(crate) fn stop(&self) -> Result<Stopped, Error> {
        let Some(process) = self.owner()? else { return Ok(Stopped::NotRunning) };
        let path = self.lock_path();
        let lock = File::open(&path).map_err(|source| file_error("open", &path, source))?;
        let (ended, end) = mpsc::channel();
        // The lock is free when the process is gone; there is no way to wait for it with a limit.
        std::thread::spawn(move || ended.send(lock.lock()));
        signal(process, Signal::TERM)?;
        if end.recv_timeout(STOP_TIMEOUT).is_ok() {
            return Ok(Stopped::Ended);
        }
        signal(process, Signal::KILL)?;
        // The kernel ends it now, whatever it does.
        let _ = end.recv();
        Ok(Stopped::Killed)
    }

    /// Removes the folder with all that is in it, if it is a playground's.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        if !self.0.exists() {
            return Ok(());
        }
        if !self.lock_path().exists() {
            return Err(Error::Foreign { path: self.0.clone() });
        }
        std::fs::remove_dir_all(&self.0).map_err(|source| file_error("remove", &self.0, source))
    }
}

impl Claim {
    /// The folder that is claimed.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Tells what there is to know, for `status` and for whoever waits.
    pub(crate) fn publish(&self, facts: &Facts) -> Result<(), Error> {
        let kubeconfig = self.folder.kubeconfig();
        // A copy keeps the permissions, which are the owner's only.
        std::fs::copy(&facts.kubeconfig, &kubeconfig)
            .map_err(|source| file_error("write", &kubeconfig, source))?;
        let path = self.folder.environment();
        // A provider that makes its cluster in a cloud must not find one by itself.
        let variable = if facts.cloud.is_some() { "PLAYGROUND_KUBECONFIG" } else { "KUBECONFIG" };
        let mut variables = vec![
            (variable, kubeconfig.display().to_string()),
            ("KUBEBLOCKS_HELM", facts.helm.display().to_string()),
            ("TF_VAR_chart_repository", facts.chart_repository.clone()),
        ];
        let of_cloud = facts.cloud.iter().flat_map(|cloud| &cloud.environment);
        variables.extend(of_cloud.map(|(name, value)| (name.as_str(), value.clone())));
        let lines: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
            .collect();
        std::fs::write(&path, lines.concat()).map_err(|source| file_error("write", &path, source))?;
        let path = self.folder.facts_path();
        let content = serde_json::to_vec_pretty(facts)
            .map_err(|source| Error::Content { path: path.clone(), source })?;
        std::fs::write(&path, content).map_err(|source| file_error("write", &path, source))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // What they say is no longer true. A killed playground leaves them, and a free lock, which counts.
        let _ = std::fs::remove_file(self.folder.facts_path());
        let _ = std::fs::remove_file(self.folder.kubeconfig());
        let _ = std::fs::remove_file(self.folder.environment());
    }
}

fn signal(process: u32, signal: Signal) -> Result<(), Error> {
    let id = Pid::from_raw(process.cast_signed()).ok_or(rustix::io::Errno::SRCH);
    match id.and_then(|id| kill_process(id, signal)) {
        // It ended by itself meanwhile.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(source) => Err(Error::Signal { process, source }),
    }
}

pub(crate) fn file_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(parent: &Path) -> Folder {
        Folder::new(&parent.join("playground")).unwrap()
    }

    #[test]
    fn a_folder_has_one_owner_until_its_claim_ends() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        assert_eq!(folder.owner().unwrap(), None);

        let claim = folder.claim().unwrap();
        assert_eq!(folder.owner().unwrap(), Some(std::process::id()));
        assert!(matches!(folder.claim(), Err(Error::Taken { path }) if path == folder.path()));

        drop(claim);
        assert_eq!(folder.owner().unwrap(), None);
        assert_eq!(folder.stop().unwrap(), Stopped::NotRunning);
        folder.claim().unwrap();
    }

    #[test]
    fn facts_and_kubeconfig_are_there_while_the_claim_lasts() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        let kubeconfig = parent.path().join("original");
        std::fs::write(&kubeconfig, "the kubeconfig").unwrap();
        let claim = folder.claim().unwrap();
        assert!(folder.facts().unwrap().is_none());
        let mut facts = Facts {
            endpoint: "https://127.0.0.1:6443".to_owned(),
            kubeconfig,
            control_plane_process: 7,
            control_plane_folder: parent.path().to_owned(),
            chart_repository: "http://127.0.0.1:8080".to_owned(),
            helm: PathBuf::from("/opt/it's/helm"),
            cloud: None,
        };
        claim.publish(&facts).unwrap();
        assert_eq!(folder.facts().unwrap().unwrap().endpoint, facts.endpoint);
        assert_eq!(std::fs::read_to_string(folder.kubeconfig()).unwrap(), "the kubeconfig");
        let sourced = |variables: &str| {
            let output = std::process::Command::new("sh")
                .args(["-uc", &format!(". \"$1\" && printf '%s %s %s' {variables}"), "sh"])
                .arg(folder.environment())
                .env_remove("KUBECONFIG")
                .output()
                .unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let path = folder.kubeconfig();
        assert_eq!(
            sourced("\"$KUBEBLOCKS_HELM\" \"$TF_VAR_chart_repository\" \"$KUBECONFIG\""),
            format!("/opt/it's/helm http://127.0.0.1:8080 {}", path.display())
        );

        // With a cloud nobody finds a cluster by itself, but the cloud.
        facts.cloud = Some(CloudFacts {
            name: "aws".to_owned(),
            endpoint: "http://127.0.0.1:5000".to_owned(),
            environment: BTreeMap::from([("AWS_REGION".to_owned(), "eu-central-1".to_owned())]),
        });
        claim.publish(&facts).unwrap();
        assert_eq!(
            sourced("\"$AWS_REGION\" \"$PLAYGROUND_KUBECONFIG\" \"${KUBECONFIG-none}\""),
            format!("eu-central-1 {} none", path.display())
        );

        drop(claim);
        assert!(folder.facts().unwrap().is_none());
        assert!(!folder.kubeconfig().exists() && !folder.environment().exists());
    }

    #[test]
    fn only_the_folder_of_a_playground_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        folder.remove().unwrap();

        std::fs::create_dir(folder.path()).unwrap();
        std::fs::write(folder.path().join("thesis.txt"), "").unwrap();
        assert!(matches!(folder.remove(), Err(Error::Foreign { .. })));
        assert!(folder.path().join("thesis.txt").exists());

        drop(folder.claim().unwrap());
        folder.remove().unwrap();
        assert!(!folder.path().exists());
    }
}
