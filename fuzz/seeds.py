#!/usr/bin/env python3
"""Writes what the fuzzers begin with, from files that the tests have: states, plans, and a few texts."""

import base64
import gzip
import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATES = sorted((ROOT / "provider/tests/provider_contract/states/v0").glob("*.json"))
PLANS = sorted((ROOT / "provider/src/review/testdata").glob("*.plan.json"))
LARGEST = 64 << 10

METHODS = {"ValidateResourceConfig": 1, "UpgradeResourceState": 6, "MoveResourceState": 8, "GenerateResourceConfig": 9}

TEXTS = {
    0: ["1", "500m", "1.5Gi", "20Gi", "1e3", "0.1", "12E", "+2k", "-1Mi", "9223372036854775807"],
    1: ["7d", "1mo", "1y6mo", "1y2mo3d4h5m", "0d"],
    2: ["2026-11-30T02:03:04Z", "Nov 30,2026 02:03:04 UTC+0000"],
    3: ["0 3 * * *", "*/5 0-12/2 1,15 JAN-MAR MON", "@daily", "@every 1h30m", "CRON_TZ=UTC 0 3 * * *"],
    4: ["orders", "a-b.c", "-x", "0"],
    5: ["example.com/team", "team", "a_b.C"],
    6: ["shop/orders", "/", "shop/or/ders"],
    7: ["apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis", "dataprotection.kubeblocks.io/v1alpha1/BackupPolicy/shop/orders"],
}

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: one, user: one, namespace: shop}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: "Zm9v", proxy-url: "http://127.0.0.1:1"}}]
users:
  - name: one
    user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "true", args: [a], env: [{name: A, value: b}]}}
"""


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


def seeds():
    for index, path in enumerate(STATES):
        state = json.loads(path.read_text())
        name, text, value = path.stem.encode(), json.dumps(state).encode(), packed(state)
        yield "msgpack", path.stem, bytes([index]) + value
        yield "stored_state", path.stem, bytes([index, 0]) + text
        dynamic = field(1, value)
        messages = {
            "ValidateResourceConfig": field(1, name) + field(2, dynamic),
            "UpgradeResourceState": field(1, name) + field(3, field(1, text)),
            "GenerateResourceConfig": field(1, name) + field(2, dynamic),
            "MoveResourceState": field(1, b"registry.terraform.io/hashicorp/kubernetes")
            + field(2, b"kubernetes_manifest")
            + field(4, field(1, json.dumps({"manifest": state.get("manifest")}).encode()))
            + field(5, name),
        }
        for method, message in messages.items():
            yield "requests", f"{method}-{path.stem}", bytes([METHODS[method]]) + message
    for choice, texts in TEXTS.items():
        for index, text in enumerate(texts):
            yield "texts", f"{choice}-{index}", bytes([choice]) + text.encode()
    for path in PLANS:
        if path.stat().st_size <= LARGEST:
            yield "review", path.stem, path.read_bytes()
    release = {
        "name": "kubeblocks",
        "namespace": "kb-system",
        "version": 3,
        "info": {"status": "deployed", "first_deployed": "2026-11-30T02:03:04Z", "notes": "x"},
        "chart": {"metadata": {"name": "kubeblocks", "version": "0.7.5"}, "values": {"a": {"b": [1]}}},
        "config": {"a": None},
        "manifest": "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
        "hooks": [],
    }
    yield "helm_release", "deployed", base64.b64encode(gzip.compress(json.dumps(release).encode(), mtime=0))
    yield "helm_release", "plain", base64.b64encode(json.dumps(release).encode())
    yield "kubeconfig", "exec", KUBECONFIG.encode()


def main():
    folder = Path(sys.argv[1])
    for target, name, data in seeds():
        path = folder / target / f"seed-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


main()
