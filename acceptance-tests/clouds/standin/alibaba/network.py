"""VPC: networks, vSwitches, NAT gateways and public addresses, and who holds them."""

import ipaddress
import itertools
import uuid
from datetime import UTC, datetime

from .errors import Refused, invalid

# How long a network or a vSwitch is `Pending`, in seconds.
MAKING = 5
# Networks that an account may have in a region.
MOST_VPCS = 10


class Network:
    """The network of the account."""

    def __init__(self, timeline, region):
        self._timeline = timeline
        self._region = region
        self._numbers = itertools.count(1)
        self._tokens = {}
        self.zones = [f"{region}-{letter}" for letter in "hij"]
        self.vpcs = {}
        self.vswitches = {}
        self.nats = {}
        self.addresses = {}
        # What ACK and its clusters hold: `{id: {"kind", "vpc", "vswitch", "cluster"}}`.
        self.holders = {}

    def id(self, prefix):
        return f"{prefix}-{uuid.uuid4().hex[:18]}"

    def _region_of(self, request):
        if request.get("RegionId", self._region) != self._region:
            raise Refused(404, "InvalidRegionId.NotFound", "The specified region does not exist.")

    def _once(self, action, request, make):
        """Makes it, or gives what was made with the same token before."""
        token = request.get("ClientToken")
        key = action, token
        if token and key in self._tokens:
            earlier, answer = self._tokens[key]
            if earlier != request:
                raise Refused(400, "IdempotentParameterMismatch", "The token was used with other parameters.")
            return answer
        answer = make()
        if token:
            self._tokens[key] = request, answer
        return answer

    def create_vpc(self, request):
        self._region_of(request)
        return self._once("CreateVpc", request, lambda: self._create_vpc(request))

    def _create_vpc(self, request):
        if len(self.vpcs) >= MOST_VPCS:
            raise Refused(400, "QuotaExceeded.Vpc", "The maximum number of VPCs is exceeded.")
        cidr = _block("CidrBlock", request.get("CidrBlock", "172.16.0.0/12"), 8, 28)
        if not cidr.is_private:
            raise Refused(400, "InvalidCidrBlock.Malformed", "The CidrBlock must be a private one.")
        vpc = {
            "VpcId": self.id("vpc"),
            "RegionId": self._region,
            "Status": "Pending",
            "VpcName": request.get("VpcName", ""),
            "Description": request.get("Description", ""),
            "CidrBlock": str(cidr),
            "CreationTime": self._time(),
            "VRouterId": self.id("vrt"),
            "IsDefault": False,
            "Tags": {"Tag": _tags(request)},
        }
        self.vpcs[vpc["VpcId"]] = vpc
        self._timeline.after(MAKING, lambda: vpc.update(Status="Available"))
        return {"VpcId": vpc["VpcId"], "VRouterId": vpc["VRouterId"], "RouteTableId": self.id("vtb")}

    def create_vswitch(self, request):
        self._region_of(request)
        return self._once("CreateVSwitch", request, lambda: self._create_vswitch(request))

    def _create_vswitch(self, request):
        vpc = self._vpc(request["VpcId"])
        if vpc["Status"] != "Available":
            raise Refused(400, "IncorrectVpcStatus", "The VPC is not in a state to be changed.")
        if request["ZoneId"] not in self.zones:
            raise Refused(404, "InvalidZoneId.NotFound", "The specified zone does not exist.")
        cidr = _block("CidrBlock", request.get("CidrBlock", ""), 16, 29)
        if not cidr.subnet_of(ipaddress.ip_network(vpc["CidrBlock"])):
            raise Refused(400, "InvalidCidrBlock.NotInVpcCidr", "The CidrBlock is not within that of the VPC.")
        for other in self._of_vpc(vpc["VpcId"]):
            if cidr.overlaps(ipaddress.ip_network(other["CidrBlock"])):
                raise Refused(400, "InvalidCidrBlock.Overlapped", "The CidrBlock overlaps that of another vSwitch.")
        vswitch = {
            "VSwitchId": self.id("vsw"),
            "VpcId": vpc["VpcId"],
            "Status": "Pending",
            "CidrBlock": str(cidr),
            "ZoneId": request["ZoneId"],
            # The first and the last three addresses are the cloud's own.
            "AvailableIpAddressCount": cidr.num_addresses - 4,
            "VSwitchName": request.get("VSwitchName", ""),
            "Description": request.get("Description", ""),
            "CreationTime": self._time(),
            "IsDefault": False,
            "Tags": {"Tag": _tags(request)},
        }
        self.vswitches[vswitch["VSwitchId"]] = vswitch
        self._timeline.after(MAKING, lambda: vswitch.update(Status="Available"))
        return {"VSwitchId": vswitch["VSwitchId"]}

    def describe_vpcs(self, request):
        self._region_of(request)
        ids = request["VpcId"].split(",") if request.get("VpcId") else None
        found = [vpc for vpc in self.vpcs.values() if ids is None or vpc["VpcId"] in ids]
        name = request.get("VpcName")
        found = [vpc for vpc in found if name in (None, vpc["VpcName"]) and _has_tags(vpc, request)]
        for vpc in found:
            vpc["VSwitchIds"] = {"VSwitchId": [known["VSwitchId"] for known in self._of_vpc(vpc["VpcId"])]}
            nats = [nat["NatGatewayId"] for nat in self.nats.values() if nat["VpcId"] == vpc["VpcId"]]
            vpc["NatGatewayIds"] = {"NatGatewayIds": nats}
        return _page(request, found, "Vpcs", "Vpc")

    def describe_vswitches(self, request):
        self._region_of(request)
        if not request.get("RegionId") and not request.get("VpcId"):
            raise Refused(400, "MissingParameter", "Either RegionId or VpcId is required.")
        filters = (("VpcId", "VpcId"), ("VSwitchId", "VSwitchId"), ("ZoneId", "ZoneId"), ("VSwitchName", "VSwitchName"))
        found = list(self.vswitches.values())
        for given, name in filters:
            found = [vswitch for vswitch in found if request.get(given) in (None, vswitch[name])]
        return _page(request, [known for known in found if _has_tags(known, request)], "VSwitches", "VSwitch")

    def describe_zones(self, request):
        self._region_of(request)
        return {"Zones": {"Zone": [{"ZoneId": zone, "LocalName": zone} for zone in self.zones]}}

    def describe_nat_gateways(self, request):
        self._region_of(request)
        wanted = request.get("VpcId")
        return _page(
            request, [nat for nat in self.nats.values() if wanted in (None, nat["VpcId"])], "NatGateways", "NatGateway"
        )

    def describe_eip_addresses(self, request):
        self._region_of(request)
        return _page(request, list(self.addresses.values()), "EipAddresses", "EipAddress")

    def delete_vswitch(self, request):
        vswitch = self.vswitch(request["VSwitchId"])
        if vswitch["Status"] != "Available":
            raise Refused(400, "IncorrectVSwitchStatus", "The vSwitch is not in a state to be changed.")
        for holder in self.holders.values():
            if holder["vswitch"] == vswitch["VSwitchId"]:
                raise Refused(400, "DependencyViolation", f"The vSwitch is in use by {holder['kind']} {holder['id']}.")
        del self.vswitches[vswitch["VSwitchId"]]
        return {}

    def delete_vpc(self, request):
        vpc = self._vpc(request["VpcId"])
        if self._of_vpc(vpc["VpcId"]):
            raise Refused(400, "DependencyViolation.VSwitch", "There are still vSwitches in the VPC.")
        for holder in self.holders.values():
            if holder["vpc"] == vpc["VpcId"]:
                raise Refused(400, "DependencyViolation", f"The VPC is in use by {holder['kind']} {holder['id']}.")
        del self.vpcs[vpc["VpcId"]]
        return {}

    def _vpc(self, vpc):
        if vpc not in self.vpcs:
            raise Refused(404, "InvalidVpcId.NotFound", f"The specified VPC {vpc} does not exist.")
        return self.vpcs[vpc]

    def vswitch(self, vswitch):
        if vswitch not in self.vswitches:
            raise Refused(404, "InvalidVSwitchId.NotFound", f"The specified vSwitch {vswitch} does not exist.")
        return self.vswitches[vswitch]

    def _of_vpc(self, vpc):
        return [vswitch for vswitch in self.vswitches.values() if vswitch["VpcId"] == vpc]

    def hold(self, kind, prefix, cluster, vswitch):
        """Something of a cluster that lies in a vSwitch and keeps it from being deleted; gives its id."""
        made = self.id(prefix)
        vpc = self.vswitches[vswitch]["VpcId"]
        self.holders[made] = {"id": made, "kind": kind, "vpc": vpc, "vswitch": vswitch, "cluster": cluster}
        return made

    def hold_vpc(self, kind, prefix, cluster, vpc):
        """The same in no vSwitch."""
        made = self.id(prefix)
        self.holders[made] = {"id": made, "kind": kind, "vpc": vpc, "vswitch": None, "cluster": cluster}
        return made

    def free(self, made):
        self.holders.pop(made, None)
        self.nats.pop(made, None)
        self.addresses.pop(made, None)

    def open_to_internet(self, cluster, vswitch):
        """A NAT gateway with an address; gives their ids."""
        nat = self.hold("NatGateway", "ngw", cluster, vswitch)
        self.nats[nat] = {
            "NatGatewayId": nat,
            "VpcId": self.vswitches[vswitch]["VpcId"],
            "RegionId": self._region,
            "Status": "Available",
            "NatType": "Enhanced",
        }
        return nat, self.address(nat, "Nat")

    def address(self, instance, kind):
        made = self.id("eip")
        self.addresses[made] = {
            "AllocationId": made,
            "IpAddress": f"203.0.113.{next(self._numbers) % 250 + 1}",
            "InstanceId": instance,
            "InstanceType": kind,
            "RegionId": self._region,
            "Status": "InUse",
        }
        return made

    def _time(self):
        return datetime.fromtimestamp(self._timeline.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _block(name, text, shortest, longest):
    try:
        block = ipaddress.ip_network(text)
    except ValueError:
        raise Refused(400, "InvalidCidrBlock.Malformed", f"{text!r} is no {name}.") from None
    if not shortest <= block.prefixlen <= longest:
        raise invalid(name, f"the prefix must be of {shortest} to {longest} bits")
    return block


def _tags(request):
    tags = request.get("Tag", [])
    for tag in tags:
        if tag.get("Key", "").startswith(("aliyun", "acs:")):
            raise Refused(400, "InvalidTagKey", "A tag's key must not begin with aliyun or acs:.")
    return [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in tags]


def _has_tags(found, request):
    known = {tag["Key"]: tag["Value"] for tag in found["Tags"]["Tag"]}
    return all(known.get(tag["Key"]) == tag.get("Value", known.get(tag["Key"])) for tag in request.get("Tag", []))


def _page(request, found, many, one):
    size, page = request.get("PageSize", 10), request.get("PageNumber", 1)
    if not 1 <= size <= 50:
        raise invalid("PageSize", "1 to 50 are allowed")
    part = found[(page - 1) * size : page * size]
    return {"PageNumber": page, "PageSize": size, "TotalCount": len(found), many: {one: part}}
