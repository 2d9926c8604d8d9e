//! Search engines and vector databases. Constant data.

use super::Function::{
    BackupRestore, Configuration, HorizontalScaling, Monitoring, Restart, StopStart, VerticalScaling,
    VolumeExpansion,
};
use super::Workload::{Stateful, Stateless};
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[ELASTICSEARCH, MILVUS, OPENSEARCH, QDRANT, WEAVIATE];

const ELASTICSEARCH: Addon = Addon {
    name: "elasticsearch",
    description: "Search engine over JSON documents",
    object: Some("elasticsearch"),
    chart: Some("elasticsearch"),
    engine_versions: &["8.8.2"],
    installed_by_default: false,
    supported: &[VerticalScaling, HorizontalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "elasticsearch",
        versions: &["elasticsearch-8.8.2"],
        default_version: Some("elasticsearch-8.8.2"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("elasticsearch"),
                volumes: &["data"],
                configs: &["elasticsearch-config-template"],
                ports: &[port("rest-api", 9200), port("transport", 9300)],
                ..Component::new("elasticsearch", Stateful)
            },
            Component {
                character: Some("elasticsearch-metrics"),
                ports: &[port("metrics", 9114)],
                ..Component::new("metrics", Stateless)
            },
        ],
    }],
};

const MILVUS: Addon = Addon {
    name: "milvus",
    description: "Vector database, standalone",
    object: Some("milvus"),
    chart: Some("milvus"),
    engine_versions: &["2.2.4"],
    installed_by_default: false,
    supported: &[VerticalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "milvus",
        versions: &["milvus-2.2.4"],
        default_version: Some("milvus-2.2.4"),
        connection_keys: &["username", "password", "host", "port", "endpoint", "accesskey", "secretkey"],
        backup_methods: &["volume-snapshot"],
        components: &[
            Component {
                character: Some("milvus"),
                volumes: &["data"],
                configs: &["milvus-config-template"],
                ports: &[port("tcp-milvus", 19530)],
                ..Component::new("milvus", Stateful)
            },
            Component {
                character: Some("etcd"),
                volumes: &["data"],
                odd_replicas: true,
                ..Component::new("etcd", Stateful)
            },
            Component {
                character: Some("minio"),
                volumes: &["data"],
                ports: &[port("http", 9000)],
                ..Component::new("minio", Stateful)
            },
        ],
    }],
};

const OPENSEARCH: Addon = Addon {
    name: "opensearch",
    description: "Search engine over JSON documents, with dashboards",
    object: Some("opensearch"),
    chart: Some("opensearch"),
    engine_versions: &["2.7.0"],
    installed_by_default: false,
    supported: &[VerticalScaling, VolumeExpansion, StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "opensearch",
        versions: &["opensearch-2.7.0"],
        default_version: Some("opensearch-2.7.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &[],
        components: &[
            Component {
                character: Some("opensearch"),
                volumes: &["data"],
                configs: &["opensearch-config-template"],
                ports: &[port("http", 9200), port("transport", 9300)],
                ..Component::new("opensearch", Stateful)
            },
            Component {
                character: Some("opensearch-dashboard"),
                ports: &[port("http", 5601)],
                ..Component::new("dashboard", Stateless)
            },
        ],
    }],
};

const QDRANT: Addon = Addon {
    name: "qdrant",
    description: "Vector database",
    object: Some("qdrant"),
    chart: Some("qdrant"),
    engine_versions: &["1.5.0"],
    installed_by_default: false,
    supported: &[
        VerticalScaling,
        HorizontalScaling,
        VolumeExpansion,
        StopStart,
        Restart,
        BackupRestore,
        Monitoring,
    ],
    unstated: &[],
    definitions: &[Definition {
        name: "qdrant",
        versions: &["qdrant-1.5.0"],
        default_version: Some("qdrant-1.5.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["datafile", "volume-snapshot"],
        components: &[Component {
            character: Some("qdrant"),
            volumes: &["data"],
            configs: &["qdrant-config-template"],
            ports: &[port("tcp-qdrant", 6333), port("grpc-qdrant", 6334), port("web-ui", 3000)],
            ..Component::new("qdrant", Stateful)
        }],
    }],
};

const WEAVIATE: Addon = Addon {
    name: "weaviate",
    description: "Vector database",
    object: Some("weaviate"),
    chart: Some("weaviate"),
    engine_versions: &["1.18.0"],
    installed_by_default: false,
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
        name: "weaviate",
        versions: &["weaviate-1.18.0"],
        default_version: Some("weaviate-1.18.0"),
        connection_keys: &["username", "password", "host", "port", "endpoint"],
        backup_methods: &["volume-snapshot"],
        components: &[Component {
            character: Some("weaviate"),
            volumes: &["data"],
            configs: &["weaviate-env-template", "weaviate-config-template"],
            ports: &[port("tcp-weaviate", 8080)],
            ..Component::new("weaviate", Stateful)
        }],
    }],
};
