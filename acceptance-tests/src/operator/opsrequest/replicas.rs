//! Progress of operations that change the number of pods: stop, start, horizontal scaling.

use kube::ResourceExt;
use serde_json::Value;

use super::action::snapshot;
use super::progress::Look;
use crate::operator::api::{OpsComponentStatus, OpsRequestStatus};
use crate::operator::naming::ANNOTATION_START_SNAPSHOT;

/// How many pods have to come or go, and how many have. Nothing when the pods do not fit the component's state yet.
pub(super) async fn count(
    look: &Look<'_>,
    status: &OpsRequestStatus,
    entry: &mut OpsComponentStatus,
) -> Option<(i32, i32)> {
    let Some((last, wanted)) = last_and_wanted(look, status) else { return Some((0, 0)) };
    if last == wanted {
        return Some((0, 0));
    }
    let count = i32::try_from(look.pods.len()).unwrap_or(i32::MAX);
    if entry.phase == "Running" && look.component.replicas != count {
        return None;
    }
    let expected = (wanted - last).abs();
    let completed =
        if wanted > last { came(look, status, entry).await } else { went(look, status, entry).await };
    Some((expected, completed))
}

/// The replicas before the operation and those it is for.
fn last_and_wanted(look: &Look<'_>, status: &OpsRequestStatus) -> Option<(i32, i32)> {
    let request = look.operation.request;
    let name = &look.component.name;
    let wanted = match request.spec.type_.as_str() {
        "Stop" => 0,
        "Start" => {
            let noted = snapshot(request.annotations().get(ANNOTATION_START_SNAPSHOT).map(String::as_str));
            i32::try_from(noted.get(name)?.as_i64()?).ok()?
        }
        _ => request.spec.horizontal_scaling.iter().find(|item| &item.component_name == name)?.replicas,
    };
    let noted = status.last_configuration.as_ref()?.pointer(&format!("/components/{name}"))?;
    let last = i32::try_from(noted.get("replicas")?.as_i64()?).ok()?;
    let pods = noted.pointer("/targetResources/pods").and_then(Value::as_array).map(Vec::len);
    let actual = pods.and_then(|pods| i32::try_from(pods).ok()).filter(|pods| *pods < last);
    Some((actual.unwrap_or(last), wanted))
}

/// Pods that the operation makes.
async fn came(look: &Look<'_>, status: &OpsRequestStatus, entry: &mut OpsComponentStatus) -> i32 {
    let mut completed = 0;
    for pod in look.pods.iter().filter(|pod| Look::is_new(pod, status)) {
        let name = pod.name_any();
        if look.is_available(pod) {
            completed += 1;
            let message = format!("Successfully create: Pod/{name} in Component: {}", look.component.name);
            look.note(entry, &name, "Succeed", message).await;
        } else {
            completed += look.note_unfinished(entry, &name, "create").await;
        }
    }
    completed
}

/// Pods that the operation takes away.
async fn went(look: &Look<'_>, status: &OpsRequestStatus, entry: &mut OpsComponentStatus) -> i32 {
    for pod in look.pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_some()) {
        let name = pod.name_any();
        let message = format!("Start to delete pod: Pod/{name} in Component: {}", look.component.name);
        look.note(entry, &name, "Processing", message).await;
    }
    let noted = status
        .last_configuration
        .as_ref()
        .and_then(|last| last.pointer(&format!("/components/{}/targetResources/pods", look.component.name)))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut completed = 0;
    for name in noted.iter().filter_map(Value::as_str) {
        if look.pods.iter().any(|pod| pod.name_any() == name) {
            continue;
        }
        completed += 1;
        let message = format!("Successfully delete pod: Pod/{name} in Component: {}", look.component.name);
        look.note(entry, name, "Succeed", message).await;
    }
    completed
}
