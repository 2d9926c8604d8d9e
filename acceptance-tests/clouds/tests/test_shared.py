"""The clock, the journal, the faults, the control API and the listener, with a cloud of one operation."""

import logging
import ssl
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from http.client import IncompleteRead

from werkzeug.serving import make_server
from werkzeug.test import Client

from standin.authority import Authority
from standin.clock import Clock
from standin.control import Control
from standin.exchange import Exchange
from standin.faults import Faults
from standin.journal import Journal
from standin.kubernetes import Fleet
from standin.pace import Pace


class Lamp:
    """A cloud whose one operation takes 100 seconds, and which knows one token."""

    def __init__(self, clock, journal, faults):
        self.clock = clock
        self.exchange = Exchange(journal, faults, stall=0.01)
        self.calls = 0
        self.ends = []

    def __call__(self, environ, start_response):
        return self.exchange.serve("lamp", "Switch", self.switch, environ, start_response)

    def switch(self, environ, start_response):
        self.calls += 1
        self.ends.append(self.clock.now() + 100)
        start_response("202 Accepted", [("Content-Type", "text/plain")])
        return [b"0123456789"]

    def busy(self):
        return any(end > self.clock.now() for end in self.ends)

    def next_change(self):
        return min((end for end in self.ends if end > self.clock.now()), default=None)

    def review(self, token):
        if token == "late":
            raise PermissionError("the token is late")
        return {"username": "someone", "groups": ["people"]} if token == "good" else None


class WithLamp(unittest.TestCase):
    def setUp(self):
        self.time = 1000.0
        self.clock = Clock(lambda: self.time)
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.lamp = Lamp(self.clock, self.journal, self.faults)
        self.pace = Pace(self.lamp, self.clock)
        self.journal.listener = self.pace.noticed
        self.application = Control(
            self.lamp, self.clock, self.journal, self.faults, Fleet(), self.pace
        )
        self.client = Client(self.application)

    def order(self, name, body, status=200):
        answer = self.client.post(f"/__control/{name}", json=body)
        self.assertEqual(answer.status_code, status, answer.text)
        return answer.json


class Shared(WithLamp):
    """Without a socket."""

    def test_the_clock_goes_on_and_jumps_and_never_goes_back(self):
        self.assertEqual(self.clock.now(), 1000)
        self.time += 1
        self.order("clock", {"advance": 60})
        self.assertEqual(self.clock.now(), 1061)
        self.order("clock", {"advance": -1}, 400)
        self.order("clock", {}, 400)
        self.assertEqual(self.clock.now(), 1061)
        self.assertEqual(self.client.get("/__control/clock").json, {"now": 1061, "speed": 1})

    def test_the_clock_runs_fast_while_the_cloud_is_busy(self):
        self.assertEqual(self.order("clock", {"speed": 60}), {"now": 1000, "speed": 60})
        self.time += 10
        self.assertEqual(self.clock.now(), 1010)
        self.client.post("/")
        self.pace.look()
        self.time += 1
        self.pace.look()
        self.assertEqual(self.clock.now(), 1070)
        self.time += 1
        self.assertFalse(self.lamp.busy())
        self.pace.look()
        self.time += 1
        self.assertEqual(self.clock.now(), 1131)
        for wrong in [{"speed": 0}, {"speed": -1}, {"speed": "nan"}, {"speed": "inf"}, {"pace": 2}]:
            with self.subTest(wrong):
                self.order("clock", wrong, 400)
        self.assertEqual(self.client.get("/__control/clock").json["speed"], 60)

    def test_the_clock_is_slow_after_an_operation_until_it_is_told_otherwise(self):
        self.order("clock", {"speed": 60})
        self.order("slow", {}, 400)
        self.order("slow", {"after": "Switch"})
        self.assertEqual(self.client.get("/__control/clock").json["speed"], 60)
        self.client.post("/")
        self.time += 1
        self.pace.look()
        self.assertEqual(self.clock.now(), 1001)
        self.order("clock", {"speed": 60})
        self.client.post("/")
        self.time += 1
        self.assertEqual(self.clock.now(), 1061)

    def test_an_operation_is_answered_and_noted_though_the_cloud_cannot_be_looked_at(self):
        def unreachable():
            raise OSError("the Kubernetes API does not answer")

        self.order("slow", {"after": "Switch"})
        self.lamp.busy = unreachable
        self.assertEqual(self.client.post("/").status_code, 202)
        self.assertEqual([entry["operation"] for entry in self.journal.entries()], ["Switch"])

    def test_the_clock_knows_what_it_showed(self):
        self.clock.run(60)
        self.time = 1010.0
        self.clock.advance(400)
        self.clock.run(1)
        self.time = 1020.0
        # What was signed at these real times is as old as the clock says, whether it ran or jumped.
        for real, shown in {990: 990, 1000: 1000, 1005: 1300, 1010: 2000, 1020: 2010}.items():
            self.assertEqual(self.clock.at(real), shown)

    def test_the_journal_holds_what_was_asked_of_the_cloud_alone(self):
        self.client.post("/lamps/1?x=y")
        self.order("clock", {"advance": 5})
        self.client.get("/lamps")
        expected = [
            {"service": "lamp", "operation": "Switch", "method": "POST", "path": "/lamps/1", "status": 202, "at": 1000},
            {"service": "lamp", "operation": "Switch", "method": "GET", "path": "/lamps", "status": 202, "at": 1005},
        ]
        self.assertEqual(self.client.get("/__control/journal").json, expected)
        self.client.delete("/__control/journal")
        self.assertEqual(self.client.get("/__control/journal").json, [])

    def test_a_fault_befalls_its_operation_after_some_calls_and_some_times(self):
        fault = {"operation": "Switch", "after": 1, "times": 2, "status": 429, "headers": {"Retry-After": "7"}}
        self.order("faults", [fault | {"body": {"code": "slow"}}, {"operation": "Other", "status": 500}])
        answers = [self.client.post("/") for _ in range(4)]
        self.assertEqual([answer.status_code for answer in answers], [202, 429, 429, 202])
        self.assertEqual(answers[1].json, {"code": "slow"})
        self.assertEqual(answers[1].headers["Retry-After"], "7")
        self.assertEqual(self.lamp.calls, 2)
        self.assertEqual([entry["status"] for entry in self.journal.entries()], [202, 429, 429, 202])

    def test_new_faults_replace_the_former(self):
        self.order("faults", [{"operation": "Switch", "times": 9, "status": 503}])
        self.order("faults", [])
        self.assertEqual(self.client.post("/").status_code, 202)

    def test_a_stalled_operation_is_done_in_the_end(self):
        self.order("faults", [{"operation": "Switch", "kind": "stall"}])
        self.assertEqual(self.client.post("/").status_code, 202)
        self.assertEqual(self.lamp.calls, 1)

    def test_faults_without_sense_are_refused_and_change_nothing(self):
        self.order("faults", [{"operation": "Switch", "status": 503}])
        for wrong in [
            {"operation": "Switch"},
            [{"status": 500}],
            [{"operation": "Switch", "kind": "magic"}],
            [{"operation": "Switch", "status": 7}],
            [{"operation": "Switch", "colour": "red"}],
            ["Switch"],
        ]:
            with self.subTest(wrong):
                self.assertIn("error", self.order("faults", wrong, 400))
        self.assertEqual(self.client.post("/").status_code, 503)

    def test_settling_lets_the_clock_run_until_the_cloud_is_at_rest(self):
        self.client.post("/")
        self.order("clock", {"advance": 30})
        self.client.post("/")
        self.assertEqual(self.order("settle", {})["now"], 1130)
        self.assertFalse(self.lamp.busy())
        self.assertEqual(self.order("settle", {})["now"], 1130)

    def test_a_cloud_that_never_rests_is_told(self):
        self.lamp.busy = lambda: True
        self.assertIn("no end", self.order("settle", {}, 500)["error"])
        self.lamp.next_change = lambda: self.clock.now() + 1
        self.assertIn("still busy", self.order("settle", {}, 500)["error"])

    def test_a_token_is_reviewed_by_the_cloud(self):
        cases = {
            "good": {"authenticated": True, "user": {"username": "someone", "groups": ["people"]}},
            "bad": {"authenticated": False},
            "late": {"authenticated": False, "error": "the token is late"},
        }
        for token, status in cases.items():
            with self.subTest(token):
                review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
                answer = self.order("tokenreview", review)
                self.assertEqual(answer["status"], status)
                self.assertEqual(answer["apiVersion"], "authentication.k8s.io/v1")
                self.assertEqual(answer["kind"], "TokenReview")
        self.order("tokenreview", {}, 400)

    def test_an_unknown_order_is_no_request_to_the_cloud(self):
        self.assertEqual(self.client.get("/__control/nothing").status_code, 404)
        self.assertEqual(self.lamp.calls, 0)


class Listener(WithLamp):
    """The same over a socket, where connections can break."""

    def setUp(self):
        super().setUp()
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.serve(None)

    def serve(self, context):
        server = make_server("127.0.0.1", 0, self.application, threaded=True, ssl_context=context)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"

    def ask(self, context=None):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.url}/lamps", data=b"on" * 1000, timeout=10) as answer:
            return answer.read()

    def test_a_reset_does_nothing_and_breaks_the_connection(self):
        self.faults.replace([{"operation": "Switch", "kind": "reset"}])
        with self.assertRaises((ConnectionError, urllib.error.URLError)):
            self.ask()
        self.assertEqual(self.lamp.calls, 0)
        self.assertEqual(self.journal.entries()[0]["status"], None)
        self.assertEqual(self.ask(), b"0123456789")

    def test_a_lost_answer_is_that_of_an_operation_that_was_done(self):
        self.faults.replace([{"operation": "Switch", "kind": "lost"}])
        with self.assertRaises((ConnectionError, IncompleteRead)):
            self.ask()
        self.assertEqual(self.lamp.calls, 1)
        self.assertEqual(self.journal.entries()[0]["status"], None)

    def test_a_cloud_over_tls_is_trusted_by_its_authority_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            ca, certificate, key = Authority("test").write(folder)
            self.serve((str(certificate), str(key)))
            self.assertEqual(self.ask(ssl.create_default_context(cafile=ca)), b"0123456789")
            with self.assertRaises(urllib.error.URLError):
                self.ask(ssl.create_default_context())
            self.faults.replace([{"operation": "Switch", "kind": "reset"}])
            with self.assertRaises((ConnectionError, urllib.error.URLError, ssl.SSLError)):
                self.ask(ssl.create_default_context(cafile=ca))


if __name__ == "__main__":
    unittest.main()
