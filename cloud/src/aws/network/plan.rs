//! Which address blocks the subnets of a new network get. Pure.

use std::net::Ipv4Addr;

use crate::Error;

/// Zones in which EKS has no control plane, by their ids.
const WITHOUT_EKS: &[&str] = &["cac1-az3", "use1-az3", "usw1-az2"];
/// Zones of a network that names none: one may fail then, and quorums of three survive it.
const ZONES: usize = 3;

/// Blocks of equal size for `zones` public subnets, and then for as many private ones.
pub(super) fn split(cidr: &str, zones: usize) -> Result<Vec<String>, Error> {
    let refused = |message: &str| Error::InvalidSpec {
        field: Some("network.cidr".to_owned()),
        message: format!("{cidr:?} {message}"),
    };
    let (address, length) = cidr.split_once('/').ok_or_else(|| refused("is no address block"))?;
    let address: Ipv4Addr = address.parse().map_err(|_| refused("is no address block"))?;
    let length: u32 = length.parse().map_err(|_| refused("is no address block"))?;
    if !(16..=24).contains(&length) {
        return Err(refused("must be between a /16 and a /24"));
    }
    let first = u32::from(address);
    if first.trailing_zeros() < 32 - length {
        return Err(refused("has bits set beyond its length"));
    }
    let count = u32::try_from(zones * 2).map_err(|_| refused("cannot be split for so many zones"))?;
    let part = length + count.next_power_of_two().trailing_zeros();
    // AWS makes no smaller subnets.
    if part > 28 {
        return Err(refused("cannot be split for so many zones"));
    }
    let size = 1_u32 << (32 - part);
    Ok((0..count).map(|index| format!("{}/{part}", Ipv4Addr::from(first + index * size))).collect())
}

/// The zones of a network that names none, out of those that the region has (name and id).
pub(super) fn choose(mut offered: Vec<(String, String)>) -> Result<Vec<String>, Error> {
    offered.retain(|(_, id)| !WITHOUT_EKS.contains(&id.as_str()));
    offered.sort();
    offered.truncate(ZONES);
    if offered.len() < 2 {
        return Err(Error::InvalidSpec {
            field: Some("network.zones".to_owned()),
            message: format!("EKS needs two availability zones, and there are {}", offered.len()),
        });
    }
    Ok(offered.into_iter().map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_split_evenly() {
        let two = ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18", "10.0.192.0/18"];
        assert_eq!(split("10.0.0.0/16", 2).unwrap(), two);
        let three = split("172.31.4.0/24", 3).unwrap();
        assert_eq!(three.len(), 6);
        assert_eq!((three[0].as_str(), three[5].as_str()), ("172.31.4.0/27", "172.31.4.160/27"));
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let table = ["10.0.0.0", "10.0.0.0/8", "10.0.0.0/25", "10.0.0.1/16", "10.0/16", "::/16"];
        for cidr in table {
            assert!(split(cidr, 2).is_err(), "{cidr}");
        }
        assert!(split("10.0.0.0/24", 9).is_err());
    }

    #[test]
    fn zones_are_those_that_have_eks() {
        let zone = |name: &str, id: &str| (name.to_owned(), id.to_owned());
        let offered = vec![
            zone("us-east-1c", "use1-az4"),
            zone("us-east-1a", "use1-az3"),
            zone("us-east-1b", "use1-az2"),
            zone("us-east-1d", "use1-az5"),
            zone("us-east-1f", "use1-az6"),
        ];
        assert_eq!(choose(offered.clone()).unwrap(), ["us-east-1b", "us-east-1c", "us-east-1d"]);
        assert!(choose(offered[..2].to_vec()).is_err());
    }
}
