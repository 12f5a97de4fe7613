"""payt when: when the debtor will be mailed, and so the last moment to stop it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import click

from paytraq_direct.amounts import date_of_text, moment_text
from paytraq_direct.cli import options
from paytraq_direct.cli.payt import moments
from paytraq_direct.payt.mailing import ZONE, Mailing, SendingRules, mailed, next_import

if TYPE_CHECKING:
    from datetime import date

_INDENT: Final = " " * len("mailed ")

_EXAMPLES: Final = """\b
Examples:
  payt when                            if imported now, and by the next daily import
  payt when 15:01                      imported today at 15:01
  payt when 2026-11-20 15:01           on another day; also 2026-11-20T14:01Z
  payt when 15:01 --hours 08:00-18:00 --not-on 2026-12-25

The settings of your administration are not known to this program, and the defaults are Payt's own: if yours differ,
give them, since a shorter delay or more sending days make it earlier. Public holidays and blocks make it later. Where
Payt does not say, the earlier moment is told.
"""


@click.command(epilog=_EXAMPLES, context_settings=options.SETTINGS, short_help="Tell when the debtor will be mailed.")
@click.argument("words", metavar="[IMPORT_TIME]", nargs=-1)
@click.option(
    "--delay", metavar="TIME", type=options.DURATION, default="1h", show_default=True, help="Between import and mail."
)
@click.option(
    "--days", type=moments.Weekdays(), metavar="DAYS", default="mon-sat", show_default=True, help="The sending days."
)
@click.option("--not-on", metavar="DATE", multiple=True, help="A day without mail, such as a holiday; repeatable.")
@click.option(
    "--hours", type=moments.Hours(), metavar="FROM-TO", default="00:00-24:00", show_default=True,
    help="The sending hours; the end counts too.",
)  # fmt: skip
@click.option("--zone", type=moments.Zone(), default=ZONE, metavar="ZONE", show_default=True, help="Whose clock.")
@click.option(
    "--import-at", type=moments.Clock(), metavar="TIME", default="01:00", show_default=True,
    help="Of the daily import: about then; your settings at Payt have the true time.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def when(
    *,
    words: tuple[str, ...],
    delay: float,
    days: frozenset[int],
    not_on: tuple[str, ...],
    hours: tuple[time, time | None],
    zone: str,
    import_at: time,
    as_json: bool,
) -> int:
    """Tell when Payt will mail an invoice to the debtor: until then it can be stopped at Payt.

    IMPORT_TIME is when Payt imports it, or did. Without one: now, and the next daily import.
    """
    first, last = hours
    try:
        rules = SendingRules(
            delay=timedelta(seconds=delay),
            days=days,
            not_on=_days(not_on),
            hours_from=first,
            hours_until=last,
            zone=zone,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    now = datetime.now(UTC)
    if words:
        found = {"given": mailed(moments.moment_of_text(" ".join(words), zone, now), rules)}
    else:
        found = {"now": mailed(now, rules), "daily": mailed(next_import(now, import_at, zone), rules)}
    if as_json:
        for by, mailing in found.items():
            click.echo(json.dumps(_data(by, mailing, zone)))
    else:
        click.echo(
            "\n".join([*(line for by, mailing in found.items() for line in lines(by, mailing, now)), _basis(rules)])
        )
    return 0


def phrase(mailing: Mailing) -> str:
    """Say in one line when it will be mailed, local to the zone of its rules."""
    told = f"mailed {_written(mailing.sent_at)}, the last moment to stop it"
    if not mailing.is_boundary:
        return told
    # On the same day its time is enough.
    same, latest = mailing.sent_at.date() == mailing.latest.date(), mailing.latest
    return f"{told}; perhaps only {latest.timetz().isoformat('minutes') if same else _written(latest)}"


def lines(by: str, mailing: Mailing, now: datetime) -> list[str]:
    """Tell a person when it will be mailed, of which import, and what is not known.

    ``by`` is what imports it: now, daily, or given.
    """
    at = _written(mailing.imported_at)
    imported = {"now": f"if imported now, {at}", "daily": f"if imported by the daily import, about {at}"}
    is_of_today = mailing.imported_at.date() == now.astimezone(mailing.imported_at.tzinfo).date()
    past = ["that is past"] if is_of_today and mailing.latest < now else []
    below = [imported.get(by, f"imported {at}"), *past, *mailing.notes]
    return [phrase(mailing), *(f"{_INDENT}{line}" for line in below)]


def _basis(rules: SendingRules) -> str:
    """Say by which rules it was worked out."""
    minutes = rules.delay / timedelta(minutes=1)
    delay = f"{minutes / 60:g} h" if minutes % 60 == 0 else f"{minutes:g} min"
    until = f"{rules.hours_until:%H:%M}" if rules.hours_until else "24:00"
    when = f"{moments.days_text(rules.days)}, {rules.hours_from:%H:%M}-{until}, {rules.zone}"
    return f"rules  {delay} after the import, then the next half hour; {when}"


def _data(by: str, mailing: Mailing, zone: str) -> dict[str, object]:
    """Tell it to a program: moments in UTC."""
    return {
        "import": by,
        "imported_at": moment_text(mailing.imported_at),
        "sent_at": moment_text(mailing.sent_at),
        "latest": moment_text(mailing.latest),
        "is_boundary": mailing.is_boundary,
        "notes": mailing.notes,
        "zone": zone,
    }


def _days(texts: tuple[str, ...]) -> frozenset[date]:
    """Give the days that texts name."""
    days = {text: date_of_text(text) for text in texts}
    for text, day in days.items():
        if day is None:
            raise click.UsageError(f"--not-on {text} is no day: write it as 2026-12-25")
    return frozenset(day for day in days.values() if day)


def _written(moment: datetime) -> str:
    """Write a moment with its weekday and its offset; the seconds are cut off."""
    return f"{moments.DAYS[moment.isoweekday() - 1].capitalize()} {moment.isoformat(' ', 'minutes')}"
