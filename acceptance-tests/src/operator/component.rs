//! One component of a cluster, put together from the Cluster, its definition and its version.
//!
//! Pure. The cluster pass builds all objects of a component from this.

use k8s_openapi::api::core::v1::Container;
use serde_json::Value;

use super::api::{
    Cluster, ClusterDefinition, ClusterVersion, ComponentDefinition, ComponentSpec, ComponentVersion,
    ConfigSpec, ReplicaRole,
};
use super::error::Error;
use super::naming::{
    self, LABEL_COMPONENT, LABEL_INSTANCE, LABEL_MANAGED_BY, LABEL_NAME, Labels, MANAGED_BY,
};

/// A component with everything that it is made from.
#[derive(Clone, Copy)]
pub(crate) struct Component<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) spec: &'a ComponentSpec,
    pub(crate) definition: &'a ComponentDefinition,
    version: Option<&'a ComponentVersion>,
}

impl<'a> Component<'a> {
    /// Puts a component together. Refused when the definition does not have its component definition.
    pub(crate) fn new(
        cluster: &'a Cluster,
        spec: &'a ComponentSpec,
        definition: &'a ClusterDefinition,
        version: Option<&'a ClusterVersion>,
    ) -> Result<Self, Error> {
        let name = &spec.component_def_ref;
        let Some(component) = definition.spec.component_defs.iter().find(|known| &known.name == name) else {
            return Err(Error::Refused {
                reason: "ApplyResourcesFailed",
                message: format!(
                    "referenced component definition does not exist, cluster: {}, component: {}, component \
                     definition ref:{name}",
                    cluster.metadata.name.as_deref().unwrap_or_default(),
                    spec.name
                ),
            });
        };
        let version = version.and_then(|version| {
            version.spec.component_versions.iter().find(|known| &known.component_def_ref == name)
        });
        Ok(Self { cluster, spec, definition: component, version })
    }

    pub(crate) fn cluster_name(&self) -> &'a str {
        self.cluster.metadata.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> &'a str {
        self.cluster.metadata.namespace.as_deref().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &'a str {
        &self.spec.name
    }

    /// The name of the workload and of the component's Service.
    pub(crate) fn workload(&self) -> String {
        naming::workload(self.cluster_name(), self.name())
    }

    /// The four labels that every object of the component carries and its pods are selected by.
    pub(crate) fn common_labels(&self) -> Labels {
        naming::labels([
            (LABEL_INSTANCE, self.cluster_name()),
            (LABEL_MANAGED_BY, MANAGED_BY),
            (LABEL_NAME, &self.cluster.spec.cluster_definition_ref),
            (LABEL_COMPONENT, self.name()),
        ])
    }

    /// The common labels and the component definition.
    pub(crate) fn labels(&self) -> Labels {
        let mut labels = self.common_labels();
        labels.insert(naming::LABEL_COMPONENT_DEFINITION.to_owned(), self.definition.name.clone());
        labels
    }

    /// By what the operator finds the component's objects.
    pub(crate) fn selector(&self) -> Labels {
        naming::component_selector(self.cluster_name(), self.name())
    }

    pub(crate) fn is_replication(&self) -> bool {
        self.definition.workload_type == "Replication"
    }

    pub(crate) fn is_consensus(&self) -> bool {
        self.definition.workload_type == "Consensus"
    }

    /// The roles of the members; empty for workloads without roles.
    pub(crate) fn roles(&self) -> Vec<ReplicaRole> {
        let role = |name: &str, mode: &str, votes, leads| ReplicaRole {
            name: name.to_owned(),
            access_mode: mode.to_owned(),
            can_vote: votes,
            is_leader: leads,
        };
        if self.is_replication() {
            return vec![
                role("primary", "ReadWrite", true, true),
                role("secondary", "Readonly", true, false),
            ];
        }
        let Some(consensus) = self.definition.consensus_spec.as_ref().filter(|_| self.is_consensus()) else {
            return Vec::new();
        };
        let leader = role(&consensus.leader.name, &consensus.leader.access_mode, true, true);
        let followers =
            consensus.followers.iter().map(|member| role(&member.name, &member.access_mode, true, false));
        let learner =
            consensus.learner.iter().map(|member| role(&member.name, &member.access_mode, false, false));
        std::iter::once(leader).chain(followers).chain(learner).collect()
    }

    /// The role that the component's Service points to.
    pub(crate) fn leader_role(&self) -> Option<String> {
        self.roles().into_iter().find(|role| role.is_leader).map(|role| role.name)
    }

    /// The probe that reports roles, if the engine has one.
    pub(crate) fn role_probe(&self) -> Option<&'a Value> {
        self.definition.probes.as_ref()?.role_probe.as_ref()
    }

    /// In which order members are updated; nothing for workloads without roles.
    pub(crate) fn member_update_strategy(&self) -> Option<String> {
        if self.is_replication() {
            return Some("Serial".to_owned());
        }
        let consensus = self.definition.consensus_spec.as_ref().filter(|_| self.is_consensus())?;
        Some(if consensus.update_strategy.is_empty() {
            "Serial".to_owned()
        } else {
            consensus.update_strategy.clone()
        })
    }

    /// The containers of the definition with the images of the version.
    pub(crate) fn containers(&self) -> Vec<Container> {
        let images = self.version.map_or(&[][..], |version| &version.versions_context.containers);
        let mut containers = self.definition.pod_spec.containers.clone();
        for container in &mut containers {
            if let Some(image) = images.iter().find(|image| image.name == container.name) {
                container.image.clone_from(&image.image);
            }
        }
        containers
    }

    /// Configuration and script templates, in this order.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &'a ConfigSpec> {
        self.definition.config_specs.iter().chain(&self.definition.script_specs)
    }

    /// The `ServiceAccount` that the pods run as.
    pub(crate) fn service_account(&self) -> String {
        if self.spec.service_account_name.is_empty() {
            naming::service_account(self.cluster_name())
        } else {
            self.spec.service_account_name.clone()
        }
    }
}
