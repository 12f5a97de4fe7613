"""A body in pieces: what leaves is what was said, or the exchange is a doubt."""

from __future__ import annotations

import threading
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.channel import judge
from paytraq_direct.wire import Progress, Wire

from .scenarios import answering, staying
from .servers import OK, Peer, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paytraq_direct.wire import Exchange


class Body:
    """A body whose pieces are made when they are asked for."""

    def __init__(self, size: int, pieces: Callable[[], Iterator[bytes]]) -> None:
        self.size = size
        self.pieces = pieces


def post(url: str, body: Body, **options: float) -> Exchange:
    """Post once."""
    with Wire() as wire:
        return wire.post(
            url, body, headers={"A": "b"}, deadline_s=options.get("deadline_s", 5.0), shown_url="http://shown"
        )


@given(pieces=st.lists(st.binary(min_size=1, max_size=3_000), min_size=1, max_size=9))
def test_what_arrives_is_what_the_pieces_are(pieces: list[bytes]) -> None:
    """However a body is cut, the server gets its bytes, in order, and its length."""
    with Server(answering(OK)) as server:
        exchange = post(server.url(), Body(sum(map(len, pieces)), lambda: iter(pieces)))
        assert (exchange.status, server.bodies) == (200, [b"".join(pieces)])


def test_the_pieces_are_asked_for_anew_each_time() -> None:
    """The same body posted twice is sent from its beginning both times."""
    body = Body(6, lambda: iter([b"abc", b"def"]))
    with Server(answering(OK)) as server:
        assert [post(server.url(), body).status for _ in range(2)] == [200, 200]
        assert server.bodies == [b"abcdef"] * 2


@pytest.mark.parametrize("size", [5, 7, 200_000])
def test_pieces_that_are_not_as_said_are_a_doubt(size: int) -> None:
    """Less than was said, or more: the rest is not made up, nothing over it is sent, and it is in doubt, at once."""
    with Server(staying(OK)) as server:
        exchange = post(server.url(), Body(size, lambda: iter([b"abc", b"def"])))
        server.stop()
        assert (exchange.status, exchange.progress) == (None, Progress.STARTED)
        assert "changed its size" in str(exchange.trouble)
        assert judge(exchange).outcome == "in_doubt"
        assert server.bodies == []
        assert len(server.seen.partition(b"\r\n\r\n")[2]) < size
    assert exchange.elapsed_ms < 2_000


@pytest.mark.parametrize("error", [OSError(5, "x"), ValueError("secret words"), MemoryError()])
def test_pieces_that_fail_are_a_doubt(error: Exception) -> None:
    """A body that fails in the middle is a doubt, whatever it fails with, and its words are not repeated."""

    def pieces() -> Iterator[bytes]:
        yield b"abc"
        raise error

    with Server(staying(OK)) as server:
        exchange = post(server.url(), Body(6, pieces))
    assert (exchange.status, judge(exchange).outcome) == (None, "in_doubt")
    assert "secret words" not in f"{exchange}"


def test_ctrl_c_in_a_piece_tells_how_far_it_got() -> None:
    """Ctrl-C while a piece is made passes through, with the progress."""

    def pieces() -> Iterator[bytes]:
        yield b"abc"
        raise KeyboardInterrupt

    with Server(staying(OK)) as server, pytest.raises(KeyboardInterrupt) as caught:
        post(server.url(), Body(6, pieces))
    assert getattr(caught.value, "paytraq_progress", None) is Progress.STARTED


def test_nothing_is_asked_of_a_body_before_there_is_a_connection() -> None:
    """A refused connection costs no piece."""
    asked: list[int] = []

    def pieces() -> Iterator[bytes]:
        asked.append(1)
        return iter([b"abc"])

    exchange = post("http://127.0.0.1:1/x", Body(3, pieces))
    assert (exchange.progress, asked) == (Progress.NOTHING, [])


def test_memory_stays_where_it_is() -> None:
    """A body of 64 MB takes no more memory than a few of its pieces."""
    piece, count = b"x" * 65_536, 1_000
    drained = threading.Event()

    def drain(peer: Peer) -> None:
        peer.head()
        left = len(piece) * count - len(peer.pending)
        while left > 0 and (data := peer.sock.recv(65_536)):
            left -= len(data)
        if not left:
            drained.set()
            peer.say(OK)

    with Server(drain) as server:
        tracemalloc.start()
        try:
            exchange = post(
                server.url(), Body(len(piece) * count, lambda: (bytes(piece) for _ in range(count))), deadline_s=30
            )
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (exchange.status, drained.is_set()) == (200, True)
    assert most < 1_500_000
