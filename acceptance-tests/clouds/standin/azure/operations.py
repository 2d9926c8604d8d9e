"""Operations that go on in the background: when each ends, what it does then, and where it is asked after."""

import base64
import datetime
import hashlib
import uuid
from dataclasses import dataclass, field

from .refusal import Refusal

# An older version than any request's: the address is to be followed as it was given.
API_VERSION = "2025-03-01"
IN_PROGRESS = "InProgress"


@dataclass
class Operation:
    """One operation. `finish` may raise a Refusal, which is how it fails."""

    ends_at: float
    started_at: float
    finish: object
    abort: object = None
    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = IN_PROGRESS
    error: dict | None = None
    ended_at: float | None = None
    # Shown as `Location`, which answers 202 until it is over, instead of `Azure-AsyncOperation`.
    is_location: bool = False

    def show(self):
        shown = {"name": self.name, "status": self.status, "startTime": stamp(self.started_at)}
        if self.ended_at is not None:
            shown["endTime"] = stamp(self.ended_at)
        return shown | ({"error": self.error} if self.error else {})


class Operations:
    """All operations of a stand-in."""

    def __init__(self, clock):
        self._clock = clock
        self._operations = {}
        self._addresses = {}

    def begin(self, seconds, finish, abort=None, is_location=False):
        """Begins an operation. `abort` is told of the refusal with which it fails."""
        now = self._clock.now()
        operation = Operation(now + seconds, now, finish, abort, is_location=is_location)
        self._operations[operation.name] = operation
        return operation

    def running(self):
        return [operation for operation in self._operations.values() if operation.status == IN_PROGRESS]

    def advance(self):
        """Ends what is due, in order; the end of one may begin another."""
        while due := [operation for operation in self.running() if operation.ends_at <= self._clock.now()]:
            operation = min(due, key=lambda operation: operation.ends_at)
            # What else fails, as a Kubernetes API may, stays due.
            try:
                operation.finish()
                operation.status = "Succeeded"
            except Refusal as refusal:
                operation.status, operation.error = "Failed", refusal.error()
                if operation.abort:
                    operation.abort(refusal)
            operation.ended_at = operation.ends_at

    def header(self, operation, host, subscription, location):
        """The header that tells where the operation is asked after, with a signature as long as Azure's."""
        kind = "operationresults" if operation.is_location else "operations"
        provider = "" if operation.is_location else "/providers/Microsoft.ContainerService"
        path = f"/subscriptions/{subscription}{provider}/locations/{location}/{kind}/{operation.name}"
        if operation.is_location:
            path = f"/subscriptions/{subscription}/operationresults/{operation.name}"
        if operation.name not in self._addresses:
            seed = hashlib.sha512(operation.name.encode()).digest()
            text = base64.urlsafe_b64encode(seed * 40).decode().rstrip("=")
            self._addresses[operation.name] = (
                f"api-version={API_VERSION}&t=639{int(operation.started_at)}00000&c={text}"
                f"&s={text[40:300]}&h={text[300:343]}"
            )
        url = f"{host}{path}?{self._addresses[operation.name]}"
        return ("Location" if operation.is_location else "Azure-AsyncOperation"), url

    def find(self, name, query):
        """The operation, if it is asked after with the very query that was given."""
        operation = self._operations.get(name)
        if operation is None:
            raise Refusal(404, "NotFound", f"The operation '{name}' could not be found.")
        if self._addresses.get(name) != query:
            raise Refusal(403, "InvalidSignature", "The address of the operation is not the one that was given.")
        return operation


def stamp(seconds):
    """A time as Azure writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
