"""payt twin: Payt's interfaces on this machine, to rehearse with."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

import click

from paytraq_direct.cli import options
from paytraq_direct.cli.command import wants_colour
from paytraq_direct.inbox.script import MEANINGS, Script, ScriptError
from paytraq_direct.payt.twin import Twin
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from paytraq_direct.payt.twin import Arrived

_SHOWN: Final = 5
_EXAMPLES: Final = """\b
Examples:
  payt twin                                      then: payt upsert FILE --administration 1 --url the address it prints
  payt twin --refuse "INV-7=Unknown debtor"      a partial failure
  payt twin --warn "INV-8=VAT number without a country code"
  payt twin --script "429:Retry-After=2, accept-then-hang"

\b
Steps of a script:
{steps}
""".format(steps="\n".join(f"  {name:<18}{meaning}" for name, meaning in MEANINGS.items()))


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, short_help="Open a twin of Payt to rehearse with.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Where it listens.  [default: a free port]")
@click.option("--script", metavar="STEPS", default="", help="How the next requests are answered, set apart by commas.")
@click.option("--refuse", metavar="NUMBER=WHY", multiple=True, help="An invoice that has an error; repeatable.")
@click.option("--warn", metavar="NUMBER=WHY", multiple=True, help="An invoice that has a warning; repeatable.")
def twin(*, port: int, script: str, refuse: tuple[str, ...], warn: tuple[str, ...]) -> int:
    """Open Payt's interfaces on this machine, with any token: upserts and files are answered as Payt documents it."""
    try:
        opened = Twin(
            _tell, port=port, script=Script.parse(script), refusals=_by_number(refuse), warnings=_by_number(warn)
        )
    except ScriptError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        why = (error.strerror or "it cannot be used").lower()
        raise click.UsageError(f"the twin cannot be opened at port {port}: {why}") from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with opened:
        _say(f"url  {opened.url}")
        ended.wait()
    _say(f"{len(opened.arrived):,} arrived")
    return 0


def _by_number(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """Give messages by the number of their invoice."""
    found: dict[str, list[str]] = {}
    for text in texts:
        number, sign, why = text.partition("=")
        if not sign or not number or not why:
            raise click.UsageError(f"{raw(text)} is not NUMBER=WHY")
        found.setdefault(number, []).append(why)
    return found


def _tell(arrived: Arrived) -> None:
    """Tell of one request on a line of its own."""
    what = ", ".join(map(raw, arrived.what[:_SHOWN])) + (f", … {len(arrived.what):,}" if arrived.what[_SHOWN:] else "")
    # Whoever reads the output may have seen enough; the answer is owed to the client all the same.
    with contextlib.suppress(OSError):
        _say(f"{arrived.answer:<16} {arrived.path}  {raw(arrived.administration)}  {what}   {arrived.size:,} bytes")


def _say(line: str) -> None:
    click.echo(line, color=wants_colour(sys.stdout))
    sys.stdout.flush()
