"""The stand-in for GKE and Compute Engine, driven by Google's own clients."""

import base64
import contextlib
import time
import unittest

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import googleapiclient.discovery
import googleapiclient.errors
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core import exceptions
from google.auth import crypt
from google.auth import jwt as google_jwt
from google.cloud import container_v1
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerRestTransport
from google.oauth2 import service_account

from .running import StandIn

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REGION, ZONE = "europe-west4", "europe-west4-a"
Status = container_v1.Cluster.Status
Done = container_v1.Operation.Status.DONE


def container_client(stand_in, credentials):
    """Google's client over plain HTTP, which it takes from its transport alone."""
    host = stand_in.endpoint.removeprefix("http://")
    transport = ClusterManagerRestTransport(host=host, credentials=credentials, url_scheme="http")
    return container_v1.ClusterManagerClient(transport=transport)


def setUpModule():
    """Starts one stand-in for all tests: Google's libraries take seconds to load."""
    stand_in = StandIn("gcp")
    unittest.addModuleCleanup(stand_in.close)
    environment = stand_in.environment
    WithGoogle.stand_in = stand_in
    WithGoogle.project = environment["GOOGLE_PROJECT"]
    WithGoogle.key_file = environment["GOOGLE_APPLICATION_CREDENTIALS"]
    credentials = service_account.Credentials.from_service_account_file(WithGoogle.key_file, scopes=[SCOPE])
    WithGoogle.credentials = credentials
    WithGoogle.client = container_client(stand_in, credentials)
    WithGoogle.compute = googleapiclient.discovery.build(
        "compute",
        "v1",
        credentials=credentials,
        static_discovery=True,
        client_options={"api_endpoint": environment["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"]},
    )


class WithGoogle(unittest.TestCase):
    """What the tests share."""

    def setUp(self):
        self.stand_in.play()
        self.stand_in.clear_journal()

    def location(self, location=ZONE):
        return f"projects/{self.project}/locations/{location}"

    def cluster(self, name, location=ZONE):
        return f"{self.location(location)}/clusters/{name}"

    def create(self, name, location=ZONE, **more):
        pool = {"name": "system", "initial_node_count": 1, "config": {"machine_type": "e2-standard-4"}}
        wish = {"name": name, "node_pools": [pool], **more}
        return self.client.create_cluster(parent=self.location(location), cluster=wish)

    def wait(self, operation, location=ZONE):
        """Waits as every tool of Google does: there is no waiter in the library."""
        name = f"{self.location(location)}/operations/{operation.name}"
        for _ in range(5):
            found = self.client.get_operation(name=name)
            if found.status == Done:
                return found
            self.stand_in.settle()
        self.fail(f"{name} does not end")

    def made(self, name, location=ZONE, **more):
        operation = self.wait(self.create(name, location, **more), location)
        self.assertFalse(operation.error.message)
        return self.client.get_cluster(name=self.cluster(name, location))

    def gone(self, name, location=ZONE):
        self.wait(self.client.delete_cluster(name=self.cluster(name, location)), location)


class Clusters(WithGoogle):
    def test_a_cluster_comes_changes_and_goes(self):
        wish = {"release_channel": {"channel": "REGULAR"}, "resource_labels": {"team": "data"}}
        operation = self.create("life", initial_cluster_version="1.33", **wish)
        name = self.cluster("life")
        self.assertEqual(operation.operation_type, container_v1.Operation.Type.CREATE_CLUSTER)
        self.assertEqual(operation.status, container_v1.Operation.Status.PENDING)
        self.assertEqual(self.client.get_cluster(name=name).status, Status.PROVISIONING)
        self.stand_in.advance(10)
        running = self.client.get_operation(name=f"{self.location()}/operations/{operation.name}")
        self.assertEqual(running.status, container_v1.Operation.Status.RUNNING)
        self.assertFalse(self.client.get_cluster(name=name).endpoint)
        self.wait(operation)

        cluster = self.client.get_cluster(name=name)
        self.assertEqual(cluster.status, Status.RUNNING)
        self.assertRegex(cluster.current_master_version, r"^1\.33\.\d+-gke\.\d+$")
        self.assertIn(b"BEGIN CERTIFICATE", base64.b64decode(cluster.master_auth.cluster_ca_certificate))
        self.assertEqual(dict(cluster.resource_labels), {"team": "data"})
        [pool] = cluster.node_pools
        self.assertEqual((pool.name, list(pool.locations)), ("system", [ZONE]))

        labels = {"team": "shop"}
        self.wait(
            self.client.set_labels(
                request={"name": name, "resource_labels": labels, "label_fingerprint": cluster.label_fingerprint}
            )
        )
        self.assertEqual(dict(self.client.get_cluster(name=name).resource_labels), labels)
        with self.assertRaisesRegex(exceptions.BadRequest, "fingerprint"):
            self.client.set_labels(
                request={"name": name, "resource_labels": labels, "label_fingerprint": cluster.label_fingerprint}
            )

        operation = self.client.update_cluster(name=name, update={"desired_master_version": "1.34"})
        self.assertEqual(self.client.get_cluster(name=name).status, Status.RECONCILING)
        self.wait(operation)
        cluster = self.client.get_cluster(name=name)
        self.assertEqual(cluster.current_master_version, "1.34.1-gke.1829001")
        self.assertTrue(cluster.node_pools[0].version.startswith("1.33."))
        update = {"name": f"{name}/nodePools/system", "node_version": "-"}
        self.wait(self.client.update_node_pool(request=update))
        self.assertEqual(self.client.get_node_pool(name=update["name"]).version, "1.34.1-gke.1829001")

        operation = self.client.delete_cluster(name=name)
        self.assertEqual(self.client.get_cluster(name=name).status, Status.STOPPING)
        self.wait(operation)
        with self.assertRaises(exceptions.NotFound):
            self.client.get_cluster(name=name)

    def test_clusters_are_listed_of_one_place_or_of_all(self):
        def names(location):
            found = self.client.list_clusters(parent=self.location(location))
            self.assertFalse(found.missing_zones)
            return sorted((cluster.location, cluster.name) for cluster in found.clusters)

        self.assertEqual(names("us-central1"), [])
        self.made("here")
        self.made("there", "us-central1")
        self.assertEqual(names(ZONE), [(ZONE, "here")])
        self.assertEqual(names("us-central1"), [("us-central1", "there")])
        self.assertLessEqual({(ZONE, "here"), ("us-central1", "there")}, set(names("-")))
        self.gone("here")
        self.gone("there", "us-central1")
        self.assertEqual(names(ZONE) + names("us-central1"), [])

    def test_a_pool_comes_changes_and_goes(self):
        self.made("pools", REGION, locations=[ZONE, "europe-west4-b"])
        parent = self.cluster("pools", REGION)
        wish = {
            "name": "more",
            "initial_node_count": 1,
            "config": {"machine_type": "n2-standard-8", "spot": True, "labels": {"role": "db"}},
        }
        self.wait(self.client.create_node_pool(parent=parent, node_pool=wish), REGION)
        name = f"{parent}/nodePools/more"
        pool = self.client.get_node_pool(name=name)
        self.assertEqual(pool.status, container_v1.NodePool.Status.RUNNING)
        self.assertEqual(list(pool.locations), [ZONE, "europe-west4-b"])
        self.wait(self.client.set_node_pool_size(request={"name": name, "node_count": 2}), REGION)
        scaling = {"enabled": True, "total_min_node_count": 2, "total_max_node_count": 6}
        self.wait(self.client.set_node_pool_autoscaling(request={"name": name, "autoscaling": scaling}), REGION)
        taints = [{"key": "db", "value": "yes", "effect": "NO_SCHEDULE"}]
        self.wait(self.client.update_node_pool(request={"name": name, "taints": {"taints": taints}}), REGION)
        pool = self.client.get_node_pool(name=name)
        self.assertEqual((pool.initial_node_count, pool.autoscaling.total_max_node_count), (2, 6))
        self.assertEqual(pool.config.taints[0].key, "db")
        self.assertEqual(pool.config.labels["role"], "db")
        self.assertEqual(self.client.get_cluster(name=parent).current_node_count, 6)
        self.wait(self.client.delete_node_pool(name=name), REGION)
        with self.assertRaises(exceptions.NotFound):
            self.client.get_node_pool(name=name)
        self.gone("pools", REGION)

    def test_enums_are_numbers_when_asked_for(self):
        self.made("numbers")
        token = self.token()
        url = f"{self.stand_in.endpoint}/v1/{self.cluster('numbers')}"
        headers = {"Authorization": f"Bearer {token}"}
        asked = requests.get(url, params={"$alt": "json;enum-encoding=int"}, headers=headers, timeout=10).json()
        plain = requests.get(url, headers=headers, timeout=10).json()
        self.assertEqual((asked["status"], plain["status"]), (2, "RUNNING"))
        unknown = requests.get(url, params={"colour": "red"}, headers=headers, timeout=10)
        self.assertEqual(unknown.status_code, 400)
        wish = {"cluster": {"name": "x", "colour": "red"}}
        url = f"{self.stand_in.endpoint}/v1/{self.location()}/clusters"
        unknown = requests.post(url, json=wish, headers=headers, timeout=10)
        self.assertEqual((unknown.status_code, unknown.json()["error"]["status"]), (400, "INVALID_ARGUMENT"))
        self.gone("numbers")

    def test_versions_are_offered(self):
        config = self.client.get_server_config(name=self.location(REGION))
        self.assertIn(config.default_cluster_version, config.valid_master_versions)
        self.assertEqual(len(config.channels), 4)

    def token(self):
        credentials = service_account.Credentials.from_service_account_file(self.key_file, scopes=[SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        return credentials.token


class Refusals(WithGoogle):
    """Each error that the clients must understand, as Google's client understands it."""

    def test_nothing_is_found_where_nothing_is(self):
        with self.assertRaises(exceptions.NotFound):
            self.client.get_cluster(name=self.cluster("missing"))
        with self.assertRaises(exceptions.NotFound):
            self.client.get_operation(name=f"{self.location()}/operations/operation-1-1")

    def test_one_operation_at_a_time_and_no_name_twice(self):
        operation = self.create("single")
        with self.assertRaisesRegex(exceptions.BadRequest, f"{operation.name} is currently creating"):
            self.client.delete_cluster(name=self.cluster("single"))
        with self.assertRaises(exceptions.Conflict):
            self.create("single")
        self.wait(operation)
        self.gone("single")

    def test_what_makes_no_sense_is_refused_at_once(self):
        for wish, words in [
            ({"name": "Upper"}, "Must be a match"),
            ({"name": "x", "initial_cluster_version": "1.20"}, "unsupported"),
            ({"name": "x", "network": "nowhere"}, "does not exist"),
            ({"name": "x", "locations": ["us-central1-a"]}, "are not zones"),
            ({"name": "x", "initial_node_count": 1}, "Exactly one"),
            ({"name": "x", "resource_labels": {"a.b/c": "d"}}, "resource label"),
            ({"name": "x", "workload_identity_config": {"workload_pool": "other.svc.id.goog"}}, "workload pool"),
        ]:
            with self.subTest(wish), self.assertRaisesRegex(exceptions.BadRequest, words):
                self.create(wish.pop("name"), **wish)
        self.made("sense")
        for update in [{"desired_master_version": "1.33"}, {}]:
            with self.subTest(update), self.assertRaises(exceptions.BadRequest):
                self.client.update_cluster(name=self.cluster("sense"), update=update)
        self.gone("sense")

    def test_a_quota_is_a_limit_and_what_is_sold_out_fails_late(self):
        pool = {"name": "system", "initial_node_count": 100, "config": {"machine_type": "n2-standard-8"}}
        with self.assertRaisesRegex(exceptions.Forbidden, "Insufficient regional quota"):
            self.client.create_cluster(parent=self.location(), cluster={"name": "big", "node_pools": [pool]})
        self.made("late")
        wish = {"name": "rare", "initial_node_count": 1, "config": {"machine_type": "a3-highgpu-8g"}}
        operation = self.wait(self.client.create_node_pool(parent=self.cluster("late"), node_pool=wish))
        self.assertIn("GCE_STOCKOUT", operation.error.message)
        pool = self.client.get_node_pool(name=f"{self.cluster('late')}/nodePools/rare")
        self.assertEqual(pool.status, container_v1.NodePool.Status.ERROR)
        self.assertIn("enough resources", pool.conditions[0].message)
        self.gone("late")

    def test_faults_are_the_exceptions_of_the_library(self):
        for status, word, exception in [
            (429, "RESOURCE_EXHAUSTED", exceptions.TooManyRequests),
            (403, "PERMISSION_DENIED", exceptions.Forbidden),
            (401, "UNAUTHENTICATED", exceptions.Unauthorized),
        ]:
            body = {"error": {"code": status, "message": "no", "status": word}}
            # The library asks once more with a new token.
            self.stand_in.play({"operation": "clusters.create", "times": 3, "status": status, "body": body})
            with self.subTest(word), self.assertRaises(exception):
                self.create("never")

    def test_another_project_is_denied(self):
        with self.assertRaises(exceptions.Forbidden):
            self.client.list_clusters(parent=f"projects/other/locations/{ZONE}")


class Tokens(WithGoogle):
    def fresh(self):
        credentials = service_account.Credentials.from_service_account_file(self.key_file, scopes=[SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        return credentials

    def ask(self, token):
        return requests.get(
            f"{self.stand_in.endpoint}/v1/{self.location()}/clusters",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )

    def test_an_access_token_is_good_for_an_hour(self):
        token = self.fresh().token
        self.assertEqual(self.ask(token).status_code, 200)
        self.assertEqual(self.stand_in.review(token)["user"]["username"], self.credentials.service_account_email)
        self.stand_in.advance(3590)
        self.assertEqual(self.ask(token).status_code, 200)
        self.stand_in.advance(20)
        self.assertEqual(self.ask(token).status_code, 401)
        self.assertFalse(self.stand_in.review(token)["authenticated"])
        self.assertEqual(self.ask(self.fresh().token).status_code, 200)

    def test_what_is_not_signed_by_the_account_is_refused(self):
        self.assertEqual(self.ask("ya29.c.made-up").status_code, 401)
        nobody = requests.get(f"{self.stand_in.endpoint}/v1/{self.location()}/clusters", timeout=10)
        self.assertEqual(nobody.status_code, 401)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        other = service_account.Credentials(
            crypt.RSASigner.from_string(key, self.credentials._signer.key_id),
            self.credentials.service_account_email,
            f"{self.stand_in.endpoint}/token",
            scopes=[SCOPE],
        )
        with self.assertRaisesRegex(google.auth.exceptions.RefreshError, "Invalid JWT Signature"):
            other.refresh(google.auth.transport.requests.Request())
        narrow = self.credentials.with_scopes(["https://www.googleapis.com/auth/drive"])
        with self.assertRaisesRegex(google.auth.exceptions.RefreshError, "scope"):
            narrow.refresh(google.auth.transport.requests.Request())

    def test_a_wish_that_is_signed_for_the_service_is_a_proof_too(self):
        email, signer = self.credentials.service_account_email, self.credentials._signer
        now = int(time.time())
        claims = {"iss": email, "sub": email, "iat": now, "exp": now + 3600}
        for audience, status in [("https://container.googleapis.com/", 200), ("https://storage.googleapis.com/", 401)]:
            signed = google_jwt.encode(signer, claims | {"aud": audience}).decode()
            self.assertEqual(self.ask(signed).status_code, status)
            self.assertFalse(self.stand_in.review(signed)["authenticated"])


class Networks(WithGoogle):
    def insert(self, collection, body, **place):
        return self.done(getattr(self.compute, collection)().insert(project=self.project, body=body, **place).execute())

    def delete(self, collection, **place):
        return self.done(getattr(self.compute, collection)().delete(project=self.project, **place).execute())

    def done(self, operation):
        region = operation.get("region", "").rpartition("/")[2]
        place = {"project": self.project, "operation": operation["name"]}
        for _ in range(5):
            if region:
                found = self.compute.regionOperations().get(region=region, **place).execute()
            else:
                found = self.compute.globalOperations().get(**place).execute()
            if found["status"] == "DONE":
                return found
            self.stand_in.settle()
        self.fail("the operation does not end")

    @contextlib.contextmanager
    def refused(self, status, words):
        with self.assertRaises(googleapiclient.errors.HttpError) as caught:
            yield
        self.assertEqual(caught.exception.resp.status, status)
        self.assertIn(words, str(caught.exception))

    def test_a_network_with_a_subnetwork_and_nat_comes_and_goes_in_order(self):
        self.insert("networks", {"name": "net", "autoCreateSubnetworks": False})
        network = f"projects/{self.project}/global/networks/net"
        ranges = [{"rangeName": "pods", "ipCidrRange": "10.8.0.0/14"}]
        body = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/20", "secondaryIpRanges": ranges}
        self.insert("subnetworks", body, region=REGION)
        with self.refused(409, "already exists"):
            self.insert("subnetworks", body, region=REGION)
        with self.refused(400, "conflicts"):
            self.insert("subnetworks", body | {"name": "sub-2"}, region=REGION)
        nat = {
            "name": "nat",
            "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        }
        self.insert("routers", {"name": "router", "network": network, "nats": [nat]}, region=REGION)
        router = self.compute.routers().get(project=self.project, region=REGION, router="router").execute()
        self.assertEqual(router["nats"][0]["name"], "nat")
        with self.refused(400, "already being used by"):
            self.delete("networks", network="net")

        policy = {"cluster_secondary_range_name": "pods"}
        self.made("inner", network="net", subnetwork="sub", ip_allocation_policy=policy)
        link = f"https://www.googleapis.com/compute/v1/{network}"
        rules = self.compute.firewalls().list(project=self.project, filter=f'network = "{link}"').execute()["items"]
        other = self.compute.firewalls().list(project=self.project, filter='network = "other"').execute()["items"]
        self.assertEqual(other, [])
        self.assertTrue(any(rule["name"].startswith("gke-inner-") for rule in rules))
        with self.refused(400, "gke-inner"):
            self.delete("subnetworks", region=REGION, subnetwork="sub")
        self.gone("inner")
        self.assertEqual(self.compute.firewalls().list(project=self.project).execute()["items"], [])

        self.delete("routers", region=REGION, router="router")
        self.delete("subnetworks", region=REGION, subnetwork="sub")
        self.delete("networks", network="net")
        with self.refused(404, "was not found"):
            self.compute.networks().get(project=self.project, network="net").execute()

    def test_what_is_not_in_the_document_is_refused(self):
        url = f"{self.stand_in.environment['GOOGLE_COMPUTE_CUSTOM_ENDPOINT']}projects/{self.project}/global/networks"
        self.credentials.refresh(google.auth.transport.requests.Request())
        headers = {"Authorization": f"Bearer {self.credentials.token}"}
        for body in [{"name": "x", "colour": "red"}, {"name": "UPPER", "autoCreateSubnetworks": False}, {"name": 5}]:
            with self.subTest(body):
                self.assertEqual(requests.post(url, json=body, headers=headers, timeout=10).status_code, 400)

    def test_a_network_is_not_ready_at_once_and_a_quota_is_a_limit_of_its_operation(self):
        body = {"name": "slow", "autoCreateSubnetworks": False}
        operation = self.compute.networks().insert(project=self.project, body=body).execute()
        network = f"projects/{self.project}/global/networks/slow"
        with self.refused(400, "is not ready"):
            self.insert("subnetworks", {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/20"}, region=REGION)
        self.done(operation)
        names = ["slow"]
        for index in range(20):
            done = self.insert("networks", {"name": f"many-{index}", "autoCreateSubnetworks": False})
            if "error" in done:
                self.assertEqual(done["error"]["errors"][0]["code"], "QUOTA_EXCEEDED")
                break
            names.append(f"many-{index}")
        else:
            self.fail("the quota is no limit")
        for name in names:
            self.delete("networks", network=name)


if __name__ == "__main__":
    unittest.main()
