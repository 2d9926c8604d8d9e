"""What is still to happen, and when by the stand-in's clock."""

import itertools


class Agenda:
    """Things that happen in their order as soon as somebody looks after their time."""

    def __init__(self, clock):
        self._clock = clock
        self._plans = []
        self._count = itertools.count()

    def plan(self, delay, action):
        """Lets `action` happen `delay` seconds from now."""
        self._plans.append((self._clock.now() + delay, next(self._count), action))

    def catch_up(self):
        """Lets all happen whose time has come."""
        while self._plans:
            first = min(self._plans, key=lambda plan: plan[:2])
            if first[0] > self._clock.now():
                return
            self._plans.remove(first)
            first[2]()

    def next(self):
        """The time of the next thing; None when there is none."""
        return min((time for time, _, _ in self._plans), default=None)
