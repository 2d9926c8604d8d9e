//! The update of a cluster: what it is to be is compared with what it is, and the first difference is taken care of.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eks::types::{Cluster, ClusterStatus, Logging, VpcConfigRequest};

use super::SYSTEM_TAG;
use super::client::{Eks, Target, cluster, request_token};
use super::create::log_setup;
use super::observe::{cluster_reasons, mark, user_tags};
use super::pool::Place;
use super::roles::NODE_ROLE;
use super::shown::{self, EVERYBODY, SYSTEM};
use super::spec::{ClusterSpec, Network};
use crate::{Error, Made, OWNER_TAG, Progress};

/// All kinds of logs of a control plane.
const LOG_TYPES: &[&str] = &["api", "audit", "authenticator", "controllerManager", "scheduler"];

impl Eks {
    pub(super) async fn bring_cluster(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Progress, Error> {
        let name = spec.name.as_str();
        let group_name = &spec.system_node_group.name;
        for target in self.targets(name) {
            let is_further = matches!(&target, Target::NodeGroup(name) if name != group_name);
            if is_further {
                continue;
            }
            if let waiting @ Progress::Waiting { .. } = self.follow(name, &target).await? {
                return Ok(waiting);
            }
        }
        let what = cluster(name);
        let missing = || Error::NotFound { what: what.clone() };
        let known = self.find_cluster(name).await?.ok_or_else(missing)?;
        match &known.status {
            Some(ClusterStatus::Active) => {}
            Some(ClusterStatus::Failed) => {
                return Err(Error::Failed { what, message: cluster_reasons(&known) });
            }
            status => {
                let status = status.as_ref().map_or("no status", ClusterStatus::as_str);
                return Ok(Progress::Waiting { what: format!("{what} ({status})") });
            }
        }
        self.bring_cluster_tags(spec, &known).await?;
        if let Some(waiting) = self.bring_config(spec, &known).await? {
            return Ok(waiting);
        }
        self.bring_versions(spec, &known, made).await
    }

    /// The control plane goes first, then the add-ons, then the nodes; and all of them before the next version.
    async fn bring_versions(
        &self,
        spec: &ClusterSpec,
        known: &Cluster,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let (name, group_spec) = (spec.name.as_str(), &spec.system_node_group);
        let version = known.version.as_deref().unwrap_or_default();
        let group = self.find_node_group(name, &group_spec.name).await?;
        let of_nodes = group.as_ref().and_then(|group| group.version.as_deref());
        let is_behind = of_nodes.is_some_and(|of_nodes| minor(of_nodes) < minor(version));
        let may_wait = is_behind && group_spec.version.is_none();
        if let Some(next) = next_version(version, spec.version.as_deref())?.filter(|_| !may_wait) {
            let request = self.api.update_cluster_version().name(name).version(&next);
            let request = request.client_request_token(request_token());
            let what = cluster(name);
            let answer = self.call("UpdateClusterVersion", &what, || request.clone().send()).await?;
            self.remember(name, Target::Cluster, answer.update);
            return Ok(Progress::Waiting { what: format!("{what} to be {next}") });
        }
        let is_ours = mark(known.tags.as_ref(), OWNER_TAG) == Some(spec.owner.as_str());
        if is_ours || !spec.add_ons.is_empty() {
            // Nodes that are to stay behind need no other add-ons.
            let follows = is_behind && group_spec.version.as_deref() != of_nodes;
            let add_ons = self.update_add_ons(spec, version, follows, is_ours).await?;
            if let waiting @ Progress::Waiting { .. } = add_ons {
                return Ok(waiting);
            }
        }
        if let Some(group) = group {
            let wished = group_spec.version.as_deref().or(Some(version));
            return self.bring_group(name, group_spec, &group, wished).await;
        }
        // Someone has removed it; it belongs to the wish.
        let place = self.place_of_lost_group(spec, known, made).await?;
        self.replace_system_group(name, group_spec, &place, made).await
    }

    async fn place_of_lost_group(
        &self,
        spec: &ClusterSpec,
        known: &Cluster,
        made: &mut Made,
    ) -> Result<Place, Error> {
        let group = &spec.system_node_group;
        let subnet_ids = if group.subnet_ids.is_empty() {
            let place = known.resources_vpc_config.as_ref();
            place.and_then(|place| place.subnet_ids.clone()).unwrap_or_default()
        } else {
            group.subnet_ids.clone()
        };
        let role_arn = match group.role_arn.as_ref().or(spec.node_role_arn.as_ref()) {
            Some(arn) => arn.clone(),
            None => self.ensure_role(NODE_ROLE, spec, made).await?,
        };
        Ok(Place { subnet_ids, role_arn })
    }

    async fn bring_cluster_tags(&self, spec: &ClusterSpec, known: &Cluster) -> Result<(), Error> {
        let tags = known.tags.as_ref();
        let (mut set, remove) = tags_change(&spec.tags, &user_tags(tags));
        let group = &spec.system_node_group.name;
        let named = mark(tags, SYSTEM_TAG);
        // A group that is found by its name needs no tag.
        if named.map_or(group != SYSTEM, |named| named != group) {
            set.insert(SYSTEM_TAG.to_owned(), group.clone());
        }
        self.set_tags(known.arn.as_deref().unwrap_or_default(), &cluster(&spec.name), set, remove).await
    }

    /// EKS takes one kind of change at a time.
    async fn bring_config(&self, spec: &ClusterSpec, known: &Cluster) -> Result<Option<Progress>, Error> {
        let request = self.api.update_cluster_config().name(&spec.name).client_request_token(request_token());
        let (request, what) = if let Some(change) = endpoint_change(spec, known) {
            (request.resources_vpc_config(change), "its endpoints")
        } else if let Some(change) = place_change(spec, known) {
            (request.resources_vpc_config(change), "its network")
        } else if let Some(change) = logging_change(spec, known) {
            (request.logging(change), "its logs")
        } else {
            return Ok(None);
        };
        let of = cluster(&spec.name);
        let answer = self.call("UpdateClusterConfig", &of, || request.clone().send()).await?;
        self.remember(&spec.name, Target::Cluster, answer.update);
        Ok(Some(Progress::Waiting { what: format!("the update of {of} ({what})") }))
    }
}

/// Tags to set and keys to remove, so that `known` becomes `wished`.
pub(super) fn tags_change(
    wished: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let set = wished.iter().filter(|(key, value)| known.get(*key) != Some(value));
    let remove = known.keys().filter(|key| !wished.contains_key(*key));
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), remove.cloned().collect())
}

fn minor(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The version that comes next on the way to the one wished: EKS takes one minor version after the other.
fn next_version(known: &str, wished: Option<&str>) -> Result<Option<String>, Error> {
    let Some(wished) = wished.filter(|wished| *wished != known) else { return Ok(None) };
    let refused = |message: String| Error::InvalidSpec { field: Some("version".to_owned()), message };
    let (Some(now), Some(goal)) = (minor(known), minor(wished)) else {
        return Err(refused(format!("{wished:?} is no version such as \"1.34\"")));
    };
    if goal < now || goal.0 != now.0 {
        return Err(refused(format!("a cluster of EKS does not go from {known} to {wished}")));
    }
    Ok(Some(format!("{}.{}", now.0, now.1 + 1)))
}

fn endpoint_change(spec: &ClusterSpec, known: &Cluster) -> Option<VpcConfigRequest> {
    let place = known.resources_vpc_config.as_ref()?;
    let everybody = [EVERYBODY.to_owned()];
    let wished = if spec.public_access_cidrs.is_empty() { &everybody } else { &spec.public_access_cidrs[..] };
    let now = place.public_access_cidrs.as_deref().filter(|now| !now.is_empty()).unwrap_or(&everybody);
    // Without a public endpoint nobody is let in, whatever is listed.
    let is_same_access = !spec.endpoint_public_access || is_same(wished, now);
    let is_same = place.endpoint_public_access == spec.endpoint_public_access
        && place.endpoint_private_access == spec.endpoint_private_access
        && is_same_access;
    (!is_same).then(|| {
        let change = VpcConfigRequest::builder()
            .endpoint_public_access(spec.endpoint_public_access)
            .endpoint_private_access(spec.endpoint_private_access);
        let cidrs = spec.endpoint_public_access.then(|| wished.to_vec());
        change.set_public_access_cidrs(cidrs).build()
    })
}

fn place_change(spec: &ClusterSpec, known: &Cluster) -> Option<VpcConfigRequest> {
    let Network::Existing { subnet_ids, security_group_ids } = &spec.network else { return None };
    let place = known.resources_vpc_config.as_ref()?;
    let of = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let is_unchanged = is_same(subnet_ids, &of(&place.subnet_ids))
        && is_same(security_group_ids, &of(&place.security_group_ids));
    (!is_unchanged).then(|| {
        VpcConfigRequest::builder()
            .set_subnet_ids(Some(subnet_ids.clone()))
            .set_security_group_ids(Some(security_group_ids.clone()))
            .build()
    })
}

fn logging_change(spec: &ClusterSpec, known: &Cluster) -> Option<Logging> {
    if is_same(&spec.log_types, &shown::log_types(known)) {
        return None;
    }
    let is_off = |kind: &&&str| !spec.log_types.iter().any(|wished| wished == *kind);
    let off: Vec<String> = LOG_TYPES.iter().filter(is_off).map(|kind| (*kind).to_owned()).collect();
    let mut logging = Logging::builder();
    if !spec.log_types.is_empty() {
        logging = logging.cluster_logging(log_setup(&spec.log_types, true));
    }
    if !off.is_empty() {
        logging = logging.cluster_logging(log_setup(&off, false));
    }
    Some(logging.build())
}

/// Whether two lists hold the same, in any order.
fn is_same(first: &[String], second: &[String]) -> bool {
    first.iter().collect::<BTreeSet<_>>() == second.iter().collect::<BTreeSet<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_up_one_by_one() {
        let table = [
            ("1.33", None, Some(None)),
            ("1.33", Some("1.33"), Some(None)),
            ("1.33", Some("1.34"), Some(Some("1.34"))),
            ("1.33", Some("1.35"), Some(Some("1.34"))),
            ("1.34", Some("1.33"), None),
            ("1.34", Some("2.0"), None),
            ("1.34", Some("newest"), None),
        ];
        for (known, wished, expected) in table {
            let next = next_version(known, wished).ok();
            let expected = expected.map(|next| next.map(str::to_owned));
            assert_eq!(next, expected, "{known} {wished:?}");
        }
    }

    #[test]
    fn tags_change_by_what_differs() {
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let (set, remove) =
            tags_change(&of(&[("a", "1"), ("b", "2")]), &of(&[("a", "1"), ("b", "3"), ("c", "4")]));
        assert_eq!((set, remove), (of(&[("b", "2")]), vec!["c".to_owned()]));
    }
}
