//! The configuration checks that the schema alone says. Runs offline, before the provider is configured, on
//! configurations that may hold unknowns; what is not known yet is checked when Terraform asks again.

use super::check::object_conforms;
use super::nested::{objects, part};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Attribute, Mode, Schema, Shape};

/// The practitioner's mistakes in a configuration, all of them.
///
/// `write_only_allowed` says whether the caller knows write-only attributes; without it a value for one would end up in
/// its state.
pub fn validate(schema: &Schema, config: &RawValue, write_only_allowed: bool) -> Diagnostics {
    let mut check = Check { write_only_allowed, diagnostics: Diagnostics::new() };
    if let Some(instead) = &schema.deprecated {
        check.diagnostics.push(Diagnostic::warning("Deprecated", instead.clone()));
    }
    let RawValue::Object(values) = config else {
        return check.diagnostics;
    };
    let mut mismatches = Vec::new();
    object_conforms(&schema.attributes, values, &Path::root(), &mut mismatches);
    for (path, reason) in mismatches {
        check.refuse("Value of the wrong type", &path, &format!("{path}: {reason}."));
    }
    if !check.diagnostics.has_errors() {
        check.object(&schema.attributes, config, &Path::root());
    }
    check.diagnostics
}

struct Check {
    write_only_allowed: bool,
    diagnostics: Diagnostics,
}

impl Check {
    fn refuse(&mut self, summary: &str, path: &Path, detail: &str) {
        self.diagnostics.push(Diagnostic::error(summary, detail).at(path.clone()));
    }

    fn object(&mut self, attributes: &[Attribute], config: &RawValue, path: &Path) {
        for attribute in attributes {
            let path = path.then_attribute(attribute.name.clone());
            self.attribute(attribute, part(config, &attribute.name), &path);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, config: &RawValue, path: &Path) {
        if config.is_null() {
            if attribute.mode == Mode::Required {
                self.refuse(
                    "Missing attribute",
                    path,
                    &format!("{path} is required. Set it to a value that is not null."),
                );
            }
            return;
        }
        if !attribute.is_configurable() {
            let detail = format!("{path} is given by the provider and cannot be configured. Remove it.");
            return self.refuse("Attribute cannot be configured", path, &detail);
        }
        if attribute.write_only && !self.write_only_allowed {
            let detail = format!(
                "{path} is write-only, so that it is never stored. That takes Terraform 1.11 or OpenTofu 1.11, or newer. \
                 Upgrade, or remove the attribute."
            );
            return self.refuse("Write-only attribute not supported", path, &detail);
        }
        if let Some(instead) = &attribute.deprecated {
            let detail = format!("{path} is deprecated: {instead}");
            self.diagnostics.push(Diagnostic::warning("Attribute deprecated", detail).at(path.clone()));
        }
        if config.is_unknown() {
            return;
        }
        for validator in &attribute.validators {
            validator.validate(config, path, &mut self.diagnostics);
        }
        if let Shape::Nested { attributes, .. } = &attribute.shape {
            for (step, object) in objects(config) {
                let path = step.map_or_else(|| path.clone(), |step| path.then(step));
                if object.as_object().is_some() {
                    self.object(attributes, object, &path);
                }
            }
        }
    }
}
