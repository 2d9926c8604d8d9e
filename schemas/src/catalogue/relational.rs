//! Relational databases that run as one primary or group with copies. Constant data.

use super::Function::{
    Accounts, BackupRestore, Configuration, Failover, HorizontalScaling, Logs, Monitoring, Restart,
    StopStart, Switchover, Upgrade, VerticalScaling, VolumeExpansion,
};
use super::Workload::{Consensus, Replication, Stateful, Stateless};
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] =
    &[APECLOUD_MYSQL, MARIADB, MYSQL, OFFICIAL_POSTGRESQL, ORACLE_MYSQL, ORIOLEDB, POSTGRESQL];

const APECLOUD_MYSQL: Addon = Addon {
    name: "apecloud-mysql",
    description: "MySQL whose instances agree by Raft, with an optional proxy",
    object: Some("apecloud-mysql"),
    chart: Some("apecloud-mysql"),
    engine_versions: &["8.0.30"],
    installed_by_default: true,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        BackupRestore,
        Logs,
        Configuration,
        Accounts,
        Failover,
        Switchover,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "apecloud-mysql",
        versions: &["ac-mysql-8.0.30", "ac-mysql-8.0.31"],
        default_version: Some("ac-mysql-8.0.30"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["xtrabackup", "volume-snapshot"],
        components: &[
            Component {
                character: Some("mysql"),
                volumes: &["data"],
                configs: &["mysql-consensusset-config", "vttablet-config", "agamotto-configuration"],
                logs: &["auditlog", "error", "general", "slow"],
                accounts: &["kbadmin", "kbdataprotection", "kbprobe", "kbmonitoring", "kbreplicator"],
                ports: &[port("mysql", 3306)],
                role_probe: true,
                switchover: true,
                clones_data: true,
                available_replicas: Some(3),
                ..Component::new("mysql", Consensus)
            },
            Component {
                character: Some("vtcontroller"),
                volumes: &["data"],
                configs: &["vtconsensus-config"],
                logs: &["error", "info", "warning"],
                ..Component::new("vtcontroller", Stateful)
            },
            Component {
                character: Some("mysql"),
                configs: &["vtgate-config"],
                logs: &["error", "info", "queryLog", "warning"],
                ports: &[port("serverport", 15306)],
                ..Component::new("vtgate", Stateless)
            },
        ],
    }],
};

const MARIADB: Addon = Addon {
    name: "mariadb",
    description: "MariaDB, one instance",
    object: Some("mariadb"),
    chart: Some("mariadb"),
    engine_versions: &["10.6.15"],
    installed_by_default: false,
    supported: &[VerticalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "mariadb",
        versions: &["mariadb"],
        default_version: Some("mariadb"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("mariadb"),
            volumes: &["data"],
            ports: &[port("mariadb", 3306)],
            ..Component::new("mariadb-compdef", Stateful)
        }],
    }],
};

const MYSQL: Addon = Addon {
    name: "mysql",
    description: "MySQL with a primary and secondaries",
    object: Some("mysql"),
    chart: Some("mysql"),
    engine_versions: &["5.7.42", "8.0.33"],
    installed_by_default: true,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart, Monitoring],
    unstated: &[],
    definitions: &[Definition {
        name: "mysql",
        versions: &["mysql-5.7.42", "mysql-8.0.33"],
        default_version: Some("mysql-8.0.33"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["xtrabackup", "volume-snapshot"],
        components: &[Component {
            character: Some("mysql"),
            volumes: &["data", "log-data"],
            configs: &["mysql-replication-config", "agamotto-configuration"],
            logs: &["error", "slow"],
            ports: &[port("mysql", 3306)],
            role_probe: true,
            clones_data: true,
            available_replicas: Some(2),
            ..Component::new("mysql", Replication)
        }],
    }],
};

const OFFICIAL_POSTGRESQL: Addon = Addon {
    name: "official-postgresql",
    description: "PostgreSQL from its official images",
    object: None,
    chart: Some("official-postgresql"),
    engine_versions: &["12.15", "14.7", "14.7-zhparser"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "official-postgresql",
        versions: &[
            "official-postgresql-12.15",
            "official-postgresql-14.7",
            "official-postgresql-14.7-zhparser",
        ],
        default_version: Some("official-postgresql-14.7"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("postgresql"),
            volumes: &["data"],
            configs: &["official-postgresql-configuration"],
            accounts: &["kbadmin", "kbdataprotection", "kbprobe", "kbmonitoring", "kbreplicator"],
            ports: &[port("tcp-postgresql", 5432)],
            role_probe: true,
            available_replicas: Some(2),
            ..Component::new("postgresql", Replication)
        }],
    }],
};

const ORACLE_MYSQL: Addon = Addon {
    name: "oracle-mysql",
    description: "MySQL from the images of Oracle, one instance",
    object: Some("oracle-mysql"),
    chart: Some("oracle-mysql"),
    engine_versions: &["8.0.32", "8.0.32-perf"],
    installed_by_default: false,
    supported: &[VerticalScaling, VolumeExpansion, StopStart, Restart, BackupRestore, Configuration],
    unstated: &[],
    definitions: &[Definition {
        name: "oracle-mysql",
        versions: &["oracle-mysql-8.0.32", "oracle-mysql-8.0.32-perf"],
        default_version: None,
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["xtrabackup", "volume-snapshot"],
        components: &[Component {
            character: Some("mysql"),
            volumes: &["data"],
            configs: &["mysql-config"],
            ports: &[port("mysql", 3306)],
            ..Component::new("mysql-compdef", Stateful)
        }],
    }],
};

const ORIOLEDB: Addon = Addon {
    name: "orioledb",
    description: "PostgreSQL with the OrioleDB storage engine; needs an etcd cluster",
    object: Some("orioledb"),
    chart: Some("orioledb"),
    engine_versions: &["beta1"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "orioledb",
        versions: &["orioledb-beta1"],
        default_version: Some("orioledb-beta1"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("postgresql"),
            volumes: &["data"],
            configs: &[
                "orioledb-configuration",
                "orioledb-pgbouncer-configuration",
                "orioledb-custom-metrics",
                "agamotto-configuration",
                "etcd-env",
            ],
            logs: &["running"],
            accounts: &["kbadmin", "kbdataprotection", "kbprobe", "kbmonitoring", "kbreplicator"],
            ports: &[port("tcp-orioledb", 5432), port("tcp-pgbouncer", 6432)],
            role_probe: true,
            switchover: true,
            available_replicas: Some(2),
            ..Component::new("orioledb", Replication)
        }],
    }],
};

const POSTGRESQL: Addon = Addon {
    name: "postgresql",
    description: "PostgreSQL with Patroni and a connection pool",
    object: Some("postgresql"),
    chart: Some("postgresql"),
    engine_versions: &["12.14.0", "12.14.1", "12.15.0", "14.7.2", "14.8.0"],
    installed_by_default: true,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        BackupRestore,
        Logs,
        Configuration,
        Upgrade,
        Accounts,
        Failover,
        Switchover,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "postgresql",
        versions: &[
            "postgresql-12.14.0",
            "postgresql-12.14.1",
            "postgresql-12.15.0",
            "postgresql-14.7.2",
            "postgresql-14.8.0",
        ],
        default_version: Some("postgresql-14.8.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["pg-basebackup", "volume-snapshot"],
        components: &[Component {
            character: Some("postgresql"),
            volumes: &["data"],
            configs: &[
                "postgresql-configuration",
                "pgbouncer-configuration",
                "postgresql-custom-metrics",
                "agamotto-configuration",
            ],
            logs: &["running"],
            accounts: &["kbadmin", "kbdataprotection", "kbprobe", "kbmonitoring", "kbreplicator"],
            ports: &[port("tcp-postgresql", 5432), port("tcp-pgbouncer", 6432)],
            role_probe: true,
            switchover: true,
            available_replicas: Some(2),
            ..Component::new("postgresql", Replication)
        }],
    }],
};
