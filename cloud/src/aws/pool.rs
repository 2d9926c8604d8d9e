//! Node groups: the one that a cluster is made with, and further ones.

use std::collections::HashMap;

use aws_sdk_eks::types::{AmiTypes, Nodegroup, NodegroupStatus};

use super::client::{Eks, Target, cluster, found, node_group, request_token};
use super::node_group::{
    ami_type, capacity, labels_change, number, scaling, scaling_change, taint, taints_change,
};
use super::observe::{group_phase, group_reasons, is_ours_unfinished, mark, user_tags};
use super::spec::NodeGroupSpec;
use crate::contract::POOL;
use crate::{Error, Made, OWNER_TAG, Phase, PoolId, Progress, UNFINISHED_TAG};

/// Part of the node group that a cluster is made with.
pub(super) const SYSTEM_GROUP: &str = "system_node_group";
const KIND: &str = "EKS node group";

/// Where the nodes of a group live, and as whom they act.
pub(super) struct Place {
    pub(super) subnet_ids: Vec<String>,
    pub(super) role_arn: String,
}

impl Eks {
    /// Makes the node group of a new cluster, and waits for it.
    pub(super) async fn ensure_system_group(
        &self,
        name: &str,
        spec: &NodeGroupSpec,
        place: &Place,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        if made.is_settled(SYSTEM_GROUP) {
            return Ok(Progress::Done);
        }
        match self.find_node_group(name, &spec.name).await? {
            None => self.ask_for_group(name, spec, place, SYSTEM_GROUP, made).await,
            Some(group) if mark(group.tags.as_ref(), OWNER_TAG) != Some(spec.owner.as_str()) => {
                Err(Error::AlreadyExists { what: node_group(&spec.name) })
            }
            Some(group) => {
                made.note(SYSTEM_GROUP, KIND, &spec.name);
                let progress = created(&group)?;
                if progress == Progress::Done {
                    made.settle(SYSTEM_GROUP);
                }
                Ok(progress)
            }
        }
    }

    /// Makes the node group of a cluster that had one, and lost it.
    pub(super) async fn replace_system_group(
        &self,
        name: &str,
        spec: &NodeGroupSpec,
        place: &Place,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        // What this process knows is about the one that is gone.
        if made.is_settled(SYSTEM_GROUP) {
            made.forget(SYSTEM_GROUP);
            made.forget(&asked_for(&spec.name));
        }
        self.ask_for_group(name, spec, place, SYSTEM_GROUP, made).await
    }

    pub(super) async fn make_pool(&self, spec: &NodeGroupSpec, made: &mut Made) -> Result<Progress, Error> {
        let name = spec.cluster.0.as_str();
        let Some(group) = self.find_node_group(name, &spec.name).await? else {
            let place = self.place(spec).await?;
            return self.ask_for_group(name, spec, &place, POOL, made).await;
        };
        let tags = group.tags.as_ref();
        if !is_ours_unfinished(tags, &spec.owner) {
            return Err(Error::AlreadyExists { what: node_group(&spec.name) });
        }
        made.note(POOL, KIND, &spec.name);
        let progress = created(&group)?;
        if progress == Progress::Done {
            let (arn, what) = (group.nodegroup_arn.as_deref().unwrap_or_default(), node_group(&spec.name));
            let mark = vec![UNFINISHED_TAG.to_owned()];
            self.set_tags(arn, &what, std::collections::BTreeMap::new(), mark).await?;
        }
        Ok(progress)
    }

    /// The subnets and the role of a further group: those wished, else those of the cluster's first nodes.
    async fn place(&self, spec: &NodeGroupSpec) -> Result<Place, Error> {
        if let (false, Some(role_arn)) = (spec.subnet_ids.is_empty(), spec.role_arn.clone()) {
            return Ok(Place { subnet_ids: spec.subnet_ids.clone(), role_arn });
        }
        let name = spec.cluster.0.as_str();
        let missing = || Error::NotFound { what: cluster(name) };
        let cluster = self.find_cluster(name).await?.ok_or_else(missing)?;
        let first = match self.system_node_group(name, &cluster).await? {
            Some(first) => self.find_node_group(name, &first).await?,
            None => None,
        };
        let subnets = first.as_ref().and_then(|first| first.subnets.clone());
        let of_cluster = || cluster.resources_vpc_config.as_ref().and_then(|place| place.subnet_ids.clone());
        let role = first.and_then(|first| first.node_role);
        let unknown = || Error::InvalidSpec {
            field: Some("role_arn".to_owned()),
            message: "the cluster has no nodes whose role could be used".to_owned(),
        };
        Ok(Place {
            subnet_ids: if spec.subnet_ids.is_empty() {
                subnets.or_else(of_cluster).unwrap_or_default()
            } else {
                spec.subnet_ids.clone()
            },
            role_arn: spec.role_arn.clone().or(role).ok_or_else(unknown)?,
        })
    }

    async fn ask_for_group(
        &self,
        name: &str,
        spec: &NodeGroupSpec,
        place: &Place,
        part: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let (what, asked) = (node_group(&spec.name), asked_for(&spec.name));
        // EKS may show a group a little after it took the wish for it.
        if !made.is_settled(&asked) {
            match self.create_group(name, spec, place, part == POOL).await {
                // Made by an earlier try; the next look tells whose it is.
                Ok(()) | Err(Error::AlreadyExists { .. }) => {}
                Err(error) => return not_yet(error, &what),
            }
            made.settle(&asked);
            made.note(part, KIND, &spec.name);
        }
        Ok(Progress::Waiting { what: format!("{what} (asked for)") })
    }

    async fn create_group(
        &self,
        name: &str,
        spec: &NodeGroupSpec,
        place: &Place,
        is_further: bool,
    ) -> Result<(), Error> {
        let nodes = &spec.nodes;
        let mut tags: HashMap<String, String> = spec.tags.clone().into_iter().collect();
        tags.insert(OWNER_TAG.to_owned(), spec.owner.clone());
        // The mark of the cluster tells for the group that it is made with.
        if is_further {
            tags.insert(UNFINISHED_TAG.to_owned(), "true".to_owned());
        }
        let taints = nodes.taints.iter().map(taint).collect::<Result<Vec<_>, _>>()?;
        let some = |types: &Vec<String>| (!types.is_empty()).then(|| types.clone());
        let request = self
            .api
            .create_nodegroup()
            .cluster_name(name)
            .nodegroup_name(&spec.name)
            .set_scaling_config(scaling(nodes, None)?)
            .set_disk_size(nodes.disk_size_gib.map(|size| number("disk_size_gib", size)).transpose()?)
            .set_subnets(Some(place.subnet_ids.clone()))
            .set_instance_types(some(&nodes.machine_types))
            .ami_type(spec.ami_type.as_deref().map_or_else(|| ami_type(&nodes.machine_types), AmiTypes::from))
            .node_role(&place.role_arn)
            .set_labels(Some(nodes.labels.clone().into_iter().collect()))
            .set_taints((!taints.is_empty()).then_some(taints))
            .set_tags(Some(tags))
            .capacity_type(capacity(nodes))
            .set_version(spec.version.clone())
            .client_request_token(request_token());
        self.call("CreateNodegroup", &node_group(&spec.name), || request.clone().send()).await.map(drop)
    }

    pub(super) async fn change_pool(&self, spec: &NodeGroupSpec) -> Result<Progress, Error> {
        let name = spec.cluster.0.as_str();
        let target = Target::NodeGroup(spec.name.clone());
        if let Progress::Waiting { what } = self.follow(name, &target).await? {
            return Ok(Progress::Waiting { what });
        }
        let missing = || Error::NotFound { what: node_group(&spec.name) };
        let group = self.find_node_group(name, &spec.name).await?.ok_or_else(missing)?;
        let version = if let Some(version) = &spec.version {
            Some(version.clone())
        } else {
            let missing = || Error::NotFound { what: cluster(name) };
            self.find_cluster(name).await?.ok_or_else(missing)?.version
        };
        self.bring_group(name, spec, &group, version.as_deref()).await
    }

    /// Takes a node group one step further towards the wish.
    pub(super) async fn bring_group(
        &self,
        name: &str,
        spec: &NodeGroupSpec,
        group: &Nodegroup,
        version: Option<&str>,
    ) -> Result<Progress, Error> {
        let what = node_group(&spec.name);
        match &group.status {
            Some(NodegroupStatus::Active | NodegroupStatus::Degraded) => {}
            Some(status @ (NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed)) => {
                let message = format!("{}: {}", status.as_str(), group_reasons(group));
                return Err(Error::Failed { what, message });
            }
            status => {
                let status = status.as_ref().map_or("no status", NodegroupStatus::as_str);
                return Ok(Progress::Waiting { what: format!("{what} ({status})") });
            }
        }
        self.bring_group_tags(spec, group, &what).await?;
        let target = Target::NodeGroup(spec.name.clone());
        let nodes = &spec.nodes;
        let scaling = scaling_change(nodes, group)?;
        let (labels, taints) = (labels_change(&nodes.labels, group), taints_change(&nodes.taints, group)?);
        if scaling.is_some() || labels.is_some() || taints.is_some() {
            let request = self
                .api
                .update_nodegroup_config()
                .cluster_name(name)
                .nodegroup_name(&spec.name)
                .set_scaling_config(scaling)
                .set_labels(labels)
                .set_taints(taints)
                .client_request_token(request_token());
            let answer = self.call("UpdateNodegroupConfig", &what, || request.clone().send()).await?;
            self.remember(name, target, answer.update);
            return Ok(Progress::Waiting { what: format!("the update of {what}") });
        }
        // Nodes of an own image have a version that only their owner knows.
        let is_own_image = group.ami_type == Some(AmiTypes::Custom);
        if let (Some(known), Some(wished), false) = (&group.version, version, is_own_image)
            && known != wished
        {
            let request = self
                .api
                .update_nodegroup_version()
                .cluster_name(name)
                .nodegroup_name(&spec.name)
                .version(wished)
                .client_request_token(request_token());
            let answer = self.call("UpdateNodegroupVersion", &what, || request.clone().send()).await?;
            self.remember(name, target, answer.update);
            return Ok(Progress::Waiting { what: format!("{what} to be {wished}") });
        }
        Ok(Progress::Done)
    }

    async fn bring_group_tags(
        &self,
        spec: &NodeGroupSpec,
        group: &Nodegroup,
        what: &str,
    ) -> Result<(), Error> {
        let known = user_tags(group.tags.as_ref());
        let (set, remove) = super::update::tags_change(&spec.tags, &known);
        let arn = group.nodegroup_arn.as_deref().unwrap_or_default();
        self.set_tags(arn, what, set, remove).await
    }

    pub(super) async fn remove_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        let progress = self.remove_group(&id.cluster.0, &id.pool, made).await?;
        if progress == Progress::Done {
            made.forget(POOL);
        }
        Ok(progress)
    }

    /// Removes a node group, whoever made it.
    pub(super) async fn remove_group(
        &self,
        name: &str,
        group: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = node_group(group);
        let asked = format!("{what} to be removed");
        let Some(known) = self.find_node_group(name, group).await? else { return Ok(Progress::Done) };
        let (is_asked, has_failed) =
            (made.is_settled(&asked), known.status == Some(NodegroupStatus::DeleteFailed));
        if is_asked && has_failed {
            return Err(Error::Failed { what, message: group_reasons(&known) });
        }
        if !is_asked && known.status != Some(NodegroupStatus::Deleting) {
            let request = self.api.delete_nodegroup().cluster_name(name).nodegroup_name(group);
            if found(self.call("DeleteNodegroup", &what, || request.clone().send()).await)?.is_none() {
                return Ok(Progress::Done);
            }
            made.settle(&asked);
        }
        Ok(Progress::Waiting { what: format!("{what} to be gone") })
    }
}

/// Step after which EKS has the wish for a node group.
fn asked_for(name: &str) -> String {
    format!("{} asked for", node_group(name))
}

/// How far the creation of a node group is.
fn created(group: &Nodegroup) -> Result<Progress, Error> {
    let what = node_group(group.nodegroup_name.as_deref().unwrap_or_default());
    let status = group.status.as_ref().map_or("no status", NodegroupStatus::as_str);
    match (&group.status, group_phase(group)) {
        (_, Phase::Active) => Ok(Progress::Done),
        // It has nodes, and EKS says that more are to come.
        (Some(NodegroupStatus::Degraded), Phase::Failed(message)) => {
            Ok(Progress::Waiting { what: format!("{what} ({message})") })
        }
        (_, Phase::Failed(message)) => Err(Error::Failed { what, message }),
        (_, Phase::Creating | Phase::Updating | Phase::Deleting) => {
            Ok(Progress::Waiting { what: format!("{what} ({status})") })
        }
    }
}

/// A role that was just made is unknown to EKS for a while, and there is no other sign of that than these words.
pub(super) fn not_yet(error: Error, what: &str) -> Result<Progress, Error> {
    match error {
        Error::InvalidSpec { message, .. } if is_about_young_role(&message) => {
            Ok(Progress::Waiting { what: format!("the role of {what} to be known to EKS ({message})") })
        }
        error => Err(error),
    }
}

fn is_about_young_role(message: &str) -> bool {
    let message = message.to_lowercase();
    let words = [
        "does not exist",
        "cannot be assumed",
        "could not be assumed",
        "doesn't have the amazon eks managed policies",
        "not attached",
        "is not valid",
    ];
    message.contains("role") && words.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_known_yet_is_waited_for() {
        let refused = |message: &str| Error::InvalidSpec { field: None, message: message.to_owned() };
        let table = [
            ("Role with arn: arn:aws:iam::1:role/a, could not be assumed because it does not exist", true),
            ("Following required service principals not found; role cannot be assumed", true),
            ("The subnet subnet-1 does not exist", false),
            ("Role has a wrong trust policy", false),
        ];
        for (message, expected) in table {
            assert_eq!(not_yet(refused(message), "it").is_ok(), expected, "{message}");
        }
        assert!(not_yet(Error::Throttled { retry_after: None }, "it").is_err());
    }

    #[test]
    fn a_group_that_failed_tells_all_its_reasons() {
        use aws_sdk_eks::types::{Issue, NodegroupHealth, NodegroupIssueCode};
        let issue = |code: &str, message: &str| {
            Issue::builder()
                .code(NodegroupIssueCode::from(code))
                .message(message)
                .resource_ids("asg-1")
                .build()
        };
        let health = NodegroupHealth::builder()
            .issues(issue("AsgInstanceLaunchFailures", "no capacity"))
            .issues(issue("NodeCreationFailure", "Instances failed to join"));
        let group = Nodegroup::builder()
            .nodegroup_name("system")
            .status(NodegroupStatus::CreateFailed)
            .health(health.build())
            .build();
        let told = created(&group).unwrap_err().to_string();
        for word in
            ["system", "no capacity", "Instances failed to join", "asg-1", "AsgInstanceLaunchFailures"]
        {
            assert!(told.contains(word), "{word}: {told}");
        }
        let degraded = Nodegroup::builder().status(NodegroupStatus::Degraded).build();
        assert!(matches!(created(&degraded).unwrap(), Progress::Waiting { .. }));
    }
}
