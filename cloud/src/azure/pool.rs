//! A pool as it is wished, as it is to change, and as it is seen. Pure.

use super::model::{Pool, Status, Tags};
use super::spec::{Mode, NodePoolSpec};
use super::{SeenPool, marks, refusal, shown};
use crate::{ClusterId, Error, Phase, Taint};

/// What AKS puts on nodes by itself; nobody's wish.
const RESERVED: &str = "kubernetes.azure.com/";

/// Refuses what AKS has no room for.
pub(super) fn check(spec: &NodePoolSpec) -> Result<(), Error> {
    if spec.nodes.machine_types.len() > 1 {
        return Err(Error::InvalidSpec {
            field: Some("machine_types".to_owned()),
            message: format!(
                "a node pool of AKS has one type of machine, not {}",
                spec.nodes.machine_types.len()
            ),
        });
    }
    Ok(())
}

/// A new pool, as it stands in its cluster.
pub(super) fn wished(spec: &NodePoolSpec, subnet: Option<&str>, is_unfinished: bool) -> Pool {
    let nodes = &spec.nodes;
    let subnet = spec.subnet_id.as_deref().or(subnet);
    let (least, most) = nodes.autoscaling.unzip();
    Pool {
        name: Some(spec.name.clone()),
        count: Some(count(spec, None)),
        vm_size: nodes.machine_types.first().cloned(),
        os_disk_size_gb: nodes.disk_size_gib,
        os_type: Some("Linux".to_owned()),
        kind: Some("VirtualMachineScaleSets".to_owned()),
        mode: Some(mode(spec.mode).to_owned()),
        enable_auto_scaling: Some(nodes.autoscaling.is_some()),
        min_count: least,
        max_count: most,
        orchestrator_version: spec.version.clone(),
        availability_zones: (!spec.zones.is_empty()).then(|| spec.zones.clone()),
        vnet_subnet_id: subnet.map(str::to_owned),
        scale_set_priority: nodes.spot.then(|| "Spot".to_owned()),
        node_labels: (!nodes.labels.is_empty()).then(|| nodes.labels.clone()),
        node_taints: (!nodes.taints.is_empty()).then(|| nodes.taints.iter().map(written).collect()),
        tags: Some(marks::marked(&spec.tags, &spec.owner, is_unfinished)),
        ..Pool::default()
    }
}

/// The pool as it is to be, when that is another one than it is. `version` is what its nodes are to run next.
pub(super) fn changed(current: &Pool, spec: &NodePoolSpec, version: Option<String>) -> Option<Pool> {
    let mut next = current.clone();
    let (least, most) = spec.nodes.autoscaling.unzip();
    next.count = Some(count(spec, current.count));
    next.enable_auto_scaling = Some(least.is_some());
    (next.min_count, next.max_count) = (least, most);
    // There are more than these two, which are nobody's wish.
    if is_system(current) != (spec.mode == Mode::System) {
        next.mode = Some(mode(spec.mode).to_owned());
    }
    let kept_labels = current.node_labels.iter().flatten().filter(|(key, _)| is_reserved(key));
    let labels: Tags = kept_labels.chain(&spec.nodes.labels).map(|(k, v)| (k.clone(), v.clone())).collect();
    if labels != current.node_labels.clone().unwrap_or_default() {
        next.node_labels = Some(labels);
    }
    let mut wished_taints = spec.nodes.taints.clone();
    wished_taints.sort();
    if wished_taints != sorted(taints(current)) {
        let kept = current.node_taints.iter().flatten().filter(|text| is_reserved(text)).cloned();
        next.node_taints = Some(kept.chain(spec.nodes.taints.iter().map(written)).collect());
    }
    if marks::unmarked(current.tags.as_ref()) != spec.tags {
        next.tags = Some(marks::retagged(current.tags.as_ref(), &spec.tags));
    }
    if let Some(version) = version {
        next.orchestrator_version = Some(version);
    }
    let was_scaling =
        Pool { enable_auto_scaling: Some(current.enable_auto_scaling == Some(true)), ..current.clone() };
    (next != was_scaling).then_some(next)
}

/// The pool without the mark of what is unfinished.
pub(super) fn finished(current: &Pool) -> Pool {
    Pool { tags: Some(marks::finished(current.tags.as_ref())), ..current.clone() }
}

/// What is known of a pool.
pub(super) fn observed(cluster: &ClusterId, pool: &Pool, name: &str) -> SeenPool {
    let wish = shown::pool(cluster, pool, name);
    SeenPool {
        name: name.to_owned(),
        phase: phase(pool.provisioning_state.as_deref(), pool.status.as_ref()),
        nodes: wish.nodes.clone(),
        version: wish.version.clone(),
        tags: wish.tags.clone(),
        owner: marks::owner(pool.tags.as_ref()).map(str::to_owned),
        is_unfinished: marks::is_unfinished(pool.tags.as_ref()),
        wish,
    }
}

/// Whether it takes pods of the cluster itself.
pub(super) fn is_system(pool: &Pool) -> bool {
    pool.mode.as_deref() == Some("System")
}

/// The version that the nodes run.
pub(super) fn running(pool: &Pool) -> Option<&str> {
    pool.current_orchestrator_version.as_deref().or(pool.orchestrator_version.as_deref())
}

/// What a state of AKS means.
pub(super) fn phase(state: Option<&str>, status: Option<&Status>) -> Phase {
    match state {
        Some("Succeeded") => Phase::Active,
        // Right after the request it is not said yet.
        Some("Creating") | None => Phase::Creating,
        Some("Deleting") => Phase::Deleting,
        Some(state @ ("Failed" | "Canceled")) => {
            let error = status.and_then(|status| status.provisioning_error.as_ref());
            let told = error.map(refusal::reasons).filter(|told| !told.is_empty());
            Phase::Failed(told.unwrap_or_else(|| format!("its provisioning state is {state}")))
        }
        Some(_) => Phase::Updating,
    }
}

/// How many nodes are asked for. What scales by itself keeps its number within the new limits.
fn count(spec: &NodePoolSpec, current: Option<i64>) -> i64 {
    match spec.nodes.autoscaling {
        Some((least, most)) => current.or(spec.nodes.size).unwrap_or(least).min(most).max(least),
        None => spec.nodes.size.or(current).unwrap_or(1),
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::System => "System",
        Mode::User => "User",
    }
}

fn is_reserved(key: &str) -> bool {
    key.starts_with(RESERVED)
}

/// `key=value:Effect`.
fn written(taint: &Taint) -> String {
    if taint.value.is_empty() {
        return format!("{}:{}", taint.key, taint.effect);
    }
    format!("{}={}:{}", taint.key, taint.value, taint.effect)
}

/// Labels that were wished.
pub(super) fn labels(pool: &Pool) -> Tags {
    let labels = pool.node_labels.iter().flatten().filter(|(key, _)| !is_reserved(key));
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Taints that were wished.
pub(super) fn taints(pool: &Pool) -> Vec<Taint> {
    let texts = pool.node_taints.iter().flatten().filter(|text| !is_reserved(text));
    texts
        .filter_map(|text| {
            let (pair, effect) = text.rsplit_once(':')?;
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
        })
        .collect()
}

fn sorted(mut taints: Vec<Taint>) -> Vec<Taint> {
    taints.sort();
    taints
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ClusterId, Nodes};

    type Change = fn(&mut NodePoolSpec);

    fn spec() -> NodePoolSpec {
        NodePoolSpec {
            cluster: ClusterId("/c".to_owned()),
            name: "data".to_owned(),
            owner: "abc".to_owned(),
            nodes: Nodes {
                machine_types: vec!["Standard_D4s_v5".to_owned()],
                size: Some(2),
                labels: [("tier".to_owned(), "db".to_owned())].into(),
                taints: vec![Taint {
                    key: "only".to_owned(),
                    value: "db".to_owned(),
                    effect: "NoSchedule".to_owned(),
                }],
                ..Nodes::default()
            },
            mode: Mode::User,
            zones: vec!["1".to_owned()],
            subnet_id: None,
            version: None,
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    /// The pool as AKS shows it after it was made: with what AKS adds.
    fn shown(spec: &NodePoolSpec) -> Pool {
        let mut pool = wished(spec, Some("/subnet"), false);
        pool.provisioning_state = Some("Succeeded".to_owned());
        pool.current_orchestrator_version = Some("1.34.4".to_owned());
        pool.node_labels
            .get_or_insert_default()
            .insert(format!("{RESERVED}scalesetpriority"), "spot".to_owned());
        pool.node_taints.get_or_insert_default().push(format!("{RESERVED}scalesetpriority=spot:NoSchedule"));
        pool.extra.insert("maxPods".to_owned(), json!(250));
        pool
    }

    #[test]
    fn what_was_made_as_wished_does_not_change_and_is_seen_as_wished() {
        let spec = spec();
        let pool = shown(&spec);
        assert_eq!(changed(&pool, &spec, None), None);
        let seen = observed(&spec.cluster, &pool, "data");
        assert_eq!(
            (seen.nodes.labels, seen.nodes.taints, seen.tags),
            (spec.nodes.labels, spec.nodes.taints, spec.tags)
        );
        assert_eq!(
            (seen.phase, seen.nodes.size, seen.version.as_deref()),
            (Phase::Active, Some(2), Some("1.34"))
        );
        assert_eq!(
            (seen.owner.as_deref(), seen.is_unfinished, seen.nodes.autoscaling),
            (Some("abc"), false, None)
        );
    }

    #[test]
    fn each_change_is_one_and_leaves_the_rest_as_it_is() {
        let table: [(&str, Change); 6] = [
            ("count", |spec| spec.nodes.size = Some(3)),
            ("minCount", |spec| spec.nodes.autoscaling = Some((1, 4))),
            ("nodeLabels", |spec| spec.nodes.labels.clear()),
            ("nodeTaints", |spec| spec.nodes.taints.clear()),
            ("tags", |spec| spec.tags.clear()),
            ("mode", |spec| spec.mode = Mode::System),
        ];
        for (field, change) in table {
            let mut spec = spec();
            let before = shown(&spec);
            change(&mut spec);
            let after = changed(&before, &spec, None).unwrap();
            let (old, new) = (serde_json::to_value(&before).unwrap(), serde_json::to_value(&after).unwrap());
            assert_ne!(old[field], new[field], "{field}");
            assert_eq!((&new["maxPods"], &new["vmSize"]), (&old["maxPods"], &old["vmSize"]), "{field}");
            assert_eq!(marks::owner(after.tags.as_ref()), Some("abc"), "{field}");
            assert!(new["nodeTaints"].to_string().contains("scalesetpriority"), "{field}");
            assert_eq!(changed(&after, &spec, None), None, "{field}");
        }
    }

    #[test]
    fn what_scales_by_itself_keeps_its_number_within_its_limits() {
        let mut spec = spec();
        for (limits, current, expected) in
            [((1, 5), Some(4), 4), ((1, 3), Some(4), 3), ((5, 9), Some(4), 5), ((1, 5), None, 2)]
        {
            spec.nodes.autoscaling = Some(limits);
            assert_eq!(count(&spec, current), expected, "{limits:?} {current:?}");
        }
        let before = shown(&spec);
        spec.nodes.autoscaling = None;
        let after = changed(&before, &spec, None).unwrap();
        assert_eq!((after.enable_auto_scaling, after.min_count, after.max_count), (Some(false), None, None));
    }

    #[test]
    fn a_failure_is_told_in_the_cloud_s_words() {
        let status: Status = serde_json::from_value(
            json!({"provisioningError": {"code": "AllocationFailed", "message": "none left"}}),
        )
        .unwrap();
        let cases = [
            (Some("Failed"), Some(&status), Phase::Failed("AllocationFailed: none left".to_owned())),
            (Some("Canceled"), None, Phase::Failed("its provisioning state is Canceled".to_owned())),
            (Some("Scaling"), None, Phase::Updating),
            (None, None, Phase::Creating),
        ];
        for (state, status, expected) in cases {
            assert_eq!(phase(state, status), expected);
        }
    }

    #[test]
    fn several_types_of_machines_are_refused() {
        let mut spec = spec();
        assert!(check(&spec).is_ok());
        spec.nodes.machine_types.push("Standard_D8s_v5".to_owned());
        assert!(check(&spec).unwrap_err().to_string().contains("one type of machine"));
    }
}
