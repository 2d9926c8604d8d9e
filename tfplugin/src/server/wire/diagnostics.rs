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
    wire::Diagnostic {
        severity: severity.into(),
        summary,
        detail,
        attribute: attribute.filter(|attribute| !attribute.is_root()).map(|attribute| path(&attribute)),
    }
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
    fn a_diagnostic_about_the_whole_block_has_no_path() {
        let sent = diagnostics(Diagnostic::warning("Summary", "Detail").at(Path::root()).into());
        assert_eq!(sent[0].attribute, None);
        assert_eq!(sent[0].severity(), wire::diagnostic::Severity::Warning);
    }
}
