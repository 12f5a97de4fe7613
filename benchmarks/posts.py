"""How many posts a second Wire makes against a plain ``requests.Session().post`` loop, on loopback."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import requests

from benchmarks.figures import Figure, seconds_each
from paytraq_direct.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b"<Sale>" + b"x" * 2_000 + b"</Sale>"
HEADERS = {"Content-Type": "application/xml"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Give the address of a server, in a process of its own, that answers every post with 200."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.posts"], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline() if server.stdout else 0)}/ext/direct/inbox/1234"
        finally:
            server.kill()


def serve() -> None:
    """Answer every request with 200 over kept-alive connections, and print the port first."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=_answer, args=listener.accept()[:1], daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pending = b""
    while data := connection.recv(65_536):
        pending += data
        head, blank, rest = pending.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) if blank else 0
        if blank and len(rest) >= length:
            pending = rest[length:]
            connection.sendall(ANSWER)


def figures() -> Iterator[Figure]:
    """Measure both loops over connections that are kept."""
    with serving() as url, requests.Session() as session, Wire() as wire:
        seconds = seconds_each(
            {
                "plain": lambda: session.post(url, data=BODY, headers=HEADERS),
                "ours": lambda: wire.post(url, BODY, headers=HEADERS, deadline_s=60, shown_url=url),
            },
            rounds=9,
            repeats=500,
        )
    print("  " + "  ".join(f"{name} {1 / value:,.0f} posts/s" for name, value in seconds.items()))
    yield Figure("posts/s ÷ requests.Session().post", seconds["plain"] / seconds["ours"], 2.0, 2.6, most=False)


if __name__ == "__main__":
    serve()
