"""What the inbox shows in a browser: which address gives which page, and who is told when something arrives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from paytraq_direct.inbox import pages

if TYPE_CHECKING:
    from paytraq_direct.inbox.arrival import Arrival
    from paytraq_direct.inbox.front import Peer, Request
    from paytraq_direct.inbox.server import Inbox

_HTML: Final = "text/html; charset=utf-8"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GUARDS: Final = (
    (
        "Content-Security-Policy",
        _POLICY,
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
_is_document = re.compile(r"/documents/([1-9][0-9]{0,8})(\.xml)?").fullmatch
_is_before = re.compile(r"before=([1-9][0-9]{0,8})").fullmatch
# So many rows open in a moment; what is older is a page away.
_SHOWN: Final = 500
_BEAT_S: Final = 15.0
_GLANCE_S: Final = 0.5


def answer(inbox: Inbox, request: Request, peer: Peer) -> bool:
    """Answer a request for a page; tell whether the connection goes on. Nothing here changes anything."""
    if request.method not in {"GET", "HEAD"}:
        peer.answer(
            405, [("Content-Type", "text/plain"), ("Allow", "GET, HEAD"), ("Connection", "close")], b"only read\n"
        )
        return False
    if request.path == "/events":
        _stream(inbox, peer)
        return False
    status, kind, body = _found(inbox, request.path, request.target.partition("?")[2])
    peer.answer(status, [("Content-Type", kind), *_GUARDS], body, with_body=request.method == "GET")
    return not request.length


def _number(query: str) -> int | None:
    """Give the number before which the list begins, of a query such as ``before=1500``."""
    found = _is_before(query)
    return int(found[1]) if found else None


def _older(inbox: Inbox, shown: list[Arrival]) -> int | None:
    """Give the number before which there is more to list; None when that was all."""
    return shown[0].number if shown and inbox.kept.before(shown[0].number, 1) else None


def _found(inbox: Inbox, path: str, query: str) -> tuple[int, str, bytes]:
    if path == "/":
        shown = inbox.kept.before(_number(query), _SHOWN)
        note = f"Its channel is {inbox.channel.reveal()}"
        return 200, _HTML, pages.list_page(shown, note, older=_older(inbox, shown))
    if path == "/rows":
        return 200, _HTML, pages.rows(inbox.kept.before(None, _SHOWN))
    if found := _is_document(path):
        arrival = inbox.kept.get(int(found[1]))
        if arrival is not None and found[2]:
            # As text, so that no browser takes it for a page.
            return 200, "text/plain; charset=utf-8", arrival.document
        if arrival is not None:
            return 200, _HTML, pages.document_page(arrival, newest=inbox.kept.count)
    asset = pages.asset(path.removeprefix("/"))
    if asset is not None:
        body, kind = asset
        return 200, kind, body
    return 404, "text/plain; charset=utf-8", b"there is no such page\n"


def _stream(inbox: Inbox, peer: Peer) -> None:
    """Send an event for each arrival, for as long as the browser listens."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in _GUARDS]
    peer.send("\r\n".join([*lines, "", ": open\n\n"]).encode())
    seen, waited = inbox.kept.count, 0.0
    while not inbox.is_stopping:
        if inbox.kept.wait(lambda count, seen=seen: count > seen, _GLANCE_S):  # type: ignore[misc]
            seen = inbox.kept.count
            peer.send(f"data: {seen}\n\n".encode())
            waited = 0.0
        elif (waited := waited + _GLANCE_S) >= _BEAT_S:
            peer.send(b": still here\n\n")
            waited = 0.0
