"""SigV4: every signature is computed anew by botocore's signer, with the secret of its key and in its own scope."""

import datetime
import hashlib
import re
import time
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

# How far a request's date may be from ours.
SKEW = 300
ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(rf"{ALGORITHM} +Credential=([^, ]+),\s*SignedHeaders=([^, ]+),\s*Signature=([0-9a-f]+)")


class Unproven(Exception):
    """Nobody is shown to have signed. `why` is `missing`, `unknown`, `wrong`, `expired` or `late`."""

    def __init__(self, why, message):
        super().__init__(message)
        self.why = why


class Scope:
    """What a signature says that it is for: `KEY/DATE/REGION/SERVICE/aws4_request`."""

    def __init__(self, text):
        parts = text.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise Unproven("wrong", f"Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request, is {text!r}")
        self.key, self.day, self.region, self.service, _ = parts


class _Checked:
    """Lets a signer sign exactly the headers that the request says are signed."""

    names = ()

    def headers_to_sign(self, request):
        headers = HTTPHeaders()
        for name in self.names:
            for value in request.headers.get_all(name) or ():
                headers[name] = value
        return headers


class _Signer(_Checked, SigV4Auth):
    pass


class _S3Signer(_Checked, S3SigV4Auth):
    pass


class Signatures:
    """Checks signatures with the keys of an account."""

    def __init__(self, account, agenda):
        self._account = account
        self._agenda = agenda

    def header(self, method, url, headers, body):
        """Who signed a request by its Authorization header; gives the caller and the scope. `url` is as sent."""
        found = _HEADER.fullmatch(headers.get("Authorization", ""))
        if not found:
            raise Unproven("missing", "the request has no signature of AWS4-HMAC-SHA256")
        scope, names, signature = Scope(found[1]), found[2].split(";"), found[3]
        date = headers.get("X-Amz-Date", "")
        caller = self._caller(scope, headers.get("X-Amz-Security-Token"))
        # The client's date is by the machine's clock, whatever the stand-in's says.
        if abs(_seconds(date) - time.time()) > SKEW:
            raise Unproven("late", f"Signature expired: {date} is too far from the present")
        claimed = headers.get("X-Amz-Content-SHA256")
        if claimed and re.fullmatch("[0-9a-f]{64}", claimed) and claimed != hashlib.sha256(body).hexdigest():
            raise Unproven("wrong", "the hash of the body is not that of the header")
        needed = {"host", "x-amz-date"} | ({"x-amz-security-token"} if caller.token else set())
        request = AWSRequest(method, url, data=body)
        for name in names:
            if headers.get(name) is not None:
                request.headers[name] = headers.get(name)
        self._compare(request, caller, scope, date, names, needed, signature)
        return caller, scope

    def presigned(self, method, url, headers):
        """Who signed a URL; gives the caller, the scope and the date of the signature. Says nothing of its age."""
        parts = urlsplit(url)
        fields = dict(parse_qsl(parts.query, keep_blank_values=True))
        if fields.get("X-Amz-Algorithm") != ALGORITHM:
            raise Unproven("missing", "the URL is not signed")
        scope, date = Scope(fields.get("X-Amz-Credential", "")), fields.get("X-Amz-Date", "")
        names = fields.get("X-Amz-SignedHeaders", "").split(";")
        caller = self._caller(scope, fields.get("X-Amz-Security-Token"))
        rest = "&".join(part for part in parts.query.split("&") if not part.startswith("X-Amz-Signature="))
        request = AWSRequest(method, urlunsplit(parts._replace(query=rest)))
        for name in names:
            value = parts.netloc if name == "host" else headers.get(name)
            if value is not None:
                request.headers[name] = value
        if scope.service == "s3":
            request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
        signature = fields.get("X-Amz-Signature", "")
        self._compare(request, caller, scope, date, names, {"host"}, signature)
        return caller, scope, _seconds(date)

    @staticmethod
    def check_expiry(url, date):
        """A presigned URL is good for the seconds that it says."""
        life = dict(parse_qsl(urlsplit(url).query)).get("X-Amz-Expires", "")
        if not life.isdigit() or not -SKEW < time.time() - date < int(life):
            raise Unproven("late", "Signature expired")

    def _caller(self, scope, token):
        caller = self._account.caller(scope.key)
        if caller is None or (caller.token or "") != (token or ""):
            raise Unproven("unknown", "The security token included in the request is invalid.")
        if caller.ends is not None and caller.ends <= self._agenda.now():
            raise Unproven("expired", "The security token included in the request is expired")
        return caller

    @staticmethod
    def _compare(request, caller, scope, date, names, needed, signature):
        missing = needed - set(names)
        if missing:
            raise Unproven("wrong", f"{', '.join(sorted(missing))} must be a signed header")
        if not date.startswith(scope.day):
            raise Unproven("wrong", "the date of the scope is not that of the request")
        kind = _S3Signer if scope.service == "s3" else _Signer
        signer = kind(Credentials(caller.key, caller.secret, caller.token), scope.service, scope.region)
        signer.names = names
        request.context["timestamp"] = date
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if signer.signature(text, request) != signature:
            raise Unproven(
                "wrong",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method.",
            )


def _seconds(date):
    try:
        return datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        raise Unproven("wrong", f"X-Amz-Date is {date!r}") from None
