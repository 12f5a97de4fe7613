"""Fixtures of the tests of Payt's family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Give a way to have a desk whose server answers so."""
    made: list[Desk] = []

    def make(*said: bytes) -> Desk:
        made.append(Desk(tmp_path, *said))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def desk(desks: Callable[..., Desk]) -> Desk:
    """Give a desk whose server takes everything."""
    return desks()
