//! The life of one pod of the node, from its volumes to its last status.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use regex::Regex;
use serde_json::json;
use tokio::sync::watch;

use super::images::{self, Image};
use super::log::Log;
use super::node::MANAGER;
use super::program::Program;
use super::sandbox::{Sandbox, Unmounted, expand};
use super::status::{List, Report, State};
use super::{Context, Error, until_stopped};
use crate::operator::conditions::now;
use crate::operator::events::{Events, Severity};

const ADDON: &str = "extensions.kubeblocks.io/addon-name";

/// How soon the node tries again what did not work: an image, a volume, a request.
const RETRY: Duration = Duration::from_secs(1);
/// How long a container that has failed rests at first; twice as long each time.
const BACK_OFF: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(5);
/// How long a program may take to end when its pod is deleted.
const GRACE: Duration = Duration::from_secs(30);

/// One pod while it lives.
pub(super) struct Life {
    context: Arc<Context>,
    events: Arc<Events>,
    pod: Pod,
    report: Report,
    stop: watch::Receiver<bool>,
}

impl Life {
    pub(super) fn new(
        context: Arc<Context>,
        events: Arc<Events>,
        pod: Pod,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { context, events, report: Report::new(&pod), pod, stop }
    }

    /// Lives to the end: the containers' own, or that of the pod, which is then removed.
    pub(super) async fn live(mut self) {
        let mut stop = self.stop.clone();
        if let Err(error) = self.run().await {
            tracing::warn!(pod = %self.pod.name_any(), error = %error.chain(), "a pod of an add-on cannot be run");
        }
        // A pod that has ended stays until someone deletes it.
        until_stopped(&mut stop).await;
        remove(&self.context, &self.pod).await;
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    async fn run(&mut self) -> Result<(), Error> {
        self.write().await;
        let sandbox = Sandbox::new()?;
        if !self.mount(&sandbox).await {
            return Ok(());
        }
        let spec = self.pod.spec.clone().unwrap_or_default();
        for (index, container) in spec.init_containers.iter().flatten().enumerate() {
            if !self.container(&sandbox, List::Init, index, container).await {
                return Ok(());
            }
        }
        for (index, container) in spec.containers.iter().enumerate() {
            self.container(&sandbox, List::Main, index, container).await;
        }
        Ok(())
    }

    /// Mounts the volumes as soon as all are there. Says whether the pod still lives.
    async fn mount(&mut self, sandbox: &Sandbox) -> bool {
        loop {
            match sandbox.mount(&self.context, &self.pod).await {
                Ok(()) => return true,
                Err(Unmounted::Missing(reason)) => {
                    self.events
                        .record_from("kubelet", &self.pod, Severity::Warning, "FailedMount", &reason)
                        .await;
                }
                Err(Unmounted::Failed(error)) => {
                    tracing::debug!(error = %error.chain(), "a volume is tried again");
                }
            }
            if self.rest(RETRY).await {
                return false;
            }
        }
    }

    /// Runs a container until it has succeeded, or has failed and is not started again. Says whether it has succeeded.
    async fn container(
        &mut self,
        sandbox: &Sandbox,
        list: List,
        index: usize,
        container: &Container,
    ) -> bool {
        let restarts =
            self.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()) != Some("Never");
        let mut pause = BACK_OFF;
        loop {
            let Some(image) = self.pull(list, index, container).await else { return false };
            let Some((code, since)) = self.once(sandbox, list, index, container, &image).await else {
                return false;
            };
            self.move_to(list, index, State::Ended { code, since, until: now() }).await;
            if code == 0 || !restarts {
                return code == 0;
            }
            let message = format!("back-off {}s restarting failed container", pause.as_secs());
            self.move_to(list, index, State::Waiting { reason: "CrashLoopBackOff", message }).await;
            if self.rest(pause).await {
                return false;
            }
            pause = (pause * 2).min(LONGEST_BACK_OFF);
        }
    }

    /// Pulls the image as soon as that is possible; nothing when the pod ends before.
    async fn pull(&mut self, list: List, index: usize, container: &Container) -> Option<Image> {
        let name = container.image.clone().unwrap_or_default();
        let mut reason = "ErrImagePull";
        loop {
            let options = &self.context.options;
            let pulled = images::pull(&name, &options.charts, &options.faults).and_then(|image| {
                let needs_kubectl = command(container).first().is_some_and(|first| *first == "kubectl");
                if needs_kubectl && options.kubectl.is_none() {
                    return Err(format!("failed to pull image {name:?}: this machine has no kubectl"));
                }
                Ok(image)
            });
            let message = match pulled {
                Ok(image) => return Some(image),
                Err(message) => message,
            };
            self.events.record_from("kubelet", &self.pod, Severity::Warning, "Failed", &message).await;
            self.move_to(list, index, State::Waiting { reason, message }).await;
            reason = "ImagePullBackOff";
            if self.rest(RETRY).await {
                return None;
            }
        }
    }

    /// Runs a container once. Gives its exit code and when it began; nothing when the pod ended before it began.
    async fn once(
        &mut self,
        sandbox: &Sandbox,
        list: List,
        index: usize,
        container: &Container,
        image: &Image,
    ) -> Option<(i32, String)> {
        let context = Arc::clone(&self.context);
        // Until there is room the container is still being created.
        let _slot = tokio::select! {
            slot = context.slots.acquire() => slot.ok()?,
            () = until_stopped(&mut self.stop) => return None,
        };
        let since = now();
        let key = (self.pod.namespace().unwrap_or_default(), self.pod.name_any(), container.name.clone());
        let log = context.logs.begin(key);
        self.move_to(list, index, State::Running { since: since.clone() }).await;
        let outcome = match image {
            Image::Charts(files) => Ok(copy(sandbox, container, files, &log)),
            Image::Tools => self.tool(sandbox, container, &log).await,
        };
        let code = outcome.unwrap_or_else(|error| {
            log.line(&error.chain());
            128
        });
        log.complete();
        Some((code, since))
    }

    /// Runs a program of the image of tools.
    async fn tool(&mut self, sandbox: &Sandbox, container: &Container, log: &Log) -> Result<i32, Error> {
        let options = &self.context.options;
        let command = command(container);
        let path = match command.first().copied() {
            Some("helm") => options.helm.clone(),
            Some("kubectl") => options.kubectl.clone().unwrap_or_default(),
            other => {
                log.line(&format!(
                    "exec: {:?}: executable file not found in $PATH",
                    other.unwrap_or_default()
                ));
                return Ok(127);
            }
        };
        if let Some(addon) = self.pod.labels().get(ADDON).cloned() {
            let delay = options.faults.delay_of_addon(&addon);
            let failure = options.faults.take_addon_failure(&addon);
            if self.rest(delay).await {
                return Ok(143);
            }
            if let Some(failure) = failure {
                failure.lines().for_each(|line| log.line(line));
                return Ok(1);
            }
        }
        sandbox.kubeconfig(&self.context, &self.pod).await?;
        let variables: BTreeMap<String, String> = container
            .env
            .iter()
            .flatten()
            .map(|variable| (variable.name.clone(), variable.value.clone().unwrap_or_default()))
            .collect();
        let arguments = command[1..]
            .iter()
            .copied()
            .chain(container.args.iter().flatten().map(String::as_str))
            .map(|argument| expand(argument, &variables))
            .map(|argument| match sandbox.outside(container, &argument) {
                Some(path) => path.to_string_lossy().into_owned(),
                None => argument,
            })
            .collect();
        let program = Program {
            path,
            arguments,
            variables,
            home: sandbox.home(),
            network: self.context.options.network,
        };
        program.run(log, |line| sandbox.inside(container, line), self.stop.clone(), GRACE).await
    }

    async fn move_to(&mut self, list: List, index: usize, state: State) {
        self.report.set(list, index, state);
        self.write().await;
    }

    /// Writes the status until the API server takes it, or the pod is gone.
    async fn write(&mut self) {
        let pods = pods(&self.context, &self.pod);
        let name = self.pod.name_any();
        let mut patch =
            json!({ "metadata": { "uid": self.pod.metadata.uid }, "status": self.report.status() });
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        loop {
            let error = match pods.patch_status(&name, &parameters, &Patch::Merge(&patch)).await {
                // Gone, or another pod of that name.
                Ok(_) | Err(kube::Error::Api(_)) if self.is_stopped() => return,
                Ok(_) => return,
                Err(kube::Error::Api(status)) if [404, 409, 422].contains(&status.code) => return,
                Err(error) => error,
            };
            tracing::debug!(%error, pod = name, "a status is written again");
            if self.rest(RETRY).await {
                return;
            }
            patch["status"] = self.report.status();
        }
    }

    /// Waits. Says whether the pod has to end.
    async fn rest(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, until_stopped(&mut self.stop)).await.is_ok()
    }
}

fn pods(context: &Context, pod: &Pod) -> Api<Pod> {
    Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default())
}

/// Takes a deleted pod away, which is the node's to do once nothing of it runs.
pub(super) async fn remove(context: &Context, pod: &Pod) {
    let name = pod.name_any();
    let parameters = DeleteParams {
        preconditions: Some(Preconditions { uid: pod.metadata.uid.clone(), resource_version: None }),
        ..DeleteParams::default().grace_period(0)
    };
    match pods(context, pod).delete(&name, &parameters).await {
        Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {}
        Err(error) => tracing::warn!(%error, pod = name, "a pod of an add-on cannot be removed"),
        Ok(_) => {}
    }
    context.logs.forget(&pod.namespace().unwrap_or_default(), &name);
}

/// The program and its first arguments.
fn command(container: &Container) -> Vec<&str> {
    container.command.iter().flatten().map(String::as_str).collect()
}

/// Plays the shell of the image of charts, which copies them. Gives the exit code.
fn copy(sandbox: &Sandbox, container: &Container, files: &[std::path::PathBuf], log: &Log) -> i32 {
    let script = command(container).last().copied().unwrap_or_default().to_owned();
    let parts = Regex::new(r"^cp (\S+)/\* (\S+)$").ok();
    let parts = parts.as_ref().and_then(|pattern| pattern.captures(&script));
    let Some((from, to)) =
        parts.as_ref().and_then(|parts| Some((parts.get(1)?.as_str(), parts.get(2)?.as_str())))
    else {
        log.line(&format!("sh: this image can only copy charts, not: {script}"));
        return 127;
    };
    if from != "/charts" || files.is_empty() {
        log.line(&format!("cp: can't stat '{from}/*': No such file or directory"));
        return 1;
    }
    let Some(to) = sandbox.outside(container, to) else {
        log.line(&format!("cp: can't create '{to}': No such file or directory"));
        return 1;
    };
    for file in files {
        let target = to.join(file.file_name().unwrap_or_default());
        if let Err(error) = link_or_copy(file, &target) {
            log.line(&format!("cp: can't create '{}': {error}", target.display()));
            return 1;
        }
    }
    0
}

fn link_or_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    // The archives are only read, and a link costs nothing where both lie on one disk.
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(drop))
}
