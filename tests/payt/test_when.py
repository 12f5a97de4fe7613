"""When the debtor will be mailed: worked out by hand, held to its laws, and told by payt when."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.cli.payt import moments, when
from paytraq_direct.payt.mailing import AT_THE_END, ON_THE_SLOT, Mailing, SendingRules, mailed, next_import

if TYPE_CHECKING:
    from pathlib import Path

EVERY_DAY = frozenset(range(1, 8))
USUAL: dict[str, Any] = {}
DAILY: dict[str, Any] = {"days": EVERY_DAY}
OFFICE: dict[str, Any] = {"hours_from": time(8), "hours_until": time(18)}
QUARTERS: dict[str, Any] = {"hours_from": time(8, 15), "hours_until": time(17, 45)}

# The moment of the import, the rules, when it is mailed; and the later moment where Payt does not say.
BY_HAND: list[tuple[str, dict[str, Any], str, str | None]] = [
    # Payt's own two examples.
    ("2026-11-20T15:01+01:00", USUAL, "2026-11-20T16:30+01:00", None),
    ("2026-11-20T15:29+01:00", USUAL, "2026-11-20T16:30+01:00", None),
    # On the half hour, around it, and its seconds.
    ("2026-11-20T15:00+01:00", USUAL, "2026-11-20T16:00+01:00", "2026-11-20T16:30+01:00"),
    ("2026-11-20T15:30+01:00", USUAL, "2026-11-20T16:30+01:00", "2026-11-20T17:00+01:00"),
    ("2026-11-20T15:31+01:00", USUAL, "2026-11-20T17:00+01:00", None),
    ("2026-11-20T15:29:59+01:00", USUAL, "2026-11-20T16:30+01:00", None),
    ("2026-11-20T15:30:20+01:00", USUAL, "2026-11-20T16:30+01:00", "2026-11-20T17:00+01:00"),
    ("2026-11-20T15:59:59.999999+01:00", USUAL, "2026-11-20T17:00+01:00", None),
    # Weekends: 2026-11-20 is a Friday.
    ("2026-11-21T22:29+01:00", USUAL, "2026-11-21T23:30+01:00", None),
    ("2026-11-21T22:30+01:00", USUAL, "2026-11-21T23:30+01:00", "2026-11-23T00:00+01:00"),
    ("2026-11-21T22:31+01:00", USUAL, "2026-11-23T00:00+01:00", None),
    ("2026-11-21T23:10+01:00", USUAL, "2026-11-23T00:00+01:00", None),
    ("2026-11-22T01:00+01:00", USUAL, "2026-11-23T00:00+01:00", None),
    ("2026-11-22T22:00+01:00", USUAL, "2026-11-23T00:00+01:00", None),
    ("2026-11-22T23:00+01:00", USUAL, "2026-11-23T00:00+01:00", "2026-11-23T00:30+01:00"),
    ("2026-11-21T23:10+01:00", DAILY, "2026-11-22T00:30+01:00", None),
    ("2026-11-20T23:15+01:00", {"days": frozenset(range(1, 6))}, "2026-11-23T00:00+01:00", None),
    ("2026-11-18T23:10+01:00", {"days": frozenset({3})}, "2026-11-25T00:00+01:00", None),
    # Ends of months and years, leap days, holidays.
    ("2026-11-30T23:10+01:00", USUAL, "2026-12-01T00:30+01:00", None),
    ("2026-12-31T23:15+01:00", USUAL, "2027-01-01T00:30+01:00", None),
    ("2026-12-31T23:15+01:00", {"not_on": frozenset({date(2027, 1, 1)})}, "2027-01-02T00:00+01:00", None),
    ("2027-02-28T23:10+01:00", USUAL, "2027-03-01T00:30+01:00", None),
    ("2028-02-28T23:45+01:00", USUAL, "2028-02-29T01:00+01:00", None),
    ("2028-02-29T23:45+01:00", USUAL, "2028-03-01T01:00+01:00", None),
    # Sending hours: before, within, at the end, after, and such as begin between two half hours.
    ("2026-11-20T05:00+01:00", OFFICE, "2026-11-20T08:00+01:00", None),
    ("2026-11-20T07:00+01:00", OFFICE, "2026-11-20T08:00+01:00", "2026-11-20T08:30+01:00"),
    ("2026-11-20T10:10+01:00", OFFICE, "2026-11-20T11:30+01:00", None),
    ("2026-11-20T16:30+01:00", OFFICE, "2026-11-20T17:30+01:00", "2026-11-21T08:00+01:00"),
    ("2026-11-20T16:40+01:00", OFFICE, "2026-11-20T18:00+01:00", "2026-11-21T08:00+01:00"),
    ("2026-11-20T17:00+01:00", OFFICE, "2026-11-20T18:00+01:00", "2026-11-21T08:00+01:00"),
    ("2026-11-20T17:01+01:00", OFFICE, "2026-11-21T08:00+01:00", None),
    ("2026-11-21T17:30+01:00", OFFICE, "2026-11-23T08:00+01:00", None),
    ("2026-11-20T06:00+01:00", QUARTERS, "2026-11-20T08:30+01:00", None),
    ("2026-11-20T16:20+01:00", QUARTERS, "2026-11-20T17:30+01:00", None),
    ("2026-11-20T16:50+01:00", QUARTERS, "2026-11-21T08:30+01:00", None),
    # Spring: 02:00 becomes 03:00. By the default rules the days of both changes, Sundays, are left out.
    ("2026-03-28T22:45+01:00", USUAL, "2026-03-30T00:00+02:00", None),
    ("2026-03-29T00:29+01:00", DAILY, "2026-03-29T01:30+01:00", None),
    ("2026-03-29T00:30+01:00", DAILY, "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00"),
    ("2026-03-29T00:59+01:00", DAILY, "2026-03-29T03:00+02:00", None),
    ("2026-03-29T01:00+01:00", DAILY, "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"),
    ("2026-03-29T01:10+01:00", DAILY, "2026-03-29T03:30+02:00", None),
    ("2026-03-28T23:00+01:00", DAILY | {"hours_from": time(2), "hours_until": time(2, 45)}, "2026-03-30T02:00+02:00", None),
    ("2027-03-28T00:45+01:00", DAILY, "2027-03-28T03:00+02:00", None),
    # Autumn: 03:00 becomes 02:00, and 02:30 comes twice.
    ("2026-10-25T01:10+02:00", DAILY, "2026-10-25T02:30+02:00", None),
    ("2026-10-25T01:30+02:00", DAILY, "2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00"),
    ("2026-10-25T01:31+02:00", DAILY, "2026-10-25T02:00+01:00", None),
    ("2026-10-25T02:10+02:00", DAILY, "2026-10-25T02:30+01:00", None),
    ("2026-10-25T02:30+02:00", DAILY, "2026-10-25T02:30+01:00", "2026-10-25T03:00+01:00"),
    ("2026-10-25T02:10+01:00", DAILY, "2026-10-25T03:30+01:00", None),
    ("2027-10-31T01:45+02:00", DAILY, "2027-10-31T02:00+01:00", None),
    ("2027-10-30T23:10+02:00", USUAL, "2027-11-01T00:00+01:00", None),
    # Other clocks: of the import, and of the administration.
    ("2026-11-20T14:01+00:00", USUAL, "2026-11-20T16:30+01:00", None),
    ("2026-11-20T19:31+05:30", USUAL, "2026-11-20T16:30+01:00", None),
    ("2026-11-21T23:30-05:00", USUAL, "2026-11-23T00:00+01:00", None),
    ("2026-11-20T15:01+05:30", {"zone": "Asia/Kolkata"}, "2026-11-20T16:30+05:30", None),
    ("2026-11-20T15:01+05:45", {"zone": "Asia/Kathmandu"}, "2026-11-20T16:30+05:45", None),
    ("2026-11-20T15:01+00:00", {"zone": "Europe/London"}, "2026-11-20T16:30+00:00", None),
    ("2026-10-04T00:45+10:30", DAILY | {"zone": "Australia/Lord_Howe"}, "2026-10-04T02:30+11:00", None),
    # Other delays.
    ("2026-11-20T15:01+01:00", {"delay": timedelta(0)}, "2026-11-20T15:30+01:00", None),
    ("2026-11-20T15:01+01:00", {"delay": timedelta(minutes=90)}, "2026-11-20T17:00+01:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("imported_at", "rules", "sent_at", "latest"), BY_HAND)
def test_by_hand(imported_at: str, rules: dict[str, Any], sent_at: str, latest: str | None) -> None:
    """The moment is the one that a person finds with a calendar; offsets are part of it."""
    mailing = mailed(datetime.fromisoformat(imported_at), SendingRules(**rules))
    expected = [sent_at, latest or sent_at]
    assert expected == [moment.isoformat(timespec="minutes") for moment in (mailing.sent_at, mailing.latest)]
    assert (mailing.is_boundary, bool(mailing.notes)) == (latest is not None, latest is not None)
    assert mailing.imported_at == datetime.fromisoformat(imported_at)


@pytest.mark.parametrize(
    ("imported_at", "notes"),
    [("15:10", ()), ("07:00", (ON_THE_SLOT,)), ("16:40", (AT_THE_END,)), ("17:00", (ON_THE_SLOT, AT_THE_END))],
)
def test_what_is_not_documented_is_named(imported_at: str, notes: tuple[str, ...]) -> None:
    """Where it may be one of two moments, the reason is told, and only there."""
    assert notes == mailed(datetime.fromisoformat(f"2026-11-20T{imported_at}+01:00"), SendingRules(**OFFICE)).notes


@pytest.mark.parametrize(
    "rules",
    [
        {"days": frozenset()}, {"days": frozenset({0})}, {"days": frozenset({7, 8})}, {"delay": timedelta(seconds=-1)},
        {"hours_from": time(18), "hours_until": time(8)}, {"hours_from": time(8, 10), "hours_until": time(8, 30)},
        {"hours_from": time(8), "hours_until": time(8)}, {"hours_from": time(23, 31)},
    ],
)  # fmt: skip
def test_rules_that_never_mail_are_refused(rules: dict[str, Any]) -> None:
    """Nobody waits for a moment that never comes."""
    with pytest.raises(ValueError, match=r"sending day|delay|half hour"):
        SendingRules(**rules)


def test_a_moment_without_a_zone_is_refused() -> None:
    """Whose clock is meant is never guessed."""
    for give in (mailed, next_import):
        with pytest.raises(ValueError, match=r"no zone: give it one, as in datetime.now\(UTC\)"):
            give(datetime(2026, 11, 20, 15, 1))  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize(
    ("after", "at", "expected"),
    [
        ("2026-11-20T15:00+01:00", "01:00", "2026-11-21T01:00+01:00"),
        ("2026-11-20T00:59+01:00", "01:00", "2026-11-20T01:00+01:00"),
        ("2026-11-20T01:00+01:00", "01:00", "2026-11-20T01:00+01:00"),
        ("2026-11-20T01:00:01+01:00", "01:00", "2026-11-21T01:00+01:00"),
        ("2026-11-20T23:30+00:00", "01:00", "2026-11-21T01:00+01:00"),
        ("2026-12-31T12:00+01:00", "01:00", "2027-01-01T01:00+01:00"),
        ("2028-02-28T12:00+01:00", "01:00", "2028-02-29T01:00+01:00"),
        ("2026-03-28T12:00+01:00", "01:00", "2026-03-29T01:00+01:00"),
        ("2026-03-29T12:00+02:00", "01:00", "2026-03-30T01:00+02:00"),
        ("2026-03-28T12:00+01:00", "02:30", "2026-03-29T03:30+02:00"),
        ("2026-10-24T12:00+02:00", "02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:45+02:00", "02:30", "2026-10-26T02:30+01:00"),
    ],
)
def test_the_next_daily_import(after: str, at: str, expected: str) -> None:
    """It is the first at that local time, across months, years and both clock changes."""
    found = next_import(datetime.fromisoformat(after), time.fromisoformat(at))
    assert expected == found.isoformat(timespec="minutes")


ZONES = (
    "Europe/Amsterdam",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
)
FAR = timedelta(days=15)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2180, 1, 1), timezones=st.just(UTC)) | st.builds(  # noqa: DTZ001
    # Around the clock changes of Amsterdam, where the arithmetic is in danger.
    lambda change, seconds: datetime.fromisoformat(change) + timedelta(seconds=seconds),
    st.sampled_from(["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2027-03-28T01:00Z", "2027-10-31T01:00Z"]),
    st.integers(-10_800, 10_800),
)


@st.composite
def sending_rules(draw: st.DrawFn) -> SendingRules:
    """Make rules of every kind; the hours hold at least one half hour."""
    first = draw(st.integers(0, 46))
    last = draw(st.none() | st.integers(first + 1, 47))
    return SendingRules(
        delay=timedelta(minutes=draw(st.integers(0, 300) | st.just(60))),
        days=draw(st.frozensets(st.integers(1, 7), min_size=1) | st.just(EVERY_DAY)),
        hours_from=time(first // 2, first % 2 * 30),
        hours_until=None if last is None else time(last // 2, last % 2 * 30),
        zone=draw(st.sampled_from(ZONES)),
    )


@given(MOMENTS, sending_rules())
def test_its_laws(imported_at: datetime, rules: SendingRules) -> None:
    """It is mailed after the delay, on a half hour of an allowed day and hour, the first there is, and not weeks later."""
    mailing = mailed(imported_at, rules)
    zone = ZoneInfo(rules.zone)
    due = imported_at + rules.delay
    assert due - timedelta(minutes=1) < mailing.sent_at <= mailing.latest
    assert due < mailing.latest < due + FAR
    if due.second == due.microsecond == 0:
        assert mailing.sent_at >= due
    for moment, ends in ((mailing.sent_at, True), (mailing.latest, False)):
        local = moment.astimezone(UTC).astimezone(zone)
        assert (local.minute % 30, local.second, local.microsecond) == (0, 0, 0)
        assert local.replace(tzinfo=None) == moment.replace(tzinfo=None)
        assert local.isoweekday() in rules.days
        assert local.time() >= rules.hours_from
        assert (
            rules.hours_until is None
            or local.time() < rules.hours_until
            or (ends and local.time() == rules.hours_until)
        )
    # Minute by minute, for as long as that is quick: nothing allowed was passed over.
    minute = due.replace(second=0, microsecond=0)
    while minute < min(mailing.sent_at, due + timedelta(hours=4)):
        local = minute.astimezone(zone)
        assert local.minute % 30 or not rules.allows(local, ends=True)
        minute += timedelta(minutes=1)


@given(MOMENTS, st.integers(0, 10**6), sending_rules())
def test_what_comes_later_is_not_mailed_sooner(imported_at: datetime, later_s: int, rules: SendingRules) -> None:
    """Both moments only grow with the moment of the import."""
    first, second = mailed(imported_at, rules), mailed(imported_at + timedelta(seconds=later_s), rules)
    assert (first.sent_at <= second.sent_at, first.latest <= second.latest) == (True, True)


@given(MOMENTS)
def test_by_the_default_rules_it_is_within_two_days(imported_at: datetime) -> None:
    """Only Sunday is left out, so nobody waits for longer than it and the delay."""
    assert mailed(imported_at).latest - imported_at <= timedelta(hours=26, minutes=30)


@given(MOMENTS, st.times().map(lambda at: at.replace(second=0, microsecond=0)), st.sampled_from(ZONES))
def test_there_is_an_import_every_day(after: datetime, at: time, zone: str) -> None:
    """The next import is not before the moment, and within a day, or 25 hours when the clocks go back."""
    assert timedelta(0) <= next_import(after, at, zone) - after <= timedelta(hours=25)


def _when(*arguments: str) -> tuple[int, str, str]:
    """Run payt when, and give its exit code and its two outputs."""
    result = run("payt", "when", *arguments)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_a_given_time_is_told_fact_first() -> None:
    """When, of which import, by which rules; with quotes or without, of any kind of text."""
    expected = (
        "mailed Fri 2026-11-20 16:30+01:00, the last moment to stop it\n"
        "       imported Fri 2026-11-20 15:01+01:00\n"
        "rules  1 h after the import, then the next half hour; mon-sat, 00:00-24:00, Europe/Amsterdam\n"
    )
    for words in (["2026-11-20 15:01"], ["2026-11-20", "15:01"], ["2026-11-20T14:01Z"]):
        assert (0, expected, "") == _when(*words)


def test_the_boundary_is_told_with_both_moments() -> None:
    """The earlier is the one to act on; the later, the reason and other rules stand below."""
    expected = (
        "mailed Sun 2026-10-25 02:30+02:00, the last moment to stop it; perhaps only 02:00+01:00\n"
        f"       imported Sun 2026-10-25 01:45+02:00\n       {ON_THE_SLOT}\n"
        "rules  45 min after the import, then the next half hour; tue,wed,sat,sun, 00:00-18:00, Europe/Amsterdam\n"
    )
    options = ("--delay", "45m", "--days", "tue-wed,sat,sun", "--hours", "00:00-18:00")
    assert (0, expected, "") == _when("2026-10-25 01:45", *options)


def test_without_a_time_it_tells_now_and_the_daily_import() -> None:
    """Two moments: if imported now, and by the next daily import, whose time is only about."""
    code, out, err = _when()
    moment = r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d\+0[12]:00"
    mailed_ = rf"mailed {moment}, the last moment to stop it(; perhaps only [^;\n]+)?\n"
    pattern = rf"{mailed_} +if imported now, {moment}\n( +due on a half hour.*\n)?{mailed_} +if imported by the daily import, about {moment}\n"
    assert (code, err) == (0, "")
    assert re.match(pattern, out), out


def test_json_has_the_same_in_utc() -> None:
    """One object for each import, all keys always there."""
    code, out, _ = _when("2026-11-20 15:30", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "import": "given", "imported_at": "2026-11-20T14:30:00.000Z", "sent_at": "2026-11-20T15:30:00.000Z",
            "latest": "2026-11-20T16:00:00.000Z", "is_boundary": True, "notes": [ON_THE_SLOT], "zone": "Europe/Amsterdam",
        },
    )  # fmt: skip
    now, daily = map(json.loads, _when("--json", "--import-at", "03:15")[1].splitlines())
    assert (now["import"], daily["import"]) == ("now", "daily")
    imported = datetime.fromisoformat(daily["imported_at"]).astimezone(ZoneInfo("Europe/Amsterdam"))
    assert imported.time() in {time(3, 15), time(4, 15)}


NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("15:01", "Europe/Amsterdam", "2026-11-21T15:01+01:00"),
        ("15:01", "UTC", "2026-11-20T15:01+00:00"),
        ("9.05", "UTC", "2026-11-20T09:05+00:00"),
        ("15:01:30", "UTC", "2026-11-20T15:01:30+00:00"),
        ("2026-07-01 15:01", "Europe/Amsterdam", "2026-07-01T15:01+02:00"),
        ("2026-07-01t15:01z", "Europe/Amsterdam", "2026-07-01T15:01+00:00"),
        ("2026-07-01 15:01 +0530", "Europe/Amsterdam", "2026-07-01T15:01+05:30"),
        (" 2026-07-01T15:01:00.5-03:00 ", "Europe/Amsterdam", "2026-07-01T15:01:00.5-03:00"),
    ],
)
def test_what_is_taken_as_a_moment(text: str, zone: str, expected: str) -> None:
    """Without a day it is today in that zone, without an offset it is its clock."""
    found = moments.moment_of_text(text, zone, NOW)
    assert (datetime.fromisoformat(expected), expected[-6:-3]) == (found, found.isoformat()[-6:-3])


FORMS = 'write 15:01 for today, "2026-11-20 15:01", or with an offset 2026-11-20T15:01+01:00 or 2026-11-20T14:01Z'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["half past three"], f'"half past three" is no time of an import: {FORMS}'),
        (["25:00"], f'"25:00" is no time of an import: {FORMS}'),
        (["2026-11-20"], f'"2026-11-20" is no time of an import: {FORMS}'),
        (["15:01Z"], f'"15:01Z" is no time of an import: {FORMS}'),
        (["2026-02-30 15:01"], "2026-02-30 is no day of the years 1900 to 2199: write it as 2026-11-20"),
        (["2026-03-29 02:30"], "the clocks of Europe/Amsterdam skip 2026-03-29T02:30: write a time that is there, or with an offset, 2026-03-29T02:30+01:00"),
        (["2026-10-25 02:30"], "the clocks of Europe/Amsterdam show 2026-10-25T02:30 twice: write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        (["--zone", "amsterdam"], "Invalid value for '--zone': \"amsterdam\" is no time zone: did you mean Europe/Amsterdam?"),
        (["--zone", "../x"], "Invalid value for '--zone': \"../x\" is no time zone: write it as Europe/Amsterdam"),
        (["--days", "weekdays"], "Invalid value for '--days': \"weekdays\" are no days: write them as mon-sat or mon,wed,fri"),
        (["--hours", "8-18"], "Invalid value for '--hours': \"8-18\" are no hours: write them as 08:00-18:00 or 08:00-24:00"),
        (["--hours", "18:00-08:00"], "the sending hours hold no half hour: they run from the earlier to the later time of a day"),
        (["--import-at", "1am"], "Invalid value for '--import-at': \"1am\" is no time of a day: write it as 01:00"),
        (["--not-on", "25.12."], "--not-on 25.12. is no day: write it as 2026-12-25"),
        (["--delay", "soon"], "Invalid value for '--delay': write a time as 90, 90s, 15m or 2h"),
    ],
)  # fmt: skip
def test_wrong_usage_has_a_way_out(arguments: list[str], message: str) -> None:
    """What cannot be meant is told with what to write instead, and exit code 2."""
    assert (2, "", f"error: {message}\npayt when --help says more\n") == _when(*arguments)


@given(st.text(max_size=30) | st.from_regex(r"[0-9:.TZ+ -]{1,20}", fullmatch=True))
def test_any_text_is_a_moment_or_wrong_usage(text: str) -> None:
    """Nothing that is written on the command line ends in a traceback."""
    try:
        found = moments.moment_of_text(text, "Europe/Amsterdam", NOW)
    except click.UsageError:
        return
    assert mailed(found).sent_at > found - timedelta(days=1)


@given(st.frozensets(st.integers(1, 7), min_size=1))
def test_weekdays_are_read_as_they_are_written(days: frozenset[int]) -> None:
    """What the last line shows can be given to --days, and runs may go over the weekend."""
    assert days == moments.Weekdays().convert(moments.days_text(days), None, None)
    assert frozenset({6, 7, 1}) == moments.Weekdays().convert("sat-mon", None, None)


def test_what_is_past_is_said_to_be() -> None:
    """Of an import today whose mail is out, nobody is told to stop it; of another day it is clear."""
    past = mailed(NOW - timedelta(hours=2, minutes=50), SendingRules(zone="UTC"))
    assert when.lines("given", past, NOW)[2:] == ["       that is past"]
    assert when.lines("given", past, past.sent_at)[2:] == []
    assert when.lines("given", past, NOW + timedelta(days=3))[2:] == []


def test_one_line_for_other_commands() -> None:
    """The phrase says when, and that it is the last moment."""
    mailing: Mailing = mailed(datetime(2026, 11, 20, 14, 1, tzinfo=UTC))
    told = "mailed Fri 2026-11-20 16:30+01:00, the last moment to stop it"
    assert when.phrase(mailing) == told
    boundary = mailed(datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
    assert when.phrase(boundary) == f"{told}; perhaps only 17:00+01:00"
    at_the_end = mailed(datetime(2026, 11, 20, 14, 30, tzinfo=UTC), SendingRules(hours_until=time(16, 30)))
    assert when.phrase(at_the_end) == f"{told}; perhaps only Sat 2026-11-21 00:00+01:00"


def test_a_machine_without_time_zones_is_told_what_to_install(tmp_path: Path) -> None:
    """Without the database not even the default zone is known; the way out is told."""
    (tmp_path / "tzdata").mkdir()  # in the place of the package, should there be one
    (tmp_path / "tzdata" / "__init__.py").touch()
    result = run("payt", "when", env={"PYTHONTZPATH": "", "PYTHONPATH": str(tmp_path)})
    assert (result.returncode, b"this machine has no time zones: pip install tzdata" in result.stderr) == (2, True)
