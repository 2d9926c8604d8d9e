"""AKS: the clusters, their states and their operations. Pools lie in `pools.py`."""

import ipaddress

from . import inside, rules, schema
from .identity import Identity, parse
from .objects import Cluster, Pool, check_conditions, check_tags, refuse_while_busy, shown_id, status
from .refusal import Refusal, bad, missing

CREATE, CHANGE, UPGRADE, DELETE = 600, 90, 600, 300


class Clusters:
    """All clusters of a subscription."""

    def __init__(self, clock, operations, resources, fleet, entra):
        self._clock = clock
        self.operations = operations
        self._resources = resources
        self._fleet = fleet
        self._entra = entra
        self.clusters = {}

    # What the rest of the Resource Manager asks.

    def has(self, identity):
        return identity.key in self.clusters

    def user_of(self, path):
        """The subnet below a path that a cluster lies in, and the cluster."""
        path = path.lower()
        for cluster in self.clusters.values():
            for pool in cluster.pools.values():
                subnet = pool.properties.get("vnetSubnetID", "")
                if subnet.lower() == path or subnet.lower().startswith(f"{path}/subnets/"):
                    scale_set = f"aks-{pool.name}-{cluster.uid[:8]}-vmss"
                    group = f"/subscriptions/{cluster.identity.subscription}/resourceGroups/{cluster.node_group}"
                    return subnet, f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}"
        return None

    def list_group(self, group):
        """The clusters of a group as the Resource Manager lists them."""
        inside_group = f"{group.key}/"
        return [{"id": shown_id(cluster.identity), "name": cluster.identity.name,
                 "type": "Microsoft.ContainerService/managedClusters"}
                | {name: cluster.body[name] for name in ("location", "tags") if name in cluster.body}
                for key, cluster in self.clusters.items() if key.startswith(inside_group)]

    def remove_all(self, group):
        """Begins the removal of all clusters of a group; gives the seconds it takes."""
        inside_group = f"{group.key}/"
        doomed = [cluster for key, cluster in self.clusters.items() if key.startswith(inside_group)]
        for cluster in doomed:
            self._remove(cluster)
        return DELETE if doomed else 0

    def cores(self, location):
        pools = [pool.properties for cluster in self.clusters.values() if cluster.body["location"] == location
                 for pool in cluster.pools.values()]
        return rules.cores(pools)

    # The service's own operations.

    def list(self, group=None):
        """The clusters of a group that exists, or of the subscription, as AKS shows them."""
        if group is not None:
            self._resources.get(group)
        inside_group = f"{group.key}/" if group else ""
        found = [cluster for key, cluster in self.clusters.items() if key.startswith(inside_group)]
        return [self.show(cluster) for cluster in found]

    def find(self, identity):
        """The cluster of an id, or of a pool's."""
        segments = identity.segments[:1]
        own = Identity(identity.subscription, identity.group, identity.provider, segments)
        cluster = self.clusters.get(own.key)
        if cluster is None:
            self._resources.get(Identity(identity.subscription, identity.group, None, ()))
            raise missing(own)
        return cluster

    def put(self, identity, body, conditions):
        """Makes or replaces a cluster; gives it, whether it is new, and the operation."""
        self._resources.group(identity)
        taken = schema.accept("ManagedCluster", body)
        if not isinstance(body.get("location"), str):
            raise bad("The location property is required for this definition.", code="LocationRequired")
        taken["location"] = body["location"].replace(" ", "").lower()
        known = self.clusters.get(identity.key)
        check_conditions(conditions, known and known.etag, f"managed cluster {identity.name}")
        if known is None:
            return self._create(identity, taken)
        return self._replace(known, taken)

    def delete(self, identity, conditions):
        """Begins the removal of a cluster; None when there is none."""
        self._resources.get(Identity(identity.subscription, identity.group, None, ()))
        cluster = self.clusters.get(identity.key)
        if cluster is None:
            return None
        check_conditions(conditions, cluster.etag, f"managed cluster {identity.name}")
        refuse_while_busy(cluster)
        return self._remove(cluster)

    def show(self, cluster):
        """A cluster as AKS shows it, with its ids in another case than they were given."""
        identity, properties = cluster.identity, dict(cluster.properties)
        host = f"{properties['dnsPrefix']}-{cluster.uid[:8]}.hcp.{cluster.body['location']}.azmk8s.io"
        is_private = properties.get("apiServerAccessProfile", {}).get("enablePrivateCluster")
        shown = cluster.body | {
            "id": shown_id(identity),
            "name": identity.name,
            "type": "Microsoft.ContainerService/ManagedClusters",
            "eTag": cluster.etag,
        }
        shown["identity"] = self._identity(cluster)
        properties |= status(cluster.problem) | {
            "provisioningState": cluster.state,
            "powerState": {"code": "Running"},
            "currentKubernetesVersion": cluster.version,
            "maxAgentPools": 100,
            "resourceUID": cluster.uid,
            "agentPoolProfiles": [{"name": pool.name} | pool.show() for pool in cluster.pools.values()],
            "azurePortalFQDN": f"portal-{host}",
        }
        properties["privateFQDN" if is_private else "fqdn"] = host
        if properties.get("oidcIssuerProfile", {}).get("enabled"):
            issuer = f"https://{cluster.body['location']}.oic.prod-aks.azure.com/{self._entra.tenant}/{cluster.uid}/"
            properties["oidcIssuerProfile"] = {"enabled": True, "issuerURL": issuer}
        return schema.show("ManagedCluster", shown | {"properties": properties})

    def upgrades(self, cluster):
        """What the cluster can be upgraded to."""
        at = int(rules.minor(cluster.version).split(".")[1])
        names = [patch for name, patches in rules.VERSIONS.items() for patch in patches
                 if int(name.split(".")[1]) in (at, at + 1) and patch > cluster.version]
        profile = {"kubernetesVersion": cluster.version, "osType": "Linux",
                   "upgrades": [{"kubernetesVersion": name} for name in names]}
        pools = [{"name": pool.name, "osType": "Linux", "kubernetesVersion": pool.version}
                 for pool in cluster.pools.values()]
        return schema.show("ManagedClusterUpgradeProfile", {
            "id": f"{shown_id(cluster.identity)}/upgradeprofiles/default", "name": "default",
            "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
            "properties": {"controlPlaneProfile": profile, "agentPoolProfiles": pools}})

    def credentials(self, cluster, is_admin):
        """The kubeconfigs of a cluster; those of local accounts where there are such."""
        if cluster.backend is None:
            raise Refusal(409, "OperationNotAllowed", "The cluster has no credentials yet; it is being created.")
        is_local = not cluster.properties.get("disableLocalAccounts")
        if is_admin and not is_local:
            raise bad("Getting static credential is not allowed because this cluster is set to disable local accounts.")
        name = "clusterAdmin" if is_admin else "clusterUser"
        if is_admin or (is_local and not cluster.properties.get("aadProfile")):
            value = inside.local_config(cluster, name, self._clock.now())
        else:
            value = inside.entra_config(cluster, self._entra.tenant)
        return schema.show("CredentialResults", {"kubeconfigs": [{"name": name, "value": value}]})

    def versions(self):
        """The versions that a region offers."""
        values = []
        for name, patches in rules.VERSIONS.items():
            following = f"{name.split('.')[0]}.{int(name.split('.')[1]) + 1}"
            newer = list(rules.VERSIONS.get(following, ()))
            upgrades = {patch: {"upgrades": [*(p for p in patches if p > patch), *newer]} for patch in patches}
            values.append({
                "version": name,
                "isPreview": None,
                "isDefault": True if name == rules.DEFAULT else None,
                "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
                "patchVersions": upgrades,
            })
        return schema.show("KubernetesVersionListResult", {"values": values})

    # The state machine.

    def begin(self, seconds, finish, abort):
        return self.operations.begin(seconds, finish, abort)

    def _create(self, identity, taken):
        if not rules.CLUSTER_NAME.match(identity.name):
            raise bad(f"The cluster name '{identity.name}' is not valid.", "name", "InvalidParameter")
        cluster = Cluster(identity, self._filled(identity, taken))
        properties = cluster.properties
        wanted = properties.pop("agentPoolProfiles", [])
        self._check(cluster, wanted)
        cluster.version = rules.full_version(properties["kubernetesVersion"])
        for pool in wanted:
            name = pool.pop("name", None)
            self._add(cluster, name, pool)
        pools = [pool.properties for pool in cluster.pools.values()]
        rules.check_quota(rules.cores(pools), self.cores(cluster.body["location"]), cluster.body["location"])
        self.clusters[cluster.key] = cluster
        self._resources.make_node_group(
            identity.subscription, cluster.node_group, cluster.body["location"], identity.path)

        def finish():
            rules.check_stock(pools)
            cluster.backend = self._fleet.take(cluster.key)
            inside.install(cluster)
            self.settle(cluster)

        return cluster, True, self.begin(CREATE, finish, lambda refusal: self.fail(cluster, refusal))

    def _add(self, cluster, name, properties):
        pool = Pool(name, rules.fill_pool(properties))
        rules.check_pool(pool.properties, name, "properties.agentPoolProfiles")
        if name in cluster.pools:
            raise bad(f"The agent pool name '{name}' is used twice.", code="InvalidParameter")
        pool.properties.setdefault("orchestratorVersion", cluster.properties["kubernetesVersion"])
        pool.version = rules.full_version(pool.properties["orchestratorVersion"])
        rules.check_skew(pool.version, cluster.version)
        self.check_subnet(pool.properties)
        cluster.pools[name] = pool
        return pool

    def check_subnet(self, pool):
        """Refuses a subnet that there is not."""
        subnet = pool.get("vnetSubnetID")
        if subnet and (parse(subnet) is None or self._resources.find(parse(subnet)) is None):
            raise bad(f"The subnet '{subnet}' could not be found. Please make sure the subnet exists.",
                      "properties.agentPoolProfiles.vnetSubnetID", "VnetSubnetNotFound")

    def _filled(self, identity, taken):
        """What was asked for, with the defaults of AKS."""
        properties = dict(taken.get("properties", {}))
        properties.pop("status", None)
        check_tags(taken.get("tags", {}))
        location = taken["location"]
        group = f"MC_{identity.group}_{identity.name}_{location}"[:80]
        network = {
            "networkPlugin": "azure", "networkPluginMode": "overlay", "networkDataplane": "azure",
            "podCidr": "10.244.0.0/16", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10", "loadBalancerSku": "standard",
            "outboundType": "loadBalancer",
        } | properties.get("networkProfile", {})
        properties = {"kubernetesVersion": rules.DEFAULT, "nodeResourceGroup": group, "enableRBAC": True,
                      "disableLocalAccounts": False, "supportPlan": "KubernetesOfficial"} | properties
        properties["networkProfile"] = network
        self._check_blocks(network, properties.get("agentPoolProfiles", []))
        sku = {"name": "Base", "tier": "Free"} | taken.get("sku", {})
        return taken | {"properties": properties, "sku": sku}

    def _check_blocks(self, network, pools):
        """Refuses a network of Services or Pods that overlaps with that of the nodes."""
        for pool in pools:
            subnet = parse(pool.get("vnetSubnetID", "")) and self._resources.find(parse(pool["vnetSubnetID"]))
            if not subnet:
                continue
            nodes = ipaddress.ip_network(subnet["properties"]["addressPrefix"])
            for name, code in (("serviceCidr", "ServiceCidrOverlapExistingSubnetsCidr"),
                               ("podCidr", "PodCidrOverlapExistingSubnetsCidr")):
                if nodes.overlaps(ipaddress.ip_network(network[name])):
                    raise bad(f"The specified {name} {network[name]} is conflicted with an existing subnet CIDR "
                              f"{nodes}.", f"networkProfile.{name}", code)

    def _check(self, cluster, pools):
        properties = cluster.properties
        if not properties.get("dnsPrefix"):
            raise bad("Provisioning of resource(s) for managed cluster failed: dnsPrefix is required.",
                      "properties.dnsPrefix", "InvalidParameter")
        kind = cluster.body.get("identity", {}).get("type", "None")
        if kind == "None":
            raise bad("A managed identity or a service principal is required.", "identity", "InvalidParameter")
        names = list(cluster.body.get("identity", {}).get("userAssignedIdentities") or {})
        if (kind == "UserAssigned") != bool(names):
            raise bad("identity.userAssignedIdentities must hold one identity for type UserAssigned only.", "identity",
                      "InvalidParameter")
        for name in names:
            if parse(name) is None or self._resources.find(parse(name)) is None:
                raise bad(f"The user assigned identity '{name}' could not be found.", "identity", "IdentityNotFound")
        if properties.get("disableLocalAccounts") and not properties.get("aadProfile"):
            raise bad("disableLocalAccounts needs Microsoft Entra integration: set aadProfile.",
                      "properties.disableLocalAccounts", "BadRequest")
        if not any(pool.get("mode") == "System" for pool in pools):
            raise bad("Must define at least one agent pool of mode System.", "properties.agentPoolProfiles",
                      "InvalidParameter")

    def _replace(self, cluster, taken):
        refuse_while_busy(cluster)
        if taken["location"] != cluster.body["location"]:
            raise Refusal(409, "InvalidResourceLocation",
                          f"The resource '{cluster.identity.name}' already exists in location "
                          f"'{cluster.body['location']}'. A resource with the same name cannot be created in location "
                          f"'{taken['location']}'.")
        # What Azure chose at first is kept where the request does not say it.
        kept = {name: cluster.properties[name] for name in ("kubernetesVersion", "nodeResourceGroup")}
        if not taken.get("properties", {}).get("dnsPrefix"):
            kept["dnsPrefix"] = cluster.properties["dnsPrefix"]
        taken["properties"] = kept | taken.get("properties", {})
        body = self._filled(cluster.identity, taken)
        wanted = {pool.pop("name", None): pool for pool in body["properties"].pop("agentPoolProfiles", [])}
        candidate = Cluster(cluster.identity, body)
        self._check(candidate, wanted.values())
        rules.check_fixed(cluster.properties, body["properties"], rules.FIXED, "properties")
        before, after = cluster.properties["networkProfile"], body["properties"]["networkProfile"]
        rules.check_fixed(before, after, rules.FIXED_NETWORK, "properties.networkProfile")
        version = rules.full_version(body["properties"]["kubernetesVersion"], cluster.version)
        rules.check_upgrade(cluster.version, version)
        pools = self._replaced_pools(cluster, wanted, version)
        rules.check_quota(
            rules.cores(pool.properties for pool in pools.values()),
            self.cores(cluster.body["location"]) - rules.cores(pool.properties for pool in cluster.pools.values()),
            cluster.body["location"])
        is_upgrade = version != cluster.version
        cluster.body, cluster.state = body, "Upgrading" if is_upgrade else "Updating"
        cluster.pools = pools
        cluster.touch()

        def finish():
            rules.check_stock([pool.properties for pool in pools.values()])
            cluster.version = version
            self.settle(cluster)

        seconds = UPGRADE if is_upgrade else CHANGE
        operation = self.begin(seconds, finish, lambda refusal: self.fail(cluster, refusal))
        return cluster, False, operation

    def _replaced_pools(self, cluster, wanted, version):
        """The pools after a PUT of the cluster: a pool that it leaves out is removed with it."""
        pools = {}
        for name, properties in wanted.items():
            old = cluster.pools.get(name)
            filled = rules.fill_pool(properties)
            rules.check_pool(filled, name, "properties.agentPoolProfiles")
            self.check_subnet(filled)
            pool = Pool(name, filled)
            pool.state = "Updating" if old else "Creating"
            asked = filled.setdefault(
                "orchestratorVersion", (old.properties if old else cluster.properties).get("orchestratorVersion")
                or cluster.properties["kubernetesVersion"])
            pool.version = rules.full_version(asked, old and old.version)
            if old:
                rules.check_fixed(old.properties, filled, rules.FIXED_POOL, "properties.agentPoolProfiles")
            rules.check_skew(pool.version, version)
            pools[name] = pool
        return pools

    def _remove(self, cluster):
        cluster.state = "Deleting"
        for pool in cluster.pools.values():
            pool.state = "Deleting"

        def finish():
            self.clusters.pop(cluster.key, None)
            subscription = cluster.identity.subscription
            self._resources.remove_tree(f"/subscriptions/{subscription}/resourceGroups/{cluster.node_group}")
            self._fleet.release(cluster.key)

        return self.operations.begin(DELETE, finish)

    def settle(self, cluster):
        """All is well: what Kubernetes is to show is shown."""
        cluster.state, cluster.problem = "Succeeded", None
        for pool in cluster.pools.values():
            pool.state = "Succeeded"
        inside.show_nodes(cluster)

    def fail(self, cluster, refusal):
        cluster.state, cluster.problem = "Failed", refusal.error()
        for pool in cluster.pools.values():
            pool.state = "Failed"

    def _identity(self, cluster):
        told = cluster.body["identity"]
        if told["type"] == "SystemAssigned":
            return told | {"principalId": cluster.principal, "tenantId": self._entra.tenant}
        shown = {}
        for name in told["userAssignedIdentities"]:
            known = self._resources.find(parse(name))
            members = known["properties"] if known else {}
            shown[name] = {key: members[key] for key in ("clientId", "principalId") if key in members}
        return told | {"userAssignedIdentities": shown}
