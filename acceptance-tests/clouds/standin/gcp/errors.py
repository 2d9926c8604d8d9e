"""How Google's APIs say no: one envelope, with Compute Engine's dialect of it."""

import json
import uuid

# HTTP status of each canonical code, and the older word for it.
CODES = {
    "INVALID_ARGUMENT": (400, "badRequest"),
    "FAILED_PRECONDITION": (400, "failedPrecondition"),
    "UNAUTHENTICATED": (401, "authError"),
    "PERMISSION_DENIED": (403, "forbidden"),
    "NOT_FOUND": (404, "notFound"),
    "ALREADY_EXISTS": (409, "alreadyExists"),
    "ABORTED": (409, "aborted"),
    "RESOURCE_EXHAUSTED": (429, "rateLimitExceeded"),
    "UNIMPLEMENTED": (501, "notImplemented"),
}


class ApiError(Exception):
    """A refusal. `reason` is the older word when it is not the usual one; `info` is the reason of an ErrorInfo."""

    def __init__(self, status, message, reason=None, info=None, domain="container.googleapis.com", metadata=None):
        super().__init__(message)
        self.status = status
        self.code, usual = CODES[status]
        self.message = message
        self.reason = reason or usual
        self.info = info
        self.domain = domain
        self.metadata = metadata or {}

    def body(self):
        """The JSON of the answer."""
        details = [{"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": f"0x{uuid.uuid4().hex[:16]}"}]
        if self.info:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            info = {"@type": kind, "reason": self.info, "domain": self.domain, "metadata": self.metadata}
            details.append(info)
        error = {
            "code": self.code,
            "message": self.message,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
            "status": self.status,
            "details": details,
        }
        return json.dumps({"error": error}).encode()


def invalid(message):
    return ApiError("INVALID_ARGUMENT", message)


def unauthenticated(message):
    return ApiError(
        "UNAUTHENTICATED", message, info="ACCESS_TOKEN_TYPE_UNSUPPORTED", domain="googleapis.com"
    )


class ComputeError(Exception):
    """A refusal of Compute Engine: a status, and a word of its own."""

    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message

    def body(self):
        """The JSON of the answer."""
        errors = [{"message": self.message, "domain": "global", "reason": self.reason}]
        return json.dumps({"error": {"code": self.code, "message": self.message, "errors": errors}}).encode()
