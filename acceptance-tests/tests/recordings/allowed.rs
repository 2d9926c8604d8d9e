//! Where the stand-in may differ from the recordings, and why.

use crate::compare::Difference;

/// A difference that is allowed: all its texts have to be contained in what was found.
struct Allowed {
    recording: &'static str,
    step: &'static str,
    object: &'static str,
    path: &'static str,
    #[allow(dead_code, reason = "the reason is for the reader")]
    reason: &'static str,
}

const fn allowed(
    recording: &'static str,
    step: &'static str,
    object: &'static str,
    path: &'static str,
    reason: &'static str,
) -> Allowed {
    Allowed { recording, step, object, path, reason }
}

const ALLOWED: &[Allowed] = &[
    allowed(
        "",
        "",
        "pods/",
        "rsm.workloads.kubeblocks.io/access-mode",
        "the recording's helper set only the role; on a real cluster the operator sets both labels",
    ),
    allowed(
        "",
        "",
        "BackupSchedule/",
        "HandleBackupScheduleFailed",
        "a schedule that is looked at before its policy is made, or after it is gone, fails for a moment",
    ),
    allowed(
        "",
        "",
        "backupschedules/",
        "way of phase",
        "a schedule that is looked at before its policy is made, or after it is gone, fails for a moment",
    ),
    allowed(
        "redis",
        "OpsRequest Stop",
        "clusters/cache",
        "way of phase",
        "pods without processes are gone within a look, so Stopping may be passed unseen",
    ),
    allowed(
        "",
        "",
        "Cluster/",
        "event Normal DeletingCR",
        "late events of a busy object fall to the recorder's limit, in one run or in the other",
    ),
    allowed(
        "postgresql",
        "create Cluster orders",
        "clusters/orders",
        "way of",
        "the recorded operator was so late that the cluster was Running at its first look: Creating is not recorded",
    ),
    allowed(
        "redis",
        "",
        "opsrequests/cache-start",
        ".status.components.redis.phase",
        "a start that finds all pods ready before the cluster was seen to leave Stopped ends there, by chance of timing",
    ),
    allowed(
        "postgresql",
        "delete Cluster",
        "OpsRequest/orders-switchover",
        "event",
        "the recorded operator had used up the recorder's limit by looking at the switchover's Job again and again",
    ),
    allowed(
        "postgresql",
        "delete Cluster",
        "opsrequests/orders-switchover",
        "way of",
        "the recording holds one more row of the still running operation, its deletion mark, before it fails",
    ),
    allowed(
        "failures",
        "",
        "clusters/badlog",
        "way of ProvisioningStarted",
        "the condition is only written again each second, and steps are shorter in one run than in the other",
    ),
    allowed(
        "redis",
        "OpsRequest Start",
        "OpsRequest/",
        "event Normal Processing",
        "pods without processes are ready within a look, so that they are being made may pass unseen",
    ),
];

/// Whether a difference is on the list.
pub(crate) fn is_allowed(recording: &str, step: &str, difference: &Difference) -> bool {
    ALLOWED.iter().any(|entry| {
        recording.contains(entry.recording)
            && step.contains(entry.step)
            && difference.object.contains(entry.object)
            && difference.path.contains(entry.path)
    })
}
