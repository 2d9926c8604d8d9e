//! From the live objects to the attribute, in the shape of the configuration. Pure; the reverse is `build`.

use std::collections::BTreeMap;

use tfplugin::typed::Value;

use super::live::Live;
use super::memory::Memory;
use super::{Parameters, Written, split_key, written};

/// What is in force of the parameters that are written; with those that are ours by the object's own memory although the state
/// does not know it. An import shows all that the object sets.
pub fn parameters(prior: &Parameters, live: Option<&Live>, is_import: bool) -> Parameters {
    let before = written(prior);
    let shown = live.map_or_else(Written::new, |live| shown(&before, live, is_import));
    if shown == before {
        return prior.clone();
    }
    if shown.is_empty() {
        return Value::Null;
    }
    let known = |values: BTreeMap<String, String>| {
        Value::Known(values.into_iter().map(|(name, value)| (name, Value::Known(value))).collect())
    };
    Value::Known(shown.into_iter().map(|(key, values)| (key, known(values))).collect())
}

fn shown(before: &Written, live: &Live, is_import: bool) -> Written {
    let mut shown = Written::new();
    let mut keys: BTreeMap<(String, String), &String> = BTreeMap::new();
    for (key, values) in before {
        let (spec, _) = split_key(key);
        let Some(file) = live.file_of(key) else {
            // Nothing can be said of it; an apply will.
            shown.insert(key.clone(), values.clone());
            continue;
        };
        let in_force: BTreeMap<String, String> = values
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), in_force(live, (spec, &file, name), value)?)))
            .collect();
        if !in_force.is_empty() {
            shown.insert(key.clone(), in_force);
        }
        keys.insert((spec.to_owned(), file), key);
    }
    let memory = Memory::of(&live.configuration);
    for (spec, file, name, value) in set(live) {
        let kept = memory.get(spec, file, name);
        let is_ours = kept.map_or(is_import, |kept| !kept.restored);
        if is_ours {
            let key = keys.get(&(spec.to_owned(), file.to_owned()));
            let key = key.map_or_else(|| live.key_of(spec, file), |key| (*key).clone());
            shown.entry(key).or_default().entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    shown
}

/// The value of a parameter as it is now, in the form of `prior` when it means the same.
fn in_force(live: &Live, (spec, file, name): (&str, &str, &str), prior: &str) -> Option<String> {
    let wanted = live.wanted(spec, file, name).cloned();
    let now = if live.is_refused(spec) && live.constraints.contains_key(spec) {
        live.in_file(spec, file, name)?
    } else {
        wanted.or_else(|| live.in_file(spec, file, name))?
    };
    let bare = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
    Some(if bare(&now) == bare(prior) { prior.to_owned() } else { now })
}

/// Everything that the object sets, unless it was refused.
fn set(live: &Live) -> impl Iterator<Item = (&str, &str, &str, &str)> {
    let items = live.configuration.spec.config_item_details.iter();
    items.filter(|item| !live.is_refused(&item.name)).flat_map(|item| {
        item.config_file_params.iter().flat_map(|(file, parameters)| {
            parameters.parameters.iter().filter_map(|(name, value)| {
                Some((item.name.as_str(), file.as_str(), name.as_str(), value.as_deref()?))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::test_support::{annotate, live, parameters as attribute};
    use super::*;
    use serde_json::json;

    /// After an apply of `parameters`.
    fn applied(parameters: &Parameters) -> Live {
        let mut live = live();
        let object = build::configuration(&live, &written(parameters)).unwrap();
        annotate(&mut live, &object);
        live
    }

    fn set_by_others(live: &mut Live, name: &str, value: &str) {
        let item = &mut live.configuration.spec.config_item_details[0];
        let file = item.config_file_params.entry("main.conf".into()).or_default();
        file.parameters.insert(name.into(), Some(value.into()));
    }

    #[test]
    fn what_is_written_is_shown_as_it_is_now_and_nothing_else() {
        let prior = attribute([("config", [("max", "300")])]);
        let mut live = applied(&prior);
        assert_eq!(parameters(&prior, Some(&live), false), prior);
        set_by_others(&mut live, "mem", "9MB");
        assert_eq!(parameters(&prior, Some(&live), false), prior, "another parameter is theirs");
        set_by_others(&mut live, "max", "'300'");
        assert_eq!(parameters(&prior, Some(&live), false), prior, "quotes mean nothing");
        set_by_others(&mut live, "max", "250");
        assert_eq!(parameters(&prior, Some(&live), false), attribute([("config", [("max", "250")])]));
        assert_eq!(
            parameters(&Value::Null, Some(&live), false),
            attribute([("config", [("max", "250")])]),
            "what a lost state does not know is still ours"
        );
        assert_eq!(
            parameters(&Value::Null, Some(&live), true),
            attribute([("config", [("max", "250"), ("mem", "9MB")])]),
            "an import shows everything"
        );
        assert_eq!(parameters(&prior, None, false), Value::Null);
        assert_eq!(parameters(&Value::Null, None, false), Value::Null);
    }

    #[test]
    fn what_was_put_back_is_shown_no_more() {
        let set = attribute([("config", [("max", "300")])]);
        let mut live = applied(&set);
        let object = build::configuration(&live, &Written::new()).unwrap();
        annotate(&mut live, &object);
        for is_import in [false, true] {
            assert_eq!(parameters(&Value::Null, Some(&live), is_import), Value::Null);
        }
    }

    #[test]
    fn a_refused_value_is_not_in_force() {
        let prior = attribute([("config", [("max", "-5"), ("new", "1")])]);
        let mut live = applied(&prior);
        live.configuration.status = serde_json::from_value(
            json!({"configurationStatus": [{"name": "config", "phase": "MergeFailed"}]}),
        )
        .unwrap();
        assert_eq!(parameters(&prior, Some(&live), false), attribute([("config", [("max", "100")])]));
    }

    #[test]
    fn keys_name_the_file_where_there_are_several() {
        let prior = attribute([("several/one.conf", [("a", "2")])]);
        let live = applied(&prior);
        for (state, is_import) in [(&prior, false), (&Value::Null, true)] {
            assert_eq!(parameters(state, Some(&live), is_import), prior);
        }
    }
}
