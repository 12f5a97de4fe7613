"""One visit to a server without leaving anything there: a HEAD or a bounded GET, over a connection of its own."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import __version__
from paytraq_direct.answer import AnswerReader, Head, read_body
from paytraq_direct.connection import WRITE, Broken, Connection, Deadline, Late, Origin, Trace, dial, words_of
from paytraq_direct.wire import TOO_LATE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Literal

    from paytraq_direct.connection import Proxy

_LINES: Final = (
    "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: paytraq_direct/{}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
    "Connection: close\r\n\r\n"
)
# Addresses that carry an IPv4 address inside: what counts is where that one leads.
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_V4: Final = 4


class Answer(NamedTuple):
    """A complete header block, and as much of the body as was asked for and came in time; ``whole`` if that is all."""

    head: Head
    start: bytes
    whole: bool

    def header(self, name: str) -> str | None:
        """Give the first value of a header, its name in lower case; None when there is none."""
        return next(iter(self.head.values(name)), None)


def ask(
    connection: Connection,
    method: Literal["HEAD", "GET"],
    origin: Origin,
    target: str,
    deadline: Deadline,
    *,
    most_bytes: int = 0,
) -> Answer:
    """Ask for something once, without a body; of the answer's body at most so many bytes are waited for.

    Raises Broken, Late, NotAnAnswer or OSError while no complete header block has come; what becomes of the body after
    that does not matter.
    """
    left = memoryview(_LINES.format(method, target, origin.host_header, __version__).encode("ascii"))
    while left:
        connection.wait(deadline, WRITE)
        left = left[connection.transmit(left) :]
    reader = AnswerReader()
    while reader.head is None:
        connection.wait(deadline)
        connection.listen(reader)
    if method == "HEAD":
        return Answer(reader.head, b"", whole=True)
    come = len(reader.buffer)

    def more() -> bytes:
        nonlocal come
        if come >= most_bytes:
            raise Broken("enough")
        data = None
        while data is None:
            connection.wait(deadline)
            data = connection.receive()
        come += len(data)
        return data

    body = read_body(reader.head, reader.buffer, more)
    return Answer(reader.head, body.kept[:most_bytes], whole=body.whole)


def call_at(
    origin: Origin,
    addresses: list[tuple[Any, ...]],
    deadline: Deadline,
    trace: Trace,
    *,
    context: Callable[[], ssl.SSLContext],
    proxy: Proxy | None = None,
) -> Connection:
    """Connect to addresses that were looked up already, so that what was looked at is where it leads.

    Raises Broken, Late or OSError.
    """

    def known(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(family, None, None, "", address) for family, address in addresses]

    return dial(origin, deadline, trace, resolve=known, proxy=proxy, context=context)


def why(error: Exception, trace: Trace, deadline: Deadline) -> str:
    """Say what went wrong on a visit."""
    return TOO_LATE[trace.stage].format(round(deadline.seconds, 1)) if isinstance(error, Late) else words_of(error)


def is_public(text: str) -> bool:
    """Tell whether an address is one that everybody can reach.

    Private, loopback, link-local and reserved ones are not, also when they are wrapped in IPv6.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(address in network for network in _NAT64):
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        wrapped = [one for one in inner if one is not None]
        if wrapped:
            return all(is_public(str(one)) for one in wrapped)
    return address.is_global and not address.is_multicast
