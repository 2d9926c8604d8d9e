//! Runs one program of a container and writes down what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::log::Log;
use super::{Error, until_stopped};

/// What a shell says of a program that was killed.
const KILLED: i32 = 137;

/// A program with all that it gets.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) home: PathBuf,
    /// Whether it may use the network, not only this machine.
    pub(super) network: bool,
}

impl Program {
    /// Runs to the end, or until `stop` turns true: then the program is asked to end, and killed after `grace`.
    pub(super) async fn run(
        &self,
        log: &Log,
        inside: impl Fn(&str) -> String,
        mut stop: watch::Receiver<bool>,
        grace: Duration,
    ) -> Result<i32, Error> {
        let mut child = self.start()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let reading = async { tokio::join!(read(output, log, &inside), read(errors, log, &inside)) };
        let status = async {
            tokio::select! {
                status = child.wait() => status,
                () = until_stopped(&mut stop) => {
                    signal(group, Signal::TERM);
                    if let Ok(status) = tokio::time::timeout(grace, child.wait()).await {
                        return status;
                    }
                    signal(group, Signal::KILL);
                    child.wait().await
                }
            }
        };
        let (status, _) = tokio::join!(status, reading);
        let status = status.map_err(|source| Error::Program { program: self.path.clone(), source })?;
        Ok(status.code().unwrap_or(KILLED))
    }

    fn start(&self) -> Result<Child, Error> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .envs(homes(&self.home))
            .env("KUBECONFIG", self.home.join("kubeconfig"))
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if !self.network {
            // Nothing listens there. Go programs reach loopback addresses without a proxy.
            command.env("HTTP_PROXY", "http://127.0.0.1:9").env("HTTPS_PROXY", "http://127.0.0.1:9");
        }
        command.spawn().map_err(|source| Error::Program { program: self.path.clone(), source })
    }
}

/// Everything that helm would otherwise keep in the home of whoever runs the tests.
fn homes(home: &Path) -> [(&'static str, PathBuf); 5] {
    [
        ("HOME", home.to_owned()),
        ("TMPDIR", home.to_owned()),
        ("HELM_CACHE_HOME", home.join("cache")),
        ("HELM_CONFIG_HOME", home.join("config")),
        ("HELM_DATA_HOME", home.join("data")),
    ]
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // It may have ended in this moment.
        let _ = kill_process_group(group, signal);
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>, log: &Log, inside: &impl Fn(&str) -> String) {
    let Some(stream) = stream else { return };
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match stream.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => log.line(&inside(String::from_utf8_lossy(&line).trim_end_matches('\n'))),
        }
    }
}
