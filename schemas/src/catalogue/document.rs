//! Documents, keys and values, and event streams. Constant data.

use super::Function::{
    Accounts, BackupRestore, Configuration, Failover, HorizontalScaling, Logs, Monitoring, Restart,
    StopStart, Switchover, VerticalScaling, VolumeExpansion,
};
use super::Workload::{Consensus, Replication, Stateful, Stateless};
use super::{Addon, Component, Definition, Function, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[KAFKA, MONGODB, PIKA, PULSAR, REDIS];

const KAFKA: Addon = Addon {
    name: "kafka",
    description: "Event streams in partitioned logs, without ZooKeeper",
    object: Some("kafka"),
    chart: Some("kafka"),
    engine_versions: &["3.3.2"],
    installed_by_default: true,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        Configuration,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "kafka",
        versions: &["kafka-3.3.2"],
        default_version: Some("kafka-3.3.2"),
        connection_keys: &["endpoint", "clientPassword", "clientUser", "kraftClusterID", "superusers"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("kafka"),
                volumes: &["data", "metadata"],
                configs: &["kafka-configuration-tpl", "kafka-jmx-configuration-tpl"],
                ports: &[port("kafka-ctrlr", 9093), port("kafka-client", 9092), port("metrics", 5556)],
                odd_replicas: true,
                available_replicas: Some(3),
                ..Component::new("kafka-server", Stateful)
            },
            Component {
                character: Some("kafka"),
                volumes: &["data", "metadata"],
                configs: &["kafka-configuration-tpl", "kafka-jmx-configuration-tpl"],
                ports: &[port("kafka-client", 9092), port("metrics", 5556)],
                available_replicas: Some(3),
                ..Component::new("kafka-broker", Stateful)
            },
            Component {
                character: Some("kafka"),
                volumes: &["metadata"],
                configs: &["kafka-configuration-tpl", "kafka-jmx-configuration-tpl"],
                ports: &[port("kafka-ctrlr", 9093), port("metrics", 5556)],
                odd_replicas: true,
                available_replicas: Some(3),
                ..Component::new("controller", Stateful)
            },
            Component { ports: &[port("metrics", 9308)], ..Component::new("kafka-exporter", Stateless) },
        ],
    }],
};

const MONGODB: Addon = Addon {
    name: "mongodb",
    description: "Document database, as a replica set or in shards",
    object: Some("mongodb"),
    chart: Some("mongodb"),
    engine_versions: &["4.0", "4.2", "4.4", "5.0", "5.0.20", "6.0", "sharding-5.0"],
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
        Failover,
        Switchover,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[
        Definition {
            name: "mongodb",
            versions: &[
                "mongodb-4.0",
                "mongodb-4.2",
                "mongodb-4.4",
                "mongodb-5.0",
                "mongodb-5.0.20",
                "mongodb-6.0",
            ],
            default_version: Some("mongodb-5.0.20"),
            connection_keys: &[
                "username",
                "password",
                "host",
                "port",
                "endpoint",
                "headlessEndpoint",
                "headlessHost",
                "headlessPort",
            ],
            backup_methods: &["datafile", "volume-snapshot", "dump"],
            components: &[Component {
                character: Some("mongodb"),
                volumes: &["data"],
                configs: &["mongodb-config", "mongodb-metrics-config-new"],
                logs: &["running"],
                ports: &[port("mongodb", 27017)],
                role_probe: true,
                switchover: true,
                available_replicas: Some(3),
                ..Component::new("mongodb", Consensus)
            }],
        },
        Definition {
            name: "mongodb-sharding",
            versions: &["mongodb-sharding-5.0"],
            default_version: Some("mongodb-sharding-5.0"),
            connection_keys: &[
                "username",
                "password",
                "host",
                "port",
                "endpoint",
                "headlessEndpoint",
                "headlessHost",
                "headlessPort",
            ],
            backup_methods: &[],
            components: &[
                Component { ports: &[port("mongos", 27017)], ..Component::new("mongos", Stateless) },
                Component {
                    character: Some("mongodb"),
                    volumes: &["data"],
                    ports: &[port("configsvr", 27018)],
                    role_probe: true,
                    replicas: 3,
                    ..Component::new("configsvr", Consensus)
                },
                Component {
                    character: Some("mongodb"),
                    volumes: &["data"],
                    ports: &[port("shard", 27018)],
                    role_probe: true,
                    replicas: 3,
                    ..Component::new("shard", Consensus)
                },
            ],
        },
    ],
};

const PIKA: Addon = Addon {
    name: "pika",
    description: "Key-value store on disk that speaks Redis; named in the matrix, not shipped in v0.7",
    object: None,
    chart: None,
    engine_versions: &[],
    installed_by_default: false,
    supported: &[],
    unstated: &Function::ALL,
    definitions: &[],
};

const PULSAR: Addon = Addon {
    name: "pulsar",
    description: "Messages and event streams, with storage apart from brokers",
    object: Some("pulsar"),
    chart: Some("pulsar"),
    engine_versions: &["2.11.2"],
    installed_by_default: true,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        Configuration,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[
        Definition {
            name: "pulsar",
            versions: &["pulsar-2.11.2"],
            default_version: Some("pulsar-2.11.2"),
            connection_keys: &["username", "password", "httpEndpoint", "kafkaEndpoint", "pulsarEndpoint"],
            backup_methods: &[],
            components: &[
                Component {
                    character: Some("pulsar-broker"),
                    configs: &["broker-config", "broker-env", "client-config", "agamotto-configuration"],
                    ports: &[
                        port("pulsar", 6650),
                        port("http", 80),
                        port("http-alt", 8080),
                        port("kafka-client", 9092),
                    ],
                    replicas: 3,
                    ..Component::new("pulsar-broker", Stateful)
                },
                Component {
                    character: Some("pulsar-proxy"),
                    configs: &["proxy-config", "proxy-env", "agamotto-configuration"],
                    ports: &[port("pulsar", 6650), port("http", 80)],
                    replicas: 3,
                    ..Component::new("pulsar-proxy", Stateful)
                },
                Component {
                    character: Some("bookkeeper"),
                    volumes: &["ledgers", "journal"],
                    configs: &["bookies-config", "bookies-env", "agamotto-configuration"],
                    replicas: 3,
                    ..Component::new("bookies", Stateful)
                },
                Component {
                    character: Some("pulsar-bookie-recovery"),
                    configs: &["bookies-recovery-env", "agamotto-configuration"],
                    replicas: 3,
                    ..Component::new("bookies-recovery", Stateful)
                },
                Component {
                    character: Some("zookeeper"),
                    volumes: &["data", "data-log"],
                    configs: &["zookeeper-env", "agamotto-configuration"],
                    ports: &[port("client", 2181)],
                    odd_replicas: true,
                    replicas: 3,
                    ..Component::new("zookeeper", Stateful)
                },
            ],
        },
        Definition {
            name: "pulsar-zookeeper",
            versions: &[],
            default_version: None,
            connection_keys: &["username", "password", "port", "endpoint"],
            backup_methods: &[],
            components: &[Component {
                character: Some("zookeeper"),
                volumes: &["data", "data-log"],
                configs: &["zookeeper-env", "agamotto-configuration"],
                ports: &[port("client", 2181)],
                odd_replicas: true,
                replicas: 3,
                ..Component::new("zookeeper", Stateful)
            }],
        },
    ],
};

const REDIS: Addon = Addon {
    name: "redis",
    description: "Key-value store in memory, with Sentinel for takeover",
    object: Some("redis"),
    chart: Some("redis"),
    engine_versions: &["7.0.6"],
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
        Monitoring,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "redis",
        versions: &["redis-7.0.6"],
        default_version: Some("redis-7.0.6"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["datafile", "volume-snapshot"],
        components: &[
            Component {
                character: Some("redis"),
                volumes: &["data", "redis-conf"],
                configs: &["redis-replication-config", "redis-metrics-config"],
                logs: &["running"],
                accounts: &["kbadmin", "kbdataprotection", "kbmonitoring", "kbprobe"],
                ports: &[port("redis", 6379)],
                role_probe: true,
                available_replicas: Some(2),
                ..Component::new("redis", Replication)
            },
            Component {
                character: Some("redis"),
                volumes: &["data", "sentinel-conf"],
                configs: &["redis-replication-config"],
                ports: &[port("redis-sentinel", 26379)],
                replicas: 3,
                ..Component::new("redis-sentinel", Stateful)
            },
        ],
    }],
};
