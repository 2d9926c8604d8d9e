"""STS: sessions of roles. It has no SDK here, so that its parameters are written down."""

import uuid

from .auth import ACCOUNT, DEFAULT_SESSION
from .errors import Refused, missing

VERSION = "2015-04-01"
NEEDED = {
    "AssumeRole": ("RoleArn", "RoleSessionName"),
    "AssumeRoleWithOIDC": ("RoleArn", "OIDCProviderArn", "OIDCToken", "RoleSessionName"),
}
TAKEN = {"Action", "Version", "Format", "Timestamp", "SignatureNonce", "DurationSeconds", "Policy", "ExternalId"}


class Sts:
    """Its two operations."""

    def __init__(self, keys):
        self._keys = keys

    def answer(self, request, action):
        if action not in NEEDED:
            raise Refused(404, "InvalidAction.NotFound", "The specified action is not found.")
        values = {**request.args, **request.form}
        for name in values:
            if name not in TAKEN and name not in NEEDED[action]:
                raise Refused(400, "InvalidParameter", f"There is no parameter {name}.")
        for name in NEEDED[action]:
            if not values.get(name):
                raise missing(name)
        if action == "AssumeRole":
            self._keys.check(request)
        else:
            self._keys.check_oidc(values["OIDCProviderArn"], values["OIDCToken"])
        try:
            duration = int(values.get("DurationSeconds", DEFAULT_SESSION))
        except ValueError:
            raise Refused(400, "InvalidParameter.DurationSeconds", "DurationSeconds is no number.") from None
        credentials = self._keys.open_session(values["RoleArn"], values["RoleSessionName"], duration)
        user = {
            "Arn": f"{values['RoleArn']}/{values['RoleSessionName']}",
            "AssumedRoleId": f"3{ACCOUNT}:{values['RoleSessionName']}",
        }
        return {"RequestId": str(uuid.uuid4()).upper(), "AssumedRoleUser": user, "Credentials": credentials}
