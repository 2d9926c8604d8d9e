"""What stands in the account: for tests, which want to see that nothing is left."""

from .account import ACCOUNT, PARTITION

from moto.ec2.models import ec2_backends  # noqa: E402  After account.
from moto.iam.models import iam_backends  # noqa: E402

# NAT gateways that are gone stay listed for a while.
GONE = ("deleted",)


def inventory(region, eks):
    """What there is in a region, as `kind id`, and the roles. What AWS itself brings into an account is there, too."""
    ec2 = ec2_backends[ACCOUNT][region]
    yield from (f"IAM role {role.name}" for role in iam_backends[ACCOUNT][PARTITION].roles.values())
    yield from (f"VPC {vpc.id}" for vpc in ec2.vpcs.values())
    yield from (f"subnet {subnet.id}" for subnets in ec2.subnets.values() for subnet in subnets.values())
    yield from (f"internet gateway {gateway.id}" for gateway in ec2.internet_gateways.values())
    yield from (f"NAT gateway {gateway.id}" for gateway in ec2.nat_gateways.values() if gateway.state not in GONE)
    yield from (f"address {address.allocation_id}" for address in ec2.addresses)
    yield from (f"network interface {interface.id}" for interface in ec2.enis.values())
    yield from (f"security group {group.id}" for groups in ec2.groups.values() for group in groups.values())
    yield from (f"EKS cluster {name}" for name in (eks.clusters if eks else ()))
