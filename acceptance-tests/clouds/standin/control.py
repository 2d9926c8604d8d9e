"""The control API, by which tests steer a stand-in: `/__control/...`, outside of what the cloud is.

`GET`/`DELETE journal`; `POST faults` with a list, which replaces the former; `POST clock` with `{"advance": seconds}`
or `{"speed": times}`; `POST slow` with `{"after": operation}`, from which on the clock is the real one; `POST settle`,
which advances until the cloud is at rest; `POST kubernetes`, which adds an API server to stand behind a cluster;
`POST tokenreview/NAME`, a webhook for that server.
"""

import json
from functools import partial

import requests
from werkzeug.wrappers import Request, Response

from .control_plane import ControlPlane
from .kubernetes_api import Refused

PREFIX = "/__control/"
REVIEW = "tokenreview"
# More changes than any test has; a cloud that is still busy then never comes to rest.
MOST_CHANGES = 1000


class Control:
    """WSGI: takes what lies under PREFIX, and gives all else to the cloud."""

    def __init__(self, cloud, clock, journal, faults, fleet, pace):
        self._cloud = cloud
        self._fleet = fleet
        self._pace = pace
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._actions = {
            ("GET", "journal"): lambda _: self._journal.entries(),
            ("GET", "inventory"): lambda _: self._cloud.inventory(),
            ("DELETE", "journal"): lambda _: self._journal.clear(),
            ("POST", "faults"): self._play,
            ("GET", "clock"): lambda _: self._time(),
            ("POST", "clock"): self._set,
            ("POST", "slow"): lambda order: self._pace.slow_after(order["after"]),
            ("POST", "settle"): self._settle,
            ("POST", "kubernetes"): self._add_kubernetes,
            ("POST", REVIEW): self._review,
        }

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._cloud(environ, start_response)
        return self._answer(Request(environ), path[len(PREFIX) :])(environ, start_response)

    def _answer(self, request, name):
        action = self._actions.get((request.method, name))
        if name.startswith(f"{REVIEW}/") and request.method == "POST":
            action = partial(self._review, name=name.removeprefix(f"{REVIEW}/"))
        if action is None:
            return _json({"error": f"there is no {request.method} {PREFIX}{name}"}, 404)
        try:
            body = json.loads(request.get_data() or b"null")
            answer = action(body)
        except (Refused, requests.RequestException) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 502)
        except (ValueError, TypeError, KeyError, FileNotFoundError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)
        except NeverAtRest as error:
            return _json({"error": str(error)}, 500)
        return _json({} if answer is None else answer, 200)

    def _play(self, faults):
        self._faults.replace(faults)

    def _time(self):
        return {"now": self._clock.now(), "speed": self._pace.speed}

    def _set(self, order):
        orders = {"advance": self._clock.advance, "speed": self._pace.set}
        if not order or order.keys() - orders.keys():
            raise ValueError(f"say one of {', '.join(orders)}")
        for name, value in order.items():
            orders[name](float(value))
        return self._time()

    def _add_kubernetes(self, order):
        self._fleet.add(ControlPlane.register(order))

    def _settle(self, _):
        for _ in range(MOST_CHANGES):
            if not self._cloud.busy():
                return self._time()
            change = self._cloud.next_change()
            if change is None:
                raise NeverAtRest("the cloud is busy with something that has no end")
            self._clock.advance(max(0.0, change - self._clock.now()))
        raise NeverAtRest(f"the cloud is still busy after {MOST_CHANGES} changes")

    def _review(self, review, name=None):
        """Answers a TokenReview of the API server of a name; without one, of any.

        The cloud may say why it refuses a token by raising PermissionError. If its tokens are of one cluster alone, it
        has `review_for(token, cluster)`, too, which is asked instead when it is known whose API server asks.
        """
        token = review["spec"]["token"]
        status = {"authenticated": False}
        try:
            user = self._user(token, name)
            if user:
                status = {"authenticated": True, "user": user}
        except PermissionError as error:
            status["error"] = str(error)
        version = review.get("apiVersion", "authentication.k8s.io/v1")
        return {"apiVersion": version, "kind": "TokenReview", "status": status}

    def _user(self, token, name):
        if name is None:
            return self._cloud.review(token)
        cluster = self._fleet.cluster_of(name)
        if cluster is None:
            raise PermissionError("no cluster has this API server")
        if hasattr(self._cloud, "review_for"):
            return self._cloud.review_for(token, cluster)
        return self._cloud.review(token)


class NeverAtRest(Exception):
    """A cloud that cannot be settled, which is a fault of the stand-in."""


def _json(value, status):
    return Response(json.dumps(value), status=status, mimetype="application/json")
