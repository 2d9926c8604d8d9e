"""How fast a stand-in's clock runs: fast while an operation of the cloud is under way, like the real time otherwise."""

import logging
import threading

# Real seconds between two looks at the cloud.
INTERVAL = 0.2


class Pace:
    """Looks at the cloud from time to time, which also makes happen what is due although nobody asks.

    What a client holds meanwhile, such as a token, thus ages as much as it would beside the real cloud: by minutes
    while a cluster is made, and by what the client itself takes else.
    """

    def __init__(self, cloud, clock):
        self._cloud = cloud
        self._clock = clock
        self._end = threading.Event()
        # Seconds of the clock in a real one, while an operation is under way.
        self.speed = 1.0
        self._slow_after = None
        # What is decided by one speed is not carried out after another was set.
        self._turn = threading.Lock()

    def set(self, speed):
        if not 0 < speed < float("inf"):
            raise ValueError("the clock neither stands still nor goes back")
        with self._turn:
            self.speed = speed
        self.look()

    def slow_after(self, operation):
        """Runs like the real time from the next such operation on, until another speed is set."""
        self._slow_after = operation

    def noticed(self, operation):
        """Is told each operation, before its answer goes out, which it does whatever else happens in the cloud."""
        if operation == self._slow_after:
            self._slow_after = None
            with self._turn:
                self.speed = 1.0
                self._clock.run(1.0)

    def look(self):
        """Makes the clock as fast as it is to be now."""
        busy = self._cloud.busy()
        with self._turn:
            wanted = self.speed if busy else 1.0
            if wanted != self._clock.speed:
                self._clock.run(wanted)

    def start(self):
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self):
        self._end.set()

    def _watch(self):
        while not self._end.wait(INTERVAL):
            try:
                self.look()
            except Exception:  # A request to the cloud will meet it, too, and answer for it.
                logging.getLogger("pace").exception("the cloud cannot be looked at")
