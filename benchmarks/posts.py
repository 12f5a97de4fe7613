"""How many posts a second Wire makes against a plain ``requests.Session().post`` loop, on loopback.

Run: ``python benchmarks/posts.py [posts a round] [rounds]``. The server is a process of its own; the rounds
of both loops take turns, and the medians are compared.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import requests

from paytraq_direct.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = b"<Sale>" + b"x" * 2_000 + b"</Sale>"
HEADERS = {"Content-Type": "application/xml"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"


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


def rate(post: Callable[[], object], posts: int) -> float:
    """Give the posts a second of one round."""
    start = time.perf_counter()
    for _ in range(posts):
        post()
    return posts / (time.perf_counter() - start)


def main(posts: int = 1_000, rounds: int = 7) -> None:
    """Print the median rates and their ratio."""
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline() if server.stdout else 0)}/ext/direct/inbox/1234"
            with requests.Session() as session, Wire() as wire:
                ours: list[float] = []
                plain: list[float] = []
                for _ in range(rounds):
                    plain.append(rate(lambda: session.post(url, data=BODY, headers=HEADERS), posts))
                    ours.append(
                        rate(lambda: wire.post(url, BODY, headers=HEADERS, deadline_s=60, shown_url=url), posts)
                    )
        finally:
            server.kill()
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"requests.Session().post {statistics.median(plain):7.0f} posts/s")
    print(f"Wire.post               {statistics.median(ours):7.0f} posts/s   ratio {ratio:.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main(*map(int, sys.argv[1:]))
