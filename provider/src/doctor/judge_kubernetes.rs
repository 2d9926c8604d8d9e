//! Whether the Kubernetes cluster itself can carry KubeBlocks: version, nodes, taints, load balancers. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Taint};
use kubeblocks_schemas::quantity::Quantity;

use super::facts::{Cloud, Facts};
use super::report::Check;

/// The operator's chart refuses what is older.
const OLDEST: (u64, u64) = (1, 22);
/// From here on the API server enforces the rules in KubeBlocks' definitions.
const ENFORCES_RULES: (u64, u64) = (1, 25);
/// Three instances on three nodes survive the loss of one.
const ENOUGH_NODES: usize = 3;

/// The checks of this file.
pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let cloud = cloud(facts);
    let mut checks = vec![version(&facts.version)];
    match &facts.nodes {
        Ok(found) => checks.extend([nodes(found), taints(found)]),
        Err(unread) => checks.extend([unread.check("nodes"), unread.check("node-taints")]),
    }
    checks.push(match cloud {
        Some(Cloud::Aws) => match &facts.load_balancer {
            Ok(controller) => load_balancer(controller.as_ref()),
            Err(unread) => unread.check("load-balancer"),
        },
        Some(Cloud::Gcp) => Check::pass("load-balancer", "GKE brings its own load balancers"),
        Some(Cloud::Azure) => Check::pass(
            "load-balancer",
            "AKS brings its own load balancers (KubeBlocks cannot tell AKS by itself: set `cloud_provider = \"azure\"` of `kubeblocks_operator`)",
        ),
        Some(Cloud::Alibaba) => Check::pass("load-balancer", "ACK brings its own load balancers"),
        None => Check::skip("load-balancer", "not on a cloud that is known; name it with --cloud"),
    });
    checks
}

/// Major and minor of `v1.34.4-eks-1a2b3c4`.
fn major_minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.trim_end_matches('+').parse().ok()?))
}

fn version(version: &str) -> Check {
    const NAME: &str = "kubernetes-version";
    match major_minor(version) {
        None => Check::warn(
            NAME,
            format!("{version} is no version that is understood"),
            "Use Kubernetes 1.25 or later.",
        ),
        Some(found) if found < OLDEST => Check::fail(
            NAME,
            format!("{version} is too old: KubeBlocks v0.7 needs 1.22"),
            "Upgrade Kubernetes, to 1.25 or later if you can.",
        ),
        Some(found) if found < ENFORCES_RULES => Check::warn(
            NAME,
            format!("{version} does not enforce the validation rules (CEL) of KubeBlocks' kinds, 1.25 does"),
            "It works, but mistakes in objects that are not made by this provider go unnoticed. Upgrade to 1.25 or later.",
        ),
        Some(_) => Check::pass(NAME, version),
    }
}

/// The cloud: as told, as the version says, or as the nodes say.
fn cloud(facts: &Facts) -> Option<Cloud> {
    let by_version = [("-eks-", Cloud::Aws), ("-gke.", Cloud::Gcp), ("-aliyun", Cloud::Alibaba)];
    let by_provider = [("aws://", Cloud::Aws), ("gce://", Cloud::Gcp), ("azure://", Cloud::Azure)];
    let of_node = |node: &Node| {
        let provider = node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref()).unwrap_or_default();
        let labels = node.metadata.labels.iter().flatten();
        let is_alibaba = labels.into_iter().any(|(key, _)| key.starts_with("alibabacloud.com/"));
        let known = by_provider.iter().find(|(prefix, _)| provider.starts_with(prefix));
        known.map(|(_, cloud)| *cloud).or(is_alibaba.then_some(Cloud::Alibaba))
    };
    facts
        .told_cloud
        .or_else(|| by_version.iter().find(|(part, _)| facts.version.contains(part)).map(|(_, cloud)| *cloud))
        .or_else(|| facts.nodes.iter().flatten().find_map(of_node))
}

/// Whether pods can be put there: ready and not cordoned.
fn is_usable(node: &Node) -> bool {
    let cordoned = node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false);
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut ready = conditions.filter(|condition| condition.type_ == "Ready");
    !cordoned && ready.any(|condition| condition.status == "True")
}

/// The sum of what usable nodes can give, in the unit's own words.
fn allocatable(nodes: &[&Node], resource: &str) -> String {
    let quantities = nodes.iter().filter_map(|node| {
        let allocatable = node.status.as_ref()?.allocatable.as_ref()?;
        allocatable.get(resource)?.0.parse::<Quantity>().ok()
    });
    let sum = quantities.reduce(|sum, next| sum.checked_add(next).unwrap_or(sum));
    sum.map_or_else(|| "unknown".to_owned(), |sum| sum.to_string())
}

fn nodes(nodes: &[Node]) -> Check {
    const NAME: &str = "nodes";
    let usable: Vec<&Node> = nodes.iter().filter(|node| is_usable(node)).collect();
    let found = format!(
        "{} {}, {} ready; {} CPU and {} memory allocatable",
        nodes.len(),
        if nodes.len() == 1 { "node" } else { "nodes" },
        usable.len(),
        allocatable(&usable, "cpu"),
        allocatable(&usable, "memory")
    );
    if usable.is_empty() {
        Check::fail(NAME, found, "Nothing can run. Add nodes, or uncordon and repair those that there are.")
    } else if usable.len() < ENOUGH_NODES {
        Check::warn(
            NAME,
            found,
            "Use three nodes or more: with fewer, a database that agrees by majority does not survive the loss of one.",
        )
    } else {
        Check::pass(NAME, found)
    }
}

/// Whether pods that tolerate `key=true:NoSchedule` can be put on a node.
fn admits(node: &Node, key: &str) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref()).into_iter().flatten();
    taints.filter(|taint| taint.effect != "PreferNoSchedule").all(|taint| {
        taint.key == key && taint.value.as_deref() == Some("true") && taint.effect == "NoSchedule"
    })
}

fn written(taint: &Taint) -> String {
    let value = taint.value.as_deref().filter(|value| !value.is_empty());
    let value = value.map(|value| format!("={value}")).unwrap_or_default();
    format!("{}{value}:{}", taint.key, taint.effect)
}

fn taints(nodes: &[Node]) -> Check {
    const NAME: &str = "node-taints";
    let usable: Vec<&Node> = nodes.iter().filter(|node| is_usable(node)).collect();
    if usable.is_empty() {
        return Check::skip(NAME, "no node is ready");
    }
    let count = |key: &str| usable.iter().filter(|node| admits(node, key)).count();
    let (operator, databases) = (count("kb-controller"), count("kb-data"));
    let found = format!("{operator} of {} nodes take the operator, {databases} take databases", usable.len());
    if operator > 0 && databases > 0 {
        return Check::pass(NAME, found);
    }
    let taints = usable.iter().filter_map(|node| node.spec.as_ref()?.taints.as_ref()).flatten();
    let taints: BTreeSet<String> = taints.map(written).collect();
    let taints = taints.into_iter().collect::<Vec<_>>().join(", ");
    Check::fail(
        NAME,
        format!("{found}; taints: {taints}"),
        "KubeBlocks tolerates kb-controller=true:NoSchedule (operator) and kb-data=true:NoSchedule (databases) only. Add nodes without other taints, or set `tolerations` of `kubeblocks_operator` and of each `kubeblocks_cluster`.",
    )
}

fn load_balancer(controller: Option<&Deployment>) -> Check {
    const NAME: &str = "load-balancer";
    let advice = "Services of type LoadBalancer (`exposure`, `services`) get no address from it until it runs. Install it: https://docs.aws.amazon.com/eks/latest/userguide/aws-load-balancer-controller.html";
    let Some(controller) = controller else {
        return Check::warn(NAME, "the AWS Load Balancer Controller is not installed in kube-system", advice);
    };
    let ready = controller.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    match ready {
        ..=0 => Check::warn(NAME, "the AWS Load Balancer Controller has no ready instance", advice),
        1 => Check::warn(
            NAME,
            "the AWS Load Balancer Controller has one ready instance",
            "Run two, so that addresses are kept up to date while a node is replaced.",
        ),
        more => Check::pass(NAME, format!("the AWS Load Balancer Controller has {more} ready instances")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::facts::fixtures::{object, unread};
    use super::super::report::Outcome;
    use super::*;

    fn node(ready: bool, cordoned: bool, taints: &[(&str, &str, &str)]) -> Node {
        let taints: Vec<Value> = taints
            .iter()
            .map(|(key, value, effect)| json!({ "key": key, "value": value, "effect": effect }))
            .collect();
        object(json!({
            "metadata": { "name": "n" },
            "spec": { "unschedulable": cordoned, "taints": taints },
            "status": {
                "conditions": [
                    { "type": "MemoryPressure", "status": "False" },
                    { "type": "Ready", "status": if ready { "True" } else { "Unknown" } },
                ],
                "allocatable": { "cpu": "3920m", "memory": "6Gi" },
            },
        }))
    }

    #[test]
    fn versions_are_judged_by_what_kubeblocks_needs() {
        for (version, expected) in [
            ("v1.21.14", Outcome::Fail),
            ("v1.22.0", Outcome::Warn),
            ("v1.24.17-eks-1a2b3c4", Outcome::Warn),
            ("v1.25.0", Outcome::Pass),
            ("v1.34.4+k3s1", Outcome::Pass),
            ("v2.0.0", Outcome::Pass),
            ("strange", Outcome::Warn),
        ] {
            assert_eq!(super::version(version).result, expected, "{version}");
        }
    }

    #[test]
    fn nodes_are_counted_when_they_are_ready_and_not_cordoned() {
        let good = || node(true, false, &[]);
        let table: [(Vec<Node>, Outcome, &str); 4] = [
            (vec![good(), good(), good()], Outcome::Pass, "3 nodes, 3 ready; 11760m CPU and 18Gi memory"),
            (vec![good(), good(), node(false, false, &[])], Outcome::Warn, "3 nodes, 2 ready"),
            (vec![node(true, true, &[])], Outcome::Fail, "1 node, 0 ready; unknown CPU"),
            (vec![], Outcome::Fail, "0 nodes"),
        ];
        for (found, expected, text) in table {
            let check = nodes(&found);
            assert_eq!(check.result, expected);
            assert!(check.found.contains(text), "{}", check.found);
        }
    }

    #[test]
    fn taints_are_held_against_what_kubeblocks_tolerates() {
        type Taints<'a> = &'a [(&'a str, &'a str, &'a str)];
        let table: [(&[Taints<'_>], Outcome); 7] = [
            (&[&[]], Outcome::Pass),
            (
                &[&[("kb-controller", "true", "NoSchedule")], &[("kb-data", "true", "NoSchedule")]],
                Outcome::Pass,
            ),
            (&[&[("kb-data", "true", "NoSchedule")]], Outcome::Fail),
            (&[&[("kb-data", "true", "NoExecute")], &[("kb-controller", "", "NoSchedule")]], Outcome::Fail),
            (&[&[("gpu", "yes", "PreferNoSchedule")]], Outcome::Pass),
            (&[&[("gpu", "yes", "NoSchedule")], &[]], Outcome::Pass),
            (&[], Outcome::Skip),
        ];
        for (found, expected) in table {
            let nodes: Vec<Node> = found.iter().map(|taints| node(true, false, taints)).collect();
            let check = taints(&nodes);
            assert_eq!(check.result, expected, "{found:?}");
        }
        let text =
            taints(&[node(true, false, &[("gpu", "yes", "NoSchedule"), ("old", "", "NoExecute")])]).found;
        assert!(text.contains("taints: gpu=yes:NoSchedule, old:NoExecute"), "{text}");
    }

    #[test]
    fn the_cloud_is_told_or_seen() {
        let on = |provider: &str, label: &str| -> Node {
            let labels = json!({ label: "x" });
            object(json!({ "metadata": { "labels": labels }, "spec": { "providerID": provider } }))
        };
        let table = [
            ("v1.30.0-eks-1", None, vec![], Some(Cloud::Aws)),
            ("v1.30.0-gke.100", None, vec![], Some(Cloud::Gcp)),
            ("v1.30.0-aliyun.1", None, vec![], Some(Cloud::Alibaba)),
            ("v1.30.0", None, vec![on("azure:///subscriptions/1", "a")], Some(Cloud::Azure)),
            (
                "v1.30.0",
                None,
                vec![on("cn-hangzhou.i-1", "alibabacloud.com/nodepool-id")],
                Some(Cloud::Alibaba),
            ),
            ("v1.30.0", None, vec![on("kind://a/b", "a")], None),
            ("v1.30.0-eks-1", Some(Cloud::Gcp), vec![], Some(Cloud::Gcp)),
        ];
        for (version, told, nodes, expected) in table {
            let facts = Facts { version: version.to_owned(), told_cloud: told, nodes: Ok(nodes), ..unread() };
            assert_eq!(cloud(&facts), expected, "{version}");
        }
    }

    #[test]
    fn only_aws_needs_a_controller_for_load_balancers() {
        let controller = |ready: i32| Ok(Some(object(json!({ "status": { "readyReplicas": ready } }))));
        let table = [
            (Some(Cloud::Aws), Ok(None), Outcome::Warn),
            (Some(Cloud::Aws), controller(0), Outcome::Warn),
            (Some(Cloud::Aws), controller(1), Outcome::Warn),
            (Some(Cloud::Aws), controller(2), Outcome::Pass),
            (Some(Cloud::Azure), Ok(None), Outcome::Pass),
            (None, Ok(None), Outcome::Skip),
        ];
        for (told_cloud, load_balancer, expected) in table {
            let facts = Facts { told_cloud, load_balancer, ..unread() };
            let check = judge(&facts).into_iter().find(|check| check.name == "load-balancer").unwrap();
            assert_eq!(check.result, expected, "{told_cloud:?} {:?}", facts.load_balancer);
        }
    }
}
