"""The inbox: takes documents over HTTP as PayTraq Direct is documented to, or as its fault script says."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from paytraq_direct import limits, schema
from paytraq_direct.channel import ChannelUri
from paytraq_direct.inbox import misdeed
from paytraq_direct.inbox.arrival import examine
from paytraq_direct.inbox.front import PLAIN, Front, Refused, converse
from paytraq_direct.inbox.keep import Keep
from paytraq_direct.inbox.script import Script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paytraq_direct.inbox.arrival import Arrival, Mode
    from paytraq_direct.inbox.front import Peer, Request

    Site = Callable[["Inbox", Request, Peer], bool]

PATH: Final = "/ext/direct/inbox/"
HOST: Final = "127.0.0.1"

_ID_FILE: Final = "channel-id"


class Inbox:
    """An inbox on a port of this machine, open while its with statement lasts.

    It takes a POST of ``application/xml`` to its channel with 200; a document that breaks a documented fact gets 400
    and its faults as text. ``mode`` is ``strict`` to ask for our own contract too, ``lenient`` to take all. ``script``
    says how the next documents are answered instead. ``folder`` keeps what arrives, and the channel's id.
    ``on_arrival`` is called for every document, in the thread that took it. ``site`` answers what is no document.
    ``host`` other than loopback lets other machines in.
    """

    def __init__(
        self,
        on_arrival: Callable[[Arrival], None] = lambda _: None,
        *,
        host: str = HOST,
        port: int = 0,
        mode: Mode = "documented",
        script: Script | None = None,
        folder: Path | None = None,
        site: Site | None = None,
    ) -> None:
        self.script = script or Script()
        self.kept = Keep(folder)
        self._on_arrival = on_arrival
        self._mode = mode
        self._site = site
        self._host = host
        self._target = PATH + _channel_id(folder)
        self._front = Front(host, port, lambda peer: converse(peer, self._answered))

    @property
    def arrivals(self) -> list[Arrival]:
        """Every document that came and is kept, in the order in which they were answered."""
        return self.kept.all()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._front.port

    @property
    def address(self) -> str:
        """Where its page is."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}/"

    @property
    def channel(self) -> ChannelUri:
        """The address to send to."""
        return ChannelUri(self.address.removesuffix("/") + self._target, allow_http=True)

    def __enter__(self) -> Self:
        schema.load()
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.stop()

    @property
    def connections(self) -> int:
        """How many connections it serves at this moment."""
        return self._front.connections

    @property
    def is_stopping(self) -> bool:
        """Whether it ends."""
        return self._front.stopping.is_set()

    def _answered(self, request: Request, peer: Peer) -> bool:
        """Answer one request; tell whether the connection goes on."""
        if not self._is_for_us(request):
            raise Refused(421, "this inbox goes by the name under which it was started, and no other")
        if not request.path.startswith(PATH) and self._site is not None:
            return self._site(self, request, peer)
        if request.method != "POST":
            peer.answer(405, [PLAIN, ("Allow", "POST"), ("Connection", "close")], b"documents are posted\n",
                        with_body=request.method != "HEAD")  # fmt: skip
            return False
        if not hmac.compare_digest(request.target.encode(), self._target.encode()):
            raise Refused(404, "no such channel")
        if request.length is None:
            raise Refused(411, "a Content-Length is needed")
        if request.length > limits.DOCUMENT_BYTES:
            raise Refused(413, f"at most {limits.DOCUMENT_BYTES:,} bytes are taken")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/xml":
            raise Refused(415, "application/xml is taken")
        return self._take(request, request.length, peer)

    def _take(self, request: Request, length: int, peer: Peer) -> bool:
        """Take a document, and answer as usual or as the script says."""
        if misdeed.comes_before_reading(self.script):
            return misdeed.done_before_reading(peer, self.script)
        if request.headers.get("expect", "").lower() == "100-continue":
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        arrival = examine(peer.body(length))
        step = self.script.next(arrival.document_ref)
        usual = 200 if arrival.is_welcome(self._mode) else 400
        answer = str(usual) if step is None else str(step)
        kept = self.kept.add(replace(arrival, answer=answer))
        self._on_arrival(kept)
        reply = partial(_replied, peer, kept, usual)
        return reply() if step is None else misdeed.done(peer, step, reply)

    def _is_for_us(self, request: Request) -> bool:
        """Tell whether a request was made for this inbox, and not by a page of somebody else.

        A page that rebinds its name to this machine goes by that name: an address, localhost and the host that was
        given are none that it can have. What its own pages ask for comes from the host that they are asked of.
        """
        host = request.headers.get("host", HOST).lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        is_ours = name in {"localhost", self._host.lower()} or _is_address(name.strip("[]"))
        return is_ours and request.headers.get("origin", f"http://{host}").lower() == f"http://{host}"


def _replied(peer: Peer, arrival: Arrival, status: int) -> bool:
    text = "OK" if status == 200 else "\n".join(map(str, arrival.faults))  # noqa: PLR2004 - of HTTP
    peer.answer(status, [PLAIN], f"{text}\n".encode())
    return True


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _channel_id(folder: Path | None) -> str:
    """Give the id of the channel: made anew for every inbox, or kept in its folder."""
    if folder is None:
        return secrets.token_urlsafe(16)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _ID_FILE
    if not path.exists():
        path.write_text(secrets.token_urlsafe(16) + "\n", encoding="ascii")
        path.chmod(0o600)
    return path.read_text(encoding="ascii").strip()
