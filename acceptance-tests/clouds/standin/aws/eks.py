"""EKS of one region: its clusters, and the way from a request to what it does."""

import json

from . import access, add_on_calls, cluster_calls, group_calls, update_calls
from .access import Entry
from .cluster import GONE
from .network import Network
from .wire import Refusal

MODULES = (cluster_calls, update_calls, group_calls, add_on_calls, access)
OPERATIONS = {name: call for module in MODULES for name, call in module.OPERATIONS.items()}


class Region:
    """What EKS has in a region."""

    def __init__(self, name, agenda, account, fleet, faults):
        self.name = name
        self.agenda = agenda
        self.account = account
        self.fleet = fleet
        self.network = Network(name)
        self.clusters = {}
        self._faults = faults
        # What a client's token stands for: the request and its answer.
        self._tokens = {}

    def serve(self, operation, caller, given):
        """Does an operation; gives its output."""
        if operation not in OPERATIONS:
            raise Refusal("ServerException", f"this stand-in does not have {operation}")
        token = given.pop("clientRequestToken", None)
        request = json.dumps([operation, given], sort_keys=True)
        seen, key, made = self._tokens.get((operation, token), (None, None, None))
        if token is None or made is None or getattr(made, "status", None) == GONE:
            answer = OPERATIONS[operation](self, caller, given)
            if isinstance(answer, dict):
                return answer
            key, made = answer
            self._tokens[(operation, token)] = (request, key, made)
        elif seen != request:
            message = "The client request token was used with other parameters before."
            raise Refusal("InvalidParameterException", message)
        return {key: made.describe()}

    def late(self, operation):
        """How an operation fails in the end, if a test ordered that: an issue or an error."""
        fault = self._faults.take(f"{operation}/late")
        return dict(fault.body) if fault else None

    def cluster(self, name):
        if name not in self.clusters:
            message = f"No cluster found for name: {name}."
            raise Refusal("ResourceNotFoundException", message, clusterName=name)
        return self.clusters[name]

    def group(self, given):
        cluster, name = self.cluster(given["clusterName"]), given["nodegroupName"]
        if name not in cluster.groups:
            message = f"No node group found for name: {name}."
            raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name, nodegroupName=name)
        return cluster.groups[name]

    def add_on(self, given):
        cluster, name = self.cluster(given["clusterName"]), given["addonName"]
        if name not in cluster.add_ons:
            message = f"No addon: {name} found in cluster: {cluster.name}"
            raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name, addonName=name)
        return cluster.add_ons[name]

    def tagged(self, arn):
        """What has an ARN."""
        for cluster in self.clusters.values():
            parts = (cluster.groups, cluster.add_ons, cluster.entries, cluster.associations)
            for held in (cluster, *(one for part in parts for one in part.values())):
                if held.arn == arn:
                    return held
        raise Refusal("NotFoundException", f"No resource found for ARN: {arn}")

    def grant_nodes(self, cluster, role):
        """Lets nodes of a role into a cluster, as EKS does by itself."""
        if cluster.authentication_mode != "CONFIG_MAP" and role not in cluster.entries:
            name = "system:node:{{EC2PrivateDNSName}}"
            cluster.entries[role] = Entry(cluster, role, ["system:nodes"], "EC2_LINUX", name)

    @staticmethod
    def page(name, values, given):
        """A page of a list, as `maxResults` and `nextToken` ask for it."""
        try:
            first = int(given.get("nextToken") or 0)
        except ValueError:
            raise Refusal("InvalidParameterException", "the nextToken is not one of this list") from None
        last = first + given.get("maxResults", 100)
        return {name: values[first:last], "nextToken": str(last) if last < len(values) else None}
