//! Which changes of version are allowed. Pure.

use semver::{Version, VersionReq};
use tfplugin::diagnostic::Diagnostic;
use tfplugin::path::Path;

/// The line of KubeBlocks that this provider is made for.
const LINE: (u64, u64) = (0, 7);

/// What stands against installing `to` where `from` is; `None` for an install from nothing.
pub fn judge(from: Option<&str>, to: &str) -> Option<Diagnostic> {
    let to = parse(to)?;
    let at = Path::attribute("version");
    let Some(from) = from.and_then(parse) else { return other_line(&to).map(|warning| warning.at(at)) };
    let line = |version: &Version| (version.major, version.minor);
    if to < from {
        return Some(
            Diagnostic::warning(
                "KubeBlocks is downgraded",
                format!("{from} -> {to}: KubeBlocks does not support going back. Definitions of the older version may lack fields that databases use. Back up first, and try it on another Kubernetes cluster."),
            )
            .at(at),
        );
    }
    let skips = to.major != from.major || to.minor > from.minor + 1;
    if skips {
        let next = format!("{}.{}", from.major, from.minor + 1);
        return Some(
            Diagnostic::error(
                "Minor version of KubeBlocks would be skipped",
                format!("{from} is installed, and {to} is more than one minor version ahead. KubeBlocks only moves the objects of the version before, so what is in between must be installed first: set `version` to a {next} version and apply, then go on."),
            )
            .at(at),
        );
    }
    if line(&to) == line(&from) { None } else { other_line(&to).map(|warning| warning.at(at)) }
}

fn other_line(to: &Version) -> Option<Diagnostic> {
    ((to.major, to.minor) != LINE).then(|| {
        Diagnostic::warning(
            "Other version of KubeBlocks than this provider is made for",
            format!("This provider knows the kinds and rules of KubeBlocks {}.{}; {to} may have others. Its databases may not be managed rightly here.", LINE.0, LINE.1),
        )
    })
}

/// Why the chart cannot be installed on that version of Kubernetes, if so.
pub fn judge_kubernetes(chart_version: &str, wanted: Option<&str>, kubernetes: &str) -> Option<Diagnostic> {
    let wanted = wanted?;
    let requirement = VersionReq::parse(wanted).ok()?;
    let found = parse(kubernetes)?;
    let plain = Version::new(found.major, found.minor, found.patch);
    (!requirement.matches(&plain)).then(|| {
        Diagnostic::error(
            "Kubernetes is too old for this version of KubeBlocks",
            format!("The chart {chart_version} wants Kubernetes {wanted}, and the Kubernetes cluster has {kubernetes}. Upgrade it, or choose another `version`."),
        )
        .at(Path::attribute("version"))
    })
}

/// The cloud that the chart sees in the version of Kubernetes, as the value `provider` names it. Helm 3 drops the suffix
/// when it renders a preview, so the preview needs to be told.
pub fn cloud_of(kubernetes: &str) -> Option<&'static str> {
    let suffixes = [
        ("-eks", "aws"),
        ("-gke", "gcp"),
        ("-aliyun", "aliyun"),
        ("-tke", "tencentCloud"),
        ("-aks", "azure"),
    ];
    suffixes.iter().find(|(suffix, _)| kubernetes.contains(suffix)).map(|(_, cloud)| *cloud)
}

fn parse(text: &str) -> Option<Version> {
    Version::parse(text.trim_start_matches('v')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin::diagnostic::Severity;

    #[test]
    fn a_minor_version_is_never_skipped_and_going_back_is_warned_of() {
        use Severity::{Error, Warning};
        let table = [
            (None, "0.7.5", None),
            (None, "0.8.0", Some(Warning)),
            (Some("0.7.4"), "0.7.5", None),
            (Some("0.7.5"), "0.7.5", None),
            (Some("0.7.5"), "0.7.4", Some(Warning)),
            (Some("0.7.5"), "0.6.9", Some(Warning)),
            (Some("0.7.5"), "0.8.0", Some(Warning)),
            (Some("0.8.0"), "0.8.1", None),
            (Some("v0.7.5"), "0.7.6", None),
            (Some("0.7.5"), "0.9.0", Some(Error)),
            (Some("0.7.5"), "0.9.0-beta.1", Some(Error)),
            (Some("0.7.5"), "1.0.0", Some(Error)),
            (Some("0.5.0"), "0.7.0", Some(Error)),
            (Some("latest"), "0.7.5", None),
        ];
        for (from, to, expected) in table {
            assert_eq!(judge(from, to).map(|found| found.severity), expected, "{from:?} -> {to}");
        }
        let refusal = judge(Some("0.7.5"), "0.9.0").unwrap();
        assert!(refusal.detail.contains("set `version` to a 0.8 version"), "{}", refusal.detail);
    }

    #[test]
    fn kubernetes_must_be_as_new_as_the_chart_wants() {
        let table = [
            (Some(">=1.22.0-0"), "v1.30.0", true),
            (Some(">=1.22.0-0"), "v1.34.4-eks-abc", true),
            (Some(">=1.22.0-0"), "v1.21.9", false),
            (Some(">=1.22.0-0"), "v0.0.0-master+x", false),
            (Some("not a range"), "v1.21.9", true),
            (None, "v1.10.0", true),
        ];
        for (wanted, kubernetes, passes) in table {
            assert_eq!(
                judge_kubernetes("0.7.5", wanted, kubernetes).is_none(),
                passes,
                "{wanted:?} {kubernetes}"
            );
        }
    }

    #[test]
    fn the_cloud_is_seen_as_the_chart_sees_it() {
        for (version, cloud) in [
            ("v1.30.0-eks-036c24b", Some("aws")),
            ("v1.30.1-gke.1329000", Some("gcp")),
            ("v1.28.9-aliyun.1", Some("aliyun")),
            ("v1.28.3-tke.5", Some("tencentCloud")),
            ("v1.30.0", None),
        ] {
            assert_eq!(cloud_of(version), cloud, "{version}");
        }
    }
}
