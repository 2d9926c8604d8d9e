//! The kinds of KubeBlocks v0.7, one a file, all of version `v1alpha1`. Only fields that are set are written:
//! empty lists and maps, like `None`, are left out. Reading never fails on fields or values that are newer.

// The columns that `kubectl get` prints are attributes of one name each.
#![allow(clippy::duplicated_attributes)]

pub mod addon;
pub mod backup;
pub mod backup_policy;
pub mod backup_policy_template;
pub mod backup_repo;
pub mod backup_schedule;
pub mod cluster;
pub mod cluster_definition;
pub mod cluster_version;
pub mod common;
pub mod component_class_definition;
pub mod component_resource_constraint;
pub mod config_constraint;
pub mod configuration;
pub mod ops_request;
pub mod replicated_state_machine;
pub mod restore;
pub mod service_descriptor;

pub use addon::{Addon, AddonPhase, AddonSpec, AddonStatus};
pub use backup::{Backup, BackupPhase, BackupSpec, BackupStatus, DeletionPolicy};
pub use backup_policy::{
    AvailabilityPhase, BackupMethod, BackupPolicy, BackupPolicySpec, BackupPolicyStatus,
};
pub use backup_policy_template::{BackupPolicyTemplate, BackupPolicyTemplateSpec};
pub use backup_repo::{BackupRepo, BackupRepoPhase, BackupRepoSpec, BackupRepoStatus};
pub use backup_schedule::{BackupSchedule, BackupScheduleSpec, BackupScheduleStatus, SchedulePolicy};
pub use cluster::{
    Cluster, ClusterBackup, ClusterSpec, ClusterStatus, ComponentSpec, ComponentStatus, IssuerName,
    TerminationPolicy, VolumeClaimSpec, VolumeClaimTemplate,
};
pub use cluster_definition::{
    ClusterDefinition, ClusterDefinitionSpec, ClusterDefinitionStatus, ComponentDefinition,
};
pub use cluster_version::{ClusterVersion, ClusterVersionSpec, ClusterVersionStatus, ComponentVersion};
pub use common::{
    AccessMode, Affinity, ComponentPhase, Condition, MemberRole, PodAntiAffinity, Resources, Service,
    ServiceType, Tenancy, Toleration, Untyped, WorkloadType,
};
pub use component_class_definition::{
    ComponentClass, ComponentClassDefinition, ComponentClassDefinitionSpec, ComponentClassDefinitionStatus,
};
pub use component_resource_constraint::{
    ComponentResourceConstraint, ComponentResourceConstraintSpec, ResourceConstraintRule,
};
pub use config_constraint::{ConfigConstraint, ConfigConstraintSpec, ConfigConstraintStatus};
pub use configuration::{
    ConfigSpec, Configuration, ConfigurationItem, ConfigurationItemStatus, ConfigurationPhase,
    ConfigurationSpec, ConfigurationStatus, FileParameters,
};
pub use ops_request::{OpsPhase, OpsRequest, OpsRequestSpec, OpsRequestStatus, OpsType, UpgradePolicy};
pub use replicated_state_machine::{
    ReplicatedStateMachine, ReplicatedStateMachineSpec, ReplicatedStateMachineStatus,
};
pub use restore::{Restore, RestorePhase, RestoreSpec, RestoreStatus};
pub use service_descriptor::{ServiceDescriptor, ServiceDescriptorSpec, ServiceDescriptorStatus};
