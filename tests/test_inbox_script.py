"""The fault script: each step gives a sender the outcome that it is there to rehearse, end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from test_rules import smallest

from paytraq_direct import Invoice, Sender
from paytraq_direct.inbox.script import MEANINGS, Script, ScriptError, Step, step_of
from paytraq_direct.inbox.server import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTCOMES = {
    "200": "delivered", "201": "in_doubt", "204": "in_doubt", "301": "rejected", "400": "rejected", "404": "rejected",
    "500": "rejected", "408": "deferred", "425": "deferred", "429": "deferred", "429:Retry-After=2": "deferred",
    "503:Retry-After=2": "deferred", "503": "in_doubt", "502": "in_doubt", "504": "in_doubt", "520": "in_doubt",
    "accept-then-hang": "in_doubt", "hang": "in_doubt", "reset": "in_doubt", "close": "in_doubt", "cut-headers": "in_doubt",
    "cut-body": "delivered", "garbage": "in_doubt", "continue": "in_doubt", "slow=50ms": "delivered", "slow=5s": "in_doubt",
}  # fmt: skip
CODES = {"delivered": 0, "rejected": 4, "deferred": 5, "in_doubt": 7}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Give an open inbox."""
    with Inbox() as inbox:
        yield inbox


@pytest.mark.parametrize("step", OUTCOMES)
def test_each_step_gives_its_outcome(inbox: Inbox, step: str) -> None:
    """paytraq-send ends with the outcome and exit code of the step; the next document is answered as usual."""
    inbox.script.extend([step])
    env = {"PAYTRAQ_CHANNEL": inbox.channel.reveal()}
    first, second = (
        run(
            "paytraq-send",
            "-",
            "--json",
            "--deadline",
            "1",
            data=json.dumps(smallest(document_ref=ref)).encode(),
            env=env,
        )
        for ref in ("A", "B")
    )
    assert json.loads(first.stdout)["outcome"] == OUTCOMES[step]
    assert (first.returncode, second.returncode) == (CODES[OUTCOMES[step]], 0)
    assert [arrival.document_ref for arrival in inbox.arrivals] == (["B"] if step == "hang" else ["A", "B"])


def test_an_answer_before_the_document_was_read_is_a_doubt(inbox: Inbox) -> None:
    """A 200 that comes while the document still goes out proves nothing."""
    inbox.script.extend(["early"])
    with Sender(inbox.channel) as sender:
        result = sender.deliver(Invoice(**smallest(comment="x" * 8_000_000)))
    assert (result.outcome, inbox.arrivals) == ("in_doubt", [])


def test_every_step_that_is_told_of_is_tried() -> None:
    """Whatever --help lists is among those above."""
    assert {name.split("=")[0] for name in MEANINGS} <= {name.split("=")[0] for name in OUTCOMES} | {"early"}


def test_steps_by_number(inbox: Inbox) -> None:
    """A step for one number is for that number alone, however often it comes, and takes no turn of the others."""
    inbox.script.extend(["B=>400", "500"])
    with Sender(inbox.channel) as sender:
        found = [sender.deliver(Invoice(**smallest(document_ref=ref))).status for ref in "BABAB"]
    assert found == [400, 500, 400, 200, 400]
    assert [arrival.answer for arrival in inbox.arrivals] == ["400", "500", "400", "200", "400"]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("503:Retry-After=2:X-A=b", Step("status", 503, (("Retry-After", "2"), ("X-A", "b")))), (" 200 ", Step("status", 200)),
        ("301", Step("status", 301, (("Location", "/elsewhere"),))), ("slow=40s", Step("slow", delay_s=40)),
        ("slow=1m", Step("slow", delay_s=60)), ("slow=2", Step("slow", delay_s=2)), ("reset", Step("reset")),
    ],
)  # fmt: skip
def test_steps_as_they_are_written(text: str, step: Step) -> None:
    """A status may have headers, a delay a unit."""
    assert step_of(text) == step


@pytest.mark.parametrize(
    "text", ["", "100", "600", "slow", "slow=x", "20", "503:", "503:Retry-After", "nonsense", "200 OK"]
)
def test_what_is_no_step_is_refused(text: str) -> None:
    """The message lists the steps there are."""
    with pytest.raises(ScriptError, match="accept-then-hang"):
        step_of(text)


@given(st.lists(st.sampled_from(sorted(OUTCOMES))))
def test_a_script_gives_its_steps_in_turn(steps: list[str]) -> None:
    """Written with commas or given one by one, the steps come in their order, and then none."""
    script, same = Script.parse(", ".join(steps)), Script(*steps)
    found = [script.next(None) for _ in range(len(steps) + 1)]
    assert found == [same.next("INV-1") for _ in range(len(steps) + 1)] == [*map(step_of, steps), None]
