"""Payt's commands: ``payt NAME``, each loaded when it is the one that is run."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

import click

from paytraq_direct import __version__
from paytraq_direct.cli import options

# Each has a module of its name here, and in it the command of its name.
COMMANDS: Final = ("upsert", "upload", "when", "twin")

_EXAMPLES: Final = """\b
Examples:
  payt upsert march.json --administration 1234 --check
  payt upsert march.json --administration 1234
  payt upload 20261102.csv --administration-code ACME --check
  payt when                      if it were imported now, and by the next daily import
  payt when 15:01                imported today at 15:01
"""


class _Commands(click.Group):
    """The commands by name, none of them loaded before it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Give the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own
        """Load a command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", getattr(import_module(f"paytraq_direct.cli.payt.{cmd_name}"), cmd_name))


@click.group(cls=_Commands, epilog=_EXAMPLES, context_settings=options.SETTINGS)
@click.version_option(__version__, message="%(prog)s %(version)s")
def payt() -> None:
    """Hand invoices to Payt, which mails them to your debtors."""
