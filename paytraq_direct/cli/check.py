"""paytraq-check: everything but the sending."""

from __future__ import annotations

import hashlib
import json as json_
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import __version__
from paytraq_direct.cli import batch, options
from paytraq_direct.cli.command import telling
from paytraq_direct.cli.progress import Progress
from paytraq_direct.cli.report import reporter
from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.result import Result
from paytraq_direct.sender import prepare

if TYPE_CHECKING:
    from paytraq_direct.invoice import Invoice

_EXAMPLES: Final = """\b
Examples:
  paytraq-check invoice.json
  paytraq-check --strict --json march.jsonl
  paytraq-check --schema > invoice.schema.json   for an editor, which then completes and explains

\b
Exit codes: 0 good, 2 wrong usage, 3 faults found. Nothing is ever sent.
Completion: eval "$(_PAYTRAQ_CHECK_COMPLETE=bash_source paytraq-check)", or
zsh_source, or fish_source.
"""


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, no_args_is_help=True)
@click.argument("files", metavar="FILE...", nargs=-1, type=options.FILE)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of an invoice file.")
@options.of_reading
@options.of_output
@click.version_option(__version__, message="%(prog)s %(version)s")
def check(files: tuple[str, ...], *, schema: bool, strict: bool, json: bool, **reading: Any) -> int:
    """Check invoices and say what is wrong with them, all of it at once.

    FILE is .json (one invoice or an array), .jsonl (one on each line), a <Sale> .xml, or - for standard input.
    """
    if schema:
        from paytraq_direct import json_schema  # noqa: PLC0415 - for this option alone

        with telling():
            click.echo(json_.dumps(json_schema.schema(), indent=2, ensure_ascii=False))
        return 0
    if not files:
        raise click.UsageError("name a FILE to check, or - for standard input")
    batch.probe(files)
    progress = Progress(sys.stderr, files)
    report = reporter(progress, as_json=json, sends=False)
    return batch.check(batch.read(files, progress.read, **reading), checked, report, strict=strict)


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
