//! Every way in which the operator's phases mislead, as facts in and verdicts out.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::super::facts::{JobFacts, PodFacts};
use super::*;

/// An add-on whose object has generation 3.
fn addon(phase: &str, observed: i64, more: Json) -> Facts {
    let mut object = json!({
        "metadata": {"name": "redis", "generation": 3},
        "spec": {"type": "Helm", "defaultInstallValues": []},
        "status": {"observedGeneration": observed},
    });
    if !phase.is_empty() {
        object["status"]["phase"] = phase.into();
    }
    let Json::Object(more) = more else { panic!("no object") };
    object["status"].as_object_mut().unwrap().extend(more);
    Facts {
        addon: Some(serde_json::from_value(object).unwrap()),
        operator_ready: Some(true),
        is_visible: true,
        ..Facts::default()
    }
}

fn job(name: &str) -> JobFacts {
    JobFacts { name: format!("{name}-redis-addon"), uid: "1".to_owned(), ..JobFacts::default() }
}

fn with_job(mut facts: Facts, job: JobFacts) -> Facts {
    facts.jobs.push(job);
    facts
}

fn with_pod(mut facts: Facts, trouble: Option<&str>, has_started: bool) -> Facts {
    facts.pods.push(PodFacts {
        name: "pod".to_owned(),
        job: "install-redis-addon".to_owned(),
        trouble: trouble.map(str::to_owned),
        has_started,
        ..PodFacts::default()
    });
    facts
}

fn condition(reason: &str, generation: i64) -> Json {
    json!({"conditions": [{"type": "InstallableChecked", "status": "False", "reason": reason, "message": "told", "observedGeneration": generation}]})
}

/// What is made of `facts` at once, and what when nothing has changed after `later`.
fn verdicts(goal: Goal, facts: &Facts, later: Duration) -> [String; 2] {
    let mut assessor = Assessor::new(goal);
    let now = Instant::now();
    [assessor.assess(facts, now), assessor.assess(facts, now + later)].map(|verdict| match verdict {
        Verdict::Wait { .. } => "wait".to_owned(),
        Verdict::Failed(failure) => format!("{failure:?}"),
        verdict => format!("{verdict:?}"),
    })
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn enabled_counts_only_for_the_spec_as_it_is() {
    let failed = |count, given_up| JobFacts { failed: count, has_given_up: given_up, ..job("install") };
    let succeeded = JobFacts { has_succeeded: true, ..failed(1, false) };
    let table: Vec<(&str, Facts, [&str; 2])> = vec![
        ("enabled", addon("Enabled", 3, json!({})), ["Ready", "Ready"]),
        ("enabled before the change", addon("Enabled", 2, json!({})), ["wait", "wait"]),
        ("nobody has looked yet", addon("", 0, json!({})), ["wait", "wait"]),
        ("installing", with_job(addon("Enabling", 3, json!({})), job("install")), ["wait", "wait"]),
        (
            "failed for once, the Job goes on",
            with_job(addon("Failed", 3, json!({})), failed(1, false)),
            ["wait", "wait"],
        ),
        (
            "failed, and the Job succeeded later",
            with_job(addon("Failed", 3, json!({})), succeeded),
            ["Again", "Again"],
        ),
        (
            "failed, and the Job has given up",
            with_job(addon("Failed", 3, json!({})), failed(4, true)),
            ["Installation", "Installation"],
        ),
        ("failed before the change", addon("Failed", 2, json!({})), ["wait", "wait"]),
        ("failed, and the Job is gone", addon("Failed", 3, json!({})), ["wait", "Installation"]),
        (
            "values are missing",
            addon("Enabling", 3, condition("ReferenceObjectError", 3)),
            ["wait", "MissingReference(\"told\")"],
        ),
        (
            "a key of the values is missing",
            addon("Failed", 3, condition("ReferenceObjectError", 3)),
            ["wait", "MissingReference(\"told\")"],
        ),
        (
            "values were missing and are there now",
            with_job(addon("Enabling", 3, condition("ReferenceObjectError", 3)), job("install")),
            ["wait", "wait"],
        ),
        (
            "values were missing before the change",
            addon("Enabling", 3, condition("ReferenceObjectError", 2)),
            ["wait", "wait"],
        ),
        (
            "not for this Kubernetes",
            addon("Disabled", 3, condition("InstallableRequirementUnmatched", 3)),
            ["NotInstallable(\"told\")", "NotInstallable(\"told\")"],
        ),
        (
            "the image cannot be pulled",
            with_pod(with_job(addon("Enabling", 3, json!({})), job("install")), Some("ErrImagePull"), false),
            ["wait", "PodDoesNotStart(\"pod\", \"ErrImagePull\")"],
        ),
        ("no such add-on", Facts { is_visible: true, ..Facts::default() }, ["wait", "Gone"]),
        ("not seen yet", Facts::default(), ["wait", "wait"]),
        (
            "the operator is away",
            Facts { operator_ready: Some(false), ..addon("Enabling", 3, json!({})) },
            ["wait", "OperatorAway"],
        ),
        (
            "done before the operator went",
            Facts { operator_ready: Some(false), ..addon("Enabled", 3, json!({})) },
            ["Ready", "Ready"],
        ),
        (
            "the operator cannot be seen",
            Facts { operator_ready: None, ..addon("Enabling", 3, json!({})) },
            ["wait", "wait"],
        ),
    ];
    for (case, facts, expected) in table {
        assert_eq!(verdicts(Goal::Enabled(3), &facts, HOUR), expected, "{case}");
    }
    assert_eq!(
        verdicts(Goal::Enabled(4), &addon("Enabled", 3, json!({})), HOUR),
        ["wait", "wait"],
        "a watch is behind"
    );
}

#[test]
fn what_heals_meanwhile_is_not_held_against_it() {
    let mut assessor = Assessor::new(Goal::Enabled(3));
    let now = Instant::now();
    let away = Facts { operator_ready: Some(false), ..addon("Enabling", 3, json!({})) };
    for (after, facts) in [(0, &away), (20, &addon("Enabling", 3, json!({}))), (40, &away), (60, &away)] {
        let verdict = assessor.assess(facts, now + Duration::from_secs(after));
        assert!(matches!(verdict, Verdict::Wait { .. }), "{after}: {verdict:?}");
    }
    assert_eq!(assessor.assess(&away, now + Duration::from_secs(70)), Verdict::Failed(Failure::OperatorAway));
}

#[test]
fn a_change_waits_for_what_is_under_way_but_not_for_what_cannot_end() {
    let enabling = || with_job(addon("Enabling", 3, json!({})), job("install"));
    let table: Vec<(&str, Facts, [&str; 2])> = vec![
        ("no such add-on", Facts { is_visible: true, ..Facts::default() }, ["Ready", "Ready"]),
        ("disabled", addon("Disabled", 3, json!({})), ["Ready", "Ready"]),
        ("failed", addon("Failed", 3, json!({})), ["Ready", "Ready"]),
        ("installing", with_pod(enabling(), None, true), ["wait", "wait"]),
        ("uninstalling", addon("Disabling", 3, json!({})), ["wait", "wait"]),
        ("the image cannot be pulled", with_pod(enabling(), Some("ErrImagePull"), false), ["Ready", "Ready"]),
        (
            "values are missing",
            addon("Enabling", 3, condition("ReferenceObjectError", 3)),
            ["Ready", "Ready"],
        ),
        (
            "failed, the Job goes on",
            with_job(addon("Failed", 3, json!({})), job("install")),
            ["wait", "wait"],
        ),
        (
            "failed, the Job has given up",
            with_job(addon("Failed", 3, json!({})), JobFacts { has_given_up: true, ..job("install") }),
            ["Ready", "Ready"],
        ),
        ("a Job is left over", with_job(addon("Enabled", 3, json!({})), job("install")), ["wait", "Ready"]),
        (
            "a Job is being collected",
            with_job(addon("Disabled", 3, json!({})), JobFacts { is_deleting: true, ..job("uninstall") }),
            ["wait", "wait"],
        ),
        ("changed a moment ago", addon("Enabled", 2, json!({})), ["wait", "Ready"]),
    ];
    for (case, facts, expected) in table {
        assert_eq!(verdicts(Goal::Settled, &facts, HOUR), expected, "{case}");
    }
}

#[test]
fn an_add_on_is_disabled_when_the_operator_says_so_of_the_spec_as_it_is() {
    let goal = Goal::Disabled(3);
    assert_eq!(verdicts(goal, &addon("Disabled", 3, json!({})), HOUR), ["Ready", "Ready"]);
    assert_eq!(verdicts(goal, &addon("Disabled", 2, json!({})), HOUR), ["wait", "wait"]);
    assert_eq!(verdicts(goal, &addon("Disabling", 3, json!({})), HOUR), ["wait", "wait"]);
    assert_eq!(verdicts(goal, &Facts { is_visible: true, ..Facts::default() }, HOUR), ["Ready", "Ready"]);
    assert_eq!(verdicts(Goal::Gone, &addon("Disabled", 3, json!({})), HOUR), ["wait", "wait"]);
    let away = Facts { operator_ready: Some(false), ..addon("Enabled", 2, json!({})) };
    assert_eq!(verdicts(goal, &away, HOUR), ["wait", "OperatorAway"]);
}

#[test]
fn an_uninstallation_that_fails_again_and_again_is_given_up() {
    let mut assessor = Assessor::new(Goal::Disabled(3));
    let now = Instant::now();
    for uid in ["1", "1", "2"] {
        let failed = JobFacts { failed: 1, uid: uid.to_owned(), ..job("uninstall") };
        let verdict = assessor.assess(&with_job(addon("Disabling", 3, json!({})), failed), now);
        assert!(matches!(verdict, Verdict::Wait { .. }), "{verdict:?}");
    }
    let third = JobFacts { failed: 1, uid: "3".to_owned(), ..job("uninstall") };
    let verdict = assessor.assess(&with_job(addon("Disabling", 3, json!({})), third), now);
    assert_eq!(verdict, Verdict::Failed(Failure::Uninstallation));
}

#[test]
fn a_release_that_works_is_never_uninstalled_to_heal_it() {
    let release =
        |is_pending, has_deployed, is_used| ReleaseFacts { exists: true, is_pending, has_deployed, is_used };
    for (facts, expected) in [
        (ReleaseFacts::default(), Heal::Toggle),
        (release(false, false, false), Heal::Toggle),
        (release(false, false, true), Heal::Again),
        (release(false, true, false), Heal::Again),
        (release(false, true, true), Heal::Again),
        (release(true, false, false), Heal::Toggle),
        (release(true, true, false), Heal::Toggle),
        (release(true, true, true), Heal::Blocked),
        (release(true, false, true), Heal::Blocked),
    ] {
        assert_eq!(heal(facts), expected, "{facts:?}");
    }
}

#[test]
fn slow_is_healthy_only_while_nothing_has_failed() {
    let installing = with_job(addon("Enabling", 3, json!({})), job("install"));
    assert!(is_healthy(&installing));
    assert!(!is_healthy(&with_pod(installing.clone(), Some("ErrImagePull"), false)));
    assert!(!is_healthy(&with_job(addon("Failed", 3, json!({})), JobFacts { failed: 1, ..job("install") })));
    assert!(!is_healthy(&Facts { operator_ready: Some(false), ..installing }));
    assert!(!is_healthy(&addon("Enabling", 3, json!({}))));
}
