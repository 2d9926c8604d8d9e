//! Configurations for tests. Every field has a value of its own, so that a swap is caught.

use tfplugin::typed::Value;

use super::schema::BackupRepoState;
pub(crate) use crate::resources::cluster::test_support::{text, texts};

/// A bucket, as the schema's defaults leave a configuration.
pub(crate) fn s3() -> BackupRepoState {
    BackupRepoState {
        name: text("main"),
        storage_provider: text("s3"),
        config: texts([("bucket", "backups"), ("region", "eu-west-1")]),
        credentials_wo: texts([("accessKeyId", "key-id"), ("secretAccessKey", "key-secret")]),
        credentials_wo_version: Value::Known(3),
        access_method: text("Tool"),
        pv_reclaim_policy: text("Retain"),
        is_default: Value::Known(false),
        ..BackupRepoState::default()
    }
}

/// The same as a state holds it.
pub(crate) fn stored() -> BackupRepoState {
    BackupRepoState { credentials_wo: Value::Null, id: text("main"), phase: text("Ready"), ..s3() }
}
