"""paytraq-inbox: a Purchase Inbox on this machine, to rehearse with."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from paytraq_direct import __version__
from paytraq_direct.cli import options
from paytraq_direct.cli.command import wants_colour
from paytraq_direct.inbox import site
from paytraq_direct.inbox.script import MEANINGS, Script, ScriptError
from paytraq_direct.inbox.server import HOST, Inbox
from paytraq_direct.wording import counted, raw, short_sum

if TYPE_CHECKING:
    from paytraq_direct.inbox.arrival import Arrival, Mode

_EXAMPLES: Final = """\b
Examples:
  paytraq-inbox                                  then send to the channel that it prints
  paytraq-inbox --store arrived                  keep what arrives, and the channel
  paytraq-inbox --script "503:Retry-After=2, accept-then-hang"
  paytraq-inbox --script "INV-77=>reset"         only for that number

\b
Steps of a script:
{steps}
""".format(steps="\n".join(f"  {name:<18}{meaning}" for name, meaning in MEANINGS.items()))


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Where it listens.  [default: a free port]")
@click.option("--host", default=HOST, show_default=True, metavar="ADDRESS", help="Another address lets others in.")
@click.option("--script", metavar="STEPS", default="", help="How the next documents are answered, set apart by commas.")
@click.option(
    "--store", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Keep what arrives here."
)
@click.option("--strict", is_flag=True, help="Refuse what breaks our own contract, too.")
@click.option("--lenient", is_flag=True, help="Take everything, and only show what is wrong.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def inbox(*, port: int, host: str, script: str, store: Path | None, strict: bool, lenient: bool) -> int:
    """Open a Purchase Inbox on this machine: it answers as PayTraq Direct is documented to, and shows what arrives."""
    if strict and lenient:
        raise click.UsageError("--strict and --lenient do not go together")
    mode: Mode = "strict" if strict else "lenient" if lenient else "documented"
    try:
        opened = Inbox(
            _tell, host=host, port=port, mode=mode, script=Script.parse(script), folder=store, site=site.answer
        )
    except ScriptError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        why = (error.strerror or "it cannot be used").lower()
        raise click.UsageError(f"the inbox cannot be opened at {host}:{port}: {why}") from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with opened:
        _say(f"channel  {opened.channel.reveal()}", f"page     {opened.address}")
        if not opened.channel.is_loopback:
            click.echo(f"warning: whoever reaches {host} can post here, and read what arrived", err=True)
        ended.wait()
    _say(f"{opened.kept.count:,} arrived")
    return 0


def _tell(arrival: Arrival) -> None:
    """Tell of one arrival on a line of its own."""
    faults = counted(len(arrival.faults), "fault")
    parties = f"{raw(arrival.supplier_name or '?')} → {raw(arrival.client_name or '?')}"
    again = f"  again: {', '.join(f'#{number}' for number in arrival.duplicates)}" if arrival.duplicates else ""
    about = f"{raw(arrival.document_ref or '?')}  {parties}  {raw(arrival.total or '')}"
    sha256 = f"sha256 {short_sum(arrival.sha256)}"
    _say(f"#{arrival.number:<4} {arrival.answer:<16} {about}   {sha256}, {faults}{again}")


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(line, color=wants_colour(sys.stdout))
    sys.stdout.flush()
