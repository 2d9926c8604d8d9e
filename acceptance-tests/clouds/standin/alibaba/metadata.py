"""The metadata service of an ECS instance with a RAM role, in its hardened mode: mute without a token of its own."""

import json
import secrets

from werkzeug.wrappers import Response

ROLE = "KubernetesWorkerRole"
PATH = "/latest/meta-data/ram/security-credentials/"
LIFE = 3600


class Metadata:
    """What the provider asks of it."""

    def __init__(self, keys):
        self._keys = keys
        self._tokens = set()

    def answer(self, request):
        if request.path == "/latest/api/token":
            return self._token(request)
        if request.headers.get("X-aliyun-ecs-metadata-token") not in self._tokens:
            return Response("Forbidden", status=403)
        if request.path == PATH:
            return Response(ROLE, mimetype="text/plain")
        if request.path != f"{PATH}{ROLE}":
            return Response("Not Found", status=404)
        session = self._keys.open_session(f"acs:ram::{'1' * 16}:role/{ROLE}", "ecs", LIFE)
        return Response(json.dumps({**session, "Code": "Success"}), mimetype="application/json")

    def _token(self, request):
        seconds = request.headers.get("X-aliyun-ecs-metadata-token-ttl-seconds", "")
        if request.method != "PUT" or not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            return Response("Bad Request", status=400)
        token = secrets.token_urlsafe(32)
        self._tokens.add(token)
        return Response(token, mimetype="text/plain")
