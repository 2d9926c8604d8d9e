//! Operators and releases for tests.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use tfplugin::typed::Value;

use super::schema::OperatorState;
use crate::helm::chart::Chart;
use crate::helm::release::{Release, Status};
use crate::resources::cluster::test_support::text;

/// An operator as it is planned from an empty configuration.
pub(crate) fn operator() -> OperatorState {
    OperatorState {
        namespace: text("kb-system"),
        name: text("kubeblocks"),
        create_namespace: Value::Known(true),
        max_history: Value::Known(5),
        delete_crds: Value::Known(false),
        force_destroy: Value::Known(false),
        ..OperatorState::default()
    }
}

/// The same after an apply.
pub(crate) fn installed() -> OperatorState {
    OperatorState {
        version: text("0.7.5"),
        app_version: text("0.7.5"),
        chart_digest: text("sha256:chart"),
        crds_digest: text("sha256:crds"),
        ..operator()
    }
}

/// A revision of its release.
pub(crate) fn release(revision: u32, status: Status) -> Release {
    Release {
        name: "kubeblocks".to_owned(),
        namespace: "kb-system".to_owned(),
        revision,
        status,
        description: String::new(),
        chart_name: "kubeblocks".to_owned(),
        chart_version: "0.7.5".to_owned(),
        app_version: Some("0.7.5".to_owned()),
        config: json!({}),
        manifest: String::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        modified: None,
        secret_bytes: 0,
    }
}

/// Its chart.
pub(crate) fn chart() -> Chart {
    Chart {
        name: "kubeblocks".to_owned(),
        version: "0.7.5".to_owned(),
        app_version: Some("0.7.5".to_owned()),
        kube_version: None,
        digest: "sha256:chart".to_owned(),
        archive: Bytes::new(),
        crds: Vec::new(),
    }
}
