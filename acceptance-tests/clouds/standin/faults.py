"""Faults that tests order: which operation they befall, when, and what happens instead of the answer."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

KINDS = ("response", "reset", "lost", "stall")


@dataclass
class Fault:
    """One order. `kind` is

    `response`: `status`, `headers` and `body` are answered and nothing is done;
    `reset`: the connection breaks and nothing is done;
    `lost`: the operation is done, and the connection breaks amid the answer;
    `stall`: the operation is done after a real minute.
    """

    operation: str
    times: int = 1
    after: int = 0
    kind: str = "response"
    status: int = 500
    headers: dict = field(default_factory=dict)
    body: Any = None

    @classmethod
    def parse(cls, text):
        """Reads a member of the list that `POST /__control/faults` takes."""
        if not isinstance(text, dict):
            raise ValueError("a fault is an object")
        unknown = sorted(set(text) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"a fault has no {', '.join(unknown)}")
        if not text.get("operation"):
            raise ValueError("a fault needs an operation")
        fault = cls(**{name: value for name, value in text.items() if value is not None})
        fault.kind = fault.kind or "response"
        if fault.kind not in KINDS:
            raise ValueError(f"{fault.kind!r} is none of {', '.join(KINDS)}")
        if fault.kind == "response" and not 100 <= fault.status <= 599:
            raise ValueError(f"{fault.status} is no HTTP status")
        return fault

    def content(self):
        """The body's bytes and their type: text as it is, all else as JSON."""
        if self.body is None:
            return b"", None
        if isinstance(self.body, str):
            kind = "text/xml" if self.body.lstrip().startswith("<") else "text/plain"
            return self.body.encode(), kind
        return json.dumps(self.body).encode(), "application/json"


class Faults:
    """The orders in force."""

    def __init__(self):
        self._faults = []
        self._lock = threading.Lock()

    def replace(self, faults):
        """Takes all former orders back and gives these; an invalid one leaves the former in force."""
        if not isinstance(faults, list):
            raise ValueError("faults come as a list")
        parsed = [Fault.parse(fault) for fault in faults]
        with self._lock:
            self._faults = parsed

    def take(self, operation):
        """The fault that befalls this call of the operation, or None. Counts the call: ask once per request."""
        with self._lock:
            for fault in self._faults:
                if fault.operation != operation:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    return None
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None
