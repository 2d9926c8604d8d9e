#!/usr/bin/env python3
"""Writes what the fuzzers begin with into a folder, from files that the tests have: states, schemas, plans, and a few texts."""

import base64
import gzip
import hashlib
import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATES = sorted((ROOT / "provider/tests/provider_contract/states/v0").glob("*.json"))
SCHEMAS = ROOT / "provider/schemas"
PLANS = sorted((ROOT / "provider/src/review/testdata").glob("*.plan.json"))
LARGEST = 64 << 10

# The numbers that the checks have for the calls.
VALIDATED = {"resource": 1, "data_source": 2, "ephemeral_resource": 3, "list_resource": 4, "action": 5}
PROVIDER, UPGRADE_STATE, UPGRADE_IDENTITY, MOVE, GENERATE, FUNCTION = 0, 6, 7, 8, 9, 10

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/prod"
TEXTS = {
    0: ["1", "500m", "1.5Gi", "20Gi", "1e3", "0.1", "12E", "+2k", "-1Mi", "9223372036854775807", "1E", "1e-9", "3n", ".5", "7Ei"],
    1: ["7d", "1mo", "1y6mo", "1y2mo3w4d5h6m", "0d", "99999999999999999999d", "+1w"],
    2: ["2026-11-30T02:03:04Z", "2026-12-31T23:59:60Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z"],
    3: ["0 3 * * *", "*/5 0-12/2 1,15 JAN-MAR MON", "@daily", "@every 1h30m", "0 0 1,15 * ?", "5-10/2 0-6 1-31 jan-dec MON-fri"],
    4: ["orders", "a-b.c", "-x", "0", "example.com/team", "team", "a_b.C"],
    5: [
        "shop/orders",
        "/",
        "shop/or/ders",
        "apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis",
        "dataprotection.kubeblocks.io/v1alpha1/BackupPolicy/shop/orders",
    ],
    6: [
        chr(index) + text
        for index, name in enumerate(path.stem for path in STATES)
        for text in {
            "kubeblocks_ack_cluster": ["c82e6987e2961451182edacd74faf", "cn-hangzhou/c82e6987e2961451182edacd74faf"],
            "kubeblocks_ack_node_pool": ["c82e/np1", "cn-hangzhou/c82e/np1"],
            "kubeblocks_aks_cluster": [ARM],
            "kubeblocks_aks_node_pool": [f"{ARM}/agentPools/data"],
            "kubeblocks_eks_cluster": ["prod", "eu-west-1/prod"],
            "kubeblocks_eks_node_group": ["prod/data", "eu-west-1/prod/data"],
            "kubeblocks_gke_cluster": ["projects/p/locations/l/clusters/c", "p/l/c"],
            "kubeblocks_gke_node_pool": ["projects/p/locations/l/clusters/c/nodePools/n"],
        }.get(name, [])
    ],
    7: ["a: 1\n---\nb: [x, 1.5, null, {c: true}]\n", "kind: A\nlist: &x [1]\nagain: *x\n", "- a\n", "? a\n: |\n  text\n"],
    8: ["a: 0o17\nb: 1e3\nc: '1'\nd: ~\ne: 2026-11-01\nf: 0x1F\n", "[a, 'b', \"c\\n\", yes, .inf, 1_000]", "a: >-\n  b\n\n  c\n"],
}

KUBECONFIGS = {
    "exec": """apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: one, user: one, namespace: shop}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:6443", proxy-url: "http://127.0.0.1:1"}}]
users:
  - name: one
    user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "true", args: [a], env: [{name: A, value: b}]}}
""",
    "token": """apiVersion: v1
current-context: two
contexts:
- name: two
  context:
    cluster: two
    user: two
clusters:
- name: two
  cluster:
    server: https://[::1]:6443/base
    insecure-skip-tls-verify: true
    tls-server-name: two.example
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=
users:
- name: two
  user: {token: abc, username: a, password: b}
---
clusters: []
""",
}

RELEASE = {
    "name": "kubeblocks",
    "namespace": "kb-system",
    "version": 3,
    "info": {"status": "deployed", "first_deployed": "2026-11-30T02:03:04Z", "description": "x", "notes": "x"},
    "chart": {"metadata": {"name": "kubeblocks", "version": "0.7.5", "appVersion": "0.7.5"}, "values": {"a": {"b": [1]}}},
    "config": {"a": None},
    "manifest": "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {generateName: b}}\n",
    "hooks": [],
}

def packed(value):
    """A value as MessagePack."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(packed, value))
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(packed(key) + packed(held) for key, held in value.items())


def varint(number):
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def field(number, data):
    """A field of a protobuf message that has a length."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def sample(attributes, is_full):
    """A value for each attribute: what is required, or whatever can be configured."""
    return {name: valued(attribute, is_full) for name, attribute in sorted(attributes.items())}


def valued(attribute, is_full):
    if not attribute.get("required") and not (is_full and attribute.get("optional")):
        return None
    if "nested_type" not in attribute:
        return typed(attribute["type"])
    nested = attribute["nested_type"]
    value = sample(nested.get("attributes", {}), is_full)
    return {"list": [value], "set": [value], "map": {"a": value}}.get(nested["nesting_mode"], value)


def typed(kind):
    match kind:
        case "string":
            return "a"
        case "number":
            return 1
        case "bool":
            return True
        case "dynamic":
            return {"type": ["object", {"a": "string"}], "value": {"a": "b"}}
        case ["map", inner]:
            return {"a": typed(inner)}
        case ["object", inner]:
            return {name: typed(held) for name, held in inner.items()}
        case ["tuple", inner]:
            return [typed(held) for held in inner]
        case [_, inner]:
            return [typed(inner)]


def lines(call, name, *values):
    return b"l" + bytes([call]) + "\n".join([name, *(json.dumps(value) for value in values)]).encode()


def requests():
    def schema(kind, name):
        return json.loads((SCHEMAS / kind / f"{name}.json").read_text())

    def names(kind):
        return sorted(path.stem for path in (SCHEMAS / kind).glob("*.json"))

    block = json.loads((SCHEMAS / "provider.json").read_text())["block"]
    for is_full in [False, True]:
        yield lines(PROVIDER, "", sample(block["attributes"], is_full))
        for kind, call in VALIDATED.items():
            for name in names(kind):
                yield lines(call, name, sample(schema(kind, name)["block"]["attributes"], is_full))
    for name in names("resource_identity"):
        identity = schema("resource_identity", name)["attributes"]
        yield lines(UPGRADE_IDENTITY, name, {key: typed(held["type"]) for key, held in identity.items()})
    for name in names("functions"):
        parameters = schema("functions", name)["parameters"]
        yield lines(FUNCTION, name, *(typed(parameter["type"]) for parameter in parameters))
    yield lines(FUNCTION, "connection_uri", "postgresql", {"host": "h", "port": "1", "username": "u", "password": "@", "tls": "true"})
    yield lines(FUNCTION, "manifest_decode_multi", "a: 1\n---\nb: [x]\n")
    yield lines(FUNCTION, "quantity", "1.5Gi")
    yield lines(FUNCTION, "supports", "redis", "stop")
    for path in STATES:
        name, state = path.stem, json.loads(path.read_text())
        yield lines(UPGRADE_STATE, name, state)
        yield lines(GENERATE, name, state)
        manifest = {"apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster", "metadata": {"name": "a", "namespace": "b"}}
        yield lines(MOVE, name, {"manifest": {"type": "string", "value": manifest}})
        yield lines(MOVE, name, {"manifest": manifest, "object": manifest})
        message = field(1, name.encode()) + field(2, field(1, packed(state)))
        yield b"m" + bytes([1]) + message
        yield b"m" + bytes([GENERATE]) + message


def any_bytes(name, length):
    """Bytes that look random and are always the same."""
    blocks = (hashlib.sha256(f"{name} {index}".encode()).digest() for index in range(length // 32))
    return b"".join(blocks)


def values():
    for index, path in enumerate(STATES):
        state = json.loads(path.read_text())
        yield bytes([index]) + packed(state)
        yield bytes([index]) + json.dumps(state).encode()
    dynamic = b"\xff"
    yield dynamic + b'{"type":["tuple",["string","number","bool"]],"value":["a",1.5e300,null]}'
    yield dynamic + b'{"type":["set",["map","number"]],"value":[{"a":1},{"a":"1"},{"b":0.1}]}'
    for kind, value in [
        ('["list","number"]', packed([1, 0.1, "1e-9", -5])),
        ('["object",{"a":"string","b":"dynamic"}]', packed({"a": "e\u0301", "b": ['"bool"', True]})),
        ('["set","string"]', b"\x92\xd4\x00\x00\xc7\x03\x0c\x81\x01\xc2"),
        ('"string"', b"\xc7\x05\x0c\x81\x02\xa2ab"),
        ('"number"', b"\xc7\x0a\x0c\x82\x03\x92\x01\xc3\x04\x92\x09\xc2"),
    ]:
        yield dynamic + b"\x92" + packed(kind) + value
    # Deep, and long without being there: to be refused.
    yield dynamic + b'\x92\xa9"dynamic"' * 200 + b"\xc0"
    yield dynamic + b'\x92\xb1["list","string"]\xdd\xff\xff\xff\xff'
    yield dynamic + b'{"type":"dynamic","value":' * 130 + b"null" + b"}" * 130


def seeds():
    for index, path in enumerate(STATES):
        yield "states", bytes([index, 0]) + path.read_bytes()
    yield from (("values", value) for value in values())
    yield from (("requests", request) for request in requests())
    for choice in range(len(STATES) + 6):
        for length in [64, 256, 1024]:
            yield "plans", bytes([choice]) + any_bytes(choice, length)
    for choice, texts in TEXTS.items():
        yield from (("texts", bytes([choice]) + text.encode()) for text in texts)
    yield from (("reviews", path.read_bytes()) for path in PLANS if path.stat().st_size <= LARGEST)
    release = json.dumps(RELEASE).encode()
    yield "releases", b"\x00" + base64.b64encode(gzip.compress(release, mtime=0))
    yield "releases", b"\x01" + release
    yield "releases", b"\x02" + release
    yield from (("kubeconfigs", text.encode()) for text in KUBECONFIGS.values())


def main():
    folder = Path(sys.argv[1])
    for target, data in seeds():
        path = folder / target / hashlib.sha1(data).hexdigest()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


main()
