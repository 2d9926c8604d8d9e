//! Relational databases that spread one data set over several kinds of nodes. Constant data.

use super::Function::{HorizontalScaling, Monitoring, Restart, StopStart, VerticalScaling, VolumeExpansion};
use super::Workload::{Consensus, Stateful, Stateless};
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[FOXLAKE, NEON, OCEANBASE, POLARDB_X];

const FOXLAKE: Addon = Addon {
    name: "foxlake",
    description: "Data warehouse over object storage that speaks MySQL",
    object: Some("foxlake"),
    chart: Some("foxlake"),
    engine_versions: &["0.2.0"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "foxlake",
        versions: &["foxlake-0.2.0"],
        default_version: Some("foxlake-0.2.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint", "metaDbPasswd"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("foxlake"),
                accounts: &["kbadmin"],
                ports: &[port("foxlake", 11288), port("foxlake-coordinator", 10030)],
                ..Component::new("foxlake-server", Stateless)
            },
            Component {
                character: Some("mysql"),
                volumes: &["data"],
                ports: &[port("mysql", 3306)],
                ..Component::new("foxlake-metadb", Stateful)
            },
        ],
    }],
};

const NEON: Addon = Addon {
    name: "neon",
    description: "PostgreSQL with storage apart from compute",
    object: Some("neon"),
    chart: Some("neon"),
    engine_versions: &["latest"],
    installed_by_default: false,
    supported: &[VerticalScaling],
    unstated: &[],
    definitions: &[Definition {
        name: "neon",
        versions: &["neon-latest"],
        default_version: Some("neon-latest"),
        connection_keys: &[],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("storagebroker"),
                volumes: &["neon-storagebroker"],
                ..Component::new("neon-storagebroker", Stateful)
            },
            Component {
                character: Some("safekeeper"),
                volumes: &["neon-safekeeper"],
                ports: &[port("safekeeper", 5454)],
                replicas: 3,
                ..Component::new("neon-safekeeper", Stateful)
            },
            Component {
                character: Some("pageserver"),
                volumes: &["neon-pageserver"],
                ports: &[port("pageserver", 6400)],
                ..Component::new("neon-pageserver", Stateful)
            },
        ],
    }],
};

const OCEANBASE: Addon = Addon {
    name: "oceanbase",
    description: "Distributed SQL database in zones",
    object: Some("oceanbase"),
    chart: Some("oceanbase"),
    engine_versions: &["4.2.0.0-100010032023083021"],
    installed_by_default: false,
    supported: &[HorizontalScaling, VolumeExpansion],
    unstated: &[VerticalScaling],
    definitions: &[
        Definition {
            name: "oceanbase",
            versions: &["oceanbase-4.2.0.0-100010032023083021"],
            default_version: Some("oceanbase-4.2.0.0-100010032023083021"),
            connection_keys: &["username", "password", "host", "port", "endpoint"],
            backup_methods: &[],
            components: &[Component {
                character: Some("oceanbase"),
                volumes: &["data-file", "data-log", "log", "workdir"],
                configs: &["oceanbase-config"],
                ports: &[port("sql", 2881), port("rpc", 2882)],
                ..Component::new("ob-bundle", Stateful)
            }],
        },
        Definition {
            name: "oceanbase-host-network",
            versions: &["oceanbase-host-network-4.2.0.0-100010032023083021"],
            default_version: Some("oceanbase-host-network-4.2.0.0-100010032023083021"),
            connection_keys: &["username", "password", "host", "port", "endpoint"],
            backup_methods: &[],
            components: &[Component {
                character: Some("oceanbase"),
                volumes: &["data-file", "data-log", "log", "workdir"],
                configs: &["oceanbase-config"],
                ports: &[port("sql", 2881), port("rpc", 2882)],
                ..Component::new("ob-bundle", Stateful)
            }],
        },
    ],
};

const POLARDB_X: Addon = Addon {
    name: "polardb-x",
    description: "Distributed SQL database that speaks MySQL",
    object: Some("polardbx"),
    chart: Some("polardbx"),
    engine_versions: &["2.3"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, StopStart, Monitoring],
    unstated: &[],
    definitions: &[Definition {
        name: "polardbx",
        versions: &["polardbx-v1.4.1"],
        default_version: Some("polardbx-v1.4.1"),
        connection_keys: &["username", "password", "host", "port", "endpoint", "metaDbPasswd"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("polardbx"),
                volumes: &["data", "data-log"],
                ports: &[port("mysql", 3306), port("metrics", 9104)],
                role_probe: true,
                replicas: 3,
                ..Component::new("gms", Consensus)
            },
            Component {
                character: Some("polardbx"),
                volumes: &["data", "data-log"],
                ports: &[port("mysql", 3306)],
                role_probe: true,
                replicas: 3,
                ..Component::new("dn", Consensus)
            },
            Component {
                character: Some("mysql"),
                volumes: &["tmp", "polardbx-log", "polardbx-spill"],
                ports: &[port("mysql", 3306), port("metrics", 9104)],
                replicas: 2,
                ..Component::new("cn", Stateless)
            },
            Component {
                character: Some("mysql"),
                volumes: &["binlog", "log"],
                ports: &[port("mysql", 3306), port("metrics", 9104)],
                replicas: 2,
                ..Component::new("cdc", Stateless)
            },
        ],
    }],
};
