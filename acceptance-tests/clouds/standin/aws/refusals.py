"""How each service refuses a request whose signature proves nobody, in its own protocol and words."""

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

# Service: reason: HTTP status and code. Another service is like STS if it speaks the Query protocol.
_CODES = {
    "eks": {
        "missing": (403, "MissingAuthenticationTokenException"),
        "unknown": (403, "UnrecognizedClientException"),
        "wrong": (403, "InvalidSignatureException"),
        "late": (403, "InvalidSignatureException"),
        "expired": (403, "ExpiredTokenException"),
    },
    "ec2": {
        "missing": (401, "AuthFailure"),
        "unknown": (401, "AuthFailure"),
        "wrong": (401, "AuthFailure"),
        "late": (400, "RequestExpired"),
        "expired": (400, "RequestExpired"),
    },
    "s3": {
        "missing": (403, "AccessDenied"),
        "unknown": (403, "InvalidAccessKeyId"),
        "wrong": (403, "SignatureDoesNotMatch"),
        "late": (403, "RequestTimeTooSkewed"),
        "expired": (400, "ExpiredToken"),
    },
    "kms": {
        "missing": (400, "MissingAuthenticationTokenException"),
        "unknown": (400, "UnrecognizedClientException"),
        "wrong": (400, "InvalidSignatureException"),
        "late": (400, "InvalidSignatureException"),
        "expired": (400, "ExpiredTokenException"),
    },
}
_QUERY = {
    "missing": (403, "MissingAuthenticationToken"),
    "unknown": (403, "InvalidClientTokenId"),
    "wrong": (403, "SignatureDoesNotMatch"),
    "late": (403, "SignatureDoesNotMatch"),
    "expired": (403, "ExpiredToken"),
}
# EC2 says the same of a wrong key and of a wrong signature.
_EC2_WORDS = {
    "AuthFailure": "AWS was not able to validate the provided access credentials",
    "RequestExpired": "Request has expired.",
}


def refuse(service, why, message):
    """The answer of `service` to a request that nobody is shown to have signed, or that nobody may make."""
    status, code = _CODES.get(service, _QUERY)[why]
    if service == "eks":
        headers = {"x-amzn-ErrorType": code}
        return Response(json.dumps({"message": message}), status, headers, content_type="application/json")
    if service == "kms":
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, content_type="application/x-amz-json-1.1")
    if service == "ec2":
        return refuse_ec2(status, code, _EC2_WORDS.get(code, message))
    if service == "s3":
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        return _xml(f"<Error>{error}<RequestId>{uuid.uuid4()}</RequestId></Error>", status)
    return refuse_query(status, code, message)


def refuse_ec2(status, code, message):
    """An error of EC2."""
    error = f"<Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
    return _xml(f"<Response>{error}<RequestID>{uuid.uuid4()}</RequestID></Response>", status)


def refuse_query(status, code, message):
    """An error in the Query protocol."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return _xml(f"<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>", status)


def _xml(body, status):
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status, content_type="text/xml")
