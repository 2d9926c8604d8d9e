"""The account as EKS and the signatures see it, in moto's own state: users, keys, sessions, roles."""

import json
import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

# Without it, moto does not know AWS's own policies. It reads this when it is loaded.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import moto.sts.models  # noqa: E402
from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.iam.exceptions import NotFoundException  # noqa: E402
from moto.iam.models import IAMBackend, iam_backends  # noqa: E402
from moto.sts.models import AssumedRole, sts_backends  # noqa: E402

ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = "eu-central-1"
PARTITION = "aws"
# Until then, what was changed in IAM is not known everywhere.
PROPAGATION = 5


@dataclass(frozen=True)
class Caller:
    """Who signed a request."""

    # Of the user or the session.
    arn: str
    # What access entries name: the user, or the role behind a session.
    principal: str
    key: str
    secret: str
    # Of a session.
    token: str | None = None
    # Seconds since 1970 by the stand-in's clock; None for a user's key.
    ends: float | None = None


class Account:
    """One account. Making it makes a user with a key, who may do everything: policies of callers are not evaluated."""

    def __init__(self, agenda):
        self._agenda = agenda
        self._known_at = {}
        self._note_time()
        self.iam = iam_backends[ACCOUNT][PARTITION]
        user = self.iam.create_user(REGION, "engineer")
        self.key = self.iam.create_access_key(user.name)

    def _note_time(self):
        """Has moto note the stand-in's time where it notes only the machine's: for sessions and for roles."""
        agenda, known = self._agenda, self._known_at

        class Session(AssumedRole):
            def __init__(self, *arguments, **named):
                super().__init__(*arguments, **named)
                self.ends = agenda.now() + named["duration"]

        moto.sts.models.AssumedRole = Session

        create_role, attach = IAMBackend.create_role, IAMBackend.attach_role_policy

        def note(change):
            known[change] = agenda.now() + PROPAGATION
            agenda.after(PROPAGATION, lambda: None)

        def create(iam, role_name, *arguments, **named):
            role = create_role(iam, role_name, *arguments, **named)
            note(role.name)
            return role

        def attach_role_policy(iam, policy_arn, role_name):
            attach(iam, policy_arn, role_name)
            note((role_name, policy_arn))

        IAMBackend.create_role, IAMBackend.attach_role_policy = create, attach_role_policy

    def forget_changes(self):
        """Whatever was changed so far is known everywhere."""
        self._known_at.clear()

    def caller(self, key):
        """Who has an access key; None when nobody has."""
        for session in sts_backends[ACCOUNT][PARTITION].assumed_roles:
            if session.access_key_id == key:
                secret, token = session.secret_access_key, session.session_token
                return Caller(session.arn, session.role_arn, key, secret, token, session.ends)
        for user in list(self.iam.users.values()):
            for held in user.access_keys:
                if held.access_key_id == key and held.status == "Active":
                    return Caller(user.arn, user.arn, key, held.secret_access_key)
        return None

    def role(self, arn):
        """The role of an ARN, once it is known everywhere; else None."""
        try:
            role = self.iam.get_role_by_arn(arn)
        except NotFoundException:
            return None
        return role if self._is_known(role.name) else None

    def _is_known(self, change):
        return self._known_at.get(change, 0) <= self._agenda.now()

    def trusts(self, role, service, *actions):
        """Whether a service may assume a role with all of the actions."""
        document = role.assume_role_policy_document
        document = json.loads(unquote(document)) if isinstance(document, str) else document
        granted = set()
        for statement in _list(document.get("Statement")):
            services = _list(statement.get("Principal", {}).get("Service"))
            if statement.get("Effect") == "Allow" and service in services:
                granted |= {action.lower() for action in _list(statement.get("Action"))}
        return all(action.lower() in granted or "sts:*" in granted for action in actions)

    def policies(self, role):
        """Names of the managed policies of a role, once they are known everywhere."""
        return {arn.split("/")[-1] for arn in role.managed_policies if self._is_known((role.name, arn))}


def _list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def is_role_arn(text):
    return bool(re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+", text))
