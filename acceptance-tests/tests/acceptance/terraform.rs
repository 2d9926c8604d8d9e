//! Drives the real `terraform` and `tofu` with the provider that this workspace builds.
//!
//! A [`Workspace`] is a temporary folder with a configuration. The provider comes from a development override, so no
//! `init` is needed, or from a filesystem mirror as a user would install it. Every failure shows the whole output.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::secret_search::Secrets;
pub(crate) use acceptance_tests::tools::provider_binary;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Which program plays Terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cli {
    /// `terraform`, as it is installed.
    Terraform,
    /// A `terraform` that has actions, `query` and generated configuration.
    Newest,
    /// `tofu`.
    OpenTofu,
}

impl Cli {
    /// Host of the provider's source address that this program assumes.
    pub(crate) fn registry_host(self) -> &'static str {
        match self {
            Self::Terraform | Self::Newest => "registry.terraform.io",
            Self::OpenTofu => "registry.opentofu.org",
        }
    }

    fn program(self) -> Result<PathBuf, String> {
        match self {
            Self::Terraform => acceptance_tests::tools::terraform().map_err(|error| error.to_string()),
            Self::Newest => acceptance_tests::tools::newest_terraform().map_err(|error| error.to_string()),
            Self::OpenTofu => acceptance_tests::tools::tofu().map_err(|error| error.to_string()),
        }
    }
}

/// What a run of the program printed, and whether it succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// Exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Output {
    /// Both streams.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// What it printed on standard output, which is JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.text()))
    }

    /// The messages with Terraform's frame and line breaks taken out, so that a test can look for a sentence.
    pub(crate) fn sentences(&self) -> String {
        let lines = self.text();
        let stripped = lines.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim());
        stripped.collect::<Vec<_>>().join(" ")
    }

    /// What it printed but for the signs of life, which would bury the error of a long wait.
    fn without_signs_of_life(&self) -> String {
        let text = self.text();
        text.lines().filter(|line| !line.contains(": Still ")).collect::<Vec<_>>().join("\n")
    }

    /// This, if it succeeded; otherwise the test ends with the whole output.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.code == 0, "expected success, got {}:\n{}", self.code, self.without_signs_of_life());
        self
    }

    /// This, if it failed with an error of Terraform (exit code 1).
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert!(self.code == 1, "expected failure, got {}:\n{}", self.code, self.without_signs_of_life());
        self
    }

    /// Checks that each text stands in the messages.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let sentences = self.sentences();
        for text in texts {
            assert!(sentences.contains(text), "expected {text:?} in:\n{}", self.text());
        }
        self
    }
}

/// Where the programs of a workspace keep temporary files.
const TEMPORARY: &str = "tmp";

/// How many workspaces there were.
static WORKSPACES: AtomicUsize = AtomicUsize::new(0);

/// A configuration in a folder of its own, with the state that it leads to.
pub(crate) struct Workspace {
    folder: TempDir,
    cli: Cli,
    program: PathBuf,
    environment: Vec<(String, String)>,
    secrets: Secrets,
    /// Names of files that the test has written.
    written: Mutex<BTreeSet<String>>,
    /// Whether a run was started that the test may have killed: who is killed leaves temporary files.
    spawned: AtomicBool,
}

/// Every so many workspaces, one has the provider log all that it can.
const LOGGED: usize = 3;

impl Workspace {
    /// An empty configuration whose provider comes from a development override.
    pub(crate) fn new(cli: Cli) -> Self {
        crate::time_limit::begin();
        let folder = tempfile::Builder::new().prefix("kbtf-").tempdir().expect("a temporary folder");
        let provider = provider_binary().parent().expect("the provider lies in a folder");
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"{}/kubeblocks/kubeblocks\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            cli.registry_host(),
            provider.display()
        );
        let program = cli.program().unwrap_or_else(|error| panic!("{error}"));
        let mut workspace = Self {
            folder,
            cli,
            program,
            environment: Vec::new(),
            secrets: Secrets::default(),
            written: Mutex::default(),
            spawned: AtomicBool::default(),
        };
        let temporary = workspace.path(TEMPORARY);
        std::fs::create_dir(&temporary).expect("a folder");
        workspace.set("TMPDIR", temporary.display());
        if WORKSPACES.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOGGED) {
            let log = workspace.path("provider.log");
            workspace.set("TF_LOG_PROVIDER", "TRACE").set("TF_LOG_PATH", log.display());
        }
        let settings_path = workspace.path("cli.tfrc");
        std::fs::write(&settings_path, settings).expect("the settings can be written");
        workspace.write("versions.tf", crate::hcl::REQUIRED_PROVIDERS);
        workspace.set("TF_CLI_CONFIG_FILE", settings_path.display());
        // A checkpoint would call home.
        workspace.set("CHECKPOINT_DISABLE", "1");
        workspace.set("TF_IN_AUTOMATION", "1");
        workspace
    }

    /// Sets an environment variable for every later run.
    pub(crate) fn set(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        let value = value.to_string();
        self.secrets.read_variable(name, &value);
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value));
        self
    }

    /// Something that no run may leave anywhere, beside what the workspace finds in its configuration by itself.
    pub(crate) fn hides(&self, secret: &str) -> &Self {
        self.secrets.add(secret);
        self
    }

    /// Which program runs here.
    pub(crate) fn cli(&self) -> Cli {
        self.cli
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the configuration.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<str>) -> &Self {
        self.secrets.read_configuration(text.as_ref());
        self.written.lock().expect("no panic").insert(name.to_owned());
        std::fs::write(self.path(name), text.as_ref()).expect("the configuration can be written");
        self
    }

    /// Removes a file of the configuration.
    pub(crate) fn remove(&self, name: &str) -> &Self {
        std::fs::remove_file(self.path(name)).expect("the file is there");
        self
    }

    /// The command, ready to run or to spawn.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("KUBECONFIG")
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub(crate) async fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = self.command(arguments);
        let output = finished(&mut command).await;
        let name = format!("{:?}", command.as_std().get_args().collect::<Vec<_>>());
        self.secrets.are_not_printed(&name, &output.stdout);
        self.secrets.are_not_printed(&name, &output.stderr);
        output
    }

    /// Starts the program in a process group of its own, as a shell would, with its output captured.
    pub(crate) fn spawn<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Child {
        self.spawned.store(true, Ordering::Relaxed);
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.spawn().expect("the program starts")
    }

    /// `validate`.
    pub(crate) async fn validate(&self) -> Output {
        self.run(["validate", "-no-color"]).await
    }

    /// `apply` without questions.
    pub(crate) async fn apply(&self) -> Output {
        let applied = self.run(["apply", "-auto-approve", "-no-color", "-input=false"]).await;
        if applied.code == 0 {
            crate::recorded_states::record(self.folder.path());
        }
        applied
    }

    /// `destroy` without questions.
    pub(crate) async fn destroy(&self) -> Output {
        self.run(["destroy", "-auto-approve", "-no-color", "-input=false"]).await
    }

    /// `plan` in words.
    pub(crate) async fn plan(&self) -> Output {
        self.run(["plan", "-no-color", "-input=false"]).await
    }

    /// `plan`, kept and shown as JSON.
    pub(crate) async fn plan_json(&self) -> Value {
        self.run(["plan", "-no-color", "-input=false", "-out=plan.bin"]).await.succeeded();
        self.show("plan.bin").await
    }

    /// What `plan` would do to each resource: address and actions, without those that nothing happens to.
    pub(crate) async fn planned_actions(&self) -> Vec<(String, Vec<String>)> {
        let plan = self.plan_json().await;
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let mut actions: Vec<_> = changes.iter().map(address_and_actions).collect();
        actions.retain(|(_, actions)| actions != &["no-op"] && actions != &["read"]);
        actions
    }

    /// Checks that a plan changes nothing, neither resources nor outputs.
    #[track_caller]
    pub(crate) fn plan_is_empty(&self) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let output = self.run(["plan", "-no-color", "-input=false", "-detailed-exitcode"]).await;
            assert!(
                output.code == 0,
                "{caller}: expected an empty plan, got {}:\n{}",
                output.code,
                output.text()
            );
        }
    }

    /// The state as JSON; `Null` when there is none.
    pub(crate) async fn state(&self) -> Value {
        let output = self.run(["show", "-json", "-no-color"]).await.succeeded();
        serde_json::from_str(&output.stdout).expect("the state is JSON")
    }

    /// Attributes of a resource in the state.
    pub(crate) async fn attributes(&self, address: &str) -> Value {
        let state = self.state().await;
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        let found = resources.into_iter().find(|resource| resource["address"] == address);
        found.map_or(Value::Null, |mut resource| resource["values"].take())
    }

    /// Addresses of all that the state holds.
    pub(crate) async fn managed(&self) -> Vec<String> {
        let output = self.run(["state", "list"]).await;
        // Without a state file both programs fail here; nothing is managed then.
        if output.code == 0 { output.stdout.lines().map(str::to_owned).collect() } else { Vec::new() }
    }

    async fn show(&self, file: &str) -> Value {
        self.run(["show", "-json", "-no-color", file]).await.succeeded().json()
    }
}

/// Nothing that the runs left holds a secret, and no temporary file is left of a run that ended by itself.
impl Drop for Workspace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let written = self.written.lock().expect("no panic");
        let found = self.secrets.file_with_one(self.folder.path(), &written);
        assert!(found.is_none(), "{}", found.unwrap_or_default());
        let left = std::fs::read_dir(self.path(TEMPORARY)).expect("the folder is there");
        let left: Vec<_> = left.flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty() || self.spawned.load(Ordering::Relaxed), "left behind: {left:?}");
    }
}

/// So long a program may run. Only one that hangs reaches it.
const LIMIT: Duration = Duration::from_mins(15);
/// So long a program that hangs may take to say what it was waiting for.
const LAST_WORDS: Duration = Duration::from_mins(1);

/// Runs a program to its end; see [`ended`].
pub(crate) async fn finished(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    ended(command.spawn().expect("the program runs")).await
}

/// What a program with piped output prints until it ends. One that hangs is interrupted, and ends the test with all that it
/// said.
pub(crate) async fn ended(mut child: Child) -> Output {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let process = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let code = {
        let mut end = std::pin::pin!(async {
            let (_, _, status) =
                tokio::try_join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr), child.wait())?;
            std::io::Result::Ok(status.code().unwrap_or(-1))
        });
        if let Ok(code) = tokio::time::timeout(LIMIT, &mut end).await {
            Some(code.expect("its output can be read"))
        } else {
            let _ = process.map(|process| kill_process(process, Signal::INT));
            let _ = tokio::time::timeout(LAST_WORDS, &mut end).await;
            None
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let output = Output { code: code.unwrap_or(-1), stdout: text(&stdout), stderr: text(&stderr) };
    assert!(code.is_some(), "it has not ended after {LIMIT:?}:\n{}", output.text());
    output
}

/// A command of the provider's program, to which nothing of this process's Kubernetes settings comes.
pub(crate) async fn provider_command(name: &str) -> Command {
    let binary = tokio::task::spawn_blocking(provider_binary).await.expect("no panic");
    let mut command = Command::new(binary);
    command.arg(name).env_remove("KUBECONFIG").env_remove("KUBE_CONFIG_PATH").env_remove("KUBE_CTX");
    command
}

/// Starts a provider, with its temporary files in a folder, and reads what it prints until a line has what is wanted. It
/// ends with the first of the answer.
pub(crate) async fn started<T>(
    command: &mut Command,
    temporary: &Path,
    wanted: impl Fn(&str) -> Option<T>,
) -> (Child, T) {
    let mut provider = command
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the provider starts");
    let mut lines = BufReader::new(provider.stdout.take().expect("it is piped")).lines();
    loop {
        let line = lines.next_line().await.expect("it can be read").expect("it says how it is reached");
        if let Some(found) = wanted(&line) {
            return (provider, found);
        }
    }
}

/// Lets `init` find the provider as a user's would: unpacked in a filesystem mirror.
pub(crate) fn install_in_mirror(workspace: &mut Workspace) {
    let version = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", go_name(std::env::consts::OS), go_name(std::env::consts::ARCH));
    let host = workspace.cli().registry_host();
    let mirror = workspace.path("mirror");
    let folder = mirror.join(host).join("kubeblocks/kubeblocks").join(version).join(platform);
    std::fs::create_dir_all(&folder).expect("the mirror can be made");
    std::fs::copy(provider_binary(), folder.join(format!("terraform-provider-kubeblocks_v{version}")))
        .expect("the provider can be copied");
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n    include = [\"{host}/kubeblocks/*\"]\n  }}\n}}\n",
        mirror.display()
    );
    workspace.write("cli.tfrc", settings);
}

/// Go's name of a platform, as file names in a mirror have it.
fn go_name(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "macos" => "darwin",
        other => other,
    }
}

fn address_and_actions(change: &Value) -> (String, Vec<String>) {
    let address = change["address"].as_str().unwrap_or_default().to_owned();
    let actions = change["change"]["actions"].as_array().cloned().unwrap_or_default();
    (address, actions.iter().filter_map(|action| action.as_str().map(str::to_owned)).collect())
}

/// Lets our program play another provider: for the state that is moved Terraform wants one, and asks it nothing but its
/// schema.
pub(crate) fn play_provider(workspace: &Workspace, provider: &str) {
    let (publisher, name) = provider.split_once('/').expect("a publisher and a name");
    let folder = workspace.path(&format!("{publisher}-{name}"));
    std::fs::create_dir(&folder).expect("a folder");
    std::os::unix::fs::symlink(provider_binary(), folder.join(format!("terraform-provider-{name}")))
        .expect("a link");
    let settings = workspace.path("cli.tfrc");
    let text = std::fs::read_to_string(&settings).expect("settings");
    let host = workspace.cli().registry_host();
    let line = format!("dev_overrides {{\n    \"{host}/{provider}\" = \"{}\"", folder.display());
    std::fs::write(&settings, text.replacen("dev_overrides {", &line, 1)).expect("written");
}
