//! What a change of a database does to whoever uses it: the table of effects. Pure, and by the two states alone; only which
//! parameters restart instances is told by the Kubernetes cluster.

use std::collections::BTreeMap;

use kubeblocks_schemas::catalogue::{Catalogue, Workload};
use kubeblocks_schemas::quantity::Quantity;
use tfplugin::path::Path;
use tfplugin::typed::{Value, ValueType};

use super::parameters::judge::Effects;
use super::plan::kept_components;
use super::schema::{ClusterState, Component, Volume};
use super::{build, parameters, restart, running};
use crate::impact::{Amount, Assessment, Level, PlannedImpact, Total};

/// Plans what the attribute `planned_impact` says of a create.
pub fn of_create(planned: &ClusterState) -> PlannedImpact {
    Assessment { after: Some(total(planned)), ..Assessment::default() }.into_planned()
}

/// What a change in place does. `effects` is what its parameters do, or `None` where that could not be asked.
pub fn of_update(prior: &ClusterState, planned: &ClusterState, effects: Option<&Effects>) -> Assessment {
    let mut change =
        Assessment { before: Some(total(prior)), after: Some(total(planned)), ..Assessment::default() };
    let (was_stopped, stops) = (running::is_stopped(prior), running::is_stopped(planned));
    let path = Path::attribute("running");
    match (was_stopped, stops) {
        _ if planned.running.is_unknown() => change.undecided.push(path),
        (false, true) => {
            change.add(path, Level::Downtime, "every instance stops, and nobody reaches the database until it is started again; volumes and backups stay");
        }
        (true, false) => change.add(path, Level::None, "the database starts"),
        _ => {}
    }
    let whole = whole_database(prior, planned);
    for (name, before, after) in kept_components(prior, planned) {
        let kept = Kept { cluster: planned, name, before, after, stopped: was_stopped || stops };
        kept.scale(&mut change);
        kept.grow(&mut change);
        if !kept.stopped {
            kept.restart(prior, &whole, effects, &mut change);
        }
    }
    if planned.components.is_unknown() {
        change.undecided.push(Path::attribute("components"));
    }
    for (name, component) in planned.components.known().into_iter().flatten() {
        let path = Path::attribute("components").then_key(name);
        match component.known() {
            None => change.undecided.push(path),
            Some(component) if component.definition.is_unknown() => {
                change.undecided.push(path.then_attribute("definition"));
            }
            Some(_) => {}
        }
    }
    change
}

/// What a replacement takes away. The new database begins empty.
pub fn of_replacement(prior: &ClusterState, because: &[Path]) -> Assessment {
    let mut change = Assessment::default();
    let path = because.first().cloned().unwrap_or_else(Path::root);
    let last = if prior.final_backup.is_null() { "" } else { ", after a last backup" };
    if prior.termination_policy.known().is_some_and(|policy| policy == "Halt" || policy == "DoNotTerminate") {
        change.add(path, Level::Downtime, format!("the database is removed{last} and another one made, which begins without its data; the volumes of the old one stay"));
    } else {
        change.add(
            path,
            Level::DataLoss,
            format!("the database is removed with its data{last}, and another one made, which begins empty"),
        );
    }
    change
}

/// Whether an attribute changes.
#[derive(Clone, Copy)]
enum Change {
    No,
    Yes,
    /// It depends on what is not known yet.
    Perhaps,
}

fn change<T: ValueType + Clone + PartialEq>(before: &Value<T>, after: &Value<T>) -> Change {
    if before == after {
        return Change::No;
    }
    let is_known = after.clone().into_raw().is_wholly_known();
    if is_known { Change::Yes } else { Change::Perhaps }
}

/// Changes of the whole database that restart the instances of its components.
struct Whole {
    version: Change,
    affinity: Change,
    tolerations: Change,
}

fn whole_database(prior: &ClusterState, planned: &ClusterState) -> Whole {
    Whole {
        version: change(&prior.version, &planned.version),
        affinity: change(&prior.affinity, &planned.affinity),
        tolerations: change(&prior.tolerations, &planned.tolerations),
    }
}

/// A component that is there before and after.
struct Kept<'a> {
    cluster: &'a ClusterState,
    name: &'a String,
    before: &'a Component,
    after: &'a Component,
    /// Whether the database has no instances, before or after.
    stopped: bool,
}

impl Kept<'_> {
    fn at(&self, attribute: &'static str) -> Path {
        Path::attribute("components").then_key(self.name).then_attribute(attribute)
    }

    fn replicas(&self) -> Option<(i64, i64)> {
        Some((*self.before.replicas.known()?, *self.after.replicas.known()?))
    }

    fn scale(&self, change: &mut Assessment) {
        let path = self.at("replicas");
        let Some((from, to)) = self.replicas() else { return change.undecided.push(path) };
        if from == to {
            return;
        }
        if self.stopped {
            if to < from {
                change.notice(path, format!("{} fewer when the database starts; the volumes stay, and an instance of the same number would use them again", instances(from - to)));
            }
            return;
        }
        match (from, to) {
            (_, 0) => change.add(
                path,
                Level::Downtime,
                "every instance of the component stops, and its volumes stay",
            ),
            (0, _) => change.add(path, Level::None, format!("the component starts with {}", instances(to))),
            _ if from < to => change.add(path, Level::None, format!("{} more", instances(to - from))),
            _ => self.shrink(from, to, path, change),
        }
    }

    /// Fewer instances. The volumes of those that go are deleted; whether data is lost with them depends on the engine.
    fn shrink(&self, from: i64, to: i64, path: Path, change: &mut Assessment) {
        let gone = instances(from - to);
        let claims: Vec<String> = (to..from).flat_map(|ordinal| self.claims(ordinal)).collect();
        let verb = if from - to == 1 { "goes" } else { "go" };
        if claims.is_empty() {
            return change.add(path, Level::None, format!("{gone} {verb}, which have no volumes"));
        }
        change.data_removed.extend(claims);
        match self.workload() {
            Some(Workload::Consensus | Workload::Replication) => {
                let stay = if to == 1 { "the one that stays has" } else { "those that stay have" };
                change.notice(path, format!("{gone} {verb}, and the volumes of each are deleted; {stay} a copy of the data"));
            }
            Some(Workload::Stateless) => change.notice(path, format!("{gone} {verb}, and the volumes of each are deleted")),
            Some(Workload::Stateful) | None => change.add(
                path,
                Level::DataLoss,
                format!("{gone} {verb}, and the volumes of each are deleted with data that no other instance needs to have"),
            ),
        }
    }

    fn workload(&self) -> Option<Workload> {
        let definition = Catalogue::v0_7().definition(self.cluster.definition.known()?)?;
        Some(definition.component(build::definition(self.name, self.after))?.workload)
    }

    /// Names of the volume claims of an instance.
    fn claims(&self, ordinal: i64) -> impl Iterator<Item = String> {
        let cluster = self.cluster.name.known().cloned().unwrap_or_default();
        let volumes = build::known_entries(&self.before.volumes).map(|(name, _)| name);
        volumes.map(move |volume| format!("{volume}-{cluster}-{}-{ordinal}", self.name))
    }

    fn grow(&self, change: &mut Assessment) {
        change.is_open |= !self.after.volumes.clone().into_raw().is_wholly_known();
        let before: BTreeMap<&String, &Volume> = build::known_entries(&self.before.volumes).collect();
        for (name, after) in build::known_entries(&self.after.volumes) {
            let size = |volume: &Volume| volume.size.known()?.parse::<Quantity>().ok();
            if let (Some(from), Some(to)) = (before.get(name).and_then(|before| size(before)), size(after))
                && from < to
            {
                let path = self.at("volumes").then_key(name).then_attribute("size");
                change.add(path, Level::None, "the volumes grow in place");
            }
        }
    }

    fn restart(
        &self,
        prior: &ClusterState,
        whole: &Whole,
        effects: Option<&Effects>,
        change: &mut Assessment,
    ) {
        // Instances that are there before and after. Without any there is nothing to restart.
        let Some(count) = self.replicas().map(|(from, to)| from.min(to)) else { return };
        if count == 0 {
            return;
        }
        let mut reasons = Vec::new();
        self.collect_own(&mut reasons, change);
        self.collect_shared(whole, &mut reasons, change);
        self.collect_parameters(effects, &mut reasons, change);
        if restart::due(prior, self.cluster).contains_key(self.name) {
            reasons.push(self.at("restart_trigger"));
        }
        if reasons.is_empty() {
            return;
        }
        change.instances_restarted += count;
        let (level, text) = if count == 1 {
            (
                Level::Downtime,
                format!("the only instance of \"{}\" restarts, and nothing answers meanwhile", self.name),
            )
        } else {
            (
                Level::RollingRestart,
                format!("the {count} instances of \"{}\" restart one after the other", self.name),
            )
        };
        for path in reasons {
            change.add(path, level, text.clone());
        }
    }

    fn collect_own(&self, reasons: &mut Vec<Path>, change: &mut Assessment) {
        let (before, after) = (self.before, self.after);
        let own = [
            ("resources", self::change(&before.resources, &after.resources)),
            ("affinity", self::change(&before.affinity, &after.affinity)),
            ("tolerations", self::change(&before.tolerations, &after.tolerations)),
            ("tls", self::change(&before.tls, &after.tls)),
        ];
        for (attribute, found) in own {
            sort(found, self.at(attribute), reasons, change);
        }
        if after.restart_trigger.is_unknown() {
            change.undecided.push(self.at("restart_trigger"));
        }
    }

    /// What the component takes from the whole database, unless it has its own.
    fn collect_shared(&self, whole: &Whole, reasons: &mut Vec<Path>, change: &mut Assessment) {
        let is_own = |before: bool, after: bool| !before && !after;
        let affinity = is_own(self.before.affinity.is_null(), self.after.affinity.is_null());
        let tolerations = is_own(self.before.tolerations.is_null(), self.after.tolerations.is_null());
        for (attribute, found, is_own) in [
            ("version", whole.version, false),
            ("affinity", whole.affinity, affinity),
            ("tolerations", whole.tolerations, tolerations),
        ] {
            if !is_own {
                sort(found, Path::attribute(attribute), reasons, change);
            }
        }
    }

    fn collect_parameters(
        &self,
        effects: Option<&Effects>,
        reasons: &mut Vec<Path>,
        change: &mut Assessment,
    ) {
        let path = self.at("parameters");
        let is_known = self.after.parameters.clone().into_raw().is_wholly_known();
        let same =
            parameters::written(&self.before.parameters) == parameters::written(&self.after.parameters);
        match effects {
            _ if !is_known => change.undecided.push(path),
            _ if same => {}
            None => change.undecided.push(path),
            Some(effects) => {
                reasons.extend(effects.restarts(self.name).cloned());
                change.undecided.extend(effects.undecided(self.name).cloned());
            }
        }
    }
}

fn sort(found: Change, path: Path, reasons: &mut Vec<Path>, change: &mut Assessment) {
    match found {
        Change::No => {}
        Change::Yes => reasons.push(path),
        Change::Perhaps => change.undecided.push(path),
    }
}

fn instances(count: i64) -> String {
    if count == 1 { "one instance".to_owned() } else { format!("{count} instances") }
}

/// How much a database takes. A stopped one keeps its volumes.
fn total(state: &ClusterState) -> Total {
    let unknown = Total::of_instances(Amount::Unknown);
    if state.components.is_unknown() {
        return unknown;
    }
    let mut total = Total::of_instances(Amount::count(0));
    for component in state.components.known().into_iter().flat_map(BTreeMap::values) {
        let Some(component) = component.known() else { return unknown };
        let written = if component.replicas.is_unknown() {
            None
        } else {
            Some(component.replicas.known().copied().unwrap_or(1))
        };
        let running = if running::is_stopped(state) { Some(0) } else { written };
        let times =
            |amount: Amount, count: Option<i64>| count.map_or(Amount::Unknown, |count| amount.times(count));
        total.instances = total.instances.plus(times(Amount::count(1), running));
        total.cpu = total.cpu.plus(times(request(component, "cpu"), running));
        total.memory = total.memory.plus(times(request(component, "memory"), running));
        total.storage = total.storage.plus(times(volumes(component), written));
    }
    total
}

/// What an instance asks for, as Kubernetes takes it: a limit without a request is one.
fn request(component: &Component, name: &str) -> Amount {
    if component.resources.is_unknown() {
        return Amount::Unknown;
    }
    let Some(resources) = component.resources.known() else { return Amount::Absent };
    if !component.resources.clone().into_raw().is_wholly_known() {
        return Amount::Unknown;
    }
    let written = build::resources(resources);
    let quantity = written.requests.get(name).or_else(|| written.limits.get(name));
    quantity.and_then(|quantity| quantity.parse().ok()).map_or(Amount::Absent, Amount::Known)
}

fn volumes(component: &Component) -> Amount {
    if component.volumes.is_unknown() {
        return Amount::Unknown;
    }
    let all = component.volumes.known().into_iter().flat_map(BTreeMap::values);
    all.fold(Amount::count(0), |sum, volume| {
        let size = volume.known().map_or(&Value::Unknown, |volume| &volume.size);
        sum.plus(match size {
            Value::Known(size) => size.parse().map_or(Amount::Absent, Amount::Known),
            Value::Unknown => Amount::Unknown,
            Value::Null => Amount::Absent,
        })
    })
}

#[cfg(test)]
mod tests;
