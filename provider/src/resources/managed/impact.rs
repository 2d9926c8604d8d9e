//! What a change of a managed Kubernetes cluster or of a pool of nodes does to the databases on it. Pure.

use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::schema::{NodeTaint, SystemNodePool};
use super::state::range;
use crate::impact::{Amount, Assessment, Level, Total};
use crate::kubernetes::CloudMethod;

/// Nodes that are made when nobody says how many.
const DEFAULT_SIZE: i64 = 3;

/// Nodes before and after a change.
pub(super) struct Nodes {
    /// Where their attributes stand.
    pub(super) path: Path,
    /// What they are called.
    pub(super) noun: &'static str,
    /// The service that has them, as each treats nodes in its own way.
    pub(super) method: CloudMethod,
    /// Before; `None` where there are none yet.
    pub(super) before: Option<SystemNodePool>,
    /// After.
    pub(super) after: SystemNodePool,
    /// As it is written: what the cloud may choose is unknown only there when somebody else has yet to tell it.
    pub(super) config: SystemNodePool,
}

/// A version of Kubernetes, before, after and as it is written.
pub(super) struct Version<'a> {
    pub(super) before: &'a Value<String>,
    pub(super) after: &'a Value<String>,
    pub(super) config: &'a Value<String>,
}

impl Nodes {
    /// Of nodes that are made for the first time.
    pub(super) fn of_create(&self) -> Assessment {
        Assessment { after: Some(self.total_after()), ..Assessment::default() }
    }

    /// What a change in place does.
    pub(super) fn of_update(&self, version: &Version<'_>) -> Assessment {
        let before =
            self.before.as_ref().map(|before| Total { nodes: counted(&before.size), ..Total::default() });
        let mut change = Assessment { before, after: Some(self.total_after()), ..Assessment::default() };
        self.upgrade(version, &mut change);
        if let Some(before) = &self.before {
            self.shrink(before, &mut change);
            self.repel(before, &mut change);
        }
        change
    }

    /// What a replacement of a whole pool does.
    pub(super) fn of_replacement(&self, because: &[Path]) -> Assessment {
        let path = because.first().cloned().unwrap_or_else(Path::root);
        let mut change = Assessment::default();
        let size = self.before.as_ref().and_then(|before| before.size.known());
        let text = format!(
            "the {} is removed and made anew: instances on its {} restart on others, if there is room",
            self.noun,
            size.map_or_else(|| "nodes".to_owned(), |size| nodes(*size))
        );
        change.add(path, Level::RollingRestart, text);
        change
    }

    fn total_after(&self) -> Total {
        let nodes = if self.config.size.is_unknown() || self.is_range_open() {
            Amount::Unknown
        } else {
            Amount::count(self.size_after())
        };
        Total { nodes, ..Total::default() }
    }

    /// How many there are when the change is done.
    fn size_after(&self) -> i64 {
        let before = self.before.as_ref().and_then(|before| before.size.known().copied());
        // The cloud has yet to make them.
        let wished = self.after.size.known().copied().unwrap_or(DEFAULT_SIZE);
        match (range(&self.after.autoscaling), before) {
            (None, _) => wished,
            (Some((least, most)), None) => wished.min(most).max(least),
            // GKE leaves them to its autoscaler, which takes away only what is hardly used.
            (Some(_), Some(before)) if self.method == CloudMethod::Gke => before,
            (Some((least, most)), Some(before)) => before.min(most).max(least),
        }
    }

    /// Whether somebody else has yet to tell what the autoscaler may do.
    fn is_range_open(&self) -> bool {
        !self.config.autoscaling.clone().into_raw().is_wholly_known()
    }

    fn upgrade(&self, version: &Version<'_>, change: &mut Assessment) {
        let path = Path::attribute("kubernetes_version");
        if version.config.is_unknown() {
            return change.undecided.push(path);
        }
        if let (Some(from), Some(to)) = (version.before.known(), version.after.known())
            && from != to
        {
            // ACK takes all pools of a cluster along, and does not drain their nodes.
            if self.method == CloudMethod::Ack {
                let text = format!(
                    "going from Kubernetes {from} to {to} upgrades all nodes of the Kubernetes cluster where they are, batch by batch: an instance may restart together with the kubelet of its node"
                );
                return change.add(path, Level::RollingRestart, text);
            }
            let count =
                self.before.as_ref().and_then(|before| before.size.known()).copied().unwrap_or_default();
            change.nodes_recreated += count;
            let text = format!(
                "going from Kubernetes {from} to {to} makes the nodes of the {} anew, one after the other: every instance on them restarts",
                self.noun
            );
            change.add(path, Level::RollingRestart, text);
        }
    }

    /// Nodes that an autoscaler takes away, which are hardly used, are none of the change's.
    fn shrink(&self, before: &SystemNodePool, change: &mut Assessment) {
        let (size, autoscaling) = (self.path.then_attribute("size"), self.path.then_attribute("autoscaling"));
        if self.is_range_open() {
            return change.undecided.push(autoscaling);
        }
        if self.config.size.is_unknown() {
            return change.undecided.push(size);
        }
        let Some(from) = before.size.known() else { return };
        let to = self.size_after();
        if to < *from {
            let is_by_range = self.after.autoscaling != before.autoscaling;
            let text = format!(
                "{} fewer: every instance on a node that goes restarts on another one, if there is room",
                nodes(from - to)
            );
            change.add(if is_by_range { autoscaling } else { size }, Level::RollingRestart, text);
        }
    }

    fn repel(&self, before: &SystemNodePool, change: &mut Assessment) {
        let path = self.path.then_attribute("taints");
        if !self.config.taints.clone().into_raw().is_wholly_known() {
            return change.undecided.push(path);
        }
        let evicting = |taints: &Value<Vec<Value<NodeTaint>>>| -> Vec<NodeTaint> {
            let known = taints.known().into_iter().flatten().filter_map(Value::known);
            known
                .filter(|taint| taint.effect.known().is_some_and(|effect| effect == "NoExecute"))
                .cloned()
                .collect()
        };
        let known = evicting(&before.taints);
        if evicting(&self.after.taints).iter().any(|taint| !known.contains(taint)) {
            let text = "the new taint `NoExecute` drives away every instance that does not tolerate it";
            change.add(path, Level::RollingRestart, text);
        }
    }
}

/// What the replacement of a whole Kubernetes cluster does.
pub(super) fn of_replaced_cluster(because: &[Path]) -> Assessment {
    let path = because.first().cloned().unwrap_or_else(Path::root);
    let mut change = Assessment::default();
    let text = "the Kubernetes cluster is removed with every database in it, and another one made, which begins empty";
    change.add(path, Level::DataLoss, text);
    change
}

fn counted(size: &Value<i64>) -> Amount {
    size.known().map_or(Amount::Absent, |size| Amount::count(*size))
}

fn nodes(count: i64) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::managed::schema::Autoscaling;

    fn pool(size: Value<i64>) -> SystemNodePool {
        SystemNodePool { size, ..SystemNodePool::default() }
    }

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    fn assess(
        method: CloudMethod,
        before: &SystemNodePool,
        after: &SystemNodePool,
        to: &Value<String>,
    ) -> Assessment {
        let path = Path::attribute("system_node_pool");
        let (before, after) = (Some(before.clone()), after.clone());
        let config = after.clone();
        let nodes = Nodes { path, noun: "node pool", method, before, config, after };
        nodes.of_update(&Version { before: &text("1.33"), after: to, config: to })
    }

    #[test]
    fn a_change_of_nodes_has_its_level() {
        let taint = |effect: &str| {
            let taint = NodeTaint { key: text("k"), effect: text(effect), value: Value::Null };
            SystemNodePool { taints: Value::Known(vec![Value::Known(taint)]), ..pool(Value::Known(3)) }
        };
        let autoscaled = |size, min, max| SystemNodePool {
            autoscaling: Value::Known(Autoscaling { min: Value::Known(min), max: Value::Known(max) }),
            ..pool(Value::Known(size))
        };
        let three = || pool(Value::Known(3));
        let (same, next) = (text("1.33"), text("1.34"));
        let rolling = Level::RollingRestart;
        let (eks, gke, ack) = (CloudMethod::Eks, CloudMethod::Gke, CloudMethod::Ack);
        for (method, before, after, to, level, recreated, nodes) in [
            (eks, three(), three(), &same, Level::None, 0, 3),
            (eks, three(), three(), &next, rolling, 3, 3),
            (ack, three(), three(), &next, rolling, 0, 3),
            (eks, three(), pool(Value::Known(2)), &same, rolling, 0, 2),
            (eks, three(), pool(Value::Known(5)), &same, Level::None, 0, 5),
            (eks, three(), autoscaled(3, 1, 4), &same, Level::None, 0, 3),
            (eks, three(), autoscaled(3, 5, 6), &same, Level::None, 0, 5),
            (eks, three(), autoscaled(3, 1, 2), &same, rolling, 0, 2),
            (gke, three(), autoscaled(3, 1, 2), &same, Level::None, 0, 3),
            (eks, autoscaled(3, 1, 4), autoscaled(3, 1, 2), &same, rolling, 0, 2),
            (eks, autoscaled(4, 1, 4), three(), &same, rolling, 0, 3),
            (eks, three(), taint("NoSchedule"), &same, Level::None, 0, 3),
            (eks, three(), taint("NoExecute"), &same, rolling, 0, 3),
            (eks, taint("NoExecute"), taint("NoExecute"), &same, Level::None, 0, 3),
            (eks, taint("NoExecute"), three(), &same, Level::None, 0, 3),
        ] {
            let change = assess(method, &before, &after, to);
            let found = (change.level(), change.nodes_recreated, change.after.unwrap().nodes);
            assert_eq!(found, (level, recreated, Amount::count(nodes)), "{method:?} {after:?} {to:?}");
            assert!(change.undecided.is_empty());
        }
    }

    #[test]
    fn what_others_have_yet_to_tell_is_undecided_and_what_the_cloud_chooses_is_not() {
        let three = pool(Value::Known(3));
        let config = SystemNodePool { taints: Value::Unknown, ..pool(Value::Unknown) };
        let nodes = |config: &SystemNodePool| Nodes {
            path: Path::root(),
            noun: "node pool",
            method: CloudMethod::Aks,
            before: Some(three.clone()),
            after: three.clone(),
            config: config.clone(),
        };
        let version = |config| Version { before: &Value::Unknown, after: &Value::Unknown, config };
        let change = nodes(&config).of_update(&version(&Value::Unknown));
        assert_eq!(change.undecided.len(), 3);
        assert_eq!(change.after.unwrap().nodes, Amount::Unknown);
        let open = pool(Value::Null);
        assert!(nodes(&open).of_update(&version(&Value::Null)).undecided.is_empty());
        let ranged = SystemNodePool { autoscaling: Value::Unknown, ..pool(Value::Null) };
        let change = nodes(&ranged).of_update(&version(&Value::Null));
        assert_eq!(change.undecided, [Path::attribute("autoscaling")]);
        let made = Nodes {
            path: Path::root(),
            noun: "node pool",
            method: CloudMethod::Aks,
            before: None,
            after: pool(Value::Unknown),
            config: open,
        };
        assert_eq!(made.of_create().after.unwrap().nodes, Amount::count(3));
    }
}
