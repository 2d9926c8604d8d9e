//! What a cluster has beside its workloads: service account, role binding, disruption budgets, certificates.

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::workload::owned_meta;
use super::{Pass, tls};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming::{self, LABEL_INSTANCE, LABEL_MANAGED_BY, LABEL_NAME, MANAGED_BY};

/// The `ClusterRole` that the operator's chart ships for database pods.
const POD_ROLE: &str = "kubeblocks-cluster-pod-role";

/// Makes what is missing; nothing of it changes later.
pub(super) async fn apply(pass: &Pass<'_>) -> Result<(), Error> {
    for component in pass.components() {
        let component = component?;
        let store = &pass.context.store;
        if component.spec.service_account_name.is_empty() {
            let (binding, account) = identity(pass, &component);
            store.create_if_absent::<RoleBinding>(&binding).await?;
            store.create_if_absent::<ServiceAccount>(&account).await?;
        }
        if component.spec.tls
            && component.spec.issuer.as_ref().is_none_or(|issuer| issuer.name == "KubeBlocks")
            && store
                .get::<Secret>(
                    component.namespace(),
                    &naming::certificates(component.cluster_name(), component.name()),
                )
                .await?
                .is_none()
        {
            store.create_if_absent::<Secret>(&tls::certificates(&component)?).await?;
        }
        if !component.spec.no_create_pdb {
            store.create_if_absent::<PodDisruptionBudget>(&disruption_budget(&component)).await?;
        }
    }
    Ok(())
}

fn identity(pass: &Pass<'_>, component: &Component<'_>) -> (RoleBinding, ServiceAccount) {
    let name = naming::service_account(component.cluster_name());
    let labels = naming::labels([
        (LABEL_INSTANCE, component.cluster_name()),
        (LABEL_MANAGED_BY, MANAGED_BY),
        (LABEL_NAME, &pass.definition.name_any()),
    ]);
    let metadata = owned_meta(component, name.clone(), labels);
    let binding = RoleBinding {
        metadata: metadata.clone(),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: POD_ROLE.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name,
            namespace: Some(component.namespace().to_owned()),
            api_group: None,
        }]),
    };
    (binding, ServiceAccount { metadata, ..ServiceAccount::default() })
}

fn disruption_budget(component: &Component<'_>) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: owned_meta(component, component.workload(), component.labels()),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(component.common_labels()),
                match_expressions: None,
            }),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
