"""Load balancers of Services: each holds an interface and a security group until its Service is gone.

Nobody tells the cloud of a Service; it looks when it is asked for what they hold.
"""

import hashlib

# A load balancer goes that long after its Service.
REMOVING = 30


class Balancers:
    """Those of one cluster."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._held = {}

    def look(self):
        """Makes load balancers for new Services, and removes those of Services that are gone."""
        cluster = self._cluster
        if cluster.backend is None:
            return
        wanted = {tuple(service) for service in cluster.backend.load_balancers()}
        for service in wanted - set(self._held):
            self._make(service)
        for service in set(self._held) - wanted:
            held = self._held.pop(service)
            cluster.agenda.after(REMOVING, lambda held=held: self._remove(held))

    def _make(self, service):
        cluster, network = self._cluster, self._cluster.network
        subnet = network.public_subnet(cluster.vpc)
        # Without a subnet for it, a Service waits for its load balancer.
        if subnet is None:
            return
        name = "a" + hashlib.sha256("/".join((cluster.arn, *service)).encode()).hexdigest()[:31]
        tags = {f"kubernetes.io/cluster/{cluster.name}": "owned", "kubernetes.io/service-name": "/".join(service)}
        description = f"Security group for Kubernetes ELB {name} ({'/'.join(service)})"
        group = network.add_group(f"k8s-elb-{name}", description, cluster.vpc, tags)
        interface = network.add_interface(subnet.id, [group], f"ELB {name}", public=True)
        self._held[service] = (group, interface.id)

    def _remove(self, held):
        group, interface = held
        self._cluster.network.remove_interfaces([interface])
        self._cluster.network.remove_group(group)
