"""The inbox's wire side: an HTTP server on loopback that answers as PayTraq Direct is documented to."""

from __future__ import annotations

import hmac
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

from paytraq_direct import limits, schema
from paytraq_direct.channel import ChannelUri
from paytraq_direct.inbox.arrival import Arrival, examine

if TYPE_CHECKING:
    from collections.abc import Callable

PATH: Final = "/ext/direct/inbox/"

_PATIENCE_S: Final = 30.0
_MOST_DIGITS: Final = 12


class Inbox:
    """An inbox on a free port of 127.0.0.1, open while its with statement lasts.

    It takes a POST of ``application/xml`` to its channel with 200; a document that breaks a documented fact
    gets 400 and its faults as text. ``on_arrival`` is called for every document, in the thread that took it.
    """

    def __init__(self, on_arrival: Callable[[Arrival], None] = lambda _: None) -> None:
        self.arrivals: list[Arrival] = []
        """Every document that came, in the order in which they were answered."""
        self._on_arrival = on_arrival
        self._lock = threading.Lock()
        self._target = PATH + secrets.token_urlsafe(16)
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="inbox")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def channel(self) -> ChannelUri:
        """The address to send to, made anew for every inbox."""
        return ChannelUri(f"http://127.0.0.1:{self.port}{self._target}")

    def __enter__(self) -> Self:
        schema.load()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def is_its_own(self, target: str) -> bool:
        """Tell whether a request is for this inbox's channel."""
        return hmac.compare_digest(target.encode(), self._target.encode())

    def take(self, document: bytes) -> Arrival:
        """Examine a document that came, and keep it."""
        arrival = examine(document)
        with self._lock:
            self.arrivals.append(arrival)
            self._on_arrival(arrival)
        return arrival


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections that a sender keeps open would otherwise hold the end up; what they posted is answered by then.
    block_on_close = False

    def __init__(self, address: tuple[str, int], inbox: Inbox) -> None:
        super().__init__(address, _Handler)
        self.inbox = inbox

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say nothing of a client that went away in the middle of a request."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "paytraq_direct-inbox"
    sys_version = ""
    timeout = _PATIENCE_S
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        """Take a document."""
        length = self.headers.get("Content-Length", "")
        kind = self.headers.get_content_type()
        if not self.server.inbox.is_its_own(self.path):
            self._answer(HTTPStatus.NOT_FOUND, "no such channel")
        elif not (length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS):
            self._answer(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed")
        elif int(length) > limits.DOCUMENT_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {limits.DOCUMENT_BYTES:,} bytes are taken")
        elif kind != "application/xml":
            self._answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "application/xml is taken")
        else:
            document = self.rfile.read(int(length))
            if len(document) < int(length):
                self.close_connection = True
                return
            arrival = self.server.inbox.take(document)
            if arrival.is_taken:
                self._answer(HTTPStatus.OK, "OK", read=True)
            else:
                self._answer(HTTPStatus.BAD_REQUEST, "\n".join(map(str, arrival.faults)), read=True)

    def _not_allowed(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "documents are posted")

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _not_allowed  # noqa: N815 - names by http.server

    def _answer(self, status: HTTPStatus, text: str, *, read: bool = False) -> None:
        """Answer, and close the connection unless the whole request was read from it."""
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if not read:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the request line holds the channel's id."""
