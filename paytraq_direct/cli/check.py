"""paytraq-check: everything but the sending."""

from __future__ import annotations

import hashlib
import io
import json as json_
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import __version__, readers
from paytraq_direct.cli import batch, options
from paytraq_direct.cli.command import telling
from paytraq_direct.cli.progress import Progress
from paytraq_direct.cli.reading import read
from paytraq_direct.cli.report import reporter
from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.result import Result
from paytraq_direct.schema import prepare
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from paytraq_direct.cli.report import Report
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers import Reading

_DOCTOR_S: Final = 15.0
_LINKS_S: Final = 60.0
_OF_DOCTOR: Final = ("channel", "outbox", "proxy", "config", "no_config", "allow_http")
_EXAMPLES: Final = """\b
Examples:
  paytraq-check invoice.json
  paytraq-check --strict --json march.jsonl
  paytraq-check --explain invoice.json           the sum, as on paper
  paytraq-check --fix invoice.json               what leaves no doubt, as a diff; --write writes it
  paytraq-check --preview invoice.html invoice.json
  paytraq-check --links invoice.json             visits document_uri and pdf as a client would
  paytraq-check --rule PD-031
  paytraq-check --doctor --channel env:INBOX     the way to a channel, without posting
  paytraq-check --schema > invoice.schema.json   for an editor, which then completes and explains

\b
Exit codes: 0 good, 2 wrong usage, 3 faults found. Of --doctor: 0 nothing is
wrong, 1 the outbox cannot be used, 2 a setting cannot, 5 the channel was not
reached. Nothing is ever sent.
Completion: eval "$(_PAYTRAQ_CHECK_COMPLETE=bash_source paytraq-check)", or
zsh_source, or fish_source.
"""


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, no_args_is_help=True)
@click.argument("files", metavar="FILE...", nargs=-1, type=options.FILE)
@click.option("--explain", is_flag=True, help="Show the sum of each invoice as on paper.")
@click.option("--fix", is_flag=True, help="Show, as a diff, the file with everything mended that leaves no doubt.")
@click.option("--fill", is_flag=True, help="The same, with a line_total for each line that has none.")
@click.option("--write", is_flag=True, help="With --fix or --fill: write the file instead of showing it.")
@click.option(
    "--preview", metavar="FILE.html", help="Write a page that shows the invoice as the customer would see it."
)
@click.option("--rule", metavar="CODE", help="Explain a rule: PD-031.")
@click.option("--links", is_flag=True, help="Visit the links of each invoice, and warn of what a client would meet.")
@click.option("--allow-private", is_flag=True, help="With --links: visit addresses that are not public, too.")
@click.option("--doctor", is_flag=True, help="Say how settings, outbox and the way to the channel are. Posts nothing.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of an invoice file.")
@options.of_reading
@options.of_output
@options.CHANNEL_OPTION
@options.OUTBOX_OPTION
@click.option(
    "--deadline",
    metavar="TIME",
    type=options.DURATION,
    help="For all of --links, or the way of --doctor: 30, 90s, 2m.  [default: 60s, 15s]",
)
@options.of_reaching
@options.of_config
@click.version_option(__version__, message="%(prog)s %(version)s")
def check(files: tuple[str, ...], *, schema: bool, rule: str | None, **given: Any) -> int:
    """Check invoices and say what is wrong with them, all of it at once.

    FILE is .json (one invoice or an array), .jsonl (one on each line), .xml (UBL or <Sale>), or - for standard input.
    """
    if schema:
        from paytraq_direct import json_schema  # noqa: PLC0415 - for this option alone

        with telling():
            click.echo(json_.dumps(json_schema.schema(), indent=2, ensure_ascii=False))
        return 0
    if rule is not None:
        _explain_rule(rule)
        return 0
    _check_combination(files, given)
    if given["doctor"]:
        from paytraq_direct.cli import doctor  # noqa: PLC0415 - for this option alone

        return doctor.examine(given, deadline_s=given["deadline"] or _DOCTOR_S)
    batch.probe(files)
    progress = Progress(sys.stderr, files)
    report = reporter(progress, as_json=given["json"], sends=False, explains=given["explain"])
    reading = {name: given[name] for name in options.READING}
    if given["preview"] is not None:
        if given["fix"] or given["fill"]:
            raise click.UsageError("--preview shows an invoice as it is: leave --fix and --fill out")
        if given["write"]:
            raise click.UsageError("--write goes with --fix or --fill")
        return _preview(given["preview"], files, report, strict=given["strict"], **reading)
    if given["fix"] or given["fill"]:
        return _mend(files, report, given, reading)
    if given["write"]:
        raise click.UsageError("--write goes with --fix or --fill")
    if not given["links"]:
        return batch.check(read(files, progress.read, **reading), checked, report, strict=given["strict"])
    from paytraq_direct.cli import links  # noqa: PLC0415 - for this option alone

    how = {"allow_private": given["allow_private"], "ca_bundle": given["ca_bundle"]}
    visitor = links.visitor(deadline_s=given["deadline"] or _LINKS_S, **how)
    return batch.check(links.readings(files, visitor, reading), checked, report, strict=given["strict"])


def _check_combination(files: tuple[str, ...], given: dict[str, Any]) -> None:
    """Refuse options that would have no say."""
    if given["doctor"] and (files or given["links"] or given["fix"] or given["fill"]):
        raise click.UsageError("--doctor looks at no invoice: leave FILE and its options out")
    if given["links"] and (given["fix"] or given["fill"]):
        raise click.UsageError("--links goes with neither --fix nor --fill")
    if not (files or given["doctor"]):
        raise click.UsageError("name a FILE to check, or - for standard input")
    for name in _OF_DOCTOR:
        if given[name] and not given["doctor"]:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --doctor")
    for name in ("deadline", "ca_bundle"):
        if given[name] is not None and not (given["doctor"] or given["links"]):
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --doctor or --links")
    if given["deadline"] == 0:
        raise click.UsageError("--deadline must be above 0")
    if given["allow_private"] and not given["links"]:
        raise click.UsageError("--allow-private goes with --links")


def _explain_rule(code: str) -> None:
    from paytraq_direct import rulebook  # noqa: PLC0415 - for this option alone

    rule = rulebook.rule_of(code)
    if rule is None:
        raise click.UsageError(f"there is no rule {raw(code)}; docs/rules.md lists them all")
    for line in rulebook.page(rule):
        click.echo(line)


def _preview(target: str, files: tuple[str, ...], report: Report, **how: Any) -> int:
    from paytraq_direct.cli import preview  # noqa: PLC0415 - for this option alone

    return preview.write(target, files, checked, report, **how)


def _mend(files: tuple[str, ...], report: Report, given: dict[str, Any], reading: dict[str, Any]) -> int:
    """Mend the files, then check what became of them: the exit code is that of the mended ones."""
    from paytraq_direct.cli import mend  # noqa: PLC0415 - for these options alone

    if given["json"]:
        raise click.UsageError("--fix and --fill show a diff: leave --json out")
    if given["write"] and "-" in files:
        raise click.UsageError("standard input cannot be written: name a file, or leave --write out")
    left: list[Reading] = []
    for name in files:
        what = {"fix": given["fix"], "fill": given["fill"], "ignore_unknown": given["ignore_unknown"]}
        before, after = mend.mended(name, **what)
        if given["write"] and after != before:
            mend.write(name, after)
        elif after != before:
            mend.show(name, before, after)
        left += readers.readings(name, io.BytesIO(after), readers.Options(**reading))
    return batch.check(iter(left), checked, report, strict=given["strict"])


def checked(invoice: Invoice) -> Result:
    """Give the result of an invoice that goes all the way but for the sending."""
    try:
        document = prepare(invoice)
    except InvalidInvoice as invalid:
        return Result(
            outcome="invalid", document_ref=invoice.document_ref, message="", channel=None, faults=invalid.faults
        )
    return Result(
        outcome="checked",
        document_ref=invoice.document_ref,
        message="",
        channel=None,
        document=document,
        sha256=hashlib.sha256(document).hexdigest(),
    )
