//! The lives that faults are played in: each a resource, what is made of it, what is changed about it, and its end.

use serde_json::{Value, json};

/// Which Kubernetes cluster a life needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One where KubeBlocks' kinds and definitions are there from the start.
    Playground,
    /// One where the operator was installed by helm, and add-ons can be.
    Platform,
}

/// What is looked at to see what became of the resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// Objects of a kind: group, kind, plural, and whether they live in a namespace.
    Object(&'static str, &'static str, &'static str, bool),
    /// An account of the database `db`.
    Account,
}

/// How a life differs from all others that go on at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The namespace, which stays the same for many lives.
    pub(crate) namespace: String,
    /// The resource's own name.
    pub(crate) name: String,
}

/// A step of a life but for its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    /// What happens, in a word.
    pub(crate) name: &'static str,
    /// The configuration of this step.
    pub(crate) config: fn(&Names) -> Value,
    /// Whether the object of the step before goes.
    pub(crate) replaces: bool,
}

/// A resource and its life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// By which it is chosen, and named in the report.
    pub(crate) name: &'static str,
    /// The resource's type.
    pub(crate) type_name: &'static str,
    /// Where it can be.
    pub(crate) place: Place,
    /// What has to be there before, as type and configuration.
    pub(crate) needs: fn(&Names) -> Vec<(&'static str, Value)>,
    /// What it is seen by.
    pub(crate) subject: Subject,
    /// The steps, of which the first one creates.
    pub(crate) phases: &'static [Phase],
    /// Whether its object was there before and stays afterwards.
    pub(crate) stays: bool,
}

impl Scenario {
    /// Whether its object tells of something that has happened, which happens no second time when the object is gone.
    pub(crate) fn is_done_once(&self) -> bool {
        matches!(self.subject, Subject::Object(_, "OpsRequest", ..))
    }
}

/// The last step of every life.
pub(crate) const DESTROY: &str = "destroy";

const BACKUPS: &str = "dataprotection.kubeblocks.io";
const APPS: &str = "apps.kubeblocks.io";

const fn phase(name: &'static str, config: fn(&Names) -> Value) -> Phase {
    Phase { name, config, replaces: false }
}

/// All of them.
pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "object",
        type_name: "kubeblocks_object",
        place: Place::Playground,
        needs: nothing,
        subject: Subject::Object(APPS, "ConfigConstraint", "configconstraints", false),
        phases: &[
            phase("create", |names| constraint(names, "maxmemory")),
            phase("update", |names| constraint(names, "timeout")),
        ],
        stays: false,
    },
    Scenario {
        name: "cluster",
        type_name: "kubeblocks_cluster",
        place: Place::Playground,
        needs: nothing,
        subject: Subject::Object(APPS, "Cluster", "clusters", true),
        phases: &[
            phase("create", |names| redis(names, &names.name, 1, "128Mi")),
            phase("resize", |names| redis(names, &names.name, 1, "192Mi")),
            phase("scale", |names| redis(names, &names.name, 2, "192Mi")),
        ],
        stays: false,
    },
    Scenario {
        name: "service_descriptor",
        type_name: "kubeblocks_service_descriptor",
        place: Place::Playground,
        needs: nothing,
        subject: Subject::Object(APPS, "ServiceDescriptor", "servicedescriptors", true),
        phases: &[
            phase("create", |names| descriptor(names, "one", 1)),
            phase("update", |names| descriptor(names, "two", 2)),
        ],
        stays: false,
    },
    Scenario {
        name: "backup_repo",
        type_name: "kubeblocks_backup_repo",
        // Its keys are kept beside the operator.
        place: Place::Platform,
        needs: nothing,
        subject: Subject::Object(BACKUPS, "BackupRepo", "backuprepos", false),
        phases: &[
            phase("create", |names| repository(names, "one", 1)),
            phase("update", |names| repository(names, "two", 2)),
        ],
        stays: false,
    },
    Scenario {
        name: "backup",
        type_name: "kubeblocks_backup",
        place: Place::Playground,
        needs: database_with_backups,
        subject: Subject::Object(BACKUPS, "Backup", "backups", true),
        phases: &[
            phase("create", |names| backup(names, "Retain")),
            phase("update", |names| backup(names, "Delete")),
        ],
        stays: false,
    },
    Scenario {
        name: "backup_schedule",
        type_name: "kubeblocks_backup_schedule",
        place: Place::Playground,
        needs: database,
        subject: Subject::Object(BACKUPS, "BackupSchedule", "backupschedules", true),
        phases: &[
            phase("create", |names| schedule(names, "0 3 * * *")),
            phase("update", |names| schedule(names, "0 4 * * *")),
        ],
        stays: false,
    },
    Scenario {
        name: "account",
        type_name: "kubeblocks_account",
        place: Place::Playground,
        needs: database,
        subject: Subject::Account,
        phases: &[
            phase("create", |names| account(names, "readwrite", 1)),
            phase("update", |names| account(names, "readonly", 2)),
        ],
        stays: false,
    },
    Scenario {
        name: "ops_request",
        type_name: "kubeblocks_ops_request",
        place: Place::Playground,
        needs: database,
        subject: Subject::Object(APPS, "OpsRequest", "opsrequests", true),
        phases: &[
            phase("create", |names| restart(names, "one")),
            Phase { name: "again", config: |names| restart(names, "two"), replaces: true },
        ],
        stays: false,
    },
    Scenario {
        name: "addon",
        type_name: "kubeblocks_addon",
        place: Place::Platform,
        needs: nothing,
        subject: Subject::Object("extensions.kubeblocks.io", "Addon", "addons", false),
        phases: &[
            phase("create", |names| json!({ "name": names.name, "replicas": 1 })),
            phase("update", |names| json!({ "name": names.name, "replicas": 2 })),
        ],
        stays: true,
    },
];

fn nothing(_: &Names) -> Vec<(&'static str, Value)> {
    Vec::new()
}

fn redis(names: &Names, name: &str, replicas: u32, memory: &str) -> Value {
    json!({
        "namespace": names.namespace,
        "name": name,
        "definition": "redis",
        "version": "redis-7.0.6",
        "termination_policy": "WipeOut",
        "components": { "redis": {
            "replicas": replicas,
            "resources": { "cpu": "100m", "memory": memory },
            "volumes": { "data": { "size": "1Gi" } },
        } },
    })
}

fn database(names: &Names) -> Vec<(&'static str, Value)> {
    vec![("kubeblocks_cluster", redis(names, "db", 1, "128Mi"))]
}

fn database_with_backups(names: &Names) -> Vec<(&'static str, Value)> {
    let repo = json!({ "name": names.namespace, "storage_provider": "pvc", "access_method": "Mount" });
    let mut database = redis(names, "db", 1, "128Mi");
    database["backup"] = json!({
        "repo": names.namespace, "method": "datafile", "enabled": false, "schedule": "0 3 * * *",
    });
    vec![("kubeblocks_backup_repo", repo), ("kubeblocks_cluster", database)]
}

fn constraint(names: &Names, parameter: &str) -> Value {
    let manifest = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1",
        "kind": "ConfigConstraint",
        "metadata": { "name": names.name, "labels": { "team": "shop" } },
        "spec": { "formatterConfig": { "format": "properties" }, "dynamicParameters": [parameter] },
    });
    json!({ "yaml": manifest.to_string() })
}

fn descriptor(names: &Names, host: &str, version: u32) -> Value {
    json!({
        "namespace": names.namespace,
        "name": names.name,
        "kind": "etcd",
        "version": "v3.5.6",
        "endpoint": { "value": format!("{host}.example.com:2379") },
        "port": { "value": "2379" },
        "username": { "value": "root" },
        "password_wo": format!("secret of {host}"),
        "password_wo_version": version,
    })
}

fn repository(names: &Names, secret: &str, version: u32) -> Value {
    json!({
        "name": names.name,
        "storage_provider": "s3",
        "config": { "bucket": "shop", "region": "eu-central-1" },
        "credentials_wo": { "accessKeyId": "AKIA", "secretAccessKey": secret },
        "credentials_wo_version": version,
    })
}

fn backup(names: &Names, deletion_policy: &str) -> Value {
    json!({
        "namespace": names.namespace,
        "cluster": "db",
        "name": names.name,
        "method": "datafile",
        "retention": "1w",
        "deletion_policy": deletion_policy,
    })
}

fn schedule(names: &Names, cron: &str) -> Value {
    json!({
        "namespace": names.namespace,
        "cluster": "db",
        "name": names.name,
        "schedules": { "datafile": { "cron": cron } },
    })
}

fn account(names: &Names, role: &str, revision: u32) -> Value {
    json!({
        "namespace": names.namespace,
        "cluster": "db",
        "name": names.name,
        "role": role,
        "password": format!("secret{revision}"),
        "password_revision": revision,
    })
}

fn restart(names: &Names, trigger: &str) -> Value {
    json!({
        "namespace": names.namespace,
        "cluster": "db",
        "restart": { "components": ["redis"] },
        "triggers": { "at": trigger, "of": names.name },
    })
}
