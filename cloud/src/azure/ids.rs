//! Ids of the objects that are made for a cluster. All follow from the subscription, the resource group and the
//! cluster's name, so that they are found again by a process that knows nothing else. Pure.

use sha2::{Digest as _, Sha256};

use crate::{ClusterId, Error};

/// Role whose bearer may put machines and load balancers into a network.
const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/// A cluster's place in Azure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) name: String,
}

impl Place {
    /// Reads the id of a cluster, in whatever case.
    pub(super) fn parse(id: &ClusterId) -> Result<Self, Error> {
        let parts: Vec<&str> = id.0.split('/').collect();
        if let ["", subscriptions, subscription, groups, group, providers, provider, kind, name] =
            parts.as_slice()
            && [*subscriptions, *groups, *providers, *provider, *kind]
                .iter()
                .zip([
                    "subscriptions",
                    "resourcegroups",
                    "providers",
                    "microsoft.containerservice",
                    "managedclusters",
                ])
                .all(|(part, word)| part.eq_ignore_ascii_case(word))
            && [*subscription, *group, *name].iter().all(|part| !part.is_empty())
        {
            return Ok(Self {
                subscription: (*subscription).to_owned(),
                group: (*group).to_owned(),
                name: (*name).to_owned(),
            });
        }
        Err(Error::InvalidSpec {
            field: Some("id".to_owned()),
            message: format!(
                "{:?} is no id of an AKS cluster; it is \
                 /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME",
                id.0
            ),
        })
    }

    pub(super) fn group(&self) -> String {
        format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.group)
    }

    pub(super) fn cluster(&self) -> String {
        format!("{}/providers/Microsoft.ContainerService/managedClusters/{}", self.group(), self.name)
    }

    pub(super) fn pool(&self, name: &str) -> String {
        format!("{}/agentPools/{name}", self.cluster())
    }

    pub(super) fn network(&self) -> String {
        format!("{}/providers/Microsoft.Network/virtualNetworks/{}-network", self.group(), self.name)
    }

    /// The one subnet of the network that is made.
    pub(super) fn subnet(&self) -> String {
        format!("{}/subnets/nodes", self.network())
    }

    pub(super) fn identity(&self) -> String {
        format!(
            "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}-identity",
            self.group(),
            self.name
        )
    }

    /// What the identity may do on its subnet.
    pub(super) fn role(&self) -> String {
        format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{NETWORK_CONTRIBUTOR}",
            self.subscription
        )
    }
}

/// The assignment of that role to a principal, whose name must be a GUID.
pub(super) fn role_assignment(subnet: &str, principal: &str) -> String {
    let seed = format!("{}|{principal}|{NETWORK_CONTRIBUTOR}", subnet.to_ascii_lowercase());
    format!("{subnet}/providers/Microsoft.Authorization/roleAssignments/{}", guid(&seed))
}

/// A GUID that is the same for the same text.
fn guid(text: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(text.as_bytes())).for_each(|(byte, from)| *byte = from);
    // The marks of version 8 and of the variant, by which it is a valid one.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The id of the virtual network of a subnet.
pub(super) fn network_of(subnet: &str) -> Option<&str> {
    let at = subnet.to_ascii_lowercase().find("/subnets/")?;
    subnet.get(..at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_any_case_and_nothing_else_is() {
        let id = "/subscriptions/S-1/resourcegroups/Shop/providers/microsoft.containerservice/ManagedClusters/orders";
        let place = Place::parse(&ClusterId(id.to_owned())).unwrap();
        assert_eq!(
            (place.subscription.as_str(), place.group.as_str(), place.name.as_str()),
            ("S-1", "Shop", "orders")
        );
        assert!(place.cluster().eq_ignore_ascii_case(id));
        for wrong in
            ["orders", "", "/subscriptions/s/resourceGroups/g", &format!("{id}/agentPools/x"), &id[1..]]
        {
            assert!(Place::parse(&ClusterId(wrong.to_owned())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_name_of_a_role_assignment_is_a_guid_that_follows_from_what_it_says() {
        let id = role_assignment("/SUB", "p");
        let name = id.rsplit('/').next().unwrap().to_owned();
        let lengths: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{name}");
        assert!(role_assignment("/sub", "p").ends_with(&name));
        assert!(!role_assignment("/sub", "q").ends_with(&name));
    }

    #[test]
    fn a_subnet_lies_in_a_network() {
        assert_eq!(network_of("/x/virtualNetworks/v/Subnets/s"), Some("/x/virtualNetworks/v"));
        assert_eq!(network_of("/x/virtualNetworks/v"), None);
    }
}
