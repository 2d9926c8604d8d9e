//! The rules of a plan: a provider may only plan what is configured, what was before, or what it may compute.

use super::values::{attribute_of, is_of, length, without_refinements};
use super::{Violations, violation};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};

/// What Terraform refuses in the answer to `PlanResourceChange`, destroys left aside.
///
/// Each planned attribute must be as configured, or exactly as before while the configuration still sets it, or, when
/// the configuration leaves it out and it is computed, anything. Write-only attributes must be null. Elements of nested
/// sets are not looked into, as Terraform cannot tell them apart either.
pub fn assert_plan_valid(
    schema: &Schema,
    prior: &RawValue,
    config: &RawValue,
    planned: &RawValue,
) -> Violations {
    let root = Path::root();
    if !is_of(&schema.object_type(), planned) {
        return vec![violation(&root, "the planned state is not of the schema's type")];
    }
    match (config.is_null(), planned.is_null()) {
        (false, true) => return vec![violation(&root, "planned for absence but configured for existence")],
        (true, false) => return vec![violation(&root, "planned for existence but configured for absence")],
        (true, true) => return Violations::new(),
        (false, false) => {}
    }
    let mut rules = Rules { found: write_only_left(&schema.attributes, planned, &root) };
    rules.attributes(&schema.attributes, prior, config, planned, &root);
    rules.found
}

/// Write-only attributes that hold a value.
pub(super) fn write_only_left(attributes: &[Attribute], state: &RawValue, path: &Path) -> Violations {
    let mut found = Violations::new();
    for attribute in attributes {
        let path = path.then_attribute(attribute.name.clone());
        let value = attribute_of(state, &attribute.name);
        if attribute.write_only && !value.is_null() {
            found.push(violation(&path, "a write-only attribute must be null"));
        }
        let Shape::Nested { attributes: inner, .. } = &attribute.shape else { continue };
        match &value {
            RawValue::Object(_) => found.extend(write_only_left(inner, &value, &path)),
            RawValue::List(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    found.extend(write_only_left(inner, element, &path.then_index(index)));
                }
            }
            RawValue::Map(elements) => {
                for (key, element) in elements {
                    found.extend(write_only_left(inner, element, &path.then_key(key.clone())));
                }
            }
            _ => {}
        }
    }
    found
}

struct Rules {
    found: Violations,
}

impl Rules {
    fn attributes(
        &mut self,
        attributes: &[Attribute],
        prior: &RawValue,
        config: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        for attribute in attributes {
            let [prior, config, planned] =
                [prior, config, planned].map(|value| attribute_of(value, &attribute.name));
            self.attribute(
                attribute,
                &prior,
                &config,
                &planned,
                &path.then_attribute(attribute.name.clone()),
            );
        }
    }

    fn attribute(
        &mut self,
        attribute: &Attribute,
        prior: &RawValue,
        config: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        let bare = without_refinements(planned);
        if bare == without_refinements(config) {
            return;
        }
        if bare == without_refinements(prior) && !prior.is_null() && !config.is_null() {
            return;
        }
        if attribute.write_only {
            // Said by `write_only_left`.
            return;
        }
        let has_default = attribute.default.is_some();
        match attribute.mode {
            Mode::Computed => return,
            Mode::OptionalComputed if config.is_null() => return,
            Mode::Optional if config.is_null() && has_default => return,
            Mode::Required | Mode::Optional | Mode::OptionalComputed => {}
        }
        if config.is_null() {
            let message = if attribute.sensitive {
                "sensitive planned value for a non-computed attribute".to_owned()
            } else {
                format!("planned value {planned:?} for a non-computed attribute")
            };
            self.found.push(violation(path, message));
            return;
        }
        if let Shape::Nested { nesting, attributes } = &attribute.shape {
            self.nested(*nesting, attributes, prior, config, planned, path);
            return;
        }
        let message = match (attribute.sensitive, prior.is_null()) {
            (true, _) => "sensitive planned value matches neither configuration nor prior state".to_owned(),
            (false, true) => format!("planned value {planned:?} does not match configured {config:?}"),
            (false, false) => {
                format!("planned value {planned:?} matches neither configured {config:?} nor prior {prior:?}")
            }
        };
        self.found.push(violation(path, message));
    }

    fn nested(
        &mut self,
        nesting: Nesting,
        attributes: &[Attribute],
        prior: &RawValue,
        config: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        if planned.is_null() {
            return self.found.push(violation(path, "planned for absence but configured for existence"));
        }
        if planned.is_unknown() {
            return self.found.push(violation(path, "planned unknown for a configured value"));
        }
        match nesting {
            Nesting::Single => self.attributes(attributes, prior, config, planned, path),
            Nesting::Set => {
                if let (Some((least, most)), Some((count, exact))) = (length(planned), length(config))
                    && count == exact
                    && !(least..=most).contains(&count)
                {
                    self.found.push(violation(path, format!("{most} elements planned, {count} configured")));
                }
            }
            Nesting::List | Nesting::Map => {
                if length(planned) != length(config) {
                    let message =
                        format!("{:?} elements planned, {:?} configured", length(planned), length(config));
                    return self.found.push(violation(path, message));
                }
                self.elements(attributes, prior, config, planned, path);
            }
        }
    }

    fn elements(
        &mut self,
        attributes: &[Attribute],
        prior: &RawValue,
        config: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        match planned {
            RawValue::List(elements) => {
                for (index, planned) in elements.iter().enumerate() {
                    let [prior, config] = [prior, config].map(|value| match value {
                        RawValue::List(elements) => elements.get(index).cloned().unwrap_or(RawValue::Null),
                        _ => RawValue::Null,
                    });
                    self.attributes(attributes, &prior, &config, planned, &path.then_index(index));
                }
            }
            RawValue::Map(elements) => {
                for (key, planned) in elements {
                    let [prior, config] = [prior, config].map(|value| match value {
                        RawValue::Map(elements) => elements.get(key).cloned(),
                        _ => None,
                    });
                    let path = path.then_key(key.clone());
                    match config {
                        Some(config) => {
                            let prior = prior.unwrap_or(RawValue::Null);
                            self.attributes(attributes, &prior, &config, planned, &path);
                        }
                        None => self.found.push(violation(&path, "this key is planned, but not configured")),
                    }
                }
            }
            _ => {}
        }
    }
}
