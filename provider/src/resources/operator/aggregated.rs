//! Roles that Kubernetes brings back. A role with an aggregation rule gets its rules from a controller, which writes them
//! by server-side apply from what it remembers: when helm deletes the role before its parts, the controller makes it
//! anew, without labels and owner. Helm then refuses to install the next release. Such remains are removed here.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::Value as Json;

use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, WaitError, until};

/// The field manager of the controller.
const CONTROLLER: &str = "clusterrole-aggregation-controller";
/// When none came back for so long, none will: the controller acts on the deletion of the parts.
const QUIET: Duration = Duration::from_secs(2);

/// Whether nobody but the controller has a hand in the role.
fn is_remains(role: &DynamicObject) -> bool {
    let managers = role.metadata.managed_fields.as_deref().unwrap_or_default();
    let has_rules = role.data["rules"].as_array().is_some_and(|rules| !rules.is_empty());
    role.metadata.deletion_timestamp.is_none()
        && role.labels().is_empty()
        && role.annotations().is_empty()
        && role.data.get("aggregationRule").is_none_or(Json::is_null)
        // Without any rule left, the controller owns no field and so is not noted.
        && !(managers.is_empty() && has_rules)
        && managers.iter().all(|entry| entry.manager.as_deref() == Some(CONTROLLER))
}

/// Removes the remains among roles whose name `concerns` says yes to, until none comes back. True when there was any.
/// Who may not look at roles leaves them.
pub(super) async fn remove(
    client: &Client,
    concerns: impl Fn(&str) -> bool,
    limits: &Limits,
) -> Result<bool, Error> {
    let mut found_any = false;
    loop {
        let mut quiet_since = None;
        let mut snapshots = client.observe(vec![Selection::kind::<ClusterRole>()]);
        let next = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| {
            let Some(seen) = seen.first().filter(|seen| seen.is_open() || seen.sight == Sight::Closed) else {
                return Step::Wait(None);
            };
            let mut remains = seen.objects().filter(|role| concerns(&role.name_any()) && is_remains(role));
            if let Some(role) = remains.next() {
                return Step::<_, ()>::Done(Some((role.name_any(), role.uid())));
            }
            let due = *quiet_since.get_or_insert(now) + QUIET;
            if now >= due { Step::Done(None) } else { Step::Wait(Some(due)) }
        })
        .await;
        match next {
            Ok(Some((name, uid))) => {
                found_any = true;
                client.delete::<ClusterRole>(None, &name, uid.as_deref()).await?;
            }
            Ok(None) | Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => return Ok(found_any),
            Err(WaitError::Interrupted { .. }) => return Err(Error::Interrupted),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::kubernetes::test_api::TestApi;

    fn role(name: &str, manager: &str) -> Json {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "managedFields": [{"manager": manager, "operation": "Apply"}]},
            "rules": [],
        })
    }

    #[test]
    fn only_what_the_controller_alone_made_is_remains() {
        let judge = |json: Json| is_remains(&serde_json::from_value(json).unwrap());
        assert!(judge(role("a", CONTROLLER)));
        assert!(!judge(role("a", "helm")));
        let mut labelled = role("a", CONTROLLER);
        labelled["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
        assert!(!judge(labelled));
        let mut aggregating = role("a", CONTROLLER);
        aggregating["aggregationRule"] = json!({"clusterRoleSelectors": []});
        assert!(!judge(aggregating));
        assert!(judge(json!({"metadata": {"name": "a"}, "rules": null})));
        assert!(!judge(json!({"metadata": {"name": "a"}, "rules": [{"verbs": ["get"]}]})));
        assert!(!judge(json!({"metadata": {"name": "a", "annotations": {"a": "b"}}, "rules": []})));
    }

    #[tokio::test(start_paused = true)]
    async fn remains_are_deleted_and_roles_of_others_stay() {
        let api = TestApi::default();
        api.put("clusterroles", role("kubeblocks", CONTROLLER));
        api.put("clusterroles", role("foreign", CONTROLLER));
        let limits = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        assert!(remove(&api.client(), |name| name == "kubeblocks", &limits).await.unwrap());
        assert_eq!(api.count("DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/kubeblocks"), 1);
        assert_eq!(api.count("DELETE"), 1);
        assert!(!remove(&api.client(), |name| name == "kubeblocks", &limits).await.unwrap());
    }
}
