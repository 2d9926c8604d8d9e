//! Whether KubeBlocks is there, which line it is, and whether it works. Pure.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase};

use super::facts::{Facts, ServedKinds};
use super::report::Check;

/// The kinds of KubeBlocks v0.7 that this provider works with.
const KINDS: [&str; 12] = [
    "addons.extensions.kubeblocks.io",
    "backuppolicies.dataprotection.kubeblocks.io",
    "backuprepos.dataprotection.kubeblocks.io",
    "backups.dataprotection.kubeblocks.io",
    "backupschedules.dataprotection.kubeblocks.io",
    "clusterdefinitions.apps.kubeblocks.io",
    "clusters.apps.kubeblocks.io",
    "clusterversions.apps.kubeblocks.io",
    "configconstraints.apps.kubeblocks.io",
    "configurations.apps.kubeblocks.io",
    "opsrequests.apps.kubeblocks.io",
    "replicatedstatemachines.workloads.kubeblocks.io",
];

/// A line of KubeBlocks, as far as its kinds tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing of it is there.
    Absent,
    /// v0.7, which this provider speaks.
    V0_7,
    /// A later one, in words.
    Later(&'static str),
}

/// Whether KubeBlocks is installed, in whatever line.
pub(super) fn is_installed(facts: &Facts) -> bool {
    facts.served.as_ref().is_ok_and(|served| line(served) != Line::Absent)
}

/// The checks of this file.
pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let served = match &facts.served {
        Ok(served) => served,
        Err(unread) => return ["kubeblocks", "operator", "addons"].map(|name| unread.check(name)).into(),
    };
    if line(served) == Line::Absent {
        let skipped = |name| Check::skip(name, "KubeBlocks is not installed");
        return vec![
            Check::skip("kubeblocks", "KubeBlocks is not installed; `kubeblocks_operator` installs it"),
            skipped("operator"),
            skipped("addons"),
        ];
    }
    vec![
        kubeblocks(served),
        match &facts.operator {
            Ok(deployments) => operator(deployments, &facts.namespace),
            Err(unread) => unread.check("operator"),
        },
        match &facts.addons {
            Ok(found) => addons(found.as_deref().unwrap_or_default()),
            Err(unread) => unread.check("addons"),
        },
    ]
}

fn line(served: &ServedKinds) -> Line {
    let has = |kind: &str| served.kinds.contains(kind);
    if served.versions.is_empty() {
        Line::Absent
    } else if served.versions.contains("v1") {
        Line::Later("v1.0 or later")
    } else if has("instancesets.workloads.kubeblocks.io") {
        Line::Later("v0.9")
    } else if has("componentdefinitions.apps.kubeblocks.io") {
        Line::Later("v0.8")
    } else {
        Line::V0_7
    }
}

fn kubeblocks(served: &ServedKinds) -> Check {
    const NAME: &str = "kubeblocks";
    if let Line::Later(line) = line(served) {
        return Check::fail(
            NAME,
            format!("the kinds are those of KubeBlocks {line}"),
            "This provider speaks to KubeBlocks v0.7. Use a Kubernetes cluster with that line.",
        );
    }
    let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !served.kinds.contains(*kind)).collect();
    if missing.is_empty() {
        Check::pass(NAME, "the kinds of KubeBlocks v0.7 are served")
    } else {
        Check::fail(
            NAME,
            format!("kinds of KubeBlocks v0.7 are missing: {}", missing.join(", ")),
            "Helm does not repair CustomResourceDefinitions: apply `kubeblocks_operator`, or the files in the chart's folder crds.",
        )
    }
}

fn operator(deployments: &[Deployment], namespace: &str) -> Check {
    const NAME: &str = "operator";
    if deployments.is_empty() {
        return Check::warn(
            NAME,
            "the kinds are served, but no Deployment of the operator was found",
            "Unless it runs outside of this Kubernetes cluster, nothing acts on databases: install it with `kubeblocks_operator`.",
        );
    }
    let mut lines = Vec::new();
    let mut all_ready = true;
    for deployment in deployments {
        let wanted = deployment.spec.replicas.unwrap_or(1);
        let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        all_ready &= wanted > 0 && ready >= wanted;
        let place = deployment.namespace().unwrap_or_default();
        let version = deployment.labels().get("app.kubernetes.io/version");
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        lines.push(format!("{place}/{}{version}: {ready} of {wanted} ready", deployment.name_any()));
    }
    lines.sort();
    let found = lines.join("\n");
    if !all_ready {
        let place = deployments.first().and_then(kube::ResourceExt::namespace).unwrap_or_default();
        return Check::fail(
            NAME,
            found,
            format!(
                "Databases and add-ons stand still until it is ready. Look at `kubectl --namespace {place} describe pods`."
            ),
        );
    }
    if deployments.iter().any(|deployment| deployment.namespace().as_deref() != Some(namespace)) {
        return Check::warn(
            NAME,
            found,
            format!(
                "It is not in the namespace {namespace:?}: name its own with `--namespace`, and in `namespace` of `kubeblocks_operator`."
            ),
        );
    }
    Check::pass(NAME, found)
}

fn addons(addons: &[Addon]) -> Check {
    const NAME: &str = "addons";
    let named = |phase: AddonPhase| {
        let of_phase = addons
            .iter()
            .filter(|addon| addon.status.as_ref().and_then(|status| status.phase.as_ref()) == Some(&phase));
        let mut names: Vec<String> = of_phase.map(kube::ResourceExt::name_any).collect();
        names.sort();
        names
    };
    let failed = named(AddonPhase::Failed);
    if !failed.is_empty() {
        return Check::warn(
            NAME,
            format!("failed: {}", failed.join(", ")),
            "The operator does not try again by itself. Look at `kubectl describe addon <name>`, put the cause right, then switch the add-on off and on, which `kubeblocks_addon` does.",
        );
    }
    let enabled = named(AddonPhase::Enabled);
    let moving = [named(AddonPhase::Enabling), named(AddonPhase::Disabling)].concat();
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let moving =
        if moving.is_empty() { String::new() } else { format!("; being changed: {}", moving.join(", ")) };
    Check::pass(NAME, format!("enabled: {}{moving}", listed(&enabled)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::facts::fixtures::{object, unread};
    use super::super::report::Outcome;
    use super::*;

    fn served(versions: &[&str], further: &[&str], without: &str) -> ServedKinds {
        let set =
            |texts: &[&str]| -> BTreeSet<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let mut kinds = set(&[KINDS.as_slice(), further].concat());
        kinds.remove(without);
        ServedKinds { versions: set(versions), kinds }
    }

    #[test]
    fn the_line_is_told_by_the_kinds() {
        let table = [
            (served(&["v1alpha1"], &[], ""), Outcome::Pass, "v0.7"),
            (served(&["v1alpha1"], &["componentdefinitions.apps.kubeblocks.io"], ""), Outcome::Fail, "v0.8"),
            (served(&["v1alpha1"], &["instancesets.workloads.kubeblocks.io"], ""), Outcome::Fail, "v0.9"),
            (served(&["v1", "v1alpha1"], &[], ""), Outcome::Fail, "v1.0"),
            (served(&["v1alpha1"], &[], KINDS[2]), Outcome::Fail, KINDS[2]),
        ];
        for (kinds, expected, text) in table {
            let check = kubeblocks(&kinds);
            assert_eq!(check.result, expected, "{kinds:?}");
            assert!(check.found.contains(text), "{}", check.found);
        }
    }

    #[test]
    fn where_kubeblocks_is_absent_nothing_of_it_is_judged() {
        let facts = Facts { served: Ok(ServedKinds::default()), ..unread() };
        assert!(!is_installed(&facts));
        assert!(judge(&facts).iter().all(|check| check.result == Outcome::Skip));
        let facts = Facts { served: Ok(served(&["v1alpha1"], &[], "")), ..unread() };
        assert!(is_installed(&facts));
        assert!(judge(&unread()).iter().all(|check| check.result == Outcome::Warn));
    }

    fn deployment(namespace: &str, wanted: i32, ready: i32) -> Deployment {
        object(json!({
            "metadata": {
                "name": "kubeblocks", "namespace": namespace, "labels": { "app.kubernetes.io/version": "0.7.5" },
            },
            "spec": { "replicas": wanted, "selector": {}, "template": {} },
            "status": { "readyReplicas": ready },
        }))
    }

    #[test]
    fn the_operator_is_judged_by_its_deployments() {
        type Found<'a> = &'a [(&'a str, i32, i32)];
        let table: [(Found<'_>, Outcome, &str); 5] = [
            (
                &[("kb-system", 1, 1), ("kb-system", 2, 2)],
                Outcome::Pass,
                "kb-system/kubeblocks 0.7.5: 1 of 1 ready",
            ),
            (&[("kb-system", 1, 1), ("kb-system", 1, 0)], Outcome::Fail, "0 of 1 ready"),
            (&[("kb-system", 0, 0)], Outcome::Fail, "0 of 0"),
            (&[("elsewhere", 1, 1)], Outcome::Warn, "elsewhere/"),
            (&[], Outcome::Warn, "no Deployment"),
        ];
        for (found, expected, text) in table {
            let deployments: Vec<Deployment> = found
                .iter()
                .map(|(namespace, wanted, ready)| deployment(namespace, *wanted, *ready))
                .collect();
            let check = operator(&deployments, "kb-system");
            assert_eq!(check.result, expected, "{found:?}");
            assert!(check.found.contains(text), "{}", check.found);
        }
    }

    #[test]
    fn failed_add_ons_are_named() {
        type Found<'a> = &'a [(&'a str, &'a str)];
        let addon = |name: &str, phase: &str| -> Addon {
            object(json!({
                "metadata": { "name": name }, "spec": { "type": "Helm", "defaultInstallValues": [] },
                "status": { "phase": phase },
            }))
        };
        let table: [(Found<'_>, Outcome, &str); 4] = [
            (&[], Outcome::Pass, "enabled: none"),
            (&[("redis", "Enabled"), ("kafka", "Disabled")], Outcome::Pass, "enabled: redis"),
            (
                &[("redis", "Enabled"), ("kafka", "Enabling")],
                Outcome::Pass,
                "enabled: redis; being changed: kafka",
            ),
            (&[("redis", "Enabled"), ("kafka", "Failed")], Outcome::Warn, "failed: kafka"),
        ];
        for (found, expected, text) in table {
            let objects: Vec<Addon> = found.iter().map(|(name, phase)| addon(name, phase)).collect();
            let check = addons(&objects);
            assert_eq!((check.result, check.found.as_str()), (expected, text));
        }
    }
}
