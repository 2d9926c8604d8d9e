"""The time of a stand-in: the real one plus what tests added."""

import threading
import time


class Clock:
    """Seconds since 1970. Goes on by itself, jumps when told, never back."""

    def __init__(self, real=time.time):
        self._real = real
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self):
        with self._lock:
            return self._real() + self._offset

    def advance(self, seconds):
        if seconds < 0:
            raise ValueError("the clock does not go back")
        with self._lock:
            self._offset += seconds
