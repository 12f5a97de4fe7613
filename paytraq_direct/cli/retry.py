"""paytraq-outbox retry: what is pending or deferred goes again, each delivery by the run of its channel."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct.cli import channels, deliveries, exits, options
from paytraq_direct.cli.command import hidden
from paytraq_direct.cli.deliveries import say
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import elsewhere
from paytraq_direct.result import Interrupted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paytraq_direct.channel import ChannelUri
    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.run import Run

    # By fingerprint: the run of a channel, or why there is none.
    Runs = Mapping[str, Run | str]

_NOT_KEPT: Final = "it was given as an address, which is not kept: give it again as --channel"
_MOVED: Final = "the channel of that name has another address now"
_SUPERSEDED: Final = "other content took its place meanwhile: it is not sent"
_ENDED: Final = frozenset({"delivered", "rejected", "in_doubt"})


@click.command(context_settings=options.SETTINGS)
@deliveries.of_channel
@options.of_posting
@click.pass_obj
def retry(ledger: Outbox, /, *, channel: str | None, allow_http: bool, **given: Any) -> int:
    """Send what is pending or deferred, the very documents that were read.

    A channel is found again by how it was named (in the config, env:VAR, file:PATH), or is given as --channel. Three
    doubts in a row stop what goes through it.
    """
    prints = deliveries.fingerprints(ledger, channel)
    waiting = ledger.deliveries(states=("pending", "deferred"), fingerprints=prints)
    with ExitStack() as stack:
        return _Retry(ledger, _runs(stack, ledger, waiting, channel, given, allow_http=allow_http)).all_of(waiting)


def _runs(
    stack: ExitStack,
    ledger: Outbox,
    waiting: Sequence[Delivery],
    channel: str | None,
    given: dict[str, Any],
    *,
    allow_http: bool,
) -> Runs:
    """Make ready to send: what is wrong with an option is a usage error before anything is sent."""
    from paytraq_direct.run import Run  # noqa: PLC0415 - brings the network
    from paytraq_direct.sender import Sender  # noqa: PLC0415 - the same

    runs: dict[str, Run | str] = {}
    try:
        posting = {"deadline_s": given["deadline"], "rate": given["rate"], "ca_bundle": given["ca_bundle"]}
        posting["proxy"] = channels.secret(given["proxy"])
        for delivery in waiting:
            if delivery.fingerprint in runs:
                continue
            if how := elsewhere.again(delivery):
                runs[delivery.fingerprint] = how
                continue
            uri = _uri_of(ledger, delivery, channel or delivery.named, allow_http=allow_http)
            if isinstance(uri, str):
                runs[delivery.fingerprint] = uri
            else:
                sender = stack.enter_context(Sender(uri, outbox=ledger, **posting))
                runs[delivery.fingerprint] = Run(sender)
    except (ChannelError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    return runs


def _uri_of(ledger: Outbox, delivery: Delivery, named: str | None, *, allow_http: bool) -> ChannelUri | str:
    """Find the address of a delivery's channel by how it is named, or say why it is not found."""
    if not named:
        return _NOT_KEPT
    try:
        uri = channels.resolve(named, allow_http=allow_http, config=deliveries.config())
    except ChannelError as error:
        return str(error)
    return _MOVED if isinstance(uri, str) or ledger.fingerprint(uri) != delivery.fingerprint else uri


class _Retry:
    """One go through what waits, and the exit code that it comes to."""

    def __init__(self, ledger: Outbox, runs: Runs) -> None:
        self._ledger = ledger
        self._runs = runs
        self._code = 0

    def all_of(self, waiting: Sequence[Delivery]) -> int:
        """Send each delivery and tell what became of it; Ctrl-C ends it, and what became of that one is told too."""
        at = None
        try:
            for delivery in waiting:
                at = delivery
                self._send(delivery)
                at = None
        except KeyboardInterrupt as stop:
            self._tell_stopped(at, stop)
        return self._code

    def _send(self, delivery: Delivery) -> None:
        run = self._runs[delivery.fingerprint]
        if isinstance(run, str):
            self._tell(delivery, "pending", run)
            return
        result = run.again(delivery)
        if result is None:
            from paytraq_direct.run import STOPPED  # noqa: PLC0415 - loaded by now

            self._tell(delivery, "pending", STOPPED)
        elif not result.posted and result.outcome == "pending" and self._state(delivery) == "superseded":
            say(f"superseded {deliveries.name(delivery)}  {_SUPERSEDED}")
        else:
            self._tell(delivery, result.outcome, result.message)

    def _tell_stopped(self, at: Delivery | None, stop: KeyboardInterrupt) -> None:
        """Tell what became of the delivery that Ctrl-C came at: what it knows itself, or what is written down."""
        if at is not None:
            if isinstance(stop, Interrupted):
                self._tell(at, stop.result.outcome, stop.result.message)
            elif self._ledger.is_sending(at.id):
                self._tell(at, "in_doubt", "stopped by Ctrl-C while it was being sent: it may have arrived")
            elif (state := self._state(at)) in _ENDED:
                self._tell(at, state, "stopped by Ctrl-C when its answer had come")
        say("stopped by Ctrl-C; the same command goes on from there", err=True)
        self._code = self._code or exits.STOPPED

    def _state(self, delivery: Delivery) -> str:
        found = self._ledger.get(delivery.id)
        return found.state if found else ""

    def _tell(self, delivery: Delivery, outcome: str, message: str) -> None:
        code = exits.BY_OUTCOME[outcome]
        say(hidden(f"{outcome.replace('_', ' '):<10} {deliveries.name(delivery)}  {message}"), err=bool(code))
        self._code = max(self._code, code)
