"""The Azure stand-in, driven by Microsoft's own client."""

import base64
import json
import ssl
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from types import SimpleNamespace

import yaml
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest
from azure.mgmt.containerservice import ContainerServiceClient, models

from .running import StandIn

KUBERNETES = "6dae42f8-4368-4678-94ff-3960e28e3630"
GROUP, NAME = "orders-rg", "orders"
MANAGEMENT = "https://management.azure.com"


class Credential:
    """An application that shows its secret to the stand-in's token endpoint. Tokens are kept until told otherwise."""

    def __init__(self, standin, audience=None):
        self._standin = standin
        self._audience = audience
        self._kept = {}

    def get_token(self, *scopes, **_):
        scope = f"{self._audience}/.default" if self._audience else scopes[0]
        if scope not in self._kept:
            environment = self._standin.environment
            answer = ask_token(self._standin, {
                "grant_type": "client_credentials", "client_id": environment["AZURE_CLIENT_ID"],
                "client_secret": environment["AZURE_CLIENT_SECRET"], "scope": scope})
            self._kept[scope] = AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])
        return self._kept[scope]

    def forget(self):
        self._kept.clear()


def ask_token(standin, form, tenant=None):
    """Asks Entra's token endpoint."""
    url = f"{standin.endpoint}/{tenant or standin.environment['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    context = ssl.create_default_context(cafile=standin.ca_file)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(url, data=urllib.parse.urlencode(form).encode(), timeout=30) as answer:
        return json.load(answer)


def pool(name="system", **changes):
    members = {"name": name, "mode": "System", "count": 3, "vm_size": "Standard_D4s_v5", "os_type": "Linux"}
    return models.ManagedClusterAgentPoolProfile(**(members | changes))


def cluster(**changes):
    members = {
        "location": "westeurope", "identity": models.ManagedClusterIdentity(type="SystemAssigned"),
        "dns_prefix": "orders", "kubernetes_version": "1.33", "agent_pool_profiles": [pool()],
        "oidc_issuer_profile": models.ManagedClusterOIDCIssuerProfile(enabled=True), "tags": {"team": "shop"},
    }
    return models.ManagedCluster(**(members | changes))


class Azure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.standin = StandIn("azure")
        cls.credential = Credential(cls.standin)
        cls.subscription = cls.standin.environment["AZURE_SUBSCRIPTION_ID"]

    @classmethod
    def tearDownClass(cls):
        cls.standin.close()

    @classmethod
    def connect(cls, credential, **more):
        return ContainerServiceClient(
            credential, cls.subscription, base_url=cls.standin.endpoint, connection_verify=cls.standin.ca_file,
            polling_interval=0, **({"retry_total": 0} | more))

    def setUp(self):
        self.standin.play()
        self.standin.clear_journal()
        # Clients keep tokens too, which the jumps of the clock make expire.
        self.credential.forget()
        self.client = self.connect(self.credential)
        self.addCleanup(self.client.close)

    def arm(self, method, path, body=None, version="2025-04-01", expected=(200, 201, 202, 204)):
        """A request to the rest of the Resource Manager, through the vendor's pipeline."""
        separator = "&" if "?" in path else "?"
        url = f"{self.standin.endpoint}/subscriptions/{self.subscription}{path}{separator}api-version={version}"
        answer = self.client.send_request(HttpRequest(method, url, json=body))
        self.assertIn(answer.status_code, expected, answer.text())
        if answer.status_code == 202:
            self.standin.settle()
        return answer

    def group(self, name):
        self.arm("PUT", f"/resourceGroups/{name}", {"location": "westeurope"})

    def wait(self, poller):
        """Lets the clock run until the vendor's poller is at its end."""
        self.assertIsInstance(poller, LROPoller)
        self.assertFalse(poller.done())
        self.standin.settle()
        return poller.result(timeout=30)

    def made(self, group, name, **changes):
        self.group(group)
        return self.wait(self.client.managed_clusters.begin_create_or_update(group, name, cluster(**changes)))

    def refused(self, error, code, call, *arguments, **named):
        with self.assertRaises(error) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.error.code if caught.exception.error else None, code, caught.exception)
        return caught.exception


class Life(Azure):
    def test_a_cluster_and_its_pools_from_their_making_to_their_end(self):
        clusters, pools = self.client.managed_clusters, self.client.agent_pools
        self.group(GROUP)
        poller = clusters.begin_create_or_update(GROUP, NAME, cluster())
        self.assertEqual(clusters.get(GROUP, NAME).properties.provisioning_state, "Creating")
        made = self.wait(poller)
        self.assertEqual(made.properties.provisioning_state, "Succeeded")
        self.assertEqual(made.properties.current_kubernetes_version, "1.33.7")
        self.assertIn("/resourcegroups/", made.id)
        self.assertTrue(made.properties.oidc_issuer_profile.issuer_url.startswith("https://"))
        self.assertEqual(made.properties.node_resource_group, "MC_orders-rg_orders_westeurope")
        self.arm("GET", "/resourceGroups/mc_orders-RG_orders_westeurope")

        self.admin_certificate_is_of_two_years(clusters)
        self.pools_come_change_and_go(pools)
        self.updates_replace_the_whole(clusters)

        self.wait(clusters.begin_delete(GROUP, NAME))
        self.refused(ResourceNotFoundError, "ResourceNotFound", clusters.get, GROUP, NAME)
        self.arm("GET", "/resourceGroups/MC_orders-rg_orders_westeurope", expected=(404,))
        self.assertIn("Operations_Get", self.standin.operations())

    def admin_certificate_is_of_two_years(self, clusters):
        answer = clusters.list_cluster_admin_credentials(GROUP, NAME)
        config = yaml.safe_load(bytes(answer.kubeconfigs[0].value))
        user = config["users"][0]["user"]
        pem = base64.b64decode(user["client-certificate-data"])
        self.assertTrue(pem.startswith(b"-----BEGIN CERTIFICATE-----"))
        self.assertIn("certificate-authority-data", config["clusters"][0]["cluster"])

    def pools_come_change_and_go(self, pools):
        wish = models.AgentPool(count=1, vm_size="Standard_D2s_v5", mode="User", node_labels={"tier": "db"})
        made = self.wait(pools.begin_create_or_update(GROUP, NAME, "data", wish))
        self.assertEqual((made.name, made.properties.provisioning_state), ("data", "Succeeded"))
        self.assertEqual({member.name for member in pools.list(GROUP, NAME)}, {"system", "data"})
        poller = pools.begin_create_or_update(
            GROUP, NAME, "data", models.AgentPool(count=2, vm_size="Standard_D2s_v5", mode="User"))
        self.assertEqual(pools.get(GROUP, NAME, "data").properties.provisioning_state, "Scaling")
        scaled = self.wait(poller)
        self.assertEqual(scaled.properties.count, 2)
        self.assertFalse(scaled.properties.node_labels, "a PUT replaces the whole")
        self.wait(pools.begin_delete(GROUP, NAME, "data"))
        self.refused(ResourceNotFoundError, "ResourceNotFound", pools.get, GROUP, NAME, "data")
        self.refused(HttpResponseError, "OperationNotAllowed", pools.begin_delete, GROUP, NAME, "system")

    def updates_replace_the_whole(self, clusters):
        self.refused(HttpResponseError, "BadRequest", clusters.begin_create_or_update, GROUP, NAME,
                     cluster(kubernetes_version="1.35"))
        profile = clusters.get_upgrade_profile(GROUP, NAME).properties.control_plane_profile
        self.assertIn("1.34.4", [upgrade.kubernetes_version for upgrade in profile.upgrades])
        poller = clusters.begin_create_or_update(GROUP, NAME, cluster(kubernetes_version="1.34", tags=None))
        self.assertEqual(clusters.get(GROUP, NAME).properties.provisioning_state, "Upgrading")
        upgraded = self.wait(poller)
        self.assertEqual(upgraded.properties.current_kubernetes_version, "1.34.4")
        self.assertFalse(upgraded.tags)
        # The pool stays behind until it is upgraded by itself.
        self.assertEqual(upgraded.properties.agent_pool_profiles[0].current_orchestrator_version, "1.33.7")
        newer = models.AgentPool(count=3, vm_size="Standard_D4s_v5", mode="System", orchestrator_version="1.34")
        pools = self.client.agent_pools
        self.assertEqual(
            self.wait(pools.begin_create_or_update(GROUP, NAME, "system", newer)).properties
            .current_orchestrator_version, "1.34.4")
        self.refused(HttpResponseError, "BadRequest", clusters.begin_create_or_update, GROUP, NAME, cluster())

    def test_clusters_are_listed_page_by_page_with_those_of_a_group_apart(self):
        clusters = self.client.managed_clusters
        here, there = "lists-rg", "other-lists-rg"
        self.group(here)
        self.assertEqual(list(clusters.list_by_resource_group(here)), [])
        self.refused(ResourceNotFoundError, "ResourceGroupNotFound", lambda: list(
            clusters.list_by_resource_group("nowhere")))
        self.made(here, "first", dns_prefix="first")
        self.made(here, "second", dns_prefix="second")
        self.made(there, "third", dns_prefix="third")
        self.standin.clear_journal()
        self.assertEqual([one.name for one in clusters.list_by_resource_group(here)], ["first", "second"])
        self.assertEqual([entry["operation"] for entry in self.standin.journal()
                          if entry["service"] == "aks"], ["ManagedClusters_ListByResourceGroup"] * 2)
        found = {one.name: one for one in clusters.list()}
        self.assertLessEqual({"first", "second", "third"}, set(found))
        self.assertEqual(found["first"].tags, {"team": "shop"})
        self.assertEqual(found["first"].agent_pool_profiles[0].name, "system")
        pages = clusters.list().by_page()
        self.assertEqual(len(list(next(pages))), 1)
        for name in ("first", "second"):
            self.wait(clusters.begin_delete(here, name))
        self.assertEqual(list(clusters.list_by_resource_group(here)), [])
        self.wait(clusters.begin_delete(there, "third"))

    def test_versions_are_offered(self):
        listed = self.client.managed_clusters.list_kubernetes_versions("westeurope").values_property
        self.assertEqual([version.version for version in listed], ["1.33", "1.34", "1.35"])
        self.assertEqual([version.version for version in listed if version.is_default], ["1.34"])

    def test_a_cluster_without_local_accounts_takes_tokens_of_entra(self):
        group = self.standin.environment["STANDIN_ENTRA_GROUP_ID"]
        profile = models.ManagedClusterAADProfile(managed=True, admin_group_object_i_ds=[group])
        self.made("entra-rg", "entra", disable_local_accounts=True, aad_profile=profile)
        clusters = self.client.managed_clusters
        self.refused(HttpResponseError, "BadRequest", clusters.list_cluster_admin_credentials, "entra-rg", "entra")
        answer = clusters.list_cluster_user_credentials("entra-rg", "entra")
        user = yaml.safe_load(bytes(answer.kubeconfigs[0].value))["users"][0]["user"]
        self.assertEqual(user["exec"]["command"], "kubelogin")
        token = Credential(self.standin, KUBERNETES).get_token().token
        review = self.standin.review(token)
        self.assertTrue(review["authenticated"], review)
        self.assertIn(group, review["user"]["groups"])
        management = self.standin.review(Credential(self.standin, MANAGEMENT).get_token().token)
        self.assertIn("audience", management["error"])
        self.standin.advance(3700)
        self.assertFalse(self.standin.review(token)["authenticated"])


class Around(Azure):
    """Resource groups, networks, identities and role assignments."""

    def network(self, group, name="net"):
        return self.arm("PUT", f"/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}", {
            "location": "westeurope",
            "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                           "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/20"}}]},
        }, "2024-05-01").json()

    def test_a_network_in_use_stays_and_a_group_takes_all_with_it(self):
        self.group("own-rg")
        subnet = self.network("own-rg")["properties"]["subnets"][0]["id"]
        self.standin.settle()
        identity = self.arm(
            "PUT", "/resourceGroups/own-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own",
            {"location": "westeurope"}, "2024-11-30").json()
        role = f"{subnet}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555"
        role = role.removeprefix(f"/subscriptions/{self.subscription}")
        definition = (f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/"
                      "4d97b98b-1d4f-4787-a291-c67834d212e7")
        principal = identity["properties"]["principalId"]
        wish = {"properties": {"roleDefinitionId": definition, "principalId": principal}}
        answer = self.arm("PUT", role, wish, "2022-04-01", expected=(400,)).json()
        self.assertEqual(answer["error"]["code"], "PrincipalNotFound")
        self.standin.settle()
        self.arm("PUT", role, wish, "2022-04-01", expected=(201,))
        found = self.arm("GET", "/providers/Microsoft.Authorization/roleAssignments?"
                         f"$filter=principalId%20eq%20'{principal}'", version="2022-04-01").json()["value"]
        self.assertEqual(len(found), 1)
        told = models.ManagedClusterIdentity(
            type="UserAssigned",
            user_assigned_identities={identity["id"]: models.ManagedServiceIdentityUserAssignedIdentitiesValue()})
        self.made("own-rg", "own", identity=told, agent_pool_profiles=[pool(vnet_subnet_id=subnet)])
        for path in (subnet, subnet.rpartition("/subnets")[0]):
            path = path.removeprefix(f"/subscriptions/{self.subscription}")
            answer = self.arm("DELETE", path, version="2024-05-01", expected=(400,)).json()
            self.assertEqual(answer["error"]["code"], "InUseSubnetCannotBeDeleted")
        self.arm("DELETE", "/resourceGroups/own-rg", expected=(202,))
        self.arm("GET", "/resourceGroups/own-rg", expected=(404,))
        self.arm("GET", "/resourceGroups/MC_own-rg_own_westeurope", expected=(404,))

    def test_parents_must_be_there(self):
        answer = self.arm("PUT", "/resourceGroups/nowhere/providers/Microsoft.Network/virtualNetworks/net",
                          {"location": "westeurope"}, "2024-05-01", expected=(404,)).json()
        self.assertEqual(answer["error"]["code"], "ResourceGroupNotFound")
        self.refused(ResourceNotFoundError, "ResourceGroupNotFound",
                     self.client.managed_clusters.begin_create_or_update, "nowhere", NAME, cluster())

    def test_the_address_of_an_operation_is_taken_as_it_was_given_only(self):
        self.group("verbatim-rg")
        seen = []

        def note(answer):
            seen.append(answer.http_response.headers.get("Azure-AsyncOperation"))

        self.client.managed_clusters.begin_create_or_update(
            "verbatim-rg", "verbatim", cluster(), polling=False, raw_response_hook=note)
        url = seen[0]
        self.assertIn("api-version=2025-03-01", url)
        self.assertGreater(len(url), 2000)
        self.assertEqual(self.client.send_request(HttpRequest("GET", url)).json()["status"], "InProgress")
        other = url.replace("2025-03-01", "2026-08-01")
        self.assertEqual(self.client.send_request(HttpRequest("GET", other)).status_code, 403)


class Refusals(Azure):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        first = cls("test_what_is_missing")
        first.setUp()
        first.made("refusals-rg", NAME)
        first.doCleanups()

    def put(self, name=NAME, **changes):
        conditions = {key: changes.pop(key) for key in ("etag", "match_condition") if key in changes}
        return self.client.managed_clusters.begin_create_or_update(
            "refusals-rg", name, cluster(**changes), **conditions)

    def test_what_is_missing(self):
        clusters = self.client.managed_clusters
        self.refused(ResourceNotFoundError, "ResourceNotFound", clusters.get, "refusals-rg", "nobody")
        self.refused(ResourceNotFoundError, "ResourceGroupNotFound", clusters.get, "nowhere", "nobody")

    def test_one_operation_at_a_time(self):
        poller = self.put(tags={"team": "other"})
        self.refused(ResourceExistsError, "OperationNotAllowed", self.put)
        self.refused(ResourceExistsError, "OperationNotAllowed", self.client.agent_pools.begin_create_or_update,
                     "refusals-rg", NAME, "data", models.AgentPool(count=1))
        self.wait(poller)

    def test_an_etag_of_another_time(self):
        error = ResourceModifiedError
        self.refused(error, "EtagMismatch", self.put, etag="other", match_condition=MatchConditions.IfNotModified)
        self.refused(ResourceExistsError, "EtagMismatch", self.put, etag="*", match_condition=MatchConditions.IfMissing)
        etag = self.client.managed_clusters.get("refusals-rg", NAME).e_tag
        self.wait(self.put(etag=etag, match_condition=MatchConditions.IfNotModified))

    def test_quota_and_stock(self):
        self.refused(HttpResponseError, "ErrCode_InsufficientVCPUQuota", self.put,
                     agent_pool_profiles=[pool(count=40)])
        self.refused(HttpResponseError, "VMSizeNotSupported", self.put, "none",
                     agent_pool_profiles=[pool(vm_size="Standard_X1")])
        poller = self.put("late", agent_pool_profiles=[pool(count=1, vm_size="Standard_NC40ads_H100_v5")])
        with self.assertRaises(HttpResponseError) as caught:
            self.wait(poller)
        self.assertEqual(caught.exception.error.code, "AllocationFailed")
        state = self.client.managed_clusters.get("refusals-rg", "late").properties.provisioning_state
        self.assertEqual(state, "Failed")
        self.wait(self.client.managed_clusters.begin_delete("refusals-rg", "late"))

    def test_what_cannot_change_or_is_unknown(self):
        self.refused(HttpResponseError, "PropertyChangeNotAllowed", self.put, dns_prefix="other")
        self.refused(ResourceExistsError, "InvalidResourceLocation", self.put, location="eastus")
        self.refused(HttpResponseError, "PropertyChangeNotAllowed", self.put,
                     agent_pool_profiles=[pool(vm_size="Standard_D8s_v5")])
        self.refused(HttpResponseError, "K8sVersionNotSupported", self.put, kubernetes_version="9.99")
        self.refused(HttpResponseError, "BadRequest", self.put, disable_local_accounts=True)
        path = f"/resourceGroups/refusals-rg/providers/Microsoft.ContainerService/managedClusters/{NAME}"
        for body in ({"location": "westeurope", "propertys": {}},
                     {"location": "westeurope", "properties": {"agentPools": []}},
                     {"location": "westeurope", "properties": {"enableRBAC": "yes"}},
                     {"location": "westeurope", "properties": {"networkProfile": {"networkPlugin": "flannel"}}}):
            self.arm("PUT", path, body, "2026-05-01", expected=(400,))
        answer = self.arm("GET", path, version="2019-01-01", expected=(400,)).json()
        self.assertEqual(answer["error"]["code"], "InvalidApiVersionParameter")
        # What may only be read is dropped, not refused.
        shown = self.arm("GET", path, version="2026-05-01").json()
        self.arm("PUT", path, shown, "2026-05-01", expected=(200,))
        self.standin.settle()

    def test_throttling_and_denial(self):
        body = {"error": {"code": "TooManyRequests", "message": "slow down"}}
        throttle = {"operation": "ManagedClusters_Get", "status": 429, "headers": {"Retry-After": "1"}}
        self.standin.play(throttle | {"body": body})
        get = self.client.managed_clusters.get
        error = self.refused(HttpResponseError, "TooManyRequests", get, "refusals-rg", NAME)
        self.assertEqual(error.status_code, 429)
        body = {"error": {"code": "AuthorizationFailed", "message": "The client 'x' does not have authorization to "
                          "perform action 'Microsoft.ContainerService/managedClusters/write'"}}
        self.standin.play({"operation": "ManagedClusters_CreateOrUpdate", "status": 403, "body": body})
        self.refused(HttpResponseError, "AuthorizationFailed", self.put)
        # The vendor's own policy of retries gets over it.
        self.standin.play({"operation": "ManagedClusters_Get", "status": 429, "headers": {"Retry-After": "0"}})
        with self.connect(self.credential, retry_total=3) as patient:
            self.assertEqual(patient.managed_clusters.get("refusals-rg", NAME).name, NAME)


class Proofs(Azure):
    def code(self, token):
        """The refusal of a token."""
        credential = SimpleNamespace(get_token=lambda *_, **__: AccessToken(token, int(time.time()) + 3600))
        with self.connect(credential) as client, self.assertRaises(ClientAuthenticationError) as caught:
            client.managed_clusters.get(GROUP, NAME)
        return caught.exception.error.code

    def test_tokens_are_checked(self):
        good = self.credential.get_token(f"{MANAGEMENT}/.default").token
        head, claims, signature = good.split(".")
        self.assertEqual(self.code("nonsense"), "InvalidAuthenticationToken")
        longer = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"exp": 9e9}
        forged = base64.urlsafe_b64encode(json.dumps(longer).encode()).decode().rstrip("=")
        self.assertEqual(self.code(f"{head}.{forged}.{signature}"), "InvalidAuthenticationToken")
        other = Credential(self.standin, KUBERNETES).get_token().token
        self.assertEqual(self.code(other), "InvalidAuthenticationTokenAudience")
        self.standin.advance(3700)
        self.assertEqual(self.code(good), "ExpiredAuthenticationToken")

    def test_who_asks_for_a_token_is_checked(self):
        environment = self.standin.environment
        good = {"grant_type": "client_credentials", "client_id": environment["AZURE_CLIENT_ID"],
                "client_secret": environment["AZURE_CLIENT_SECRET"], "scope": f"{MANAGEMENT}/.default"}
        federated = {name: good[name] for name in ("grant_type", "client_id", "scope")} | {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        with open(environment["AZURE_FEDERATED_TOKEN_FILE"]) as file:
            ask_token(self.standin, federated | {"client_assertion": file.read()})
        for form, code in (
            (good | {"client_secret": "wrong"}, 7000215),
            (good | {"client_id": "wrong"}, 700016),
            (good | {"grant_type": "password"}, 70003),
            (good | {"scope": "nothing"}, 1002012),
            (federated | {"client_assertion": "a.b.c"}, 700027),
        ):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                ask_token(self.standin, form)
            with caught.exception as answer:
                self.assertEqual(json.load(answer)["error_codes"], [code])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            ask_token(self.standin, good, "other")
        caught.exception.close()


del Azure
