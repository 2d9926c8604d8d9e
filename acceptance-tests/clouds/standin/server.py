"""Puts a cloud, the control API and a listener together, says when it is ready, and ends with its standard input."""

import importlib
import json
import logging
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import make_server

from .authority import Authority
from .clock import Clock
from .control import Control
from .faults import Faults
from .journal import Journal
from .kubernetes import Fleet, Pretended
from .pace import Pace

CLOUDS = ("aws", "gcp", "azure", "alibaba")


@dataclass(frozen=True)
class Options:
    """What a cloud is told when it starts."""

    # The Kubernetes APIs that stand behind its clusters.
    fleet: Fleet
    # A folder for files that `environment` names; gone after the stand-in's end at the latest.
    folder: Path
    # PEM file of the authority that signed the stand-in's own certificate; None without TLS.
    ca_file: Path | None


def run(cloud, port=0, folder=None, kubernetes_endpoint=None, kubernetes_ca=None, ends=None, out=None):
    """Serves a cloud until `ends` (standard input) is at its end.

    A cloud whose class says `tls = True` is served over TLS.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(folder or temporary)
        made = importlib.import_module(f"standin.{cloud}.app").Cloud
        context, ca_file = None, None
        if getattr(made, "tls", False):
            ca_file, certificate, key = Authority("stand-in").write(folder)
            context = (str(certificate), str(key))
        fleet = Fleet()
        if kubernetes_endpoint:
            fleet.add(Pretended(kubernetes_endpoint, Path(kubernetes_ca).read_text()))
        options = Options(fleet, folder, ca_file)
        clock, faults = Clock(), Faults()
        journal = Journal(clock)
        application = made(clock, journal, faults, options)
        pace = Pace(application, clock)
        journal.listener = pace.noticed
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        control = Control(application, clock, journal, faults, fleet, pace)
        server = make_server("127.0.0.1", port, control, threaded=True, ssl_context=context)
        server.daemon_threads = True
        # By default, closing waits for the threads of requests, of which one may be a stalled fault.
        server.block_on_close = False
        endpoint = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        announcement = {
            "endpoint": endpoint,
            "environment": application.environment(endpoint),
            "ca_file": str(ca_file) if ca_file else None,
        }
        threading.Thread(target=_end, args=(server, ends or sys.stdin), daemon=True).start()
        print(json.dumps(announcement), file=out or sys.stdout, flush=True)
        pace.start()
        try:
            server.serve_forever()
        finally:
            pace.stop()
            server.server_close()


def _end(server, stream):
    while stream.read(1):
        pass
    server.shutdown()
