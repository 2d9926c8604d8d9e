//! What a cluster needs around it before it can be made: its resource group, its network, and an identity that may use
//! the network. The way back is in `clear`.

use serde_json::json;

use super::arm::{Operation, Precondition};
use super::ids::{self, Place};
use super::marks;
use super::model::{ManagedCluster, Plain};
use super::refusal::described;
use super::spec::{ClusterSpec, Network, ResourceGroup};
use super::{AKS, Aks, waiting};
use crate::contract::CLUSTER;
use crate::{Error, Made, Progress};

pub(super) const GROUPS: &str = "2021-04-01";
pub(super) const NETWORKS: &str = "2024-05-01";
pub(super) const IDENTITIES: &str = "2023-01-31";
pub(super) const ASSIGNMENTS: &str = "2022-04-01";

/// Parts under which these are noted.
pub(super) const GROUP: &str = "resource_group";
pub(super) const NETWORK: &str = "network";
pub(super) const IDENTITY: &str = "identity";
pub(super) const ROLE: &str = "role_assignment";

/// The step of the first look.
const LOOKED: &str = "all was looked at";

/// What was there at the first look.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) cluster: Option<ManagedCluster>,
    group: Option<Plain>,
    network: Option<Plain>,
    identity: Option<Plain>,
}

/// Whether the cluster gets an identity of its own that must be let into the subnet; otherwise AKS sees to it.
fn needs_identity(spec: &ClusterSpec) -> bool {
    spec.network != Network::Managed
}

/// The subnet of the nodes, where it is not AKS's own.
pub(super) fn subnet(place: &Place, spec: &ClusterSpec) -> Option<String> {
    match &spec.network {
        Network::Managed => None,
        Network::Existing { subnet_id } => Some(subnet_id.clone()),
        Network::Made { .. } => Some(place.subnet()),
    }
}

/// The identity of the cluster, where it is not AKS's own.
pub(super) fn identity(place: &Place, spec: &ClusterSpec) -> Option<String> {
    needs_identity(spec).then(|| place.identity())
}

/// Refuses a cluster that is not ours, or that is finished.
pub(super) fn must_be_begun(id: &str, cluster: &ManagedCluster, owner: &str) -> Result<(), Error> {
    let tags = cluster.tags.as_ref();
    if marks::owner(tags) == Some(owner) && marks::is_unfinished(tags) {
        return Ok(());
    }
    Err(Error::AlreadyExists { what: described(id) })
}

/// Refuses to touch what somebody else made.
fn must_be_ours(id: &str, found: Option<&Plain>, owner: &str) -> Result<(), Error> {
    match found {
        Some(found) if marks::owner(found.tags.as_ref()) != Some(owner) => {
            Err(Error::AlreadyExists { what: described(id) })
        }
        _ => Ok(()),
    }
}

pub(super) fn state(object: &Plain) -> Option<&str> {
    object.properties.as_ref()?.provisioning_state.as_deref()
}

pub(super) fn principal(identity: &Plain) -> Option<&str> {
    identity.properties.as_ref()?.principal_id.as_deref()
}

impl Aks {
    /// Looks at all that carries a name of ours, once, before anything is made; notes what an earlier run made.
    pub(super) async fn look(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Option<Looked>, Error> {
        if made.is_settled(LOOKED) {
            return Ok(None);
        }
        let mut looked = Looked { cluster: self.arm.get(&place.cluster(), AKS).await?, ..Looked::default() };
        if let Some(cluster) = &looked.cluster {
            must_be_begun(&place.cluster(), cluster, &spec.owner)?;
        }
        if matches!(spec.resource_group, ResourceGroup::Made { .. }) {
            looked.group = self.arm.get(&place.group(), GROUPS).await?;
            must_be_ours(&place.group(), looked.group.as_ref(), &spec.owner)?;
        }
        if matches!(spec.network, Network::Made { .. }) {
            looked.network = self.arm.get(&place.network(), NETWORKS).await?;
            must_be_ours(&place.network(), looked.network.as_ref(), &spec.owner)?;
        }
        if needs_identity(spec) {
            looked.identity = self.arm.get(&place.identity(), IDENTITIES).await?;
            must_be_ours(&place.identity(), looked.identity.as_ref(), &spec.owner)?;
        }
        looked.note(place, spec, made);
        made.settle(LOOKED);
        Ok(Some(looked))
    }

    /// Makes what is missing; what is to be waited for, if anything.
    pub(super) async fn prepare(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
        looked: Option<&Looked>,
    ) -> Result<Option<Progress>, Error> {
        if let Some(progress) = self.prepare_group(place, spec, made, looked).await? {
            return Ok(Some(progress));
        }
        if let Some(progress) = self.prepare_network(place, spec, made, looked).await? {
            return Ok(Some(progress));
        }
        self.prepare_identity(place, spec, made, looked).await?;
        Ok(None)
    }

    async fn prepare_group(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
        looked: Option<&Looked>,
    ) -> Result<Option<Progress>, Error> {
        if made.is_settled(GROUP) || matches!(spec.resource_group, ResourceGroup::Existing { .. }) {
            return Ok(None);
        }
        let id = place.group();
        match looked.and_then(|looked| looked.group.as_ref()) {
            // An earlier removal goes on.
            Some(group) if state(group) == Some("Deleting") => {
                return Ok(Some(waiting(format!("{} (Deleting)", described(&id)))));
            }
            Some(_) => {}
            None => {
                self.arm.put::<Plain>(&id, GROUPS, Precondition::None, &plain(spec)).await?;
                made.note(GROUP, "resource group", &id);
            }
        }
        made.settle(GROUP);
        Ok(None)
    }

    async fn prepare_network(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
        looked: Option<&Looked>,
    ) -> Result<Option<Progress>, Error> {
        let Network::Made { cidr } = &spec.network else { return Ok(None) };
        if made.is_settled(NETWORK) {
            return Ok(None);
        }
        let id = place.network();
        let network = match looked.map(|looked| &looked.network) {
            Some(found) => found.clone(),
            None if made.id(NETWORK).is_some() => {
                if self.arm.operation(&id).await? == Operation::Running {
                    return Ok(Some(waiting(described(&id))));
                }
                self.arm.get(&id, NETWORKS).await?
            }
            None => None,
        };
        let network = if let Some(network) = network {
            network
        } else {
            let mut body = serde_json::to_value(plain(spec)).unwrap_or_default();
            body["properties"] = json!({
                "addressSpace": {"addressPrefixes": [cidr]},
                "subnets": [{"name": "nodes", "properties": {"addressPrefix": cidr}}],
            });
            let network = self.arm.put(&id, NETWORKS, Precondition::None, &body).await?;
            made.note(NETWORK, "virtual network", &id);
            network
        };
        match state(&network) {
            Some("Succeeded") => {
                made.settle(NETWORK);
                Ok(None)
            }
            Some("Failed") => Err(Error::Failed {
                what: described(&id),
                message: "its provisioning state is Failed".to_owned(),
            }),
            other => Ok(Some(waiting(format!("{} ({})", described(&id), other.unwrap_or("Creating"))))),
        }
    }

    /// The identity, and its right to put machines and load balancers into the subnet.
    async fn prepare_identity(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
        looked: Option<&Looked>,
    ) -> Result<(), Error> {
        let Some(subnet) = subnet(place, spec) else { return Ok(()) };
        if made.is_settled(ROLE) {
            return Ok(());
        }
        let id = place.identity();
        let found = match looked {
            Some(looked) => looked.identity.clone(),
            None => self.arm.get(&id, IDENTITIES).await?,
        };
        let identity = if let Some(identity) = found {
            identity
        } else {
            let identity = self.arm.put(&id, IDENTITIES, Precondition::None, &plain(spec)).await?;
            made.note(IDENTITY, "managed identity", &id);
            identity
        };
        let principal = principal(&identity).ok_or_else(|| Error::Unexpected {
            message: format!("{} has no principal yet", described(&id)),
        })?;
        let assignment = ids::role_assignment(&subnet, principal);
        // Who says what the principal is spares Azure the look into Entra, which may not know it yet.
        let body = json!({"properties": {
            "roleDefinitionId": place.role(),
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }});
        self.arm.put::<Plain>(&assignment, ASSIGNMENTS, Precondition::None, &body).await?;
        made.note(ROLE, "role assignment", &assignment);
        made.settle(ROLE);
        Ok(())
    }
}

impl Looked {
    fn note(&self, place: &Place, spec: &ClusterSpec, made: &mut Made) {
        if self.group.is_some() {
            made.note(GROUP, "resource group", &place.group());
        }
        if self.network.is_some() {
            made.note(NETWORK, "virtual network", &place.network());
        }
        if let Some(identity) = &self.identity {
            made.note(IDENTITY, "managed identity", &place.identity());
            // The assignment came before the cluster.
            if let (Some(subnet), Some(principal), true) =
                (subnet(place, spec), principal(identity), self.cluster.is_some())
            {
                made.note(ROLE, "role assignment", &ids::role_assignment(&subnet, principal));
            }
        }
        if self.cluster.is_some() {
            made.note(CLUSTER, "AKS cluster", &place.cluster());
        }
    }
}

/// An object of which only the region and the tags are said.
fn plain(spec: &ClusterSpec) -> Plain {
    Plain {
        location: Some(spec.location.clone()),
        tags: Some(marks::marked(&spec.tags, &spec.owner, false)),
        ..Plain::default()
    }
}
