//! The one place where the outcome of an add-on's operation becomes text for the practitioner, with what to do. Reads
//! logs, as the reason of a failed installation is nowhere else.

use std::fmt::Write as _;
use std::time::Duration;

use tfplugin::prelude::*;

use super::definitions;
use super::facts::{Facts, JobFacts, PodFacts, release_name};
use super::operator::{Operator, Platform, subject};
use super::readiness::Failure;
use super::wait::{NotDone, Reason};
use crate::kubernetes::diagnostic::{detail, diagnostic};
use crate::kubernetes::{Client, Error as ApiError};
use crate::wait::at_most;
use kubeblocks_schemas::v1alpha1::addon::Selector;

/// How many lines of a log are shown.
const LOG_LINES: i64 = 40;
/// How long reading a log may take after an operation has failed.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

/// The error for a wait that did not come to its end.
pub async fn not_done(
    client: &Client,
    summary: &str,
    addon: &str,
    operator: &Operator,
    error: &NotDone,
    timeout: &str,
) -> Diagnostic {
    let namespace = &operator.namespace;
    let facts = error.last.as_ref();
    let missing = error.missing.as_ref().map_or_else(String::new, |why| format!(", waiting until {why}"));
    let text = match &error.reason {
        Reason::TimedOut => format!(
            "Addon {addon} was not ready after {}{missing}.\n\n{}Raise `{timeout}` to wait longer, or look at `kubectl describe addon {addon}` and at the Jobs in namespace {namespace}.",
            spoken(error.waited),
            tail(job_report(client, namespace, facts).await),
        ),
        Reason::Interrupted => format!(
            "Interrupted while Addon {addon} was being worked on{missing}. The operator goes on with it; run apply again to go on waiting."
        ),
        Reason::Unusable(unusable) => format!(
            "The chart of Addon {addon} is installed, but the operator does not accept what it brought:\n\n{}\n\nIs the chart made for the installed version of KubeBlocks?",
            unusable.join("\n")
        ),
        Reason::Api(error) => detail(error),
        Reason::Failed(failure) => failed(client, addon, namespace, failure, facts).await,
    };
    Diagnostic::error(summary, text.trim_end())
}

async fn failed(
    client: &Client,
    addon: &str,
    namespace: &str,
    failure: &Failure,
    facts: Option<&Facts>,
) -> String {
    match failure {
        Failure::Gone => format!("Addon {addon} was deleted by somebody else meanwhile."),
        Failure::Deleting => {
            format!("Addon {addon} is being deleted by somebody. Run the command again when it is gone.")
        }
        Failure::OperatorAway => operator_away(namespace),
        Failure::MissingReference(message) => format!(
            "Addon {addon} takes values from an object that is missing: {message}\n\nThe operator would wait for it for ever. Make the object in namespace {namespace}, or take it out of `spec.helm.installValues` of the Addon."
        ),
        Failure::NotInstallable(message) => {
            format!("The operator does not install Addon {addon} in this Kubernetes cluster: {message}")
        }
        Failure::PodDoesNotStart(pod, reason) => format!(
            "The installation of Addon {addon} does not begin: Pod {namespace}/{pod} does not start.\n\n{reason}\n\nCheck the registry of the operator's images (`image_registry` of `kubeblocks_operator`), and for a chart of your own `chart.image`."
        ),
        Failure::Installation => {
            let report = job_report(client, namespace, facts).await;
            let report = report
                .or_else(|| condition_log(facts))
                .unwrap_or_else(|| "The operator says no more than that, and its Job is gone.".to_owned());
            format!(
                "The chart of Addon {addon} could not be installed, although the operator's Job tried several times.\n\n{report}\n\nThe next apply tries again."
            )
        }
        Failure::Uninstallation => {
            let report = job_report(client, namespace, facts).await.unwrap_or_default();
            format!(
                "The chart of Addon {addon} could not be uninstalled, although the operator tried several times.\n\n{report}\n\nIts release is {} in namespace {namespace}.",
                release_name(addon)
            )
        }
    }
}

/// That the operator does not run.
pub fn operator_away(namespace: &str) -> String {
    format!(
        "The KubeBlocks operator is not running: its Deployment in namespace {namespace} has no ready pod. Without it nothing is installed or uninstalled.\n\nScale it up, or see why it does not start: `kubectl -n {namespace} get pods -l app.kubernetes.io/name=kubeblocks`."
    )
}

/// That there is no operator.
pub fn no_operator(summary: &str, endpoint: &str) -> Diagnostic {
    Diagnostic::error(
        summary,
        format!(
            "The KubeBlocks operator is not installed in the Kubernetes cluster {endpoint}: there is no Deployment with the label {}.\n\nInstall it with a `kubeblocks_operator`, and take `kubernetes` of this add-on from it so that it comes first.",
            super::operator::OPERATOR_LABEL
        ),
    )
}

/// Why the newest failed pod of the newest Job failed, and its log.
async fn job_report(client: &Client, namespace: &str, facts: Option<&Facts>) -> Option<String> {
    let facts = facts?;
    let job = facts.install_job().or_else(|| facts.uninstall_job())?;
    let pods = facts.pods_of(&job.name);
    if let Some((pod, trouble)) = facts.pod_trouble(&job.name) {
        return Some(format!("Pod {namespace}/{pod} does not start: {trouble}"));
    }
    let pod = pods.iter().find(|pod| pod.has_failed)?;
    Some(log_of(client, namespace, job, pod).await)
}

async fn log_of(client: &Client, namespace: &str, job: &JobFacts, pod: &PodFacts) -> String {
    let container = pod.failed_container.as_deref();
    let mut text = format!("Job {namespace}/{}, pod {}", job.name, pod.name);
    if let Some(container) = container {
        let _ = write!(text, ", container {container}");
    }
    let client = client.obeying(&tokio_util::sync::CancellationToken::new());
    match at_most(LOG_TIMEOUT, client.pod_log(namespace, &pod.name, container, LOG_LINES)).await {
        Some(Ok(log)) if !log.trim().is_empty() => {
            let _ = write!(text, ":\n\n{}", log.trim_end());
        }
        Some(Ok(_)) => text.push_str(", which wrote nothing."),
        Some(Err(ApiError::Forbidden { .. })) => {
            text.push_str(", whose log may not be read with these credentials (`get` on `pods/log`).");
        }
        Some(Err(error)) => {
            let _ = write!(text, ", whose log cannot be read: {error}");
        }
        None => text.push_str(", whose log could not be read in time."),
    }
    text
}

/// The log that the operator has put into a condition.
fn condition_log(facts: Option<&Facts>) -> Option<String> {
    let facts = facts?;
    let reasons = ["InstallationFailedLogs", "InstallationFailed"];
    let condition = reasons.iter().find_map(|reason| facts.condition(reason))?;
    let message = condition.message.as_deref()?;
    let lines: Vec<&str> = message.trim_end().lines().collect();
    let first = lines.len().saturating_sub(usize::try_from(LOG_LINES).unwrap_or(usize::MAX));
    Some(lines[first..].join("\n"))
}

fn tail(report: Option<String>) -> String {
    report.map_or_else(String::new, |report| format!("{report}\n\n"))
}

/// The warning for an add-on that is kept although it was not ready in time.
pub fn slow_but_healthy(addon: &str, error: &NotDone, timeout: &str) -> Diagnostic {
    let missing = error.missing.as_ref().map_or_else(String::new, |why| format!(", waiting until {why}"));
    Diagnostic::warning(
        "KubeBlocks add-on is not ready yet",
        format!(
            "Addon {addon} was not ready after {}{missing}, but nothing is wrong with it, so it is kept. The operator goes on with it; the next apply waits for it. Raise `{timeout}` to wait longer.",
            spoken(error.waited)
        ),
    )
}

/// That databases use what would be removed.
pub fn in_use(summary: &str, addon: &str, users: &[String]) -> Diagnostic {
    let count = match users.len() {
        1 => "One database uses".to_owned(),
        count => format!("{count} databases use"),
    };
    Diagnostic::error(
        summary,
        format!(
            "{count} what Addon {addon} has installed:\n\n{}\n\nWithout it the operator can neither change nor remove them properly. Destroy them first.",
            definitions::listed(users)
        ),
    )
}

/// That the add-on's own condition excludes this Kubernetes cluster.
pub fn not_installable(summary: &str, addon: &str, selector: &Selector, platform: &Platform) -> Diagnostic {
    Diagnostic::error(
        summary,
        format!(
            "Addon {addon} is not made for this Kubernetes cluster. It asks for: {} {} [{}]; here it is {:?}.\n\nTo have it all the same, annotate the Addon with extensions.kubeblocks.io/skip-installable-check=true.",
            selector.key,
            selector.operator,
            selector.values.join(", "),
            subject(selector, platform)
        ),
    )
    .at(Path::attribute("name"))
}

/// The error for what an add-on has brought and cannot be read.
pub fn unreadable(summary: &str, error: &definitions::Error) -> Diagnostic {
    match error {
        definitions::Error::Api { source } => diagnostic(summary, source),
        definitions::Error::Release { source: crate::helm::release::Error::Read { source, .. } } => {
            diagnostic(summary, source)
        }
        error => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                let _ = write!(text, ": {cause}");
                source = cause.source();
            }
            Diagnostic::error(summary, text)
        }
    }
}

fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}
