//! The add-ons of a cluster: what its pods need of network, names, identities, disks and snapshots.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{
    Addon, AddonIssueCode, AddonPodIdentityAssociations, AddonStatus, ResolveConflicts,
};

use super::client::{Eks, Target, add_on, request_token};
use super::observe::{mark, reasons};
use super::spec::ClusterSpec;
use crate::{Error, Made, OWNER_TAG, Progress};

/// Without these, nodes do not become ready; they run without nodes.
const BEFORE_NODES: &[&str] = &["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];
/// These need nodes: before there are any, they are degraded.
const AFTER_NODES: &[&str] = &["coredns", EBS_CSI, "snapshot-controller"];
const EBS_CSI: &str = "aws-ebs-csi-driver";
/// The service account of the driver that makes disks.
const EBS_CSI_ACCOUNT: &str = "ebs-csi-controller-sa";

/// When an add-on is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the first nodes.
    BeforeNodes,
    /// When there are nodes.
    AfterNodes,
}

/// The add-ons of a stage, and the version of each that is asked for.
fn wanted(spec: &ClusterSpec, stage: Stage) -> BTreeMap<&str, Option<&str>> {
    let own = match stage {
        Stage::BeforeNodes => BEFORE_NODES,
        Stage::AfterNodes => AFTER_NODES,
    };
    let mut wanted: BTreeMap<&str, Option<&str>> = own.iter().map(|name| (*name, None)).collect();
    for (name, version) in &spec.add_ons {
        let is_early = BEFORE_NODES.contains(&name.as_str());
        if is_early == (stage == Stage::BeforeNodes) {
            wanted.insert(name, version.as_deref());
        }
    }
    wanted
}

fn asked(name: &str) -> String {
    format!("{} asked for", add_on(name))
}

impl Eks {
    /// Asks for the add-ons of a stage that are not there.
    pub(super) async fn ensure_add_ons(
        &self,
        spec: &ClusterSpec,
        stage: Stage,
        ebs_csi_role: &str,
        made: &mut Made,
    ) -> Result<(), Error> {
        const LISTED: &str = "add-ons listed";
        if !made.is_settled(LISTED) {
            for name in self.add_on_names(&spec.name).await? {
                made.settle(&asked(&name));
            }
            made.settle(LISTED);
        }
        for (name, version) in wanted(spec, stage) {
            if !made.is_settled(&asked(name)) {
                self.create_add_on(spec, name, version, Some(ebs_csi_role)).await?;
                made.settle(&asked(name));
            }
        }
        Ok(())
    }

    /// Waits for all add-ons, once there are nodes for them.
    pub(super) async fn await_add_ons(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        for stage in [Stage::BeforeNodes, Stage::AfterNodes] {
            for name in wanted(spec, stage).into_keys() {
                let step = add_on(name);
                if made.is_settled(&step) {
                    continue;
                }
                if let Progress::Waiting { what } = self.await_add_on(&spec.name, name).await? {
                    return Ok(Progress::Waiting { what });
                }
                made.settle(&step);
            }
        }
        Ok(Progress::Done)
    }

    async fn await_add_on(&self, cluster: &str, name: &str) -> Result<Progress, Error> {
        let what = add_on(name);
        let waiting = |how: &str| Ok(Progress::Waiting { what: format!("{what} ({how})") });
        let Some(found) = self.find_add_on(cluster, name).await? else { return waiting("not seen yet") };
        match &found.status {
            Some(AddonStatus::Active) => Ok(Progress::Done),
            // Its pods may still be on their way; whoever waits knows for how long.
            Some(AddonStatus::Degraded) => waiting(&format!("DEGRADED: {}", add_on_reasons(&found))),
            Some(
                status @ (AddonStatus::CreateFailed | AddonStatus::UpdateFailed | AddonStatus::DeleteFailed),
            ) => {
                let message = format!("{}: {}", status.as_str(), add_on_reasons(&found));
                Err(Error::Failed { what, message })
            }
            Some(status) => waiting(status.as_str()),
            None => waiting("no status"),
        }
    }

    pub(super) async fn create_add_on(
        &self,
        spec: &ClusterSpec,
        name: &str,
        version: Option<&str>,
        ebs_csi_role: Option<&str>,
    ) -> Result<(), Error> {
        let identity = ebs_csi_role.filter(|_| name == EBS_CSI).map(|role| {
            AddonPodIdentityAssociations::builder().service_account(EBS_CSI_ACCOUNT).role_arn(role).build()
        });
        let identity =
            identity.transpose().map_err(|error| Error::Unexpected { message: error.to_string() })?;
        let request = self
            .api
            .create_addon()
            .cluster_name(&spec.name)
            .addon_name(name)
            .set_addon_version(version.map(str::to_owned))
            // A new cluster has some of them already, of its own and not as add-ons.
            .resolve_conflicts(ResolveConflicts::Overwrite)
            .set_pod_identity_associations(identity.map(|identity| vec![identity]))
            .set_tags(Some(spec.tags.clone().into_iter().collect()))
            .tags(OWNER_TAG, &spec.owner)
            .client_request_token(request_token());
        match self.call("CreateAddon", &add_on(name), || request.clone().send()).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the add-ons of a cluster what they are to be. `is_behind` says that nodes run an older Kubernetes than
    /// the control plane: after its upgrade, the add-ons come before them.
    pub(super) async fn update_add_ons(
        &self,
        spec: &ClusterSpec,
        version: &str,
        is_behind: bool,
        is_ours: bool,
    ) -> Result<Progress, Error> {
        let there = self.add_on_names(&spec.name).await?;
        let mut waiting = Vec::new();
        let mut all = wanted(spec, Stage::BeforeNodes);
        all.extend(wanted(spec, Stage::AfterNodes));
        // Of a cluster that was made elsewhere, nobody knows what stands in for the usual ones.
        all.retain(|name, _| is_ours || spec.add_ons.contains_key(*name));
        for (name, wished) in &all {
            if !there.iter().any(|known| known == name) {
                let role = self.ebs_csi_role(spec, name).await?;
                self.create_add_on(spec, name, *wished, role.as_deref()).await?;
                waiting.push(add_on(name));
            } else if wished.is_some() || is_behind {
                let wished = match wished {
                    Some(wished) => Some((*wished).to_owned()),
                    None => self.default_version(name, version).await?,
                };
                if let Some(what) = self.update_add_on(&spec.name, name, wished.as_deref()).await? {
                    waiting.push(what);
                }
            }
        }
        for name in there.iter().filter(|name| is_ours && !all.contains_key(name.as_str())) {
            if self.remove_add_on(spec, name).await? {
                waiting.push(format!("{} to be gone", add_on(name)));
            }
        }
        if waiting.is_empty() {
            return Ok(Progress::Done);
        }
        Ok(Progress::Waiting { what: waiting.join(", ") })
    }

    /// Brings an add-on to a version; gives what is waited for.
    async fn update_add_on(
        &self,
        cluster: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let Some(found) = self.find_add_on(cluster, name).await? else { return Ok(Some(add_on(name))) };
        if let Some(status @ (AddonStatus::Creating | AddonStatus::Updating | AddonStatus::Deleting)) =
            &found.status
        {
            return Ok(Some(format!("{} ({})", add_on(name), status.as_str())));
        }
        let Some(version) = version.filter(|version| found.addon_version.as_deref() != Some(*version)) else {
            return Ok(None);
        };
        let request = self
            .api
            .update_addon()
            .cluster_name(cluster)
            .addon_name(name)
            .addon_version(version)
            // What people have changed stays.
            .resolve_conflicts(ResolveConflicts::Preserve)
            .client_request_token(request_token());
        let answer = self.call("UpdateAddon", &add_on(name), || request.clone().send()).await?;
        self.remember(cluster, Target::AddOn(name.to_owned()), answer.update);
        Ok(Some(format!("{} to be {version}", add_on(name))))
    }

    /// The version that AWS gives an add-on on that version of Kubernetes.
    async fn default_version(&self, name: &str, kubernetes: &str) -> Result<Option<String>, Error> {
        let request = self.api.describe_addon_versions().addon_name(name).kubernetes_version(kubernetes);
        let answer = self.call("DescribeAddonVersions", &add_on(name), || request.clone().send()).await?;
        let add_ons = answer.addons.unwrap_or_default();
        let versions = add_ons.iter().flat_map(|add_on| add_on.addon_versions.iter().flatten());
        let is_default = |version: &&aws_sdk_eks::types::AddonVersionInfo| {
            let fits = version.compatibilities.iter().flatten();
            fits.into_iter()
                .any(|fit| fit.default_version && fit.cluster_version.as_deref() == Some(kubernetes))
        };
        Ok(versions.into_iter().find(is_default).and_then(|version| version.addon_version.clone()))
    }

    /// Removes an add-on that is no longer wished, if it was made here.
    async fn remove_add_on(&self, spec: &ClusterSpec, name: &str) -> Result<bool, Error> {
        let Some(found) = self.find_add_on(&spec.name, name).await? else { return Ok(false) };
        if mark(found.tags.as_ref(), OWNER_TAG) != Some(spec.owner.as_str()) {
            return Ok(false);
        }
        if found.status != Some(AddonStatus::Deleting) {
            let request = self.api.delete_addon().cluster_name(&spec.name).addon_name(name);
            self.call("DeleteAddon", &add_on(name), || request.clone().send()).await?;
        }
        Ok(true)
    }

    async fn ebs_csi_role(&self, spec: &ClusterSpec, name: &str) -> Result<Option<String>, Error> {
        if name != EBS_CSI {
            return Ok(None);
        }
        self.ensure_role(super::roles::EBS_CSI_ROLE, spec, &mut Made::default()).await.map(Some)
    }
}

fn add_on_reasons(found: &Addon) -> String {
    let issues = found.health.as_ref().and_then(|health| health.issues.as_deref()).unwrap_or_default();
    reasons(issues.iter().map(|issue| {
        let code = issue.code.as_ref().map(AddonIssueCode::as_str);
        (code, issue.message.as_deref(), issue.resource_ids.as_deref().unwrap_or_default())
    }))
}
