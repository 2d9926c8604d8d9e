"""What was asked of a stand-in, in order, as the tests read it."""

import threading


class Journal:
    """Requests to the cloud; those to the control API are not among them."""

    def __init__(self, clock):
        self._clock = clock
        self._entries = []
        self._lock = threading.Lock()
        # Is told each operation, before its answer goes out.
        self.listener = lambda operation: None

    def record(self, service, operation, method, path, status):
        """Notes an exchange; `status` is None when the connection broke instead of an answer."""
        entry = {
            "service": service,
            "operation": operation,
            "method": method,
            "path": path,
            "status": status,
            "at": self._clock.now(),
        }
        # First, so that whoever reads of it here finds everything done that was to happen on it.
        self.listener(operation)
        with self._lock:
            self._entries.append(entry)

    def entries(self):
        with self._lock:
            return list(self._entries)

    def clear(self):
        with self._lock:
            self._entries.clear()
