"""payt upsert: invoices to Payt's API, in batches, each told by what Payt says of it."""

from __future__ import annotations

import contextlib
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import rules as core_rules
from paytraq_direct.cli import batch, channels, exits, options
from paytraq_direct.cli.loading import loading
from paytraq_direct.cli.payt.report import JsonReport, Report
from paytraq_direct.cli.progress import Progress
from paytraq_direct.errors import ChannelError
from paytraq_direct.payt import endpoint, reading
from paytraq_direct.payt.endpoint import API_URL, DEMO_URL
from paytraq_direct.payt.mailing import mailed
from paytraq_direct.payt.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.payt.reading import Reading
    from paytraq_direct.payt.upserter import Upserter

SANDBOX: Final = "sandbox"

_EXAMPLES: Final = """\b
Examples:
  payt upsert march.json --administration 1234 --check          all but the sending
  payt upsert march.json --administration 1234 --url sandbox    rehearse, with a twin of Payt
  payt upsert march.json --administration 1234 --demo           Payt's own demo
  payt upsert march.jsonl --administration 1234                 each line an invoice
  jq -c '.[]' all.json | payt upsert - --administration 1234 --json

\b
The token is read from $PAYT_TOKEN, or from --token-file: on the command line
it would show in the list of processes.

\b
Exit codes, the highest of several invoices:
  0  processed by Payt, now or before and not changed since
  3  an invoice has faults and was not sent
  4  Payt refused it
  5  surely not taken, or not sent yet
  7  it may have been taken: run the same command again, since an upsert may
     be repeated
"""


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, short_help="Send invoices to Payt.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=options.FILE)
@click.option("--administration", metavar="ID", required=True, help="Payt's identifier of your administration.")
@click.option("--check", is_flag=True, help="All but the sending: no network, no token needed.")
@click.option("--demo", is_flag=True, help="Send to Payt's demo, which is apart from everything else.")
@click.option("--url", metavar="URL", help=f"Another address of Payt, or sandbox.  [default: {API_URL}]")
@click.option("--token-file", metavar="PATH", help="Where the token is, in place of $PAYT_TOKEN.")
@click.option(
    "--batch-size", metavar="N", type=click.IntRange(1, 10_000), default=100, show_default=True,
    help="Invoices in one request.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@options.of_output
@options.OUTBOX_OPTION
@click.option("--no-outbox", is_flag=True, help="Keep no ledger.")
@click.option("--resend", metavar="NUMBER", multiple=True, help="Send this number once more; repeatable.")
@click.option(
    "--rate", metavar="N", type=click.FloatRange(0, 10, min_open=True), default=10, show_default=True,
    help="Requests a second at most.",
)  # fmt: skip
@click.option(
    "--deadline", metavar="TIME", type=options.DURATION, default="60s", show_default=True,
    help="For one request, everything included.",
)  # fmt: skip
@click.option(
    "--retry-for", metavar="TIME", type=options.DURATION, default="30s", show_default=True,
    help="How long to try again what was not taken or is in doubt.",
)  # fmt: skip
@options.of_reaching
def upsert(files: tuple[str, ...], *, check: bool, strict: bool, json: bool, **given: Any) -> int:
    """Send invoices to Payt, new ones and changed ones alike.

    FILE is .json (one invoice or an array), .jsonl (one on each line), or - for standard input, in Payt's own fields.
    """
    batch.probe(files)
    progress = Progress(sys.stderr, files)
    mailing = mailed(datetime.now(UTC))
    report = (JsonReport if json else Report)(progress, mailing, sends=not check)
    found = _readings(files, progress, strict=strict)
    if check:
        _checked_options(given)
        return _told(map(_checked, reading.unique(found)), report)
    with ExitStack() as stack:
        upserter = _upserter(stack, given, strict=strict)
        with _stopped_by_ctrl_c(upserter):
            return _told(upserter.results(found), report, resend=given["resend"], upserter=upserter)


def _told(
    results: Iterable[Result], report: Report, *, resend: tuple[str, ...] = (), upserter: Upserter | None = None
) -> int:
    """Tell each result as it comes, and give the highest exit code."""
    code, unmet = 0, dict.fromkeys(resend)
    try:
        for result in results:
            code = max(code, exits.BY_OUTCOME[result.outcome])
            unmet.pop(result.invoice_number or "", None)
            report.show(result)
        if upserter is not None and upserter.is_stopped:
            report.stopped()
            code = code or exits.STOPPED
        else:
            report.unmet(list(unmet))
        report.close()
    except KeyboardInterrupt:
        report.stopped()
        return _highest(code, upserter) or exits.STOPPED
    except Exception as error:
        raise exits.BrokenOff(_highest(code, upserter)) from error
    return code


def _highest(code: int, upserter: Upserter | None) -> int:
    """Give the highest exit code, what was not told any more included."""
    untold = () if upserter is None else upserter.outcomes
    return max(code, *(exits.BY_OUTCOME[outcome] for outcome in untold), 0)


def _checked_options(given: dict[str, Any]) -> None:
    """Look at the options that say where to, though nothing is sent."""
    try:
        endpoint.endpoint(API_URL, endpoint.INVOICES, given["administration"])
    except ChannelError as error:
        raise click.UsageError(str(error)) from None


def _checked(found: Reading) -> Result:
    return Result(
        outcome="invalid" if found.record is None else "checked",
        origin=found.origin,
        invoice_number=found.number,
        record=found.record,
        faults=found.faults,
    )


def _readings(files: tuple[str, ...], progress: Progress, *, strict: bool) -> Iterator[Reading]:
    """Read the files in their order; with ``strict``, what has warnings is no good."""
    for found in _all(files, progress):
        yield found._replace(record=None) if strict and found.faults else found


def _all(files: tuple[str, ...], progress: Progress) -> Iterator[Reading]:
    for name in files:
        try:
            yield from reading.read(name, on_read=progress.read)
        except OSError as error:
            why = (error.strerror or "it breaks off").lower()
            yield reading.Reading(name, None, (core_rules.UNREADABLE.fault("", why=why),))


def _upserter(stack: ExitStack, given: dict[str, Any], *, strict: bool) -> Upserter:
    """Make ready to send; what is wrong with an option is said before anything is read."""
    with loading():
        from paytraq_direct.outbox.outbox import Outbox  # noqa: PLC0415 - --check needs none of these
        from paytraq_direct.payt.upserter import Upserter  # noqa: PLC0415
    if given["demo"] and given["url"]:
        raise click.UsageError("--demo and --url do not go together")
    url, place = given["url"] or (DEMO_URL if given["demo"] else API_URL), given["outbox"]
    try:
        if url == SANDBOX:
            import secrets  # noqa: PLC0415 - for the sandbox alone
            from pathlib import Path  # noqa: PLC0415
            from tempfile import TemporaryDirectory  # noqa: PLC0415

            from paytraq_direct.payt.twin import Twin  # noqa: PLC0415

            twin = stack.enter_context(Twin())
            url, token = twin.url, endpoint.Token(secrets.token_urlsafe(16))
            place = place or Path(stack.enter_context(TemporaryDirectory()), "outbox.sqlite")
            click.echo(f"a twin of Payt listens on {url}", err=True)
        else:
            token = endpoint.token(given["token_file"])
        outbox = None if given["no_outbox"] else stack.enter_context(Outbox(place))
        return stack.enter_context(
            Upserter(
                given["administration"],
                token,
                url=url,
                batch_size=given["batch_size"],
                outbox=outbox,
                resend=given["resend"],
                strict=strict,
                deadline_s=given["deadline"],
                retry_for_s=given["retry_for"],
                rate=given["rate"],
                proxy=channels.secret(given["proxy"]),
                ca_bundle=given["ca_bundle"],
                allow_http=given["allow_http"],
            )
        )
    except (ChannelError, ValueError) as error:
        raise click.UsageError(str(error)) from None


@contextlib.contextmanager
def _stopped_by_ctrl_c(upserter: Upserter) -> Iterator[None]:
    """Have the first Ctrl-C end the request that is under way and begin no other, the second wait for nothing."""

    def stop(_number: int, _frame: object) -> None:
        if upserter.is_stopped or not upserter.is_under_way:
            raise KeyboardInterrupt
        upserter.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
