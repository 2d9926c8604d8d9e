"""One exchange with a cloud: a fault if one is due, else the operation; and the note in the journal."""

import socket
import ssl
import struct
import threading
from http import HTTPStatus

STALL = 60.0


class Exchange:
    """What every cloud serves its operations through."""

    def __init__(self, journal, faults, stall=STALL):
        self._journal = journal
        self._faults = faults
        self._stall = stall
        self._never = threading.Event()

    def serve(self, service, operation, application, environ, start_response):
        """Plays the fault due for `operation`, or else calls the WSGI `application`, and notes the exchange.

        `service` and `operation` are the cloud's own words: `eks`, `CreateCluster`.
        """
        method, path = environ.get("REQUEST_METHOD", "GET"), environ.get("PATH_INFO", "/")

        def note(status):
            self._journal.record(service, operation, method, path, status)

        fault = self._faults.take(operation)
        kind = fault.kind if fault else None
        # What is not read of a request would be taken for the next one by a proxy, and as a reset by the client.
        if kind in ("response", "reset"):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if kind == "reset":
            note(None)
            _break(environ)
        if kind == "response":
            note(fault.status)
            return _answer(fault, start_response)
        if kind == "stall":
            self._never.wait(self._stall)

        status, headers, body = _collect(application, environ)
        note(None if kind == "lost" else int(status.split(" ", 1)[0]))
        start_response(status, headers)
        return _half(body, environ) if kind == "lost" else [body]


def _answer(fault, start_response):
    body, kind = fault.content()
    headers = {"Content-Length": str(len(body))}
    if kind:
        headers["Content-Type"] = kind
    headers |= {name: str(value) for name, value in fault.headers.items()}
    try:
        reason = HTTPStatus(fault.status).phrase
    except ValueError:
        reason = "Unknown"
    start_response(f"{fault.status} {reason}", list(headers.items()))
    return [body]


def _collect(application, environ):
    """The whole answer of a WSGI application."""
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer["status"], answer["headers"] = status, headers

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    headers = [(name, value) for name, value in answer["headers"] if name.lower() != "content-length"]
    # These have no body, and some clients refuse a length on them.
    if not answer["status"].startswith(("204", "304")):
        length = next((v for n, v in answer["headers"] if n.lower() == "content-length"), None)
        # The answer to HEAD tells the length of what it does not send.
        keep = environ.get("REQUEST_METHOD") == "HEAD" and length is not None
        headers.append(("Content-Length", length if keep else str(len(body))))
    return answer["status"], headers, body


def _half(body, environ):
    yield body[: len(body) // 2]
    _break(environ)


def _break(environ):
    """Ends the connection with a reset, as a failing network does."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Only a shutdown ends TLS at once; without TLS it would be an orderly end.
        if isinstance(connection, ssl.SSLSocket):
            connection.shutdown(socket.SHUT_RDWR)
        else:
            # The connection ends when nobody reads it any more, and the handler waits for the next request.
            connection.shutdown(socket.SHUT_RD)
            connection.close()
    raise ConnectionResetError("a fault that a test ordered")
