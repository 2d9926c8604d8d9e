"""The control API, by which tests steer a stand-in: `/__control/...`, outside of what the cloud is.

`GET`/`DELETE journal`; `POST faults` with a list, which replaces the former; `POST clock` with `{"advance": seconds}`;
`POST settle`, which advances until the cloud is at rest; `POST tokenreview`, a webhook for the Kubernetes API server.
"""

import json

from werkzeug.wrappers import Request, Response

PREFIX = "/__control/"
# More changes than any test has; a cloud that is still busy then never comes to rest.
MOST_CHANGES = 1000


class Control:
    """WSGI: takes what lies under PREFIX, and gives all else to the cloud."""

    def __init__(self, cloud, clock, journal, faults):
        self._cloud = cloud
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._actions = {
            ("GET", "journal"): lambda _: self._journal.entries(),
            ("DELETE", "journal"): lambda _: self._journal.clear(),
            ("POST", "faults"): self._play,
            ("GET", "clock"): lambda _: {"now": self._clock.now()},
            ("POST", "clock"): self._advance,
            ("POST", "settle"): self._settle,
            ("POST", "tokenreview"): self._review,
        }

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._cloud(environ, start_response)
        return self._answer(Request(environ), path[len(PREFIX) :])(environ, start_response)

    def _answer(self, request, name):
        action = self._actions.get((request.method, name))
        if action is None:
            return _json({"error": f"there is no {request.method} {PREFIX}{name}"}, 404)
        try:
            body = json.loads(request.get_data() or b"null")
            answer = action(body)
        except (ValueError, TypeError, KeyError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)
        except NeverAtRest as error:
            return _json({"error": str(error)}, 500)
        return _json({} if answer is None else answer, 200)

    def _play(self, faults):
        self._faults.replace(faults)

    def _advance(self, order):
        self._clock.advance(float(order["advance"]))
        return {"now": self._clock.now()}

    def _settle(self, _):
        for _ in range(MOST_CHANGES):
            if not self._cloud.busy():
                return {"now": self._clock.now()}
            change = self._cloud.next_change()
            if change is None:
                raise NeverAtRest("the cloud is busy with something that has no end")
            self._clock.advance(max(0.0, change - self._clock.now()))
        raise NeverAtRest(f"the cloud is still busy after {MOST_CHANGES} changes")

    def _review(self, review):
        """Answers a TokenReview. The cloud may say why it refuses a token by raising PermissionError."""
        token = review["spec"]["token"]
        status = {"authenticated": False}
        try:
            user = self._cloud.review(token)
            if user:
                status = {"authenticated": True, "user": user}
        except PermissionError as error:
            status["error"] = str(error)
        version = review.get("apiVersion", "authentication.k8s.io/v1")
        return {"apiVersion": version, "kind": "TokenReview", "status": status}


class NeverAtRest(Exception):
    """A cloud that cannot be settled, which is a fault of the stand-in."""


def _json(value, status):
    return Response(json.dumps(value), status=status, mimetype="application/json")
