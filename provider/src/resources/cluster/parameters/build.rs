//! From the written parameters to the object that is applied. Pure.
//!
//! The operator merges values onto the file as it is, so a parameter that is only taken out of the object would keep its
//! value. One that was in the file before gets that value. For one that was not, the API server knows no "remove": the
//! kind's schema refuses null. The file is rendered anew then, by another `version` of its config spec.

use std::collections::{BTreeMap, BTreeSet};

use kubeblocks_schemas::v1alpha1::Configuration;
use kubeblocks_schemas::v1alpha1::configuration::{ConfigurationItem, ConfigurationSpec};

use super::live::Live;
use super::memory::{ANNOTATION, Kept, Memory, is_our_version, next_version};
use super::{Written, split_key};

/// Why parameters cannot be set; each with the key of the attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The component has no such config spec.
    NoSpec {
        /// Key of the attribute.
        key: String,
        /// What it has.
        there: Vec<String>,
    },
    /// The config spec has several files, or none, and the key names none.
    WhichFile {
        /// Key of the attribute.
        key: String,
        /// The files.
        files: Vec<String>,
    },
    /// The config spec has no constraint, so only whole files can be set.
    WholeFile {
        /// Key of the attribute.
        key: String,
    },
}

/// The object to apply.
pub fn configuration(live: &Live, written: &Written) -> Result<Configuration, Problem> {
    let wanted = resolve(live, written)?;
    let mut memory = Memory::of(&live.configuration);
    for ((spec, file), values) in &wanted {
        for name in values.keys() {
            let before = || Kept { before: before(live, spec, file, name), restored: false };
            memory.entry(spec, file, name).or_insert_with(before).restored = false;
        }
    }
    let rendered = forget(&mut memory, &wanted);
    let mut items: BTreeMap<&str, ConfigurationItem> = BTreeMap::new();
    for (spec, file, name, kept) in memory.iter() {
        let value = wanted.get(&(spec.to_owned(), file.to_owned())).and_then(|values| values.get(name));
        let Some(value) = value.or(kept.before.as_ref()) else { continue };
        let files = &mut items.entry(spec).or_insert_with(|| item(spec)).config_file_params;
        let parameters = &mut files.entry(file.to_owned()).or_default().parameters;
        parameters.insert(name.to_owned(), Some(value.clone()));
    }
    for known in &live.configuration.spec.config_item_details {
        let version = known.version.as_deref();
        let version = if rendered.contains(&known.name) {
            Some(next_version(version))
        } else {
            version.filter(|version| is_our_version(version)).map(str::to_owned)
        };
        if let Some(version) = version {
            items.entry(&known.name).or_insert_with(|| item(&known.name)).version = Some(version);
        }
    }
    let spec = ConfigurationSpec {
        cluster_ref: live.configuration.spec.cluster_ref.clone(),
        component_name: live.configuration.spec.component_name.clone(),
        config_item_details: items.into_values().collect(),
    };
    let name = live.configuration.metadata.name.clone().unwrap_or_default();
    let mut object = Configuration::new(&name, spec);
    object.metadata.namespace.clone_from(&live.configuration.metadata.namespace);
    object.metadata.annotations = Some([(ANNOTATION.to_owned(), memory.to_text())].into());
    Ok(object)
}

fn item(spec: &str) -> ConfigurationItem {
    ConfigurationItem { name: spec.to_owned(), ..ConfigurationItem::default() }
}

/// The written parameters by config spec and file.
type Wanted = BTreeMap<(String, String), BTreeMap<String, String>>;

fn resolve(live: &Live, written: &Written) -> Result<Wanted, Problem> {
    let mut wanted = Wanted::new();
    for (key, values) in written {
        let (spec, _) = split_key(key);
        let Some(item) = live.item(spec) else {
            let items = &live.configuration.spec.config_item_details;
            let there = items.iter().map(|item| item.name.clone()).collect();
            return Err(Problem::NoSpec { key: key.clone(), there });
        };
        let constraint = item.config_spec.as_ref().and_then(|spec| spec.constraint_ref.as_deref());
        if constraint.unwrap_or_default().is_empty() {
            return Err(Problem::WholeFile { key: key.clone() });
        }
        let candidates = live.candidates(spec);
        let file = live.file_of(key).filter(|file| candidates.is_empty() || candidates.contains(file));
        let Some(file) = file else {
            return Err(Problem::WhichFile { key: key.clone(), files: candidates });
        };
        wanted.entry((spec.to_owned(), file)).or_default().extend(values.clone());
    }
    Ok(wanted)
}

/// The value before ours. What somebody set in the object before us has hidden it.
fn before(live: &Live, spec: &str, file: &str, name: &str) -> Option<String> {
    if live.wanted(spec, file, name).is_some() { None } else { live.in_file(spec, file, name) }
}

/// Marks what is no longer written as restored. Gives the config specs that have to be rendered anew, as nothing else takes
/// a line out of their files.
fn forget(memory: &mut Memory, wanted: &Wanted) -> BTreeSet<String> {
    let mut rendered = BTreeSet::new();
    for (spec, files) in &mut memory.0 {
        for (file, all) in files.iter_mut() {
            let values = wanted.get(&(spec.clone(), file.clone()));
            all.retain(|name, kept| {
                let is_written = values.is_some_and(|values| values.contains_key(name));
                if is_written || kept.restored {
                    return true;
                }
                kept.restored = true;
                if kept.before.is_none() {
                    rendered.insert(spec.clone());
                }
                kept.before.is_some()
            });
        }
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{annotate, live, wanted_of};
    use kubeblocks_schemas::v1alpha1::configuration::FileParameters;

    use super::*;

    fn written(pairs: &[(&str, &str)]) -> Written {
        let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if pairs.is_empty() { Written::new() } else { Written::from([("config".to_owned(), values)]) }
    }

    /// Applies one after the other, as an API server would.
    fn applied(steps: &[&[(&str, &str)]]) -> Live {
        let mut live = live();
        for step in steps {
            let object = configuration(&live, &written(step)).unwrap();
            annotate(&mut live, &object);
        }
        live
    }

    #[test]
    fn a_parameter_that_is_taken_out_gets_its_value_of_before() {
        let live = applied(&[&[("max", "300"), ("mem", "8MB")], &[("mem", "8MB")]]);
        assert_eq!(wanted_of(&live), [("max", "100"), ("mem", "8MB")]);
        assert_eq!(live.item("config").unwrap().version, None);
        let memory = Memory::of(&live.configuration);
        let kept = memory.get("config", "main.conf", "max").unwrap();
        assert_eq!((kept.before.as_deref(), kept.restored), (Some("100"), true));
    }

    #[test]
    fn the_value_of_before_is_that_before_the_first_change() {
        let live = applied(&[&[("max", "300")], &[("max", "400")], &[], &[("max", "500")], &[]]);
        assert_eq!(wanted_of(&live), [("max", "100")]);
    }

    #[test]
    fn a_parameter_that_was_not_in_the_file_leaves_it_by_a_new_rendering() {
        let live = applied(&[&[("new", "1"), ("max", "300")], &[("max", "300")]]);
        assert_eq!(wanted_of(&live), [("max", "300")]);
        assert_eq!(live.item("config").unwrap().version.as_deref(), Some("terraform-1"));
        assert_eq!(Memory::of(&live.configuration).get("config", "main.conf", "new"), None);
        let again = applied(&[&[("new", "1")], &[], &[("new", "2")], &[]]);
        assert_eq!(again.item("config").unwrap().version.as_deref(), Some("terraform-2"));
        assert!(wanted_of(&again).is_empty());
    }

    #[test]
    fn what_somebody_else_set_goes_back_to_the_template() {
        let mut live = live();
        let file = FileParameters {
            parameters: [("max".to_owned(), Some("250".to_owned()))].into(),
            ..FileParameters::default()
        };
        live.configuration.spec.config_item_details[0].config_file_params.insert("main.conf".into(), file);
        let object = configuration(&live, &written(&[("max", "300")])).unwrap();
        assert_eq!(Memory::of(&object).get("config", "main.conf", "max").unwrap().before, None);
    }

    #[test]
    fn parameters_that_have_no_place_are_refused() {
        let of = |key: &str| {
            let values = [("a".to_owned(), "1".to_owned())].into();
            configuration(&live(), &Written::from([(key.to_owned(), values)])).map(drop)
        };
        let key = |key: &str| key.to_owned();
        assert_eq!(of("config"), Ok(()));
        assert_eq!(of("config/main.conf"), Ok(()));
        assert_eq!(of("several/one.conf"), Ok(()));
        let files = vec![key("one.conf"), key("two.conf")];
        assert_eq!(of("several"), Err(Problem::WhichFile { key: key("several"), files: files.clone() }));
        assert_eq!(
            of("several/three.conf"),
            Err(Problem::WhichFile { key: key("several/three.conf"), files })
        );
        assert_eq!(of("free"), Err(Problem::WholeFile { key: key("free") }));
        assert!(matches!(of("other"), Err(Problem::NoSpec { .. })));
    }
}
