"""One measured figure beside its goal, and rounds that take turns, so that a noisy machine is unfair to all alike."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio, what it should be, and what it would be at best; ``most`` when smaller is better."""

    measure: str
    value: float
    goal: float
    stretch: float
    most: bool = True

    @property
    def verdict(self) -> str:
        """Say whether the goal is met, and by how much it is missed."""
        if (self.value <= self.goal) if self.most else (self.value >= self.goal):
            is_stretch = (self.value <= self.stretch) if self.most else (self.value >= self.stretch)
            return "met, stretch too" if is_stretch else "met"
        return f"missed by {abs(self.value / self.goal - 1):.0%}"


def seconds_each(cases: Mapping[str, Callable[[], object]], *, rounds: int, repeats: int) -> dict[str, float]:
    """Give the median seconds of one call of each case, over rounds in which the cases take turns."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, call in cases.items():
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            taken[name].append((time.perf_counter() - start) / repeats)
    return {name: statistics.median(times) for name, times in taken.items()}
