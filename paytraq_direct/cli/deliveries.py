"""Deliveries as a person names and sees them: by the number of the document, or by the id that the ledger gave."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct.cli import channels, options
from paytraq_direct.cli.command import wants_colour
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import elsewhere
from paytraq_direct.wording import discreet, raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paytraq_direct.config import Config
    from paytraq_direct.outbox.ledger import Delivery, State
    from paytraq_direct.outbox.outbox import Outbox

CONFIG: Final = "paytraq_direct.config"
INDENT: Final = " " * 11

_LONGEST_NUMBER: Final = 4_096
_DATA: Final = ("id", "document_ref", "supplier", "state", "masked", "named", "origin", "sha256", "read_at")

of_channel: Final = click.option(
    "--channel",
    metavar="CHANNEL",
    type=options.CHANNEL,
    help="Only of this channel: a name, an address, env:VAR or file:PATH.",
)

_is_id = re.compile(r"#([0-9]{1,18})").fullmatch


def config() -> Config:
    """Give the config of the command that runs."""
    found: Config = click.get_current_context().meta[CONFIG]
    return found


def fingerprints(ledger: Outbox, channel: str | None) -> tuple[str, ...]:
    """Give the fingerprint of a CHANNEL, none when there is none given; raises a usage error."""
    if channel is None:
        return ()
    try:
        uri = channels.resolve(channel, allow_http=True, config=config())
    except ChannelError as error:
        raise click.UsageError(str(error)) from None
    if isinstance(uri, str):
        raise click.UsageError("the sandbox keeps no outbox")
    return (ledger.fingerprint(uri),)


def one(ledger: Outbox, ref: str, channel: str | None, states: Sequence[State] = ()) -> Delivery:
    """Find the one delivery of a REF; a usage error, with a list, when it is none or more."""
    known = _of(ledger, ref, fingerprints(ledger, channel), states)
    found = [delivery for delivery in known if delivery.state != "superseded"] or known
    if not found:
        which = f" in state {states[0]}" if states else ""
        raise click.UsageError(f"the outbox has no delivery of {raw(ref)}{which}")
    if len(found) > 1:
        listed = "\n".join(f"  {line(delivery)}  from {raw(delivery.supplier)}" for delivery in found)
        raise click.UsageError(
            f"{raw(ref)} names {len(found)} deliveries; name one by its id, like '#{found[0].id}':\n{listed}"
        )
    return found[0]


def _of(ledger: Outbox, ref: str, prints: Sequence[str], states: Sequence[State]) -> list[Delivery]:
    """List what a REF may mean: what has it as its number and, when it is like #12, what has it as its id."""
    found = ledger.deliveries(document_ref=storable(ref), states=states, fingerprints=prints)
    is_id = _is_id(ref)
    named = ledger.get(int(is_id[1])) if is_id else None
    if named is None or named in found:
        return found
    fits = (not states or named.state in states) and (not prints or named.fingerprint in prints)
    return [*found, named] if fits else found


def storable(text: str) -> str:
    """Give a text of the command line as the ledger can hold it: bytes that are no UTF-8 are escaped."""
    return text.encode(errors="backslashreplace").decode()


def name(delivery: Delivery) -> str:
    """Give the id and the whole number of a delivery."""
    number = delivery.document_ref
    return f"#{delivery.id}  {'(no number)' if number is None else raw(number, longest=_LONGEST_NUMBER)}"


def line(delivery: Delivery) -> str:
    """Tell a delivery in one line."""
    is_name = delivery.named and discreet(delivery.named) == delivery.named and elsewhere.other_of(delivery) is None
    named = delivery.named if is_name else delivery.masked
    return f"{delivery.state.replace('_', ' '):<10} {name(delivery)}  {local(delivery.read_at)}  {named}"


def data(delivery: Delivery) -> dict[str, Any]:
    """Tell a delivery to a program."""
    return {("channel" if key == "masked" else key): getattr(delivery, key) for key in _DATA}


def local(moment: str) -> str:
    """Give a moment of the ledger in local time."""
    return datetime.fromisoformat(moment).astimezone().isoformat(" ", "seconds")


def say(text: str, *, err: bool = False) -> None:
    """Print a line, colours as the stream wants them."""
    stream = sys.stderr if err else sys.stdout
    click.echo(text, file=stream, color=wants_colour(stream))
