//! Versions of Kubernetes, and the way from one to another: a minor version at a time, never back. Pure.

use crate::Error;

/// `1.34` of `1.34.2`.
pub(super) fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// The numbers of a version; a patch that is not said is none.
pub(super) fn numbers(version: &str) -> Option<(u64, u64, Option<u64>)> {
    let mut parts = version.split('.').map(str::parse::<u64>);
    let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
    match parts.next() {
        None => Some((major, minor, None)),
        Some(patch) => Some((major, minor, Some(patch.ok()?))),
    }
}

/// What to ask for next on the way from the version that runs to the one that is wished; `None` when it is reached.
pub(super) fn next(what: &str, current: &str, wished: &str) -> Result<Option<String>, Error> {
    let refused = |message: String| Error::InvalidSpec { field: Some("version".to_owned()), message };
    let unreadable = |version: &str| refused(format!("{version:?} is no version of Kubernetes"));
    let (major, at, patch) = numbers(current).ok_or_else(|| unreadable(current))?;
    let (wished_major, wished_minor, wished_patch) = numbers(wished).ok_or_else(|| unreadable(wished))?;
    let is_back = (wished_major, wished_minor) < (major, at)
        || ((wished_major, wished_minor) == (major, at) && wished_patch.is_some_and(|to| Some(to) < patch));
    if is_back {
        return Err(refused(format!(
            "{what} runs Kubernetes {current}, and AKS does not go back to {wished}"
        )));
    }
    if wished_minor > at + 1 {
        return Ok(Some(format!("{major}.{}", at + 1)));
    }
    let is_reached = wished_minor == at && wished_patch.is_none_or(|to| Some(to) == patch);
    Ok((!is_reached).then(|| wished.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_up_one_minor_version_at_a_time() {
        let cases = [
            ("1.33.7", "1.33", Ok(None)),
            ("1.33.7", "1.34", Ok(Some("1.34"))),
            ("1.33.7", "1.34.2", Ok(Some("1.34.2"))),
            ("1.33.7", "1.36", Ok(Some("1.34"))),
            ("1.33.5", "1.33.7", Ok(Some("1.33.7"))),
            ("1.33.7", "1.33.7", Ok(None)),
            ("1.34.2", "1.33", Err("does not go back")),
            ("1.34.2", "1.34.1", Err("does not go back")),
            ("1.34.2", "latest", Err("no version")),
        ];
        for (current, wished, expected) in cases {
            match (next("it", current, wished), expected) {
                (Ok(step), Ok(expected)) => assert_eq!(step.as_deref(), expected, "{current} {wished}"),
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (step, _) => panic!("{current} {wished}: {step:?}"),
            }
        }
        assert_eq!(minor("1.34.2"), "1.34");
    }
}
