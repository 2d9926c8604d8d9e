//! The one place where the outcome of waits and deletes becomes text for the practitioner, with what to do.

use std::time::Duration;

use tfplugin::diagnostic::Diagnostic;

use super::deletion::{DeleteError, Holders};
use super::diagnosis;
use super::naming::CLUSTER_FINALIZER;
use super::readiness::FailureKind;
use super::snapshot::Snapshot;
use super::trouble::TroubleKind;
use super::wait::{NotReady, Reason};
use crate::kubernetes::diagnostic as kubernetes;

/// Which of the `timeouts` a wait obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// `timeouts.create`.
    Create,
    /// `timeouts.update`.
    Update,
}

impl Timeout {
    fn attribute(self) -> &'static str {
        match self {
            Self::Create => "timeouts.create",
            Self::Update => "timeouts.update",
        }
    }
}

/// The error for a Cluster that did not become ready. `summary` says what could not be done.
pub fn not_ready(summary: impl Into<String>, error: &NotReady, timeout: Timeout) -> Diagnostic {
    let object = &error.object;
    let facts = facts(error);
    let detail = match &error.reason {
        Reason::TimedOut => format!(
            "{object} was not ready after {}{}.\n\n{facts}{}",
            spoken(error.waited),
            missing(error),
            timed_out_advice(error, timeout),
        ),
        Reason::Interrupted => format!(
            "Interrupted while {object} was becoming ready{}. It goes on being made in the Kubernetes cluster; run \
             apply again to go on waiting.",
            missing(error)
        ),
        Reason::Failed(failure) => {
            format!("{object} will not become ready: {}\n\n{facts}{}", failure.message, advice(failure.kind))
        }
        Reason::Gone => format!("{object} was deleted by somebody else while it was becoming ready."),
        Reason::Api(error) => kubernetes::detail(error),
    };
    Diagnostic::error(summary, detail.trim_end())
}

/// The warning for a Cluster that is kept although it was not ready in time, as nothing is wrong with it.
pub fn slow_but_healthy(error: &NotReady, timeout: Timeout) -> Diagnostic {
    let detail = format!(
        "{} was not ready after {}{}, but nothing is wrong with it, so it is kept.\n\n{}It goes on becoming ready in \
         the Kubernetes cluster. Raise `{}` to wait longer.",
        error.object,
        spoken(error.waited),
        missing(error),
        facts(error),
        timeout.attribute(),
    );
    Diagnostic::warning("KubeBlocks cluster is not ready yet", detail)
}

/// The error for a Cluster that was not deleted.
pub fn not_deleted(summary: impl Into<String>, error: &DeleteError) -> Diagnostic {
    let detail = match error {
        DeleteError::Protected { object } => protected(&object.to_string()),
        DeleteError::Api { source, .. } => kubernetes::detail(source),
        DeleteError::TimedOut { object, waited, holders } => format!(
            "{object} is still there {} after its deletion.\n\n{}",
            spoken(*waited),
            holders_text(holders)
        ),
        DeleteError::Interrupted { object } => format!(
            "Interrupted while {object} was being deleted. The deletion goes on in the Kubernetes cluster; run the \
             command again to go on waiting."
        ),
    };
    Diagnostic::error(summary, detail.trim_end())
}

/// What to say of a Cluster whose termination policy forbids what is planned. For the plan of a destroy as well.
pub fn protected(object: &str) -> String {
    format!(
        "{object} has the termination policy DoNotTerminate, so it is not deleted, and no delete was sent: KubeBlocks \
         would take it and go on running the database.\n\nTo delete it, set `termination_policy = \"Delete\"` (or \
         \"Halt\" to keep the volumes, \"WipeOut\" to remove backups as well), apply that, then destroy."
    )
}

fn facts(error: &NotReady) -> String {
    error.last.as_ref().map(|last| with_break(diagnosis::describe(last))).unwrap_or_default()
}

fn with_break(text: String) -> String {
    if text.is_empty() { text } else { format!("{text}\n") }
}

fn missing(error: &NotReady) -> String {
    error.missing.as_ref().map(|missing| format!(": {missing}")).unwrap_or_default()
}

fn timed_out_advice(error: &NotReady, timeout: Timeout) -> String {
    let worst: Option<TroubleKind> = error.last.as_ref().and_then(diagnosis::worst);
    let raise = format!("If it only needs longer, raise `{}`.", timeout.attribute());
    match worst {
        Some(trouble) => format!("{} {raise}", advice(FailureKind::Trouble(trouble))),
        None if error.last.as_ref().is_some_and(is_untouched) => {
            format!(
                "The operator has not touched it: check that KubeBlocks runs (`kubectl get pods -A -l app.kubernetes.io/name=kubeblocks`). {raise}"
            )
        }
        None => raise,
    }
}

fn is_untouched(snapshot: &Snapshot) -> bool {
    snapshot.cluster.observed_generation.is_none() && snapshot.cluster.conditions.is_empty()
}

fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::HaltRecovery => {
            "Volumes of an earlier cluster of this name are there. To take them over, make `definition`, `version` and \
             the components as they were then; to start empty, delete those volume claims (label \
             app.kubernetes.io/instance) or choose another `name`."
        }
        FailureKind::Restore => {
            "Check the backup: it must be Completed, of type Full, and fit the components. A restore is not tried \
             again; destroy this cluster and create it anew."
        }
        FailureKind::Backup => {
            "New instances get their data through a backup. Make a VolumeSnapshotClass for the driver of the volumes, \
             or a default backup repository, or set `replicas` back."
        }
        FailureKind::Provisioning => {
            "Check `definition` and `version`: they are installed by the add-on of the engine, which must be enabled \
             (`kubectl get clusterdefinitions,clusterversions`), and check `logs` for names that the engine has."
        }
        FailureKind::ApplyResources => {
            "Change what the message names. What was refused there is tried again with each apply."
        }
        FailureKind::Deleted => "Run apply again once it is gone, to create it anew.",
        FailureKind::Failed => {
            "Look at the logs of the pods above (`kubectl logs`). KubeBlocks goes on trying; run apply again when the \
             cause is mended."
        }
        FailureKind::Trouble(trouble) => trouble_advice(trouble),
    }
}

fn trouble_advice(trouble: TroubleKind) -> &'static str {
    match trouble {
        TroubleKind::Image => {
            "The image of this `version` cannot be pulled: check the network of the nodes, the registry that KubeBlocks \
             is configured with, and its pull secrets."
        }
        TroubleKind::CrashLoop | TroubleKind::Container => {
            "Look at the logs of that container (`kubectl logs --previous`); too little memory in `resources` and wrong \
             parameters are the common causes."
        }
        TroubleKind::StorageClass => {
            "Set `volumes[...].storage_class` to a class that exists (`kubectl get storageclasses`), or make one the \
             default. The volumes of a cluster cannot change their class: destroy it and create it anew."
        }
        TroubleKind::Unschedulable => {
            "Make room: lower `resources`, add nodes, or loosen `affinity` and `tolerations` so that existing nodes fit."
        }
        TroubleKind::NodeOnTheWay => "An autoscaler is making a node.",
        TroubleKind::VolumePending => {
            "Check the driver of the storage class and its quota (`kubectl describe pvc`)."
        }
    }
}

fn holders_text(holders: &Holders) -> String {
    let mut text = String::new();
    if !holders.finalizers.is_empty() {
        text.push_str("It is held by its finalizers: ");
        text.push_str(&holders.finalizers.join(", "));
        text.push_str(".\n");
    }
    if !holders.dependants.is_empty() {
        text.push_str("Still there of what belongs to it:\n");
        for dependant in &holders.dependants {
            text.push_str("- ");
            text.push_str(dependant);
            text.push('\n');
        }
    }
    let by_operator = holders.finalizers.iter().any(|finalizer| finalizer == CLUSTER_FINALIZER);
    let advice = match (&holders.termination_policy, by_operator) {
        (Some(policy), _) if policy == "DoNotTerminate" => {
            "Its termination policy is DoNotTerminate, which keeps it: set another `termination_policy`."
        }
        (Some(policy), true) if policy == "WipeOut" && has(holders, "Backup/") => {
            "A Backup whose deletionPolicy is Retain is not removed by WipeOut: delete it, or set its deletionPolicy to \
             Delete."
        }
        (_, true) => {
            "The KubeBlocks operator removes its finalizer when everything above is gone: check that it runs, and what \
             holds those objects. Then run the command again, or raise `timeouts.delete`."
        }
        (_, false) => "Check which controller owns these finalizers, then run the command again.",
    };
    format!("{text}\n{advice}")
}

fn has(holders: &Holders, prefix: &str) -> bool {
    holders.dependants.iter().any(|dependant| dependant.starts_with(prefix))
}

/// `45 seconds`, `30 minutes`, `1 hour 5 minutes`.
pub(super) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = |count: u64, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => unit(seconds, "second"),
        (0, minutes, 0) => unit(minutes, "minute"),
        (0, minutes, seconds) => format!("{} {}", unit(minutes, "minute"), unit(seconds, "second")),
        (hours, 0, _) => unit(hours, "hour"),
        (hours, minutes, _) => format!("{} {}", unit(hours, "hour"), unit(minutes, "minute")),
    }
}
