//! A process of the provider that runs of Terraform attach to, as a developer starts it.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::terraform::provider_binary;

/// The process, and what it said to set. It ends with this.
pub(crate) struct Attachable {
    process: Child,
    /// Value of `TF_REATTACH_PROVIDERS`.
    pub(crate) variable: String,
}

impl Attachable {
    /// Starts it; its temporary files are in the folder.
    pub(crate) async fn start(temporary: &Path) -> Self {
        let mut process = Command::new(provider_binary())
            .arg("--debug")
            .env("TMPDIR", temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the provider starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        loop {
            let line = lines.next_line().await.expect("it can be read").expect("it says what to set");
            if let Some((_, value)) = line.split_once("TF_REATTACH_PROVIDERS='") {
                let variable = value.trim_end_matches('\'').to_owned();
                return Self { process, variable };
            }
        }
    }

    /// Its process id.
    #[allow(dead_code, reason = "the soak test looks at the process")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}
