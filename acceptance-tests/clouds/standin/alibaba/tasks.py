"""Tasks: what ACK is at work on, and why it failed."""

import uuid

from .errors import Refused


class Tasks:
    """All tasks of all clusters."""

    def __init__(self, time):
        self._time = time
        self._tasks = {}

    def begin(self, cluster, kind, target):
        """A running task; gives its id."""
        task = f"T-{uuid.uuid4().hex[:24]}"
        self._tasks[task] = {
            "task_id": task,
            "cluster_id": cluster,
            "task_type": kind,
            "state": "running",
            "target": {"type": target[0], "id": target[1]},
            "created": self._time(),
            "updated": self._time(),
        }
        return task

    def end(self, task, error=None):
        """It is over; `error` is `(code, message)`."""
        found = self._tasks[task]
        found.update(state="fail" if error else "success", updated=self._time())
        if error:
            found["error"] = {"code": error[0], "message": error[1]}

    def describe(self, task):
        if task not in self._tasks:
            raise Refused(404, "ErrorTaskNotFound", f"The task {task} does not exist.")
        return self._tasks[task]

    def of_cluster(self, cluster):
        """The answer of DescribeClusterTasks, the newest first."""
        shown = ("task_id", "task_type", "state", "created", "updated", "error")
        found = [
            {name: task[name] for name in shown if name in task}
            for task in reversed(self._tasks.values())
            if task["cluster_id"] == cluster
        ]
        page = {"page_number": 1, "page_size": len(found), "total_count": len(found)}
        return {"page_info": page, "requestId": uuid.uuid4().hex, "tasks": found}
