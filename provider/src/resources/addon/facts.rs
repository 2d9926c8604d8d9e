//! What is seen of one add-on at one moment: its object, the operator's Jobs and their pods, and whether the operator
//! runs. Plain data, made from a snapshot of watches; judged in `readiness`.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase, Condition};

use super::operator::choose;
use crate::kubernetes::observe::Seen;

/// Label of the Jobs of an add-on, and of their pods.
pub const ADDON_LABEL: &str = "extensions.kubeblocks.io/addon-name";

/// What is seen of one add-on.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its object; absent while there is none.
    pub addon: Option<Addon>,
    /// The Jobs that install and uninstall it.
    pub jobs: Vec<JobFacts>,
    /// Their pods.
    pub pods: Vec<PodFacts>,
    /// Whether the operator has a ready pod; absent when its Deployment cannot be seen.
    pub operator_ready: Option<bool>,
    /// Whether the add-on can be seen at all.
    pub is_visible: bool,
    /// Why it cannot, in the words of the watch.
    pub trouble: Option<String>,
    /// Whether the watch of it is refused for good.
    pub is_denied: bool,
}

/// A Job of the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFacts {
    /// Name.
    pub name: String,
    /// Identity.
    pub uid: String,
    /// Whether it is being deleted.
    pub is_deleting: bool,
    /// Whether a pod of it has succeeded.
    pub has_succeeded: bool,
    /// How many of its pods have failed.
    pub failed: i32,
    /// Whether it has given up.
    pub has_given_up: bool,
}

/// A pod of such a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// Name.
    pub name: String,
    /// Name of its Job.
    pub job: String,
    /// When it was made.
    pub created: Option<Time>,
    /// Whether it has failed.
    pub has_failed: bool,
    /// Whether helm has begun to run in it.
    pub has_started: bool,
    /// What keeps it from starting, in the words of Kubernetes.
    pub trouble: Option<String>,
    /// The container that ended with an error.
    pub failed_container: Option<String>,
}

impl Facts {
    /// From the four selections of a wait: the add-on, Jobs, pods, and the operator's Deployments.
    pub fn of(name: &str, seen: &[Seen]) -> Self {
        let [addons, jobs, pods, deployments] = seen else { return Self::default() };
        let find = |addon: &Addon| addon.metadata.name.as_deref() == Some(name);
        let operator_ready = deployments
            .is_open()
            .then(|| choose(&deployments.typed::<Deployment>()).is_some_and(|operator| operator.is_ready));
        Self {
            addon: addons.typed::<Addon>().into_iter().find(find),
            jobs: jobs.typed::<Job>().iter().map(job).collect(),
            pods: pods.typed::<Pod>().iter().map(pod).collect(),
            operator_ready,
            is_visible: addons.is_open(),
            trouble: addons.trouble.clone(),
            is_denied: addons.sight == crate::kubernetes::observe::Sight::Closed,
        }
    }

    /// The Job that installs the add-on.
    pub fn install_job(&self) -> Option<&JobFacts> {
        self.job(&install_job(self.name()))
    }

    /// The Job that uninstalls the add-on.
    pub fn uninstall_job(&self) -> Option<&JobFacts> {
        self.job(&uninstall_job(self.name()))
    }

    fn job(&self, name: &str) -> Option<&JobFacts> {
        self.jobs.iter().find(|job| job.name == name)
    }

    fn name(&self) -> &str {
        self.addon.as_ref().and_then(|addon| addon.metadata.name.as_deref()).unwrap_or_default()
    }

    /// Its phase; absent before the operator has looked at it.
    pub fn phase(&self) -> Option<&AddonPhase> {
        self.addon.as_ref()?.status.as_ref()?.phase.as_ref()
    }

    /// Generation of the object.
    pub fn generation(&self) -> i64 {
        self.addon.as_ref().and_then(|addon| addon.metadata.generation).unwrap_or(0)
    }

    /// Whether the operator has seen the object as it is now.
    pub fn is_current(&self) -> bool {
        let status = self.addon.as_ref().and_then(|addon| addon.status.as_ref());
        status.and_then(|status| status.observed_generation).is_some_and(|seen| seen >= self.generation())
    }

    /// A condition that speaks of the object as it is now, by its reason.
    pub fn condition(&self, reason: &str) -> Option<&Condition> {
        let status = self.addon.as_ref()?.status.as_ref()?;
        status.conditions.iter().find(|condition| {
            condition.reason.as_deref() == Some(reason)
                && condition.observed_generation.unwrap_or(0) >= self.generation()
        })
    }

    /// The pods of a Job, newest first.
    pub fn pods_of(&self, job: &str) -> Vec<&PodFacts> {
        let mut pods: Vec<&PodFacts> = self.pods.iter().filter(|pod| pod.job == job).collect();
        pods.sort_by(|one, other| (&other.created, &other.name).cmp(&(&one.created, &one.name)));
        pods
    }

    /// What keeps the newest pod of a Job from starting.
    pub fn pod_trouble(&self, job: &str) -> Option<(&str, &str)> {
        let pod = self.pods_of(job).into_iter().next()?;
        Some((pod.name.as_str(), pod.trouble.as_deref()?))
    }
}

/// Name of the Job that installs an add-on.
pub fn install_job(addon: &str) -> String {
    format!("install-{addon}-addon")
}

/// Name of the Job that uninstalls an add-on.
pub fn uninstall_job(addon: &str) -> String {
    format!("uninstall-{addon}-addon")
}

/// Name of the helm release of an add-on.
pub fn release_name(addon: &str) -> String {
    format!("kb-addon-{addon}")
}

fn job(job: &Job) -> JobFacts {
    let status = job.status.clone().unwrap_or_default();
    let has = |kind: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|condition| condition.type_ == kind && condition.status == "True")
    };
    JobFacts {
        name: job.metadata.name.clone().unwrap_or_default(),
        uid: job.metadata.uid.clone().unwrap_or_default(),
        is_deleting: job.metadata.deletion_timestamp.is_some(),
        has_succeeded: status.succeeded.unwrap_or(0) > 0 || has("Complete"),
        failed: status.failed.unwrap_or(0),
        has_given_up: has("Failed"),
    }
}

fn pod(pod: &Pod) -> PodFacts {
    let status = pod.status.clone().unwrap_or_default();
    let statuses: Vec<&ContainerStatus> = status
        .init_container_statuses
        .iter()
        .flatten()
        .chain(status.container_statuses.iter().flatten())
        .collect();
    let label = |key: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(key)).cloned();
    let unschedulable = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    });
    let unschedulable = unschedulable
        .map(|condition| format!("no node takes it: {}", condition.message.as_deref().unwrap_or_default()));
    let failed = statuses.iter().find(|status| {
        let ended = status.state.as_ref().and_then(|state| state.terminated.as_ref());
        ended.is_some_and(|ended| ended.exit_code != 0)
    });
    PodFacts {
        name: pod.metadata.name.clone().unwrap_or_default(),
        job: label("job-name").or_else(|| label("batch.kubernetes.io/job-name")).unwrap_or_default(),
        created: pod.metadata.creation_timestamp.clone(),
        has_failed: status.phase.as_deref() == Some("Failed"),
        has_started: status.container_statuses.iter().flatten().any(|status| {
            status.state.as_ref().is_some_and(|state| state.running.is_some() || state.terminated.is_some())
        }),
        trouble: unschedulable.or_else(|| statuses.iter().find_map(|status| waiting(status))),
        failed_container: failed.map(|status| status.name.clone()),
    }
}

/// Why a container waits, unless it is on its way.
fn waiting(status: &ContainerStatus) -> Option<String> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    if matches!(reason, "" | "ContainerCreating" | "PodInitializing") {
        return None;
    }
    let message = waiting.message.as_deref().filter(|message| !message.is_empty());
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    Some(format!("container {}: {reason}{message}", status.name))
}
