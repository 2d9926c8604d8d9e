//! The example provider's process: built, started with a host's environment, and ended with the test.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

pub(crate) const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");
pub(crate) const VERSIONS: (&str, &str) = ("PLUGIN_PROTOCOL_VERSIONS", "6,5");

/// Nothing here takes long; what takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The example's binary: the one that `cargo test` built with this test, else, when only this test was asked for, one
/// built now. Cargo itself is asked only when a source is newer, as it would build again for a choice of packages that
/// is not that of the running test.
pub(crate) fn notes() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let folder = this.parent().and_then(Path::parent).unwrap();
        let binary = folder.join("examples").join("notes");
        if !is_fresh(&binary) {
            build(folder);
        }
        binary
    })
}

fn is_fresh(binary: &Path) -> bool {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources =
        ["src", "derive/src", "examples", "Cargo.toml", "../Cargo.lock"].map(|name| package.join(name));
    let built = binary.metadata().and_then(|binary| binary.modified());
    built.is_ok_and(|built| sources.iter().all(|source| newest(source) < built))
}

/// When the newest file of a folder was written.
fn newest(path: &Path) -> SystemTime {
    let own = path.metadata().unwrap().modified().unwrap();
    let Ok(entries) = path.read_dir() else { return own };
    entries.map(|entry| newest(&entry.unwrap().path())).max().unwrap_or(own)
}

fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let built = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "tfplugin", "--example", "notes", "--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(built.success(), "the example does not build");
}

/// A command with an environment that is the given one only.
pub(crate) fn command(program: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A running plugin that has said where it is.
pub(crate) struct Plugin {
    pub(crate) child: Child,
    pub(crate) line: String,
    /// For temporary files: a process that is killed with its test leaves some behind.
    _temporary: tempfile::TempDir,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Plugin {
    /// Starts the example as Terraform does, with `variables` beside the cookie and the versions.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        let variables = [&[COOKIE, VERSIONS], variables].concat();
        Self::from_command(command(notes(), &variables)).await
    }

    /// Starts what prints a handshake line.
    pub(crate) async fn from_command(mut command: Command) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = command.env("TMPDIR", temporary.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        Self { child, line: line.expect("the process ended without a line"), _temporary: temporary, lines }
    }

    /// The fields of the handshake line.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.line.split('|').collect()
    }

    /// The socket.
    pub(crate) fn socket(&self) -> PathBuf {
        assert_eq!(self.fields()[2], "unix");
        PathBuf::from(self.fields()[3])
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id().expect("the process has ended")).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// The next line of standard output.
    pub(crate) async fn next_line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap();
        line.expect("standard output ended")
    }

    /// What standard output has until its last writer is gone.
    pub(crate) async fn rest_of_stdout(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(line) =
            tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("stdout stays open").unwrap()
        {
            rest.push(line);
        }
        rest
    }

    /// What standard error had when the process ended, and how it ended.
    pub(crate) async fn end(&mut self) -> (ExitStatus, String) {
        let status =
            tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the process goes on").unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        (status, text)
    }
}
