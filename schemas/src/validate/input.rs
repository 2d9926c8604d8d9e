//! What is checked: a cluster as its user describes it, with the possibility that a value is not known yet.

use std::collections::{BTreeMap, BTreeSet};

/// A value that may be left out or may not be known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Left out.
    #[default]
    Absent,
    /// Given, but its value is only known later. Nothing is said of it.
    Unknown,
    /// Given.
    Known(T),
}

impl<T> Field<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether the value is left out.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the value is given but not known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

/// A cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterInput {
    /// `name`.
    pub name: Field<String>,
    /// `namespace`.
    pub namespace: Field<String>,
    /// `definition`.
    pub definition: Field<String>,
    /// `version`.
    pub version: Field<String>,
    /// `termination_policy`.
    pub termination_policy: Field<String>,
    /// `running`.
    pub running: Field<bool>,
    /// `components` by name.
    pub components: Field<BTreeMap<String, ComponentInput>>,
    /// `affinity`.
    pub affinity: Option<AffinityInput>,
    /// `tolerations`.
    pub tolerations: Vec<TolerationInput>,
    /// `backup`.
    pub backup: Option<BackupInput>,
    /// `final_backup`.
    pub final_backup: Option<BackupInput>,
}

/// A component of a cluster.
#[derive(Clone, Debug, Default)]
pub struct ComponentInput {
    /// `definition`; the component's own name when absent.
    pub definition: Field<String>,
    /// `replicas`.
    pub replicas: Field<i64>,
    /// `resources`.
    pub resources: ResourcesInput,
    /// `volumes` by name.
    pub volumes: BTreeMap<String, VolumeInput>,
    /// `services` by name.
    pub services: BTreeMap<String, ServiceInput>,
    /// Names of the config specs in `parameters`, perhaps with a file (`spec/file`).
    pub parameters: BTreeSet<String>,
    /// `restart_trigger`.
    pub restart_trigger: Field<String>,
    /// `logs`.
    pub logs: Vec<Field<String>>,
    /// `monitor`.
    pub monitor: Field<bool>,
    /// `tls`.
    pub tls: Option<TlsInput>,
    /// `affinity`.
    pub affinity: Option<AffinityInput>,
    /// `tolerations`.
    pub tolerations: Vec<TolerationInput>,
}

/// CPU and memory of a component.
#[derive(Clone, Debug, Default)]
pub struct ResourcesInput {
    /// `cpu`, request and limit in one.
    pub cpu: Field<String>,
    /// `memory`, request and limit in one.
    pub memory: Field<String>,
    /// `requests` by resource.
    pub requests: BTreeMap<String, Field<String>>,
    /// `limits` by resource.
    pub limits: BTreeMap<String, Field<String>>,
    /// `class`.
    pub class: Field<String>,
}

/// A volume of each instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeInput {
    /// `size`.
    pub size: Field<String>,
    /// `storage_class`.
    pub storage_class: Field<String>,
    /// `access_modes`; `ReadWriteOnce` when absent.
    pub access_modes: Field<BTreeSet<String>>,
}

/// One more Service of a component.
#[derive(Clone, Debug, Default)]
pub struct ServiceInput {
    /// `type`.
    pub service_type: Field<String>,
    /// `exposure`.
    pub exposure: Field<String>,
}

/// Encryption of a component's connections.
#[derive(Clone, Debug, Default)]
pub struct TlsInput {
    /// `issuer`.
    pub issuer: Field<String>,
    /// Whether `secret` is given.
    pub secret: Field<()>,
}

/// Where instances run.
#[derive(Clone, Debug, Default)]
pub struct AffinityInput {
    /// `pod_anti_affinity`.
    pub pod_anti_affinity: Field<String>,
    /// `tenancy`.
    pub tenancy: Field<String>,
    /// `topology_keys`.
    pub topology_keys: Vec<Field<String>>,
    /// `node_labels`.
    pub node_labels: BTreeMap<String, Field<String>>,
}

/// A taint that instances accept.
#[derive(Clone, Debug, Default)]
pub struct TolerationInput {
    /// `key`.
    pub key: Field<String>,
    /// `operator`.
    pub operator: Field<String>,
    /// `value`.
    pub value: Field<String>,
    /// `effect`.
    pub effect: Field<String>,
    /// `toleration_seconds`.
    pub toleration_seconds: Field<i64>,
}

/// Scheduled backups.
#[derive(Clone, Debug, Default)]
pub struct BackupInput {
    /// `enabled`.
    pub enabled: Field<bool>,
    /// `repo`.
    pub repo: Field<String>,
    /// `method`.
    pub method: Field<String>,
    /// `schedule`.
    pub schedule: Field<String>,
    /// `retention`.
    pub retention: Field<String>,
    /// `starting_deadline_minutes`.
    pub starting_deadline_minutes: Field<i64>,
}
