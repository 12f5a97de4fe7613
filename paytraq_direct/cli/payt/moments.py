"""Moments, times, days and zones as a person writes them on the command line."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import UTC, datetime, time
from typing import Any, Final

import click

from paytraq_direct.amounts import FIRST_YEAR, LAST_YEAR, date_of_text
from paytraq_direct.wording import shown

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_is_moment = re.compile(
    r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ] *)?"
    r"([0-9]{1,2})[:.]([0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?: ?([Zz]|[+-][0-9]{2}:?[0-9]{2}))?"
).fullmatch
_is_time = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})").fullmatch


class Clock(click.ParamType[time]):
    """A time of the day, as 08:00."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> time:
        """Give the time that a text means."""
        found = time_of_text(str(value))
        return found or self.fail(f"{shown(str(value))} is no time of a day: write it as 01:00", param, ctx)


class Hours(click.ParamType[tuple[time, time | None]]):
    """From one time to another, as 08:00-18:00; the end of the day is None."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[time, time | None]:
        """Give the two times that a text means."""
        first, _, last = str(value).partition("-")
        begin, end = time_of_text(first), None if last == "24:00" else time_of_text(last)
        if begin is None or (end is None and last != "24:00"):
            self.fail(f"{shown(str(value))} are no hours: write them as 08:00-18:00 or 08:00-24:00", param, ctx)
        return begin, end


class Weekdays(click.ParamType[frozenset[int]]):
    """Days of the week, as mon-sat or mon,wed,fri; given as ISO weekdays, Monday is 1."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """Give the weekdays that a text means."""
        days: set[int] = set()
        for part in str(value).lower().split(","):
            first, _, last = part.strip().partition("-")
            if first not in DAYS or (last or first) not in DAYS:
                self.fail(f"{shown(str(value))} are no days: write them as mon-sat or mon,wed,fri", param, ctx)
            begin, end = DAYS.index(first), DAYS.index(last or first)
            days |= {(begin + step) % 7 + 1 for step in range((end - begin) % 7 + 1)}
        return frozenset(days)


class Zone(click.ParamType[str]):
    """The name of a time zone, as Europe/Amsterdam."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name, once it is known to be one."""
        try:
            return zoneinfo.ZoneInfo(str(value)).key
        except (LookupError, ValueError, OSError):
            known = {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
        if not known:
            self.fail("this machine has no time zones: pip install tzdata", param, ctx)
        by_city = {name.rpartition("/")[2]: full for name, full in known.items()}
        wanted = str(value).strip().lower().replace(" ", "_")
        near = difflib.get_close_matches(wanted, [*known, *by_city], n=1, cutoff=0.85)
        hint = f"did you mean {known.get(near[0]) or by_city[near[0]]}?" if near else "write it as Europe/Amsterdam"
        return self.fail(f"{shown(str(value))} is no time zone: {hint}", param, ctx)


def days_text(days: frozenset[int]) -> str:
    """Write ISO weekdays as they are given: three or more in a row as mon-wed."""
    runs: list[list[str]] = []
    for number, name in enumerate(DAYS, 1):
        if number in days:
            if number - 1 not in days:
                runs.append([])
            runs[-1].append(name)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)  # noqa: PLR2004


def time_of_text(text: str) -> time | None:
    """Give the time of the day that a text names, 15:01 or 15.01; None when it names none."""
    match = _is_time(text.strip())
    try:
        return time(int(match[1]), int(match[2])) if match else None
    except ValueError:
        return None


def moment_of_text(text: str, zone: str, now: datetime) -> datetime:
    """Give the moment that a text names: 15:01, 2026-11-20 15:01, or with an offset or Z.

    Without an offset it is local to the zone, and without a day it is today there. Raises click.UsageError, with what
    to write instead, for anything else and for a local time that the clocks skip or repeat.
    """
    match = _is_moment(text.strip())
    if match is None or (match[5] and not match[1]):
        raise click.UsageError(_no_moment(text))
    there = zoneinfo.ZoneInfo(zone)
    day = match[1] or now.astimezone(there).date().isoformat()
    if date_of_text(day) is None:
        raise click.UsageError(f"{day} is no day of the years {FIRST_YEAR} to {LAST_YEAR}: write it as 2026-11-20")
    written = f"{day}T{match[2]:>02}:{match[3]}"
    try:
        moment = datetime.fromisoformat(f"{written}{match[4] or ''}{(match[5] or '').upper()}")
    except ValueError:
        raise click.UsageError(_no_moment(text)) from None
    return moment if moment.tzinfo else _local(moment, there, written)


def _local(moment: datetime, zone: zoneinfo.ZoneInfo, written: str) -> datetime:
    """Give a local moment its zone; refuse one that is not there, or there twice, on a day when the clocks change."""
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    forms = [f"{written}{each.strftime('%z')[:3]}:{each.strftime('%z')[3:5]}" for each in (first, second)]
    if forms[0] == forms[1]:
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        why = f"the clocks of {zone.key} skip {written}: write a time that is there"
        raise click.UsageError(f"{why}, or with an offset, {forms[0]}")
    raise click.UsageError(f"the clocks of {zone.key} show {written} twice: write {forms[0]} or {forms[1]}")


def _no_moment(text: str) -> str:
    forms = '15:01 for today, "2026-11-20 15:01", or with an offset 2026-11-20T15:01+01:00 or 2026-11-20T14:01Z'
    return f"{shown(text)} is no time of an import: write {forms}"
