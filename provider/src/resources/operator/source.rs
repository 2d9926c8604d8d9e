//! Which chart is meant: its source and its version, from what is written, what was there before, and the defaults. Pure.

use std::path::PathBuf;

use tfplugin::typed::Value;

use super::schema::ChartSource;
use crate::helm::chart::Source;

/// The repository of the KubeBlocks project.
pub const DEFAULT_REPOSITORY: &str = "https://apecloud.github.io/helm-charts";
/// The operator's chart.
pub const DEFAULT_NAME: &str = "kubeblocks";
/// The version that this provider is made for.
pub const DEFAULT_VERSION: &str = "0.7.5";

/// Where the chart comes from; unknown while a part of it is.
pub fn source(chart: &Value<ChartSource>) -> Value<Source> {
    let chart = match chart {
        Value::Unknown => return Value::Unknown,
        Value::Null => ChartSource::default(),
        Value::Known(chart) => chart.clone(),
    };
    let ChartSource { repository, name, path } = chart;
    if [&repository, &name, &path].into_iter().any(Value::is_unknown) {
        return Value::Unknown;
    }
    if let Value::Known(path) = path {
        return Value::Known(Source::Path(PathBuf::from(path)));
    }
    let name = name.into_known().unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let url = repository.into_known().unwrap_or_else(|| DEFAULT_REPOSITORY.to_owned());
    let url = url.trim_end_matches('/');
    Value::Known(if url.starts_with("oci://") {
        Source::Oci { reference: format!("{url}/{name}") }
    } else {
        Source::Repository { url: url.to_owned(), name }
    })
}

/// The version to look for. `None`: the source's own, or the newest. `prior` is what is installed, and `noted` what the
/// last apply installed, which differs after a rollback by hand.
pub fn wanted_version(
    written: &Value<String>,
    source: &Source,
    prior: Option<&str>,
    noted: Option<&str>,
) -> Option<String> {
    match (written, source) {
        (Value::Known(version), _) => Some(version.clone()),
        (Value::Null | Value::Unknown, Source::Path(_)) => None,
        (Value::Null | Value::Unknown, Source::Repository { .. } | Source::Oci { .. }) => {
            Some(noted.or(prior).unwrap_or(DEFAULT_VERSION).to_owned())
        }
    }
}

/// The source in words, for messages.
pub fn describe(source: &Source) -> String {
    match source {
        Source::Repository { url, name } => format!("\"{name}\" of {url}"),
        Source::Oci { reference } => reference.clone(),
        Source::Path(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::text;

    fn chart(repository: &str, name: &str, path: &str) -> Value<ChartSource> {
        let given = |value: &str| if value.is_empty() { Value::Null } else { text(value) };
        Value::Known(ChartSource { repository: given(repository), name: given(name), path: given(path) })
    }

    #[test]
    fn what_is_left_out_is_the_chart_of_the_project() {
        let table = [
            (Value::Null, "\"kubeblocks\" of https://apecloud.github.io/helm-charts"),
            (chart("", "", ""), "\"kubeblocks\" of https://apecloud.github.io/helm-charts"),
            (chart("https://charts.test/a/", "", ""), "\"kubeblocks\" of https://charts.test/a"),
            (chart("https://charts.test", "own", ""), "\"own\" of https://charts.test"),
            (chart("oci://registry.test/charts/", "", ""), "oci://registry.test/charts/kubeblocks"),
            (chart("oci://registry.test", "own", ""), "oci://registry.test/own"),
            (chart("", "", "./kubeblocks-0.7.5.tgz"), "./kubeblocks-0.7.5.tgz"),
        ];
        for (written, expected) in table {
            assert_eq!(describe(source(&written).known().unwrap()), expected);
        }
        assert!(source(&Value::Unknown).is_unknown());
        let partly = ChartSource { name: Value::Unknown, ..ChartSource::default() };
        assert!(source(&Value::Known(partly)).is_unknown());
    }

    #[test]
    fn a_version_that_is_not_written_stays_what_it_is() {
        let repository = Source::Repository { url: "https://charts.test".into(), name: "kubeblocks".into() };
        let path = Source::Path("kubeblocks".into());
        let table = [
            (text("0.7.4"), &repository, Some("0.7.5"), None, Some("0.7.4")),
            (text("0.7.4"), &path, None, None, Some("0.7.4")),
            (Value::Null, &repository, None, None, Some(DEFAULT_VERSION)),
            (Value::Null, &repository, Some("0.7.2"), None, Some("0.7.2")),
            (Value::Null, &repository, Some("0.7.2"), Some("0.7.3"), Some("0.7.3")),
            (Value::Null, &path, Some("0.7.2"), Some("0.7.2"), None),
        ];
        for (written, source, prior, noted, expected) in table {
            assert_eq!(wanted_version(&written, source, prior, noted).as_deref(), expected);
        }
    }
}
