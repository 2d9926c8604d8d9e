"""Operations of GKE: one at a time for a cluster; pending, running and done by the clock."""

import datetime
import uuid

from google.cloud.container_v1 import types

from .errors import ApiError

Operation = types.Operation.meta.pb
Status = types.Operation.Status
Type = types.Operation.Type

# How long an operation stands in line before it runs.
PENDING = 3

# What an operation does, as the refusal of a second one says it.
WORDS = {
    Type.CREATE_CLUSTER: "creating cluster",
    Type.DELETE_CLUSTER: "deleting cluster",
    Type.UPGRADE_MASTER: "upgrading cluster",
    Type.UPGRADE_NODES: "upgrading node pools of cluster",
    Type.CREATE_NODE_POOL: "creating a node pool of cluster",
    Type.DELETE_NODE_POOL: "deleting a node pool of cluster",
}


def timestamp(seconds):
    """A time as GKE writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Operations:
    """All operations of a project."""

    def __init__(self, clock, agenda, project):
        self._clock = clock
        self._agenda = agenda
        self._project = project
        self._known = {}

    def begin(self, entry, kind, target, seconds, finish):
        """Begins an operation on a cluster; `finish` does its work at the end, and may give `(code, message)` of a
        failure instead."""
        self.refuse_if_busy(entry)
        now = self._clock.now()
        operation = Operation(
            name=f"operation-{int(now * 1000)}-{uuid.uuid4()}",
            zone=entry.location,
            operation_type=int(kind),
            status=int(Status.PENDING),
            start_time=timestamp(now),
            target_link=f"https://container.googleapis.com/v1/{target}",
        )
        operation.self_link = (
            f"https://container.googleapis.com/v1/projects/{self._project}/locations/{entry.location}"
            f"/operations/{operation.name}"
        )
        self._known[(entry.location, operation.name)] = operation
        entry.operation = operation

        def run():
            operation.status = int(Status.RUNNING)

        def end():
            entry.operation = None
            failure = finish()
            operation.status = int(Status.DONE)
            operation.end_time = timestamp(self._clock.now())
            if failure:
                operation.error.code, operation.error.message = failure
                operation.status_message = failure[1]

        self._agenda.plan(PENDING, run)
        self._agenda.plan(seconds, end)
        return operation

    def refuse_if_busy(self, entry):
        """Refuses a second operation on a cluster."""
        if entry.operation is not None:
            kind = Type(entry.operation.operation_type)
            words = WORDS.get(kind, "updating cluster")
            message = (
                f"Operation {entry.operation.name} is currently {words} {entry.cluster.name}. Please wait and try "
                "again once it is done."
            )
            raise ApiError("FAILED_PRECONDITION", message, info="CLUSTER_ALREADY_HAS_OPERATION")

    def get(self, location, name):
        """The operation of a name."""
        found = self._known.get((location, name))
        if found is None:
            message = f"Not found: projects/{self._project}/locations/{location}/operations/{name}."
            raise ApiError("NOT_FOUND", message)
        return found

    def list(self, location):
        """All operations of a location, or of all with `-`."""
        return [operation for (where, _), operation in self._known.items() if location in ("-", where)]
