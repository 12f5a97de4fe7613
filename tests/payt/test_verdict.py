"""What an answer of Payt's means: for any status, any body, and any that is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.payt.verdict import Finding, Upserted, judge, upserted
from paytraq_direct.wire import Exchange, Progress

# The answer that Payt's page "Upsert invoices in bulk" shows.
SHOWN: dict[str, Any] = {
    "success": True,
    "count": 98,
    "errors": {"123456": ["Validation error 1", "Validation error 2"], "123461": ["Validation error"]},
    "warnings": {"123457": ["Warning message 1", "Warning message 2"]},
}


def exchanged(body: object = b"", status: int | None = 201, **more: Any) -> Exchange:
    """Give what became of a request: an answer with that body, JSON unless it is bytes."""
    found = {
        "progress": Progress.WHOLE,
        "status": status,
        "reason": "",
        "headers": (),
        "body": body if isinstance(body, bytes) else json.dumps(body).encode(),
        "early": False,
        "trouble": None,
        "stage": "done",
        "sent_at": datetime(2026, 11, 21, 12, tzinfo=UTC),
        "elapsed_ms": 12.0,
        **more,
    }
    return Exchange(**found)


def told(answer: Upserted) -> list[str]:
    """Give the outcomes of the invoices."""
    return [finding.outcome for finding in answer.findings]


def test_the_answer_that_the_page_shows() -> None:
    """Of a hundred, two were refused with their messages, one has warnings, and 98 were processed."""
    numbers = [str(number) for number in range(123400, 123500)]
    answer = upserted(exchanged(SHOWN), numbers)
    found = dict(zip(numbers, answer.findings, strict=True))
    assert found["123456"] == Finding(
        "rejected", "Validation error 1; Validation error 2", ("Validation error 1", "Validation error 2")
    )
    assert found["123461"].errors == ("Validation error",)
    assert found["123457"] == Finding("delivered", "processed", (), ("Warning message 1", "Warning message 2"))
    assert told(answer).count("delivered") == 98
    assert told(answer).count("rejected") == 2
    assert answer.verdict.notes == ()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"), (201, "delivered"), (202, "delivered"), (301, "rejected"), (307, "rejected"),
        (400, "rejected"), (401, "rejected"), (403, "rejected"), (404, "rejected"), (408, "deferred"),
        (409, "rejected"), (413, "rejected"), (422, "rejected"), (425, "deferred"), (429, "deferred"),
        (500, "rejected"), (501, "rejected"), (502, "in_doubt"), (503, "in_doubt"), (504, "in_doubt"),
        (520, "in_doubt"), (527, "in_doubt"), (530, "rejected"), (600, "in_doubt"), (999, "in_doubt"),
    ],
)  # fmt: skip
def test_statuses(status: int, outcome: str) -> None:
    """Each status has its outcome, and its number is told."""
    verdict = judge(exchanged(b"", status))
    assert verdict.outcome == outcome
    assert str(status) in verdict.message


def test_busy_answers_say_when_to_come_back() -> None:
    """Seconds of Retry-After are given for 429, and make a 503 one that was surely not taken."""
    headers = (("Retry-After", "7"),)
    assert judge(exchanged(b"", 429, headers=headers)).retry_after == 7
    assert judge(exchanged(b"", 503, headers=headers)).outcome == "deferred"
    assert judge(exchanged(b"", 429)).retry_after is None


def test_the_message_of_a_refusal_is_shown() -> None:
    """A 403 says what is missing, in the words that Payt documents; a page of HTML is told in short."""
    verdict = judge(exchanged({"code": "forbidden", "message": "Missing permission: invoices:write"}, 403))
    assert verdict.message.endswith("it says: Missing permission: invoices:write")
    assert "<h1>no</h1>" in judge(exchanged(b"<html>\n<h1>no</h1>", 400)).message


@pytest.mark.parametrize(
    ("progress", "outcome"),
    [(Progress.NOTHING, "deferred"), (Progress.STARTED, "in_doubt"), (Progress.WHOLE, "in_doubt")],
)
def test_without_an_answer_the_bytes_decide(progress: Progress, outcome: str) -> None:
    """Nothing sent is safe; anything sent is a doubt, for every invoice of the request."""
    answer = upserted(exchanged(b"", None, progress=progress, trouble="reset", stage="answer"), ["1", "2"])
    assert told(answer) == [outcome] * 2


def test_a_success_that_came_too_soon_is_a_doubt() -> None:
    """An answer before the whole request was written says nothing of what was not there yet."""
    assert judge(exchanged(SHOWN, progress=Progress.STARTED)).outcome == "in_doubt"
    assert judge(exchanged(SHOWN, early=True)).outcome == "in_doubt"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"OK", b"<html><body>Bad gateway</body></html>", b"[]", b"null", b'"ok"', b"\xff\xfe", b'{"success": tru',
        b'{"success": true, "success": false, "count": 2, "errors": {}}',
        b'{"success": true, "count": 2, "errors": {"1": ["a"], "1": []}}',
        {"success": "true", "count": 2, "errors": {}}, {"count": 2, "errors": {}}, {"success": 1, "count": 2, "errors": {}},
        {"success": True, "count": 2}, {"success": True, "count": 2, "errors": None},
        {"success": True, "count": 2, "errors": {"1": {"a": "b"}}},
        {"success": True, "count": 2, "errors": {}, "warnings": "none"},
        {"success": True, "errors": {}}, {"success": True, "count": "2", "errors": {}},
        {"success": True, "count": True, "errors": {}}, {"success": True, "count": -2, "errors": {}},
        {"success": True, "count": 2.0, "errors": {}}, {"success": True, "count": 1, "errors": {}},
        {"success": True, "count": 3, "errors": {}}, {"success": True, "count": 0, "errors": {}},
        {"success": False, "count": 2, "errors": {}}, {"success": False, "count": 0, "errors": {}},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_or_does_not_add_up_is_a_doubt(body: object) -> None:
    """Nothing is guessed: every invoice is in doubt, and the message says why."""
    answer = upserted(exchanged(body), ["1", "2"])
    assert told(answer) == ["in_doubt"] * 2
    assert all("may have arrived" in finding.message for finding in answer.findings)


def test_a_body_that_was_cut_is_a_doubt() -> None:
    """Also where what came of it could be read."""
    assert told(upserted(exchanged({**SHOWN, "errors": {}, "count": 1}, stage="body"), ["1"])) == ["in_doubt"]


def test_what_is_named_is_refused_though_the_rest_is_open() -> None:
    """A wrong count leaves only those in doubt that have no error; a success that is none does, too."""
    for success, count in ((True, 5), (True, 0), (False, 1)):
        answer = upserted(exchanged({"success": success, "count": count, "errors": {"1": ["no"]}}), ["1", "2"])
        assert told(answer) == ["rejected", "in_doubt"]


def test_errors_that_belong_to_no_invoice_are_kept_as_notes() -> None:
    """A kind of failure as a key, such as not_found, is told; the count decides what it means for the rest."""
    said = {"success": True, "errors": {"not_found": ["debtor D-1"]}, "warnings": {"x": "y"}}
    answer = upserted(exchanged({**said, "count": 2}), ["1", "2"])
    assert told(answer) == ["delivered", "delivered"]
    assert answer.verdict.notes == ("not_found: debtor D-1", "x: y")
    assert told(upserted(exchanged({**said, "count": 1}), ["1", "2"])) == ["in_doubt", "in_doubt"]


def test_a_refusal_without_a_reason_is_one() -> None:
    """An empty list of messages, or one text in place of a list, still names its invoice."""
    answer = upserted(exchanged({"success": True, "count": 0, "errors": {"1": [], "2": "no"}}), ["1", "2"])
    assert [finding.message for finding in answer.findings] == ["Payt refused it without a reason", "no"]


def test_an_empty_list_is_an_object_without_members() -> None:
    """Some languages write it so; the count decides all the same."""
    for count, outcome in ((1, "delivered"), (0, "in_doubt")):
        said = {"success": True, "count": count, "errors": [], "warnings": None}
        assert told(upserted(exchanged(said), ["1"])) == [outcome]


def test_a_number_without_messages_is_refused_only_if_the_count_says_so() -> None:
    """Named with an empty list, but counted: that is a contradiction, and a doubt."""
    said = {"success": True, "count": 2, "errors": {"1": []}}
    assert told(upserted(exchanged(said), ["1", "2"])) == ["in_doubt", "in_doubt"]


def test_a_message_that_is_no_text_is_told_as_it_is() -> None:
    """An object says its field."""
    said = {"success": True, "count": 0, "errors": {"1": [{"field": "due_date"}]}}
    assert upserted(exchanged(said), ["1"]).findings[0].errors == ('{"field": "due_date"}',)


def test_messages_are_shown_safely() -> None:
    """Messages are shortened, and nothing in them can steer a terminal."""
    answer = upserted(exchanged({"success": True, "count": 0, "errors": {"1": ["\x1b[2J" + "x" * 1000, 7]}}), ["1"])
    assert [len(error) <= 310 and error.isprintable() for error in answer.findings[0].errors] == [True, True]


_NUMBERS = st.lists(st.text("0123456789A-", min_size=1, max_size=3), min_size=1, max_size=6, unique=True)
_MESSAGES = st.lists(st.text(max_size=5), max_size=2)
_VALUES = st.none() | st.booleans() | st.integers(-2, 7) | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


@given(st.data())
def test_every_answer_is_classified(data: st.DataObject) -> None:
    """Whatever is there, missing, known or unknown: each invoice has the one outcome that a plain reading gives it."""
    numbers = data.draw(_NUMBERS)
    keys = st.sampled_from([*numbers, "not_found", "?"])
    lists = st.dictionaries(keys, _MESSAGES, max_size=4)
    body = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "success": st.just(True) | _VALUES,
                "count": st.integers(0, 7) | _VALUES,
                "errors": lists | _VALUES,
                "warnings": lists | _VALUES,
                "id": _VALUES,
            },
        )
    )
    answer = upserted(exchanged(body), numbers)

    def is_lists(found: object) -> bool:
        return found == [] or (isinstance(found, dict) and all(isinstance(one, list) for one in found.values()))

    errors, warnings, count = body.get("errors"), body.get("warnings") or {}, body.get("count")
    if not (isinstance(body.get("success"), bool) and is_lists(errors) and is_lists(warnings)):
        assert set(told(answer)) == {"in_doubt"}
        return
    errors = errors or {}
    rest = [number for number in numbers if number not in errors]  # type: ignore[operator]
    is_counted = type(count) is int and count == len(rest) and body["success"]
    outcomes = {True: ("rejected", "delivered"), False: ("in_doubt", "in_doubt")}[bool(is_counted)]
    expected = {n: "rejected" if errors.get(n) else outcomes[n in rest] for n in numbers}  # type: ignore[union-attr]
    assert dict(zip(numbers, told(answer), strict=True)) == expected
    for number, finding in zip(numbers, answer.findings, strict=True):
        assert len(finding.warnings) == len(warnings.get(number, ()))  # type: ignore[union-attr]


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.integers(200, 999) | st.none())
def test_bytes_of_any_kind_never_raise(body: bytes, status: int | None) -> None:
    """An answer that is no JSON at all never counts as processed."""
    answer = upserted(exchanged(body, status, trouble="" if status else "reset"), ["1"])
    assert told(answer) != ["delivered"]
