"""A small store of the Resource Manager's objects beside AKS: resource groups, networks, identities, role assignments.

No published package types these here, so that their shapes and rules are hand-written, from Azure's documentation.
"""

import ipaddress
import re
import uuid

from .identity import Identity, parse
from .refusal import Refusal, bad, missing, missing_group

LOCATIONS = ("westeurope", "northeurope", "eastus", "eastus2", "germanywestcentral")
# Seconds until Entra knows a new identity everywhere.
REPLICATION = 30
# Seconds that the removal of a resource group takes after what lies in it is gone.
GROUP_REMOVAL = 120
NETWORK = 5

_TYPES = {
    "microsoft.network/virtualnetworks": "Microsoft.Network/virtualNetworks",
    "microsoft.network/virtualnetworks/subnets": "Microsoft.Network/virtualNetworks/subnets",
    "microsoft.managedidentity/userassignedidentities": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "microsoft.authorization/roleassignments": "Microsoft.Authorization/roleAssignments",
}
# Names of the operations in the journal, as Azure's specifications have them.
NAMES = {
    "Microsoft.Resources/resourceGroups": "ResourceGroups",
    "microsoft.network/virtualnetworks": "VirtualNetworks",
    "microsoft.network/virtualnetworks/subnets": "Subnets",
    "microsoft.managedidentity/userassignedidentities": "UserAssignedIdentities",
    "microsoft.authorization/roleassignments": "RoleAssignments",
}
VERSIONS = {
    "microsoft.resources": ("2021-04-01", "2022-09-01", "2024-03-01", "2024-07-01", "2025-04-01"),
    "microsoft.network": ("2023-11-01", "2024-01-01", "2024-05-01", "2025-01-01"),
    "microsoft.managedidentity": ("2023-01-31", "2024-11-30"),
    "microsoft.authorization": ("2022-04-01",),
}
# Characters that names of tags must not have.
_RESERVED = set("<>%&\\?/")
_ROLE = re.compile(
    r"^/subscriptions/[^/]+/providers/Microsoft\.Authorization/roleDefinitions/[0-9a-f-]{36}$", re.IGNORECASE
)
_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


class Resources:
    """The objects, by their id in lower case."""

    def __init__(self, clock, operations, entra):
        self._clock = clock
        self._operations = operations
        self._entra = entra
        self._objects = {}
        # Principals that Entra does not yet know everywhere, with when it will.
        self._fresh = {}
        # AKS: which clusters lie in a group, which uses a subnet, how a cluster is removed.
        self.clusters = None

    def inventory(self):
        """The ids of what there is."""
        return [str(key) for key in self._objects]

    def busy_until(self):
        """When the last thing that is under way here without an operation is over; None when nothing is."""
        pending = [at for at in self._fresh.values() if at > self._clock.now()]
        return min(pending, default=None)

    def find(self, identity):
        """The object, or None."""
        return self._objects.get(identity.key)

    def group(self, identity):
        """The resource group of an id, which must be one that takes new objects."""
        found = self._objects.get(Identity(identity.subscription, identity.group, None, ()).key)
        if found is None:
            raise missing_group(identity.group)
        if found["properties"]["provisioningState"] == "Deleting":
            raise Refusal(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{identity.group}' is in deprovisioning state and cannot perform this operation.",
            )
        return found

    def get(self, identity):
        self._must_have_group(identity)
        found = self.find(identity)
        if found is None:
            raise missing_group(identity.group) if not identity.provider else missing(identity)
        return found

    def list_group(self, identity):
        """The tracked objects of a resource group, in the order of their ids; AKS knows its own."""
        self.get(identity)
        inside = f"{identity.key}/providers/"
        found = [value for key, value in self._objects.items() if key.startswith(inside) and "location" in value]
        shown = [{name: value[name] for name in ("id", "name", "type", "location", "tags") if name in value}
                 for value in found + self.clusters.list_group(identity)]
        return {"value": sorted(shown, key=lambda value: value["id"].lower())}

    def list_assignments(self, scope, query):
        """Role assignments below a scope, of one principal where the filter says so."""
        principal = re.fullmatch(r"principalId eq '([^']+)'", query.get("$filter", ""))
        if query.get("$filter") and not principal:
            raise bad("The filter is not supported.", code="InvalidFilter")
        found = [
            value
            for key, value in sorted(self._objects.items())
            if "/microsoft.authorization/roleassignments/" in key and key.startswith(scope.lower())
        ]
        if principal:
            found = [value for value in found if value["properties"]["principalId"] == principal.group(1)]
        return {"value": found}

    def put(self, identity, body):
        """Makes or replaces an object; gives it, whether it is new, and its operation if one began."""
        if not isinstance(body, dict):
            raise bad("The request content is not an object.", code="InvalidRequestContent")
        known = self.find(identity)
        for name in body.get("tags") or {}:
            if set(name) & _RESERVED:
                raise bad(f"The tag name '{name}' has reserved characters.", code="InvalidTagNameCharacters")
        if not identity.provider:
            return self._put_group(identity, body, known), known is None, None
        if identity.group:
            self.group(identity)
        kind = identity.type.lower()
        make = {
            "microsoft.network/virtualnetworks": self._network,
            "microsoft.network/virtualnetworks/subnets": self._lone_subnet,
            "microsoft.managedidentity/userassignedidentities": self._identity,
            "microsoft.authorization/roleassignments": self._assignment,
        }[kind]
        value = make(identity, body, known)
        operation = None
        if kind.startswith("microsoft.network"):
            value["properties"]["provisioningState"] = "Updating"
            operation = self._operations.begin(NETWORK, lambda: self._ready(value))
        return value, known is None, operation

    def delete(self, identity):
        """Removes an object, or begins to; gives the operation if one began, and whether there was anything."""
        self._must_have_group(identity)
        found = self.find(identity)
        if found is None:
            if not identity.provider:
                raise missing_group(identity.group)
            return None, False
        if not identity.provider:
            return self._delete_group(identity, found), True
        self._refuse_use(identity)
        kind = identity.type.lower()
        if kind.startswith("microsoft.network"):
            return self._operations.begin(NETWORK, lambda: self._remove(identity)), True
        self._remove(identity)
        return None, True

    def make_node_group(self, subscription, name, location, cluster):
        """The second resource group of a cluster, which is Azure's own."""
        identity = Identity(subscription, name, None, ())
        self._objects[identity.key] = self._shown(identity, {
            "location": location, "managedBy": cluster, "properties": {"provisioningState": "Succeeded"}})

    def remove_tree(self, path):
        """Removes an object and all that lies in it."""
        inside = f"{path.lower()}/"
        for key in [key for key in self._objects if key == path.lower() or key.startswith(inside)]:
            del self._objects[key]

    def _must_have_group(self, identity):
        if identity.provider and identity.group:
            group = Identity(identity.subscription, identity.group, None, ())
            if group.key not in self._objects:
                raise missing_group(identity.group)

    def _put_group(self, identity, body, known):
        _keys(body, "location", "tags", "properties", "managedBy", "id", "name", "type")
        location = _location(body)
        if known and known["location"] != location:
            raise Refusal(
                409,
                "InvalidResourceGroupLocation",
                f"Invalid resource group location '{location}'. The Resource group already exists in location "
                f"'{known['location']}'.",
            )
        if known:
            self.group(identity)
        if not re.fullmatch(r"[\w.()-]{0,89}[\w()-]", identity.group):
            raise bad(f"The resource group name '{identity.group}' is not valid.", code="InvalidResourceGroup")
        value = {"location": location, "tags": body.get("tags") or {}, "properties": {"provisioningState": "Succeeded"}}
        if known and "managedBy" in known:
            value["managedBy"] = known["managedBy"]
        self._objects[identity.key] = self._shown(identity, value)
        return self._objects[identity.key]

    def _delete_group(self, identity, found):
        if found.get("managedBy"):
            cluster = found["managedBy"]
            raise Refusal(
                403,
                "DenyAssignmentAuthorizationFailed",
                f"The resource group is managed by '{cluster}' and cannot be deleted.",
            )
        found["properties"]["provisioningState"] = "Deleting"
        seconds = GROUP_REMOVAL + self.clusters.remove_all(identity)

        def finish():
            self.remove_tree(identity.path)

        return self._operations.begin(seconds, finish, is_location=True)

    def _network(self, identity, body, known):
        _keys(body, "location", "tags", "properties", "id", "name", "type", "etag")
        properties = body.get("properties") or {}
        _keys(properties, "addressSpace", "subnets", "provisioningState", "resourceGuid", "enableDdosProtection",
              "dhcpOptions", "privateEndpointVNetPolicies")
        spaces = [_block(text) for text in (properties.get("addressSpace") or {}).get("addressPrefixes") or []]
        if not spaces:
            raise bad("The address space of a virtual network must not be empty.", code="InvalidRequestFormat")
        subnets = properties.get("subnets") or []
        named = {subnet.get("name", "").lower() for subnet in subnets}
        for key in [key for key in self._objects if key.startswith(f"{identity.key}/subnets/")]:
            if key.rpartition("/")[2] not in named:
                self._refuse_use(parse(key))
                del self._objects[key]
        value = self._shown(identity, {
            "location": _location(body), "tags": body.get("tags") or {}, "etag": f'W/"{uuid.uuid4()}"',
            "properties": {
                "addressSpace": {"addressPrefixes": [str(space) for space in spaces]},
                "resourceGuid": (known or {}).get("properties", {}).get("resourceGuid") or str(uuid.uuid4()),
            }})
        self._objects[identity.key] = value
        for subnet in subnets:
            inner = parse(f"{identity.path}/subnets/{subnet.get('name', '')}")
            self._subnet(inner, subnet, self.find(inner))
        return value

    def _lone_subnet(self, identity, body, known):
        if self.find(identity.parent) is None:
            raise missing(identity.parent)
        return self._subnet(identity, body, known)

    def _subnet(self, identity, body, known):
        _keys(body, "name", "properties", "id", "type", "etag")
        properties = body.get("properties") or {}
        _keys(properties, "addressPrefix", "addressPrefixes", "provisioningState", "delegations", "natGateway",
              "privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies", "defaultOutboundAccess",
              "serviceEndpoints", "networkSecurityGroup", "routeTable", "ipConfigurations")
        texts = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
        blocks = [_block(text) for text in texts]
        spaces = [_block(text) for text in self.find(identity.parent)["properties"]["addressSpace"]["addressPrefixes"]]
        for block in blocks:
            if not any(block.version == space.version and block.subnet_of(space) for space in spaces):
                raise bad(
                    f"Subnet '{identity.name}' is not valid because its IP address range is outside the IP address "
                    f"range of virtual network '{identity.parent.name}'.",
                    code="NetcfgInvalidSubnet",
                )
        for key, other in self._objects.items():
            is_sibling = key.startswith(f"{identity.parent.key}/subnets/") and key != identity.key
            if is_sibling and any(block.overlaps(_block(other["properties"]["addressPrefix"])) for block in blocks):
                raise bad(
                    f"Subnet '{identity.name}' is not valid because its IP address range overlaps with that of an "
                    "existing subnet.",
                    code="NetcfgSubnetRangesOverlap",
                )
        own = ("provisioningState", "addressPrefixes")
        kept = {name: member for name, member in properties.items() if name not in own}
        value = {"etag": f'W/"{uuid.uuid4()}"', "properties": kept | {"addressPrefix": str(blocks[0])}}
        value["properties"]["provisioningState"] = "Succeeded"
        self._objects[identity.key] = self._shown(identity, value)
        return self._objects[identity.key]

    def _identity(self, identity, body, known):
        _keys(body, "location", "tags", "properties", "id", "name", "type")
        principal = str(uuid.uuid4())
        properties = (known or {}).get("properties") or {
            "tenantId": self._entra.tenant, "principalId": principal, "clientId": str(uuid.uuid4())}
        if not known:
            self._fresh[principal] = self._clock.now() + REPLICATION
        self._objects[identity.key] = self._shown(identity, {
            "location": _location(body), "tags": body.get("tags") or {}, "properties": properties})
        return self._objects[identity.key]

    def _assignment(self, identity, body, known):
        _keys(body, "properties", "id", "name", "type")
        properties = body.get("properties") or {}
        _keys(properties, "roleDefinitionId", "principalId", "principalType", "description", "scope")
        role, principal = properties.get("roleDefinitionId", ""), properties.get("principalId", "")
        if not _GUID.match(identity.name):
            raise bad("The role assignment ID is not valid. It must be a GUID.", code="InvalidRoleAssignmentId")
        if not _ROLE.match(role):
            raise bad(f"The role definition '{role}' is not valid.", code="InvalidRoleDefinitionId")
        scope = parse(identity.scope) if identity.scope else None
        if scope and scope.provider and self.find(scope) is None and not self.clusters.has(scope):
            raise missing(scope)
        is_known = any(
            value["properties"].get("principalId") == principal
            for key, value in self._objects.items()
            if "/userassignedidentities/" in key
        )
        is_replicated = self._fresh.get(principal, 0) <= self._clock.now()
        # Who says what the principal is spares Azure the look into Entra.
        if not is_known or not (is_replicated or properties.get("principalType") == "ServicePrincipal"):
            raise bad(
                f"Principal {principal} does not exist in the directory {self._entra.tenant}. Check that you have the "
                "correct principal ID. If you are creating this principal and then immediately assigning a role, this "
                "error might be related to a replication delay. In this case, set the role assignment principalType "
                "property to a value, such as ServicePrincipal, User, or Group.",
                code="PrincipalNotFound",
            )
        for key, other in self._objects.items():
            same = key.startswith(f"{identity.scope.lower()}/providers/microsoft.authorization/roleassignments/")
            told = other["properties"]
            if same and key != identity.key and (told["roleDefinitionId"].lower(), told["principalId"]) == (
                role.lower(), principal):
                raise Refusal(409, "RoleAssignmentExists", "The role assignment already exists.")
        if known and known["properties"]["principalId"] != principal:
            raise Refusal(
                400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not "
                "allowed to be updated.")
        self._objects[identity.key] = self._shown(identity, {"properties": {
            "roleDefinitionId": role, "principalId": principal, "scope": identity.scope,
            "principalType": properties.get("principalType", "ServicePrincipal")}})
        return self._objects[identity.key]

    def _refuse_use(self, identity):
        """Refuses the removal of a network that a cluster lies in."""
        user = self.clusters.user_of(identity.path)
        if user:
            subnet, cluster = user
            raise Refusal(
                400,
                "InUseSubnetCannotBeDeleted",
                f"Subnet {subnet} is in use by {cluster} and cannot be deleted. In order to delete the subnet, delete "
                "all the resources within the subnet.",
            )

    def _remove(self, identity):
        self.remove_tree(identity.path)

    def _ready(self, value):
        value["properties"]["provisioningState"] = "Succeeded"

    def show(self, value):
        """An object as it is answered: a network with its subnets."""
        if value["type"].lower() != "microsoft.network/virtualnetworks":
            return value
        inside = f"{value['id'].lower()}/subnets/"
        subnets = [member for key, member in sorted(self._objects.items()) if key.startswith(inside)]
        return value | {"properties": value["properties"] | {"subnets": subnets}}

    def _shown(self, identity, value):
        kind = _TYPES.get(identity.type.lower(), identity.type)
        return {"id": identity.path, "name": identity.name, "type": kind} | value


def _keys(body, *known):
    for name in body:
        if name not in known:
            raise bad(f"Could not find member '{name}' on the object.", name, "InvalidRequestContent")


def _location(body):
    location = (body.get("location") or "").replace(" ", "").lower()
    if not location:
        raise bad("The location property is required for this definition.", code="LocationRequired")
    if location not in LOCATIONS:
        raise bad(
            f"The provided location '{location}' is not available for resource type. List of available regions is "
            f"'{','.join(LOCATIONS)}'.",
            code="LocationNotAvailableForResourceType",
        )
    return location


def _block(text):
    try:
        return ipaddress.ip_network(text or "")
    except ValueError as error:
        raise bad(f"The address prefix '{text}' is not valid: {error}", code="InvalidCIDRNotation") from error
