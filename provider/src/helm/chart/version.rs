//! Which of the versions that there are is meant. Pure.

use semver::{BuildMetadata, Version};

/// A version as charts write them: with or without a `v` before it.
pub(super) fn parse(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

/// The one of `versions` that `wanted` means: the same text; else the same version, written otherwise; else the
/// same version of which `wanted` leaves the build metadata open. Without `wanted`: the newest that is no
/// pre-release.
pub(super) fn choose<'a>(versions: &[&'a str], wanted: Option<&str>) -> Option<&'a str> {
    let parsed = versions.iter().filter_map(|text| Some((parse(text)?, *text)));
    let Some(wanted) = wanted else {
        return parsed.filter(|(version, _)| version.pre.is_empty()).max().map(|(_, text)| text);
    };
    if let Some(same) = versions.iter().find(|text| **text == wanted) {
        return Some(same);
    }
    let wanted = parse(wanted)?;
    let equal = parsed.clone().find(|(version, _)| *version == wanted);
    let without_build = |version: &Version| Version { build: BuildMetadata::EMPTY, ..version.clone() };
    equal
        .or_else(|| parsed.filter(|(version, _)| without_build(version) == wanted).max())
        .map(|(_, text)| text)
}

/// Newest first; what is no version comes last.
pub(super) fn newest_first(versions: &[&str]) -> Vec<String> {
    let mut versions: Vec<(Option<Version>, &str)> =
        versions.iter().map(|text| (parse(text), *text)).collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, text)| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_chosen_by_meaning() {
        let there = [
            "0.7.0-alpha.0",
            "v0.6.4",
            "0.7.5",
            "0.7.5+build.2",
            "0.10.0-beta.1",
            "0.8.0+a",
            "0.8.0+b",
            "latest",
        ];
        let cases = [
            (None, Some("0.8.0+b")),
            (Some("0.7.5"), Some("0.7.5")),
            (Some("v0.7.5"), Some("0.7.5")),
            (Some("0.6.4"), Some("v0.6.4")),
            (Some("0.7.5+build.2"), Some("0.7.5+build.2")),
            (Some("0.8.0"), Some("0.8.0+b")),
            (Some("0.8.0+c"), None),
            (Some("0.7.0-alpha.0"), Some("0.7.0-alpha.0")),
            (Some("latest"), Some("latest")),
            (Some("0.7"), None),
            (Some("9.9.9"), None),
        ];
        for (wanted, expected) in cases {
            assert_eq!(choose(&there, wanted), expected, "{wanted:?}");
        }
    }

    #[test]
    fn the_newest_is_never_a_pre_release() {
        assert_eq!(choose(&["1.0.0-rc.1", "2.0.0-alpha"], None), None);
        assert_eq!(choose(&["1.9.0", "1.10.0"], None), Some("1.10.0"));
    }

    #[test]
    fn versions_are_listed_newest_first() {
        let sorted = newest_first(&["0.9.0", "odd", "0.10.0", "v0.10.1", "0.10.0-beta.1"]);
        assert_eq!(sorted, ["v0.10.1", "0.10.0", "0.10.0-beta.1", "0.9.0", "odd"]);
    }
}
