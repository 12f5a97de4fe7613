"""The fault matrix: whatever happens on the socket, the outcome agrees with what the server truly saw."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from paytraq_direct.channel import Channel, ChannelUri
from paytraq_direct.wire import Progress, Wire

from .scenarios import DEADLINE_S, SCENARIOS, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GRACE_S = 0.5


class _InPieces:
    """A document that comes in pieces of odd sizes."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        self.size = len(document)

    def pieces(self) -> Iterator[bytes]:
        """Give it from its beginning."""
        step = max(1, min(70_001, self.size // 3))
        return (self._document[start : start + step] for start in range(0, self.size, step))


@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_outcome_agrees_with_what_the_server_saw(scenario: Scenario, ca_bundle: Path, *, in_pieces: bool) -> None:
    """One attempt, over in time; never safe to repeat when bytes left, never delivered without whole body and 200."""
    deadline_s = 5.0 if scenario.prompt else DEADLINE_S
    with ExitStack() as stack:
        place = scenario.place(stack, ca_bundle)
        uri = ChannelUri(place.url, allow_http=True)
        wire = stack.enter_context(Wire(**place.options))
        channel = Channel(uri, wire)
        started = time.monotonic()
        body: Any = _InPieces(scenario.document) if in_pieces else scenario.document
        verdict = channel.post(body, deadline_s=deadline_s)
        took_s = time.monotonic() - started
        wire.close()
        if place.truth:
            place.truth.stop()
    exchange = verdict.exchange
    said = f"{verdict.message} {exchange.trouble} {exchange}"

    assert verdict.outcome in scenario.outcome.split(), said
    assert scenario.status == exchange.status, said
    assert scenario.says in said
    assert took_s <= deadline_s + _GRACE_S
    assert not scenario.prompt or took_s < deadline_s - 1, said
    assert "1234567890ab" not in said
    if exchange.status is None:
        assert exchange.trouble
    if place.truth is None:
        assert exchange.progress is Progress.NOTHING
        return
    truth = place.truth
    assert truth.hits <= 1
    if truth.hits:
        assert exchange.progress > Progress.NOTHING or exchange.early
        assert verdict.outcome != "deferred" or exchange.status in (408, 425, 429, 503)
    if verdict.outcome == "delivered":
        assert truth.bodies == [scenario.document]


def test_the_matrix_is_big_and_its_names_are_unique() -> None:
    """No scenario hides another, and nobody thins the matrix out unnoticed."""
    names = [scenario.name for scenario in SCENARIOS]

    assert len(names) == len(set(names))
    assert len(names) >= 130
