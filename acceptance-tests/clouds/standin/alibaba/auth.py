"""Who asks: access keys, sessions of STS, and the signature ACS3-HMAC-SHA256, which the vendor's SDK computes anew."""

import base64
import hashlib
import json
import re
import secrets
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import unquote

from alibabacloud_tea_openapi.utils import Utils

from .errors import Refused, missing

ALGORITHM = "ACS3-HMAC-SHA256"
# How far a request's date may be from the service's.
SKEW = 15 * 60
# How long a session may be, in seconds.
LEAST_SESSION, MOST_SESSION, DEFAULT_SESSION = 900, 43200, 3600
ACCOUNT = "1234567890123456"
ISSUER = "https://issuer.example.com"

_AUTHORIZATION = re.compile(
    rf"^{ALGORITHM} Credential=(?P<key>[^,]+),SignedHeaders=(?P<headers>[^,]+),Signature=(?P<signature>[0-9a-f]{{64}})$"
)


class Keys:
    """The access keys that there are: one of a user, and those of sessions, which end by the stand-in's clock."""

    def __init__(self, clock):
        self._clock = clock
        self.user = "LTAI5t" + secrets.token_hex(9)
        self._secrets = {self.user: secrets.token_hex(15)}
        self._sessions = {}
        self._nonces = set()

    def secret(self, key):
        return self._secrets[key]

    def check(self, request):
        """Raises `Refused` for a request that nobody known has signed just now."""
        match = _AUTHORIZATION.match(request.headers.get("Authorization", ""))
        if not match:
            raise Refused(400, "MissingAccessKeyId", "The Authorization header is missing or of no known form.")
        key, names = match["key"], match["headers"].split(";")
        if key not in self._secrets:
            raise Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        self._check_session(key, request.headers.get("x-acs-security-token"))
        self._check_covered(request, names)
        self._check_date(request.headers["x-acs-date"])
        body = hashlib.sha256(request.get_data()).hexdigest()
        if request.headers["x-acs-content-sha256"] != body:
            raise Refused(400, "SignatureDoesNotMatch", "The hash of the body is another one.")
        if self._sign(request, names, body, key) != match["signature"]:
            raise Refused(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")
        self._check_nonce(request.headers["x-acs-signature-nonce"])

    def _check_session(self, key, token):
        session = self._sessions.get(key)
        if session is None:
            if token:
                raise Refused(400, "InvalidSecurityToken.MismatchWithAccessKey", "The key is not of a session.")
            return
        if token != session["token"]:
            raise Refused(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if session["ends"] <= self._clock.now():
            raise Refused(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")

    @staticmethod
    def _check_covered(request, names):
        """Whether the signature covers all that it must."""
        wanted = {"host", "x-acs-date", "x-acs-action", "x-acs-version"}
        wanted |= {"x-acs-signature-nonce", "x-acs-content-sha256"}
        wanted |= {name.lower() for name in request.headers.keys() if name.lower().startswith("x-acs-")}
        if request.get_data():
            wanted.add("content-type")
        for name in sorted(wanted):
            if name not in request.headers:
                raise missing(name)
            if name not in names:
                raise Refused(400, "IncompleteSignature", f"The header {name} is not signed.")

    @staticmethod
    def _check_date(text):
        # A request is made in real time, whatever the clock of the stand-in says.
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise Refused(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        if abs(at - time.time()) > SKEW:
            raise Refused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")

    def _check_nonce(self, nonce):
        if nonce in self._nonces:
            raise Refused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(nonce)

    def _sign(self, request, names, body, key):
        raw = request.environ["RAW_URI"]
        path, _, query = raw.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        signed = SimpleNamespace(
            method=request.method,
            pathname=path,
            query={unquote(name): unquote(value) for name, _, value in pairs},
            headers={name: request.headers[name] for name in names},
        )
        return Utils.get_authorization(signed, ALGORITHM, body, key, self._secrets[key]).rpartition("=")[2]

    def open_session(self, role, name, duration):
        """Keys of a session, as STS answers them."""
        if not re.fullmatch(r"acs:ram::\d{16}:role/[\w.-]+", role or "", re.I):
            raise Refused(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
        if not re.fullmatch(r"[\w.@-]{2,64}", name or ""):
            raise Refused(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
        if not LEAST_SESSION <= duration <= MOST_SESSION:
            raise Refused(400, "InvalidParameter.DurationSeconds", "The parameter DurationSeconds is out of range.")
        if role.endswith("/nobody"):
            raise Refused(404, "EntityNotExist.Role", "The specified role does not exist.")
        key, secret, token = (secrets.token_hex(size) for size in (12, 22, 200))
        key, ends = f"STS.{key}", self._clock.now() + duration
        self._secrets[key] = secret
        self._sessions[key] = {"token": token, "ends": ends}
        return {
            "AccessKeyId": key,
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "Expiration": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def check_oidc(self, provider, token):
        """Raises `Refused` for a token that the provider's issuer would not give out."""
        if not re.fullmatch(r"acs:ram::\d{16}:oidc-provider/[\w.-]+", provider or "", re.I):
            raise Refused(400, "InvalidParameter.OIDCProviderArn", "The parameter OIDCProviderArn is wrongly formed.")
        try:
            _, payload, _ = token.split(".")
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            issuer, ends = claims["iss"], float(claims["exp"])
        except (ValueError, KeyError, AttributeError):
            raise Refused(400, "InvalidParameter.OIDCToken", "The parameter OIDCToken is wrongly formed.") from None
        if issuer != ISSUER:
            raise Refused(400, "AuthenticationFail.NoPermission", "This issuer may not assume the role.")
        if ends <= time.time():
            raise Refused(400, "AuthenticationFail.OIDCToken.Expired", "This OIDC token is expired.")
