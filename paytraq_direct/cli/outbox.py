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
from paytraq_direct.cli import channels, exits, options
from paytraq_direct.cli.command import wants_colour
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import evidence as evidence_
from paytraq_direct.outbox.outbox import Outbox
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.config import Config
    from paytraq_direct.outbox.ledger import Attempt, Delivery, Resolution, State

_CONFIG: Final = "paytraq_direct.config"
_INDENT: Final = " " * 11
_ANSWER_SHOWN: Final = 300
_STATES: Final = ("pending", "sending", "delivered", "deferred", "rejected", "in_doubt", "superseded")

_EXAMPLES: Final = """\b
Examples:
  paytraq-outbox list --state in_doubt
  paytraq-outbox show INV-77
  paytraq-outbox resolve INV-77 --received --note "Anna at AS Klients has it"
  paytraq-outbox resolve INV-77 --not-received       and send it again
  paytraq-outbox retry                               what is pending or deferred
  paytraq-outbox evidence INV-77 -o INV-77.zip
"""


class _Moment(click.ParamType[datetime]):
    """A day, a day and time, or so long ago: 2026-11-02, 2026-11-02T14:00, 3h."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Give the moment that a text means, in local time unless it says otherwise."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except ValueError:
            pass
        try:
            return datetime.now(UTC) - timedelta(seconds=options.DURATION.convert(value, param, ctx))
        except click.UsageError:
            self.fail("write it as 2026-11-02, 2026-11-02T14:00, or as so long ago: 30m, 24h", param, ctx)


_MOMENT: Final = _Moment()
_CHANNEL: Final = click.option(
    "--channel",
    metavar="CHANNEL",
    type=options.CHANNEL,
    help="Only of this channel: a name, an address, env:VAR or file:PATH.",
)
_SINCE: Final = click.option("--since", metavar="WHEN", type=_MOMENT, help="Only what was read since: 2026-11-02, 24h.")
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group(epilog=_EXAMPLES, context_settings=options.SETTINGS)
@click.option("--outbox", "path", metavar="PATH", help="The ledger.  [default: in your state folder]")
@click.option("--config", "config_path", metavar="PATH", help="Channels by name.  [default: in your config folder]")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def outbox(context: click.Context, path: str | None, config_path: str | None) -> None:
    """Look at the ledger of what was sent, and end doubts."""
    try:
        context.meta[_CONFIG] = config.load(config_path)
    except ChannelError as error:
        raise click.UsageError(str(error)) from None
    context.obj = context.with_resource(Outbox(path))


@outbox.command("list", context_settings=options.SETTINGS)
@click.option("--state", type=click.Choice(_STATES), multiple=True, help="Only in this state; repeatable.")
@_CHANNEL
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
    found = ledger.deliveries(states=state, fingerprints=_fingerprints(ledger, channel), since=since, until=until)
    for delivery in found:
        if as_json:
            _say(json.dumps(_data(delivery), ensure_ascii=False))
        else:
            _say(_line(delivery))
    return 0


@outbox.command(context_settings=options.SETTINGS)
@click.argument("ref")
@_CHANNEL
@_JSON
@click.option("--document", is_flag=True, help="Print the document that was sent, and nothing else.")
@click.pass_obj
def show(ledger: Outbox, *, ref: str, channel: str | None, as_json: bool, document: bool) -> int:
    """Show one delivery: every attempt and its answer."""
    delivery = _one(ledger, ref, channel)
    if document:
        sys.stdout.buffer.write(ledger.document(delivery.id))
        return 0
    attempts, resolutions = ledger.attempts(delivery.id), ledger.resolutions(delivery.id)
    if as_json:
        data = [{**a._asdict(), "body": a.body.decode(errors="replace")} for a in attempts]
        _say(
            json.dumps(
                {**_data(delivery), "attempts": data, "resolutions": [r._asdict() for r in resolutions]},
                ensure_ascii=False,
            )
        )
        return 0
    for line in (_line(delivery), *_history(attempts, resolutions)):
        _say(line)
    _say(f"{_INDENT}document {len(ledger.document(delivery.id)):,} bytes, sha256 {delivery.sha256}")
    return 0


def _history(attempts: list[Attempt], resolutions: list[Resolution]) -> Iterator[str]:
    """Tell every attempt, its answer, and what persons found out."""
    for attempt in attempts:
        resent = "resent, " if attempt.is_resend else ""
        yield f"{_INDENT}{_local(attempt.began_at)}  {resent}{attempt.outcome or 'under way'}  {attempt.message or ''}"
        if answer := " ".join(attempt.body.decode(errors="replace").split()):
            yield f"{_INDENT}the answer says: {raw(answer, longest=_ANSWER_SHOWN)}"
    for found in resolutions:
        what = "received" if found.is_received else "not received"
        yield f"{_INDENT}{_local(found.resolved_at)}  resolved as {what} by {raw(found.who)}  {raw(found.note)}"


@outbox.command(context_settings=options.SETTINGS)
@click.argument("refs", metavar="[REF]...", nargs=-1)
@click.option("--received/--not-received", "received", default=None, help="What the customer says.")
@click.option("--note", metavar="TEXT", default="", help="Who said so, and how it is known.")
@_CHANNEL
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
    prints = _fingerprints(ledger, channel)
    if refs:
        doubts = [_one(ledger, ref, channel, states=("in_doubt",)) for ref in refs]
    else:
        doubts = ledger.deliveries(states=("in_doubt",), fingerprints=prints, since=since)
    for delivery in doubts:
        ledger.resolve(delivery.id, received=received, note=note, who=_who())
        state = "delivered" if received else "pending"
        _say(f"{state:<10} {raw(str(delivery.document_ref))}  was in doubt")
    return 0


@outbox.command(context_settings=options.SETTINGS)
@_CHANNEL
@click.option(
    "--deadline", metavar="TIME", type=options.DURATION, default="60s", show_default=True, help="For one attempt."
)
@click.option("--allow-http", is_flag=True, help="Let a channel be plain http:// to another machine.")
@click.pass_obj
def retry(ledger: Outbox, *, channel: str | None, deadline: float, allow_http: bool) -> int:
    """Send what is pending or deferred, the very documents that were read.

    A channel is found again by how it was named (in the config, env:VAR, file:PATH), or is given as --channel.
    """
    from paytraq_direct.sender import Sender  # noqa: PLC0415 - brings the network

    code = 0
    waiting = ledger.deliveries(states=("pending", "deferred"), fingerprints=_fingerprints(ledger, channel))
    for delivery in waiting:
        named = channel or delivery.named
        try:
            uri = channels.resolve(named, allow_http=allow_http, config=_config()) if named else None
        except ChannelError as error:
            uri, why = None, str(error)
        else:
            why = "it was given as an address, which is not kept: give it again as --channel"
        if uri is None or isinstance(uri, str) or ledger.fingerprint(uri) != delivery.fingerprint:
            why = why if uri is None else "the channel of that name has another address now"
            _say(f"pending    {raw(str(delivery.document_ref))}  {why}", err=True)
            code = max(code, exits.BY_OUTCOME["pending"])
            continue
        with Sender(uri, outbox=ledger, deadline_s=deadline) as sender:
            result = sender.again(delivery)
        _say(
            f"{result.outcome.replace('_', ' '):<10} {raw(str(delivery.document_ref))}  {result.message}",
            err=bool(exits.BY_OUTCOME[result.outcome]),
        )
        code = max(code, exits.BY_OUTCOME[result.outcome])
    return code


@outbox.command(context_settings=options.SETTINGS)
@click.argument("ref")
@click.option("-o", "--output", metavar="FILE.zip", required=True, help="Where to write it: a new file.")
@_CHANNEL
@click.pass_obj
def evidence(ledger: Outbox, *, ref: str, output: str, channel: str | None) -> int:
    """Write the proof of a delivery: record, exact document, every attempt with its answer, sums, and a page."""
    delivery = _one(ledger, ref, channel)
    try:
        evidence_.write(ledger, delivery, Path(output))
    except FileExistsError:
        raise click.UsageError(f"{output} is there already, and is not written over: name another file") from None
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {(error.strerror or '').lower()}") from None
    _say(f"{output}  {Path(output).stat().st_size:,} bytes")
    return 0


def _config() -> Config:
    found: Config = click.get_current_context().meta[_CONFIG]
    return found


def _fingerprints(ledger: Outbox, channel: str | None) -> tuple[str, ...]:
    if channel is None:
        return ()
    try:
        uri = channels.resolve(channel, allow_http=True, config=_config())
    except ChannelError as error:
        raise click.UsageError(str(error)) from None
    if isinstance(uri, str):
        raise click.UsageError("the sandbox keeps no outbox")
    return (ledger.fingerprint(uri),)


def _one(ledger: Outbox, ref: str, channel: str | None, states: tuple[State, ...] = ()) -> Delivery:
    """Find the one delivery of a number; a usage error, with a list, when it is none or more."""
    known = ledger.deliveries(document_ref=ref, states=states, fingerprints=_fingerprints(ledger, channel))
    found = [delivery for delivery in known if delivery.state != "superseded"] or known
    if not found:
        which = f" in state {states[0]}" if states else ""
        raise click.UsageError(f"the outbox has no delivery of {raw(ref)}{which}")
    if len(found) > 1:
        listed = "\n".join(f"  {_line(delivery)}" for delivery in found)
        raise click.UsageError(f"{raw(ref)} names {len(found)} deliveries; --channel narrows:\n{listed}")
    return found[0]


def _line(delivery: Delivery) -> str:
    return (
        f"{delivery.state.replace('_', ' '):<10} {raw(str(delivery.document_ref))}  {_local(delivery.read_at)}  "
        f"{delivery.named or delivery.masked}"
    )


def _data(delivery: Delivery) -> dict[str, Any]:
    names = ("document_ref", "state", "masked", "named", "origin", "sha256", "read_at")
    return {("channel" if name == "masked" else name): getattr(delivery, name) for name in names}


def _who() -> str:
    """Give the name of whoever runs this; in a container a user may have a number only."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _local(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().isoformat(" ", "seconds")


def _say(text: str, *, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    click.echo(text, file=stream, color=wants_colour(stream))
