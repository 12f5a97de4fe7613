"""A twin of Payt on this machine, to rehearse with: it answers as Payt is documented to, or as its script says."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from paytraq_direct import jsontext, limits
from paytraq_direct.errors import Fault
from paytraq_direct.inbox import misdeed
from paytraq_direct.inbox.front import Front, Refused, converse
from paytraq_direct.inbox.script import Script
from paytraq_direct.payt.endpoint import FILES, INVOICES
from paytraq_direct.payt.records import take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paytraq_direct.inbox.front import Peer, Request

HOST: Final = "127.0.0.1"
FILE_TYPES: Final = frozenset({"csv", "invoice_pdf", "invoice_ubl", "invoice_attachment", "declaration_file"})
# Posts a second, after which comes 429. Source: docs.paytsoftware.com/api/rate-limits, November 2026.
RATES: Final = {INVOICES: 10, FILES: 3}

_JSON: Final = ("Content-Type", "application/json; charset=utf-8")
_KEPT: Final = 1_000


class Arrived(NamedTuple):
    """One request that came: for which administration, what (numbers of invoices, or a file's name), the answer."""

    path: str
    administration: str
    what: tuple[str, ...]
    size: int
    answer: str


class Twin:
    """Payt's interfaces on a port of this machine, open while its with statement lasts.

    It takes upserts of invoices and files for the import, with any token or only with ``token``, for any administration
    or only for ``administration``. An upsert is answered as documented: what breaks a rule of the records, or has its
    number in ``refusals``, is named among the errors, what is in ``warnings`` among the warnings. ``script`` says how
    the next requests are answered instead. ``on_arrival`` is called for every request, in the thread that took it.
    """

    def __init__(
        self,
        on_arrival: Callable[[Arrived], None] = lambda _: None,
        *,
        port: int = 0,
        token: str | None = None,
        administration: str | None = None,
        refusals: Mapping[str, list[str]] | None = None,
        warnings: Mapping[str, list[str]] | None = None,
        script: Script | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.script = script or Script()
        self.refusals = dict(refusals or {})
        self.warnings = dict(warnings or {})
        self.invoices: dict[str, dict[str, Any]] = {}
        """What was upserted last under each number."""
        self.arrived: deque[Arrived] = deque(maxlen=_KEPT)
        self._on_arrival = on_arrival
        self._token = token
        self._administration = administration
        self._clock = clock
        self._lock = threading.Lock()
        self._moments: dict[str, deque[float]] = {path: deque(maxlen=rate) for path, rate in RATES.items()}
        self._front = Front(HOST, port, lambda peer: converse(peer, self._answered))

    @property
    def url(self) -> str:
        """The address to give in place of Payt's."""
        return f"http://{HOST}:{self._front.port}"

    def __enter__(self) -> Self:
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.stop()

    def _answered(self, request: Request, peer: Peer) -> bool:
        """Answer one request; tell whether the connection goes on."""
        kind = FILES if request.path.removeprefix(FILES) in FILE_TYPES else request.path
        if kind not in RATES:
            raise Refused(404, "there is nothing there")
        if request.method != "POST":
            raise Refused(405, "it is posted")
        if request.length is None:
            raise Refused(411, "a Content-Length is needed")
        if request.length > limits.INPUT_BYTES:
            raise Refused(413, f"at most {limits.INPUT_BYTES:,} bytes are taken")
        if misdeed.comes_before_reading(self.script):
            return misdeed.done_before_reading(peer, self.script)
        body = peer.body(request.length)
        status, answer, arrived = self._verdict(request, kind, body)
        step = self.script.next(None)
        told = arrived._replace(answer=str(status) if step is None else str(step))
        with self._lock:
            self.arrived.append(told)
        self._on_arrival(told)

        def reply() -> bool:
            more = [("Retry-After", "1")] if status == 429 else []  # noqa: PLR2004 - the status is its name
            peer.answer(status, [_JSON, *more], json.dumps(answer).encode())
            return True

        return reply() if step is None else misdeed.done(peer, step, reply)

    def _verdict(self, request: Request, kind: str, body: bytes) -> tuple[int, Any, Arrived]:
        """Give the usual answer, and what came."""
        arrived = Arrived(request.path, "", (), len(body), "")
        if refusal := self._barred(request, kind):
            return (*refusal, arrived)
        data = jsontext.decode(body)
        if isinstance(data, Fault) or not isinstance(data, dict):
            return 422, {"code": "unprocessable", "message": "the body is not a JSON object"}, arrived
        if kind == FILES:
            return self._file(data, arrived)
        administration, invoices = data.get("administration_id"), data.get("invoices")
        if not isinstance(administration, str) or not administration or not isinstance(invoices, list):
            return 422, {"code": "unprocessable", "message": "administration_id and invoices are required"}, arrived
        arrived = arrived._replace(administration=administration, what=tuple(map(_number, invoices)))
        if self._administration not in {None, administration}:
            return 403, {"code": "forbidden", "message": "Missing permission: invoices:write"}, arrived
        with self._lock:
            return 201, self._upserted(invoices), arrived

    def _barred(self, request: Request, kind: str) -> tuple[int, Any] | None:
        """Say why a request is not looked at: it has no token, or another one, or comes too soon."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or self._token not in {None, token}:
            return 401, {"code": "unauthorized", "message": "The access token is invalid"}
        now = self._clock()
        with self._lock:
            moments = self._moments[kind]
            if len(moments) == moments.maxlen and now - moments[0] < 1:
                return 429, {"code": "too_many_requests", "message": "Rate limit exceeded"}
            moments.append(now)
        return None

    def _upserted(self, invoices: list[Any]) -> dict[str, Any]:
        errors: dict[str, list[str]] = {}
        warnings: dict[str, list[str]] = {}
        for data in invoices:
            number = _number(data)
            _, faults = take(data)
            found = [*(fault.message for fault in faults if fault.is_error), *self.refusals.get(number, [])]
            if found:
                errors[number] = found
                continue
            self.invoices[number] = data
            if number in self.warnings:
                warnings[number] = self.warnings[number]
        return {"success": True, "count": len(invoices) - len(errors), "errors": errors, "warnings": warnings}

    def _file(self, data: dict[str, Any], arrived: Arrived) -> tuple[int, Any, Arrived]:
        """Take a file for the import; what it holds is looked at by the import itself, and not here."""
        found = data.get("file")
        file = found if isinstance(found, dict) else {}
        name, content = file.get("filename"), file.get("base64_data")
        administration = str(data.get("administration_code") or data.get("administration_id") or "")
        arrived = arrived._replace(administration=administration, what=(str(name),))
        try:
            is_whole = isinstance(name, str) and isinstance(content, str) and base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            is_whole = False
        if not is_whole or not administration:
            return 422, {"code": "unprocessable", "message": "file and administration_code are required"}, arrived
        return 200, {"success": True}, arrived


def _number(data: object) -> str:
    return str(data.get("invoice_number") or "?") if isinstance(data, dict) else "?"
