//! Services that other systems coordinate or look things up with. Constant data.

use super::Function::{
    Configuration, HorizontalScaling, Logs, Restart, StopStart, VerticalScaling, VolumeExpansion,
};
use super::Workload::{Consensus, Stateful};
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[ETCD, OPENLDAP, ZOOKEEPER];

const ETCD: Addon = Addon {
    name: "etcd",
    description: "Small, strongly consistent key-value store",
    object: None,
    chart: Some("etcd"),
    engine_versions: &["3.5.6"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "etcd",
        versions: &["etcd-v3.5.6"],
        default_version: Some("etcd-v3.5.6"),
        connection_keys: &["username", "password", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("etcd"),
            volumes: &["data"],
            ports: &[port("client", 2379)],
            role_probe: true,
            odd_replicas: true,
            replicas: 3,
            ..Component::new("etcd", Consensus)
        }],
    }],
};

const OPENLDAP: Addon = Addon {
    name: "openldap",
    description: "LDAP directory",
    object: None,
    chart: Some("openldap"),
    engine_versions: &["2.4.57"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "openldap",
        versions: &["openldap-2.4.57"],
        default_version: Some("openldap-2.4.57"),
        connection_keys: &["host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("openldap"),
            volumes: &["data"],
            ports: &[port("ldap", 389)],
            ..Component::new("openldap-compdef", Stateful)
        }],
    }],
};

const ZOOKEEPER: Addon = Addon {
    name: "zookeeper",
    description: "Coordination service",
    object: Some("zookeeper"),
    chart: Some("zookeeper"),
    engine_versions: &["3.7.1"],
    installed_by_default: false,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        Logs,
        Configuration,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "zookeeper",
        versions: &["zookeeper-3.7.1"],
        default_version: Some("zookeeper-3.7.1"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("zookeeper"),
            volumes: &["data", "data-log"],
            configs: &["zookeeper-config"],
            logs: &["audit", "info"],
            ports: &[port("client", 2181)],
            odd_replicas: true,
            replicas: 3,
            ..Component::new("zookeeper", Stateful)
        }],
    }],
};
