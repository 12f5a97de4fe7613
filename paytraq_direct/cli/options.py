"""The kinds of values that arguments have, and the options that commands share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from paytraq_direct import codes

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_is_duration = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)").fullmatch


class Duration(click.ParamType[float]):
    """A time: 90, 90s, 15m or 2h; given as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the seconds that a text means."""
        match = _is_duration(str(value))
        if not match:
            self.fail("write a time as 90, 90s, 15m or 2h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


class Channel(click.ParamType[str]):
    """A channel, as it was written: it is looked at when it is used, and never shown."""

    name = "channel"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        """Give the text as it is."""
        return str(value)

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the forms of a channel; after file:, the shell's own file names."""
        if incomplete.startswith("file:"):
            return [CompletionItem(incomplete, type="file")]
        forms = {"sandbox": "an inbox of your own", "env:": "a variable", "file:": "a file"}
        return [CompletionItem(form, help=text) for form, text in forms.items() if form.startswith(incomplete)]


SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
FILE: Final = click.Path(allow_dash=True)
CHANNEL: Final = Channel()
DURATION: Final = Duration()
READING: Final = ("ignore_unknown", "operation", "arithmetic", "references")


CHANNEL_OPTION: Final = click.option(
    "--channel",
    metavar="CHANNEL",
    type=CHANNEL,
    help="Where to: an https:// address, a name of the config, by-client, env:VAR, file:PATH or sandbox.  "
    "[default: $PAYTRAQ_CHANNEL]",
)
OUTBOX_OPTION: Final = click.option(
    "--outbox", metavar="PATH", help="The ledger of what was sent.  [default: in your state folder]"
)


def of_reading(command: _F) -> _F:
    """Add the options that say how records are taken."""
    return _with(
        command,
        click.option("--strict", is_flag=True, help="Let warnings count as errors."),
        click.option("--ignore-unknown", is_flag=True, help="Leave unknown fields out, with a warning each."),
        click.option(
            "--operation",
            type=click.Choice([code.wire for code in codes.OPERATION.codes]),
            help="The operation of invoices that name none.",
        ),
        click.option("--no-arithmetic", "arithmetic", flag_value=False, default=True, help="Do not look at the sums."),
        click.option(
            "--no-references",
            "references",
            flag_value=False,
            default=True,
            help="Leave the references of UBL out of the comment.",
        ),
    )


def of_reaching(command: _F) -> _F:
    """Add the options that say how a channel is reached."""
    return _with(
        command,
        click.option(
            "--proxy",
            metavar="URL",
            help="http://[user:password@]host:port, for https channels; or env:VAR. No variable is used by itself.",
        ),
        click.option(
            "--ca-bundle", metavar="PATH", help="A PEM file of the authorities to trust instead of the public ones."
        ),
        click.option(
            "--allow-http", is_flag=True, help="Let a channel be plain http:// to another machine, readable on the way."
        ),
    )


def of_posting(command: _F) -> _F:
    """Add the options that say how posts are made."""
    return _with(
        command,
        click.option("--rate", metavar="N", type=click.FloatRange(0, min_open=True), help="Posts a second at most."),
        click.option(
            "--deadline",
            metavar="TIME",
            type=DURATION,
            default="60s",
            show_default=True,
            help="For one attempt, everything included: 60, 90s, 2m.",
        ),
        of_reaching,
    )


def of_config(command: _F) -> _F:
    """Add the options that say where channels have their names."""
    return _with(
        command,
        click.option("--config", metavar="PATH", help="Channels by name.  [default: in your config folder]"),
        click.option("--no-config", is_flag=True, help="Look at no config."),
    )


def of_output(command: _F) -> _F:
    """Add the options that say how results are shown."""
    return _with(command, click.option("--json", is_flag=True, help="Print one JSON object a line for each invoice."))


def _with(command: _F, *decorators: Callable[[_F], _F]) -> _F:
    for decorate in reversed(decorators):
        command = decorate(command)
    return command
