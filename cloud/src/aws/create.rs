//! The creation of a cluster with all that it needs. Each call goes on where an earlier one, also of another process,
//! has left it; what was seen to be ready is not looked at again.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_eks::types::{
    AuthenticationMode, Cluster, ClusterStatus, CreateAccessConfigRequest, LogSetup, LogType, Logging,
    SupportType, UpgradePolicyRequest, VpcConfigRequest,
};

use super::SYSTEM_TAG;
use super::add_ons::Stage;
use super::client::{Eks, cluster, request_token};
use super::network::Ready;
use super::observe::{cluster_reasons, is_ours_unfinished};
use super::pool::{Place, not_yet};
use super::roles::{CLUSTER_ROLE, EBS_CSI_ROLE, NODE_ROLE};
use super::shown::network_mark;
use super::spec::{ClusterSpec, Network};
use crate::contract::CLUSTER;
use crate::{Error, Made, NETWORK_TAG, OWNER_TAG, Progress, UNFINISHED_TAG};

const KIND: &str = "EKS cluster";
/// Step after which the control plane answers.
const CONTROL_PLANE: &str = "control plane";
/// Step after which EKS has the wish for the cluster.
const ASKED: &str = "cluster asked for";
/// Step after which EKS has shown the cluster.
const SEEN: &str = "cluster seen";

impl Eks {
    pub(super) async fn make_cluster(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        let control_plane = self.look_for_cluster(spec, made).await?;
        let early = self.ensure_early(spec, made).await;
        // What there is of the cluster must be known also when something before it is not ready.
        let (roles, subnets) = match early {
            Ok(Early::Ready(roles, subnets)) => (roles, subnets),
            Ok(Early::Waiting(what)) => return Ok(Progress::Waiting { what }),
            Err(Error::NotFound { what }) => {
                return Ok(Progress::Waiting { what: format!("{what} to be seen everywhere") });
            }
            Err(error) => return Err(error),
        };
        let place = Place { subnet_ids: subnets, role_arn: roles.node };
        match control_plane {
            ControlPlane::Missing => return self.ask_for_cluster(spec, &roles.cluster, &place, made).await,
            ControlPlane::Waiting(what) => {
                self.ensure_way_out(spec, made).await?;
                return Ok(Progress::Waiting { what });
            }
            ControlPlane::Ready => {}
        }
        self.ensure_add_ons(spec, Stage::BeforeNodes, &roles.ebs_csi, made).await?;
        if let waiting @ Progress::Waiting { .. } = self.ensure_way_out(spec, made).await? {
            return Ok(waiting);
        }
        let group = &spec.system_node_group;
        let place = if group.subnet_ids.is_empty() {
            place
        } else {
            Place { subnet_ids: group.subnet_ids.clone(), ..place }
        };
        if let waiting @ Progress::Waiting { .. } =
            self.ensure_system_group(&spec.name, group, &place, made).await?
        {
            return Ok(waiting);
        }
        self.ensure_add_ons(spec, Stage::AfterNodes, &roles.ebs_csi, made).await?;
        if let waiting @ Progress::Waiting { .. } = self.await_add_ons(spec, made).await? {
            return Ok(waiting);
        }
        let what = cluster(&spec.name);
        let found = self.find_cluster(&spec.name).await?;
        let arn = found.and_then(|found| found.arn).ok_or_else(|| Error::NotFound { what: what.clone() })?;
        self.set_tags(&arn, &what, BTreeMap::new(), vec![UNFINISHED_TAG.to_owned()]).await?;
        Ok(Progress::Done)
    }

    /// Looks whether there is a cluster of that name, and whose it is.
    async fn look_for_cluster(&self, spec: &ClusterSpec, made: &mut Made) -> Result<ControlPlane, Error> {
        if made.is_settled(CONTROL_PLANE) {
            return Ok(ControlPlane::Ready);
        }
        let what = cluster(&spec.name);
        let Some(found) = self.find_cluster(&spec.name).await? else {
            return match (made.is_settled(SEEN), made.is_settled(ASKED)) {
                // Someone has removed it in between.
                (true, _) => Err(Error::NotFound { what }),
                (false, true) => Ok(ControlPlane::Waiting(format!("{what} to be seen"))),
                (false, false) => Ok(ControlPlane::Missing),
            };
        };
        if !is_ours_unfinished(found.tags.as_ref(), &spec.owner) {
            return Err(Error::AlreadyExists { what });
        }
        made.note(CLUSTER, KIND, &spec.name);
        made.settle(SEEN);
        match &found.status {
            Some(ClusterStatus::Active) => {
                made.settle(CONTROL_PLANE);
                Ok(ControlPlane::Ready)
            }
            Some(ClusterStatus::Failed) => Err(Error::Failed { what, message: cluster_reasons(&found) }),
            status => {
                let status = status.as_ref().map_or("no status", ClusterStatus::as_str);
                Ok(ControlPlane::Waiting(format!("{what} ({status})")))
            }
        }
    }

    /// Makes roles and network.
    async fn ensure_early(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Early, Error> {
        let cluster = match &spec.role_arn {
            Some(arn) => arn.clone(),
            None => self.ensure_role(CLUSTER_ROLE, spec, made).await?,
        };
        let node = match spec.system_node_group.role_arn.as_ref().or(spec.node_role_arn.as_ref()) {
            Some(arn) => arn.clone(),
            None => self.ensure_role(NODE_ROLE, spec, made).await?,
        };
        let ebs_csi = self.ensure_role(EBS_CSI_ROLE, spec, made).await?;
        Ok(match self.ensure_subnets(spec, made).await? {
            Ready::Subnets(subnets) => Early::Ready(Roles { cluster, node, ebs_csi }, subnets),
            Ready::Waiting(what) => Early::Waiting(what),
        })
    }

    async fn ask_for_cluster(
        &self,
        spec: &ClusterSpec,
        role: &str,
        place: &Place,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = cluster(&spec.name);
        let mut tags: HashMap<String, String> = spec.tags.clone().into_iter().collect();
        tags.insert(OWNER_TAG.to_owned(), spec.owner.clone());
        tags.insert(UNFINISHED_TAG.to_owned(), "true".to_owned());
        tags.insert(SYSTEM_TAG.to_owned(), spec.system_node_group.name.clone());
        tags.extend(network_mark(&spec.network).map(|mark| (NETWORK_TAG.to_owned(), mark)));
        let access = CreateAccessConfigRequest::builder()
            .authentication_mode(AuthenticationMode::Api)
            .bootstrap_cluster_creator_admin_permissions(true);
        let upgrades = UpgradePolicyRequest::builder().support_type(SupportType::Standard);
        let logging = Logging::builder().cluster_logging(log_setup(&spec.log_types, true));
        let request = self
            .api
            .create_cluster()
            .name(&spec.name)
            .role_arn(role)
            .set_version(spec.version.clone())
            .resources_vpc_config(vpc_config(spec, &place.subnet_ids))
            .set_logging((!spec.log_types.is_empty()).then(|| logging.build()))
            .access_config(access.build())
            .upgrade_policy(upgrades.build())
            .set_tags(Some(tags))
            .client_request_token(request_token());
        match self.call("CreateCluster", &what, || request.clone().send()).await {
            Ok(answer) => note_cluster(answer.cluster.as_ref(), made),
            // The next look tells whose it is.
            Err(Error::AlreadyExists { .. }) => {
                return Ok(Progress::Waiting { what: format!("{what} to be seen") });
            }
            Err(error) => return not_yet(error, &what),
        }
        Ok(Progress::Waiting { what: format!("{what} (CREATING)") })
    }
}

/// The roles of a cluster, by their ARNs.
struct Roles {
    cluster: String,
    node: String,
    ebs_csi: String,
}

/// How far what comes before the cluster is.
enum Early {
    Ready(Roles, Vec<String>),
    Waiting(String),
}

/// How far the control plane is.
enum ControlPlane {
    Missing,
    Waiting(String),
    Ready,
}

fn note_cluster(cluster: Option<&Cluster>, made: &mut Made) {
    if let Some(name) = cluster.and_then(|cluster| cluster.name.as_deref()) {
        made.note(CLUSTER, KIND, name);
    }
    made.settle(ASKED);
}

fn vpc_config(spec: &ClusterSpec, subnet_ids: &[String]) -> VpcConfigRequest {
    let groups = match &spec.network {
        Network::Existing { security_group_ids, .. } => security_group_ids.clone(),
        Network::Made { .. } => Vec::new(),
    };
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    VpcConfigRequest::builder()
        .set_subnet_ids(Some(subnet_ids.to_vec()))
        .set_security_group_ids(some(groups))
        .endpoint_public_access(spec.endpoint_public_access)
        .endpoint_private_access(spec.endpoint_private_access)
        .set_public_access_cidrs(some(spec.public_access_cidrs.clone()))
        .build()
}

pub(super) fn log_setup(types: &[String], is_enabled: bool) -> LogSetup {
    let types = types.iter().map(|name| LogType::from(name.as_str())).collect();
    LogSetup::builder().set_types(Some(types)).enabled(is_enabled).build()
}
