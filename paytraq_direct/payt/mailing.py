"""When Payt mails an invoice to the debtor, worked out from the moment it was imported.

Documented (the seller's settings may differ): one hour of delay, then a half hour, 15:01 and 15:29 both give 16:30;
Monday to Saturday. Not documented: an import exactly a delay before a half hour, the end of the sending hours, the
hours themselves, the clock changes. There the earlier moment is given, since a person acts on it.
Source: Payt's support pages on the daily import and on the invoicing process, read 2026-11-21.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE: Final = "Europe/Amsterdam"
DELAY: Final = timedelta(hours=1)
SLOT: Final = timedelta(minutes=30)
MONDAY_TO_SATURDAY: Final = frozenset({1, 2, 3, 4, 5, 6})
DAILY_IMPORT: Final = time(1)
_EVERY_DAY: Final = frozenset(range(1, 8))
_SLOT_MINUTES: Final = 30

ON_THE_SLOT: Final = "due on a half hour: Payt does not say if it takes that one or the next"
AT_THE_END: Final = "the sending hours end then: Payt does not say if that moment still counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRules:
    """How an administration has set its sending; as Payt documents the defaults.

    ``days`` are ISO weekdays, Monday is 1. ``not_on`` are days on which nothing is mailed, such as public holidays:
    Payt leaves out those of the administration's country, which are not known here. The sending hours are local, in
    whole minutes, from ``hours_from`` to ``hours_until``, which counts too; None is the end of the day. ``zone`` is an
    IANA name.

    Raises ValueError when nothing could ever be mailed, or the delay is negative: the message says which.
    """

    delay: timedelta = DELAY
    days: frozenset[int] = MONDAY_TO_SATURDAY
    not_on: frozenset[date] = field(default_factory=frozenset)
    hours_from: time = time.min
    hours_until: time | None = None
    zone: str = ZONE

    def __post_init__(self) -> None:
        """Refuse what would never mail."""
        if self.delay < timedelta(0):
            raise ValueError("the delay is negative")
        if not self.days or not self.days <= _EVERY_DAY:
            raise ValueError("name at least one sending day: 1 for Monday to 7 for Sunday")
        if not any(self._is_in_hours(time(half // 2, half % 2 * 30), ends=False) for half in range(48)):
            raise ValueError(
                "the sending hours hold no half hour: they run from the earlier to the later time of a day"
            )

    def allows(self, local: datetime, *, ends: bool) -> bool:
        """Tell whether it is mailed at a local moment; ``ends`` says whether the end of the sending hours counts."""
        is_day = local.isoweekday() in self.days and local.date() not in self.not_on
        return is_day and self._is_in_hours(local.time(), ends=ends)

    def _is_in_hours(self, at: time, *, ends: bool) -> bool:
        until = self.hours_until
        return at >= self.hours_from and (until is None or at < until or (ends and at == until))


USUAL: Final = SendingRules()


@dataclass(frozen=True, slots=True)
class Mailing:
    """When an invoice will be mailed.

    All moments are local to the zone of the rules, each with its offset, so that they compare and subtract as elapsed
    time. ``sent_at`` is the earliest that fits what Payt documents, and the one to act on: the last moment to stop it.
    ``latest`` is another only where Payt does not say; ``notes`` then say what, and are empty otherwise.
    """

    imported_at: datetime
    sent_at: datetime
    latest: datetime
    notes: tuple[str, ...] = ()

    @property
    def is_boundary(self) -> bool:
        """Tell whether it is one of two moments, and Payt does not say which."""
        return self.sent_at != self.latest


def mailed(imported_at: datetime, rules: SendingRules = USUAL) -> Mailing:
    """Give when an invoice that is imported at a moment will be mailed.

    The delay is elapsed time; half hours, days and hours are those of the wall clock, so an hour that the clocks skip
    has no half hours and one that they repeat has them twice. Seconds of the import count for ``latest`` alone, since
    Payt's examples are in minutes.

    Raises ValueError for a moment without a zone, OverflowError at the end of the calendar, and ZoneInfoNotFoundError
    for a zone that this machine does not know.
    """
    if imported_at.utcoffset() is None:
        raise ValueError("the moment of the import has no zone: give it one, as in datetime.now(UTC)")
    zone = ZoneInfo(rules.zone)
    due = imported_at.astimezone(UTC) + rules.delay
    minute = due.replace(second=0, microsecond=0)
    sent_at = next(slot for slot in _slots(minute, zone) if rules.allows(slot, ends=True))
    latest = next(slot for slot in _slots(due, zone) if slot > due and rules.allows(slot, ends=False))
    notes: tuple[str, ...] = ()
    if sent_at != latest:
        notes += (ON_THE_SLOT,) if sent_at == minute else ()
        notes += (AT_THE_END,) if sent_at.time() == rules.hours_until else ()
    return Mailing(_local(imported_at, zone), sent_at, latest, notes)


def next_import(after: datetime, at: time = DAILY_IMPORT, zone: str = ZONE) -> datetime:
    """Give the first daily import that is not before a moment; only about then, its true time is a setting.

    ``at`` is a time of the local wall clock. Where the clocks skip it, it is as long after midnight as on other days;
    where they repeat it, it is the first. Raises as ``mailed`` does. Source: Payt's page on file imports, which says
    "usually around 01:00", read 2026-11-21.
    """
    if after.utcoffset() is None:
        raise ValueError("the moment has no zone: give it one, as in datetime.now(UTC)")
    there = ZoneInfo(zone)
    today = after.astimezone(there).date()
    days = (today + timedelta(days=number) for number in range(3))
    moments = (_local(datetime.combine(day, at, there), there) for day in days)
    return next(moment for moment in moments if moment >= after)


def _slots(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Give every half hour of the local wall clock from a moment in UTC on, in the order of time."""
    moment = start
    while True:
        local = moment.astimezone(zone)
        past = timedelta(minutes=local.minute % _SLOT_MINUTES, seconds=local.second, microseconds=local.microsecond)
        if not past:
            yield _local(moment, zone)
        # The clocks may change on the way: the next turn looks at the clock again.
        moment += SLOT - past


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Give a moment with its local offset written down: two of one ZoneInfo would compare by the wall clock alone."""
    local = moment.astimezone(UTC).astimezone(zone)
    offset = local.utcoffset()
    return local.replace(tzinfo=timezone(offset), fold=0) if offset else local.astimezone(UTC)
