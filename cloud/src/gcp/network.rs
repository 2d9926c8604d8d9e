//! The network that is made for a cluster: a VPC network, a subnetwork with ranges for pods and services, and for
//! private nodes a router with NAT. None of them has labels, so the owner's mark is in their descriptions.

use serde_json::{Value, json};

use super::names::{self, Place};
use super::operation::{Polled, waiting};
use super::spec::{ClusterSpec, Network};
use super::{Gke, error};
use crate::{Error, Made, Progress};

/// A part of a network.
#[derive(Debug)]
pub(super) struct Part {
    /// In [`Made`].
    pub(super) role: &'static str,
    pub(super) kind: &'static str,
    /// Of the collection, within the project: `regions/R/subnetworks`.
    collection: String,
    name: String,
    /// Plural of the kind in the names of permissions.
    permission: &'static str,
}

impl Part {
    fn path(&self) -> String {
        format!("{}/{}", self.collection, self.name)
    }

    fn words(&self) -> String {
        format!("{} {:?}", self.kind, self.name)
    }

    fn action(&self, verb: &str) -> String {
        format!("compute.{}.{verb}", self.permission)
    }
}

/// The parts of a cluster's network, in the order in which they are made.
pub(super) fn parts(place: &Place, owner: &str) -> [Part; 3] {
    let name = names::network(&place.name, owner);
    let region = names::region(&place.location);
    let part = |role, kind, collection: String, permission| Part {
        role,
        kind,
        collection,
        name: name.clone(),
        permission,
    };
    [
        part("network", "VPC network", "global/networks".to_owned(), "networks"),
        part("subnetwork", "subnetwork", format!("regions/{region}/subnetworks"), "subnetworks"),
        part("router", "Cloud Router with NAT", format!("regions/{region}/routers"), "routers"),
    ]
}

impl Gke {
    /// Makes the network of a cluster, as far as it goes; `None` when all of it is there.
    pub(super) async fn ensure_network(
        &self,
        spec: &ClusterSpec,
        place: &Place,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        let Network::Made { cidr } = &spec.network else { return Ok(None) };
        let blocks = names::divide(cidr)?;
        let [network, subnetwork, router] = parts(place, &spec.owner);
        let mark = names::description(&spec.owner);
        let link = self.compute.full(&network.path());
        let bodies = [
            json!({
                "name": network.name,
                "description": mark,
                "autoCreateSubnetworks": false,
                "routingConfig": { "routingMode": "REGIONAL" },
            }),
            json!({
                "name": subnetwork.name,
                "description": mark,
                "network": link,
                "ipCidrRange": blocks.nodes,
                "privateIpGoogleAccess": true,
                "secondaryIpRanges": [
                    { "rangeName": names::PODS, "ipCidrRange": blocks.pods },
                    { "rangeName": names::SERVICES, "ipCidrRange": blocks.services },
                ],
            }),
            json!({
                "name": router.name,
                "description": mark,
                "network": link,
                "nats": [{
                    "name": "nat",
                    "natIpAllocateOption": "AUTO_ONLY",
                    "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
                }],
            }),
        ];
        let [network_body, subnetwork_body, router_body] = &bodies;
        let waits = self.ensure(&network, &mark, network_body, made).await?;
        if waits.is_some() {
            return Ok(waits);
        }
        // Both need the network alone, and are made at the same time.
        let subnetwork = self.ensure(&subnetwork, &mark, subnetwork_body, made).await?;
        let router =
            if spec.private_nodes { self.ensure(&router, &mark, router_body, made).await? } else { None };
        Ok(subnetwork.or(router))
    }

    async fn ensure(
        &self,
        part: &Part,
        mark: &str,
        body: &Value,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        if made.is_settled(part.role) {
            return Ok(None);
        }
        let (path, words) = (part.path(), part.words());
        let target = self.compute.full(&path);
        match self.poll_compute(&target, &words).await? {
            Polled::Running => {
                made.note(part.role, part.kind, &target);
                return Ok(Some(waiting(&words)));
            }
            Polled::Ended => {
                made.note(part.role, part.kind, &target);
                made.settle(part.role);
                return Ok(None);
            }
            Polled::None => {}
        }
        if self.is_ours(part, mark).await? {
            made.note(part.role, part.kind, &target);
            made.settle(part.role);
            return Ok(None);
        }
        match self.compute.insert(&part.collection, body, &part.action("create")).await {
            Ok(operation) => {
                self.pending.begin(&target, operation.path());
                made.note(part.role, part.kind, &target);
            }
            // The answer to an earlier attempt was lost, or what it lies in is not ready yet.
            Err(Error::AlreadyExists { .. }) if self.is_ours(part, mark).await? => {
                made.note(part.role, part.kind, &target);
            }
            Err(Error::Conflict { message, .. }) => {
                return Ok(Some(waiting(&format!("{words} ({message})"))));
            }
            Err(error) => return Err(error),
        }
        Ok(Some(waiting(&words)))
    }

    /// Whether a part is there; one of that name that is not the owner's is an error.
    async fn is_ours(&self, part: &Part, mark: &str) -> Result<bool, Error> {
        match self.compute.get(&part.path(), &part.action("get")).await? {
            None => Ok(false),
            Some(found) if found.description == mark => Ok(true),
            Some(found) => Err(Error::AlreadyExists { what: format!("{} {:?}", part.kind, found.name) }),
        }
    }

    /// Removes the network of a cluster that is gone, as far as it goes; `None` when nothing of it is left.
    pub(super) async fn remove_network(
        &self,
        place: &Place,
        owner: &str,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        let mark = names::description(owner);
        let [network, subnetwork, router] = parts(place, owner);
        let router = self.remove(&router, &mark, made).await?;
        let subnetwork = self.remove(&subnetwork, &mark, made).await?;
        if let Some(waits) = router.or(subnetwork) {
            return Ok(Some(waits));
        }
        self.remove(&network, &mark, made).await
    }

    async fn remove(&self, part: &Part, mark: &str, made: &mut Made) -> Result<Option<Progress>, Error> {
        let gone = format!("{} is gone", part.role);
        if made.is_settled(&gone) {
            return Ok(None);
        }
        let (path, words) = (part.path(), part.words());
        let target = self.compute.full(&path);
        let failed = match self.poll_compute(&target, &words).await {
            Ok(Polled::Running) => return Ok(Some(waiting(&format!("{words} (being removed)")))),
            Ok(Polled::None | Polled::Ended) => None,
            Err(error @ (Error::Failed { .. } | Error::QuotaExceeded { .. })) => Some(error),
            Err(error) => return Err(error),
        };
        // One that carries another mark is none of ours, whatever its name.
        let found = self.compute.get(&path, &part.action("get")).await?;
        let Some(_) = found.filter(|found| found.description == mark) else {
            made.forget(part.role);
            made.settle(&gone);
            return Ok(None);
        };
        made.note(part.role, part.kind, &target);
        // What was never made is no failure; what could not be removed is one, and is tried again by the next call.
        if let Some(error) = failed {
            return Err(error);
        }
        if part.role == "network"
            && let Some(waits) = self.sweep_firewalls(&path).await?
        {
            return Ok(Some(waits));
        }
        match self.compute.delete(&path, &part.action("delete")).await {
            Ok(operation) => {
                self.pending.begin(&target, operation.path());
                Ok(Some(waiting(&format!("{words} (being removed)"))))
            }
            Err(Error::Conflict { message, .. }) => Ok(Some(waiting(&format!("{words} ({message})")))),
            Err(Error::NotFound { .. }) => {
                made.forget(part.role);
                made.settle(&gone);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the firewall rules that GKE left in a network of ours: those of load balancers whose cluster was
    /// deleted before them. `None` when there is none.
    async fn sweep_firewalls(&self, network: &str) -> Result<Option<Progress>, Error> {
        let left: Vec<String> = self
            .compute
            .firewalls(network)
            .await?
            .into_iter()
            .filter(|name| name.starts_with("k8s-") || name.starts_with("gke-"))
            .collect();
        for name in &left {
            match self.compute.delete(&format!("global/firewalls/{name}"), "compute.firewalls.delete").await {
                Ok(_) | Err(Error::NotFound { .. } | Error::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(left.first().map(|name| waiting(&format!("firewall rule {name:?} (being removed)"))))
    }

    /// Zones of the nodes of a cluster: those that are wished, the zone that it lies in, or the first three of its
    /// region. They are named to GKE, so that sizes are counted for the same ones as here.
    pub(super) async fn zones(&self, spec: &ClusterSpec) -> Result<Vec<String>, Error> {
        if !spec.zones.is_empty() {
            return Ok(spec.zones.clone());
        }
        if names::is_zone(&spec.location) {
            return Ok(vec![spec.location.clone()]);
        }
        let mut zones = self.compute.zones(&spec.location).await?;
        zones.truncate(3);
        if zones.is_empty() {
            return Err(error::of_operation(
                &format!("region {:?}", spec.location),
                &["it has no zones".to_owned()],
            ));
        }
        Ok(zones)
    }
}
