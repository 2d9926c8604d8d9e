//! States of earlier releases, as real applies left them: `states/v<version of the schema>/<type>.json`. This release reads
//! each of them, through the same code as the call `UpgradeResourceState`, and loses nothing.
//!
//! A released state is never changed. When the version of a schema is raised, today's file stays, and a new one joins it.

use kubeblocks_provider::provider::KubeblocksProvider;
use serde_json::{Map, Value as Json, json};
use tfplugin::codec::encode_json;
use tfplugin::plan;
use tfplugin::prelude::*;
use tfplugin::raw::RawValue;
use tfplugin::schema::Schema;
use tfplugin::server::{ErasedResource, stored_state};

use crate::golden::repository;

/// The state of a type under a version of its schema.
fn stored(name: &str, version: i64) -> Option<Json> {
    let file = repository(&format!("provider/tests/provider_contract/states/v{version}/{name}.json"));
    let text = std::fs::read_to_string(file).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name} v{version}: {error}")))
}

fn read(resource: &dyn ErasedResource, version: i64, state: &Json) -> RawValue {
    stored_state(resource, version, state.clone())
        .unwrap_or_else(|errors| panic!("{} v{version}: {errors:?}", resource.type_name()))
}

/// Calls `check` with each state that is kept.
fn each_state(check: impl Fn(&dyn ErasedResource, &Schema, i64, &Json)) {
    for resource in KubeblocksProvider::new().resources() {
        let (name, schema) = (resource.type_name(), resource.schema());
        assert!(
            stored(name, schema.version).is_some(),
            "no state of {name} under version {}",
            schema.version
        );
        for version in 0..=schema.version {
            if let Some(state) = stored(name, version) {
                check(resource.as_ref(), &schema, version, &state);
            }
        }
    }
}

/// Every value of `before` that is not null stands in `after`, at the same place.
fn assert_kept(place: &str, before: &Json, after: &Json) {
    match (before, after) {
        (Json::Null, _) => {}
        (Json::Object(before), Json::Object(after)) => {
            for (key, value) in before {
                assert_kept(&format!("{place}.{key}"), value, after.get(key).unwrap_or(&Json::Null));
            }
        }
        (Json::Array(before), Json::Array(after)) => {
            assert_eq!(before.len(), after.len(), "{place}");
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                assert_kept(&format!("{place}[{index}]"), before, after);
            }
        }
        (before, after) => assert_eq!(before, after, "{place}"),
    }
}

#[test]
fn every_state_of_an_earlier_release_is_read_and_nothing_is_lost() {
    each_state(|resource, schema, version, state| {
        let now = read(resource, version, state);
        let shown = encode_json(&now, &schema.object_type()).unwrap();
        if version == schema.version {
            assert_kept(resource.type_name(), state, &shown);
        }
        // What is stored next is read as well.
        assert_eq!(read(resource, schema.version, &shown), now, "{}", resource.type_name());
    });
}

#[test]
fn a_state_of_an_earlier_release_plans_no_change() {
    each_state(|resource, schema, version, state| {
        let now = read(resource, version, state);
        let config = tfplugin::configuration_of(schema, now.clone());
        let planned = plan::plan(schema, &config, &now).unwrap();
        assert!(!planned.changed, "{}: {:?}", resource.type_name(), planned.planned);
    });
}

#[test]
fn an_attribute_that_joined_later_is_null() {
    each_state(|resource, schema, version, state| {
        if version != schema.version {
            return;
        }
        let whole = read(resource, version, state);
        for missing in state.as_object().unwrap().keys() {
            let mut older = state.clone();
            older.as_object_mut().unwrap().remove(missing);
            let RawValue::Object(now) = read(resource, version, &older) else { panic!("it is an object") };
            assert_eq!(now[missing], RawValue::Null, "{} {missing}", resource.type_name());
            let others = now.iter().filter(|(name, _)| *name != missing);
            for (name, value) in others {
                assert_eq!(Some(value), whole.attribute(name), "{} {name}", resource.type_name());
            }
        }
    });
}

#[test]
fn an_attribute_that_left_is_passed_over_when_it_held_nothing_and_else_refused() {
    each_state(|resource, schema, version, state| {
        if version != schema.version {
            return;
        }
        let with = |value: Json| {
            let mut older: Map<String, Json> = state.as_object().unwrap().clone();
            older.insert("left_the_schema".to_owned(), value);
            Json::Object(older)
        };
        assert_eq!(read(resource, version, &with(Json::Null)), read(resource, version, state));
        let refused = stored_state(resource, version, with(json!("something"))).unwrap_err();
        let text = format!("{refused:?}");
        assert!(text.contains("left_the_schema") && !text.contains("something"), "{text}");
    });
}

#[test]
fn a_state_of_a_later_release_is_refused_with_both_versions() {
    each_state(|resource, schema, _, state| {
        let refused = stored_state(resource, schema.version + 1, state.clone()).unwrap_err();
        let found = refused.iter().next().unwrap();
        assert_eq!(found.summary, "Stored state is newer than the provider");
        assert!(found.detail.contains(resource.type_name()), "{}", found.detail);
    });
}

#[test]
fn every_state_that_is_kept_is_of_a_type_that_is_served() {
    let served: Vec<&str> =
        KubeblocksProvider::new().resources().iter().map(|resource| resource.type_name()).collect();
    let folder = repository("provider/tests/provider_contract/states");
    let mut count = 0;
    for version in std::fs::read_dir(folder).unwrap().flatten() {
        for file in std::fs::read_dir(version.path()).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".json").unwrap_or_else(|| panic!("{name} is no state"));
            assert!(served.contains(&name), "{name} is served no more: its states are lost");
            count += 1;
        }
    }
    assert!(count >= served.len(), "{count}");
}
