"""Entra: tokens for applications, signed here, and the check of those that come back."""

import base64
import datetime
import hashlib
import json
import secrets
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from werkzeug.wrappers import Response

# Seconds that a token is good for.
LIFE = 3599
# Audience of the Kubernetes APIs of all AKS clusters.
KUBERNETES = "6dae42f8-4368-4678-94ff-3960e28e3630"
MANAGEMENT = ("https://management.azure.com", "https://management.core.windows.net")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"


class Untrusted(PermissionError):
    """A token that is refused, with Azure's code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Entra:
    """One tenant with one application, which has a secret, a certificate and a federated credential."""

    def __init__(self, clock, folder):
        self._clock = clock
        self.tenant = str(uuid.uuid4())
        self.client = str(uuid.uuid4())
        self.principal = str(uuid.uuid4())
        # A group that the application is a member of.
        self.group = str(uuid.uuid4())
        self.secret = secrets.token_urlsafe(30)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._client_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _certificate(self._client_key)
        self._issuer_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate_file = folder / "client.pem"
        self.federated_file = folder / "federated-token"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        pem = self._certificate.public_bytes(serialization.Encoding.PEM) + self._client_key.private_bytes(*form)
        subject = "system:serviceaccount:ci:terraform"
        federated = {"iss": "https://issuer.test", "sub": subject, "aud": [EXCHANGE], "exp": clock.now() + 86400}
        for path, content in ((self.certificate_file, pem), (self.federated_file, _sign(self._issuer_key, federated))):
            path.touch(mode=0o600)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def token(self, request, tenant):
        """Answers the token endpoint."""
        form = request.form
        if tenant.lower() != self.tenant:
            return _refuse("invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            return _refuse("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client:
            name = form.get("client_id")
            return _refuse("unauthorized_client", 700016, f"Application with identifier '{name}' was not found.", 400)
        if "client_assertion" in form:
            problem = self._check_assertion(form, request.base_url)
            if problem:
                return _refuse("invalid_client", 700027, problem, 401)
        elif not secrets.compare_digest(form.get("client_secret", ""), self.secret):
            return _refuse("invalid_client", 7000215, "Invalid client secret provided.", 401)
        scope = form.get("scope", "")
        if not scope.endswith("/.default") or " " in scope:
            return _refuse("invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
        token = self._issue(scope.removesuffix("/.default"))
        return _json({"token_type": "Bearer", "expires_in": LIFE, "ext_expires_in": LIFE, "access_token": token}, 200)

    def discover(self, host):
        """Answers the discovery of instances, by which some clients check the authority."""
        return _json({"tenant_discovery_endpoint": f"{host}/{self.tenant}/v2.0/.well-known/openid-configuration",
                      "api-version": "1.1", "metadata": []}, 200)

    def verify(self, token, audiences):
        """The claims of a token, or Untrusted."""
        claims = _open(token, self._key.public_key())
        if claims is None:
            raise Untrusted("InvalidAuthenticationToken", "The access token is invalid.")
        if claims["aud"].rstrip("/") not in audiences:
            raise Untrusted(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'.",
            )
        if claims["exp"] <= self._clock.now():
            raise Untrusted("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")
        return claims

    def _issue(self, audience):
        now = int(self._clock.now())
        return _sign(self._key, {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
            "appid": self.client,
            "groups": [self.group],
            "oid": self.principal,
            "tid": self.tenant,
            "uti": secrets.token_urlsafe(16),
        })

    def _check_assertion(self, form, endpoint):
        """What is wrong with the proof of an application that shows no secret; None when nothing is."""
        if form.get("client_assertion_type") != ASSERTION:
            return "The client assertion type is not supported."
        assertion = form["client_assertion"]
        now = self._clock.now()
        claims = _open(assertion, self._issuer_key.public_key())
        if claims is not None:
            is_good = EXCHANGE in claims["aud"] and claims["exp"] > now
            return None if is_good else "The federated token is expired or was made for somebody else."
        claims = _open(assertion, self._client_key.public_key())
        if claims is None:
            return "The key that signed the client assertion is not known."
        thumbprint = _encode(hashlib.sha256(self._certificate.public_bytes(serialization.Encoding.DER)).digest())
        header = json.loads(_decode(assertion.split(".")[0]))
        if header.get("x5t#S256") != thumbprint:
            return "The certificate that the client assertion names is not registered."
        if claims.get("aud") != endpoint or claims.get("iss") != self.client or claims.get("sub") != self.client:
            return "The client assertion was made for somebody else."
        # The client knows the real time only.
        if claims.get("exp", 0) <= datetime.datetime.now(datetime.UTC).timestamp() or "jti" not in claims:
            return "The client assertion is expired."
        return None


def _certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "terraform")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def _encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(key, claims):
    header = _encode(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    text = f"{header}.{_encode(json.dumps(claims).encode())}"
    return f"{text}.{_encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _open(token, key):
    """The claims of a token that a key signed, or None."""
    try:
        header, claims, signature = token.split(".")
        if json.loads(_decode(header)).get("alg") != "RS256":
            return None
        key.verify(_decode(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        return json.loads(_decode(claims))
    except (ValueError, InvalidSignature):
        return None


def _refuse(error, number, text, status=400):
    body = {"error": error, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}
    return _json(body, status)


def _json(value, status):
    return Response(json.dumps(value), status=status, mimetype="application/json")
