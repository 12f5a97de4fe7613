"""paytraq-send: the main job."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import __version__
from paytraq_direct.cli import batch, exits, options, reading
from paytraq_direct.cli.check import checked
from paytraq_direct.cli.loading import loading
from paytraq_direct.cli.progress import Progress
from paytraq_direct.cli.report import reporter
from paytraq_direct.cli.route import Route
from paytraq_direct.errors import ChannelError
from paytraq_direct.readers.source import STDIN

if TYPE_CHECKING:
    from paytraq_direct.cli.report import Report

_EXAMPLES: Final = """\b
Examples:
  paytraq-send invoice.json --channel sandbox          rehearse, with an inbox of your own
  paytraq-send invoice.json --check                    all but the sending
  paytraq-send invoice.json --channel env:ACME_INBOX   the address from a variable
  paytraq-send march/*.json --channel file:acme.uri    many, each treated by itself
  paytraq-send ubl.xml --check                         what a <Sale> would not carry
  paytraq-send march/*.json --channel by-client        each to its client's channel
  jq -c '.[]' all.json | paytraq-send - --channel env:ACME_INBOX --json

\b
A channel's address is a secret: whoever has it can post into the customer's
books. Written on the command line it shows in the list of processes and in
the history of the shell; env:VAR, file:PATH and $PAYTRAQ_CHANNEL do not.

\b
Exit codes, the highest of several invoices:
{codes}

\b
Delivered means: in the customer's Purchase Inbox. It does not mean booked.
Completion: eval "$(_PAYTRAQ_SEND_COMPLETE=bash_source paytraq-send)", or
zsh_source, or fish_source.
""".format(codes="\n".join(f"  {code:>3}  {meaning}" for code, meaning in exits.MEANINGS.items()))


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, no_args_is_help=True)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=options.FILE)
@options.CHANNEL_OPTION
@click.option("--check", is_flag=True, help="All but the sending: no network, no channel needed.")
@click.option("--xml", is_flag=True, help="Print the <Sale> document and send nothing.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["sale", "ubl"]),
    help="The form in which UBL is sent: as a <Sale>, or as it is.  [default: as its config says, or sale]",
)
@options.of_reading
@options.of_output
@options.OUTBOX_OPTION
@click.option("--no-outbox", is_flag=True, help="Keep no ledger: nothing guards against sending twice.")
@click.option("--resend", metavar="DOCUMENT_REF", multiple=True, help="Send this number once more; repeatable.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="How many are sent at a time.",
)
@options.of_posting
@click.option(
    "--retry-for",
    metavar="TIME",
    type=options.DURATION,
    default="0",
    show_default=True,
    help="How long to try again what was surely not taken: 30s, 15m, 2h.",
)
@options.of_config
@click.version_option(__version__, message="%(prog)s %(version)s")
def send(files: tuple[str, ...], *, check: bool, xml: bool, strict: bool, json: bool, **given: Any) -> int:
    """Check invoices and deliver them into a PayTraq Purchase Inbox.

    FILE is .json (one invoice or an array), .jsonl (one on each line), .xml (UBL or <Sale>), or - for standard input.
    """
    batch.probe(files)
    progress = Progress(sys.stderr, files)
    report = reporter(progress, as_json=json, xml=xml, sends=not (check or xml), outbox=given["outbox"])
    how = {name: given[name] for name in options.READING}
    if check or xml:
        readings = reading.read(files, progress.read, form=given["form"] or "sale", **how)
        return batch.check(readings, checked, report, strict=strict)
    code = exits.STOPPED
    try:
        with ExitStack() as stack:
            route = _route(stack, report, given)
            how["form"] = given["form"] or _form(route)
            readings = stack.enter_context(reading.meanwhile(files, progress.read, **how))
            named = {"jobs": given["jobs"], "resend": given["resend"]}
            code = batch.send(readings, route, report, strict=strict, **named, waits=STDIN in files)
    except KeyboardInterrupt:
        # While it was made ready, or taken down again; in between, Ctrl-C has a way of its own.
        if not report.has_told:
            report.stopped(None)
    return code


def _form(route: Route) -> str:
    """Give the form in which the channels take UBL; raises a usage error when it is not the same for all of them."""
    forms = route.forms
    if len(forms) > 1:
        raise click.UsageError("the channels of the config take UBL in different forms: say --as sale, or --as ubl")
    return next(iter(forms), "sale")


def _route(stack: ExitStack, report: Report, given: dict[str, Any]) -> Route:
    """Make ready to send; what is wrong with a channel or an option is said before anything is read."""
    with loading():  # here, since --check needs nothing of it
        from paytraq_direct import config as config_  # noqa: PLC0415
        from paytraq_direct.cli import channels  # noqa: PLC0415
        from paytraq_direct.outbox.outbox import Outbox  # noqa: PLC0415
        from paytraq_direct.run import Run  # noqa: PLC0415
        from paytraq_direct.sender import Sender  # noqa: PLC0415
    try:
        config = config_.EMPTY if given["no_config"] else config_.load(given["config"])
        written = channels.given(given["channel"])
        only = None if written == config_.BY_CLIENT else written
        names = [name for name, channel in config.channels.items() if channel.clients] if only is None else [written]
        uris = {name: channels.resolve(name, allow_http=given["allow_http"], config=config) for name in names}
        place = given["outbox"]
        if uris.get(written) == channels.SANDBOX:
            from tempfile import TemporaryDirectory  # noqa: PLC0415 - for this channel alone

            from paytraq_direct.inbox.server import Inbox  # noqa: PLC0415 - for this channel alone

            inbox = stack.enter_context(Inbox())
            report.watch(inbox)
            uris[written] = inbox.channel
            place = place or Path(stack.enter_context(TemporaryDirectory()), "outbox.sqlite")
        options_ = {
            "deadline_s": given["deadline"],
            "retry_for_s": given["retry_for"],
            "rate": given["rate"],
            "outbox": None if given["no_outbox"] else stack.enter_context(Outbox(place)),
            "resend": given["resend"],
            "proxy": channels.secret(given["proxy"]),
            "ca_bundle": given["ca_bundle"],
        }
        named = {name: channels.named(given["channel"] if only else name, config) for name in uris}
        senders = {name: stack.enter_context(Sender(uri, named=named[name], **options_)) for name, uri in uris.items()}
    except (ChannelError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    for sender in senders.values():
        report.sends_to(sender.channel)
    return Route({name: Run(sender) for name, sender in senders.items()}, config, only=only)
