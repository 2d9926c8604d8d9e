"""STS where moto is too kind: who may assume which role."""

import base64
import json
import time
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .account import ACCOUNT

AUDIENCE = "sts.amazonaws.com"
SUBJECT = "repository:infrastructure"


class Denied(Exception):
    """Nobody may assume the role this way. `code` is that of STS."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Issuer:
    """An issuer of tokens that the account trusts, such as a CI system's, with a role for who has one."""

    URL = "https://tokens.example.com"

    def __init__(self, account):
        self._key = rsa.generate_private_key(65537, 2048)
        provider = account.iam.create_open_id_connect_provider(self.URL, ["0" * 40], [AUDIENCE], [])
        host = self.URL.removeprefix("https://")
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": provider.arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:aud": AUDIENCE, f"{host}:sub": SUBJECT}},
        }
        self.role = _role(account, "continuous-integration", trust)

    def token(self, subject=SUBJECT, audience=AUDIENCE, life=86400):
        """A token of the issuer, signed with RS256."""
        now = int(time.time())
        claims = {"iss": self.URL, "sub": subject, "aud": audience, "iat": now, "exp": now + life}
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encode(signature)}"

    def claims(self, token):
        """What a token says, once its signature is checked."""
        try:
            text, _, signature = token.rpartition(".")
            claims = json.loads(_decode(text.split(".")[1]))
            self._key.public_key().verify(_decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, IndexError, InvalidSignature):
            raise Denied("InvalidIdentityToken", "the token is not one of the identity provider") from None
        return claims


class Sessions:
    """Decides who may assume a role, by its trust policy."""

    def __init__(self, account):
        self._account = account
        self.issuer = Issuer(account)
        root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
        condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
        self.role = _role(account, "deployer", trust)
        _role(account, "deployer-by-agreement", trust | {"Condition": condition})

    def check(self, action, caller, fields):
        """Raises Denied unless the caller may do this; `fields` are those of the request."""
        arn = fields.get("RoleArn", "")
        role = self._account.role(arn)
        if action == "AssumeRole":
            context = {"sts:ExternalId": fields.get("ExternalId")}
            names = {caller.arn, caller.principal, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "*"}
            if role is None or not any(_allows(one, action, "AWS", names, context) for one in _statements(role)):
                what = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
                raise Denied("AccessDenied", what)
            return
        claims = self.issuer.claims(fields.get("WebIdentityToken", ""))
        if claims["exp"] <= time.time():
            raise Denied("ExpiredTokenException", "Token expired: current date/time must be before the expiration")
        host = claims["iss"].removeprefix("https://")
        if claims["aud"] != AUDIENCE:
            raise Denied("InvalidIdentityToken", "Incorrect token audience")
        context = {f"{host}:aud": claims["aud"], f"{host}:sub": claims["sub"]}
        names = {f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}
        if role is None or not any(_allows(one, action, "Federated", names, context) for one in _statements(role)):
            raise Denied("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def _role(account, name, statement):
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = account.iam.create_role(name, document, "/", None, "", [], "3600")
    return role.arn


def _statements(role):
    document = role.assume_role_policy_document
    document = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _allows(statement, action, kind, names, context):
    """Whether a statement lets one of the names do the action. Of conditions it knows StringEquals."""
    principals = statement.get("Principal", {})
    principals = {kind: principals} if principals == "*" else principals
    actions = {one.lower() for one in _several(statement.get("Action"))}
    if statement.get("Effect") != "Allow" or not actions & {f"sts:{action.lower()}", "sts:*", "*"}:
        return False
    if not set(_several(principals.get(kind))) & names:
        return False
    for operator, wanted in statement.get("Condition", {}).items():
        for key, values in wanted.items():
            if operator != "StringEquals" or context.get(key) not in _several(values):
                return False
    return True


def _several(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
