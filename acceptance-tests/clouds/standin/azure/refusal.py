"""Refusals in the Resource Manager's words."""

import json

from werkzeug.wrappers import Response


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status, code, message, target=None, headers=None):
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.headers = headers or {}

    def error(self):
        """The `error` of an answer or of an operation."""
        error = {"code": self.code, "message": self.message}
        return error | ({"target": self.target} if self.target else {})

    def response(self):
        return Response(
            json.dumps({"error": self.error()}),
            status=self.status,
            mimetype="application/json",
            headers={"x-ms-failure-cause": "gateway"} | self.headers,
        )


def bad(message, target=None, code="BadRequest"):
    return Refusal(400, code, message, target)


def missing(identity):
    """What is answered for an object that does not exist."""
    group = identity.group or ""
    return Refusal(
        404,
        "ResourceNotFound",
        f"The Resource '{identity.type}/{identity.name}' under resource group '{group}' was not found. For more "
        "details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def missing_group(name):
    return Refusal(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def changed(what):
    return Refusal(412, "EtagMismatch", f"The etag of {what} does not match the one of the request's condition.")
