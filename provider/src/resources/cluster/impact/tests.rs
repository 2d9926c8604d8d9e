//! The table of effects, row by row.

use serde_json::{Value as Json, json};
use tfplugin::typed::Set;

use super::*;
use crate::impact::{Capacity, is_unchanged};
use crate::resources::cluster::schema::{Affinity, Resources, Service, Tls, Toleration};
use crate::resources::cluster::test_support::{
    component_mut, entries, redis, redis_and_sentinel, set, text, texts, volume_mut,
};

type Edit = fn(&mut ClusterState);

fn redis_mut(state: &mut ClusterState) -> &mut Component {
    component_mut(state, "redis")
}

/// Level, paths of all reasons, restarts, removed claims.
fn assess(prior: &ClusterState, edit: impl Fn(&mut ClusterState)) -> Assessment {
    let mut planned = prior.clone();
    edit(&mut planned);
    of_update(prior, &planned, Some(&Effects::default()))
}

fn of(definition: &str, replicas: i64) -> ClusterState {
    let mut state = ClusterState { definition: text(definition), ..redis() };
    redis_mut(&mut state).replicas = Value::Known(replicas);
    state
}

#[test]
fn every_edit_in_place_has_its_level() {
    let (none, rolling, down) = (Level::None, Level::RollingRestart, Level::Downtime);
    let table: [(&str, Edit, Level, i64); 17] = [
        ("nothing", |_| {}, none, 0),
        ("version", |state| state.version = text("redis-7.0.7"), rolling, 2),
        (
            "memory",
            |state| {
                redis_mut(state).resources =
                    Value::Known(Resources { memory: text("2Gi"), ..Resources::default() });
            },
            rolling,
            2,
        ),
        (
            "class",
            |state| {
                redis_mut(state).resources =
                    Value::Known(Resources { class: text("c"), ..Resources::default() });
            },
            rolling,
            2,
        ),
        ("affinity", |state| state.affinity = Value::Known(Affinity::default()), rolling, 2),
        ("own affinity", |state| redis_mut(state).affinity = Value::Known(Affinity::default()), rolling, 2),
        (
            "tolerations",
            |state| state.tolerations = Value::Known(vec![Value::Known(Toleration::default())]),
            rolling,
            2,
        ),
        ("tls", |state| redis_mut(state).tls = Value::Known(Tls::default()), rolling, 2),
        ("trigger", |state| redis_mut(state).restart_trigger = text("2"), rolling, 2),
        ("larger volume", |state| volume_mut(state, "redis", "data").size = text("30Gi"), none, 0),
        ("more", |state| redis_mut(state).replicas = Value::Known(3), none, 0),
        ("services", |state| redis_mut(state).services = entries([("lb", Service::default())]), none, 0),
        ("logs", |state| redis_mut(state).logs = set(["running"]), none, 0),
        ("monitor", |state| redis_mut(state).monitor = Value::Known(true), none, 0),
        ("labels", |state| state.labels = texts([("a", "b")]), none, 0),
        ("policy", |state| state.termination_policy = text("WipeOut"), none, 0),
        ("stop", |state| state.running = Value::Known(false), down, 0),
    ];
    for (case, edit, level, restarted) in table {
        let change = assess(&redis(), edit);
        assert_eq!((change.level(), change.instances_restarted), (level, restarted), "{case}: {change:?}");
        assert!(change.undecided.is_empty() && change.data_removed.is_empty(), "{case}: {change:?}");
    }
}

#[test]
fn the_only_instance_takes_the_database_down_and_a_stopped_one_has_nothing_to_restart() {
    let version: Edit = |state| state.version = text("redis-7.0.7");
    assert_eq!(assess(&of("redis", 1), version).level(), Level::Downtime);
    let stopped = ClusterState { running: Value::Known(false), ..redis() };
    for edit in [version, |state| state.running = Value::Known(true)] {
        let change = assess(&stopped, edit);
        assert_eq!((change.level(), change.instances_restarted), (Level::None, 0), "{change:?}");
    }
}

#[test]
fn a_change_of_the_whole_database_restarts_what_has_nothing_of_its_own() {
    let mut prior = redis_and_sentinel();
    component_mut(&mut prior, "sentinel").affinity = Value::Known(Affinity::default());
    let change = assess(&prior, |state| {
        state.affinity = Value::Known(Affinity { tenancy: text("SharedNode"), ..Affinity::default() });
    });
    assert_eq!(change.instances_restarted, 2, "{change:?}");
    assert_eq!(assess(&prior, |state| state.version = text("redis-7.0.7")).instances_restarted, 5);
}

#[test]
fn several_reasons_are_one_restart() {
    let change = assess(&redis(), |state| {
        state.version = text("redis-7.0.7");
        redis_mut(state).restart_trigger = text("2");
    });
    let paths: Vec<String> = change.findings.iter().map(|finding| finding.path.to_string()).collect();
    assert_eq!(paths, ["version", r#"components["redis"].restart_trigger"#]);
    assert_eq!(change.instances_restarted, 2);
}

#[test]
fn fewer_instances_lose_data_where_the_others_have_no_copy() {
    let to =
        |replicas: i64| move |state: &mut ClusterState| redis_mut(state).replicas = Value::Known(replicas);
    let claims = ["data-cache-redis-1", "data-cache-redis-2"];
    for (definition, replicas, expected, removed) in [
        ("redis", 1, Level::None, 2),
        ("redis", 2, Level::None, 1),
        ("redis", 0, Level::Downtime, 0),
        ("our-own", 1, Level::DataLoss, 2),
        ("our-own", 0, Level::Downtime, 0),
        ("our-own", 4, Level::None, 0),
    ] {
        let change = assess(&of(definition, 3), to(replicas));
        assert_eq!(change.level(), expected, "{definition} {replicas}: {change:?}");
        assert_eq!(change.data_removed, claims[2 - removed..], "{definition} {replicas}");
    }
    let kafka = |state: &mut ClusterState| {
        let broker = Component { definition: text("kafka-broker"), ..redis_mut(state).clone() };
        state.components = entries([("redis", broker)]);
    };
    let mut stateful = of("kafka", 3);
    kafka(&mut stateful);
    assert_eq!(assess(&stateful, to(2)).level(), Level::DataLoss);
    let stopped = ClusterState { running: Value::Known(false), ..of("our-own", 3) };
    let change = assess(&stopped, to(1));
    assert_eq!((change.level(), change.data_removed.len()), (Level::None, 0));
    let without = |mut state: ClusterState| {
        redis_mut(&mut state).volumes = Value::Null;
        state
    };
    assert_eq!(assess(&without(of("our-own", 3)), to(1)).level(), Level::None);
}

#[test]
fn a_replacement_loses_the_data_unless_the_policy_keeps_it() {
    let path = [Path::attribute("definition")];
    for (policy, level) in
        [("Delete", Level::DataLoss), ("WipeOut", Level::DataLoss), ("Halt", Level::Downtime)]
    {
        let prior = ClusterState { termination_policy: text(policy), ..redis() };
        let change = of_replacement(&prior, &path);
        assert_eq!(change.level(), level, "{policy}");
        assert_eq!(change.findings[0].path, path[0]);
    }
}

#[test]
fn what_is_not_known_yet_is_undecided_where_it_could_do_something() {
    let undecided = |edit: Edit| {
        let change = assess(&redis(), edit);
        (change.undecided.iter().map(ToString::to_string).collect::<Vec<_>>(), change.into_planned())
    };
    let table: [(Edit, &[&str]); 10] = [
        (|state| state.version = Value::Unknown, &["version"]),
        (|state| redis_mut(state).resources = Value::Unknown, &[r#"components["redis"].resources"#]),
        (
            |state| {
                redis_mut(state).resources = Value::Known(Resources {
                    cpu: Value::Unknown,
                    memory: text("1Gi"),
                    ..Resources::default()
                });
            },
            &[r#"components["redis"].resources"#],
        ),
        (|state| redis_mut(state).replicas = Value::Unknown, &[r#"components["redis"].replicas"#]),
        (|state| redis_mut(state).parameters = Value::Unknown, &[r#"components["redis"].parameters"#]),
        (|state| state.running = Value::Unknown, &["running"]),
        (|state| state.components = Value::Unknown, &["components"]),
        (|state| redis_mut(state).definition = Value::Unknown, &[r#"components["redis"].definition"#]),
        (
            |state| {
                state.components.known_mut().unwrap().insert("redis".to_owned(), Value::Unknown);
            },
            &[r#"components["redis"]"#],
        ),
        (|state| redis_mut(state).services = Value::Unknown, &[]),
    ];
    for (edit, expected) in table {
        let (paths, planned) = undecided(edit);
        assert_eq!(paths, expected);
        assert_eq!(planned.level.is_unknown(), !expected.is_empty(), "{expected:?}");
    }
    // A size does nothing, and is told once it is known.
    let (paths, sized) = undecided(|state| volume_mut(state, "redis", "data").size = Value::Unknown);
    assert!(paths.is_empty() && sized.level == text("none") && sized.reasons.is_unknown());
    // Parameters can only be told by the constraints of the engine.
    let mut planned = redis();
    redis_mut(&mut planned).parameters =
        entries([("config", std::collections::BTreeMap::from([("max".to_owned(), text("1"))]))]);
    assert!(of_update(&redis(), &planned, None).into_planned().level.is_unknown());
    assert!(!of_update(&redis(), &planned, Some(&Effects::default())).into_planned().level.is_unknown());
}

fn shown(state: &ClusterState) -> Json {
    let Capacity { instances, nodes, cpu, memory_gib, storage_gib } = total(state).into();
    let number = |value: Value<f64>| match value {
        Value::Known(number) => json!(number),
        Value::Null => Json::Null,
        Value::Unknown => json!("?"),
    };
    let count = |value: Value<i64>| number(value.map(|count| f64::from(i32::try_from(count).unwrap())));
    assert!(nodes.is_null());
    json!([count(instances), number(cpu), number(memory_gib), number(storage_gib)])
}

#[test]
fn the_size_of_a_database_is_the_sum_of_its_instances() {
    let edited = |edit: Edit| {
        let mut state = redis();
        edit(&mut state);
        state
    };
    let table: [(ClusterState, Json); 8] = [
        (redis(), json!([2.0, 1.0, 2.0, 40.0])),
        // The sentinels ask for nothing that is written.
        (redis_and_sentinel(), json!([5.0, null, null, 40.0])),
        (edited(|state| state.running = Value::Known(false)), json!([0.0, 0.0, 0.0, 40.0])),
        (edited(|state| redis_mut(state).replicas = Value::Unknown), json!(["?", "?", "?", "?"])),
        (edited(|state| redis_mut(state).resources = Value::Unknown), json!([2.0, "?", "?", 40.0])),
        (
            edited(|state| {
                redis_mut(state).resources =
                    Value::Known(Resources { class: text("c"), ..Resources::default() });
            }),
            json!([2.0, null, null, 40.0]),
        ),
        (
            edited(|state| {
                redis_mut(state).resources =
                    Value::Known(Resources { limits: texts([("cpu", "2")]), ..Resources::default() });
            }),
            json!([2.0, 4.0, null, 40.0]),
        ),
        (edited(|state| state.components = Value::Unknown), json!(["?", "?", "?", "?"])),
    ];
    for (state, expected) in table {
        assert_eq!(shown(&state), expected);
    }
}

#[test]
fn a_new_database_has_no_level_but_none_and_its_size() {
    let planned = of_create(&ClusterState { version: Value::Unknown, ..redis() });
    assert_eq!(planned.level, text("none"));
    assert!(planned.before.is_null());
    assert_eq!(planned.after.known().unwrap().instances, Value::Known(2));
    assert_eq!(planned.reasons, Value::Known(Vec::new()));
}

#[test]
fn only_another_wish_is_a_change() {
    let told = ClusterState { planned_impact: of_create(&redis()).into(), ..redis() };
    assert!(is_unchanged(&told, &redis()));
    let accepted = Value::Known(Set(vec![text("data_loss")]));
    assert!(!is_unchanged(&told, &ClusterState { accept_impact: accepted, ..told.clone() }));
}
