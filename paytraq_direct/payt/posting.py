"""Posts to Payt: with the token, and nothing of the token in what comes back."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, Self

from paytraq_direct import __version__
from paytraq_direct.wire import Wire

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from paytraq_direct.payt.endpoint import Endpoint, Token
    from paytraq_direct.wire import Content, Exchange

HEADERS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": f"paytraq_direct/{__version__}",
}
# An answer names every record that has errors: cut off, it could not be read.
ANSWER_BYTES: Final = 4 * 2**20


class Poster:
    """Posts JSON to Payt over kept connections.

    ``deadline_s`` is for one post, everything included. ``proxy`` is ``http://[user:password@]host:port`` and
    ``ca_bundle`` a PEM file; no environment variable has a say. Raises ChannelError when one of them cannot be used.
    """

    def __init__(
        self,
        token: Token,
        *,
        deadline_s: float,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wire: Wire | None = None,
    ) -> None:
        if not 0 < deadline_s < math.inf:
            raise ValueError("deadline_s must be a number of seconds greater than 0")
        self._token = token
        self._deadline_s = deadline_s
        self._wire = wire or Wire(proxy=proxy, ca_bundle=ca_bundle, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        self._wire.close()

    def post(
        self,
        endpoint: Endpoint,
        body: bytes | Content,
        headers: Mapping[str, str] = HEADERS,
        *,
        deadline_s: float | None = None,
        secrets: Sequence[Token] = (),
    ) -> Exchange:
        """Post a body once; raises nothing for what happens on the network.

        ``deadline_s`` takes the place of the poster's own; ``secrets`` are tokens that the body holds and the
        answer must not repeat.
        """
        return self._wire.post(
            endpoint.url,
            body,
            headers={"User-Agent": HEADERS["User-Agent"], **headers, "Authorization": f"Bearer {self._token.reveal()}"},
            deadline_s=self._deadline_s if deadline_s is None else deadline_s,
            shown_url=endpoint.url,
            secrets=[secret.reveal() for secret in (self._token, *secrets)],
            kept_bytes=ANSWER_BYTES,
        )
