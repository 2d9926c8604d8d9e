"""A stand-in in a process of its own, as the acceptance tests run it, steered by its control API."""

import contextlib
import json
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


class StandIn:
    """Starts a stand-in and ends it with the `with` block or `close`."""

    def __init__(self, cloud, *arguments):
        command = [sys.executable, "-m", "standin", "--cloud", cloud, *arguments]
        self.process = subprocess.Popen(
            command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(f"the stand-in for {cloud} ended with {self.process.returncode}; see its log above")
        ready = json.loads(line)
        self.endpoint = ready["endpoint"]
        self.environment = ready["environment"]
        self.ca_file = ready["ca_file"]
        self._context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def control(self, method, name, body=None):
        """Asks the control API; gives what it answered."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/__control/{name}", data=data, method=method)
        with urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        ).open(request, timeout=120) as answer:
            return json.load(answer)

    def advance(self, seconds):
        self.control("POST", "clock", {"advance": seconds})

    def settle(self):
        self.control("POST", "settle", {})

    def play(self, *faults):
        self.control("POST", "faults", list(faults))

    def review(self, token):
        """The `status` of the TokenReview of a token."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        return self.control("POST", "tokenreview", review)["status"]

    def journal(self):
        return self.control("GET", "journal")

    def operations(self):
        """Names of the operations asked so far, in order."""
        return [entry["operation"] for entry in self.journal()]

    def clear_journal(self):
        self.control("DELETE", "journal")
