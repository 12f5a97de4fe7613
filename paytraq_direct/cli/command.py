"""Runs a command: settings of the terminal, wrong usage, Ctrl-C, and what must never show a secret."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from paytraq_direct.cli import exits
from paytraq_direct.errors import PaytraqDirectError
from paytraq_direct.result import Interrupted
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# Whatever looks like an address on the command line may be a channel that went astray, and is not shown again.
_ADDRESS: Final = re.compile(r"\S*(://[^\s,]|paytraq\.com|/ext/direct)\S*", re.IGNORECASE)

# How an address is to be written, as our own messages have it: nobody's address.
_FORMS: Final = frozenset(("http://host:port", "http://user:password@host:port", "https://host/path"))


class OutputError(Exception):
    """What is told could not be written; the cause says why."""


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Make known that what goes wrong meanwhile is the output, and neither a file nor the network."""
    try:
        yield
    except OSError as error:
        raise OutputError from error


def hidden(text: str) -> str:
    """Give a text with everything in it that may be a channel's address blotted out."""
    return _ADDRESS.sub(lambda found: found[0] if found[0] in _FORMS else "(an address, not shown)", text)


def run(command: click.Command, name: str) -> int:
    """Run a command with the arguments of this process and give its exit code."""
    code = 0
    for stream in (sys.stdout, sys.stderr):
        _write_utf8(stream)
    try:
        returned = command.main(prog_name=name, standalone_mode=False)
        code = returned if isinstance(returned, int) else 0
        sys.stdout.flush()
    except exits.BrokenOff as end:
        code = max(end.code, _told(name, end.__cause__ or end))
    except BaseException as error:  # noqa: BLE001 - what it is no matter for is raised again
        code = max(code, _told(name, error))
    return code


def _told(name: str, error: BaseException) -> int:
    """Tell why a command did not come to its end, and give the exit code; raises what asks for an end itself."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _say(error.format_message())
        return exits.USAGE
    if isinstance(error, click.ClickException):
        # Of a command within a command, that one's help says more.
        context = error.ctx if isinstance(error, click.UsageError) else None
        return _refuse(context.command_path if context else name, error.format_message(), exits.USAGE)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return _stopped(error if isinstance(error, KeyboardInterrupt) else error.__cause__)
    if isinstance(error, OutputError) or (isinstance(error, OSError) and _is_of_output()):
        why = error.__cause__ if isinstance(error, OutputError) else error
        if isinstance(why, OSError) and not isinstance(why, BrokenPipeError):
            _refuse(name, f"the output cannot be written: {_why(why)}", exits.FAILED)
        return exits.FAILED
    if isinstance(error, OSError):
        return _refuse(name, _why(error), exits.FAILED)
    if isinstance(error, PaytraqDirectError):
        return _refuse(name, str(error), exits.FAILED)
    if isinstance(error, Exception):
        import traceback  # noqa: PLC0415 - hardly ever needed

        # The last boundary: its text may hold anything, so only its kind is shown.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return _refuse(name, f"failed inside: {type(error).__name__} at {where}; please report it", exits.FAILED)
    raise error


def _stopped(stop: BaseException | None) -> int:
    """Tell that Ctrl-C came, and of the invoice that it came in the middle of, if it did."""
    if not isinstance(stop, Interrupted):
        _say("stopped by Ctrl-C")
        return exits.STOPPED
    result = stop.result
    _say(f"{result.outcome.replace('_', ' '):<10} {raw(str(result.document_ref))}  {result.message}")
    return exits.BY_OUTCOME[result.outcome]


def _is_of_output() -> bool:
    """Tell whether the output is what cannot be written: the text is still waiting for it then, and fails again."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return True
    return False


def _why(error: OSError) -> str:
    """Say what the system refused, and of which file if it is one."""
    why = error.strerror or str(error) or type(error).__name__
    return f"{why[:1].lower()}{why[1:]}{f': {raw(str(error.filename), longest=4096)}' if error.filename else ''}"


def _refuse(name: str, message: str, code: int) -> int:
    hint = f"\n{name} --help says more" if code == exits.USAGE else ""
    _say(f"{click.style('error', fg='red')}: {hidden(message)}{hint}")
    return code


def _say(text: str) -> None:
    """Say why it came to no end; when that cannot be said either, the exit code has to do."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True, color=wants_colour(sys.stderr))


def is_screen(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that can do more than print, which TERM=dumb denies."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_colour(stream: TextIO) -> bool:
    """Tell whether a stream shows colours: a terminal, unless NO_COLOR or TERM=dumb say otherwise."""
    return is_screen(stream) and not os.environ.get("NO_COLOR")


def _write_utf8(stream: TextIO) -> None:
    """Have a stream written as UTF-8 whatever the locale says; what cannot be is escaped, never an error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace")
