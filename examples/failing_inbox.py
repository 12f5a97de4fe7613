"""An inbox whose line goes dead: it takes a few documents, reads one more, and hangs up without an answer.

Run: python examples/failing_inbox.py [documents it takes before that]
"""

from __future__ import annotations

import itertools
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TAKES = int(sys.argv[1]) if len(sys.argv) > 1 else 1
COUNT = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    """Answers 200, until it answers no more."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a document; after a few, hang up instead."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if next(COUNT) == TAKES + 1:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing for each document."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(
            f"export ACME_INBOX=http://127.0.0.1:{server.server_address[1]}/ext/direct/inbox/rehearsal-only", flush=True
        )
        server.serve_forever()
