//! The end of a network: its parts in the reverse order, and what the cluster's controllers have left in it.

use super::super::client::{Eks, found};
use super::super::query::Call;
use super::super::xml::Element;
use crate::{Error, Made, Progress};

/// Step after which an owner's network is known as a whole.
const SEARCHED: &str = "network searched";

impl Eks {
    /// Takes the removal of a cluster's network as far as it goes. `name` is the cluster's.
    pub(in super::super) async fn remove_network(
        &self,
        name: &str,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        self.search_network(owner, made).await?;
        if let Progress::Waiting { what } = self.remove_nat(made).await? {
            return Ok(Progress::Waiting { what });
        }
        let removed = match self.remove_parts(made).await {
            Ok(()) => self.remove_vpc(name, made).await,
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => Ok(Progress::Done),
            Err(Error::Conflict { what, message }) => {
                let left = match made.id("vpc").map(str::to_owned) {
                    Some(vpc) => self.sweep(&vpc, name).await?,
                    None => Vec::new(),
                };
                let left =
                    if left.is_empty() { String::new() } else { format!("; there are {}", left.join(", ")) };
                Ok(Progress::Waiting { what: format!("{what} to be free ({message}{left})") })
            }
            Err(error) => Err(error),
        }
    }

    /// Looks once for what carries the owner's mark and is not noted.
    pub(in super::super) async fn search_network(&self, owner: &str, made: &mut Made) -> Result<(), Error> {
        if !made.is_settled(SEARCHED) && !owner.is_empty() {
            self.find_network(owner).await?.note(made);
            made.settle(SEARCHED);
        }
        Ok(())
    }

    /// Removes the NAT gateway, which takes some minutes, and then its address.
    pub(in super::super) async fn remove_nat(&self, made: &mut Made) -> Result<Progress, Error> {
        if let Some(nat) = made.id("nat_gateway").map(str::to_owned) {
            let what = format!("NAT gateway {nat:?}");
            let state = self.nat_state(&nat).await?.map(|(state, _)| state);
            match state.as_deref() {
                None => made.forget("nat_gateway"),
                Some("deleting") => return Ok(Progress::Waiting { what: format!("{what} to be gone") }),
                Some(_) => {
                    found(self.ec2(Call::new("DeleteNatGateway", &what).with("NatGatewayId", &nat)).await)?;
                    return Ok(Progress::Waiting { what: format!("{what} to be gone") });
                }
            }
        }
        if let Some(address) = made.id("nat_address").map(str::to_owned) {
            let what = format!("elastic IP address {address:?}");
            let call = Call::new("ReleaseAddress", &what).with("AllocationId", &address);
            match found(self.ec2(call).await) {
                Ok(_) => made.forget("nat_address"),
                Err(Error::Conflict { message, .. }) => {
                    return Ok(Progress::Waiting { what: format!("{what} to be free ({message})") });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Progress::Done)
    }

    async fn remove_parts(&self, made: &mut Made) -> Result<(), Error> {
        if let Some(gateway) = made.id("internet_gateway").map(str::to_owned) {
            let what = format!("internet gateway {gateway:?}");
            if let Some(vpc) = made.id("vpc") {
                let call = Call::new("DetachInternetGateway", &what).with("VpcId", vpc);
                found(self.ec2(call.with("InternetGatewayId", &gateway)).await)?;
            }
            let call = Call::new("DeleteInternetGateway", &what).with("InternetGatewayId", &gateway);
            found(self.ec2(call).await)?;
            made.forget("internet_gateway");
        }
        // A route table goes when no subnet uses it.
        self.remove_each(made, "subnet", "DeleteSubnet", "SubnetId").await?;
        self.remove_each(made, "route table", "DeleteRouteTable", "RouteTableId").await
    }

    /// Removes all parts of a kind that can be removed; the first that cannot is told.
    async fn remove_each(
        &self,
        made: &mut Made,
        kind: &str,
        action: &'static str,
        parameter: &str,
    ) -> Result<(), Error> {
        let of_kind = made.objects().iter().filter(|object| object.kind == kind);
        let parts: Vec<_> = of_kind.map(|object| (object.part.clone(), object.id.clone())).collect();
        let mut outcome = Ok(());
        for (part, id) in parts.iter().rev() {
            let call = Call::new(action, format!("{kind} {id:?}")).with(parameter, id);
            match found(self.ec2(call).await) {
                Ok(_) => made.forget(part),
                Err(error @ Error::Conflict { .. }) => outcome = outcome.and(Err(error)),
                Err(error) => return Err(error),
            }
        }
        outcome
    }

    async fn remove_vpc(&self, name: &str, made: &mut Made) -> Result<(), Error> {
        let Some(vpc) = made.id("vpc").map(str::to_owned) else { return Ok(()) };
        self.sweep_groups(&vpc, name).await?;
        found(self.ec2(Call::new("DeleteVpc", format!("VPC {vpc:?}")).with("VpcId", &vpc)).await)?;
        made.forget("vpc");
        Ok(())
    }

    /// Removes what the cluster's controllers have left in its network. Gives what cannot be removed.
    async fn sweep(&self, vpc: &str, name: &str) -> Result<Vec<String>, Error> {
        let mut left = Vec::new();
        let call = Call::new("DescribeNetworkInterfaces", "network interfaces").filter("vpc-id", &[vpc]);
        for interface in self.ec2(call).await?.items("networkInterfaceSet") {
            let id = interface.required("networkInterfaceId")?;
            let description = interface.text("description").unwrap_or_default();
            let state = interface.text("status").unwrap_or_default();
            let what = format!("network interface {id:?}");
            if state == "available" && is_of_cluster(description) {
                let call = Call::new("DeleteNetworkInterface", &what).with("NetworkInterfaceId", &id);
                match found(self.ec2(call).await) {
                    Ok(_) => continue,
                    Err(Error::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            left.push(format!("{what} ({description:?}, {state})"));
        }
        left.extend(self.sweep_groups(vpc, name).await?);
        Ok(left)
    }

    /// Removes the security groups that were made for the cluster's load balancers and for itself.
    async fn sweep_groups(&self, vpc: &str, name: &str) -> Result<Vec<String>, Error> {
        let mut left = Vec::new();
        let call = Call::new("DescribeSecurityGroups", "security groups").filter("vpc-id", &[vpc]);
        for group in self.ec2(call).await?.items("securityGroupInfo") {
            let (id, group_name) = (group.required("groupId")?, group.required("groupName")?);
            // The VPC's own goes with it.
            if group_name == "default" {
                continue;
            }
            let what = format!("security group {id:?} ({group_name:?})");
            if group_is_of_cluster(group, &group_name, name) {
                let call = Call::new("DeleteSecurityGroup", &what).with("GroupId", &id);
                match found(self.ec2(call).await) {
                    Ok(_) => continue,
                    Err(Error::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            left.push(what);
        }
        Ok(left)
    }
}

/// Whether a network interface was made for nodes or pods; those of load balancers go with these.
fn is_of_cluster(description: &str) -> bool {
    ["aws-K8S-", "eks-", "Amazon EKS "].iter().any(|prefix| description.starts_with(prefix))
}

fn group_is_of_cluster(group: &Element, group_name: &str, name: &str) -> bool {
    let is_named = ["k8s-", "eks-cluster-sg-"].iter().any(|prefix| group_name.starts_with(prefix));
    let is_tagged = group.tag(&format!("kubernetes.io/cluster/{name}")).is_some()
        || group.tag("aws:eks:cluster-name") == Some(name)
        || group.tag("elbv2.k8s.aws/cluster") == Some(name);
    is_named && is_tagged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_for_the_cluster_is_swept() {
        let group = |key: &str, value: &str| {
            let tag = format!("<item><key>{key}</key><value>{value}</value></item>");
            Element::parse(&format!("<item><tagSet>{tag}</tagSet></item>")).unwrap()
        };
        let table = [
            ("k8s-elb-a1", "kubernetes.io/cluster/prod", "owned", true),
            ("k8s-elb-a1", "kubernetes.io/cluster/other", "owned", false),
            ("eks-cluster-sg-prod-1", "aws:eks:cluster-name", "prod", true),
            ("eks-cluster-sg-other-1", "aws:eks:cluster-name", "other", false),
            ("databases", "kubernetes.io/cluster/prod", "owned", false),
        ];
        for (group_name, key, value, expected) in table {
            assert_eq!(
                group_is_of_cluster(&group(key, value), group_name, "prod"),
                expected,
                "{group_name} {key}"
            );
        }
        assert!(is_of_cluster("aws-K8S-i-1") && is_of_cluster("eks-1"));
        assert!(!is_of_cluster("ELB k8s-a1") && !is_of_cluster(""));
    }
}
