"""The AWS of the tests: finds out which operation of which service a request is, who signed it, and who serves it."""

import io
import threading
from urllib.parse import parse_qs, urlsplit

from standin.exchange import Exchange
from werkzeug.wrappers import Request, Response

from .account import REGION, Account
from .agenda import Agenda
from .eks import Region
from .inventory import inventory
from .network import mend
from .refusals import refuse, refuse_ec2, refuse_query
from .sessions import Denied, Sessions
from .signatures import ALGORITHM, Scope, Signatures, Unproven
from .storage import Storage
from .tokens import Tokens
from .wire import Refusal, RestJson

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402  After account.

# What STS does for who has no keys yet.
UNSIGNED = ("AssumeRoleWithWebIdentity",)
ASSUMING = ("AssumeRole", *UNSIGNED)
SERVICES = ("eks", "ec2", "iam", "sts", "s3", "kms")


class Cloud:
    """AWS, of which there is one in a process: moto keeps its state in the process."""

    def __init__(self, clock, journal, faults, options):
        self._options = options
        self._faults = faults
        self._agenda = Agenda(clock)
        self._exchange = Exchange(journal, faults)
        self._lock = threading.RLock()
        mend(self._agenda)
        self._account = Account(self._agenda)
        self._sessions = Sessions(self._account)
        self._signatures = Signatures(self._account, self._agenda)
        self._regions = {}
        self._tokens = Tokens(self._signatures, self._agenda, self._regions)
        self._eks = RestJson("eks")
        self._storage = Storage()
        self._answers = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        # The roles of the beginning are known from the beginning.
        self._account.forget_changes()
        self._at_first = set(inventory(REGION, None))

    def inventory(self):
        """What was made in the account and is still there, as `kind id`."""
        with self._lock:
            self._catch_up()
            found = set()
            for region in {REGION, *self._regions}:
                found |= set(inventory(region, self._regions.get(region)))
            return sorted(found - self._at_first)

    def environment(self, endpoint):
        """What tools need; and, for tests, roles that may be assumed and a token of a CI system."""
        self._tokens.hosts.add(urlsplit(endpoint).netloc)
        token = self._options.folder / "web-identity-token"
        token.touch(mode=0o600)
        token.write_text(self._sessions.issuer.token())
        return {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": self._account.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._account.key.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STANDIN_ROLE_ARN": self._sessions.role,
            "STANDIN_WEB_IDENTITY_ROLE_ARN": self._sessions.issuer.role,
            "STANDIN_WEB_IDENTITY_TOKEN_FILE": str(token),
        }

    def busy(self):
        with self._lock:
            self._catch_up()
            return self._agenda.busy()

    def next_change(self):
        with self._lock:
            self._catch_up()
            return self._agenda.next_change()

    def review(self, token):
        return self.review_for(token, None)

    def review_for(self, token, cluster):
        """The user of a token for one cluster, which is named as it was when its Kubernetes API was taken."""
        with self._lock:
            self._agenda.catch_up()
            return self._tokens.review(token, cluster)

    def _catch_up(self):
        """Does what is due, and sees which load balancers there must be."""
        self._agenda.catch_up()
        for region in self._regions.values():
            for cluster in region.clusters.values():
                if not cluster.is_going():
                    cluster.balancers.look()

    def __call__(self, environ, start_response):
        call = Call(environ, self._eks, self._storage)

        def application(_, respond):
            with self._lock:
                return self._serve(call)(environ, respond)

        return self._exchange.serve(call.service, call.operation, application, environ, start_response)

    def _serve(self, call):
        """The application that answers a call: a refusal, EKS or moto."""
        if call.service in ("ec2", "eks"):
            self._catch_up()
        else:
            self._agenda.catch_up()
        try:
            caller = None if call.operation in UNSIGNED else self._caller(call)
        except Unproven as error:
            return refuse(call.service, error.why, str(error))
        if call.service not in SERVICES:
            return Response(f"this stand-in has no {call.service}", 501)
        if call.service == "eks":
            return self._serve_eks(call, caller)
        if call.service == "sts" and call.operation in ASSUMING:
            try:
                self._sessions.check(call.operation, caller, call.fields)
            except Denied as error:
                return refuse_query(403 if error.code == "AccessDenied" else 400, error.code, str(error))
        if call.service == "ec2" and "ClientToken" in call.fields:
            return self._once(call)
        return self._moto

    def _once(self, call):
        """moto's EC2 does not mind a client's token: what it answered to the same before is answered again."""
        key = call.region, call.operation, call.fields["ClientToken"]
        asked, answer = self._answers.get(key, (call.fields, None))
        if asked != call.fields:
            return refuse_ec2(400, "IdempotentParameterMismatch", "The token was used with other parameters before.")
        if answer is None:
            answer = Response.from_app(self._moto, call.environ, buffered=True)
            if answer.status_code < 300:
                self._answers[key] = call.fields, answer
        return answer

    def _caller(self, call):
        if call.is_presigned:
            caller, _, date = self._signatures.presigned(call.method, call.url, call.headers)
            self._signatures.check_expiry(call.url, date)
            # moto finds out the service by the header, save for S3.
            if call.service != "s3":
                fields = (f"Credential={call.fields['X-Amz-Credential']}", "SignedHeaders=host", "Signature=0")
                call.environ["HTTP_AUTHORIZATION"] = f"{ALGORITHM} {', '.join(fields)}"
            return caller
        caller, _ = self._signatures.header(call.method, call.url, call.headers, call.body)
        return caller

    def _serve_eks(self, call, caller):
        if call.route is None:
            return self._eks.refuse(Refusal("UnknownOperationException", f"there is no {call.method} {call.path}"))
        operation, in_path = call.route
        region = self._regions.get(call.region)
        if region is None:
            region = Region(call.region, self._agenda, self._account, self._options.fleet, self._faults)
            self._regions[call.region] = region
        try:
            given = self._eks.input(operation, in_path, call.query, call.body)
            return self._eks.output(operation, region.serve(operation.name, caller, given))
        except Refusal as refusal:
            return self._eks.refuse(refusal)


class Call:
    """A request, read: what it is a call of."""

    def __init__(self, environ, eks, storage):
        request = Request(environ)
        self.body = request.get_data()
        # Whoever serves it reads it again.
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(self.body), str(len(self.body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        self.environ = environ
        self.method, self.headers = request.method, request.headers
        # As it was sent: what is decoded cannot be signed again.
        sent = environ.get("REQUEST_URI") or environ.get("RAW_URI")
        self.url = sent if sent.startswith("http") else f"http://{request.host}{sent}"
        parts = urlsplit(self.url)
        self.path, self.query = parts.path, parts.query
        fields = parse_qs(self.query, keep_blank_values=True)
        self.is_presigned = "X-Amz-Signature" in fields
        if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
            fields |= parse_qs(self.body.decode(), keep_blank_values=True)
        self.fields = {name: values[0] for name, values in fields.items()}
        self.route = eks.match(self.method, self.path)
        scope = self._scope()
        self.region = scope.region if scope else REGION
        self.service = scope.service if scope else self._service()
        self.operation = self._operation(storage)

    def _scope(self):
        header = self.headers.get("Authorization", "")
        text = self.fields.get("X-Amz-Credential", "")
        if header.startswith(ALGORITHM) and "Credential=" in header:
            text = header.split("Credential=", 1)[1].split(",")[0].strip()
        try:
            return Scope(text)
        except Unproven:
            return None

    def _service(self):
        """The service that an unsigned request is most likely for."""
        if "Action" in self.fields:
            return "sts"
        return "eks" if self.route else "s3"

    def _operation(self, storage):
        if self.service == "eks":
            return self.route[0].name if self.route else f"{self.method} {self.path}"
        if self.service == "s3":
            return storage.operation(self.method, self.path, self.query, self.headers)
        if "X-Amz-Target" in self.headers:
            return self.headers["X-Amz-Target"].split(".")[-1]
        return self.fields.get("Action", f"{self.method} {self.path}")
