//! The roles of IAM that are made with a cluster. Their names follow from owner, region and cluster, so that they are
//! found again without a search.

use sha2::{Digest as _, Sha256};

use super::PART_TAG;
use super::client::{Eks, found};
use super::query::Call;
use super::spec::ClusterSpec;
use crate::{Error, Made, OWNER_TAG};

/// A role that a cluster needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Its part of the cluster.
    pub(super) part: &'static str,
    /// The end of its name.
    suffix: &'static str,
    /// Who may take it.
    principal: &'static str,
    /// What they do for that.
    actions: &'static [&'static str],
    /// AWS's policies of what it may do.
    policies: &'static [&'static str],
}

/// Of the control plane.
pub(super) const CLUSTER_ROLE: Role = Role {
    part: "cluster_role",
    suffix: "cluster",
    principal: "eks.amazonaws.com",
    actions: &["sts:AssumeRole"],
    policies: &["AmazonEKSClusterPolicy"],
};
/// Of the nodes.
pub(super) const NODE_ROLE: Role = Role {
    part: "node_role",
    suffix: "node",
    principal: "ec2.amazonaws.com",
    actions: &["sts:AssumeRole"],
    policies: &["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"],
};
/// Of the driver that makes disks.
pub(super) const EBS_CSI_ROLE: Role = Role {
    part: "ebs_csi_role",
    suffix: "ebs-csi",
    principal: "pods.eks.amazonaws.com",
    actions: &["sts:AssumeRole", "sts:TagSession"],
    policies: &["service-role/AmazonEBSCSIDriverPolicy"],
};
/// In the order in which they are made.
const ROLES: &[Role] = &[CLUSTER_ROLE, NODE_ROLE, EBS_CSI_ROLE];

/// The name of a role that is in no folder, as those are that are made here.
fn named(arn: &str) -> Option<&str> {
    arn.rsplit(':').next()?.strip_prefix("role/")
}

impl Role {
    pub(super) fn name(&self, owner: &str, region: &str, cluster: &str) -> String {
        // IAM knows no regions, and its names have 64 characters at most.
        let digest = Sha256::digest(format!("{region}/{cluster}"));
        let [a, b, c, d, ..] = digest.0;
        format!("kb-{owner}-{a:02x}{b:02x}{c:02x}{d:02x}-{}", self.suffix)
    }

    /// Whether an ARN is that of this role of an owner's cluster.
    pub(super) fn is_of(&self, arn: &str, owner: &str, region: &str, cluster: &str) -> bool {
        named(arn).is_some_and(|name| name == self.name(owner, region, cluster))
    }

    fn trust(&self) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": self.principal },
                "Action": self.actions,
            }],
        })
        .to_string()
    }
}

impl Eks {
    /// Makes a role, unless it is there, and gives its ARN.
    pub(super) async fn ensure_role(
        &self,
        role: Role,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<String, Error> {
        if let (true, Some(arn)) = (made.is_settled(role.part), made.id(role.part)) {
            return Ok(arn.to_owned());
        }
        let name = role.name(&spec.owner, &self.region, &spec.name);
        let arn = match self.find_role(&name).await? {
            Some(arn) => arn,
            None => self.make_role(role, &name, spec).await?,
        };
        made.note(role.part, "IAM role", &arn);
        for policy in role.policies {
            let policy = format!("arn:{}:iam::aws:policy/{policy}", self.partition.name);
            let call = Call::new("AttachRolePolicy", format!("role {name:?}"));
            self.iam(call.with("RoleName", &name).with("PolicyArn", policy)).await?;
        }
        made.settle(role.part);
        Ok(arn)
    }

    /// The ARN of a role, if it exists. Its name holds the owner's mark.
    async fn find_role(&self, name: &str) -> Result<Option<String>, Error> {
        let call = Call::new("GetRole", format!("role {name:?}")).with("RoleName", name);
        match found(self.iam(call).await)? {
            Some(answer) => answer.required("GetRoleResult/Role/Arn").map(Some),
            None => Ok(None),
        }
    }

    async fn make_role(&self, role: Role, name: &str, spec: &ClusterSpec) -> Result<String, Error> {
        let mut call = Call::new("CreateRole", format!("role {name:?}"))
            .with("RoleName", name)
            .with("AssumeRolePolicyDocument", role.trust())
            .with("Description", format!("{} of the EKS cluster {}", role.part.replace('_', " "), spec.name));
        let marks = [(OWNER_TAG, spec.owner.as_str()), (PART_TAG, role.part)];
        let tags = spec.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (index, (key, value)) in (1..).zip(tags.chain(marks)) {
            call = call
                .with(format!("Tags.member.{index}.Key"), key)
                .with(format!("Tags.member.{index}.Value"), value);
        }
        match self.iam(call).await {
            Ok(answer) => answer.required("CreateRoleResult/Role/Arn"),
            // The answer to an earlier try was lost, and reads of IAM come later than its writes.
            Err(Error::AlreadyExists { what }) => self
                .find_role(name)
                .await?
                .ok_or(Error::Conflict { what, message: "not seen yet".to_owned() }),
            Err(error) => Err(error),
        }
    }

    /// Removes all roles that were made for a cluster; those with the owner's mark also when they are not noted.
    pub(super) async fn remove_roles(&self, name: &str, owner: &str, made: &mut Made) -> Result<(), Error> {
        const GONE: &str = "roles gone";
        if made.is_settled(GONE) {
            return Ok(());
        }
        for role in ROLES.iter().rev() {
            let noted = made.id(role.part).and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
            let by_mark = || (!owner.is_empty()).then(|| role.name(owner, &self.region, name));
            if let Some(role_name) = noted.or_else(by_mark) {
                self.remove_role(&role_name).await?;
            }
            made.forget(role.part);
        }
        made.settle(GONE);
        Ok(())
    }

    async fn remove_role(&self, name: &str) -> Result<(), Error> {
        let call = |action| Call::new(action, format!("role {name:?}")).with("RoleName", name);
        let Some(attached) = found(self.iam(call("ListAttachedRolePolicies")).await)? else { return Ok(()) };
        for policy in attached.items("ListAttachedRolePoliciesResult/AttachedPolicies") {
            let policy = policy.required("PolicyArn")?;
            found(self.iam(call("DetachRolePolicy").with("PolicyArn", policy)).await)?;
        }
        found(self.iam(call("DeleteRole")).await)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_iam_and_differ() {
        let owner = "o".repeat(40);
        let name = |role: Role, region: &str, cluster: &str| role.name(&owner, region, cluster);
        for role in ROLES {
            assert!(name(*role, "ap-northeast-1", &"c".repeat(100)).len() <= 64);
        }
        let first = name(NODE_ROLE, "eu-central-1", "prod");
        assert_eq!(first, name(NODE_ROLE, "eu-central-1", "prod"));
        assert_ne!(first, name(NODE_ROLE, "eu-west-1", "prod"));
        assert_ne!(first, name(NODE_ROLE, "eu-central-1", "other"));
        assert_ne!(first, name(CLUSTER_ROLE, "eu-central-1", "prod"));
    }

    #[test]
    fn what_is_made_here_is_known_from_what_is_not() {
        let name = NODE_ROLE.name("owner-1", "eu-central-1", "prod");
        let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
        let of = |role: Role, owner: &str, region: &str| arn(&role.name(owner, region, "prod"));
        let table = [
            (arn(&name), true),
            (of(NODE_ROLE, "owner-2", "eu-central-1"), false),
            (of(NODE_ROLE, "owner-1", "eu-west-1"), false),
            (of(CLUSTER_ROLE, "owner-1", "eu-central-1"), false),
            (arn(&format!("team/{name}")), false),
            (arn("nodes"), false),
            (name, false),
        ];
        for (arn, expected) in table {
            assert_eq!(NODE_ROLE.is_of(&arn, "owner-1", "eu-central-1", "prod"), expected, "{arn}");
        }
    }

    #[test]
    fn a_role_for_pods_may_tag_its_sessions() {
        let trust = EBS_CSI_ROLE.trust();
        assert!(trust.contains("pods.eks.amazonaws.com") && trust.contains("sts:TagSession"), "{trust}");
    }
}
