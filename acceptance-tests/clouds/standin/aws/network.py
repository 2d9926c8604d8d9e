"""EC2 as moto has it, with what it leaves out: NAT gateways that take their time, and parts that other parts hold."""

import itertools

from . import account  # noqa: F401  Sets what moto reads when it is loaded.
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.utils import generic_filter, random_public_ip

NAT_PENDING = 90
NAT_DELETING = 60
# What an account may have in a region until it asks for more.
MOST_VPCS = 5
MOST_ADDRESSES = 5


def backend(region):
    """moto's EC2 of a region."""
    return ec2_backends[account.ACCOUNT][region]


class Network:
    """The networks of one region, as EKS and the load balancers of its clusters use them."""

    def __init__(self, region):
        self._ec2 = backend(region)

    def subnet(self, identity):
        """A subnet, or None."""
        return next((subnet for subnet in self._ec2.describe_subnets() if subnet.id == identity), None)

    def has_group(self, identity):
        return self._ec2.get_security_group_from_id(identity) is not None

    def add_group(self, name, description, vpc, tags):
        """Makes a security group; gives its id."""
        return self._ec2.create_security_group(name, description, vpc, tags).id

    def remove_group(self, identity):
        for groups in self._ec2.groups.values():
            groups.pop(identity, None)

    def add_interface(self, subnet, groups, description, tags=None, public=False):
        """Puts a network interface of the cloud's own into a subnet; gives it."""
        made = self._ec2.create_network_interface(
            self.subnet(subnet), None, group_ids=groups, description=description, tags=tags or {}
        )
        made.status, made.requester_managed = "in-use", True
        if public:
            made.public_ip = random_public_ip()
        return made

    def remove_interfaces(self, identities):
        for identity in identities:
            self._ec2.enis.pop(identity, None)

    def way_out(self, subnet):
        """How machines of a subnet reach the internet: `public`; `private`, which is by a NAT gateway; `unaddressed`,
        where they only lack addresses of their own; or None, not at all.
        """
        tables = self._ec2.describe_route_tables()
        table = next((table for table in tables if subnet.id in table._associations.values()), None)
        table = table or next(
            (table for table in tables if table.vpc_id == subnet.vpc_id and table.main_association_id), None
        )
        for route in table.routes if table else ():
            if route.destination_cidr_block != "0.0.0.0/0":
                continue
            if route.gateway and route.gateway.vpc:
                return "public" if str(subnet.map_public_ip_on_launch).lower() == "true" else "unaddressed"
            if route.nat_gateway and route.nat_gateway.state == "available":
                return "private"
        return None

    def public_subnet(self, vpc):
        """A subnet of a network that load balancers for the internet may use, or None."""
        for subnet in self._ec2.describe_subnets():
            tags = {tag["key"]: tag["value"] for tag in subnet.get_tags()}
            if subnet.vpc_id == vpc and tags.get("kubernetes.io/role/elb") in ("1", ""):
                return subnet
        return None


def machine(kind):
    """Number of processors and the architecture of a kind of machine; None if there is none of that name."""
    known = INSTANCE_TYPES.get(kind)
    if known is None:
        return None
    return known["VCpuInfo"]["DefaultVCpus"], known["ProcessorInfo"]["SupportedArchitectures"][-1]


def mend(agenda):
    """Teaches moto's EC2 what it leaves out. For all regions, once in a process."""
    _mend_nat_gateways(agenda)
    _mend_deletions()
    _mend_quotas()


def _mend_nat_gateways(agenda):
    create, delete = EC2Backend.create_nat_gateway, EC2Backend.delete_nat_gateway

    def create_nat_gateway(ec2, subnet_id, allocation_id, tags=None, connectivity_type="public"):
        made = create(ec2, subnet_id, allocation_id, tags, connectivity_type or "public")
        made.state = "pending"
        made._eni.status, made._eni.requester_managed = "in-use", True
        made._eni.description = f"Interface for NAT Gateway {made.id}"

        def ready():
            if made.state != "pending":
                return
            attached = any(gate.vpc and gate.vpc.id == made.vpc_id for gate in ec2.internet_gateways.values())
            if attached or made.connectivity_type == "private":
                made.state = "available"
            else:
                made.state, made.failure_code = "failed", "Gateway.NotAttached"
                made.failure_message = f"Network {made.vpc_id} has no Internet gateway attached"
                _release(ec2, made)

        agenda.after(NAT_PENDING, ready)
        return made

    def delete_nat_gateway(ec2, nat_gateway_id):
        if nat_gateway_id not in ec2.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} does not exist")
        if ec2.nat_gateways[nat_gateway_id].state in ("deleting", "deleted"):
            return ec2.nat_gateways[nat_gateway_id]
        gone = delete(ec2, nat_gateway_id)
        gone.state = "deleting"

        def deleted():
            gone.state = "deleted"
            _release(ec2, gone)

        agenda.after(NAT_DELETING, deleted)
        return gone

    describe = EC2Backend.describe_nat_gateways

    def describe_nat_gateways(ec2, filters, nat_gateway_ids):
        for missing in set(nat_gateway_ids or ()) - set(ec2.nat_gateways):
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {missing} does not exist")
        tagged = {name: values for name, values in (filters or {}).items() if name.startswith("tag")}
        return generic_filter(tagged, describe(ec2, filters, nat_gateway_ids))

    EC2Backend.create_nat_gateway, EC2Backend.delete_nat_gateway = create_nat_gateway, delete_nat_gateway
    EC2Backend.describe_nat_gateways = describe_nat_gateways


def _release(ec2, gateway):
    """Gives back the address and the interface of a NAT gateway."""
    for address in ec2.addresses:
        if address.eni is not None and address.eni.id == gateway._eni.id:
            address.eni, address.association_id = None, None
    ec2.enis.pop(gateway._eni.id, None)


def _mend_deletions():
    original = {
        name: getattr(EC2Backend, name)
        for name in (
            "delete_subnet",
            "delete_vpc",
            "delete_security_group",
            "delete_network_interface",
            "detach_internet_gateway",
            "release_address",
            "disassociate_address",
        )
    }

    def delete_subnet(ec2, subnet_id):
        if any(interface.subnet.id == subnet_id for interface in ec2.enis.values()):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        gone = original["delete_subnet"](ec2, subnet_id)
        # Its association with a route table ends with it.
        for table in ec2.describe_route_tables():
            for association, target in list(table._associations.items()):
                if target == subnet_id:
                    del table._associations[association]
        return gone

    def delete_vpc(ec2, vpc_id):
        gates = any(gate.vpc and gate.vpc.id == vpc_id for gate in ec2.internet_gateways.values())
        groups = any(not group.is_default for group in ec2.groups.get(vpc_id, {}).values())
        if gates or groups:
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return original["delete_vpc"](ec2, vpc_id)

    def delete_security_group(ec2, name=None, group_id=None):
        if group_id:
            # The group of the network itself goes with the network, by this same way.
            used = any(group.id == group_id for eni in ec2.enis.values() for group in eni.group_set)
            others = itertools.chain.from_iterable(groups.values() for groups in ec2.groups.values())
            named = any(
                rule.source_group.get("GroupId") == group_id
                for other in others
                if other.id != group_id
                for rule in itertools.chain(other.ingress_rules, other.egress_rules)
            )
            if used or named:
                raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return original["delete_security_group"](ec2, name, group_id)

    def delete_network_interface(ec2, eni_id):
        interface = ec2.enis.get(eni_id)
        if interface is not None and interface.status == "in-use":
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        return original["delete_network_interface"](ec2, eni_id)

    def detach_internet_gateway(ec2, internet_gateway_id, vpc_id):
        if any(interface.public_ip for interface in ec2.enis.values() if interface.subnet.vpc_id == vpc_id):
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway."
            )
        return original["detach_internet_gateway"](ec2, internet_gateway_id, vpc_id)

    def release_address(ec2, address=None, allocation_id=None):
        for held in ec2.addresses:
            if held.allocation_id == allocation_id and held.association_id:
                raise EC2ClientError("InvalidIPAddress.InUse", f"Address {held.public_ip} is in use.")
        return original["release_address"](ec2, address, allocation_id)

    def disassociate_address(ec2, address=None, association_id=None):
        for held in ec2.addresses:
            if association_id and held.association_id == association_id and held.eni and held.eni.requester_managed:
                message = "You do not have permission to access the specified resource."
                raise EC2ClientError("AuthFailure", message)
        return original["disassociate_address"](ec2, address, association_id)

    for name, mended in (
        ("delete_subnet", delete_subnet),
        ("delete_vpc", delete_vpc),
        ("delete_security_group", delete_security_group),
        ("delete_network_interface", delete_network_interface),
        ("detach_internet_gateway", detach_internet_gateway),
        ("release_address", release_address),
        ("disassociate_address", disassociate_address),
    ):
        setattr(EC2Backend, name, mended)


def _mend_quotas():
    create_vpc, allocate = EC2Backend.create_vpc, EC2Backend.allocate_address

    def create(ec2, *arguments, **named):
        if len(ec2.vpcs) >= MOST_VPCS:
            raise EC2ClientError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        return create_vpc(ec2, *arguments, **named)

    def allocate_address(ec2, *arguments, **named):
        if len(ec2.addresses) >= MOST_ADDRESSES:
            raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return allocate(ec2, *arguments, **named)

    EC2Backend.create_vpc, EC2Backend.allocate_address = create, allocate_address
