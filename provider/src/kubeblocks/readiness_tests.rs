//! Each rule of readiness as a story of snapshots with the moment of each.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{ComponentPhase, TerminationPolicy};
use tokio::time::Instant;

use super::readiness::{Assessor, FailureKind, Patience, Verdict, is_healthy};
use super::snapshot::{Sighted, Snapshot};
use super::test_support::{event, orders, pod, waiting};
use super::trouble::TroubleKind;

/// Snapshots, each with its second.
type Story = Vec<(u64, Snapshot)>;

/// Judges `story`, a list of seconds and snapshots, and returns the verdict of each.
fn judge(story: impl IntoIterator<Item = (u64, Snapshot)>) -> Vec<Verdict> {
    let start = Instant::now();
    let mut assessor = Assessor::new(3, Patience::default());
    story
        .into_iter()
        .map(|(seconds, mut snapshot)| {
            let now = start + Duration::from_secs(seconds);
            snapshot.taken = now;
            assessor.assess(&snapshot, now)
        })
        .collect()
}

/// The verdict on one and the same snapshot after `seconds`.
fn after(seconds: u64, snapshot: &Snapshot) -> Verdict {
    judge([(0, snapshot.clone()), (seconds, snapshot.clone())]).pop().unwrap()
}

fn failed_for(verdict: &Verdict) -> Option<FailureKind> {
    match verdict {
        Verdict::FailedForGood(failure) => Some(failure.kind),
        Verdict::Ready | Verdict::Settling { .. } | Verdict::Progressing { .. } => None,
    }
}

fn why(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Progressing { why, .. } => why,
        Verdict::Ready | Verdict::Settling { .. } | Verdict::FailedForGood(_) => "",
    }
}

#[test]
fn ready_is_what_holds_on_two_reads_two_seconds_apart() {
    let ready = orders().running();
    let verdicts = judge([(0, ready.clone()), (1, ready.clone()), (2, ready)]);
    assert!(matches!(verdicts[0], Verdict::Settling { .. }), "{verdicts:?}");
    assert!(matches!(verdicts[1], Verdict::Settling { .. }), "{verdicts:?}");
    assert_eq!(verdicts[2], Verdict::Ready);
}

#[test]
fn a_running_that_is_stale_starts_the_two_seconds_anew() {
    let stale = orders().running();
    let updating = orders().running().phase(ComponentPhase::Updating);
    let verdicts =
        judge([(0, stale.clone()), (1, updating), (2, stale.clone()), (3, stale.clone()), (4, stale)]);
    assert!(matches!(verdicts[2], Verdict::Settling { .. }), "{verdicts:?}");
    assert!(matches!(verdicts[3], Verdict::Settling { .. }), "{verdicts:?}");
    assert_eq!(verdicts[4], Verdict::Ready);
}

#[test]
fn the_first_spec_of_a_cluster_has_nothing_stale_to_wait_out() {
    let mut first = orders().running().generation(1).observed(1).change_workload(|workload| {
        workload.cluster_generation = Some(1);
    });
    let now = Instant::now();
    assert_eq!(Assessor::new(1, Patience::default()).assess(&first, now), Verdict::Ready);
    first.workloads = Sighted::Hidden;
    let blind = Assessor::new(1, Patience::default()).assess(&first, now);
    assert!(matches!(blind, Verdict::Settling { .. }), "{blind:?}");
}

#[test]
fn without_sight_of_workloads_it_takes_three_reads_over_fifteen_seconds() {
    let mut blind = orders().running();
    blind.workloads = Sighted::Hidden;
    let at = |seconds: &[u64]| judge(seconds.iter().map(|second| (*second, blind.clone()))).pop().unwrap();
    assert!(matches!(at(&[0, 2]), Verdict::Settling { .. }));
    assert!(matches!(at(&[0, 15]), Verdict::Settling { .. }));
    assert_eq!(at(&[0, 8, 15]), Verdict::Ready);
}

#[test]
fn each_part_of_the_ready_test_is_needed() {
    let table: Vec<(&str, Snapshot, &str)> = vec![
        ("spec", orders().running().generation(2), "not shown the new spec"),
        ("observed", orders().running().observed(2), "operator has not taken up"),
        ("no workload", orders().running().without_workload(), "workload of component redis"),
        (
            "workload of an older spec",
            orders().running().change_workload(|workload| workload.cluster_generation = Some(2)),
            "workload of component redis",
        ),
        (
            "workload not observed",
            orders().running().change_workload(|workload| workload.observed_generation = Some(6)),
            "rolling: 2 instances wanted, 2 there, 1 ready",
        ),
        (
            "workload not rolled",
            orders().running().change_workload(|workload| workload.current_generation = Some(6)),
            "rolling",
        ),
        (
            "workload never rolled",
            orders().running().change_workload(|workload| workload.current_generation = None),
            "rolling",
        ),
        (
            "component phase",
            orders().running().component_phase(ComponentPhase::Updating),
            "component redis is Updating",
        ),
        ("cluster phase", orders().running().phase(ComponentPhase::Updating), "the Cluster is Updating"),
        (
            "volume",
            orders().running().with_claim("data-orders-redis-0", "10Gi", "20Gi"),
            "volume data-orders-redis-0 has not grown from 10Gi to 20Gi",
        ),
        ("no phase", orders().fresh(), "operator has not taken up"),
    ];
    for (case, snapshot, expected) in table {
        let verdict = after(5, &snapshot);
        assert!(why(&verdict).contains(expected), "{case}: {verdict:?}");
    }
}

#[test]
fn volumes_that_are_as_large_or_that_no_instance_mounts_are_not_waited_for() {
    let same = orders().running().with_claim("data-orders-redis-0", "20Gi", "20480Mi");
    assert_eq!(after(2, &same), Verdict::Ready);
    let rounded_up = orders().running().with_claim("data-orders-redis-0", "21Gi", "20Gi");
    assert_eq!(after(2, &rounded_up), Verdict::Ready);
    let stopped =
        orders().running().wanted(0).component_phase(ComponentPhase::Stopped).phase(ComponentPhase::Stopped);
    assert_eq!(after(2, &stopped.with_claim("data-orders-redis-0", "10Gi", "20Gi")), Verdict::Ready);
}

#[test]
fn a_stopped_cluster_is_ready_when_it_is_stopped() {
    let stopped =
        orders().running().wanted(0).component_phase(ComponentPhase::Stopped).phase(ComponentPhase::Stopped);
    assert_eq!(after(2, &stopped), Verdict::Ready);
    let stopping = orders()
        .running()
        .wanted(0)
        .component_phase(ComponentPhase::Stopping)
        .phase(ComponentPhase::Stopping);
    assert!(why(&after(2, &stopping)).contains("Stopping"));
    let not_yet = orders().running().wanted(0);
    assert!(why(&after(2, &not_yet)).contains("component redis is Running"));
}

#[test]
fn a_stopped_component_beside_a_running_one_makes_the_cluster_abnormal_and_that_is_ready() {
    let mixed = orders().running().with_stopped_component("proxy").phase(ComponentPhase::Abnormal);
    assert_eq!(after(2, &mixed), Verdict::Ready);
    assert_eq!(after(3600, &mixed), Verdict::Ready);
    let all_running = orders().running().phase(ComponentPhase::Abnormal);
    assert!(why(&after(2, &all_running)).contains("Abnormal"));
}

#[test]
fn leftover_volumes_of_an_earlier_cluster_fail_at_once() {
    let left = orders().fresh().condition(
        "HaltRecovery",
        "False",
        "UncleanedResources",
        "found PVC data-orders-redis-0",
    );
    let verdicts = judge([(0, left)]);
    assert_eq!(failed_for(&verdicts[0]), Some(FailureKind::HaltRecovery), "{verdicts:?}");
}

#[test]
fn conditions_fail_after_their_grace_and_not_before() {
    let provisioning =
        |message: &str| orders().fresh().condition("ProvisioningStarted", "False", "PreCheckFailed", message);
    let applying = |reason: &str, message: &str| {
        orders().running().condition("ApplyResources", "False", reason, message)
    };
    let table: Vec<(&str, Story, Option<FailureKind>)> = vec![
        ("add-on on its way", vec![(0, provisioning("no cd")), (59, provisioning("no cd"))], None),
        (
            "definition missing",
            vec![(0, provisioning("no cd")), (60, provisioning("no cd"))],
            Some(FailureKind::Provisioning),
        ),
        (
            "other words, same trouble",
            vec![(0, provisioning("no cd")), (60, provisioning("no cv"))],
            Some(FailureKind::Provisioning),
        ),
        (
            "in between it went",
            vec![(0, provisioning("no cd")), (30, orders().fresh()), (60, provisioning("no cd"))],
            None,
        ),
        ("restore", vec![(0, applying("RestoreFailed", "x"))], Some(FailureKind::Restore)),
        ("backup for new replicas", vec![(0, applying("BackupFailed", "x"))], Some(FailureKind::Backup)),
        (
            "a conflict of writes",
            vec![
                (0, applying("ApplyResourcesFailed", "modified")),
                (119, applying("ApplyResourcesFailed", "modified")),
            ],
            None,
        ),
        (
            "another message each time",
            vec![(0, applying("ApplyResourcesFailed", "a")), (120, applying("ApplyResourcesFailed", "b"))],
            None,
        ),
        (
            "the same message",
            vec![(0, applying("ApplyResourcesFailed", "a")), (120, applying("ApplyResourcesFailed", "a"))],
            Some(FailureKind::ApplyResources),
        ),
        ("of the spec before", vec![(0, applying("RestoreFailed", "x").generation(2))], None),
        (
            "not a failure",
            vec![
                (0, orders().fresh().condition("ReplicasReady", "False", "ReplicasNotReady", "x")),
                (9000, orders().fresh().condition("ReplicasReady", "False", "ReplicasNotReady", "x")),
            ],
            None,
        ),
    ];
    for (case, story, expected) in table {
        let verdict = judge(story).pop().unwrap();
        assert_eq!(failed_for(&verdict), expected, "{case}: {verdict:?}");
    }
}

#[test]
fn failed_is_final_only_when_it_lasts_ten_minutes() {
    let failed = || orders().running().component_phase(ComponentPhase::Failed).phase(ComponentPhase::Failed);
    let recovered =
        || orders().running().component_phase(ComponentPhase::Creating).phase(ComponentPhase::Creating);
    assert_eq!(failed_for(&after(599, &failed())), None);
    assert_eq!(failed_for(&after(600, &failed())), Some(FailureKind::Failed));
    let story = [(0, failed()), (300, recovered()), (400, failed()), (999, failed())];
    assert_eq!(failed_for(judge(story).last().unwrap()), None);
    // One component failed beside a running one.
    let abnormal =
        orders().running().with_component("proxy", ComponentPhase::Failed).phase(ComponentPhase::Abnormal);
    assert_eq!(failed_for(&after(600, &abnormal)), Some(FailureKind::Failed));
}

#[test]
fn the_moment_to_judge_again_is_that_of_the_nearest_grace() {
    let start = Instant::now();
    let mut assessor = Assessor::new(3, Patience::default());
    let both = orders().fresh().component_phase(ComponentPhase::Failed).condition(
        "ProvisioningStarted",
        "False",
        "PreCheckFailed",
        "x",
    );
    let Verdict::Progressing { judge_again, .. } = assessor.assess(&both, start) else {
        panic!("not progressing")
    };
    assert_eq!(judge_again, Some(start + Duration::from_mins(1)));
    let Verdict::Progressing { judge_again, .. } = assessor.assess(&orders().fresh(), start) else {
        panic!("not progressing")
    };
    assert_eq!(judge_again, None);
}

#[test]
fn pods_that_cannot_work_fail_in_every_phase_after_their_grace() {
    let trouble = FailureKind::Trouble;
    let image = || waiting("ImagePullBackOff", "no such image", 0);
    let table = [
        ("image", pod("orders-redis-1", image()), 179, None),
        ("image", pod("orders-redis-1", image()), 180, Some(trouble(TroubleKind::Image))),
        (
            "invalid image",
            pod("orders-redis-1", waiting("InvalidImageName", "", 0)),
            180,
            Some(trouble(TroubleKind::Image)),
        ),
        ("four crashes", pod("orders-redis-1", waiting("CrashLoopBackOff", "", 4)), 500, None),
        (
            "five crashes",
            pod("orders-redis-1", waiting("CrashLoopBackOff", "", 5)),
            0,
            Some(trouble(TroubleKind::CrashLoop)),
        ),
        ("creating", pod("orders-redis-1", waiting("ContainerCreating", "", 0)), 500, None),
    ];
    for phase in [ComponentPhase::Creating, ComponentPhase::Updating, ComponentPhase::Failed] {
        for (case, pod, seconds, expected) in &table {
            let snapshot =
                orders().running().component_phase(phase.clone()).phase(phase.clone()).with_pod(pod.clone());
            let verdict = after(*seconds, &snapshot);
            assert_eq!(failed_for(&verdict), *expected, "{case} in {phase} after {seconds}: {verdict:?}");
        }
    }
}

#[test]
fn pods_of_the_revision_before_and_pods_that_go_do_not_fail_an_update() {
    let updating =
        || orders().running().component_phase(ComponentPhase::Updating).phase(ComponentPhase::Updating);
    let mut old = pod("orders-redis-1", waiting("CrashLoopBackOff", "", 50));
    old.revision = Some("redis-old".to_owned());
    assert_eq!(failed_for(&after(500, &updating().with_pod(old))), None);
    let mut going = pod("orders-redis-1", waiting("CrashLoopBackOff", "", 50));
    going.deleting = true;
    assert_eq!(failed_for(&after(500, &updating().with_pod(going))), None);
}

#[test]
fn a_pod_without_a_node_waits_for_one_that_is_on_its_way() {
    let creating =
        || orders().running().component_phase(ComponentPhase::Failed).phase(ComponentPhase::Failed);
    let stuck = || {
        let mut pod = pod("orders-redis-0", Vec::new());
        pod.unschedulable = Some("0/3 nodes are available: 3 Insufficient cpu".to_owned());
        creating().with_pod(pod)
    };
    assert_eq!(failed_for(&after(299, &stuck())), None);
    assert_eq!(failed_for(&after(300, &stuck())), Some(FailureKind::Trouble(TroubleKind::Unschedulable)));
    for reason in ["TriggeredScaleUp", "Nominated"] {
        let scaling = stuck().with_event(event("Pod", "orders-redis-0", reason, "pod triggered scale-up"));
        assert_eq!(failed_for(&after(599, &scaling)), None, "{reason}");
        assert_eq!(failed_for(&after(600, &scaling)), Some(FailureKind::Failed), "{reason}");
    }
}

#[test]
fn a_pod_that_waits_for_its_volume_is_not_a_pod_without_room() {
    let mut pod = pod("orders-redis-0", Vec::new());
    pod.unschedulable =
        Some("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims".to_owned());
    let waiting = orders().running().component_phase(ComponentPhase::Creating).with_pod(pod);
    assert_eq!(failed_for(&after(1000, &waiting)), None);
}

#[test]
fn a_storage_class_that_is_missing_fails_and_one_that_is_slow_does_not() {
    let missing = r#"storageclass.storage.k8s.io "gp3" not found"#;
    let none = "no persistent volumes available for this claim and no storage class is set";
    let table = [
        ("ProvisioningFailed", missing, 59, None),
        ("ProvisioningFailed", missing, 60, Some(FailureKind::Trouble(TroubleKind::StorageClass))),
        ("FailedBinding", none, 60, Some(FailureKind::Trouble(TroubleKind::StorageClass))),
        ("ProvisioningFailed", "rpc error: quota", 500, None),
        ("WaitForFirstConsumer", "waiting", 500, None),
    ];
    for (reason, message, seconds, expected) in table {
        let event = event("PersistentVolumeClaim", "data-orders-redis-0", reason, message);
        let snapshot = orders().fresh().with_pending_claim("data-orders-redis-0").with_event(event);
        assert_eq!(failed_for(&after(seconds, &snapshot)), expected, "{reason} {message} {seconds}");
    }
}

#[test]
fn without_sight_of_pods_the_operators_messages_tell() {
    let mut blind = orders()
        .running()
        .component_phase(ComponentPhase::Failed)
        .phase(ComponentPhase::Failed)
        .message("Pod/orders-redis-0", "Back-off pulling image: ImagePullBackOff");
    blind.pods = Sighted::Hidden;
    assert_eq!(failed_for(&after(180, &blind)), Some(FailureKind::Trouble(TroubleKind::Image)));
}

#[test]
fn a_failed_restore_and_a_deletion_fail_at_once() {
    let restoring = orders().fresh().with_restore("orders-restore", true);
    assert_eq!(failed_for(&after(0, &restoring)), Some(FailureKind::Restore));
    assert_eq!(failed_for(&after(0, &orders().fresh().with_restore("orders-restore", false))), None);
    let deleting = orders().running().deleting(TerminationPolicy::Delete);
    assert_eq!(failed_for(&after(0, &deleting)), Some(FailureKind::Deleted));
    // It keeps running with the deletion for ever.
    let protected = orders().running().deleting(TerminationPolicy::DoNotTerminate);
    assert_eq!(after(2, &protected), Verdict::Ready);
}

#[test]
fn slow_is_healthy_and_anything_wrong_is_not() {
    let creating =
        || orders().running().component_phase(ComponentPhase::Creating).phase(ComponentPhase::Creating);
    assert!(is_healthy(&creating()));
    assert!(!is_healthy(&orders().fresh()), "the operator has not touched it");
    assert!(is_healthy(&creating().with_pod(pod("orders-redis-0", waiting("ContainerCreating", "", 0)))));
    assert!(!is_healthy(&creating().with_pod(pod("orders-redis-0", waiting("ErrImagePull", "", 0)))));
    assert!(!is_healthy(&orders().running().component_phase(ComponentPhase::Failed)));
    assert!(!is_healthy(&creating().condition("ApplyResources", "False", "ApplyResourcesFailed", "x")));
}

#[test]
fn numbers_of_an_older_spec_do_not_count() {
    let behind = |is_behind: bool| {
        let mut snapshot = orders().running();
        let Sighted::Visible(workloads) = &mut snapshot.workloads else { panic!("they are in sight") };
        workloads[0].is_behind = is_behind;
        snapshot
    };
    let verdicts = judge([(0, behind(false)), (2, behind(true)), (4, behind(false)), (6, behind(false))]);
    assert!(matches!(verdicts[1], Verdict::Progressing { .. }), "{verdicts:?}");
    assert!(matches!(verdicts[2], Verdict::Settling { .. }), "it begins anew: {verdicts:?}");
    assert_eq!(verdicts[3], Verdict::Ready);
}
