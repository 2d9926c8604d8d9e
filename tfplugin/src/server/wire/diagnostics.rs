//! Diagnostics and paths as messages.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::generated::tfplugin6 as wire;
use crate::generated::tfplugin6::attribute_path::Step;
use crate::generated::tfplugin6::attribute_path::step::Selector;
use crate::path::{Path, PathStep};

/// Messages for the practitioner.
pub(in crate::server) fn diagnostics(diagnostics: Diagnostics) -> Vec<wire::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> wire::Diagnostic {
    let Diagnostic { severity, summary, detail, path: attribute } = diagnostic;
    let severity = match severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    let attribute = attribute.filter(|attribute| !attribute.is_root());
    // Terraform finds the line of an attribute of the block and of an element of it. For a deeper path it looks for the
    // last name among the block's own attributes, and may show the line of another one. So it gets what it can find, and
    // the practitioner reads the rest.
    let located = attribute.as_ref().map(locatable);
    let detail = match (&attribute, &located) {
        (Some(attribute), Some(located)) if attribute != located => {
            format!("On attribute {attribute}: {detail}")
        }
        _ => detail,
    };
    wire::Diagnostic { severity: severity.into(), summary, detail, attribute: located.as_ref().map(path) }
}

/// The first steps of a path that Terraform can show the line of.
fn locatable(path: &Path) -> Path {
    let length = match path.steps() {
        [_, PathStep::Key(_) | PathStep::Index(_), ..] => 2,
        _ => 1,
    };
    path.steps().iter().take(length).cloned().collect()
}

/// A path. One into a set ends at the set, as elements of sets have no address.
pub(in crate::server) fn path(path: &Path) -> wire::AttributePath {
    let steps = path
        .steps()
        .iter()
        .map_while(|step| match step {
            PathStep::Attribute(name) => Some(Selector::AttributeName(name.clone())),
            PathStep::Key(key) => Some(Selector::ElementKeyString(key.clone())),
            PathStep::Index(index) => {
                Some(Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX)))
            }
            PathStep::SetElement => None,
        })
        .map(|selector| Step { selector: Some(selector) })
        .collect();
    wire::AttributePath { steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_a_set_ends_at_the_set() {
        let into_set = Path::attribute("rules").then(PathStep::SetElement).then_attribute("port");
        assert_eq!(path(&into_set), path(&Path::attribute("rules")));
    }

    #[test]
    fn every_kind_of_step_is_sent() {
        let steps = path(&Path::attribute("components").then_key("redis").then_index(2)).steps;
        let selectors: Vec<_> = steps.into_iter().filter_map(|step| step.selector).collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("components".to_owned()),
                Selector::ElementKeyString("redis".to_owned()),
                Selector::ElementKeyInt(2)
            ]
        );
    }

    #[test]
    fn a_path_that_terraform_cannot_show_is_told_in_the_text_and_sent_as_far_as_it_can() {
        let components = Path::attribute("components");
        let redis = components.then_key("redis");
        let into_set = components.then(PathStep::SetElement);
        for (at, sent_path, detail) in [
            (components.clone(), &components, "Detail"),
            (redis.clone(), &redis, "Detail"),
            (redis.then_attribute("name"), &redis, r#"On attribute components["redis"].name: Detail"#),
            (components.then_attribute("name"), &components, "On attribute components.name: Detail"),
            (into_set.then_attribute("name"), &components, "On attribute components: Detail"),
        ] {
            let sent = diagnostics(Diagnostic::error("Summary", "Detail").at(at).into());
            assert_eq!(
                (sent[0].attribute.as_ref(), sent[0].detail.as_str()),
                (Some(&path(sent_path)), detail)
            );
        }
    }

    #[test]
    fn a_diagnostic_about_the_whole_block_has_no_path() {
        let sent = diagnostics(Diagnostic::warning("Summary", "Detail").at(Path::root()).into());
        assert_eq!(sent[0].attribute, None);
        assert_eq!(sent[0].severity(), wire::diagnostic::Severity::Warning);
    }
}
