//! A process of the provider that runs of Terraform attach to, as a developer starts it.

use std::path::Path;

use tokio::process::{Child, Command};

use crate::terraform::{provider_binary, started};

/// The process, and what it said to set. It ends with this.
pub(crate) struct Attachable {
    process: Child,
    /// Value of `TF_REATTACH_PROVIDERS`.
    pub(crate) variable: String,
}

impl Attachable {
    /// Starts it; its temporary files are in the folder.
    pub(crate) async fn start(temporary: &Path) -> Self {
        let mut command = Command::new(provider_binary());
        let (process, variable) = started(command.arg("--debug"), temporary, variable_of).await;
        Self { process, variable }
    }

    /// Its process id.
    #[allow(dead_code, reason = "the soak test looks at the process")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}

/// The variable in a line of what it prints.
pub(crate) fn variable_of(line: &str) -> Option<String> {
    let (_, value) = line.split_once("TF_REATTACH_PROVIDERS='")?;
    value.strip_suffix('\'').map(str::to_owned)
}
