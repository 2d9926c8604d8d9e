//! The add-ons that KubeBlocks v0.7 ships: what they consist of and which functions they support. Constant data,
//! so that nothing is parsed when the process starts. An add-on that is not here may still exist: people write
//! their own.

mod analytics;
mod coordination;
mod document;
mod model;
mod relational;
mod relational_scale_out;
mod search;

use std::fmt;

use crate::v1alpha1::WorkloadType;

/// Something that an add-on may or may not support: the columns of the support matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Change of CPU and memory.
    VerticalScaling,
    /// Change of the number of instances.
    HorizontalScaling,
    /// Growth of volumes.
    VolumeExpansion,
    /// Stop and start.
    StopStart,
    /// Restart.
    Restart,
    /// Backup and restore.
    BackupRestore,
    /// Collection of logs.
    Logs,
    /// Change of parameters.
    Configuration,
    /// Upgrade of the engine.
    Upgrade,
    /// Accounts of users.
    Accounts,
    /// Takeover when the leader fails.
    Failover,
    /// Move of the leading role on request.
    Switchover,
    /// Metrics.
    Monitoring,
}

impl Function {
    /// Every function, in the order of the matrix.
    pub const ALL: [Self; 13] = [
        Self::VerticalScaling,
        Self::HorizontalScaling,
        Self::VolumeExpansion,
        Self::StopStart,
        Self::Restart,
        Self::BackupRestore,
        Self::Logs,
        Self::Configuration,
        Self::Upgrade,
        Self::Accounts,
        Self::Failover,
        Self::Switchover,
        Self::Monitoring,
    ];

    /// The function as users write it: the name of its column in the support matrix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerticalScaling => "vscale",
            Self::HorizontalScaling => "hscale",
            Self::VolumeExpansion => "volume_expand",
            Self::StopStart => "stop_start",
            Self::Restart => "restart",
            Self::BackupRestore => "backup_restore",
            Self::Logs => "logs",
            Self::Configuration => "config",
            Self::Upgrade => "upgrade",
            Self::Accounts => "account",
            Self::Failover => "failover",
            Self::Switchover => "switchover",
            Self::Monitoring => "monitor",
        }
    }

    /// The function in words, for messages.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::VerticalScaling => "vertical scaling",
            Self::HorizontalScaling => "horizontal scaling",
            Self::VolumeExpansion => "growth of volumes",
            Self::StopStart => "stop and start",
            Self::Restart => "restarts",
            Self::BackupRestore => "backup and restore",
            Self::Logs => "collection of logs",
            Self::Configuration => "change of parameters",
            Self::Upgrade => "upgrades of the engine",
            Self::Accounts => "accounts of users",
            Self::Failover => "failover",
            Self::Switchover => "switchover",
            Self::Monitoring => "monitoring",
        }
    }

    /// The function that users write so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.as_str() == name)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.in_words())
    }
}

/// Whether an add-on supports a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The matrix says nothing.
    Unstated,
}

impl Support {
    /// The cell of the support matrix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "n/a",
            Self::Unstated => "",
        }
    }
}

/// An add-on.
#[derive(Debug)]
pub struct Addon {
    /// Name in the support matrix.
    pub name: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    /// Name of the `Addon` object that installs it; some charts have none.
    pub object: Option<&'static str>,
    /// Name of its Helm chart; none when KubeBlocks ships no chart for it.
    pub chart: Option<&'static str>,
    /// Versions of the engine, as the support matrix states them; the names of the `ClusterVersion`s are in the
    /// definitions.
    pub engine_versions: &'static [&'static str],
    /// Whether the operator installs it by itself.
    pub installed_by_default: bool,
    /// Functions that it supports.
    pub supported: &'static [Function],
    /// Functions of which the matrix says nothing.
    pub unstated: &'static [Function],
    /// The engines that it brings.
    pub definitions: &'static [Definition],
}

impl Addon {
    /// Whether the add-on supports a function.
    pub fn support(&self, function: Function) -> Support {
        if self.supported.contains(&function) {
            Support::Yes
        } else if self.unstated.contains(&function) {
            Support::Unstated
        } else {
            Support::No
        }
    }
}

/// An engine: a `ClusterDefinition`.
#[derive(Debug)]
pub struct Definition {
    /// Name of the object.
    pub name: &'static str,
    /// Names of the `ClusterVersion`s.
    pub versions: &'static [&'static str],
    /// The version that the add-on marks as default, or the only one.
    pub default_version: Option<&'static str>,
    /// Keys of the connection Secret.
    pub connection_keys: &'static [&'static str],
    /// Names of the backup methods.
    pub backup_methods: &'static [&'static str],
    /// The component definitions, the main one first.
    pub components: &'static [Component],
}

impl Definition {
    /// The component definition of that name.
    pub fn component(&self, name: &str) -> Option<&'static Component> {
        self.components.iter().find(|component| component.name == name)
    }
}

/// A component definition of an engine.
// Each of the four is a fact of its own; none follows from another.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub struct Component {
    /// Name in the `ClusterDefinition`.
    pub name: &'static str,
    /// How its instances relate to each other.
    pub workload: Workload,
    /// Protocol for probes and accounts, where it has one.
    pub character: Option<&'static str>,
    /// Volumes that its containers mount and that claims can be made for.
    pub volumes: &'static [&'static str],
    /// Config specs.
    pub configs: &'static [&'static str],
    /// Logs that can be collected.
    pub logs: &'static [&'static str],
    /// Accounts that the operator makes.
    pub accounts: &'static [&'static str],
    /// Names of the ports of its Service; empty when it has no Service.
    pub ports: &'static [Port],
    /// Whether roles are asked for, so that a Service can follow the leader.
    pub role_probe: bool,
    /// Whether the leading role can be moved on request.
    pub switchover: bool,
    /// Whether new instances start from a copy of the data, which needs a backup method that works.
    pub clones_data: bool,
    /// Whether it votes, so that an even number of instances gains nothing.
    pub odd_replicas: bool,
    /// Instances in the smallest setup.
    pub replicas: u32,
    /// Instances in the setup that survives the loss of one, where the add-on has one.
    pub available_replicas: Option<u32>,
}

impl Component {
    /// A component with nothing but a name and a workload; the others are filled in by the tables.
    pub(crate) const fn new(name: &'static str, workload: Workload) -> Self {
        Self {
            name,
            workload,
            character: None,
            volumes: &[],
            configs: &[],
            logs: &[],
            accounts: &[],
            ports: &[],
            role_probe: false,
            switchover: false,
            clones_data: false,
            odd_replicas: false,
            replicas: 1,
            available_replicas: None,
        }
    }
}

/// A port of a component's Service.
#[derive(Debug, PartialEq, Eq)]
pub struct Port {
    /// Name of the port.
    pub name: &'static str,
    /// Number of the port.
    pub number: u16,
}

pub(crate) const fn port(name: &'static str, number: u16) -> Port {
    Port { name, number }
}

/// How the instances of a component relate to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Interchangeable, no data.
    Stateless,
    /// A stable name and own volumes.
    Stateful,
    /// They elect a leader.
    Consensus,
    /// One primary, the others follow it.
    Replication,
}

impl Workload {
    /// The workload as a `ClusterDefinition` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stateless => "Stateless",
            Self::Stateful => "Stateful",
            Self::Consensus => "Consensus",
            Self::Replication => "Replication",
        }
    }
}

impl From<Workload> for WorkloadType {
    fn from(workload: Workload) -> Self {
        match workload {
            Workload::Stateless => Self::Stateless,
            Workload::Stateful => Self::Stateful,
            Workload::Consensus => Self::Consensus,
            Workload::Replication => Self::Replication,
        }
    }
}

/// Everything that a line of KubeBlocks ships.
#[derive(Debug)]
pub struct Catalogue {
    /// The line, for messages.
    pub line: &'static str,
    groups: &'static [&'static [Addon]],
}

static V0_7: Catalogue = Catalogue {
    line: "v0.7",
    groups: &[
        relational::ADDONS,
        relational_scale_out::ADDONS,
        document::ADDONS,
        analytics::ADDONS,
        search::ADDONS,
        coordination::ADDONS,
        model::ADDONS,
    ],
};

impl Catalogue {
    /// What KubeBlocks v0.7 ships.
    pub fn v0_7() -> &'static Self {
        &V0_7
    }

    /// Every add-on.
    pub fn addons(&self) -> impl Iterator<Item = &'static Addon> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The add-on of that name.
    pub fn addon(&self, name: &str) -> Option<&'static Addon> {
        self.addons().find(|addon| addon.name == name)
    }

    /// Every engine.
    pub fn definitions(&self) -> impl Iterator<Item = &'static Definition> {
        self.addons().flat_map(|addon| addon.definitions.iter())
    }

    /// The engine of that name.
    pub fn definition(&self, name: &str) -> Option<&'static Definition> {
        self.definitions().find(|definition| definition.name == name)
    }

    /// The engine that has a version of that name.
    pub fn version(&self, name: &str) -> Option<&'static Definition> {
        self.definitions().find(|definition| definition.versions.contains(&name))
    }

    /// Versions of an engine; none when it is unknown.
    pub fn versions_of(&self, definition: &str) -> &'static [&'static str] {
        self.definition(definition).map_or(&[], |definition| definition.versions)
    }

    /// The add-on that brings an engine.
    pub fn addon_of(&self, definition: &str) -> Option<&'static Addon> {
        self.addons().find(|addon| addon.definitions.iter().any(|own| own.name == definition))
    }

    /// Whether an add-on supports a function; nothing is stated of an unknown add-on.
    pub fn supports(&self, addon: &str, function: Function) -> Support {
        self.addon(addon).map_or(Support::Unstated, |addon| addon.support(function))
    }
}

/// The end of a sentence that says what was probably meant: ` Did you mean "x"?`, or nothing.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    suggest(name, candidates).map_or_else(String::new, |near| format!(" Did you mean \"{near}\"?"))
}

/// The candidate that was probably meant: the closest one, if it is close at all.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let closeness = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let contains = !name.is_empty() && (candidate.contains(&name) || name.contains(&candidate));
        let similar = strsim::jaro_winkler(&name, &candidate);
        if contains { similar.max(0.85) } else { similar }
    };
    candidates
        .into_iter()
        .map(|candidate| (closeness(candidate), candidate))
        .filter(|(closeness, _)| *closeness >= 0.8)
        // The first of equals wins, so that the order of the candidates decides and not chance.
        .fold(None, |best: Option<(f64, &'a str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Catalogue, Function, Support, suggest};
    use crate::names::{NameKind, check_name};

    #[test]
    fn the_functions_have_names_that_lead_back_to_them() {
        for function in Function::ALL {
            assert_eq!(Function::from_name(function.as_str()), Some(function));
        }
        assert_eq!(Function::from_name("flying"), None);
        let distinct: BTreeSet<_> = Function::ALL.iter().map(|function| function.as_str()).collect();
        assert_eq!(distinct.len(), 13);
    }

    #[test]
    fn every_name_is_there_once_and_follows_the_rules() {
        let catalogue = Catalogue::v0_7();
        let mut definitions = BTreeSet::new();
        let mut versions = BTreeSet::new();
        assert_eq!(catalogue.addons().map(|addon| addon.name).collect::<BTreeSet<_>>().len(), 32);
        for definition in catalogue.definitions() {
            assert!(definitions.insert(definition.name), "{}", definition.name);
            assert_eq!(check_name(NameKind::Object, definition.name), Ok(()));
            for version in definition.versions {
                assert!(versions.insert(*version), "{version}");
                assert_eq!(check_name(NameKind::Object, version), Ok(()));
            }
            if let Some(default) = definition.default_version {
                assert!(definition.versions.contains(&default), "{default}");
            }
            let mut components = BTreeSet::new();
            for component in definition.components {
                assert!(components.insert(component.name), "{}", component.name);
                assert_eq!(check_name(NameKind::Component, component.name), Ok(()));
                for volume in component.volumes {
                    assert_eq!(check_name(NameKind::Volume, volume), Ok(()));
                }
            }
            assert!(!components.is_empty(), "{}", definition.name);
        }
    }

    #[test]
    fn what_is_asked_for_is_found() {
        let catalogue = Catalogue::v0_7();
        assert_eq!(catalogue.version("redis-7.0.6").map(|definition| definition.name), Some("redis"));
        assert_eq!(catalogue.versions_of("kafka"), ["kafka-3.3.2"]);
        assert!(catalogue.versions_of("nothing").is_empty());
        assert_eq!(catalogue.addon_of("mongodb-sharding").map(|addon| addon.name), Some("mongodb"));
        assert_eq!(catalogue.addon_of("nothing").map(|addon| addon.name), None);
        let postgresql = catalogue.definition("postgresql").and_then(|found| found.component("postgresql"));
        assert_eq!(postgresql.map(|component| component.logs), Some(["running"].as_slice()));
    }

    #[test]
    fn support_is_yes_no_or_unstated() {
        let catalogue = Catalogue::v0_7();
        for (addon, function, support) in [
            ("redis", Function::Accounts, Support::Yes),
            ("redis", Function::Switchover, Support::No),
            ("postgresql", Function::Upgrade, Support::Yes),
            ("kafka", Function::BackupRestore, Support::No),
            ("oceanbase", Function::VerticalScaling, Support::Unstated),
            ("pika", Function::Restart, Support::Unstated),
            ("of-our-own", Function::Restart, Support::Unstated),
        ] {
            assert_eq!(catalogue.supports(addon, function), support, "{addon} {function}");
        }
    }

    #[test]
    fn suggestions_are_close_or_absent() {
        let names = ["apecloud-mysql", "mysql", "postgresql", "redis", "redis-sentinel"];
        for (written, meant) in [
            ("postgres", Some("postgresql")),
            ("postgressql", Some("postgresql")),
            ("Redis", Some("redis")),
            ("redsi", Some("redis")),
            ("mysql8", Some("mysql")),
            ("cassandra", None),
            ("", None),
        ] {
            assert_eq!(suggest(written, names), meant, "{written}");
        }
    }
}
