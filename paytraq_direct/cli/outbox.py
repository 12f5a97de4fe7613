"""paytraq-outbox: what was sent, what is in doubt, and what a person found out."""

from __future__ import annotations

import getpass
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import __version__, config
from paytraq_direct.cli import deliveries, exits, options
from paytraq_direct.cli.deliveries import INDENT, local, say
from paytraq_direct.cli.retry import retry
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import elsewhere
from paytraq_direct.outbox import evidence as evidence_
from paytraq_direct.outbox.outbox import Outbox
from paytraq_direct.wording import counted, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.outbox.ledger import Attempt, Delivery, Resolution, State

_ANSWER_SHOWN: Final = 300
_NOTE_SHOWN: Final = 1_000
_PAGE: Final = 500
_STATES: Final = ("pending", "sending", "delivered", "deferred", "rejected", "in_doubt", "superseded")

_EXAMPLES: Final = """\b
Examples:
  paytraq-outbox list --state in_doubt
  paytraq-outbox show INV-77
  paytraq-outbox resolve INV-77 --received --note "Anna at AS Klients has it"
  paytraq-outbox resolve INV-77 --not-received       and send it again
  paytraq-outbox resolve '#12' --received            by its id in the list
  paytraq-outbox retry                               what is pending or deferred
  paytraq-outbox evidence INV-77 -o INV-77.zip
"""


class _Moment(click.ParamType[datetime]):
    """A day, a day and time, or so long ago: 2026-11-02, 2026-11-02T14:00, 3h."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Give the moment that a text means; it is local time unless it says otherwise."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(str(value)).astimezone(UTC)
        except (ValueError, OverflowError):  # the first and the last day of all are beyond it in some places
            pass
        try:
            return datetime.now(UTC) - timedelta(seconds=options.DURATION.convert(value, param, ctx))
        except click.UsageError:
            self.fail("write it as 2026-11-02, 2026-11-02T14:00, or as so long ago: 30m, 24h", param, ctx)


_MOMENT: Final = _Moment()
_SINCE: Final = click.option("--since", metavar="WHEN", type=_MOMENT, help="Only what was read since: 2026-11-02, 24h.")
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group(epilog=_EXAMPLES, context_settings=options.SETTINGS)
@click.option("--outbox", "path", metavar="PATH", help="The ledger.  [default: in your state folder]")
@click.option("--config", "config_path", metavar="PATH", help="Channels by name.  [default: in your config folder]")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def outbox(context: click.Context, path: str | None, config_path: str | None) -> None:
    """Look at the ledger of what was sent, and end doubts.

    REF is the number of a document, or its id as the list has it: '#12', in quotes. A number that begins with a
    hyphen comes last, after --.
    """
    if path is not None and not Path(path).exists():
        raise click.UsageError(f"there is no outbox {path}")
    try:
        context.meta[deliveries.CONFIG] = config.load(config_path)
    except ChannelError as error:
        raise click.UsageError(str(error)) from None
    context.obj = context.with_resource(Outbox(path))


outbox.add_command(retry)


@outbox.command("list", context_settings=options.SETTINGS)
@click.option("--state", type=click.Choice(_STATES), multiple=True, help="Only in this state; repeatable.")
@deliveries.of_channel
@_SINCE
@click.option("--until", metavar="WHEN", type=_MOMENT, help="Only what was read before.")
@_JSON
@click.pass_obj
def list_(
    ledger: Outbox,
    *,
    state: tuple[State, ...],
    channel: str | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> int:
    """List deliveries, the oldest first."""
    prints = deliveries.fingerprints(ledger, channel)
    after = 0
    # A page at a time, however many there are.
    while page := ledger.deliveries(
        states=state, fingerprints=prints, since=since, until=until, after=after, most=_PAGE
    ):
        for delivery in page:
            say(json.dumps(deliveries.data(delivery), ensure_ascii=False) if as_json else deliveries.line(delivery))
        after = page[-1].id
    return 0


@outbox.command(context_settings=options.SETTINGS)
@click.argument("ref")
@deliveries.of_channel
@_JSON
@click.option("--document", is_flag=True, help="Print the document that was sent, and nothing else.")
@click.pass_obj
def show(ledger: Outbox, *, ref: str, channel: str | None, as_json: bool, document: bool) -> int:
    """Show one delivery: every attempt and its answer."""
    delivery = deliveries.one(ledger, ref, channel)
    if document and elsewhere.document_of(delivery) is None:
        raise click.UsageError(f"of {deliveries.name(delivery)} no document is kept: {_kept(ledger, delivery)}")
    if document:
        sys.stdout.buffer.write(ledger.document(delivery.id))
        return 0
    attempts, resolutions = ledger.attempts(delivery.id), ledger.resolutions(delivery.id)
    if as_json:
        data = [{**a._asdict(), "body": a.body.decode(errors="replace")} for a in attempts]
        say(
            json.dumps(
                {**deliveries.data(delivery), "attempts": data, "resolutions": [r._asdict() for r in resolutions]},
                ensure_ascii=False,
            )
        )
        return 0
    for line in (deliveries.line(delivery), *_history(attempts, resolutions)):
        say(line)
    say(f"{INDENT}{_kept(ledger, delivery)}")
    return 0


def _kept(ledger: Outbox, delivery: Delivery) -> str:
    """Say what the ledger keeps of a delivery."""
    if elsewhere.document_of(delivery) is None:
        return raw(elsewhere.told(ledger.record(delivery.id)), longest=_NOTE_SHOWN)
    losses = json.loads(ledger.record(delivery.id)).get("losses", ())
    left = f"; {counted(len(losses), 'fact')} not carried, as evidence lists them" if losses else ""
    return f"document {len(ledger.document(delivery.id)):,} bytes, sha256 {delivery.sha256}{left}"


def _history(attempts: list[Attempt], resolutions: list[Resolution]) -> Iterator[str]:
    """Tell every attempt, its answer, and what persons found out."""
    for attempt in attempts:
        resent = "resent, " if attempt.is_resend else ""
        yield f"{INDENT}{local(attempt.began_at)}  {resent}{attempt.outcome or 'under way'}  {attempt.message or ''}"
        if answer := " ".join(attempt.body.decode(errors="replace").split()):
            yield f"{INDENT}the answer says: {raw(answer, longest=_ANSWER_SHOWN)}"
    for found in resolutions:
        what = "received" if found.is_received else "not received"
        note = raw(found.note, longest=_NOTE_SHOWN)
        yield f"{INDENT}{local(found.resolved_at)}  resolved as {what} by {raw(found.who)}  {note}"


@outbox.command(context_settings=options.SETTINGS)
@click.argument("refs", metavar="[REF]...", nargs=-1)
@click.option("--received/--not-received", "received", default=None, help="What the customer says.")
@click.option("--note", metavar="TEXT", default="", help="Who said so, and how it is known.")
@deliveries.of_channel
@_SINCE
@click.pass_obj
def resolve(
    ledger: Outbox,
    *,
    refs: tuple[str, ...],
    received: bool | None,
    note: str,
    channel: str | None,
    since: datetime | None,
) -> int:
    """End doubts: the documents of these numbers arrived, or did not. Without a REF: all of --channel or --since."""
    if received is None:
        raise click.UsageError("say --received or --not-received")
    if not refs and not channel and since is None:
        raise click.UsageError("name a REF, or a --channel or --since for all of their doubts")
    if refs and since is not None:
        raise click.UsageError("--since is for all doubts since then: leave it out, or the REF")
    if refs:
        # Each once, though it may be named twice.
        doubts = list(dict.fromkeys(deliveries.one(ledger, ref, channel, states=("in_doubt",)) for ref in refs))
    else:
        prints = deliveries.fingerprints(ledger, channel)
        doubts = ledger.deliveries(states=("in_doubt",), fingerprints=prints, since=since)
    code = 0
    for delivery in doubts:
        if ledger.resolve(delivery.id, received=received, note=deliveries.storable(note), who=_who()):
            state = "delivered" if received else "pending"
            say(f"{state:<10} {deliveries.name(delivery)}  was in doubt")
        else:
            say(f"unchanged  {deliveries.name(delivery)}  it is in doubt no more", err=True)
            code = exits.USAGE
    return code


@outbox.command(context_settings=options.SETTINGS)
@click.argument("ref")
@click.option("-o", "--output", metavar="FILE.zip", required=True, help="Where to write it: a new file.")
@deliveries.of_channel
@click.pass_obj
def evidence(ledger: Outbox, *, ref: str, output: str, channel: str | None) -> int:
    """Write the proof of a delivery: record, exact document, every attempt with its answer, sums, and a page."""
    delivery = deliveries.one(ledger, ref, channel)
    try:
        evidence_.write(ledger, delivery, Path(output))
    except FileExistsError:
        raise click.UsageError(f"{output} is there already, and is not written over: name another file") from None
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {(error.strerror or '').lower()}") from None
    say(f"{output}  {Path(output).stat().st_size:,} bytes")
    return 0


def _who() -> str:
    """Give the name of whoever runs this; in a container a user may have a number only."""
    try:
        return deliveries.storable(getpass.getuser())
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
