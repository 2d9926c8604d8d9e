//! One process of the provider, asked by the messages of the protocol as Terraform asks it.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic::transport::Channel;

use crate::clock::Clock;
use crate::plugin_process::Process;
pub(crate) use crate::plugin_process::generated::tfplugin6::{
    AttributePath, ClientCapabilities, Diagnostic, DynamicValue, ResourceIdentityData, apply_resource_change,
    attribute_path, diagnostic, import_resource_state, plan_resource_change, read_resource,
};
use crate::plugin_process::{call, stop, texts as all_texts};

/// A provider process. It ends with this.
pub(crate) struct Plugin {
    process: Mutex<Process>,
    channel: Channel,
    stopped: AtomicBool,
    clock: Clock,
}

impl Plugin {
    /// Starts the provider and configures it with a kubeconfig.
    pub(crate) async fn start(kubeconfig: &Path) -> Self {
        let clock = Clock::new();
        let process = Process::start_in(kubeconfig, clock.environment()).await;
        let channel = process.channel.clone();
        Self { process: Mutex::new(process), channel, stopped: AtomicBool::new(false), clock }
    }

    /// One call; an error when the process is gone.
    pub(crate) async fn call<Q, A>(&self, path: &'static str, request: Q) -> Result<A, tonic::Status>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        call(&self.channel, path, request).await
    }

    /// Asks the provider to stop, as Terraform does at Ctrl-C.
    pub(crate) async fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        stop(&self.channel).await;
    }

    /// Whether Terraform would begin nothing more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Lets the process's clock jump by so many seconds.
    pub(crate) fn clock_jumps(&self, seconds: i64) {
        self.clock.jump(seconds);
    }

    /// Ends the process as the kernel does when memory is short.
    pub(crate) fn kill(&self) {
        self.process.lock().expect("no panic").kill();
    }
}

/// What the errors among diagnostics say.
pub(crate) fn texts(diagnostics: &[Diagnostic]) -> Vec<String> {
    all_texts(diagnostics.iter().filter(|one| one.severity() == diagnostic::Severity::Error))
}
