"""Who asks: one service account with a key of its own, the tokens that its signed wishes are changed for, and both as
proofs of a request."""

import base64
import binascii
import json
import secrets
import threading
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .errors import unauthenticated

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The audience that wishes are signed for by some clients, whatever the endpoint of the key is.
PUBLISHED = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# What Google says of its access tokens.
LIFE = 3600
# How far the clocks of two machines may be apart, and the longest life of a signed wish.
SKEW, LONGEST = 300, 3600


class GrantError(Exception):
    """A refusal of the token endpoint, in the words of OAuth 2.0."""

    def __init__(self, error, description):
        super().__init__(description)
        self.error = error
        self.description = description

    def body(self):
        """The JSON of the answer."""
        return json.dumps({"error": self.error, "error_description": self.description}).encode()


class Tokens:
    """Gives and knows tokens."""

    def __init__(self, clock, project, real=time.time):
        self._clock = clock
        self._real = real
        self._project = project
        self.email = f"stand-in@{project}.iam.gserviceaccount.com"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(20)
        self._audience = None
        self._issued = {}
        self._lock = threading.Lock()

    def key_file(self, token_uri):
        """The JSON of the service account's key, which names the endpoint for tokens."""
        self._audience = token_uri
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return {
            "type": "service_account",
            "project_id": self._project,
            "private_key_id": self._key_id,
            "private_key": self._key.private_bytes(*form).decode(),
            "client_email": self.email,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "universe_domain": "googleapis.com",
        }

    def grant(self, form):
        """Changes a signed wish for an access token."""
        if form.get("grant_type") != GRANT:
            raise GrantError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        claims = self._verified(form.get("assertion", ""), lambda text: GrantError("invalid_grant", text))
        if claims.get("aud") not in (self._audience, PUBLISHED):
            raise GrantError("invalid_grant", f"Invalid JWT: the audience is not {self._audience}")
        if SCOPE not in claims.get("scope", "").split():
            raise GrantError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = "ya29.c." + secrets.token_urlsafe(64)
        with self._lock:
            self._issued[token] = (self._clock.now(), self._real())
        return {"access_token": token, "expires_in": LIFE - 1, "token_type": "Bearer"}

    def check(self, authorization, service):
        """Refuses a request to `service` (`container`) without a good token, or a wish signed for it."""
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated(
                "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie "
                "or other valid authentication credential."
            )
        if token.count(".") == 2 and not token.startswith("ya29."):
            claims = self._verified(token, unauthenticated)
            audience = claims.get("aud")
            meant = f"https://{service}.googleapis.com/"
            is_meant = audience == meant if audience else SCOPE in claims.get("scope", "").split()
            if not is_meant:
                raise unauthenticated("Request had invalid authentication credentials: it is for another service.")
            return
        why = self._refusal(token)
        if why:
            raise unauthenticated(f"Request had invalid authentication credentials. {why}")

    def review(self, token):
        """Who the bearer of a token is to Kubernetes: IAM lets the account do everything there."""
        why = self._refusal(token)
        if why:
            raise PermissionError(why)
        return {"username": self.email, "groups": ["system:masters", "system:authenticated"]}

    def _refusal(self, token):
        """Why an access token is no good; None when it is."""
        with self._lock:
            issued = self._issued.get(token)
        if issued is None:
            return "The token is not known."
        age = max(self._clock.now() - issued[0], self._real() - issued[1])
        return "The token has expired." if age >= LIFE else None

    def _verified(self, assertion, refusal):
        """The claims of a JWT that the service account signed. Its times are real ones, as its maker has no other."""
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            self._key.public_key().verify(
                _decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, binascii.Error):
            raise refusal("Invalid JWT: it cannot be read.") from None
        except InvalidSignature:
            raise refusal("Invalid JWT Signature.") from None
        if header.get("alg") != "RS256" or header.get("kid") != self._key_id:
            raise refusal("Invalid JWT: it is not signed with a known key.")
        if claims.get("iss") != self.email:
            raise refusal("Invalid JWT: the issuer is not the account of the key.")
        now, begin, end = self._real(), claims.get("iat", 0), claims.get("exp", 0)
        if begin > now + SKEW or end < now - SKEW or end - begin > LONGEST + SKEW:
            raise refusal("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        return claims


def _decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
