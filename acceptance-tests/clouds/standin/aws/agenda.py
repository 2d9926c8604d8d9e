"""What is going to happen, and when: everything that takes a cloud time is an entry here."""

import heapq
import itertools


class Agenda:
    """Events by the time of a clock. Nothing runs by itself: `catch_up` does what has become due."""

    def __init__(self, clock):
        self._clock = clock
        self._events = []
        self._order = itertools.count()
        # While an event runs, its time is the present: what it brings about counts from then.
        self._present = None

    def now(self):
        return self._clock.now() if self._present is None else self._present

    def after(self, seconds, action):
        """Has `action` called once `seconds` are over."""
        heapq.heappush(self._events, (self.now() + seconds, next(self._order), action))

    def catch_up(self):
        """Does all that is due, in order. What fails, as a Kubernetes API may, stays due."""
        while self._events and self._events[0][0] <= self._clock.now():
            event = heapq.heappop(self._events)
            self._present, _, action = event
            try:
                action()
            except BaseException:
                heapq.heappush(self._events, event)
                raise
            finally:
                self._present = None

    def busy(self):
        return bool(self._events)

    def next_change(self):
        return self._events[0][0] if self._events else None
