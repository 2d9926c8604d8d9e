//! The network that is made with a cluster: a VPC with a public and a private subnet in each zone. Nodes live in the
//! private ones and reach the world through one NAT gateway; load balancers live in the public ones.

mod found;
mod plan;
mod removal;

use std::collections::BTreeMap;

use found::{Found, Subnet, Table};

use super::PART_TAG;
use super::client::{Eks, request_token};
use super::query::Call;
use super::spec::{ClusterSpec, Network};
use crate::{Error, Made, OWNER_TAG, Progress};

/// Step after which the cluster can be made.
const SUBNETS: &str = "subnets";
/// Step after which nodes reach the world.
const NETWORK: &str = "network";

/// What a cluster is made in.
pub(super) enum Ready {
    /// These subnets.
    Subnets(Vec<String>),
    /// Something was asked for and must be looked for first.
    Waiting(String),
}

/// What all parts of one network share.
struct Site<'a> {
    spec: &'a ClusterSpec,
    cidr: &'a str,
    zones: &'a [String],
}

impl Site<'_> {
    fn tags(&self, part: &str) -> BTreeMap<String, String> {
        let mut tags = self.spec.tags.clone();
        let name = format!("{}-{}", self.spec.name, part.replace('_', "-"));
        tags.insert("Name".to_owned(), name);
        tags.insert(OWNER_TAG.to_owned(), self.spec.owner.clone());
        tags.insert(PART_TAG.to_owned(), part.to_owned());
        // By these, load balancers find their subnets.
        if part.starts_with("public_subnet") {
            tags.insert("kubernetes.io/role/elb".to_owned(), "1".to_owned());
        } else if part.starts_with("private_subnet") {
            tags.insert("kubernetes.io/role/internal-elb".to_owned(), "1".to_owned());
        }
        tags
    }
}

/// Goes on when something exists, and ends the step when its answer was lost.
macro_rules! some_or_wait {
    ($found:expr, $what:expr) => {
        match $found {
            Some(id) => id,
            None => return Ok(Ready::Waiting(format!("{}, whose creation was not answered", $what))),
        }
    };
}

impl Eks {
    /// Makes the network as far as a cluster needs it, and gives the private subnets of its nodes.
    pub(super) async fn ensure_subnets(&self, spec: &ClusterSpec, made: &mut Made) -> Result<Ready, Error> {
        let site = match &spec.network {
            Network::Existing { subnet_ids, .. } => return Ok(Ready::Subnets(subnet_ids.clone())),
            Network::Made { cidr, zones } => Site { spec, cidr, zones },
        };
        if made.is_settled(SUBNETS) {
            return Ok(Ready::Subnets(private_subnets(made)));
        }
        let mut found = self.find_network(&spec.owner).await?;
        // One that has failed is replaced; it goes by itself.
        found.nat = found.nat.filter(|(_, state)| state == "pending" || state == "available");
        found.note(made);
        let vpc = some_or_wait!(self.ensure_vpc(&site, &mut found, made).await?, "the VPC");
        some_or_wait!(self.ensure_gateway(&site, &vpc, &mut found, made).await?, "the internet gateway");
        some_or_wait!(self.ensure_each_subnet(&site, &vpc, &mut found, made).await?, "a subnet");
        some_or_wait!(self.ensure_nat(&site, &mut found, made).await?, "the elastic IP address");
        some_or_wait!(self.ensure_tables(&site, &vpc, &mut found, made).await?, "a route table");
        made.settle(SUBNETS);
        Ok(Ready::Subnets(private_subnets(made)))
    }

    /// Opens the way from the private subnets to the world, once its gateway is there.
    pub(super) async fn ensure_way_out(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        if matches!(spec.network, Network::Existing { .. }) || made.is_settled(NETWORK) {
            return Ok(Progress::Done);
        }
        let (Some(nat), Some(table)) = (made.id("nat_gateway"), made.id("private_route_table")) else {
            return Ok(Progress::Waiting { what: "the network".to_owned() });
        };
        let (nat, table) = (nat.to_owned(), table.to_owned());
        let unseen = || ("not seen yet".to_owned(), String::new());
        let (state, message) = self.nat_state(&nat).await?.unwrap_or_else(unseen);
        let what = format!("NAT gateway {nat:?}");
        match state.as_str() {
            "available" => {}
            "failed" => return Err(Error::Failed { what, message }),
            _ => return Ok(Progress::Waiting { what: format!("{what} ({state})") }),
        }
        self.route(&table, "NatGatewayId", &nat).await?;
        made.settle(NETWORK);
        Ok(Progress::Done)
    }

    async fn ensure_vpc(
        &self,
        site: &Site<'_>,
        found: &mut Found,
        made: &mut Made,
    ) -> Result<Option<String>, Error> {
        let id = if let Some(id) = &found.vpc {
            id.clone()
        } else {
            let call = Call::new("CreateVpc", "VPC").with("CidrBlock", site.cidr);
            let call = call.tagged("vpc", &site.tags("vpc"));
            let Some(answer) = self.ec2_create(call).await? else { return Ok(None) };
            answer.required("vpc/vpcId")?
        };
        made.note("vpc", "VPC", &id);
        found.vpc = Some(id.clone());
        let call = Call::new("ModifyVpcAttribute", format!("VPC {id:?}"));
        self.ec2(call.with("VpcId", &id).with("EnableDnsHostnames.Value", "true")).await?;
        Ok(Some(id))
    }

    async fn ensure_gateway(
        &self,
        site: &Site<'_>,
        vpc: &str,
        found: &mut Found,
        made: &mut Made,
    ) -> Result<Option<()>, Error> {
        let part = "internet_gateway";
        let (id, attached) = if let Some(known) = found.gateway.clone() {
            known
        } else {
            let call = Call::new("CreateInternetGateway", "internet gateway");
            let call = call.tagged("internet-gateway", &site.tags(part));
            let Some(answer) = self.ec2_create(call).await? else { return Ok(None) };
            (answer.required("internetGateway/internetGatewayId")?, None)
        };
        made.note(part, "internet gateway", &id);
        if attached.as_deref() != Some(vpc) {
            let call = Call::new("AttachInternetGateway", format!("internet gateway {id:?}"));
            let call = call.with("InternetGatewayId", &id).with("VpcId", vpc);
            unless_there(self.ec2(call).await)?;
        }
        found.gateway = Some((id, Some(vpc.to_owned())));
        Ok(Some(()))
    }

    async fn zones(&self, site: &Site<'_>, found: &Found) -> Result<Vec<String>, Error> {
        if !site.zones.is_empty() {
            return Ok(site.zones.to_vec());
        }
        let call = Call::new("DescribeAvailabilityZones", "availability zones")
            .filter("zone-type", &["availability-zone"])
            .filter("state", &["available"]);
        let answer = self.ec2(call).await?;
        let zones = answer.items("availabilityZoneInfo");
        let offered: Result<Vec<_>, Error> =
            zones.map(|zone| Ok((zone.required("zoneName")?, zone.required("zoneId")?))).collect();
        let mut zones = plan::choose(offered?)?;
        // What an earlier process chose stays.
        for (part, subnet) in &found.subnets {
            let index = part.strip_prefix("public_subnet_").and_then(|index| index.parse::<usize>().ok());
            if let Some(zone) = index.and_then(|index| zones.get_mut(index)) {
                subnet.zone.clone_into(zone);
            }
        }
        Ok(zones)
    }

    async fn ensure_each_subnet(
        &self,
        site: &Site<'_>,
        vpc: &str,
        found: &mut Found,
        made: &mut Made,
    ) -> Result<Option<()>, Error> {
        let zones = self.zones(site, found).await?;
        let blocks = plan::split(site.cidr, zones.len())?;
        let numbered =
            |kind: &'static str| (0..zones.len()).map(move |index| format!("{kind}_subnet_{index}"));
        let parts = numbered("public").chain(numbered("private"));
        for ((part, block), zone) in parts.zip(&blocks).zip(zones.iter().cycle()) {
            let subnet = if let Some(known) = found.subnets.get(&part) {
                known.clone()
            } else {
                let call = Call::new("CreateSubnet", format!("subnet {block}"))
                    .with("VpcId", vpc)
                    .with("CidrBlock", block)
                    .with("AvailabilityZone", zone)
                    .tagged("subnet", &site.tags(&part));
                let Some(answer) = self.ec2_create(call).await? else { return Ok(None) };
                let id = answer.required("subnet/subnetId")?;
                Subnet { id, zone: zone.clone(), maps_addresses: false }
            };
            made.note(&part, "subnet", &subnet.id);
            if part.starts_with("public") && !subnet.maps_addresses {
                let call = Call::new("ModifySubnetAttribute", format!("subnet {:?}", subnet.id));
                self.ec2(call.with("SubnetId", &subnet.id).with("MapPublicIpOnLaunch.Value", "true")).await?;
            }
            found.subnets.insert(part, subnet);
        }
        Ok(Some(()))
    }

    async fn ensure_nat(
        &self,
        site: &Site<'_>,
        found: &mut Found,
        made: &mut Made,
    ) -> Result<Option<()>, Error> {
        let address = if let Some(id) = &found.address {
            id.clone()
        } else {
            let call = Call::new("AllocateAddress", "elastic IP address").with("Domain", "vpc");
            let call = call.tagged("elastic-ip", &site.tags("nat_address"));
            let Some(answer) = self.ec2_create(call).await? else { return Ok(None) };
            answer.required("allocationId")?
        };
        made.note("nat_address", "elastic IP address", &address);
        found.address = Some(address.clone());
        let nat = if let Some((id, _)) = &found.nat {
            id.clone()
        } else {
            let Some(subnet) = found.subnets.get("public_subnet_0") else { return Ok(None) };
            let call = Call::new("CreateNatGateway", "NAT gateway")
                .with("SubnetId", &subnet.id)
                .with("AllocationId", &address)
                .with("ClientToken", request_token())
                .tagged("natgateway", &site.tags("nat_gateway"));
            self.ec2(call).await?.required("natGateway/natGatewayId")?
        };
        made.note("nat_gateway", "NAT gateway", &nat);
        Ok(Some(()))
    }

    async fn ensure_tables(
        &self,
        site: &Site<'_>,
        vpc: &str,
        found: &mut Found,
        made: &mut Made,
    ) -> Result<Option<()>, Error> {
        for kind in ["public", "private"] {
            let part = format!("{kind}_route_table");
            let table = if let Some(known) = found.tables.get(&part) {
                known.clone()
            } else {
                let call = Call::new("CreateRouteTable", "route table").with("VpcId", vpc);
                let call = call.tagged("route-table", &site.tags(&part));
                let Some(answer) = self.ec2_create(call).await? else { return Ok(None) };
                Table { id: answer.required("routeTable/routeTableId")?, ..Table::default() }
            };
            made.note(&part, "route table", &table.id);
            if let (None, "public", Some((gateway, _))) = (&table.default_route, kind, &found.gateway) {
                self.route(&table.id, "GatewayId", gateway).await?;
            }
            let of_kind = found.subnets.iter().filter(|(part, _)| part.starts_with(kind));
            for (_, subnet) in of_kind.filter(|(_, subnet)| !table.subnets.contains(&subnet.id)) {
                let call = Call::new("AssociateRouteTable", format!("route table {:?}", table.id));
                let call = call.with("RouteTableId", &table.id).with("SubnetId", &subnet.id);
                unless_there(self.ec2(call).await)?;
            }
        }
        Ok(Some(()))
    }

    async fn route(&self, table: &str, kind: &str, target: &str) -> Result<(), Error> {
        let call = Call::new("CreateRoute", format!("route table {table:?}"))
            .with("RouteTableId", table)
            .with("DestinationCidrBlock", "0.0.0.0/0")
            .with(kind, target);
        unless_there(self.ec2(call).await)
    }
}

/// The private subnets that were made.
fn private_subnets(made: &Made) -> Vec<String> {
    let is_private = |part: &str| part.starts_with("private_subnet_");
    made.objects().iter().filter(|object| is_private(&object.part)).map(|object| object.id.clone()).collect()
}

/// What is there already is as good as made.
fn unless_there<T>(answer: Result<T, Error>) -> Result<(), Error> {
    match answer {
        Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
