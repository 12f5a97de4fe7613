"""The bar that shows, on a terminal, how far a batch is."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import click

from paytraq_direct.cli.command import is_screen
from paytraq_direct.readers import source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

_WIPE = "\r\033[K"


class Progress:
    """A bar over the bytes of the input, with counts and a rate; drawn from the second invoice on, on terminals alone.

    Whoever writes to the terminal wipes it first. How much there is to read is not known of standard input.
    """

    def __init__(self, stream: TextIO, files: Sequence[str]) -> None:
        self._stream = stream
        self._files = files
        self._started = time.monotonic()
        self._unshown = 0
        self._is_shown = False
        self._bar: Any = None

    def read(self, size: int) -> None:
        """Know that so many bytes more were read."""
        self._unshown += size

    def show(self, done: int, failed: int) -> None:
        """Draw the bar anew after so many invoices."""
        if done < 2 or not is_screen(self._stream):  # noqa: PLR2004 - one is there before a bar is seen
            return
        rate = done / max(time.monotonic() - self._started, 0.001)
        if self._bar is None:
            self._bar = self._begun()
        self._bar.label = f"{done:,} done, {failed:,} to look at, {rate:,.0f}/s"
        self._is_shown = True
        self._bar.update(self._unshown)
        self._bar.render_progress()
        self._unshown = 0

    def wipe(self) -> None:
        """Make room for a line."""
        if self._is_shown:
            self._is_shown = False
            self._stream.write(_WIPE)
            self._stream.flush()

    def close(self) -> None:
        """Take the bar away and give the cursor back."""
        if self._bar is not None:
            self._bar.render_finish()
            self._stream.write(f"\033[A{_WIPE}")
            self._stream.flush()
            self._bar, self._is_shown = None, False

    def _begun(self) -> Any:
        if source.STDIN in self._files:
            # Without a length, the bar only shows that there is life.
            return click.progressbar(itertools.count(), file=self._stream, show_eta=False)
        return click.progressbar(length=sum(map(source.size, self._files)), file=self._stream)
