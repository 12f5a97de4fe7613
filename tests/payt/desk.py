"""A place to upload from: a server that writes requests down, an outbox, and a token that is a canary."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from commands import run
from wire.servers import OK, Peer, Server

from paytraq_direct import Outbox
from paytraq_direct.payt import Token, Uploader

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "tQ7xW2vK9canary4mZt8R"  # noqa: S105 - it is the bait
CSV = b"invoice_number;invoice_open_amount_inc_vat\r\n1001;10.00\r\n1002;20.00\r\n"
PDF = b"%PDF-1.4\n\xe2\xe3\xcf\xd3 a page\n%%EOF\n"
UBL = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>141234</ID></Invoice>'
ZIP = b"PK\x03\x04\x14\x00 and more"


def rows(*numbers: object, amount: str = "10.00") -> bytes:
    """Give a data file with these numbers."""
    return CSV.split(b"\r\n")[0] + b"\r\n" + b"".join(f"{number};{amount}\r\n".encode() for number in numbers)


class Recorder:
    """A server that answers every post, the last answer for ever, and keeps heads and bodies."""

    def __init__(self, *said: bytes) -> None:
        self.said = list(said) or [OK]
        self.heads: list[bytes] = []
        self.server = Server(self._serve)

    def _serve(self, peer: Peer) -> None:
        while True:
            self.heads.append(peer.request())
            peer.say(self.said.pop(0) if len(self.said) > 1 else self.said[0])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server.port}"

    def posted(self) -> list[tuple[str, dict[str, str], Any]]:
        """Give path, headers in lower case, and JSON of every request."""
        found = []
        for head, body in zip(self.heads, self.server.bodies, strict=True):
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            found.append((first.split()[1], headers, json.loads(body)))
        return found

    def files(self) -> list[tuple[str, bytes]]:
        """Give name and bytes of every file that came."""
        bodies = [body["file"] for _, _, body in self.posted()]
        return [(file["filename"], base64.b64decode(file["base64_data"], validate=True)) for file in bodies]


class Desk:
    """A recorder, a folder with an outbox, and both ways to upload."""

    def __init__(self, folder: Path, *said: bytes) -> None:
        self.folder = folder
        self.recorder = Recorder(*said)
        self.path = folder / "outbox.sqlite"

    def close(self) -> None:
        """Stop the server."""
        self.recorder.server.stop()

    def file(self, name: str, data: bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(data)
        return path

    def __call__(self, *arguments: object, code: str = "ACME", **env: str) -> Any:
        """Run payt upload."""
        return run(
            "payt", "upload", *arguments, "--administration-code", code, "--url", self.recorder.url,
            "--outbox", self.path, "--retry-for", "0", env={"PAYT_TOKEN": TOKEN, **env}, cwd=self.folder,
        )  # fmt: skip

    def outbox(self, *arguments: object) -> Any:
        """Run paytraq-outbox."""
        return run("paytraq-outbox", "--outbox", self.path, *arguments, cwd=self.folder)

    def uploader(self, outbox: Outbox | None = None, **options: Any) -> Uploader:
        """Give an uploader of Python."""
        told: dict[str, Any] = {
            "administration_code": "ACME",
            "host": self.recorder.url,
            "outbox": outbox,
            "retry_for_s": 0,
            **options,
        }
        return Uploader(Token(TOKEN), **told)

    def states(self) -> list[str]:
        """Give the states of what the outbox has."""
        with Outbox(self.path) as outbox:
            return [delivery.state for delivery in outbox.deliveries()]
