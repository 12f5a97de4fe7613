"""The commands: arguments, output and exit codes over the Python API.

``--version`` is answered before anything is loaded.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from paytraq_direct import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    import click


def send_main() -> None:
    """Run paytraq-send."""

    def load() -> click.Command:
        from paytraq_direct.cli import send  # noqa: PLC0415 - see above

        return send.send

    _run("paytraq-send", load)


def check_main() -> None:
    """Run paytraq-check."""

    def load() -> click.Command:
        from paytraq_direct.cli import check  # noqa: PLC0415 - see above

        return check.check

    _run("paytraq-check", load)


def outbox_main() -> None:
    """Run paytraq-outbox."""

    def load() -> click.Command:
        from paytraq_direct.cli import outbox  # noqa: PLC0415 - see above

        return outbox.outbox

    _run("paytraq-outbox", load)


def inbox_main() -> None:
    """Run paytraq-inbox."""

    def load() -> click.Command:
        from paytraq_direct.cli import inbox  # noqa: PLC0415 - see above

        return inbox.inbox

    _run("paytraq-inbox", load)


def payt_main() -> None:
    """Run payt."""

    def load() -> click.Command:
        from paytraq_direct.cli import payt  # noqa: PLC0415 - see above

        return payt.payt

    _run("payt", load)


def _run(name: str, load: Callable[[], click.Command]) -> NoReturn:
    _open_streams()
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{name} {__version__}\n")
        sys.exit(0)
    from paytraq_direct.cli.loading import loading  # noqa: PLC0415 - see above

    with loading():
        from paytraq_direct.cli import command  # noqa: PLC0415

        loaded = load()
    code = command.run(loaded, name)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # All is closed and flushed by now; taking the interpreter apart as well is a twelfth of the time of one send.
    os._exit(code)


def _open_streams() -> None:
    """Put the null device where a standard stream is closed; else the next file to be opened would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, "w" if number else "r", encoding="utf-8"))
