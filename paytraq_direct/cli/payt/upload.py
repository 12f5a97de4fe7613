"""payt upload: files to Payt's import."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct.cli import channels, exits, options
from paytraq_direct.cli.command import OutputError
from paytraq_direct.cli.loading import loading
from paytraq_direct.cli.payt.receipts import receipts
from paytraq_direct.errors import ChannelError, PaytraqDirectError
from paytraq_direct.payt.body import FIELDS
from paytraq_direct.payt.endpoint import IMPORT_URL, Token, token
from paytraq_direct.payt.filetypes import KINDS, UnclearKind
from paytraq_direct.result import Interrupted
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.payt.uploader import Uploaded, Uploader

SANDBOX: Final = "sandbox"

_MEANINGS: Final = {
    0: "Payt has it, now or before with the same content; or checked and found good",
    exits.FAILED: "payt upload itself failed",
    exits.USAGE: "a wrong option, a file that cannot be opened, or whose type cannot be told",
    3: "a file has faults, or lacks invoices of the last data file, and was not sent",
    4: "Payt refused it",
    5: "surely not at Payt, or not sent yet; safe to send again",
    6: "a file of its name is there, or in doubt, with other content; nothing was sent",
    7: "it may be there: look before you send it again",
    exits.STOPPED: "stopped by Ctrl-C before anything worse happened",
}
_EXAMPLES: Final = """\b
Examples:
  payt upload 20261102.csv --administration-code ACME --check   all but the sending
  payt upload 20261102.csv --administration-code ACME --url sandbox   rehearse
  payt upload 20261102.csv --administration-code ACME --gzip
  payt upload 141234.pdf 141235.pdf --administration-code ACME
  payt upload terms.pdf --type invoice_attachment --administration-code ACME

\b
A data file must list all invoices: one that is missing, Payt marks as paid.
So a file without any is refused, and one that lacks invoices of the last one
wants --yes. Never upload a data file for a single invoice.

\b
The token comes from $PAYT_TOKEN or --token-file and shows nowhere.

\b
Exit codes, the highest of several files:
{codes}

\b
Delivered means: Payt has the file. What came of it shows in the Import tab
after the next import.
""".format(codes="\n".join(f"  {code:>3}  {meaning}" for code, meaning in _MEANINGS.items()))


class _Renamed(click.ParamType[tuple[str, str]]):
    """A name in the body and where it stands: base64_data=content."""

    name = "field"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Give the two that a text names."""
        name, equals, place = str(value).partition("=")
        if not equals or name not in FIELDS:
            self.fail(f"write NAME=PLACE, and for NAME one of {', '.join(FIELDS)}", param, ctx)
        return name, place


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, short_help="Upload files to Payt's import.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--administration-code", metavar="CODE", help="The administration, by its code in the Import tab.")
@click.option("--administration-id", metavar="ID", help="The administration, by its id instead.")
@click.option("--type", "kind", type=click.Choice(list(KINDS)), help="What the files are, where it cannot be told.")
@click.option("--gzip", is_flag=True, help="Compress on the way: 20261102.csv goes as 20261102.csv.gz.")
@click.option("--invoice-number", metavar="NUMBER", help="What the name of the PDF must hold; for one FILE.")
@click.option("--check", is_flag=True, help="All but the sending: no network, no token needed.")
@click.option("--yes", is_flag=True, help="Send a data file that lacks invoices of the last one: they are paid.")
@click.option("--resend", metavar="FILE", multiple=True, help="Send this file once more; repeatable.")
@click.option("--json", is_flag=True, help="Print one JSON object a line for each file.")
@click.option("--token-file", metavar="PATH", help="A file with the token.  [default: $PAYT_TOKEN]")
@click.option("--import-token", metavar="env:VAR|file:PATH", help="A token to put into the body as well.")
@click.option(
    "--field",
    "renamed",
    metavar="NAME=PLACE",
    type=_Renamed(),
    multiple=True,
    help="Where a value stands in the body: base64_data=content; repeatable.",
)
@click.option("--url", metavar="URL", default=IMPORT_URL, show_default=True, help="Where the import is, or sandbox.")
@options.OUTBOX_OPTION
@click.option("--no-outbox", is_flag=True, help="Keep no ledger: nothing is compared, nothing guards against twice.")
@click.option(
    "--deadline",
    metavar="TIME",
    type=options.DURATION,
    help="For one attempt, everything included.  [default: 60s, and 1s more for each megabyte]",
)
@click.option(
    "--retry-for",
    metavar="TIME",
    type=options.DURATION,
    default="30s",
    show_default=True,
    help="How long to try again what was surely not taken.",
)
@options.of_reaching
def upload(files: tuple[str, ...], *, kind: str | None, gzip: bool, check: bool, json: bool, **given: Any) -> int:
    """Upload files to Payt's daily import: data files, PDF, UBL, attachments, declarations.

    A PDF is taken for an invoice, XML for the UBL of one where its root says so and else for a data file, like CSV and
    JSON; a ZIP archive for a declaration. Everything else needs --type.
    """
    if given["invoice_number"] is not None and len(files) > 1:
        raise click.UsageError("--invoice-number is for one FILE")
    with loading():
        from paytraq_direct.payt.intake import Intake  # noqa: PLC0415 - it brings what a usage error needs not

    for name in files:
        try:
            Intake(name, kind).close()
        except UnclearKind as error:
            raise click.UsageError(str(error)) from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it cannot be opened"
            raise click.UsageError(f"{raw(name, longest=4096)} is not read: {why[:1].lower()}{why[1:]}") from None
    with ExitStack() as stack:
        uploader = _uploader(stack, given, check=check)
        about: Any = {"kind": kind, "gzip": gzip, "invoice_number": given["invoice_number"]}
        treat = uploader.check if check else uploader.upload
        return _each(files, lambda name: treat(name, **about), as_json=json)


def _each(files: Sequence[str], treat: Callable[[str], Uploaded], *, as_json: bool) -> int:
    """Treat every file and tell what became of it; give the highest exit code."""
    report, code = receipts(as_json=as_json), 0
    try:
        for name in files:
            uploaded = treat(name)
            code = max(code, exits.BY_OUTCOME[uploaded.result.outcome])
            report.show(uploaded)
        report.close()
    except KeyboardInterrupt as stop:
        if isinstance(stop, Interrupted) or not code:
            raise exits.BrokenOff(code) from stop
        report.stopped()
    except (OSError, OutputError, PaytraqDirectError) as error:
        raise exits.BrokenOff(code) from error
    return code


def _uploader(stack: ExitStack, given: dict[str, Any], *, check: bool) -> Uploader:
    """Make ready to upload; what is wrong with an option is said before anything is sent."""
    with loading():
        from paytraq_direct.payt.uploader import Uploader  # noqa: PLC0415 - brings the network
    url, place, opens = given["url"], given["outbox"], None
    try:
        if url == SANDBOX and not check:
            import secrets  # noqa: PLC0415 - for the sandbox alone
            from tempfile import TemporaryDirectory  # noqa: PLC0415

            from paytraq_direct.payt.twin import Twin  # noqa: PLC0415

            url, opens = stack.enter_context(Twin()).url, Token(secrets.token_urlsafe(16))
            place = place or str(Path(stack.enter_context(TemporaryDirectory()), "outbox.sqlite"))
            click.echo(f"a twin of Payt listens on {url}", err=True)
        return stack.enter_context(
            Uploader(
                opens or (None if check else token(given["token_file"])),
                administration_code=given["administration_code"],
                administration_id=given["administration_id"],
                host=IMPORT_URL if url == SANDBOX else url,
                allow_http=given["allow_http"],
                fields=dict(given["renamed"]),
                import_token=_import_token(given["import_token"]),
                outbox=None if given["no_outbox"] else _outbox(stack, place, check=check),
                resend=given["resend"],
                vanished_ok=given["yes"],
                yes="--yes",
                deadline_s=given["deadline"],
                retry_for_s=given["retry_for"],
                proxy=channels.secret(given["proxy"]),
                ca_bundle=given["ca_bundle"],
            )
        )
    except (ChannelError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _outbox(stack: ExitStack, path: str | None, *, check: bool) -> Outbox | None:
    """Open the ledger; a check makes none where there is none."""
    from paytraq_direct.outbox.outbox import Outbox  # noqa: PLC0415 - brings sqlite3
    from paytraq_direct.outbox.sqlite import default_path  # noqa: PLC0415 - the same

    place = default_path() if path is None else Path(path)
    return None if check and not place.exists() else stack.enter_context(Outbox(place))


def _import_token(text: str | None) -> Token | None:
    """Give the token that stands in a variable or a file; what was written instead is not repeated."""
    if text is None:
        return None
    kind, _, rest = text.partition(":")
    if kind == "file" and rest:
        return token(rest)
    if kind != "env" or not rest:
        raise click.UsageError("--import-token is written as env:VAR or file:PATH, since a token is a secret")
    value = os.environ.get(rest, "")
    if not value.strip():
        raise click.UsageError("the environment variable of --import-token is not set")
    return Token(value)
