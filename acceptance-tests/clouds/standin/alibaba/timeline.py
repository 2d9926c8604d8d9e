"""What happens later, by the stand-in's clock."""

import heapq
import itertools


class Timeline:
    """Acts that fall due, in the order in which they do."""

    def __init__(self, clock):
        self._clock = clock
        self._acts = []
        self._numbers = itertools.count()
        # The moment of the act that runs, which may be long past when nobody looked.
        self._moment = None

    def now(self):
        return self._clock.now() if self._moment is None else self._moment

    def after(self, seconds, act):
        heapq.heappush(self._acts, (self.now() + seconds, next(self._numbers), act))

    def catch_up(self):
        """Lets everything happen that is due."""
        while self._acts and self._acts[0][0] <= self._clock.now():
            self._moment, _, act = heapq.heappop(self._acts)
            try:
                act()
            finally:
                self._moment = None

    def next(self):
        """When the next act falls due; None when there is none."""
        return self._acts[0][0] if self._acts else None
