"""Updates of EKS: what is asked of a cluster, a node group or an add-on that exists, and how it ends."""

import json
import uuid

DURATION = 300


class Update:
    """One update. It is in progress until its time is over, and then successful or failed."""

    def __init__(self, agenda, kind, parameters, of_group=None, of_add_on=None):
        self.id = str(uuid.uuid4())
        self.kind = kind
        self.status = "InProgress"
        self.parameters = [{"type": name, "value": _text(value)} for name, value in parameters.items()]
        self.created = agenda.now()
        self.errors = []
        self.of_group = of_group
        self.of_add_on = of_add_on

    def is_of_cluster_and_open(self):
        return self.status == "InProgress" and self.of_group is None and self.of_add_on is None

    def concerns(self, group, add_on):
        return self.of_group == group and self.of_add_on == add_on

    def describe(self):
        """The update as the API shows it."""
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "params": self.parameters,
            "createdAt": self.created,
            "errors": self.errors,
        }


def begin(cluster, subject, operation, update, change, duration=DURATION):
    """Starts an update of `subject` (the cluster, a group or an add-on).

    `change` is what it does in the end; it gives an error of the update where it cannot.
    """
    cluster.updates[update.id] = update
    subject.status = "UPDATING"

    def finish():
        if cluster.is_going():
            return
        error = cluster.region.late(operation) or change()
        if error:
            update.status = "Failed"
            shown = {"errorCode": error["code"], "errorMessage": error["message"]}
            update.errors = [shown | {"resourceIds": error.get("resourceIds", [])}]
        else:
            update.status = "Successful"
        if subject.status == "UPDATING":
            subject.rest(failed=bool(error))

    cluster.agenda.after(duration, finish)
    return "update", update


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)
