//! Stand-ins for the clouds' APIs: Python processes from `clouds/`, with a clock, a journal and faults that tests steer.
//!
//! They are typed by the vendors' own libraries, and each is driven by its vendor's client first; see `clouds/README.md`.

mod world;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use tokio::sync::watch;

use crate::control_plane::ControlPlane;
use crate::kubeconfig::{self, Kubeconfig, Login};
use crate::tools;
pub use world::{BACKUP_SECRET, ManagedWorld, WorldError, WorldOptions};

/// How long a stand-in may take to be ready: it loads the vendor's library.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// The clouds that have a stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cloud {
    /// EKS, EC2, IAM, STS.
    Aws,
    /// GKE, Compute Engine.
    Gcp,
    /// AKS, Azure Resource Manager, Entra.
    Azure,
    /// ACK, VPC, STS.
    Alibaba,
}

impl Cloud {
    /// Its name, as `playground up --cloud` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::Alibaba => "alibaba",
        }
    }

    /// What the cloud appends to the version that its API servers report.
    pub fn version_suffix(self) -> Option<&'static str> {
        match self {
            Self::Aws => Some("-eks-1a2b3c4"),
            Self::Gcp => Some("-gke.1829001"),
            Self::Azure => None,
            Self::Alibaba => Some("-aliyun.1"),
        }
    }
}

/// The Kubernetes API that stands behind every Kubernetes cluster of a stand-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    /// Its URL.
    pub endpoint: String,
    /// PEM file of the authority that signed its certificate.
    pub ca_certificate: PathBuf,
}

/// Why a stand-in does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no Python for it.
    #[error("unable to get the Python of the clouds' stand-ins")]
    Python {
        /// The cause.
        source: tools::Error,
    },
    /// It cannot be started.
    #[error("unable to start the stand-in for {cloud}: {cause}")]
    Start {
        /// The cloud.
        cloud: &'static str,
        /// The cause.
        cause: String,
    },
    /// The kubeconfig of its token webhook cannot be written.
    #[error("unable to write the kubeconfig of the token webhook")]
    Webhook {
        /// The cause.
        source: kubeconfig::Error,
    },
    /// It does not do what it was told.
    #[error("the stand-in refuses {path}: {reason}")]
    Refused {
        /// What was asked.
        path: String,
        /// Its words.
        reason: String,
    },
    /// It does not answer.
    #[error("the stand-in does not answer on {path}")]
    Control {
        /// What was asked.
        path: String,
        /// The cause.
        source: reqwest::Error,
    },
}

/// A fault that the stand-in plays instead of an answer, or before it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fault {
    /// The operation in the cloud's words, such as `CreateCluster`.
    pub operation: String,
    /// How often it is played.
    pub times: u32,
    /// How many calls of the operation go well first.
    pub after: u32,
    /// `response`, `reset` (the connection breaks) or `stall` (the answer takes a minute).
    pub kind: String,
    /// HTTP status of a response.
    pub status: u16,
    /// Headers of a response.
    pub headers: BTreeMap<String, String>,
    /// Body of a response.
    pub body: serde_json::Value,
}

/// A request that a stand-in got.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Request {
    /// Service in the cloud's words, such as `eks`.
    pub service: String,
    /// Operation in the cloud's words.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// HTTP status of the answer; none for a broken connection.
    pub status: Option<u16>,
    /// Seconds since 1970 by the stand-in's clock.
    pub at: f64,
}

#[derive(Debug, Deserialize)]
struct Announcement {
    endpoint: String,
    environment: BTreeMap<String, String>,
    ca_file: Option<PathBuf>,
}

/// A running stand-in. Dropping it ends it.
#[derive(Debug)]
pub struct StandIn {
    announcement: Announcement,
    http: reqwest::Client,
    child: Child,
    /// Becomes true when the process has ended.
    ended: watch::Receiver<bool>,
    /// Closing it is the order to stop, which the kernel gives when this process dies.
    _input: Option<ChildStdin>,
    /// Certificates of a stand-in that speaks TLS.
    _folder: tempfile::TempDir,
}

impl StandIn {
    /// Starts a stand-in. Installs what it needs if need be, which takes a minute.
    pub async fn start(cloud: Cloud, kubernetes: Option<Kubernetes>) -> Result<Self, Error> {
        Self::start_with_log(cloud, kubernetes, None).await
    }

    /// The same, with a file for what it logs.
    async fn start_with_log(
        cloud: Cloud,
        kubernetes: Option<Kubernetes>,
        log: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let start = move || Self::start_blocking(cloud, kubernetes.as_ref(), log);
        let started = tokio::task::spawn_blocking(start).await;
        // The task is not aborted, so it can only have panicked; that panic is the caller's.
        started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn start_blocking(
        cloud: Cloud,
        kubernetes: Option<&Kubernetes>,
        log: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let failed = |cause: String| Error::Start { cloud: cloud.name(), cause };
        let python = tools::clouds_python().map_err(|source| Error::Python { source })?;
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(python);
        command
            .args(["-m", "standin", "--cloud", cloud.name(), "--tls-dir"])
            .arg(folder.path())
            .current_dir(tools::clouds_folder())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(kubernetes) = kubernetes {
            command.args(["--kubernetes-endpoint", &kubernetes.endpoint, "--kubernetes-ca"]);
            command.arg(&kubernetes.ca_certificate);
        }
        let log_path = log.unwrap_or_else(|| folder.path().join("log"));
        let log = std::fs::File::create(&log_path).map_err(|error| failed(error.to_string()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (found, line) = mpsc::channel();
        let (end, ended) = watch::channel(false);
        std::thread::spawn(move || {
            let mut lines =
                output.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok);
            // The receiver may have given up; reading goes on all the same, so that the program never blocks.
            let _ = lines.next().map(|line| found.send(line));
            drop(found);
            lines.for_each(drop);
            end.send_replace(true);
        });
        let line = line.recv_timeout(START_TIMEOUT).map_err(|_| {
            // Without the log the error is poorer, not different.
            let _ = child.kill();
            failed(std::fs::read_to_string(&log_path).unwrap_or_default())
        })?;
        let announcement: Announcement =
            serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        let http = client(announcement.ca_file.as_deref()).map_err(failed)?;
        Ok(Self { announcement, http, child, ended, _input: input, _folder: folder })
    }

    /// URL of the stand-in.
    pub fn endpoint(&self) -> &str {
        &self.announcement.endpoint
    }

    /// Variables with which the vendor's tools, and the provider, find the stand-in and may use it.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.announcement.environment
    }

    /// PEM file of the authority that signed its certificate, if it speaks TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.announcement.ca_file.as_deref()
    }

    /// Lets the clock run until no operation is under way.
    pub async fn settle(&self) -> Result<(), Error> {
        self.post("settle", &serde_json::json!({})).await
    }

    /// Lets the clock run.
    pub async fn advance(&self, time: Duration) -> Result<(), Error> {
        self.post("clock", &serde_json::json!({ "advance": time.as_secs_f64() })).await
    }

    /// Lets the clock run `speed` times as fast as the real one while an operation of the cloud is under way. What is valid
    /// for minutes of the cloud, such as a token, then ends sooner, too.
    pub async fn run_clock(&self, speed: f64) -> Result<(), Error> {
        self.post("clock", &serde_json::json!({ "speed": speed })).await
    }

    /// Lets the clock run like the real one from the next such operation on, before its answer goes out, until another
    /// [speed](Self::run_clock) is set.
    pub async fn slow_after(&self, operation: &str) -> Result<(), Error> {
        self.post("slow", &serde_json::json!({ "after": operation })).await
    }

    /// Puts a control plane behind the next Kubernetes cluster that is made. `name` is that of its
    /// [token webhook](Self::token_webhook), if it has one.
    pub async fn add_kubernetes(&self, name: &str, plane: &ControlPlane) -> Result<(), Error> {
        let (client_ca, client_ca_key) = plane.client_authority();
        let (admin_certificate, admin_key) = plane.admin_certificate();
        let order = serde_json::json!({
            "name": name,
            "endpoint": plane.endpoint(),
            "ca_file": plane.ca_certificate(),
            "client_ca_file": client_ca,
            "client_ca_key_file": client_ca_key,
            "admin_certificate_file": admin_certificate,
            "admin_key_file": admin_key,
        });
        self.post("kubernetes", &order).await
    }

    /// Writes the kubeconfig with which a control plane of this name lets the stand-in review bearer tokens, for
    /// [`Options::token_webhook`](crate::control_plane::Options::token_webhook).
    pub fn token_webhook(&self, name: &str, path: &Path) -> Result<(), Error> {
        let content = Kubeconfig {
            server: self.control(&format!("tokenreview/{name}")),
            ca_certificate: self.ca_file().map(Path::to_owned),
            login: Login::Anonymous,
            context: name.to_owned(),
        };
        content.write(path).map_err(|source| Error::Webhook { source })
    }

    /// Returns when the process has ended by itself or was killed, which it should not while this value lives.
    pub async fn ended(&self) {
        // A listener that is gone has seen the end, too.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Plays faults from now on; none takes all back.
    pub async fn play(&self, faults: &[Fault]) -> Result<(), Error> {
        self.post("faults", &faults).await
    }

    /// All requests so far, which are forgotten by it.
    pub async fn take_journal(&self) -> Result<Vec<Request>, Error> {
        let journal = self.journal().await?;
        let path = "journal";
        let control = |source| Error::Control { path: path.to_owned(), source };
        let answer = self.http.delete(self.control(path)).send().await.map_err(control)?;
        answer.error_for_status().map_err(control)?;
        Ok(journal)
    }

    /// What was made in the cloud and is still there, as `kind id`.
    pub async fn inventory(&self) -> Result<Vec<String>, Error> {
        let path = "inventory";
        let control = |source| Error::Control { path: path.to_owned(), source };
        let answer = self.http.get(self.control(path)).send().await.map_err(control)?;
        answer.error_for_status().map_err(control)?.json().await.map_err(control)
    }

    /// All requests so far.
    pub async fn journal(&self) -> Result<Vec<Request>, Error> {
        let path = "journal";
        let control = |source| Error::Control { path: path.to_owned(), source };
        let answer = self.http.get(self.control(path)).send().await.map_err(control)?;
        answer.error_for_status().map_err(control)?.json().await.map_err(control)
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        let control = |source| Error::Control { path: path.to_owned(), source };
        let answer = self.http.post(self.control(path)).json(body).send().await.map_err(control)?;
        if answer.status().is_success() {
            return Ok(());
        }
        let reason = answer.text().await.map_err(control)?;
        Err(Error::Refused { path: path.to_owned(), reason })
    }

    fn control(&self, path: &str) -> String {
        format!("{}/__control/{path}", self.endpoint())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that trusts the stand-in's certificate.
fn client(ca_file: Option<&Path>) -> Result<reqwest::Client, String> {
    // Fails only when one was set before, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // An idle connection ends with the runtime of the test that opened it.
    let mut builder = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        let certificate = reqwest::Certificate::from_pem(&pem).map_err(|error| error.to_string())?;
        builder = builder.tls_certs_merge([certificate]);
    }
    builder.build().map_err(|error| error.to_string())
}
