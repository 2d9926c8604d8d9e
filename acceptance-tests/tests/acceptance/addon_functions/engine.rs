//! The engines of the matrix, and what of each one is changed.

use kubeblocks_schemas::catalogue::{Addon, Catalogue, Component, Definition, Function, Support};

use super::databases::Stage;

/// An engine of the matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) addon: &'static Addon,
    pub(super) definition: &'static Definition,
}

/// All of them. One that KubeBlocks ships no chart for is not in the matrix.
pub(super) fn engines() -> Vec<Engine> {
    let all = Catalogue::v0_7().addons().filter_map(|addon| {
        let definition = addon.definitions.iter().find(|definition| !definition.versions.is_empty())?;
        Some(Engine { name: addon.name, addon, definition })
    });
    all.collect()
}

impl Engine {
    pub(super) fn support(&self, function: Function) -> Support {
        self.addon.support(function)
    }

    pub(super) fn has(&self, function: Function) -> bool {
        self.support(function) == Support::Yes
    }

    /// Name of the database, and of its resource.
    pub(super) fn cluster(&self) -> String {
        let short: String = self.name.chars().filter(|letter| *letter != '-').take(10).collect();
        short.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_lowercase()
    }

    /// The component that is changed.
    pub(super) fn main(&self) -> &'static Component {
        let can = |wanted: fn(&&Component) -> bool| self.definition.components.iter().find(wanted);
        can(|component| component.switchover)
            .or_else(|| can(|component| component.role_probe))
            .or_else(|| can(|component| !component.volumes.is_empty()))
            .unwrap_or(&self.definition.components[0])
    }

    pub(super) fn version(&self, upgraded: bool) -> &'static str {
        let default = self.definition.default_version.unwrap_or(self.definition.versions[0]);
        if !self.has(Function::Upgrade) || upgraded {
            return default;
        }
        self.other_version().unwrap_or(default)
    }

    /// Another version than the default one.
    pub(super) fn other_version(&self) -> Option<&'static str> {
        let default = self.definition.default_version.unwrap_or(self.definition.versions[0]);
        self.definition.versions.iter().copied().find(|version| *version != default)
    }

    /// The number of instances at first: enough for somebody else to lead.
    pub(super) fn fewer(&self) -> u32 {
        if self.has(Function::Failover) { if self.main().odd_replicas { 3 } else { 2 } } else { 1 }
    }

    /// The number of instances later.
    pub(super) fn more(&self) -> u32 {
        if self.has(Function::HorizontalScaling) { self.fewer() + 2 } else { self.fewer() }
    }

    pub(super) fn instances(&self, stage: &Stage) -> u32 {
        if stage.more { self.more() } else { self.fewer() }
    }

    /// A parameter of the main component, and another value for it: key, value.
    pub(super) fn parameter(&self) -> (&'static str, String) {
        match self.definition.name {
            "apecloud-mysql" => ("max_connections", "777".to_owned()),
            "postgresql" => ("work_mem", "7777".to_owned()),
            "redis" => ("maxclients", "7777".to_owned()),
            "kafka" => ("log.retention.hours", "77".to_owned()),
            _ => ("log_level", "debug".to_owned()),
        }
    }

    /// A log that every version of the engine has.
    pub(super) fn log(&self) -> &'static str {
        let logs = self.main().logs;
        let usual = ["running", "error"].into_iter().find(|log| logs.contains(log));
        usual.or(logs.first().copied()).unwrap_or("none")
    }

    /// The config spec of the parameter.
    pub(super) fn config(&self) -> &'static str {
        match self.definition.name {
            "apecloud-mysql" => "mysql-consensusset-config",
            "postgresql" => "postgresql-configuration",
            "redis" => "redis-replication-config",
            "kafka" => "kafka-configuration-tpl",
            _ => self.main().configs.first().copied().unwrap_or("none"),
        }
    }

    /// The object with the file of the parameter.
    pub(super) fn config_map(&self) -> String {
        format!("{}-{}-{}", self.cluster(), self.main().name, self.config())
    }

    /// A method that needs no snapshots.
    pub(super) fn method(&self) -> &'static str {
        let methods = self.definition.backup_methods;
        methods.iter().copied().find(|method| *method != "volume-snapshot").unwrap_or("volume-snapshot")
    }
}
