"""Where Payt is reached: the hosts that its pages name, what is asked for there, and the token that opens it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from paytraq_direct.channel import ChannelUri
from paytraq_direct.errors import ChannelError

API_URL: Final = "https://api.paytsoftware.com"
"""Source: docs.paytsoftware.com/api/overview, read in November 2026; so is that of the demo host."""
DEMO_URL: Final = "https://demo-api.paytsoftware.com"
IMPORT_URL: Final = "https://backend.paytsoftware.com"
"""Source: docs.paytsoftware.com/imports/overview, read in November 2026."""
INVOICES: Final = "/v1/invoices"
FILES: Final = "/import/files/"
TOKEN_VARIABLE: Final = "PAYT_TOKEN"  # noqa: S105 - its name, not itself

_LONGEST_TOKEN: Final = 8_192
# One that is shorter stands in many a text by chance, and could not be kept out of what is shown.
_SHORTEST_TOKEN: Final = 8
_LONGEST_NAME: Final = 255
# RFC 6750, section 2.1; anything else cannot stand in the header.
_is_token = re.compile(r"[A-Za-z0-9._~+/-]+=*").fullmatch


class Endpoint(NamedTuple):
    """One thing that Payt can be asked for, for one administration of its customer."""

    url: str
    administration: str

    @property
    def masked(self) -> str:
        """How it is shown: nothing of it is secret."""
        return f"{self.url} ({self.administration})"

    def reveal(self) -> str:
        """Give the whole address, with the administration: what tells one from another in the outbox."""
        return f"{self.url}#{self.administration}"


def endpoint(host: str, path: str, administration: str, *, allow_http: bool = False) -> Endpoint:
    """Give the endpoint of a path below the URL of a host; https, but for this machine itself or with ``allow_http``.

    Raises ChannelError when the URL, or the name of the administration, cannot be used.
    """
    try:
        uri = ChannelUri(host.rstrip("/") + path, allow_http=allow_http)
    except ChannelError as error:
        words = str(error).removeprefix("the channel URI ")
    else:
        if not administration.strip() or not administration.isprintable() or len(administration) > _LONGEST_NAME:
            raise ChannelError("the administration has no name that can be sent: give it as Payt shows it")
        return Endpoint(uri.reveal(), administration.strip())
    raise ChannelError(f"the address of Payt {words}")


class Token:
    """A token of Payt's, which opens the administration to whoever has it: shown as nothing but that it is one.

    Raises ChannelError when the text cannot be a token; the text is not repeated.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not _is_token(text) or not _SHORTEST_TOKEN <= len(text) <= _LONGEST_TOKEN:
            raise ChannelError("the token of Payt is too short to be one, or has characters that no token has")
        self._text = text

    def reveal(self) -> str:
        """Give the token itself: for the header of a request, never for a message."""
        return self._text

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a Token is a secret and cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Token is a secret and gives no state away")


def token(file: str | os.PathLike[str] | None = None) -> Token:
    """Give the token that a file holds, or else the variable PAYT_TOKEN. Raises ChannelError when there is none."""
    if file is None:
        text = os.environ.get(TOKEN_VARIABLE, "")
        if not text.strip():
            raise ChannelError(f"there is no token: set {TOKEN_VARIABLE}, or name a file that holds it")
        return Token(text)
    try:
        with Path(file).open("rb") as stream:
            text, why = stream.read(_LONGEST_TOKEN + 2).decode("ascii"), ""
    except OSError as error:
        text, why = "", (error.strerror or "it cannot be read").lower()
    except ValueError:
        text, why = "", "it holds no token"
    if why:
        # Without its name, since the token itself may stand in its place.
        raise ChannelError(f"the file of the token cannot be used: {why}")
    return Token(text)
