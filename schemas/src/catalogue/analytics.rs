//! Analytical, time series and graph databases. Constant data.

use super::Function::{HorizontalScaling, Restart, StopStart, VerticalScaling, VolumeExpansion};
use super::Workload::{Consensus, Stateful, Stateless};
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[CLICKHOUSE, GREPTIMEDB, NEBULA, RISINGWAVE, STARROCKS, TDENGINE];

const CLICKHOUSE: Addon = Addon {
    name: "clickhouse",
    description: "Column store for analytics, in shards",
    object: Some("clickhouse"),
    chart: Some("clickhouse"),
    engine_versions: &["22.9.4"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "clickhouse",
        versions: &["clickhouse-22.9.4"],
        default_version: Some("clickhouse-22.9.4"),
        connection_keys: &[
            "username",
            "endpoint",
            "admin-password",
            "mysqlEndpoint",
            "pgEndpoint",
            "tcpEndpoint",
        ],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("clickhouse"),
                volumes: &["data"],
                configs: &["clickhouse-user-tpl", "clickhouse-tpl"],
                ports: &[
                    port("http", 8123),
                    port("tcp", 9000),
                    port("tcp-mysql", 9004),
                    port("tcp-postgresql", 9005),
                    port("http-intersrv", 9009),
                    port("http-metrics", 8001),
                ],
                replicas: 2,
                ..Component::new("clickhouse", Stateful)
            },
            Component {
                character: Some("zookeeper"),
                volumes: &["data"],
                configs: &["clickhouse-keeper-tpl"],
                ports: &[port("tcp", 2181), port("http-metrics", 8001)],
                odd_replicas: true,
                available_replicas: Some(3),
                ..Component::new("ch-keeper", Stateful)
            },
            Component {
                character: Some("zookeeper"),
                volumes: &["data"],
                ports: &[port("tcp-client", 2181), port("metrics", 9141)],
                odd_replicas: true,
                ..Component::new("zookeeper", Stateful)
            },
        ],
    }],
};

const GREPTIMEDB: Addon = Addon {
    name: "greptimedb",
    description: "Time series database",
    object: Some("greptimedb"),
    chart: Some("greptimedb"),
    engine_versions: &["0.3.2"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "greptimedb",
        versions: &["greptimedb-0.3.2"],
        default_version: Some("greptimedb-0.3.2"),
        connection_keys: &["username", "password", "host", "port", "endpoint", "accesskey", "secretkey"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("greptimedb"),
                configs: &["greptimedb-frontend"],
                ports: &[
                    port("http", 4000),
                    port("grpc", 4001),
                    port("mysql", 4002),
                    port("postgres", 4003),
                    port("opentsdb", 4242),
                ],
                ..Component::new("frontend", Stateless)
            },
            Component {
                character: Some("greptimedb"),
                volumes: &["datanode"],
                configs: &["greptimedb-datanode"],
                ports: &[port("http", 4000), port("grpc", 4001)],
                replicas: 3,
                ..Component::new("datanode", Stateful)
            },
            Component {
                character: Some("greptimedb"),
                configs: &["greptimedb-meta"],
                ports: &[port("grpc", 3002), port("http", 4000)],
                ..Component::new("meta", Stateless)
            },
            Component {
                character: Some("etcd"),
                volumes: &["etcd-storage"],
                ports: &[port("client", 2379), port("peer", 2380)],
                role_probe: true,
                odd_replicas: true,
                replicas: 3,
                ..Component::new("etcd", Consensus)
            },
        ],
    }],
};

const NEBULA: Addon = Addon {
    name: "nebula",
    description: "Graph database",
    object: Some("nebula"),
    chart: Some("nebula"),
    engine_versions: &["3.5.0"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "nebula",
        versions: &["nebula-v3.5.0"],
        default_version: Some("nebula-v3.5.0"),
        connection_keys: &[],
        backup_methods: &[],
        components: &[
            Component { character: Some("nebula"), ..Component::new("nebula-console", Stateless) },
            Component {
                character: Some("nebula-graphd"),
                volumes: &["logs", "data"],
                configs: &["nebula-graphd-config"],
                ports: &[port("thrift", 9669), port("http", 19669), port("http2", 19670)],
                ..Component::new("nebula-graphd", Stateful)
            },
            Component {
                character: Some("nebula-metad"),
                volumes: &["data", "logs"],
                configs: &["nebula-metad-config"],
                replicas: 3,
                ..Component::new("nebula-metad", Stateful)
            },
            Component {
                character: Some("nebula-storaged"),
                volumes: &["data", "logs"],
                configs: &["nebula-storaged-config"],
                replicas: 3,
                ..Component::new("nebula-storaged", Stateful)
            },
        ],
    }],
};

const RISINGWAVE: Addon = Addon {
    name: "risingwave",
    description: "Stream processing with SQL",
    object: Some("risingwave"),
    chart: Some("risingwave"),
    engine_versions: &["1.0.0"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "risingwave",
        versions: &["risingwave-v1.0.0"],
        default_version: Some("risingwave-v1.0.0"),
        connection_keys: &["username", "password", "endpoint"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("frontend"),
                configs: &["risingwave-configuration"],
                ports: &[port("svc", 4567), port("metrics", 8080)],
                ..Component::new("frontend", Stateless)
            },
            Component {
                character: Some("meta"),
                configs: &["risingwave-configuration"],
                ports: &[port("svc", 5690), port("dashboard", 5691), port("metrics", 1250)],
                ..Component::new("meta", Stateful)
            },
            Component {
                character: Some("compactor"),
                configs: &["risingwave-configuration"],
                ports: &[port("svc", 6660), port("metrics", 1260)],
                ..Component::new("compactor", Stateless)
            },
            Component {
                character: Some("compute"),
                configs: &["risingwave-configuration", "risingwave-compute-envs"],
                ports: &[port("svc", 5688), port("metrics", 1222)],
                ..Component::new("compute", Stateful)
            },
            Component {
                character: Some("connector"),
                configs: &["risingwave-configuration", "risingwave-connector-envs"],
                ports: &[port("svc", 50051), port("metrics", 50052)],
                ..Component::new("connector", Stateless)
            },
        ],
    }],
};

const STARROCKS: Addon = Addon {
    name: "starrocks",
    description: "Analytical database with frontends and backends",
    object: Some("starrocks"),
    chart: Some("starrocks"),
    engine_versions: &["3.1.1"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "starrocks",
        versions: &["starrocks-3.1.1"],
        default_version: Some("starrocks-3.1.1"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("mysql"),
                volumes: &["fe-meta", "fe-log"],
                configs: &["starrocks-fe-cm"],
                ports: &[port("fe", 9030)],
                ..Component::new("fe", Stateful)
            },
            Component {
                character: Some("starrocks"),
                volumes: &["be-storage", "be-log"],
                configs: &["starrocks-be-cm"],
                ..Component::new("be", Stateful)
            },
        ],
    }],
};

const TDENGINE: Addon = Addon {
    name: "tdengine",
    description: "Time series database for machines and sensors",
    object: Some("tdengine"),
    chart: Some("tdengine"),
    engine_versions: &["3.0.5.0"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "tdengine",
        versions: &["tdengine-3.0.5.0"],
        default_version: Some("tdengine-3.0.5.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[Component {
            character: Some("tdengine"),
            volumes: &["data"],
            configs: &["tdengine-taos-config", "metrics-configuration"],
            ports: &[port("taosd", 6030), port("taos-adapter", 6041)],
            available_replicas: Some(3),
            ..Component::new("tdengine", Stateful)
        }],
    }],
};
