"""What a step of a fault script does with a request, in place of the usual answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paytraq_direct.inbox.front import PLAIN, Gone

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.inbox.front import Peer
    from paytraq_direct.inbox.script import Script, Step

# Bytes that are no HTTP at all.
_GARBAGE: Final = b"\x16\x03\x01 this is not HTTP\r\n\r\n"


def comes_before_reading(script: Script) -> bool:
    """Tell whether the next step is one that is done before the body of a request is read."""
    step = script.peek()
    return step is not None and step.kind in {"hang", "early"}


def done_before_reading(peer: Peer, script: Script) -> bool:
    """Do such a step; tell whether the connection goes on. Nobody knows the number of a document then."""
    step = script.next(None)
    if step is not None and step.kind == "early":
        peer.answer(200, [PLAIN, ("Connection", "close")], b"OK\n")
    else:
        peer.linger()
    return False


def done(peer: Peer, step: Step, reply: Callable[[], bool]) -> bool:
    """Do what a step says with a request that was read whole; tell whether the connection goes on."""
    match step.kind:
        case "status":
            peer.answer(step.status, [PLAIN, *step.headers], f"scripted: {step.status}\n".encode())
            return True
        case "slow":
            return peer.linger(step.delay_s) and reply()
        case "accept-then-hang":
            peer.linger()
        case "reset":
            peer.reset()
            raise Gone
        case "cut-headers":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")
        case "cut-body":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nOK")
        case "garbage":
            peer.send(_GARBAGE)
        case "continue":
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.linger()
    return False
