"""Which cluster has which Kubernetes API, and how a control plane behind it is spoken to."""

import json
import logging
import tempfile
import threading
import time
import unittest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from standin.authority import Authority
from standin.clock import Clock
from standin.control import Control
from standin.faults import Faults
from standin.journal import Journal
from standin.kubernetes import Fleet, Node, Pretended
from standin.pace import Pace

CORE = {
    "metadata": {"name": ""},
    "versions": [
        {
            "version": "v1",
            "resources": [
                {"resource": name, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["list", "delete"]}
                for name, kind, scope in [
                    ("nodes", "Node", "Cluster"),
                    ("pods", "Pod", "Namespaced"),
                    ("namespaces", "Namespace", "Cluster"),
                ]
            ],
        }
    ],
}


class Server:
    """An API server of nodes, pods and namespaces, without any sense of what they are."""

    def __init__(self):
        self.objects = {"/api/v1/namespaces/default": {"metadata": {"name": "default"}}}
        self.refused = set()

    @Request.application
    def __call__(self, request):
        path = request.path.removesuffix("/status")
        if request.method in self.refused:
            return Response("full", status=503)
        if path in ("/api", "/apis"):
            return _json({"items": [CORE] if path == "/api" else []})
        if request.method == "POST":
            made = request.get_json()
            self.objects[f"{path}/{made['metadata']['name']}"] = made
            return _json(made)
        if request.method == "GET" and path in ("/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces"):
            node = request.args.get("fieldSelector", "=").split("=")[1]
            found = self.all(path.removeprefix("/api/v1/"))
            return _json({"items": [each for each in found if not node or each["spec"]["nodeName"] == node] or None})
        if path not in self.objects:
            return _json({"message": "not found"}, 404)
        if request.method == "DELETE":
            return _json(self.objects.pop(path))
        if request.method == "PATCH":
            _merge(self.objects[path], request.get_json())
        return _json(self.objects[path])

    def all(self, plural):
        return [each for path, each in self.objects.items() if path.rsplit("/", 2)[1] == plural]

    def names(self, plural):
        return sorted(each["metadata"]["name"] for each in self.all(plural))


class Cloud:
    """A cloud whose tokens are of one cluster each."""

    def review(self, token):
        return {"username": token, "groups": []}

    def review_for(self, token, cluster):
        if not token.startswith(cluster):
            raise PermissionError(f"the token is not for {cluster}")
        return self.review(token)


class Backends(unittest.TestCase):
    def setUp(self):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.fleet = Fleet()
        cloud, clock = Cloud(), Clock()
        control = Control(cloud, clock, Journal(clock), Faults(), self.fleet, Pace(cloud, clock))
        self.client = Client(control)
        self.server = Server()

    def register(self, name="one"):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        authority = Authority("cluster")
        files = ("ca", "ca.key", "server", "server.key", "admin", "admin.key")
        paths = {file: Path(folder.name) / file for file in files}
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key = authority._key.private_bytes(*form).decode()
        contents = [authority.pem(), key, *authority.server(), *authority.client("admin", [], 4e9)]
        for path, content in zip(paths.values(), contents, strict=True):
            path.write_text(content)
        listener = make_server(
            "127.0.0.1", 0, self.server, threaded=True, ssl_context=(str(paths["server"]), str(paths["server.key"]))
        )
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        self.addCleanup(listener.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(listener.shutdown)
        order = {
            "name": name,
            "endpoint": f"https://127.0.0.1:{listener.server_port}",
            "ca_file": str(paths["ca"]),
            "client_ca_file": str(paths["ca"]),
            "client_ca_key_file": str(paths["ca.key"]),
            "admin_certificate_file": str(paths["admin"]),
            "admin_key_file": str(paths["admin.key"]),
        }
        answer = self.client.post("/__control/kubernetes", json=order)
        self.assertEqual(answer.status_code, 200, answer.text)
        return order

    def review(self, name, token):
        review = {"spec": {"token": token}}
        return self.client.post(f"/__control/tokenreview/{name}", json=review).json["status"]

    def test_a_cluster_keeps_its_api_and_those_without_have_a_pretended_one(self):
        order = self.register()
        backend = self.fleet.take("first")
        self.assertEqual(backend.endpoint, order["endpoint"])
        self.assertIs(self.fleet.take("first"), backend)
        pretended = self.fleet.take("second")
        self.assertIsInstance(pretended, Pretended)
        pretended.apply_snapshot_definitions()
        self.assertTrue(pretended.has_snapshot_definitions)

        self.fleet.release("first")
        # It waits until what the first left is gone.
        self.assertIs(self.fleet.take("third"), backend)
        self.fleet.release("nobody")

    def test_an_api_that_cannot_be_emptied_is_not_used_again(self):
        self.register()
        self.fleet.take("first")
        self.server.refused.add("GET")
        with self.assertLogs("kubernetes", "ERROR"):
            self.fleet.release("first")
            self.assertIsInstance(self.fleet.take("second"), Pretended)

    def test_nodes_come_and_change_and_go_with_their_pods(self):
        self.register()
        backend = self.fleet.take("first")
        taint = {"key": "dedicated", "value": "database", "effect": "NoSchedule"}
        small = Node("a", "v1.34.4", {"zone": "1", "old": "yes"}, [taint])
        backend.set_nodes("pool/1", [small, Node("b", "v1.34.4")])
        node = self.server.objects["/api/v1/nodes/a"]
        self.assertEqual(node["metadata"]["annotations"], {"kwok.x-k8s.io/node": "fake"})
        self.assertEqual(node["metadata"]["labels"]["playground.kubeblocks.io/pool"], "pool-1")
        self.assertEqual((node["metadata"]["labels"]["zone"], node["spec"]["taints"]), ("1", [taint]))

        for pod, host in [("kept", "a"), ("gone", "b")]:
            metadata = {"name": pod, "namespace": "default", "uid": pod}
            path = f"/api/v1/namespaces/default/pods/{pod}"
            self.server.objects[path] = {"metadata": metadata, "spec": {"nodeName": host}}
        pressure = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}
        node["spec"]["taints"].append(pressure)
        backend.set_nodes("pool/1", [Node("a", "v1.35.0", {"zone": "2"}), Node("c", "v1.35.0")])
        self.assertEqual(self.server.names("nodes"), ["a", "c"])
        self.assertEqual(self.server.names("pods"), ["kept"])
        node = self.server.objects["/api/v1/nodes/a"]
        self.assertEqual((node["metadata"]["labels"]["zone"], node["spec"]["taints"]), ("2", [pressure]))
        self.assertNotIn("old", node["metadata"]["labels"])
        self.assertEqual(node["status"]["nodeInfo"]["kubeletVersion"], "v1.35.0")

    def test_a_node_of_another_image_is_made_anew_without_its_pods(self):
        self.register()
        backend = self.fleet.take("first")
        backend.set_nodes("pool", [Node("a", "v1.34.4", image="1"), Node("b", "v1.34.4", image="1")])
        for host in ("a", "b"):
            metadata = {"name": f"on-{host}", "namespace": "default", "uid": host}
            path = f"/api/v1/namespaces/default/pods/on-{host}"
            self.server.objects[path] = {"metadata": metadata, "spec": {"nodeName": host}}
        self.server.objects["/api/v1/nodes/a"]["former"] = True
        backend.set_nodes("pool", [Node("a", "v1.35.0", image="2"), Node("b", "v1.34.4", image="1")])
        self.assertEqual((self.server.names("nodes"), self.server.names("pods")), (["a", "b"], ["on-b"]))
        node = self.server.objects["/api/v1/nodes/a"]
        self.assertNotIn("former", node)
        self.assertFalse(node["spec"].get("unschedulable"))

    def test_what_was_there_before_the_first_cluster_stays(self):
        self.server.objects["/api/v1/nodes/addon-jobs"] = {"metadata": {"name": "addon-jobs"}}
        self.register()
        backend = self.fleet.take("first")
        backend.set_nodes("pool", [Node("a", "v1.34.4")])
        self.server.objects["/api/v1/namespaces/shop"] = {"metadata": {"name": "shop"}}
        backend.clear()
        self.assertEqual(self.server.names("nodes"), ["addon-jobs"])
        self.assertEqual(self.server.names("namespaces"), ["default"])

    def test_a_certificate_ends_when_it_is_to(self):
        self.register()
        end = time.time() + 60
        pem, _ = self.fleet.take("first").client_certificate("someone", ["people"], end)
        certificate = x509.load_pem_x509_certificate(pem.encode())
        self.assertAlmostEqual(certificate.not_valid_after_utc.timestamp(), end, delta=1)
        self.assertEqual(certificate.subject.rfc4514_string(), "CN=someone,O=people")

    def test_a_token_is_reviewed_for_the_cluster_whose_api_server_asks(self):
        self.register("one")
        self.assertEqual(self.review("one", "first")["error"], "no cluster has this API server")
        self.fleet.take("first")
        self.assertTrue(self.review("one", "first-token")["authenticated"])
        self.assertEqual(self.review("one", "second-token")["error"], "the token is not for first")

    def test_an_api_that_does_not_answer_is_not_added(self):
        order = self.register()
        self.fleet.take("first")
        self.server.refused.add("GET")
        answer = self.client.post("/__control/kubernetes", json=order)
        self.assertEqual(answer.status_code, 502)
        self.assertIn("503 full", answer.json["error"])
        self.assertEqual(self.client.post("/__control/kubernetes", json={"name": "x"}).status_code, 400)
        self.assertIsInstance(self.fleet.take("second"), Pretended)


def _json(value, status=200):
    return Response(json.dumps(value), status=status, mimetype="application/json")


def _merge(target, change):
    for key, value in change.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


if __name__ == "__main__":
    unittest.main()
