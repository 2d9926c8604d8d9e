//! Whether an add-on is for this Kubernetes cluster. Pure.

use regex::Regex;

use crate::operator::api::{AddonInstall, AddonSelector, AddonSpec};

/// What selectors look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Version of the API server with whatever its vendor appends.
    pub(crate) git_version: String,
    /// `major.minor` as the API server says it.
    pub(crate) version: String,
    /// The cloud that the operator was told.
    pub(crate) cloud: String,
}

impl Surroundings {
    /// Whether a selector holds. An unknown key looks at nothing, an unknown operator never holds.
    pub(crate) fn meet(&self, selector: &AddonSelector) -> bool {
        let line = match selector.key.as_str() {
            "KubeGitVersion" => self.git_version.as_str(),
            "KubeVersion" => self.version.as_str(),
            "KubeProvider" => self.cloud.as_str(),
            _ => "",
        };
        let contains = |value: &String| line.contains(value.as_str());
        let matches = |value: &String| Regex::new(value).is_ok_and(|pattern| pattern.is_match(line));
        match selector.operator.as_str() {
            "Contains" => selector.values.iter().any(contains),
            "DoesNotContain" => !selector.values.iter().any(contains),
            "MatchRegex" => selector.values.iter().any(matches),
            "DoesNotMatchRegex" => !selector.values.iter().any(matches),
            _ => false,
        }
    }

    /// The selector that keeps the add-on from being installed by itself, if there is one. All have to hold.
    pub(super) fn unmet<'a>(&self, spec: &'a AddonSpec) -> Option<&'a AddonSelector> {
        spec.installable.as_ref()?.selectors.iter().find(|selector| !self.meet(selector))
    }

    /// The default settings for this Kubernetes cluster: the first that one (not every one) of its selectors is for,
    /// otherwise the first for all.
    pub(super) fn defaults<'a>(&self, spec: &'a AddonSpec) -> Option<&'a AddonInstall> {
        let all = &spec.default_install_values;
        let chosen = all.iter().find(|item| item.selectors.iter().any(|selector| self.meet(selector)));
        chosen.or_else(|| all.iter().find(|item| item.selectors.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn surroundings() -> Surroundings {
        Surroundings {
            git_version: "v1.34.4-eks-1a2b".to_owned(),
            version: "1.34".to_owned(),
            cloud: "aws".to_owned(),
        }
    }

    #[test]
    fn selectors_look_at_version_and_cloud() {
        let table: [(&str, &str, &[&str], bool); 14] = [
            ("KubeGitVersion", "Contains", &["eks"], true),
            ("KubeGitVersion", "Contains", &["aliyun", "tke", "eks"], true),
            ("KubeGitVersion", "Contains", &["aliyun"], false),
            ("KubeGitVersion", "Contains", &[], false),
            ("KubeGitVersion", "DoesNotContain", &["aliyun", "tke"], true),
            ("KubeGitVersion", "DoesNotContain", &["aliyun", "eks"], false),
            ("KubeGitVersion", "DoesNotContain", &[], true),
            ("KubeVersion", "MatchRegex", &["^1.3[0-9]$"], true),
            ("KubeVersion", "MatchRegex", &["("], false),
            ("KubeVersion", "DoesNotMatchRegex", &["^1.2"], true),
            ("KubeVersion", "DoesNotMatchRegex", &["^1.2", "34"], false),
            ("KubeProvider", "Contains", &["aws"], true),
            ("KubeProvider", "DoesNotContain", &["aws"], false),
            ("KubeProvider", "Equals", &["aws"], false),
        ];
        for (key, operator, values, expected) in table {
            let selector: AddonSelector =
                serde_json::from_value(json!({ "key": key, "operator": operator, "values": values }))
                    .unwrap();
            assert_eq!(surroundings().meet(&selector), expected, "{key} {operator} {values:?}");
        }
    }

    #[test]
    fn defaults_with_a_selector_that_holds_win_over_those_for_all() {
        let eks = json!({ "key": "KubeGitVersion", "operator": "Contains", "values": ["eks"] });
        let gke = json!({ "key": "KubeGitVersion", "operator": "Contains", "values": ["gke"] });
        let table = [
            (json!([{ "replicas": 1 }, { "replicas": 2, "selectors": [eks] }]), Some(2)),
            (json!([{ "replicas": 2, "selectors": [gke] }, { "replicas": 1 }]), Some(1)),
            (json!([{ "replicas": 2, "selectors": [gke, eks] }, { "replicas": 1 }]), Some(2)),
            (json!([{ "replicas": 2, "selectors": [gke] }]), None),
        ];
        for (values, expected) in table {
            let spec: AddonSpec =
                serde_json::from_value(json!({ "type": "Helm", "defaultInstallValues": values })).unwrap();
            let chosen = surroundings().defaults(&spec).and_then(|item| item.replicas);
            assert_eq!(chosen, expected, "{values}");
        }
    }

    #[test]
    fn every_selector_of_what_is_installable_has_to_hold() {
        let eks = json!({ "key": "KubeGitVersion", "operator": "Contains", "values": ["eks"] });
        let not_aws = json!({ "key": "KubeProvider", "operator": "DoesNotContain", "values": ["aws"] });
        let table = [(json!([]), None), (json!([eks]), None), (json!([eks, not_aws]), Some("KubeProvider"))];
        for (selectors, expected) in table {
            let spec: AddonSpec =
                serde_json::from_value(json!({ "installable": { "selectors": selectors } })).unwrap();
            let unmet = surroundings().unmet(&spec).map(|selector| selector.key.as_str());
            assert_eq!(unmet, expected, "{selectors}");
        }
    }
}
