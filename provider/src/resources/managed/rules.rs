//! What a change of a managed Kubernetes cluster or node pool may be. Pure: judged at plan, offline.

use tfplugin::prelude::*;

use super::schema::{Autoscaling, SystemNodePool};

/// A minor version, such as `1.34`, as two numbers.
pub(crate) fn minor(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(major) || !is_number(minor) {
        return None;
    }
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What stands against going from one version to another; nothing while one of them is not known.
pub(crate) fn judge_version(from: &Value<String>, to: &Value<String>) -> Option<Diagnostic> {
    let (from, to) = (from.known()?, to.known()?);
    let (was, is) = (minor(from)?, minor(to)?);
    let refusal = if is < was {
        format!(
            "Clouds do not take Kubernetes back from {from} to {to}. Keep \"{from}\", or make a new cluster with {to} and move the databases by backup and restore."
        )
    } else if is.0 != was.0 || is.1 > was.1 + 1 {
        let next = format!("{}.{}", was.0, was.1 + 1);
        format!(
            "Kubernetes is upgraded one minor version at a time, and {to} is more than one above {from}. Set \"{next}\" and apply, then the next one."
        )
    } else {
        return None;
    };
    Some(
        Diagnostic::error("Version of Kubernetes cannot be reached", refusal)
            .at(Path::attribute("kubernetes_version")),
    )
}

/// Checks of a pool's attributes against each other. Findings stand below `path`.
pub(crate) fn validate_pool(
    size: &Value<i64>,
    autoscaling: &Value<Autoscaling>,
    path: &Path,
    diagnostics: &mut Diagnostics,
) {
    let Some(range) = autoscaling.known() else { return };
    let (Some(min), Some(max)) = (range.min.known(), range.max.known()) else { return };
    if min > max {
        diagnostics.push(
            Diagnostic::error(
                "Least number of nodes above the most",
                format!("`min` is {min} and `max` is {max}. Swap them, or raise `max`."),
            )
            .at(path.then_attribute("autoscaling").then_attribute("min")),
        );
    }
    if let Some(size) = size.known()
        && (size < min || size > max)
    {
        diagnostics.push(
            Diagnostic::error(
                "Number of nodes outside of the autoscaler's range",
                format!("`size` is {size}, which is not between {min} and {max}. Remove `size`, or change the range."),
            )
            .at(path.then_attribute("size")),
        );
    }
}

/// Changes of the first nodes that no cloud can make in place. The cluster must not be replaced for them, so they are
/// errors that say what to do.
pub(crate) fn judge_system_pool(
    prior: &Value<SystemNodePool>,
    planned: &Value<SystemNodePool>,
) -> Vec<Diagnostic> {
    let (Some(prior), Some(planned)) = (prior.known(), planned.known()) else { return Vec::new() };
    let path = Path::attribute("system_node_pool");
    // What an apply that did not come to its end never learned is judged by the cloud.
    let changed = [
        ("machine_types", differs(&prior.machine_types, &planned.machine_types)),
        ("disk_size_gib", differs(&prior.disk_size_gib, &planned.disk_size_gib)),
        ("spot", differs(&prior.spot, &planned.spot)),
    ];
    changed
        .into_iter()
        .filter(|(_, is_changed)| *is_changed)
        .map(|(name, _)| {
            Diagnostic::error(
                "First nodes cannot be changed so",
                format!("`{name}` of nodes that exist cannot be changed, and the whole Kubernetes cluster would have to be replaced. Take the change back, and add a node pool with the new `{name}`; databases move to it when their `affinity` or `tolerations` say so."),
            )
            .at(path.then_attribute(name))
        })
        .collect()
}

/// Whether both are known, and not the same.
fn differs<T: PartialEq>(prior: &Value<T>, planned: &Value<T>) -> bool {
    prior.known().zip(planned.known()).is_some_and(|(prior, planned)| prior != planned)
}

/// A destroy that is refused.
pub(crate) fn protected(service: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        "Kubernetes cluster is protected",
        format!("The {service} cluster \"{name}\" has `deletion_protection`, so it is neither destroyed nor replaced. To allow it, set `deletion_protection = false` and apply that first."),
    )
    .at(Path::attribute("deletion_protection"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn versions_go_up_by_one() {
        let cases = [
            ("1.33", "1.33", None),
            ("1.33", "1.34", None),
            ("1.9", "1.10", None),
            ("1.34", "1.33", Some("do not take Kubernetes back from 1.34 to 1.33")),
            ("1.33", "1.35", Some("Set \"1.34\"")),
            ("1.34", "2.0", Some("one minor version at a time")),
        ];
        for (from, to, expected) in cases {
            let found = judge_version(&text(from), &text(to)).map(|found| found.detail);
            match (found, expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{from} {to}: {found}"),
                (found, _) => panic!("{from} {to}: {found:?}"),
            }
        }
        assert!(judge_version(&Value::Unknown, &text("1.2")).is_none());
        assert!(judge_version(&Value::Null, &text("1.2")).is_none());
    }

    #[test]
    fn only_minor_versions_are_versions() {
        let cases = [("1.34", Some((1, 34))), ("1.34.1", None), ("v1.34", None), ("1.", None), ("1", None)];
        for (version, expected) in cases {
            assert_eq!(minor(version), expected, "{version}");
        }
    }

    #[test]
    fn pools_are_checked_and_what_cannot_be_changed_is_named() {
        let range = |min, max| Value::Known(Autoscaling { min: Value::Known(min), max: Value::Known(max) });
        let paths = |size: Value<i64>, autoscaling| {
            let mut found = Diagnostics::new();
            validate_pool(&size, &autoscaling, &Path::attribute("system_node_pool"), &mut found);
            found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(paths(Value::Known(3), range(1, 5)).is_empty());
        assert!(paths(Value::Known(9), Value::Null).is_empty());
        assert_eq!(paths(Value::Known(9), range(1, 5)), ["system_node_pool.size"]);
        assert_eq!(paths(Value::Null, range(5, 1)), ["system_node_pool.autoscaling.min"]);

        let pool = SystemNodePool {
            size: Value::Known(3),
            spot: Value::Known(false),
            disk_size_gib: Value::Known(50),
            ..SystemNodePool::default()
        };
        let other = SystemNodePool {
            size: Value::Known(5),
            spot: Value::Known(true),
            disk_size_gib: Value::Known(100),
            ..pool.clone()
        };
        let found = judge_system_pool(&Value::Known(pool.clone()), &Value::Known(other));
        let found: Vec<String> =
            found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
        assert_eq!(found, ["system_node_pool.disk_size_gib", "system_node_pool.spot"]);
        // What was never learned is no change.
        let same = SystemNodePool { disk_size_gib: Value::Null, ..pool.clone() };
        assert!(judge_system_pool(&Value::Known(pool), &Value::Known(same)).is_empty());
    }
}
