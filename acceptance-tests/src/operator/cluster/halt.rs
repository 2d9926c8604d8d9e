//! A Cluster whose name was used before: it is taken over only by a cluster of the same shape.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;
use serde_json::Value;

use crate::operator::Context;
use crate::operator::api::{Cluster, ClusterSpec, Condition};
use crate::operator::error::Error;
use crate::operator::naming::{
    ANNOTATION_IGNORE_RESOURCES, ANNOTATION_IGNORE_VERSION, ANNOTATION_LAST_CLUSTER, LABEL_INSTANCE, labels,
};
use crate::operator::quantity;

/// The condition that stops a new Cluster from starting on claims that another one left, if it must not.
pub(super) async fn check(context: &Context, cluster: &Cluster) -> Result<Option<Condition>, Error> {
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    let claims: Vec<PersistentVolumeClaim> =
        context.store.list(&namespace, &labels([(LABEL_INSTANCE, &name)])).await?;
    let Some(claim) = claims.first() else { return Ok(None) };
    let Some(last) = claim.annotations().get(ANNOTATION_LAST_CLUSTER).filter(|text| !text.is_empty()) else {
        return Ok(Some(Condition::unmet(
            "HaltRecovery",
            "UncleanedResources",
            format!(
                "found uncleaned resources, requires manual deletion, check with `kubectl -n {namespace} get \
                 pvc,secret,cm -l {LABEL_INSTANCE}={name}`"
            ),
        )));
    };
    let Ok(last) = serde_json::from_str::<Value>(last) else { return Ok(None) };
    if last.pointer("/metadata/uid").and_then(Value::as_str) == cluster.metadata.uid.as_deref() {
        return Ok(None);
    }
    let Ok(spec) = serde_json::from_value::<ClusterSpec>(last["spec"].clone()) else { return Ok(None) };
    Ok(mismatch(cluster, &spec)
        .map(|message| Condition::unmet("HaltRecovery", "HaltRecoveryFailed", message)))
}

/// The first difference that forbids the recovery, in the real operator's order.
fn mismatch(cluster: &Cluster, last: &ClusterSpec) -> Option<String> {
    let wanted = &cluster.spec;
    let allows = |annotation| cluster.annotation(annotation) == Some("true");
    if wanted.cluster_definition_ref != last.cluster_definition_ref {
        return Some(format!(
            "not equal to last applied cluster.spec.clusterDefRef {}",
            last.cluster_definition_ref
        ));
    }
    if wanted.cluster_version_ref != last.cluster_version_ref && !allows(ANNOTATION_IGNORE_VERSION) {
        return Some(format!(
            "not equal to last applied cluster.spec.clusterVersionRef {}; add '{ANNOTATION_IGNORE_VERSION}=true' \
             annotation if void this check",
            last.cluster_version_ref
        ));
    }
    if wanted.component_specs.len() != last.component_specs.len() {
        return Some(format!(
            "inconsistent spec.componentSpecs counts to last applied cluster.spec.componentSpecs (len={})",
            last.component_specs.len()
        ));
    }
    wanted.component_specs.iter().find_map(|component| {
        let name = &component.name;
        let Some(known) = last.component_specs.iter().find(|known| &known.name == name) else {
            return Some(format!("cluster.spec.componentSpecs[{name}] not found in last applied cluster"));
        };
        let unequal = |what: String| {
            Some(format!("not equal to last applied cluster.spec.componentSpecs[{name}].{what}"))
        };
        if component.component_def_ref != known.component_def_ref {
            return unequal(format!("componentDefRef={}", known.component_def_ref));
        }
        if component.replicas != known.replicas {
            return unequal(format!("replicas={}", known.replicas));
        }
        if allows(ANNOTATION_IGNORE_RESOURCES) {
            return None;
        }
        let void = format!("; add '{ANNOTATION_IGNORE_RESOURCES}=true' annotation to void this check");
        if !same_claims(component, known) {
            let json = serde_json::to_string(&known.volume_claim_templates).unwrap_or_default();
            return unequal(format!("volumeClaimTemplates={json}{void}"));
        }
        if component.class_def_ref != known.class_def_ref {
            let json = known.class_def_ref.as_ref().map_or_else(|| "null".to_owned(), Value::to_string);
            return unequal(format!("classDefRef={json}{void}"));
        }
        if !quantity::same(component.resources.as_ref(), known.resources.as_ref()) {
            let json = known.resources.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
            return unequal(format!("resources={json}{void}"));
        }
        None
    })
}

fn same_claims(a: &crate::operator::api::ComponentSpec, b: &crate::operator::api::ComponentSpec) -> bool {
    a.volume_claim_templates.len() == b.volume_claim_templates.len()
        && a.volume_claim_templates
            .iter()
            .zip(&b.volume_claim_templates)
            .all(|(a, b)| a.name == b.name && quantity::same(Some(&a.spec), Some(&b.spec)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cluster(change: impl FnOnce(&mut Value)) -> Cluster {
        let mut object = json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1",
            "kind": "Cluster",
            "metadata": {"name": "halt", "annotations": {}},
            "spec": {
                "clusterDefinitionRef": "redis",
                "clusterVersionRef": "redis-7.0.6",
                "terminationPolicy": "Halt",
                "componentSpecs": [{
                    "name": "redis",
                    "componentDefRef": "redis",
                    "replicas": 1,
                    "resources": {"requests": {"cpu": "500m"}},
                    "volumeClaimTemplates": [
                        {"name": "data", "spec": {"resources": {"requests": {"storage": "1Gi"}}}},
                    ],
                }],
            },
        });
        change(&mut object);
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn only_a_cluster_of_the_same_shape_recovers() {
        let last = cluster(|_| ()).spec;
        let size = "/spec/componentSpecs/0/volumeClaimTemplates/0/spec/resources/requests/storage";
        let table: [(&str, Value, Option<&str>); 6] = [
            ("/spec/terminationPolicy", json!("Delete"), None),
            (size, json!("1024Mi"), None),
            (size, json!("5Gi"), Some("volumeClaimTemplates=[{\"name\":\"data\"")),
            ("/spec/clusterVersionRef", json!("redis-7.2"), Some("clusterVersionRef redis-7.0.6")),
            ("/spec/componentSpecs/0/replicas", json!(2), Some("componentSpecs[redis].replicas=1")),
            (
                "/spec/componentSpecs/0/resources/requests/cpu",
                json!("1"),
                Some("componentSpecs[redis].resources="),
            ),
        ];
        for (path, value, expected) in table {
            let changed = cluster(|object| *object.pointer_mut(path).unwrap() = value.clone());
            let message = mismatch(&changed, &last);
            match expected {
                None => assert_eq!(message, None, "{path} = {value}"),
                Some(part) => {
                    assert!(message.as_ref().is_some_and(|text| text.contains(part)), "{path}: {message:?}");
                }
            }
        }
        let void = cluster(|object| {
            *object.pointer_mut(size).unwrap() = json!("5Gi");
            object["metadata"]["annotations"] = json!({ ANNOTATION_IGNORE_RESOURCES: "true" });
        });
        assert_eq!(mismatch(&void, &last), None);
    }
}
