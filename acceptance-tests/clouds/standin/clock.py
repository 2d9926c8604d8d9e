"""The time of a stand-in: the real one, faster if told so, plus what tests added."""

import threading
import time


class Clock:
    """Seconds since 1970. Goes on by itself, `speed` seconds in each real one; jumps when told, never back."""

    def __init__(self, real=time.time):
        self._real = real
        self._lock = threading.Lock()
        # Since which real time, at which time of the clock, how fast; the last one holds.
        start = real()
        self._stretches = [(start, start, 1.0)]

    def now(self):
        with self._lock:
            return self._now()

    @property
    def speed(self):
        """Seconds of the clock in each real one."""
        with self._lock:
            return self._stretches[-1][2]

    def advance(self, seconds):
        if not seconds >= 0:
            raise ValueError("the clock does not go back")
        with self._lock:
            self._go_on(self._now() + seconds, self._stretches[-1][2])

    def run(self, speed):
        """Runs at `speed` from now on."""
        if not speed > 0:
            raise ValueError("the clock does not stand still")
        with self._lock:
            self._go_on(self._now(), speed)

    def at(self, real):
        """What this clock showed at a real time: when somebody on real time signed something, by this clock.

        So a token that its owner signed before the clock jumped is old, and one signed now is new.
        """
        with self._lock:
            for start, shown, speed in reversed(self._stretches):
                if real >= start:
                    return shown + (real - start) * speed
            start, shown, _ = self._stretches[0]
            return shown + real - start

    def _now(self):
        start, shown, speed = self._stretches[-1]
        return shown + (self._real() - start) * speed

    def _go_on(self, shown, speed):
        real = self._real()
        # What nobody can have seen is not kept.
        if self._stretches[-1][0] == real and len(self._stretches) > 1:
            self._stretches.pop()
        self._stretches.append((real, shown, speed))
