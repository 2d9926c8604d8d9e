//! The network that is made for a cluster: a VPC with a vSwitch in each zone, found again by the owner's mark.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Deserialize;

use super::api::{Api, Call, token};
use super::body::{Marks, marked};
use super::spec::{ClusterSpec, Network};
use crate::{Error, Made, OWNER_TAG, Progress};

/// Parts of [`Made`].
const VPC: &str = "vpc";
const VSWITCH: &str = "vswitch_";
/// The step after which the network needs no further look.
const READY: &str = "network ready";
/// Zones that are used when none are named: what survives the loss of one.
const ZONES: usize = 3;
/// The most that VPC gives at once.
const PAGE: &str = "50";
/// The longest prefix of a vSwitch, and the shortest.
const LONGEST: u8 = 29;
const SHORTEST: u8 = 16;
/// A vSwitch gets an eighth of its VPC.
const EIGHTH: u8 = 3;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Vpcs {
    vpcs: VpcList,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VpcList {
    vpc: Vec<Vpc>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Vpc {
    vpc_id: String,
    status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VSwitches {
    #[serde(rename = "VSwitches")]
    vswitches: VSwitchList,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VSwitchList {
    #[serde(rename = "VSwitch")]
    vswitch: Vec<VSwitch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VSwitch {
    #[serde(rename = "VSwitchId")]
    id: String,
    #[serde(rename = "VSwitchName")]
    name: String,
    #[serde(rename = "VpcId")]
    vpc_id: String,
    #[serde(rename = "Status")]
    status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Zones {
    zones: ZoneList,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ZoneList {
    zone: Vec<Zone>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Zone {
    zone_id: String,
}

/// Where a cluster lies.
#[derive(Debug)]
pub(super) enum Place {
    Ready { vpc_id: String, vswitch_ids: Vec<String> },
    Waiting(String),
}

/// Finds the network, or takes its creation as far as it goes.
pub(super) async fn place(api: &Api, spec: &ClusterSpec, made: &mut Made) -> Result<Place, Error> {
    let (cidr, zones) = match &spec.network {
        Network::Existing { vswitch_ids } => return existing(api, vswitch_ids).await,
        Network::Made { cidr, zones } => (cidr, zones),
    };
    let Some(vpc) = find_or_make_vpc(api, spec, cidr, made).await? else {
        return Ok(Place::Waiting(format!("VPC of cluster \"{}\" (Pending)", spec.name)));
    };
    let zones = if zones.is_empty() { first_zones(api).await? } else { zones.clone() };
    let found = vswitches(api, &[("VpcId", &vpc), ("PageSize", PAGE)], Some(&spec.owner)).await?;
    let (mut ids, mut waiting) = (Vec::new(), None);
    for (index, zone) in zones.iter().enumerate() {
        let name = vswitch_name(spec, index);
        let id = match found.iter().find(|vswitch| vswitch.name == name) {
            Some(vswitch) if vswitch.status == "Available" => vswitch.id.clone(),
            Some(vswitch) => {
                waiting = Some(format!("vSwitch {} ({})", vswitch.id, vswitch.status));
                vswitch.id.clone()
            }
            None => match make_vswitch(api, spec, &vpc, zone, (&name, &block(cidr, index)?)).await {
                Ok(id) => {
                    waiting = Some(format!("vSwitch {id} (Pending)"));
                    id
                }
                Err(Error::Conflict { message, .. }) => {
                    return Ok(Place::Waiting(format!("VPC {vpc} ({message})")));
                }
                Err(error) => return Err(error),
            },
        };
        made.note(&format!("{VSWITCH}{index}"), "vSwitch", &id);
        ids.push(id);
    }
    if let Some(what) = waiting {
        return Ok(Place::Waiting(what));
    }
    made.settle(READY);
    Ok(Place::Ready { vpc_id: vpc, vswitch_ids: ids })
}

/// The mark of a cluster whose network is made with it: what was wished.
pub(super) fn mark(network: &Network) -> Option<String> {
    match network {
        Network::Existing { .. } => None,
        Network::Made { cidr, zones } => Some(crate::network_mark::written(cidr, zones)),
    }
}

/// The network that such a mark tells of.
pub(super) fn of_mark(mark: &str) -> Option<Network> {
    crate::network_mark::read(mark).map(|(cidr, zones)| Network::Made { cidr, zones })
}

/// Whether this process has seen the network ready.
pub(super) fn is_ready(spec: &ClusterSpec, made: &Made) -> bool {
    matches!(spec.network, Network::Existing { .. }) || made.is_settled(READY)
}

async fn existing(api: &Api, vswitch_ids: &[String]) -> Result<Place, Error> {
    let absent = |id: &str| Error::InvalidSpec {
        field: Some("vswitch_ids".to_owned()),
        message: format!("there is no vSwitch {id} in {}", api.region()),
    };
    let first = vswitch_ids.first().ok_or_else(|| absent("without an id"))?;
    let found = vswitches(api, &[("VSwitchId", first)], None).await?;
    let vpc_id = found.into_iter().next().ok_or_else(|| absent(first))?.vpc_id;
    Ok(Place::Ready { vpc_id, vswitch_ids: vswitch_ids.to_vec() })
}

/// The VPC once it can be used.
async fn find_or_make_vpc(
    api: &Api,
    spec: &ClusterSpec,
    cidr: &str,
    made: &mut Made,
) -> Result<Option<String>, Error> {
    if let Some(vpc) = vpcs(api, &spec.owner).await?.into_iter().next() {
        made.note(VPC, "VPC", &vpc.vpc_id);
        return Ok((vpc.status == "Available").then_some(vpc.vpc_id));
    }
    // Also that it can be divided is to be known before it is made.
    block(cidr, 0)?;
    let what = format!("VPC of cluster \"{}\"", spec.name);
    let (region, token) = (api.region(), token());
    let pairs = [("RegionId", region), ("CidrBlock", cidr), ("VpcName", &spec.name), ("ClientToken", &token)];
    let call = tagged(Call::vpc("CreateVpc", &pairs, &what), &spec.tags, &spec.owner);
    let vpc: Vpc = api.ask(call).await?;
    made.note(VPC, "VPC", &vpc.vpc_id);
    Ok(None)
}

async fn make_vswitch(
    api: &Api,
    spec: &ClusterSpec,
    vpc: &str,
    zone: &str,
    (name, cidr): (&str, &str),
) -> Result<String, Error> {
    let what = format!("vSwitch of cluster \"{}\"", spec.name);
    let (region, token) = (api.region(), token());
    let pairs = [
        ("RegionId", region),
        ("VpcId", vpc),
        ("ZoneId", zone),
        ("CidrBlock", cidr),
        ("VSwitchName", name),
        ("ClientToken", &token),
    ];
    let call = tagged(Call::vpc("CreateVSwitch", &pairs, &what), &spec.tags, &spec.owner);
    let vswitch: VSwitch = api.ask(call).await?;
    Ok(vswitch.id)
}

/// Removes what is in `made` or carries the owner's mark.
pub(super) async fn remove(api: &Api, owner: &str, made: &mut Made) -> Result<Progress, Error> {
    let mut ids: Vec<String> = vpcs(api, owner).await?.into_iter().map(|vpc| vpc.vpc_id).collect();
    ids.extend(
        made.id(VPC).map(str::to_owned).filter(|id| !ids.contains(id)).into_iter().collect::<Vec<_>>(),
    );
    for vpc in &ids {
        let pairs = [("VpcId", vpc.as_str()), ("PageSize", PAGE)];
        for vswitch in vswitches(api, &pairs, Some(owner)).await? {
            let what = format!("vSwitch {}", vswitch.id);
            let pairs = [("RegionId", api.region()), ("VSwitchId", vswitch.id.as_str())];
            if let Some(waiting) = delete(api, Call::vpc("DeleteVSwitch", &pairs, &what)).await? {
                return Ok(waiting);
            }
            forget(made, &vswitch.id);
        }
        let what = format!("VPC {vpc}");
        let pairs = [("RegionId", api.region()), ("VpcId", vpc.as_str())];
        if let Some(waiting) = delete(api, Call::vpc("DeleteVpc", &pairs, &what)).await? {
            return Ok(waiting);
        }
        forget(made, vpc);
    }
    // A VPC that is gone has no vSwitches.
    let left: Vec<String> = made.objects().iter().map(|object| object.part.clone()).collect();
    left.iter().filter(|part| *part == VPC || part.starts_with(VSWITCH)).for_each(|part| made.forget(part));
    Ok(Progress::Done)
}

/// Deletes; what is in use still is waited for, and what is gone is no failure.
async fn delete(api: &Api, call: Call<'_>) -> Result<Option<Progress>, Error> {
    let what = call.what.to_owned();
    match api.call(call).await {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(None),
        Err(Error::Conflict { message, .. }) => {
            Ok(Some(Progress::Waiting { what: format!("{what} ({message})") }))
        }
        Err(error) => Err(error),
    }
}

fn forget(made: &mut Made, id: &str) {
    let part = made.objects().iter().find(|object| object.id == id).map(|object| object.part.clone());
    if let Some(part) = part {
        made.forget(&part);
    }
}

async fn vpcs(api: &Api, owner: &str) -> Result<Vec<Vpc>, Error> {
    let pairs =
        [("RegionId", api.region()), ("PageSize", PAGE), ("Tag.1.Key", OWNER_TAG), ("Tag.1.Value", owner)];
    let found: Vpcs = api.ask(Call::vpc("DescribeVpcs", &pairs, "VPCs")).await?;
    Ok(found.vpcs.vpc)
}

async fn vswitches(api: &Api, pairs: &[(&str, &str)], owner: Option<&str>) -> Result<Vec<VSwitch>, Error> {
    let mut call = Call::vpc("DescribeVSwitches", pairs, "vSwitches").with("RegionId", api.region());
    if let Some(owner) = owner {
        call = call.with("Tag.1.Key", OWNER_TAG).with("Tag.1.Value", owner);
    }
    let found: VSwitches = api.ask(call).await?;
    Ok(found.vswitches.vswitch)
}

async fn first_zones(api: &Api) -> Result<Vec<String>, Error> {
    let call = Call::vpc("DescribeZones", &[("RegionId", api.region())], "zones");
    let found: Zones = api.ask(call).await?;
    let mut zones: Vec<String> = found.zones.zone.into_iter().map(|zone| zone.zone_id).collect();
    // The same ones each time.
    zones.sort();
    zones.truncate(ZONES);
    Ok(zones)
}

fn tagged<'a>(mut call: Call<'a>, tags: &BTreeMap<String, String>, owner: &str) -> Call<'a> {
    for (index, (key, value)) in (1..).zip(marked(tags, owner, Marks::default())) {
        call = call.with(&format!("Tag.{index}.Key"), key).with(&format!("Tag.{index}.Value"), value);
    }
    call
}

fn vswitch_name(spec: &ClusterSpec, index: usize) -> String {
    format!("{}-{index}", spec.name)
}

/// The address block of the vSwitch with this index within a VPC's.
fn block(cidr: &str, index: usize) -> Result<String, Error> {
    let bad = |message: String| Error::InvalidSpec { field: Some("cidr".to_owned()), message };
    let parsed = cidr.split_once('/').and_then(|(address, prefix)| {
        let (address, prefix): (Ipv4Addr, u8) = (address.parse().ok()?, prefix.parse().ok()?);
        (8..=32).contains(&prefix).then_some((u32::from(address), prefix))
    });
    let (address, prefix) = parsed.ok_or_else(|| bad(format!("\"{cidr}\" is no block of IPv4 addresses")))?;
    let own = (prefix + EIGHTH).max(SHORTEST);
    if own > LONGEST {
        return Err(bad(format!(
            "\"{cidr}\" is too small to be divided; /{} is the least",
            LONGEST - EIGHTH
        )));
    }
    let most = 1_u32 << (own - prefix);
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    if index >= most {
        return Err(bad(format!("\"{cidr}\" has room for {most} zones")));
    }
    let mask = u32::MAX << (32 - prefix);
    let address = (address & mask) + (index << (32 - own));
    Ok(format!("{}/{own}", Ipv4Addr::from(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_what_was_wished() {
        let made = |zones: &[&str]| Network::Made {
            cidr: "10.0.0.0/16".to_owned(),
            zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        };
        for (network, wanted) in [(made(&[]), "10.0.0.0/16"), (made(&["b", "a"]), "10.0.0.0/16 b a")] {
            assert_eq!(mark(&network).as_deref(), Some(wanted));
            assert_eq!(of_mark(wanted), Some(network));
        }
        assert_eq!(mark(&Network::Existing { vswitch_ids: Vec::new() }), None);
        assert_eq!(of_mark(""), None);
    }

    #[test]
    fn a_vswitch_gets_an_eighth_of_the_vpc() {
        let table = [
            ("10.0.0.0/16", 0, Some("10.0.0.0/19")),
            ("10.0.0.0/16", 2, Some("10.0.64.0/19")),
            ("172.16.0.0/12", 1, Some("172.17.0.0/16")),
            ("10.0.0.0/8", 2, Some("10.2.0.0/16")),
            ("192.168.7.9/24", 7, Some("192.168.7.224/27")),
            ("192.168.0.0/26", 1, Some("192.168.0.8/29")),
            ("192.168.0.0/27", 0, None),
            ("192.168.0.0/24", 8, None),
            ("192.168.0.0", 0, None),
            ("fd00::/8", 0, None),
            ("0.0.0.0/0", 0, None),
        ];
        for (cidr, index, wanted) in table {
            assert_eq!(block(cidr, index).ok().as_deref(), wanted, "{cidr} {index}");
        }
    }
}
