"""PayTraq's verdict over an exchange, and what asks for it: arguments, options, Retry-After."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.answer import AnswerReader, NotAnAnswer, read_body
from paytraq_direct.channel import Channel, ChannelUri, judge, retry_after
from paytraq_direct.errors import ChannelError
from paytraq_direct.wire import Exchange, Progress, Wire

from .servers import OK

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def exchange(**changes: Any) -> Exchange:
    """Give an exchange that went well, but for the changes."""
    usual: dict[str, Any] = {
        "progress": Progress.WHOLE,
        "status": 200,
        "reason": "OK",
        "headers": (),
        "body": b"",
        "early": False,
        "trouble": None,
        "stage": "done",
        "sent_at": NOON,
        "elapsed_ms": 1_000.0,
    }
    return Exchange(**{**usual, **changes})


def oracle(progress: Progress, status: int | None, *, early: bool, busy: bool) -> str:
    """Say the outcome in the order of the contract's own sentences, independently of the table."""
    if status is None:
        return "deferred" if progress is Progress.NOTHING else "in_doubt"
    if status == 200:
        return "delivered" if progress is Progress.WHOLE and not early else "in_doubt"
    if status in (408, 425, 429) or (status == 503 and busy):
        return "deferred"
    if status // 100 == 2 or status >= 600 or status in (502, 503, 504) or 520 <= status <= 527:
        return "in_doubt"
    return "rejected"


@given(st.sampled_from(Progress), st.booleans(), st.booleans())
def test_every_combination_has_the_outcome_of_the_contract(progress: Progress, early: bool, busy: bool) -> None:  # noqa: FBT001
    """All statuses, with every progress, early or not, with Retry-After or not."""
    headers = (("Retry-After", "7"),) if busy else ()
    for status in (None, *range(200, 1_000)):
        verdict = judge(exchange(progress=progress, status=status, early=early, headers=headers))

        assert oracle(progress, status, early=early, busy=busy) == verdict.outcome
        assert verdict.message
        assert verdict.retry_after == (7 if busy and verdict.outcome == "deferred" and status else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("30", 30),
        ("86400", 86_400),
        ("999999999999", 86_400),
        ("9" * 40, None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        (" 3", None),
        ("soon", None),
        ("3, 4", None),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Saturday, 21-Nov-26 12:00:30 GMT", 30),
        ("Sat Nov 21 12:00:30 2026", 30),
        ("Sat, 21 Nov 2026 11:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
        ("12:00:30", None),
        ("Sat, 21 Nov 2026 99:00:30 GMT", None),
        (":" * 50, None),
    ],
)
def test_retry_after_is_read(text: str | None, seconds: float | None) -> None:
    """Delta-seconds and the three HTTP dates; nonsense and the past are nothing; a day is the most."""
    assert seconds == retry_after(text, NOON)
    assert seconds == retry_after(text, NOON.astimezone(timezone(timedelta(hours=9))))


@given(st.text(max_size=30))
def test_no_retry_after_raises(text: str) -> None:
    """A header is written by strangers."""
    seconds = retry_after(text, NOON)

    assert seconds is None or 0 <= seconds <= 86_400


def test_a_retry_after_date_counts_from_when_the_answer_came() -> None:
    """The exchange knows its own time, so no clock is consulted; one can be given."""
    busy = exchange(status=429, headers=(("Retry-After", "Sat, 21 Nov 2026 12:00:31 GMT"),))

    assert judge(busy).retry_after == 30
    assert judge(busy, now=NOON).retry_after == 31
    assert judge(busy).message == "429 Too Many Requests: busy, it was not taken, try again in 30 s"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "200 OK"),
        ({"status": 404}, "404 Not Found: is the channel still active, and its URI complete?"),
        ({"status": 599}, "599: the channel failed on the document"),
        (
            {"status": None, "trouble": "no answer came within 60 s"},
            "the document was sent, but no answer came within 60 s",
        ),
        (
            {"status": None, "trouble": "connection refused", "progress": Progress.NOTHING},
            "nothing was sent: connection refused",
        ),
        (
            {"status": None, "trouble": "the connection was reset", "progress": Progress.STARTED},
            "part of the document was sent, but the connection was reset",
        ),
    ],
)
def test_messages_say_what_happened(changes: dict[str, Any], message: str) -> None:
    """Short, plain, and in terms of the document."""
    assert message == judge(exchange(**changes)).message


@pytest.mark.parametrize(
    ("changes", "noted"),
    [
        ({}, 0),
        ({"body": b"OK"}, 0),
        ({"body": b"\n <!DOCTYPE html><html>"}, 1),
        ({"body": b"<HTML>"}, 1),
        ({"headers": (("CONTENT-type", "text/HTML; charset=utf-8"),)}, 1),
        ({"stage": "body"}, 1),
        ({"status": 500, "body": b"<html>"}, 0),
    ],
)
def test_notes_change_nothing(changes: dict[str, Any], noted: int) -> None:
    """An HTML page and a cut body are remarks about a delivered document, not doubts."""
    verdict = judge(exchange(**changes))

    assert noted == len(verdict.notes)
    assert verdict.outcome in ("delivered", "rejected")


@given(st.binary(max_size=400), st.integers(1, 50))
def test_an_answer_read_in_pieces_is_the_same_answer(noise: bytes, size: int) -> None:
    """However the bytes are cut, the reader says the same; noise never gets further than NotAnAnswer."""
    for data in (
        noise,
        OK[: len(noise)] + noise,
        b"HTTP/1.1 200 OK\r\n" + noise,
        b"HTTP/1.1 100 C\r\n\r\n" + OK + noise,
    ):
        pieces = [data[start : start + size] for start in range(0, len(data), size)]

        assert _read([data]) == _read(pieces)


def _read(pieces: list[bytes]) -> tuple[Any, ...]:
    reader = AnswerReader()
    left = iter(pieces)
    try:
        for piece in left:
            reader.feed(piece)
            if reader.head:
                body = read_body(reader.head, reader.buffer, lambda: next(left, b""))
                return reader.head, reader.starts_at, body.whole, body.kept if body.whole else b""
    except NotAnAnswer:
        return ("no answer",)
    return ("unfinished",)


@pytest.mark.parametrize("deadline_s", [0, -1, 0.0, math.inf, -math.inf, math.nan])
def test_a_deadline_is_a_finite_time(deadline_s: float) -> None:
    """No exchange waits for ever, by no trick."""
    with Wire() as wire, pytest.raises(ValueError, match="deadline"):
        wire.post("http://127.0.0.1:1/x", b"x", headers={}, deadline_s=deadline_s, shown_url="http://127.0.0.1:1/x")


@pytest.mark.parametrize(
    "changes",
    [
        {"deadline_s": True},
        {"deadline_s": "5"},
        {"deadline_s": None},
        {"body": b""},
        {"body": "text"},
        {"body": None},
        {"body": {}},
        {"headers": {"A": "b\r\nC: d"}},
        {"headers": {"A b": "c"}},
        {"headers": {"": "c"}},
        {"headers": {"Host": "x"}},
        {"headers": {"content-LENGTH": "1"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"A": "ī"}},
    ],
)
def test_arguments_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    """A programming error is raised; it is never an outcome."""
    usual: dict[str, Any] = {"body": b"x", "headers": {}, "deadline_s": 1}
    with Wire() as wire, pytest.raises((TypeError, ValueError)):
        wire.post("http://127.0.0.1:1/x", shown_url="http://127.0.0.1:1/x", **{**usual, **changes})


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://h/x", "http://[::1/x", "http:///x", "http://h:99999/x", "http://h/a b", "http://a..b/x"]
)
def test_a_url_that_cannot_be_used_sends_nothing(url: str) -> None:
    """What happens before the first byte is deferred, whatever class the error has, and is not quoted."""
    with Wire() as wire:
        result = wire.post(url, b"x", headers={}, deadline_s=5, shown_url="http://h.example/…")

    assert (result.progress, result.status) == (Progress.NOTHING, None)
    assert result.trouble
    assert url not in result.trouble


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "127.0.0.1:3128",
        "https://p:1",
        "http://p",
        "http://p:0",
        "http://p:x",
        "http://user:hunter2@",
        "http://p:1/hunter2",
        "socks5://p:1",
        "http://p q:1",
    ],
)
def test_a_proxy_is_checked_and_never_shown(proxy: str) -> None:
    """The option's form is explained; the text, which may hold a password, is not repeated."""
    with pytest.raises(ChannelError, match="http://host:port") as caught:
        Wire(proxy=proxy)

    assert "hunter2" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_a_proxy_does_not_serve_plain_http() -> None:
    """The channel's URI would be told to the proxy."""
    with Wire(proxy="http://127.0.0.1:1") as wire:
        with pytest.raises(ChannelError, match="https only"):
            Channel(ChannelUri("http://127.0.0.1/x"), wire)
        with pytest.raises(ChannelError, match="https only"):
            wire.post("http://127.0.0.1/x", b"x", headers={}, deadline_s=1, shown_url="http://127.0.0.1/…")


def test_a_ca_bundle_is_loaded_at_once(tmp_path: Path) -> None:
    """A missing or empty file is named when the wire is made, before anything is promised."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")

    for path in (tmp_path / "missing.pem", empty):
        with pytest.raises(ChannelError, match=path.name):
            Wire(ca_bundle=path)


def test_a_header_is_found_in_any_letter_case() -> None:
    """The first value counts; a header that is not there is None."""
    result = exchange(headers=(("X-One", "1"), ("x-one", "2")))

    assert result.header("X-ONE") == "1"
    assert result.header("other") is None
