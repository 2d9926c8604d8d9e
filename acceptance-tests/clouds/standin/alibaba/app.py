"""The services of Alibaba Cloud behind one address: which of them is asked is told by the version of its API."""

import json
import threading
import uuid

from werkzeug.wrappers import Request, Response

from ..exchange import Exchange
from . import schema, sts, versions
from .auth import Keys
from .clusters import Clusters
from .errors import Refused
from .metadata import Metadata
from .network import Network
from .pools import Pools
from .tasks import Tasks
from .timeline import Timeline

REGION = "cn-hangzhou"
SERVICES = {"2015-12-15": "cs", "2016-04-28": "vpc", sts.VERSION: "sts"}
# These begin an operation that goes on.
ACCEPTED = {"CreateCluster", "DeleteCluster", "ModifyCluster", "UpgradeCluster"}


class Cloud:
    """An account of Alibaba Cloud with one region."""

    def __init__(self, clock, journal, faults, options):
        # Reading the SDK takes seconds, which the first request should not wait for.
        for service in schema.SOURCES:
            schema.operations(service)
        self._exchange = Exchange(journal, faults)
        self._lock = threading.RLock()
        self._timeline = Timeline(clock)
        self._keys = Keys(clock)
        self._sts = sts.Sts(self._keys)
        self._metadata = Metadata(self._keys)
        network = self._network = Network(self._timeline, REGION)
        tasks = Tasks(lambda: clusters.time())
        clusters = self._clusters = Clusters(self._timeline, network, options.fleet, tasks, REGION)
        pools = Pools(self._timeline, network, tasks, clusters, REGION)
        self._operations = _operations(network, clusters, pools, tasks)

    def inventory(self):
        """What was made in the account and is still there, as ids."""
        with self._lock:
            self._timeline.catch_up()
            network = self._network
            return sorted([*network.vpcs, *network.vswitches, *network.nats, *network.addresses, *self._clusters.all])

    def environment(self, endpoint):
        """What the SDK and the provider need."""
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": self._keys.user,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self._keys.secret(self._keys.user),
            "ALIBABA_CLOUD_REGION_ID": REGION,
            "CS_ENDPOINT": endpoint,
            "VPC_ENDPOINT": endpoint,
            "STS_ENDPOINT": endpoint,
        }

    def busy(self):
        with self._lock:
            self._timeline.catch_up()
            return self._timeline.next() is not None

    def next_change(self):
        with self._lock:
            return self._timeline.next()

    @staticmethod
    def review(_token):
        """Nobody: a cluster of ACK knows its users by their certificates."""
        return None

    def __call__(self, environ, start_response):
        request = Request(environ)
        if request.path.startswith("/latest/"):
            service, action, arguments = "metadata", "SecurityCredentials", {}
            if request.path.endswith("/token"):
                action = "Token"
        else:
            service, action, arguments = _asked(request)

        def answer(environ, start_response):
            with self._lock:
                self._timeline.catch_up()
                return self._answer(request, service, action, arguments)(environ, start_response)

        return self._exchange.serve(service, action, answer, environ, start_response)

    def _answer(self, request, service, action, arguments):
        try:
            if service == "metadata":
                return self._metadata.answer(request)
            if service == "sts":
                return _json(self._sts.answer(request, action))
            if service is None or action is None:
                raise Refused(404, "InvalidAction.NotFound", "Specified api is not found, please check your url.")
            return self._perform(request, service, action, arguments)
        except Refused as error:
            return _json(error.body(service or "cs"), error.status)

    def _perform(self, request, service, action, arguments):
        self._keys.check(request)
        operation = self._operations.get((service, action))
        if operation is None:
            raise Refused(501, "UnsupportedOperation", f"The stand-in has no {action}.")
        body = operation(_read(request, service, action), **arguments)
        if service == "vpc":
            body = {"RequestId": str(uuid.uuid4()).upper(), **body}
        return _json(schema.answer(service, action, body), 202 if action in ACCEPTED else 200)


def _asked(request):
    """Service, operation and the arguments in the path."""
    version = request.headers.get("x-acs-version") or request.args.get("Version")
    service = SERVICES.get(version)
    named = request.headers.get("x-acs-action") or request.args.get("Action")
    if service != "cs":
        known = service == "sts" or service is not None and named in schema.operations(service)
        return service, named if known else None, {}
    action, arguments = schema.find("cs", request.method, request.path) or (None, {})
    # The path says what is done; whoever names another operation has mixed something up.
    return service, action if named == action else None, arguments


def _read(request, service, action):
    """The parameters, as the SDK's model has them; refused when they are none."""
    kind = schema.model(service, f"{action}Request")
    if request.mimetype == "application/json" and request.get_data():
        try:
            value = json.loads(request.get_data())
        except ValueError:
            raise Refused(400, "InvalidParameter", "The body is no JSON.") from None
    elif kind is None:
        value = {}
    else:
        pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
        value = schema.from_text(service, kind, pairs)
    if kind is not None:
        schema.check(service, kind, value)
    elif value:
        raise Refused(400, "InvalidParameter", f"{action} has no parameters.")
    return value


def _operations(network, clusters, pools, tasks):
    """What is there of all the operations."""
    return {
        ("vpc", "CreateVpc"): network.create_vpc,
        ("vpc", "CreateVSwitch"): network.create_vswitch,
        ("vpc", "DescribeVpcs"): network.describe_vpcs,
        ("vpc", "DescribeVSwitches"): network.describe_vswitches,
        ("vpc", "DescribeZones"): network.describe_zones,
        ("vpc", "DescribeNatGateways"): network.describe_nat_gateways,
        ("vpc", "DescribeEipAddresses"): network.describe_eip_addresses,
        ("vpc", "DeleteVSwitch"): network.delete_vswitch,
        ("vpc", "DeleteVpc"): network.delete_vpc,
        ("cs", "CreateCluster"): clusters.create,
        ("cs", "DescribeClusterDetail"): lambda request, cluster_id: clusters.describe(cluster_id),
        ("cs", "DescribeClustersV1"): clusters.list,
        ("cs", "ModifyCluster"): lambda request, cluster_id: clusters.modify(cluster_id, request),
        ("cs", "UpgradeCluster"): lambda request, cluster_id: clusters.upgrade(cluster_id, request),
        ("cs", "DeleteCluster"): lambda request, cluster_id: clusters.delete(cluster_id, request),
        ("cs", "DescribeClusterResources"): lambda request, cluster_id: clusters.resources(cluster_id),
        ("cs", "DescribeClusterUserKubeconfig"): lambda request, cluster_id: clusters.kubeconfig(cluster_id, request),
        ("cs", "DescribeKubernetesVersionMetadata"): lambda request: versions.metadata(request, REGION),
        ("cs", "TagResources"): clusters.tag,
        ("cs", "UntagResources"): clusters.untag,
        ("cs", "DescribeTaskInfo"): lambda request, task_id: tasks.describe(task_id),
        ("cs", "DescribeClusterTasks"): lambda request, cluster_id: _tasks(clusters, tasks, cluster_id),
        ("cs", "CreateClusterNodePool"): lambda request, cluster_id: pools.create(cluster_id, request),
        ("cs", "DescribeClusterNodePools"): lambda request, cluster_id: pools.list(cluster_id, request),
        ("cs", "DescribeClusterNodePoolDetail"): lambda request, cluster_id, nodepool_id: pools.describe(
            cluster_id, nodepool_id
        ),
        ("cs", "ModifyClusterNodePool"): lambda request, cluster_id, nodepool_id: pools.modify(
            cluster_id, nodepool_id, request
        ),
        ("cs", "ScaleClusterNodePool"): lambda request, cluster_id, nodepool_id: pools.scale(
            cluster_id, nodepool_id, request
        ),
        ("cs", "DeleteClusterNodepool"): lambda request, cluster_id, nodepool_id: pools.delete(
            cluster_id, nodepool_id, request
        ),
    }


def _tasks(clusters, tasks, cluster):
    clusters.get(cluster)
    return tasks.of_cluster(cluster)


def _json(body, status=200):
    return Response(json.dumps(body), status=status, mimetype="application/json")
