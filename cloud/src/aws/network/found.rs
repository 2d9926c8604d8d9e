//! The network that an owner has in EC2, as far as it exists: looked for by its tags, so that a process that knows
//! nothing of an earlier one goes on with what that one made.

use std::collections::BTreeMap;

use super::super::PART_TAG;
use super::super::client::{Eks, found};
use super::super::query::Call;
use super::super::xml::Element;
use crate::{Error, Made, OWNER_TAG};

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    /// Whether its machines get public addresses.
    pub(super) maps_addresses: bool,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) id: String,
    /// What the rest of the world is reached through.
    pub(super) default_route: Option<String>,
    /// Ids of the subnets that use it.
    pub(super) subnets: Vec<String>,
}

/// What there is, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) vpc: Option<String>,
    /// Its id, and the VPC that it is attached to.
    pub(super) gateway: Option<(String, Option<String>)>,
    pub(super) subnets: BTreeMap<String, Subnet>,
    pub(super) address: Option<String>,
    /// Its id and state.
    pub(super) nat: Option<(String, String)>,
    pub(super) tables: BTreeMap<String, Table>,
}

impl Found {
    /// Writes all of it down, in the order in which it is made.
    pub(super) fn note(&self, made: &mut Made) {
        let mut note = |part: &str, kind: &str, id: Option<&str>| {
            if let Some(id) = id {
                made.note(part, kind, id);
            }
        };
        note("vpc", "VPC", self.vpc.as_deref());
        note("internet_gateway", "internet gateway", self.gateway.as_ref().map(|(id, _)| id.as_str()));
        for (part, subnet) in &self.subnets {
            note(part, "subnet", Some(&subnet.id));
        }
        note("nat_address", "elastic IP address", self.address.as_deref());
        note("nat_gateway", "NAT gateway", self.nat.as_ref().map(|(id, _)| id.as_str()));
        for (part, table) in &self.tables {
            note(part, "route table", Some(&table.id));
        }
    }
}

impl Eks {
    /// Looks for all parts at once: six requests.
    pub(super) async fn find_network(&self, owner: &str) -> Result<Found, Error> {
        let by_owner = |action: &'static str, what: &str| {
            Call::new(action, what).filter(&format!("tag:{OWNER_TAG}"), &[owner])
        };
        let nat = by_owner("DescribeNatGateways", "NAT gateway");
        let (vpcs, gateways, subnets, addresses, nats, tables) = tokio::try_join!(
            self.ec2(by_owner("DescribeVpcs", "VPC")),
            self.ec2(by_owner("DescribeInternetGateways", "internet gateway")),
            self.ec2(by_owner("DescribeSubnets", "subnet")),
            self.ec2(by_owner("DescribeAddresses", "elastic IP address")),
            self.ec2(nat),
            self.ec2(by_owner("DescribeRouteTables", "route table")),
        )?;
        let mut found = Found {
            vpc: vpcs.text("vpcSet/item/vpcId").map(str::to_owned),
            address: addresses.text("addressesSet/item/allocationId").map(str::to_owned),
            nat: nat_of(&nats)?,
            ..Found::default()
        };
        if let Some(gateway) = gateways.items("internetGatewaySet").next() {
            let attached = gateway.text("attachmentSet/item/vpcId").map(str::to_owned);
            found.gateway = Some((gateway.required("internetGatewayId")?, attached));
        }
        for subnet in subnets.items("subnetSet") {
            let Some(part) = subnet.tag(PART_TAG) else { continue };
            let of = Subnet {
                id: subnet.required("subnetId")?,
                zone: subnet.required("availabilityZone")?,
                maps_addresses: subnet.text("mapPublicIpOnLaunch") == Some("true"),
            };
            found.subnets.insert(part.to_owned(), of);
        }
        for table in tables.items("routeTableSet") {
            if let Some(part) = table.tag(PART_TAG) {
                found.tables.insert(part.to_owned(), table_of(table)?);
            }
        }
        Ok(found)
    }

    /// The state of a NAT gateway, and AWS's words when it has failed; `None` when it is gone.
    pub(super) async fn nat_state(&self, id: &str) -> Result<Option<(String, String)>, Error> {
        let call = Call::new("DescribeNatGateways", format!("NAT gateway {id:?}")).with("NatGatewayId.1", id);
        let Some(answer) = found(self.ec2(call).await)? else { return Ok(None) };
        let words = answer.text("natGatewaySet/item/failureMessage").unwrap_or("without a reason").to_owned();
        Ok(nat_of(&answer)?.map(|(_, state)| (state, words)))
    }
}

/// AWS shows NAT gateways for an hour after they are gone, or have failed.
fn nat_of(answer: &Element) -> Result<Option<(String, String)>, Error> {
    for nat in answer.items("natGatewaySet") {
        let (id, state) = (nat.required("natGatewayId")?, nat.required("state")?);
        if state != "deleted" {
            return Ok(Some((id, state)));
        }
    }
    Ok(None)
}

fn table_of(table: &Element) -> Result<Table, Error> {
    let is_default = |route: &&Element| route.text("destinationCidrBlock") == Some("0.0.0.0/0");
    let default_route = table.items("routeSet").find(is_default);
    let target = |route: &Element| {
        let target = route.text("natGatewayId").or_else(|| route.text("gatewayId"));
        target.unwrap_or_default().to_owned()
    };
    let subnets = table.items("associationSet").filter_map(|association| association.text("subnetId"));
    Ok(Table {
        id: table.required("routeTableId")?,
        default_route: default_route.map(target),
        subnets: subnets.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_is_gone_is_not_seen() {
        let answer = |states: &[&str]| {
            let item = |state: &&str| {
                format!("<item><natGatewayId>nat-{state}</natGatewayId><state>{state}</state></item>")
            };
            let items: String = states.iter().map(item).collect();
            Element::parse(&format!("<R><natGatewaySet>{items}</natGatewaySet></R>")).unwrap()
        };
        let table = [
            (&["deleted"][..], None),
            (&["deleted", "pending"], Some("nat-pending")),
            (&["deleting"], Some("nat-deleting")),
            (&[], None),
        ];
        for (states, expected) in table {
            let found = nat_of(&answer(states)).unwrap();
            assert_eq!(found.as_ref().map(|(id, _)| id.as_str()), expected, "{states:?}");
        }
    }

    #[test]
    fn a_route_table_tells_where_its_subnets_go() {
        let text = "<item><routeTableId>rtb-1</routeTableId><routeSet>\
            <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item>\
            <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId></item>\
            </routeSet><associationSet><item><subnetId>subnet-1</subnetId></item></associationSet></item>";
        let table = table_of(&Element::parse(text).unwrap()).unwrap();
        assert_eq!(table.default_route.as_deref(), Some("nat-1"));
        assert_eq!((table.id.as_str(), table.subnets), ("rtb-1", vec!["subnet-1".to_owned()]));
    }
}
